//! The credentials that a client has loaded, until they expire or the server rejects them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::{sync::Arc, time::Duration};

use arc_swap::ArcSwapOption;

use super::basic::{Basic, LoadResult};
use super::source::Credentials;
use crate::error::Result;

/// A client's credentials: loaded once, again after a rejection, and when they expire.
pub(crate) struct CredentialCache {
    credentials: Credentials,
    current: ArcSwapOption<Loaded>,
    /// The highest generation that the server rejected.
    rejected: AtomicU64,
}

/// Loaded credentials and their generation, which counts the loads.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) basic: Arc<Basic>,
    /// Whether they replace credentials that the server rejected.
    pub(crate) after_rejection: bool,
    generation: u64,
    expires_at: Option<Duration>,
}

impl CredentialCache {
    pub(crate) fn new(credentials: Credentials) -> Self {
        CredentialCache { credentials, current: ArcSwapOption::empty(), rejected: AtomicU64::new(0) }
    }

    pub(crate) fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    pub(crate) fn username(&self) -> Option<String> {
        let loaded = self.current.load();
        let loaded = loaded.as_ref().map(|loaded| loaded.basic.username.as_str());
        loaded.or_else(|| self.credentials.username()).map(str::to_owned)
    }

    /// Returns the loaded credentials, unless they were rejected or have expired at `wall`.
    pub(crate) fn current(&self, wall: Duration) -> Option<Arc<Loaded>> {
        let rejected = self.rejected.load(Ordering::Acquire);
        let is_good = |loaded: &Loaded| loaded.generation > rejected && loaded.expires_at.is_none_or(|end| wall < end);
        self.current.load_full().filter(|loaded| is_good(loaded))
    }

    /// Loads credentials and returns whether this call loaded the ones that it returns.
    ///
    /// It holds no lock. `check` fails when the call that needs them has ended.
    pub(crate) fn load(&self, check: &dyn Fn() -> Result<()>) -> Result<(Arc<Loaded>, bool)> {
        let current = self.current.load_full();
        let rejected = self.rejected.load(Ordering::Acquire);
        let was_rejected = current.as_ref().is_some_and(|loaded| loaded.generation <= rejected);
        let LoadResult { basic, expires_at } = self.credentials.load(was_rejected, check)?;
        let generation = current.as_ref().map_or(0, |loaded| loaded.generation) + 1;
        let loaded = Arc::new(Loaded { basic, after_rejection: was_rejected, generation, expires_at });
        // Of two concurrent loads the first one counts: a generation has one secret.
        let previous = self.current.compare_and_swap(&current, Some(loaded.clone()));
        match &*previous {
            Some(other) if !current.is_some_and(|current| Arc::ptr_eq(&current, other)) => Ok((other.clone(), false)),
            _ => Ok((loaded, true)),
        }
    }

    /// Marks `loaded` as rejected by the server: the next authentication attempt loads again.
    pub(crate) fn reject(&self, loaded: &Loaded) {
        self.rejected.fetch_max(loaded.generation, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    /// Gets credentials as calls do, at the time 100 s.
    fn get(cache: &CredentialCache) -> Result<(Arc<Loaded>, bool)> {
        let current = cache.current(Duration::from_secs(100));
        current.map_or_else(|| cache.load(&|| Ok(())), |current| Ok((current, false)))
    }

    #[test]
    fn function_is_called_again_only_after_rejection() {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = asked.clone();
        let cache = CredentialCache::new(Credentials::from_fn(move |rejected| {
            let mut log = log.lock().unwrap();
            log.push(rejected);
            Credentials::password("user", &format!("secret {}", log.len()))
        }));
        assert_eq!(cache.username(), None);
        let (first, fresh) = get(&cache).unwrap();
        assert!(fresh);
        assert!(!get(&cache).unwrap().1);
        cache.reject(&first);
        let (second, fresh) = get(&cache).unwrap();
        assert!(fresh);
        assert_ne!(first.basic.header, second.basic.header);
        cache.reject(&first); // a late result of an earlier attempt
        assert!(!get(&cache).unwrap().1);
        assert_eq!(*asked.lock().unwrap(), [false, true]);
        assert_eq!(cache.username().as_deref(), Some("user"));
    }

    #[test]
    #[cfg(all(unix, feature = "credential-process"))]
    fn program_runs_again_after_rejection_and_expiry() {
        let print = |expires_at: u64| {
            let fields = r#"\"version\":1,\"username\":\"user@example.com\",\"api_token\":\"t$BOOMI_REJECTED\""#;
            Credentials::process(&format!("echo \"{{{fields},\\\"expires_at\\\":{expires_at}}}\""), None).unwrap()
        };
        let cache = CredentialCache::new(print(101));
        let (first, fresh) = get(&cache).unwrap();
        assert!(fresh && !get(&cache).unwrap().1);
        assert_eq!(first.basic.secret.expose(), "t0");
        cache.reject(&first);
        assert_eq!(get(&cache).unwrap().0.basic.secret.expose(), "t1");

        let cache = CredentialCache::new(print(100));
        let (first, fresh) = get(&cache).unwrap();
        assert!(fresh && get(&cache).unwrap().1);
        assert_eq!(first.basic.secret.expose(), "t0");
        assert_eq!(get(&cache).unwrap().0.basic.secret.expose(), "t0", "nothing was rejected");

        let error = get(&CredentialCache::new(Credentials::process("echo hunter2", None).unwrap())).unwrap_err();
        assert!(error.message().contains("printed is not one JSON object"), "{error}");
    }

    #[test]
    fn concurrent_loads_return_one_result() {
        // During a load another one starts and finishes: at the first load, and at the one after a rejection.
        let cache = Arc::new(std::sync::OnceLock::<CredentialCache>::new());
        let (inside, depth) = (cache.clone(), Mutex::new(0));
        let ask = move |_: bool| {
            *depth.lock().unwrap() += 1;
            let count = *depth.lock().unwrap();
            if count % 2 == 1 {
                let (other, fresh) = inside.get().unwrap().load(&|| Ok(())).unwrap();
                assert!(fresh);
                assert_eq!(other.basic.secret.expose(), format!("secret {}", count + 1));
            }
            Credentials::password("user", &format!("secret {count}"))
        };
        assert!(cache.set(CredentialCache::new(Credentials::from_fn(ask))).is_ok());
        let cache = cache.get().unwrap();
        for secret in ["secret 2", "secret 4"] {
            let (loaded, fresh) = get(cache).unwrap();
            assert!(!fresh);
            assert_eq!(loaded.basic.secret.expose(), secret);
            assert_eq!(get(cache).unwrap().0.basic.secret.expose(), secret);
            cache.reject(&loaded);
        }
    }
}
