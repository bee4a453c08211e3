//! Tokens.

use std::ffi::c_char;
use std::ptr::{NonNull, null};
use std::sync::Arc;
use std::sync::atomic::{Ordering, fence};

use crate::jwt::{Token, TokenData, TokenParts};

/// A JWT for one account: immutable, shared by any number of threads. What its functions return is borrowed until it is
/// freed, with boomi_token_free().
pub struct boomi_token {
    /// C sees a token only through a pointer, which is one to what is in an `Arc<TokenParts>`.
    _opaque: [u8; 0],
}

/// Gives C one reference.
pub(crate) fn give(token: Token) -> *mut boomi_token {
    give_many(token, 1).as_ptr()
}

/// Gives C so many references, at least one. They are counted apart from our own, and all of C's together have one of these.
pub(crate) fn give_many(token: Token, count: usize) -> NonNull<boomi_token> {
    let shared = token.into_shared();
    // Of the whole, counts and all, which a reference to what is shared would not be.
    let pointer = NonNull::new(Arc::as_ptr(&shared).cast_mut()).expect("an Arc is not at NULL");
    if add(&shared, count) == 0 {
        std::mem::forget(shared);
    }
    pointer.cast()
}

/// Whether it must not be handed out any more.
///
/// # Safety
/// C has a reference to it.
#[inline]
pub(crate) unsafe fn is_retired(token: NonNull<boomi_token>) -> bool {
    // SAFETY: it came from `give_many`, and that reference keeps it alive.
    unsafe { token.cast::<TokenParts>().as_ref() }.is_retired()
}

/// Counts references of C's, and returns how many there were.
fn add(shared: &TokenParts, count: usize) -> usize {
    let before = shared.lent().fetch_add(count, Ordering::Relaxed);
    if before > usize::MAX / 2 {
        // As `Arc` does: before the count can wrap around.
        std::process::abort();
    }
    before
}

/// Ends so many of C's references.
///
/// # Safety
/// There is at least one; they came from [`give_many`] or were added to those, and are not used afterwards.
pub(crate) unsafe fn take_back(token: *mut boomi_token, count: usize) {
    let shared = token.cast::<TokenParts>().cast_const();
    // SAFETY: these references keep it alive.
    let before = unsafe { (*shared).lent().fetch_sub(count, Ordering::Release) };
    if before == count {
        fence(Ordering::Acquire);
        // SAFETY: C's count went up from 0 once for each time that it comes down to 0, and kept one of ours each time.
        drop(unsafe { Arc::from_raw(shared) });
    }
}

/// A reference of our own to a token that C keeps; `None` for NULL.
///
/// # Safety
/// `token` is NULL, or came from [`give`] and is not freed yet.
pub(crate) unsafe fn another_reference(token: *const boomi_token) -> Option<Token> {
    let shared = token.cast::<TokenParts>();
    if shared.is_null() {
        return None;
    }
    // SAFETY: by this function's contract it is inside of an `Arc`, and C's reference keeps it alive; the count that is
    // added is the one that the new reference ends.
    let shared = unsafe {
        Arc::increment_strong_count(shared);
        Arc::from_raw(shared)
    };
    Some(Token::from_shared(shared))
}

fn get<'a>(token: *const boomi_token) -> Option<&'a TokenData> {
    // SAFETY: NULL, or from `give`, by the module's contract.
    unsafe { token.cast::<TokenParts>().as_ref() }.map(TokenParts::data)
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
    if !token.is_null() {
        // SAFETY: it came from `give`, and is not freed yet.
        add(unsafe { &*token.cast::<TokenParts>() }, 1);
    }
    token.cast_mut()
}

/// Ends one reference; the last wipes the token. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_token_free(token: *mut boomi_token) {
    if !token.is_null() {
        // SAFETY: it came from `give` or `boomi_token_clone`, and is not used afterwards.
        unsafe { take_back(token, 1) };
    }
}
