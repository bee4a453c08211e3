//! The limits of one call.

use std::time::Duration;

use pyo3::prelude::*;

use crate::boundary::{at_once, bad_setting};
use crate::convert::text;

/// The handle to cancel calls with, from another thread.
///
/// Give it to any number of calls as ``call=``.
#[pyclass(frozen, module = "boomi_auth")]
#[derive(Clone, Default)]
pub(crate) struct Call(pub(crate) boomi_auth::Call);

#[pymethods]
impl Call {
    #[new]
    fn new() -> Self {
        Self::default()
    }

    /// Cancels its calls within 0.1 s, with CanceledError, and later ones at once.
    fn cancel(&self) {
        self.0.cancel();
    }

    fn __repr__(&self) -> &'static str {
        "<boomi_auth.Call>"
    }
}

/// The limits in a method's arguments.
#[derive(Default)]
pub(crate) struct Limits<'py> {
    pub(crate) timeout: Option<f64>,
    pub(crate) otp: Option<Bound<'py, pyo3::types::PyString>>,
    pub(crate) call: Option<Bound<'py, Call>>,
}

impl Limits<'_> {
    pub(crate) fn call(self, py: Python<'_>) -> PyResult<boomi_auth::Call> {
        let mut call = self.call.map(|call| call.get().0.clone()).unwrap_or_default();
        if let Some(seconds) = self.timeout {
            at_once(py, call.set_timeout(duration(py, "timeout", seconds)?))?;
        }
        if let Some(otp) = self.otp {
            at_once(py, call.set_otp(&text("otp", &otp)?))?;
        }
        Ok(call)
    }
}

/// Seconds in a method's arguments.
pub(crate) fn duration(py: Python<'_>, name: &str, seconds: f64) -> PyResult<Duration> {
    // A day is longer than anybody waits; infinity is a way to say so.
    let seconds = if seconds > 86_400.0 { 86_400.0 } else { seconds };
    Duration::try_from_secs_f64(seconds)
        .map_err(|_| bad_setting(py, &format!("{name} is {seconds}, not a number of seconds such as 30 or 2.5")))
}
