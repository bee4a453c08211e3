//! Concurrent callers of one account, in a hundred thousand schedules.
//!
//! The locks are shuttle's, which finds a lost wake-up as a deadlock. Two things are not modelled: time passes only
//! where the model says so, and no caller's max_wait ends during a token request. `cargo test --features model --lib
//! tests::model::token_cache`

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use shuttle::rand::{Rng as _, thread_rng};
use shuttle::thread;

use super::run::{at_once, check};
use crate::clock::Moment;
use crate::error::{Error, ErrorKind, Result};
use crate::jwt::Token;
use crate::sync::Signal;
use crate::token_cache::account::Account;
use crate::token_cache::requester::{RefreshEvent, TokenOutcome, TokenRequestTerms, TokenRequester};
use crate::token_cache::{Lookup, NextAction, Want};

const START: Duration = Duration::from_secs(1_800_000_000);
/// What is left of every caller's deadline, always.
const TIME_LEFT: Duration = Duration::from_secs(60);
/// More failures add no new schedules.
const MOST_FAILURES: u64 = 3;

/// An account, its server, and what the invariants need.
struct World {
    account: Account,
    /// Since the start.
    passed_ms: AtomicU64,
    /// Running token requests.
    in_flight: AtomicUsize,
    /// How many tokens the server has issued. The account id of each is its number.
    issued: AtomicU64,
    failures: AtomicU64,
    fails: bool,
    /// The invalidated tokens, a bit for each: no later caller may get one.
    invalid: AtomicU64,
    /// The highest generation seen.
    seen: AtomicU64,
}

impl World {
    /// With a token that was requested `age` ago.
    fn with_token(age: Duration, fails: bool) -> Arc<Self> {
        let world = World::cold(fails);
        world.account.adopt(&world.issue(), 0.5);
        world.pass(age);
        world
    }

    fn cold(fails: bool) -> Arc<Self> {
        Arc::new(World {
            account: Account::new("model"),
            passed_ms: AtomicU64::new(0),
            in_flight: AtomicUsize::new(0),
            issued: AtomicU64::new(0),
            failures: AtomicU64::new(0),
            fails,
            invalid: AtomicU64::new(0),
            seen: AtomicU64::new(0),
        })
    }

    fn pass(&self, time: Duration) {
        self.passed_ms.fetch_add(time.as_millis() as u64, Relaxed);
    }

    /// A token of 300 s.
    fn issue(&self) -> Token {
        let number = self.issued.fetch_add(1, Relaxed) + 1;
        Token::read(b"YQ.e30.YQ", &number.to_string(), None, self.now()).unwrap()
    }

    fn cached(&self) -> Option<Token> {
        self.account.cached().map(|cached| cached.token.clone())
    }

    /// Gets a token as the provider does: first without a lock.
    fn get(&self, want: Want<'_>) -> Result<Token> {
        let invalid = self.invalid.load(Relaxed);
        let fresh = || self.account.fresh(want.min_validity, self.now());
        let at_once = if want.new || want.refused.is_some() { None } else { fresh() };
        let got = at_once.map_or_else(|| self.account.get(want, self), Ok);
        self.look();
        if let Ok(token) = &got {
            assert_eq!(invalid & bit(token), 0, "a caller got a token that was invalidated before");
            assert!(want.refused.is_none_or(|refused| !refused.is(token)), "the refused token was the answer");
        }
        got
    }

    fn replace(&self, refused: &Token) -> Option<Result<Token>> {
        let replaced = self.account.replace(refused, self);
        self.look();
        match &replaced {
            Some(Ok(token)) => assert!(!refused.is(token), "the refused token was the answer"),
            Some(Err(_)) => assert!(self.fails, "no token request failed"),
            None => self.assert_was_replaced(refused),
        }
        replaced
    }

    /// Reports that another library's token was refused.
    fn observe(&self, refused: &Token) {
        if !self.account.refuse(refused, true, self.now()) {
            self.assert_was_replaced(refused);
        }
        self.look();
    }

    /// The first refusal causes a token request. Only for the token from that request, the token may not be the cause.
    fn assert_was_replaced(&self, refused: &Token) {
        let is_first = bit(refused) == bit_of(1);
        assert!(!is_first || self.fails, "a refused caller got no other token");
    }

    fn invalidate(&self, token: &Token) {
        if self.account.refuse(token, false, self.now()) {
            self.invalid.fetch_or(bit(token), Relaxed);
        }
        self.look();
    }

    /// Leads a token request and drops it, as a panic does. (Shuttle ends the whole run when a thread unwinds.)
    fn panics(&self) {
        let process = self.account.slot();
        let mut lookup = Lookup {
            want: Want { new: true, ..Want::default() },
            began_at: self.account.generation(),
            wait_until: Duration::ZERO,
            joined: None,
        };
        let seen = process.request.count();
        if let NextAction::Lead(request, _) = self.account.look(&process, seen, &mut lookup, self) {
            self.under_way(|| self.failures.fetch_add(1, Relaxed));
            drop(request);
        }
    }

