#!/bin/sh
# Fuzzes: run.sh [SECONDS [SUBJECT...]], by default 20 s each and all. What is found is in target/fuzz/found; put a small form of it
# into corpus/SUBJECT, where a unit test repeats it. New inputs that cover more stay in target/fuzz/corpus.
set -eu
cd "$(dirname "$0")/../.."
target=${CARGO_TARGET_DIR:-$PWD/target}
seconds=${1:-20}
[ $# = 0 ] || shift
# shellcheck disable=SC2046
[ $# != 0 ] || set -- $(ls tests/fuzz/corpus)
# The instrumentation is the compiler's own, and not stable yet.
RUSTC_BOOTSTRAP=1 cargo fuzz build --fuzz-dir tests/fuzz --target-dir "$target/fuzz/build"
built=$(ls -d "$target"/fuzz/build/*/release)
mkdir -p "$target/fuzz/found"
for subject; do
  mkdir -p "$target/fuzz/corpus/$subject"
  program=subject
  [ "$subject" != c_api ] || program=c_api
  log=$target/fuzz/$subject.log
  if SUBJECT=$subject "$built/$program" "$target/fuzz/corpus/$subject" "tests/fuzz/corpus/$subject" \
    -max_total_time="$seconds" -timeout=20 -artifact_prefix="$target/fuzz/found/$subject-" >"$log" 2>&1; then
    printf '%-12s %s\n' "$subject" "$(tail -1 "$log")"
  else
    tail -40 "$log"
    exit 1
  fi
done
