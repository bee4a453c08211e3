"""Redirects: what of a signed request arrives where, with each library."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from typing import Any

import aiohttp
import boomi_auth
import httpx
import niquests
import pytest
import requests
from boomi_auth._auth import Auth
from boomi_auth.aiohttp import boomi_middleware
from boomi_auth.httpx import BoomiAuth
from boomi_auth.pytest_plugin import BoomiEmulator
from common import RECORD, effects, sent
from elsewhere import Elsewhere

# A client, method, URL, the roots, headers, and a body: the status.
Send = Callable[[boomi_auth.Client, str, str, str, dict[str, str], bytes], int]

FROM = "/api/rest/v1/account123/Folder"
HARMLESS = {"host", "accept", "accept-encoding", "user-agent", "connection", "content-type", "content-length"}
MINE = {"X-Mine": "secret", "Accept": "application/json"}


def by_requests(
    client: boomi_auth.Client, method: str, url: str, ca: str, headers: dict[str, str], data: bytes = b""
) -> int:
    return requests.request(method, url, auth=Auth(client), verify=ca, headers=headers, data=data).status_code


def by_niquests(
    client: boomi_auth.Client, method: str, url: str, ca: str, headers: dict[str, str], data: bytes = b""
) -> int:
    return niquests.request(method, url, auth=Auth(client), verify=ca, headers=headers, data=data).status_code or 0


def by_aiohttp(
    client: boomi_auth.Client, method: str, url: str, ca: str, headers: dict[str, str], data: bytes = b""
) -> int:
    async def main() -> int:
        context = ssl.create_default_context(cafile=ca)
        # Two of them do not take each other's headers off.
        both = [boomi_middleware(client), boomi_middleware(boomi_auth.Client())]
        async with (
            aiohttp.ClientSession(middlewares=both) as session,
            session.request(method, url, ssl=context, headers=headers, data=data or None) as answer,
        ):
            return answer.status

    return asyncio.run(main())


def by_httpx(
    client: boomi_auth.Client, method: str, url: str, ca: str, headers: dict[str, str], data: bytes = b""
) -> int:
    with httpx.Client(verify=ssl.create_default_context(cafile=ca), follow_redirects=True) as http:
        return http.request(method, url, auth=BoomiAuth(client), headers=headers, content=data).status_code


def by_httpx_async(
    client: boomi_auth.Client, method: str, url: str, ca: str, headers: dict[str, str], data: bytes = b""
) -> int:
    async def main() -> int:
        async with httpx.AsyncClient(verify=ssl.create_default_context(cafile=ca), follow_redirects=True) as http:
            return (await http.request(method, url, auth=BoomiAuth(client), headers=headers, content=data)).status_code

    return asyncio.run(main())


WITH_CODES = [by_requests, by_niquests, by_aiohttp]
ALL = [*WITH_CODES, by_httpx, by_httpx_async]


def redirect(boomi: BoomiEmulator, location: str, status: int = 302, path: str = FROM) -> None:
    boomi.control("faults", {"status": status, "path_prefix": path, "headers": {"Location": location}})


def two_factor(boomi: BoomiEmulator) -> boomi_auth.Credentials:
    user = boomi.two_factor_user
    return boomi_auth.Credentials.password(user.name, user.password, otp=user.otp_secret)


@pytest.mark.parametrize("status", [302, 307])
@pytest.mark.parametrize("send", WITH_CODES)
def test_no_credentials_no_code_and_no_marked_header_arrive_elsewhere(
    boomi_emulator: BoomiEmulator, elsewhere: Elsewhere, ca_file: str, send: Send, status: int
) -> None:
    redirect(boomi_emulator, elsewhere.url, status)
    # Nor when it is redirected on.
    third = boomi_emulator.hub_url + "/third"
    elsewhere.location = third
    with boomi_emulator.client(two_factor(boomi_emulator)) as client:
        send(client, "POST", boomi_emulator.base_url + FROM, ca_file, MINE, b"{}")
    log = boomi_emulator.log()
    first = next(line for line in log if line["path"] == FROM)
    assert {"authorization", "x-boomi-otp", "x-mine"} <= set(first["headers"])
    assert {name.lower() for name in elsewhere.arrived[0]} <= HARMLESS
    assert elsewhere.arrived[0]["Accept"] == "application/json"
    assert [set(line["headers"]) <= HARMLESS for line in log if line["path"] == "/third"] == [True]


@pytest.mark.parametrize("status", [302, 307])
@pytest.mark.parametrize("send", [by_httpx, by_httpx_async])
def test_no_marked_header_arrives_elsewhere_with_httpx(
    boomi_emulator: BoomiEmulator, elsewhere: Elsewhere, ca_file: str, send: Send, status: int
) -> None:
    redirect(boomi_emulator, elsewhere.url, status)
    elsewhere.location = boomi_emulator.hub_url + "/third"
    with boomi_emulator.client() as client:
        send(client, "POST", boomi_emulator.base_url + FROM, ca_file, MINE, b"{}")
    log = boomi_emulator.log()
    assert {"authorization", "x-mine"} <= set(next(line for line in log if line["path"] == FROM)["headers"])
    assert {name.lower() for name in elsewhere.arrived[0]} <= HARMLESS
    assert elsewhere.arrived[0]["Accept"] == "application/json"
    assert [set(line["headers"]) <= HARMLESS for line in log if line["path"] == "/third"] == [True]


@pytest.mark.parametrize("scheme", ["token", "jwt"])
@pytest.mark.parametrize("send", ALL)
def test_no_credentials_arrive_elsewhere(
    boomi_emulator: BoomiEmulator, elsewhere: Elsewhere, ca_file: str, send: Send, scheme: str
) -> None:
    path = "/graphql" if scheme == "jwt" else RECORD
    redirect(boomi_emulator, elsewhere.url, 307, path)
    with boomi_emulator.client() as client:
        assert send(client, "POST", boomi_emulator.base_url + path, ca_file, {}, b"{}") == 200
    assert boomi_emulator.log()[-1]["scheme"] == ("Bearer" if scheme == "jwt" else "Basic")
    assert not {"Authorization", "X-Boomi-OTP"} & set(elsewhere.arrived[0])


@pytest.mark.parametrize("send", ALL)
def test_what_another_origin_answers_says_nothing_of_the_credentials(
    boomi_emulator: BoomiEmulator, elsewhere: Elsewhere, ca_file: str, send: Send
) -> None:
    elsewhere.status = 401
    with boomi_emulator.client() as client:
        for _ in range(7):
            redirect(boomi_emulator, elsewhere.url, path=RECORD)
            assert send(client, "GET", boomi_emulator.base_url + RECORD, ca_file, {}, b"") == 401
        guard = client.describe_guard()
        assert guard["held"] is None and guard["rejections"] == guard["unanswered"] == guard["in_flight"] == 0
    assert len(elsewhere.arrived) == 7


@pytest.mark.parametrize("send", ALL)
def test_a_redirect_within_the_origin_is_signed(boomi_emulator: BoomiEmulator, ca_file: str, send: Send) -> None:
    redirect(boomi_emulator, RECORD)
    with boomi_emulator.client() as client:
        assert send(client, "GET", boomi_emulator.base_url + FROM, ca_file, MINE, b"") == 200
        assert client.describe_guard()["in_flight"] == 0
    assert boomi_emulator.users()["user@example.com"]["total_rejections"] == 0
    assert all("x-mine" in line["headers"] for line in boomi_emulator.log() if line["path"].startswith("/api/"))


@pytest.mark.parametrize("send", ALL)
def test_a_body_goes_along_within_the_origin_and_takes_effect_once(
    boomi_emulator: BoomiEmulator, ca_file: str, send: Send
) -> None:
    redirect(boomi_emulator, FROM + "?again", 307)
    with boomi_emulator.client() as client:
        assert send(client, "POST", boomi_emulator.base_url + FROM, ca_file, {}, b"{}") == 200
    assert len(effects(boomi_emulator)) == 1


@pytest.mark.parametrize("send", ALL)
def test_the_guard_sees_the_rejection_behind_a_redirect(
    boomi_emulator: BoomiEmulator, ca_file: str, send: Send
) -> None:
    wrong = boomi_auth.Credentials.api_token(boomi_emulator.user.name, "wrong")
    redirect(boomi_emulator, RECORD)
    with boomi_emulator.client(wrong) as client:
        assert send(client, "GET", boomi_emulator.base_url + FROM, ca_file, {}, b"") == 401
        assert client.describe_guard()["rejections"] == 1
        with pytest.raises(boomi_auth.HeldError):
            send(client, "GET", boomi_emulator.base_url + FROM, ca_file, {}, b"")
    assert boomi_emulator.users()["user@example.com"]["total_rejections"] == 1


@pytest.mark.parametrize("library", [requests, niquests])
def test_a_redirect_that_is_not_followed_leaves_nothing_behind(
    boomi_emulator: BoomiEmulator, ca_file: str, library: Any
) -> None:
    with boomi_emulator.client(two_factor(boomi_emulator)) as client:
        redirect(boomi_emulator, RECORD)
        url = boomi_emulator.base_url + FROM
        answer = library.get(url, auth=Auth(client), verify=ca_file, allow_redirects=False)
        assert answer.status_code == 302
        guard = client.describe_guard()
        assert guard["unanswered"] == guard["in_flight"] == 0
    assert "X-Boomi-OTP" not in answer.next.headers and "Authorization" not in answer.next.headers


@pytest.mark.parametrize("library", [requests, niquests])
def test_at_a_redirect_within_the_origin_each_sign_in_passes_the_guard(
    boomi_emulator: BoomiEmulator, ca_file: str, library: Any
) -> None:
    redirect(boomi_emulator, RECORD)
    events: list[str] = []
    with boomi_emulator.client(on_event=lambda event: events.append(event["event"])) as client:
        answer = library.get(boomi_emulator.base_url + FROM, auth=Auth(client), verify=ca_file)
        assert answer.status_code == 200
        guard = client.describe_guard()
        assert guard["unanswered"] == guard["in_flight"] == 0
    # What the server says to the request without credentials is no rejection.
    assert "sign_in_rejected" not in events
    assert sent(boomi_emulator, "/api/") == [("Basic", 302), (None, 401), ("Basic", 200)]


@pytest.mark.parametrize("library", [requests, niquests])
def test_a_redirect_followed_by_hand(boomi_emulator: BoomiEmulator, ca_file: str, library: Any) -> None:
    redirect(boomi_emulator, RECORD)
    events: list[str] = []
    with (
        boomi_emulator.client(on_event=lambda event: events.append(event["event"])) as client,
        library.Session() as session,
    ):
        url = boomi_emulator.base_url + FROM
        answer = session.get(url, auth=Auth(client), verify=ca_file, allow_redirects=False)
        assert session.send(answer.next, verify=ca_file).status_code == 200
    assert sent(boomi_emulator, "/api/") == [("Basic", 302), (None, 401), ("Basic", 200)]
    assert "sign_in_rejected" not in events


def test_a_redirect_back_from_elsewhere_is_not_signed(
    boomi_emulator: BoomiEmulator, elsewhere: Elsewhere, ca_file: str
) -> None:
    redirect(boomi_emulator, elsewhere.url)
    elsewhere.location = boomi_emulator.base_url + RECORD
    with boomi_emulator.client() as client:
        assert by_requests(client, "GET", boomi_emulator.base_url + FROM, ca_file, {}) == 401
    assert sent(boomi_emulator, "/api/") == [("Basic", 302), (None, 401)]
