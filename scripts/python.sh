#!/bin/sh
# The Python package as its users meet it: the wheel of `make python`, its types, its tests, and those once more on the oldest Python.
set -eu
cd "$(dirname "$0")/.."
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
: "${MAKE:=make}" "${CARGO:=cargo}"
export CARGO_TARGET_DIR="$target" PIP_DISABLE_PIP_VERSION_CHECK=1
export BOOMI_EMULATOR="$target/debug/boomi-emulator"

$CARGO build --locked -p boomi-emulator
# It makes the wheel.
$MAKE -s demo-python | tee "$target/python-demo.log"
for step in LOGIN '250 processes' 'for account123'; do
  grep -q -e "$step" "$target/python-demo.log" || { echo "the demo does not show $step"; exit 1; }
done
cd bindings/python
# A workspace of its own, which the lints of the root leave out.
$CARGO fmt --check
$CARGO clippy --locked -- -D warnings
venv=$target/python/venv
"$venv/bin/pip" install -q -r requirements-dev.txt

# pyright finds the package's marker of types in an activated environment alone.
(
  . "$venv/bin/activate"
  export MYPY_CACHE_DIR="$target/python/mypy" RUFF_CACHE_DIR="$target/python/ruff"
  ruff check .
  ruff format --check .
  mypy tests typing
  python -m mypy.stubtest boomi_auth
  pyright typing
  pyright --verifytypes boomi_auth --ignoreexternal
)
python=$("$venv/bin/python" tests/packaging/interpreters.py | head -n 1)
oldest=$target/python/oldest
test -x "$oldest/bin/pytest" || "$python" -m venv --clear "$oldest"
"$oldest/bin/pip" install -q -r requirements-dev.txt
"$oldest/bin/pip" install -q --no-index --force-reinstall "$target"/python/wheels/*-cp310-*.whl

# run VENV OPTIONS...
run() {
  where=$1/bin
  shift
  "$where/python" -m pytest -q -p no:cacheprovider tests "$@"
}
# Both at once, since tests wait more than they compute.
run "$oldest" --ignore tests/packaging >"$target/python/oldest.log" 2>&1 &
failed=0
run "$venv" || failed=1
wait $! || failed=1
echo "once more on $("$python" --version), the oldest one here: $python"
cat "$target/python/oldest.log"
exit $failed
