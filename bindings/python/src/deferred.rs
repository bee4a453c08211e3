//! A call to be made on another thread.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

/// A callable and its arguments, which no ``repr`` and no frame of Python shows: one may be a one-time code.
#[pyclass(frozen, module = "boomi_auth._native")]
pub(crate) struct Deferred {
    callable: Py<PyAny>,
    args: Py<PyTuple>,
    kwargs: Option<Py<PyDict>>,
}

#[pymethods]
impl Deferred {
    #[new]
    #[pyo3(signature = (callable, /, *args, **kwargs))]
    fn new(callable: Py<PyAny>, args: Py<PyTuple>, kwargs: Option<Py<PyDict>>) -> Self {
        Self { callable, args, kwargs }
    }

    fn __call__(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let kwargs = self.kwargs.as_ref().map(|kwargs| kwargs.bind(py));
        self.callable.call(py, self.args.bind(py).clone(), kwargs)
    }
}
