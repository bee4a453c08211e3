"""What a story may say. An unknown field is a TypeError; the README of tests/scenarios explains each."""

from __future__ import annotations

import json
from typing import Any, Literal, NamedTuple, TypeAlias

import boomi_auth
from boomi_auth import Token

# In the order of their codes, from 1.
ERRORS: dict[str, type[boomi_auth.BoomiAuthError]] = {
    "BOOMI_ERR_INVALID_ARGUMENT": boomi_auth.ConfigurationError,
    "BOOMI_ERR_CONFIG": boomi_auth.ConfigurationError,
    "BOOMI_ERR_CREDENTIALS_REJECTED": boomi_auth.CredentialsRejectedError,
    "BOOMI_ERR_PERMISSION_DENIED": boomi_auth.PermissionDeniedError,
    "BOOMI_ERR_HELD": boomi_auth.HeldError,
    "BOOMI_ERR_OTP": boomi_auth.OtpError,
    "BOOMI_ERR_RATE_LIMITED": boomi_auth.RateLimitedError,
    "BOOMI_ERR_HTTP_STATUS": boomi_auth.HTTPStatusError,
    "BOOMI_ERR_CONNECT": boomi_auth.ConnectError,
    "BOOMI_ERR_PROXY": boomi_auth.ProxyError,
    "BOOMI_ERR_TLS": boomi_auth.TlsError,
    "BOOMI_ERR_TIMEOUT": boomi_auth.RequestTimeoutError,
    "BOOMI_ERR_PROTOCOL": boomi_auth.ProtocolError,
    "BOOMI_ERR_TOO_LARGE": boomi_auth.ResponseTooLargeError,
    "BOOMI_ERR_CANCELED": boomi_auth.CanceledError,
    "BOOMI_ERR_INTERNAL": boomi_auth.InternalError,
}
Json: TypeAlias = Any
Scheme: TypeAlias = Literal["basic", "jwt"]
Number: TypeAlias = "float | list[float] | dict[str, float]"
NOT_SAID: Any = object()


class Given(NamedTuple):
    """The start of a story."""

    credentials: str = "right"
    kind: str = "password"
    callback: bool = False
    otp: bool = False
    timeout_ms: int | None = None
    retries: int = 0
    jwt: dict[str, Any] = {}
    server_clock_s: int = 0


class Expect(NamedTuple):
    """What must come of a step."""

    error: str | None = None
    retry_after_s: Number | None = NOT_SAID
    status: int | None = None
    attempts: int | None = None
    sent: bool | None = None
    token: int | None = None
    left_s: Number | None = None
    again: bool | None = None
    exchanges: Number | None = None


class Counts(NamedTuple):
    """What the server must have counted."""

    exchanges: Number | None = None
    sign_ins: Number | None = None
    accepted: Number | None = None
    rejected: Number | None = None
    bearers: Number | None = None
    probes: Number | None = None
    codes: Number | None = None
    repeated_codes: Number = 0
    locked: bool = False


class Came(NamedTuple):
    """What came of a step."""

    error: boomi_auth.BoomiAuthError | None = None
    status: int | None = None
    attempts: int | None = None
    token: Token | None = None
    again: bool | None = None


class Step(NamedTuple):
    do: str
    fields: dict[str, Any]
    client: int | None
    repeat: int
    expect: Expect
    text: str


class Scenario(NamedTuple):
    name: str
    given: Given
    steps: list[Step]
    expected: Counts


def seconds(milliseconds: int | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000


def text_of(body: Json) -> str:
    """A body as text: a string as it is, nothing as "", and anything else as JSON."""
    return body if isinstance(body, str) else "" if body is None else json.dumps(body)


def differs(what: str, expected: Number | None, came: float | None) -> str | None:
    """What is wrong, if something is; nothing is where nothing is expected. A number, a range, or at most so much."""
    match expected:
        case None:
            return None
        case {"at_most": most, **others} if not others:
            least = 0.0
        case [least, most]:
            pass
        case float() | int():
            least = most = expected
        case _:
            return f"{what} is expected to be {expected!r}, which is no number"
    # Times are told in milliseconds.
    within = came is not None and least - 0.0005 <= came <= most + 0.0005
    return None if within else f"expected {what} {expected}, came {came}"
