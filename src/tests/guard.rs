//! Tests of the guard with its memories.

mod history;
#[cfg(all(target_os = "linux", not(feature = "model")))]
mod state_dir;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::clock::Clock;
use crate::guard::credential::{LoginKind, Millis, Owner, Tag};
use crate::guard::history::{LoginHistory, LoginOutcome, LoginRequest};
use crate::guard::shared::{MOST_UNSETTLED, Settlement};
use crate::guard::table::Table;
use crate::guard::*;
use crate::sync::{Mutex, Signal, lock};
use crate::tests::fake_clock::FakeClock;

/// Whether the guard permits an attempt, which is then rejected.
fn rejected(guard: &Arc<Guard>, name: &str, secret: &str) -> bool {
    let secret = [secret.as_bytes()];
    let attempt = LoginAttempt { name, secret: &secret, kind: LoginKind::Basic, route: 0, foreign: false, step: None };
    match guard.ask(&attempt, &|_, _| {}) {
        Admission::Go(permit) => {
            permit.end(LoginOutcome::Rejected);
            true
        }
        _ => false,
    }
}

#[test]
fn password_and_token_of_one_user_share_its_budget() {
    let table = Some(Arc::new(Table::new()) as Arc<dyn LoginMemory>);
    let guard = Arc::new(Guard::new("https://api.boomi.com".into(), Arc::new(FakeClock::at(0)), 3, table));
    let names =
        ["user@example.com", "BOOMI_TOKEN.user@example.com", "User@Example.com", "BOOMI_TOKEN.USER@example.com"];
    // One secret under two names makes two attempts, within one budget.
    assert!(names.iter().all(|name| rejected(&guard, name, "secret")));
    assert!(rejected(&guard, names[0], "another"));
    assert!(!rejected(&guard, names[1], "a third"));
    assert!(rejected(&guard, "other@example.com", "secret"));
}

/// A memory that can fail. It drops changes that are not kept, as a file does.
#[derive(Default)]
struct Flaky {
    history: Mutex<LoginHistory>,
    /// How often it was written.
    kept: std::sync::atomic::AtomicUsize,
    away: AtomicBool,
    /// Makes the tags of each memory differ.
    key: Tag,
}

