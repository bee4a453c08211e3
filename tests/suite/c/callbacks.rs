//! The suite's closures, as C callbacks with user data.

use std::ffi::{CString, c_char, c_void};
use std::ptr::null_mut;

use boomi_auth::capi::{
    BOOMI_OK, boomi_credentials, boomi_credentials_set, boomi_event, boomi_event_json, boomi_event_kind,
};

use super::borrowed;
use crate::api::{CredentialsFn, EventFn, Given, OtpFn, WaitFn};

/// User data out of a closure. Only [`release`] ends it, so a release that fails to come is a leak, and one too many a
/// double free.
pub fn give<F>(closure: F) -> *mut c_void {
    Box::into_raw(Box::new(closure)).cast()
}

pub unsafe extern "C" fn release<F>(user_data: *mut c_void) {
    drop(unsafe { Box::from_raw(user_data.cast::<F>()) });
}

pub unsafe extern "C" fn ask_credentials(user_data: *mut c_void, rejected: i32, out: *mut boomi_credentials) -> i32 {
    let ask = unsafe { &*user_data.cast::<CredentialsFn>() };
    let Given { kind, username, secret } = ask(rejected != 0);
    let (username, secret) = (CString::new(username).unwrap(), CString::new(secret).unwrap());
    // What it returns is the caller's business: the call that asked fails with the same error.
    let _ = unsafe { boomi_credentials_set(out, kind as u32, username.as_ptr(), secret.as_ptr(), null_mut()) };
    0
}

pub unsafe extern "C" fn ask_otp(user_data: *mut c_void, code_out: *mut c_char, code_size: usize) -> i32 {
    let ask = unsafe { &*user_data.cast::<OtpFn>() };
    let Some(code) = ask() else { return 1 };
    assert!(code_size >= 64 && code.len() < code_size);
    unsafe { std::ptr::copy_nonoverlapping(code.as_ptr(), code_out.cast(), code.len()) };
    unsafe { *code_out.add(code.len()) = 0 };
    BOOMI_OK
}

pub unsafe extern "C" fn tell_event(user_data: *mut c_void, event: *const boomi_event) {
    let tell = unsafe { &*user_data.cast::<EventFn>() };
    let json = borrowed(unsafe { boomi_event_json(event) }).expect("an event has its JSON");
    tell(unsafe { boomi_event_kind(event) }, &json);
}

pub unsafe extern "C" fn ask_wait(user_data: *mut c_void) -> i32 {
    let ask = unsafe { &*user_data.cast::<WaitFn>() };
    ask().into()
}
