"""The client for asyncio: each call on a thread of ours, and cancelled with its task."""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

from ._native import Call, Client, Deferred, Response, Token

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

    from ._native import Authorization, Job, Query

# asyncio's own threads, a handful, are those that look names up for the whole program: a slow Boomi must not hold them.
_MOST_THREADS = 64
_pools: dict[int, ThreadPoolExecutor] = {}


def _pool() -> ThreadPoolExecutor:
    """The threads of this process: those of a parent are not there after a fork."""
    pool = _pools.get(os.getpid())
    if pool is None:
        _pools.clear()
        pool = _pools.setdefault(os.getpid(), ThreadPoolExecutor(_MOST_THREADS, "boomi-auth"))
    return pool


async def run(deferred: Deferred, call: Call) -> Any:
    """Makes the call on another thread. If the task is cancelled, so is the call."""
    try:
        return await asyncio.get_running_loop().run_in_executor(_pool(), copy_context().run, deferred)
    except asyncio.CancelledError:
        call.cancel()
        raise


def begin(method: Callable[..., Any], *args: Any, **kwargs: Any) -> Awaitable[Any]:
    """What ``await`` makes the call of. No frame that an exception passes has the arguments: one may be a one-time code."""
    call = kwargs.get("call")
    if call is None:
        call = kwargs["call"] = Call()
    return run(Deferred(method, *args, **kwargs), call)


async def each(iterator: Iterator[Any], call: Call) -> AsyncIterator[Any]:
    """What an iterator gives that reads from the network."""
    while True:
        item = await run(Deferred(next, iterator, _END), call)
        if item is _END:
            return
        yield item


_END = object()


class AsyncClient:
    """The methods of :class:`Client` for asyncio, over the same object. The event loop is never blocked.

    To cancel the task (also by a timeout of asyncio's) cancels the call within 0.1 s.
    """

    __slots__ = ("_client",)

    def __init__(self, client: Client) -> None:
        self._client = client

    def request(self, method: str, path: str, **options: Any) -> Awaitable[Response]:
        """See :meth:`Client.request`. The body of a stream is read with :meth:`Response.aiter_bytes`."""
        return begin(self._client.request, method, path, **options)

    def get(self, path: str, **options: Any) -> Awaitable[Response]:
        """See :meth:`Client.get`."""
        return begin(self._client.get, path, **options)

    def post(self, path: str, **options: Any) -> Awaitable[Response]:
        """See :meth:`Client.post`."""
        return begin(self._client.post, path, **options)

    def put(self, path: str, **options: Any) -> Awaitable[Response]:
        """See :meth:`Client.put`."""
        return begin(self._client.put, path, **options)

    def patch(self, path: str, **options: Any) -> Awaitable[Response]:
        """See :meth:`Client.patch`."""
        return begin(self._client.patch, path, **options)

    def delete(self, path: str, **options: Any) -> Awaitable[Response]:
        """See :meth:`Client.delete`."""
        return begin(self._client.delete, path, **options)

    def query(self, object: str, filter: dict[str, Any] | None = None, **options: Any) -> Query:
        """See :meth:`Client.query`: ``async for row in client.aio.query("Process")``."""
        return self._client.query(object, filter, **options)

    def start(self, method: str, path: str, **options: Any) -> Awaitable[Job]:
        """See :meth:`Client.start`."""
        return begin(self._client.start, method, path, **options)

    def wait(self, method: str, path: str, **options: Any) -> Awaitable[Response]:
        """See :meth:`Client.wait`."""
        return begin(self._client.wait, method, path, **options)

    def token(self, account_id: str | None = None, min_validity: float = 0.0, **limits: Any) -> Awaitable[Token]:
        """See :meth:`Client.token`."""
        return begin(self._client.token, account_id, min_validity, **limits)

    def generate_jwt(self, account_id: str | None = None, **limits: Any) -> Awaitable[Token]:
        """See :meth:`Client.generate_jwt`."""
        return begin(self._client.generate_jwt, account_id, **limits)

    def authorize(self, url: str, scheme: str = "auto", **limits: Any) -> Awaitable[Authorization]:
        """See :meth:`Client.authorize`."""
        return begin(self._client.authorize, url, scheme, **limits)

    def __repr__(self) -> str:
        return f"<aio of {self._client!r}>"
