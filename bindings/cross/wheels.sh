#!/bin/sh
# Wheels for manylinux2014 and musllinux on both architectures, looked at and imported where that can be done here: wheels.sh
# [TARGET...]. `make wheels` calls it.
set -eu
cd "$(dirname "$0")/../.."
. bindings/cross/tools.sh
wheels=$cross/wheels
mkdir -p "$wheels"
$CARGO build --locked -p boomi-emulator

# signs_in SITE PYTHON...: the quickstart with this Python, beside the emulator.
signs_in() {
  PYTHONPATH=$1
  export PYTHONPATH
  shift
  tests/emulator/with-emulator.sh "$target/debug/boomi-emulator" "$@" examples/python/quickstart.py >"$cross/quickstart.log" 2>&1 ||
    fail "$(cat "$cross/quickstart.log")"
  grep -q 'for account123' "$cross/quickstart.log" || fail "$(cat "$cross/quickstart.log")"
  unset PYTHONPATH
}

[ $# -gt 0 ] || set -- $linux
for triple; do
  echo "== $triple"
  rust_target "$triple"
  arch=${triple%%-*}
  case $triple in *-gnu) tag=manylinux2014_$arch alias=manylinux_2_17_$arch ;; *) tag=musllinux_1_2_$arch alias=$tag ;; esac
  rm -rf "$wheels"/*"_$tag.whl" "$wheels"/*"-$tag.whl" "$cross/site-$triple"
  RUSTFLAGS=$(rust_flags "$triple") maturin build --profile "$profile" --zig --target "$triple" --compatibility "${tag%_"$arch"}" \
    -m bindings/python/Cargo.toml -i python3.10 -o "$wheels"
  wheel=$(find "$wheels" -name "*cp310-abi3-*$tag*.whl")
  [ -f "$wheel" ] || fail "there is no wheel for $tag"
  "$tools/bin/python" -m zipfile -e "$wheel" "$cross/site-$triple"
  grep -qx "Tag: cp310-abi3-$alias" "$cross/site-$triple"/*.dist-info/WHEEL || fail "$wheel says another tag inside"
  check_elf "$cross/site-$triple/boomi_auth/_native.abi3.so" "$triple"
  # It takes no musllinux wheel of zig's, which names the C library libc.so, as musl does, where Alpine's compilers say libc.musl-...
  case $triple in
    *-gnu)
      auditwheel show "$wheel" >"$cross/auditwheel.log" 2>&1 || fail "$(cat "$cross/auditwheel.log")"
      tr '\n' ' ' <"$cross/auditwheel.log" | grep -q "consistent with the following platform tag: \"$alias\"" ||
        fail "$(cat "$cross/auditwheel.log")" ;;
  esac
  case $triple in
    x86_64-*-gnu)
      signs_in "$cross/site-$triple" "$tools/bin/python"
      row "$(basename "$wheel")" yes 'the quickstart, by this machine' ;;
    aarch64-*-gnu)
      bindings/cross/debian.sh amd64 "$cross/amd64" qemu-user-static
      bindings/cross/debian.sh arm64 "$cross/arm64" libc6 zlib1g libexpat1 libpython3.11-minimal libpython3.11-stdlib python3.11-minimal
      signs_in "$cross/site-$triple" "$cross/amd64/usr/bin/qemu-aarch64-static" -L "$cross/arm64" "$cross/arm64/usr/bin/python3.11"
      row "$(basename "$wheel")" yes 'the quickstart, by qemu-user and the Python of Debian' ;;
    *) row "$(basename "$wheel")" yes 'built, not run: no registry has a Python for musl' ;;
  esac
done
summary
