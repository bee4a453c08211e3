//! One call in progress: its deadline, who may stop it, and how far it got.
//!
//! ureq calls our connector and transport deep inside, with nothing of the caller's in hand, and pooled connections
//! outlive calls. Everything runs on the calling thread, though, so the deadline of the call in progress is found through
//! that thread. Scopes nest: a callback may use another client.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::clock::Clock;
use crate::error::{Error, ErrorKind};
use crate::sync::Signal;

/// See [`Clock::slice`]: that of sockets, whose time is always real.
pub(crate) const SLICE: Duration = Duration::from_millis(50);

/// RequestInfo between slices of waiting: `true` stops the call.
pub(crate) type WaitHook = Arc<dyn Fn() -> bool + Send + Sync>;

/// Told when, in steady time.
pub(crate) type OnSent = Box<dyn FnOnce(Duration)>;

/// What a call is doing, for messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Prepare,
    /// Waiting for a program or keychain, that this call or another asks.
    Credentials,
    /// Waiting for the next one-time code.
    Code,
    /// Waiting for its turn, by the pace of the client.
    Pace,
    /// Waiting to try again.
    Retry,
    /// Waiting for work that the server does in its own time.
    Job,
    /// Waiting for a token that another call asks for, or to ask again.
    Token,
    /// Waiting for leave to sign in.
    Verdict,
    Resolve,
    Connect,
    Proxy,
    Handshake,
    Send,
    Receive,
    Body,
}

impl Phase {
    /// Fits after "while".
    fn doing(self) -> &'static str {
        match self {
            Phase::Prepare => "preparing the request",
            Phase::Credentials => "waiting for the program or keychain that gives the credentials",
            Phase::Code => "waiting for the next one-time code",
            Phase::Pace => "waiting for its turn (requests_per_second)",
            Phase::Job => "waiting for the server to finish the work",
            Phase::Retry => "waiting to try again",
            Phase::Token => "waiting for a token",
            Phase::Verdict => "waiting for another sign-in of the same user, or a hold, to end",
            Phase::Resolve => "looking up the name",
            Phase::Connect => "connecting",
            Phase::Proxy => "waiting for the proxy",
            Phase::Handshake => "in the TLS handshake",
            Phase::Send => "sending the request",
            Phase::Receive => "waiting for the answer",
            Phase::Body => "reading the answer's body",
        }
    }
}

/// Who may cancel a call: its own handle, and its client's.
#[derive(Default, Clone)]
pub(crate) struct Cancellation {
    /// Sticky: set once, for good.
    pub(crate) call: Option<Arc<AtomicBool>>,
    /// The client's count of cancellations, and what it was when the call began.
    pub(crate) client: Option<(Arc<AtomicU64>, u64)>,
}

impl Cancellation {
    fn requested(&self) -> bool {
        self.call.as_ref().is_some_and(|flag| flag.load(Ordering::Acquire))
            || self.client.as_ref().is_some_and(|(count, start)| count.load(Ordering::Acquire) != *start)
    }
}

/// What bounds a call.
#[derive(Clone)]
pub(crate) struct Limits {
    pub(crate) clock: Arc<dyn Clock>,
    /// The host being talked to.
    pub(crate) host: String,
    /// From the beginning of the deadline.
    pub(crate) timeout: Duration,
    /// Whether this bounds one read of a stream, not a whole call.
    pub(crate) one_read: bool,
    pub(crate) connect_timeout: Duration,
    pub(crate) stops: Cancellation,
    pub(crate) hook: Option<WaitHook>,
}

/// A call in progress. See the module's text.
pub(crate) struct Deadline {
    limits: Limits,
    started: Instant,
    /// When the hook was asked last; never yet in a read, since one that does not wait ends before it would be.
    hook_asked: Cell<Option<Instant>>,
    /// While a proxy is being connected through: which.
    proxy: RefCell<Option<String>>,
    /// While a connection is being made: when it must be there.
    connect_by: Cell<Option<Instant>>,
    phase: Cell<Phase>,
    /// When the first bytes of the request left, in steady time.
    sent: Cell<Option<Duration>>,
    /// Told when all of it has left.
    on_sent: Cell<Option<OnSent>>,
    /// Whether the request went out on a new connection.
    connected: Cell<bool>,
    /// The status of the answer, once it is there.
    status: Cell<Option<u16>>,
    /// The error a layer below ureq found, kept whole while ureq's own error passes up.
    failure: RefCell<Option<Error>>,
}

thread_local! {
    static CURRENT: RefCell<Vec<Rc<Deadline>>> = const { RefCell::new(Vec::new()) };
}

/// Ends a deadline's time as the thread's current one.
pub(crate) struct Entered;

impl Drop for Entered {
    fn drop(&mut self) {
        CURRENT.with(|stack| stack.borrow_mut().pop());
    }
}

