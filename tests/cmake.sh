#!/bin/sh
# `make install` as a CMake project meets it: found, by the versions that fit, after the tree was moved; C and C++,
# shared and static, with gcc and clang, built and run against the emulator; and removed again.
set -eu
cd "$(dirname "$0")/.."
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
: "${MAKE:=make}"
sources=$PWD
emulator=${CARGO_TARGET_DIR:-target}/debug/boomi-emulator
version=$(sed -n '/^\[workspace.package\]/,/^\[/s/^version = "\(.*\)"/\1/p' Cargo.toml)
minor=${version%.*}
needs=$(sed -n 's/^Libs.private: //p' bindings/c/boomi_auth.pc.in | tr ' ' ';')
after=${minor%.*}.$((${minor#*.} + 1))

# build PREFIX [OPTION...]: a project that knows nothing but where to look.
build() {
  rm -rf "$dir/build"
  prefix=$1
  shift
  cmake -S "$dir/project" -B "$dir/build" -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_FIND_USE_PACKAGE_REGISTRY=OFF "$@" \
    >"$dir/log" 2>&1 && cmake --build "$dir/build" -j 2 >>"$dir/log" 2>&1 || { cat "$dir/log"; exit 1; }
}

# In the order of a project that grows: C++ comes after the package was found for C.
mkdir "$dir/project"
cat >"$dir/project/CMakeLists.txt" <<END
cmake_minimum_required(VERSION 3.12)
project(app LANGUAGES C)
foreach(version ${minor}.999 $after 999 0.0.1)
  find_package(BoomiAuth \${version} QUIET)
  if(BoomiAuth_FOUND)
    message(FATAL_ERROR "\${version} was asked for, and \${BoomiAuth_VERSION} taken")
  endif()
endforeach()
foreach(version $version $minor ${minor}...<$after ${minor}...$version)
  find_package(BoomiAuth \${version} REQUIRED)
endforeach()
find_package(BoomiAuth $version EXACT REQUIRED)
# Newer systems have all of these in their C library, so a link alone would not miss them.
if(TARGET BoomiAuth::Static)
  get_target_property(needs BoomiAuth::Static INTERFACE_LINK_LIBRARIES)
  if(NOT "\${needs}" STREQUAL "$needs")
    message(FATAL_ERROR "BoomiAuth::Static needs \${needs}")
  endif()
endif()
add_executable(c-shared $sources/examples/c/usage.c)
add_executable(c-static $sources/examples/c/usage.c)
enable_language(CXX)
set(CMAKE_CXX_STANDARD 11)
add_executable(cpp-shared $sources/tests/cpp/usage.cpp)
add_executable(cpp-static $sources/tests/cpp/usage.cpp)
foreach(language c cpp)
  target_link_libraries(\${language}-shared PRIVATE BoomiAuth::BoomiAuth)
  target_link_libraries(\${language}-static PRIVATE BoomiAuth::Static)
endforeach()
END

$MAKE -s install PROFILE=dev PREFIX="$dir/first"
mv "$dir/first" "$dir/moved to"
for compilers in 'gcc g++' 'clang clang++'; do
  build "$dir/moved to" -DCMAKE_C_COMPILER="${compilers% *}" -DCMAKE_CXX_COMPILER="${compilers#* }"
  for program in c-shared c-static cpp-shared cpp-static; do
    LD_LIBRARY_PATH="" tests/emulator/with-emulator.sh "$emulator" "$dir/build/$program" | grep -q documentId-321
  done
  for language in c cpp; do
    ldd "$dir/build/$language-shared" | grep -q "libboomi_auth.so.$minor => $dir/moved to/"
    if ldd "$dir/build/$language-static" | grep -q boomi; then echo "not static: $language" >&2; exit 1; fi
  done
done

# A packager's way: a library directory of its own, reached by a link, as where /lib is one to /usr/lib.
$MAKE -s install PROFILE=dev PREFIX=/usr LIBDIR=/usr/lib/triplet DESTDIR="$dir/stage"
ln -s usr/lib "$dir/stage/lib"
build "$dir/stage/lib/triplet/cmake/BoomiAuth"
tests/emulator/with-emulator.sh "$emulator" "$dir/build/cpp-shared" | grep -q documentId-321

# Without the static library, the other is still found.
rm "$dir/stage/usr/lib/triplet/libboomi_auth.a"
sed -i '/add_executable(.*static/d; /PRIVATE BoomiAuth::Static/d' "$dir/project/CMakeLists.txt"
build "$dir/stage/lib/triplet/cmake/BoomiAuth"

$MAKE -s uninstall PREFIX="$dir/moved to"
$MAKE -s uninstall PREFIX=/usr LIBDIR=/usr/lib/triplet DESTDIR="$dir/stage"
left=$(find "$dir/moved to" "$dir/stage/usr" ! -type d)
test -z "$left" || { echo "left behind: $left" >&2; exit 1; }
echo "cmake: found after a move, by version, for C and C++, shared and static, by gcc and clang, and removed"
