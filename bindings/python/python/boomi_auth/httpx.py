"""Signs the requests of httpx::

    async with httpx.AsyncClient(auth=boomi_auth.httpx.BoomiAuth(client), verify=context) as http:
        response = await http.get(url)

After ``import httpx``, ``client.auth()`` returns a BoomiAuth too.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import TYPE_CHECKING, Any

import httpx

from ._auth import Auth, body_counts, keep_harmless
from ._errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Generator

    from ._native import Authorization

__all__ = ["BoomiAuth"]

# With these, nothing of a request was sent.
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError, httpx.UnsupportedProtocol)


class BoomiAuth(Auth, httpx.Auth):
    """Signs requests of ``httpx.Client`` and ``httpx.AsyncClient``, as ``auth=``. It never blocks the loop.

    - URLs of the client's origin alone are signed; another one raises ConfigurationError before anything is sent.
    - After a refused JWT it gets a new one and sends the request once more, if its body is in memory.
    - With ``follow_redirects``, httpx calls no hook, and takes only Authorization off at another origin. So a sign-in
      with a one-time code raises ConfigurationError: sign with a JWT (``scheme="jwt"``) or an API token. Of your own
      headers only those without secrets go there: ``Accept``, ``User-Agent``, ``Content-Type`` and similar ones. A
      trace of httpcore removes the others, so with another transport (``transport=``) do not follow redirects.
    - For asyncio, not for trio. requests and niquests take it too.
    """

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Called by ``httpx.Client``."""
        url = str(request.url)
        request.extensions["trace"] = _tracing(self, request)
        for is_last in (False, True):
            self._expect_no_code(url)
            authorization = _without_code(self.authorize(url))
            request.headers.update(authorization.headers)
            try:
                response = yield request
            except GeneratorExit as closed:
                _ended(request, authorization, closed.__context__)
                raise
            observed, body = self._last_of_origin(request, response), b""
            try:
                if observed is response and body_counts(str(observed.url), observed.status_code):
                    body = response.read()
            finally:
                again = authorization.observe(observed.status_code, body)
            if is_last or not again or not _may_repeat(request, response):
                return

    def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Called by ``httpx.AsyncClient``."""
        return _AsyncFlow(self._steps, request)

    async def _steps(self, request: httpx.Request, flow: _AsyncFlow) -> AsyncGenerator[httpx.Request, httpx.Response]:
        url = str(request.url)
        request.extensions["trace"] = _tracing_async(self, request)
        for is_last in (False, True):
            self._expect_no_code(url)
            authorization = _without_code(await self.authorize_async(url))
            request.headers.update(authorization.headers)
            try:
                response = yield request
            except GeneratorExit:
                _ended(request, authorization, flow.closed_for)
                raise
            observed, body = self._last_of_origin(request, response), b""
            try:
                if observed is response and body_counts(str(observed.url), observed.status_code):
                    body = await response.aread()
            finally:
                again = await self.observe_async(authorization, observed.status_code, body)
            if is_last or not again or not _may_repeat(request, response):
                return

    def _expect_no_code(self, url: str) -> None:
        """Raises if the request would need a one-time code, before a user is prompted for one."""
        about = self.settings()
        username = about["credentials"] and about["credentials"]["username"]
        is_jwt = self._scheme == "jwt" or about["token_provider"] or url.rstrip("/").endswith("/graphql")
        if about["otp"] != "none" and username and not username.startswith("BOOMI_TOKEN.") and not is_jwt:
            raise _code_refused()

    def _last_of_origin(self, request: httpx.Request, response: httpx.Response) -> httpx.Response:
        """Returns the last response of the client's origin among the redirects."""
        hops = [*response.history, response]
        # The response of a refused JWT may come first.
        while hops[0].request is not request or any(hop.request is request for hop in hops[1:]):
            del hops[0]
        last = hops[0]
        for hop in hops:
            hop.request.headers.pop("Authorization", None)
        for hop in hops[1:]:
            if not self.covers(str(hop.url)):
                break
            last = hop
        return last


class _AsyncFlow(AsyncGenerator[httpx.Request, httpx.Response]):
    """An async generator that knows which exception closes it."""

    __slots__ = ("_generator", "closed_for")

    def __init__(self, steps: Any, request: httpx.Request) -> None:
        self.closed_for: BaseException | None = None
        self._generator = steps(request, self)

    async def asend(self, value: httpx.Response | None) -> httpx.Request:
        return await self._generator.asend(value)  # type: ignore[no-any-return]

    async def athrow(self, *raised: Any) -> httpx.Request:
        return await self._generator.athrow(*raised)  # type: ignore[no-any-return]

    async def aclose(self) -> None:
        self.closed_for = sys.exc_info()[1]
        await self._generator.aclose()


def _tracing(auth: Auth, request: httpx.Request) -> Callable[[str, dict[str, Any]], None]:
    """Returns a trace, which httpcore calls at each step of a request and of its redirects."""
    users = _users_trace(request)

    def trace(name: str, info: dict[str, Any]) -> None:
        _remove_secrets(auth, name, info)
        if users is not None:
            users(name, info)

    trace.users = users  # type: ignore[attr-defined]
    return trace


def _tracing_async(auth: Auth, request: httpx.Request) -> Callable[[str, dict[str, Any]], Awaitable[None]]:
    users = _users_trace(request)

    async def trace(name: str, info: dict[str, Any]) -> None:
        _remove_secrets(auth, name, info)
        if users is not None:
            await users(name, info)

    trace.users = users  # type: ignore[attr-defined]
    return trace


def _users_trace(request: httpx.Request) -> Any:
    trace = request.extensions.get("trace")
    # A request may be sent more than once.
    return getattr(trace, "users", trace)


def _remove_secrets(auth: Auth, step: str, info: dict[str, Any]) -> None:
    """Removes headers that may be secrets from a request to another origin, before they are written."""
    if not step.endswith(".send_request_headers.started"):
        return
    request = info["request"]
    # A proxy that forwards has the URL as its target; that of a tunnel gets headers of its own.
    target = request.url.target
    url = target if target.startswith(b"http") else bytes(request.url)
    if request.method == b"CONNECT" or auth.covers(url.decode("latin-1")):
        return
    harmless = dict.fromkeys(name.decode("latin-1") for name, _ in request.headers)
    keep_harmless(harmless)
    if url is target:
        harmless["Proxy-Authorization"] = None
    request.headers[:] = [(name, value) for name, value in request.headers if name.decode("latin-1") in harmless]


def _without_code(authorization: Authorization) -> Authorization:
    if "X-Boomi-OTP" in authorization.headers:
        authorization.withdraw()
        raise _code_refused()
    return authorization


def _code_refused() -> ConfigurationError:
    return ConfigurationError(
        "a redirect of httpx would send the one-time code to another host, so it is not set: sign with a "
        'JWT, BoomiAuth(client, "jwt"), or with an API token',
        code=1,
    )


def _ended(request: httpx.Request, authorization: Authorization, why: BaseException | None) -> None:
    """Ends without a response. That counts, unless nothing was sent, not even the request before a redirect."""
    request.headers.pop("Authorization", None)
    if isinstance(why, _NOT_SENT) and why.request is request:
        authorization.withdraw()


def _may_repeat(request: httpx.Request, response: httpx.Response) -> bool:
    # After a redirect the first request may have taken effect.
    if response.request is not request:
        return False
    try:
        _ = request.content
    except httpx.RequestNotRead:
        return False
    return True
