#!/bin/sh
# `make soak-hours`: the soak of tests/process/soak/hours.rs for SECONDS, under a clock that it sets, and its curves as an SVG.
#   hours.sh SECONDS SVG
set -eu
cd "$(dirname "$0")/../../.."
preload=$(faketime -f +0 printenv LD_PRELOAD) || { echo "faketime is missing: make setup" >&2; exit 1; }
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
echo +0 >"$dir/clock"
program=$(cargo test --locked -p boomi-auth --test process --no-run --message-format=json 2>/dev/null |
  sed -n 's/.*"executable":"\([^"]*\)".*/\1/p' | tail -n 1)
# Deadlines go by the steady clock, which nobody can set.
env SOAK_SECONDS="$1" SOAK_LOG="${SOAK_LOG:=$dir/log}" SOAK_CLOCK="$dir/clock" \
  LD_PRELOAD="$preload" FAKETIME_TIMESTAMP_FILE="$dir/clock" FAKETIME_NO_CACHE=1 DONT_FAKE_MONOTONIC=1 \
  "$program" --nocapture hours_of_everything
python3 tests/process/soak/plot.py "$SOAK_LOG" >"$2"
