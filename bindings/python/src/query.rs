//! The rows of a query, over all its pages.

use std::sync::{Mutex, PoisonError};

use boomi_auth::{Error, Pages};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyIterator};

use crate::boundary::{not_pickled, protocol_error, run};
use crate::convert::from_json;

/// The rows of a query, a dict each; a page is requested when it is needed.
///
/// After an exception no row is lost: the next iteration requests the page again. One thread at a time.
#[pyclass(frozen, module = "boomi_auth")]
pub(crate) struct Query {
    pages: Mutex<Pages>,
    /// The rows left of the last page.
    rows: Mutex<Option<Py<PyIterator>>>,
    call: boomi_auth::Call,
}

impl Query {
    pub(crate) fn new(pages: Pages, call: boomi_auth::Call) -> Self {
        Self { pages: Mutex::new(pages), rows: Mutex::new(None), call }
    }

    fn next_page(&self, py: Python<'_>) -> PyResult<Option<Py<PyIterator>>> {
        let page = run(py, || match self.pages.try_lock() {
            Ok(mut pages) => pages.next_page(Some(&self.call)),
            Err(_) => Err(Error::other("another thread is reading this query")),
        })?;
        let Some(page) = page else { return Ok(None) };
        let no_rows = |raised: PyErr| {
            let error = protocol_error(py, "a page of the query is no JSON object with a list of rows", page.status());
            error.set_cause(py, Some(raised));
            error
        };
        let read = from_json(py, PyBytes::new(py, page.body())).map_err(no_rows)?;
        // Boomi leaves the list out where it is empty.
        let rows = match read.cast::<PyDict>()?.get_item(intern!(py, "result"))? {
            Some(rows) => rows.try_iter().map_err(no_rows)?,
            None => pyo3::types::PyTuple::empty(py).try_iter()?,
        };
        Ok(Some(rows.unbind()))
    }
}

#[pymethods]
impl Query {
    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __next__<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let rows = || self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let left = rows().as_ref().map(|left| left.clone_ref(py));
            if let Some(row) = left.and_then(|left| left.bind(py).clone().next()) {
                return row.map(Some);
            }
            let Some(page) = self.next_page(py)? else { return Ok(None) };
            rows().replace(page);
        }
    }

    /// Returns an iterator for ``async for``, which does not block the event loop.
    fn __aiter__<'py>(slf: Bound<'py, Self>, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let cancel = crate::call::Call(slf.get().call.clone());
        py.import("boomi_auth._aio")?.getattr("each")?.call1((slf, cancel))
    }

    fn __repr__(&self) -> &'static str {
        "<boomi_auth.Query>"
    }

    fn __reduce__(&self) -> PyResult<()> {
        Err(not_pickled("Query"))
    }
}
