"""A secret never shows: in what objects say of themselves, in copies, in logs, in what a server sends back."""

from __future__ import annotations

import copy
import logging
import pickle
import pprint
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import boomi_auth
import pytest
from boomi_auth import Client, Credentials
from boomi_auth.pytest_plugin import BoomiEmulator
from markers import OTP_USER, USER, found_in, mark, marked_emulator

RECORD = "/api/rest/v1/{accountId}/AuditLog/documentId-321"
# What is asked for is given: the body of an answer is the server's.
BODY = ("content", "text")


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[BoomiEmulator]:
    with marked_emulator(tmp_path) as made:
        yield made


@pytest.fixture
def things(emulator: BoomiEmulator) -> Iterator[dict[str, Any]]:
    """One of each that knows a secret, or what could lead to one."""
    password = Credentials.password(OTP_USER, mark("password"), otp=mark("otp"))
    other = Credentials.password(OTP_USER, mark("password"))
    made: dict[str, Any] = {
        "password": password,
        "callable otp": Credentials.password(USER, mark("password"), otp=lambda: mark("code")),
        "callable": Credentials.from_callable(lambda rejected: Credentials.api_token(USER, mark("token"))),
        "token": Credentials.api_token(USER, mark("token")),
        "client of a callable": emulator.client(Credentials.from_callable(lambda rejected: other)),
        "client": (client := emulator.client(password, proxy=f"http://user:{mark('proxy')}@127.0.0.1:1")),
        "client with a store": emulator.client(password, store=f"redis://user:{mark('store')}@127.0.0.1:1"),
        "aio": client.aio,
        "working client": (working := emulator.client(Credentials.api_token(USER, mark("token")))),
        "jwt": working.token(),
        "provider": working.token_provider(),
        "basic": working.authorize(emulator.base_url + RECORD, "basic"),
        "bearer": working.authorize(emulator.base_url + "/graphql"),
        "auth": working.auth("jwt"),
        "answer": (answer := working.get(RECORD, secret_headers={"X-Key": mark("header")})),
        "headers": answer.headers,
        "query": working.query("Process", secret_headers={"X-Key": mark("header")}),
        "job": working.start("POST", "/api/rest/v1/{accountId}/ExecutionRequest", json={"processId": "p"}),
        "call": boomi_auth.Call(),
    }
    made["basic"].observe(200)
    yield made
    client.close()
    working.close()


def told_by(thing: object) -> str:
    """All that an object says of itself, and that its attributes do."""
    told = [repr(thing), str(thing), f"{thing!r:}", f"{thing}", ascii(thing), pprint.pformat([thing])]
    told.append(repr(getattr(thing, "__dict__", {})))
    told += [repr(getattr(thing, name, None)) for name in dir(thing) if name not in BODY]
    told += [repr(getattr(thing, name)()) for name in ("describe", "describe_guard") if hasattr(thing, name)]
    return "\n".join(told)


def test_no_object_shows_one(things: dict[str, Any]) -> None:
    jwt = things["jwt"].jwt
    assert jwt.count(".") == 2
    for name, thing in things.items():
        assert not found_in(told_by(thing), str(jwt)), name
    for name in ("password", "client", "jwt", "basic"):
        assert "***" in repr(things[name])


def test_what_is_asked_for_is_hidden_from_whoever_prints_it(things: dict[str, Any]) -> None:
    headers = things["bearer"].headers
    assert headers["Authorization"] == things["jwt"].header and str(things["jwt"].jwt) in headers["Authorization"]
    told = f"{headers} {headers!r} {list(headers.values())!r}"
    assert "***" in told and str(things["jwt"].jwt) not in told
    for made in (boomi_auth.auth_header(USER, api_token=mark("token")), boomi_auth.otp_code(mark("otp"))):
        assert repr(made) == "'***'" and len(made) >= 6


def test_nothing_is_pickled(things: dict[str, Any]) -> None:
    for name, thing in things.items():
        if name == "headers":
            continue
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            with pytest.raises(TypeError, match="cannot be pickled|cannot pickle") as raised:
                pickle.dumps(thing, protocol)
            assert not found_in(repr(raised.value)), name
    with pytest.raises(TypeError, match=r"holds secrets and connections: make it where it is used, .*from_env\(\)"):
        pickle.dumps(things["client"])


@pytest.mark.parametrize("name", ["password", "callable", "client", "jwt", "provider"])
def test_a_copy_is_the_same_object(name: str, things: dict[str, Any]) -> None:
    assert copy.copy(things[name]) is things[name]
    assert copy.deepcopy({"deep": [things[name]]})["deep"][0] is things[name]


def test_no_log_has_one(emulator: BoomiEmulator, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    jwts: list[str] = []

    def client_of(who: Credentials) -> Client:
        return emulator.client(who, on_event=boomi_auth.log_event)

    with client_of(Credentials.password(OTP_USER, mark("password"), otp=mark("otp"))) as client:
        jwts.append(str(client.token().jwt))
    with client_of(Credentials.api_token(USER, mark("token"))) as client:
        jwts.append(str(client.token().jwt))
        emulator.control("faults", {"status": 401, "path_prefix": "/graphql"})
        client.post("/graphql", json={"query": "{ organizations { id } }"}, secret_headers={"X-Key": mark("header")})
        emulator.control("faults", {"status": 503, "path_prefix": "/api/"})
        assert client.get(RECORD, secret_headers={"X-Key": mark("header")}).ok
    with client_of(Credentials.password(USER, mark("wrong"))) as client:
        client.get(RECORD)
        with pytest.raises(boomi_auth.HeldError):
            client.get(RECORD, headers={"X-Other": "shown"})
    names = {record.getMessage().split()[0] for record in caplog.records if record.name == "boomi_auth"}
    assert {"sign_in_rejected", "sign_in_held", "token_refused", "request_retried"} <= names
    assert not found_in(caplog.text + "".join(repr(vars(record)) for record in caplog.records), *jwts)


class Echo(BaseHTTPRequestHandler):
    """Sends back what it was sent, as a debug page does."""

    status = 500

    def do_GET(self) -> None:
        body = f"what came: {dict(self.headers)}".encode()
        self.send_response(self.status, f"Refused {self.headers['Authorization']}")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Echo", str(self.headers["Authorization"]))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.mark.parametrize("status", [401, 403, 404, 500])
def test_a_server_that_echoes(status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Echo, "status", status)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    who = Credentials.password(USER, mark("password"))
    with Client(who, account_id="account123", base_url=url, proxy="", max_retries=0) as client:
        answer = client.get(RECORD, otp="475869", secret_headers={"X-Key": mark("header")})
        # It did echo.
        assert found_in(answer.text)
        with pytest.raises(boomi_auth.BoomiAuthError, match="what came") as raised:
            answer.raise_for_status()
        told = f"{raised.value!r} {raised.value.args} {answer.message} {answer!r} {answer.headers!r}"
        assert not found_in(told, "475869")
        assert not found_in(pickle.dumps(raised.value).decode("latin-1"), "475869")
    server.shutdown()
    server.server_close()