impl LoginMemory for Flaky {
    fn with(
        &self,
        _: &User,
        _: &dyn Clock,
        work: &mut dyn FnMut(&mut LoginHistory, Millis) -> bool,
    ) -> Result<(), String> {
        if self.away.load(Ordering::Relaxed) {
            return Err("it is away".into());
        }
        let mut kept = lock(&self.history);
        let mut history = kept.clone();
        if work(&mut history, 0) {
            *kept = history;
            self.kept.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }

    fn tag(&self, _: &User, _: &dyn Clock, secret: &[&[u8]]) -> Result<Tag, String> {
        Ok(secret.concat().iter().fold(7 + self.key, |tag: Tag, byte| tag.wrapping_mul(31) + Tag::from(*byte)))
    }

    fn owner(&self) -> Owner {
        Owner { process: std::process::id(), started: 0 }
    }

    fn changed(&self, _: &User) -> Signal {
        Signal::default()
    }

    fn look_again(&self) -> Option<Duration> {
        None
    }
}

fn with_flaky() -> (Arc<Guard>, Arc<Flaky>) {
    let (table, shared) = (Arc::new(Table::new()) as Arc<dyn LoginMemory>, Arc::new(Flaky::default()));
    let guard = Guard::new("https://api.boomi.com".into(), Arc::new(FakeClock::at(0)), 3, Some(table));
    (Arc::new(guard.shared_by(shared.clone(), "/state".into())), shared)
}

#[test]
fn shared_memory_failing_adds_no_attempts() {
    let (guard, shared) = with_flaky();
    assert!(["1", "2", "3", "4", "5"].iter().all(|secret| rejected(&guard, "anna", secret)));
    assert!(!rejected(&guard, "anna", "6"));
    shared.away.store(true, Ordering::Relaxed);
    assert!(!rejected(&guard, "anna", "7"), "a sixth bad sign-in locks the user");
}

#[test]
fn settlement_survives_an_attempt_without_time_step() {
    let (guard, shared) = with_flaky();
    let secret = [&b"secret"[..]];
    let attempt = |longest_wait_ms| LoginAttempt {
        name: "anna",
        secret: &secret,
        kind: LoginKind::Basic,
        route: 0,
        foreign: false,
        // Between two steps, so that there is a wait.
        step: Some(StepRequest { period: 30, server_ms: 29_500, reserved: None, longest_wait_ms }),
    };
    let plain = LoginAttempt { step: None, ..attempt(0) };
    let Admission::Go(permit) = guard.ask(&plain, &|_, _| {}) else { panic!() };
    shared.away.store(true, Ordering::Relaxed);
    permit.end(LoginOutcome::Accepted);
    shared.away.store(false, Ordering::Relaxed);
    guard.reset(None);
    let _ = guard.ask(&attempt(0), &|_, _| {});
    let _ = guard.ask(&attempt(0), &|_, _| {});
    assert!(matches!(guard.ask(&plain, &|_, _| {}), Admission::Go(_)), "the attempt is still in flight");
}

/// An attempt with a password, on any route.
fn attempt<'a>(secret: &'a [&'a [u8]], step: Option<StepRequest>) -> LoginAttempt<'a> {
    LoginAttempt { name: "anna", secret, kind: LoginKind::Basic, route: 0, foreign: false, step }
}

/// The permit for an attempt with the secret, if the guard grants one.
fn permit(guard: &Arc<Guard>, secret: &str) -> Option<LoginPermit> {
    match guard.ask(&attempt(&[secret.as_bytes()], None), &|_, _| {}) {
        Admission::Go(permit) => Some(permit),
        _ => None,
    }
}

/// Requests a code half a second before the end of a step: too late for this step, and soon for the next.
fn request(longest_wait_ms: u64) -> Option<StepRequest> {
    Some(StepRequest { period: 30, server_ms: 29_500, reserved: None, longest_wait_ms })
}

#[test]
fn shared_memory_overrides_process_table() {
    let (guard, shared) = with_flaky();
    assert!(["1", "2", "3", "4", "5"].iter().all(|secret| rejected(&guard, "anna", secret)));
    // As another process does: this process's table does not know of it.
    lock(&shared.history).allowance = true;
    assert!(permit(&guard, "6").is_some());
}

#[test]
fn hold_of_failed_memory_still_blocks() {
    for (held_as, tries) in [("for the secret", 1), ("for good", 5)] {
        // This process attempts, or another process does and this one reads its hold.
        for by_another in [false, true] {
            let (guard, shared) = with_flaky();
            let (other, _) = with_flaky();
            let other = Arc::new(Guard { shared: Vec::new(), ..Arc::into_inner(other).unwrap() });
            let other = Arc::new(Arc::into_inner(other).unwrap().shared_by(shared.clone(), "/state".into()));
            for secret in &["1", "2", "3", "4", "5"][..tries] {
                assert!(rejected(if by_another { &other } else { &guard }, "anna", secret));
            }
            if by_another {
                assert!(permit(&guard, "1").is_none());
            }
            shared.away.store(true, Ordering::Relaxed);
            assert!(permit(&guard, "1").is_none(), "held {held_as}, by another: {by_another}");
            assert_eq!(permit(&guard, "of another user").is_some(), tries == 1);
        }
    }
    // A hold that is short enough to wait out: an attempt of another process had no response.
    let (guard, shared) = with_flaky();
    let ask = LoginRequest {
        tag: shared.tag(&guard.user("anna"), &FakeClock::at(0), &[&b"anna"[..], b"1"]).unwrap(),
        kind: LoginKind::Basic,
        route: 0,
        foreign: false,
        most_in_flight: 3,
    };
    lock(&shared.history).add(&ask, 7, LoginOutcome::Unanswered, 0);
    lock(&shared.history).end_probe(true, 0);
    assert!(matches!(guard.ask(&attempt(&[b"1"], None), &|_, _| {}), Admission::Wait(Wait { hold: Some(_), .. })));
    shared.away.store(true, Ordering::Relaxed);
    assert!(permit(&guard, "1").is_none());
    assert!(permit(&guard, "of another user").is_some());
}

#[test]
fn required_memory_failing_blocks_all_attempts() {
    let (guard, shared) = with_flaky();
    let guard = Arc::new(Guard { must_be_shared: true, ..Arc::into_inner(guard).unwrap() });
    assert!(permit(&guard, "secret").is_some());
    shared.away.store(true, Ordering::Relaxed);
    let answer = guard.ask(&attempt(&[b"secret"], None), &|_, _| {});
    assert!(matches!(answer, Admission::Unusable(why) if why == "it is away"));
}

#[test]
fn memory_failure_is_reported_once() {
    let (guard, shared) = with_flaky();
    let told = Mutex::new(Vec::new());
    let ask = || {
        let note = |place: &str, why: &str| lock(&told).push(format!("{place}: {why}"));
        drop(guard.ask(&attempt(&[b"secret"], None), &note));
        lock(&told).len()
    };
    assert_eq!(ask(), 0);
    for times in 1..=2 {
        shared.away.store(true, Ordering::Relaxed);
        assert_eq!((ask(), ask()), (times, times));
        shared.away.store(false, Ordering::Relaxed);
        assert_eq!(ask(), times);
    }
    assert_eq!(lock(&told)[0], "/state: it is away");
}

#[test]
fn missed_rejection_counts_for_its_own_secret() {
    let (guard, shared) = with_flaky();
    shared.away.store(true, Ordering::Relaxed);
    assert!(rejected(&guard, "anna", "bad"));
    shared.away.store(false, Ordering::Relaxed);
    assert!(permit(&guard, "bad").is_none());
    assert_eq!(lock(&shared.history).rejections, 1);
    assert!(permit(&guard, "another").is_some());

    let (guard, shared) = with_flaky();
    shared.away.store(true, Ordering::Relaxed);
    assert!(rejected(&guard, "anna", "bad"));
    shared.away.store(false, Ordering::Relaxed);
    assert!(permit(&guard, "another").is_some(), "an attempt with another secret settles it");
    assert_eq!(lock(&shared.history).rejections, 1);

    // Another memory recorded the attempt meanwhile.
    let (guard, first) = with_flaky();
    let second = Arc::new(Flaky { key: 1, ..Flaky::default() });
    let guard = Arc::new(Arc::into_inner(guard).unwrap().shared_by(second, "/second".into()));
    first.away.store(true, Ordering::Relaxed);
    assert!(rejected(&guard, "anna", "bad"));
    first.away.store(false, Ordering::Relaxed);
    assert!(permit(&guard, "bad").is_none());
    assert!(permit(&guard, "another").is_some());
}

#[test]
fn unsettled_outcomes_are_limited() {
    let (guard, _) = with_flaky();
    let shared = &guard.shared[0];
    for id in 0..MOST_UNSETTLED as u64 + 3 {
        shared.settle_later(Settlement { user: guard.user("anna"), id, outcome: LoginOutcome::Rejected, ask: None });
    }
    assert_eq!(lock(&shared.unsettled()).len(), MOST_UNSETTLED);
}

/// A decision alone is not written; a reset or an unsettled outcome is.
#[test]
fn blocked_attempt_is_written_only_with_changes() {
    // The attempt is too late for a code, blocked for a time, or blocked for good.
    for (tries, step) in [(0, request(0)), (1, None), (4, None)] {
        for is_reset in [false, true] {
            for is_unsettled in [false, true] {
                let (guard, shared) = with_flaky();
                let open = permit(&guard, "open").unwrap();
                let secrets = ["1", "2", "3", "4"];
                assert!(secrets[..tries].iter().all(|secret| rejected(&guard, "anna", secret)));
                if is_unsettled {
                    shared.away.store(true, Ordering::Relaxed);
                    open.end(LoginOutcome::Rejected);
                    shared.away.store(false, Ordering::Relaxed);
                }
                if is_reset {
                    guard.reset(None);
                }
                let before = shared.kept.load(Ordering::Relaxed);
                let secret = [if tries == 0 { &b"new"[..] } else { b"1" }];
                let answer = guard.ask(&attempt(&secret, step), &|_, _| {});
                let was_kept = shared.kept.load(Ordering::Relaxed) > before;
                if !matches!(answer, Admission::Go(_)) {
                    assert_eq!(was_kept, is_reset || is_unsettled, "{tries}, {is_reset}, {is_unsettled}");
                }
                if is_unsettled {
                    drop(answer);
                    let history = lock(&shared.history);
                    assert_eq!((history.rejections, history.in_flight.len()), (tries + 1, 0));
                }
            }
        }
    }
}

#[test]
fn time_step_given_back_is_next_again() {
    let (guard, _) = with_flaky();
    let reserve = || match guard.ask(&attempt(&[b"secret"], request(90_000)), &|_, _| {}) {
        Admission::Reserved(step, _) => step,
        _ => panic!(),
    };
    let first = reserve();
    assert_ne!(reserve(), first);
    let last = reserve();
    guard.give_back("anna", last);
    assert_eq!(reserve(), last);
}

#[test]
fn time_step_of_sent_code_is_not_given_back() {
    let (guard, _) = with_flaky();
    let now = Some(StepRequest { server_ms: 15_000, ..request(60_000).unwrap() });
    let secret = [&b"secret"[..]];
    let Admission::Go(permit) = guard.ask(&attempt(&secret, now), &|_, _| {}) else { panic!() };
    let sent = permit.step.unwrap();
    permit.end(LoginOutcome::Accepted);
    let Admission::Reserved(next, _) = guard.ask(&attempt(&secret, now), &|_, _| {}) else { panic!() };
    assert_eq!(next.number, sent.number + 1);
}

#[test]
fn status_tells_hold_counts_and_memory() {
    let clock = Arc::new(FakeClock::at(0));
    clock.advance(Duration::from_secs(1000));
    let guard = Arc::new(Guard::new("https://api.boomi.com".into(), clock, 3, Some(Arc::new(Table::new()))));
    let secret = [&b"1"[..]];
    let status = guard.status(&attempt(&secret, None));
    assert!(status.held.is_none() && status.memory.is_none() && status.problem.is_none());
    assert!(rejected(&guard, "anna", "1"));
    let status = guard.status(&attempt(&secret, None));
    assert_eq!((status.rejections, status.unanswered, status.in_flight), (1, 0, 0));
    let held = status.held.unwrap();
    assert_eq!((held.rest, held.reason()), (Some(Duration::from_secs(60)), "rejected"));
    permit(&guard, "2").unwrap().mark_sent();
    let status = guard.status(&attempt(&[b"2"], None));
    assert_eq!((status.unanswered, status.held.unwrap().reason()), (1, "unanswered"));

    let (guard, first) = with_flaky();
    let second = Arc::new(Flaky::default());
    let guard = Arc::new(Arc::into_inner(guard).unwrap().shared_by(second.clone(), "/second".into()));
    let status = || {
        let status = guard.status(&attempt(&secret, None));
        (status.memory, status.problem)
    };
    assert_eq!(status(), (Some("/state".into()), None));
    first.away.store(true, Ordering::Relaxed);
    assert_eq!(status(), (Some("/second".into()), Some("it is away".into())));
    second.away.store(true, Ordering::Relaxed);
    assert_eq!(status(), (None, Some("it is away".into())));
    assert!(["1", "2", "3", "4", "5"].iter().all(|secret| rejected(&guard, "anna", secret)));
    assert_eq!(guard.status(&attempt(&secret, None)).held.unwrap().reason(), "budget");
}

/// Processes of different versions may share a history.
#[test]
fn route_number_is_stable() {
    let of = |path: &str| route_of(path);
    assert_eq!(of("/api/rest/v1/account123/Deployment/1"), of("api/rest/v1/account123/Deployment/2/3"));
    assert_ne!(of("/api/rest/v1/account123/Deployment/1"), of("/api/rest/v1/account123/Process/1"));
    assert_ne!(of("/a/b"), of("/ab"));
    assert_eq!(of("/api/rest/v1/account123/Deployment/1"), 0xde19_4179);
}

#[test]
fn attempt_ids_are_unique() {
    let ids: std::collections::HashSet<_> = (0..100).map(|_| new_id()).collect();
    assert_eq!(ids.len(), 100);
}
