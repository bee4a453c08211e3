#!/bin/sh
# Bills of materials (CycloneDX) of the C library, without and with all its features, and of the command, into $(TARGET)/sbom. The Python wheel carries its own.
set -eu
cd "$(dirname "$0")/.."
: "${CARGO:=cargo}"
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
tools=$target/tools
test -x "$tools/bin/cargo-cyclonedx" || $CARGO install --quiet --locked --root "$tools" cargo-cyclonedx
rm -rf "$target/sbom"
mkdir -p "$target/sbom"
# bill MEMBER NAME OPTIONS...: it writes one beside each Cargo.toml of the workspace.
bill() {
  member=$1 name=$2
  shift 2
  "$tools/bin/cargo-cyclonedx" cyclonedx --quiet --manifest-path "$member/Cargo.toml" --format json --spec-version 1.5 --override-filename boomi-sbom "$@"
  mv "$member/boomi-sbom.json" "$target/sbom/$name.cdx.json"
  find . -name boomi-sbom.json -not -path './target/*' -exec rm {} +
}
bill bindings/c libboomi_auth
bill bindings/c libboomi_auth-all-features --all-features
bill bindings/cli boomi-auth
for file in "$target"/sbom/*.json; do
  parts=$(python3 -c 'import json, sys; print(len(json.load(open(sys.argv[1]))["components"]))' "$file")
  echo "sbom: $parts components in $file"
  # It would be an empty bill otherwise, and nobody would notice.
  grep -q '"name": "rustls"' "$file"
done
