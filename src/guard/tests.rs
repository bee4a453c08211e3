//! A user's sign-ins, through the guard and its memories.

use super::*;
use crate::clock::fake::FakeClock;
use table::Table;

/// What the guard says to a sign-in with this name and secret, which is then rejected.
fn rejected(guard: &Arc<Guard>, name: &str, secret: &str) -> bool {
    let secret = [secret.as_bytes()];
    let applicant = Applicant { name, secret: &secret, kind: Kind::Basic, route: 0, foreign: false, step: None };
    match guard.ask(&applicant, &|_, _| {}) {
        Answer::Go(place) => {
            place.end(Outcome::Rejected);
            true
        }
        _ => false,
    }
}

#[test]
fn a_password_and_a_token_of_one_user_share_its_budget_however_it_is_spelled() {
    let table = Some(Arc::new(Table::new()) as Arc<dyn Store>);
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
    ledger: Mutex<Ledger>,
    away: AtomicBool,
}

impl Store for Flaky {
    fn with(&self, _: &User, _: &dyn Clock, work: &mut dyn FnMut(&mut Ledger, Millis) -> bool) -> Result<(), String> {
        if self.away.load(Ordering::Relaxed) {
            return Err("it is away".into());
        }
        let mut kept = lock(&self.ledger);
        let mut ledger = kept.clone();
        if work(&mut ledger, 0) {
            *kept = ledger;
        }
        Ok(())
    }

    fn tag(&self, _: &User, _: &dyn Clock, secret: &[&[u8]]) -> Result<Tag, String> {
        Ok(secret.concat().iter().fold(7, |tag, byte| tag * 31 + Tag::from(*byte)))
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
    let (table, shared) = (Arc::new(Table::new()) as Arc<dyn Store>, Arc::new(Flaky::default()));
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
    let applicant = |longest_wait_ms| Applicant {
        name: "anna",
        secret: &secret,
        kind: Kind::Basic,
        route: 0,
        foreign: false,
        // Between two steps, so that there is something to wait for.
        step: Some(StepWish { period: 30, server_ms: 29_500, reserved: None, longest_wait_ms }),
    };
    let plain = Applicant { step: None, ..applicant(0) };
    let Answer::Go(place) = guard.ask(&plain, &|_, _| {}) else { panic!() };
    shared.away.store(true, Ordering::Relaxed);
    place.end(Outcome::Accepted);
    shared.away.store(false, Ordering::Relaxed);
    guard.reset(None);
    let _ = guard.ask(&applicant(0), &|_, _| {});
    let _ = guard.ask(&applicant(0), &|_, _| {});
    assert!(matches!(guard.ask(&plain, &|_, _| {}), Answer::Go(_)), "its place is still taken");
}
