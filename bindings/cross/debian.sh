#!/bin/sh
# Unpacks Debian packages of another architecture: debian.sh ARCHITECTURE DIRECTORY PACKAGE... Nothing of the system changes:
# apt reads and writes beside DIRECTORY alone, and no package's own script runs.
set -eu
arch=$1 root=$(realpath -m "$2")
shift 2
for package; do [ -e "$root/.has/$package" ] || break; done
[ ! -e "$root/.has/$package" ] || exit 0
apt=$root/.apt
mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial" "$apt/parts" "$root/.has"
mirror=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
  sed -n 's,^\(.*/debian\)/* \([a-z]*\) main$,\1 \2,p' | head -n 1)
[ -n "$mirror" ] || { echo "apt knows no mirror of Debian" >&2; exit 1; }
: >"$apt/status"
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror main" >"$apt/sources.list"
cat >"$apt/conf" <<CONF
APT::Architecture "$arch";
APT::Architectures "$arch";
APT::Sandbox::User "root";
Dir::Etc::SourceList "$apt/sources.list";
Dir::Etc::SourceParts "$apt/parts";
Dir::State::Lists "$apt/lists";
Dir::State::status "$apt/status";
Dir::Cache "$apt/cache";
Acquire::Languages "none";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
CONF
export APT_CONFIG="$apt/conf"
cd "$apt/cache"
apt-get update -qq
for package; do
  [ ! -e "$root/.has/$package" ] || continue
  apt-get download -qq "$package"
  dpkg-deb -x "$package"_*.deb "$root"
  touch "$root/.has/$package"
done
