"""httpx, both its clients, beside the emulator."""

from __future__ import annotations

import asyncio
import copy
import pickle
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import boomi_auth
import httpcore
import httpx
import pytest
import requests
from boomi_auth._auth import Auth
from boomi_auth.httpx import BoomiAuth, _remove_secrets
from boomi_auth.pytest_plugin import BoomiEmulator
from common import GRAPHQL, MUTATION, RECORD, effects, jwts, outlive_jwts, sent
from elsewhere import Elsewhere
from multiplexed import Multiplexed

Send = Callable[..., httpx.Response]


def by_client(auth: httpx.Auth, context: ssl.SSLContext) -> Send:
    def send(*args: Any, **kwargs: Any) -> httpx.Response:
        with httpx.Client(auth=auth, verify=context) as http:
            return http.request(*args, **kwargs)

    return send


def by_async_client(auth: httpx.Auth, context: ssl.SSLContext) -> Send:
    def send(*args: Any, **kwargs: Any) -> httpx.Response:
        async def main() -> httpx.Response:
            async with httpx.AsyncClient(auth=auth, verify=context) as http:
                return await http.request(*args, **kwargs)

        return asyncio.run(main())

    return send


@pytest.fixture(params=[by_client, by_async_client])
def sends(request: pytest.FixtureRequest, context: ssl.SSLContext) -> Callable[[httpx.Auth], Send]:
    return lambda auth: request.param(auth, context)


@pytest.fixture
def client(boomi_emulator: BoomiEmulator) -> Iterator[boomi_auth.Client]:
    with boomi_emulator.client() as client:
        yield client


def test_a_record_with_basic(
    boomi_emulator: BoomiEmulator, client: boomi_auth.Client, sends: Callable[[httpx.Auth], Send]
) -> None:
    auth = client.auth()
    assert isinstance(auth, BoomiAuth)
    answer = sends(auth)("GET", boomi_emulator.base_url + RECORD, headers={"Accept": "application/json"})
    assert answer.status_code == 200 and answer.json()["documentId"] == "documentId-321"
    assert sent(boomi_emulator, "/") == [("Basic", 200)]
    assert "authorization" not in answer.request.headers and b"Basic" not in pickle.dumps(answer)


@pytest.mark.parametrize("refusals", [1, 2])
def test_a_refused_jwt_is_replaced_once(
    boomi_emulator: BoomiEmulator, client: boomi_auth.Client, sends: Callable[[httpx.Auth], Send], refusals: int
) -> None:
    send, url = sends(BoomiAuth(client)), boomi_emulator.base_url + GRAPHQL
    assert send("POST", url, json=MUTATION).status_code == 200
    if refusals == 1:
        outlive_jwts(boomi_emulator)
    else:
        boomi_emulator.control("faults", {"status": 401, "path_prefix": GRAPHQL, "times": None})
    answer = send("POST", url, json=MUTATION)
    assert [answer.status_code == 200, len(effects(boomi_emulator))] == [refusals == 1, 3 - refusals]
    assert [first.status_code for first in answer.history] == [401]
    assert len(sent(boomi_emulator, GRAPHQL)) == 3 and jwts(boomi_emulator) == 2


def test_a_body_that_is_gone_is_not_sent_again(
    boomi_emulator: BoomiEmulator, client: boomi_auth.Client, context: ssl.SSLContext
) -> None:
    client.token()
    outlive_jwts(boomi_emulator)
    with httpx.Client(auth=client.auth(), verify=context) as http:
        body = iter([b'{"query": ', b'"mutation { again }"}'])
        assert http.post(boomi_emulator.base_url + GRAPHQL, content=body).status_code == 401
    assert len(sent(boomi_emulator, GRAPHQL)) == 1


