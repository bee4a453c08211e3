//! One account's token and the exchange for the next, of which there is one at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, AtomicU8, AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwapOption;

use super::policy::{Failure, FailureKind, Windows};
use super::{TokenOutcome, TokenRequester};
use crate::clock::{Moment, Nanos};
use crate::error::{Error, Result};
use crate::fork::PerProcess;
use crate::jwt::{TOLERANCE, Token};
use crate::sync::{Mutex, Signal, lock};

/// What is counted about an account.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Counter {
    /// Requests for a token that were sent.
    Exchanges,
    /// Callers that waited for another's.
    Joins,
    /// Living tokens that were handed out although their renewal failed.
    StaleServed,
    /// Tokens that an API refused.
    Refused,
    /// Exchanges that the guard did not let through.
    Held,
}

/// An account's token and its state. What is here outlives a `fork`: nothing of it is a lock.
pub(crate) struct Account {
    id: String,
    cached: ArcSwapOption<CachedToken>,
    /// The ways that threads have come by, a bit each.
    used_ways: AtomicU8,
    generation: AtomicU64,
    last_error: AtomicI32,
    counters: [AtomicU64; 5],
    slot: PerProcess<Slot>,
}

/// How many ways of counting references to a token there are, for so many threads at once.
pub(crate) const WAYS: usize = 8;
const _: () = assert!(WAYS <= u8::BITS as usize);

/// A token that is cached.
#[derive(Clone)]
pub(crate) struct CachedToken {
    pub(crate) token: Token,
    /// The same token for threads by turns, each with a count of its own: there from the beginning for ways that were used before,
    /// since with many accounts eight for each would be most of what they take.
    ways: [Option<Token>; WAYS],
    pub(crate) windows: Windows,
    fresh: Fresh,
    /// How many there were, with it.
    pub(crate) generation: u64,
    /// Whether it was asked for because the one before was refused.
    pub(crate) after_refusal: bool,
    /// Whether it was refused, so that the next who comes renews it.
    pub(crate) renew: bool,
}

/// When a token needs no second thought, worked out once, in nanoseconds.
#[derive(Clone, Copy)]
pub(crate) struct Fresh {
    /// Before this, in steady time.
    steady_until: u64,
    /// By the wall clock, from here on, and before the other.
    wall_from: u64,
    wall_until: u64,
}

impl Fresh {
    fn new(token: &Token, windows: &Windows) -> Self {
        let long = token.left_on_arrival().saturating_sub(windows.advisory.max(windows.mandatory));
        let sent = token.sent();
        let nanos = |time: Duration| time.as_nanos() as u64;
        Fresh {
            steady_until: nanos(sent.steady + long),
            wall_from: nanos(sent.wall.saturating_sub(TOLERANCE)),
            wall_until: nanos(sent.wall + long),
        }
    }

    pub(crate) fn includes(&self, (steady, wall): Nanos) -> bool {
        steady < self.steady_until && wall >= self.wall_from && wall < self.wall_until
    }
}

impl CachedToken {
    fn new(token: Token, ways: u8, windows: Windows, generation: u64, after_refusal: bool) -> Self {
        // Who brings it hands it out next, as a rule.
        let own = way();
        let mut ways = std::array::from_fn(|way| (way != own && ways >> way & 1 == 1).then(|| token.counted_apart()));
        ways[own] = Some(token.clone());
        let fresh = Fresh::new(&token, &windows);
        CachedToken { token, ways, windows, fresh, generation, after_refusal, renew: false }
    }

    /// The same, for the next who comes to renew.
    pub(crate) fn to_be_renewed(&self) -> Self {
        CachedToken { renew: true, ..self.clone() }
    }

    /// The same, with this way.
    fn with_way(self: &Arc<Self>, way: usize) -> Arc<Self> {
        let mut more = self.clone();
        if more.ways[way].is_none() {
            Arc::make_mut(&mut more).ways[way] = Some(self.token.counted_apart());
        }
        more
    }
}

/// Which way of counting this thread uses: by where its stack is, for which nothing needs to be looked up. Any would be right.
pub(crate) fn way() -> usize {
    let here = 0u8;
    let stack = std::ptr::from_ref(&here).addr();
    // Stacks are apart by 1 to 8 MiB, as a rule.
    (stack >> 20 ^ stack >> 23) % WAYS
}

