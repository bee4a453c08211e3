//! The client: settings in force, connections, and what every call goes through.

mod builder;
mod call;
mod message;
mod request;
mod response;
mod sign_in;
mod verdict;

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::json;
use ureq::http::{HeaderName, HeaderValue, Method, Uri, header};

pub use builder::RequestBuilder;
pub use call::Call;
pub use request::{AuthScheme, HeaderOptions, Request};
pub use response::Response;

use crate::clock::Clock;
use crate::config::{ClientBuilder, Config, EventHandler};
use crate::credentials::Credentials;
use crate::endpoint::{self, Origin};
use crate::error::{Error, ErrorKind, Result};
use crate::event::{Event, EventKind};
use crate::jwt::Token;
use crate::process::PerProcess;
use crate::provider::Tokens;
use crate::secret::Secret;
use crate::transport::scope::{Scope, Stops, WaitHook};
use crate::transport::{HttpTransport, Outgoing, Transport};
use request::header_value;
use response::Asked;
use sign_in::{SignIn, SignIns};
use verdict::{SignedInAs, is_rejection};

const OTP_HEADER: HeaderName = HeaderName::from_static("x-boomi-otp");
/// A JWT is a few hundred bytes.
const LARGEST_JWT_ANSWER: u64 = 64 * 1024;

/// A client for one origin and one user: immutable, shared by any number of threads, owner of its connections.
///
/// Cloning is cheap and shares everything. A client made before a `fork` works in the child, on connections of its own.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    origin: Origin,
    account_id: Option<String>,
    sign_ins: SignIns,
    timeout: Duration,
    connect_timeout: Duration,
    max_response_bytes: u64,
    user_agent: HeaderValue,
    on_event: Option<EventHandler>,
    wait_hook: Option<WaitHook>,
    /// How often [`Client::cancel`] was called.
    cancellations: Arc<AtomicU64>,
    tokens: PerProcess<Tokens>,
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
    /// What `describe` shows of the settings that are used up by now.
    description: Description,
}

struct Description {
    otp: &'static str,
    roots: &'static str,
    proxy: Option<String>,
}

impl Client {
    /// Starts with default settings.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }

    /// A client from the environment alone: see [`ClientBuilder::load_env`].
    ///
    /// Credentials must be there; everything else may be left out or given with each call.
    pub fn from_env() -> Result<Self> {
        let mut config = Config::default();
        config.load_env(&crate::config::variable)?;
        if config.credentials.is_none() {
            return Err(crate::config::env::missing_credentials());
        }
        Client::new(config)
    }

    pub(crate) fn new(config: Config) -> Result<Self> {
        config.check()?;
        let origin = config.origin();
        let roots = config.roots.clone().unwrap_or_default();
        let variable = |name: &str| crate::config::variable(name).and_then(|value| value.into_string().ok());
        let proxy = config.proxy.clone().unwrap_or_default().for_target(&origin, variable)?;
        let product = concat!("boomi-auth/", env!("CARGO_PKG_VERSION"));
        let user_agent = config.user_agent.as_ref().map_or(product.into(), |before| format!("{before} {product}"));
        let description = Description {
            otp: config.otp_name(),
            roots: roots.name(),
            proxy: proxy.as_ref().map(|proxy| proxy.origin.to_string()),
        };
        let clock = config.clock();
        Ok(Client {
            inner: Arc::new(Inner {
                origin,
                account_id: config.account_id,
                sign_ins: SignIns::new(config.credentials, config.otp),
                timeout: config.timeout.unwrap_or(Config::DEFAULT_TIMEOUT),
                connect_timeout: config.connect_timeout.unwrap_or(Config::DEFAULT_CONNECT_TIMEOUT),
                max_response_bytes: config.max_response_bytes.unwrap_or(Config::DEFAULT_MAX_RESPONSE_BYTES),
                user_agent: HeaderValue::from_str(&user_agent).map_err(|_| Error::invalid("the user agent is bad"))?,
                on_event: config.on_event,
                wait_hook: config.wait_hook,
                cancellations: Arc::default(),
                tokens: PerProcess::new(Tokens::default()),
                transport: config.transport.unwrap_or_else(|| Arc::new(HttpTransport::new(proxy, roots))),
                clock,
                description,
            }),
        })
    }

