//! Parallel attempts of one user, in tens of thousands of interleavings.
//!
//! The locks are shuttle's, which finds a lost wake-up as a deadlock. Time passes only where an attempt waits out a
//! hold. `cargo test --features model --lib tests::model::guard`

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use shuttle::rand::{Rng as _, thread_rng};
use shuttle::thread;

use super::run::{at_once, check};
use crate::guard::credential::LoginKind;
use crate::guard::history::LoginOutcome;
use crate::guard::table::Table;
use crate::guard::{Admission, Guard, LoginAttempt};
use crate::tests::fake_clock::FakeClock;

/// Boomi locks a user at this many bad attempts in a row.
const LOCKED: usize = 6;
const MOST_IN_FLIGHT: u32 = 3;
/// How long an attempt waits at most.
const MAX_WAIT: Duration = Duration::from_secs(30);

/// A user at Boomi, behind the guard.
struct World {
    guard: Arc<Guard>,
    clock: Arc<FakeClock>,
    /// Bad attempts since the last good one, as Boomi counts.
    bad: AtomicUsize,
    rejected: AtomicUsize,
    accepted: AtomicUsize,
    /// Attempts in flight: with the good secret, and with all others.
    in_flight: [AtomicUsize; 2],
}

/// How an attempt ends.
#[derive(Clone, Copy)]
enum End {
    Good,
    Bad,
    /// Random, as for a good secret.
    ByChance,
}

impl World {
    fn new() -> Arc<Self> {
        let clock = Arc::new(FakeClock::at(1_800_000_000));
        let guard =
            Guard::new("https://api.boomi.com".into(), clock.clone(), MOST_IN_FLIGHT, Some(Arc::new(Table::new())));
        Arc::new(World {
            guard: Arc::new(guard),
            clock,
            bad: AtomicUsize::new(0),
            rejected: AtomicUsize::new(0),
            accepted: AtomicUsize::new(0),
            in_flight: Default::default(),
        })
    }

    /// With a credential that was accepted just now.
    fn proven() -> Arc<Self> {
        let world = World::new();
        world.sign_in("secret", End::Good);
        world
    }

    /// Asks, waits and records the outcome, as a call does. Returns whether it was sent.
    fn sign_in(&self, secret: &str, end: End) -> bool {
        let in_flight = &self.in_flight[usize::from(secret != "secret")];
        let secret = [secret.as_bytes()];
        loop {
            let attempt = LoginAttempt {
                name: "user@example.com",
                secret: &secret,
                kind: LoginKind::Basic,
                route: 0,
                foreign: false,
                step: None,
            };
            match self.guard.ask(&attempt, &|_, _| unreachable!("there is no other memory")) {
                Admission::Go(mut permit) => {
                    let under_way = in_flight.fetch_add(1, Relaxed) + 1;
                    assert!(under_way <= MOST_IN_FLIGHT as usize, "{under_way} attempts at once");
                    permit.leaves();
                    thread::yield_now();
                    let outcome = self.outcome(end);
                    in_flight.fetch_sub(1, Relaxed);
                    match outcome {
                        // The sending thread panicked.
                        LoginOutcome::Unanswered if thread_rng().gen_bool(0.5) => drop(permit),
                        outcome => permit.end(outcome),
                    }
                    return true;
                }
                Admission::Probe => {
                    thread::yield_now();
                    self.guard.end_probe(attempt.name, thread_rng().gen_bool(0.7));
                }
                Admission::Wait(wait) => match wait.hold {
                    Some(hold) if hold.rest.is_none_or(|rest| rest > MAX_WAIT) => return false,
                    Some(_) => {
                        self.clock.advance(wait.at_most);
                        thread::yield_now();
                    }
                    // It has no end of its own: another attempt must signal.
                    None => wait.changed.wait(wait.seen, wait.at_most),
                },
                Admission::Held(_) => return false,
                _ => unreachable!("no code is asked for, and no other memory is needed"),
            }
        }
    }

    /// The server's decision, and what of it arrives.
    fn outcome(&self, end: End) -> LoginOutcome {
        let is_good = match end {
            End::Good => true,
            End::Bad => false,
            End::ByChance => thread_rng().gen_bool(0.5),
        };
        if is_good {
            self.bad.store(0, Relaxed);
            self.accepted.fetch_add(1, Relaxed);
        } else {
            let bad = self.bad.fetch_add(1, Relaxed) + 1;
            assert!(bad < LOCKED, "the user is locked");
            self.rejected.fetch_add(1, Relaxed);
        }
        thread::yield_now();
        match end {
            End::ByChance if thread_rng().gen_bool(0.3) => LoginOutcome::Unanswered,
            _ if is_good => LoginOutcome::Accepted,
            _ => LoginOutcome::Rejected,
        }
    }
}

fn run(world: &Arc<World>, acts: &[fn(&World)]) {
    at_once(world, acts);
    let attempt = LoginAttempt {
        name: "user@example.com",
        secret: &[b"?"],
        kind: LoginKind::Basic,
        route: 0,
        foreign: false,
        step: None,
    };
    assert_eq!(world.guard.status(&attempt).in_flight, 0, "an attempt never ended");
}

fn is_right(world: &World) {
    for _ in 0..2 {
        world.sign_in("secret", End::Good);
    }
}

fn is_wrong(world: &World) {
    for _ in 0..2 {
        world.sign_in("wrong", End::Bad);
    }
}

fn has_bad_luck(world: &World) {
    for _ in 0..3 {
        world.sign_in("secret", End::ByChance);
    }
}

fn tries_others(world: &World) {
    for secret in ["another", "a third"] {
        world.sign_in(secret, End::Bad);
    }
}

#[test]
fn waiting_attempts_all_get_a_permit() {
    check(10_000, || {
        let world = World::proven();
        run(&world, &[is_right, is_right, is_right, is_right, is_right]);
        assert_eq!(world.accepted.load(Relaxed), 11);
    });
    check(10_000, || {
        let world = World::new();
        run(&world, &[is_right, is_right, is_right]);
        assert_eq!(world.accepted.load(Relaxed), 6);
    });
}

#[test]
fn parallel_attempts_send_a_wrong_secret_once() {
    check(10_000, || {
        let world = World::new();
        run(&world, &[is_wrong, is_wrong, is_wrong, is_wrong]);
        // The next attempt would be after a minute, for which none waits.
        assert_eq!(world.rejected.load(Relaxed), 1);
    });
}

#[test]
fn attempts_in_any_order_lock_no_user() {
    check(20_000, || run(&World::proven(), &[has_bad_luck, has_bad_luck, tries_others, has_bad_luck]));
    check(20_000, || run(&World::new(), &[has_bad_luck, is_wrong, tries_others, has_bad_luck]));
}
