"""Requests of the client's own, beside the emulator."""

from __future__ import annotations

import copy
import pickle
import threading
from typing import Any

import boomi_auth
import pytest
from boomi_auth.pytest_plugin import BoomiEmulator

RECORD = "/api/rest/v1/{accountId}/AuditLog/documentId-321"


def test_a_record_is_fetched(boomi_emulator: BoomiEmulator) -> None:
    with boomi_emulator.client() as client:
        answer = client.get(RECORD).raise_for_status()
        assert answer.status_code == 200 and answer.ok and answer
        assert answer.json()["documentId"] == "documentId-321"
        assert answer.text == answer.content.decode()
        assert answer.headers["Content-Type"] == answer.headers["content-type"] == "application/json"
        assert answer.attempts == 1 and answer.message is None and answer.retry_after is None


def test_the_environment_gives_a_client_and_arguments_come_first(
    boomi_emulator: BoomiEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in boomi_emulator.env.items():
        monkeypatch.setenv(name, value)
    with boomi_auth.Client.from_env() as client:
        assert client.token().account_id == "account123"
    with boomi_auth.Client.from_env(account_id="subaccount456", timeout=2.5) as client:
        about = client.describe()
        assert about["account_id"] == "subaccount456" and about["timeout_ms"] == 2500
    monkeypatch.delenv("BOOMI_USERNAME")
    monkeypatch.delenv("BOOMI_API_TOKEN")
    with pytest.raises(boomi_auth.ConfigurationError, match="set BOOMI_USERNAME"):
        boomi_auth.Client.from_env()
    user = boomi_emulator.user
    given = boomi_auth.Credentials.password(user.name, user.password)
    with boomi_auth.Client.from_env(given, proxy="") as client:
        assert client.get(RECORD).ok


@pytest.mark.parametrize(
    ("params", "query"),
    [
        ({"a b": "c&d", "n": 1, "f": 1.5, "t": True, "no": None}, "a%20b=c%26d&n=1&f=1.5&t=true"),
        ([("a", "1"), ("a", "2")], "a=1&a=2"),
        ({"a": ["1", 2], "b": ("x",)}, "a=1&a=2&b=x"),
        ({}, ""),
    ],
)
def test_params_are_the_query(boomi_emulator: BoomiEmulator, params: Any, query: str) -> None:
    with boomi_emulator.client() as client:
        assert client.get(RECORD, params=params).ok
    assert boomi_emulator.log()[-1]["path"].partition("?")[2] == query


def test_bodies_and_headers_go_along(boomi_emulator: BoomiEmulator) -> None:
    path = "/api/rest/v1/{accountId}/Process"
    with boomi_emulator.client() as client:
        for body in ({"json": {"name": "ü"}}, {"data": '{"name":1}'}, {"data": b"{}"}, {"data": bytearray(b"{}")}):
            assert client.post(path, **body, headers={"X-Test-Key": "a"}, secret_headers=[("X-Mark", "b")]).ok
        for method in (client.put, client.patch, client.delete):
            assert method(path + "/id-1").status_code in (200, 404, 405)
    sent = boomi_emulator.log()[0]
    assert {"content-type", "x-test-key", "x-mark"} <= {name.lower() for name in sent["headers"]}
    assert [effect["key"] for effect in boomi_emulator.control("effects")][:4] == ["a"] * 4


def test_a_scheme_and_an_account_are_chosen(boomi_emulator: BoomiEmulator) -> None:
    user = boomi_emulator.user
    with boomi_emulator.client(boomi_auth.Credentials.password(user.name, user.password)) as client:
        query = {"query": "{ organizations { id } }"}
        assert client.post("/graphql", json=query).raise_for_status().ok
        assert client.get(RECORD, auth="basic", account_id="subaccount456").ok
        assert client.get(RECORD, auth=None).status_code == 401
        token = client.token().header
        own = {"Authorization": token}
        assert client.post("/graphql", json=query, auth=None, secret_headers=own).ok
    schemes = [line["scheme"] for line in boomi_emulator.log()]
    assert schemes == ["Basic", "Bearer", "Basic", None, "Bearer"]
    assert boomi_emulator.log()[2]["account"] == "subaccount456"


def test_a_bad_status_is_an_exception_when_asked(boomi_emulator: BoomiEmulator) -> None:
    with boomi_emulator.client() as client:
        answer = client.get("/api/rest/v1/{accountId}/Nothing/1")
        assert not answer.ok and not answer and answer.message
        with pytest.raises(boomi_auth.HTTPStatusError) as raised:
            answer.raise_for_status()
    error = raised.value
    assert error.status == 404 and error.sent and not error.retryable and error.response is answer
    assert answer.message in str(error)


def test_a_stream_is_read_piece_by_piece(boomi_emulator: BoomiEmulator) -> None:
    with boomi_emulator.client() as client:
        path = "/api/rest/v1/{accountId}/Deployment/sized-1000000"
        with client.get(path, stream=True) as answer:
            pieces = [len(piece) for piece in answer.iter_bytes(10_000)]
        assert sum(pieces) == 1_000_000 and max(pieces) <= 10_000
        answer = client.get(path, stream=True)
        first = next(iter(answer.iter_bytes(100)))
        assert len(first) + len(answer.content) == 1_000_000
        whole = client.get(path)
        assert b"".join(whole.iter_bytes(7_000)) == whole.content
        closed = client.get(path, stream=True)
        closed.close()
        with pytest.raises(boomi_auth.ConfigurationError, match="closed"):
            list(closed.iter_bytes())


def test_a_request_is_sent_again_where_that_helps(boomi_emulator: BoomiEmulator) -> None:
    events: list[dict[str, Any]] = []
    with boomi_emulator.client(on_event=events.append) as client:
        boomi_emulator.control("faults", {"status": 502, "path_prefix": "/api/"})
        assert client.get(RECORD).attempts == 2
        assert [event["event"] for event in events] == ["request_retried"]
        boomi_emulator.control("faults", {"status": 502, "path_prefix": "/api/"})
        assert client.post("/api/rest/v1/{accountId}/Process", json={}).status_code == 502
        boomi_emulator.control("faults", {"status": 502, "path_prefix": "/api/"})
        assert client.post("/api/rest/v1/{accountId}/Process", json={}, replayable=True).attempts == 2


def test_a_call_is_cancelled_from_another_thread(boomi_emulator: BoomiEmulator) -> None:
    boomi_emulator.control("outage", {"kind": "hang"})
    call = boomi_auth.Call()
    with boomi_emulator.client() as client:
        threading.Timer(0.1, call.cancel).start()
        with pytest.raises(boomi_auth.CanceledError):
            client.get(RECORD, auth=None, call=call)
        with pytest.raises(boomi_auth.RequestTimeoutError) as raised:
            client.get(RECORD, auth=None, timeout=0.1)
    assert isinstance(raised.value, TimeoutError)


def test_arguments_say_what_is_wrong_with_them(boomi_emulator: BoomiEmulator) -> None:
    cases: list[tuple[dict[str, Any], type[Exception], str]] = [
        ({"verify": False}, TypeError, r"get\(\) .*'verify'; .*ca_file="),
        ({"allow_redirects": True}, TypeError, "never followed"),
        ({"timeout": (3, 10)}, TypeError, "timeout: "),
        ({"timeout": float("nan")}, boomi_auth.ConfigurationError, "timeout"),
        ({"params": "a=b"}, boomi_auth.ConfigurationError, "params is text"),
        ({"params": {"a": {}}}, TypeError, "a mapping"),
        ({"params": {"a": range(3)}}, TypeError, "no list"),
        ({"auth": ("a", "b")}, TypeError, "auth: "),
        ({"json": {}, "data": b""}, boomi_auth.ConfigurationError, "json and data"),
        ({"data": {"a": 1}}, boomi_auth.ConfigurationError, "json="),
        ({"headers": {"X-A": b"x"}}, boomi_auth.ConfigurationError, "X-A"),
    ]
    with boomi_emulator.client() as client:
        for options, kind, text in cases:
            with pytest.raises(kind, match=text):
                client.get(RECORD, **options)
        with pytest.raises(ValueError, match="JSON"):
            client.post(RECORD, json=float("nan"))
        with pytest.raises(boomi_auth.ConfigurationError, match="filter"):
            client.query("Process", "name=a")  # type: ignore[arg-type]
    for settings, kind, text in (
        ({"max_retries": -1}, boomi_auth.ConfigurationError, "max_retries is out of range"),
        ({"requests_per_second": 2.5}, TypeError, "requests_per_second: "),
        ({"timeout": "5"}, TypeError, "timeout: "),
        ({"username": "user@example.com"}, TypeError, r"Client\(\) .*Credentials.password"),
        ({"proxies": {}}, TypeError, "proxy="),
    ):
        with pytest.raises(kind, match=text):
            boomi_auth.Client(**settings)
    assert boomi_emulator.log() == []


def test_a_client_is_copied_as_itself_and_can_be_used_when_closed(boomi_emulator: BoomiEmulator) -> None:
    client = boomi_emulator.client()
    assert copy.copy(client) is client and copy.deepcopy([client])[0] is client
    with pytest.raises(TypeError, match="from_env"):
        pickle.dumps(client)
    with client:
        assert client.get(RECORD).url == f"{boomi_emulator.base_url}/api/rest/v1/account123/AuditLog/documentId-321"
    assert client.head(RECORD).status_code in (200, 405)
    before, after = (line["connection"] for line in boomi_emulator.log())
    assert before != after
