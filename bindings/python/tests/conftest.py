"""What the tests share: the emulator of this checkout, and an environment that says nothing of Boomi or a proxy."""

from __future__ import annotations

import os
import signal
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from boomi_auth.pytest_plugin import BoomiEmulator
from elsewhere import Elsewhere
from multiplexed import Multiplexed
from store_server import Store

ROOT = Path(__file__).resolve().parents[3]
# What a shell runs in the background ignores Ctrl-C, and so would the programs of the tests.
signal.signal(signal.SIGINT, signal.default_int_handler)
os.environ.setdefault("BOOMI_EMULATOR", str(ROOT / "target/debug/boomi-emulator"))


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the caller's environment says must not decide a test."""
    for name in list(os.environ):
        is_proxy = name.upper() in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
        is_boomi = name.startswith("BOOMI_") and name != "BOOMI_EMULATOR"
        if is_proxy or is_boomi or name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"):
            monkeypatch.delenv(name)


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Elsewhere]:
    """Another origin."""
    server = Elsewhere(tmp_path)
    yield server
    server.close()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A Valkey or Redis server."""
    server = Store(tmp_path)
    yield server
    server.close()


@pytest.fixture
def multiplexed(tmp_path: Path) -> Iterator[Multiplexed]:
    """A server that speaks HTTP/2."""
    server = Multiplexed(tmp_path)
    yield server
    server.close()


@pytest.fixture
def ca_file(boomi_emulator: BoomiEmulator, elsewhere: Elsewhere, tmp_path: Path) -> str:
    """The roots of both, for other libraries."""
    both = tmp_path / "both.pem"
    both.write_text(Path(boomi_emulator.ca_file).read_text() + elsewhere.ca_file.read_text())
    return str(both)


@pytest.fixture
def context(boomi_emulator: BoomiEmulator) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=boomi_emulator.ca_file)
