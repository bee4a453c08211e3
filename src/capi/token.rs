//! Tokens.

use std::ffi::c_char;
use std::ptr::null;
use std::sync::Arc;

use crate::jwt::{Token, TokenData};

/// A JWT for one account: immutable, shared by any number of threads. What its functions return is borrowed until it is
/// freed, with boomi_token_free().
pub struct boomi_token {
    /// C only has pointers to a token. Each comes from `Arc::into_raw` of an `Arc<TokenData>` and owns one reference.
    _opaque: [u8; 0],
}

/// Gives C one reference.
pub(crate) fn give(token: Token) -> *mut boomi_token {
    Arc::into_raw(token.into_shared()).cast_mut().cast()
}

/// Returns a Rust reference to a token that C holds; `None` for NULL.
///
/// # Safety
/// `token` is NULL, or came from [`give`] and is not freed yet.
pub(crate) unsafe fn another_reference(token: *const boomi_token) -> Option<Token> {
    let shared = token.cast::<TokenData>();
    if shared.is_null() {
        return None;
    }
    // SAFETY: the pointer is from `Arc::into_raw`, and C's reference keeps the token alive. The added reference is the returned one.
    let shared = unsafe {
        Arc::increment_strong_count(shared);
        Arc::from_raw(shared)
    };
    Some(Token::from_shared(shared))
}

fn get<'a>(token: *const boomi_token) -> Option<&'a TokenData> {
    // SAFETY: NULL, or from `give`, by the module's contract.
    unsafe { token.cast::<TokenData>().as_ref() }
}

/// The JWT itself; NULL if `token` is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_token_jwt(token: *const boomi_token) -> *const c_char {
    get(token).map_or(null(), |token| token.c_jwt().as_ptr())
}

/// The value of the Authorization header, "Bearer ..."; NULL if `token` is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_token_header(token: *const boomi_token) -> *const c_char {
    get(token).map_or(null(), |token| token.c_header().as_ptr())
}

/// The account that the token is for; NULL if `token` is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_token_account_id(token: *const boomi_token) -> *const c_char {
    get(token).map_or(null(), |token| token.c_account_id().as_ptr())
}

/// When it was asked for: Unix seconds, by this machine's clock. 0 if `token` is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_token_issued_at(token: *const boomi_token) -> i64 {
    get(token).map_or(0, TokenData::issued_at)
}

/// When it dies: Unix seconds, by this machine's clock, whatever the server's says. 0 if `token` is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_token_expires_at(token: *const boomi_token) -> i64 {
    get(token).map_or(0, TokenData::expires_at)
}

/// One more reference to the same token, freed on its own. NULL if `token` is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_token_clone(token: *const boomi_token) -> *mut boomi_token {
    // SAFETY: NULL, or from `give` and not freed yet, by the module's contract.
    unsafe { another_reference(token) }.map_or(std::ptr::null_mut(), give)
}

/// Ends one reference; the last wipes the token. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_token_free(token: *mut boomi_token) {
    if !token.is_null() {
        // SAFETY: it came from `give`, by the module's contract, and is not used afterwards.
        drop(unsafe { Arc::from_raw(token.cast::<TokenData>().cast_const()) });
    }
}
