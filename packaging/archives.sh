#!/bin/sh
# Packs what was built for a release into $(TARGET)/dist: the C library of each platform that `make cross` built, and the command, if it was built.
# The same files give the same archive.
set -eu
cd "$(dirname "$0")/.."
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
version=$(scripts/versions.sh)
dist=$target/dist
rm -rf "$dist"
mkdir -p "$dist"
# pack NAME FILE...
pack() {
  name=$1
  shift
  mkdir "$dist/$name"
  cp -r -t "$dist/$name" "$@" README.md CHANGELOG.md LICENSE-MIT LICENSE-APACHE
  tar -C "$dist" --sort=name --owner=0 --group=0 --numeric-owner --mtime="@${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}" -cf - "$name" |
    gzip -n >"$dist/$name.tar.gz"
  rm -r "${dist:?}/$name"
}
for built in "$target"/*-*-*/release; do
  set -- "$built"/libboomi_auth.a "$built"/libboomi_auth.so "$built"/libboomi_auth.dylib "$built"/boomi_auth.dll "$built"/libboomi_auth.dll.a
  for file; do
    shift
    [ ! -f "$file" ] || set -- "$@" "$file"
  done
  [ $# = 0 ] || pack "libboomi_auth-$version-$(basename "$(dirname "$built")")" include "$@"
done
if [ -f "$target/release/boomi-auth" ]; then
  host=$(rustc -vV | sed -n 's/^host: //p')
  pack "boomi-auth-$version-$host" "$target/release/boomi-auth"
fi
ls -1 "$dist"
[ -n "$(ls "$dist")" ] || { echo "nothing is built: run make cross first" >&2; exit 1; }
