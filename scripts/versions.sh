#!/bin/sh
# Prints the version, which is that of Cargo.toml; fails if one that another build tool wants is not the same.
set -eu
cd "$(dirname "$0")/.."
version=$(sed -n '/^\[workspace.package\]/,/^\[/s/^version = "\(.*\)"/\1/p' Cargo.toml)
failed=0
# same FILE VERSION
same() { [ "$2" = "$version" ] || { echo "$1 says '$2', Cargo.toml '$version'" >&2; failed=1; }; }
of() { sed -n "s/$2/\\1/p" "$1" | head -n 1; }
for manifest in bindings/python/Cargo.toml bindings/java/native/Cargo.toml; do same "$manifest" "$(of "$manifest" '^version = "\(.*\)"')"; done
for pom in pom.xml boomi-auth/pom.xml boomi-auth-junit5/pom.xml; do
  same "bindings/java/$pom" "$(of "bindings/java/$pom" '.*<version>\([0-9.]*\)<\/version>.*')"
done
same packaging/vcpkg/vcpkg.json "$(of packaging/vcpkg/vcpkg.json '.*"version": "\(.*\)".*')"
same packaging/homebrew/boomi-auth.rb "$(of packaging/homebrew/boomi-auth.rb '.*\/v\([0-9.]*\)\.tar\.gz".*')"
same packaging/debian/changelog "$(of packaging/debian/changelog '^boomi-auth (\(.*\)-[0-9]*).*')"
[ "$failed" = 0 ] || exit 1
echo "$version"
