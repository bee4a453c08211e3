#!/bin/sh
# The Python package as its users meet it: the wheel of `make python`, its types, its tests, and those once more on the oldest Python.
set -eu
cd "$(dirname "$0")/.."
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
: "${MAKE:=make}" "${CARGO:=cargo}"
export CARGO_TARGET_DIR="$target" PIP_DISABLE_PIP_VERSION_CHECK=1
export BOOMI_EMULATOR="$target/debug/boomi-emulator"

$CARGO build --locked -p boomi-emulator
$MAKE -s python
cd bindings/python
venv=$target/python/venv
"$venv/bin/pip" install -q -r requirements-dev.txt

# pyright finds the package's marker of types in an activated environment alone.
(
  . "$venv/bin/activate"
  export MYPY_CACHE_DIR="$target/python/mypy" RUFF_CACHE_DIR="$target/python/ruff"
  ruff check .
  ruff format --check .
  mypy tests typing --exclude '^tests/adapters/'
  # They have a conftest of their own, which is another module of the same name.
  MYPYPATH=tests/adapters mypy tests/adapters
  python -m mypy.stubtest boomi_auth
  pyright typing
  pyright --verifytypes boomi_auth --ignoreexternal
)
"$venv/bin/python" -m pytest -q -p no:cacheprovider tests --ignore tests/adapters
"$venv/bin/python" -m pytest -q -p no:cacheprovider tests/adapters

python=$("$venv/bin/python" tests/packaging/interpreters.py | head -n 1)
oldest=$target/python/oldest
echo "once more on $("$python" --version), the oldest one here: $python"
test -x "$oldest/bin/pytest" || "$python" -m venv --clear "$oldest"
"$oldest/bin/pip" install -q -r requirements-dev.txt
"$oldest/bin/pip" install -q --no-index --force-reinstall "$target"/python/wheels/*-cp310-*.whl
"$oldest/bin/python" -m pytest -q -p no:cacheprovider tests --ignore tests/packaging --ignore tests/adapters
"$oldest/bin/python" -m pytest -q -p no:cacheprovider tests/adapters
