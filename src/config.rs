//! The settings of a client. Setters check each value.

pub(crate) mod env;

use std::path::{Path, PathBuf};
use std::{sync::Arc, time::Duration};

use crate::clock::Clock;
use crate::credentials::{Credentials, read_secret_file};
use crate::error::{Error, FirstError, Result};
use crate::guard::{self, Guard, LoginMemory};
use crate::origin::{self, BASE_URL_US, Origin};
use crate::shared_store::{OpenStore, SharedStore};
use crate::transport::deadline::{Deadline, WaitHook};
use crate::transport::proxy::{Proxy, ProxySetting};
use crate::transport::tls::{Roots, read_bundle};
use crate::validate::{check, check_timeout, ensure};
use crate::{
    bearer::BearerSource, event::Event, guard::state_dir::StateDir, otp::OtpSecret,
    rate_limit::MOST_REQUESTS_PER_SECOND, secret::Secret, transport::Transport,
};

pub(crate) type EventHandler = Arc<dyn Fn(&Event) + Send + Sync>;

#[derive(Clone)]
pub(crate) enum OtpSource {
    Secret(Arc<OtpSecret>),
    /// A file with the secret. It is read for every code.
    File(PathBuf),
    Function(Arc<dyn Fn() -> Result<Secret> + Send + Sync>),
}

impl OtpSource {
    /// The secret that codes are computed from; `None` if a function gives the codes.
    pub(crate) fn secret(&self) -> Result<Option<Arc<OtpSecret>>> {
        match self {
            OtpSource::Secret(secret) => Ok(Some(secret.clone())),
            OtpSource::File(path) => Ok(Some(Arc::new(OtpSecret::parse(&read_secret_file(path)?)?))),
            OtpSource::Function(_) => Ok(None),
        }
    }

    pub(crate) fn name(&self) -> &'static str {
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

/// The settings as given. A setting that is `None` gets the environment's value or its default.
///
/// The first error of a setter is kept too, so that a caller may set everything and check once.
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
    pub(crate) token_provider: Option<Arc<dyn BearerSource>>,
    pub(crate) on_event: Option<EventHandler>,
    pub(crate) wait_hook: Option<WaitHook>,
    /// Set by tests, as the next two.
    pub(crate) transport: Option<Arc<dyn Transport>>,
    pub(crate) clock: Option<Arc<dyn Clock>>,
    pub(crate) guard_table: Option<Arc<dyn LoginMemory>>,
    pub(crate) first_error: FirstError,
}

impl Config {
    pub(crate) const DEFAULT_CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
    pub(crate) const DEFAULT_TIMEOUT: Duration = Duration::from_secs(60);
    pub(crate) const DEFAULT_MAX_RETRIES: u32 = 4;
    const MOST_RETRIES: u32 = 100;
    pub(crate) const DEFAULT_MAX_RESPONSE_BYTES: u64 = 64 * 1024 * 1024;

    /// Applies a checked value, or keeps its error.
    pub(crate) fn set<T>(&mut self, checked: Result<T>, apply: impl FnOnce(&mut Self, T)) -> Result<()> {
        let value = self.first_error.keep(checked)?;
        apply(self, value);
        Ok(())
    }

    pub(crate) fn set_credentials(&mut self, credentials: Result<Credentials>) -> Result<()> {
        self.set(credentials, |config, credentials| config.credentials = Some(credentials))
    }

    pub(crate) fn set_account_id(&mut self, account_id: &str) -> Result<()> {
        self.set(origin::check_account_id(account_id), |config, ()| config.account_id = Some(account_id.to_owned()))
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
        let roots = read_bundle(pem).map(|bundle| match mode {
            CaMode::Only => Roots::Only(bundle),
            CaMode::Add => Roots::Add(bundle),
        });
        self.set(roots, |config, roots| config.roots = Some(roots))
    }

