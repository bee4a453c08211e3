//! The settings of a client, each checked when it is set.

pub(crate) mod env;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::client::{Client, TokenProvider};
use crate::clock::{Clock, SystemClock};
#[cfg(feature = "capi")]
use crate::credentials::CredentialKind;
use crate::credentials::{Credentials, read_secret_file};
use crate::error::{Error, FirstError, Result};
use crate::event::Event;
use crate::guard::state_dir::StateDir;
use crate::guard::{self, Guard, Store};
use crate::origin::{self, BASE_URL_US, Origin};
use crate::otp::{OtpSecret, check_code};
use crate::rate_limit::MOST_REQUESTS_PER_SECOND;
use crate::secret::Secret;
use crate::shared_store::{OpenStore, SharedStore};
use crate::text;
use crate::transport::Transport;
use crate::transport::deadline::WaitHook;
use crate::transport::proxy::{Proxy, ProxySetting};
use crate::transport::tls::{Roots, read_pem};

pub(crate) type EventHandler = Arc<dyn Fn(&Event) + Send + Sync>;

/// Where one-time codes for password sign-ins come from.
#[derive(Clone)]
pub(crate) enum OtpSource {
    Secret(Arc<OtpSecret>),
    /// A file with the secret, read for every code.
    File(PathBuf),
    Function(Arc<dyn Fn() -> Result<Secret> + Send + Sync>),
}

impl OtpSource {
    /// The secret that codes are computed from, unless a function gives them.
    pub(crate) fn secret(&self) -> Result<Option<Arc<OtpSecret>>> {
        match self {
            OtpSource::Secret(secret) => Ok(Some(secret.clone())),
            OtpSource::File(path) => Ok(Some(Arc::new(OtpSecret::parse(&read_secret_file(path)?)?))),
            OtpSource::Function(_) => Ok(None),
        }
    }

    fn name(&self) -> &'static str {
        match self {
            OtpSource::Secret(_) => "secret",
            OtpSource::File(_) => "file",
            OtpSource::Function(_) => "callback",
        }
    }
}

/// Whether a CA bundle replaces the trusted roots or is added to them. The numbers are those of the C API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum CaMode {
    /// The bundle alone is trusted.
    Only = 1,
    /// The bundle is trusted besides the operating system's roots.
    Add = 2,
}

/// Settings as they were given: what is `None` has its default, and the environment may fill it.
///
/// Setters check at once. The first failure also stays, so that a caller may set everything and look once.
#[derive(Clone, Default)]
pub(crate) struct Config {
    pub(crate) credentials: Option<Credentials>,
    pub(crate) otp: Option<OtpSource>,
    pub(crate) account_id: Option<String>,
    pub(crate) origin: Option<Origin>,
    pub(crate) connect_timeout: Option<Duration>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) roots: Option<Roots>,
    pub(crate) proxy: Option<ProxySetting>,
    pub(crate) user_agent: Option<String>,
    pub(crate) max_response_bytes: Option<u64>,
    pub(crate) requests_per_second: Option<u32>,
    pub(crate) max_retries: Option<u32>,
    pub(crate) max_sign_ins_in_flight: Option<u32>,
    pub(crate) state_dir: Option<PathBuf>,
    pub(crate) state_dir_required: bool,
    pub(crate) store: Option<OpenStore>,
    pub(crate) token_provider: Option<TokenProvider>,
    pub(crate) on_event: Option<EventHandler>,
    pub(crate) wait_hook: Option<WaitHook>,
    /// Tests give their own.
    pub(crate) transport: Option<Arc<dyn Transport>>,
    pub(crate) clock: Option<Arc<dyn Clock>>,
    pub(crate) guard_table: Option<Arc<dyn Store>>,
    pub(crate) first_error: FirstError,
}

impl Config {
    pub(crate) const DEFAULT_CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
    pub(crate) const DEFAULT_TIMEOUT: Duration = Duration::from_secs(60);
    pub(crate) const DEFAULT_MAX_RETRIES: u32 = 4;
    /// More would not be waited for.
    const MOST_RETRIES: u32 = 100;
    pub(crate) const DEFAULT_MAX_RESPONSE_BYTES: u64 = 64 * 1024 * 1024;

    /// Applies a checked value, or keeps the first error.
    pub(crate) fn set<T>(&mut self, checked: Result<T>, apply: impl FnOnce(&mut Self, T)) -> Result<()> {
        let value = self.first_error.keep(checked)?;
        apply(self, value);
        Ok(())
    }

