"""Signs requests of other HTTP libraries: those of requests and niquests here, importing neither."""

from __future__ import annotations

import sys
from threading import local
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar
from urllib.parse import urljoin, urlsplit
from weakref import ref

from ._errors import ConfigurationError, HeldError, RequestTimeoutError
from ._hidden import Hidden

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from ._native import Authorization, Client, _Scheme

    _Request = TypeVar("_Request")

# At another origin all other headers may be secrets.
_HARMLESS = (
    "accept",
    "accept-",
    "cache-control",
    "connection",
    "content-",
    "cookie",  # The libraries set it for each host.
    "host",
    "if-",
    "range",
    "transfer-encoding",
    "user-agent",
)


class Auth:
    """Signs requests of requests and niquests, as ``auth=client.auth()``. Threads may share it.

    - URLs of the client's origin alone are signed; another one raises ConfigurationError before anything is sent.
    - After a refused JWT it gets a new one and sends the request once more, if its body is in memory or a file.
    - A redirect takes its headers off. Within the origin the next request is signed when its response asks for that.
      To another origin go no credentials and no header that may be a secret: only ``Accept``, ``User-Agent``,
      ``Content-Type`` and similar ones. The libraries still add credentials of ``.netrc`` for the host of a redirect,
      unless ``session.trust_env`` is false.
    - A multiplexed session of niquests follows redirects unsigned, and replaces a refused JWT for its next request.
    - Where an event loop runs it never waits: it uses a cached JWT, or raises ConfigurationError. For requests, a
      notebook does not count as an event loop.
    - A request that the libraries retry, or send from another thread, is signed again. A sign-in that was sent and had
      no response may have been rejected: the guard holds the next one for a while (HeldError), unless the credentials
      were accepted lately. A request without a connection does not count.
    """

    __slots__ = ("_client", "_scheme", "_settings")

    def __init__(self, client: Client, scheme: _Scheme = "auto") -> None:
        self._client = client
        self._scheme = scheme
        self._settings: dict[str, Any] | None = None

    def __call__(self, request: _Request) -> _Request:
        """Signs a prepared request, and registers hooks that report its response."""
        if not hasattr(request, "register_hook"):
            raise not_this_one()
        hook = _Hook(self, _position(getattr(request, "body", None)))
        hook.is_of_niquests = "pre_send" in getattr(request, "hooks", ())
        hook.sign(request)
        request.register_hook("response", hook)
        if hook.is_of_niquests:
            request.register_hook("pre_send", hook.connected)
            hook.guard_copies(request)
        return request

    def authorize(self, url: str, may_be_awaited: bool = False) -> Authorization:
        """Returns the headers for a request to that URL; in an event loop without waiting."""
        if not _must_not_wait(may_be_awaited):
            return self._client.authorize(url, self._scheme)
        authorization = self._client.authorize_at_once(url, self._scheme)
        if authorization is None:
            raise ConfigurationError(
                "an event loop runs here, and a sign-in would block it: use boomi_auth.httpx.BoomiAuth(client) for "
                "httpx, or boomi_auth.aiohttp.boomi_middleware(client) for aiohttp; for a JWT, "
                "`await client.aio.token()` first",
                code=1,
            )
        return authorization

    async def authorize_async(self, url: str) -> Authorization:
        """Returns the headers for a request to that URL, from another thread."""
        return await self._client.aio.authorize(url, self._scheme)

    async def observe_async(self, authorization: Authorization, status: int, body: bytes) -> bool:
        """Reports a response. Uses no thread of ``client.aio``: all of them may wait for this report."""
        about = self.settings()
        if about["state_dir"] is None and about["store"] is None:
            return authorization.observe(status, body)
        import asyncio

        return await asyncio.to_thread(authorization.observe, status, body)

    def settings(self) -> dict[str, Any]:
        """Returns ``client.describe()``, which does not change."""
        if self._settings is None:
            self._settings = self._client.describe()
        return self._settings

    def covers(self, url: str) -> bool:
        """Whether a URL is of the client's origin."""
        try:
            self._client.authorize_at_once(url, "basic")
        except ConfigurationError:
            return False
        return True

    def __repr__(self) -> str:
        return f"<boomi_auth.{type(self).__name__} {self._scheme} of {self._client!r}>"

    def __copy__(self) -> Auth:
        return self

    def __deepcopy__(self, memo: object) -> Auth:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            f"a boomi_auth.{type(self).__name__} cannot be pickled, because its client holds secrets and connections: "
            "make it where it is used"
        )