def test_another_origin_is_refused_before_anything_is_sent(
    client: boomi_auth.Client, sends: Callable[[httpx.Auth], Send], elsewhere: Elsewhere
) -> None:
    with pytest.raises(boomi_auth.ConfigurationError, match="not sent elsewhere"):
        sends(BoomiAuth(client))("GET", elsewhere.url)
    assert not elsewhere.arrived


@pytest.mark.parametrize("scheme", ["auto", "basic"])
@pytest.mark.parametrize("source", ["secret", "callable behind a callable"])
def test_a_one_time_code_is_refused_and_none_used_up(
    boomi_emulator: BoomiEmulator, sends: Callable[[httpx.Auth], Send], scheme: Any, source: str
) -> None:
    user = boomi_emulator.two_factor_user
    assert user.otp_secret
    credentials = boomi_auth.Credentials.password(user.name, user.password, otp=user.otp_secret)
    if source != "secret":
        plain = boomi_auth.Credentials.password(user.name, user.password)
        credentials = boomi_auth.Credentials.from_callable(lambda _: plain, otp=user.otp_secret)
    with boomi_emulator.client(credentials) as client:
        for _ in range(7):
            with pytest.raises(boomi_auth.ConfigurationError, match="sign with a JWT"):
                sends(BoomiAuth(client, scheme))("GET", boomi_emulator.base_url + RECORD)
        assert not sent(boomi_emulator, "/api/")
        # The code of now is still good for a JWT.
        answer = sends(BoomiAuth(client, "jwt"))(
            "GET", boomi_emulator.base_url + "/api/rest/v1/account123/Deployment/sized-1"
        )
        assert answer.status_code == 200


def test_a_token_of_a_user_with_codes_needs_none(
    boomi_emulator: BoomiEmulator, sends: Callable[[httpx.Auth], Send], monkeypatch: pytest.MonkeyPatch
) -> None:
    user = boomi_emulator.two_factor_user
    for name, value in {
        **boomi_emulator.env,
        "BOOMI_USERNAME": user.name,
        "BOOMI_API_TOKEN": user.api_token,
        "BOOMI_OTP_SECRET": user.otp_secret or "",
    }.items():
        monkeypatch.setenv(name, value)
    with boomi_auth.Client.from_env() as client:
        assert client.describe()["otp"] == "secret"
        assert sends(BoomiAuth(client))("GET", boomi_emulator.base_url + RECORD).status_code == 200


def test_without_a_connection_nothing_was_sent(
    boomi_emulator: BoomiEmulator, client: boomi_auth.Client, sends: Callable[[httpx.Auth], Send]
) -> None:
    send, url = sends(BoomiAuth(client)), boomi_emulator.base_url + RECORD
    boomi_emulator.control("outage", {"kind": "refuse"})
    for _ in range(7):
        with pytest.raises(httpx.ConnectError):
            send("GET", url)
        guard = client.describe_guard()
        assert guard["unanswered"] == guard["in_flight"] == 0
    boomi_emulator.control("outage", {"kind": None})
    assert send("GET", url).status_code == 200


def test_a_lost_answer_may_have_been_a_rejection(
    boomi_emulator: BoomiEmulator, client: boomi_auth.Client, sends: Callable[[httpx.Auth], Send]
) -> None:
    send, url = sends(BoomiAuth(client)), boomi_emulator.base_url + RECORD
    boomi_emulator.control("faults", {"fault": "reset-after", "path_prefix": "/api/"})
    with pytest.raises(httpx.TransportError):
        send("GET", url)
    assert client.describe_guard()["unanswered"] == 1


def test_requests_takes_it_too(boomi_emulator: BoomiEmulator, client: boomi_auth.Client) -> None:
    url = boomi_emulator.base_url + RECORD
    assert requests.get(url, auth=BoomiAuth(client), verify=boomi_emulator.ca_file).status_code == 200


