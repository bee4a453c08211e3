//! The way in for `java.lang.foreign`: C functions.

use std::cell::RefCell;
use std::mem::ManuallyDrop;

use crate::upcall::Way;
use crate::wire::Wiped;
use crate::{boundary, token};

/// Bytes that Java gives back to [`boomi_java_release`].
#[repr(C)]
pub struct Bytes {
    data: *mut u8,
    length: usize,
    capacity: usize,
}

type Interrupted = extern "C" fn() -> u8;
type Call = extern "C" fn(i64, *const u8, usize);

/// The functions that a call is called back by.
#[derive(Clone, Copy)]
pub(crate) struct Functions {
    interrupted: Interrupted,
    call: Call,
}

thread_local! {
    /// What Java answers to an upcall of this thread.
    static ANSWER: RefCell<Option<Wiped>> = const { RefCell::new(None) };
}

/// What a JVM wants to have of the stack when a function of Java's begins, 100 KB, and something for the function to catch what is thrown
/// in it. A StackOverflowError that leaves an upcall ends the process.
const ROOM: usize = 160 * 1024;

fn has_room() -> bool {
    stacker::remaining_stack().is_none_or(|left| left > ROOM)
}

impl Functions {
    pub(crate) fn interrupted(self) -> bool {
        has_room() && (self.interrupted)() != 0
    }

    pub(crate) fn call(self, function: i64, fields: &[u8]) -> Option<Wiped> {
        if !has_room() {
            return None;
        }
        (self.call)(function, fields.as_ptr(), fields.len());
        ANSWER.take()
    }
}

/// Does an operation, and puts its answer into `answer`.
///
/// # Safety
/// `fields` has `length` bytes, and `answer` room for one [`Bytes`]. The two functions can be called until this returns.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_java_invoke(
    operation: i32,
    handle: i64,
    fields: *const u8,
    length: usize,
    answer: *mut Bytes,
    interrupted: Interrupted,
    call: Call,
) {
    // SAFETY: as the caller promises.
    let fields = unsafe { slice(fields, length) };
    let mut done = boundary::invoke(Way::Ffm(Functions { interrupted, call }), operation, handle, fields);
    // As large as it is: to shrink it could leave a copy behind.
    let mut done = ManuallyDrop::new(std::mem::take(&mut done.0));
    // SAFETY: as the caller promises.
    unsafe { answer.write(Bytes { data: done.as_mut_ptr(), length: done.len(), capacity: done.capacity() }) };
}

/// Wipes and frees the answer of an operation.
///
/// # Safety
/// It is one of [`boomi_java_invoke`], and was not released before.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_java_release(data: *mut u8, length: usize, capacity: usize) {
    // SAFETY: it was a vector of these.
    drop(Wiped(unsafe { Vec::from_raw_parts(data, length, capacity) }));
}

/// Says what the function that is called back on this thread answers.
///
/// # Safety
/// `fields` has `length` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_java_answer(fields: *const u8, length: usize) {
    // SAFETY: as the caller promises.
    let answer = unsafe { slice(fields, length) }.to_vec();
    ANSWER.set(Some(Wiped(answer)));
}

/// Whether a token is the one that its provider would hand out now.
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
