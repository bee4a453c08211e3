"""Callables of the caller's: what they raise, what they return, and that they may call a client."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any, NoReturn

import boomi_auth
import pytest
from boomi_auth import Credentials
from boomi_auth.pytest_plugin import BoomiEmulator

RECORD = "/api/rest/v1/{accountId}/AuditLog/documentId-321"


def failing(error: BaseException) -> Callable[..., NoReturn]:
    def raises(*_: object) -> NoReturn:
        raise error

    return raises


def with_codes(emulator: BoomiEmulator, otp: Any) -> boomi_auth.Client:
    user = emulator.two_factor_user
    return emulator.client(Credentials.password(user.name, user.password, otp=otp))


def test_what_the_credentials_callable_raises_is_the_cause(boomi_emulator: BoomiEmulator) -> None:
    shut = LookupError("the vault is shut")
    client = boomi_emulator.client(Credentials.from_callable(failing(shut)))
    for use in (lambda: client.get(RECORD), client.token, client.generate_jwt):
        with pytest.raises(
            boomi_auth.ConfigurationError, match="the credentials callable raised LookupError"
        ) as raised:
            use()
        assert raised.value.__cause__ is shut and not raised.value.sent
    assert boomi_emulator.log() == []


def test_what_the_callable_of_codes_raises_is_the_cause(boomi_emulator: BoomiEmulator) -> None:
    shut = LookupError("no phone")
    with with_codes(boomi_emulator, failing(shut)) as client:
        with pytest.raises(boomi_auth.OtpError, match="raised LookupError") as raised:
            client.get(RECORD)
        assert raised.value.__cause__ is shut
    assert boomi_emulator.log() == []


@pytest.mark.parametrize("end", [KeyboardInterrupt(), SystemExit(3), GeneratorExit()])
def test_what_ends_the_program_comes_out(end: BaseException, boomi_emulator: BoomiEmulator) -> None:
    for client in (
        boomi_emulator.client(Credentials.from_callable(failing(end))),
        with_codes(boomi_emulator, failing(end)),
    ):
        with client, pytest.raises(type(end)) as raised:
            client.token()
        assert raised.value is end
    assert boomi_emulator.log() == []


@pytest.mark.parametrize(
    "given",
    [None, "token", 5, object(), Credentials, ("user@example.com", "x")],
    ids=lambda given: type(given).__name__,
)
def test_nonsense_for_credentials(given: Any, boomi_emulator: BoomiEmulator) -> None:
    with boomi_emulator.client(Credentials.from_callable(lambda _: given)) as client:
        with pytest.raises(boomi_auth.ConfigurationError) as raised:
            client.get(RECORD)
        assert isinstance(raised.value.__cause__, TypeError) and "must return" in str(raised.value.__cause__)
    assert boomi_emulator.log() == []


def test_credentials_of_another_callable(boomi_emulator: BoomiEmulator) -> None:
    inner = Credentials.from_callable(failing(LookupError()))
    client = boomi_emulator.client(Credentials.from_callable(lambda _: inner))
    with pytest.raises(boomi_auth.ConfigurationError, match="must return fixed credentials"):
        client.get(RECORD)
    with_otp = Credentials.password("user@example.com", "x", otp=lambda: "123456")
    with boomi_emulator.client(Credentials.from_callable(lambda _: with_otp)) as client:
        with pytest.raises(boomi_auth.ConfigurationError) as raised:
            client.get(RECORD)
        assert "an argument of Credentials.from_callable(..., otp=...) itself" in str(raised.value.__cause__)


@pytest.mark.parametrize(
    "given", [None, 123456, b"123456", "", "12 34 56", "1" * 65, "12\r\nX-A: b", "\udc80"], ids=ascii
)
def test_nonsense_for_a_code(given: Any, boomi_emulator: BoomiEmulator) -> None:
    with with_codes(boomi_emulator, lambda: given) as client:
        with pytest.raises(boomi_auth.OtpError) as raised:
            client.get(RECORD)
        assert not raised.value.sent
    # A wrong one would count as a bad sign-in.
    assert boomi_emulator.log() == []


def test_a_callable_may_use_another_client(boomi_emulator: BoomiEmulator) -> None:
    user = boomi_emulator.user
    vault = boomi_emulator.client()

    def ask(_: bool) -> Credentials:
        assert vault.get(RECORD).ok
        return Credentials.password(user.name, user.password)

    with boomi_emulator.client(Credentials.from_callable(ask)) as client:
        assert client.get(RECORD).ok and client.token().account_id == "account123"


@pytest.mark.parametrize(
    "who",
    [
        f"Credentials.from_callable(lambda rejected: client.get({RECORD!r}))",
        "Credentials.from_callable(lambda rejected: client.generate_jwt())",
    ],
)
def test_a_callable_that_needs_itself(who: str, boomi_emulator: BoomiEmulator) -> None:
    # In a process of its own, which must survive.
    code = f"""
from boomi_auth import Client, ConfigurationError, Credentials
client = Client({who}, base_url={boomi_emulator.base_url!r}, ca_file={boomi_emulator.ca_file!r}, account_id="a", proxy="")
try:
    client.get({RECORD!r}, timeout=5)
except ConfigurationError as error:
    while error.__cause__:
        error = error.__cause__
    print(type(error).__name__, error)
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0 and ran.stdout.startswith("RecursionError a callback makes the call"), ran


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_what_an_event_handler_raises_fails_no_call(
    boomi_emulator: BoomiEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    end = LookupError("of the handler")
    seen: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda about: seen.append(about.exc_value))
    with boomi_emulator.client(on_event=failing(end)) as client:
        assert client.token().account_id == "account123" and client.get(RECORD).ok
    assert seen and all(each is end for each in seen)


@pytest.mark.parametrize("end", [KeyboardInterrupt(), SystemExit(3)])
def test_what_ends_the_program_comes_out_of_an_event_handler_too(
    end: BaseException, boomi_emulator: BoomiEmulator
) -> None:
    with boomi_emulator.client(on_event=failing(end)) as client, pytest.raises(type(end)) as raised:
        client.token()
    assert raised.value is end


def test_an_event_handler_may_use_another_client(boomi_emulator: BoomiEmulator) -> None:
    other, seen = boomi_emulator.client(), []

    def handle(event: dict[str, Any]) -> None:
        assert other.get(RECORD).ok
        seen.append(event["event"])

    with boomi_emulator.client(on_event=handle) as client:
        client.token()
    assert seen
