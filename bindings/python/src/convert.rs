//! Python's values as the core's, where PyO3 does not do it.

use boomi_auth::AuthScheme;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyBytes, PyMapping, PyString};

use crate::boundary::bad_setting;

/// A time: Unix seconds, something with `timestamp()`, or now.
pub(crate) fn unix_time(py: Python<'_>, at: Option<&Bound<'_, PyAny>>) -> PyResult<i64> {
    let seconds: f64 = match at {
        None => py.import("time")?.call_method0("time")?.extract()?,
        Some(at) if at.hasattr(intern!(py, "timestamp"))? => at.call_method0(intern!(py, "timestamp"))?.extract()?,
        Some(at) => at.extract()?,
    };
    if !seconds.is_finite() {
        return Err(bad_setting(py, "the time is not a number of seconds since 1970"));
    }
    Ok(seconds.floor() as i64)
}

/// A scheme by its name; None for none.
pub(crate) fn scheme(py: Python<'_>, name: Option<&str>) -> PyResult<AuthScheme> {
    match name {
        None => Ok(AuthScheme::None),
        Some("auto") => Ok(AuthScheme::Auto),
        Some("basic") => Ok(AuthScheme::Basic),
        Some("jwt") => Ok(AuthScheme::Jwt),
        Some(_) => Err(bad_setting(py, "auth is not one of \"auto\", \"basic\", \"jwt\" and None")),
    }
}

/// Pairs out of a mapping, or out of an iterable of pairs.
pub(crate) fn pairs<'py>(
    given: Option<&Bound<'py, PyAny>>,
) -> PyResult<Vec<(Bound<'py, PyString>, Bound<'py, PyAny>)>> {
    let Some(given) = given else { return Ok(Vec::new()) };
    let items = match given.cast::<PyMapping>() {
        Ok(mapping) => mapping.items()?.into_any(),
        Err(_) => given.clone(),
    };
    items.try_iter()?.map(|pair| pair?.extract()).collect()
}

/// The values of one name in a query: text, numbers, booleans (as `true` and `false`), none, or several of them.
pub(crate) fn query_values(value: &Bound<'_, PyAny>) -> PyResult<Vec<String>> {
    if value.is_none() {
        return Ok(Vec::new());
    }
    if let Ok(text) = value.cast::<PyString>() {
        return Ok(vec![text.to_cow()?.into_owned()]);
    }
    if let Ok(flag) = value.cast::<PyBool>() {
        return Ok(vec![flag.is_true().to_string()]);
    }
    if value.cast::<pyo3::types::PyList>().is_ok() || value.cast::<pyo3::types::PyTuple>().is_ok() {
        let mut values = Vec::new();
        for one in value.try_iter()? {
            values.extend(query_values(&one?)?);
        }
        return Ok(values);
    }
    Ok(vec![value.str()?.to_cow()?.into_owned()])
}

/// A body: text as UTF-8, or what `bytes` takes that is no number.
pub(crate) fn body(py: Python<'_>, data: &Bound<'_, PyAny>) -> PyResult<Vec<u8>> {
    if let Ok(text) = data.cast::<PyString>() {
        return Ok(text.to_cow()?.into_owned().into_bytes());
    }
    if let Ok(bytes) = data.cast::<PyBytes>() {
        return Ok(bytes.as_bytes().to_vec());
    }
    let name = data.get_type().name()?.to_cow()?.into_owned();
    if matches!(name.as_str(), "bytearray" | "memoryview") {
        return py.get_type::<PyBytes>().call1((data,))?.extract();
    }
    Err(bad_setting(py, &format!("data is a {name}, not bytes or str: give json= for what is to be sent as JSON")))
}

/// `json.dumps`, which is imported when it is first needed.
pub(crate) fn to_json(py: Python<'_>, value: &Bound<'_, PyAny>) -> PyResult<Vec<u8>> {
    static DUMPS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let text = DUMPS.import(py, "json", "dumps")?.call1((value,))?;
    Ok(text.cast::<PyString>()?.to_cow()?.into_owned().into_bytes())
}

/// `json.loads`.
pub(crate) fn from_json<'py>(py: Python<'py>, text: impl IntoPyObject<'py>) -> PyResult<Bound<'py, PyAny>> {
    static LOADS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    LOADS.import(py, "json", "loads")?.call1((text,))
}

/// Text that is a secret: a `str` like any other, whose `repr` hides it, since tracebacks show the locals of other
/// people's functions.
pub(crate) fn hidden<'py>(py: Python<'py>, text: &str) -> PyResult<Bound<'py, PyAny>> {
    static HIDDEN: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    HIDDEN.import(py, "boomi_auth._hidden", "Hidden")?.call1((text,))
}
