"""A traceback with its locals, as error reporters make them, shows nothing secret while a request fails."""

from __future__ import annotations

import asyncio
import base64
import ssl
import traceback
from collections.abc import Callable

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
from common import RECORD

Get = Callable[[boomi_auth.Client, str, str], object]


def by_requests(client: boomi_auth.Client, url: str, ca: str) -> object:
    return requests.get(url, auth=Auth(client), verify=ca)


def by_niquests(client: boomi_auth.Client, url: str, ca: str) -> object:
    return niquests.get(url, auth=Auth(client), verify=ca)


def by_httpx(client: boomi_auth.Client, url: str, ca: str) -> object:
    with httpx.Client(verify=ssl.create_default_context(cafile=ca)) as http:
        return http.get(url, auth=BoomiAuth(client))


def by_httpx_async(client: boomi_auth.Client, url: str, ca: str) -> object:
    async def main() -> object:
        async with httpx.AsyncClient(verify=ssl.create_default_context(cafile=ca)) as http:
            return await http.get(url, auth=BoomiAuth(client))

    return asyncio.run(main())


def by_aiohttp(client: boomi_auth.Client, url: str, ca: str) -> object:
    async def main() -> object:
        async with aiohttp.ClientSession(middlewares=[boomi_middleware(client)]) as session:
            return await session.post(url, ssl=ssl.create_default_context(cafile=ca))

    return asyncio.run(main())


@pytest.mark.parametrize("failure", ["refuse", "reset"])
@pytest.mark.parametrize("get", [by_requests, by_niquests, by_httpx, by_httpx_async, by_aiohttp])
def test_a_traceback_with_locals(boomi_emulator: BoomiEmulator, ca_file: str, get: Get, failure: str) -> None:
    with boomi_emulator.client() as client:
        if failure == "refuse":
            boomi_emulator.control("outage", {"kind": "refuse"})
        else:
            boomi_emulator.control("faults", {"fault": "reset-after", "path_prefix": "/api/"})
        with pytest.raises(Exception) as raised:
            get(client, boomi_emulator.base_url + RECORD, ca_file)
        assert not isinstance(raised.value, boomi_auth.BoomiAuthError)
    shown = "".join(traceback.TracebackException.from_exception(raised.value, capture_locals=True).format())
    assert "BOOMI_TOKEN.user@example.com" in shown
    user = boomi_emulator.user
    sent = base64.b64encode(f"BOOMI_TOKEN.{user.name}:{user.api_token}".encode()).decode()
    for secret in (user.api_token, sent):
        lines = [line[:300] for line in shown.splitlines() if secret in line]
        assert not lines, lines
