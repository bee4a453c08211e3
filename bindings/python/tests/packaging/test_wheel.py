"""What is in the wheel, and what its library shows to the linker."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import boomi_auth
import pytest
from built import ROOT, files, locked, version, wheel

LICENCES = ("LICENSE-MIT", "LICENSE-APACHE")


@pytest.fixture(scope="module")
def content() -> dict[str, bytes]:
    return files(wheel())


@pytest.fixture
def library(content: dict[str, bytes], tmp_path: Path) -> Path:
    path = tmp_path / "_native.abi3.so"
    path.write_bytes(content["boomi_auth/_native.abi3.so"])
    return path


def lines(*command: str | Path) -> list[str]:
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()


def test_it_is_one_for_every_cpython(content: dict[str, bytes]) -> None:
    assert wheel().name.startswith(f"boomi_auth-{version()}-cp310-abi3-")
    tags = re.findall(r"^Tag: (.*)$", content["boomi_auth.dist-info/WHEEL"].decode(), re.MULTILINE)
    assert tags and all(tag.startswith("cp310-abi3-manylinux_") for tag in tags)


def test_it_is_small() -> None:
    assert wheel().stat().st_size < 2_500_000


def test_it_has_the_version_of_the_core(content: dict[str, bytes]) -> None:
    assert f"\nVersion: {version()}\n" in content["boomi_auth.dist-info/METADATA"].decode()
    assert boomi_auth.__version__ == version()


def test_it_has_its_types_and_its_plugin_and_no_more_than_the_package(content: dict[str, bytes]) -> None:
    source = ROOT / "bindings/python/python"
    python = {str(path.relative_to(source)) for path in source.rglob("*") if path.suffix in (".py", ".pyi", ".typed")}
    assert {"boomi_auth/py.typed", "boomi_auth/_native.pyi"} < python
    assert {name for name in content if ".dist-info/" not in name} == python | {"boomi_auth/_native.abi3.so"}
    assert b"[pytest11]\nboomi_auth=boomi_auth.pytest_plugin" in content["boomi_auth.dist-info/entry_points.txt"]


def test_it_has_both_licences(content: dict[str, bytes]) -> None:
    for name in LICENCES:
        assert content[f"boomi_auth.dist-info/licenses/{name}"] == (ROOT / name).read_bytes()
        assert f"\nLicense-File: {name}\n" in content["boomi_auth.dist-info/METADATA"].decode()
    assert "\nLicense-Expression: MIT OR Apache-2.0\n" in content["boomi_auth.dist-info/METADATA"].decode()


def test_its_bill_of_materials_names_what_is_linked(content: dict[str, bytes]) -> None:
    (bill,) = [json.loads(text) for name, text in content.items() if name.startswith("boomi_auth.dist-info/sboms/")]
    assert bill["bomFormat"] == "CycloneDX"
    named = {(component["name"], component["version"]) for component in bill["components"]}
    assert {"boomi-auth", "pyo3", "ring", "rustls", "ureq"} <= {name for name, _ in named}
    lock = locked(ROOT / "bindings/python/Cargo.lock")
    assert named <= {(name, version) for name, versions in lock.items() for version in versions}


def test_its_library_exports_nothing_but_the_module(library: Path) -> None:
    assert [line.split()[-1] for line in lines("nm", "-D", "--defined-only", library)] == ["PyInit__native"]


def test_its_library_has_no_name_and_needs_nothing_but_the_system(library: Path) -> None:
    dynamic = "\n".join(lines("readelf", "-d", library))
    assert "(SONAME)" not in dynamic
    needed = set(re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic))
    assert needed <= {"libc.so.6", "libgcc_s.so.1", "libm.so.6", "libpthread.so.0", "libdl.so.2"} | {
        name for name in needed if name.startswith("ld-linux")
    }


def test_its_core_is_built_of_the_crates_that_the_core_is_tested_with() -> None:
    core, ours = locked(ROOT / "Cargo.lock"), locked(ROOT / "bindings/python/Cargo.lock")
    assert {name: versions for name, versions in ours.items() if name in core and not versions <= core[name]} == {}
    assert ours["boomi-auth-python"] == {version()}
