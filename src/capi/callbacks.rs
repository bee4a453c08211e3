//! The caller's functions, and the data that goes with them.

use std::ffi::{CStr, CString, c_char, c_void};
use std::sync::Arc;

use zeroize::Zeroizing;

use super::credentials::boomi_credentials;
use super::handle::c_string;
use crate::config::{EventHandler, OtpSource};
use crate::credentials::Credentials;
use crate::error::{Error, ErrorKind, Result};
use crate::event::{Event, EventKind};
use crate::otp::check_code;
use crate::transport::deadline::WaitHook;

/// Called once, when nothing uses `user_data` any more; also if the setter that took it fails. May be NULL.
pub type boomi_release_callback = Option<unsafe extern "C" fn(user_data: *mut c_void)>;

/// Writes a one-time code, NUL-terminated, to `code_out`, which has room for `code_size` bytes, 64 or more. Returns 0 if
/// there is one; anything else ends the call with BOOMI_ERR_OTP. Runs on the calling thread, perhaps on several at once, never under a lock; its time counts against the
/// deadline. It must not unwind, throw or longjmp, nor call a blocking function of the same client.
pub type boomi_otp_callback =
    Option<unsafe extern "C" fn(user_data: *mut c_void, code_out: *mut c_char, code_size: usize) -> i32>;

/// Gives credentials with boomi_credentials_set() on `credentials_out`, which is borrowed for the call. Returns 0 if there
/// are some. Called before the first sign-in with `rejected` 0, and before the next one after the server rejected
/// what it gave with `rejected` 1. The same rules as for boomi_otp_callback.
pub type boomi_credentials_callback =
    Option<unsafe extern "C" fn(user_data: *mut c_void, rejected: i32, credentials_out: *mut boomi_credentials) -> i32>;

/// RequestInfo on the calling thread at least every 100 ms while a call waits. Not 0 ends the call with BOOMI_ERR_CANCELED. The
/// same rules as for boomi_otp_callback.
pub type boomi_wait_callback = Option<unsafe extern "C" fn(user_data: *mut c_void) -> i32>;

/// Told what happens in a client. `event` is borrowed for the call. The same rules as for boomi_otp_callback.
pub type boomi_event_callback = Option<unsafe extern "C" fn(user_data: *mut c_void, event: *const boomi_event)>;

/// Credentials were read from their file, callback, program or keychain: "credentials_loaded". Fields: source, username, after_rejection.
pub const BOOMI_EVENT_CREDENTIALS_LOADED: u32 = 1;
/// The server rejected a sign-in: "sign_in_rejected". Fields: host, username, status, purpose ("request", "jwt" or
/// "authorize").
pub const BOOMI_EVENT_SIGN_IN_REJECTED: u32 = 2;
/// A JWT was issued: "token_issued". Fields: host, account_id, expires_at (Unix seconds), lifetime_s.
pub const BOOMI_EVENT_TOKEN_ISSUED: u32 = 3;
/// A call waits for the next one-time code, because this one was sent before: "otp_awaited". Fields: wait_ms.
pub const BOOMI_EVENT_OTP_AWAITED: u32 = 4;
/// A kept JWT was renewed, or the first one was got: "token_refreshed". Fields: account_id, generation, expires_at (Unix
/// seconds), lifetime_s.
pub const BOOMI_EVENT_TOKEN_REFRESHED: u32 = 5;
/// A kept JWT could not be renewed: "refresh_failed". Fields: account_id, code (a BOOMI_ERR_* number), status (0: no answer),
/// stale_served (whether a living token was handed out all the same), retry_after_ms.
pub const BOOMI_EVENT_REFRESH_FAILED: u32 = 6;
/// An API refused a JWT: "token_refused". Fields: account_id, status, renewed (whether it was, or is, replaced).
pub const BOOMI_EVENT_TOKEN_REFUSED: u32 = 7;
/// The guard holds a sign-in back: "sign_in_held". Fields: host, username, purpose (as for BOOMI_EVENT_SIGN_IN_REJECTED), reason,
/// wait_ms (null: for good), waits (whether the call waits for it; otherwise it fails with BOOMI_ERR_HELD).
pub const BOOMI_EVENT_SIGN_IN_HELD: u32 = 8;
/// The state directory could not be used, and the process's own memory was: "state_unavailable". Fields: path, problem.
pub const BOOMI_EVENT_STATE_UNAVAILABLE: u32 = 9;
/// A request is sent again: "request_retried". Fields: host, method, path, attempt (the one that failed, the first being 1), status
/// (0: no answer), code (a BOOMI_ERR_* number), wait_ms.
pub const BOOMI_EVENT_REQUEST_RETRIED: u32 = 10;