    pub(crate) fn set_proxy(&mut self, url: &str) -> Result<()> {
        let proxy = if url.is_empty() {
            Ok(ProxySetting::Direct)
        } else {
            // A bad argument, not a failure of the proxy.
            Proxy::parse(url, "the proxy setting")
                .map(ProxySetting::Explicit)
                .map_err(|error| Error::invalid(error.message()))
        };
        self.set(proxy, |config, proxy| config.proxy = Some(proxy))
    }

    pub(crate) fn set_user_agent(&mut self, product: &str) -> Result<()> {
        let checked = check("the user agent", product)
            .and_then(|()| ensure(product.is_ascii(), "the user agent has characters that are not ASCII"));
        self.set(checked, |config, ()| config.user_agent = Some(product.to_owned()))
    }

    pub(crate) fn set_max_response_bytes(&mut self, bytes: u64) -> Result<()> {
        let checked = ensure(bytes > 0, "the largest response is 0 bytes: no response would fit");
        self.set(checked, |config, ()| config.max_response_bytes = Some(bytes))
    }

    pub(crate) fn set_requests_per_second(&mut self, count: u32) -> Result<()> {
        let text =
            format!("{count} requests a second: up to {MOST_REQUESTS_PER_SECOND} are possible, and 0 for no limit");
        let checked = ensure(count <= MOST_REQUESTS_PER_SECOND, text);
        self.set(checked, |config, ()| config.requests_per_second = Some(count))
    }

    pub(crate) fn set_max_retries(&mut self, count: u32) -> Result<()> {
        let text = format!("{count} retries: up to {} are possible, and 0 for none", Self::MOST_RETRIES);
        let checked = ensure(count <= Self::MOST_RETRIES, text);
        self.set(checked, |config, ()| config.max_retries = Some(count))
    }

    pub(crate) fn set_max_sign_ins_in_flight(&mut self, count: u32) -> Result<()> {
        let text = format!("{count} sign-ins in flight: 1 to 5 are possible, because six rejected ones lock a user");
        let checked = ensure((1..=5).contains(&count), text);
        self.set(checked, |config, ()| config.max_sign_ins_in_flight = Some(count))
    }

    pub(crate) fn set_state_dir(&mut self, path: &Path) -> Result<()> {
        let is_given = !path.as_os_str().is_empty();
        let checked = ensure(is_given, "the state directory is empty: give its path, or leave it unset for none");
        self.set(checked, |config, ()| config.state_dir = Some(path.to_owned()))
    }

    pub(crate) fn set_store(&mut self, url: &str) -> Result<()> {
        self.set(store_at(url), |config, open| config.store = Some(open))
    }

    pub(crate) fn guard(&self, origin: String, clock: Arc<dyn Clock>, store: Option<&dyn SharedStore>) -> Guard {
        let in_flight = self.max_sign_ins_in_flight.unwrap_or(guard::DEFAULT_MOST_IN_FLIGHT);
        let mut guard = Guard::new(origin, clock, in_flight, self.guard_table.clone());
        if let Some(store) = store {
            guard = guard.shared_by(store.histories(), store.place().to_owned());
        }
        if let Some(path) = &self.state_dir {
            let check = || Deadline::current().map_or(Ok(()), |deadline| deadline.check());
            guard = guard.shared_by(Arc::new(StateDir::new(path.clone(), check)), path.display().to_string());
        }
        guard.must_be_shared = self.state_dir_required;
        guard
    }

    pub(crate) fn origin(&self) -> Origin {
        self.origin.clone().unwrap_or_else(|| Origin::parse_base(BASE_URL_US).expect("a good URL"))
    }
}

#[cfg(feature = "redis")]
fn store_at(url: &str) -> Result<OpenStore> {
    crate::store::at(url)
}

#[cfg(not(feature = "redis"))]
fn store_at(_: &str) -> Result<OpenStore> {
    Err(Error::config(
        "this library was built without the feature `redis`, so it knows no store: build it with that, or leave \
         BOOMI_STORE and the setting unset",
    ))
}
