//! Locks, and a way to wait for what another thread does. The models of `cargo test --features model` have their own.

use std::sync::Arc;
use std::time::Duration;

#[cfg(all(test, feature = "model"))]
pub(crate) use shuttle::sync::{Condvar, Mutex, MutexGuard};
#[cfg(not(all(test, feature = "model")))]
pub(crate) use std::sync::{Condvar, Mutex, MutexGuard};

/// Takes a lock. What a panic left behind is as good as any: no lock of ours is held across code that is not ours.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// A count of changes, for those who wait for the next.
///
/// Whoever waits reads the count before it looks at what may change, and then waits for another count: so no change is
/// missed between looking and waiting.
#[derive(Clone, Default)]
pub(crate) struct Signal(Arc<Changes>);

#[derive(Default)]
struct Changes {
    count: Mutex<u64>,
    changed: Condvar,
}

impl Signal {
    /// How many changes there were.
    pub(crate) fn count(&self) -> u64 {
        *lock(&self.0.count)
    }

    /// Tells all who wait.
    pub(crate) fn notify(&self) {
        *lock(&self.0.count) += 1;
        self.0.changed.notify_all();
    }

    /// Returns when there are more changes than were `seen`, or after `timeout`, or for no reason at all. Through a
    /// [`Clock`](crate::clock::Clock), so that tests decide when time is over.
    pub(crate) fn wait(&self, seen: u64, timeout: Duration) {
        let count = lock(&self.0.count);
        if *count == seen {
            drop(self.0.changed.wait_timeout(count, timeout));
        }
    }
}
