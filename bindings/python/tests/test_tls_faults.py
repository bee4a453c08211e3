"""Certificates that are not trusted, and where trust comes from."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boomi_auth
import pytest
from boomi_auth.pytest_plugin import BoomiEmulator, program

RECORD = "/api/rest/v1/{accountId}/AuditLog/documentId-321"


@pytest.fixture
def other_ca() -> Iterator[str]:
    """A bundle that another server's certificate is of."""
    found = program()
    assert found
    other = BoomiEmulator(found)
    yield other.ca_file
    other.close()


def refused(emulator: BoomiEmulator, **settings: Any) -> boomi_auth.TlsError:
    """The exception of a handshake that must fail."""
    with emulator.client(**settings) as client, pytest.raises(boomi_auth.TlsError) as raised:
        client.get(RECORD)
    error = raised.value
    assert isinstance(error, boomi_auth.TransportError)
    assert (error.sent, error.retryable, error.status, error.attempts) == (False, False, None, 1)
    assert emulator.log() == []
    return error


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("expired", "its certificate, or an issuer's, has expired (Fri, 01 Jan 2021 00:00:00 GMT), or this"),
        ("wrong_host", "its certificate is for another host (example.org); check the base URL"),
        ("self_signed", "its certificate is self-signed or from an authority that is not trusted"),
    ],
)
def test_a_bad_certificate(kind: str, text: str, boomi_emulator: BoomiEmulator) -> None:
    assert text in str(refused(boomi_emulator, base_url=boomi_emulator.bad_tls[kind]))


def test_the_wrong_ca(boomi_emulator: BoomiEmulator, other_ca: str) -> None:
    text = str(refused(boomi_emulator, ca_file=other_ca))
    assert "Trusted roots: the given CA bundle alone (1 certificate)" in text


def test_no_ca(boomi_emulator: BoomiEmulator) -> None:
    text = str(refused(boomi_emulator, ca_file=None))
    assert "Trusted roots: the operating system's trust store" in text and "_BUNDLE" not in text
    # It names the setting, not a function of one language.
    assert "the CA file (BOOMI_CA_FILE)" in text and "boomi_config" not in text and "::" not in text


def test_a_ca_besides_the_systems(boomi_emulator: BoomiEmulator, other_ca: str) -> None:
    with boomi_emulator.client(ca_mode="add") as client:
        assert client.get(RECORD).ok
    boomi_emulator.reset()
    text = str(refused(boomi_emulator, ca_file=other_ca, ca_mode="add"))
    assert "trust store" in text and "the given CA bundle" in text


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
@pytest.mark.parametrize("is_good", [True, False])
def test_the_bundle_of_another_library_is_not_read(
    name: str, is_good: bool, boomi_emulator: BoomiEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, boomi_emulator.ca_file if is_good else "/no/such/bundle.pem")
    text = str(refused(boomi_emulator, ca_file=None))
    assert f"{name} is set, which is not read here: give ca_file=, or set BOOMI_CA_FILE or SSL_CERT_FILE" in text
    with boomi_emulator.client() as client:
        assert client.get(RECORD).ok


def run_with(environment: dict[str, str], emulator: BoomiEmulator) -> str:
    """What a program prints with these variables: the system's roots are read once in a process."""
    code = f"""
import boomi_auth
try:
    print(boomi_auth.Client.from_env(proxy="").get({RECORD!r}).status_code)
except boomi_auth.TlsError as error:
    print("TlsError", error)
"""
    of_boomi = {name: value for name, value in emulator.env.items() if name != "BOOMI_CA_FILE"}
    ran = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | of_boomi | environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert not ran.stderr
    return ran.stdout.strip()


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "BOOMI_CA_FILE"])
def test_the_bundle_of_the_environment(name: str, boomi_emulator: BoomiEmulator, other_ca: str) -> None:
    assert run_with({name: boomi_emulator.ca_file}, boomi_emulator) == "200"
    assert run_with({name: other_ca}, boomi_emulator).startswith("TlsError")


def test_the_text_names_the_bundle_of_the_environment(boomi_emulator: BoomiEmulator, other_ca: str) -> None:
    assert f"SSL_CERT_FILE={other_ca}" in run_with({"SSL_CERT_FILE": other_ca}, boomi_emulator)


def test_a_bundle_that_is_not_there(boomi_emulator: BoomiEmulator, tmp_path: Path) -> None:
    missing = tmp_path / "missing.pem"
    with pytest.raises(boomi_auth.ConfigurationError, match="ca_file: cannot read .*missing.pem") as raised:
        boomi_emulator.client(ca_file=missing)
    cause = raised.value.__cause__
    assert isinstance(cause, FileNotFoundError) and cause.filename == str(missing) and cause.errno


def test_a_bundle_without_a_certificate(boomi_emulator: BoomiEmulator, tmp_path: Path) -> None:
    empty = tmp_path / "empty.pem"
    empty.write_text("nothing")
    with pytest.raises(ValueError, match="the CA bundle has no certificate"):
        boomi_emulator.client(ca_file=str(empty))


def test_a_bundle_that_is_a_directory(boomi_emulator: BoomiEmulator, tmp_path: Path) -> None:
    with pytest.raises(boomi_auth.ConfigurationError) as raised:
        boomi_emulator.client(ca_file=tmp_path)
    assert isinstance(raised.value.__cause__, IsADirectoryError)
