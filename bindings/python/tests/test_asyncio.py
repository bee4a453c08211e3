"""``client.aio``: the event loop is never blocked, and a call ends with its task."""

from __future__ import annotations

import asyncio
import contextvars
import signal
import threading
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from boomi_auth import Client, Credentials, CredentialsRejectedError, Response, Token
from boomi_auth.pytest_plugin import BoomiEmulator
from programs.child import Child, in_flight, settings, until
from programs.silent import HALF_AN_ANSWER, Silent

RECORD = "/api/rest/v1/{accountId}/AuditLog/documentId-321"
# Takes a JWT, and has no sign-ins to wait for.
BY_JWT = "/api/rest/v1/{accountId}/Deployment/documentId-321"


def hang(emulator: BoomiEmulator) -> None:
    emulator.control("outage", {"kind": "hang", "path_prefix": "/api/"})


async def go_on(emulator: BoomiEmulator, calls: int) -> None:
    """Ends it when so many calls have arrived: they are made again."""

    await asyncio.get_running_loop().run_in_executor(None, until, lambda: in_flight(emulator) == calls)
    emulator.control("outage", {"kind": None})


def test_fifty_calls_at_once_leave_the_loop_alone(boomi_emulator: BoomiEmulator) -> None:
    client = boomi_emulator.client()
    gaps: list[float] = []

    async def tick() -> None:
        while True:
            before = time.monotonic()
            await asyncio.sleep(0.005)
            gaps.append(time.monotonic() - before)

    async def main() -> list[Response]:
        await client.aio.token()
        hang(boomi_emulator)
        ticker = asyncio.create_task(tick())
        calls = [asyncio.ensure_future(client.aio.get(BY_JWT, auth="jwt")) for _ in range(50)]
        await go_on(boomi_emulator, 50)
        answers = await asyncio.gather(*calls)
        ticker.cancel()
        return answers

    assert [answer.status_code for answer in asyncio.run(main())] == [200] * 50
    print(f"the longest gap: {max(gaps) * 1000:.0f} ms")
    # A call made on the loop would have hung for ever.
    assert max(gaps) < 1


async def by_cancel(call: Awaitable[Any], begun: Callable[[], Awaitable[object]]) -> float:
    task = asyncio.ensure_future(call)
    await begun()
    at = time.monotonic()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    return at


async def by_wait_for(call: Awaitable[Any], begun: Callable[[], Awaitable[object]]) -> float:
    at = time.monotonic() + 0.5
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(call, 0.5)
    await begun()
    return at


async def by_neighbour(call: Awaitable[Any], begun: Callable[[], Awaitable[object]]) -> float:
    """One that fails, in a group of those that are awaited together."""
    together = asyncio.gather(call, asyncio.Event().wait())
    await begun()
    at = time.monotonic()
    together.cancel()
    with pytest.raises(asyncio.CancelledError):
        await together
    return at


@pytest.mark.parametrize("cancel", [by_cancel, by_wait_for, by_neighbour])
@pytest.mark.parametrize("what", ["the answer", "a body", "pieces"])
def test_a_call_ends_with_its_task(cancel: Callable[..., Awaitable[float]], what: str) -> None:
    silent = Silent(b"" if what == "the answer" else HALF_AN_ANSWER)
    credentials = Credentials.api_token("user@example.com", "token")
    client = Client(credentials, base_url=silent.base_url, proxy="", requests_per_second=0)

    async def read() -> None:
        # It may be cancelled between two pieces, when no call is there to be cancelled.
        with await client.aio.get("/pieces", auth=None, stream=True) as answer:
            async for _ in answer.aiter_bytes():
                pass

    async def main() -> float:
        loop = asyncio.get_running_loop()
        call = read() if what == "pieces" else client.aio.get("/", auth=None)
        at = await cancel(call, lambda: loop.run_in_executor(None, silent.heard))
        closed = await loop.run_in_executor(None, silent.closed)
        return closed - at

    # A loaded machine may hold a thread up for as long; it does not do so each time.
    assert min(asyncio.run(main()) for _ in range(3)) < 0.1


def test_a_call_that_is_cancelled_before_it_began_is_never_sent(boomi_emulator: BoomiEmulator) -> None:
    client = boomi_emulator.client()

    async def main() -> None:
        await client.aio.token()
        hang(boomi_emulator)
        calls = [asyncio.ensure_future(client.aio.get(BY_JWT, auth="jwt")) for _ in range(64)]
        await asyncio.sleep(0)
        late = asyncio.ensure_future(client.aio.get(RECORD))
        await asyncio.sleep(0)
        late.cancel()
        await go_on(boomi_emulator, 64)
        assert [answer.status_code for answer in await asyncio.gather(*calls)] == [200] * 64
        await client.aio.token()

    asyncio.run(main())
    assert not any("AuditLog" in entry["path"] for entry in boomi_emulator.log())


