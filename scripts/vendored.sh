#!/bin/sh
# Everything can be built without a network: all crates are copied into a folder, and the C library and the command (or what is named: vendored.sh
# [PACKAGE...]) built of that alone.
set -eu
cd "$(dirname "$0")/.."
: "${CARGO:=cargo}"
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
dir=$target/vendored
rm -rf "${dir:?}/crates" "${dir:?}/home"
mkdir -p "$dir/home"
# Not --quiet: it would not print the settings either.
$CARGO vendor --locked --versioned-dirs --sync bindings/python/Cargo.toml --sync bindings/java/native/Cargo.toml "$dir/crates" \
  >"$dir/config.toml" 2>"$dir/log" || { cat "$dir/log" >&2; exit 1; }
# A network namespace has no network; where none can be made, cargo's own word has to do.
alone="unshare --user --map-root-user --net"
if ! $alone true 2>/dev/null; then
  echo "vendored: no network namespace can be made here, so --offline and an empty CARGO_HOME alone keep the network out"
  alone=
fi
# The toolchain stays where it is; nothing that cargo has downloaded before is seen.
RUSTUP_HOME=${RUSTUP_HOME:-$HOME/.rustup}
export RUSTUP_HOME CARGO_HOME="$dir/home" CARGO_TARGET_DIR="$dir/target"
for package in ${*:-boomi-auth-c boomi-auth-cli}; do
  $alone $CARGO --config "$dir/config.toml" build --offline --frozen -p $package
done
# The others' crates are all there, too.
for manifest in bindings/python/Cargo.toml bindings/java/native/Cargo.toml; do
  $alone $CARGO --config "$dir/config.toml" metadata --offline --frozen --format-version 1 --manifest-path $manifest >/dev/null
done
echo "vendored: built of $(find "$dir/crates" -mindepth 1 -maxdepth 1 -type d | wc -l) crates${alone:+, without a network}"
