//! The functions that make authentication headers for requests of other HTTP libraries.

use std::ffi::{CString, c_char, c_void};
use std::ptr::null;

use super::boundary::{borrow_mut, bytes, create, run, text};
use super::client::{boomi_client, in_use, in_use_call};
use super::error::{boomi_code, boomi_error};
use super::handle::{c_string, get, give, release};
use super::{call::boomi_call, request::scheme_of};
use crate::client::authorization::Authorization;

/// The headers that authenticate one request sent by another HTTP library. Used by one thread.
///
/// Strings that its functions return are borrowed until boomi_authorization_free().
pub struct boomi_authorization {
    authorization: Authorization,
    names: Vec<CString>,
}

/// Creates the authentication headers for one request to `url`.
///
/// `url` is an absolute URL of the client's origin: no secret is given for another origin. `scheme` is a
/// BOOMI_AUTH_* constant. With a JWT this may request one from the server; with Basic it may wait for a one-time
/// code or a permit of the guard. `call` may be NULL for the client's limits.
///
/// Each Basic authorization holds a permit of the guard until boomi_authorization_observe() reports the response,
/// or boomi_authorization_withdraw() reports that nothing was sent. One freed without either counts as an
/// authentication attempt without a response, which may have been rejected: after five of those in a row the guard
/// blocks the credentials (BOOMI_ERR_HELD) until boomi_client_reset_guard(). So authorize right before the request,
/// and observe every response.
///
/// The other library must not follow redirects with these headers: several forward X-Boomi-OTP to other hosts.
///
/// `*authorization_out` is freed with boomi_authorization_free(); NULL on failure.
/// Errors: BOOMI_ERR_INVALID_ARGUMENT (a URL of another origin), BOOMI_ERR_CONFIG, BOOMI_ERR_HELD, BOOMI_ERR_OTP,
/// and BOOMI_ERR_TIMEOUT or _CANCELED while it waits; with a JWT also those of boomi_jwt_generate().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_client_authorize(
    client: *const boomi_client,
    scheme: u32,
    url: *const c_char,
    call: *const boomi_call,
    authorization_out: *mut *mut boomi_authorization,
    error_out: *mut *mut boomi_error,
) -> boomi_code {
    // SAFETY: see the module's contract.
    unsafe {
        create(authorization_out, "authorization_out", error_out, || {
            let (client, url, call) = (in_use(client)?, text(url, "url")?.to_owned(), in_use_call(call));
            let authorization = client.authorize(scheme_of(scheme)?, &url, call.as_ref())?;
            let names = authorization.headers().map(|(name, _)| c_string(name)).collect();
            Ok(give(boomi_authorization { authorization, names }))
        })
    }
}

/// Returns the number of headers; 0 if `authorization` is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_authorization_count(authorization: *const boomi_authorization) -> usize {
    get(authorization).map_or(0, |handle| handle.names.len())
}

/// Returns the name of a header, in lower case; NULL if `index` is too large.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_authorization_name(
    authorization: *const boomi_authorization,
    index: usize,
) -> *const c_char {
    get(authorization).and_then(|handle| handle.names.get(index)).map_or(null(), |name| name.as_ptr())
}

/// Returns the value of a header, a secret; NULL if `index` is too large.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_authorization_value(
    authorization: *const boomi_authorization,
    index: usize,
) -> *const c_char {
    get(authorization)
        .and_then(|handle| handle.authorization.headers().nth(index))
        .map_or(null(), |(_, value)| value.as_c_str().as_ptr())
}

/// Reports a response to the guard: its HTTP status, and its body of `length` bytes.
///
/// Call it for every Basic authorization: it returns the guard's permit; see boomi_client_authorize(). `body` may
/// be NULL and `length` 0 if the body is not at hand. The first call counts.
///
/// `*send_again_out`, which may be NULL, is 1 if authorizing and sending once more helps: after a refused JWT that
/// was or can be replaced. Otherwise it is 0.
/// Errors: BOOMI_ERR_INVALID_ARGUMENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_authorization_observe(
    authorization: *mut boomi_authorization,
    status: i32,
    body: *const c_void,
    length: usize,
    send_again_out: *mut i32,
    error_out: *mut *mut boomi_error,
) -> boomi_code {
    let tell = |again: bool| {
        if !send_again_out.is_null() {
            // SAFETY: not NULL, so valid, by the module's contract.
            unsafe { *send_again_out = again.into() };
        }
    };
    tell(false);
    run(error_out, || {
        // SAFETY: see the module's contract.
        let (handle, body) = unsafe { (borrow_mut(authorization, "authorization")?, bytes(body, length, "body")?) };
        let status = u16::try_from(status).ok().filter(|status| (100..600).contains(status)).ok_or_else(|| {
            crate::error::Error::invalid(format!("the status is {status}: an HTTP status is 100 to 599"))
        })?;
        tell(handle.authorization.observe(status, body));
        Ok(())
    })
}

/// Reports that no byte of the request was sent, for lack of a connection: the attempt does not count.
///
/// After boomi_authorization_observe() it changes nothing. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_authorization_withdraw(authorization: *mut boomi_authorization) {
    // There is no code to return. After a panic it counts as an attempt without a response.
    run(std::ptr::null_mut(), || {
        // SAFETY: see the module's contract.
        if let Some(handle) = unsafe { authorization.as_mut() } {
            handle.authorization.withdraw();
        }
        Ok(())
    });
}

/// Frees an authorization, and wipes its values. NULL is allowed.
///
/// A Basic one that was neither observed nor withdrawn counts as an authentication attempt without a response; see
/// boomi_client_authorize().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_authorization_free(authorization: *mut boomi_authorization) {
    // SAFETY: see the module's contract.
    unsafe { release(authorization) }
}
