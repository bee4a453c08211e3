# What the parts of run.sh share: what they are built from, and the processors that they run on. Sourced by bash.
# shellcheck shell=bash disable=SC2034

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$here")
target=$(realpath -m "${CARGO_TARGET_DIR:-$root/target}")
out=$target/benches
emulator=$target/debug/boomi-emulator
flags=(-std=gnu11 -O2 -Wall -Wextra -Werror)
export CARGO_TARGET_DIR=$target

say() { printf '%s %s\n' "$(date +%H:%M:%S)" "$*" >&2; }

# needs COMMAND DEBIAN_PACKAGE ...
needs() {
    local missing=
    while [ $# -gt 0 ]; do
        command -v "$1" >/dev/null || missing="$missing $1 (Debian: $2)"
        shift 2
    done
    [ -z "$missing" ] || { say "missing:$missing"; return 1; }
}

# record NAME VALUE... appends one line of JSON for report.py; a value that is no number, and a commit, is text.
record() {
    [ -n "${BENCH_RESULTS:-}" ] || return 0
    python3 - "$@" >>"$BENCH_RESULTS" <<'PYTHON'
import json, sys

def value(name, text):
    try:
        return text if name == "commit" else float(text)
    except ValueError:
        return text

rest = sys.argv[1:]
print(json.dumps({name: value(name, text) for name, text in zip(rest[::2], rest[1::2])}))
PYTHON
}

# pin one|two|any: where client and server run; PIN in the environment decides otherwise.
#   one  both on one processor: on two they would wait for each other's wake-ups, which no client can change
#   two  one on each
#   any  wherever the system puts them: for what has threads of its own
pin() {
    local allowed first last
    allowed=$(taskset -cp $$ | sed 's/.*: //')
    first=${allowed%%[^0-9]*} last=${allowed##*[^0-9]}
    case ${PIN:-$1} in
        one) server_on=(taskset -c "$last") client_on=(taskset -c "$last") BENCH_PINNING='one processor' ;;
        two) server_on=(taskset -c "$first") client_on=(taskset -c "$last") BENCH_PINNING='a processor each' ;;
        *) server_on=() client_on=() BENCH_PINNING='any processor' ;;
    esac
    export BENCH_PINNING
}

