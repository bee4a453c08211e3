"""What processes of a pool do. They are found here by name, also in one that begins with nothing of its parent's."""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.synchronize import Barrier
from typing import Any

from boomi_auth import BoomiAuthError, Client, Credentials
from boomi_auth.pytest_plugin import BoomiEmulator

from .child import until

USER = BoomiEmulator.user


def gets_its_own_answers(client: Client, who: str, times: int = 20) -> bool:
    """Asks for records that are not there, by names of its own: an answer to somebody else would show."""
    for number in range(times):
        name = f"{who}-{number}"
        answer = client.get(f"/api/rest/v1/{{accountId}}/AuditLog/{name}")
        if answer.status_code != 404 or name not in (answer.message or ""):
            return False
    return True


def works(client: Client, who: str) -> bool:
    """Whether requests, tokens and asyncio do."""

    async def by_asyncio() -> bool:
        # One alone first: it must not wait for a thread that only the parent has.
        first = await client.aio.token()
        answers = await asyncio.gather(*(client.aio.token() for _ in range(5)))
        return {token.jwt for token in answers} == {first.jwt}

    return gets_its_own_answers(client, who) and bool(client.token().jwt) and asyncio.run(by_asyncio())


def leave_well(client: Client, who: str) -> None:
    """For a child that was forked in the middle of something: it goes no other way than this."""
    status = 1
    try:
        status = 0 if works(client, who) else 1
    finally:
        os._exit(status)


def run_as_child(client: Client, who: str) -> None:
    assert works(client, who)


def work_with_a_client_of_its_own(made_of: dict[str, Any], who: str) -> bool:
    with Client(Credentials.api_token(USER.name, USER.api_token), **made_of) as client:
        return works(client, who)


def connected(client: Client) -> Client:
    """The client, when this process is connected to its store: a call does not wait for that, and goes on alone."""
    until(lambda: "redis" in (client.describe_guard()["memory"] or ""))
    return client


def jwt_of_the_fleet(made_of: dict[str, Any]) -> str:
    with Client(Credentials.api_token(USER.name, USER.api_token), **made_of) as client:
        return str(connected(client).token().jwt)


def fail(made_of: dict[str, Any]) -> None:
    with Client(Credentials.api_token(USER.name, "wrong"), **made_of) as client:
        client.generate_jwt()


def sign_in_wrongly(made_of: dict[str, Any], together: Barrier) -> None:
    """Four threads of a process do, together with those of others."""
    client = Client(Credentials.password(USER.name, "wrong"), **made_of)
    if "store" in made_of:
        connected(client)
    together.wait(60)

    def one(_: int) -> None:
        try:
            client.get("/api/rest/v1/{accountId}/AuditLog/documentId-321").raise_for_status()
        except BoomiAuthError:
            return
        raise AssertionError("it was let in")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(one, range(4)))