    pub(crate) fn set_credentials(&mut self, credentials: Result<Credentials>) -> Result<()> {
        self.set(credentials, |config, credentials| config.credentials = Some(credentials))
    }

    pub(crate) fn set_account_id(&mut self, account_id: &str) -> Result<()> {
        let checked = origin::check_account_id(account_id).map(|()| account_id.to_owned());
        self.set(checked, |config, account_id| config.account_id = Some(account_id))
    }

    pub(crate) fn set_base_url(&mut self, url: &str) -> Result<()> {
        self.set(Origin::parse_base(url), |config, origin| config.origin = Some(origin))
    }

    pub(crate) fn set_otp_secret(&mut self, secret: &str) -> Result<()> {
        let parsed = OtpSecret::parse(secret).map(|secret| OtpSource::Secret(Arc::new(secret)));
        self.set(parsed, |config, source| config.otp = Some(source))
    }

    pub(crate) fn set_connect_timeout(&mut self, timeout: Duration) -> Result<()> {
        let checked = check_timeout("the connect timeout", timeout);
        self.set(checked, |config, timeout| config.connect_timeout = Some(timeout))
    }

    pub(crate) fn set_timeout(&mut self, timeout: Duration) -> Result<()> {
        self.set(check_timeout("the timeout", timeout), |config, timeout| config.timeout = Some(timeout))
    }

    pub(crate) fn set_ca_pem(&mut self, pem: &[u8], mode: CaMode) -> Result<()> {
        let roots = read_pem(pem).map(|certificates| match mode {
            CaMode::Only => Roots::Only(certificates),
            CaMode::Add => Roots::Add(certificates),
        });
        self.set(roots, |config, roots| config.roots = Some(roots))
    }

    pub(crate) fn set_proxy(&mut self, url: &str) -> Result<()> {
        let proxy = if url.is_empty() {
            Ok(ProxySetting::Direct)
        } else {
            // The argument is bad, not the proxy: nothing was contacted yet.
            Proxy::parse(url, "the proxy setting")
                .map(ProxySetting::Explicit)
                .map_err(|error| Error::invalid(error.message()))
        };
        self.set(proxy, |config, proxy| config.proxy = Some(proxy))
    }

    pub(crate) fn set_user_agent(&mut self, product: &str) -> Result<()> {
        let checked = text::check("the user agent", product).and_then(|()| {
            if product.is_ascii() {
                Ok(product.to_owned())
            } else {
                Err(Error::invalid("the user agent has characters that are not ASCII"))
            }
        });
        self.set(checked, |config, product| config.user_agent = Some(product))
    }

    pub(crate) fn set_max_response_bytes(&mut self, bytes: u64) -> Result<()> {
        let checked = if bytes == 0 {
            Err(Error::invalid("the largest response is 0 bytes: no answer would fit"))
        } else {
            Ok(bytes)
        };
        self.set(checked, |config, bytes| config.max_response_bytes = Some(bytes))
    }

    pub(crate) fn set_requests_per_second(&mut self, count: u32) -> Result<()> {
        let checked = if count <= MOST_REQUESTS_PER_SECOND {
            Ok(count)
        } else {
            Err(Error::invalid(format!(
                "{count} requests a second: up to {MOST_REQUESTS_PER_SECOND} are possible, and 0 for as many as come"
            )))
        };
        self.set(checked, |config, count| config.requests_per_second = Some(count))
    }

    pub(crate) fn set_max_retries(&mut self, count: u32) -> Result<()> {
        let checked = if count <= Self::MOST_RETRIES {
            Ok(count)
        } else {
            Err(Error::invalid(format!("{count} retries: up to {} are possible, and 0 for none", Self::MOST_RETRIES)))
        };
        self.set(checked, |config, count| config.max_retries = Some(count))
    }

    pub(crate) fn set_max_sign_ins_in_flight(&mut self, count: u32) -> Result<()> {
        // Six bad sign-ins lock a user, so five may be under way.
        let checked = if (1..=5).contains(&count) {
            Ok(count)
        } else {
            Err(Error::invalid(format!(
                "{count} sign-ins in flight: 1 to 5 are possible, because six bad ones lock a user"
            )))
        };
        self.set(checked, |config, count| config.max_sign_ins_in_flight = Some(count))
    }

    pub(crate) fn set_state_dir(&mut self, path: &Path) -> Result<()> {
        let checked = if path.as_os_str().is_empty() {
            Err(Error::invalid("the state directory is empty: give its path, or leave it unset for none"))
        } else {
            Ok(path.to_owned())
        };
        self.set(checked, |config, path| config.state_dir = Some(path))
    }

