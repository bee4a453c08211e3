#!/bin/sh
# Builds the C library for other platforms, looks at what came out, and runs the C suite (tests/programs/c_programs.rs) on it where that can
# be done here: library.sh [TARGET...]; all that README.md names without one. `make cross` calls it.
set -eu
cd "$(dirname "$0")/../.."
. bindings/cross/tools.sh
abi=$(sed -n 's/^version = "\(.*\)\..*"/\1/p' Cargo.toml | head -n 1)

# suite CC RUN SHARED STATIC [OPTION...]: the C suite, compiled by CC and run by RUN. The emulator runs on this machine as it is.
suite() {
  BOOMI_CROSS_CC=$1 BOOMI_CROSS_RUN=$2 BOOMI_CROSS_SHARED=$3 BOOMI_CROSS_STATIC=$4
  export BOOMI_CROSS_CC BOOMI_CROSS_RUN BOOMI_CROSS_SHARED BOOMI_CROSS_STATIC
  shift 4
  # It would need that platform's libcurl.
  $CARGO test --locked -p boomi-auth --test programs -- --skip cpp_programs:: --skip abi:: --skip failing_calls:: --skip readme:: \
    --skip with_libcurl "$@"
}

check_exports() {
  [ "$1" = "$(cat tests/abi/exports.txt)" ] || fail "the library exports other functions than tests/abi/exports.txt says"
}

linux() {
  elf=$out/libboomi_auth.so
  check_elf "$elf" "$1"
  readelf -d "$elf" | grep -q "SONAME.*\[libboomi_auth.so.$abi\]" || fail "$elf has no SONAME with $abi"
  check_exports "$(readelf --dyn-syms -W "$elf" | awk '$5 == "GLOBAL" && $7 != "UND" { print $8 }' | sort -u)"
  c_programs_of "$1"
  # Named, because with -l zig would take the static one.
  shared="$dynamic $elf -Wl,-rpath,$out"
  case $1 in
    *-gnu) suite "$cc" "$run" "$shared" "$out/libboomi_auth.a -lgcc_s -lutil -lrt -lpthread -lm -ldl -lc" ;;
    *-musl)
      static="$out/libboomi_auth.a -lunwind -lc"
      # A program that is all static has no dlsym, with which this one finds the system's own look-up.
      suite "$cc" "$run" "$shared" "$static" --skip a_name_look_up
      suite "$cc" "$run" "$shared" "$dynamic $static" a_name_look_up ;;
  esac
  by='this machine'
  [ -z "$run" ] || by=qemu-user
  row "$1" yes "the C suite, by $by"
}

windows() {
  file "$out/boomi_auth.dll" | grep -q 'DLL.*x86-64' || fail "$out/boomi_auth.dll is no DLL for x86-64"
  check_exports "$(objdump -p "$out/boomi_auth.dll" | sed -n 's/^\t\[ *[0-9]*\] \(boomi_[a-z0-9_]*\)$/\1/p' | sort -u)"
  if command -v wine >/dev/null; then
    x86_64-w64-mingw32-gcc -shared -o "$out/bcryptprimitives.dll" bindings/cross/windows/bcryptprimitives.c -ladvapi32
    wine="env HOME=$cross WINEPREFIX=$cross/wine WINEDEBUG=-all WINEPATH=$out wine"
    libraries='-lkernel32 -lntdll -luserenv -lws2_32 -ldbghelp -lcrypt32 -lncrypt -lbcrypt -ladvapi32'
    # The others are for POSIX alone: sockets of their own, fork, descriptors.
    suite 'x86_64-w64-mingw32-gcc -static -include bindings/cross/windows/posix.h' "$wine" "$out/libboomi_auth.dll.a" \
      "$out/libboomi_auth.a $libraries" the_main_job bad_input_is the_documented another_library providers_share
    row "$1" yes 'five programs of the C suite, by wine; the others are for POSIX alone'
  else
    row "$1" yes 'built, not run: wine is not installed (wine and wine64)'
  fi
}

macos() {
  file "$out/libboomi_auth.dylib" | grep -q 'Mach-O 64-bit.*dynamically linked shared library' ||
    fail "$out/libboomi_auth.dylib is no library for macOS"
  strings "$out/libboomi_auth.dylib" | grep -q "@rpath/libboomi_auth.$abi.dylib" || fail 'the library has no install name'
  row "$1" yes 'built, not run: nothing here runs programs of macOS'
}

[ $# -gt 0 ] || set -- $linux $others
for triple; do
  echo "== $triple"
  rust_target "$triple"
  build "$triple" -p boomi-auth-c
  out=$target/$triple/$directory
  case $triple in
    *-linux-*) linux "$triple" ;;
    *-windows-*) windows "$triple" ;;
    *-apple-*) macos "$triple" ;;
    *) fail "$triple is not among the targets of bindings/cross/README.md" ;;
  esac
done
summary
