#!/bin/sh
# `make install` as a C project meets it: found by pkg-config, linked shared and static, with gcc and clang, beside another
# Rust library, moved, and removed again.
# shellcheck disable=SC2046,SC2086 # flags are words
set -eu
cd "$(dirname "$0")/.."
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
: "${CARGO:=cargo}" "${PROFILE:=dev}"
target=${CARGO_TARGET_DIR:-target}
emulator=$target/debug/boomi-emulator
make -s install PROFILE="$PROFILE" PREFIX="$dir/first"

# The tree may be moved: pkg-config finds the prefix from where it lies.
mv "$dir/first" "$dir/moved"
prefix=$dir/moved
export PKG_CONFIG_PATH="$prefix/lib/pkgconfig"
for name in boomi_auth boomi-auth; do
  version=$(pkg-config --modversion $name)
  test "$version" = "$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)"
done

# As pkg-config says, and by hand as README does, whose line for the static library is rustc's own. Order and repetition do
# not matter: all of these are shared libraries, or empty ones where the C library has their functions.
needs=$(sed -n 's/^cc app.c -o app-static .*libboomi_auth\.a //p' README.md)
of_rustc=$($CARGO rustc --locked -p boomi-auth-c --crate-type staticlib -- --print native-static-libs 2>&1 |
  sed -n 's/.*native-static-libs: //p')
words() { echo "$1" | tr ' ' '\n' | sort -u; }
for line in "$needs" "$(sed -n 's/^Libs.private: //p' bindings/c/boomi_auth.pc.in)"; do
  test "$(words "$line")" = "$(words "$of_rustc")" || { echo "rustc needs $of_rustc, and not $line" >&2; exit 1; }
done
static_libs=$(pkg-config --static --libs boomi_auth | sed 's/-lboomi_auth/-l:libboomi_auth.a/')
for cc in gcc clang; do
  $cc examples/c/usage.c -o "$dir/shared-$cc" $(pkg-config --cflags --libs boomi_auth)
  $cc examples/c/usage.c -o "$dir/static-$cc" $(pkg-config --cflags boomi_auth) $static_libs
  $cc examples/c/usage.c -o "$dir/shared-by-hand-$cc" -I"$prefix/include" -L"$prefix/lib" -lboomi_auth
  $cc examples/c/usage.c -o "$dir/static-by-hand-$cc" -I"$prefix/include" "$prefix/lib/libboomi_auth.a" $needs
done
for program in "$dir"/shared-*; do
  LD_LIBRARY_PATH="$prefix/lib" tests/emulator/with-emulator.sh "$emulator" "$program" | grep -q documentId-321
done
for program in "$dir"/static-*; do
  LD_LIBRARY_PATH="" tests/emulator/with-emulator.sh "$emulator" "$program" | grep -q documentId-321
  if ldd "$program" | grep -q boomi; then echo "the static program needs the shared library" >&2; exit 1; fi
done

# Another Rust library in the same program: two static ones that were optimised as a whole, as releases of ours are, have Rust's
# own library twice. The linker refuses that, unless told to take the first. Beside our shared library nothing is twice.
rustc --edition 2024 --crate-type staticlib -C lto=fat tests/abi/second.rs -o "$dir/libsecond.a"
ours=$prefix/lib/libboomi_auth.a
second=$dir/libsecond.a
for cc in gcc clang; do
  two="$cc tests/abi/two_libraries.c -o $dir/two -I$prefix/include"
  $two "$second" -L"$prefix/lib" -lboomi_auth $needs
  LD_LIBRARY_PATH="$prefix/lib" "$dir/two"
  if $two "$ours" "$second" $needs 2>"$dir/log"; then echo "two static Rust libraries link: tell README" >&2; exit 1; fi
  grep -q 'multiple definition of .rust_eh_personality' "$dir/log"
  $two "$ours" "$second" $needs -Wl,-z,muldefs
  "$dir/two"
  $two "$second" "$ours" $needs -Wl,-z,muldefs
  "$dir/two"
done

# A packager's way: DESTDIR before the prefix, a library directory of its own.
make -s install PROFILE="$PROFILE" PREFIX=/usr LIBDIR=/usr/lib/triplet DESTDIR="$dir/stage"
PKG_CONFIG_PATH="$dir/stage/usr/lib/triplet/pkgconfig" pkg-config --cflags boomi_auth | grep -q include
test -f "$(PKG_CONFIG_PATH="$dir/stage/usr/lib/triplet/pkgconfig" pkg-config --variable=includedir boomi_auth)/boomi_auth.h"

make -s uninstall PREFIX="$prefix"
make -s uninstall PREFIX=/usr LIBDIR=/usr/lib/triplet DESTDIR="$dir/stage"
left=$(find "$prefix" "$dir/stage" ! -type d)
test -z "$left" || { echo "left behind: $left" >&2; exit 1; }
echo "install: found by pkg-config, linked shared and static, by gcc and clang, beside another Rust library, and removed"
