"""What no call can use is ConfigurationError, which is a ValueError, or TypeError, and nothing is sent."""

from __future__ import annotations

import math
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import boomi_auth
import pytest
from boomi_auth import ConfigurationError, Credentials
from boomi_auth.pytest_plugin import BoomiEmulator

RECORD = "/api/rest/v1/{accountId}/AuditLog/documentId-321"
SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
# Not told to the type checker, which would refuse most of what follows.
Client: Any = boomi_auth.Client
NOT_TEXT: list[Any] = [5, b"bytes", object(), ["a"], math.nan]
BAD_TEXT = ["with a\0NUL", "lone \udc80 surrogate", "two\r\nlines: x", ""]
BAD_SECONDS = [0, -1, -0.0, math.nan, -math.inf, 1e-12]


@pytest.fixture
def client(boomi_emulator: BoomiEmulator) -> Iterator[Any]:
    """A client that must send nothing."""
    with boomi_emulator.client() as made:
        yield made
    assert boomi_emulator.log() == []


# Whatever is given for `bad`. Of a text that may be anything, such as a parameter's value, only what is no Unicode is bad.
TEXTS: dict[str, Callable[[Any, Any], object]] = {
    "method": lambda client, bad: client.request(bad, RECORD),
    "path": lambda client, bad: client.get(bad),
    "header name": lambda client, bad: client.get(RECORD, headers={bad: "x"}),
    "secret header name": lambda client, bad: client.get(RECORD, secret_headers={bad: "x"}),
    "header value": lambda client, bad: client.get(RECORD, headers={"X-A": bad or None}),
    "secret header value": lambda client, bad: client.get(RECORD, secret_headers={"X-A": bad or None}),
    "parameter name": lambda client, bad: client.get(RECORD, params={bad: "x"}),
    "account": lambda client, bad: client.get(RECORD, account_id=bad),
    "otp": lambda client, bad: client.get(RECORD, otp=bad),
    "auth": lambda client, bad: client.get(RECORD, auth=bad),
    "query object": lambda client, bad: next(client.query(bad or "\0")),
    "start": lambda client, bad: client.start("POST", bad),
    "wait": lambda client, bad: client.wait(bad, RECORD),
    "token": lambda client, bad: client.token(bad),
    "token otp": lambda client, bad: client.token(otp=bad),
    "generate": lambda client, bad: client.generate_jwt(bad),
    "provider": lambda client, bad: client.token_provider(bad),
    "authorize": lambda client, bad: client.authorize(bad),
    "authorize scheme": lambda client, bad: client.authorize("https://localhost/graphql", bad),
    "at once": lambda client, bad: client.authorize_at_once(bad),
    "scheme": lambda client, bad: client.auth(bad),
    "api token": lambda client, bad: Credentials.api_token("user@example.com", bad),
    "user": lambda client, bad: Credentials.password(bad, "x"),
    "password": lambda client, bad: Credentials.password("user@example.com", bad),
    "otp secret": lambda client, bad: Credentials.password("user@example.com", "x", otp=bad),
    "process": lambda client, bad: Credentials.process(bad),
    "callable": lambda client, bad: Credentials.from_callable(bad),
    "header of a password": lambda client, bad: boomi_auth.auth_header("user@example.com", password=bad),
    "header of a token": lambda client, bad: boomi_auth.auth_header("user@example.com", api_token=bad),
    "sent user": lambda client, bad: boomi_auth.auth_username(bad),
    "code": lambda client, bad: boomi_auth.otp_code(bad),
    "base url": lambda client, bad: Client(base_url=bad),
    "client account": lambda client, bad: Client(account_id=bad),
    "user agent": lambda client, bad: Client(user_agent=bad),
    "proxy": lambda client, bad: Client(proxy=bad or " "),
    "store": lambda client, bad: Client(store=bad),
    "ca mode": lambda client, bad: Client(ca_mode=bad),
}


@pytest.mark.parametrize("use", TEXTS.values(), ids=TEXTS)
def test_text(use: Callable[[Any, Any], object], client: Any) -> None:
    for bad in BAD_TEXT:
        # Not only a ValueError: UnicodeEncodeError is one too.
        with pytest.raises((ConfigurationError, UnicodeEncodeError)):
            use(client, bad)
    for bad in NOT_TEXT:
        with pytest.raises((ConfigurationError, TypeError)):
            use(client, bad)


@pytest.mark.parametrize("name", ["timeout", "connect_timeout"])
def test_a_setting_of_seconds(name: str) -> None:
    for bad in [*BAD_SECONDS, 10**400]:
        with pytest.raises(ConfigurationError, match=name.replace("_", ".")):
            Client(**{name: bad})
    for wrong in ["5", b"5", [5], object()]:
        with pytest.raises(TypeError, match=f"^{name}: "):
            Client(**{name: wrong})
    # A way to say: as long as it takes.
    Client(**{name: math.inf})


@pytest.mark.parametrize("name", ["max_response_bytes", "requests_per_second", "max_retries", "max_sign_ins_in_flight"])
def test_a_setting_of_a_number(name: str) -> None:
    for bad in [-1, 10**30, 10**400]:
        with pytest.raises(ConfigurationError, match=f"^{name} is out of range"):
            Client(**{name: bad})
    for wrong in [1.5, "5", math.nan, [5]]:
        with pytest.raises(TypeError, match=f"^{name}: "):
            Client(**{name: wrong})


