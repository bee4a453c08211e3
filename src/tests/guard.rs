//! A user's sign-ins, through the guard and its memories.

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

/// What the guard says to a sign-in with this name and secret, which is then rejected.
fn rejected(guard: &Arc<Guard>, name: &str, secret: &str) -> bool {
    let secret = [secret.as_bytes()];
    let attempt = LoginAttempt { name, secret: &secret, kind: LoginKind::Basic, route: 0, foreign: false, step: None };
    match guard.ask(&attempt, &|_, _| {}) {
        Admission::Go(place) => {
            place.end(LoginOutcome::Rejected);
            true
        }
        _ => false,
    }
}

#[test]
fn a_password_and_a_token_of_one_user_share_its_budget_however_it_is_spelled() {
    let table = Some(Arc::new(Table::new()) as Arc<dyn LoginMemory>);
    let guard = Arc::new(Guard::new("https://api.boomi.com".into(), Arc::new(FakeClock::at(0)), 3, table));
    let names =
        ["user@example.com", "BOOMI_TOKEN.user@example.com", "User@Example.com", "BOOMI_TOKEN.USER@example.com"];
    // The same secret under another name is another try, and within the one budget.
    assert!(names.iter().all(|name| rejected(&guard, name, "secret")));
    assert!(rejected(&guard, names[0], "another"));
    assert!(!rejected(&guard, names[1], "a third"));
    assert!(rejected(&guard, "other@example.com", "secret"));
}

