"""Exceptions: which answer is which, what they know, and that they leave a process whole."""

from __future__ import annotations

import copy
import multiprocessing
import pickle
from collections.abc import Callable
from typing import Any

import boomi_auth
import pytest
from boomi_auth import Credentials
from boomi_auth.pytest_plugin import BoomiEmulator

RECORD = "/api/rest/v1/{accountId}/AuditLog/documentId-321"
QUERY = {"query": "{ organizations { id } }"}
PUBLIC = [getattr(boomi_auth, name) for name in boomi_auth.__all__ if name.endswith("Error")]


@pytest.mark.parametrize(
    ("answer", "kind", "status", "retry_after", "retryable", "text"),
    [
        ({"status": 401}, "CredentialsRejectedError", 401, None, False, "check the user name and the token"),
        ({"shape": "user-message-login"}, "CredentialsRejectedError", 403, None, False, "Six rejected sign-ins lock"),
        ({"shape": "user-message-auth"}, "PermissionDeniedError", 403, None, False, "belongs to the account"),
        ({"status": 403, "body": "no"}, "PermissionDeniedError", 403, None, False, "check its privileges"),
        ({"status": 429, "headers": {"Retry-After": "7"}}, "RateLimitedError", 429, 7.0, True, "send fewer, or wait"),
        ({"shape": "rate-limit-xml"}, "RateLimitedError", 503, None, True, "10 requests a second"),
        ({"status": 404}, "HTTPStatusError", 404, None, False, "answered 404"),
        ({"status": 500, "body": "oops"}, "HTTPStatusError", 500, None, True, "answered 500: oops"),
    ],
)
def test_an_answer(
    answer: dict[str, Any],
    kind: str,
    status: int,
    retry_after: float | None,
    retryable: bool,
    text: str,
    boomi_emulator: BoomiEmulator,
) -> None:
    boomi_emulator.control("faults", answer)
    with boomi_emulator.client(max_retries=0) as client:
        got = client.get(RECORD)
        # The answer is there whatever its status.
        assert (got.status_code, got.ok, bool(got), got.retry_after) == (status, False, False, retry_after)
        with pytest.raises(boomi_auth.BoomiAuthError) as raised:
            got.raise_for_status()
    error = raised.value
    assert type(error).__name__ == kind and text in str(error)
    assert (error.status, error.retry_after, error.retryable) == (status, retry_after, retryable)
    assert (error.sent, error.attempts, error.response) == (True, 1, got)


def test_graphql_errors_with_status_200(boomi_emulator: BoomiEmulator) -> None:
    with boomi_emulator.client() as client:
        client.token()
        boomi_emulator.control("faults", {"shape": "graphql-system-error"})
        answer = client.post("/graphql", json=QUERY)
        assert answer.status_code == 200 and not answer.ok
        with pytest.raises(boomi_auth.HTTPStatusError, match="Something went wrong") as raised:
            answer.raise_for_status()
    assert raised.value.status == 200 and raised.value.response is answer


def test_the_third_wrong_password_is_not_sent(boomi_emulator: BoomiEmulator) -> None:
    wrong = Credentials.password(boomi_emulator.user.name, "wrong")
    with boomi_emulator.client(wrong) as client:
        assert client.get(RECORD).status_code == 401
        client.reset_guard()
        assert client.get(RECORD).status_code == 401
        for _ in range(3):
            with pytest.raises(boomi_auth.HeldError, match=r"six bad ones lock a user.*reset of the guard") as e:
                client.get(RECORD)
            assert isinstance(e.value, boomi_auth.AuthenticationError)
            assert (e.value.sent, e.value.attempts, e.value.status) == (False, 0, None)
            # Nobody need guess how long, or it is for good.
            assert (e.value.retry_after is not None) == e.value.retryable
    assert boomi_emulator.users()[boomi_emulator.user.name]["total_rejections"] == 2


def test_no_code_can_be_had(boomi_emulator: BoomiEmulator) -> None:
    user = boomi_emulator.two_factor_user
    with boomi_emulator.client(Credentials.password(user.name, user.password, otp=lambda: "")) as client:
        with pytest.raises(boomi_auth.OtpError, match="the one-time code is empty") as raised:
            client.token()
        assert isinstance(raised.value, boomi_auth.AuthenticationError) and not raised.value.sent
    assert boomi_emulator.log() == []


def test_each_is_of_the_family() -> None:
    assert len(PUBLIC) == 18
    for kind in PUBLIC:
        assert issubclass(kind, boomi_auth.BoomiAuthError)
        assert kind.__module__ == "boomi_auth" and kind.__doc__
    assert issubclass(boomi_auth.ConfigurationError, ValueError) and issubclass(boomi_auth.ProtocolError, ValueError)
    assert issubclass(boomi_auth.RequestTimeoutError, TimeoutError)


def made(kind: type[boomi_auth.BoomiAuthError]) -> boomi_auth.BoomiAuthError:
    return kind("what happened", code=7, status=503, retry_after=1.5, retryable=True, sent=True, attempts=3)


def same(one: BaseException, other: BaseException) -> bool:
    """Whether nothing of an exception was lost."""
    return type(one) is type(other) and str(one) == str(other) and vars(one) == vars(other)


@pytest.mark.parametrize("kind", PUBLIC)
@pytest.mark.parametrize(
    "passed_on",
    [
        copy.copy,
        copy.deepcopy,
        *(lambda error, protocol=protocol: pickle.loads(pickle.dumps(error, protocol)) for protocol in range(6)),
    ],
)
def test_an_exception_is_copied(
    kind: type[boomi_auth.BoomiAuthError], passed_on: Callable[[BaseException], BaseException]
) -> None:
    assert same(made(kind), passed_on(made(kind)))


def ask(base_url: str, ca_file: str, do: str) -> int:
    """In another process."""
    who = Credentials.password("user@example.com", "wrong")
    client = boomi_auth.Client(who, account_id="account123", base_url=base_url, ca_file=ca_file, proxy="")
    if do == "raise_for_status":
        return client.get(RECORD).raise_for_status().status_code
    return client.generate_jwt(timeout=0.2).expires_at


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_an_exception_leaves_a_process(method: str, boomi_emulator: BoomiEmulator) -> None:
    with multiprocessing.get_context(method).Pool(1) as pool:
        arguments = (boomi_emulator.base_url, boomi_emulator.ca_file)
        with pytest.raises(boomi_auth.CredentialsRejectedError, match="check the user name and password") as rejected:
            pool.apply(ask, (*arguments, "raise_for_status"))
        # The answer itself holds a connection, and stays.
        assert (rejected.value.status, rejected.value.sent, rejected.value.response) == (401, True, None)
        with pytest.raises(boomi_auth.HeldError) as held:
            pool.apply(ask, (*arguments, "generate_jwt"))
        assert held.value.retry_after and held.value.retry_after > 50 and not held.value.sent
