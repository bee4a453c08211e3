#!/bin/sh
# The Java package as its users meet it: its jars, and their tests through JNI and java.lang.foreign.
#   java.sh      jars with a native library of the profile light, on Java 8 and 25
#   java.sh all  the jars of `make java`, on the Javas between
set -eu
cd "$(dirname "$0")/.."
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
: "${MAKE:=make}" "${CARGO:=cargo}" "${MVN:=mvn}" "${BOOMI_EMULATOR:=$target/debug/boomi-emulator}"
export CARGO_TARGET_DIR="$target" BOOMI_EMULATOR
test -x "$BOOMI_EMULATOR" || $CARGO build --locked -p boomi-emulator
if [ "${1:-}" = all ]; then
  PROFILE=release versions='11 17 21'
else
  PROFILE=light versions='8 25'
  # A workspace of its own, which the lints of the root leave out.
  (cd bindings/java/native && $CARGO clippy --locked -- -D warnings)
fi
export PROFILE

# It makes the jars.
$MAKE -s demo-java PROFILE=$PROFILE | tee "$target/java-demo.log"
for step in 'through jni' 'through ffm' LOGIN '3 pages' 'for account123'; do
  grep -q -e "$step" "$target/java-demo.log" || { echo "the demo does not show $step"; exit 1; }
done

# shellcheck disable=SC2086 # versions are words
runtimes=$(tests/java/runtimes.sh "$target/java/runtimes" $versions)
for version in $versions; do
  # What is skipped is said; and CI skips nothing.
  if ! echo "$runtimes" | grep -q "^java$version="; then
    echo "Java $version: SKIPPED, it could not be had"
    [ -z "${CI:-}" ] || exit 1
  fi
done
log=$target/java-tests.log
failed=0
rm -rf bindings/java/tests/target/failsafe-reports
# shellcheck disable=SC2046
$MVN -B -l "$log" -f bindings/java verify -Dmaven.javadoc.skip=true -Dskip.toolchain.tests=true \
  -Dboomi.emulator="$BOOMI_EMULATOR" -Dboomi.profile=$PROFILE \
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
