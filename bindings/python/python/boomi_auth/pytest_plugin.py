"""Fixtures for tests of programs that talk to Boomi: a Boomi on loopback, so that a suite needs no account.

pytest finds them where this package is installed::

    def test_fetches_the_log(boomi_emulator):
        with boomi_emulator.client() as client:
            assert client.get("/api/rest/v1/{accountId}/AuditLog/documentId-321").ok

    def test_the_program_as_it_is(boomi_env):
        my_program.main()  # its Client.from_env() gets the emulator

The emulator is the program ``boomi-emulator``, found on the PATH or through the variable BOOMI_EMULATOR. Tests that
want it are skipped where it is not installed.
"""

from __future__ import annotations

# pytest imports this wherever the package is installed: what only some tests need is imported there.
import os
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

if TYPE_CHECKING:
    from . import Client, Credentials


class User(NamedTuple):
    """A user of the emulator."""

    name: str
    password: str
    api_token: str
    otp_secret: str | None = None


class BoomiEmulator:
    """A running emulator, with the users and records that its README tells."""

    user: User = User("user@example.com", "pass:wörd with spaces", "11111111-aaaa-4bbb-8ccc-000000000001")
    """A user whose password opens ``account123`` and ``subaccount456``, and whose token opens ``account123``."""
    two_factor_user: User = User(
        "twofa@example.com",
        "twofa-password",
        "11111111-aaaa-4bbb-8ccc-000000000004",
        "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
    )
    """A user whose password needs a one-time code."""
    account_id = "account123"

    def __init__(self, program: str, *arguments: str) -> None:
        import json
        import subprocess

        pipe = subprocess.PIPE
        try:
            self._process = subprocess.Popen([program, *arguments], stdin=pipe, stdout=pipe, encoding="utf-8")
        except OSError as failed:
            raise RuntimeError(
                f"{program}, which BOOMI_EMULATOR or the PATH names, cannot be run: {failed}"
            ) from failed
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{program} did not start: its status is {self._process.wait()}")
        ready = json.loads(line)
        self.base_url: str = ready["base_url"]
        """Its address."""
        self.hub_url: str = ready["hub_url"]
        """The server at another origin, like a DataHub repository."""
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
            "no_proxy": "localhost,127.0.0.1",
        }

    def client(self, credentials: Credentials | None = None, **settings: Any) -> Client:
        """Returns a client: by default of the regular user and ``account123``, without a proxy and a rate limit."""
        from . import Client, Credentials

        ours: dict[str, Any] = {
            "account_id": self.account_id,
            "base_url": self.base_url,
            "ca_file": self.ca_file,
            "proxy": "",
            "requests_per_second": 0,
        }
        return Client(credentials or Credentials.api_token(self.user.name, self.user.api_token), **ours | settings)

    def control(self, path: str, body: Any = None, *, method: str | None = None) -> Any:
        """Asks the control API, or with a body tells it something: ``control("faults", {"status": 500})``."""
        import json
        from urllib.request import ProxyHandler, Request, build_opener

        data = None if body is None else json.dumps(body).encode()
        request = Request(f"{self.control_url}/control/{path}", data, method=method)
        with build_opener(ProxyHandler({})).open(request, timeout=30) as response:
            text = response.read()
        return json.loads(text) if text.strip() else None

    def log(self) -> list[dict[str, Any]]:
        """Every request so far: when, path, status, user, which headers came."""
        return self.control("log")  # type: ignore[no-any-return]

    def users(self) -> dict[str, dict[str, Any]]:
        """By name: rejections, acceptances, repeated codes, and whether the user is locked."""
        return {about["user"]: about for about in self.control("users")}

    def reset(self) -> None:
        """Back to the start. What the guard of this process knows of the users stays."""
        self.control("reset", method="POST")

    def close(self) -> None:
        """Ends it."""
        import subprocess

        # It ends, and removes its files, when its standard input does; but what a test forked may hold that open.
        with self._process as process:
            assert process.stdin is not None
            process.stdin.close()
            try:
                process.wait(timeout=2)
            except subprocess.TimeoutExpired:
                process.terminate()


def program() -> str | None:
    """The emulator's program, if it is installed."""
    return os.environ.get("BOOMI_EMULATOR") or shutil.which("boomi-emulator")


# The guard remembers users by address as long as the process lives, so no two tests get the same one.
_addresses: set[str] = set()


@pytest.fixture
def boomi_emulator() -> Iterator[BoomiEmulator]:
    """A Boomi of this test's own."""
    found = program()
    if found is None:
        pytest.skip("boomi-emulator is not installed: `cargo install --path tests/emulator` in boomi-auth's checkout")
    emulator = BoomiEmulator(found)
    while emulator.base_url in _addresses:
        emulator.close()
        emulator = BoomiEmulator(found)
    _addresses.add(emulator.base_url)
    try:
        # The pace of the real one would make tests slow; a test that wants it sets it.
        emulator.control("rate-limit", {"requests_per_second": None})
        yield emulator
    finally:
        emulator.close()


@pytest.fixture
def boomi_env(boomi_emulator: BoomiEmulator, monkeypatch: pytest.MonkeyPatch) -> BoomiEmulator:
    """The emulator, with an environment that points at it: for ``Client.from_env()``, in child processes too."""
    for name in list(os.environ):
        if name.startswith("BOOMI_") and name != "BOOMI_EMULATOR":
            monkeypatch.delenv(name)
    for name, value in boomi_emulator.env.items():
        monkeypatch.setenv(name, value)
    return boomi_emulator
