//! The deadline of a call: how long it may take, what cancels it, and how it waits.
//!
//! ureq calls the connector and transport without a reference to the call, and pooled connections outlive calls. A
//! call runs on one thread, so `CURRENT` keeps the deadlines of each thread. `CURRENT` is the only thread-local with
//! state of a call. Deadlines nest, because a callback may use another client.

use std::cell::{Cell, RefCell};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use std::{rc::Rc, sync::Arc};

use crate::error::{Error, ErrorKind};
use crate::transport::progress::{Phase, Progress};
use crate::{clock::Clock, clock::SLICE, sync::Signal};

/// Called between slices of a wait. Returning `true` cancels the call.
pub(crate) type WaitHook = Arc<dyn Fn() -> bool + Send + Sync>;

/// What cancels a call: the call's handle, or its client.
#[derive(Default, Clone)]
pub(crate) struct Cancellation {
    /// Never cleared once set.
    pub(crate) call: Option<Arc<AtomicBool>>,
    /// The client's count of cancellations, and its value when the call began.
    pub(crate) client: Option<(Arc<AtomicU64>, u64)>,
}

impl Cancellation {
    fn requested(&self) -> bool {
        self.is_call_canceled()
            || self.client.as_ref().is_some_and(|(count, start)| count.load(Ordering::Acquire) != *start)
    }

    fn is_call_canceled(&self) -> bool {
        self.call.as_ref().is_some_and(|flag| flag.load(Ordering::Acquire))
    }
}

#[derive(Clone)]
pub(crate) struct Limits {
    pub(crate) clock: Arc<dyn Clock>,
    /// The host of the request, for messages.
    pub(crate) host: String,
    /// Counted from [`Deadline::begin`].
    pub(crate) timeout: Duration,
    /// Whether this bounds one read of a response body, not a whole call.
    pub(crate) one_read: bool,
    pub(crate) connect_timeout: Duration,
    pub(crate) stops: Cancellation,
    pub(crate) hook: Option<WaitHook>,
}

/// The deadline of one call, or of one read of its response. See the module's text.
pub(crate) struct Deadline {
    pub(crate) progress: Progress,
    pub(crate) limits: Limits,
    started: Instant,
    /// When the hook was called last. `None` at the start of a read, so that its first check calls the hook.
    hook_called: Cell<Option<Instant>>,
    /// While a connection is being made: when that must be done.
    connect_by: Cell<Option<Instant>>,
}

thread_local! {
    static CURRENT: RefCell<Vec<Rc<Deadline>>> = const { RefCell::new(Vec::new()) };
}

/// Keeps a deadline current; restores the previous one when dropped.
pub(crate) struct Entered;

impl Drop for Entered {
    fn drop(&mut self) {
        CURRENT.with(|stack| stack.borrow_mut().pop());
    }
}

impl Deadline {
    /// Begins a call, or a read of its response: its time runs from here.
    pub(crate) fn begin(limits: Limits) -> Rc<Self> {
        let now = limits.clock.now();
        Rc::new(Deadline {
            progress: Progress::default(),
            hook_called: Cell::new((!limits.one_read).then_some(now)),
            limits,
            started: now,
            connect_by: Cell::new(None),
        })
    }

    /// Makes this the thread's current deadline until the result is dropped.
    pub(crate) fn enter(self: &Rc<Self>) -> Entered {
        CURRENT.with(|stack| stack.borrow_mut().push(self.clone()));
        Entered
    }

    pub(crate) fn current() -> std::io::Result<Rc<Deadline>> {
        CURRENT
            .with(|stack| stack.borrow().last().cloned())
            .ok_or_else(|| std::io::Error::other("a connection was used outside a call"))
    }

    pub(crate) fn clock(&self) -> &Arc<dyn Clock> {
        &self.limits.clock
    }

    pub(crate) fn host(&self) -> &str {
        &self.limits.host
    }

    pub(crate) fn begin_request(&self) {
        self.progress.reset();
        self.connect_by.set(None);
    }

