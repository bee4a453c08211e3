"""Secrets that are easy to find again, for tests that look everywhere for them."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import boomi_auth
from boomi_auth.pytest_plugin import BoomiEmulator, program

USER = "user@example.com"
OTP_USER = "twofa@example.com"
# In no source line as a whole, since tracebacks show those too.
_MARK = "-".join(["marker", "of"])


def mark(name: str) -> str:
    """The secret of a name. Call it in the expression that gives it away, so that no frame of a test has it as a local."""
    return base64.b32encode(b"secret-of-otp").decode().rstrip("=") if name == "otp" else f"{_MARK}-{name}"


def found_in(text: str, *others: str) -> list[str]:
    """The secrets that a text has, as they are or as they are sent."""
    headers = [
        boomi_auth.auth_header(USER, password=mark("password")),
        boomi_auth.auth_header(USER, api_token=mark("token")),
    ]
    secrets = [_MARK, mark("otp"), *(header.removeprefix("Basic ")[24:] for header in headers), *others]
    return [secret for secret in secrets if secret in text]


@contextmanager
def marked_emulator(directory: Path) -> Iterator[BoomiEmulator]:
    """A Boomi whose users have marked secrets."""
    users = [
        {"name": USER, "password": mark("password"), "token": mark("token"), "accounts": ["account123"]},
        {"name": OTP_USER, "password": mark("password"), "otp_secret": mark("otp"), "accounts": ["account123"]},
    ]
    limit = {"requests_per_second": None, "retry_after_s": None}
    file = directory / "scenario.json"
    file.write_text(json.dumps({"users": users, "rate_limit": limit}), "utf-8")
    emulator = BoomiEmulator(program() or "boomi-emulator", "--scenario", str(file))
    try:
        yield emulator
    finally:
        emulator.close()
