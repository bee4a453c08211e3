"""The client for asyncio: each call on a thread of ours, and cancelled with its task."""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import Future
from contextvars import copy_context
from queue import SimpleQueue
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any

from ._native import Authorization, Call, Client, Deferred, Response, Token

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Iterator

    from typing_extensions import Self, Unpack

    from ._native import Job, Query, _JobOptions, _Limits, _QueryOptions, _RequestOptions, _Scheme


class _Threads:
    """Threads for calls.

    asyncio's own, a handful, are those that look names up for the whole program: a slow Boomi must not hold them. And the end
    of a program waits for those of a ThreadPoolExecutor, for a minute perhaps; these are daemons.
    """

    MOST = 64

    def __init__(self) -> None:
        self._lock = Lock()
        self._started = 0
        # How many threads have nothing to do, less what waits for one.
        self._free = 0
        self._waiting: SimpleQueue[tuple[Future[Any], Callable[[], Any]]] = SimpleQueue()

    def run(self, work: Callable[[], Any]) -> Future[Any]:
        future: Future[Any] = Future()
        with self._lock:
            if self._free <= 0 and self._started < self.MOST:
                Thread(target=self._serve, name="boomi-auth", daemon=True).start()
                self._started += 1
                self._free += 1
            self._free -= 1
        self._waiting.put((future, work))
        return future

    def _serve(self) -> None:
        while True:
            self._do(*self._waiting.get())
            with self._lock:
                self._free += 1

    @staticmethod
    def _do(future: Future[Any], work: Callable[[], Any]) -> None:
        # One that was cancelled meanwhile is not begun.
        if not future.set_running_or_notify_cancel():
            return
        try:
            result = work()
        except BaseException as raised:
            future.set_exception(raised)
            # It has this frame in its traceback: without this it would hold itself.
            del future
        else:
            future.set_result(result)


_threads = _Threads()
if hasattr(os, "register_at_fork"):
    # The threads of a parent are not there in its child.
    os.register_at_fork(after_in_child=_threads.__init__)  # type: ignore[misc]


async def run(deferred: Deferred, call: Call) -> Any:
    """Makes the call on another thread. If the task is cancelled, so is the call."""
    context = copy_context()
    future = _threads.run(lambda: context.run(deferred))
    try:
        return await asyncio.wrap_future(future)
    except (asyncio.CancelledError, GeneratorExit):
        call.cancel()
        future.add_done_callback(_give_back)
        raise


def _give_back(future: Future[Any]) -> None:
    """Releases a result that came after its task was cancelled.

    Its headers were not sent, so they must not count as a sign-in without a response; and an unread response would keep
    its connection as long as the traceback.
    """
    result = None if future.cancelled() or future.exception() else future.result()
    if isinstance(result, Authorization):
        result.withdraw()
    elif isinstance(result, Response):
        result.close()


def begin(method: Callable[..., Any], *args: Any, **kwargs: Any) -> Coroutine[object, None, Any]:
    """Returns the coroutine of a call. No frame of a traceback has the arguments: one may be a one-time code."""
    call = kwargs.get("call")
    if call is None:
        call = kwargs["call"] = Call()
    return run(Deferred(method, *args, **kwargs), call)


async def each(iterator: Iterator[Any], call: Call) -> AsyncIterator[Any]:
    """Yields the items of an iterator that reads from the network."""
    while True:
        item = await run(Deferred(next, iterator, _END), call)
        if item is _END:
            return
        yield item


_END = object()


class AsyncClient:
    """The methods of a :class:`Client` for asyncio, as ``client.aio``. They never block the event loop.

    ``async with client.aio as client:`` closes the client's connections at its end. To cancel the task (also by a timeout of
    asyncio's) cancels the call within 0.1 s.
    """

    __slots__ = ("_client",)

    def __init__(self, client: Client) -> None:
        self._client = client

    def request(self, method: str, path: str, **options: Unpack[_RequestOptions]) -> Coroutine[object, None, Response]:
        """See :meth:`Client.request`. The body of a stream is read with :meth:`Response.aiter_bytes`."""
        return begin(self._client.request, method, path, **options)

    def get(self, path: str, **options: Unpack[_RequestOptions]) -> Coroutine[object, None, Response]:
        """See :meth:`Client.get`."""
        return begin(self._client.get, path, **options)

    def head(self, path: str, **options: Unpack[_RequestOptions]) -> Coroutine[object, None, Response]:
        """See :meth:`Client.head`."""
        return begin(self._client.head, path, **options)

    def post(self, path: str, **options: Unpack[_RequestOptions]) -> Coroutine[object, None, Response]:
        """See :meth:`Client.post`."""
        return begin(self._client.post, path, **options)

    def put(self, path: str, **options: Unpack[_RequestOptions]) -> Coroutine[object, None, Response]:
        """See :meth:`Client.put`."""
        return begin(self._client.put, path, **options)

    def patch(self, path: str, **options: Unpack[_RequestOptions]) -> Coroutine[object, None, Response]:
        """See :meth:`Client.patch`."""
        return begin(self._client.patch, path, **options)

    def delete(self, path: str, **options: Unpack[_RequestOptions]) -> Coroutine[object, None, Response]:
        """See :meth:`Client.delete`."""
        return begin(self._client.delete, path, **options)

    def query(self, object: str, filter: dict[str, Any] | None = None, **options: Unpack[_QueryOptions]) -> Query:
        """See :meth:`Client.query`: ``async for row in client.aio.query("Process")``."""
        return self._client.query(object, filter, **options)

    def start(self, method: str, path: str, **options: Unpack[_JobOptions]) -> Coroutine[object, None, Job]:
        """See :meth:`Client.start`."""
        return begin(self._client.start, method, path, **options)

    def wait(self, method: str, path: str, **options: Unpack[_JobOptions]) -> Coroutine[object, None, Response]:
        """See :meth:`Client.wait`."""
        return begin(self._client.wait, method, path, **options)

    def token(
        self, account_id: str | None = None, min_validity: float = 0.0, **limits: Unpack[_Limits]
    ) -> Coroutine[object, None, Token]:
        """See :meth:`Client.token`."""
        return begin(self._client.token, account_id, min_validity, **limits)

    def generate_jwt(self, account_id: str | None = None, **limits: Unpack[_Limits]) -> Coroutine[object, None, Token]:
        """See :meth:`Client.generate_jwt`."""
        return begin(self._client.generate_jwt, account_id, **limits)

    def authorize(
        self, url: str, scheme: _Scheme = "auto", **limits: Unpack[_Limits]
    ) -> Coroutine[object, None, Authorization]:
        """See :meth:`Client.authorize`."""
        return begin(self._client.authorize, url, scheme, **limits)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *raised: object) -> None:
        self._client.close()

    def __repr__(self) -> str:
        return f"<aio of {self._client!r}>"
