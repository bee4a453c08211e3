#!/bin/sh
# Sees what programs do with the native library, so that it can be laid out by that, and prints the file that says it: train.sh DIRECTORY.
# Training.java is run on a library that counts, beside the emulator, through JNI and FFM. `make java TRAINED=yes` calls it.
set -eu
mkdir -p "$1"
out=$(cd "$1" && pwd -P)
cd "$(dirname "$0")/../../.."
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
export CARGO_TARGET_DIR="$target"
host=$(rustc -vV | sed -n 's/^host: //p')
rustup component add llvm-tools >&2
rm -rf "${out:?}"/*

NATIVE_COUNTS=$out/counts "${MVN:-mvn}" -q -B -f bindings/java package -pl boomi-auth -Dmaven.javadoc.skip=true -Dmaven.source.skip=true >&2
"${CARGO:-cargo}" build --locked --quiet -p boomi-emulator
# What was built with it, such as macros, counted too.
rm -rf "$out/counts"
java=$(tests/java/runtimes.sh "$target/java/runtimes" 25)
jar=$(ls bindings/java/boomi-auth/target/boomi-auth-[0-9.]*[0-9].jar)
for backend in jni ffm; do
  tests/emulator/with-emulator.sh "$target/debug/boomi-emulator" "${java#*=}/bin/java" --enable-native-access=ALL-UNNAMED \
    "-Dboomi.auth.backend=$backend" -cp "$jar" bindings/java/native/Training.java >&2
done
"$(rustc --print sysroot)/lib/rustlib/$host/bin/llvm-profdata" merge -o "$out/merged" "$out/counts"
# By another name if it says something else: cargo looks at the name alone.
profile=$out/$(sha256sum "$out/merged" | cut -c 1-12).profdata
mv "$out/merged" "$profile"
rm -r "$out/counts"
echo "$profile"
