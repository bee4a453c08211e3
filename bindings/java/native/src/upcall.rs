//! Calls functions of Java's from here, on the thread of the call that they belong to, and while it lasts.

use std::cell::RefCell;
use std::rc::Rc;

use boomi_auth::{Error, Result};

use crate::wire::{Reader, Wiped, Writer};

/// The functions of Java's that a call may call back, by JNI or FFM, as the call came in. They are not kept after the
/// call: another call may be of another class loader.
pub(crate) trait Upcalls {
    /// Whether the thread was interrupted.
    fn interrupted(&self) -> bool;
    /// Calls a function of the user's. `None` if it could not be called.
    fn call(&self, function: i64, fields: &[u8]) -> Option<Wiped>;
}

thread_local! {
    /// Those of the call that this thread is in.
    static CURRENT: RefCell<Option<Rc<dyn Upcalls>>> = const { RefCell::new(None) };
}

/// Runs a call, during which its upcalls are this thread's.
pub(crate) fn within<T>(upcalls: impl Upcalls + 'static, call: impl FnOnce() -> T) -> T {
    let outer = CURRENT.replace(Some(Rc::new(upcalls)));
    let done = call();
    CURRENT.set(outer);
    done
}

fn current() -> Option<Rc<dyn Upcalls>> {
    CURRENT.with_borrow(Clone::clone)
}

/// The core's wait hook: whether the thread was interrupted.
pub(crate) fn interrupted() -> bool {
    current().is_some_and(|upcalls| upcalls.interrupted())
}

/// Calls a function of the user's, and reads what it returns.
pub(crate) fn call<T>(function: i64, fields: Writer, read: impl FnOnce(&mut Reader<'_>) -> Result<T>) -> Result<T> {
    let returned = current().and_then(|upcalls| upcalls.call(function, &fields.0)).ok_or_else(|| {
        Error::other("a callback could not be called: too little is left of the thread's stack, or of Java's memory")
    })?;
    let mut fields = Reader::new(&returned);
    if fields.flag()? {
        return Err(Error::other(fields.required()?));
    }
    read(&mut fields)
}
