//! The client.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyType};

use crate::authorization::Authorization;
use crate::boundary::{at_once, bad_setting, interrupted, not_pickled, run};
use crate::call::{Call, Limits};
use crate::convert::{from_json, scheme};
use crate::credentials::Credentials;
use crate::job::Job;
use crate::query::Query;
use crate::request::Options;
use crate::response::Response;
use crate::settings;
use crate::token::{self, Token, TokenProvider};

/// A client for one user at one base URL of Boomi. Threads and forked children may share it.
///
/// All settings but the credentials are keywords, and have defaults. Times are in seconds.
///
/// - ``credentials``: see :class:`Credentials`
/// - ``account_id``: fills ``{accountId}`` in paths, and is the account of JWTs
/// - ``base_url``: https, or http to loopback, without a path; BASE_URL_US unless set
/// - ``timeout``: of one call as a whole; 60. ``connect_timeout``: of a name look-up,
///   and then of TCP, proxy and TLS; 10 (``BOOMI_CONNECT_TIMEOUT``)
/// - ``ca_file``: a PEM bundle, trusted alone, or besides the system's roots with ``ca_mode="add"``
/// - ``proxy``: ``http://user:password@host:port``; ``""`` for none, not even the environment's
/// - ``state_dir``: a directory for the guard's memory across processes; none unless set
/// - ``store``: a Valkey or Redis server through which machines share tokens, rate limit and guard:
///   ``rediss://user:password@host:6379/0?prefix=...``, or ``redis://`` without TLS, ``redis+sentinel://`` and
///   ``redis+cluster://``; none unless set. While the store cannot be used, no call
///   fails for that, nor waits for more than 0.05 s; the event ``state_unavailable`` and :meth:`describe` say why
/// - ``user_agent``: put before this library's own
/// - ``max_response_bytes``: 64 MiB; streams have no limit
/// - ``requests_per_second``: of one account; 10, and 0 for no limit
/// - ``max_retries``: the most retries of a request; 4
/// - ``max_sign_ins_in_flight``: 1 to 5 sign-ins at once that wait for a response; 3
/// - ``token_provider``: its JWT signs requests to another host, such as a DataHub repository
/// - ``on_event``: called with a dict for each event, on the thread of the call; ``boomi_auth.log_event`` logs them
///
/// A bad setting raises ConfigurationError, a ValueError.
#[pyclass(frozen, module = "boomi_auth", weakref)]
pub(crate) struct Client {
    core: boomi_auth::Client,
    /// The provider of the client's own account, so that it need not be looked up for every token.
    tokens: Option<boomi_auth::TokenProvider>,
}

