"""The exceptions: what failed, why, what to do, and whether a retry helps."""

from __future__ import annotations

from os import environ

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._native import Response


class BoomiAuthError(Exception):
    """The base class of all. Its text says what failed, why, and what to do; it never holds a secret."""

    code: int
    """The number of the kind: the ``BOOMI_ERR_*`` code of the C header."""
    status: int | None
    """The HTTP status of the response, if one arrived."""
    retry_after: float | None
    """Seconds to wait before trying again, where that is known."""
    retryable: bool
    """Whether the call, unchanged, may work later."""
    sent: bool
    """Whether any part of the request left this machine, so that it may have taken effect."""
    attempts: int
    """The number of attempts."""
    response: Response | None
    """The response, where :meth:`Response.raise_for_status` raised this."""

    def __init__(
        self,
        message: str = "",
        *,
        code: int = 0,
        status: int | None = None,
        retry_after: float | None = None,
        retryable: bool = False,
        sent: bool = False,
        attempts: int = 0,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.status = status
        self.retry_after = retry_after
        self.retryable = retryable
        self.sent = sent
        self.attempts = attempts
        self.response = None

    def __reduce__(self) -> tuple[object, ...]:
        # From a process pool it comes with everything but the response.
        about = (self.status, self.retry_after, self.retryable, self.sent, self.attempts)
        return _again, (type(self), str(self), self.code, *about)


class ConfigurationError(BoomiAuthError, ValueError):
    """An argument or a setting is missing, bad, or contradicts another. Nothing was sent."""


class AuthenticationError(BoomiAuthError):
    """Authentication failed, or was not attempted."""


class CredentialsRejectedError(AuthenticationError):
    """Authentication failed: the server rejected the credentials."""


class HeldError(AuthenticationError):
    """Nothing was sent: sign-ins of these credentials were rejected, and one more could lock the user.

    ``retry_after`` says for how long; without it, until other credentials or :meth:`Client.reset_guard`.
    """


class OtpError(AuthenticationError):
    """No one-time code was available in time."""


class PermissionDeniedError(BoomiAuthError):
    """The user is authenticated, and not permitted to do this."""


class RateLimitedError(BoomiAuthError):
    """Too many requests."""


class HTTPStatusError(BoomiAuthError):
    """The response has an HTTP status that the call cannot use."""


class TransportError(BoomiAuthError):
    """No response arrived."""


class ConnectError(TransportError):
    """The name did not resolve, or the connection failed or was lost."""


class ProxyError(TransportError):
    """The proxy could not be reached, refused, or its setting is wrong."""


class TlsError(TransportError):
    """The TLS handshake failed. The text names the roots that were trusted."""


class RequestTimeoutError(TransportError, TimeoutError):
    """A deadline passed."""


class ProtocolError(BoomiAuthError, ValueError):
    """The response is not what the API promises, such as a login page instead of a token."""


class ResponseTooLargeError(ProtocolError):
    """The response is larger than ``max_response_bytes``."""


class CanceledError(BoomiAuthError):
    """The call was cancelled."""


class InternalError(BoomiAuthError):
    """A bug in this library."""


# By the codes of the C header, from 1.
_CLASSES: tuple[type[BoomiAuthError], ...] = (
    ConfigurationError,
    ConfigurationError,
    CredentialsRejectedError,
    PermissionDeniedError,
    HeldError,
    OtpError,
    RateLimitedError,
    HTTPStatusError,
    ConnectError,
    ProxyError,
    TlsError,
    RequestTimeoutError,
    ProtocolError,
    ResponseTooLargeError,
    CanceledError,
    InternalError,
)

# Where people find them, and what tracebacks say.
for _made in (BoomiAuthError, AuthenticationError, TransportError, *_CLASSES):
    _made.__module__ = "boomi_auth"


def make(
    code: int,
    message: str,
    status: int | None,
    retry_after: float | None,
    retryable: bool,
    sent: bool,
    attempts: int,
) -> BoomiAuthError:
    """The exception for an error of the core."""
    made = _CLASSES[code - 1] if 0 < code <= len(_CLASSES) else BoomiAuthError
    if made is TlsError:
        # requests reads these variables for a company's CA; this library does not.
        for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
            if environ.get(name):
                message += (
                    f". {name} is set, which is not read here: give ca_file=, or set BOOMI_CA_FILE or SSL_CERT_FILE"
                )
                break
    return _again(made, message, code, status, retry_after, retryable, sent, attempts)


def _again(
    made: type[BoomiAuthError],
    message: str,
    code: int,
    status: int | None,
    retry_after: float | None,
    retryable: bool,
    sent: bool,
    attempts: int,
) -> BoomiAuthError:
    return made(
        message,
        code=code,
        status=status,
        retry_after=retry_after,
        retryable=retryable,
        sent=sent,
        attempts=attempts,
    )
