"""The source distribution: what it carries, and that it builds where nothing else is."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from built import ROOT, TARGET, files, version, wheel

NAME = f"boomi_auth-{version()}"


@pytest.fixture(scope="module")
def unpacked() -> Iterator[Path]:
    """Outside of the checkout; always at the same place, or each run would leave what cargo makes of it."""
    place = Path(tempfile.gettempdir()) / f"boomi-auth-sdist-{os.getuid()}"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(mode=0o700)
    maturin: list[str | Path] = [Path(sys.executable).with_name("maturin"), "sdist", "-o", place]
    subprocess.run([*maturin, "-m", ROOT / "bindings/python/Cargo.toml"], check=True)
    assert (place / f"{NAME}.tar.gz").stat().st_size < 500_000
    # With the times of now: those in it are all the same, and cargo looks at times.
    subprocess.run(["tar", "xzmf", place / f"{NAME}.tar.gz", "-C", place], check=True)
    yield place / NAME
    shutil.rmtree(place)


def test_it_carries_what_is_built_and_no_tests(unpacked: Path) -> None:
    top = {path.name for path in unpacked.iterdir()}
    assert top == {
        "CHANGELOG.md",
        "Cargo.lock",
        "Cargo.toml",
        "LICENSE-APACHE",
        "LICENSE-MIT",
        "PKG-INFO",
        "PYPI.md",
        "README.md",
        "bindings",
        "build.rs",
        "cbindgen.toml",
        "include",
        "pyproject.toml",
        "python",
        "src",
    }
    of_python = {path.name for path in (unpacked / "bindings/python").iterdir()}
    assert "tests" not in of_python and "typing" not in of_python
    assert (unpacked / "LICENSE-MIT").read_bytes() == (ROOT / "LICENSE-MIT").read_bytes()
    assert not list(unpacked.rglob("*.so"))


def test_it_builds_in_isolation(unpacked: Path, tmp_path: Path) -> None:
    # Not optimised, and beside the crates that are compiled already.
    pip: list[str | Path] = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", tmp_path]
    env = {**os.environ, "CARGO_TARGET_DIR": str(TARGET)}
    subprocess.run([*pip, "--config-settings=build-args=--profile dev", unpacked], check=True, cwd=tmp_path, env=env)
    (made,) = tmp_path.glob("*.whl")
    assert made.name.startswith(f"{NAME}-cp310-abi3-linux_")
    ours, theirs = files(wheel()), files(made)
    differ = {name for name in ours if ours[name] != theirs.get(name)}
    assert differ <= {
        "boomi_auth/_native.abi3.so",
        "boomi_auth.dist-info/RECORD",
        "boomi_auth.dist-info/WHEEL",
        "boomi_auth.dist-info/sboms/boomi-auth-python.cyclonedx.json",
    }
    assert ours.keys() == theirs.keys()
