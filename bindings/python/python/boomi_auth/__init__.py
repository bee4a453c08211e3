"""Authenticates to Boomi: user name and password, API tokens, one-time codes, and JWTs that live five minutes.

::

    import boomi_auth

    with boomi_auth.Client.from_env() as client:
        print(client.get("/api/rest/v1/{accountId}/AuditLog/documentId-321").raise_for_status().json())

Calls block and release the GIL; ``client.aio`` is for asyncio. ``python -m boomi_auth`` checks the setup.
"""

from ._errors import (
    AuthenticationError,
    BoomiAuthError,
    CanceledError,
    ConfigurationError,
    ConnectError,
    CredentialsRejectedError,
    HeldError,
    HTTPStatusError,
    InternalError,
    OtpError,
    PermissionDeniedError,
    ProtocolError,
    ProxyError,
    RateLimitedError,
    RequestTimeoutError,
    ResponseTooLargeError,
    TlsError,
    TransportError,
)
from ._events import log_event
from ._headers import Headers
from ._native import (
    BASE_URL_GB,
    BASE_URL_US,
    Authorization,
    Call,
    Client,
    Credentials,
    Job,
    Query,
    Response,
    Token,
    TokenProvider,
    auth_header,
    auth_username,
    otp_code,
)
from ._native import VERSION as __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._aio import AsyncClient


def __getattr__(name: str) -> object:
    # asyncio takes longer to import than all of this.
    if name == "AsyncClient":
        from ._aio import AsyncClient

        return AsyncClient
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = [
    "BASE_URL_GB",
    "BASE_URL_US",
    "AsyncClient",
    "AuthenticationError",
    "Authorization",
    "BoomiAuthError",
    "Call",
    "CanceledError",
    "Client",
    "ConfigurationError",
    "ConnectError",
    "Credentials",
    "CredentialsRejectedError",
    "HTTPStatusError",
    "Headers",
    "HeldError",
    "InternalError",
    "Job",
    "OtpError",
    "PermissionDeniedError",
    "ProtocolError",
    "ProxyError",
    "Query",
    "RateLimitedError",
    "RequestTimeoutError",
    "Response",
    "ResponseTooLargeError",
    "TlsError",
    "Token",
    "TokenProvider",
    "TransportError",
    "__version__",
    "auth_header",
    "auth_username",
    "log_event",
    "otp_code",
]
