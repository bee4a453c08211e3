"""Requests of requests and niquests that fail: neither library tells an adapter, and the guard must know."""

from __future__ import annotations

import contextlib
import gc
import threading
import time
from typing import Any

import boomi_auth
import niquests
import pytest
import requests
from boomi_auth._auth import Auth
from boomi_auth.pytest_plugin import BoomiEmulator
from common import RECORD, sent


@pytest.fixture(params=[requests, niquests])
def library(request: pytest.FixtureRequest) -> Any:
    return request.param


def session(library: Any, boomi: BoomiEmulator, client: boomi_auth.Client) -> Any:
    made = library.Session()
    made.auth, made.verify = Auth(client), boomi.ca_file
    return made


@pytest.mark.parametrize("is_proven", [False, True])
def test_without_a_connection_nothing_was_sent(boomi_emulator: BoomiEmulator, library: Any, is_proven: bool) -> None:
    url = boomi_emulator.base_url + RECORD
    with boomi_emulator.client() as client:
        if is_proven:
            assert session(library, boomi_emulator, client).get(url).status_code == 200
        http = session(library, boomi_emulator, client)
        boomi_emulator.control("outage", {"kind": "refuse"})
        began = time.monotonic()
        for _ in range(10):
            with pytest.raises(library.ConnectionError):
                http.get(url)
        # None waited for the one before.
        assert time.monotonic() - began < 15
        boomi_emulator.control("outage", {"kind": None})
        assert http.get(url).status_code == 200
        guard = client.describe_guard()
        assert guard["unanswered"] == guard["in_flight"] == 0


def test_a_thread_that_ends_leaves_no_place_taken(boomi_emulator: BoomiEmulator, library: Any) -> None:
    gc.disable()
    try:
        with boomi_emulator.client() as client:
            http = session(library, boomi_emulator, client)
            boomi_emulator.control("outage", {"kind": "refuse"})
            for _ in range(10):

                def fail() -> None:
                    with pytest.raises(library.ConnectionError):
                        http.get(boomi_emulator.base_url + RECORD)

                thread = threading.Thread(target=fail)
                thread.start()
                thread.join()
                guard = client.describe_guard()
                assert guard["unanswered"] == guard["in_flight"] == 0
    finally:
        gc.enable()


@pytest.mark.parametrize("is_reused", [False, True])
def test_a_lost_answer_may_have_been_a_rejection(boomi_emulator: BoomiEmulator, library: Any, is_reused: bool) -> None:
    url = boomi_emulator.base_url + RECORD
    with boomi_emulator.client(timeout=2) as client:
        http = session(library, boomi_emulator, client)
        for _ in range(8):
            if is_reused:
                # Asked without credentials, so that only the connection is there.
                assert library.Session.get(http, url, auth=lambda request: request).status_code == 401
            boomi_emulator.control("faults", {"fault": "reset-after", "path_prefix": "/api/"})
            with pytest.raises((library.ConnectionError, boomi_auth.HeldError)):
                http.get(url)
            boomi_emulator.control("faults", method="DELETE")
            gc.collect()
        assert client.describe_guard()["unanswered"] == 1
    assert [scheme for scheme, _ in sent(boomi_emulator, "/api/")].count("Basic") == 1


def test_a_server_that_hangs_may_have_rejected_it(boomi_emulator: BoomiEmulator, library: Any) -> None:
    boomi_emulator.control("outage", {"kind": "hang", "path_prefix": "/api/"})
    with boomi_emulator.client(timeout=2) as client:
        http = session(library, boomi_emulator, client)
        with pytest.raises((library.exceptions.Timeout, library.ConnectionError)):
            http.get(boomi_emulator.base_url + RECORD, timeout=0.3)
        gc.collect()
        with pytest.raises(boomi_auth.HeldError):
            http.get(boomi_emulator.base_url + RECORD)
        assert client.describe_guard()["unanswered"] == 1


def test_requests_prepared_long_before_they_are_sent(boomi_emulator: BoomiEmulator, library: Any) -> None:
    with boomi_emulator.client() as client:
        http = session(library, boomi_emulator, client)
        made = [http.prepare_request(library.Request("GET", boomi_emulator.base_url + RECORD)) for _ in range(8)]
        assert [http.send(one, verify=boomi_emulator.ca_file).status_code for one in made] == [200] * 8
        guard = client.describe_guard()
        assert guard["unanswered"] == guard["in_flight"] == 0


def test_a_bad_password_on_requests_prepared_before(boomi_emulator: BoomiEmulator, library: Any) -> None:
    wrong = boomi_auth.Credentials.api_token(boomi_emulator.user.name, "wrong")
    with boomi_emulator.client(wrong, timeout=2) as client:
        http = session(library, boomi_emulator, client)
        made = [http.prepare_request(library.Request("GET", boomi_emulator.base_url + RECORD)) for _ in range(4)]
        for one in made:
            with contextlib.suppress(boomi_auth.HeldError):
                assert http.send(one, verify=boomi_emulator.ca_file).status_code == 401
    assert boomi_emulator.users()[boomi_emulator.user.name]["total_rejections"] <= 2
