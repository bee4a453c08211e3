//! The types of C callbacks, the data that they receive, and their conversion to closures of the core.

use std::ffi::{CStr, CString, c_char, c_void};
use std::sync::Arc;

use zeroize::Zeroizing;

use super::boundary::is_null;
use super::credentials::boomi_credentials;
use super::handle::{c_string, get};
use crate::config::{EventHandler, OtpSource};
use crate::error::{Error, ErrorKind, Result};
use crate::event::Event;
use crate::{credentials::Credentials, otp::check_code, transport::deadline::WaitHook};

/// Releases `user_data`. Called once, when nothing uses the data any more, also if the setter failed. May be NULL.
pub type boomi_release_callback = Option<unsafe extern "C" fn(user_data: *mut c_void)>;

/// Writes a one-time code, NUL-terminated, to `code_out`. It has room for `code_size` bytes, 64 or more.
///
/// Returns 0 for a code; any other value ends the call with BOOMI_ERR_OTP. It runs on the calling thread, perhaps
/// on several at once, never under a lock; its time counts against the deadline. It must not unwind, throw or
/// longjmp, nor call a blocking function of the same client.
pub type boomi_otp_callback =
    Option<unsafe extern "C" fn(user_data: *mut c_void, code_out: *mut c_char, code_size: usize) -> i32>;

/// Provides credentials with boomi_credentials_set() on `credentials_out`, which is borrowed for the call. Returns
/// 0 for success.
///
/// Called with `rejected` 0 before the first authentication attempt, and with `rejected` 1 before the next one
/// after the server rejected its credentials. The rules of boomi_otp_callback apply.
pub type boomi_credentials_callback =
    Option<unsafe extern "C" fn(user_data: *mut c_void, rejected: i32, credentials_out: *mut boomi_credentials) -> i32>;

/// Called on the calling thread at least every 100 ms while a call waits. A result other than 0 ends the call with
/// BOOMI_ERR_CANCELED.
///
/// The rules of boomi_otp_callback apply.
pub type boomi_wait_callback = Option<unsafe extern "C" fn(user_data: *mut c_void) -> i32>;

/// Receives an event of a client. `event` is borrowed for the call. The rules of boomi_otp_callback apply.
pub type boomi_event_callback = Option<unsafe extern "C" fn(user_data: *mut c_void, event: *const boomi_event)>;

/// "credentials_loaded": credentials were read from their file, callback, program or keychain. Fields: source,
/// username, after_rejection.
pub const BOOMI_EVENT_CREDENTIALS_LOADED: u32 = 1;
/// "sign_in_rejected": the server rejected an authentication attempt. Fields: host, username, status, purpose
/// ("request", "jwt" or "authorize").
pub const BOOMI_EVENT_SIGN_IN_REJECTED: u32 = 2;
/// "token_issued": the server issued a JWT. Fields: host, account_id, expires_at (Unix seconds), lifetime_s.
pub const BOOMI_EVENT_TOKEN_ISSUED: u32 = 3;
/// "otp_awaited": a call waits for the next one-time code, because the current one was sent before. Fields:
/// wait_ms.
pub const BOOMI_EVENT_OTP_AWAITED: u32 = 4;
/// "token_refreshed": a cached JWT was fetched or refreshed. Fields: account_id, generation, expires_at (Unix
/// seconds), lifetime_s.
pub const BOOMI_EVENT_TOKEN_REFRESHED: u32 = 5;
/// "refresh_failed": a JWT could not be refreshed. Fields: account_id, code (a BOOMI_ERR_* number), status (0: no
/// response), stale_served (whether a valid cached token was returned), retry_after_ms.
pub const BOOMI_EVENT_REFRESH_FAILED: u32 = 6;
/// "token_refused": an API refused a JWT. Fields: account_id, status, renewed (whether it was, or is, replaced).
pub const BOOMI_EVENT_TOKEN_REFUSED: u32 = 7;
/// "sign_in_held": the guard blocked an authentication attempt. Fields: host, username, purpose (as for
/// BOOMI_EVENT_SIGN_IN_REJECTED), reason, wait_ms (null: no end), waits (whether the call waits; otherwise it fails
/// with BOOMI_ERR_HELD).
pub const BOOMI_EVENT_SIGN_IN_HELD: u32 = 8;
/// "state_unavailable": the state directory or the store cannot be used. Fields: path, problem.
pub const BOOMI_EVENT_STATE_UNAVAILABLE: u32 = 9;
/// "request_retried": a request is retried. Fields: host, method, path, attempt (the failed one, counted from 1),
/// status (0: no response), code (a BOOMI_ERR_* number), wait_ms.
pub const BOOMI_EVENT_REQUEST_RETRIED: u32 = 10;