    pub(crate) fn set_store(&mut self, url: &str) -> Result<()> {
        self.set(store_at(url), |config, open| config.store = Some(open))
    }

    /// Fills what is unset from the `BOOMI_*` variables; all of it or, after an error, nothing.
    pub(crate) fn load_env(&mut self, variable: env::Variable<'_>) -> Result<()> {
        let mut filled = self.clone();
        let loaded = env::fill(&mut filled, variable).map(|()| filled);
        self.set(loaded, |config, filled| *config = filled)
    }

    pub(crate) fn clock(&self) -> Arc<dyn Clock> {
        self.clock.clone().unwrap_or_else(|| Arc::new(SystemClock))
    }

    pub(crate) fn most_sign_ins_in_flight(&self) -> u32 {
        self.max_sign_ins_in_flight.unwrap_or(guard::DEFAULT_MOST_IN_FLIGHT)
    }

    /// Opens the shared store, if one is set.
    pub(crate) fn store(&self, clock: &Arc<dyn Clock>) -> Result<Option<Arc<dyn SharedStore>>> {
        self.store.as_ref().map(|open| open(clock.clone())).transpose()
    }

    /// What sign-ins at this origin pass.
    pub(crate) fn guard(&self, origin: String, clock: Arc<dyn Clock>, store: Option<&dyn SharedStore>) -> Guard {
        let guard = Guard::new(origin, clock, self.most_sign_ins_in_flight(), self.guard_table.clone());
        let guard = match store {
            Some(store) => guard.shared_by(store.histories(), store.place().to_owned()),
            None => guard,
        };
        let guard = match &self.state_dir {
            Some(path) => guard.shared_by(Arc::new(StateDir::new(path.clone())), path.display().to_string()),
            None => guard,
        };
        if self.state_dir_required { guard.that_must_be_shared() } else { guard }
    }

    pub(crate) fn origin(&self) -> Origin {
        self.origin.clone().unwrap_or_else(|| Origin::parse_base(BASE_URL_US).expect("a good URL"))
    }

    /// The `otp` entry of `describe`.
    pub(crate) fn otp_name(&self) -> &'static str {
        self.otp.as_ref().map_or("none", OtpSource::name)
    }
}

/// Reads the URL of a shared store.
#[cfg(feature = "redis")]
fn store_at(url: &str) -> Result<OpenStore> {
    crate::store::at(url)
}

#[cfg(not(feature = "redis"))]
fn store_at(_: &str) -> Result<OpenStore> {
    Err(Error::config(
        "this library was built without the feature `redis`, so it knows no store: build it with that, or leave BOOMI_STORE \
         and the setting unset",
    ))
}

/// Checks a timeout: above zero, and short enough for every clock.
pub(crate) fn check_timeout(field: &str, timeout: Duration) -> Result<Duration> {
    const LONGEST: Duration = Duration::from_millis(u32::MAX as u64);
    if timeout.is_zero() {
        return Err(Error::invalid(format!("{field} is zero: every call would fail; leave it unset for the default")));
    }
    Ok(timeout.min(LONGEST))
}

/// Reads a variable of the environment; one that is empty counts as unset.
pub(crate) fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// Settings for a new [`Client`].
///
/// Each method checks its value. An error appears when [`build`](ClientBuilder::build) is called: the first one.
///
/// ```
/// use boomi_auth::{Client, Credentials};
///
/// let client = Client::builder()
///     .credentials(Credentials::api_token("user@example.com", "123aab45-67b8-9012-3a45-67c8e9e01e23")?)
///     .account_id("account123")
///     .build()?;
/// # Ok::<_, boomi_auth::Error>(())
/// ```
#[derive(Clone, Default)]
#[must_use]
pub struct ClientBuilder(pub(crate) Config);

impl ClientBuilder {
    fn with(mut self, set: impl FnOnce(&mut Config) -> Result<()>) -> Self {
        // The error stays in the configuration until `build`.
        let _ = set(&mut self.0);
        self
    }

    /// Who signs in. See also [`load_env`](Self::load_env).
    pub fn credentials(self, credentials: Credentials) -> Self {
        self.with(|config| config.set_credentials(Ok(credentials)))
    }

    /// The account that `{accountId}` in a path and a JWT without its own account stand for.
    ///
    /// Boomi shows it under Settings > User Information > Account Information.
    pub fn account_id(self, account_id: &str) -> Self {
        self.with(|config| config.set_account_id(account_id))
    }

