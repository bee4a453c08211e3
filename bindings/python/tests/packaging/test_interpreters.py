"""The one wheel, on every CPython of this machine."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from boomi_auth.pytest_plugin import BoomiEmulator
from built import version, wheel
from interpreters import interpreters

PROGRAM = """
import boomi_auth, gc
with boomi_auth.Client.from_env() as client:
    assert client.get("/api/rest/v1/{accountId}/AuditLog/documentId-321").json()["documentId"] == "documentId-321"
    assert client.token().account_id == "account123"
    assert len(list(client.query("Process"))) == 250
try:
    boomi_auth.Client(timeout=-1)
except boomi_auth.ConfigurationError as error:
    assert "timeout" in str(error)
gc.collect()
print(boomi_auth.__version__)
"""


@pytest.mark.parametrize("python", interpreters())
def test_it_runs(python: str, boomi_emulator: BoomiEmulator, tmp_path: Path) -> None:
    # Debian's has no pip of its own.
    subprocess.run([python, "-m", "venv", "--without-pip", tmp_path / "venv"], check=True)
    inside = tmp_path / "venv/bin/python"
    pip: list[str | Path] = [sys.executable, "-m", "pip", "--python", inside, "install", "-q", "--no-index"]
    subprocess.run([*pip, wheel()], check=True)
    ran = subprocess.run(
        [inside, "-I", "-X", "dev", "-W", "error", "-c", PROGRAM],
        env=boomi_emulator.env,
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    assert ran.stdout == f"{version()}\n"