@pytest.mark.parametrize(
    "settings",
    [{"on_event": 5}, {"ca_mode": "all"}, {"max_sign_ins_in_flight": 6}, {"max_response_bytes": 0}, {"base_url": "x"}],
    ids="-".join,
)
def test_a_setting_without_sense(settings: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        Client(**settings)


def test_the_timeout_of_a_call(client: Any) -> None:
    for bad in [*BAD_SECONDS, 10**400]:
        with pytest.raises(ConfigurationError, match="timeout"):
            client.get(RECORD, timeout=bad)
    for bad in BAD_SECONDS:
        with pytest.raises(ConfigurationError, match="timeout"):
            client.token(timeout=bad)
    with pytest.raises(ConfigurationError, match="min_validity is -1"):
        client.token(None, -1)
    with pytest.raises(TypeError, match="^timeout: must be real number, not str"):
        client.get(RECORD, timeout="5")


@pytest.mark.parametrize(
    "options",
    [
        {"params": 5}, {"params": "a=b"}, {"params": {5: "x"}}, {"params": {"a": b"x"}}, {"params": {"a": {"b": 1}}},
        {"params": {"a": [["b"]]}}, {"params": [("a", "b", "c")]}, {"headers": "a: b"}, {"headers": 5},
        {"headers": {"X-A": 5}}, {"headers": {"Host": "x"}}, {"headers": {"Authorization": "x"}},
        {"headers": {"Content-Length": "5"}}, {"headers": {"Transfer-Encoding": "chunked"}},
        {"json": math.nan}, {"json": {"a": [math.inf]}}, {"json": object()}, {"json": {1, 2}}, {"json": {(): 1}},
        {"json": b"x"}, {"data": 5}, {"data": ["x"]}, {"data": {"a": 1}}, {"data": "\ud800"}, {"json": 1, "data": b""},
        {"stream": "yes"}, {"replayable": 2}, {"call": object()}, {"retries": 5}, {"verify": False},
    ],
    ids="-".join,
)  # fmt: skip
def test_an_option(options: dict[str, Any], client: Any) -> None:
    with pytest.raises((ConfigurationError, TypeError)) as raised:
        client.post(RECORD, **options)
    # It says which; of what is no JSON, that.
    about = {"params": "param", "headers": "header", "json": "JSON|json|keys"}
    name = next(iter(options))
    assert re.search(about.get(name, name), str(raised.value))


def test_text_that_is_no_text_is_not_in_the_exception() -> None:
    with pytest.raises(ConfigurationError, match="the password has a lone surrogate") as raised:
        Credentials.password("user@example.com", "marker \udc80")
    assert "marker" not in repr(raised.value) and raised.value.__context__ is None


def test_json_that_refers_to_itself(client: Any) -> None:
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(ConfigurationError, match="Circular reference") as raised:
        client.post(RECORD, json=loop)
    assert isinstance(raised.value.__cause__, ValueError)
    deep: Any = None
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(RecursionError):
        client.post(RECORD, json=deep)


def test_parameters_that_refer_to_themselves() -> None:
    # In a process of its own, which must survive.
    code = f"""
import boomi_auth
loop = []
loop.append(loop)
try:
    boomi_auth.Client().get({RECORD!r}, params={{"a": loop}})
except TypeError as error:
    print(error)
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0 and "parameter a is a list in a list" in ran.stdout, ran


def test_what_the_callers_own_objects_raise_comes_out(client: Any) -> None:
    class Broken:
        def __str__(self) -> str:
            raise LookupError("of the caller's")

        __float__ = __str__

    class Iterated(Broken):
        __iter__ = Broken.__str__

    def pairs() -> Iterator[tuple[str, str]]:
        yield ("a", "b")
        raise LookupError("of the caller's")

    bad: list[dict[str, Any]] = [
        {"params": {"a": Broken()}}, {"params": Iterated()}, {"params": pairs()}, {"headers": pairs()}, {"timeout": Broken()}
    ]  # fmt: skip
    for options in bad:
        with pytest.raises(LookupError, match="of the caller's"):
            client.get(RECORD, **options)


@pytest.mark.parametrize(
    "params",
    [{"a": 1, "b": True, "c": None, "d": ["x", 2]}, [("a", 1), ("b", "true"), ("d", "x"), ("d", "2")]],
)
def test_mappings_and_pairs(params: Any, boomi_emulator: BoomiEmulator) -> None:
    class Mine(dict[str, Any]):
        pass

    items = list(params.items()) if isinstance(params, dict) else params
    given = [params, tuple(items), iter(items), (pair for pair in items)]
    with boomi_emulator.client() as client:
        for each in [*given, Mine(params)] if isinstance(params, dict) else given:
            assert client.get(RECORD, params=each, headers=iter([("X-Test-Key", "x")])).ok


def test_sizes_of_chunks(boomi_emulator: BoomiEmulator) -> None:
    with boomi_emulator.client() as client:
        answer = client.get(RECORD)
        with pytest.raises(ConfigurationError, match="chunk_size is 0"):
            answer.iter_bytes(0)
        for bad in (-1, 2**64):
            with pytest.raises(OverflowError):
                answer.iter_bytes(bad)
        assert list(answer.iter_bytes(2**63)) == [answer.content]
        with client.get(RECORD, stream=True) as stream:
            assert b"".join(stream.iter_bytes(2**63)) == answer.content
