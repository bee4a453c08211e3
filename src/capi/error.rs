//! The error codes of all functions, and what an error handle tells.

use std::ffi::{CString, c_char};

use super::handle::{get, release};
use crate::error::{Error, ErrorKind};

/// The result of a function: `BOOMI_OK` or a `BOOMI_ERR_*` code. Codes may be added, and are never renumbered.
pub type boomi_code = i32;

/// Success.
pub const BOOMI_OK: boomi_code = 0;
/// An argument is NULL, empty, out of range, not UTF-8, or contains a forbidden character. Nothing was sent.
///
/// Forbidden are control characters, and ':' in a user name.
pub const BOOMI_ERR_INVALID_ARGUMENT: boomi_code = 1;
/// A setting is missing or contradicts another. The message names it and where Boomi shows its value. Nothing was
/// sent.
pub const BOOMI_ERR_CONFIG: boomi_code = 2;
/// Authentication failed: the server rejected the credentials with 401, or 403 with `error.user.login`.
///
/// Do not try again unchanged: six rejections lock a user.
pub const BOOMI_ERR_CREDENTIALS_REJECTED: boomi_code = 3;
/// The user is authenticated, but not authorized: other 403, or 400 "does not have access rights".
pub const BOOMI_ERR_PERMISSION_DENIED: boomi_code = 4;
/// The guard blocked these credentials after rejections, because one more could lock the user. Nothing was sent.
///
/// boomi_error_retry_after_ms() gives the wait; -1 means until boomi_client_reset_guard() or other credentials.
pub const BOOMI_ERR_HELD: boomi_code = 5;
/// No one-time code was available in time.
///
/// The callback failed, the secret is bad, or the current code was used.
pub const BOOMI_ERR_OTP: boomi_code = 6;
/// Too many requests: status 429 or 503, or a rate-limit permit that would come after the deadline.
pub const BOOMI_ERR_RATE_LIMITED: boomi_code = 7;
/// The HTTP status is not one that the call can use.
pub const BOOMI_ERR_HTTP_STATUS: boomi_code = 8;
/// The name did not resolve, or the TCP connection failed or was lost.
pub const BOOMI_ERR_CONNECT: boomi_code = 9;
/// The proxy could not be reached or refused, or its setting is invalid. The message names the proxy and the
/// setting.
pub const BOOMI_ERR_PROXY: boomi_code = 10;
/// The TLS handshake failed. The message names the trusted roots.
pub const BOOMI_ERR_TLS: boomi_code = 11;
/// A deadline passed.
pub const BOOMI_ERR_TIMEOUT: boomi_code = 12;
/// The response is not what the API promises, such as a login page instead of a token.
pub const BOOMI_ERR_PROTOCOL: boomi_code = 13;
/// The response is larger than allowed.
pub const BOOMI_ERR_TOO_LARGE: boomi_code = 14;
/// The call was cancelled.
pub const BOOMI_ERR_CANCELED: boomi_code = 15;
/// A bug in this library (a caught panic). Handles can still be freed.
pub const BOOMI_ERR_INTERNAL: boomi_code = 16;

/// An error. Freed with boomi_error_free().
///
/// Every function that returns a `boomi_code` takes a `boomi_error **` as its last parameter: NULL to ignore the
/// error; otherwise it receives the error, or NULL on success.
pub struct boomi_error {
    pub(super) error: Error,
    pub(super) message: CString,
}

/// Returns a short description of a code. Never NULL; static.
#[unsafe(no_mangle)]
pub extern "C" fn boomi_strerror(code: boomi_code) -> *const c_char {
    if code == BOOMI_OK {
        return c"no error".as_ptr();
    }
    let kind = ErrorKind::ALL.into_iter().find(|kind| kind.code() == code);
    kind.map_or(c"unknown code", ErrorKind::description).as_ptr()
}

/// Returns the code; `BOOMI_OK` if `error` is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_error_code(error: *const boomi_error) -> boomi_code {
    get(error).map_or(BOOMI_OK, |handle| handle.error.kind().code())
}

/// Returns the message: what failed, why, and what to do. UTF-8, never NULL, never a secret.
///
/// Borrowed from `error`; a fixed text if `error` is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_error_message(error: *const boomi_error) -> *const c_char {
    get(error).map_or(c"no error".as_ptr(), |handle| handle.message.as_ptr())
}

/// Returns the HTTP status of the response; 0 if none arrived.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_error_http_status(error: *const boomi_error) -> i32 {
    get(error).and_then(|handle| handle.error.status()).map_or(0, i32::from)
}

/// Returns how long to wait before trying again, in milliseconds; -1 if unknown.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_error_retry_after_ms(error: *const boomi_error) -> i64 {
    milliseconds(get(error).and_then(|handle| handle.error.retry_after()))
}

/// Returns 1 if the same call, unchanged, may work later; otherwise 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_error_retryable(error: *const boomi_error) -> i32 {
    get(error).is_some_and(|handle| handle.error.is_retryable()).into()
}

/// Returns 0 if no byte of the request was sent, in any attempt; 1 if it may have taken effect.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_error_sent(error: *const boomi_error) -> i32 {
    get(error).is_some_and(|handle| handle.error.was_sent()).into()
}

/// Returns the number of attempts; 0 if there was none. boomi_client_send() says which requests are retried.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_error_attempts(error: *const boomi_error) -> i32 {
    get(error).map_or(0, |handle| i32::try_from(handle.error.attempts()).unwrap_or(i32::MAX))
}

/// Frees an error. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_error_free(error: *mut boomi_error) {
    // SAFETY: see the module's contract.
    unsafe { release(error) }
}

/// Converts a span to milliseconds, rounded up so that the wait is never too short; -1 for none.
pub(crate) fn milliseconds(span: Option<std::time::Duration>) -> i64 {
    span.map_or(-1, |span| i64::try_from(span.as_nanos().div_ceil(1_000_000)).unwrap_or(i64::MAX))
}
