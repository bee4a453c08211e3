//! The entry of every call from Java: runs the operation, and turns errors and panics into fields of the result.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use boomi_auth::{Error, ErrorKind};

use crate::failure::{Failure, write_error};
use crate::operation;
use crate::upcall::{self, Upcalls};
use crate::wire::{Reader, Wiped, Writer};

// The first byte of a result.
const DONE: u8 = 0;
const ERROR: u8 = 1;
const CLOSED: u8 = 2;

/// How many calls one thread may be in. A callback may make a call; one that always does would overflow the stack.
const MOST_DEPTH: u32 = 10;

thread_local! {
    /// How many calls this thread is in.
    static DEPTH: Cell<u32> = const { Cell::new(0) };
}

/// Runs an operation on an object, and returns the fields of its result after one byte for their kind.
pub(crate) fn invoke(upcalls: impl Upcalls + 'static, operation: i32, handle: i64, fields: &[u8]) -> Wiped {
    let depth = DEPTH.get();
    let done = if depth == MOST_DEPTH {
        Ok(Err(Error::other("a callback makes the call that it is a callback of").into()))
    } else {
        DEPTH.set(depth + 1);
        let perform = || operation::perform(operation, handle, &mut Reader::new(fields), Writer::default().byte(DONE));
        let done = upcall::within(upcalls, || catch_unwind(AssertUnwindSafe(perform)));
        DEPTH.set(depth);
        done
    };
    let result = match done {
        Ok(Ok(result)) => result,
        Ok(Err(Failure::Error(error))) => write_error(Writer::default().byte(ERROR), &error),
        Ok(Err(Failure::Closed)) => Writer::default().byte(CLOSED),
        Err(panic) => panicked(&*panic),
    };
    result.0
}

/// The fields of the error that a panic becomes.
fn panicked(panic: &(dyn Any + Send)) -> Writer {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    let text = format!("internal error, a bug in boomi-auth: {}", text.unwrap_or("a panic"));
    let result = Writer::default().byte(ERROR).int(ErrorKind::Internal.code()).int(0).duration(None);
    result.flag(false).flag(true).int(0).text(&*text)
}
