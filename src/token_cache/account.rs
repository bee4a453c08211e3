//! One account's token and the exchange for the next, of which there is one at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use arc_swap::ArcSwapOption;

use super::policy::{Failure, FailureKind, Freshness, Windows};
use super::{TokenOutcome, TokenRequester};
use crate::clock::Moment;
use crate::error::{Error, Result};
use crate::fork::PerProcess;
use crate::jwt::Token;
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
    generation: AtomicU64,
    last_error: AtomicI32,
    counters: [AtomicU64; 5],
    slot: PerProcess<Slot>,
}

/// How many reference counts a cached token has.
const SHARDS: usize = 4;

/// The reference count that this thread uses. Threads take turns.
fn shard() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local!(static SHARD: usize = NEXT.fetch_add(1, Ordering::Relaxed) % SHARDS);
    SHARD.with(|shard| *shard)
}

/// A token that is cached.
#[derive(Clone)]
pub(crate) struct CachedToken {
    pub(crate) token: Token,
    /// The same token with several reference counts.
    shards: [Token; SHARDS],
    pub(crate) windows: Windows,
    /// How many there were, with it.
    pub(crate) generation: u64,
    /// Whether it was asked for because the one before was refused.
    pub(crate) after_refusal: bool,
    /// Whether it was refused, so that the next who comes renews it.
    pub(crate) renew: bool,
}

impl CachedToken {
    /// The same, for the next who comes to renew.
    pub(crate) fn to_be_renewed(&self) -> Self {
        CachedToken { renew: true, ..self.clone() }
    }

    pub(crate) fn freshness(&self, now: Moment, min_validity: Duration) -> Freshness {
        self.windows.standing(self.token.remaining(now), min_validity)
    }
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
            generation: AtomicU64::new(0),
            last_error: AtomicI32::new(0),
            counters: Default::default(),
            slot: PerProcess::empty(),
        }
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// The cached token, if it needs no refresh yet: no lock, no I/O, and no allocation but in a thread's first call.
    pub(crate) fn fresh(&self, min_validity: Duration, now: Moment) -> Option<Token> {
        let cached = self.cached.load();
        let cached = cached.as_ref().filter(|cached| !cached.renew)?;
        (cached.freshness(now, min_validity) == Freshness::Fresh).then(|| cached.shards[shard()].clone())
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
        self.cached.store(cached.map(Arc::new));
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
        state.renewal_granted = false;
        state.failure = None;
        if windows.is_worth_keeping(left) {
            state.passing = None;
            let (token, shards) = (token.clone(), std::array::from_fn(|_| token.counted_apart()));
            self.keep(Some(CachedToken { token, shards, windows, generation, after_refusal, renew: false }));
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
