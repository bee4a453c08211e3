#!/bin/sh
# The native library of the Java package for every platform, in the places where NativeLoader looks for it in the jar:
# natives.sh DIRECTORY [TARGET...]. `make java-all` calls it.
# NATIVE_PROFILE=FILE, of bindings/java/native/train.sh, serves all of them: what is called how often is much the same.
set -eu
cd "$(dirname "$0")/../.."
out=$(realpath -m "${1:?usage: $0 DIRECTORY [TARGET...]}")
shift
. bindings/cross/tools.sh
[ -z "${NATIVE_PROFILE:-}" ] || export RUSTFLAGS="${RUSTFLAGS:-} -Cprofile-use=$NATIVE_PROFILE"

[ $# -gt 0 ] || set -- $linux $others
for triple; do
  echo "== $triple"
  rust_target "$triple"
  case $triple in
    *-linux-gnu) system=linux file=libboomi_auth_java.so ;;
    *-linux-musl) system=linux-musl file=libboomi_auth_java.so ;;
    *-windows-*) system=windows file=boomi_auth_java.dll ;;
    *-apple-*) system=macos file=libboomi_auth_java.dylib ;;
    *) fail "$triple is not among the targets of bindings/cross/README.md" ;;
  esac
  build "$triple" --manifest-path bindings/java/native/Cargo.toml
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
