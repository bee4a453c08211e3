//! Locks and signals between threads. `cargo test --features model` replaces them with those of the model checker.

use std::{sync::Arc, time::Duration};

#[cfg(all(test, feature = "model"))]
pub(crate) use shuttle::sync::{Condvar, Mutex, MutexGuard};
#[cfg(not(all(test, feature = "model")))]
pub(crate) use std::sync::{Condvar, Mutex, MutexGuard};

/// Takes a lock, also after a panic: no lock is held while a caller's code runs, so its data is consistent.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// A count of changes that threads wait on.
///
/// A waiting thread reads the count, then the state, and then waits until the count differs: so it misses no change.
#[derive(Clone, Default)]
pub(crate) struct Signal(Arc<Changes>);

#[derive(Default)]
struct Changes {
    state: Mutex<Counts>,
    changed: Condvar,
}

#[derive(Default)]
struct Counts {
    changes: u64,
    /// How many threads wait: without any, `notify` makes no system call.
    waiting: usize,
}

impl Signal {
    pub(crate) fn is_shared(&self) -> bool {
        Arc::strong_count(&self.0) > 1
    }

    pub(crate) fn count(&self) -> u64 {
        lock(&self.0.state).changes
    }

    /// Counts a change and wakes all waiting threads.
    pub(crate) fn notify(&self) {
        if self.count_one() > 0 {
            self.0.changed.notify_all();
        }
    }

    /// Counts a change that only one thread can use, and wakes one. The others see it a slice later.
    pub(crate) fn notify_one(&self) {
        if self.count_one() > 0 {
            self.0.changed.notify_one();
        }
    }

    fn count_one(&self) -> usize {
        let mut state = lock(&self.0.state);
        state.changes += 1;
        state.waiting
    }

    /// Returns when more changes than `seen` are counted, after `timeout`, or spuriously. Call it through
    /// [`Clock::wait`](crate::clock::Clock::wait), so that tests control time.
    pub(crate) fn wait(&self, seen: u64, timeout: Duration) {
        let mut state = lock(&self.0.state);
        if state.changes == seen {
            state.waiting += 1;
            let woken = self.0.changed.wait_timeout(state, timeout);
            woken.unwrap_or_else(std::sync::PoisonError::into_inner).0.waiting -= 1;
        }
    }
}
