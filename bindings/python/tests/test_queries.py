"""Queries over all their pages, and work in Boomi's own time."""

from __future__ import annotations

import asyncio

import boomi_auth
import pytest
from boomi_auth.pytest_plugin import BoomiEmulator


def test_a_query_has_the_rows_of_all_pages(boomi_emulator: BoomiEmulator) -> None:
    simple = {"operator": "EQUALS", "property": "name", "argument": ["a"]}
    with boomi_emulator.client() as client:
        for filter in (None, simple, {"expression": simple}, {"QueryFilter": {"expression": simple}}):
            rows = list(client.query("Process", filter))
            assert len(rows) == 250 and isinstance(rows[0], dict)
        partner = client.query(
            "/partner/api/rest/v1/{accountId}/Process/query", params={"overrideAccount": "subaccount456"}
        )
        assert len(list(partner)) == 250
    paths = [line["path"] for line in boomi_emulator.log()[:3]]
    assert paths == ["/api/rest/v1/account123/Process/query"] + ["/api/rest/v1/account123/Process/queryMore"] * 2


def test_pages_are_asked_for_when_they_are_needed(boomi_emulator: BoomiEmulator) -> None:
    with boomi_emulator.client() as client:
        rows = client.query("Process")
        assert boomi_emulator.log() == []
        next(rows)
        assert len(boomi_emulator.log()) == 1


def test_an_exception_loses_no_row(boomi_emulator: BoomiEmulator) -> None:
    with boomi_emulator.client(max_retries=0) as client:
        query, rows = client.query("Process"), []
        for row in query:
            rows.append(row)
            if len(rows) == 100:
                break
        boomi_emulator.control("faults", {"status": 500})
        with pytest.raises(boomi_auth.HTTPStatusError):
            next(query)
        rows += query
    assert len(rows) == 250 and len({str(row) for row in rows}) == 250


def test_no_rows_are_no_rows(boomi_emulator: BoomiEmulator) -> None:
    boomi_emulator.control("query", {"rows": 0, "page": 100})
    with boomi_emulator.client() as client:
        assert list(client.query("Process")) == []
        with pytest.raises(TypeError, match="stream"):
            client.query("Process", stream=True)  # type: ignore[call-arg]


def test_work_is_waited_for(boomi_emulator: BoomiEmulator) -> None:
    path = "/api/rest/v1/{accountId}/async/AtomCounters/id-1"
    with boomi_emulator.client() as client:
        job = client.start("GET", path)
        assert job.path is not None and "/response/" in job.path
        assert job.wait().raise_for_status().ok
        assert client.wait("GET", path).ok
        log = client.start("POST", "/api/rest/v1/{accountId}/ProcessLog", json={"executionId": "e-1"})
        assert sum(len(piece) for piece in log.wait(stream=True).iter_bytes()) == 1000
        with pytest.raises(boomi_auth.RequestTimeoutError):
            client.start("GET", path).wait(timeout=0.05)


def test_the_same_with_asyncio(boomi_emulator: BoomiEmulator) -> None:
    async def main() -> tuple[int, bool]:
        async with boomi_emulator.client().aio as client:
            rows = [row async for row in client.query("Process")]
            job = await client.start("GET", "/api/rest/v1/{accountId}/async/AtomCounters/id-1")
            return len(rows), (await asyncio.to_thread(job.wait)).ok

    assert asyncio.run(main()) == (250, True)