    /// A shorter deadline within this one, for a part of the call.
    pub(crate) fn within(&self, limit: Duration) -> Rc<Self> {
        let timeout = self.remaining().min(limit);
        Deadline::begin(Limits { timeout, ..self.limits.clone() })
    }

    /// Starts or ends the making of a connection, which `connect_timeout` bounds.
    pub(crate) fn set_connecting(&self, yes: bool) {
        if yes {
            self.progress.mark_new_connection();
        }
        self.connect_by.set(yes.then(|| self.limits.clock.now() + self.limits.connect_timeout));
    }

    /// The time left for the call, or for the connection being made.
    pub(crate) fn remaining(&self) -> Duration {
        self.remaining_at(self.limits.clock.now())
    }

    fn remaining_at(&self, now: Instant) -> Duration {
        let end = self.started + self.limits.timeout;
        let end = self.connect_by.get().map_or(end, |connect_by| connect_by.min(end));
        end.saturating_duration_since(now)
    }

    /// Fails if the call was cancelled or its time is over. Calls the hook at most once a slice.
    pub(crate) fn check(&self) -> Result<(), Error> {
        self.check_at(self.limits.clock.now())
    }

    /// [`check`](Self::check) right after [`begin`](Self::begin), without reading the clock again.
    pub(crate) fn check_at_start(&self) -> Result<(), Error> {
        self.check_at(self.started)
    }

    fn check_at(&self, now: Instant) -> Result<(), Error> {
        if self.limits.stops.requested() {
            return Err(self.canceled());
        }
        if let Some(hook) = &self.limits.hook
            && self.hook_called.get().is_none_or(|called| now.saturating_duration_since(called) >= SLICE)
        {
            self.hook_called.set(Some(now));
            if hook() {
                return Err(self.canceled());
            }
        }
        if self.remaining_at(now).is_zero() { Err(self.timed_out()) } else { Ok(()) }
    }

    /// [`check`](Self::check) for code below ureq: [`Progress::failure`] keeps the error.
    pub(crate) fn check_io(&self) -> std::io::Result<()> {
        self.check().map_err(|error| self.progress.fail(error))
    }

    pub(crate) fn wait(&self, duration: Duration) -> Result<(), Error> {
        let end = self.limits.clock.now() + duration;
        loop {
            self.check()?;
            let left = end.saturating_duration_since(self.limits.clock.now());
            if left.is_zero() {
                return Ok(());
            }
            self.limits.clock.sleep(left.min(self.limits.clock.slice()));
        }
    }

    /// Waits before the next request of the call.
    pub(crate) fn wait_between(&self, phase: Phase, duration: Duration) -> Result<(), Error> {
        self.begin_request();
        self.progress.set_phase(phase);
        self.wait(duration)
    }

    /// Waits in slices until `signal` has counted more changes than `seen`, or until `end`.
    pub(crate) fn wait_for(&self, signal: &Signal, seen: u64, end: Instant) -> Result<(), Error> {
        let clock = &self.limits.clock;
        loop {
            self.check()?;
            let left = end.saturating_duration_since(clock.now());
            if left.is_zero() || signal.count() != seen {
                return Ok(());
            }
            clock.wait(signal, seen, left.min(self.remaining()).min(clock.slice()));
        }
    }

    fn canceled(&self) -> Error {
        let host = &self.limits.host;
        let text = if self.limits.stops.is_call_canceled() && self.progress.phase() == Phase::Prepare {
            format!("the call to {host} was canceled before it began: a canceled call stays canceled; use a new one")
        } else {
            format!("the call to {host} was canceled while {}", self.progress.doing())
        };
        Error::new(ErrorKind::Canceled, text)
    }