/// An event of a client. Borrowed for the callback that receives it; it never contains a secret.
pub struct boomi_event {
    kind: u32,
    json: CString,
}

/// Returns a BOOMI_EVENT_* constant; later versions may add more. 0 if `event` is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_event_kind(event: *const boomi_event) -> u32 {
    get(event).map_or(0, |event| event.kind)
}

/// Returns the event as a JSON object: {"event": name, ...fields}. NULL if `event` is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_event_json(event: *const boomi_event) -> *const c_char {
    get(event).map_or(std::ptr::null(), |event| event.json.as_ptr())
}

/// The `user_data` of a callback. Dropping the last reference releases it.
pub(crate) struct UserData {
    pointer: *mut c_void,
    release: boomi_release_callback,
}

// SAFETY: the pointer is only passed to the caller's functions, which by contract accept it on any thread.
unsafe impl Send for UserData {}
// SAFETY: the same, from several at once.
unsafe impl Sync for UserData {}

impl UserData {
    /// The setter keeps this reference until its end, so that one that fails releases the data last.
    pub(crate) fn new(pointer: *mut c_void, release: boomi_release_callback) -> Arc<Self> {
        Arc::new(UserData { pointer, release })
    }

    /// A closure that names the field itself would capture only the pointer.
    fn pointer(&self) -> *mut c_void {
        self.pointer
    }
}

impl Drop for UserData {
    fn drop(&mut self) {
        if let Some(release) = self.release {
            // SAFETY: the caller's function with the caller's data, once.
            unsafe { release(self.pointer) }
        }
    }
}

pub(crate) fn credentials(callback: boomi_credentials_callback, data: Arc<UserData>) -> Result<Credentials> {
    let callback = callback.ok_or_else(|| is_null("callback"))?;
    Ok(Credentials::from_fn(move |rejected| {
        let mut credentials = boomi_credentials::default();
        // SAFETY: the caller's function with the caller's data; what it gets lives through the call.
        let code = unsafe { callback(data.pointer(), rejected.into(), &mut credentials) };
        if code != 0 {
            let text = format!("the credentials callback returned {code}, so there are no credentials");
            return Err(Error::config(text));
        }
        let none = || Err(Error::config("the credentials callback returned 0 and set no credentials"));
        credentials.given.unwrap_or_else(none)
    }))
}

pub(crate) fn otp(callback: boomi_otp_callback, data: Arc<UserData>) -> Result<OtpSource> {
    let callback = callback.ok_or_else(|| is_null("callback"))?;
    Ok(OtpSource::Function(Arc::new(move || {
        let failed = |what: &str| Error::new(ErrorKind::Otp, format!("the one-time code callback {what}"));
        let mut code = Zeroizing::new([0u8; 128]);
        // SAFETY: the caller's function with the caller's data; the buffer has the size that it receives.
        let result = unsafe { callback(data.pointer(), code.as_mut_ptr().cast(), code.len()) };
        if result != 0 {
            return Err(failed(&format!("returned {result}, so there is no code")));
        }
        let text = CStr::from_bytes_until_nul(&code[..]).map_err(|_| failed("wrote a code without a NUL"))?;
        let text = text.to_str().map_err(|_| failed("wrote a code that is not UTF-8"))?;
        check_code(text).map_err(|error| failed(&format!("wrote a bad code: {error}")))
    })))
}

pub(crate) fn wait(callback: boomi_wait_callback, data: Arc<UserData>) -> Result<WaitHook> {
    let callback = callback.ok_or_else(|| is_null("callback"))?;
    // SAFETY: the caller's function with the caller's data.
    Ok(Arc::new(move || unsafe { callback(data.pointer()) } != 0))
}

pub(crate) fn event(callback: boomi_event_callback, data: Arc<UserData>) -> Result<EventHandler> {
    let callback = callback.ok_or_else(|| is_null("callback"))?;
    Ok(Arc::new(move |event: &Event| {
        let event = boomi_event { kind: event.kind().code(), json: c_string(&event.to_json()) };
        // SAFETY: the caller's function with the caller's data; the event lives through the call.
        unsafe { callback(data.pointer(), &event) }
    }))
}
