#!/bin/sh
# Builds the native library of this machine's platform into DIRECTORY: build.sh DIRECTORY. Maven calls it.
set -eu
mkdir -p "$1"
out=$(cd "$1" && pwd -P)
cd "$(dirname "$0")"
target=$(realpath -m "${CARGO_TARGET_DIR:-../../../target}")
# See train.sh: it counts what it does, or is laid out by what was counted.
if [ -n "${NATIVE_COUNTS:-}" ]; then
  target=$target/counting
  export RUSTFLAGS="${RUSTFLAGS:-} -Cprofile-generate=$NATIVE_COUNTS"
elif [ -n "${NATIVE_PROFILE:-}" ]; then
  target=$target/trained
  export RUSTFLAGS="${RUSTFLAGS:-} -Cprofile-use=$NATIVE_PROFILE"
fi
CARGO_TARGET_DIR=$target "${CARGO:-cargo}" build --locked --profile "${PROFILE:=release}" --quiet
case $(uname -s) in
  Linux) system=linux file=libboomi_auth_java.so ;;
  Darwin) system=macos file=libboomi_auth_java.dylib ;;
  *) system=windows file=boomi_auth_java.dll ;;
esac
machine=$(uname -m | sed 's/^arm64$/aarch64/; s/^amd64$/x86_64/')
# On musl the loader has a name of its own, as NativeLoader knows.
[ ! -e "/lib/ld-musl-$machine.so.1" ] || [ -e /lib64/ld-linux-x86-64.so.2 ] || [ -e /lib/ld-linux-aarch64.so.1 ] || system=$system-musl
mkdir -p "$out/$system-$machine"
built=$PROFILE
[ "$PROFILE" != dev ] || built=debug
cp "$target/$built/$file" "$out/$system-$machine/"
