//! The boundary to C: checks pointers, writes results and errors, and catches panics.

use std::ffi::{CStr, c_char};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

use super::error::{boomi_code, boomi_error};
use super::handle::{c_string, give};
use crate::error::{Error, ErrorKind, Result};
use crate::sync::{Mutex, lock};

/// Runs the body of a function, and converts its result to a code and an error handle.
pub(crate) fn run(error_out: *mut *mut boomi_error, work: impl FnOnce() -> Result<()>) -> boomi_code {
    let result = catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        // The payload may contain a secret, so the message does not quote it.
        Err(Error::new(
            ErrorKind::Internal,
            "a bug in boomi-auth: a panic was caught at the boundary to C; please report it",
        ))
    });
    let (code, handle) = match result {
        Ok(()) => (0, std::ptr::null_mut()),
        Err(error) if error_out.is_null() => (error.kind().code(), std::ptr::null_mut()),
        Err(error) => (error.kind().code(), give(boomi_error { message: c_string(error.message()), error })),
    };
    if !error_out.is_null() {
        // SAFETY: not NULL, so the caller says that it is valid.
        unsafe { *error_out = handle };
    }
    code
}

/// [`run`] for a function that returns a pointer through an out-parameter: NULL from the start, and on failure.
pub(crate) unsafe fn create<T>(
    out: *mut *mut T,
    name: &str,
    error_out: *mut *mut boomi_error,
    work: impl FnOnce() -> Result<*mut T>,
) -> boomi_code {
    if !out.is_null() {
        // SAFETY: not NULL, so valid, says the caller.
        unsafe { *out = std::ptr::null_mut() };
    }
    run(error_out, || {
        if out.is_null() {
            return Err(is_null(name));
        }
        let value = work()?;
        // SAFETY: as above.
        unsafe { *out = value };
        Ok(())
    })
}

pub(crate) unsafe fn borrow<'a, T>(handle: *const T, name: &str) -> Result<&'a T> {
    // SAFETY: NULL or valid, says the caller.
    unsafe { handle.as_ref() }.ok_or_else(|| is_null(name))
}

pub(crate) unsafe fn borrow_mut<'a, T>(handle: *mut T, name: &str) -> Result<&'a mut T> {
    // SAFETY: NULL or valid, and not used by another thread, says the caller.
    unsafe { handle.as_mut() }.ok_or_else(|| is_null(name))
}

pub(crate) unsafe fn text<'a>(text: *const c_char, name: &str) -> Result<&'a str> {
    if text.is_null() {
        return Err(is_null(name));
    }
    // SAFETY: not NULL, so NUL-terminated, says the caller.
    let bytes = unsafe { CStr::from_ptr(text) }.to_bytes();
    if bytes.is_ascii() {
        // SAFETY: ASCII is UTF-8. Most texts are ASCII, and this check is several times as fast as the general one.
        return Ok(unsafe { std::str::from_utf8_unchecked(bytes) });
    }
    std::str::from_utf8(bytes).map_err(|_| Error::invalid(format!("{name} is not UTF-8")))
}

pub(crate) unsafe fn optional_text<'a>(pointer: *const c_char, name: &str) -> Result<Option<&'a str>> {
    // SAFETY: by this function's contract.
    if pointer.is_null() { Ok(None) } else { unsafe { text(pointer, name) }.map(Some) }
}

/// Borrows a buffer; NULL is allowed if it is empty.
pub(crate) unsafe fn bytes<'a>(data: *const std::ffi::c_void, length: usize, name: &str) -> Result<&'a [u8]> {
    if length == 0 {
        return Ok(&[]);
    }
    if data.is_null() {
        return Err(is_null(name));
    }
    if length > isize::MAX as usize {
        return Err(Error::invalid(format!("the length of {name} is larger than memory")));
    }
    // SAFETY: not NULL, so valid for its length, says the caller.
    Ok(unsafe { std::slice::from_raw_parts(data.cast(), length) })
}

/// Borrows a buffer to write to; NULL is allowed if it is empty.
pub(crate) unsafe fn room<'a>(data: *mut std::ffi::c_void, length: usize, name: &str) -> Result<&'a mut [u8]> {
    if length == 0 {
        return Ok(&mut []);
    }
    if data.is_null() {
        return Err(is_null(name));
    }
    if length > isize::MAX as usize {
        return Err(Error::invalid(format!("the length of {name} is larger than memory")));
    }
    // SAFETY: not NULL, so valid for its length, says the caller; u8 has no invalid values.
    Ok(unsafe { std::slice::from_raw_parts_mut(data.cast(), length) })
}

pub(crate) fn is_null(name: &str) -> Error {
    Error::invalid(format!("{name} is NULL"))
}

/// The state of a handle that one call at a time uses.
///
/// A call takes the state out and puts it back. So the handle may be freed meanwhile, even inside a callback, and a
/// concurrent call fails instead of waiting for a lock.
pub(crate) struct OneAtATime<T>(Arc<Mutex<Option<T>>>);

impl<T> OneAtATime<T> {
    pub(crate) fn new(value: T) -> Self {
        OneAtATime(Arc::new(Mutex::new(Some(value))))
    }

    /// A reference for one call, which outlives the handle.
    pub(crate) fn share(&self) -> Self {
        OneAtATime(self.0.clone())
    }

    /// Runs `work` on the state. `name` is the handle's parameter, for the error of a concurrent call.
    pub(crate) fn with<R>(&self, name: &str, work: impl FnOnce(&mut T) -> Result<R>) -> Result<R> {
        let taken = lock(&self.0).take();
        let Some(mut value) = taken else {
            return Err(Error::invalid(format!(
                "{name} is in use by another call: one call at a time may use it, and no callback of that call"
            )));
        };
        // The handle stays usable after a panic.
        let result = catch_unwind(AssertUnwindSafe(|| work(&mut value)));
        *lock(&self.0) = Some(value);
        result.unwrap_or_else(|panic| resume_unwind(panic))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panic_is_internal_error_without_its_text() {
        let mut error = std::ptr::null_mut();
        assert_eq!(run(&mut error, || panic!("marked-secret")), ErrorKind::Internal.code());
        // SAFETY: `run` has just written it.
        let text = unsafe { CStr::from_ptr(super::super::boomi_error_message(error)) };
        assert!(text.to_str().unwrap().contains("bug") && !text.to_str().unwrap().contains("marked-secret"));
        // SAFETY: created above, and not used again.
        unsafe { super::super::boomi_error_free(error) };
        assert_eq!(run(std::ptr::null_mut(), || panic!("again")), ErrorKind::Internal.code());
    }

    #[test]
    fn state_is_exclusive_and_survives_panic() {
        let held = OneAtATime::new(1);
        let own = held.share();
        drop(held);
        let inside = own.with("pages", |value| {
            *value += 1;
            Ok(own.with("pages", |_| Ok(())).unwrap_err())
        });
        assert!(inside.unwrap().message().contains("pages is in use"));
        assert_eq!(run(std::ptr::null_mut(), || own.with("pages", |_| panic!("forced"))), ErrorKind::Internal.code());
        assert_eq!(own.with("pages", |value| Ok(*value)).unwrap(), 2);
    }
}
