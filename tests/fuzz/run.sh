#!/bin/sh
# Fuzzes: run.sh [SECONDS [SUBJECT...]], by default 20 s each and all, one for each processor at a time. What is found is in
# target/fuzz/found; put a small form of it into corpus/SUBJECT, where a unit test repeats it. New inputs that cover more stay in
# target/fuzz/corpus. SANITIZER=address watches memory too, and needs a nightly compiler; SEED=NUMBER
# goes the same way each time, as `make test` does: what fails there is the fault of a change.
set -eu
cd "$(dirname "$0")/../.."
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")/fuzz
seconds=${1:-20}
[ $# = 0 ] || shift
# shellcheck disable=SC2046
[ $# != 0 ] || set -- $(ls tests/fuzz/corpus)
triple=$(rustc -vV | sed -n 's/^host: //p')

# What libFuzzer asks of a compiler: counters, a table of places, and what is compared.
flags='--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters'
flags="$flags -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares"
toolchain=
if [ "${SANITIZER:-}" ]; then
  toolchain=+nightly
  flags="$flags -Zsanitizer=$SANITIZER"
fi
# With --target, what runs while building is not instrumented.
RUSTFLAGS=$flags cargo $toolchain build -q --locked --release --manifest-path tests/fuzz/Cargo.toml --target "$triple" \
  --target-dir "$target/build${SANITIZER:-}"
built=$target/build${SANITIZER:-}/$triple/release
mkdir -p "$target/found"

# one SUBJECT
fuzz_one() {
  mkdir -p "$target/corpus/$1"
  program=subject
  [ "$1" != c_api ] || program=c_api
  log=$target/$1.log
  if SUBJECT=$1 "$built/$program" "$target/corpus/$1" "tests/fuzz/corpus/$1" \
    -max_total_time="$seconds" -seed="${SEED:-0}" -timeout=20 -artifact_prefix="$target/found/$1-" >"$log" 2>&1; then
    printf '%-12s %s\n' "$1" "$(tail -n 1 "$log")"
  else
    tail -n 40 "$log"
    return 1
  fi
}

failed=0
while [ $# != 0 ]; do
  running=
  for _ in $(seq "$(nproc)"); do
    [ $# != 0 ] || break
    fuzz_one "$1" &
    running="$running $!"
    shift
  done
  for process in $running; do wait "$process" || failed=1; done
done
exit "$failed"
