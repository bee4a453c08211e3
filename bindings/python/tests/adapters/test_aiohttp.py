"""aiohttp, beside the emulator."""

from __future__ import annotations

import asyncio
import io
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any, TypeVar

import aiohttp
import boomi_auth
import pytest
from boomi_auth.aiohttp import boomi_middleware
from boomi_auth.pytest_plugin import BoomiEmulator
from common import GRAPHQL, MUTATION, RECORD, effects, jwts, outlive_jwts, sent
from elsewhere import Elsewhere

T = TypeVar("T")
Run = Callable[[Callable[[aiohttp.ClientSession], Awaitable[T]]], T]


@pytest.fixture
def client(boomi_emulator: BoomiEmulator) -> Iterator[boomi_auth.Client]:
    with boomi_emulator.client() as client:
        yield client


@pytest.fixture
def run(client: boomi_auth.Client, context: ssl.SSLContext) -> Run[Any]:
    """Gives a function a session that signs."""

    def run(use: Callable[[aiohttp.ClientSession], Awaitable[T]]) -> T:
        async def main() -> T:
            connector = aiohttp.TCPConnector(ssl=context)
            async with aiohttp.ClientSession(connector=connector, middlewares=[boomi_middleware(client)]) as session:
                return await use(session)

        return asyncio.run(main())

    return run


async def post(session: aiohttp.ClientSession, url: str, **options: Any) -> int:
    async with session.post(url, **options) as answer:
        await answer.read()
        return answer.status


def test_a_record_with_basic(boomi_emulator: BoomiEmulator, run: Run[None]) -> None:
    async def use(session: aiohttp.ClientSession) -> None:
        accept = {"Accept": "application/json"}
        async with session.get(boomi_emulator.base_url + RECORD, headers=accept) as answer:
            assert (await answer.json())["documentId"] == "documentId-321"
            assert "Authorization" not in answer.request_info.headers

    run(use)
    assert sent(boomi_emulator, "/") == [("Basic", 200)]


def test_one_time_codes(boomi_emulator: BoomiEmulator, context: ssl.SSLContext) -> None:
    user = boomi_emulator.two_factor_user
    credentials = boomi_auth.Credentials.password(user.name, user.password, otp=user.otp_secret)

    async def main() -> int:
        with boomi_emulator.client(credentials) as client:
            async with aiohttp.ClientSession() as session:
                middlewares = [boomi_middleware(client)]
                url = boomi_emulator.base_url + RECORD
                async with session.get(url, middlewares=middlewares, ssl=context) as answer:
                    return answer.status

    assert asyncio.run(main()) == 200


@pytest.mark.parametrize("kind", ["json", "bytes", "file"])
def test_a_refused_jwt_is_replaced_and_the_whole_body_sent_once_more(
    boomi_emulator: BoomiEmulator, run: Run[list[int]], kind: str
) -> None:
    url = boomi_emulator.base_url + GRAPHQL
    text = b'{"query": "mutation { again }"}'
    body: Any = {"json": MUTATION} if kind == "json" else {"data": text if kind == "bytes" else io.BytesIO(text)}

    async def use(session: aiohttp.ClientSession) -> list[int]:
        first = await post(session, url, json=MUTATION)
        outlive_jwts(boomi_emulator)
        return [first, await post(session, url, **body)]

    assert run(use) == [200, 200]
    assert [status for _, status in sent(boomi_emulator, GRAPHQL)] == [200, 401, 200]
    assert jwts(boomi_emulator) == 2 and len(effects(boomi_emulator)) == 2


def test_a_body_that_is_gone_is_not_sent_again(
    boomi_emulator: BoomiEmulator, client: boomi_auth.Client, run: Run[int]
) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield b'{"query": '
        yield b'"mutation { again }"}'

    client.token()
    outlive_jwts(boomi_emulator)
    assert run(lambda session: post(session, boomi_emulator.base_url + GRAPHQL, data=body())) == 401
    assert len(sent(boomi_emulator, GRAPHQL)) == 1


def test_refused_twice_is_the_answer(boomi_emulator: BoomiEmulator, run: Run[int]) -> None:
    boomi_emulator.control("faults", {"status": 401, "path_prefix": GRAPHQL, "times": None})
    assert run(lambda session: post(session, boomi_emulator.base_url + GRAPHQL, json=MUTATION)) == 401
    assert len(sent(boomi_emulator, GRAPHQL)) == 2


def test_a_stream_is_left_alone(boomi_emulator: BoomiEmulator, run: Run[int]) -> None:
    url = boomi_emulator.base_url + "/api/rest/v1/account123/Deployment/sized-3000000"

    async def use(session: aiohttp.ClientSession) -> int:
        async with session.get(url) as answer:
            return sum([len(chunk) async for chunk in answer.content.iter_chunked(65536)])

    assert run(use) == 3_000_000


def test_another_origin_gets_what_it_is_sent(elsewhere: Elsewhere, run: Run[None], ca_file: str) -> None:
    async def use(session: aiohttp.ClientSession) -> None:
        context = ssl.create_default_context(cafile=ca_file)
        async with session.get(elsewhere.url, headers={"X-Mine": "there"}, ssl=context) as answer:
            assert answer.status == 200

    run(use)
    assert elsewhere.arrived[0]["X-Mine"] == "there"
    assert not {"Authorization", "X-Boomi-OTP"} & set(elsewhere.arrived[0])


def test_without_a_connection_nothing_was_sent(
    boomi_emulator: BoomiEmulator, client: boomi_auth.Client, run: Run[None]
) -> None:
    async def use(session: aiohttp.ClientSession) -> None:
        boomi_emulator.control("outage", {"kind": "refuse"})
        for _ in range(7):
            with pytest.raises(aiohttp.ClientConnectionError):
                await session.get(boomi_emulator.base_url + RECORD)
            guard = client.describe_guard()
            assert guard["unanswered"] == guard["in_flight"] == 0
        boomi_emulator.control("outage", {"kind": None})
        async with session.get(boomi_emulator.base_url + RECORD) as answer:
            assert answer.status == 200

    run(use)


def test_a_lost_answer_may_have_been_a_rejection(
    boomi_emulator: BoomiEmulator, client: boomi_auth.Client, run: Run[None]
) -> None:
    boomi_emulator.control("faults", {"fault": "reset-after", "path_prefix": "/api/"})

    async def use(session: aiohttp.ClientSession) -> None:
        with pytest.raises(aiohttp.ClientConnectionError):
            await session.post(boomi_emulator.base_url + "/api/rest/v1/account123/Folder", json={})

    run(use)
    assert client.describe_guard()["unanswered"] == 1
