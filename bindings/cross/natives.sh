#!/bin/sh
# The native library of the Java package for every platform, in the places where NativeLoader looks for it in the jar:
# natives.sh DIRECTORY [TARGET...]. `make java-all` calls it.
set -eu
cd "$(dirname "$0")/../.."
out=$(realpath -m "${1:?usage: $0 DIRECTORY [TARGET...]}")
shift
. bindings/cross/tools.sh
profile=${PROFILE:-release}
[ "$profile" = dev ] && directory=debug || directory=$profile

for triple in ${*:-x86_64-unknown-linux-gnu aarch64-unknown-linux-gnu x86_64-unknown-linux-musl aarch64-unknown-linux-musl \
  x86_64-pc-windows-gnu x86_64-apple-darwin aarch64-apple-darwin}; do
  echo "== $triple"
  rust_target "$triple"
  case $triple in
    *-linux-gnu) system=linux file=libboomi_auth_java.so ;;
    *-linux-musl) system=linux-musl file=libboomi_auth_java.so ;;
    *-windows-*) system=windows file=boomi_auth_java.dll ;;
    *-apple-*) system=macos file=libboomi_auth_java.dylib ;;
    *) fail "$triple is not among the targets of bindings/cross/README.md" ;;
  esac
  (cd bindings/java/native && RUSTFLAGS=$(rust_flags "$triple") $CARGO zigbuild --locked --profile "$profile" --target "$(zig_build_target "$triple")")
  place=$out/native/$system-${triple%%-*}
  mkdir -p "$place"
  cp "$target/$triple/$directory/$file" "$place/"
  case $triple in
    *-linux-*)
      check_elf "$place/$file" "$triple"
      c_programs_of "$triple"
      # Where there is no Java either: whether the system loads it at all.
      $cc $dynamic bindings/cross/loads.c -o "$cross/loads-$triple" -ldl
      $run "$cross/loads-$triple" "$place/$file" ;;
  esac
done
find "$out/native" -type f
