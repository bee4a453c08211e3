#!/bin/sh
# Every crate that the library, the command, the Python or the Java package links, also with every feature, is under a licence that goes with MIT and Apache-2.0. (What a
# crate has built in of another language it does not tell: libdbus, only with the feature keychain, is AFL-2.1 or GPL-2.0-or-later.)
set -eu
cd "$(dirname "$0")/.."
allowed='MIT|BSL-1.0|Apache-2.0|ISC|BSD-3-Clause|BSD-2-Clause|Zlib|Unlicense|0BSD|CDLA-Permissive-2.0|Unicode-3.0'
trees=$(mktemp)
trap 'rm -f "$trees"' EXIT
tree() { "${CARGO:-cargo}" tree --locked -e normal --prefix none --format '{p} | {l}' "$@"; }
{
  tree -p boomi-auth-c -p boomi-auth-cli --features boomi-auth-c/keychain,boomi-auth-c/redis
  tree --manifest-path bindings/python/Cargo.toml
  tree --manifest-path bindings/java/native/Cargo.toml
} >"$trees"
sed 's/ (\*)//; /^$/d' "$trees" | sort -u |
  awk -F' [|] ' -v allowed="^($allowed)$" '
    { count++; n = split($2, terms, / OR | *\/ */); good = 0
      for (i = 1; i <= n; i++) { m = split(terms[i], parts, / AND /); all = m > 0
        for (j = 1; j <= m; j++) { gsub(/[() ]|WITH.*/, "", parts[j]); if (parts[j] !~ allowed) all = 0 }
        if (all) good = 1 }
      if (!good) { print "not allowed: " $0; bad = 1 } }
    END { printf "licences: %d crates checked\n", count; exit bad }'