/// A memory that can be away. What is not kept is not there the next time, as with a file.
#[derive(Default)]
struct Flaky {
    history: Mutex<LoginHistory>,
    /// How often it was written.
    kept: std::sync::atomic::AtomicUsize,
    away: AtomicBool,
    /// A secret has another tag in each.
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
fn a_memory_that_comes_and_goes_does_not_double_the_tries() {
    let (guard, shared) = with_flaky();
    assert!(["1", "2", "3", "4", "5"].iter().all(|secret| rejected(&guard, "anna", secret)));
    assert!(!rejected(&guard, "anna", "6"));
    shared.away.store(true, Ordering::Relaxed);
    assert!(!rejected(&guard, "anna", "7"), "a sixth bad sign-in locks the user");
}

#[test]
fn what_could_not_be_written_is_not_lost_to_who_comes_too_late_for_a_code() {
    let (guard, shared) = with_flaky();
    let secret = [&b"secret"[..]];
    let attempt = |longest_wait_ms| LoginAttempt {
        name: "anna",
        secret: &secret,
        kind: LoginKind::Basic,
        route: 0,
        foreign: false,
        // Between two steps, so that there is something to wait for.
        step: Some(StepWish { period: 30, server_ms: 29_500, reserved: None, longest_wait_ms }),
    };
    let plain = LoginAttempt { step: None, ..attempt(0) };
    let Admission::Go(place) = guard.ask(&plain, &|_, _| {}) else { panic!() };
    shared.away.store(true, Ordering::Relaxed);
    place.end(LoginOutcome::Accepted);
    shared.away.store(false, Ordering::Relaxed);
    guard.reset(None);
    let _ = guard.ask(&attempt(0), &|_, _| {});
    let _ = guard.ask(&attempt(0), &|_, _| {});
    assert!(matches!(guard.ask(&plain, &|_, _| {}), Admission::Go(_)), "its place is still taken");
}

/// A sign-in with a password, on a route that does not matter.
fn attempt<'a>(secret: &'a [&'a [u8]], step: Option<StepWish>) -> LoginAttempt<'a> {
    LoginAttempt { name: "anna", secret, kind: LoginKind::Basic, route: 0, foreign: false, step }
}

/// A place for the secret, if one is given.
fn place(guard: &Arc<Guard>, secret: &str) -> Option<LoginPermit> {
    match guard.ask(&attempt(&[secret.as_bytes()], None), &|_, _| {}) {
        Admission::Go(place) => Some(place),
        _ => None,
    }
}

/// A wish for a code half a second before the end of a step, when that one's comes too late and the next one's is near.
fn wish(longest_wait_ms: u64) -> Option<StepWish> {
    Some(StepWish { period: 30, server_ms: 29_500, reserved: None, longest_wait_ms })
}

#[test]
fn a_memory_that_says_yes_is_believed_before_the_processs_own() {
    let (guard, shared) = with_flaky();
    assert!(["1", "2", "3", "4", "5"].iter().all(|secret| rejected(&guard, "anna", secret)));
    // As another process does it: this one's own table knows nothing of it.
    lock(&shared.history).allow_one();
    assert!(place(&guard, "6").is_some());
}

#[test]
fn what_one_memory_knows_holds_when_it_is_away() {
    for (held_as, tries) in [("for the secret", 1), ("for good", 5)] {
        // The process asks itself, or another process did and this one was told.
        for by_another in [false, true] {
            let (guard, shared) = with_flaky();
            let (other, _) = with_flaky();
            let other = Arc::new(Guard { shared: Vec::new(), ..Arc::into_inner(other).unwrap() });
            let other = Arc::new(Arc::into_inner(other).unwrap().shared_by(shared.clone(), "/state".into()));
            for secret in &["1", "2", "3", "4", "5"][..tries] {
                assert!(rejected(if by_another { &other } else { &guard }, "anna", secret));
            }
            if by_another {
                assert!(place(&guard, "1").is_none());
            }
            shared.away.store(true, Ordering::Relaxed);
            assert!(place(&guard, "1").is_none(), "held {held_as}, by another: {by_another}");
            assert_eq!(place(&guard, "of nobody").is_some(), tries == 1);
        }
    }
    // One that is short enough to be waited out: another process had no answer.
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
    assert!(place(&guard, "1").is_none());
    assert!(place(&guard, "of nobody").is_some());
}

#[test]
fn who_needs_a_memory_beyond_the_process_does_not_go_without() {
    let (guard, shared) = with_flaky();
    let guard = Arc::new(Arc::into_inner(guard).unwrap().that_must_be_shared());
    assert!(place(&guard, "secret").is_some());
    shared.away.store(true, Ordering::Relaxed);
    let answer = guard.ask(&attempt(&[b"secret"], None), &|_, _| {});
    assert!(matches!(answer, Admission::Unusable(why) if why == "it is away"));
}

#[test]
fn trouble_with_a_memory_is_told_once_each_time() {
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
fn what_a_memory_missed_is_told_of_the_secret_it_was() {
    let (guard, shared) = with_flaky();
    shared.away.store(true, Ordering::Relaxed);
    assert!(rejected(&guard, "anna", "bad"));
    shared.away.store(false, Ordering::Relaxed);
    assert!(place(&guard, "bad").is_none());
    assert_eq!(lock(&shared.history).rejections(), 1);
    assert!(place(&guard, "another").is_some());

    let (guard, shared) = with_flaky();
    shared.away.store(true, Ordering::Relaxed);
    assert!(rejected(&guard, "anna", "bad"));
    shared.away.store(false, Ordering::Relaxed);
    assert!(place(&guard, "another").is_some(), "it is told while another secret is asked for");
    assert_eq!(lock(&shared.history).rejections(), 1);

    // The sign-in was written in another memory meanwhile.
    let (guard, first) = with_flaky();
    let second = Arc::new(Flaky { key: 1, ..Flaky::default() });
    let guard = Arc::new(Arc::into_inner(guard).unwrap().shared_by(second, "/second".into()));
    first.away.store(true, Ordering::Relaxed);
    assert!(rejected(&guard, "anna", "bad"));
    first.away.store(false, Ordering::Relaxed);
    assert!(place(&guard, "bad").is_none());
    assert!(place(&guard, "another").is_some());
}

#[test]
fn what_is_to_be_told_is_limited() {
    let (guard, _) = with_flaky();
    let shared = &guard.shared[0];
    for id in 0..MOST_UNSETTLED as u64 + 3 {
        shared.settle_later(Settlement { user: guard.user("anna"), id, outcome: LoginOutcome::Rejected, ask: None });
    }
    assert_eq!(lock(&shared.unsettled()).len(), MOST_UNSETTLED);
}

/// A look changes nothing, and so is not written; what was to be told with it is.
#[test]
fn a_look_is_written_if_there_was_something_to_tell() {
    // How the guard says no: to who comes too late for a code, and to who is held, now or for good.
    for (tries, step) in [(0, wish(0)), (1, None), (4, None)] {
        for is_reset in [false, true] {
            for is_unsettled in [false, true] {
                let (guard, shared) = with_flaky();
                let open = place(&guard, "open").unwrap();
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
                    assert_eq!((history.rejections(), history.in_flight()), (tries + 1, 0));
                }
            }
        }
    }
}

#[test]
fn a_step_that_is_given_back_is_the_next_one_again() {
    let (guard, _) = with_flaky();
    let reserve = || match guard.ask(&attempt(&[b"secret"], wish(90_000)), &|_, _| {}) {
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
fn a_code_that_was_sent_is_not_given_back() {
    let (guard, _) = with_flaky();
    let now = Some(StepWish { server_ms: 15_000, ..wish(60_000).unwrap() });
    let secret = [&b"secret"[..]];
    let Admission::Go(place) = guard.ask(&attempt(&secret, now), &|_, _| {}) else { panic!() };
    let sent = place.step.unwrap();
    place.end(LoginOutcome::Accepted);
    let Admission::Reserved(next, _) = guard.ask(&attempt(&secret, now), &|_, _| {}) else { panic!() };
    assert_eq!(next.number, sent.number + 1);
}

#[test]
fn a_status_says_what_a_sign_in_would_meet_and_where_that_is_known() {
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
    place(&guard, "2").unwrap().leaves();
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
fn a_route_is_the_same_number_everywhere() {
    let of = |path: &str| route_of(path);
    assert_eq!(of("/api/rest/v1/account123/Deployment/1"), of("api/rest/v1/account123/Deployment/2/3"));
    assert_ne!(of("/api/rest/v1/account123/Deployment/1"), of("/api/rest/v1/account123/Process/1"));
    assert_ne!(of("/a/b"), of("/ab"));
    assert_eq!(of("/api/rest/v1/account123/Deployment/1"), 0xde19_4179);
}

#[test]
fn no_two_sign_ins_have_one_number() {
    let ids: std::collections::HashSet<_> = (0..100).map(|_| new_id()).collect();
    assert_eq!(ids.len(), 100);
}
