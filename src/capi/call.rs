//! One call's own limits.

use std::ffi::c_char;
use std::time::Duration;

use super::boundary::{borrow_mut, run, text};
use super::error::{boomi_code, boomi_error};
use super::handle::Handle;
use crate::client::Call;
use crate::error::Result;

/// One call's own limits, and the means to cancel it. Wherever a function takes one, NULL means the client's settings. Best
/// made anew for each call: once cancelled it stays so, and a typed one-time code goes with one sign-in only. Its setters are
/// for one thread; a call may be in use by several. Freed with boomi_call_free().
pub struct boomi_call {
    pub(crate) call: Call,
}

impl Handle for boomi_call {}

/// A call with the client's limits. Freed with boomi_call_free().
#[unsafe(no_mangle)]
pub extern "C" fn boomi_call_new() -> *mut boomi_call {
    boomi_call { call: Call::new() }.give()
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
        // Also an error that was found before the value reached a setter.
        call.first_error.keep(result)
    })
}

/// How long the whole call may take, in milliseconds, above 0, instead of the client's timeout. CachedToken to within about
/// 50 ms.
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

/// A one-time code that the user typed: sent with the first password sign-in, once, and forgotten. Never sent with an
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

/// Ends what runs with this call within 100 ms, with BOOMI_ERR_CANCELED, and every later call with it at once. From any
/// thread. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_call_cancel(call: *const boomi_call) {
    // SAFETY: see the module's contract.
    if let Some(handle) = unsafe { call.as_ref() } {
        handle.call.cancel();
    }
}

/// Frees a call. One that runs with it goes on. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_call_free(call: *mut boomi_call) {
    // SAFETY: see the module's contract.
    unsafe { Handle::release(call) }
}
