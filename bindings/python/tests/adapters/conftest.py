"""What the tests of the adapters share."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from boomi_auth.pytest_plugin import BoomiEmulator
from elsewhere import Elsewhere


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Elsewhere]:
    """Another origin."""
    server = Elsewhere(tmp_path)
    yield server
    server.close()


@pytest.fixture
def ca_file(boomi_emulator: BoomiEmulator, elsewhere: Elsewhere, tmp_path: Path) -> str:
    """The roots of both, for the libraries."""
    both = tmp_path / "both.pem"
    both.write_text(Path(boomi_emulator.ca_file).read_text() + elsewhere.ca_file.read_text())
    return str(both)


@pytest.fixture
def context(boomi_emulator: BoomiEmulator) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=boomi_emulator.ca_file)
