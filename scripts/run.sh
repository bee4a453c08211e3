#!/bin/sh
# Runs every part of the tests, and says what ran, what was skipped and why. `make test` calls it.
set -u
cd "$(dirname "$0")/.."
: "${CARGO:=cargo}"
export CARGO
tests/setup.sh || exit 1
summary=$(mktemp)
trap 'rm -f "$summary" "$summary.beside"' EXIT
failed=0

# part NAME COMMAND...
part() {
  name=$1
  shift
  printf '\n== %s: %s\n' "$name" "$*"
  start=$(date +%s)
  if "$@"; then result=passed; else result=FAILED; failed=1; fi
  printf '  %-12s %-8s %4s s\n' "$name" "$result" "$(($(date +%s) - start))" >>"$summary"
}

# beside NAME COMMAND...: the same, while the next part goes on; told_beside says what it printed.
beside() {
  (
    part "$@" >"$summary.beside" 2>&1
    exit "$failed"
  ) &
  process=$!
}
told_beside() {
  wait "$process" || failed=1
  cat "$summary.beside"
}

header_is_current() { BOOMI_HEADER=check $CARGO check --locked -p boomi-auth --features header; }
demo_shows_the_main_job() {
  make -s demo >"$summary.demo" 2>&1 || { cat "$summary.demo"; rm -f "$summary.demo"; return 1; }
  cat "$summary.demo"
  for step in 'Basic \*\*\*' 287082 'Bearer \*\*\*' documentId-321 '"Deployment"' X-Boomi-OTP subaccount456 organizations; do
    grep -q -e "$step" "$summary.demo" || { echo "the demo does not show $step"; rm -f "$summary.demo"; return 1; }
  done
  rm -f "$summary.demo"
}

part format $CARGO fmt --all --check
part lint make -s lint
part tests $CARGO test --locked --workspace --features boomi-auth/capi
part model $CARGO test --locked -p boomi-auth --features model --lib -- provider::model guard::model
part rustdoc make -s doc
part header header_is_current
part demo demo_shows_the_main_job
part by-hand tests/emulator/with-emulator.sh target/debug/boomi-emulator target/debug/quickstart-c
part install tests/install.sh
part cmake tests/cmake.sh
part abi tests/abi.sh
# They wait more than they compute.
beside python tests/python.sh
part java tests/java.sh
told_beside
part fuzz env SEED=1 tests/fuzz/run.sh 20
part licences tests/licences.sh

printf '\nWhat ran:\n'
cat "$summary"
if [ "$failed" = 0 ]; then echo "All parts passed; none was skipped."; else echo "Some parts FAILED."; fi
exit "$failed"
