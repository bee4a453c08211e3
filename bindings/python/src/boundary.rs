//! The entry of every call that may wait: releases the GIL, notices signals, turns errors into exceptions.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};

use boomi_auth::{Error, ErrorKind, Result};
use pyo3::exceptions::{PyException, PyRecursionError, PyTypeError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyDict;

thread_local! {
    /// Whether this thread is in a call, and the one that Python's signal handlers run on.
    static HANDLES_SIGNALS: Cell<bool> = const { Cell::new(false) };
    /// Whether it was seen to be the main thread, which it is for the rest of its life.
    static IS_MAIN: Cell<bool> = const { Cell::new(false) };
    /// How many calls this thread is in.
    static DEPTH: Cell<u32> = const { Cell::new(0) };
    /// What a signal handler, or a callback of the caller's, raised during this thread's call.
    static RAISED: RefCell<Option<Raised>> = const { RefCell::new(None) };
}

const MOST_DEPTH: u32 = 10;

enum Raised {
    ByHandler(PyErr),
    ByCallback(PyErr),
}

/// Runs work that may wait, with the GIL released.
///
/// Without a helper thread, which would cost each call 31 us: the core asks [`interrupted`] while it waits.
pub(crate) fn run<T: Send>(py: Python<'_>, work: impl FnOnce() -> Result<T> + Send) -> PyResult<T> {
    // A callback of a call may make another. One that makes the same without end would end the stack, and the process
    // with it.
    let depth = DEPTH.get();
    if depth == MOST_DEPTH {
        return Err(PyRecursionError::new_err("a callback makes the call that it is a callback of"));
    }
    let outer = HANDLES_SIGNALS.replace(is_main_thread(py)?);
    DEPTH.set(depth + 1);
    let done = py.detach(|| catch_unwind(AssertUnwindSafe(work)));
    DEPTH.set(depth);
    HANDLES_SIGNALS.set(outer);
    let raised = match RAISED.take() {
        // Even if the call came to its end: a Ctrl-C must not be lost.
        Some(Raised::ByHandler(raised)) => return Err(raised),
        Some(Raised::ByCallback(raised)) => Some(raised),
        None => None,
    };
    let error = match done {
        Ok(Ok(value)) => return Ok(value),
        Ok(Err(error)) => exception(py, &error),
        Err(panic) => panicked(py, &*panic),
    };
    if raised.is_some() {
        error.set_cause(py, raised);
    }
    Err(error)
}

/// Runs work that does not wait, with the GIL held.
pub(crate) fn at_once<T>(py: Python<'_>, result: Result<T>) -> PyResult<T> {
    result.map_err(|error| exception(py, &error))
}

/// The core's wait hook: whether a signal handler has raised something. Only the main thread has any; the others need
/// not wait for the interpreter.
pub(crate) fn interrupted() -> bool {
    if is_ended() {
        return true;
    }
    if !HANDLES_SIGNALS.get() {
        return false;
    }
    // Without an interpreter, at its end, nobody waits for the result.
    let raised = Python::try_attach(|py| py.check_signals().err().map(Raised::ByHandler));
    match raised {
        Some(None) => false,
        Some(raised) => {
            RAISED.set(raised);
            true
        }
        None => true,
    }
}

/// Turns what a callback raised into the core's error, and keeps it to be the exception's cause.
pub(crate) fn callback_failed(py: Python<'_>, what: &str, raised: PyErr) -> Error {
    let text = format!(
        "{what} raised {}: see the exception's cause",
        raised.get_type(py).name().map_or("?".into(), |name| name.to_string())
    );
    if let Some(raised) = unless_it_ends_the_call(py, raised).filter(|_| !is_ended()) {
        RAISED.set(Some(Raised::ByCallback(raised)));
    }
    Error::other(text)
}

/// What a callback raised, if it is a failure of the callback. KeyboardInterrupt, SystemExit and their like are none,
/// and end the call that it was made in.
pub(crate) fn unless_it_ends_the_call(py: Python<'_>, raised: PyErr) -> Option<PyErr> {
    if raised.is_instance_of::<PyException>(py) {
        return Some(raised);
    }
    RAISED.set(Some(Raised::ByHandler(raised)));
    None
}

fn is_ended() -> bool {
    RAISED.with_borrow(|raised| matches!(raised, Some(Raised::ByHandler(_))))
}

fn is_main_thread(py: Python<'_>) -> PyResult<bool> {
    if IS_MAIN.get() {
        return Ok(true);
    }
    static MODULES: PyOnceLock<Py<PyDict>> = PyOnceLock::new();
    let modules = MODULES.get_or_try_init(py, || {
        py.import("sys")?.getattr("modules")?.cast_into::<PyDict>().map(Bound::unbind).map_err(PyErr::from)
    })?;
    // Where nobody has imported it there is one thread, as a rule, and to import it takes a millisecond.
    let Some(threading) = modules.bind(py).get_item(intern!(py, "threading"))? else { return Ok(true) };
    let main = threading.call_method0(intern!(py, "main_thread"))?.getattr(intern!(py, "ident"))?;
    IS_MAIN.set(main.eq(threading.call_method0(intern!(py, "get_ident"))?)?);
    Ok(IS_MAIN.get())
}

/// The exception for an error, of a class that is defined in Python.
pub(crate) fn exception(py: Python<'_>, error: &Error) -> PyErr {
    let after = error.retry_after().map(|wait| wait.as_secs_f64());
    let about = (error.status(), after, error.is_retryable(), error.was_sent(), error.attempts());
    make(py, error.kind(), error.message(), about)
}

fn panicked(py: Python<'_>, panic: &(dyn std::any::Any + Send)) -> PyErr {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    let text = format!("internal error, a bug in boomi-auth: {}", text.unwrap_or("a panic"));
    make(py, ErrorKind::Internal, &text, (None, None, false, true, 0))
}

type About = (Option<u16>, Option<f64>, bool, bool, u32);

fn make(py: Python<'_>, kind: ErrorKind, message: &str, about: About) -> PyErr {
    static MAKE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let make = MAKE.import(py, "boomi_auth._errors", "make");
    let made = make.and_then(|make| make.call1((kind.code(), message, about.0, about.1, about.2, about.3, about.4)));
    made.map_or_else(|error| error, PyErr::from_value)
}

/// The exception for a bad setting that the core has not seen.
pub(crate) fn bad_setting(py: Python<'_>, message: &str) -> PyErr {
    make(py, ErrorKind::InvalidArgument, message, (None, None, false, false, 0))
}

/// The exception for a response that is not as the API promises.
pub(crate) fn protocol_error(py: Python<'_>, message: &str, status: u16) -> PyErr {
    make(py, ErrorKind::Protocol, message, (Some(status), None, false, true, 1))
}

/// Refuses to pickle an object with secrets, for `__reduce__`.
pub(crate) fn not_pickled(what: &str) -> PyErr {
    PyTypeError::new_err(format!(
        "a boomi_auth.{what} cannot be pickled, because it holds secrets and connections: make it where it is used, \
         for example with Client.from_env() in each process"
    ))
}
