//! The builder of a client: the public face of the settings.

use std::{ffi::OsString, path::Path, sync::Arc, time::Duration};

use super::{Client, token_provider::TokenProvider};
use crate::config::env::{missing_credentials, variable};
use crate::config::{CaMode, Config, OtpSource};
use crate::error::{Error, ErrorKind, Result};
use crate::{credentials::Credentials, event::Event, otp::check_code, text};

impl Client {
    /// Starts with default settings.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }

    /// Builds a client from the environment alone: see [`ClientBuilder::load_env`].
    ///
    /// Credentials are required; every other setting has a default or can be given with each call.
    pub fn from_env() -> Result<Self> {
        let mut config = Config::default();
        config.load_env(&variable)?;
        if config.credentials.is_none() {
            return Err(missing_credentials());
        }
        Client::new(config)
    }
}

/// Settings for a new [`Client`].
///
/// Each method checks its value. [`build`](ClientBuilder::build) returns the first error.
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
    fn with<T>(mut self, set: impl FnOnce(&mut Config) -> T) -> Self {
        // The settings keep an error of the setter until `build`.
        set(&mut self.0);
        self
    }

    /// Sets the credentials. See also [`load_env`](Self::load_env).
    pub fn credentials(self, credentials: Credentials) -> Self {
        self.with(|config| config.set_credentials(Ok(credentials)))
    }

    /// Sets the account of `{accountId}` in paths, and of JWTs.
    ///
    /// Boomi shows it under Settings > User Information > Account Information.
    pub fn account_id(self, account_id: &str) -> Self {
        self.with(|config| config.set_account_id(account_id))
    }

    /// Sets the platform's address, without a path; the default is [`BASE_URL_US`](crate::BASE_URL_US). https, or http
    /// to loopback.
    pub fn base_url(self, url: &str) -> Self {
        self.with(|config| config.set_base_url(url))
    }

    /// Sets the secret of one-time codes (two-factor authentication): base32, or an `otpauth://totp/` URI.
    ///
    /// Codes go with password sign-ins only; an API token needs none. No code is sent twice: a second sign-in within 30
    /// s waits for the next, or fails with [`ErrorKind::Otp`](crate::ErrorKind::Otp) if its deadline is nearer.
    pub fn otp_secret(self, base32_or_otpauth_uri: &str) -> Self {
        self.with(|config| config.set_otp_secret(base32_or_otpauth_uri))
    }

    /// Sets a function that returns a one-time code for a password sign-in.
    ///
    /// It runs on the calling thread, and its time counts against the deadline.
    pub fn otp_from_fn(
        self,
        ask: impl Fn() -> std::result::Result<String, Box<dyn std::error::Error + Send + Sync>> + Send + Sync + 'static,
    ) -> Self {
        let function = move || {
            let code = ask().map(zeroize::Zeroizing::new).map_err(|error| {
                let text = text::printable(&error.to_string(), 200);
                Error::new(ErrorKind::Otp, format!("the one-time code function failed: {text}"))
            })?;
            check_code(&code).map_err(|error| Error::new(ErrorKind::Otp, error.message()))
        };
        self.with(|config| config.otp = Some(OtpSource::Function(Arc::new(function))))
    }

    /// Sets how long a name look-up may take, and then a new connection: TCP, proxy and TLS together. Default 10 s.
    pub fn connect_timeout(self, timeout: Duration) -> Self {
        self.with(|config| config.set_connect_timeout(timeout))
    }

    /// Sets how long a whole call may take. Default 60 s. Deadlines are kept to within 50 ms.
    pub fn timeout(self, timeout: Duration) -> Self {
        self.with(|config| config.set_timeout(timeout))
    }

    /// Sets a PEM bundle of certificate authorities, in place of the trusted roots or besides them.
    pub fn ca_pem(self, pem: &[u8], mode: CaMode) -> Self {
        self.with(|config| config.set_ca_pem(pem, mode))
    }

    /// Sets the proxy, `http://user:password@host:port`; `""` for none, not even the environment's.
    ///
    /// Unless set, HTTPS_PROXY (HTTP_PROXY for loopback http), ALL_PROXY and NO_PROXY are read when the client is
    /// built.
    pub fn proxy(self, url: &str) -> Self {
        self.with(|config| config.set_proxy(url))
    }

    /// Sets what precedes this library's product in the `User-Agent` header.
    pub fn user_agent(self, product: &str) -> Self {
        self.with(|config| config.set_user_agent(product))
    }

    /// Sets the largest response body. Default 64 MiB. A larger one is
    /// [`ErrorKind::TooLarge`](crate::ErrorKind::TooLarge).
    pub fn max_response_bytes(self, bytes: u64) -> Self {
        self.with(|config| config.set_max_response_bytes(bytes))
    }

    /// Sets how many requests of one account the client sends in any second. Default 10, which is Boomi's limit; 0 is
    /// no limit.
    ///
    /// Further requests wait in the order in which they came. One that would have to wait beyond its deadline gets
    /// [`ErrorKind::RateLimited`](crate::ErrorKind::RateLimited) at once. Each attempt counts; token requests do not.
    pub fn requests_per_second(self, count: u32) -> Self {
        self.with(|config| config.set_requests_per_second(count))
    }

    /// Sets how often a request is retried at most, where that is safe. Default 4; 0 is never. See [`Client::send`].
    pub fn max_retries(self, count: u32) -> Self {
        self.with(|config| config.set_max_retries(count))
    }

    /// Sets how many sign-ins of recently accepted credentials may be in flight at once: 1 to 5, default 3.
    ///
    /// Further ones wait for the response of one of these. If the password was just changed, all of them may be
    /// rejected, and six rejected sign-ins lock a user.
    pub fn max_sign_ins_in_flight(self, count: u32) -> Self {
        self.with(|config| config.set_max_sign_ins_in_flight(count))
    }

    /// Sets a Valkey or Redis server as the shared store.
    ///
    /// Clients share the guard's memory, one-time codes, tokens and the rate limit through it.
    ///
    /// Needs the feature `redis`, which is not a default.
    ///
    /// `rediss://user:password@host:6379/0?prefix=...`, and `redis://` without TLS; `valkey` may stand in place of
    /// `redis`. `redis+sentinel://host1:26379,host2:26379/name/0` and `redis+cluster://host1:7000,host2:7001` work too.
    /// `ca_file=` is a PEM bundle that is trusted alone for TLS. JWTs are encrypted with a key from the credentials.
    /// While the server is unavailable no call fails because of it: this client uses its own memory, and its state
    /// directory if it has one.
    pub fn store(self, url: &str) -> Self {
        self.with(|config| config.set_store(url))
    }

    /// Sets a directory in which the guard remembers rejected sign-ins. Off by default: each process then has its own
    /// memory.
    ///
    /// With it, programs that start often, or many at once, do not lock the user together. It is created if it is
    /// missing, readable for this user alone, and must be on a local file system. Its files hold counts, times and a
    /// few bits of a slow hash of the secret, never a secret. If it cannot be used, an event tells it, and the process
    /// uses its own memory.
    pub fn state_dir(self, path: impl AsRef<Path>) -> Self {
        self.with(|config| config.set_state_dir(path.as_ref()))
    }

    /// Makes a state directory that is not set or cannot be used an error,
    /// [`ErrorKind::Config`](crate::ErrorKind::Config).
    ///
    /// For programs that end after a few calls: their own memory ends with them.
    pub fn state_dir_required(self) -> Self {
        self.with(|config| config.state_dir_required = true)
    }

    /// Sets the provider of the JWTs for this client's requests.
    ///
    /// For another host that takes the platform's JWT, such as a DataHub repository.
    /// [`AuthScheme::Auto`](crate::AuthScheme::Auto) then means a JWT for every request.
    pub fn token_provider(self, provider: &TokenProvider) -> Self {
        self.with(|config| config.token_provider = Some(Arc::new(provider.clone())))
    }

    /// Sets a function that receives the client's events. See [`Event`].
    pub fn on_event(self, handler: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        self.with(|config| config.on_event = Some(Arc::new(handler)))
    }

    /// Sets a function that runs at least every 100 ms of a wait; `true` cancels the call.
    ///
    /// It runs on the calling thread.
    pub fn wait_hook(self, hook: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        self.with(|config| config.wait_hook = Some(Arc::new(hook)))
    }

    /// Fills unset settings from the environment.
    ///
    /// `BOOMI_ACCOUNT_ID`, `BOOMI_USERNAME`, `BOOMI_API_TOKEN` or `BOOMI_PASSWORD`, `BOOMI_OTP_SECRET` (each of the
    /// three secrets also as `..._FILE`), or in place of token and password `BOOMI_CREDENTIAL_PROCESS` (see
    /// [`Credentials::process`]) or `BOOMI_KEYCHAIN` (see [`Credentials::keychain`]); `BOOMI_API_URL`, `BOOMI_CA_FILE`
    /// (trusted alone), `BOOMI_STATE_DIR`, `BOOMI_STORE`, `BOOMI_TIMEOUT` and
    /// `BOOMI_CONNECT_TIMEOUT` (seconds).
    pub fn load_env(self) -> Self {
        self.with(|config| config.load_env(&variable))
    }

    /// Fills unset settings like [`load_env`](Self::load_env), with `value` in place of the environment.
    ///
    /// `value` gets the name of each variable. `None` and an empty value mean that the variable is unset.
    pub fn load_variables(self, value: impl Fn(&str) -> Option<OsString>) -> Self {
        self.with(|config| config.load_env(&|name| value(name).filter(|value| !value.is_empty())))
    }

    /// Builds the client, or returns the first error of a setting. No I/O.
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
            .field("otp", &self.0.otp.as_ref().map_or("none", OtpSource::name))
            .finish_non_exhaustive()
    }
}
