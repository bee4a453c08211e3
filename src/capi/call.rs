//! The setters of one call's limits, and its cancellation.

use std::{ffi::c_char, time::Duration};

use super::boundary::{borrow_mut, run, text};
use super::error::{boomi_code, boomi_error};
use super::handle::{get, give, release};
use crate::{client::Call, error::Result};

/// The limits of one call, and the means to cancel it. Functions that take one use the client's settings for NULL.
///
/// Create one for each call: a cancelled call stays cancelled, and a typed one-time code is sent with one
/// authentication attempt only. One thread sets it up; several threads may use it at once. Freed with
/// boomi_call_free().
pub struct boomi_call {
    pub(crate) call: Call,
}

/// Creates a call with the client's limits. Freed with boomi_call_free().
#[unsafe(no_mangle)]
pub extern "C" fn boomi_call_new() -> *mut boomi_call {
    give(boomi_call { call: Call::new() })
}

unsafe fn set(
    call: *mut boomi_call,
    error_out: *mut *mut boomi_error,
    apply: impl FnOnce(&mut Call) -> Result<()>,
) -> boomi_code {
    run(error_out, || {
        // SAFETY: see the module's contract.
        let call = &mut unsafe { borrow_mut(call, "call") }?.call;
        let result = apply(call);
        // Keeps argument errors too, which no setter sees.
        call.first_error.keep(result)
    })
}

/// Sets the timeout of the whole call in milliseconds, above 0, instead of the client's. Accurate to about 50 ms.
/// Errors: BOOMI_ERR_INVALID_ARGUMENT, which calls with this handle then return too.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_call_set_timeout_ms(
    call: *mut boomi_call,
    timeout_ms: u32,
    error_out: *mut *mut boomi_error,
) -> boomi_code {
    // SAFETY: see the module's contract.
    unsafe { set(call, error_out, |call| call.set_timeout(Duration::from_millis(timeout_ms.into()))) }
}

/// Sets a one-time code that the user typed. It is sent once, with the first password authentication, never with an
/// API token.
/// Errors: BOOMI_ERR_INVALID_ARGUMENT, which calls with this handle then return too.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_call_set_otp(
    call: *mut boomi_call,
    otp: *const c_char,
    error_out: *mut *mut boomi_error,
) -> boomi_code {
    // SAFETY: see the module's contract.
    unsafe { set(call, error_out, |call| call.set_otp(text(otp, "otp")?)) }
}

/// Cancels what runs with this call within 100 ms, and every later use at once. From any thread.
///
/// The functions return BOOMI_ERR_CANCELED. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_call_cancel(call: *const boomi_call) {
    if let Some(handle) = get(call) {
        handle.call.cancel();
    }
}

/// Frees a call. Functions that run with it continue. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_call_free(call: *mut boomi_call) {
    // SAFETY: see the module's contract.
    unsafe { release(call) }
}
