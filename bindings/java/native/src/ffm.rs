//! The entry for `java.lang.foreign`: C functions.

use std::cell::RefCell;
use std::mem::ManuallyDrop;

use crate::upcall::Upcalls;
use crate::wire::Wiped;
use crate::{entry, token};

/// A call's result. Java frees it with [`boomi_java_release`].
#[repr(C)]
pub struct Bytes {
    data: *mut u8,
    length: usize,
    capacity: usize,
}

type Interrupted = extern "C" fn() -> u8;
type Call = extern "C" fn(i64, *const u8, usize);

/// The upcalls of a call that came in here.
struct Functions {
    interrupted: Interrupted,
    call: Call,
}

thread_local! {
    /// The result of this thread's upcall.
    static RETURNED: RefCell<Option<Wiped>> = const { RefCell::new(None) };
}

/// The stack that an upcall needs, in bytes: 100 KB for a JVM to begin a Java function, and some for that function to
/// catch an exception. A StackOverflowError that leaves an upcall ends the process.
const ROOM: usize = 160 * 1024;

fn has_room() -> bool {
    stacker::remaining_stack().is_none_or(|left| left > ROOM)
}

impl Upcalls for Functions {
    fn interrupted(&self) -> bool {
        has_room() && (self.interrupted)() != 0
    }

    fn call(&self, function: i64, fields: &[u8]) -> Option<Wiped> {
        if !has_room() {
            return None;
        }
        (self.call)(function, fields.as_ptr(), fields.len());
        RETURNED.take()
    }
}

/// Runs an operation, and writes its result to `result`.
///
/// # Safety
/// `fields` has `length` bytes, and `result` room for one [`Bytes`]. The two functions can be called until this
/// returns.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_java_invoke(
    operation: i32,
    handle: i64,
    fields: *const u8,
    length: usize,
    result: *mut Bytes,
    interrupted: Interrupted,
    call: Call,
) {
    // SAFETY: as the caller promises.
    let fields = unsafe { slice(fields, length) };
    let mut done = entry::invoke(Functions { interrupted, call }, operation, handle, fields);
    // As large as it is: to shrink it could leave a copy behind.
    let mut done = ManuallyDrop::new(std::mem::take(&mut done.0));
    // SAFETY: as the caller promises.
    unsafe { result.write(Bytes { data: done.as_mut_ptr(), length: done.len(), capacity: done.capacity() }) };
}

/// Wipes and frees the result of an operation.
///
/// # Safety
/// It is one of [`boomi_java_invoke`], and was not released before.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_java_release(data: *mut u8, length: usize, capacity: usize) {
    // SAFETY: it was a vector of these.
    drop(Wiped(unsafe { Vec::from_raw_parts(data, length, capacity) }));
}

/// Sets the result of the upcall that runs on this thread.
///
/// # Safety
/// `fields` has `length` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_java_answer(fields: *const u8, length: usize) {
    // SAFETY: as the caller promises.
    let returned = unsafe { slice(fields, length) }.to_vec();
    RETURNED.set(Some(Wiped(returned)));
}

/// Whether a token is its provider's cached token.
#[unsafe(no_mangle)]
pub extern "C" fn boomi_java_is_current(provider: i64, token: i64, min_validity_ms: i64) -> u8 {
    token::is_current(provider, token, min_validity_ms).into()
}

/// # Safety
/// `data` has `length` bytes.
unsafe fn slice<'a>(data: *const u8, length: usize) -> &'a [u8] {
    match length {
        0 => &[],
        // SAFETY: as the caller promises.
        _ => unsafe { std::slice::from_raw_parts(data, length) },
    }
}
