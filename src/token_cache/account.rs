//! One account's cached token, and what its callers know of token requests.

use std::sync::atomic::{AtomicI32, AtomicU64, AtomicUsize, Ordering};
use std::{sync::Arc, time::Duration};

use arc_swap::ArcSwapOption;

use super::policy::{Failure, FailureKind, Freshness, Windows};
use super::requester::{TokenOutcome, TokenRequester};
use crate::error::{Error, Result};
use crate::single_flight::{Flight, SingleFlight};
use crate::sync::{Mutex, lock};
use crate::{clock::Moment, fork::PerProcess, jwt::Token};

/// What is counted about an account.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Counter {
    /// Token requests that were sent.
    Requests,
    /// Callers that waited for another caller's token request.
    Joins,
    /// Unexpired tokens that were handed out after a failed refresh.
    StaleServed,
    /// Tokens that an API refused.
    Refused,
    /// Token requests that the guard blocked.
    Held,
}

/// An account's token and its state. It outlives a `fork`: only the slot, which is per process, has locks.
pub(crate) struct Account {
    id: String,
    cached: ArcSwapOption<CachedToken>,
    generation: AtomicU64,
    pub(super) last_error: AtomicI32,
    pub(super) counters: [AtomicU64; 5],
    slot: PerProcess<Slot>,
}

/// How many reference counts a cached token has.
const SHARDS: usize = 4;

/// Returns the reference count that this thread uses. Threads take turns.
fn shard() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local!(static SHARD: usize = NEXT.fetch_add(1, Ordering::Relaxed) % SHARDS);
    SHARD.with(|shard| *shard)
}

#[derive(Clone)]
pub(crate) struct CachedToken {
    pub(crate) token: Token,
    /// The same token with several reference counts.
    pub(super) shards: [Token; SHARDS],
    pub(crate) windows: Windows,
    /// The number of tokens of this account so far.
    pub(crate) generation: u64,
    /// Whether it replaced a refused token.
    pub(crate) after_refusal: bool,
    /// Whether it was refused, so that the next caller refreshes it.
    pub(crate) renew: bool,
}

impl CachedToken {
    pub(crate) fn freshness(&self, now: Moment, min_validity: Duration) -> Freshness {
        self.windows.freshness(self.token.remaining(now), min_validity)
    }
}

/// What the threads of one process share.
#[derive(Default)]
pub(crate) struct Slot {
    /// Held for a few instructions, never across I/O or a callback.
    pub(crate) state: Mutex<RefreshState>,
    /// The token request. It begins, and ends with a result, under the lock of `state`. It shares an error that
    /// concerns all callers, or a token that expires too soon to be cached.
    pub(crate) request: SingleFlight<Result<Token>>,
    /// The name and fence of the cached token in the shared store, if it came from there or went there.
    pub(crate) shared: Mutex<Option<(String, u64)>>,
}

#[derive(Default)]
pub(crate) struct RefreshState {
    /// The last failure, until there is a token.
    pub(crate) failure: Option<Failure>,
    /// When a refusal last caused a token request, in steady time.
    pub(crate) refused_at: Option<Duration>,
    /// Whether the next token replaces a refused one.
    pub(crate) renews_refused: bool,
    /// Whether a refusal may cause a token request that has not begun yet.
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

    /// Returns the cached token if it is fresh: no lock, no I/O, and an allocation only in a thread's first call.
    pub(crate) fn fresh(&self, min_validity: Duration, now: Moment) -> Option<Token> {
        let cached = self.cached.load();
        let cached = cached.as_ref().filter(|cached| !cached.renew)?;
        (cached.freshness(now, min_validity) == Freshness::Fresh).then(|| cached.shards[shard()].clone())
    }

    /// Returns the cached token if it has not expired and has `min_validity` left.
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

    /// Replaces the cached token. Called under the lock of the slot's state.
    pub(crate) fn set_cached(&self, cached: Option<CachedToken>) {
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

    /// Caches a token that was requested outside the shared token request.
    pub(crate) fn adopt(&self, token: &Token, jitter: f64) {
        let slot = self.slot();
        self.receive(&mut lock(&slot.state), token, jitter);
        slot.request.changed.notify();
    }

    /// Ends a token request with its outcome, and returns the caller's result.
    pub(crate) fn finish(
        &self,
        slot: &Slot,
        request: Flight<'_, Result<Token>>,
        outcome: TokenOutcome,
        caller: &dyn TokenRequester,
    ) -> Result<Token> {
        let (now, jitter) = (caller.now(), caller.jitter());
        let sent = outcome.result.as_ref().map_or_else(Error::was_sent, |_| true);
        if sent && outcome.asked {
            self.count(Counter::Requests);
        }
        let mut state = lock(&slot.state);
        match outcome.result {
            Ok(token) => {
                let is_cached = self.receive(&mut state, &token, jitter);
                self.last_error.store(0, Ordering::Relaxed);
                request.finish((!is_cached).then(|| Ok(token.clone())));
                Ok(token)
            }
            Err(error) => {
                let kind = FailureKind::of(&error, outcome.full_time);
                let error = self.fail(&mut state, error, kind, now, jitter);
                request.finish(kind.is_for_all().then(|| Err(error.clone())));
                Err(error)
            }
        }
    }

    /// Caches a new token, unless it expires too soon. Returns whether it is cached.
    fn receive(&self, state: &mut RefreshState, token: &Token, jitter: f64) -> bool {
        let left = token.left_on_arrival();
        let windows = Windows::new(token.lifetime(), left, jitter);
        let generation = self.generation.fetch_add(1, Ordering::AcqRel) + 1;
        let after_refusal = std::mem::take(&mut state.renews_refused);
        state.renewal_granted = false;
        state.failure = None;
        let is_worth_caching = windows.is_worth_caching(left);
        if is_worth_caching {
            let (token, shards) = (token.clone(), std::array::from_fn(|_| token.counted_apart()));
            self.set_cached(Some(CachedToken { token, shards, windows, generation, after_refusal, renew: false }));
        }
        is_worth_caching
    }

    /// Records a failure and when the next attempt may begin. Returns the error as callers get it.
    fn fail(&self, state: &mut RefreshState, error: Error, kind: FailureKind, now: Moment, jitter: f64) -> Error {
        let cached = self.cached();
        let mandatory_at = cached.as_ref().map(|cached| {
            let left = cached.token.remaining(now).saturating_sub(cached.windows.mandatory);
            now.steady + left
        });
        let lifetime = cached.as_ref().map_or(Duration::from_secs(300), |cached| cached.token.lifetime());
        let previous = state.failure.take();
        let failure = Failure::new(error.clone(), kind, previous.as_ref(), now.steady, mandatory_at, lifetime, jitter);
        // As for later callers: how long no request is sent.
        let error = match kind {
            FailureKind::Permanent => error.with_retry_after(Some(failure.next_in_need.saturating_sub(now.steady))),
            _ => error,
        };
        state.failure = Some(failure);
        if kind == FailureKind::Held {
            self.count(Counter::Held);
        }
        self.last_error.store(error.kind().code(), Ordering::Relaxed);
        error
    }
}
