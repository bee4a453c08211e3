#!/bin/sh
# Runs a tier of the tests, part by part, and says what ran: run.sh test | test-all. `make` calls it.
#   test      everything that a change can break, once
#   test-all  the rest: valgrind, each compiler, standard, Python and Java, simulations, models, fuzzing, installation
set -u
cd "$(dirname "$0")/.."
: "${CARGO:=cargo}"
# One profile and, where it can be, one set of features: of each other set cargo builds the core again.
: "${WHOLE:?make says which packages and features}"
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
# Many tests wait for a server, a deadline or a process.
: "${RUST_TEST_THREADS:=4}"
export CARGO RUST_TEST_THREADS
scripts/setup.sh || exit 1
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
begin=$(date +%s)

# part NAME COMMAND...
part() {
  name=$1
  shift
  printf '\n== %s: %s\n' "$name" "$*"
  start=$(date +%s)
  times >"$logs/$name.cpu"
  if "$@"; then result=passed; else result=FAILED; fi
  times >>"$logs/$name.cpu"
  # The second line of each two is that of what the shell has run: 1m2.5s 0m3.4s.
  cpu=$(awk -F'[ms ]+' 'NR % 2 == 0 { last = now; now = ($1 + $3) * 60 + $2 + $4 }
    END { printf "%d", now - last }' "$logs/$name.cpu")
  printf '  %-12s %-8s %4s s %6s s of a processor\n' "$name" "$result" "$(($(date +%s) - start))" "$cpu" \
    >>"$logs/summary"
}

# beside NAME COMMAND...: the same, while the next parts go on; `told` waits, and shows what it printed.
running=
beside() {
  part "$@" >"$logs/$1" 2>&1 &
  running="$running $!:$1"
}
told() {
  for job in $running; do
    wait "${job%%:*}"
    cat "$logs/${job#*:}"
  done
  running=
}

# rust OPTION...: tests of the workspace; each target runs, also after one that failed.
# shellcheck disable=SC2086 # options are words
rust() { $CARGO test $WHOLE --no-fail-fast "$@"; }

format() {
  for manifest in Cargo.toml bindings/python/Cargo.toml bindings/java/native/Cargo.toml; do
    $CARGO fmt --all --check --manifest-path $manifest || return 1
  done
}
# What the tests, the demos, Python and Java share.
build() { rust --no-run && $CARGO build --locked -p boomi-auth-c; }
demo() {
  make -s demo >"$logs/shown" 2>&1 || { cat "$logs/shown"; return 1; }
  cat "$logs/shown"
  for step in 'Basic \*\*\*' 287082 'Bearer \*\*\*' documentId-321 '"Deployment"' X-Boomi-OTP subaccount456 \
    organizations; do
    grep -q -e "$step" "$logs/shown" || { echo "the demo does not show $step"; return 1; }
  done
}
lint_other_features() {
  $CARGO clippy --locked -p boomi-auth --features capi --all-targets -- -D warnings &&
    $CARGO clippy --locked -p boomi-auth --features model --lib --tests -- -D warnings
}

# The simulations that take longest, and all models; and what takes a minute, or a cluster.
slow='sim::tokens model::'
slow_programs='failing_calls::'
slow_stores='several::'
# shellcheck disable=SC2086
quick() { for name in $slow; do printf ' --skip %s' $name; done; }

# shellcheck disable=SC2046,SC2086
case ${1:-} in
  test)
    part format format
    part lint make -s lint
    part build build
    export BOOMI_EMULATOR="$target/debug/boomi-emulator"
    part units rust --lib --bins -- $(quick)
    # These wait more than they compute.
    beside servers rust --test store --test suite --test cli -- --skip $slow_stores
    part tests rust --test it --test process --test programs -- --skip $slow_programs
    told
    part doc make -s doc
    part doctests rust --doc
    beside python scripts/python.sh
    beside java scripts/java.sh
    part demo demo
    part by-hand tests/emulator/with-emulator.sh target/debug/boomi-emulator target/debug/quickstart-c
    told
    ;;
  test-all)
    part build build
    export BOOMI_EMULATOR="$target/debug/boomi-emulator"
    part simulations rust --lib -- $slow
    part programs env BOOMI_TEST_ALL=1 $CARGO test $WHOLE --no-fail-fast --test programs
    beside store rust --test store -- $slow_stores
    part model $CARGO test --locked -p boomi-auth --features model --lib -- model::
    told
    part features lint_other_features
    beside python scripts/python.sh all
    beside java scripts/java.sh all
    part install tests/install.sh
    part cmake tests/cmake.sh
    part abi tests/abi.sh
    told
    part fuzz env SEED=1 tests/fuzz/run.sh 20
    part licences scripts/licences.sh
    ;;
  *)
    echo "usage: $0 test | test-all" >&2
    exit 2
    ;;
esac

printf '\nWhat ran, in %s s:\n' "$(($(date +%s) - begin))"
cat "$logs/summary"
! grep -q FAILED "$logs/summary" || { echo "Some parts FAILED."; exit 1; }
echo "All parts passed; none was skipped."
