"""Signs the requests of aiohttp, from 3.12 on::

    async with aiohttp.ClientSession(middlewares=[boomi_middleware(client)]) as session:
        async with session.get(url, ssl=context) as response:
            ...

Its sessions take no ``client.auth()``.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING

import aiohttp

from ._auth import Auth, body_counts, keep_harmless

if TYPE_CHECKING:
    from ._native import Client, _Scheme

__all__ = ["boomi_middleware"]

# With these, nothing of a request was sent.
_NOT_SENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.ClientHttpProxyError)

# The middleware that signed a session's call last. All requests of a call, redirected ones too, have one timer.
_ours: ContextVar[tuple[object, object] | None] = ContextVar("_ours", default=None)


def boomi_middleware(client: Client, scheme: _Scheme = "auto") -> aiohttp.ClientMiddlewareType:
    """Returns a middleware for ``middlewares=`` of a session or a request. It never blocks the loop.

    - URLs of the client's origin alone are signed, each request of a redirect again; others pass unchanged.
    - After a refused JWT it gets a new one and sends the request once more, if its body can be read again.
    - A redirect to another origin takes no credentials and no header that may be a secret along: only ``Accept``,
      ``User-Agent``, ``Content-Type`` and similar ones.
    - The body of a 401, a 403, or a response of ``/graphql`` has been read: take it with ``read()`` or ``json()``.
    """
    auth, this = Auth(client, scheme), object()

    async def sign(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
        url, call = str(request.url), getattr(request, "_timer", request)
        if not auth.covers(url):
            if _ours.get() == (this, call):
                keep_harmless(request.headers)
            return await handler(request)
        _ours.set((this, call))
        is_second = False
        while True:
            authorization = await auth.authorize_async(url)
            headers = authorization.headers
            request.headers.update(headers)
            try:
                response = await handler(request)
            except _NOT_SENT:
                authorization.withdraw()
                raise
            finally:
                for name in headers:
                    request.headers.pop(name, None)
            body = b""
            try:
                if body_counts(url, response.status):
                    body = await response.read()
            finally:
                again = await auth.observe_async(authorization, response.status, body)
            if is_second or not again or not _may_repeat(request):
                return response
            response.release()
            is_second = True

    return sign


def _may_repeat(request: aiohttp.ClientRequest) -> bool:
    body = request.body
    return not body or isinstance(body, aiohttp.BytesPayload) or not getattr(body, "consumed", True)
