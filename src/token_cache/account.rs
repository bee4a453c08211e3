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

/// What is counted about an account. Indexes `Account::counters`.
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

const COUNTERS: usize = 5;
const _: () = assert!(Counter::Held as usize + 1 == COUNTERS, "`Held` is the last counter");

/// An account's token and its state. It outlives a `fork`: only `ProcessState` has locks.
pub(crate) struct Account {
    id: String,
    cached: ArcSwapOption<CachedToken>,
    generation: AtomicU64,
    /// The code of the error that ended the last token request; 0 after a success.
    pub(super) last_error: AtomicI32,
    pub(super) counters: [AtomicU64; COUNTERS],
    process: PerProcess<ProcessState>,
}

/// The number of copies of a cached token.
const SHARDS: usize = 4;

/// Returns the index of the copy that this thread uses. Each new thread gets the next index.
fn shard() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local!(static SHARD: usize = NEXT.fetch_add(1, Ordering::Relaxed) % SHARDS);
    SHARD.with(|shard| *shard)
}

#[derive(Clone)]
pub(crate) struct CachedToken {
    pub(crate) token: Token,
    /// Copies of the token with separate `Arc` counters, so that threads do not contend for one cache line.
    pub(super) shards: [Token; SHARDS],
    pub(crate) windows: Windows,
    /// The number of tokens of this account so far.
    pub(crate) generation: u64,
    /// Whether it replaced a refused token.
    pub(crate) replaces_refused: bool,
    /// Whether an API refused it, so that the next caller refreshes it.
    pub(crate) renew: bool,
}

impl CachedToken {
    pub(crate) fn freshness(&self, now: Moment, min_validity: Duration) -> Freshness {
        self.windows.freshness(self.token.remaining(now), min_validity)
    }
}

/// What the threads of one process share of an account: its locks, and the token request that runs.
#[derive(Default)]
pub(crate) struct ProcessState {
    /// Held for a few instructions, never across I/O or a callback.
    pub(crate) state: Mutex<RefreshState>,
    /// The token request. It begins, and ends with a result, under the lock of `state`. It shares an error that
    /// concerns all callers, or a token that expires too soon to be cached.
    pub(crate) request: SingleFlight<Result<Token>>,
    /// The name and fence of the cached token in the shared store, if it came from there or went there.
    pub(crate) shared: Mutex<Option<(String, u64)>>,
}

/// What the last token requests and refusals mean for the next request.
#[derive(Default)]
pub(crate) struct RefreshState {
    /// The last failure, until there is a token.
    pub(crate) failure: Option<Failure>,
    /// When a refusal last caused a token request, in steady time.
    pub(crate) refused_at: Option<Duration>,
    /// Whether the next token replaces a refused one.
    pub(crate) next_replaces_refused: bool,
    /// Whether a refusal may cause a token request that has not begun yet.
    pub(crate) refusal_request_pending: bool,
}

impl Account {
    pub(crate) fn new(id: &str) -> Self {
        Account {
            id: id.to_owned(),
            cached: ArcSwapOption::empty(),
            generation: AtomicU64::new(0),
            last_error: AtomicI32::new(0),
            counters: Default::default(),
            process: PerProcess::empty(),
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

    /// Returns the cached token if it is above its hard stop and has `min_validity` left.
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

    /// Replaces the cached token. Called under the lock of the process's state.
    pub(crate) fn set_cached(&self, cached: Option<CachedToken>) {
        self.cached.store(cached.map(Arc::new));
    }

    pub(crate) fn slot(&self) -> Arc<ProcessState> {
        self.process.get(ProcessState::default)
    }

    /// Returns how many tokens of this account arrived, cached or not.
    pub(crate) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Adds one to a counter of [`describe`](Self::describe).
    pub(crate) fn count(&self, counter: Counter) {
        self.counters[counter as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// Caches a token that one caller requested for itself. Leaves `last_error` as it is.
    pub(crate) fn adopt(&self, token: &Token, jitter: f64) {
        let process = self.slot();
        self.receive(&mut lock(&process.state), token, jitter);
        process.request.changed.notify();
    }

    /// Ends a token request with its outcome, and returns the caller's result.
    pub(crate) fn finish(
        &self,
        process: &ProcessState,
        request: Flight<'_, Result<Token>>,
        outcome: TokenOutcome,
        caller: &dyn TokenRequester,
    ) -> Result<Token> {
        let (now, jitter) = (caller.now(), caller.jitter());
        let sent = outcome.result.as_ref().map_or_else(Error::was_sent, |_| true);
        if sent && outcome.asked {
            self.count(Counter::Requests);
        }
        let mut state = lock(&process.state);
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
        let replaces_refused = std::mem::take(&mut state.next_replaces_refused);
        state.refusal_request_pending = false;
        state.failure = None;
        let is_worth_caching = windows.is_worth_caching(left);
        if is_worth_caching {
            let (token, shards) = (token.clone(), std::array::from_fn(|_| token.counted_apart()));
            self.set_cached(Some(CachedToken { token, shards, windows, generation, replaces_refused, renew: false }));
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
        // Tells how long no request will be sent, as later callers are told.
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
