"""examples/python, each run as a user runs it: against the emulator, by its script, with the real packages."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from boomi_auth.pytest_plugin import BoomiEmulator, program
from conftest import ROOT

EXAMPLES = ROOT / "examples" / "python"
SIZE = 20_000_000


def run(name: str, *arguments: str) -> tuple[str, str]:
    """What it printed, and what it said on standard error."""
    emulator = program()
    assert emulator is not None
    script = ROOT / "tests" / "emulator" / "with-emulator.sh"
    command = [str(script), emulator, sys.executable, str(EXAMPLES / f"{name}.py"), *arguments]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    for secret in (BoomiEmulator.user.api_token, "eyJ"):
        assert secret not in done.stdout + done.stderr
    return done.stdout, done.stderr


def test_quickstart() -> None:
    lines = (EXAMPLES / "quickstart.py").read_text().partition("import boomi_auth")
    assert len((lines[1] + lines[2]).splitlines()) <= 10
    shown, _ = run("quickstart")
    assert "a record: user@example.com, LOGIN," in shown
    assert "a query: 250 processes" in shown
    assert "a JWT: for account123, good for 300 s" in shown


def test_download(tmp_path: Path) -> None:
    file = tmp_path / "body"
    _, bar = run("download", f"/api/rest/v1/{{accountId}}/Deployment/sized-{SIZE}", str(file))
    assert file.stat().st_size == SIZE
    assert "100%" in bar and "20.0M/20.0M" in bar


def test_query_to_pandas() -> None:
    shown, _ = run("query_to_pandas")
    assert "row-1\n" in shown and "250 rows" in shown


@pytest.mark.parametrize("name", ["with_requests", "with_httpx"])
def test_other_http_clients(name: str) -> None:
    shown, _ = run(name)
    assert "documentId-321" in shown or "organization-1" in shown


def test_logging_events() -> None:
    _, logged = run("logging_events")
    assert "INFO boomi_auth: token_issued account_id=account123" in logged
    assert "INFO app: answered 200 after 1 tries" in logged


def test_describe() -> None:
    shown, _ = run("describe")
    assert "'base_url': 'https://localhost:" in shown and "'secret': '***'" in shown
    assert "'held': None" in shown and "'next_refresh_at': " in shown


def test_each_has_a_test() -> None:
    tested = Path(__file__).read_text()
    for example in EXAMPLES.glob("*.py"):
        assert f'"{example.stem}"' in tested, f"{example.name} has no test"
