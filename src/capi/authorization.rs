//! Headers for requests that another HTTP library sends.

use std::ffi::{CString, c_char, c_void};
use std::ptr::null;

use super::boundary::{Out, borrow_mut, bytes, run, text};
use super::call::boomi_call;
use super::client::{boomi_client, in_use, in_use_call};
use super::error::{boomi_code, boomi_error};
use super::handle::{Handle, c_string};
use super::request::scheme_of;
use crate::client::authorization::Authorization;

/// The headers that sign in one request of another HTTP library, used by one thread. What its functions return is borrowed
/// until it is freed, with boomi_authorization_free().
pub struct boomi_authorization {
    authorization: Authorization,
    names: Vec<CString>,
}

impl Handle for boomi_authorization {}

/// Headers for one request to `url`, an absolute URL, which must be on the client's origin: no secret is given for another.
/// `scheme` is one of the BOOMI_AUTH_* constants (BOOMI_AUTH_AUTO: a JWT for /graphql and for a client with a token provider; else
/// Basic); with a JWT this may ask the server for one, with Basic it may wait for a one-time code or a place in the guard. `call`
/// may be NULL for the client's limits.
///
/// Each Basic authorization takes a place in the guard, as the library's own sign-ins do, until boomi_authorization_observe() says
/// how the request was answered, or boomi_authorization_withdraw() that it was not sent. One that is freed without counts as a
/// sign-in without an answer, which may have been a rejected one: after five of those in a row nothing is sent any more
/// (BOOMI_ERR_HELD) until boomi_client_reset_guard(). So authorize right before the request, and observe every answer.
///
/// The other library must not follow redirects with these headers: several forward X-Boomi-OTP to other hosts.
///
/// `*authorization_out` is freed with boomi_authorization_free(); NULL on failure.
/// Errors: BOOMI_ERR_INVALID_ARGUMENT (a URL of another origin), BOOMI_ERR_CONFIG, BOOMI_ERR_HELD, BOOMI_ERR_OTP, and
/// BOOMI_ERR_TIMEOUT or _CANCELED while it waits; with a JWT also those of boomi_jwt_generate().
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
    let out = unsafe { Out::cleared(authorization_out) };
    run(error_out, || {
        out.check("authorization_out")?;
        // SAFETY: see the module's contract.
        let (client, url, call) = unsafe { (in_use(client)?, text(url, "url")?.to_owned(), in_use_call(call)) };
        let authorization = client.authorize(scheme_of(scheme)?, &url, call.as_ref())?;
        let names = authorization.headers().map(|(name, _)| c_string(name)).collect();
        out.set(boomi_authorization { authorization, names }.give());
        Ok(())
    })
}

fn get<'a>(authorization: *const boomi_authorization) -> Option<&'a boomi_authorization> {
    // SAFETY: see the module's contract.
    unsafe { authorization.as_ref() }
}

/// How many headers there are; 0 if `authorization` is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_authorization_count(authorization: *const boomi_authorization) -> usize {
    get(authorization).map_or(0, |handle| handle.names.len())
}

/// The name of a header, in lower case; NULL if `index` is too large.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_authorization_name(
    authorization: *const boomi_authorization,
    index: usize,
) -> *const c_char {
    get(authorization).and_then(|handle| handle.names.get(index)).map_or(null(), |name| name.as_ptr())
}

/// The value of a header, a secret; NULL if `index` is too large.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_authorization_value(
    authorization: *const boomi_authorization,
    index: usize,
) -> *const c_char {
    get(authorization)
        .and_then(|handle| handle.authorization.headers().nth(index))
        .map_or(null(), |(_, value)| value.as_c_str().as_ptr())
}

/// Learns from the answer: its HTTP status, and its body of `length` bytes, which may be NULL and 0 if it is not at hand. To be
/// called for every Basic authorization, which gives its place in the guard back here; see boomi_client_authorize().
///
/// `*send_again_out`, which may be NULL, is 1 if it helps to authorize anew and send once more: for a refused JWT that has been
/// replaced, or can be. Else it is 0. The first call counts.
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

/// Says that no byte of the request was sent, because there was no connection: then it counts as nothing. After
/// boomi_authorization_observe() it changes nothing. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_authorization_withdraw(authorization: *mut boomi_authorization) {
    // There is no code to give back: after a panic it counts as a sign-in without an answer.
    run(std::ptr::null_mut(), || {
        // SAFETY: see the module's contract.
        if let Some(handle) = unsafe { authorization.as_mut() } {
            handle.authorization.withdraw();
        }
        Ok(())
    });
}

/// Frees an authorization, and wipes its values. A Basic one that was neither observed nor withdrawn counts as a
/// sign-in without an answer; see boomi_client_authorize(). NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_authorization_free(authorization: *mut boomi_authorization) {
    // SAFETY: see the module's contract.
    unsafe { Handle::release(authorization) }
}
