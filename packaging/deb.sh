#!/bin/sh
# Makes the Debian packages into $(TARGET)/deb, out of the files that git knows. `make deb` calls it; PROFILE=dev is quicker, for trying it out.
set -eu
cd "$(dirname "$0")/.."
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
: "${PROFILE:=release}"
export CARGO_TARGET_DIR="$target" PROFILE
command -v dh >/dev/null && command -v dpkg-buildpackage >/dev/null ||
  { echo "the Debian packages need: debhelper, dpkg-dev (apt-get install debhelper dpkg-dev)" >&2; exit 1; }
dir=$target/deb
rm -rf "$dir"
mkdir -p "$dir/source"
git ls-files -z --cached --others --exclude-standard | xargs -0 cp --parents -t "$dir/source"
cp -r packaging/debian "$dir/source/debian"
cd "$dir/source"
# -d: Rust is rustup's where the distribution's is too old, so build dependencies are not looked for.
dpkg-buildpackage -b -d -us -uc
cd ..
rm -rf source
ls -1 ./*.deb
