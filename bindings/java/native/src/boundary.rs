//! What every call from Java goes through: errors and panics become fields of the answer.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use boomi_auth::{Error, ErrorKind};

use crate::operation;
use crate::upcall::{self, Way};
use crate::wire::{Reader, Wiped, Writer};

/// Why there is no answer.
pub(crate) enum Failure {
    Error(Error),
    /// The object is closed.
    Closed,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::Error(error)
    }
}

pub(crate) type Answer = Result<Writer, Failure>;

// The first byte of an answer.
const DONE: u8 = 0;
const ERROR: u8 = 1;
const CLOSED: u8 = 2;

thread_local! {
    /// How many calls this thread is in.
    static DEPTH: Cell<u32> = const { Cell::new(0) };
}

const MOST_DEPTH: u32 = 10;

/// Does an operation with an object: the answer's fields, after one byte that says which they are.
pub(crate) fn invoke(way: Way, operation: i32, handle: i64, fields: &[u8]) -> Wiped {
    let depth = DEPTH.get();
    // A callback of a call may make another. One that makes the same without end would end the stack, and the process with it.
    let done = if depth == MOST_DEPTH {
        Ok(Err(Error::other("a callback makes the call that it is a callback of").into()))
    } else {
        DEPTH.set(depth + 1);
        let perform = || operation::perform(operation, handle, &mut Reader::new(fields), Writer::default().byte(DONE));
        let done = upcall::within(way, || catch_unwind(AssertUnwindSafe(perform)));
        DEPTH.set(depth);
        done
    };
    let answer = match done {
        Ok(Ok(answer)) => answer,
        Ok(Err(Failure::Error(error))) => write_error(Writer::default().byte(ERROR), &error),
        Ok(Err(Failure::Closed)) => Writer::default().byte(CLOSED),
        Err(panic) => panicked(&*panic),
    };
    answer.0
}

/// The fields of an error.
pub(crate) fn write_error(answer: Writer, error: &Error) -> Writer {
    answer
        .int(error.kind().code())
        .int(error.status().map_or(0, i32::from))
        .duration(error.retry_after())
        .flag(error.is_retryable())
        .flag(error.was_sent())
        .int(error.attempts().try_into().unwrap_or(i32::MAX))
        .text(error.message())
}

fn panicked(panic: &(dyn std::any::Any + Send)) -> Writer {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    let text = format!("internal error, a bug in boomi-auth: {}", text.unwrap_or("a panic"));
    let answer = Writer::default().byte(ERROR).int(ErrorKind::Internal.code()).int(0).duration(None);
    answer.flag(false).flag(true).int(0).text(&*text)
}