def test_more_calls_than_threads_all_come_to_their_end(boomi_emulator: BoomiEmulator) -> None:
    client = boomi_emulator.client()

    async def main() -> list[Token]:
        return await asyncio.gather(*(client.aio.token() for _ in range(500)))

    assert len({token.jwt for token in asyncio.run(main())}) == 1
    assert sum(entry["path"].startswith("/auth/") for entry in boomi_emulator.log()) == 1


def test_rows_and_pieces_come_with_async_for(boomi_emulator: BoomiEmulator) -> None:
    client = boomi_emulator.client()

    async def main() -> tuple[int, int]:
        rows = [row async for row in client.aio.query("Process")]
        answer = await client.aio.get("/api/rest/v1/{accountId}/Deployment/sized-200000", stream=True)
        return len(rows), sum([len(piece) async for piece in answer.aiter_bytes(1000)])

    assert asyncio.run(main()) == (250, 200_000)


def test_a_query_is_cancelled_between_its_rows(boomi_emulator: BoomiEmulator) -> None:
    client = boomi_emulator.client()
    rows: list[dict[str, Any]] = []

    async def read() -> None:
        async for row in client.aio.query("Process"):
            if not rows:
                boomi_emulator.control("outage", {"kind": "hang", "path_prefix": "/api/"})
            rows.append(row)

    async def main() -> None:
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(read(), 2)

    asyncio.run(main())
    assert len(rows) == 100


def test_exceptions_come_as_they_are(boomi_emulator: BoomiEmulator) -> None:
    client = boomi_emulator.client(Credentials.api_token(boomi_emulator.user.name, "wrong"))
    with pytest.raises(CredentialsRejectedError) as caught:
        asyncio.run(asyncio.wait_for(client.aio.generate_jwt(), 30))
    assert (caught.value.status, caught.value.sent, caught.value.retryable) == (401, True, False)


def test_asyncios_own_threads_are_left_alone(boomi_emulator: BoomiEmulator) -> None:
    class Nobody(ThreadPoolExecutor):
        def submit(self, *_: Any, **__: Any) -> Future[Any]:
            raise AssertionError("it was asked")

    async def main() -> Response:
        asyncio.get_running_loop().set_default_executor(Nobody())
        async for _ in boomi_emulator.client().aio.query("Process"):
            pass
        return await boomi_emulator.client().aio.get(RECORD)

    assert asyncio.run(main()).ok


def test_loops_in_two_threads_share_a_client(boomi_emulator: BoomiEmulator) -> None:
    client = boomi_emulator.client()
    counts: list[int] = []

    async def main() -> int:
        answers = await asyncio.gather(*(client.aio.get(BY_JWT, auth="jwt") for _ in range(40)))
        return sum(answer.ok for answer in answers)

    threads = [threading.Thread(target=lambda: counts.append(asyncio.run(main()))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts == [40, 40]


def test_callbacks_see_the_tasks_context(boomi_emulator: BoomiEmulator) -> None:
    who: contextvars.ContextVar[str] = contextvars.ContextVar("who", default="nobody")
    seen: list[str] = []

    async def main() -> None:
        who.set("me")
        await boomi_emulator.client(on_event=lambda event: seen.append(who.get())).aio.token()

    asyncio.run(main())
    assert seen and set(seen) == {"me"}


@pytest.mark.parametrize("how", ["asyncio.run", "a pending task", "a thread", "a thread's loop"])
def test_the_end_of_the_program_waits_for_no_call(boomi_emulator: BoomiEmulator, how: str) -> None:
    silent = Silent()
    with Child("ending", how, settings(boomi_emulator, base_url=silent.base_url)) as child:
        silent.heard()
        if how == "asyncio.run":
            child.signal(signal.SIGINT)
        else:
            child.tell("end")
        began = float(child.hear("end"))
        assert child.end() == 0
        print(f"{how}: {(time.monotonic() - began) * 1000:.0f} ms")
        # The call would take its 60 s.
        assert time.monotonic() - began < 20


def test_a_call_that_ends_with_the_interpreter_brings_nothing_down(boomi_emulator: BoomiEmulator) -> None:
    silent = Silent()
    with Child("ending", "too late", settings(boomi_emulator, base_url=silent.base_url, timeout=1)) as child:
        silent.heard()
        child.tell("end")
        child.hear("end")
        assert child.end() == 0
