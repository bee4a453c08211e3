"""Processes: forked with a client of their parent's, or begun anew; and a user whom they share."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import pickle
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest
from boomi_auth import CredentialsRejectedError
from boomi_auth.pytest_plugin import BoomiEmulator
from programs import workers
from programs.child import settings, until

# Python warns of every fork of a process with threads. This is about such forks.
pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
RECORD = "/api/rest/v1/{accountId}/AuditLog/documentId-321"
BY_JWT = "/api/rest/v1/{accountId}/Deployment/documentId-321"


def end(process: BaseProcess) -> int | None:
    process.join(60)
    if process.exitcode is None:
        process.kill()
    return process.exitcode


def forked(work: Callable[[], None]) -> int:
    """Forks here and now, and returns the child's process; `work` ends it."""
    process = os.fork()
    if process == 0:
        try:
            work()
        finally:
            os._exit(1)
    return process


def went_well(process: int) -> bool:
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 0


def connections(emulator: BoomiEmulator, who: str) -> list[int]:
    """Over which the requests of one came, in order, each once."""
    numbers = [entry["connection"] for entry in emulator.log() if f"/{who}-" in entry["path"]]
    return list(dict.fromkeys(numbers))


def test_two_children_and_then_the_parent_use_a_client_of_the_parents(boomi_emulator: BoomiEmulator) -> None:
    client = boomi_emulator.client()
    assert workers.works(client, "before")
    fork = multiprocessing.get_context("fork")
    children = [fork.Process(target=workers.run_as_child, args=(client, who)) for who in ("one", "two")]
    for child in children:
        child.start()
    # At the same time as the children: a shared connection would mix the answers.
    assert workers.works(client, "parent")
    assert [end(child) for child in children] == [0, 0]
    assert workers.works(client, "after")

    before, one, two, parent, after = (
        connections(boomi_emulator, who) for who in ("before", "one", "two", "parent", "after")
    )
    assert len(one) == len(two) == 1 and one != two and before != one and before != two
    # The children closed nothing of their parent's.
    assert before == parent == after


def test_a_child_of_a_child(boomi_emulator: BoomiEmulator) -> None:
    client = boomi_emulator.client()
    assert workers.works(client, "parent")

    def child() -> None:
        assert workers.works(client, "child")
        grandchild = forked(lambda: workers.leave_well(client, "grandchild"))
        assert workers.works(client, "child")
        os._exit(0 if went_well(grandchild) else 1)

    assert went_well(forked(child))


def test_children_are_forked_while_other_threads_are_in_calls(boomi_emulator: BoomiEmulator) -> None:
    client = boomi_emulator.client()
    done = threading.Event()

    def call(number: int) -> bool:
        good = True
        while not done.is_set():
            good = good and workers.gets_its_own_answers(client, f"thread{number}", 3) and bool(client.generate_jwt())
        return good

    with ThreadPoolExecutor(4) as pool:
        threads = [pool.submit(call, number) for number in range(4)]
        children = [forked(lambda n=number: workers.leave_well(client, f"child{n}")) for number in range(6)]  # type: ignore[misc]
        assert [went_well(child) for child in children] == [True] * 6
        done.set()
        assert [thread.result() for thread in threads] == [True] * 4


def test_a_child_whose_parent_was_in_the_middle_of_getting_a_token(boomi_emulator: BoomiEmulator) -> None:
    client = boomi_emulator.client()
    client.get(RECORD)
    boomi_emulator.control("outage", {"kind": "hang", "path_prefix": "/auth/"})
    with ThreadPoolExecutor(1) as pool:
        token = pool.submit(client.token)
        until(lambda: any(entry["path"].startswith("/auth/") for entry in boomi_emulator.log()))
        child = forked(lambda: workers.leave_well(client, "child"))
        boomi_emulator.control("outage", {"kind": None})
        assert went_well(child)
        assert token.result().jwt


def test_a_fork_in_a_thread(boomi_emulator: BoomiEmulator) -> None:
    client = boomi_emulator.client()
    assert workers.works(client, "parent")
    with ThreadPoolExecutor(1) as pool:
        child = pool.submit(forked, lambda: workers.leave_well(client, "child")).result()
    assert went_well(child)


def test_a_fork_in_a_coroutine(boomi_emulator: BoomiEmulator) -> None:
    client = boomi_emulator.client()

    async def main() -> bool:
        calls = [asyncio.ensure_future(client.aio.get(BY_JWT, auth="jwt")) for _ in range(20)]
        await asyncio.sleep(0)
        child = forked(lambda: workers.leave_well(client, "child"))
        good = all(answer.ok for answer in await asyncio.gather(*calls))
        return good and await asyncio.get_running_loop().run_in_executor(None, went_well, child)

    assert asyncio.run(main())


def test_a_client_does_not_go_to_another_process(boomi_emulator: BoomiEmulator) -> None:
    client = boomi_emulator.client()
    with pytest.raises(
        TypeError, match=r"holds secrets and connections: make it .*Client\.from_env\(\) in each process"
    ):
        pickle.dumps(client)
    with pytest.raises(TypeError, match="cannot be pickled"):
        multiprocessing.get_context("spawn").Process(target=workers.run_as_child, args=(client, "child")).start()
    # And this is what to do.
    with pool_of("spawn", 2) as pool:
        work = [pool.submit(workers.work_with_a_client_of_its_own, settings(boomi_emulator), f"w{n}") for n in range(2)]
        assert [one.result() for one in work] == [True, True]


def pool_of(method: str, processes: int) -> ProcessPoolExecutor:
    context: BaseContext = multiprocessing.get_context(method)
    return ProcessPoolExecutor(processes, mp_context=context)


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_an_exception_comes_out_of_a_pool_as_it_is(boomi_emulator: BoomiEmulator, method: str) -> None:
    with pool_of(method, 1) as pool, pytest.raises(CredentialsRejectedError) as caught:
        pool.submit(workers.fail, settings(boomi_emulator)).result()
    raised = caught.value
    assert (raised.status, raised.sent, raised.retryable, raised.attempts) == (401, True, False, 1)
    assert raised.code == 3 and "user@example.com" in str(raised)


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_processes_with_a_state_directory_send_a_wrong_password_twice_at_most(
    boomi_emulator: BoomiEmulator, tmp_path: Path, method: str
) -> None:
    boomi_emulator.control("delays", [{"path_prefix": "", "min_ms": 50, "max_ms": 300}])
    made_of = settings(boomi_emulator, state_dir=str(tmp_path))
    context: Any = multiprocessing.get_context(method)
    together = context.Barrier(8)
    children = [context.Process(target=workers.sign_in_wrongly, args=(made_of, together)) for _ in range(8)]
    for child in children:
        child.start()
    assert [end(child) for child in children] == [0] * 8
    assert 1 <= boomi_emulator.users()[boomi_emulator.user.name]["total_rejections"] <= 2
