//! Credentials, and what is computed from them without a network.

use std::path::PathBuf;
use std::sync::Arc;

use boomi_auth::CredentialKind;
use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::boundary::{at_once, bad_setting, callback_failed, not_pickled};
use crate::convert::{hidden, named, text, unix_time};

/// Credentials: a user, and the source of the secret.
#[pyclass(frozen, module = "boomi_auth")]
pub(crate) struct Credentials {
    pub(crate) core: boomi_auth::Credentials,
    pub(crate) otp: Option<Otp>,
    shown: String,
}

/// The source of one-time codes.
pub(crate) enum Otp {
    Secret(boomi_auth::Secret),
    Function(Arc<Py<PyAny>>),
}

#[pymethods]
impl Credentials {
    /// Returns credentials of a user and an API token.
    ///
    /// ``BOOMI_TOKEN.`` is put before the name unless it is there.
    #[staticmethod]
    fn api_token(py: Python<'_>, username: &str, token: &Bound<'_, PyString>) -> PyResult<Self> {
        let token = text("the API token", token)?;
        at_once(py, boomi_auth::Credentials::api_token(username, &token)).map(|core| Self::of(core, None, username))
    }

    /// Returns credentials of a user and the password.
    ///
    /// ``otp`` is for users with two-factor authentication: the secret of the authenticator (base32 or an
    /// ``otpauth://`` URI), or a callable without arguments that returns a code when a sign-in needs one.
    #[staticmethod]
    #[pyo3(signature = (username, password, *, otp = None))]
    fn password(
        py: Python<'_>,
        username: &str,
        password: &Bound<'_, PyString>,
        otp: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let password = text("the password", password)?;
        let core = at_once(py, boomi_auth::Credentials::password(username, &password))?;
        Ok(Self::of(core, Otp::from_python(py, otp)?, username))
    }

    /// Returns credentials of a user whose API token is in a file; a line end after it does not count.
    ///
    /// The file is read again after a rejection, so that a rotated token is found.
    #[staticmethod]
    fn api_token_file(py: Python<'_>, username: &str, path: PathBuf) -> PyResult<Self> {
        let core = at_once(py, boomi_auth::Credentials::file(CredentialKind::ApiToken, username, path))?;
        Ok(Self::of(core, None, username))
    }

    /// Returns credentials of a user whose password is in a file. See :meth:`api_token_file` and :meth:`password`.
    #[staticmethod]
    #[pyo3(signature = (username, path, *, otp = None))]
    fn password_file(py: Python<'_>, username: &str, path: PathBuf, otp: Option<&Bound<'_, PyAny>>) -> PyResult<Self> {
        let core = at_once(py, boomi_auth::Credentials::file(CredentialKind::Password, username, path))?;
        Ok(Self::of(core, Otp::from_python(py, otp)?, username))
    }

    /// Returns credentials that a callable supplies, from a vault, a keychain, or a prompt.
    ///
    /// Its argument is whether the former credentials were rejected; it returns those of :meth:`api_token` or
    /// :meth:`password`. It is called before the first sign-in and after a rejection, on the thread of the call,
    /// perhaps on several at once. An exception of it is the ``__cause__`` of the call's ConfigurationError.
    #[staticmethod]
    #[pyo3(signature = (callback, *, otp = None))]
    fn from_callable(py: Python<'_>, callback: Py<PyAny>, otp: Option<&Bound<'_, PyAny>>) -> PyResult<Self> {
        if !callback.bind(py).is_callable() {
            return Err(bad_setting(py, "what gives the credentials is not callable: give a function of one argument"));
        }
        let ask = move |rejected: bool| {
            Python::attach(|py| {
                ask_credentials(py, &callback, rejected)
                    .map_err(|raised| callback_failed(py, "the credentials callable", raised))
            })
        };
        let core = boomi_auth::Credentials::from_fn(ask);
        Ok(Self { core, otp: Otp::from_python(py, otp)?, shown: "from a callable".into() })
    }

    /// Returns credentials that a program supplies; the shell runs it, and it prints one JSON object:
    /// ``{"version": 1, "username": "...", "api_token": "..."}``.
    ///
    /// ``password`` may stand in place of ``api_token``, and ``username`` may be given here instead. With
    /// ``expires_at`` (Unix seconds) the program runs again after that time; it always does after a rejection.
    #[staticmethod]
    #[pyo3(signature = (command, username = None, *, otp = None))]
    fn process(
        py: Python<'_>,
        command: &str,
        username: Option<&str>,
        otp: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let core = at_once(py, boomi_auth::Credentials::process(command, username))?;
        Ok(Self::of(core, Otp::from_python(py, otp)?, username.unwrap_or("from a program")))
    }

    fn __repr__(&self) -> String {
        format!("<boomi_auth.Credentials {} ***>", self.shown)
    }

