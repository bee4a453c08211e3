#!/bin/sh
# The forge's workflows, read by actionlint (which uses shellcheck where it is installed), and each action pinned to a commit.
set -eu
cd "$(dirname "$0")/.."
tools=$(realpath -m "${CARGO_TARGET_DIR:-target}")/tools
test -x "$tools/bin/actionlint" || GOBIN="$tools/bin" go install github.com/rhysd/actionlint/cmd/actionlint@v1.7.12
"$tools/bin/actionlint"
if grep -nE 'uses: [a-z]' .github/workflows/*.yml | grep -vE '@[0-9a-f]{40} # v[0-9]'; then
  echo "these actions are not pinned to a commit, with its version behind it" >&2
  exit 1
fi
# What a workflow makes is a target that there is.
for target in $(grep -ohE 'run: "?make [a-z-]+' .github/workflows/*.yml | sed 's/.* //' | sort -u); do
  grep -q "^$target:" Makefile || { echo "a workflow makes '$target', which Makefile does not have" >&2; exit 1; }
done
echo "workflows: read by actionlint, $(cat .github/workflows/*.yml | grep -cE 'uses: [a-z]') actions pinned"
