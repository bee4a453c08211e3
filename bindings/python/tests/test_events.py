"""Events as records of logging: their levels, their fields, and no secret."""

from __future__ import annotations

import logging
import sys
from typing import Any

import boomi_auth
import pytest
from boomi_auth.pytest_plugin import BoomiEmulator

RECORD = "/api/rest/v1/{accountId}/AuditLog/documentId-321"


def records(caplog: pytest.LogCaptureFixture) -> list[tuple[str, int]]:
    """The events' names with their levels."""
    ours = [record for record in caplog.records if record.name == "boomi_auth"]
    return [(record.boomi["event"], record.levelno) for record in ours]  # type: ignore[attr-defined]


def test_a_token_is_logged_with_its_fields_and_without_itself(
    boomi_emulator: BoomiEmulator, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with boomi_emulator.client(on_event=boomi_auth.log_event) as client:
        token = client.token()
    assert records(caplog)[0] == ("token_issued", logging.INFO)
    [record] = [record for record in caplog.records if record.getMessage().startswith("token_issued ")]
    about: dict[str, Any] = record.boomi  # type: ignore[attr-defined]
    assert about["account_id"] == "account123" and about["expires_at"] == token.expires_at
    assert f"expires_at={token.expires_at}" in record.getMessage()
    shown = caplog.text + repr([vars(record) for record in caplog.records])
    for secret in (token.jwt, boomi_emulator.user.api_token):
        assert str(secret) not in shown


def test_what_a_person_must_see_to_is_an_error(boomi_emulator: BoomiEmulator, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    wrong = boomi_auth.Credentials.password(boomi_emulator.user.name, "not-the-password")
    with boomi_emulator.client(wrong, on_event=boomi_auth.log_event) as client:
        with pytest.raises(boomi_auth.CredentialsRejectedError):
            client.token()
        with pytest.raises(boomi_auth.HeldError):
            client.token()
    assert ("sign_in_rejected", logging.ERROR) in records(caplog)
    assert ("sign_in_held", logging.ERROR) in records(caplog)
    assert "not-the-password" not in caplog.text + repr([vars(record) for record in caplog.records])


def test_what_was_not_as_it_should_be_is_a_warning(
    boomi_emulator: BoomiEmulator, caplog: pytest.LogCaptureFixture
) -> None:
    boomi_emulator.control("faults", {"status": 503, "path_prefix": "/api/", "times": 1})
    with boomi_emulator.client(on_event=boomi_auth.log_event) as client:
        assert client.get(RECORD).attempts == 2
    # At the level that loggers have by themselves.
    assert records(caplog) == [("request_retried", logging.WARNING)]


@pytest.mark.parametrize(
    ("name", "level"),
    [
        ("credentials_loaded", logging.INFO),
        ("sign_in_rejected", logging.ERROR),
        ("token_issued", logging.INFO),
        ("otp_awaited", logging.INFO),
        ("token_refreshed", logging.INFO),
        ("refresh_failed", logging.WARNING),
        ("token_refused", logging.WARNING),
        ("sign_in_held", logging.ERROR),
        ("state_unavailable", logging.WARNING),
        ("request_retried", logging.WARNING),
        ("of_a_later_version", logging.INFO),
    ],
)
def test_each_event_has_a_level(name: str, level: int, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    boomi_auth.log_event({"event": name, "host": "api.boomi.com"})
    assert caplog.record_tuples == [("boomi_auth", level, f"{name} host=api.boomi.com")]
    caplog.clear()
    caplog.set_level(level + 1, "boomi_auth")
    boomi_auth.log_event({"event": name})
    assert not caplog.records


def test_nothing_is_logged_unasked(boomi_emulator: BoomiEmulator, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with boomi_emulator.client() as client:
        client.token()
        client.get(RECORD)
    assert not caplog.records


def test_a_handler_that_raises_is_no_failure_of_the_call(
    boomi_emulator: BoomiEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    raised: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda unraisable: raised.append(unraisable.exc_value))

    def handler(event: dict[str, Any]) -> None:
        raise RuntimeError(event["event"])

    with boomi_emulator.client(on_event=handler) as client:
        assert client.token().account_id == "account123"
    assert "token_issued" in [str(error) for error in raised]


def test_what_handles_events_is_callable() -> None:
    with pytest.raises(boomi_auth.ConfigurationError, match="on_event is not callable"):
        boomi_auth.Client(on_event="log")  # type: ignore[arg-type]
