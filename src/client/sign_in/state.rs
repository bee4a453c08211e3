//! A client's authentication state: the cached credentials, the source of one-time codes, and the guard.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::{sync::Arc, time::Duration};

use crate::credentials::{CredentialCache, Credentials, Loaded};
use crate::error::{Error, Result};
use crate::{
    config::OtpSource, config::env::missing_credentials, fork::PerProcess, guard::Guard, single_flight::SingleFlight,
};

/// While the guard holds credentials that can change, they are loaded again this often.
const BETWEEN_LOADS: Duration = Duration::from_secs(5);

pub(crate) struct AuthState {
    cache: Option<CredentialCache>,
    pub(crate) otp: Option<OtpSource>,
    pub(crate) guard: Arc<Guard>,
    /// Whether a probe was made to learn the server's time.
    pub(super) probed_time: AtomicBool,
    pub(super) time_probes: PerProcess<SingleFlight<Error>>,
    /// Loads of credentials that take long or ask a person.
    pub(super) loads: PerProcess<SingleFlight<Error>>,
    /// When held credentials may be loaded again: steady milliseconds.
    next_load: AtomicU64,
}

impl AuthState {
    pub(crate) fn new(credentials: Option<Credentials>, otp: Option<OtpSource>, guard: Guard) -> Self {
        AuthState {
            cache: credentials.map(CredentialCache::new),
            otp,
            guard: Arc::new(guard),
            probed_time: AtomicBool::new(false),
            time_probes: PerProcess::empty(),
            loads: PerProcess::empty(),
            next_load: AtomicU64::new(0),
        }
    }

    pub(crate) fn credentials(&self) -> Option<&Credentials> {
        self.cache.as_ref().map(CredentialCache::credentials)
    }

    pub(super) fn cache(&self) -> Result<&CredentialCache> {
        self.cache.as_ref().ok_or_else(missing_credentials)
    }

    pub(super) fn reject(&self, loaded: &Loaded) {
        self.cache.iter().for_each(|cache| cache.reject(loaded));
    }

    pub(crate) fn reset_guard(&self) {
        let name = self.cache.as_ref().and_then(CredentialCache::username);
        self.guard.reset(name.as_deref());
    }

    /// Whether the client computes one-time codes itself, and so needs the server's time.
    pub(crate) fn computes_codes(&self) -> bool {
        matches!(&self.otp, Some(OtpSource::Secret(_) | OtpSource::File(_)))
    }

    /// Whether held credentials are due to be loaded again at `now`, in steady time. Once in each interval it says yes.
    pub(super) fn is_load_due(&self, now: Duration) -> bool {
        let now = now.as_millis() as u64;
        let next = now + BETWEEN_LOADS.as_millis() as u64;
        let due = |due| (due <= now).then_some(next);
        self.next_load.fetch_update(Ordering::AcqRel, Ordering::Acquire, due).is_ok()
    }
}
