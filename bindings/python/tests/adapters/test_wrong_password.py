"""The day on which a password was changed: many threads and tasks with the old one must not lock the user."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

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

MANY = 64

# A client, a URL, the roots: what came of it, a status or an exception, of each.
Storm = Callable[[boomi_auth.Client, str, str], list[object]]


def in_threads(get: Callable[[], int | None]) -> list[object]:
    def one(_: int) -> object:
        try:
            return get()
        except boomi_auth.HeldError as held:
            return held

    with ThreadPoolExecutor(MANY) as threads:
        return list(threads.map(one, range(MANY)))


def requests_in_threads(client: boomi_auth.Client, url: str, ca: str) -> list[object]:
    auth = Auth(client)
    return in_threads(lambda: requests.get(url, auth=auth, verify=ca).status_code)


def niquests_in_threads(client: boomi_auth.Client, url: str, ca: str) -> list[object]:
    auth = Auth(client)
    return in_threads(lambda: niquests.get(url, auth=auth, verify=ca).status_code)


def httpx_in_threads(client: boomi_auth.Client, url: str, ca: str) -> list[object]:
    context = ssl.create_default_context(cafile=ca)
    with httpx.Client(auth=BoomiAuth(client), verify=context) as http:
        return in_threads(lambda: http.get(url).status_code)


def httpx_in_tasks(client: boomi_auth.Client, url: str, ca: str) -> list[object]:
    async def main() -> list[object]:
        context = ssl.create_default_context(cafile=ca)
        async with httpx.AsyncClient(auth=BoomiAuth(client), verify=context) as http:

            async def get() -> int:
                return (await http.get(url)).status_code

            return list(await asyncio.gather(*(get() for _ in range(MANY)), return_exceptions=True))

    return asyncio.run(main())


def aiohttp_in_tasks(client: boomi_auth.Client, url: str, ca: str) -> list[object]:
    async def main() -> list[object]:
        connector = aiohttp.TCPConnector(ssl=ssl.create_default_context(cafile=ca))
        async with aiohttp.ClientSession(connector=connector, middlewares=[boomi_middleware(client)]) as session:

            async def get() -> int:
                async with session.get(url) as answer:
                    return answer.status

            # More than there are threads: those that wait must not keep the answers from being told.
            return list(await asyncio.gather(*(get() for _ in range(2 * MANY)), return_exceptions=True))

    return asyncio.run(main())


@pytest.mark.parametrize(
    "storm", [requests_in_threads, niquests_in_threads, httpx_in_threads, httpx_in_tasks, aiohttp_in_tasks]
)
def test_a_bad_password_is_sent_twice_at_most(boomi_emulator: BoomiEmulator, ca_file: str, storm: Storm) -> None:
    user = boomi_emulator.user
    wrong = boomi_auth.Credentials.password(user.name, "wrong")
    with boomi_emulator.client(wrong, timeout=20) as client:
        came = storm(client, boomi_emulator.base_url + RECORD, ca_file)
    assert all(one == 401 or isinstance(one, boomi_auth.HeldError) for one in came), came
    seen = boomi_emulator.users()[user.name]
    assert 1 <= seen["total_rejections"] <= 2 and not seen["locked"]
    # The right one is not held.
    right = boomi_auth.Credentials.password(user.name, user.password)
    with boomi_emulator.client(right) as client:
        assert all(one == 200 for one in storm(client, boomi_emulator.base_url + RECORD, ca_file))
