#!/bin/sh
# `make install` as a C project meets it: found by pkg-config, linked shared and static, moved, and removed again.
set -eu
cd "$(dirname "$0")/.."
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
: "${CC:=cc}"
target=${CARGO_TARGET_DIR:-target}
emulator=$target/debug/boomi-emulator
make -s install PROFILE=dev PREFIX="$dir/first"

# The tree may be moved: pkg-config finds the prefix from where it lies.
mv "$dir/first" "$dir/moved"
export PKG_CONFIG_PATH="$dir/moved/lib/pkgconfig"
for name in boomi_auth boomi-auth; do
  version=$(pkg-config --modversion $name)
  test "$version" = "$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)"
done

$CC examples/c/usage.c -o "$dir/shared" $(pkg-config --cflags --libs boomi_auth)
static_libs=$(pkg-config --static --libs boomi_auth | sed 's/-lboomi_auth/-l:libboomi_auth.a/')
$CC examples/c/usage.c -o "$dir/static" $(pkg-config --cflags boomi_auth) $static_libs
LD_LIBRARY_PATH="$dir/moved/lib" tests/emulator/with-emulator.sh "$emulator" "$dir/shared" | grep -q documentId-321
LD_LIBRARY_PATH="" tests/emulator/with-emulator.sh "$emulator" "$dir/static" | grep -q documentId-321
if ldd "$dir/static" | grep -q boomi; then echo "the static program needs the shared library" >&2; exit 1; fi

# A packager's way: DESTDIR before the prefix, a library directory of its own.
make -s install PROFILE=dev PREFIX=/usr LIBDIR=/usr/lib/triplet DESTDIR="$dir/stage"
PKG_CONFIG_PATH="$dir/stage/usr/lib/triplet/pkgconfig" pkg-config --cflags boomi_auth | grep -q include
test -f "$(PKG_CONFIG_PATH="$dir/stage/usr/lib/triplet/pkgconfig" pkg-config --variable=includedir boomi_auth)/boomi_auth.h"

make -s uninstall PREFIX="$dir/moved"
make -s uninstall PREFIX=/usr LIBDIR=/usr/lib/triplet DESTDIR="$dir/stage"
left=$(find "$dir/moved" "$dir/stage" ! -type d)
test -z "$left" || { echo "left behind: $left" >&2; exit 1; }
echo "install: found by pkg-config, linked shared and static, moved, and removed"