// The constants of the header are those of the core.
const _: () = {
    assert!(BOOMI_EVENT_CREDENTIALS_LOADED == EventKind::CredentialsLoaded as u32);
    assert!(BOOMI_EVENT_SIGN_IN_REJECTED == EventKind::SignInRejected as u32);
    assert!(BOOMI_EVENT_TOKEN_ISSUED == EventKind::TokenIssued as u32);
    assert!(BOOMI_EVENT_OTP_AWAITED == EventKind::OtpAwaited as u32);
    assert!(BOOMI_EVENT_TOKEN_REFRESHED == EventKind::TokenRefreshed as u32);
    assert!(BOOMI_EVENT_REFRESH_FAILED == EventKind::RefreshFailed as u32);
    assert!(BOOMI_EVENT_TOKEN_REFUSED == EventKind::TokenRefused as u32);
    assert!(BOOMI_EVENT_SIGN_IN_HELD == EventKind::SignInHeld as u32);
    assert!(BOOMI_EVENT_STATE_UNAVAILABLE == EventKind::StateUnavailable as u32);
    assert!(BOOMI_EVENT_REQUEST_RETRIED == EventKind::RequestRetried as u32);
};

/// Something that happened in a client. Borrowed for the callback that gets it; it never holds a secret.
pub struct boomi_event {
    kind: u32,
    json: CString,
}

/// One of the BOOMI_EVENT_* constants, to which more may be added; 0 if `event` is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_event_kind(event: *const boomi_event) -> u32 {
    // SAFETY: see the module's contract.
    unsafe { event.as_ref() }.map_or(0, |event| event.kind)
}

/// The event as a JSON object: {"event": name, ...fields}. NULL if `event` is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_event_json(event: *const boomi_event) -> *const c_char {
    // SAFETY: see the module's contract.
    unsafe { event.as_ref() }.map_or(std::ptr::null(), |event| event.json.as_ptr())
}

/// The caller's data, released when the last user of it is gone.
pub(crate) struct UserData {
    pointer: *mut c_void,
    release: boomi_release_callback,
}

// SAFETY: we only pass the pointer back to the caller's functions, which by contract take it from any thread.
unsafe impl Send for UserData {}
// SAFETY: the same, from several at once.
unsafe impl Sync for UserData {}

impl UserData {
    pub(crate) fn new(pointer: *mut c_void, release: boomi_release_callback) -> Arc<Self> {
        Arc::new(UserData { pointer, release })
    }

    /// Not the field itself: a closure that names it would capture the bare pointer, and not this.
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

fn is_null() -> Error {
    Error::invalid("callback is NULL")
}

/// Credentials that `callback` gives.
pub(crate) fn credentials(callback: boomi_credentials_callback, data: Arc<UserData>) -> Result<Credentials> {
    let callback = callback.ok_or_else(is_null)?;
    Ok(Credentials::from_fn(move |rejected| {
        let mut given = boomi_credentials::default();
        // SAFETY: the caller's function with the caller's data; what it gets lives through the call.
        let code = unsafe { callback(data.pointer(), rejected.into(), &mut given) };
        if code != 0 {
            let text = format!("the credentials callback returned {code}, so there are no credentials");
            return Err(Error::config(text));
        }
        given.take()
    }))
}

/// One-time codes that `callback` gives.
pub(crate) fn otp(callback: boomi_otp_callback, data: Arc<UserData>) -> Result<OtpSource> {
    let callback = callback.ok_or_else(is_null)?;
    Ok(OtpSource::Function(Arc::new(move || {
        let failed = |what: &str| Error::new(ErrorKind::Otp, format!("the one-time code callback {what}"));
        let mut code = Zeroizing::new([0u8; 128]);
        // SAFETY: the caller's function with the caller's data; the buffer has the size that it is told.
        let result = unsafe { callback(data.pointer(), code.as_mut_ptr().cast(), code.len()) };
        if result != 0 {
            return Err(failed(&format!("returned {result}, so there is no code")));
        }
        let text = CStr::from_bytes_until_nul(&code[..]).map_err(|_| failed("wrote a code without a NUL"))?;
        let text = text.to_str().map_err(|_| failed("wrote a code that is not UTF-8"))?;
        check_code(text).map_err(|error| failed(&format!("wrote a bad code: {error}")))
    })))
}

/// A hook that asks `callback`.
pub(crate) fn wait(callback: boomi_wait_callback, data: Arc<UserData>) -> Result<WaitHook> {
    let callback = callback.ok_or_else(is_null)?;
    // SAFETY: the caller's function with the caller's data.
    Ok(Arc::new(move || unsafe { callback(data.pointer()) } != 0))
}

/// A handler that tells `callback`.
pub(crate) fn event(callback: boomi_event_callback, data: Arc<UserData>) -> Result<EventHandler> {
    let callback = callback.ok_or_else(is_null)?;
    Ok(Arc::new(move |event: &Event| {
        let event = boomi_event { kind: event.kind().code(), json: c_string(&event.to_json()) };
        // SAFETY: the caller's function with the caller's data; the event lives through the call.
        unsafe { callback(data.pointer(), &event) }
    }))
}