    fn __reduce__(&self) -> PyResult<()> {
        Err(not_pickled("Credentials"))
    }

    fn __copy__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    #[pyo3(signature = (_memo, /))]
    fn __deepcopy__(slf: Py<Self>, _memo: &Bound<'_, PyAny>) -> Py<Self> {
        slf
    }
}

impl Credentials {
    fn of(core: boomi_auth::Credentials, otp: Option<Otp>, username: &str) -> Self {
        Self { core, otp, shown: username.to_owned() }
    }
}

impl Otp {
    fn from_python(py: Python<'_>, otp: Option<&Bound<'_, PyAny>>) -> PyResult<Option<Self>> {
        let Some(otp) = otp else { return Ok(None) };
        if let Ok(secret) = otp.cast::<PyString>() {
            // Wrong ones are found here, and not by the first client.
            let secret = text("the one-time code secret", secret)?;
            at_once(py, boomi_auth::otp_code(&secret, 0))?;
            return Ok(Some(Otp::Secret(boomi_auth::Secret::new(&secret))));
        }
        if otp.is_callable() {
            return Ok(Some(Otp::Function(Arc::new(otp.clone().unbind()))));
        }
        Err(bad_setting(py, "otp is neither a secret (base32 or otpauth://) nor a callable that returns a code"))
    }

    pub(crate) fn put_on(&self, builder: boomi_auth::ClientBuilder) -> boomi_auth::ClientBuilder {
        match self {
            Otp::Secret(secret) => builder.otp_secret(secret.expose()),
            Otp::Function(function) => {
                let function = function.clone();
                builder.otp_from_fn(move || {
                    Python::attach(|py| {
                        let code = function
                            .bind(py)
                            .call0()
                            .and_then(|code| named(py, "the one-time code", code.extract::<String>()));
                        code.map_err(|raised| callback_failed(py, "it", raised).to_string().into())
                    })
                })
            }
        }
    }
}

fn ask_credentials(py: Python<'_>, callback: &Py<PyAny>, rejected: bool) -> PyResult<boomi_auth::Credentials> {
    let given = callback.bind(py).call1((rejected,))?;
    let given = given.cast::<Credentials>().map_err(|_| {
        pyo3::exceptions::PyTypeError::new_err(
            "the credentials callable must return Credentials.api_token(...) or Credentials.password(...)",
        )
    })?;
    if given.get().otp.is_some() {
        return Err(bad_setting(
            py,
            "one-time codes are an argument of Credentials.from_callable(..., otp=...) itself",
        ));
    }
    Ok(given.get().core.clone())
}

/// Returns the value of the ``Authorization`` header, ``Basic ...``.
///
/// It is a ``str`` whose ``repr`` is ``'***'``. Give exactly one of ``api_token`` and ``password``.
#[pyfunction]
#[pyo3(signature = (username, *, api_token = None, password = None))]
pub(crate) fn auth_header<'py>(
    py: Python<'py>,
    username: &str,
    api_token: Option<&Bound<'_, PyString>>,
    password: Option<&Bound<'_, PyString>>,
) -> PyResult<Bound<'py, PyAny>> {
    let (kind, secret) = match (api_token, password) {
        (Some(token), None) => (CredentialKind::ApiToken, token),
        (None, Some(password)) => (CredentialKind::Password, password),
        _ => return Err(bad_setting(py, "give one of api_token and password")),
    };
    hidden(py, at_once(py, boomi_auth::auth_header(kind, username, &text("the secret", secret)?))?.expose())
}

/// Returns the user name as it is sent: with ``BOOMI_TOKEN.`` for an API token, unless ``kind`` is ``"password"``.
#[pyfunction]
#[pyo3(signature = (username, kind = "api_token"))]
pub(crate) fn auth_username(py: Python<'_>, username: &str, kind: &str) -> PyResult<String> {
    let kind = match kind {
        "api_token" => CredentialKind::ApiToken,
        "password" => CredentialKind::Password,
        _ => return Err(bad_setting(py, "the kind is neither \"api_token\" nor \"password\"")),
    };
    at_once(py, boomi_auth::auth_username(kind, username))
}

/// Returns the one-time code of a secret (base32, or an ``otpauth://totp/`` URI) at a time.
///
/// The time is Unix seconds or a datetime; now if None. The code is a ``str`` whose ``repr`` is ``'***'``.
#[pyfunction]
#[pyo3(signature = (secret, at = None))]
pub(crate) fn otp_code<'py>(
    py: Python<'py>,
    secret: &Bound<'_, PyString>,
    at: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let at = unix_time(py, at)?;
    hidden(py, at_once(py, boomi_auth::otp_code(&text("the one-time code secret", secret)?, at))?.expose())
}
