#!/bin/sh
# What is looked for with tools that take longer than `make test` may: harden.sh [PART...], all by default.
#   miri      every pointer of src/capi, beside a scripted Boomi in process
#   asan      the C programs and the library with AddressSanitizer, leaks included
#   tsan      the same with ThreadSanitizer, which finds data races
#   coverage  which lines of src the tests of the core run; fails below 95 of a hundred
#   mutants   whether the tests notice when the code is changed: policy, guard, judge, otp, endpoint, credentials (hours)
# MUTANTS=FILE changes that file alone. Needs rustup, which installs a nightly compiler; clang; cargo-llvm-cov and cargo-mutants.
set -eu
cd "$(dirname "$0")/.."
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
triple=$(rustc -vV | sed -n 's/^host: //p')
[ $# != 0 ] || set -- miri asan tsan coverage mutants

# The instrumentation, and Miri, are not stable yet.
nightly() {
  rustup run nightly rustc --version >/dev/null 2>&1 || rustup toolchain install nightly --profile minimal
  rustup component add --toolchain nightly rust-src "$@"
}

tool() {
  command -v "$1" >/dev/null || cargo install --locked "$1"
}

miri() {
  nightly miri
  CARGO_TARGET_DIR="$target/miri" MIRIFLAGS=-Zmiri-disable-isolation \
    cargo +nightly miri test --locked -p boomi-auth --lib --features capi capi::
}

only() { env -i PATH="$PATH" ASAN_OPTIONS="$ASAN_OPTIONS" "$@"; }
with_emulator() { tests/emulator/with-emulator.sh "$target/debug/boomi-emulator" "$@"; }

# sanitizer NAME: library, its crates in C and the standard library are all built with it.
sanitizer() {
  nightly
  cargo build --locked -q -p boomi-emulator
  dir=$target/sanitizer-$1
  short=asan
  [ "$1" != thread ] || short=tsan
  runtime=$(echo "$(rustc +nightly --print sysroot)/lib/rustlib/$triple/lib/"librustc*_rt.$short.a)
  RUSTFLAGS="-Zsanitizer=$1 -Zexternal-clangrt" CC=clang CFLAGS="-fsanitize=$1" CARGO_TARGET_DIR="$dir" \
    cargo +nightly build --locked -Zbuild-std --target "$triple" -p boomi-auth-c
  for program in tests/c/*.c examples/c/usage.c; do
    name=$(basename "$program" .c)
    # Those need system calls that fail, or stand in for functions of the C library, as the sanitizers do.
    case $name in failing | slow_name | wiped) continue ;; esac
    # What watches at run time is rustc's own: clang may be older than what rustc asks of it.
    clang -g -fsanitize="$1" -pthread -Iinclude -c "$program" -o "$dir/$name.o"
    # shellcheck disable=SC2046
    clang -pthread -rdynamic "$dir/$name.o" "$dir/$triple/debug/libboomi_auth.a" -o "$dir/$name" \
      -Wl,--whole-archive "$runtime" -Wl,--no-whole-archive \
      $(sed -n 's/^Libs.private: //p' bindings/c/boomi_auth.pc.in) -lcurl -lresolv
    # That one wants an environment without an account.
    if [ "$name" = bad_input ]; then run=only; else run=with_emulator; fi
    # What a child of fork() has of its parent's connections is left to lie there, on purpose.
    if [ "$name" = fork ]; then leaks=0; else leaks=1; fi
    ASAN_OPTIONS=detect_leaks=$leaks $run "$dir/$name" >"$dir/$name.log" 2>&1 ||
      { tail -60 "$dir/$name.log"; echo "$1: $name FAILED"; return 1; }
    echo "$1: $name: $(tail -n 1 "$dir/$name.log")"
  done
}

coverage() {
  tool cargo-llvm-cov
  rustup component add llvm-tools
  # Under valgrind what counts lines takes longer than that test's calls may.
  cargo llvm-cov test --locked -p boomi-auth --features capi,redis,credential-process \
    --ignore-filename-regex '(^|/)(tests|benches|examples|bindings)/|src/(.*/)?(tests|model|simulated|scenarios|issuer|sim|conformance)(/|\.rs)' \
    --fail-under-lines 95 --summary-only -- --skip secrets_are_wiped
}

# Survivors that tests/survivors.txt does not explain are told, and are a failure.
mutants() {
  tool cargo-mutants
  out=$target/mutants
  # What was noticed in other code says nothing.
  rm -rf "$out"
  mkdir -p "$out"
  files=
  for file in ${MUTANTS:-src/client/retry.rs src/otp.rs src/origin.rs src/credentials/basic.rs src/credentials/cache.rs src/credentials/source.rs src/token_cache/policy.rs src/guard.rs src/guard/credential.rs src/guard/history.rs \
    src/guard/permit.rs src/guard/shared.rs src/guard/totp_steps.rs}; do
    files="$files -f $file"
  done
  # What the quick tests do not notice is tried with the simulated days, and what these do not, with clients and servers. Each pass leaves
  # out what an earlier one noticed, and there is none where all the rest is explained.
  for pass in quick simulated servers; do
    case $pass in
      quick) mutate --lib -- -- --skip tests::sim --skip tests::model ;;
      simulated) mutate --lib ;;
      servers) mutate --test=it --test=process --test=suite ;;
    esac
    sed 's/:[0-9]*:[0-9]*: /: /' "$out/mutants.out/missed.txt" | sort -u >"$out/missed"
    sed 's/  #.*//; /^#/d' tests/survivors.txt | sort -u | comm -23 "$out/missed" - >"$out/unexplained"
    [ -s "$out/unexplained" ] || return 0
  done
  cat "$out/unexplained"
  echo "mutants: no test notices these, and tests/survivors.txt does not explain them"
  return 1
}

# mutate OPTION...: of cargo, and after -- of the tests.
mutate() {
  options=
  while [ $# != 0 ] && [ "$1" != -- ]; do
    options="$options -C=$1"
    shift
  done
  # shellcheck disable=SC2086
  cargo mutants --iterate --no-shuffle --colors never -o "$out" $files -C=--locked -C=--features=capi,redis $options "$@" || case $? in
    2 | 3) ;;
    *) return 1 ;;
  esac
  # What takes for ever is noticed, too, and waiting for it once is enough.
  cat "$out/mutants.out/timeout.txt" >>"$out/mutants.out/caught.txt"
}

for part; do
  case $part in
    miri | coverage | mutants) $part ;;
    asan) sanitizer address ;;
    tsan) sanitizer thread ;;
    *) echo "no part $part" >&2; exit 2 ;;
  esac
  echo "harden: $part passed"
done
