#!/usr/bin/env bash
# Measures the Java package beside what a Java user would take: java.sh OUT [ROUNDS [MILLISECONDS [SIDE]]]. run.sh calls it, whose
# server and certificates are in OUT. See README.md.
#   JAR=FILE   another jar than a fresh build
#   PIN=one    client and server share one processor
#   PIN=no     they run on any, without spinners
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
out=$1
target=$(dirname "$out")
shift

java=$("$root/tests/java/runtimes.sh" "$target/java/runtimes" 25)
java=${java#java25=}/bin/java
bench=("${MVN:-mvn}" -q -B -Dstyle.color=never -f "$root/bindings/java/bench" package "-Dbench.target=$out/java")
if [ -z "${JAR:-}" ]; then
    CARGO_TARGET_DIR=$target "${MVN:-mvn}" -q -B -Dstyle.color=never -f "$root/bindings/java" package -pl boomi-auth \
        -Dmaven.javadoc.skip=true -Dmaven.source.skip=true >&2
else
    bench+=("-Dboomi.jar=$(realpath "$JAR")")
fi
"${bench[@]}" >&2

# Ours would ask for a proxy.
for name in $(compgen -e); do
    case ${name^^} in *_PROXY) unset "$name" ;; esac
done

server_on='' client_on='' spinners=()
end() {
    [ ${#spinners[@]} = 0 ] || kill "${spinners[@]}" 2>/dev/null || :
}
trap end EXIT
trap 'exit 1' HUP INT TERM
if [ "${PIN:-yes}" != no ] && command -v taskset >/dev/null; then
    # Of those that there may be, the first and the last.
    processors=$(taskset -cp $$ | sed 's/.*: //')
    first=${processors%%[^0-9]*} last=${processors##*[^0-9]}
    [ "${PIN:-yes}" != one ] || first=$last
    server_on="taskset -c $first" client_on="taskset -c $last"
    # Each spins in the idle class, which gives way to all else, so that none falls asleep: to be woken takes longer than an exchange.
    for processor in $(printf '%s\n' "$first" "$last" | sort -u); do
        chrt -i 0 taskset -c "$processor" bash -c \
            'while kill -0 "$1" 2>/dev/null; do for ((i = 0; i < 100000; i++)); do :; done; done' spin $$ &
        spinners+=($!)
    done
fi

# The server ends when its input closes.
# shellcheck disable=SC2086
coproc server { exec $server_on "$out/server" "$out/server.pem" "$out/server.key"; }
# shellcheck disable=SC2154
read -r -a ports <&"${server[0]}"
# shellcheck disable=SC2086
$client_on "$java" --sun-misc-unsafe-memory-access=allow -Dbench.log="$out/java.log" -cp "$out/java/*:$out/java/lib/*" \
    org.boomiauth.bench.Main "${ports[@]}" "$out/ca.pem" "$@"
