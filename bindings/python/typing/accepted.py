"""The API as its users write it. `mypy --strict` and pyright read this; nothing runs it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp
import boomi_auth
import httpx
import niquests
import requests
from boomi_auth import (
    BASE_URL_GB,
    Authorization,
    BoomiAuthError,
    Call,
    Client,
    Credentials,
    Headers,
    HeldError,
    Job,
    Query,
    RateLimitedError,
    RequestTimeoutError,
    Response,
    Token,
    TokenProvider,
    log_event,
)
from typing_extensions import assert_type


def from_a_vault(rejected: bool) -> Credentials:
    return Credentials.api_token("user@example.com", os.environ["TOKEN"] if rejected else "token")


def credentials() -> list[Credentials]:
    return [
        Credentials.api_token("user@example.com", "token"),
        Credentials.password("user@example.com", "password", otp="GEZDGNBVGY3TQOJQ"),
        Credentials.password("user@example.com", "password", otp=lambda: input("code: ")),
        Credentials.api_token_file("user@example.com", Path("/run/secrets/boomi")),
        Credentials.password_file("user@example.com", "/run/secrets/boomi", otp=None),
        Credentials.from_callable(from_a_vault),
        Credentials.from_callable(lambda rejected: Credentials.api_token("user@example.com", "token"), otp=input),
        Credentials.process("vault read boomi", username="user@example.com"),
    ]


def made() -> Client:
    events: list[dict[str, Any]] = []
    Client.from_env(timeout=5, on_event=log_event)
    Client(credentials()[0], on_event=events.append)
    return Client(
        credentials()[0],
        account_id="account123",
        base_url=BASE_URL_GB,
        timeout=30,
        connect_timeout=2.5,
        ca_file=Path("ca.pem"),
        ca_mode="add",
        proxy="",
        state_dir=os.fspath(Path.home()),
        store="rediss://cache.example.com",
        user_agent="program/1",
        max_response_bytes=1 << 20,
        requests_per_second=0,
        max_retries=2,
        max_sign_ins_in_flight=1,
        token_provider=Client.from_env().token_provider(),
        on_event=None,
    )


def requests_of_all_kinds(client: Client, ids: list[str], params: Mapping[str, str]) -> None:
    path = "/api/rest/v1/{accountId}/AuditLog/documentId-321"
    answer = client.get(
        path, params={"a": "b", "n": 1, "f": True, "none": None, "many": ids, "two": (1, "b"), "x": ["a", 1]}
    )
    assert_type(answer, Response)
    assert_type(answer.raise_for_status().json(), Any)
    client.get(path, params=params, headers=params)
    client.get(path, params=[("a", "b"), ("a", 2)], headers=answer.headers, secret_headers={"X-Key": "secret"})
    client.post(path, json={"QueryFilter": {}}, auth="jwt", account_id="other", replayable=True)
    client.post(path, data=b"bytes", auth=None)
    client.put(path, data=bytearray(b"bytes"), headers=[("Content-Type", "text/plain")], timeout=0.5)
    client.patch(path, data=memoryview(b"bytes"), otp="123456")
    client.delete(path, call=Call())
    client.request("HEAD", path, data="text", stream=False, timeout=None)
    assert_type(client.head(path).url, str)
    assert_type(answer.status_code, int)
    assert_type(answer.ok, bool)
    assert_type(answer.headers, Headers)
    assert_type(answer.headers["content-type"], str)
    assert_type(answer.headers.get_all("set-cookie"), list[str])
    assert_type(answer.content, bytes)
    assert_type(answer.text, str)
    assert_type(answer.message, "str | None")
    assert_type(answer.retry_after, "float | None")
    with client.get(path, stream=True) as stream, open("file", "wb") as file:
        for piece in stream.iter_bytes():
            assert_type(piece, bytes)
        file.writelines(stream.iter_bytes(chunk_size=1 << 20))


def queries_and_jobs(client: Client) -> Sequence[Mapping[str, Any]]:
    rows = client.query("Process", {"operator": "and", "nestedExpression": []}, timeout=60)
    assert_type(rows, Query)
    for row in rows:
        assert_type(row, dict[str, Any])
    job = client.start("POST", "/api/rest/v1/{accountId}/ExecutionRequest", json={"processId": "1"})
    assert_type(job, Job)
    assert_type(job.path, "str | None")
    assert_type(job.wait(timeout=600, stream=True), Response)
    assert_type(client.wait("GET", "/api/rest/v1/{accountId}/async/x"), Response)
    return [*rows, *client.query("Process")]


def tokens(client: Client) -> str:
    token = client.token(min_validity=60)
    assert_type(token, Token)
    provider = client.token_provider("account123")
    assert_type(provider, TokenProvider)
    if token.expires_at - token.issued_at < 60 or token in {client.token()}:
        client.invalidate(token)
        provider.refresh(timeout=3)
    assert_type(provider.get(60).header, str)
    assert_type(client.generate_jwt(otp="123456").jwt, str)
    authorization = client.authorize("https://api.boomi.com/graphql", "jwt")
    assert_type(authorization, Authorization)
    if authorization.observe(401, b"body"):
        authorization.withdraw()
    assert_type(client.authorize_at_once("https://api.boomi.com/graphql"), "Authorization | None")
    return boomi_auth.auth_header("user@example.com", api_token="token") + boomi_auth.auth_username("user@example.com")


def codes() -> list[str]:
    now = datetime.now(timezone.utc)
    return [boomi_auth.otp_code("GEZDGNBVGY3TQOJQ", at) for at in (None, 0, 59.5, now)]


def errors(client: Client) -> float:
    try:
        client.get("/")
    except RateLimitedError as error:
        assert_type(error.retry_after, "float | None")
        return error.retry_after or 1.0
    except (HeldError, RequestTimeoutError) as error:
        return float(error.retryable and not error.sent)
    except BoomiAuthError as error:
        assert_type(error.status, "int | None")
        assert_type(error.response, "Response | None")
        return error.code
    except (TimeoutError, ValueError):
        pass
    return float(Decimal(1))


def beside_other_libraries(client: Client, url: str) -> None:
    requests.get(url, auth=client.auth(), timeout=30)
    with requests.Session() as session:
        session.auth = client.auth("jwt")
    niquests.get(url, auth=client.auth("basic"))
    httpx.get(url, auth=client.auth())
    with httpx.Client(auth=client.auth()) as http:
        http.get(url)


async def without_blocking(client: Client, url: str) -> AsyncIterator[Mapping[str, Any]]:
    path = "/api/rest/v1/{accountId}/AuditLog/documentId-321"
    answer = await client.aio.get(path, params={"a": "b"}, timeout=3, auth="basic")
    assert_type(answer, Response)
    task = asyncio.create_task(client.aio.post(path, json={}, otp="123456", stream=True))
    async for piece in (await task).aiter_bytes(1 << 16):
        assert_type(piece, bytes)
    token, job = await asyncio.gather(
        client.aio.token(min_validity=9), client.aio.start("GET", path, account_id="other")
    )
    assert_type(token, Token)
    assert_type(job, Job)
    assert_type(await asyncio.wait_for(client.aio.generate_jwt(timeout=3), 5), Token)
    assert_type(await client.aio.authorize(url, "jwt"), Authorization)
    async with httpx.AsyncClient(auth=client.auth()) as http:
        await http.get(url)
    async for row in client.aio.query("Process", {"operator": "and"}, headers={"X-A": "b"}):
        yield row


def settings_that_are_computed(**given: str) -> dict[str, Any]:
    with ExitStack() as stack:
        client = stack.enter_context(Client(credentials()[0], **given))  # type: ignore[arg-type]
        client.cancel()
        client.reset_guard()
        return client.describe() | client.describe_guard()


def version() -> str:
    return boomi_auth.__version__


async def beside_aiohttp(client: Client, url: str) -> None:
    from boomi_auth.aiohttp import boomi_middleware

    async with aiohttp.ClientSession(middlewares=[boomi_middleware(client)]) as session, session.get(url) as answer:
        answer.raise_for_status()