class _Hook:
    """Signs one request, and those that it is redirected to."""

    __slots__ = (
        "__weakref__",
        "_auth",
        "_authorization",
        "_headers",
        "_start",
        "_url",
        "_written",
        "is_of_niquests",
        "is_sent",
    )

    def __init__(self, auth: Auth | None = None, start: int | None = None) -> None:
        # None when the request has left the origin: it is not signed again.
        self._auth = auth
        self._authorization: Authorization | None = None
        self._headers: dict[str, str] = {}
        # The names of those that were written.
        self._written: set[str] = set()
        self.is_sent = False
        self._start = start
        self._url = ""
        self.is_of_niquests = False

    def sign(self, request: Any) -> None:
        self._url = request.url
        self._authorize()
        for name, value in self._headers.items():
            request.headers[name] = _Header(value, name, self)

    def _authorize(self) -> None:
        if self._auth is None:
            return
        # The former request of this thread has ended, and makes room.
        _thread.sending = None
        self._authorization, self.is_sent = self._auth.authorize(self._url, self.is_of_niquests), False
        self._headers, self._written = self._authorization.headers, set()
        if self._headers.get("Authorization", "").startswith("Basic "):
            _thread.sending = _Sending(self)

    def connected(self, request: object = None) -> None:
        """Notes that the request is sent now, over a connection. niquests calls it as a hook."""
        if self._headers and self._authorization is None:
            # Another request was signed between this one and its sending.
            self._authorize()
        self.is_sent = True

    def written(self, header: _Header) -> str:
        """Returns the header to send, once: a retry of the libraries, and a copy of the request, pass the guard again."""
        if self._auth is not None and (header.name in self._written or not self._headers):
            authorization, status = self._authorization, _status_repeated()
            if authorization is not None and status is not None:
                authorization.observe(status)
            self.end()
            self._authorize_again()
        self._written.add(header.name)
        self.connected()
        return self._headers.get(header.name, header)

    def _authorize_again(self) -> None:
        try:
            self._authorize()
        except RequestTimeoutError as late:
            # urllib3 would retry after an OSError, and wait again.
            raise HeldError(str(late), code=5, retryable=True) from late

    def end(self) -> None:
        """Ends the attempt without a response."""
        authorization, self._authorization = self._authorization, None
        # A dropped authorization counts as a sign-in without a response.
        if authorization is not None and not self.is_sent:
            authorization.withdraw()

    __del__ = end

    def guard_copies(self, request: Any) -> None:
        """Takes secrets off copies: multiplexed sessions of niquests copy a request for a redirect before the hook."""
        this, kind = ref(request), type(request)

        def copy() -> Any:
            copied = kind.copy(this())
            keep_harmless(copied.headers)
            self._auth = None
            return copied

        request.copy = copy

    def __call__(self, response: Any, **kwargs: Any) -> Any:
        """Handles each response; both libraries copy the request's headers for a redirect after it."""
        if response.history:
            self._observe(response.history[0], True)
            return response
        request = response.request
        again = self._observe(response, bool(kwargs.get("stream")))
        # A multiplexed session ignores what the hook returns.
        may_wait = not (_must_not_wait(self.is_of_niquests) or kwargs.get("multiplexed"))
        if again and may_wait and _rewind(request.body, self._start):
            response = self._send_again(response, kwargs)
        if response.is_redirect:
            self._redirected(request, response)
        return response

    def _observe(self, response: Any, is_stream: bool) -> bool:
        """Reports a response. Returns whether to sign again and send once more."""
        # Headers are for one attempt: a retry or redirect must pass the guard again.
        for name, value in self._headers.items():
            if response.request.headers.get(name) == value:
                del response.request.headers[name]
        vars(response.request).pop("copy", None)
        authorization, self._authorization, self._headers = self._authorization, None, {}
        sending = getattr(_thread, "sending", None)
        if sending is not None and sending.hook is self:
            # It would keep the client alive.
            _thread.sending = None
        if authorization is None:
            # It was retried without these headers.
            return self._auth is not None and response.status_code in (401, 403)
        body = b""
        try:
            # In an event loop the body may have to be awaited.
            if body_counts(response.request.url, response.status_code, is_stream) and not _must_not_wait(
                self.is_of_niquests
            ):
                body = response.content or b""
        finally:
            again = authorization.observe(response.status_code, body)
        return again

    def _send_again(self, response: Any, kwargs: dict[str, Any]) -> Any:
        # The connection is free when the response is read.
        _ = response.content
        response.close()
        request = response.request.copy()
        self.sign(request)
        # niquests calls no hook for this request.
        self.is_sent = self.is_of_niquests
        second = response.connection.send(request, **kwargs)
        second.history.append(response)
        second.request = request
        self._observe(second, bool(kwargs.get("stream")))
        return second

    def _redirected(self, request: Any, response: Any) -> None:
        target = urlsplit(urljoin(response.url, response.headers["location"]))
        if self._auth is not None and self._auth.covers(f"{target.scheme}://{target.netloc}/"):
            return
        self._auth = None
        keep_harmless(request.headers)

    def __reduce__(self) -> tuple[object, ...]:
        # Responses are pickled with their request and its hooks.
        return _Hook, ()


