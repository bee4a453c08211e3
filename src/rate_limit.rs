//! The client-side rate limit: so many requests of each account in any second.
//!
//! [`Window`] decides; [`RateLimiter`] is what a client's threads share; [`RatePermit`] allows one request to leave.

mod window;

use std::cell::{Cell, RefCell};
use std::sync::{Arc, OnceLock};
use std::{collections::HashMap, time::Duration};

use crate::error::{Error, ErrorKind, Result};
use crate::shared_store::{SharedStore, StorePermit};
use crate::sync::{Mutex, Signal, lock};
use crate::transport::progress::{OnSent, Phase};
use crate::{fork::PerProcess, transport::deadline::Deadline};
use window::Window;

/// What Boomi takes of one account. (Source: developer.boomi.com, "API licensing".)
pub(crate) const DEFAULT_REQUESTS_PER_SECOND: u32 = 10;
/// The highest limit: a list of so many requests is still quick to search.
pub(crate) const MOST_REQUESTS_PER_SECOND: u32 = 10_000;

/// The shortest wait for the requests ahead.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// The requests of one account, shared by the threads of one process.
#[derive(Default)]
struct Bucket {
    /// Held for a few instructions, never across I/O or a callback.
    window: Mutex<Window>,
    changed: Signal,
    /// The key of its rate limit in the shared store.
    key: OnceLock<String>,
}

pub(crate) struct RateLimiter {
    /// Requests per second of each account; 0 for no limit.
    pub(crate) limit: usize,
    /// The store that shares the rate limit, and the origin.
    store: Option<(Arc<dyn SharedStore>, String)>,
    buckets: PerProcess<Mutex<HashMap<String, Arc<Bucket>>>>,
}

impl RateLimiter {
    pub(crate) fn new(requests_per_second: u32, store: Option<Arc<dyn SharedStore>>, origin: String) -> Self {
        let (limit, store) = (requests_per_second as usize, store.map(|store| (store, origin)));
        RateLimiter { limit, store, buckets: PerProcess::empty() }
    }

    /// Waits for a permit, in order of arrival. Fails at once if that would outlast the call; `None` without a limit.
    fn permit(&self, account: &str, deadline: &Deadline, arrival: Option<u64>) -> Result<Option<BucketPermit>> {
        if self.limit == 0 {
            return Ok(None);
        }
        let bucket = self.bucket(account);
        let id = lock(&bucket.window).join(arrival);
        let queued = QueuedRequest { bucket, id };
        loop {
            let seen = queued.bucket.changed.count();
            let now = deadline.clock().boottime();
            let place = lock(&queued.bucket.window).place(queued.id, self.limit, now);
            let Some(wait) = place else { return Ok(Some(BucketPermit { bucket: queued.bucket.clone(), id })) };
            // That the place would come after the deadline is known now, or when the deadline passes.
            let or_too_late = |error: Error| match error.kind() {
                ErrorKind::Timeout => self.too_late(account, deadline, wait),
                _ => error,
            };
            if wait >= deadline.remaining() {
                deadline.check().map_err(or_too_late)?;
                return Err(self.too_late(account, deadline, wait));
            }
            deadline.progress.set_phase(Phase::RateLimit);
            // A place may be free before the requests ahead wake up: they notify when they take it or leave.
            let at_most = wait.max(LOOK_AGAIN);
            deadline.wait_for(&queued.bucket.changed, seen, deadline.clock().now() + at_most).map_err(or_too_late)?;
        }
    }

    fn bucket(&self, account: &str) -> Arc<Bucket> {
        let buckets = self.buckets.get(Mutex::default);
        lock(&buckets).entry(account.to_owned()).or_default().clone()
    }

    fn too_late(&self, account: &str, deadline: &Deadline, wait: Duration) -> Error {
        let of = if account.is_empty() { String::new() } else { format!(" of the account {account}") };
        let text = format!(
            "not sent: {} takes {} requests{of} a second, so this one could leave in {} ms at the earliest, after its \
             deadline: allow more time, or send fewer requests (requests_per_second)",
            deadline.host(),
            self.limit,
            wait.as_millis()
        );
        Error::new(ErrorKind::RateLimited, text).with_retry_after(Some(wait)).retryable(true)
    }
}

/// A request in the queue, which it leaves when this is dropped.
struct QueuedRequest {
    bucket: Arc<Bucket>,
    id: u64,
}

impl Drop for QueuedRequest {
    /// With a place or without: the next request may be the first now.
    fn drop(&mut self) {
        lock(&self.bucket.window).leave(self.id);
        self.bucket.changed.notify();
    }
}

