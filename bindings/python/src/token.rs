//! JWTs and token providers.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::time::Duration;

use pyo3::prelude::*;

use crate::boundary::{not_pickled, run};
use crate::call::{Call, Limits, duration};
use crate::convert::{from_json, hidden};

/// A JWT for one account.
///
/// Times are Unix seconds by this machine's clock.
#[pyclass(frozen, module = "boomi_auth")]
pub(crate) struct Token(pub(crate) boomi_auth::Token);

#[pymethods]
impl Token {
    /// The JWT itself: a ``str`` whose ``repr`` is ``'***'``.
    #[getter]
    fn jwt<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        hidden(py, self.0.jwt())
    }

    /// The value of the ``Authorization`` header, ``Bearer ...``, as such a ``str``.
    #[getter]
    fn header<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        hidden(py, self.0.header())
    }

    /// The account of the JWT.
    #[getter]
    fn account_id(&self) -> &str {
        self.0.account_id()
    }

    /// The time of the token request.
    #[getter]
    fn issued_at(&self) -> i64 {
        self.0.issued_at()
    }

    /// The time it expires.
    #[getter]
    fn expires_at(&self) -> i64 {
        self.0.expires_at()
    }

    fn __eq__(&self, other: &Self) -> bool {
        self.0.jwt() == other.0.jwt()
    }

    fn __hash__(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.0.jwt().hash(&mut hasher);
        hasher.finish()
    }

    fn __repr__(&self) -> String {
        format!("<boomi_auth.Token {} expires_at={} ***>", self.0.account_id(), self.0.expires_at())
    }

    fn __reduce__(&self) -> PyResult<()> {
        Err(not_pickled("Token"))
    }

    fn __copy__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    #[pyo3(signature = (_memo, /))]
    fn __deepcopy__(slf: Py<Self>, _memo: &Bound<'_, PyAny>) -> Py<Self> {
        slf
    }
}

/// Provides a JWT for one account, cached and refreshed before it expires.
///
/// All providers of one client and account share one cached token. Threads may share a provider.
#[pyclass(frozen, module = "boomi_auth")]
#[derive(Clone)]
pub(crate) struct TokenProvider(pub(crate) boomi_auth::TokenProvider);

#[pymethods]
impl TokenProvider {
    /// Returns a JWT with at least ``min_validity`` seconds left, if the server issues one that long.
    #[pyo3(signature = (min_validity = 0.0, *, otp = None, timeout = None, call = None))]
    fn get(
        &self,
        py: Python<'_>,
        min_validity: f64,
        otp: Option<Bound<'_, pyo3::types::PyString>>,
        timeout: Option<f64>,
        call: Option<Bound<'_, Call>>,
    ) -> PyResult<Token> {
        get(py, &self.0, self::min_validity(py, min_validity)?, Limits { timeout, otp, call })
    }

    /// Requests a new JWT now, for callers with their own timer.
    #[pyo3(signature = (*, otp = None, timeout = None, call = None))]
    fn refresh(
        &self,
        py: Python<'_>,
        otp: Option<Bound<'_, pyo3::types::PyString>>,
        timeout: Option<f64>,
        call: Option<Bound<'_, Call>>,
    ) -> PyResult<()> {
        let call = Limits { timeout, otp, call }.call(py)?;
        run(py, || self.0.refresh(Some(&call)))
    }

    /// Reports that an API refused this provider's token. It is replaced, unless tokens were refused too often lately.
    fn invalidate(&self, token: &Token) {
        self.0.invalidate(&token.0);
    }

    /// The account of its tokens.
    #[getter]
    fn account_id(&self) -> &str {
        self.0.account_id()
    }

    /// Returns the cached token's times and counts of what happened. Holds no secret.
    fn describe<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        from_json(py, self.0.describe())
    }

    fn __repr__(&self) -> String {
        format!("<boomi_auth.TokenProvider {}>", self.0.account_id())
    }

    fn __reduce__(&self) -> PyResult<()> {
        Err(not_pickled("TokenProvider"))
    }

    fn __copy__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    #[pyo3(signature = (_memo, /))]
    fn __deepcopy__(slf: Py<Self>, _memo: &Bound<'_, PyAny>) -> Py<Self> {
        slf
    }
}

/// Returns the cached token with the GIL held, which is faster than to release it; else a new one, with it released.
pub(crate) fn get(
    py: Python<'_>,
    provider: &boomi_auth::TokenProvider,
    min_validity: Duration,
    limits: Limits<'_>,
) -> PyResult<Token> {
    let is_plain = limits.timeout.is_none() && limits.otp.is_none() && limits.call.is_none();
    if let Some(token) = is_plain.then(|| provider.peek(min_validity)).flatten() {
        return Ok(Token(token));
    }
    let call = limits.call(py)?;
    run(py, || provider.get_with(min_validity, Some(&call))).map(Token)
}

pub(crate) fn min_validity(py: Python<'_>, seconds: f64) -> PyResult<Duration> {
    if seconds == 0.0 { Ok(Duration::ZERO) } else { duration(py, "min_validity", seconds) }
}