    fn timed_out(&self) -> Error {
        let Limits { host, timeout, connect_timeout, one_read, .. } = &self.limits;
        let is_connecting = self.connect_by.get().is_some_and(|connect_by| connect_by < self.started + *timeout);
        let (what, limit) = match (is_connecting, one_read) {
            (true, _) => ("the connection to", connect_timeout),
            (false, true) => ("the read from", timeout),
            (false, false) => ("the call to", timeout),
        };
        let text = format!("{what} {host} timed out after {} ms while {}", limit.as_millis(), self.progress.doing());
        Error::new(ErrorKind::Timeout, text).retryable(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::fake_clock::FakeClock;

    fn deadline(clock: &Arc<FakeClock>, stops: Cancellation, hook: Option<WaitHook>) -> Rc<Deadline> {
        let (timeout, connect) = (Duration::from_secs(10), Duration::from_secs(3));
        let host = "example.com".into();
        Deadline::begin(Limits {
            clock: clock.clone(),
            host,
            timeout,
            one_read: false,
            connect_timeout: connect,
            stops,
            hook,
        })
    }

    #[test]
    fn nearer_deadline_counts_and_is_named() {
        let clock = Arc::new(FakeClock::at(0));
        let deadline = deadline(&clock, Cancellation::default(), None);
        deadline.progress.set_phase(Phase::Resolve);
        deadline.set_connecting(true);
        clock.advance(Duration::from_secs(3));
        let error = deadline.check().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout);
        assert!(error.message().contains("3000 ms") && error.message().contains("looking up the host name"), "{error}");
        deadline.set_connecting(false);
        deadline.check().unwrap();
        clock.advance(Duration::from_secs(6));
        deadline.set_connecting(true);
        assert_eq!(deadline.remaining(), Duration::from_secs(1));
        clock.advance(Duration::from_secs(1));
        assert!(deadline.check().unwrap_err().message().contains("10000 ms"));
    }

    #[test]
    fn call_stops_by_flag_client_or_hook() {
        let clock = Arc::new(FakeClock::at(0));
        let flag = Arc::new(AtomicBool::new(false));
        let count = Arc::new(AtomicU64::new(7));
        let stops = Cancellation { call: Some(flag.clone()), client: Some((count.clone(), 7)) };
        let call = deadline(&clock, stops.clone(), None);
        call.check().unwrap();
        count.fetch_add(1, Ordering::Release);
        assert_eq!(call.check().unwrap_err().kind(), ErrorKind::Canceled);
        count.store(7, Ordering::Release);
        flag.store(true, Ordering::Release);
        assert_eq!(call.check().unwrap_err().kind(), ErrorKind::Canceled);

        let calls = Arc::new(AtomicU64::new(0));
        let counter = calls.clone();
        let hooked = deadline(
            &clock,
            Cancellation::default(),
            Some(Arc::new(move || counter.fetch_add(1, Ordering::Relaxed) == 2)),
        );
        assert_eq!(hooked.wait(Duration::from_secs(1)).unwrap_err().kind(), ErrorKind::Canceled);
        assert_eq!(calls.load(Ordering::Relaxed), 3);
        assert_eq!(clock.wall(), 3 * SLICE);
    }

    /// Reads that never wait would not call the hook otherwise.
    #[test]
    fn read_calls_hook_at_once_and_call_when_it_waits() {
        let clock = Arc::new(FakeClock::at(0));
        let call = deadline(&clock, Cancellation::default(), Some(Arc::new(|| true)));
        call.check().unwrap();
        let read = Deadline::begin(Limits { one_read: true, ..call.limits.clone() });
        assert_eq!(read.check().unwrap_err().kind(), ErrorKind::Canceled);
    }

    #[test]
    fn deadlines_nest() {
        let clock = Arc::new(FakeClock::at(0));
        let (outer, inner) =
            (deadline(&clock, Cancellation::default(), None), deadline(&clock, Cancellation::default(), None));
        assert!(Deadline::current().is_err());
        let entered = outer.enter();
        {
            let _entered = inner.enter();
            assert!(Rc::ptr_eq(&Deadline::current().unwrap(), &inner));
        }
        assert!(Rc::ptr_eq(&Deadline::current().unwrap(), &outer));
        drop(entered);
        assert!(Deadline::current().is_err());
    }
}
