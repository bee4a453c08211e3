//! Responses.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, TryLockError};

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyType};

use crate::boundary::{bad_setting, exception, not_pickled, run};
use crate::convert::from_json;

const CHUNK: usize = 64 * 1024;

/// An HTTP response with any status: :meth:`raise_for_status` raises an exception for a bad one.
#[pyclass(frozen, module = "boomi_auth")]
pub(crate) struct Response {
    shared: Arc<Shared>,
    content: PyOnceLock<Py<PyBytes>>,
}

/// The state that the response shares with its readers.
struct Shared {
    /// A body that is not read yet.
    core: Mutex<Option<boomi_auth::Response>>,
    /// Whether it was closed before its end.
    closed: AtomicBool,
    status: u16,
    url: String,
    call: boomi_auth::Call,
    error: Option<boomi_auth::Error>,
    message: Option<String>,
    headers: Vec<(String, String)>,
    attempts: u32,
    retry_after: Option<f64>,
}

impl Response {
    /// A response with its whole body, or one whose body is read piece by piece.
    pub(crate) fn new(py: Python<'_>, core: boomi_auth::Response, call: boomi_auth::Call, stream: bool) -> Self {
        let text = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        let shared = Shared {
            error: core.error(),
            message: core.message().map(str::to_owned),
            headers: core.headers().map(text).collect(),
            attempts: core.attempts(),
            retry_after: core.retry_after().map(|wait| wait.as_secs_f64()),
            call,
            closed: AtomicBool::new(false),
            status: core.status(),
            url: core.url(),
            core: Mutex::new(None),
        };
        let content = PyOnceLock::new();
        if stream {
            *shared.core.lock().unwrap_or_else(PoisonError::into_inner) = Some(core);
        } else {
            let _ = content.set(py, PyBytes::new(py, &core.into_body()).unbind());
        }
        Self { shared: Arc::new(shared), content }
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.shared.headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }
}

impl Shared {
    /// Reads once into `buffer`, with the GIL released; 0 at the end.
    fn read(&self, py: Python<'_>, buffer: &mut [u8]) -> PyResult<usize> {
        run(py, || match self.core.try_lock() {
            Ok(_) if self.closed.load(Ordering::Relaxed) => {
                Err(boomi_auth::Error::other("the response is closed: the rest of its body is gone"))
            }
            Ok(mut core) => {
                let read = core.as_mut().map_or(Ok(0), |core| core.read(buffer));
                if self.closed.load(Ordering::Relaxed) {
                    core.take();
                }
                read
            }
            Err(TryLockError::Poisoned(_)) => Ok(0),
            Err(TryLockError::WouldBlock) => Err(boomi_auth::Error::other("another thread is reading this response")),
        })
    }

    fn close(&self, py: Python<'_>) {
        py.detach(|| match self.core.try_lock() {
            Ok(mut core) => {
                self.closed.fetch_or(core.take().is_some(), Ordering::Relaxed);
            }
            // Another thread is reading, perhaps for a minute yet, and closes it then.
            Err(_) => self.closed.store(true, Ordering::Relaxed),
        });
    }
}

#[pymethods]
impl Response {
    /// The HTTP status.
    #[getter]
    fn status_code(&self) -> u16 {
        self.shared.status
    }

    /// The URL of the request, with the account and the query filled in.
    #[getter]
    fn url(&self) -> &str {
        &self.shared.url
    }

    /// Whether it is a success: by its status and, of GraphQL, without ``errors`` in a 200.
    #[getter]
    fn ok(&self) -> bool {
        self.shared.error.is_none()
    }

