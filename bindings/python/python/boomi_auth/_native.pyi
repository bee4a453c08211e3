"""The types of what is written in Rust. `mypy.stubtest` compares them with it."""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from datetime import datetime
from os import PathLike
from types import TracebackType
from typing import Any, Final, Literal, NoReturn, TypeAlias, TypedDict, final

from typing_extensions import Self

from ._aio import AsyncClient
from ._auth import Auth
from ._headers import Headers

_Scheme: TypeAlias = Literal["auto", "basic", "jwt"]
_Path: TypeAlias = str | PathLike[str]
_Body: TypeAlias = str | bytes | bytearray | memoryview | None
_Headers: TypeAlias = Mapping[str, str] | Iterable[tuple[str, str]] | None
_One: TypeAlias = str | float | bool | None
# Not a Sequence: bytes are one, and a range.
_QueryValue: TypeAlias = _One | tuple[_One, ...] | list[Any]
_Params: TypeAlias = Mapping[str, _QueryValue] | Iterable[tuple[str, _QueryValue]] | None
_Otp: TypeAlias = str | Callable[[], str] | None

# The keywords of the methods, for those that only hand them on.
class _Limits(TypedDict, total=False):
    otp: str | None
    timeout: float | None
    call: Call | None

class _QueryOptions(_Limits, total=False):
    params: _Params
    headers: _Headers
    secret_headers: _Headers
    auth: _Scheme | None
    account_id: str | None

class _JobOptions(_QueryOptions, total=False):
    json: object
    data: _Body
    replayable: bool | None

class _RequestOptions(_JobOptions, total=False):
    stream: bool

__all__ = [
    "Authorization",
    "BASE_URL_GB",
    "BASE_URL_US",
    "Call",
    "Chunks",
    "Client",
    "Credentials",
    "Deferred",
    "Job",
    "Query",
    "Response",
    "Token",
    "TokenProvider",
    "VERSION",
    "auth_header",
    "auth_username",
    "otp_code",
]

VERSION: Final[str]
BASE_URL_US: Final[str]
BASE_URL_GB: Final[str]

def auth_header(username: str, *, api_token: str | None = None, password: str | None = None) -> str: ...
def auth_username(username: str, kind: Literal["api_token", "password"] = "api_token") -> str: ...
def otp_code(secret: str, at: float | datetime | None = None) -> str: ...

@final
class Credentials:
    @staticmethod
    def api_token(username: str, token: str) -> Credentials: ...
    @staticmethod
    def password(username: str, password: str, *, otp: _Otp = None) -> Credentials: ...
    @staticmethod
    def api_token_file(username: str, path: _Path) -> Credentials: ...
    @staticmethod
    def password_file(username: str, path: _Path, *, otp: _Otp = None) -> Credentials: ...
    @staticmethod
    def from_callable(callback: Callable[[bool], Credentials], *, otp: _Otp = None) -> Credentials: ...
    @staticmethod
    def process(command: str, username: str | None = None, *, otp: _Otp = None) -> Credentials: ...
    def __copy__(self) -> Self: ...
    def __deepcopy__(self, _memo: object, /) -> Self: ...
    def __reduce__(self) -> NoReturn: ...

@final
class Call:
    def __new__(cls) -> Self: ...
    def cancel(self) -> None: ...

@final
class Token:
    @property
    def jwt(self) -> str: ...
    @property
    def header(self) -> str: ...
    @property
    def account_id(self) -> str: ...
    @property
    def issued_at(self) -> int: ...
    @property
    def expires_at(self) -> int: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __copy__(self) -> Self: ...
    def __deepcopy__(self, _memo: object, /) -> Self: ...
    def __reduce__(self) -> NoReturn: ...

@final
class TokenProvider:
    def get(
        self,
        min_validity: float = 0.0,
        *,
        otp: str | None = None,
        timeout: float | None = None,
        call: Call | None = None,
    ) -> Token: ...
    def refresh(self, *, otp: str | None = None, timeout: float | None = None, call: Call | None = None) -> None: ...
    def invalidate(self, token: Token) -> None: ...
    @property
    def account_id(self) -> str: ...
    def describe(self) -> dict[str, Any]: ...
    def __copy__(self) -> Self: ...
    def __deepcopy__(self, _memo: object, /) -> Self: ...
    def __reduce__(self) -> NoReturn: ...

@final
class Authorization:
    @property
    def headers(self) -> dict[str, str]: ...
    def observe(self, status: int, body: bytes | None = None) -> bool: ...
    def withdraw(self) -> None: ...
    def __reduce__(self) -> NoReturn: ...

