"""The wheel of `make python-wheels` for free-threaded CPythons, which may be built where there is none. Not optimised here."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

from built import ROOT, TARGET, version


def test_it_is_built_for_the_other_stable_abi(tmp_path: Path) -> None:
    maturin = Path(sys.executable).with_name("maturin")
    options = "--profile dev --no-default-features --features abi3t -i python3.15t"
    where: list[str | Path] = ["-m", ROOT / "bindings/python/Cargo.toml", "-o", tmp_path]
    env = {**os.environ, "CARGO_TARGET_DIR": str(TARGET)}
    subprocess.run([maturin, "build", *options.split(), *where], check=True, env=env)
    (wheel,) = tmp_path.glob("*.whl")
    assert wheel.name.startswith(f"boomi_auth-{version()}-cp315-abi3.abi3t-manylinux_")
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".so")]
        library = archive.extract(name, tmp_path)
    told = subprocess.run(["nm", "-D", "--defined-only", library], check=True, stdout=subprocess.PIPE, text=True).stdout
    assert [line.split()[-1] for line in told.splitlines()] == ["PyModExport__native"]
