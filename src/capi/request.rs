//! The setters of a request: method, path, headers, body and authentication.

use std::ffi::{c_char, c_void};
use std::sync::Arc;

use super::boundary::{borrow_mut, bytes, create, run, text};
use super::error::{boomi_code, boomi_error};
use super::handle::{give, release};
use crate::client::{AuthScheme, HeaderOptions, Request};
use crate::error::{Error, Result};

/// A request to a client's origin. Several threads may send it at once, any number of times.
///
/// One thread sets it up while no thread sends it. A setter that fails stores its error in the request, and
/// boomi_client_send() returns the first one. Freed with boomi_request_free().
pub struct boomi_request {
    /// Shared with calls that send it, so that it may be changed or freed meanwhile, even inside a callback.
    pub(crate) request: Arc<Request>,
}

/// No authentication: the caller sets its own headers.
pub const BOOMI_AUTH_NONE: u32 = 0;
/// User name and password, or API token; with a one-time code where the user has one.
pub const BOOMI_AUTH_BASIC: u32 = 1;
/// The client's cached JWT, fetched when needed; that of its token provider, if it has one.
pub const BOOMI_AUTH_JWT: u32 = 2;
/// The default: a JWT for /graphql and for a client with a token provider; otherwise Basic.
///
/// /graphql accepts nothing else. See boomi_config_set_token_provider().
pub const BOOMI_AUTH_AUTO: u32 = 3;

/// The header's value is secret: never shown, and removed from messages that quote a server.
pub const BOOMI_HEADER_SECRET: u32 = 1;
/// The header is added to one of the same name, instead of replacing it.
pub const BOOMI_HEADER_ADD: u32 = 2;

/// Creates a request. `method` is "GET", "POST", ...; `path_or_url` a path or a URL of the client's origin.
///
/// A path is such as "/api/rest/v1/{accountId}/AuditLog/1"; {accountId} is filled in when the request is sent.
/// Special characters must be percent-encoded.
///
/// `*request_out` is freed with boomi_request_free(); NULL on failure.
/// Errors: BOOMI_ERR_INVALID_ARGUMENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_request_new(
    method: *const c_char,
    path_or_url: *const c_char,
    request_out: *mut *mut boomi_request,
    error_out: *mut *mut boomi_error,
) -> boomi_code {
    // SAFETY: see the module's contract.
    unsafe {
        create(request_out, "request_out", error_out, || {
            let request = Request::new(text(method, "method")?, text(path_or_url, "path_or_url")?)?;
            Ok(give(boomi_request { request: Arc::new(request) }))
        })
    }
}

unsafe fn set(
    request: *mut boomi_request,
    error_out: *mut *mut boomi_error,
    apply: impl FnOnce(&mut Request) -> Result<()>,
) -> boomi_code {
    run(error_out, || {
        // SAFETY: see the module's contract.
        let request = Arc::make_mut(&mut unsafe { borrow_mut(request, "request") }?.request);
        let result = apply(request);
        // Keeps argument errors too, which no setter sees.
        request.first_error.keep(result)
    })
}

/// Sets the authentication scheme: one of the BOOMI_AUTH_* constants.
/// Errors: BOOMI_ERR_INVALID_ARGUMENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_request_set_auth(
    request: *mut boomi_request,
    scheme: u32,
    error_out: *mut *mut boomi_error,
) -> boomi_code {
    // SAFETY: see the module's contract.
    unsafe { set(request, error_out, |request| scheme_of(scheme).map(|scheme| request.set_auth(scheme))) }
}

pub(crate) fn scheme_of(number: u32) -> Result<AuthScheme> {
    match number {
        BOOMI_AUTH_NONE => Ok(AuthScheme::None),
        BOOMI_AUTH_BASIC => Ok(AuthScheme::Basic),
        BOOMI_AUTH_JWT => Ok(AuthScheme::Jwt),
        BOOMI_AUTH_AUTO => Ok(AuthScheme::Auto),
        _ => Err(Error::invalid(format!("the auth scheme is {number}: use one of BOOMI_AUTH_* (0 to 3)"))),
    }
}

/// Sets the account for {accountId} and for a JWT, instead of the client's. It is percent-encoded as one segment.
/// Errors: BOOMI_ERR_INVALID_ARGUMENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_request_set_account_id(
    request: *mut boomi_request,
    account_id: *const c_char,
    error_out: *mut *mut boomi_error,
) -> boomi_code {
    // SAFETY: see the module's contract.
    unsafe { set(request, error_out, |request| request.set_account_id(text(account_id, "account_id")?)) }
}

/// Adds `name=value` to the query, percent-encoded. The value may be empty.
/// Errors: BOOMI_ERR_INVALID_ARGUMENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_request_add_query(
    request: *mut boomi_request,
    name: *const c_char,
    value: *const c_char,
    error_out: *mut *mut boomi_error,
) -> boomi_code {
    // SAFETY: see the module's contract.
    unsafe { set(request, error_out, |request| request.add_query(text(name, "name")?, text(value, "value")?)) }
}

/// Sets a header. `flags` is 0, BOOMI_HEADER_SECRET, BOOMI_HEADER_ADD or both.
///
/// Rejected are Host, Content-Length, Transfer-Encoding, Connection, Expect, Upgrade and TE, and, when the request
/// is sent, Authorization and X-Boomi-OTP unless the scheme is BOOMI_AUTH_NONE. These two are always secret.
/// Errors: BOOMI_ERR_INVALID_ARGUMENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_request_set_header(
    request: *mut boomi_request,
    name: *const c_char,
    value: *const c_char,
    flags: u32,
    error_out: *mut *mut boomi_error,
) -> boomi_code {
    let apply = |request: &mut Request| {
        if flags & !(BOOMI_HEADER_SECRET | BOOMI_HEADER_ADD) != 0 {
            return Err(Error::invalid(format!("the flags are {flags}: use BOOMI_HEADER_SECRET and BOOMI_HEADER_ADD")));
        }
        let options = HeaderOptions { secret: flags & BOOMI_HEADER_SECRET != 0, add: flags & BOOMI_HEADER_ADD != 0 };
        // SAFETY: see the module's contract.
        let (name, value) = unsafe { (text(name, "name")?, text(value, "value")?) };
        request.set_header(name, value, options)
    };
    // SAFETY: see the module's contract.
    unsafe { set(request, error_out, apply) }
}

/// Sets the body: `length` bytes at `data`, copied. The Content-Type is JSON unless one is set.
///
/// `data` may be NULL if `length` is 0.
/// Errors: BOOMI_ERR_INVALID_ARGUMENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_request_set_body(
    request: *mut boomi_request,
    data: *const c_void,
    length: usize,
    error_out: *mut *mut boomi_error,
) -> boomi_code {
    // SAFETY: see the module's contract.
    unsafe { set(request, error_out, |request| bytes(data, length, "data").map(|data| request.set_body(data))) }
}

/// Sets whether the request may be retried although it may have taken effect; 0 for no.
///
/// boomi_client_send() lists the requests that may be retried otherwise.
/// Errors: BOOMI_ERR_INVALID_ARGUMENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_request_set_replayable(
    request: *mut boomi_request,
    replayable: i32,
    error_out: *mut *mut boomi_error,
) -> boomi_code {
    // SAFETY: see the module's contract.
    unsafe {
        set(request, error_out, |request| {
            request.set_replayable(replayable != 0);
            Ok(())
        })
    }
}

/// Frees a request. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_request_free(request: *mut boomi_request) {
    // SAFETY: see the module's contract.
    unsafe { release(request) }
}