    /// The platform's address, without a path; the default is [`BASE_URL_US`]. https, or http to loopback.
    pub fn base_url(self, url: &str) -> Self {
        self.with(|config| config.set_base_url(url))
    }

    /// The secret for one-time codes of a user with two-factor authentication: base32, or an `otpauth://totp/` URI.
    ///
    /// Codes go with password sign-ins only; an API token needs none. One code is never sent twice: a second sign-in
    /// within 30 s waits for the next, or fails with [`ErrorKind::Otp`](crate::ErrorKind::Otp) if its deadline is nearer.
    pub fn otp_secret(self, base32_or_otpauth_uri: &str) -> Self {
        self.with(|config| config.set_otp_secret(base32_or_otpauth_uri))
    }

    /// A function that returns a one-time code when a password sign-in needs one. It runs on the calling thread, and
    /// its time counts against the deadline.
    pub fn otp_from_fn(
        self,
        ask: impl Fn() -> std::result::Result<String, Box<dyn std::error::Error + Send + Sync>> + Send + Sync + 'static,
    ) -> Self {
        self.with(|config| {
            let function = move || {
                let code = ask().map(zeroize::Zeroizing::new).map_err(|error| {
                    let text = text::printable(&error.to_string(), 200);
                    Error::new(crate::ErrorKind::Otp, format!("the one-time code function failed: {text}"))
                })?;
                check_code(&code).map_err(|error| Error::new(crate::ErrorKind::Otp, error.message()))
            };
            config.set(Ok(OtpSource::Function(Arc::new(function))), |config, source| config.otp = Some(source))
        })
    }

    /// How long a new connection may take: name, TCP, proxy and TLS together. Default 5 s.
    pub fn connect_timeout(self, timeout: Duration) -> Self {
        self.with(|config| config.set_connect_timeout(timeout))
    }

    /// How long one call may take, all told. Default 60 s. Deadlines are kept to within 50 ms.
    pub fn timeout(self, timeout: Duration) -> Self {
        self.with(|config| config.set_timeout(timeout))
    }

    /// A PEM bundle of certificate authorities, instead of the trusted roots or besides them.
    pub fn ca_pem(self, pem: &[u8], mode: CaMode) -> Self {
        self.with(|config| config.set_ca_pem(pem, mode))
    }

    /// The proxy, `http://user:password@host:port`; `""` for none, not even the environment's.
    ///
    /// Unless set, HTTPS_PROXY (HTTP_PROXY for loopback http), ALL_PROXY and NO_PROXY are read when the client is built.
    pub fn proxy(self, url: &str) -> Self {
        self.with(|config| config.set_proxy(url))
    }

    /// Put before our own product in the `User-Agent` header.
    pub fn user_agent(self, product: &str) -> Self {
        self.with(|config| config.set_user_agent(product))
    }

    /// The largest body of an answer. Default 64 MiB. A larger one is
    /// [`ErrorKind::TooLarge`](crate::ErrorKind::TooLarge).
    pub fn max_response_bytes(self, bytes: u64) -> Self {
        self.with(|config| config.set_max_response_bytes(bytes))
    }

    /// How many requests of one account may go out in any second, from all threads of the client: Boomi's 10 unless set, 0 for
    /// as many as come.
    ///
    /// Others wait for their turn, in the order in which they came; one whose turn would come after its deadline gets
    /// [`ErrorKind::RateLimited`](crate::ErrorKind::RateLimited) at once. Each try of a request counts; a JWT's exchange does not.
    pub fn requests_per_second(self, count: u32) -> Self {
        self.with(|config| config.set_requests_per_second(count))
    }

    /// How often a request is sent again after the first time, where that helps and can do no harm: 4 unless set, 0 for never.
    /// See [`Client::send`].
    pub fn max_retries(self, count: u32) -> Self {
        self.with(|config| config.set_max_retries(count))
    }

    /// How many sign-ins of credentials that were accepted lately may wait for their answers at once: 1 to 5, default 3.
    ///
    /// Others wait for one of their verdicts. All of them may be rejected if the password was just changed, and six bad
    /// sign-ins lock a user.
    pub fn max_sign_ins_in_flight(self, count: u32) -> Self {
        self.with(|config| config.set_max_sign_ins_in_flight(count))
    }

