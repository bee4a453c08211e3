#!/bin/sh
# The Java package as its users meet it: the jars of `make java`, and their tests on each Java that there is, through JNI and java.lang.foreign.
set -eu
cd "$(dirname "$0")/.."
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
: "${MAKE:=make}" "${CARGO:=cargo}" "${MVN:=mvn}"
export CARGO_TARGET_DIR="$target"

$CARGO build --locked -p boomi-emulator
# A workspace of its own, which the lints of the root leave out.
(cd bindings/java/native && $CARGO fmt --check && $CARGO clippy --locked -- -D warnings)

# It makes the jars.
$MAKE -s demo-java | tee "$target/java-demo.log"
for step in 'through jni' 'through ffm' LOGIN '3 pages' 'for account123'; do
  grep -q -e "$step" "$target/java-demo.log" || { echo "the demo does not show $step"; exit 1; }
done

runtimes=$(tests/java/runtimes.sh "$target/java/runtimes")
for version in 8 11 17 21 25; do
  # What is skipped is said; and CI skips nothing.
  echo "$runtimes" | grep -q "^java$version=" || { echo "Java $version: SKIPPED, it could not be had"; [ -z "${CI:-}" ] || exit 1; }
done
log=$target/java-tests.log
failed=0
$MVN -B -l "$log" -f bindings/java verify -Dskip.toolchain.tests=true -Dboomi.emulator="$target/debug/boomi-emulator" \
  $(echo "$runtimes" | sed 's/^\(java[0-9]*\)=/-D\1.home=/') || failed=1
grep -E '^\[(INFO|ERROR|WARNING)\] .*(failsafe.*:integration-test|Tests run|Test\.|BUILD)|^\[ERROR\]' "$log" | cut -c1-300
echo 'skipped, and why:'
grep -hoE 'TestAbortedException: [^<]*|<skipped message="[^"]*' bindings/java/tests/target/failsafe-reports/*.xml |
  sed 's/TestAbortedException: //; s/Assumption failed: //; s/<skipped message="//; s/]].*//' | sort | uniq -c
# Surefire never fails for these. Its own process makes some on Java 8, by a call that our library does not make.
if grep -E '(WARNING|FATAL ERROR) in native method' "$log" | grep -v 'from CallStaticObjectMethod$'; then
  echo "-Xcheck:jni warned: see $log"
  failed=1
fi
exit $failed