@final
class Response:
    @property
    def url(self) -> str: ...
    @property
    def status_code(self) -> int: ...
    @property
    def ok(self) -> bool: ...
    @property
    def headers(self) -> Headers: ...
    @property
    def content(self) -> bytes: ...
    @property
    def text(self) -> str: ...
    def json(self) -> Any: ...
    def raise_for_status(self) -> Self: ...
    def iter_bytes(self, chunk_size: int = ...) -> Chunks: ...
    def aiter_bytes(self, chunk_size: int = ...) -> AsyncIterator[bytes]: ...
    @property
    def message(self) -> str | None: ...
    @property
    def attempts(self) -> int: ...
    @property
    def retry_after(self) -> float | None: ...
    def close(self) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self, _type: type[BaseException] | None, _value: BaseException | None, _traceback: TracebackType | None, /
    ) -> None: ...
    def __bool__(self) -> bool: ...
    def __reduce__(self) -> NoReturn: ...

@final
class Chunks:
    def __iter__(self) -> Self: ...
    def __next__(self) -> bytes: ...

@final
class Query:
    def __iter__(self) -> Self: ...
    def __next__(self) -> dict[str, Any]: ...
    def __aiter__(self) -> AsyncIterator[dict[str, Any]]: ...

@final
class Job:
    def wait(
        self, *, otp: str | None = None, timeout: float | None = None, stream: bool = False, call: Call | None = None
    ) -> Response: ...
    @property
    def path(self) -> str | None: ...