    /// A Valkey or Redis server that a store shares, so that it signs in as one: the guard's memory, one-time codes, tokens and the
    /// pace are then the store's. With the feature `redis`, which is not a default.
    ///
    /// `rediss://user:password@host:6379/0?prefix=...`, and `redis://` without TLS; `valkey` may stand in place of `redis`.
    /// `redis+sentinel://host1:26379,host2:26379/name/0` and `redis+cluster://host1:7000,host2:7001` are taken, too. `ca_file=` is a PEM
    /// bundle that is trusted alone for TLS. JWTs are sealed there, so that only who has the credentials can read them. While the
    /// server cannot be used nothing fails because of it: this client goes on alone, and by its state directory if it has one.
    pub fn store(self, url: &str) -> Self {
        self.with(|config| config.set_store(url))
    }

    /// A directory in which the guard remembers rejected sign-ins, so that programs that start often, or many at once, do
    /// not lock the user together. Off by default: then each process has a memory of its own.
    ///
    /// It is made if it is missing, for this user alone. It must be on a file system of this machine. Its files hold counts,
    /// times and a few bits of a slow hash of the secret, never a secret. If it cannot be used, an event says so, and the
    /// process's own memory is used.
    pub fn state_dir(self, path: impl AsRef<Path>) -> Self {
        self.with(|config| config.set_state_dir(path.as_ref()))
    }

    /// Sends no sign-in when the state directory is not set or cannot be used: it is then an error of the kind
    /// [`ErrorKind::Config`](crate::ErrorKind::Config). For programs that end after a few calls, whose own memory ends with them.
    pub fn state_dir_required(self) -> Self {
        self.with(|config| config.set(Ok(true), |config, required| config.state_dir_required = required))
    }

    /// The provider whose JWT goes with this client's requests: for another host that takes the platform's bearer, such as a
    /// DataHub repository. [`AuthScheme::Auto`](crate::AuthScheme::Auto) then means a JWT for every request.
    pub fn token_provider(self, provider: &TokenProvider) -> Self {
        self.with(|config| config.set(Ok(provider.clone()), |config, provider| config.token_provider = Some(provider)))
    }

    /// A function told what the client does. See [`Event`].
    pub fn on_event(self, handler: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        self.with(|config| config.set(Ok(Arc::new(handler) as EventHandler), |config, on| config.on_event = Some(on)))
    }

    /// A function asked on the calling thread at least every 100 ms of waiting; `true` cancels the call.
    pub fn wait_hook(self, hook: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        self.with(|config| config.set(Ok(Arc::new(hook) as WaitHook), |config, hook| config.wait_hook = Some(hook)))
    }

    /// Fills what is unset from the environment: `BOOMI_ACCOUNT_ID`, `BOOMI_USERNAME`, `BOOMI_API_TOKEN` or
    /// `BOOMI_PASSWORD`, `BOOMI_OTP_SECRET` (each of the three secrets also as `..._FILE`), or in place of token and password
    /// `BOOMI_CREDENTIAL_PROCESS` (see [`Credentials::process`]) or `BOOMI_KEYCHAIN` (see [`Credentials::keychain`]);
    /// `BOOMI_API_URL`, `BOOMI_CA_FILE` (trusted alone), `BOOMI_STATE_DIR`, `BOOMI_STORE` and `BOOMI_TIMEOUT` (seconds).
    pub fn load_env(self) -> Self {
        self.with(|config| config.load_env(&variable))
    }

    /// The same with values from elsewhere, such as a file: `value` is asked for each by the name of its variable. What it says is
    /// not set is `None`, and a value that is empty counts as that.
    pub fn load_variables(self, value: impl Fn(&str) -> Option<OsString>) -> Self {
        self.with(|config| config.load_env(&|name| value(name).filter(|value| !value.is_empty())))
    }

    /// The client, or the first error of a setting. No I/O.
    pub fn build(self) -> Result<Client> {
        Client::new(self.0)
    }
}

impl std::fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("base_url", &self.0.origin().to_string())
            .field("account_id", &self.0.account_id)
            .field("credentials", &self.0.credentials)
            .field("otp", &self.0.otp_name())
            .finish_non_exhaustive()
    }
}

/// Checks a credential kind that came as a number.
#[cfg(feature = "capi")]
pub(crate) fn credential_kind(kind: u32) -> Result<CredentialKind> {
    match kind {
        1 => Ok(CredentialKind::ApiToken),
        2 => Ok(CredentialKind::Password),
        _ => Err(Error::invalid(format!(
            "the credential kind is {kind}: use BOOMI_CREDENTIAL_API_TOKEN (1) or BOOMI_CREDENTIAL_PASSWORD (2)"
        ))),
    }
}
