# shellcheck shell=sh disable=SC2034,SC2086
# What the scripts here share: each sources it, from the root of the repository. It installs the compiler and the rest beside
# what is built, by the names of their packages; only Rust's own targets go where rustup puts them.
root=$PWD
linux="x86_64-unknown-linux-gnu aarch64-unknown-linux-gnu x86_64-unknown-linux-musl aarch64-unknown-linux-musl"
others="x86_64-pc-windows-gnu x86_64-apple-darwin aarch64-apple-darwin"
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
cross=$target/cross
tools=$cross/tools
export CARGO_TARGET_DIR="$target" PIP_DISABLE_PIP_VERSION_CHECK=1
: "${CARGO:=cargo}"

[ "$(uname -sm)" = 'Linux x86_64' ] || { echo 'this is done on Linux x86_64' >&2; exit 1; }
mkdir -p "$cross"
[ -x "$tools/bin/pip" ] || python3 -m venv "$tools"
"$tools/bin/pip" install -q -r bindings/cross/requirements.txt
PATH=$tools/bin:$PATH
# For trials: PROFILE=dev.
profile=${PROFILE:-release}
[ "$profile" = dev ] && directory=debug || directory=$profile
zig="$tools/bin/python -m ziglang"
rows=$(mktemp)
trap 'rm -f "$rows"' EXIT

# row WHAT BUILT RUN: a line of the summary
row() { printf '| %s | %s | %s |\n' "$1" "$2" "$3" >>"$rows"; }
summary() {
  echo
  cat "$rows"
}
fail() {
  echo "$*" >&2
  exit 1
}

# rust_target TARGET: installs what Rust needs for it.
rust_target() {
  rustup target list --installed | grep -qx "$1" || rustup target add "$1"
  case $1 in *-windows-*) command -v x86_64-w64-mingw32-gcc >/dev/null || fail "for $1 install gcc-mingw-w64-x86-64" ;; esac
}

# The flags of Rust for TARGET: on musl a program is static unless told otherwise, and no shared library can be made.
rust_flags() {
  case $1 in *-musl) echo -Ctarget-feature=-crt-static ;; *-apple-*) echo "-Clink-arg=-F$root/bindings/cross/macos/Frameworks" ;; esac
}

# build TARGET OPTION...: by zig, for glibc 2.17; for Windows by mingw's compiler, which its programs are compiled with, too.
build() {
  triple=$1
  shift
  case $triple in
    *-windows-*) "$CARGO" build --locked --profile "$profile" --target "$triple" "$@" ;;
    *-linux-gnu) "$CARGO" zigbuild --locked --profile "$profile" --target "$triple.2.17" "$@" ;;
    *) RUSTFLAGS="${RUSTFLAGS:-} $(rust_flags "$triple")" "$CARGO" zigbuild --locked --profile "$profile" --target "$triple" "$@" ;;
  esac
}

# check_elf FILE TARGET: it is for this machine, needs the C library alone, and no later version of that than 2.17.
check_elf() {
  case $2 in aarch64-*) machine=AArch64 ;; *) machine=X86-64 ;; esac
  readelf -h "$1" | grep -q "Machine:.* $machine" || fail "$1 is not for $machine"
  needed=$(readelf -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')
  case $2 in
    *-gnu*) known='lib(c|m|pthread|dl|rt|util|gcc_s)\.so\.[0-9]|ld-linux-.*' ;;
    # Also how Alpine's own compilers name it.
    *) known='libc\.so|libc\.musl-.*' ;;
  esac
  ! echo "$needed" | grep -qvxE "$known" || fail "$1 needs" $needed
  newest=$(readelf -V "$1" | sed -n 's/.*Name: GLIBC_\([0-9.]*\).*/\1/p' | sort -Vu | tail -n 1)
  [ "$(printf '%s\n2.17\n' "$newest" | sort -V | tail -n 1)" = 2.17 ] || fail "$1 needs glibc $newest"
}

# Sets for a target of Linux: `cc`, its C compiler; `dynamic`, what makes a program that loads libraries; `run`, what runs it here.
c_programs_of() {
  bindings/cross/debian.sh amd64 "$cross/amd64" qemu-user-static musl
  # In its debug mode zig checks for undefined behaviour, with a runtime that needs a later musl than is found.
  cc="$zig cc -fno-sanitize=all -target ${1%%-*}-linux-${1##*-}"
  run='' dynamic=''
  case $1 in
    x86_64-*-musl) dynamic="-dynamic -Wl,-dynamic-linker,$cross/amd64/lib/ld-musl-x86_64.so.1" ;;
    aarch64-*-musl) dynamic='-dynamic -Wl,-dynamic-linker,/lib/ld-musl-aarch64.so.1' ;;
    *-gnu) cc=$cc.2.17 ;;
  esac
  case $1 in
    aarch64-*)
      bindings/cross/debian.sh arm64 "$cross/arm64" libc6 musl
      run="$cross/amd64/usr/bin/qemu-aarch64-static -L $cross/arm64" ;;
  esac
}
