//! Java's functions that are called from here, on the thread of the call that they belong to, and while it lasts.

use std::cell::Cell;

use boomi_auth::{Error, Result};

use crate::wire::{Reader, Wiped, Writer};
use crate::{ffm, jni};

/// How a call came in, and so how it calls back. Nothing of it is kept longer: the class loader of another call may be another one,
/// and be gone when the call is over.
#[derive(Clone, Copy)]
pub(crate) enum Way {
    Jni(jni::Class),
    Ffm(ffm::Functions),
}

thread_local! {
    /// Of the call that this thread is in.
    static WAY: Cell<Option<Way>> = const { Cell::new(None) };
}

/// Makes a call, during which its way is known.
pub(crate) fn within<T>(way: Way, call: impl FnOnce() -> T) -> T {
    let outer = WAY.replace(Some(way));
    let done = call();
    WAY.set(outer);
    done
}

/// The core's wait hook: whether the thread was interrupted.
pub(crate) fn interrupted() -> bool {
    match WAY.get() {
        Some(Way::Jni(class)) => class.interrupted(),
        Some(Way::Ffm(functions)) => functions.interrupted(),
        None => false,
    }
}

/// Calls a function of the user's, and has `read` make something of what it returns.
pub(crate) fn call<T>(function: i64, fields: Writer, read: impl FnOnce(&mut Reader<'_>) -> Result<T>) -> Result<T> {
    let answer: Option<Wiped> = match WAY.get() {
        Some(Way::Jni(class)) => class.call(function, &fields.0),
        Some(Way::Ffm(functions)) => functions.call(function, &fields.0),
        None => None,
    };
    let answer = answer.ok_or_else(|| {
        Error::other("a callback could not be called: too little is left of the thread's stack, or of Java's memory")
    })?;
    let mut fields = Reader::new(&answer);
    if fields.flag()? {
        return Err(Error::other(fields.required()?));
    }
    read(&mut fields)
}
