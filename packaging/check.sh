#!/bin/sh
# The packages, each read by its own tool where that can be had, and used: `make packages` calls it, after `make deb`.
set -eu
cd "$(dirname "$0")/.."
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
: "${CARGO:=cargo}" "${CC:=cc}" "${PYTHON:=python3}"
version=$(scripts/versions.sh)
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

# skipped WHAT WHY
skipped() { echo "$1: SKIPPED, $2"; }

set -- "$target"/deb/*.deb
[ -f "$1" ] || { echo "there are no packages in $target/deb: run make deb" >&2; exit 1; }
for package in "$@"; do dpkg -x "$package" "$dir/root"; done
if command -v lintian >/dev/null; then
  # It is not uploaded to Debian, so it closes no bug there.
  lintian --fail-on error,warning --suppress-tags initial-upload-closes-no-bugs "$target"/deb/*.changes
  echo "lintian: nothing to say"
else
  skipped lintian "it is not installed (apt-get install lintian)"
fi
triplet=$(dpkg-architecture -qDEB_HOST_MULTIARCH)
lib=$dir/root/usr/lib/$triplet
export PKG_CONFIG_PATH="$lib/pkgconfig"
$CC examples/c/usage.c -o "$dir/shared" $(pkg-config --cflags --libs boomi_auth)
$CC examples/c/usage.c -o "$dir/static" $(pkg-config --cflags boomi_auth) $(pkg-config --static --libs boomi_auth | sed 's/-lboomi_auth/-l:libboomi_auth.a/')
$CARGO build --quiet --locked -p boomi-emulator
for program in shared static; do
  LD_LIBRARY_PATH=$lib tests/emulator/with-emulator.sh "$target/debug/boomi-emulator" "$dir/$program" | grep -q documentId-321
done
test "$("$dir/root/usr/bin/boomi-auth" --version)" = "boomi-auth $version"
test -f "$dir/root/usr/share/man/man1/boomi-auth.1.gz"
echo "debian: unpacked, linked shared and static, run"

if command -v ruby >/dev/null; then ruby -c packaging/homebrew/boomi-auth.rb; else skipped homebrew "there is no ruby"; fi

tools=$target/packaging-venv
test -x "$tools/bin/pip" || "$PYTHON" -m venv "$tools"
"$tools/bin/pip" install -q --disable-pip-version-check conan gersemi
"$PYTHON" -m json.tool packaging/vcpkg/vcpkg.json >/dev/null
"$tools/bin/gersemi" --check --no-warn-about-unknown-commands packaging/vcpkg/portfile.cmake packaging/conan/test_package/CMakeLists.txt
echo "vcpkg: its files can be read; nothing was built"

export CONAN_HOME="$target/conan" CARGO_TARGET_DIR="$target"
test -f "$CONAN_HOME/profiles/default" || "$tools/bin/conan" profile detect >/dev/null 2>&1
for shared in True False; do
  "$tools/bin/conan" create packaging/conan -s build_type=Debug -o "boomi-auth/*:shared=$shared" -c tools.cmake.cmake_layout:test_folder="$dir/conan" >"$dir/conan.log" 2>&1 || { cat "$dir/conan.log"; exit 1; }
  grep -q "boomi-auth $version: Basic" "$dir/conan.log"
done
echo "conan: created and tested, shared and static"