/// Allows one request to be sent.
pub(crate) struct RatePermit<'a> {
    rate_limiter: &'a RateLimiter,
    account: &'a str,
    deadline: &'a Deadline,
    /// `None` without a limit, or after [`give_back`](Self::give_back).
    permit: RefCell<Option<BucketPermit>>,
    arrival: Cell<Option<u64>>,
}

impl<'a> RatePermit<'a> {
    /// Waits for a permit, in order of arrival. Fails at once if that would outlast the call.
    pub(crate) fn wait(rate_limiter: &'a RateLimiter, account: &'a str, deadline: &'a Deadline) -> Result<Self> {
        let (permit, arrival) = (RefCell::default(), Cell::default());
        let permit = RatePermit { rate_limiter, account, deadline, permit, arrival };
        permit.wait_again()?;
        Ok(permit)
    }

    /// Lets other requests go first.
    pub(crate) fn give_back(&self) {
        self.permit.take();
    }

    /// Waits for another permit, with the rank of the first arrival.
    pub(crate) fn wait_again(&self) -> Result<()> {
        let permit = self.rate_limiter.permit(self.account, self.deadline, self.arrival.get())?;
        self.arrival.set(self.arrival.get().or(permit.as_ref().map(|permit| permit.id)));
        self.permit.replace(permit);
        Ok(())
    }

    /// Waits for the limit that a store shares. Without a usable store, only this process's limit holds.
    pub(crate) fn wait_for_store(&self) -> Result<()> {
        let (limiter, account, deadline) = (self.rate_limiter, self.account, self.deadline);
        let (permit, store) = (self.permit.borrow(), &limiter.store);
        let (Some(permit), Some((store, origin))) = (&*permit, store) else { return Ok(()) };
        let key = permit.bucket.key.get_or_init(|| store.rate_limit_key(origin, account));
        match store.rate_limit_permit(key, limiter.limit, deadline.remaining()) {
            Ok(StorePermit::In(wait)) => {
                deadline.progress.set_phase(Phase::RateLimit);
                deadline.wait(wait)
            }
            Ok(StorePermit::TooLate(wait)) => Err(limiter.too_late(account, deadline, wait)),
            Err(_) => Ok(()),
        }
    }

    /// The function to call when the whole request has left.
    pub(crate) fn on_sent(&self) -> Option<OnSent> {
        self.permit.borrow().as_ref().map(|permit| -> OnSent {
            let (bucket, id) = (permit.bucket.clone(), permit.id);
            Box::new(move |now| lock(&bucket.window).sent(id, now))
        })
    }

    /// Records the response, or that none will come.
    pub(crate) fn end(self) {
        if let Some(permit) = self.permit.take()
            && self.deadline.progress.was_sent()
            && lock(&permit.bucket.window).answered(permit.id, self.deadline.clock().boottime())
        {
            permit.bucket.changed.notify();
        }
    }
}

/// A place in a bucket's window, given back if it is dropped before the request leaves.
struct BucketPermit {
    bucket: Arc<Bucket>,
    id: u64,
}

impl Drop for BucketPermit {
    fn drop(&mut self) {
        if lock(&self.bucket.window).give_back(self.id) {
            self.bucket.changed.notify();
        }
    }
}

/// The account whose limit a request counts for: the one in its path, or else `default`.
pub(crate) fn account_of<'a>(path: &'a str, default: Option<&'a str>) -> &'a str {
    const FAMILIES: [&str; 4] = ["/api/rest/v1/", "/partner/api/rest/v1/", "/apim/api/rest/v1/", "/mdm/api/rest/v1/"];
    let rest = FAMILIES.into_iter().find_map(|family| path.strip_prefix(family));
    let in_path = rest.and_then(|rest| rest.split('/').next()).filter(|account| !account.is_empty());
    in_path.or(default).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_counts_for_the_account_in_its_path() {
        for (path, account) in [
            ("/api/rest/v1/a-1/Process/query", "a-1"),
            ("/partner/api/rest/v1/a-1/Process", "a-1"),
            ("/apim/api/rest/v1/a-1/x", "a-1"),
            ("/mdm/api/rest/v1/a-1", "a-1"),
            ("/mdm/universes/u-1/records/query", "own"),
            ("/graphql", "own"),
            ("/api/rest/v1/", "own"),
        ] {
            assert_eq!(account_of(path, Some("own")), account, "{path}");
        }
        assert_eq!(account_of("/graphql", None), "");
    }
}
