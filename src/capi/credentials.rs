//! The function by which a credentials callback provides credentials.

use std::ffi::c_char;

use super::boundary::{borrow_mut, run, text};
use super::error::{boomi_code, boomi_error};
use super::library::credential_kind;
use crate::credentials::Credentials;
use crate::error::Result;

/// The credentials that a boomi_credentials_callback provides. Borrowed for that call.
#[derive(Default)]
pub struct boomi_credentials {
    /// The credentials that were set last.
    pub(super) given: Option<Result<Credentials>>,
}

/// Provides credentials, copied, from a boomi_credentials_callback.
///
/// `kind` is BOOMI_CREDENTIAL_API_TOKEN or BOOMI_CREDENTIAL_PASSWORD.
/// Errors: BOOMI_ERR_INVALID_ARGUMENT, which the call that needs the credentials then returns too.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_credentials_set(
    credentials: *mut boomi_credentials,
    kind: u32,
    username: *const c_char,
    secret: *const c_char,
    error_out: *mut *mut boomi_error,
) -> boomi_code {
    run(error_out, || {
        // SAFETY: see the module's contract.
        let credentials = unsafe { borrow_mut(credentials, "credentials") }?;
        // SAFETY: see the module's contract.
        let given = unsafe { fixed(kind, username, secret) };
        credentials.given = Some(given.clone());
        given.map(drop)
    })
}

pub(crate) unsafe fn fixed(kind: u32, username: *const c_char, secret: *const c_char) -> Result<Credentials> {
    // SAFETY: see the module's contract.
    let (username, secret) = unsafe { (text(username, "username")?, text(secret, "secret")?) };
    Credentials::fixed(credential_kind(kind)?, username, secret)
}
