//! Python's values as the core's, where PyO3 does not do it.

use std::borrow::Cow;

use boomi_auth::AuthScheme;
use pyo3::exceptions::{PyOverflowError, PyTypeError, PyUnicodeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{IntoPyDict as _, PyBool, PyBytes, PyDict, PyList, PyMapping, PyString, PyTuple};

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
    py: Python<'py>,
    name: &str,
    given: Option<&Bound<'py, PyAny>>,
) -> PyResult<Vec<(Bound<'py, PyString>, Bound<'py, PyAny>)>> {
    let Some(given) = given else { return Ok(Vec::new()) };
    let items = match given.cast::<PyMapping>() {
        Ok(mapping) => mapping.items()?.into_any(),
        Err(_) if given.cast::<PyString>().is_ok() => {
            return Err(bad_setting(py, &format!("{name} is text, not a mapping or pairs of names and values")));
        }
        Err(_) => given.clone(),
    };
    let other =
        || PyTypeError::new_err(format!("{name} is neither a mapping nor an iterable of pairs of a str and a value"));
    let iterator = items.try_iter().map_err(|raised| match raised.is_instance_of::<PyTypeError>(py) {
        true => other(),
        false => raised,
    });
    iterator?.map(|pair| pair?.extract().map_err(|_| other())).collect()
}

/// What is among keywords, and is not None, which is what a setting has that is not given.
pub(crate) fn given<'py>(
    keywords: Option<&Bound<'py, PyDict>>,
) -> impl Iterator<Item = (Bound<'py, PyAny>, Bound<'py, PyAny>)> {
    keywords.into_iter().flatten().filter(|(_, value)| !value.is_none())
}

/// Says of which argument an exception is.
pub(crate) fn named<T>(py: Python<'_>, name: &str, result: Result<T, impl Into<PyErr>>) -> PyResult<T> {
    result.map_err(|raised| with_name(py, name, raised.into()))
}

pub(crate) fn with_name(py: Python<'_>, name: &str, raised: PyErr) -> PyErr {
    if raised.is_instance_of::<PyOverflowError>(py) {
        return bad_setting(py, &format!("{name} is out of range"));
    }
    if raised.is_instance_of::<PyUnicodeError>(py) {
        return not_unicode(py, name);
    }
    if raised.get_type(py).is(py.get_type::<PyTypeError>()) && !raised.value(py).to_string().contains(name) {
        return PyTypeError::new_err(format!("{name}: {}", raised.value(py)));
    }
    raised
}

/// Text whose error does not repeat it: that of Python has all of it as `object`, and it may be a secret.
pub(crate) fn text<'a>(name: &str, text: &'a Bound<'_, PyString>) -> PyResult<Cow<'a, str>> {
    text.to_cow().map_err(|_| not_unicode(text.py(), name))
}

fn not_unicode(py: Python<'_>, name: &str) -> PyErr {
    bad_setting(py, &format!("{name} has a lone surrogate, as text has that was read from bytes which are not UTF-8"))
}

/// As Python says it of a function of its own; with what people look for who come from other libraries.
pub(crate) fn unexpected(method: &str, name: &str) -> PyErr {
    let hint = match name {
        "verify" | "cert" => "; certificates are a matter of the client: ca_file=",
        "proxies" | "proxy" => "; a proxy is a matter of the client: proxy=",
        "allow_redirects" | "follow_redirects" => "; redirects are never followed",
        "body" | "content" => "; it is data= or json=",
        "username" | "password" | "api_token" => "; give Credentials.api_token(...) or Credentials.password(...)",
        _ => "",
    };
    // Methods of HTTP are those of the client in capitals.
    let method = if method == "Client" { method.to_owned() } else { method.to_lowercase() };
    PyTypeError::new_err(format!("{method}() got an unexpected keyword argument '{name}'{hint}"))
}

/// The values of one name in a query: text, numbers, booleans (as `true` and `false`), none, or several of them.
pub(crate) fn query_values(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Vec<String>> {
    if value.cast::<PyList>().is_err() && value.cast::<PyTuple>().is_err() {
        return Ok(query_value(name, value)?.into_iter().collect());
    }
    value.try_iter()?.filter_map(|one| one.and_then(|one| query_value(name, &one)).transpose()).collect()
}

fn query_value(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Option<String>> {
    if value.is_none() {
        return Ok(None);
    }
    if let Ok(flag) = value.cast::<PyBool>() {
        return Ok(Some(flag.is_true().to_string()));
    }
    // What `str` makes of these nobody wants to send. A list in a list may be itself.
    let what = match value {
        several if several.cast::<PyList>().is_ok() || several.cast::<PyTuple>().is_ok() => "a list in a list",
        mapping if mapping.cast::<PyMapping>().is_ok() => "a mapping",
        bytes if bytes.cast::<PyBytes>().is_ok() => "bytes",
        other if other.hasattr(intern!(value.py(), "__iter__"))? && other.cast::<PyString>().is_err() => "no list",
        other => return Ok(Some(text(name, &other.str()?)?.into_owned())),
    };
    let text = format!("a value of the parameter {name} is {what}: give text, numbers, or several of them in a list");
    Err(PyTypeError::new_err(text))
}

/// A body: text as UTF-8, or what `bytes` takes that is no number.
pub(crate) fn body(py: Python<'_>, data: &Bound<'_, PyAny>) -> PyResult<Vec<u8>> {
    if let Ok(text) = data.cast::<PyString>() {
        return Ok(self::text("data", text)?.into_owned().into_bytes());
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
    // NaN is no JSON.
    let strict = [(intern!(py, "allow_nan"), false)].into_py_dict(py)?;
    let text = DUMPS.import(py, "json", "dumps")?.call((value,), Some(&strict)).map_err(|raised| {
        if !raised.is_instance_of::<PyValueError>(py) {
            return raised;
        }
        let error = bad_setting(py, &format!("json cannot be written as JSON: {}", raised.value(py)));
        error.set_cause(py, Some(raised));
        error
    })?;
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
