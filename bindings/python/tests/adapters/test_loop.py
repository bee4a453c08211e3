"""Event loops are not blocked, whichever library runs in them."""

from __future__ import annotations

import asyncio
import ssl
import sys
import threading
import time
import types
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import boomi_auth
import httpx
import pytest
import requests
from boomi_auth._auth import Auth
from boomi_auth.aiohttp import boomi_middleware
from boomi_auth.httpx import BoomiAuth
from boomi_auth.pytest_plugin import BoomiEmulator
from common import GRAPHQL, MUTATION, RECORD

Get = Callable[[boomi_auth.Client, str, ssl.SSLContext], Awaitable[int]]


async def by_httpx(client: boomi_auth.Client, url: str, context: ssl.SSLContext) -> int:
    async with httpx.AsyncClient(auth=BoomiAuth(client), verify=context) as http:
        return (await http.post(url, json=MUTATION)).status_code


async def by_aiohttp(client: boomi_auth.Client, url: str, context: ssl.SSLContext) -> int:
    async with (
        aiohttp.ClientSession(middlewares=[boomi_middleware(client)]) as session,
        session.post(url, json=MUTATION, ssl=context) as answer,
    ):
        return answer.status


async def longest_pause(work: Awaitable[int]) -> float:
    """For how long nothing else in the loop had its turn."""
    longest, last, task = 0.0, time.perf_counter(), asyncio.ensure_future(work)
    while not task.done():
        await asyncio.sleep(0.001)
        now = time.perf_counter()
        longest, last = max(longest, now - last), now
    assert task.result() == 200
    return longest


@pytest.mark.parametrize("get", [by_httpx, by_aiohttp])
def test_a_slow_jwt_does_not_block_the_loop(
    boomi_emulator: BoomiEmulator, context: ssl.SSLContext, get: Get, tmp_path: Path
) -> None:
    boomi_emulator.control("delays", [{"path_prefix": "/auth/", "min_ms": 500, "max_ms": 500}])
    pauses = []
    for attempt in range(3):
        # With a state directory, what the guard learns is written to a file.
        with boomi_emulator.client(state_dir=tmp_path / str(attempt)) as client:
            pauses.append(asyncio.run(longest_pause(get(client, boomi_emulator.base_url + GRAPHQL, context))))
    assert min(pauses) < 0.1, pauses


@pytest.mark.parametrize("memory", ["state_dir", "store"])
def test_what_is_learned_is_not_written_on_the_loops_thread(memory: str, tmp_path: Path) -> None:
    class Learns:
        def observe(self, status: int, body: bytes) -> bool:
            return threading.current_thread() is threading.main_thread()

    place = {"state_dir": str(tmp_path), "store": "redis://127.0.0.1:1"}[memory]
    settings: dict[str, Any] = {memory: place}
    with boomi_auth.Client(proxy="", **settings) as client:
        learns: Any = Learns()
        assert asyncio.run(client.auth().observe_async(learns, 200, b"")) is False
    # A file or a server can take a while, memory cannot.
    with boomi_auth.Client(proxy="") as client:
        assert asyncio.run(client.auth().observe_async(learns, 200, b"")) is True


@pytest.mark.parametrize("path", [RECORD, GRAPHQL])
def test_the_plain_one_never_waits_in_a_loop(boomi_emulator: BoomiEmulator, path: str) -> None:
    async def main(client: boomi_auth.Client) -> None:
        with pytest.raises(boomi_auth.ConfigurationError) as raised:
            requests.post(boomi_emulator.base_url + path, auth=Auth(client), verify=boomi_emulator.ca_file)
        for name in ("boomi_auth.httpx.BoomiAuth", "boomi_auth.aiohttp.boomi_middleware", "await client.aio.token()"):
            assert name in str(raised.value)

    with boomi_emulator.client() as client:
        asyncio.run(main(client))
    assert not boomi_emulator.log()


def test_in_a_notebook_a_library_that_blocks_may_wait(
    boomi_emulator: BoomiEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A cell runs in the event loop of the kernel, which is known by its name.
    monkeypatch.setitem(sys.modules, "ipykernel", types.ModuleType("ipykernel"))

    async def cell(client: boomi_auth.Client, path: str) -> int:
        url = boomi_emulator.base_url + path
        return requests.post(url, json=MUTATION, auth=Auth(client), verify=boomi_emulator.ca_file).status_code

    with boomi_emulator.client() as client:
        assert asyncio.run(cell(client, GRAPHQL)) == 200
        assert asyncio.run(cell(client, "/api/rest/v1/account123/Process")) == 200


def test_the_plain_one_takes_a_jwt_that_is_at_hand(boomi_emulator: BoomiEmulator) -> None:
    async def main(client: boomi_auth.Client) -> int:
        await client.aio.token()
        url = boomi_emulator.base_url + GRAPHQL
        return requests.post(url, json=MUTATION, auth=Auth(client), verify=boomi_emulator.ca_file).status_code

    with boomi_emulator.client() as client:
        assert asyncio.run(main(client)) == 200


@pytest.mark.parametrize("get", [by_httpx, by_aiohttp])
def test_a_task_that_is_cancelled_while_it_waits_for_a_jwt(
    boomi_emulator: BoomiEmulator, context: ssl.SSLContext, get: Get
) -> None:
    boomi_emulator.control("outage", {"kind": "hang", "path_prefix": "/auth/"})

    async def main(client: boomi_auth.Client) -> None:
        task = asyncio.ensure_future(get(client, boomi_emulator.base_url + GRAPHQL, context))
        while not boomi_emulator.log():
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    with boomi_emulator.client() as client:
        asyncio.run(main(client))
