#!/usr/bin/env bash
# Builds and runs the bench: exchange.sh [ROUNDS [EXCHANGES [PATH]]]. See README.md.
#   LIBRARY=FILE      another library than a fresh release build
#   PIN=no            client and server on any processor, instead of both on one
#   RUN_UNDER=COMMAND goes before the measured program, such as "strace -c"
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
target=${CARGO_TARGET_DIR:-$root/target}
out=$target/benches
mkdir -p "$out"

if [ -z "${LIBRARY:-}" ]; then
    cargo build --quiet --release --manifest-path "$root/Cargo.toml" -p boomi-auth-c
    LIBRARY=$target/release/libboomi_auth.so
fi
# The program asks for the library by its SONAME.
soname=$(objdump -p "$LIBRARY" | awk '$1 == "SONAME" { print $2 }')
ln -sf "$(realpath "$LIBRARY")" "$out/$soname"

warnings="-std=gnu11 -O2 -Wall -Wextra -Werror"
# shellcheck disable=SC2086
cc $warnings -o "$out/server" "$here/server.c" -lssl -lcrypto -lpthread
# shellcheck disable=SC2086
cc $warnings -I"$root/include" -o "$out/exchange" "$here/exchange.c" "$out/$soname" -Wl,-rpath,"$out" -lcurl -lssl -lcrypto

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

# On two processors, every exchange would wait for them to wake each other, for times that vary tenfold.
if [ "${PIN:-yes}" = yes ] && command -v taskset >/dev/null; then
    last=$(taskset -cp $$ | sed 's/.*[^0-9]//')
    taskset -cp "$last" $$ >/dev/null
    echo "client and server on processor $last"
fi

# The server ends when this script does: its input closes then.
coproc server { exec "$out/server" "$out/server.pem" "$out/server.key"; }
read -r tls_port plain_port <&"${server[0]}"
# shellcheck disable=SC2086
${RUN_UNDER:-} "$out/exchange" "$tls_port" "$plain_port" "$out/ca.pem" "$@"