# Starts a spinner on each processor, in the idle class, which gives way to all else: so that none falls asleep, since to be woken takes longer
# than an exchange. They end with this shell.
spinners=()
spin() {
    [ ${#spinners[@]} = 0 ] || return 0
    local processor
    for processor in $(taskset -cp $$ | sed 's/.*: //; s/,/ /g' | tr ' ' '\n' | sed 's/\(.*\)-\(.*\)/seq \1 \2/; t; s/^/echo /' | sh); do
        # shellcheck disable=SC2016
        chrt -i 0 taskset -c "$processor" bash -c \
            'while kill -0 "$1" 2>/dev/null; do for ((i = 0; i < 100000; i++)); do :; done; done' spin $$ &
        spinners+=($!)
    done
}
end_spinners() { [ ${#spinners[@]} = 0 ] || kill "${spinners[@]}" 2>/dev/null || :; }

# bench PINNING COMMAND...: runs it beside the server, whose ports (TLS, plain) and CA go before the arguments that follow "--".
bench() (
    pin "$1"
    shift
    command=()
    while [ "$1" != -- ]; do
        command+=("$1")
        shift
    done
    shift
    # Ours would ask for a proxy.
    for name in $(compgen -e); do
        case ${name^^} in *_PROXY) unset "$name" ;; esac
    done
    # The roots of the system and ours, for a client that trusts what the system does.
    export SSL_CERT_FILE=$out/system.pem
    # The server ends when its input closes.
    coproc server { exec "${server_on[@]}" "$out/server" "$out/server.pem" "$out/server.key"; }
    # shellcheck disable=SC2154
    process=$server_PID
    read -r -a ports <&"${server[0]}"
    result=0
    # shellcheck disable=SC2086
    "${client_on[@]}" ${RUN_UNDER:-} "${command[@]}" "${ports[@]}" "${CA_FILE:-$out/ca.pem}" "$@" || result=$?
    eval "exec ${server[1]}>&-"
    wait "$process"
    exit $result
)

build_server() {
    needs cc gcc openssl openssl taskset util-linux chrt util-linux python3 python3
    mkdir -p "$out"
    cc "${flags[@]}" -o "$out/server" "$here/server.c" -lssl -lcrypto -lpthread
    if [ ! -e "$out/server.pem" ]; then (
        cd "$out" || exit
        key=(-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30)
        openssl req "${key[@]}" -x509 -subj "/CN=Bench CA" -keyout ca.key -out ca.pem 2>/dev/null
        openssl req "${key[@]}" -subj "/CN=Bench" -keyout server.key -out server.csr 2>/dev/null
        openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -out server.new 2>/dev/null \
            -extfile <(printf 'subjectAltName=IP:127.0.0.1\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n')
        mv server.new server.pem
    ); fi
    cat /etc/ssl/certs/ca-certificates.crt "$out/ca.pem" >"$out/system.pem"
}

# build_library DIRECTORY [CARGO_ARGUMENT...]: ours into DIRECTORY, under the name that programs ask for.
build_library() {
    local directory=$1 library=${LIBRARY:-} soname
    shift
    if [ -z "$library" ]; then
        library=$target/release/libboomi_auth.so
        [ $# = 0 ] || library=$out/redis/release/libboomi_auth.so
        cargo build --quiet --locked --release --manifest-path "$root/Cargo.toml" -p boomi-auth-c "$@"
    fi
    soname=$(objdump -p "$library" | awk '$1 == "SONAME" { print $2 }')
    mkdir -p "$directory"
    ln -sf "$(realpath "$library")" "$directory/$soname"
    echo "$directory/$soname"
}

# build_c NAME [ARGUMENT...]: benches/NAME.c with ours, libcurl and OpenSSL; and the floor, for who includes it.
build_c() {
    local name=$1 library
    shift
    library=$(build_library "$out/lib")
    if grep -q floor.h "$here/$name.c"; then
        cargo build --quiet --locked --release --manifest-path "$here/floor/Cargo.toml" --target-dir "$out/floor"
        set -- "$@" "$out/floor/release/libbench_floor.so" "-Wl,-rpath,$out/floor/release"
    fi
    cc "${flags[@]}" -I"$root/include" -o "$out/$name" "$here/$name.c" -Wl,--as-needed "$library" "-Wl,-rpath,$out/lib" \
        -lcurl -lssl -lcrypto -lpthread -ldl "$@"
}

# An environment with the wheel and what is measured beside it, from PyPI; PYTHON is its python, or one that has all that.
build_python() {
    [ -z "${PYTHON:-}" ] || return 0
    PYTHON=$out/venv/bin/python
    [ -x "$PYTHON" ] || python3 -m venv "$out/venv"
    "$PYTHON" -m pip install --quiet --disable-pip-version-check --requirement "$here/python.txt" maturin
    # The package's own tree has a debug build beside its modules, which would shadow this one.
    rm -rf "$out/wheels"
    "$out/venv/bin/maturin" build --release --out "$out/wheels" --manifest-path "$root/bindings/python/Cargo.toml" \
        >"$out/maturin.log" 2>&1 || { cat "$out/maturin.log" >&2; return 1; }
    "$PYTHON" -m pip install --quiet --disable-pip-version-check --no-deps --force-reinstall "$out"/wheels/*.whl
}

# The jar and bindings/java/bench, whose other jars come from Maven Central; JAVA is then a Java 25.
build_java() {
    [ -z "${JAVA:-}" ] || return 0
    needs "${MVN:-mvn}" maven
    local mvn=("${MVN:-mvn}" -q -B -Dstyle.color=never) bench
    JAVA=$("$root/tests/java/runtimes.sh" "$target/java/runtimes" 25)
    JAVA=${JAVA#java25=}/bin/java
    bench=("${mvn[@]}" -f "$root/bindings/java/bench" package "-Dbench.target=$out/java")
    if [ -z "${JAR:-}" ]; then
        # As releases are made.
        local profile
        profile=$("$root/bindings/java/native/train.sh" "$out/java/training")
        NATIVE_PROFILE=$profile "${mvn[@]}" -f "$root/bindings/java" package -pl boomi-auth -Dmaven.javadoc.skip=true -Dmaven.source.skip=true >&2
    else
        bench+=("-Dboomi.jar=$(realpath "$JAR")")
    fi
    "${bench[@]}" >&2
}