def test_the_plain_one_says_what_to_use(
    boomi_emulator: BoomiEmulator, client: boomi_auth.Client, context: ssl.SSLContext
) -> None:
    with (
        httpx.Client(auth=Auth(client), verify=context) as http,
        pytest.raises(boomi_auth.ConfigurationError, match="boomi_auth.httpx.BoomiAuth"),
    ):
        http.get(boomi_emulator.base_url + RECORD)


def test_without_httpx_it_is_the_plain_one_and_imports_nothing(boomi_env: BoomiEmulator) -> None:
    program = (
        "import boomi_auth, sys\n"
        "auth = boomi_auth.Client.from_env().auth()\n"
        "assert type(auth).__name__ == 'Auth', auth\n"
        "assert not {'httpx', 'requests', 'niquests', 'aiohttp', 'asyncio'} & sys.modules.keys()\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_nothing_of_it_is_copied_or_written_down(boomi_emulator: BoomiEmulator, client: boomi_auth.Client) -> None:
    auth = BoomiAuth(client)
    assert boomi_emulator.user.api_token not in repr(auth) + repr(vars(auth))
    assert copy.copy(auth) is auth and copy.deepcopy(auth) is auth
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(auth)


MINE = {"X-Mine": "secret", "Accept": "text/plain"}


@pytest.mark.parametrize("is_async", [False, True])
def test_no_header_of_the_users_own_goes_elsewhere_with_http2(
    multiplexed: Multiplexed, context: ssl.SSLContext, is_async: bool
) -> None:
    context.load_verify_locations(multiplexed.ca_file)
    multiplexed.answers["/from"] = [(307, multiplexed.other_url + "/to")]
    url, steps = multiplexed.url + "/from", []

    def trace(step: str, info: object) -> None:
        steps.append(step)

    async def trace_async(step: str, info: object) -> None:
        steps.append(step)

    async def asynchronous(auth: BoomiAuth) -> int:
        async with httpx.AsyncClient(auth=auth, verify=context, http2=True, follow_redirects=True) as http:
            request = http.build_request("GET", url, headers=MINE, extensions={"trace": trace_async})
            await http.send(request)
            return (await http.send(request)).status_code

    client = boomi_auth.Client(boomi_auth.Credentials.api_token("user@example.com", "token"), base_url=multiplexed.url)
    auth = BoomiAuth(client)
    if is_async:
        assert asyncio.run(asynchronous(auth)) == 200
    else:
        with httpx.Client(auth=auth, verify=context, http2=True, follow_redirects=True) as http:
            request = http.build_request("GET", url, headers=MINE, extensions={"trace": trace})
            http.send(request)
            assert http.send(request).status_code == 200
    (_, _, first), (_, version, elsewhere), (_, _, again) = multiplexed.arrived
    assert version == "2"
    assert {"authorization", "x-mine"} <= first and {"authorization", "x-mine"} <= again
    assert "accept" in elsewhere and not {"authorization", "x-mine"} & elsewhere
    # The user's own is called once for each step, also of a request that is sent twice.
    assert steps.count("http2.send_request_headers.started") == 3


@pytest.mark.parametrize(
    ("method", "target", "kept"),
    [
        ("GET", b"http://elsewhere.example/", {b"Proxy-Authorization", b"Accept"}),
        ("GET", b"/path", {b"Accept"}),
        ("CONNECT", b"elsewhere.example:443", {b"Proxy-Authorization", b"Accept", b"X-Mine"}),
    ],
)
def test_what_a_proxy_gets_is_its_own(client: boomi_auth.Client, method: str, target: bytes, kept: set[bytes]) -> None:
    headers = [("Proxy-Authorization", "Basic x"), ("Accept", "*/*"), ("X-Mine", "secret")]
    url = httpcore.URL(scheme=b"http", host=b"proxy.example", port=3128, target=target)
    request = httpcore.Request(method, url, headers=headers)
    _remove_secrets(BoomiAuth(client), "http11.send_request_headers.started", {"request": request})
    assert {name for name, _ in request.headers} == kept
