#!/usr/bin/env bash
# Builds and runs the benches: run.sh [SUBJECT [ROUNDS [TIMES [SIDE]]]]. See README.md.
#   LIBRARY=FILE      another library than a fresh release build
#   JAR=FILE          for "java": another jar than a fresh build
#   PYTHON=FILE       for "python": one that has the package, and what python.txt names, instead of a fresh environment
#   PIN=no            client and server on any processor, where they would share one
#   RUN_UNDER=COMMAND goes before the measured program, such as "strace -c"
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
target=${CARGO_TARGET_DIR:-$root/target}
out=$target/benches
mkdir -p "$out"

all=${1:-all}
shift || true

flags="-std=gnu11 -O2 -Wall -Wextra -Werror"
# shellcheck disable=SC2086
cc $flags -o "$out/server" "$here/server.c" -lssl -lcrypto -lpthread
if [ "$all" != python ] && [ "$all" != java ]; then
    if [ -z "${LIBRARY:-}" ]; then
        cargo build --quiet --release --manifest-path "$root/Cargo.toml" -p boomi-auth-c
        LIBRARY=$target/release/libboomi_auth.so
    fi
    # The programs ask for the library by its SONAME.
    soname=$(objdump -p "$LIBRARY" | awk '$1 == "SONAME" { print $2 }')
    ln -sf "$(realpath "$LIBRARY")" "$out/$soname"
    for subject in warm get cold header token stream threads; do
        # shellcheck disable=SC2086
        cc $flags -I"$root/include" -o "$out/$subject" "$here/$subject.c" "$out/$soname" -Wl,-rpath,"$out" \
            -lcurl -lssl -lcrypto -lpthread
    done
fi

if [ ! -e "$out/server.pem" ]; then
    cd "$out"
    key="-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30"
    # shellcheck disable=SC2086
    openssl req $key -x509 -subj "/CN=Bench CA" -keyout ca.key -out ca.pem 2>/dev/null
    # shellcheck disable=SC2086
    openssl req $key -subj "/CN=Bench" -keyout server.key -out server.csr 2>/dev/null
    openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -out server.new 2>/dev/null \
        -extfile <(printf 'subjectAltName=IP:127.0.0.1\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n')
    mv server.new server.pem
fi
# The system's roots and ours, for a client that trusts what the system does.
cat /etc/ssl/certs/ca-certificates.crt "$out/ca.pem" >"$out/system.pem"
export SSL_CERT_FILE=$out/system.pem

# One subject: bench NAME SHARED CA_FILE [ROUNDS [TIMES [SIDE]]]. If SHARED, client and server share one processor: on
# two, they would wait for each other's wake-ups, for times that vary tenfold.
bench() {
    local name=$1 shared=$2 pin=
    shift 2
    if [ "$shared" = yes ] && [ "${PIN:-yes}" = yes ] && command -v taskset >/dev/null; then
        pin="taskset -c $(taskset -cp $$ | sed 's/.*[^0-9]//')"
    fi
    # The server ends when its input closes.
    # shellcheck disable=SC2086
    coproc server { exec $pin "$out/server" "$out/server.pem" "$out/server.key"; }
    # shellcheck disable=SC2154
    local process=$server_PID ports
    read -r -a ports <&"${server[0]}"
    # shellcheck disable=SC2086
    $pin ${RUN_UNDER:-} "$out/$name" "${ports[@]}" "$@"
    eval "exec ${server[1]}>&-"
    wait "$process"
}

echo "ours beside the other's: median (middle half) of the rounds' ratios, and the limit"
for subject in warm get cold system header token stream threads; do
    [ "$all" = all ] || [ "$all" = "$subject" ] || continue
    case $subject in
        system) bench cold yes system "$@" ;;
        threads | token) bench "$subject" no "$out/ca.pem" "$@" ;;
        *) bench "$subject" yes "$out/ca.pem" "$@" ;;
    esac
done

# With the feature redis, and a server of its own.
if [ "$all" = all ] || [ "$all" = store ]; then
    cargo build --quiet --release --manifest-path "$root/Cargo.toml" -p boomi-auth-c --features redis \
        --target-dir "$target/benches/redis"
    library=$target/benches/redis/release/libboomi_auth.so
    mkdir -p "$out/with-redis"
    ln -sf "$library" "$out/with-redis/$(objdump -p "$library" | awk '$1 == "SONAME" { print $2 }')"
    # shellcheck disable=SC2086
    cc $flags -I"$root/include" -o "$out/store" "$here/store.c" "$out"/with-redis/libboomi_auth.so.* \
        -Wl,-rpath,"$out/with-redis" -lcurl -lssl -lcrypto
    redis=$(command -v valkey-server || command -v redis-server)
    port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    "$redis" --port "$port" --bind 127.0.0.1 --save '' --appendonly no >/dev/null &
    redis=$!
    trap 'kill $redis' EXIT
    STORE=redis://127.0.0.1:$port bench store no "$out/ca.pem" "$@"
    kill $redis
    trap - EXIT
fi

# Start to finish of a command, without a connection.
if [ "$all" = all ] || [ "$all" = command ]; then
    cargo build --quiet --release --manifest-path "$root/Cargo.toml" -p boomi-auth-cli
    env -i PATH="$PATH" HOME="$out" BOOMI_USERNAME=user@example.com BOOMI_API_TOKEN=token \
        hyperfine -N --style none --warmup 20 --runs "${2:-300}" --export-csv "$out/command.csv" \
        "$target/release/boomi-auth header" "curl --version" >/dev/null
    awk -F, 'NR > 1 { median[NR] = $4 * 1000 } END {
        printf "command     %.2f (at most 1.0): %.1f ms beside %.1f ms of curl --version\n", median[2] / median[3], median[2], median[3]
    }' "$out/command.csv"
fi

# Asks Maven Central for the others' jars, once.
if [ "$all" = all ] || [ "$all" = java ]; then
    "$here/java.sh" "$out" "$@"
fi

# Asks PyPI for the others' packages, so only by its name.
if [ "$all" = python ]; then
    if [ -z "${PYTHON:-}" ]; then
        PYTHON=$out/venv/bin/python
        python3 -m venv "$out/venv"
        "$PYTHON" -m pip install --quiet --requirement "$here/python.txt" maturin
        # The package's own tree has a debug build beside its modules, which would shadow this one.
        rm -rf "$out/wheels"
        CARGO_TARGET_DIR=$target "$out/venv/bin/maturin" build --quiet --release --out "$out/wheels" \
            --manifest-path "$root/bindings/python/Cargo.toml"
        "$PYTHON" -m pip install --quiet --force-reinstall "$out"/wheels/*.whl
    fi
    printf '#!/bin/sh\nexec "%s" -I "%s" "$@"\n' "$PYTHON" "$here/python.py" >"$out/python"
    chmod +x "$out/python"
    bench python yes "$out/ca.pem" "$@"
fi
