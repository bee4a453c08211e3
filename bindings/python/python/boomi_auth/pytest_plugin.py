"""Fixtures for tests of programs that talk to Boomi: a Boomi on loopback, so that a suite needs no account.

pytest finds them by itself where this package is installed::

    def test_fetches_the_log(boomi_emulator):
        with boomi_emulator.client() as client:
            assert client.get("/api/rest/v1/{accountId}/AuditLog/documentId-321").ok

The emulator is the program ``boomi-emulator``, found on the PATH or through the variable BOOMI_EMULATOR. Tests that want it are
skipped where it is not installed.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.request import ProxyHandler, Request, build_opener

import pytest

from . import Client, Credentials


class User(NamedTuple):
    """A user of the emulator."""

    name: str
    password: str
    api_token: str
    otp_secret: str | None = None


class BoomiEmulator:
    """A running emulator, with the users and records that its README tells."""

    user = User("user@example.com", "pass:wörd with spaces", "11111111-aaaa-4bbb-8ccc-000000000001")
    """A user whose password opens ``account123`` and ``subaccount456``, and whose token opens ``account123``."""
    two_factor_user = User(
        "twofa@example.com",
        "twofa-password",
        "11111111-aaaa-4bbb-8ccc-000000000004",
        "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
    )
    """A user whose password needs a one-time code."""
    account_id = "account123"

    def __init__(self, program: str, *arguments: str) -> None:
        self._process = subprocess.Popen(
            [program, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{program} did not start: its status is {self._process.wait()}")
        ready = json.loads(line)
        self.base_url: str = ready["base_url"]
        """Its address."""
        self.hub_url: str = ready["hub_url"]
        """The same server as another origin, as a DataHub repository is."""
        self.ca_file: str = ready["ca_pem_path"]
        """The CA bundle that its certificate is of."""
        self.control_url: str = ready["control_url"]
        """Where faults are ordered, and the log is read."""
        self.bad_tls: dict[str, str] = ready.get("bad_tls") or {}
        """Addresses whose certificates are bad: ``expired``, ``wrong_host``, ``self_signed``."""

    @property
    def env(self) -> dict[str, str]:
        """The variables that point a program at it, with the regular user."""
        return {
            "BOOMI_API_URL": self.base_url,
            "BOOMI_CA_FILE": self.ca_file,
            "BOOMI_USERNAME": self.user.name,
            "BOOMI_API_TOKEN": self.user.api_token,
            "BOOMI_ACCOUNT_ID": self.account_id,
            "NO_PROXY": "localhost,127.0.0.1",
        }

    def client(self, credentials: Credentials | None = None, **settings: Any) -> Client:
        """A client for it: of the regular user and ``account123`` unless told otherwise, without a proxy and a pace."""
        settings = {
            "account_id": self.account_id,
            "base_url": self.base_url,
            "ca_file": self.ca_file,
            "proxy": "",
            "requests_per_second": 0,
        } | settings
        return Client(credentials or Credentials.api_token(self.user.name, self.user.api_token), **settings)

    def control(self, path: str, body: Any = None, *, method: str | None = None) -> Any:
        """Asks the control API, or with a body tells it something: ``control("faults", {"status": 500, "times": 2})``."""
        data = None if body is None else json.dumps(body).encode()
        request = Request(f"{self.control_url}/control/{path}", data, method=method)
        with build_opener(ProxyHandler({})).open(request, timeout=30) as answer:
            text = answer.read()
        return json.loads(text) if text.strip() else None

    def log(self) -> list[dict[str, Any]]:
        """Every request so far: when, path, status, user, which headers came."""
        return self.control("log")  # type: ignore[no-any-return]

    def users(self) -> dict[str, dict[str, Any]]:
        """Of each user: rejections, acceptances, repeated codes, and whether it is locked."""
        return self.control("users")  # type: ignore[no-any-return]

    def reset(self) -> None:
        """Back to the start. What the guard of this process knows of the users stays."""
        self.control("reset", method="POST")

    def close(self) -> None:
        """Ends it."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(timeout=30)


def program() -> str | None:
    """The emulator's program, if it is installed."""
    return os.environ.get("BOOMI_EMULATOR") or shutil.which("boomi-emulator")


@pytest.fixture
def boomi_emulator() -> Iterator[BoomiEmulator]:
    """A Boomi of this test's own."""
    found = program()
    if found is None:
        pytest.skip("boomi-emulator is not installed: `cargo install --path tests/emulator` in a checkout of boomi-auth")
    emulator = BoomiEmulator(found)
    try:
        # The pace of the real one would make tests slow; a test that wants it sets it.
        emulator.control("rate-limit", {"requests_per_second": None})
        yield emulator
    finally:
        emulator.close()
