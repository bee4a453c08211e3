//! Work that one call does for all: others that come meanwhile wait for its end.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::error::{Error, ErrorKind, Result};
use crate::sync::{Mutex, Signal, lock};
use crate::transport::scope::Scope;

/// One piece of such work.
#[derive(Default)]
pub(super) struct Single {
    under_way: AtomicBool,
    ended: Signal,
    /// What the last one failed with, if that says nothing of the call that did it.
    failure: Mutex<Option<Error>>,
}

/// Lets the next one begin, also after a panic.
struct Turn<'a>(&'a Single);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.under_way.store(false, Ordering::Release);
        self.0.ended.notify();
    }
}

impl Single {
    /// How often it ended. To be read before a look at what it is for, so that no end is missed between the two.
    pub(super) fn count(&self) -> u64 {
        self.ended.count()
    }

    /// Does the work, and returns what came of it; or, if another call is at it, waits until there are more ends than were
    /// `seen`, and returns `None`, or what that one failed with.
    pub(super) fn run_or_wait<T>(
        &self,
        scope: &Scope,
        seen: u64,
        work: impl FnOnce() -> Result<T>,
    ) -> Result<Option<T>> {
        if self.under_way.swap(true, Ordering::AcqRel) {
            scope.wait_for(&self.ended, seen, scope.clock().now() + scope.remaining())?;
            // Nobody runs out of time here: that is seen by whoever looks next.
            return lock(&self.failure).clone().map_or(Ok(None), Err);
        }
        let turn = Turn(self);
        if self.count() != seen {
            // Another one ended between the look and here.
            return Ok(None);
        }
        let done = work();
        let of_the_work = |error: &&Error| !matches!(error.kind(), ErrorKind::Canceled | ErrorKind::Timeout);
        *lock(&self.failure) = done.as_ref().err().filter(of_the_work).cloned();
        drop(turn);
        done.map(Some)
    }
}
