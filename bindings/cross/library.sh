#!/bin/sh
# Builds the C library for other platforms, looks at what came out, and runs the C suite (tests/c_programs.rs) on it where that can
# be done here: library.sh [TARGET...]; all that README.md names without one. `make cross` calls it.
set -eu
cd "$(dirname "$0")/../.."
. bindings/cross/tools.sh
profile=${PROFILE:-release}
[ "$profile" = dev ] && directory=debug || directory=$profile
abi=$(sed -n 's/^version = "\(.*\)\..*"/\1/p' Cargo.toml | head -n 1)
exported=$(grep -oE '^[^ */#].*\b(boomi_[a-z0-9_]+)\(' include/boomi_auth.h | grep -oE 'boomi_[a-z0-9_]+\($' | tr -d '(' | sort -u)

# suite CC RUN SHARED STATIC [OPTION...]: the C suite, compiled by CC and run by RUN. The emulator runs on this machine as it is.
suite() {
  BOOMI_CROSS_CC=$1 BOOMI_CROSS_RUN=$2 BOOMI_CROSS_SHARED=$3 BOOMI_CROSS_STATIC=$4
  export BOOMI_CROSS_CC BOOMI_CROSS_RUN BOOMI_CROSS_SHARED BOOMI_CROSS_STATIC
  shift 4
  # It would need that platform's libcurl.
  $CARGO test --locked -p boomi-auth --test c_programs -- --skip with_libcurl "$@"
}

check_exports() {
  [ "$1" = "$exported" ] || fail "the library exports other functions than the header declares"
}

linux() {
  elf=$out/libboomi_auth.so
  check_elf "$elf" "$1"
  readelf -d "$elf" | grep -q "SONAME.*\[libboomi_auth.so.$abi\]" || fail "$elf has no SONAME with $abi"
  check_exports "$(readelf --dyn-syms -W "$elf" | awk '$5 == "GLOBAL" && $7 != "UND" { print $8 }' | sort -u)"
  # Named, because with -l zig would take the static one.
  shared="$elf -Wl,-rpath,$out"
  case $1 in aarch64-*) arch=arm64 by=qemu-user ;; *) arch=amd64 by='this machine' ;; esac
  bindings/cross/debian.sh amd64 "$cross/amd64" qemu-user-static musl
  [ $arch = amd64 ] || bindings/cross/debian.sh $arch "$cross/$arch" libc6 musl
  run=
  [ $arch = amd64 ] || run="$cross/amd64/usr/bin/qemu-aarch64-static -L $cross/$arch"
  # In its debug mode zig checks for undefined behaviour, with a runtime that needs a later musl than is found.
  cc="$zig cc -fno-sanitize=all -target ${1%%-*}-linux"
  case $1 in
    *-gnu)
      suite "$cc-gnu.2.17" "$run" "$shared" "$out/libboomi_auth.a -lgcc_s -lutil -lrt -lpthread -lm -ldl -lc" ;;
    *-musl)
      [ $arch = amd64 ] && loader=$cross/$arch/lib/ld-musl-x86_64.so.1 || loader=/lib/ld-musl-aarch64.so.1
      dynamic="-dynamic -Wl,-dynamic-linker,$loader"
      static="$out/libboomi_auth.a -lunwind -lc"
      # A program that is all static has no dlsym, with which this one finds the system's own look-up.
      suite "$cc-musl" "$run" "$dynamic $shared" "$static" --skip a_name_look_up
      suite "$cc-musl" "$run" "$dynamic $shared" "$dynamic $static" a_name_look_up ;;
  esac
  row "$1" yes "the C suite, by $by"
}

windows() {
  file "$out/boomi_auth.dll" | grep -q 'DLL.*x86-64' || fail "$out/boomi_auth.dll is no DLL for x86-64"
  check_exports "$(objdump -p "$out/boomi_auth.dll" | sed -n '/Ordinal\/Name/,$s/.*\[ *[0-9]*\].* \(boomi_[a-z0-9_]*\)$/\1/p' | sort -u)"
  if command -v wine >/dev/null && command -v x86_64-w64-mingw32-gcc >/dev/null; then
    # Wine 8 lacks this one, in which Rust finds random numbers.
    x86_64-w64-mingw32-gcc -shared -o "$out/bcryptprimitives.dll" bindings/cross/windows/bcryptprimitives.c -ladvapi32
    wine="env HOME=$cross WINEPREFIX=$cross/wine WINEDEBUG=-all WINEPATH=$out wine"
    libraries='-lkernel32 -lntdll -luserenv -lws2_32 -ldbghelp -lcrypt32 -lncrypt -lbcrypt -ladvapi32'
    # The others are written for POSIX: fork, sockets, threads.
    suite x86_64-w64-mingw32-gcc "$wine" "-L$out -l:libboomi_auth.dll.a" "$out/libboomi_auth.a $libraries" \
      the_main_job bad_input_is the_documented
    row "$1" yes 'three programs of the C suite, by wine'
  else
    row "$1" yes 'built, not run: wine64 or gcc-mingw-w64-x86-64 is not installed'
  fi
}

macos() {
  file "$out/libboomi_auth.dylib" | grep -q 'Mach-O 64-bit.*dynamically linked shared library' ||
    fail "$out/libboomi_auth.dylib is no library for macOS"
  strings "$out/libboomi_auth.dylib" | grep -q "@rpath/libboomi_auth.$abi.dylib" || fail 'the library has no install name'
  row "$1" yes 'built, not run: nothing here runs programs of macOS'
}

for triple in ${*:-x86_64-unknown-linux-gnu aarch64-unknown-linux-gnu x86_64-unknown-linux-musl aarch64-unknown-linux-musl \
  x86_64-pc-windows-gnu x86_64-apple-darwin aarch64-apple-darwin}; do
  echo "== $triple"
  rust_target "$triple"
  RUSTFLAGS=$(rust_flags "$triple") $CARGO zigbuild --locked --profile "$profile" -p boomi-auth-c --target "$(zig_build_target "$triple")"
  out=$target/$triple/$directory
  case $triple in
    *-linux-*) linux "$triple" ;;
    *-windows-*) windows "$triple" ;;
    *-apple-*) macos "$triple" ;;
    *) fail "$triple is not among the targets of bindings/cross/README.md" ;;
  esac
done
summary
