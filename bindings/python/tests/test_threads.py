"""Threads on one client: at once, each with its own answer, and as careful as one."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import TypeVar

import pytest
from boomi_auth import (
    AuthenticationError,
    BoomiAuthError,
    Call,
    CanceledError,
    Client,
    ConfigurationError,
    Credentials,
    CredentialsRejectedError,
    Token,
)
from boomi_auth.pytest_plugin import BoomiEmulator
from programs.child import in_flight, until
from programs.silent import HALF_AN_ANSWER, Silent

THREADS = 64
RECORD = "/api/rest/v1/{accountId}/AuditLog/documentId-321"
# Takes a JWT, and has no sign-ins to wait for.
BY_JWT = "/api/rest/v1/{accountId}/Deployment/documentId-321"
T = TypeVar("T")


def at_once(work: Callable[[], T], threads: int = THREADS) -> list[T]:
    """What each of so many threads gets that begin together."""
    together = threading.Barrier(threads)

    def one(_: int) -> T:
        together.wait(30)
        return work()

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(one, range(threads)))


def to_nobody(silent: Silent) -> Client:
    return Client(Credentials.api_token("user@example.com", "token"), base_url=silent.base_url, proxy="")


@contextmanager
def computing(threads: int = 2) -> Iterator[None]:
    """Threads that want the interpreter all the time."""
    done = threading.Event()

    def compute() -> None:
        while not done.is_set():
            sum(range(1000))

    all = [threading.Thread(target=compute) for _ in range(threads)]
    for thread in all:
        thread.start()
    try:
        yield
    finally:
        done.set()
        for thread in all:
            thread.join()


def test_calls_of_threads_are_at_the_server_at_once(boomi_emulator: BoomiEmulator) -> None:
    client = boomi_emulator.client()
    client.token()
    boomi_emulator.control("outage", {"kind": "hang", "path_prefix": "/api/"})
    with ThreadPoolExecutor(THREADS) as pool:
        calls = [pool.submit(client.get, BY_JWT, auth="jwt") for _ in range(THREADS)]
        # If one call kept the interpreter, there would be but one.
        until(lambda: in_flight(boomi_emulator) == THREADS)
        boomi_emulator.control("outage", {"kind": None})
        assert [call.result().status_code for call in calls] == [200] * THREADS


def test_threads_share_one_jwt(boomi_emulator: BoomiEmulator) -> None:
    client = boomi_emulator.client()
    tokens: list[Token] = at_once(client.token)
    assert len({token.jwt for token in tokens}) == 1
    assert [entry["path"] for entry in boomi_emulator.log()] == ["/auth/jwt/generate/account123"]


@pytest.mark.parametrize("what", ["requests", "tokens", "both"])
def test_a_wrong_password_is_sent_twice_at_most(boomi_emulator: BoomiEmulator, what: str) -> None:
    user = boomi_emulator.user
    client = boomi_emulator.client(Credentials.password(user.name, "wrong"))
    ways: list[Callable[[], object]] = [lambda: client.get(RECORD).raise_for_status(), client.token]
    turn = iter(ways * THREADS)

    def one() -> BoomiAuthError:
        way = {"requests": ways[0], "tokens": ways[1]}.get(what) or next(turn)
        with pytest.raises(AuthenticationError) as caught:
            way()
        return caught.value

    raised = at_once(one)
    rejected = [error for error in raised if isinstance(error, CredentialsRejectedError)]
    assert rejected and all(error.status in (401, None) for error in raised)
    assert 1 <= boomi_emulator.users()[user.name]["total_rejections"] <= 2


@pytest.mark.parametrize("interval", [1e-6, 0.005, 0.05])
def test_each_thread_gets_its_own_answer(boomi_emulator: BoomiEmulator, interval: float) -> None:
    """Beside threads that compute, however often the interpreter goes from one to the other."""
    client = boomi_emulator.client()
    client.get(RECORD).raise_for_status()
    names = iter(range(10_000))

    def one() -> list[bool]:
        mine = [f"document-{next(names)}" for _ in range(3)]
        texts = [client.get(f"/api/rest/v1/{{accountId}}/AuditLog/{name}").message or "" for name in mine]
        return [name in text for name, text in zip(mine, texts, strict=True)]

    before = sys.getswitchinterval()
    sys.setswitchinterval(interval)
    try:
        with computing():
            began = time.monotonic()
            assert at_once(one, 8) == [[True] * 3] * 8
            print(f"24 calls beside 2 computing threads: {time.monotonic() - began:.2f} s")
    finally:
        sys.setswitchinterval(before)


def test_a_client_that_is_closed_lets_its_calls_end(boomi_emulator: BoomiEmulator) -> None:
    client = boomi_emulator.client()
    client.get(RECORD)
    boomi_emulator.control("delays", [{"path_prefix": "/api/", "min_ms": 500, "max_ms": 500}])
    with ThreadPoolExecutor(8) as pool:
        begun = len(boomi_emulator.log())
        calls = [pool.submit(client.get, RECORD) for _ in range(4)]
        until(lambda: len(boomi_emulator.log()) == begun + 4)
        at_once(client.close, 4)
        assert client.get(RECORD).ok
        assert [call.result().status_code for call in calls] == [200] * 4


def test_an_answer_is_closed_beside_one_who_reads_it() -> None:
    client, call = to_nobody(Silent(HALF_AN_ANSWER)), Call()
    answer = client.get("/", auth=None, stream=True, call=call)
    began = threading.Event()

    def read() -> None:
        for _ in answer.iter_bytes():
            began.set()

    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(read)
        assert began.wait(30)
        # The other would wait for the rest until its timeout; this does not.
        at = time.monotonic()
        answer.close()
        assert time.monotonic() - at < 1
        call.cancel()
        with pytest.raises((CanceledError, ConfigurationError)):
            reading.result()
    with pytest.raises(ConfigurationError, match="closed"):
        next(answer.iter_bytes())


@pytest.mark.parametrize("how", ["its handle", "the client"])
def test_a_call_is_cancelled_from_another_thread(how: str) -> None:
    silent = Silent()
    client = to_nobody(silent)
    with ThreadPoolExecutor(1) as pool:
        for _ in range(3):
            call = Call()
            made = pool.submit(client.get, "/", auth=None, call=call)
            silent.heard()
            at = time.monotonic()
            (call if how == "its handle" else client).cancel()
            with pytest.raises(CanceledError):
                made.result()
            if silent.closed() - at < 0.1:
                return
    raise AssertionError("it took longer than 0.1 s, each of three times")


def test_an_answer_is_read_by_one_thread_at_a_time() -> None:
    silent = Silent(HALF_AN_ANSWER)
    call = Call()
    answer = to_nobody(silent).get("/", auth=None, stream=True, call=call)
    pieces = answer.iter_bytes()
    assert next(pieces) == b"x" * 1000
    with ThreadPoolExecutor(2) as pool:
        readings = [pool.submit(next, pieces) for _ in range(2)]
        refused, waiting = wait(readings, 30, FIRST_COMPLETED)
        with pytest.raises(BoomiAuthError, match="another thread is reading"):
            refused.pop().result()
        call.cancel()
        with pytest.raises(CanceledError):
            waiting.pop().result()
    answer.close()


def test_a_lasting_token_is_had_without_a_thread_switch(boomi_emulator: BoomiEmulator) -> None:
    """A token that is kept is handed out with the interpreter held: a thread that computes does not come between."""
    client = boomi_emulator.client()
    client.token()
    before = sys.getswitchinterval()
    sys.setswitchinterval(0.2)
    try:
        with computing(1):
            began = time.monotonic()
            for _ in range(200):
                client.token()
            # If each let the interpreter go, it would get it back after 0.2 s.
            assert time.monotonic() - began < 20
    finally:
        sys.setswitchinterval(before)
