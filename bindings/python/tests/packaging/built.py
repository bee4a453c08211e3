"""The wheel that `make python` has built, for the tests of it."""

from __future__ import annotations

import os
import re
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[4]
TARGET = (ROOT / os.environ.get("CARGO_TARGET_DIR", "target")).resolve()


def wheel() -> Path:
    found = list((TARGET / "python/wheels").glob("*-cp310-*.whl"))
    assert len(found) == 1, f"there are {len(found)} wheels where `make python` puts one"
    return found[0]


def files(wheel: Path) -> dict[str, bytes]:
    """What is in it, by names without the version."""
    with zipfile.ZipFile(wheel) as archive:
        return {re.sub(r"-[^/]*\.dist-info", ".dist-info", name): archive.read(name) for name in archive.namelist()}


def version() -> str:
    """The core's."""
    found = re.search(r'^\[workspace\.package\]\nversion = "(.*)"$', (ROOT / "Cargo.toml").read_text(), re.MULTILINE)
    assert found
    return found[1]


def locked(lock: Path) -> dict[str, set[str]]:
    """Which versions of which crates a lock file names."""
    crates: dict[str, set[str]] = {}
    for name, version in re.findall(r'^name = "(.*)"\nversion = "(.*)"$', lock.read_text(), re.MULTILINE):
        crates.setdefault(name, set()).add(version)
    return crates
