//! Headers that sign a request of another HTTP library.

use std::sync::{Mutex, PoisonError};

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use crate::boundary::{not_pickled, run};
use crate::convert::hidden;

/// The headers that sign a request of another HTTP library. See :meth:`Client.authorize`.
#[pyclass(frozen, module = "boomi_auth")]
pub(crate) struct Authorization(Mutex<Option<boomi_auth::Authorization>>);

impl Authorization {
    pub(crate) fn new(core: boomi_auth::Authorization) -> Self {
        Self(Mutex::new(Some(core)))
    }
}

#[pymethods]
impl Authorization {
    /// The headers' names and values. Their ``repr`` is ``'***'``.
    #[getter]
    fn headers<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let headers = PyDict::new(py);
        if let Some(core) = &*self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            for (name, value) in core.headers() {
                headers.set_item(canonical(name), hidden(py, value.expose())?)?;
            }
        }
        Ok(headers)
    }

    /// Reports the response: its status, and its body if that was read. Only the first call counts.
    ///
    /// Report every response: a Basic authorization that is dropped without this or :meth:`withdraw` counts as a
    /// sign-in without a response. Returns whether to authorize again and send once more.
    #[pyo3(signature = (status, body = None))]
    fn observe(&self, py: Python<'_>, status: u16, body: Option<&Bound<'_, PyBytes>>) -> PyResult<bool> {
        let Some(mut core) = self.0.lock().unwrap_or_else(PoisonError::into_inner).take() else { return Ok(false) };
        let body = body.map(|body| body.as_bytes()).unwrap_or_default();
        // With a state directory it writes a file.
        run(py, || Ok(core.observe(status, body)))
    }

    /// Reports that no byte of the request was sent, because there was no connection. It then does not count.
    fn withdraw(&self, py: Python<'_>) {
        let core = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        py.detach(|| core.map(|mut core| core.withdraw()));
    }

    fn __repr__(&self) -> &'static str {
        "<boomi_auth.Authorization ***>"
    }

    fn __reduce__(&self) -> PyResult<()> {
        Err(not_pickled("Authorization"))
    }
}

impl Drop for Authorization {
    fn drop(&mut self) {
        let core = self.0.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if core.is_some() {
            // It counts, and with a state directory that is written to a file.
            let _ = Python::try_attach(|py| py.detach(|| drop(core)));
        }
    }
}

fn canonical(name: &str) -> &str {
    match name {
        "authorization" => "Authorization",
        "x-boomi-otp" => "X-Boomi-OTP",
        other => other,
    }
}
