"""The pytest plugin as a user's suite meets it: found by itself, cheap, and skipping where there is no emulator."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import boomi_auth
import pytest
from boomi_auth.pytest_plugin import BoomiEmulator, program

SUITE = """
import boomi_auth

RECORD = "/api/rest/v1/{accountId}/AuditLog/documentId-321"

def test_fetches_the_log(boomi_emulator):
    with boomi_emulator.client() as client:
        assert all(client.get(RECORD).ok for _ in range(15))
    assert [entry["status"] for entry in boomi_emulator.log()] == [200] * 15

def test_the_program_as_it_is(boomi_env):
    with boomi_auth.Client.from_env() as client:
        assert client.token().account_id == boomi_env.account_id
    assert boomi_env.users()["user@example.com"]["accepted"] == 1

def test_each_has_its_own(boomi_emulator):
    assert boomi_emulator.log() == []

def test_needs_none():
    pass
"""


def suite(home: Path, *arguments: str, code: str = SUITE, **variables: str) -> tuple[int, str]:
    """Runs a user's suite with pytest, and returns its status and what it printed."""
    # What an installed distribution says to pytest; it is another name so that one that is installed does not collide.
    about = home / "as_installed-0.dist-info"
    about.mkdir(exist_ok=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: as-installed\nVersion: 0\n")
    (about / "entry_points.txt").write_text("[pytest11]\nboomi_auth = boomi_auth.pytest_plugin\n")
    (home / "test_program.py").write_text(code)
    paths = os.pathsep.join([str(home), str(Path(boomi_auth.__file__).parents[1])])
    command = [sys.executable, "-m", "pytest", "-W", "error", "-rs", "-p", "no:cacheprovider", *arguments]
    done = subprocess.run(
        command,
        cwd=home,
        env=os.environ | {"PYTHONPATH": paths} | variables,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_a_users_suite_gets_its_fixtures_by_itself(tmp_path: Path) -> None:
    status, text = suite(tmp_path)
    assert status == 0 and "4 passed" in text, text


def test_it_works_with_xdist(tmp_path: Path) -> None:
    status, text = suite(tmp_path, "-n", "2")
    assert status == 0 and "4 passed" in text, text


def test_where_no_emulator_is_installed_tests_are_skipped_with_the_reason(tmp_path: Path) -> None:
    status, text = suite(tmp_path, BOOMI_EMULATOR="", PATH=str(tmp_path))
    assert status == 0 and "1 passed, 3 skipped" in text, text
    assert "boomi-emulator is not installed: `cargo install --path tests/emulator` in boomi-auth's checkout" in text


def test_an_emulator_that_is_not_there_or_does_not_start_is_an_error(tmp_path: Path) -> None:
    status, text = suite(tmp_path, BOOMI_EMULATOR=str(tmp_path / "nowhere"))
    assert status == 1 and "1 passed, 3 errors" in text, text
    status, text = suite(tmp_path, BOOMI_EMULATOR="false")
    assert status == 1 and "false did not start: its status is 1" in text, text


def test_pytest_knows_the_fixtures_documentation(tmp_path: Path) -> None:
    status, text = suite(tmp_path, "--fixtures")
    assert status == 0 and "A Boomi of this test's own." in text and "boomi_env" in text


def test_a_suite_without_it_pays_little() -> None:
    """It imports the package, and nothing that pytest has not imported by then: no HTTP, no process."""
    script = (
        "import sys, pytest; before = set(sys.modules); import boomi_auth.pytest_plugin;"
        "print(*sorted(name for name in set(sys.modules) - before if not name.startswith('boomi_auth')))"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert run.stdout.split() == []


def test_the_environment_points_at_it_alone(boomi_emulator: BoomiEmulator, request: pytest.FixtureRequest) -> None:
    with pytest.MonkeyPatch.context() as before:
        before.setenv("BOOMI_PASSWORD", "of another")
        before.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
        assert request.getfixturevalue("boomi_env") is boomi_emulator
        assert "BOOMI_PASSWORD" not in os.environ
        with boomi_auth.Client.from_env() as client:
            about = client.describe()
        assert (about["base_url"], about["proxy"]) == (boomi_emulator.base_url, None)


def test_it_ends_with_its_test_and_takes_its_files_along() -> None:
    found = program()
    assert found is not None
    emulator = BoomiEmulator(found)
    assert Path(emulator.ca_file).exists() and emulator.log() == []
    emulator.close()
    assert not Path(emulator.ca_file).exists()
    with pytest.raises(OSError):
        emulator.log()


def test_it_ends_though_a_child_holds_its_input_open() -> None:
    found = program()
    assert found is not None
    emulator = BoomiEmulator(found)
    # As a forked child does, while the test closes its own end.
    assert emulator._process.stdin is not None
    held = os.dup(emulator._process.stdin.fileno())
    try:
        emulator.close()
        assert emulator._process.returncode is not None
    finally:
        os.close(held)
