//! Asynchronous jobs of the server.

use std::sync::Mutex;

use boomi_auth::Error;
use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::boundary::{not_pickled, run};
use crate::call::{Call, Limits};
use crate::response::Response;

/// An asynchronous job of the server. See :meth:`Client.start`.
#[pyclass(frozen, module = "boomi_auth")]
pub(crate) struct Job {
    core: Mutex<boomi_auth::Job>,
    path: Option<String>,
}

impl Job {
    pub(crate) fn new(core: boomi_auth::Job) -> Self {
        Self { path: core.path().map(str::to_owned), core: Mutex::new(core) }
    }
}

#[pymethods]
impl Job {
    /// Waits for the result, and returns its response, whatever the status.
    ///
    /// After an exception, such as a timeout, the job continues, and this can be called again.
    #[pyo3(signature = (*, otp = None, timeout = None, stream = false, call = None))]
    fn wait(
        &self,
        py: Python<'_>,
        otp: Option<Bound<'_, PyString>>,
        timeout: Option<f64>,
        stream: bool,
        call: Option<Bound<'_, Call>>,
    ) -> PyResult<Response> {
        let call = Limits { timeout, otp, call }.call(py)?;
        let result = run(py, || match self.core.try_lock() {
            Ok(mut job) if stream => job.open(Some(&call)),
            Ok(mut job) => job.wait(Some(&call)),
            Err(_) => Err(Error::other("another thread is waiting for this job")),
        })?;
        Ok(Response::new(py, result, call, stream))
    }

    /// The path of the result; None if the result came at once.
    #[getter]
    fn path(&self) -> Option<&str> {
        self.path.as_deref()
    }

    fn __repr__(&self) -> String {
        format!("<boomi_auth.Job {}>", self.path.as_deref().unwrap_or("done"))
    }

    fn __reduce__(&self) -> PyResult<()> {
        Err(not_pickled("Job"))
    }
}