/// What the threads of one process share.
#[derive(Default)]
pub(crate) struct Slot {
    /// Held for a few instructions, never across I/O or a callback.
    pub(crate) state: Mutex<RefreshState>,
    /// Told when a flight ends.
    pub(crate) changed: Signal,
    /// Where in a store's store the cached token is, if it came from there or went there, and its fence.
    pub(crate) shared: Mutex<Option<(String, u64)>>,
}

#[derive(Default)]
pub(crate) struct RefreshState {
    /// Whether somebody is asking the server.
    pub(crate) in_flight: bool,
    /// How many flights have ended.
    pub(crate) ended: u64,
    /// What the last of them brought to all who waited, if that is an error.
    pub(crate) verdict: Option<Error>,
    /// What it brought that is too short-lived to keep.
    pub(crate) passing: Option<Token>,
    /// The last failure, until there is a token.
    pub(crate) failure: Option<Failure>,
    /// When a refusal last caused an exchange, in steady time.
    pub(crate) refused_at: Option<Duration>,
    /// Whether the next token replaces a refused one.
    pub(crate) renews_refused: bool,
    /// Whether a refusal may cause an exchange that nobody has led to its end yet.
    pub(crate) renewal_granted: bool,
}

impl Account {
    pub(crate) fn new(id: &str) -> Self {
        Account {
            id: id.to_owned(),
            cached: ArcSwapOption::empty(),
            used_ways: AtomicU8::new(0),
            generation: AtomicU64::new(0),
            last_error: AtomicI32::new(0),
            counters: Default::default(),
            slot: PerProcess::empty(),
        }
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// The token, if it is far from its end: no lock, no system call, and no allocation but the first time that a thread comes.
    ///
    /// `now` is [`Clock::nanos`](crate::clock::Clock::nanos).
    pub(crate) fn fresh(&self, min_validity: Duration, now: Nanos) -> Option<Token> {
        let cached = self.cached.load();
        let cached = cached.as_ref().filter(|cached| cached.fresh.includes(now) && !cached.renew)?;
        let enough = || {
            let (steady, wall) = (Duration::from_nanos(now.0), Duration::from_nanos(now.1));
            cached.token.remaining(Moment { steady, wall }) >= min_validity.min(cached.windows.longest_validity)
        };
        if !min_validity.is_zero() && !enough() {
            return None;
        }
        let way = way();
        cached.ways[way].clone().or_else(|| Some(self.open(way)?.0))
    }

    /// The token for a thread of this way, to be handed out while it is fresh and nobody has retired it.
    #[cfg(feature = "capi")]
    pub(crate) fn to_stock(&self, way: usize) -> Option<(Token, Fresh)> {
        let cached = self.cached.load();
        let cached = cached.as_ref().filter(|cached| !cached.renew)?;
        cached.ways[way].as_ref().map(|token| (token.clone(), cached.fresh)).or_else(|| self.open(way))
    }

    /// The token for the first thread of this way, which is there from now on.
    #[cold]
    fn open(&self, way: usize) -> Option<(Token, Fresh)> {
        self.used_ways.fetch_or(1 << way, Ordering::Relaxed);
        let mut opened = None;
        // Added to what is cached at that moment, and to nothing else: whoever replaces it has to retire all that it was given out by.
        self.cached.rcu(|cached| {
            let more = cached.as_ref().filter(|cached| !cached.renew).map(|cached| cached.with_way(way));
            opened = more.as_ref().and_then(|cached| Some((cached.ways[way].clone()?, cached.fresh)));
            more.or_else(|| cached.clone())
        });
        opened
    }

    /// The token, if it may be handed out and has so much left.
    pub(crate) fn living(&self, min_validity: Duration, now: Moment) -> Option<Token> {
        let cached = self.cached.load();
        let cached = cached.as_ref().filter(|cached| {
            let left = cached.token.remaining(now);
            left > cached.windows.hard_stop && left >= min_validity.min(cached.windows.longest_validity)
        })?;
        Some(cached.token.clone())
    }

    pub(crate) fn cached(&self) -> Option<Arc<CachedToken>> {
        self.cached.load_full()
    }

    /// Under the lock of the slot.
    pub(crate) fn keep(&self, cached: Option<CachedToken>) {
        let _before = self.cached.swap(cached.map(Arc::new));
        // After it, so that nobody finds it again and stocks up.
        #[cfg(feature = "capi")]
        _before.iter().flat_map(|before| before.ways.iter().flatten()).for_each(Token::retire);
    }

    pub(crate) fn slot(&self) -> Arc<Slot> {
        self.slot.get(Slot::default)
    }

    pub(crate) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    pub(crate) fn count(&self, counter: Counter) {
        self.counters[counter as usize].fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn counted(&self, counter: Counter) -> u64 {
        self.counters[counter as usize].load(Ordering::Relaxed)
    }

    pub(crate) fn last_error(&self) -> i32 {
        self.last_error.load(Ordering::Relaxed)
    }

    /// Keeps a token that somebody got apart from all others.
    pub(crate) fn adopt(&self, token: &Token, jitter: f64) {
        let slot = self.slot();
        self.arrived(&mut lock(&slot.state), token, jitter);
        slot.changed.notify();
    }

    /// Keeps what was issued, if it is worth it. Under the lock of the slot.
    fn arrived(&self, state: &mut RefreshState, token: &Token, jitter: f64) {
        let left = token.left_on_arrival();
        let windows = Windows::new(token.lifetime(), left, jitter);
        let generation = self.generation.fetch_add(1, Ordering::AcqRel) + 1;
        let after_refusal = std::mem::take(&mut state.renews_refused);
        let ways = self.used_ways.fetch_or(1 << way(), Ordering::Relaxed);
        state.renewal_granted = false;
        state.failure = None;
        if windows.is_worth_keeping(left) {
            state.passing = None;
            self.keep(Some(CachedToken::new(token.clone(), ways, windows, generation, after_refusal)));
        } else {
            state.passing = Some(token.clone());
        }
    }

    /// Notes a failure, and when there may be another try; returns it as its caller gets it. Under the lock of the slot.
    fn failed(&self, state: &mut RefreshState, error: Error, full_time: bool, now: Moment, jitter: f64) -> Error {
        let kind = FailureKind::of(&error, full_time);
        state.passing = None;
        let cached = self.cached();
        let mandatory_at = cached.as_ref().map(|cached| {
            let left = cached.token.remaining(now).saturating_sub(cached.windows.mandatory);
            now.steady + left
        });
        let lifetime = cached.as_ref().map_or(Duration::from_secs(300), |cached| cached.token.lifetime());
        let previous = state.failure.take();
        let failure = Failure::new(error.clone(), kind, previous.as_ref(), now.steady, mandatory_at, lifetime, jitter);
        // Whoever gets a verdict now hears what those hear who come later: how long it is held.
        let error = match kind {
            FailureKind::Verdict => error.with_retry_after(Some(failure.next_in_need.saturating_sub(now.steady))),
            _ => error,
        };
        state.failure = Some(failure);
        state.verdict = kind.is_for_all().then(|| error.clone());
        if kind == FailureKind::Held {
            self.count(Counter::Held);
        }
        self.last_error.store(error.kind().code(), Ordering::Relaxed);
        error
    }
}

/// An exchange under way. Whatever happens to its leader, it ends, and the next may lead.
pub(crate) struct Flight<'a> {
    account: &'a Account,
    slot: &'a Slot,
}

impl<'a> Flight<'a> {
    /// For the caller that has just set `in_flight`.
    pub(crate) fn begun(account: &'a Account, slot: &'a Slot) -> Self {
        Flight { account, slot }
    }

