#!/bin/sh
# What the tests need beside Rust, make and a C compiler: installs what is missing on Debian, else says what to install.
set -eu
missing=
need() { command -v "$1" >/dev/null 2>&1 || missing="$missing $2"; }
need curl curl
need valgrind valgrind
need pkg-config pkg-config
need clang clang
need clang++ clang
need g++ g++
need nm binutils
need cmake cmake
need abidiff abigail-tools
need openssl openssl
need tinyproxy tinyproxy
need microsocks microsocks
need mandoc mandoc
need script bsdutils
need ps procps
need dbus-run-session dbus-daemon
need gnome-keyring-daemon gnome-keyring
need secret-tool libsecret-tools
need mvn maven
need javac openjdk-17-jdk-headless
need flock util-linux
need strace strace
need faketime faketime
command -v valkey-server >/dev/null 2>&1 || need redis-server redis-server
command -v nginx >/dev/null 2>&1 || [ -x /usr/sbin/nginx ] || missing="$missing nginx-light"
python3 -c 'import ensurepip' 2>/dev/null || missing="$missing python3-venv"
pkg-config --exists libcurl 2>/dev/null || missing="$missing libcurl4-openssl-dev"
if [ -n "$missing" ]; then
  if command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
    echo "installing:$missing"
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
  else
    echo "the tests need:$missing" >&2
    exit 1
  fi
fi
for component in rustfmt clippy; do
  cargo "$(echo $component | sed 's/rustfmt/fmt/')" --version >/dev/null 2>&1 || rustup component add $component
done
