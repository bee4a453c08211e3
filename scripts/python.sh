#!/bin/sh
# The Python package as its users meet it.
#   python.sh      a wheel of the profile light: its lints, types and tests, on the Python that builds it
#   python.sh all  the wheel of releases: what is in it, and its tests on the other Pythons of this machine
set -eu
cd "$(dirname "$0")/.."
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
: "${MAKE:=make}" "${CARGO:=cargo}" "${BOOMI_EMULATOR:=$target/debug/boomi-emulator}"
export CARGO_TARGET_DIR="$target" PIP_DISABLE_PIP_VERSION_CHECK=1 BOOMI_EMULATOR
venv=$target/python/venv
test -x "$BOOMI_EMULATOR" || $CARGO build --locked -p boomi-emulator

# tests VENV OPTION...: pytest in that environment.
tests() {
  where=$1/bin
  shift
  "$where/python" -m pytest -q -p no:cacheprovider "$@"
}

# lints: pyright finds the package's marker of types in an activated environment alone.
lints() (
  set -e
  $CARGO clippy --locked -- -D warnings
  . "$venv/bin/activate"
  export MYPY_CACHE_DIR="$target/python/mypy" RUFF_CACHE_DIR="$target/python/ruff"
  ruff check .
  ruff format --check .
  mypy tests typing
  python -m mypy.stubtest boomi_auth
  pyright typing
  pyright --verifytypes boomi_auth --ignoreexternal
)

failed=0
if [ "${1:-}" != all ]; then
  $MAKE -s demo-python PROFILE=light | tee "$target/python-demo.log"
  for step in LOGIN '250 processes' 'for account123'; do
    grep -q -e "$step" "$target/python-demo.log" || { echo "the demo does not show $step"; exit 1; }
  done
  cd bindings/python
  "$venv/bin/pip" install -q -r requirements-dev.txt
  lints >"$target/python/lints.log" 2>&1 &
  tests "$venv" tests --ignore tests/packaging || failed=1
  wait $! || failed=1
  cat "$target/python/lints.log"
  exit $failed
fi

$MAKE -s python
cd bindings/python
"$venv/bin/pip" install -q -r requirements-dev.txt
# Where there is no other Python, the one that there is takes the wheel of releases.
this=$(realpath "$venv/bin/python")
others=$("$venv/bin/python" tests/packaging/interpreters.py | grep -vxF "$this" || :)
for python in ${others:-"$venv/bin/python"}; do
  other=$target/python/$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
  test -x "$other/bin/pytest" || "$python" -m venv --clear "$other"
  "$other/bin/pip" install -q -r requirements-dev.txt
  "$other/bin/pip" install -q --no-index --force-reinstall "$target"/python/wheels/*-cp310-*.whl
  echo "on $("$python" --version): $python"
  tests "$other" tests --ignore tests/packaging || failed=1
done
tests "$venv" tests/packaging || failed=1
exit $failed