    pub(crate) fn end(self, exchanged: TokenOutcome, caller: &dyn TokenRequester) -> Result<Token> {
        let account = self.account;
        let (now, jitter) = (caller.now(), caller.jitter());
        let sent = exchanged.result.as_ref().map_or_else(Error::was_sent, |_| true);
        if sent && exchanged.asked {
            account.count(Counter::Exchanges);
        }
        let result = {
            let mut state = lock(&self.slot.state);
            let result = match exchanged.result {
                Ok(token) => {
                    account.arrived(&mut state, &token, jitter);
                    account.last_error.store(0, Ordering::Relaxed);
                    Ok(token)
                }
                Err(error) => Err(account.failed(&mut state, error, exchanged.full_time, now, jitter)),
            };
            state.land();
            result
        };
        std::mem::forget(self.notify());
        result
    }

    fn notify(self) -> Self {
        self.slot.changed.notify();
        self
    }
}

impl RefreshState {
    fn land(&mut self) {
        self.in_flight = false;
        self.renewal_granted = false;
        self.ended += 1;
    }
}

impl Drop for Flight<'_> {
    /// Its leader panicked: nothing is known, so somebody else leads.
    fn drop(&mut self) {
        lock(&self.slot.state).land();
        self.slot.changed.notify();
    }
}