class _Header(Hidden):
    """A header that notes when it is sent: http.client encodes it just before it writes it to a connection."""

    __slots__ = ("_hook", "name")
    _hook: _Hook
    name: str

    def __new__(cls, value: str, name: str, hook: _Hook) -> _Header:
        made = super().__new__(cls, value)
        made.name, made._hook = name, hook
        return made

    def encode(self, *how: Any, **kwargs: Any) -> bytes:
        return str(self._hook.written(self)).encode(*how, **kwargs)


class _Sending:
    """The current request of a thread. Its failure shows when the thread signs another request, or ends."""

    __slots__ = ("hook",)

    def __init__(self, hook: _Hook) -> None:
        self.hook = hook

    def __del__(self) -> None:
        # niquests may multiplex a sent request, and get its response later.
        if not (self.hook.is_of_niquests and self.hook.is_sent):
            self.hook.end()


_thread = local()


def body_counts(url: str, status: int, is_stream: bool = False) -> bool:
    """Whether a response body says more about the credentials than the status does."""
    if status == 200:
        return not is_stream and urlsplit(url).path.rstrip("/").endswith("/graphql")
    return status in (401, 403)


def keep_harmless(headers: MutableMapping[str, Any]) -> None:
    """Removes all headers that may be secrets."""
    for name in list(headers):
        lower = name.lower()
        if not any(lower == known or known[-1] == "-" and lower.startswith(known) for known in _HARMLESS):
            del headers[name]


def not_this_one() -> ConfigurationError:
    return ConfigurationError(
        "client.auth() signs requests of requests and niquests, and of httpx if that was imported before: use "
        "boomi_auth.httpx.BoomiAuth(client) for httpx, boomi_auth.aiohttp.boomi_middleware(client) for aiohttp",
        code=1,
    )


def _must_not_wait(may_be_awaited: bool = False) -> bool:
    """Whether an event loop runs here. In a notebook one always does, and a blocking library may block it."""
    running = getattr(sys.modules.get("asyncio"), "_get_running_loop", None)
    return running is not None and running() is not None and (may_be_awaited or "ipykernel" not in sys.modules)


def _status_repeated() -> int | None:
    """The status of the response that urllib3 retries a request for, from the history of its ``Retry``."""
    frame = sys._getframe()
    while frame := frame.f_back:  # type: ignore[assignment]
        history = getattr(frame.f_locals.get("retries"), "history", None)
        if history:
            return history[-1].status  # type: ignore[no-any-return]
    return None


def _position(body: Any) -> int | None:
    try:
        return body.tell()  # type: ignore[no-any-return]
    except (AttributeError, OSError):
        return None


def _rewind(body: Any, start: int | None) -> bool:
    """Rewinds a body to its start. Returns whether that worked."""
    if body is None or isinstance(body, (bytes, bytearray, str)):
        return True
    try:
        body.seek(start)
    except (AttributeError, OSError, TypeError, ValueError):
        return False
    return True
