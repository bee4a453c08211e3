//! The client: settings in force, connections, and what every call goes through.

mod authorization;
mod builder;
mod call;
mod context;
pub(crate) mod error_body;
pub(crate) mod graphql;
pub(crate) mod idempotency;
mod job;
pub(crate) mod pages;
mod request;
pub(crate) mod response;
pub(crate) mod retry;
mod send;
mod server_clock;
mod sign_in;
mod status;
mod token_provider;
pub(crate) mod xml;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::json;
use ureq::http::{HeaderValue, Uri};

pub use authorization::Authorization;
pub use builder::RequestBuilder;
pub use call::Call;
pub use job::Job;
pub use pages::Pages;
pub use request::{AuthScheme, HeaderOptions, Request};
pub use response::Response;
pub use token_provider::TokenProvider;

use crate::clock::Clock;
use crate::config::{ClientBuilder, Config, EventHandler};
use crate::credentials::Credentials;
use crate::error::{Error, Result};
use crate::jwt::Token;
use crate::origin::{self, Origin};
use crate::rate_limit::{self, RateLimiter};
use crate::secret::Secret;
use crate::store::SharedStore;
use crate::token_cache::account::Account;
use crate::token_cache::accounts::Accounts;
use crate::transport::deadline::WaitHook;
use crate::transport::proxy::Proxy;
use crate::transport::{HttpTransport, Transport};
use context::CallContext;
use send::{RequestAuth, SendLoop};
use server_clock::ServerClock;
use sign_in::SignIns;

/// A client for one origin and one user: immutable, shared by any number of threads, owner of its connections.
///
/// Cloning is cheap and shares everything. A client made before a `fork` works in the child, on connections of its own.
/// If another thread of the parent was in `getaddrinfo` during the `fork`, name look-ups in the child may hang: calls that
/// need one end by their timeout. Addresses and `localhost` need none.
#[derive(Clone)]
pub struct Client {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) origin: Origin,
    pub(crate) account_id: Option<String>,
    pub(crate) sign_ins: SignIns,
    pub(crate) rate_limiter: RateLimiter,
    pub(crate) max_retries: u32,
    pub(crate) timeout: Duration,
    pub(crate) connect_timeout: Duration,
    pub(crate) max_response_bytes: u64,
    /// The Host of every request.
    pub(crate) host: HeaderValue,
    pub(crate) user_agent: HeaderValue,
    pub(crate) on_event: Option<EventHandler>,
    pub(crate) wait_hook: Option<WaitHook>,
    /// How often [`Client::cancel`] was called.
    pub(crate) cancellations: Arc<AtomicU64>,
    pub(crate) accounts: Accounts,
    /// The account of the client's own account id.
    pub(crate) own_account: Option<Arc<Account>>,
    /// What other machines share with this client.
    pub(crate) store: Option<SharedStore>,
    /// Whose JWT goes with the requests, if it is not the client's own.
    pub(crate) token_provider: Option<TokenProvider>,
    pub(crate) server_clock: ServerClock,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) proxy: Option<Proxy>,
    pub(crate) clock: Arc<dyn Clock>,
    /// What `describe` shows of the settings that are used up by now.
    pub(crate) description: Description,
}