    fn under_way<T>(&self, work: impl FnOnce() -> T) -> T {
        assert_eq!(self.in_flight.fetch_add(1, Relaxed), 0, "two token requests at once");
        thread::yield_now();
        let result = work();
        thread::yield_now();
        self.in_flight.fetch_sub(1, Relaxed);
        result
    }

    /// Checks that generations only grow.
    fn look(&self) {
        let cached = self.account.cached().map_or(0, |cached| cached.generation);
        let generation = self.account.generation();
        let seen = self.seen.fetch_max(generation, Relaxed);
        assert!(
            generation >= seen && (cached == 0 || cached >= seen),
            "generation {generation}, cached {cached} after {seen}"
        );
    }

    /// Checks, after all threads, that no token request is left open.
    fn end(&self) {
        self.look();
        let process = self.account.slot();
        assert!(!process.request.is_running() && self.in_flight.load(Relaxed) == 0, "a token request never ended");
    }
}

impl TokenRequester for World {
    fn now(&self) -> Moment {
        let passed = Duration::from_millis(self.passed_ms.load(Relaxed));
        Moment { steady: passed, wall: START + passed }
    }

    fn time_left(&self) -> Duration {
        TIME_LEFT
    }

    fn wait(&self, changed: &Signal, seen: u64, at_most: Duration) -> Result<()> {
        if at_most < TIME_LEFT {
            // A backoff, or the max_wait of a caller with a token: it may end without a notification.
            self.pass(at_most);
            thread::yield_now();
        } else {
            changed.wait(seen, at_most);
        }
        Ok(())
    }

    fn jitter(&self) -> f64 {
        0.5
    }

    fn request_token(&self, _: TokenRequestTerms) -> TokenOutcome {
        let result = self.under_way(|| {
            let may_fail = self.fails && self.failures.load(Relaxed) < MOST_FAILURES;
            let error = match thread_rng().gen_range(0..if may_fail { 6 } else { 3 }) {
                0..3 => return Ok(self.issue()),
                3 => Error::new(ErrorKind::Connect, "no answer"),
                4 => Error::new(ErrorKind::PermissionDenied, "not this account"),
                _ => Error::new(ErrorKind::Canceled, "the leader was canceled"),
            };
            self.failures.fetch_add(1, Relaxed);
            Err(error.sent(true))
        });
        TokenOutcome { result, full_time: true, asked: true }
    }

    fn report(&self, _: RefreshEvent<'_>) {
        thread::yield_now();
    }
}

fn bit(token: &Token) -> u64 {
    bit_of(token.account_id().parse().unwrap())
}

fn bit_of(number: u64) -> u64 {
    1 << number
}

fn run(world: &Arc<World>, acts: &[fn(&World)]) {
    at_once(world, acts);
    world.end();
}

fn gets(world: &World) {
    for _ in 0..2 {
        // Errors are expected.
        let _ = world.get(Want::default());
    }
}

fn refreshes(world: &World) {
    let before = world.account.generation();
    if world.get(Want { new: true, ..Want::default() }).is_ok() {
        assert!(world.account.generation() > before, "a refresh brought nothing new");
    }
}

fn replaces(world: &World) {
    if let Some(token) = world.cached() {
        world.replace(&token);
    }
}

fn observes(world: &World) {
    if let Some(token) = world.cached() {
        world.observe(&token);
    }
    let _ = world.get(Want::default());
}

fn invalidates(world: &World) {
    if let Some(token) = world.cached() {
        world.invalidate(&token);
    }
    let _ = world.get(Want::default());
}

fn panics(world: &World) {
    world.panics();
    let _ = world.get(Want::default());
}

#[test]
fn token_is_refused_and_refreshed_by_all_at_once() {
    check(30_000, || {
        run(&World::with_token(Duration::ZERO, true), &[replaces, refreshes, invalidates, gets]);
    });
}

#[test]
fn leader_fails_or_panics() {
    check(15_000, || run(&World::cold(true), &[gets, panics, gets, refreshes]));
}

#[test]
fn due_token_is_refused() {
    check(15_000, || {
        run(&World::with_token(Duration::from_secs(200), true), &[gets, gets, replaces, invalidates]);
    });
}

#[test]
fn refusals_cause_one_token_request() {
    check(20_000, || {
        let world = World::with_token(Duration::ZERO, false);
        run(&world, &[replaces_twice, replaces_twice, observes, gets]);
        // One token was cached, and one was requested, which was refused as well.
        assert!(world.issued.load(Relaxed) <= 2, "{} tokens", world.issued.load(Relaxed));
    });
}

#[test]
fn invalid_token_costs_one_token_request() {
    check(20_000, || {
        let world = World::with_token(Duration::ZERO, false);
        run(&world, &[invalidates, replaces, invalidates, observes]);
        assert!(world.issued.load(Relaxed) <= 2, "{} tokens", world.issued.load(Relaxed));
    });
}

fn replaces_twice(world: &World) {
    replaces(world);
    world.pass(Duration::from_secs(15));
    replaces(world);
}
