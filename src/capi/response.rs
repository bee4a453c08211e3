//! Responses.

use std::ffi::{CStr, CString, c_char};
use std::ptr::null;

use super::boundary::{Handle, borrow, c_string, run};
use super::error::{boomi_code, boomi_error, milliseconds};
use crate::client::Response;

/// An HTTP answer, whatever its status. Immutable, shared by any number of threads. What its functions return is
/// borrowed until it is freed, with boomi_response_free().
pub struct boomi_response {
    response: Response,
    message: Option<CString>,
    headers: Vec<(CString, CString)>,
    /// With a 0 behind the last byte.
    body: Vec<u8>,
}

impl Handle for boomi_response {}

impl From<Response> for boomi_response {
    fn from(mut response: Response) -> Self {
        let mut body = response.take_body();
        body.push(0);
        boomi_response {
            message: response.message().map(c_string),
            headers: response.headers().map(|(name, value)| (c_string(name), c_string(value))).collect(),
            body,
            response,
        }
    }
}

fn get<'a>(response: *const boomi_response) -> Option<&'a boomi_response> {
    // SAFETY: see the module's contract.
    unsafe { response.as_ref() }
}

/// The HTTP status; 0 if `response` is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_response_status(response: *const boomi_response) -> i32 {
    get(response).map_or(0, |handle| handle.response.status().into())
}

/// What the answer means: BOOMI_OK, or an error with Boomi's own message and what to do. GraphQL's errors in an answer
/// with status 200 count.
/// Errors: BOOMI_ERR_CREDENTIALS_REJECTED, BOOMI_ERR_PERMISSION_DENIED, BOOMI_ERR_RATE_LIMITED, BOOMI_ERR_HTTP_STATUS.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_response_check(
    response: *const boomi_response,
    error_out: *mut *mut boomi_error,
) -> boomi_code {
    run(error_out, || {
        // SAFETY: see the module's contract.
        unsafe { borrow(response, "response") }?.response.error().map_or(Ok(()), Err)
    })
}

/// Boomi's own text about an error, out of JSON, XML, HTML or GraphQL; NULL if there is none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_response_message(response: *const boomi_response) -> *const c_char {
    get(response).and_then(|handle| handle.message.as_deref()).map_or(null(), CStr::as_ptr)
}

/// The value of the first header of that name, in whatever case; NULL if there is none. What is not UTF-8 in it is
/// replaced by U+FFFD.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_response_header(response: *const boomi_response, name: *const c_char) -> *const c_char {
    if name.is_null() {
        return null();
    }
    // SAFETY: not NULL, so NUL-terminated, by the module's contract.
    let name = unsafe { CStr::from_ptr(name) }.to_bytes();
    get(response)
        .and_then(|handle| handle.headers.iter().find(|(other, _)| other.as_bytes().eq_ignore_ascii_case(name)))
        .map_or(null(), |(_, value)| value.as_ptr())
}

/// How many headers there are.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_response_header_count(response: *const boomi_response) -> usize {
    get(response).map_or(0, |handle| handle.headers.len())
}

/// The name of a header, in lower case; NULL if `index` is too large.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_response_header_name(response: *const boomi_response, index: usize) -> *const c_char {
    get(response).and_then(|handle| handle.headers.get(index)).map_or(null(), |(name, _)| name.as_ptr())
}

/// The value of a header; NULL if `index` is too large.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_response_header_value(response: *const boomi_response, index: usize) -> *const c_char {
    get(response).and_then(|handle| handle.headers.get(index)).map_or(null(), |(_, value)| value.as_ptr())
}

/// The body, byte for byte, and its length. A 0 byte follows the last, so that a text can be used as it is. `length_out`
/// may be NULL. NULL and 0 if `response` is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_response_body(response: *const boomi_response, length_out: *mut usize) -> *const u8 {
    let body = get(response).map(|handle| handle.body.as_slice());
    if !length_out.is_null() {
        // SAFETY: not NULL, so valid, by the module's contract.
        unsafe { *length_out = body.map_or(0, |body| body.len() - 1) };
    }
    body.map_or(null(), <[u8]>::as_ptr)
}

/// How many times the request was tried.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_response_attempts(response: *const boomi_response) -> i32 {
    get(response).map_or(0, |handle| i32::try_from(handle.response.attempts()).unwrap_or(i32::MAX))
}

/// What the server said to wait before trying again, in milliseconds; -1 if it did not say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_response_retry_after_ms(response: *const boomi_response) -> i64 {
    milliseconds(get(response).and_then(|handle| handle.response.retry_after()))
}

/// Frees a response. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_response_free(response: *mut boomi_response) {
    // SAFETY: see the module's contract.
    unsafe { Handle::release(response) }
}
