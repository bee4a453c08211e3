//! Functions without a client: the version, user names, headers, one-time codes, and the release of texts.

use std::ffi::{CStr, c_char};

use super::boundary::{create, text};
use super::error::{boomi_code, boomi_error};
use super::text::{begin_block, free_text, give_block, give_bytes, give_text};
use crate::credentials::{CredentialKind, auth_username, write_auth_header};
use crate::error::{Error, Result};
use crate::otp::otp_code;

/// The version of this header: `(major << 16) | (minor << 8) | patch`. boomi_version_number() is the library's.
pub const BOOMI_VERSION_NUMBER: u32 = 256;

/// Returns the version of the library: `(major << 16) | (minor << 8) | patch`.
#[unsafe(no_mangle)]
pub extern "C" fn boomi_version_number() -> u32 {
    BOOMI_VERSION_NUMBER
}

/// Returns the version of the library as a text, such as "0.1.0". Static.
#[unsafe(no_mangle)]
pub extern "C" fn boomi_version() -> *const c_char {
    const VERSION: &CStr = match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
        Ok(version) => version,
        Err(_) => panic!("a version has no NUL"),
    };
    VERSION.as_ptr()
}

/// Wipes and frees a text that this library returned through a `char **`. NULL is allowed. Never use free() for it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_string_free(text: *mut c_char) {
    if !text.is_null() {
        // SAFETY: the text came from this library, and is not used afterwards, by the module's contract.
        unsafe { free_text(text) }
    }
}

/// The credential is an API token: the user name gets the prefix "BOOMI_TOKEN.", once.
pub const BOOMI_CREDENTIAL_API_TOKEN: u32 = 1;
/// The credential is the user's own password.
pub const BOOMI_CREDENTIAL_PASSWORD: u32 = 2;

pub(crate) fn credential_kind(kind: u32) -> Result<CredentialKind> {
    match kind {
        BOOMI_CREDENTIAL_API_TOKEN => Ok(CredentialKind::ApiToken),
        BOOMI_CREDENTIAL_PASSWORD => Ok(CredentialKind::Password),
        _ => Err(Error::invalid(format!(
            "the credential kind is {kind}: use BOOMI_CREDENTIAL_API_TOKEN (1) or BOOMI_CREDENTIAL_PASSWORD (2)"
        ))),
    }
}

/// Returns the user name for a tool's user field. No I/O.
///
/// For an API token it has the prefix "BOOMI_TOKEN.", once. A name with the prefix means a token, whatever `kind`.
///
/// `*username_out` is freed with boomi_string_free(); NULL on failure.
/// Errors: BOOMI_ERR_INVALID_ARGUMENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_auth_username(
    kind: u32,
    username: *const c_char,
    username_out: *mut *mut c_char,
    error_out: *mut *mut boomi_error,
) -> boomi_code {
    // SAFETY: see the module's contract.
    unsafe {
        create(username_out, "username_out", error_out, || {
            let username = text(username, "username")?;
            Ok(give_text(&auth_username(credential_kind(kind)?, username)?))
        })
    }
}

/// Returns the value of the Authorization header, "Basic ...". No I/O.
///
/// `username` is the e-mail address that Boomi shows; `secret` the password or API token. `*header_out` is freed
/// with boomi_string_free(), which wipes it; NULL on failure.
/// Errors: BOOMI_ERR_INVALID_ARGUMENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_auth_header(
    kind: u32,
    username: *const c_char,
    secret: *const c_char,
    header_out: *mut *mut c_char,
    error_out: *mut *mut boomi_error,
) -> boomi_code {
    // SAFETY: see the module's contract.
    unsafe {
        create(header_out, "header_out", error_out, || {
            let (username, secret) = (text(username, "username")?, text(secret, "secret")?);
            // Encoded in place: a copy would have to be wiped.
            write_auth_header(credential_kind(kind)?, username, secret, begin_block).map(give_block)
        })
    }
}

/// Returns the one-time code of `secret` at `unix_time`, in seconds; below 0 means now. No I/O.
///
/// `secret` is base32, with spaces and in any case, without padding, or an `otpauth://totp/` URI with digits,
/// period and algorithm. `*code_out` is freed with boomi_string_free(), which wipes it; NULL on failure.
/// Errors: BOOMI_ERR_INVALID_ARGUMENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_otp_code(
    secret: *const c_char,
    unix_time: i64,
    code_out: *mut *mut c_char,
    error_out: *mut *mut boomi_error,
) -> boomi_code {
    // SAFETY: see the module's contract.
    unsafe {
        create(code_out, "code_out", error_out, || {
            Ok(give_bytes(otp_code(text(secret, "secret")?, unix_time)?.as_bytes()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_is_the_crates() {
        let parts: Vec<u32> = crate::VERSION.split('.').map(|part| part.parse().unwrap()).collect();
        assert_eq!(boomi_version_number(), (parts[0] << 16) | (parts[1] << 8) | parts[2]);
    }
}
