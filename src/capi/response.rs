//! What a response tells: status, headers and body, whole or as a stream.

use std::ffi::{CStr, CString, c_char, c_void};
use std::{ptr::null, sync::OnceLock};

use super::boundary::{borrow, borrow_mut, room, run};
use super::error::{boomi_code, boomi_error, milliseconds};
use super::handle::{c_string, get, release};
use crate::client::{Response, body::ResponseBody};
use crate::error::Error;

/// An HTTP response, whatever its status. Immutable; any number of threads may use it.
///
/// Strings that its functions return are borrowed until boomi_response_free().
pub struct boomi_response {
    response: Response,
    message: Option<CString>,
    headers: OnceLock<Vec<(CString, CString)>>,
    /// With a 0 after the last byte; `None` if the body is read as a stream.
    body: Option<Vec<u8>>,
    /// How much of `body` boomi_response_read() returned.
    read: usize,
}

impl From<Response> for boomi_response {
    fn from(mut response: Response) -> Self {
        let body = (!matches!(response.body, ResponseBody::Streamed { .. })).then(|| {
            let mut body = response.body.take();
            body.push(0);
            body
        });
        boomi_response { message: response.message().map(c_string), headers: OnceLock::new(), body, read: 0, response }
    }
}

impl boomi_response {
    fn headers(&self) -> &[(CString, CString)] {
        self.headers
            .get_or_init(|| self.response.headers().map(|(name, value)| (c_string(name), c_string(value))).collect())
    }
}

/// Returns the HTTP status; 0 if `response` is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_response_status(response: *const boomi_response) -> i32 {
    get(response).map_or(0, |handle| handle.response.status().into())
}

/// Returns BOOMI_OK for success, or an error with Boomi's own message and what to do.
///
/// GraphQL errors in a response with status 200 count.
/// Errors: BOOMI_ERR_CREDENTIALS_REJECTED, BOOMI_ERR_PERMISSION_DENIED, BOOMI_ERR_RATE_LIMITED,
/// BOOMI_ERR_HTTP_STATUS.
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

/// Returns Boomi's own error text, from JSON, XML, HTML or GraphQL; NULL if there is none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_response_message(response: *const boomi_response) -> *const c_char {
    get(response).and_then(|handle| handle.message.as_deref()).map_or(null(), CStr::as_ptr)
}

/// Returns the value of the first header with that name, in any case; NULL if there is none.
///
/// Bytes that are not UTF-8 are replaced by U+FFFD.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_response_header(response: *const boomi_response, name: *const c_char) -> *const c_char {
    if name.is_null() {
        return null();
    }
    // SAFETY: not NULL, so NUL-terminated, by the module's contract.
    let name = unsafe { CStr::from_ptr(name) }.to_bytes();
    get(response)
        .and_then(|handle| handle.headers().iter().find(|(other, _)| other.as_bytes().eq_ignore_ascii_case(name)))
        .map_or(null(), |(_, value)| value.as_ptr())
}

/// Returns the number of headers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_response_header_count(response: *const boomi_response) -> usize {
    get(response).map_or(0, |handle| handle.headers().len())
}

/// Returns the name of a header, in lower case; NULL if `index` is too large.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_response_header_name(response: *const boomi_response, index: usize) -> *const c_char {
    get(response).and_then(|handle| handle.headers().get(index)).map_or(null(), |(name, _)| name.as_ptr())
}

/// Returns the value of a header; NULL if `index` is too large.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_response_header_value(response: *const boomi_response, index: usize) -> *const c_char {
    get(response).and_then(|handle| handle.headers().get(index)).map_or(null(), |(_, value)| value.as_ptr())
}

/// Returns the body, byte for byte, and its length. A 0 byte follows the last, so that a text can be used as it is.
///
/// `length_out` may be NULL. NULL and 0 if `response` is NULL, or is read with boomi_response_read().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_response_body(response: *const boomi_response, length_out: *mut usize) -> *const u8 {
    let body = get(response).and_then(|handle| handle.body.as_deref());
    if !length_out.is_null() {
        // SAFETY: not NULL, so valid, by the module's contract.
        unsafe { *length_out = body.map_or(0, |body| body.len() - 1) };
    }
    body.map_or(null(), <[u8]>::as_ptr)
}

/// Reads a piece of the body into `buffer`, which has room for `size` bytes. Used by one thread at a time.
///
/// `*read_out` is the number of bytes read; 0 at the end. For responses of boomi_client_open() and
/// boomi_job_open(); a body that was read at once is read the same way.
///
/// A read during which nothing arrives ends after the call's timeout, and cancelling the call or client ends it
/// within 100 ms. After an error the rest of the body is lost.
/// Errors: BOOMI_ERR_INVALID_ARGUMENT, _CONNECT, _TLS, _TIMEOUT, _PROTOCOL, _CANCELED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_response_read(
    response: *mut boomi_response,
    buffer: *mut c_void,
    size: usize,
    read_out: *mut usize,
    error_out: *mut *mut boomi_error,
) -> boomi_code {
    if !read_out.is_null() {
        // SAFETY: not NULL, so valid, by the module's contract.
        unsafe { *read_out = 0 };
    }
    run(error_out, || {
        // SAFETY: see the module's contract.
        let (response, buffer) = unsafe { (borrow_mut(response, "response")?, room(buffer, size, "buffer")?) };
        if read_out.is_null() {
            return Err(Error::invalid("read_out is NULL"));
        }
        let amount = match &response.body {
            None => response.response.read(buffer)?,
            Some(body) => {
                let rest = &body[response.read..body.len() - 1];
                let amount = rest.len().min(buffer.len());
                buffer[..amount].copy_from_slice(&rest[..amount]);
                response.read += amount;
                amount
            }
        };
        // SAFETY: as above.
        unsafe { *read_out = amount };
        Ok(())
    })
}

/// Returns the number of attempts: 1 if the request was sent once. One with a JWT that was refused and replaced
/// counts too.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_response_attempts(response: *const boomi_response) -> i32 {
    get(response).map_or(0, |handle| i32::try_from(handle.response.attempts()).unwrap_or(i32::MAX))
}

/// Returns how long the server said to wait before trying again, in milliseconds; -1 if it did not say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_response_retry_after_ms(response: *const boomi_response) -> i64 {
    milliseconds(get(response).and_then(|handle| handle.response.retry_after()))
}

/// Frees a response. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_response_free(response: *mut boomi_response) {
    // SAFETY: see the module's contract.
    unsafe { release(response) }
}