impl Deadline {
    /// Begins a call, or a read of its answer: its time runs from here.
    pub(crate) fn begin(limits: Limits) -> Rc<Self> {
        let now = limits.clock.now();
        Rc::new(Deadline {
            hook_asked: Cell::new((!limits.one_read).then_some(now)),
            limits,
            started: now,
            proxy: RefCell::new(None),
            connect_by: Cell::new(None),
            phase: Cell::new(Phase::Prepare),
            sent: Cell::new(None),
            on_sent: Cell::new(None),
            connected: Cell::new(false),
            status: Cell::new(None),
            failure: RefCell::new(None),
        })
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Makes this the thread's deadline until the result is dropped.
    pub(crate) fn enter(self: &Rc<Self>) -> Entered {
        CURRENT.with(|stack| stack.borrow_mut().push(self.clone()));
        Entered
    }

    /// The deadline of the call that this thread is in.
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

    pub(crate) fn phase(&self) -> Phase {
        self.phase.get()
    }

    pub(crate) fn set_phase(&self, phase: Phase) {
        self.phase.set(phase);
    }

    /// A call may hold several exchanges, a JWT's and its own tries: each starts with nothing sent, whatever the last left.
    pub(crate) fn begin_request(&self) {
        self.phase.set(Phase::Prepare);
        self.failure.replace(None);
        self.sent.set(None);
        self.status.set(None);
        self.connected.set(false);
        self.connect_by.set(None);
        self.set_proxy(None);
    }

    pub(crate) fn was_sent(&self) -> bool {
        self.sent.get().is_some()
    }

    /// When the first bytes of the request left, in steady time.
    pub(crate) fn sent_at(&self) -> Option<Duration> {
        self.sent.get()
    }

    pub(crate) fn mark_sent(&self) {
        if self.sent.get().is_none() {
            self.sent.set(Some(self.limits.clock.boottime()));
        }
    }

    /// All of the request has left: what comes next is the answer.
    pub(crate) fn mark_all_sent(&self) {
        if let Some(tell) = self.on_sent.take() {
            tell(self.limits.clock.boottime());
        }
    }

    /// Whom to tell when all of the next request has left.
    pub(crate) fn set_on_sent(&self, tell: Option<OnSent>) {
        self.on_sent.set(tell);
    }

    /// Whether the request went out on a connection that was kept from an earlier one.
    pub(crate) fn on_kept_connection(&self) -> bool {
        self.was_sent() && !self.connected.get()
    }

    /// The status of the answer, once it is there.
    pub(crate) fn status(&self) -> Option<u16> {
        self.status.get()
    }

    pub(crate) fn set_status(&self, status: u16) {
        self.status.set(Some(status));
    }

    /// A shorter time within this call, for a part of it.
    pub(crate) fn within(&self, limit: Duration) -> Rc<Self> {
        let timeout = self.remaining().min(limit);
        Deadline::begin(Limits { timeout, ..self.limits.clone() })
    }

    /// Starts, or ends, the making of a connection, which has a shorter deadline of its own.
    pub(crate) fn set_connecting(&self, yes: bool) {
        if yes {
            self.connected.set(true);
        }
        self.connect_by.set(yes.then(|| self.limits.clock.now() + self.limits.connect_timeout));
    }

    /// Names the proxy that is being connected through, or ends that.
    pub(crate) fn set_proxy(&self, proxy: Option<String>) {
        self.proxy.replace(proxy);
    }

    /// What is left of the call's time, or of the connection's.
    pub(crate) fn remaining(&self) -> Duration {
        self.remaining_at(self.limits.clock.now())
    }

    fn remaining_at(&self, now: Instant) -> Duration {
        let end = self.started + self.limits.timeout;
        let end = self.connect_by.get().map_or(end, |connect_by| connect_by.min(end));
        end.saturating_duration_since(now)
    }

    /// An error if the call was cancelled or its time is over. Asks the hook, if it was not asked during a slice.
    pub(crate) fn check(&self) -> Result<(), Error> {
        self.check_at(self.limits.clock.now())
    }

    /// The same when the deadline has just begun, without another look at the clock.
    pub(crate) fn check_at_start(&self) -> Result<(), Error> {
        self.check_at(self.started)
    }

    fn check_at(&self, now: Instant) -> Result<(), Error> {
        if self.limits.stops.requested() {
            return Err(self.canceled());
        }
        if let Some(hook) = &self.limits.hook
            && self.hook_asked.get().is_none_or(|asked| now.saturating_duration_since(asked) >= SLICE)
        {
            self.hook_asked.set(Some(now));
            if hook() {
                return Err(self.canceled());
            }
        }
        if self.remaining_at(now).is_zero() { Err(self.timed_out()) } else { Ok(()) }
    }

    /// [`check`](Self::check) for code inside ureq: the error is kept, and comes out through [`failure`](Self::failure).
    pub(crate) fn check_io(&self) -> std::io::Result<()> {
        self.check().map_err(|error| self.fail(error))
    }

    /// Keeps `error` until ureq has given up, and returns what ureq may pass up meanwhile.
    pub(crate) fn fail(&self, error: Error) -> std::io::Error {
        let mut failure = self.failure.borrow_mut();
        failure.get_or_insert(error);
        std::io::Error::other("stopped")
    }

    /// The error that [`fail`](Self::fail) kept.
    pub(crate) fn failure(&self) -> Option<Error> {
        self.failure.borrow_mut().take()
    }

    /// Waits, in slices.
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

    /// Waits between two exchanges: nothing of the one before bounds this.
    pub(crate) fn wait_between(&self, phase: Phase, duration: Duration) -> Result<(), Error> {
        self.begin_request();
        self.set_phase(phase);
        self.wait(duration)
    }

    /// Waits, in slices, until `signal` has more changes than were `seen`, or until `end`.
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

    /// What the call is doing, and through which proxy.
    fn doing(&self) -> String {
        let doing = self.phase.get().doing();
        match &*self.proxy.borrow() {
            Some(proxy) if self.phase.get() == Phase::Proxy => format!("{doing} {proxy}"),
            Some(proxy) => format!("{doing}, for the proxy {proxy}"),
            None => doing.to_owned(),
        }
    }

    fn canceled(&self) -> Error {
        let sticky = self.limits.stops.call.as_ref().is_some_and(|flag| flag.load(Ordering::Acquire));
        if sticky && self.phase.get() == Phase::Prepare {
            let text = format!(
                "the call to {} was canceled before it began: a canceled call stays canceled, so make a new one for the next",
                self.limits.host
            );
            return Error::new(ErrorKind::Canceled, text);
        }
        let doing = self.doing();
        Error::new(ErrorKind::Canceled, format!("the call to {} was canceled while {doing}", self.limits.host))
    }

    fn timed_out(&self) -> Error {
        let doing = self.doing();
        let connecting =
            self.connect_by.get().is_some_and(|connect_by| connect_by < self.started + self.limits.timeout);
        let text = if connecting {
            let limit = self.limits.connect_timeout.as_millis();
            format!("no connection to {} within its {limit} ms: timed out while {doing}", self.limits.host)
        } else if self.limits.one_read {
            format!(
                "nothing arrived from {} for {} ms while {doing}",
                self.limits.host,
                self.limits.timeout.as_millis()
            )
        } else {
            let limit = self.limits.timeout.as_millis();
            format!("the call to {} was not over within its {limit} ms: timed out while {doing}", self.limits.host)
        };
        Error::new(ErrorKind::Timeout, text).retryable(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::fake::FakeClock;

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
    fn the_nearer_deadline_counts_and_is_named() {
        let clock = Arc::new(FakeClock::at(0));
        let deadline = deadline(&clock, Cancellation::default(), None);
        deadline.set_phase(Phase::Resolve);
        deadline.set_connecting(true);
        clock.advance(Duration::from_secs(3));
        let error = deadline.check().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout);
        assert!(error.message().contains("3000 ms") && error.message().contains("looking up the name"), "{error}");
        deadline.set_connecting(false);
        deadline.check().unwrap();
        clock.advance(Duration::from_secs(6));
        deadline.set_connecting(true);
        assert_eq!(deadline.remaining(), Duration::from_secs(1));
        clock.advance(Duration::from_secs(1));
        assert!(deadline.check().unwrap_err().message().contains("10000 ms"));
    }

    #[test]
    fn a_call_stops_by_its_flag_its_client_or_its_hook() {
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

        let asked = Arc::new(AtomicU64::new(0));
        let counter = asked.clone();
        let hooked = deadline(
            &clock,
            Cancellation::default(),
            Some(Arc::new(move || counter.fetch_add(1, Ordering::Relaxed) == 2)),
        );
        assert_eq!(hooked.wait(Duration::from_secs(1)).unwrap_err().kind(), ErrorKind::Canceled);
        assert_eq!(asked.load(Ordering::Relaxed), 3);
        assert_eq!(clock.wall(), 3 * SLICE);
    }

    /// Reads that come one after another without waiting would never be asked about.
    #[test]
    fn a_read_asks_its_hook_at_once_and_a_call_when_it_waits() {
        let clock = Arc::new(FakeClock::at(0));
        let call = deadline(&clock, Cancellation::default(), Some(Arc::new(|| true)));
        call.check().unwrap();
        let read = Deadline::begin(Limits { one_read: true, ..call.limits().clone() });
        assert_eq!(read.check().unwrap_err().kind(), ErrorKind::Canceled);
    }

    #[test]
    fn scopes_nest() {
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
