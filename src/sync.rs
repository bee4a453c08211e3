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
    state: Mutex<Counts>,
    changed: Condvar,
}

#[derive(Default)]
struct Counts {
    changes: u64,
    /// How many wait: with nobody there, telling would be a system call for nothing.
    waiting: usize,
}

impl Signal {
    /// Whether anybody else has it.
    pub(crate) fn is_shared(&self) -> bool {
        Arc::strong_count(&self.0) > 1
    }

    /// How many changes there were.
    pub(crate) fn count(&self) -> u64 {
        lock(&self.0.state).changes
    }

    /// Tells all who wait.
    pub(crate) fn notify(&self) {
        if self.count_one() > 0 {
            self.0.changed.notify_all();
        }
    }

    /// Tells one of them at once, and the others when they look again: for a change that only one can make use of.
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

    /// Returns when there are more changes than were `seen`, or after `timeout`, or for no reason at all. Through a
    /// [`Clock`](crate::clock::Clock), so that tests decide when time is over.
    pub(crate) fn wait(&self, seen: u64, timeout: Duration) {
        let mut state = lock(&self.0.state);
        if state.changes == seen {
            state.waiting += 1;
            let woken = self.0.changed.wait_timeout(state, timeout);
            woken.unwrap_or_else(std::sync::PoisonError::into_inner).0.waiting -= 1;
        }
    }
}

/// How models are run.
#[cfg(all(test, feature = "model"))]
pub(crate) mod model {
    use std::sync::Arc;

    use shuttle::{check_pct, check_random, thread};

    /// Does each in a thread of its own, and waits for all.
    pub(crate) fn at_once<W: Send + Sync + 'static>(world: &Arc<W>, acts: &[fn(&W)]) {
        let start = |act: &fn(&W)| {
            let (world, act) = (world.clone(), *act);
            thread::spawn(move || act(&world))
        };
        let threads: Vec<_> = acts.iter().map(start).collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    }

    /// Half of the schedules are drawn evenly, half favour few changes of thread at awkward places.
    pub(crate) fn check(schedules: usize, model: fn()) {
        check_random(model, schedules / 2);
        check_pct(model, schedules / 2, 3);
    }
}