    /// Asks the server for a JWT, always. For one that is kept and renewed, see [`token`](Self::token).
    ///
    /// `account_id` is the client's own if `None`.
    pub fn generate_jwt(&self, account_id: Option<&str>, call: Option<&Call>) -> Result<Token> {
        let account_id = self.account_id(account_id)?;
        let scope = self.scope(call)?;
        self.exchange_jwt(account_id, call, &scope)
    }

    /// A JWT for the client's account that is good for a while yet: a kept one, or one that is asked for now.
    ///
    /// Threads that come at once share one exchange.
    pub fn token(&self) -> Result<Token> {
        self.token_for(None, None)
    }

    /// The same as [`token`](Self::token) for another account, or within one call's limits.
    pub fn token_for(&self, account_id: Option<&str>, call: Option<&Call>) -> Result<Token> {
        let account_id = self.account_id(account_id)?;
        let scope = self.scope(call)?;
        self.kept_jwt(account_id, call, &scope)
    }

    /// Sends a request, once, and returns the answer whatever its status.
    ///
    /// JSON is asked for unless an Accept header is set. Redirects are not followed.
    pub fn send(&self, request: &Request, call: Option<&Call>) -> Result<Response> {
        request.check()?;
        let scope = self.scope(call)?;
        let account_id = request.account_id.as_deref().or(self.inner.account_id.as_deref());
        let uri = with_query(self.inner.origin.resolve(&request.path, account_id)?, &request.query)?;
        let auth = match request.auth {
            AuthScheme::Auto if request.is_graphql() => AuthScheme::Jwt,
            AuthScheme::Auto => AuthScheme::Basic,
            scheme => scheme,
        };
        let mut headers = request.headers.clone();
        let has = |name: HeaderName| request.headers.iter().any(|(other, _)| *other == name);
        if !has(header::ACCEPT) {
            headers.push((header::ACCEPT, HeaderValue::from_static("application/json")));
        }
        if request.body.is_some() && !has(header::CONTENT_TYPE) {
            headers.push((header::CONTENT_TYPE, HeaderValue::from_static("application/json")));
        }
        // Without a length, some servers refuse a POST (411).
        let empty = matches!(request.method, Method::POST | Method::PUT | Method::PATCH).then_some(&[][..]);
        let outgoing = Outgoing {
            method: request.method.clone(),
            uri,
            headers,
            body: request.body.as_deref().or(empty),
            max_body_bytes: self.inner.max_response_bytes,
        };
        let graphql = request.is_graphql();
        match auth {
            AuthScheme::Basic => self.send_basic(outgoing, graphql, "request", call, &scope),
            AuthScheme::Jwt => {
                let account_id = self.account_id(request.account_id.as_deref())?;
                // What failed then is the exchange: the request itself was not sent.
                let token = self.kept_jwt(account_id, call, &scope).map_err(|error| error.sent(false))?;
                self.send_as(outgoing, graphql, SignedInAs::Bearer, Some(token.secret().duplicate()), &[], &scope)
            }
            _ => self.send_as(outgoing, graphql, SignedInAs::Caller, None, &[], &scope),
        }
    }

