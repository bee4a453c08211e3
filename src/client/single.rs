//! Work that one call does for all: others that come meanwhile wait for its end.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::error::{Error, ErrorKind, Result};
use crate::sync::{Mutex, Signal, lock};
use crate::transport::deadline::Deadline;

/// One piece of such work.
#[derive(Default)]
pub(crate) struct Single {
    under_way: AtomicBool,
    ended: Signal,
    /// What the last one failed with, if that says nothing of the call that did it, and how many had ended before.
    failure: Mutex<Option<(u64, Error)>>,
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
    pub(crate) fn count(&self) -> u64 {
        self.ended.count()
    }

    /// Does the work, and returns what came of it; or, if another call is at it, waits until there are more ends than were
    /// `seen`, and returns `None`, or what that one failed with.
    pub(crate) fn run_or_wait<T>(
        &self,
        deadline: &Deadline,
        seen: u64,
        work: impl FnOnce() -> Result<T>,
    ) -> Result<Option<T>> {
        if self.under_way.swap(true, Ordering::AcqRel) {
            deadline.wait_for(&self.ended, seen, deadline.clock().now() + deadline.remaining())?;
            // Nobody runs out of time here: that is seen by whoever looks next.
            return self.end_since(seen);
        }
        let turn = Turn(self);
        if self.count() != seen {
            // Another one ended between the look and here.
            return self.end_since(seen);
        }
        let done = work();
        let of_the_work = |error: &&Error| !matches!(error.kind(), ErrorKind::Canceled | ErrorKind::Timeout);
        *lock(&self.failure) = done.as_ref().err().filter(of_the_work).map(|error| (seen, error.clone()));
        drop(turn);
        done.map(Some)
    }

    /// What became of the work for whoever looked when so many had ended: an older failure is not theirs.
    fn end_since<T>(&self, seen: u64) -> Result<Option<T>> {
        match &*lock(&self.failure) {
            Some((before, error)) if *before >= seen => Err(error.clone()),
            _ => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;
    use crate::tests::fake_clock::FakeClock;
    use crate::transport::deadline::{Cancellation, Limits};

    fn deadline() -> Rc<Deadline> {
        let timeout = Duration::from_secs(10);
        Deadline::begin(Limits {
            clock: Arc::new(FakeClock::at(0)),
            host: "example.com".into(),
            timeout,
            one_read: false,
            connect_timeout: timeout,
            stops: Cancellation::default(),
            hook: None,
        })
    }

    fn failed() -> Result<()> {
        Err(Error::config("it failed"))
    }

    #[test]
    fn who_came_meanwhile_gets_the_failure_and_who_came_later_does_not() {
        let (single, deadline) = (Single::default(), deadline());
        let early = single.count();
        single.run_or_wait(&deadline, early, failed).unwrap_err();
        // This one looked before that end, and was only too slow to wait for it.
        let slow = single.run_or_wait(&deadline, early, || -> Result<()> { panic!("nobody does it twice") });
        assert_eq!(slow.unwrap_err().message(), "it failed");
        let late = single.count();
        let done = single.run_or_wait(&deadline, late, || {
            // Others that come while it is done: one of them from before the failure.
            assert_eq!(single.run_or_wait(&deadline, early, failed).unwrap_err().message(), "it failed");
            assert_eq!(single.run_or_wait(&deadline, early + 1, failed).unwrap(), None);
            Ok(())
        });
        assert_eq!(done.unwrap(), Some(()));
    }

    #[test]
    fn a_call_that_is_over_fails_alone_and_another_does_the_work() {
        let (single, deadline) = (Single::default(), deadline());
        for kind in [ErrorKind::Canceled, ErrorKind::Timeout] {
            let seen = single.count();
            let over = single.run_or_wait(&deadline, seen, || -> Result<()> { Err(Error::new(kind, "over")) });
            assert_eq!(over.unwrap_err().kind(), kind);
            assert_eq!(single.run_or_wait(&deadline, seen, || Ok(())).unwrap(), None);
            assert_eq!(single.run_or_wait(&deadline, single.count(), || Ok(())).unwrap(), Some(()));
        }
    }
}