    /// The headers: a mapping whose names are case-insensitive. Several of one name are joined by ``", "``.
    #[getter]
    fn headers<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        static HEADERS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        HEADERS.import(py, "boomi_auth._headers", "Headers")?.call1((self.shared.headers.clone(),))
    }

    /// The whole body. Of a stream, it reads the rest now.
    #[getter]
    fn content(&self, py: Python<'_>) -> PyResult<Py<PyBytes>> {
        if let Some(content) = self.content.get(py) {
            return Ok(content.clone_ref(py));
        }
        let mut body = Vec::new();
        let mut piece = vec![0; CHUNK];
        loop {
            let amount = self.shared.read(py, &mut piece)?;
            if amount == 0 {
                break;
            }
            body.extend_from_slice(&piece[..amount]);
        }
        let content = PyBytes::new(py, &body).unbind();
        Ok(self.content.get_or_init(py, || content).clone_ref(py))
    }

    /// The body as text, in the charset of its Content-Type, or UTF-8; invalid bytes become U+FFFD.
    #[getter]
    fn text<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let charset = self.header("content-type").and_then(charset).unwrap_or("utf-8");
        let content = self.content(py)?;
        let decode = |charset: &str| content.bind(py).call_method1("decode", (charset, "replace"));
        decode(charset).or_else(|_| decode("utf-8"))
    }

    /// Parses the body as JSON. Raises ProtocolError, a ValueError, if it is not JSON.
    fn json<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let content = self.content(py)?;
        from_json(py, content.bind(py)).map_err(|raised| {
            if !raised.is_instance_of::<pyo3::exceptions::PyValueError>(py) {
                return raised;
            }
            let what = self.header("content-type").unwrap_or("of no Content-Type");
            let text = format!(
                "the response {} is not JSON but {} bytes {what}",
                self.shared.status,
                content.bind(py).as_bytes().len()
            );
            let error = crate::boundary::protocol_error(py, &text, self.shared.status);
            error.set_cause(py, Some(raised));
            error
        })
    }

    /// Returns this response if it is a success, else raises the exception for its status, or for GraphQL's ``errors``
    /// in a 200. The exception has it as ``response``.
    fn raise_for_status(slf: Py<Self>, py: Python<'_>) -> PyResult<Py<Self>> {
        let Some(error) = slf.get().shared.error.as_ref() else { return Ok(slf) };
        let raised = exception(py, error);
        raised.value(py).setattr("response", slf)?;
        Err(raised)
    }

    /// Returns the body in pieces of up to ``chunk_size`` bytes, as they arrive. With ``stream=True`` in constant
    /// memory.
    #[pyo3(signature = (chunk_size = CHUNK))]
    fn iter_bytes(&self, py: Python<'_>, chunk_size: usize) -> PyResult<Chunks> {
        if chunk_size == 0 {
            return Err(bad_setting(py, "chunk_size is 0: nothing would ever be read"));
        }
        // What was read as a whole is given in pieces too.
        let whole = self.content.get(py).map(|content| content.clone_ref(py));
        Ok(Chunks { shared: self.shared.clone(), chunk_size, whole, given: Mutex::new(0) })
    }

    /// Returns the pieces for ``async for``, without blocking the event loop.
    #[pyo3(signature = (chunk_size = CHUNK))]
    fn aiter_bytes<'py>(&self, py: Python<'py>, chunk_size: usize) -> PyResult<Bound<'py, PyAny>> {
        let chunks = self.iter_bytes(py, chunk_size)?;
        let cancel = crate::call::Call(self.shared.call.clone());
        py.import("boomi_auth._aio")?.getattr("each")?.call1((chunks, cancel))
    }

    /// Boomi's error message, from JSON, XML, HTML or GraphQL.
    #[getter]
    fn message(&self) -> Option<&str> {
        self.shared.message.as_deref()
    }

    /// The number of attempts.
    #[getter]
    fn attempts(&self) -> u32 {
        self.shared.attempts
    }

    /// Seconds to wait before a retry, as the server says.
    #[getter]
    fn retry_after(&self) -> Option<f64> {
        self.shared.retry_after
    }

    /// Closes the connection of a stream without reading the rest.
    fn close(&self, py: Python<'_>) {
        self.shared.close(py);
    }

    fn __enter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    #[pyo3(signature = (_type, _value, _traceback, /))]
    fn __exit__(
        &self,
        py: Python<'_>,
        _type: Option<Bound<'_, PyType>>,
        _value: Option<Bound<'_, PyAny>>,
        _traceback: Option<Bound<'_, PyAny>>,
    ) {
        self.close(py);
    }

    fn __bool__(&self) -> bool {
        self.shared.error.is_none()
    }

    fn __repr__(&self) -> String {
        format!("<boomi_auth.Response [{}]>", self.shared.status)
    }

    fn __reduce__(&self) -> PyResult<()> {
        Err(not_pickled("Response"))
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // The connection is closed, which may take a moment.
        let core = self.core.get_mut().ok().and_then(Option::take);
        if core.is_some() {
            let _ = Python::try_attach(|py| py.detach(|| drop(core)));
        }
    }
}

/// The pieces of a body.
#[pyclass(frozen, module = "boomi_auth._native")]
pub(crate) struct Chunks {
    shared: Arc<Shared>,
    chunk_size: usize,
    whole: Option<Py<PyBytes>>,
    /// How much of `whole` was given.
    given: Mutex<usize>,
}

#[pymethods]
impl Chunks {
    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __next__<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyBytes>>> {
        if let Some(whole) = &self.whole {
            let Ok(mut given) = self.given.lock() else { return Ok(None) };
            let rest = &whole.bind(py).as_bytes()[*given..];
            let piece = &rest[..rest.len().min(self.chunk_size)];
            *given += piece.len();
            return Ok((!piece.is_empty()).then(|| PyBytes::new(py, piece)));
        }
        let mut piece = vec![0; self.chunk_size.min(1 << 20)];
        let amount = self.shared.read(py, &mut piece)?;
        Ok((amount > 0).then(|| PyBytes::new(py, &piece[..amount])))
    }
}

/// `charset` of a Content-Type.
fn charset(content_type: &str) -> Option<&str> {
    let parameters = content_type.split(';').skip(1).filter_map(|parameter| parameter.split_once('='));
    let mut named = parameters.filter(|(name, _)| name.trim().eq_ignore_ascii_case("charset"));
    named.next().map(|(_, value)| value.trim().trim_matches('"'))
}
