//! Codes and errors.

use std::ffi::{CString, c_char};

use super::handle::{Handle, c_string};
use crate::error::{Error, ErrorKind};

/// What a function returns: `BOOMI_OK` or one of the `BOOMI_ERR_*` codes. Codes are only ever added, never renumbered.
pub type boomi_code = i32;

/// It worked.
pub const BOOMI_OK: boomi_code = 0;
/// An argument is NULL, empty, out of range, not UTF-8, or holds a character that is not allowed there (a control
/// character anywhere, ':' in a user name). Nothing was sent.
pub const BOOMI_ERR_INVALID_ARGUMENT: boomi_code = 1;
/// A setting is missing or contradicts another; the message names it and where Boomi shows its value. Nothing was sent.
pub const BOOMI_ERR_CONFIG: boomi_code = 2;
/// The server refused who you are: 401, or 403 with `error.user.login`. Do not try again unchanged: six rejected
/// sign-ins lock a user.
pub const BOOMI_ERR_CREDENTIALS_REJECTED: boomi_code = 3;
/// The server knows who you are and does not allow this: other 403, or 400 "does not have access rights".
pub const BOOMI_ERR_PERMISSION_DENIED: boomi_code = 4;
/// Nothing was sent: the guard holds these credentials back after rejections, because one more could lock the user.
/// boomi_error_retry_after_ms() says for how long; -1 means until boomi_client_reset_guard() or other credentials.
pub const BOOMI_ERR_HELD: boomi_code = 5;
/// No one-time code could be had in time: the callback failed, the secret is bad, or this moment's code was used.
pub const BOOMI_ERR_OTP: boomi_code = 6;
/// Too many requests: the server answered 429 or 503, or the request was not sent because its turn would come after its deadline.
pub const BOOMI_ERR_RATE_LIMITED: boomi_code = 7;
/// Another HTTP status than the call can use.
pub const BOOMI_ERR_HTTP_STATUS: boomi_code = 8;
/// The name did not resolve, or the TCP connection failed or was lost.
pub const BOOMI_ERR_CONNECT: boomi_code = 9;
/// The proxy could not be reached, refused, or its setting is wrong. The message names the proxy and the setting.
pub const BOOMI_ERR_PROXY: boomi_code = 10;
/// The TLS handshake failed. The message names the roots that were trusted.
pub const BOOMI_ERR_TLS: boomi_code = 11;
/// A deadline passed.
pub const BOOMI_ERR_TIMEOUT: boomi_code = 12;
/// The answer is not what the API promises, such as a login page instead of a token.
pub const BOOMI_ERR_PROTOCOL: boomi_code = 13;
/// The answer is larger than allowed.
pub const BOOMI_ERR_TOO_LARGE: boomi_code = 14;
/// The call was cancelled.
pub const BOOMI_ERR_CANCELED: boomi_code = 15;
/// A bug in this library (a caught panic). Handles stay safe to free.
pub const BOOMI_ERR_INTERNAL: boomi_code = 16;

/// A failure. Every function that returns a `boomi_code` takes a `boomi_error **` as its last parameter: NULL if the
/// error is not wanted; else it receives the error, or NULL on success. Freed with boomi_error_free().
pub struct boomi_error {
    error: Error,
    message: CString,
}

impl Handle for boomi_error {}

impl From<Error> for boomi_error {
    fn from(error: Error) -> Self {
        boomi_error { message: c_string(error.message()), error }
    }
}

/// A short description of a code, the same for every error with it. Never NULL; static.
#[unsafe(no_mangle)]
pub extern "C" fn boomi_strerror(code: boomi_code) -> *const c_char {
    let known = ErrorKind::ALL.into_iter().find(|kind| kind.code() == code);
    match (code, known) {
        (BOOMI_OK, _) => c"no error".as_ptr(),
        (_, Some(kind)) => kind.description().as_ptr(),
        _ => c"unknown code".as_ptr(),
    }
}

/// The code. `BOOMI_OK` if `error` is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_error_code(error: *const boomi_error) -> boomi_code {
    // SAFETY: see the module's contract.
    unsafe { error.as_ref() }.map_or(BOOMI_OK, |handle| handle.error.kind().code())
}

/// What happened, where, and what to do about it: UTF-8, never NULL, never a secret. Borrowed from `error`; a fixed text
/// if `error` is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_error_message(error: *const boomi_error) -> *const c_char {
    // SAFETY: see the module's contract.
    unsafe { error.as_ref() }.map_or(c"no error".as_ptr(), |handle| handle.message.as_ptr())
}

/// The HTTP status of the answer; 0 if no answer arrived.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_error_http_status(error: *const boomi_error) -> i32 {
    // SAFETY: see the module's contract.
    unsafe { error.as_ref() }.and_then(|handle| handle.error.status()).map_or(0, i32::from)
}

/// How long to wait before trying again, in milliseconds; -1 if unknown.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_error_retry_after_ms(error: *const boomi_error) -> i64 {
    // SAFETY: see the module's contract.
    milliseconds(unsafe { error.as_ref() }.and_then(|handle| handle.error.retry_after()))
}

/// 1 if the same call, unchanged, may work later; else 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_error_retryable(error: *const boomi_error) -> i32 {
    // SAFETY: see the module's contract.
    unsafe { error.as_ref() }.is_some_and(|handle| handle.error.is_retryable()).into()
}

/// 0 if nothing of the request left this machine, in any of its tries; 1 if it may have taken effect.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_error_sent(error: *const boomi_error) -> i32 {
    // SAFETY: see the module's contract.
    unsafe { error.as_ref() }.is_some_and(|handle| handle.error.was_sent()).into()
}

/// How many times the request was tried; 0 if it never was. What is sent again and what is not: see boomi_client_send().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_error_attempts(error: *const boomi_error) -> i32 {
    // SAFETY: see the module's contract.
    unsafe { error.as_ref() }.map_or(0, |handle| i32::try_from(handle.error.attempts()).unwrap_or(i32::MAX))
}

/// Frees an error. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_error_free(error: *mut boomi_error) {
    // SAFETY: see the module's contract.
    unsafe { Handle::release(error) }
}

/// A span in milliseconds, rounded up so that waiting it is waiting enough; -1 for none.
pub(crate) fn milliseconds(span: Option<std::time::Duration>) -> i64 {
    span.map_or(-1, |span| i64::try_from(span.as_nanos().div_ceil(1_000_000)).unwrap_or(i64::MAX))
}