#[pymethods]
impl Client {
    #[new]
    #[pyo3(
        signature = (credentials = None, **settings),
        text_signature = "(credentials=None, *, account_id=None, base_url=None, timeout=None, connect_timeout=None, \
            ca_file=None, ca_mode='only', proxy=None, state_dir=None, store=None, user_agent=None, \
            max_response_bytes=None, requests_per_second=None, max_retries=None, max_sign_ins_in_flight=None, \
            token_provider=None, on_event=None)"
    )]
    fn new(
        py: Python<'_>,
        credentials: Option<&Bound<'_, Credentials>>,
        settings: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        let builder = boomi_auth::Client::builder();
        Self::build(py, settings::apply(py, builder, credentials, settings)?)
    }

    /// A client from the environment: the ``BOOMI_*`` variables fill what the arguments, which are those of the class,
    /// leave open.
    ///
    /// Without any credentials it raises ConfigurationError, which names what to set.
    #[classmethod]
    #[pyo3(
        signature = (credentials = None, **settings),
        text_signature = "($cls, credentials=None, *, account_id=None, base_url=None, timeout=None, \
            connect_timeout=None, ca_file=None, ca_mode='only', proxy=None, state_dir=None, store=None, \
            user_agent=None, max_response_bytes=None, requests_per_second=None, max_retries=None, \
            max_sign_ins_in_flight=None, token_provider=None, on_event=None)"
    )]
    fn from_env(
        _cls: &Bound<'_, PyType>,
        py: Python<'_>,
        credentials: Option<&Bound<'_, Credentials>>,
        settings: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        let builder = settings::apply(py, boomi_auth::Client::builder(), credentials, settings)?;
        let made = Self::build(py, builder.load_env())?;
        if made.core.credentials().is_none() {
            // Its error says which variables are missing.
            at_once(py, boomi_auth::Client::from_env())?;
        }
        Ok(made)
    }

    /// Sends a request, and returns the response with its whole body, whatever its status.
    ///
    /// - ``path``: of the API, with ``{accountId}`` filled in, or a URL of the client's origin
    /// - ``params``: the query: a mapping or pairs; each item of a list, and no None
    /// - ``json``, or ``data`` (bytes or str): the body
    /// - ``headers``; ``secret_headers`` are also never shown, and removed from texts that a server sends back
    /// - ``auth``: ``"basic"``, ``"jwt"``, ``"auto"`` (a JWT for ``/graphql``, else Basic), or None for no credentials
    /// - ``account_id``: instead of the client's
    /// - ``otp``: a one-time code that the user typed, for the first sign-in
    /// - ``timeout``: of this call, in seconds, instead of the client's
    /// - ``stream``: return when the headers are there; the body is read with :meth:`Response.iter_bytes`
    /// - ``replayable``: whether it may be retried after it may have taken effect; by default only requests that read
    ///   may
    /// - ``call``: a :class:`Call`, to cancel it with
    ///
    /// The rate limit may delay it (see ``requests_per_second``), and it is retried with backoff when that is safe.
    /// Redirects are not followed. Ctrl-C ends it within 0.1 s.
    #[pyo3(
        signature = (method, path, **options),
        text_signature = "($self, method, path, *, params=None, json=None, data=None, headers=None, \
            secret_headers=None, auth='auto', account_id=None, otp=None, timeout=None, stream=False, replayable=None, \
            call=None)"
    )]
    fn request(
        &self,
        py: Python<'_>,
        method: &str,
        path: &str,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Response> {
        let options = Options::read(py, method, options)?;
        let stream = options.stream;
        let (request, call) = options.request(py, method, path)?;
        let answer = run(py, || match stream {
            true => self.core.open(&request, Some(&call)),
            false => self.core.send(&request, Some(&call)),
        })?;
        Ok(Response::new(py, answer, call, stream))
    }

    /// Sends a HEAD request; see :meth:`request`.
    #[pyo3(
        signature = (path, **options),
        text_signature = "($self, path, *, params=None, json=None, data=None, headers=None, secret_headers=None, \
            auth='auto', account_id=None, otp=None, timeout=None, stream=False, replayable=None, call=None)"
    )]
    fn head(&self, py: Python<'_>, path: &str, options: Option<&Bound<'_, PyDict>>) -> PyResult<Response> {
        self.request(py, "HEAD", path, options)
    }

    /// Sends a GET request; see :meth:`request`.
    #[pyo3(
        signature = (path, **options),
        text_signature = "($self, path, *, params=None, json=None, data=None, headers=None, secret_headers=None, \
            auth='auto', account_id=None, otp=None, timeout=None, stream=False, replayable=None, call=None)"
    )]
    fn get(&self, py: Python<'_>, path: &str, options: Option<&Bound<'_, PyDict>>) -> PyResult<Response> {
        self.request(py, "GET", path, options)
    }

    /// Sends a POST request; see :meth:`request`.
    #[pyo3(
        signature = (path, **options),
        text_signature = "($self, path, *, params=None, json=None, data=None, headers=None, secret_headers=None, \
            auth='auto', account_id=None, otp=None, timeout=None, stream=False, replayable=None, call=None)"
    )]
    fn post(&self, py: Python<'_>, path: &str, options: Option<&Bound<'_, PyDict>>) -> PyResult<Response> {
        self.request(py, "POST", path, options)
    }

    /// Sends a PUT request; see :meth:`request`.
    #[pyo3(
        signature = (path, **options),
        text_signature = "($self, path, *, params=None, json=None, data=None, headers=None, secret_headers=None, \
            auth='auto', account_id=None, otp=None, timeout=None, stream=False, replayable=None, call=None)"
    )]
    fn put(&self, py: Python<'_>, path: &str, options: Option<&Bound<'_, PyDict>>) -> PyResult<Response> {
        self.request(py, "PUT", path, options)
    }

    /// Sends a PATCH request; see :meth:`request`.
    #[pyo3(
        signature = (path, **options),
        text_signature = "($self, path, *, params=None, json=None, data=None, headers=None, secret_headers=None, \
            auth='auto', account_id=None, otp=None, timeout=None, stream=False, replayable=None, call=None)"
    )]
    fn patch(&self, py: Python<'_>, path: &str, options: Option<&Bound<'_, PyDict>>) -> PyResult<Response> {
        self.request(py, "PATCH", path, options)
    }

    /// Sends a DELETE request; see :meth:`request`.
    #[pyo3(
        signature = (path, **options),
        text_signature = "($self, path, *, params=None, json=None, data=None, headers=None, secret_headers=None, \
            auth='auto', account_id=None, otp=None, timeout=None, stream=False, replayable=None, call=None)"
    )]
    fn delete(&self, py: Python<'_>, path: &str, options: Option<&Bound<'_, PyDict>>) -> PyResult<Response> {
        self.request(py, "DELETE", path, options)
    }

    /// Returns the rows of a query, a dict each, over all its pages: ``for row in client.query("Process", {...})``.
    ///
    /// ``object`` is the name of a Platform API object, or the path of a query of another API
    /// (``/partner/api/rest/v1/{accountId}/Process/query``). ``filter`` is the ``expression`` of a QueryFilter, or a
    /// whole body with ``QueryFilter``; without it, all rows match. Each page is a call of its own. Iterate with
    /// ``for``, or ``async for``.
    #[pyo3(
        signature = (object, filter = None, **options),
        text_signature = "($self, object, filter=None, *, params=None, headers=None, secret_headers=None, \
            auth='auto', account_id=None, otp=None, timeout=None, call=None)"
    )]
    fn query(
        &self,
        py: Python<'_>,
        object: &str,
        filter: Option<&Bound<'_, PyAny>>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Query> {
        let mut options = Options::read(py, "query", options)?;
        options.refuse("query", &["json", "data", "stream", "replayable"])?;
        options.json = Some(query_body(py, filter)?.into_any());
        let path = match object.starts_with('/') {
            true => object.to_owned(),
            false => format!("/api/rest/v1/{{accountId}}/{object}/query"),
        };
        let (request, call) = options.request(py, "POST", &path)?;
        let pages = at_once(py, self.core.pages(request))?;
        Ok(Query::new(pages, call))
    }

    /// Starts an asynchronous job on the server, and returns a :class:`Job`.
    ///
    /// Jobs are requests under ``/async/``, an ``ExecutionRequest``, or a download such as ``ProcessLog``. Arguments
    /// are those of :meth:`request`, without ``stream``.
    #[pyo3(
        signature = (method, path, **options),
        text_signature = "($self, method, path, *, params=None, json=None, data=None, headers=None, \
            secret_headers=None, auth='auto', account_id=None, otp=None, timeout=None, replayable=None, call=None)"
    )]
    fn start(&self, py: Python<'_>, method: &str, path: &str, options: Option<&Bound<'_, PyDict>>) -> PyResult<Job> {
        let options = Options::read(py, "start", options)?;
        options.refuse("start", &["stream"])?;
        let (request, call) = options.request(py, method, path)?;
        run(py, || self.core.start(&request, Some(&call))).map(Job::new)
    }

    /// Starts a job and waits for its result, within one call's timeout. See :meth:`start`.
    #[pyo3(
        signature = (method, path, **options),
        text_signature = "($self, method, path, *, params=None, json=None, data=None, headers=None, \
            secret_headers=None, auth='auto', account_id=None, otp=None, timeout=None, replayable=None, call=None)"
    )]
    fn wait(
        &self,
        py: Python<'_>,
        method: &str,
        path: &str,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Response> {
        let options = Options::read(py, "wait", options)?;
        options.refuse("wait", &["stream"])?;
        let (request, call) = options.request(py, method, path)?;
        let answer = run(py, || self.core.wait(&request, Some(&call)))?;
        Ok(Response::new(py, answer, call, false))
    }

    /// Returns a valid JWT: the cached one, or a new one.
    ///
    /// ``account_id`` is the client's own unless given. The JWT has at least ``min_validity`` seconds left, if the
    /// server issues one that long.
    #[pyo3(signature = (account_id = None, min_validity = 0.0, *, otp = None, timeout = None, call = None))]
    fn token(
        &self,
        py: Python<'_>,
        account_id: Option<&str>,
        min_validity: f64,
        otp: Option<Bound<'_, PyString>>,
        timeout: Option<f64>,
        call: Option<Bound<'_, Call>>,
    ) -> PyResult<Token> {
        let (min_validity, limits) = (token::min_validity(py, min_validity)?, Limits { timeout, otp, call });
        match (account_id, &self.tokens) {
            (None, Some(provider)) => token::get(py, provider, min_validity, limits),
            (account_id, _) => {
                let provider = at_once(py, self.core.token_provider(account_id))?;
                token::get(py, &provider, min_validity, limits)
            }
        }
    }

    /// Requests a new JWT from the server. For a cached one that is refreshed, see :meth:`token`.
    #[pyo3(signature = (account_id = None, *, otp = None, timeout = None, call = None))]
    fn generate_jwt(
        &self,
        py: Python<'_>,
        account_id: Option<&str>,
        otp: Option<Bound<'_, PyString>>,
        timeout: Option<f64>,
        call: Option<Bound<'_, Call>>,
    ) -> PyResult<Token> {
        let call = Limits { timeout, otp, call }.call(py)?;
        run(py, || self.core.generate_jwt(account_id, Some(&call))).map(Token)
    }

    /// Reports that an API refused a token of :meth:`token`. It is replaced, unless tokens were refused too often
    /// lately.
    fn invalidate(&self, py: Python<'_>, token: &Token) -> PyResult<()> {
        let provider = self.core.token_provider(token.0.account_id());
        at_once(py, provider).map(|provider| provider.invalidate(&token.0))
    }

    /// Returns the token provider of an account; the client's own unless given. No I/O.
    #[pyo3(signature = (account_id = None))]
    fn token_provider(&self, py: Python<'_>, account_id: Option<&str>) -> PyResult<TokenProvider> {
        at_once(py, self.core.token_provider(account_id)).map(TokenProvider)
    }

    /// Returns an ``auth=`` for requests, niquests and httpx: ``requests.get(url, auth=client.auth())``.
    ///
    /// ``scheme`` is ``"basic"``, ``"jwt"``, or ``"auto"``: a JWT for ``/graphql``, else Basic. It signs URLs of the
    /// client's origin only, replaces a refused JWT and sends once more, passes the guard, and reports the responses to
    /// it. A redirect to another origin takes none of its headers along, nor a header of yours that may be a secret.
    /// For aiohttp use ``boomi_auth.aiohttp.boomi_middleware(client)``.
    #[pyo3(signature = (scheme = "auto"))]
    fn auth<'py>(slf: Bound<'py, Self>, py: Python<'py>, scheme: &str) -> PyResult<Bound<'py, PyAny>> {
        self::scheme(py, Some(scheme))?;
        py.import(intern!(py, "boomi_auth._choose"))?.call_method1(intern!(py, "auth_for"), (slf, scheme))
    }

    /// Returns the headers that sign a request of another HTTP library to ``url``, on the client's origin.
    ///
    /// Report every response with :meth:`Authorization.observe`, or a failed connection with
    /// :meth:`Authorization.withdraw`. The library must not follow redirects with these headers.
    #[pyo3(signature = (url, scheme = "auto", *, otp = None, timeout = None, call = None))]
    fn authorize(
        &self,
        py: Python<'_>,
        url: &str,
        scheme: &str,
        otp: Option<Bound<'_, PyString>>,
        timeout: Option<f64>,
        call: Option<Bound<'_, Call>>,
    ) -> PyResult<Authorization> {
        let scheme = self::scheme(py, Some(scheme))?;
        let call = Limits { timeout, otp, call }.call(py)?;
        run(py, || self.core.authorize(scheme, url, Some(&call))).map(Authorization::new)
    }

    /// Returns the headers without I/O or waiting, for event loops: with a cached JWT. None if there is none, or if the
    /// URL takes Basic.
    #[pyo3(signature = (url, scheme = "auto"))]
    fn authorize_at_once(&self, py: Python<'_>, url: &str, scheme: &str) -> PyResult<Option<Authorization>> {
        let scheme = self::scheme(py, Some(scheme))?;
        let made = at_once(py, self.core.authorize_at_once(scheme, url))?;
        Ok(made.map(Authorization::new))
    }

    /// The methods for asyncio: ``await client.aio.get(path)``. Cancelling the task cancels the call.
    #[getter]
    fn aio<'py>(slf: Bound<'py, Self>, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        py.import(intern!(py, "boomi_auth._aio"))?.getattr(intern!(py, "AsyncClient"))?.call1((slf,))
    }

    /// Cancels every call of this client that has begun, within 0.1 s. Later calls work.
    fn cancel(&self) {
        self.core.cancel();
    }

    /// Lets one more sign-in of this client's user pass the guard: after the credentials were corrected or the user was
    /// unlocked, which the library cannot see.
    fn reset_guard(&self, py: Python<'_>) {
        py.detach(|| self.core.reset_guard());
    }

    /// Returns the settings in force. Secrets are ``***``.
    fn describe<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        from_json(py, self.core.describe())
    }

    /// Returns the guard's state for this client's user, and whether it would hold a sign-in now. Sends nothing.
    fn describe_guard<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        from_json(py, run(py, || self.core.describe_guard())?)
    }

    /// Closes idle connections; those in use when their calls end. Later calls open new ones.
    fn close(&self, py: Python<'_>) {
        py.detach(|| self.core.close_connections());
    }

    fn __enter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    #[pyo3(signature = (_type, _value, _traceback, /))]
    fn __exit__(
        &self,
        py: Python<'_>,
        _type: Option<Bound<'_, PyAny>>,
        _value: Option<Bound<'_, PyAny>>,
        _traceback: Option<Bound<'_, PyAny>>,
    ) {
        self.close(py);
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let about = from_json(py, self.core.describe())?;
        let who = about.get_item("credentials")?;
        let who =
            if who.is_none() { "without credentials".into() } else { format!("{} ***", who.get_item("username")?) };
        Ok(format!(
            "<boomi_auth.Client {} {who} account_id={}>",
            about.get_item("base_url")?,
            about.get_item("account_id")?
        ))
    }

    fn __reduce__(&self) -> PyResult<()> {
        Err(not_pickled("Client"))
    }

    fn __copy__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    #[pyo3(signature = (_memo, /))]
    fn __deepcopy__(slf: Py<Self>, _memo: &Bound<'_, PyAny>) -> Py<Self> {
        slf
    }
}

impl Client {
    fn build(py: Python<'_>, builder: boomi_auth::ClientBuilder) -> PyResult<Self> {
        let core = run(py, || builder.wait_hook(interrupted).build())?;
        let tokens = core.token_provider(None).ok();
        Ok(Self { core, tokens })
    }
}

/// The body of a query.
fn query_body<'py>(py: Python<'py>, filter: Option<&Bound<'py, PyAny>>) -> PyResult<Bound<'py, PyDict>> {
    let name = intern!(py, "QueryFilter");
    let body = PyDict::new(py);
    match filter {
        None => body.set_item(name, PyDict::new(py))?,
        Some(filter) => {
            let filter = filter
                .cast::<PyDict>()
                .map_err(|_| bad_setting(py, "the filter is not a dict, as a QueryFilter or its expression is"))?;
            if filter.contains(name)? {
                return Ok(filter.clone());
            }
            let wrapped = match filter.contains(intern!(py, "expression"))? {
                true => filter.clone(),
                false => {
                    let wrapped = PyDict::new(py);
                    wrapped.set_item(intern!(py, "expression"), filter)?;
                    wrapped
                }
            };
            body.set_item(name, wrapped)?;
        }
    }
    Ok(body)
}