pub(crate) struct Description {
    pub(crate) otp: &'static str,
    pub(crate) max_sign_ins_in_flight: u32,
    pub(crate) state_dir: Option<String>,
    pub(crate) roots: &'static str,
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
        config.first_error.check()?;
        let origin = config.origin();
        let roots = config.roots.clone().unwrap_or_default();
        // What is not UTF-8 becomes U+FFFD, which no proxy's URL has.
        let variable = |name: &str| crate::config::variable(name).map(|value| value.to_string_lossy().into_owned());
        let proxy = config.proxy.clone().unwrap_or_default().for_target(&origin, variable)?;
        let product = concat!("boomi-auth/", env!("CARGO_PKG_VERSION"));
        let user_agent = config.user_agent.as_ref().map_or(product.into(), |before| format!("{before} {product}"));
        let description = Description {
            otp: config.otp_name(),
            max_sign_ins_in_flight: config.most_sign_ins_in_flight(),
            state_dir: config.state_dir.as_ref().map(|path| path.display().to_string()),
            roots: roots.name(),
        };
        let clock = config.clock();
        let accounts = Accounts::new();
        let own_account = config.account_id.as_deref().map(|id| accounts.get(id));
        let store = config.store(&clock)?;
        let guard = config.guard(origin.to_string(), clock.clone(), store.as_ref());
        let rate_limiter =
            RateLimiter::new(config.requests_per_second.unwrap_or(rate_limit::DEFAULT_REQUESTS_PER_SECOND))
                .with_store(store.clone(), origin.to_string());
        let host =
            HeaderValue::from_str(origin.authority()).map_err(|_| Error::invalid("the base URL's host is bad"))?;
        Ok(Client {
            inner: Arc::new(Inner {
                host,
                origin,
                account_id: config.account_id,
                sign_ins: SignIns::new(config.credentials, config.otp, guard),
                rate_limiter,
                max_retries: config.max_retries.unwrap_or(Config::DEFAULT_MAX_RETRIES),
                timeout: config.timeout.unwrap_or(Config::DEFAULT_TIMEOUT),
                connect_timeout: config.connect_timeout.unwrap_or(Config::DEFAULT_CONNECT_TIMEOUT),
                max_response_bytes: config.max_response_bytes.unwrap_or(Config::DEFAULT_MAX_RESPONSE_BYTES),
                user_agent: HeaderValue::from_str(&user_agent).map_err(|_| Error::invalid("the user agent is bad"))?,
                on_event: config.on_event,
                wait_hook: config.wait_hook,
                cancellations: Arc::default(),
                own_account,
                accounts,
                store,
                token_provider: config.token_provider,
                server_clock: ServerClock::new(),
                transport: config.transport.unwrap_or_else(|| Arc::new(HttpTransport::new(proxy.clone(), roots))),
                proxy,
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
        CallContext::begin(self, call)?.new_jwt(account_id)
    }

    /// A JWT for the client's account that is good for a while yet: a kept one, or one that is asked for now.
    ///
    /// The same as [`TokenProvider::get`].
    pub fn token(&self) -> Result<Token> {
        self.token_for(None, None)
    }

    /// The same as [`token`](Self::token) for another account, or within one call's limits.
    pub fn token_for(&self, account_id: Option<&str>, call: Option<&Call>) -> Result<Token> {
        self.token_provider(account_id)?.get_with(Duration::ZERO, call)
    }

    /// Sends a request and returns the whole answer whatever its status: the last one, if it was sent several times.
    ///
    /// It waits for its turn, since an account has so many requests a second (see
    /// [`requests_per_second`](ClientBuilder::requests_per_second)). It is sent again, within the call's deadline and at most
    /// [`max_retries`](ClientBuilder::max_retries) times, after a lost connection and after 429, 502, 503 or 504, if it only reads
    /// or is marked by [`Request::set_replayable`]; any other only if it certainly had no effect: no byte of it left, or the
    /// answer was Boomi's 503 for too many requests. A JWT that is refused is replaced once, apart from that: its refusal is then no
    /// answer.
    ///
    /// JSON is asked for unless an Accept header is set. Redirects are not followed.
    pub fn send(&self, request: &Request, call: Option<&Call>) -> Result<Response> {
        self.ask(request, call, Some(self.inner.max_response_bytes))
    }

    /// Sends a request like [`send`](Self::send), and returns when status and headers of the answer are there.
    ///
    /// The body is then read from the [`Response`], piece by piece and in constant memory, however large it is. Only the
    /// body of a status of 400 or more is read at once, for its message.
    pub fn open(&self, request: &Request, call: Option<&Call>) -> Result<Response> {
        self.ask(request, call, None)
    }

    fn ask(&self, request: &Request, call: Option<&Call>, most: Option<u64>) -> Result<Response> {
        request.check()?;
        let context = CallContext::begin(self, call)?;
        self.ask_in(&context, request, most)
    }

    /// The same as a part of a call that has begun.
    fn ask_in(&self, context: &CallContext<'_>, request: &Request, most: Option<u64>) -> Result<Response> {
        let account_id = request.account_id.as_deref().or(self.inner.account_id.as_deref());
        let uri = with_query(self.inner.origin.resolve(&request.path, account_id)?, &request.query)?;
        let auth = match request.scheme(self.inner.token_provider.is_some()) {
            AuthScheme::Basic => RequestAuth::User,
            AuthScheme::Jwt => RequestAuth::Bearer(self.bearer(request.account_id.as_deref())?),
            _ => RequestAuth::Caller,
        };
        SendLoop::new(context, request, &uri, auth, account_id, most).run()
    }

    /// The pages of a query: `request` is a POST to a path that ends in `/query`.
    pub fn pages(&self, request: Request) -> Result<Pages> {
        Pages::new(self.clone(), request)
    }

    /// Sends a request for work that the server does in its own time, and says where its result will be. See [`Job`].
    pub fn start(&self, request: &Request, call: Option<&Call>) -> Result<Job> {
        request.check()?;
        Job::start(self, request, &CallContext::begin(self, call)?)
    }

    /// Starts such work and waits for its result, all within one call's deadline. After a timeout the work goes on, and where
    /// its result will be is lost: [`start`](Self::start) gives a [`Job`], which keeps it.
    pub fn wait(&self, request: &Request, call: Option<&Call>) -> Result<Response> {
        request.check()?;
        let context = CallContext::begin(self, call)?;
        let mut job = Job::start(self, request, &context)?;
        // What the request started goes on, whatever becomes of the asking: to send it again would be to start it twice.
        job.wait_in(&context, Some(self.inner.max_response_bytes)).map_err(|error| {
            let attempts = error.attempts().max(1);
            error.noting("; the work was started before, and may go on").sent(true).with_attempts(attempts)
        })
    }

    /// Whose JWT goes with a request for this account.
    fn bearer(&self, account_id: Option<&str>) -> Result<TokenProvider> {
        match &self.inner.token_provider {
            Some(provider) => Ok(provider.clone()),
            None => self.token_provider(account_id),
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

    /// Closes the connections that are kept for later requests; those in use when their calls end. Later calls make new ones.
    pub fn close_connections(&self) {
        self.inner.transport.close_connections();
    }

    /// Lets one more sign-in of this client's user through, whatever the guard holds back: for when the credentials were
    /// corrected, or the user was unlocked, where the library cannot see it.
    ///
    /// If that one is accepted, everything is as before the first rejection; if not, it is held as before.
    pub fn reset_guard(&self) {
        self.inner.sign_ins.reset_guard();
    }

    /// The settings in force, as a JSON object. Secrets are `***`.
    pub fn describe(&self) -> String {
        let inner = &self.inner;
        let credentials = inner.sign_ins.credentials().map(|credentials| {
            json!({ "source": credentials.source_name(), "username": credentials.username(), "secret": "***" })
        });
        let store = inner.store.as_ref().map(
            |store| json!({ "url": store.place(), "problem": store.problem(), "connecting": store.is_connecting() }),
        );
        json!({
            "version": env!("CARGO_PKG_VERSION"),
            "base_url": inner.origin.to_string(),
            "account_id": inner.account_id,
            "credentials": credentials,
            "otp": inner.description.otp,
            "timeout_ms": inner.timeout.as_millis() as u64,
            "connect_timeout_ms": inner.connect_timeout.as_millis() as u64,
            "max_response_bytes": inner.max_response_bytes,
            "requests_per_second": inner.rate_limiter.requests_per_second(),
            "max_retries": inner.max_retries,
            "max_sign_ins_in_flight": inner.description.max_sign_ins_in_flight,
            "state_dir": inner.description.state_dir,
            "store": store,
            "token_provider": inner.token_provider.as_ref().map(TokenProvider::account_id),
            "trusted_roots": inner.description.roots,
            "proxy": inner.proxy.as_ref().map(|proxy| proxy.origin.to_string()),
            "user_agent": inner.user_agent.to_str().unwrap_or_default(),
        })
        .to_string()
    }

    /// What the guard knows of this client's user, as a JSON object, and what it would say to a sign-in now. Nothing is sent; a
    /// program or keychain that gives the credentials is asked, and the state directory, if there is one, is read.
    ///
    /// ```json
    /// {"username": "user@example.com", "host": "api.boomi.com", "memory": "/home/user/.local/state/boomi-auth",
    ///  "problem": null, "rejections": 1, "unanswered": 0, "in_flight": 0, "held": {"reason": "rejected", "wait_ms": 59000}}
    /// ```
    ///
    /// `memory` is `null` if only this process knows, and `problem` says why the store or the state directory cannot be used. `rejections` and
    /// `unanswered` count since the last acceptance. `held` is `null` if a sign-in would be sent; else its `reason` is
    /// `rejected`, `unanswered` or `budget`, and `wait_ms` is `null` if only other credentials or
    /// [`reset_guard`](Self::reset_guard) end it.
    pub fn describe_guard(&self) -> Result<String> {
        let context = CallContext::begin(self, None)?;
        let (username, status) = self.inner.sign_ins.status(&context)?;
        let held = status
            .held
            .map(|held| json!({ "reason": held.reason(), "wait_ms": held.rest.map(|rest| rest.as_millis() as u64) }));
        let about = json!({
            "username": username,
            "host": self.inner.origin.authority(),
            "memory": status.memory,
            "problem": status.problem,
            "rejections": status.rejections,
            "unanswered": status.unanswered,
            "in_flight": status.in_flight,
            "held": held,
        });
        Ok(about.to_string())
    }

    /// RequestAuth signs in, if that was set.
    pub fn credentials(&self) -> Option<&Credentials> {
        self.inner.sign_ins.credentials()
    }

    /// The value of this user's `Authorization` header, `Basic ...`, asked from where the credentials come from if need be. Nothing
    /// is sent, and the guard is not asked: [`authorize`](Self::authorize) does that.
    pub fn auth_header(&self) -> Result<Secret> {
        Ok(self.inner.sign_ins.loaded(&CallContext::begin(self, None)?)?.basic.header.duplicate())
    }

    /// The user name as it is sent, with `BOOMI_TOKEN.` for an API token, asked from where it comes from if need be.
    pub fn auth_username(&self) -> Result<String> {
        Ok(self.inner.sign_ins.loaded(&CallContext::begin(self, None)?)?.basic.username.clone())
    }

    /// A one-time code that another program will send for this user: no sign-in of whoever shares the guard's memory gets the same.
    /// By this machine's clock, unless an answer told the server's. Within 30 s of the last one it waits for the next.
    pub fn one_time_code(&self, call: Option<&Call>) -> Result<Secret> {
        self.inner.sign_ins.one_time_code(&CallContext::begin(self, call)?)
    }

    /// The proxy that requests go through, for another HTTP library: `http://host:port`, and the value of a
    /// `Proxy-Authorization` header, if it needs one. Every request goes through a CONNECT tunnel.
    pub fn proxy(&self) -> Option<(String, Option<&Secret>)> {
        self.inner.proxy.as_ref().map(|proxy| (proxy.origin.to_string(), proxy.authorization()))
    }

    fn account_id<'a>(&'a self, given: Option<&'a str>) -> Result<&'a str> {
        let account_id = given.or(self.inner.account_id.as_deref()).ok_or_else(origin::missing_account_id)?;
        origin::check_account_id(account_id).map(|()| account_id)
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Client({})", self.describe())
    }
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
    is_shared_by_threads::<Pages>();
    is_shared_by_threads::<Job>();
    is_shared_by_threads::<Token>();
    is_shared_by_threads::<TokenProvider>();
    is_shared_by_threads::<Error>();
    is_shared_by_threads::<ClientBuilder>();
};
