//! Handles: moves objects to C, reads them, and frees them.

use std::ffi::CString;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Moves an object to C, which owns its box until [`release`]. The pointer is its handle.
pub(crate) fn give<T>(object: T) -> *mut T {
    Box::into_raw(Box::new(object))
}

/// Frees a handle. NULL is fine.
///
/// # Safety
/// `handle` is NULL or came from [`give`], and is not used afterwards.
pub(crate) unsafe fn release<T>(handle: *mut T) {
    if !handle.is_null() {
        // SAFETY: by this function's contract.
        let owned = unsafe { Box::from_raw(handle) };
        // Dropping may run the caller's release callbacks. A panic must not reach C.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(owned)));
    }
}

/// The object of a handle; `None` for NULL.
pub(crate) fn get<'a, T>(handle: *const T) -> Option<&'a T> {
    // SAFETY: NULL or valid, by the module's contract.
    unsafe { handle.as_ref() }
}

/// Copies a text to a C string. A NUL in it becomes U+FFFD.
pub(crate) fn c_string(text: &str) -> CString {
    CString::new(text).unwrap_or_else(|_| CString::new(text.replace('\0', "\u{fffd}")).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nul_in_text_becomes_replacement_char() {
        assert_eq!(c_string("a\0b").to_str(), Ok("a\u{fffd}b"));
    }
}
