"""What the libraries send again by themselves, behind everybody's back, passes the guard again."""

from __future__ import annotations

import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boomi_auth
import niquests
import pytest
import requests
from boomi_auth import Credentials
from boomi_auth._auth import Auth
from boomi_auth.pytest_plugin import BoomiEmulator
from common import GRAPHQL, MUTATION, RECORD, effects, jwts, outlive_jwts, sent
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

Session = Callable[..., Any]


def of_requests(boomi: BoomiEmulator, **retries: Any) -> Any:
    session = requests.Session()
    session.verify = boomi.ca_file
    session.mount("https://", HTTPAdapter(max_retries=Retry(backoff_factor=0, allowed_methods=None, **retries)))
    return session


def of_niquests(boomi: BoomiEmulator, **retries: Any) -> Any:
    made = niquests.RetryConfiguration(backoff_factor=0, allowed_methods=None, **retries)
    session = niquests.Session(retries=made)
    session.verify = boomi.ca_file
    return session


both = pytest.mark.parametrize("session", [of_requests, of_niquests])


def wrong(boomi: BoomiEmulator) -> boomi_auth.Client:
    return boomi.client(Credentials.password(boomi.user.name, "wrong"), timeout=5)


def rejections(boomi: BoomiEmulator) -> int:
    return boomi.users()[boomi.user.name]["total_rejections"]  # type: ignore[no-any-return]


@both
def test_a_401_that_is_repeated_is_held(boomi_emulator: BoomiEmulator, session: Session) -> None:
    again = session(boomi_emulator, total=8, status_forcelist=[401, 403])
    with wrong(boomi_emulator) as client, pytest.raises(boomi_auth.HeldError):
        again.get(boomi_emulator.base_url + RECORD, auth=Auth(client))
    assert rejections(boomi_emulator) <= 2


@both
def test_a_lost_answer_may_have_been_a_401(boomi_emulator: BoomiEmulator, session: Session) -> None:
    boomi_emulator.control("outage", {"kind": "reset", "path_prefix": "/api/", "judged": True})
    again = session(boomi_emulator, total=8, read=8)
    with wrong(boomi_emulator) as client, pytest.raises(boomi_auth.HeldError):
        again.get(boomi_emulator.base_url + RECORD, auth=Auth(client))
    assert rejections(boomi_emulator) <= 2


@both
def test_what_is_busy_is_asked_again(boomi_emulator: BoomiEmulator, session: Session) -> None:
    boomi_emulator.control("faults", {"status": 503, "path_prefix": "/api/", "times": 3})
    again = session(boomi_emulator, total=8, status_forcelist=[503])
    with boomi_emulator.client() as client:
        answer = again.get(boomi_emulator.base_url + RECORD, auth=Auth(client))
        assert client.describe_guard()["unanswered"] == 0
    assert answer.status_code == 200 and sent(boomi_emulator, RECORD) == [("Basic", 503)] * 3 + [("Basic", 200)]


@both
def test_a_refused_jwt_is_not_repeated(boomi_emulator: BoomiEmulator, session: Session) -> None:
    url = boomi_emulator.base_url + GRAPHQL
    again = session(boomi_emulator, total=8, status_forcelist=[401])
    with boomi_emulator.client() as client:
        assert again.post(url, json=MUTATION, auth=Auth(client)).status_code == 200
        outlive_jwts(boomi_emulator)
        assert again.post(url, json=MUTATION, auth=Auth(client)).status_code == 200
    assert jwts(boomi_emulator) == 2 and len(effects(boomi_emulator)) == 2


@pytest.mark.parametrize("is_copied", [False, True])
@both
def test_one_prepared_request_in_many_threads(boomi_emulator: BoomiEmulator, session: Session, is_copied: bool) -> None:
    library = sys.modules[session.__name__.removeprefix("of_")]
    many = session(boomi_emulator, total=0)
    with wrong(boomi_emulator) as client, ThreadPoolExecutor(16) as threads:
        request = library.Request("GET", boomi_emulator.base_url + RECORD, auth=Auth(client))
        prepared = many.prepare_request(request)

        def send(_: int) -> object:
            try:
                return many.send(prepared.copy() if is_copied else prepared).status_code
            except Exception as raised:
                return raised

        # It is one request: who sends it while another does ends the other's.
        assert 200 not in list(threads.map(send, range(16)))
    assert rejections(boomi_emulator) <= 2