@final
class Client:
    def __new__(
        cls,
        credentials: Credentials | None = None,
        *,
        account_id: str | None = None,
        base_url: str | None = None,
        timeout: float | None = None,
        connect_timeout: float | None = None,
        ca_file: _Path | None = None,
        ca_mode: Literal["only", "add"] | None = "only",
        proxy: str | None = None,
        state_dir: _Path | None = None,
        store: str | None = None,
        user_agent: str | None = None,
        max_response_bytes: int | None = None,
        requests_per_second: int | None = None,
        max_retries: int | None = None,
        max_sign_ins_in_flight: int | None = None,
        token_provider: TokenProvider | None = None,
        on_event: Callable[[dict[str, Any]], object] | None = None,
    ) -> Self: ...
    @classmethod
    def from_env(
        cls,
        credentials: Credentials | None = None,
        *,
        account_id: str | None = None,
        base_url: str | None = None,
        timeout: float | None = None,
        connect_timeout: float | None = None,
        ca_file: _Path | None = None,
        ca_mode: Literal["only", "add"] | None = "only",
        proxy: str | None = None,
        state_dir: _Path | None = None,
        store: str | None = None,
        user_agent: str | None = None,
        max_response_bytes: int | None = None,
        requests_per_second: int | None = None,
        max_retries: int | None = None,
        max_sign_ins_in_flight: int | None = None,
        token_provider: TokenProvider | None = None,
        on_event: Callable[[dict[str, Any]], object] | None = None,
    ) -> Self: ...
    def request(
        self,
        method: str,
        path: str,
        *,
        params: _Params = None,
        json: object = None,
        data: _Body = None,
        headers: _Headers = None,
        secret_headers: _Headers = None,
        auth: _Scheme | None = "auto",
        account_id: str | None = None,
        otp: str | None = None,
        timeout: float | None = None,
        stream: bool = False,
        replayable: bool | None = None,
        call: Call | None = None,
    ) -> Response: ...
    def get(
        self,
        path: str,
        *,
        params: _Params = None,
        json: object = None,
        data: _Body = None,
        headers: _Headers = None,
        secret_headers: _Headers = None,
        auth: _Scheme | None = "auto",
        account_id: str | None = None,
        otp: str | None = None,
        timeout: float | None = None,
        stream: bool = False,
        replayable: bool | None = None,
        call: Call | None = None,
    ) -> Response: ...
    def head(
        self,
        path: str,
        *,
        params: _Params = None,
        json: object = None,
        data: _Body = None,
        headers: _Headers = None,
        secret_headers: _Headers = None,
        auth: _Scheme | None = "auto",
        account_id: str | None = None,
        otp: str | None = None,
        timeout: float | None = None,
        stream: bool = False,
        replayable: bool | None = None,
        call: Call | None = None,
    ) -> Response: ...
    def post(
        self,
        path: str,
        *,
        params: _Params = None,
        json: object = None,
        data: _Body = None,
        headers: _Headers = None,
        secret_headers: _Headers = None,
        auth: _Scheme | None = "auto",
        account_id: str | None = None,
        otp: str | None = None,
        timeout: float | None = None,
        stream: bool = False,
        replayable: bool | None = None,
        call: Call | None = None,
    ) -> Response: ...
    def put(
        self,
        path: str,
        *,
        params: _Params = None,
        json: object = None,
        data: _Body = None,
        headers: _Headers = None,
        secret_headers: _Headers = None,
        auth: _Scheme | None = "auto",
        account_id: str | None = None,
        otp: str | None = None,
        timeout: float | None = None,
        stream: bool = False,
        replayable: bool | None = None,
        call: Call | None = None,
    ) -> Response: ...
    def patch(
        self,
        path: str,
        *,
        params: _Params = None,
        json: object = None,
        data: _Body = None,
        headers: _Headers = None,
        secret_headers: _Headers = None,
        auth: _Scheme | None = "auto",
        account_id: str | None = None,
        otp: str | None = None,
        timeout: float | None = None,
        stream: bool = False,
        replayable: bool | None = None,
        call: Call | None = None,
    ) -> Response: ...
    def delete(
        self,
        path: str,
        *,
        params: _Params = None,
        json: object = None,
        data: _Body = None,
        headers: _Headers = None,
        secret_headers: _Headers = None,
        auth: _Scheme | None = "auto",
        account_id: str | None = None,
        otp: str | None = None,
        timeout: float | None = None,
        stream: bool = False,
        replayable: bool | None = None,
        call: Call | None = None,
    ) -> Response: ...
    def query(
        self,
        object: str,
        filter: dict[str, Any] | None = None,
        *,
        params: _Params = None,
        headers: _Headers = None,
        secret_headers: _Headers = None,
        auth: _Scheme | None = "auto",
        account_id: str | None = None,
        otp: str | None = None,
        timeout: float | None = None,
        call: Call | None = None,
    ) -> Query: ...
    def start(
        self,
        method: str,
        path: str,
        *,
        params: _Params = None,
        json: object = None,
        data: _Body = None,
        headers: _Headers = None,
        secret_headers: _Headers = None,
        auth: _Scheme | None = "auto",
        account_id: str | None = None,
        otp: str | None = None,
        timeout: float | None = None,
        replayable: bool | None = None,
        call: Call | None = None,
    ) -> Job: ...
    def wait(
        self,
        method: str,
        path: str,
        *,
        params: _Params = None,
        json: object = None,
        data: _Body = None,
        headers: _Headers = None,
        secret_headers: _Headers = None,
        auth: _Scheme | None = "auto",
        account_id: str | None = None,
        otp: str | None = None,
        timeout: float | None = None,
        replayable: bool | None = None,
        call: Call | None = None,
    ) -> Response: ...
    def token(
        self,
        account_id: str | None = None,
        min_validity: float = 0.0,
        *,
        otp: str | None = None,
        timeout: float | None = None,
        call: Call | None = None,
    ) -> Token: ...
    def generate_jwt(
        self,
        account_id: str | None = None,
        *,
        otp: str | None = None,
        timeout: float | None = None,
        call: Call | None = None,
    ) -> Token: ...
    def invalidate(self, token: Token) -> None: ...
    def token_provider(self, account_id: str | None = None) -> TokenProvider: ...
    def auth(self, scheme: _Scheme = "auto") -> Auth: ...
    def authorize(
        self,
        url: str,
        scheme: _Scheme = "auto",
        *,
        otp: str | None = None,
        timeout: float | None = None,
        call: Call | None = None,
    ) -> Authorization: ...
    def authorize_at_once(self, url: str, scheme: _Scheme = "auto") -> Authorization | None: ...
    @property
    def aio(self) -> AsyncClient: ...
    def cancel(self) -> None: ...
    def reset_guard(self) -> None: ...
    def describe(self) -> dict[str, Any]: ...
    def describe_guard(self) -> dict[str, Any]: ...
    def close(self) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self, _type: type[BaseException] | None, _value: BaseException | None, _traceback: TracebackType | None, /
    ) -> None: ...
    def __copy__(self) -> Self: ...
    def __deepcopy__(self, _memo: object, /) -> Self: ...
    def __reduce__(self) -> NoReturn: ...

@final
class Deferred:
    def __new__(cls, callable: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Self: ...
    def __call__(self, *args: Any, **kwargs: Any) -> Any: ...
