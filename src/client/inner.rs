//! What the clones of a client share: settings, connections, and authentication state.

use std::{path::PathBuf, sync::Arc, sync::atomic::AtomicU64, time::Duration};

use serde_json::Value;
use ureq::http::HeaderValue;

use super::{server_clock::ServerClock, sign_in::state::AuthState};
use crate::clock::{Clock, SystemClock};
use crate::config::{Config, EventHandler};
use crate::error::{Error, Result};
use crate::event::{Event, EventKind};
use crate::origin::{self, Origin};
use crate::rate_limit::{self, RateLimiter};
use crate::transport::{HttpTransport, Transport};
use crate::{
    bearer::BearerSource, config::env::variable, shared_store::SharedStore, token_cache::account::Account,
    token_cache::accounts::Accounts, transport::deadline::WaitHook, transport::proxy::Proxy,
};

pub(crate) struct Inner {
    pub(crate) origin: Origin,
    pub(crate) account_id: Option<String>,
    pub(crate) auth: AuthState,
    pub(crate) rate_limiter: RateLimiter,
    pub(crate) max_retries: u32,
    pub(crate) timeout: Duration,
    pub(crate) connect_timeout: Duration,
    pub(crate) max_response_bytes: u64,
    pub(crate) host: HeaderValue,
    pub(crate) user_agent: HeaderValue,
    on_event: Option<EventHandler>,
    pub(crate) wait_hook: Option<WaitHook>,
    /// Counts the calls of `Client::cancel`.
    pub(crate) cancellations: Arc<AtomicU64>,
    pub(crate) accounts: Accounts,
    /// The token cache of the client's own account id.
    pub(crate) own_account: Option<Arc<Account>>,
    pub(crate) store: Option<Arc<dyn SharedStore>>,
    /// The source of the JWTs of this client's requests, if it is not the client itself.
    pub(crate) token_provider: Option<Arc<dyn BearerSource>>,
    pub(crate) server_clock: ServerClock,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) proxy: Option<Proxy>,
    pub(crate) clock: Arc<dyn Clock>,
    /// For `describe`, as the next one.
    pub(crate) state_dir: Option<PathBuf>,
    pub(crate) roots: &'static str,
    /// See [`Roots::skipped`](crate::transport::tls::Roots::skipped).
    pub(crate) skipped_certificates: Vec<String>,
}

impl Inner {
    /// Applies the settings. No I/O.
    pub(crate) fn new(config: Config) -> Result<Self> {
        config.first_error.check()?;
        let origin = config.origin();
        let roots = config.roots.clone().unwrap_or_default();
        // U+FFFD, which replaces bytes that are not UTF-8, is in no proxy's URL.
        let text = |name: &str| variable(name).map(|value| value.to_string_lossy().into_owned());
        let proxy = config.proxy.clone().unwrap_or_default().for_target(&origin, text)?;
        let product = concat!("boomi-auth/", env!("CARGO_PKG_VERSION"));
        let user_agent = config.user_agent.as_ref().map_or(product.into(), |before| format!("{before} {product}"));
        let clock = config.clock.clone().unwrap_or_else(|| Arc::new(SystemClock));
        let accounts = Accounts::new();
        let own_account = config.account_id.as_deref().map(|id| accounts.get(id));
        let store = config.store.as_ref().map(|open| open(clock.clone())).transpose()?;
        let guard = config.guard(origin.to_string(), clock.clone(), store.as_deref());
        let requests_per_second = config.requests_per_second.unwrap_or(rate_limit::DEFAULT_REQUESTS_PER_SECOND);
        let rate_limiter = RateLimiter::new(requests_per_second, store.clone(), origin.to_string());
        let host =
            HeaderValue::from_str(origin.authority()).map_err(|_| Error::invalid("the base URL's host is bad"))?;
        Ok(Inner {
            host,
            origin,
            account_id: config.account_id,
            auth: AuthState::new(config.credentials, config.otp, guard),
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
            state_dir: config.state_dir,
            roots: roots.name(),
            skipped_certificates: roots.skipped().to_vec(),
            server_clock: ServerClock::new(),
            transport: config
                .transport
                .unwrap_or_else(|| Arc::new(HttpTransport::new(proxy.clone(), roots, user_agent))),
            proxy,
            clock,
        })
    }

    /// Checks an account id; `None` stands for the client's own.
    pub(crate) fn account_id<'a>(&'a self, given: Option<&'a str>) -> Result<&'a str> {
        let account_id = given.or(self.account_id.as_deref()).ok_or_else(origin::missing_account_id)?;
        origin::check_account_id(account_id).map(|()| account_id)
    }

    pub(crate) fn emit(&self, kind: EventKind, fields: impl FnOnce() -> Value) {
        if let Some(handler) = &self.on_event {
            handler(&Event { kind, fields: fields() });
        }
    }
}