    /// A GET request to put together and send.
    pub fn get(&self, path_or_url: &str) -> RequestBuilder<'_> {
        self.request("GET", path_or_url)
    }

    /// A POST request to put together and send.
    pub fn post(&self, path_or_url: &str) -> RequestBuilder<'_> {
        self.request("POST", path_or_url)
    }

    /// A DELETE request to put together and send.
    pub fn delete(&self, path_or_url: &str) -> RequestBuilder<'_> {
        self.request("DELETE", path_or_url)
    }

    /// A request to put together and send.
    pub fn request(&self, method: &str, path_or_url: &str) -> RequestBuilder<'_> {
        RequestBuilder::new(self, Request::new(method, path_or_url))
    }

    /// Cancels every call of this client that has begun, within 100 ms. Later calls work.
    pub fn cancel(&self) {
        self.inner.cancellations.fetch_add(1, Ordering::AcqRel);
    }

    /// The settings in force, as a JSON object. Secrets are `***`.
    pub fn describe(&self) -> String {
        let inner = &self.inner;
        let credentials = inner.sign_ins.credentials().map(|credentials| {
            json!({ "source": credentials.source_name(), "username": credentials.username(), "secret": "***" })
        });
        json!({
            "version": env!("CARGO_PKG_VERSION"),
            "base_url": inner.origin.to_string(),
            "account_id": inner.account_id,
            "credentials": credentials,
            "otp": inner.description.otp,
            "timeout_ms": inner.timeout.as_millis() as u64,
            "connect_timeout_ms": inner.connect_timeout.as_millis() as u64,
            "max_response_bytes": inner.max_response_bytes,
            "trusted_roots": inner.description.roots,
            "proxy": inner.description.proxy,
            "user_agent": inner.user_agent.to_str().unwrap_or_default(),
        })
        .to_string()
    }

    fn account_id<'a>(&'a self, given: Option<&'a str>) -> Result<&'a str> {
        let account_id = given.or(self.inner.account_id.as_deref()).ok_or_else(endpoint::missing_account_id)?;
        endpoint::check_account_id(account_id).map(|()| account_id)
    }

    /// Begins a call: from here its deadline runs, and it can be cancelled.
    fn scope(&self, call: Option<&Call>) -> Result<Rc<Scope>> {
        let inner = &self.inner;
        call.map_or(Ok(()), Call::check)?;
        let stops = Stops {
            call: call.map(Call::cancel_flag),
            client: Some((inner.cancellations.clone(), inner.cancellations.load(Ordering::Acquire))),
        };
        let timeout = call.and_then(Call::timeout).unwrap_or(inner.timeout);
        let (host, hook) = (inner.origin.authority().to_owned(), inner.wait_hook.clone());
        let scope = Scope::new(inner.clock.clone(), host, timeout, inner.connect_timeout, stops, hook);
        scope.check().map(|()| scope)
    }

    fn kept_jwt(&self, account_id: &str, call: Option<&Call>, scope: &Rc<Scope>) -> Result<Token> {
        let tokens = self.inner.tokens.get(Tokens::default);
        tokens.get(account_id, scope, || self.exchange_jwt(account_id, call, scope))
    }

    /// `GET /auth/jwt/generate/{accountId}`, with Basic. The answer is text, not JSON.
    fn exchange_jwt(&self, account_id: &str, call: Option<&Call>, scope: &Rc<Scope>) -> Result<Token> {
        let inner = &self.inner;
        let outgoing = Outgoing {
            method: Method::GET,
            uri: inner.origin.resolve("/auth/jwt/generate/{accountId}", Some(account_id))?,
            headers: vec![(header::ACCEPT, HeaderValue::from_static("text/plain, */*"))],
            body: None,
            max_body_bytes: LARGEST_JWT_ANSWER,
        };
        let response = self.send_basic(outgoing, false, "jwt", call, scope)?;
        if let Some(error) = response.error() {
            return Err(error);
        }
        let (status, date) = (response.status(), response.date());
        let body = zeroize::Zeroizing::new(response.into_body());
        let no_token = |error: Error| {
            let text = format!("{} gave no token for the account {account_id}: {error}", scope.host());
            Error::new(error.kind(), text).with_status(status).sent(true).with_attempts(1)
        };
        let token = Token::read(&body, account_id, date, scope.exchange_began()).map_err(no_token)?;
        self.emit(EventKind::TokenIssued, || {
            json!({
                "host": scope.host(),
                "account_id": account_id,
                "expires_at": token.expires_at(),
                "lifetime_s": token.lifetime().as_secs(),
            })
        });
        Ok(token)
    }

    /// Sends with the user's own credentials, and learns from the verdict.
    fn send_basic(
        &self,
        outgoing: Outgoing<'_>,
        graphql: bool,
        purpose: &str,
        call: Option<&Call>,
        scope: &Rc<Scope>,
    ) -> Result<Response> {
        let sign_ins = &self.inner.sign_ins;
        let sign_in: SignIn = sign_ins.begin(scope, call, &|kind, fields| self.emit(kind, || fields))?;
        let mut outgoing = outgoing;
        if let Some(code) = sign_in.code() {
            outgoing.headers.push((OTP_HEADER, header_value(code, true)));
        }
        let signed_in_as = sign_in.signed_in_as();
        let secrets = [sign_in.secret()];
        let result = self.send_as(outgoing, graphql, signed_in_as, Some(sign_in.header()), &secrets, scope);
        let rejected =
            result.as_ref().is_ok_and(|response| is_rejection(response.status(), response.said())).then_some(&result);
        if let Some(Ok(response)) = rejected {
            self.emit(EventKind::SignInRejected, || {
                json!({
                    "host": scope.host(),
                    "username": sign_in.username(),
                    "status": response.status(),
                    "purpose": purpose,
                })
            });
        }
        let rejected = rejected.is_some();
        sign_ins.end(sign_in, call, scope.was_sent(), rejected);
        result
    }

    /// Sends one request with this Authorization, and reads the answer. `secrets` are cut out of texts in it, as is
    /// what the request's secret headers hold.
    fn send_as(
        &self,
        mut outgoing: Outgoing<'_>,
        graphql: bool,
        signed_in_as: SignedInAs,
        authorization: Option<Secret>,
        secrets: &[&[u8]],
        scope: &Rc<Scope>,
    ) -> Result<Response> {
        let inner = &self.inner;
        scope.begin_exchange();
        // The one predicate, at the one place where secrets go onto a request.
        if !inner.origin.covers(&outgoing.uri) {
            return Err(Error::new(ErrorKind::Internal, "a request was about to leave this client's origin"));
        }
        if let Some(authorization) = authorization {
            outgoing.headers.push((header::AUTHORIZATION, header_value(authorization, true)));
        }
        if !outgoing.headers.iter().any(|(name, _)| *name == header::USER_AGENT) {
            outgoing.headers.push((header::USER_AGENT, inner.user_agent.clone()));
        }
        let incoming = inner.transport.exchange(&outgoing, scope).map_err(|error| error.with_attempts(1))?;
        let asked = Asked { host: scope.host().to_owned(), graphql, signed_in_as };
        let sensitive =
            outgoing.headers.iter().filter(|(_, value)| value.is_sensitive()).map(|(_, value)| value.as_bytes());
        let sent = sensitive.flat_map(|value| [value, after_scheme(value)]).chain(secrets.iter().copied());
        let sent: Vec<_> = sent.collect();
        Ok(Response::read(incoming, asked, &sent, inner.clock.wall()))
    }

    /// Tells the owner, if it wants to know; only then are the `fields` made.
    fn emit(&self, kind: EventKind, fields: impl FnOnce() -> serde_json::Value) {
        if let Some(handler) = &self.inner.on_event {
            handler(&Event::new(kind, fields()));
        }
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Client({})", self.describe())
    }
}

/// What follows the first space of a header's value: the credentials after their scheme.
fn after_scheme(value: &[u8]) -> &[u8] {
    value.iter().position(|byte| *byte == b' ').map_or(value, |space| &value[space + 1..])
}

/// Puts `query` behind the query that is there.
fn with_query(uri: Uri, query: &str) -> Result<Uri> {
    if query.is_empty() {
        return Ok(uri);
    }
    let sign = if uri.query().is_some() { '&' } else { '?' };
    format!("{uri}{sign}{query}").parse().map_err(|_| Error::invalid("the query is too long"))
}

const _: () = {
    const fn is_shared_by_threads<T: Send + Sync>() {}
    is_shared_by_threads::<Client>();
    is_shared_by_threads::<Credentials>();
    is_shared_by_threads::<Call>();
    is_shared_by_threads::<Request>();
    is_shared_by_threads::<Response>();
    is_shared_by_threads::<Token>();
    is_shared_by_threads::<Error>();
    is_shared_by_threads::<ClientBuilder>();
};
