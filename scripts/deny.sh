#!/bin/sh
# What the crates that are linked may be: licences, sources, duplicates (deny.toml); and no known vulnerability, where the database can be had.
set -eu
cd "$(dirname "$0")/.."
: "${CARGO:=cargo}"
tools=$(realpath -m "${CARGO_TARGET_DIR:-target}")/tools
test -x "$tools/bin/cargo-deny" || $CARGO install --quiet --locked --root "$tools" cargo-deny
# deny CHECK...: of each workspace. What deny.toml skips for one of them the others need not have.
deny() {
  for manifest in Cargo.toml bindings/python/Cargo.toml bindings/java/native/Cargo.toml; do
    "$tools/bin/cargo-deny" --locked --workspace --manifest-path $manifest --config deny.toml check --hide-inclusion-graph \
      --allow unnecessary-skip "$@"
  done
}
deny licenses bans sources
if "$tools/bin/cargo-deny" --config deny.toml fetch db >/dev/null 2>&1; then
  deny --disable-fetch advisories
else
  echo "advisories: NOT CHECKED, their database (github.com/rustsec/advisory-db) cannot be had"
  [ -z "${CI:-}" ] || exit 1
fi
