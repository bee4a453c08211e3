//! Tests of the login history: what it permits after each sequence of outcomes.

use crate::guard::credential::*;
use crate::guard::history::*;
use crate::tests::sim::clock::Random;
use serde::Deserialize as _;
use serde_json::Value;

const DAY: Millis = 24 * 60 * MINUTE;
const OUTCOMES: [LoginOutcome; 5] = [
    LoginOutcome::Accepted,
    LoginOutcome::Rejected,
    LoginOutcome::Unanswered,
    LoginOutcome::Neutral,
    LoginOutcome::NotSent,
];

/// A history with its test's clock.
#[derive(Clone, Default)]
struct Book {
    history: LoginHistory,
    now: Millis,
    last_id: u64,
}

fn ask(tag: Tag, kind: LoginKind, route: RouteId) -> LoginRequest {
    LoginRequest { tag, kind, route, foreign: false, most_in_flight: 3 }
}

/// Direct calls of one route with the first secret.
const BASIC: LoginRequest =
    LoginRequest { tag: 1, kind: LoginKind::Basic, route: 1, foreign: false, most_in_flight: 3 };
/// Calls of another route with that secret, and its token requests.
const ELSEWHERE: LoginRequest = LoginRequest { route: 2, ..BASIC };
const EXCHANGE: LoginRequest = LoginRequest { kind: LoginKind::TokenRequest, route: 3, ..BASIC };

impl Book {
    fn decide(&self, ask: LoginRequest) -> LoginDecision {
        self.history.decide(&ask, self.now)
    }

    fn send(&mut self, ask: LoginRequest) -> u64 {
        assert_eq!(self.decide(ask), LoginDecision::Go);
        self.last_id += 1;
        self.history.take(&ask, self.last_id, Owner::default(), self.now);
        self.last_id
    }

    fn end(&mut self, id: u64, outcome: LoginOutcome) {
        self.history.settle(id, outcome, self.now);
    }

    fn sign_in(&mut self, ask: LoginRequest, outcome: LoginOutcome) {
        let id = self.send(ask);
        self.end(id, outcome);
    }

    /// For how long the attempt is blocked; `None` for good.
    #[track_caller]
    fn held(&self, ask: LoginRequest) -> Option<Millis> {
        match self.decide(ask) {
            LoginDecision::WaitUntil(until, _) => Some(until - self.now),
            LoginDecision::Held(until, _) => until.map(|until| until - self.now),
            other => panic!("{other:?}"),
        }
    }

    /// Learns a hold from another memory, which counts two rejections and one attempt without a response.
    fn learn(&mut self, ask: &LoginRequest, rest: Option<Millis>, why: Why) {
        self.history.raise_counts(2, 1);
        self.history.learn(ask, rest.map(|rest| self.now + rest), why, self.now);
    }

    #[track_caller]
    fn pass_hold(&mut self, ask: LoginRequest) -> Millis {
        let hold = self.held(ask).expect("a hold with an end");
        self.now += hold - 1;
        assert_eq!(self.held(ask), Some(1));
        self.now += 1;
        hold
    }
}

/// A book in which the first secret was accepted just now.
fn proven() -> Book {
    let mut book = Book::default();
    book.sign_in(BASIC, LoginOutcome::Accepted);
    book
}

#[test]
fn never_accepted_credential_has_two_attempts() {
    let mut book = Book::default();
    book.sign_in(BASIC, LoginOutcome::Rejected);
    for other in [BASIC, ELSEWHERE, EXCHANGE] {
        assert!(matches!(book.decide(other), LoginDecision::Held(Some(_), Why::Rejected)));
    }
    assert_eq!(book.pass_hold(BASIC), MINUTE);
    book.sign_in(BASIC, LoginOutcome::Rejected);
    for other in [BASIC, ELSEWHERE, EXCHANGE] {
        book.now += 365 * DAY;
        assert_eq!(book.decide(other), LoginDecision::Held(None, Why::Rejected));
    }
}

#[test]
fn proven_credential_rejected_climbs_its_ladder() {
    let mut book = proven();
    book.sign_in(BASIC, LoginOutcome::Rejected);
    for length in [5 * SECOND, 30 * SECOND, 10 * MINUTE] {
        assert_eq!(book.pass_hold(BASIC), length);
        book.sign_in(BASIC, LoginOutcome::Rejected);
    }
    assert_eq!(book.held(BASIC), None);
}

#[test]
fn acceptance_proves_for_one_minute() {
    for (ago, hold) in [(MINUTE, 5 * SECOND), (MINUTE + 1, MINUTE)] {
        let mut book = proven();
        book.now += ago;
        book.sign_in(BASIC, LoginOutcome::Rejected);
        assert_eq!(book.held(BASIC), Some(hold));
    }
}

#[test]
fn hold_up_to_30_s_is_waited_out() {
    let mut book = Book::default();
    book.sign_in(BASIC, LoginOutcome::Rejected);
    book.now = 30 * SECOND - 1;
    assert_eq!(book.decide(BASIC), LoginDecision::Held(Some(MINUTE), Why::Rejected));
    book.now += 1;
    assert_eq!(book.decide(BASIC), LoginDecision::WaitUntil(MINUTE, Why::Rejected));
}

#[test]
fn only_proven_credential_has_parallel_attempts() {
    for most in 1..=5 {
        let asks = LoginRequest { most_in_flight: most, ..BASIC };
        let mut book = Book::default();
        let first = book.send(asks);
        assert_eq!(book.decide(asks), LoginDecision::AwaitOther);
        book.end(first, LoginOutcome::Accepted);
        (0..most).for_each(|_| _ = book.send(asks));
        assert_eq!(book.decide(asks), LoginDecision::AwaitOther);
        book.now += MINUTE + 1;
        assert_eq!(book.decide(asks), LoginDecision::AwaitOther);
    }
}

#[test]
fn parallel_rejections_extend_hold_once_and_all_count() {
    let mut book = proven();
    let sent = [BASIC, BASIC, ELSEWHERE].map(|ask| book.send(ask));
    sent.iter().for_each(|id| book.end(*id, LoginOutcome::Rejected));
    assert_eq!((book.held(BASIC), book.history.rejections), (Some(5 * SECOND), 3));
    book.pass_hold(BASIC);
    book.sign_in(BASIC, LoginOutcome::Rejected);
    book.pass_hold(BASIC);
    book.sign_in(BASIC, LoginOutcome::Rejected);
    assert_eq!(book.decide(BASIC), LoginDecision::Held(None, Why::Budget));
}

#[test]
fn parallel_rejections_extend_every_ladder_once() {
    // Rejected on two routes, and released early by an acceptance of the other kind.
    let mut book = proven();
    let sent = [BASIC, ELSEWHERE].map(|ask| book.send(ask));
    sent.iter().for_each(|id| book.end(*id, LoginOutcome::Rejected));
    book.pass_hold(EXCHANGE);
    book.sign_in(EXCHANGE, LoginOutcome::Accepted);
    let sent = [0; 2].map(|_| book.send(BASIC));
    sent.iter().for_each(|id| book.end(*id, LoginOutcome::Rejected));
    assert_eq!(book.held(BASIC), Some(30 * SECOND));

    // Of both kinds.
    let mut book = proven();
    let sent = [BASIC, EXCHANGE].map(|ask| book.send(ask));
    sent.iter().for_each(|id| book.end(*id, LoginOutcome::Rejected));
    assert_eq!((book.held(BASIC), book.held(EXCHANGE)), (Some(5 * SECOND), Some(5 * SECOND)));

    // One route that rejects what is accepted elsewhere.
    let mut book = proven();
    book.sign_in(BASIC, LoginOutcome::Rejected);
    book.pass_hold(ELSEWHERE);
    book.sign_in(ELSEWHERE, LoginOutcome::Accepted);
    book.pass_hold(BASIC);
    book.sign_in(ELSEWHERE, LoginOutcome::Accepted);
    let sent = [0; 2].map(|_| book.send(BASIC));
    sent.iter().for_each(|id| book.end(*id, LoginOutcome::Rejected));
    assert_eq!(book.held(BASIC), Some(2 * MINUTE));
}

#[test]
#[cfg(feature = "redis")]
fn attempts_expire_by_age_without_process_ids() {
    for (ask, age) in
        [(EXCHANGE, 20 * SECOND), (BASIC, 90 * SECOND), (LoginRequest { foreign: true, ..BASIC }, 10 * MINUTE)]
    {
        let mut book = Book { now: DAY, ..Book::default() };
        book.send(ask);
        assert!(!book.history.expire_by_age(DAY + age));
        assert!(book.history.expire_by_age(DAY + age + 1) && !book.history.expire_by_age(DAY + age + 1));
        assert_eq!((book.history.unanswered, book.history.in_flight.len()), (1, 0));
    }
}

#[test]
fn five_rejections_of_any_secrets_spend_the_budget() {
    let mut book = Book::default();
    for tag in 1..=5 {
        book.sign_in(ask(tag, LoginKind::Basic, 1), LoginOutcome::Rejected);
    }
    assert_eq!(book.decide(ask(6, LoginKind::Basic, 1)), LoginDecision::Held(None, Why::Budget));
    book.now += DAY;
    assert_eq!(book.decide(BASIC), LoginDecision::Held(None, Why::Budget));
}

#[test]
fn attempts_in_flight_count_for_the_budget() {
    let mut book = Book::default();
    let sent: Vec<_> = (1..=5).map(|tag| book.send(ask(tag, LoginKind::Basic, 1))).collect();
    let sixth = ask(6, LoginKind::Basic, 1);
    assert_eq!(book.decide(sixth), LoginDecision::AwaitOther);
    book.end(sent[0], LoginOutcome::Neutral);
    assert_eq!(book.decide(sixth), LoginDecision::Go);
    sent[1..].iter().for_each(|id| book.end(*id, LoginOutcome::Rejected));
    book.sign_in(sixth, LoginOutcome::Rejected);
    assert_eq!(book.decide(ask(7, LoginKind::Basic, 1)), LoginDecision::Held(None, Why::Budget));
}

#[test]
fn changed_secret_accepted_clears_the_budget() {
    let mut book = proven();
    book.sign_in(BASIC, LoginOutcome::Rejected);
    book.sign_in(LoginRequest { tag: 2, ..BASIC }, LoginOutcome::Accepted);
    assert_eq!(book.history.rejections, 0);
    // The old secret is held as before.
    assert_eq!(book.held(BASIC), Some(5 * SECOND));
}

#[test]
fn acceptance_sent_before_rejection_clears_nothing() {
    let mut book = proven();
    let (early, late) = (book.send(BASIC), book.send(BASIC));
    book.end(late, LoginOutcome::Rejected);
    book.end(early, LoginOutcome::Accepted);
    assert_eq!((book.held(BASIC), book.history.rejections), (Some(5 * SECOND), 1));
    book.pass_hold(BASIC);
    book.sign_in(BASIC, LoginOutcome::Accepted);
    assert_eq!((book.decide(BASIC), book.history.rejections), (LoginDecision::Go, 0));
    // Nor does an acceptance of another secret that was sent before.
    let mut book = Book::default();
    let other = book.send(LoginRequest { tag: 2, ..BASIC });
    book.sign_in(BASIC, LoginOutcome::Rejected);
    book.end(other, LoginOutcome::Accepted);
    assert_eq!(book.history.rejections, 1);
}

#[test]
fn events_within_one_millisecond_keep_their_order() {
    let mut book = proven();
    let early = book.send(BASIC);
    book.sign_in(BASIC, LoginOutcome::Rejected);
    book.end(early, LoginOutcome::Rejected);
    assert_eq!(book.held(BASIC), Some(5 * SECOND));
}

#[test]
fn rejected_kind_leaves_other_kind_one_attempt() {
    let mut book = proven();
    book.now += DAY;
    book.sign_in(BASIC, LoginOutcome::Rejected);
    book.sign_in(EXCHANGE, LoginOutcome::Rejected);
    // From here on the cause is the credential.
    assert_eq!((book.held(BASIC), book.held(EXCHANGE)), (Some(MINUTE), Some(MINUTE)));
    book.pass_hold(BASIC);
    book.sign_in(EXCHANGE, LoginOutcome::Rejected);
    assert_eq!((book.held(BASIC), book.held(EXCHANGE)), (None, None));
    assert_eq!(book.history.rejections, 3);
}

#[test]
fn accepted_kind_unblocks_both_kinds() {
    let mut book = proven();
    book.now += DAY;
    let two = [BASIC, EXCHANGE];
    two.iter().for_each(|ask| book.sign_in(*ask, LoginOutcome::Rejected));
    book.pass_hold(EXCHANGE);
    book.sign_in(EXCHANGE, LoginOutcome::Accepted);
    assert_eq!(two.map(|ask| book.decide(ask)), [LoginDecision::Go; 2]);
}

#[test]
fn held_kind_delays_other_kind_a_little_less() {
    let mut book = proven();
    let sent = [0; 3].map(|_| book.send(BASIC));
    sent.iter().for_each(|id| book.end(*id, LoginOutcome::Rejected));
    assert_eq!((book.held(BASIC), book.pass_hold(EXCHANGE)), (Some(5 * SECOND), 4500));
    // A platform that answers 401 to both: one more event, and half a minute to recover with one attempt left.
    book.sign_in(EXCHANGE, LoginOutcome::Rejected);
    assert_eq!((book.held(BASIC), book.held(EXCHANGE)), (Some(30 * SECOND), Some(30 * SECOND)));
    assert_eq!(book.history.rejections, 4);
    // One that answers 401 to Basic calls only blocks no token request for longer than that.
    let mut book = proven();
    book.sign_in(BASIC, LoginOutcome::Rejected);
    for length in [4500, 27 * SECOND, 30 * SECOND] {
        assert_eq!(book.held(EXCHANGE), Some(length));
        book.pass_hold(BASIC);
        book.sign_in(ELSEWHERE, LoginOutcome::Rejected);
    }
}

#[test]
fn rejected_routes_are_held_separately() {
    let mut book = proven();
    book.sign_in(BASIC, LoginOutcome::Rejected);
    book.pass_hold(ELSEWHERE);
    book.sign_in(ELSEWHERE, LoginOutcome::Accepted);
    book.sign_in(ELSEWHERE, LoginOutcome::Rejected);
    book.pass_hold(EXCHANGE);
    book.sign_in(EXCHANGE, LoginOutcome::Accepted);
    assert_eq!((book.held(BASIC), book.held(ELSEWHERE)), (Some(25_500), Some(30 * SECOND)));
}

#[test]
fn single_rejecting_route_unblocks_others_sooner() {
    let mut book = proven();
    for (length, elsewhere) in [(5, 4500), (30, 27_000), (600, 30_000)] {
        book.sign_in(BASIC, LoginOutcome::Rejected);
        assert_eq!((book.held(BASIC), book.held(ELSEWHERE)), (Some(length * SECOND), Some(elsewhere)));
        book.pass_hold(BASIC);
    }
    let mut book = Book::default();
    book.sign_in(BASIC, LoginOutcome::Rejected);
    assert_eq!((book.held(BASIC), book.held(ELSEWHERE)), (Some(MINUTE), Some(54 * SECOND)));
}

#[test]
fn rejecting_route_is_held_alone_once_another_accepts() {
    let mut book = proven();
    book.sign_in(BASIC, LoginOutcome::Rejected);
    // Another route is unblocked a little sooner, so that it finds out.
    assert_eq!(book.held(ELSEWHERE), Some(4500));
    book.pass_hold(ELSEWHERE);
    book.sign_in(ELSEWHERE, LoginOutcome::Accepted);
    assert_eq!(book.decide(ELSEWHERE), LoginDecision::Go);
    for length in [30 * SECOND, 2 * MINUTE, 10 * MINUTE, 10 * MINUTE] {
        assert_eq!(book.held(BASIC), Some(length));
        book.sign_in(EXCHANGE, LoginOutcome::Accepted);
        book.now += length;
        book.sign_in(EXCHANGE, LoginOutcome::Accepted);
        book.sign_in(BASIC, LoginOutcome::Rejected);
        assert_eq!(book.decide(ELSEWHERE), LoginDecision::Go);
    }
    book.now += 10 * MINUTE;
    book.sign_in(BASIC, LoginOutcome::Accepted);
    assert_eq!((book.decide(BASIC), book.history.is_idle(0)), (LoginDecision::Go, true));
}

#[test]
fn unanswered_attempts_hold_unproven_credential() {
    let mut book = Book::default();
    for length in [15 * SECOND, 10 * MINUTE, 30 * MINUTE, 30 * MINUTE] {
        book.sign_in(BASIC, LoginOutcome::Unanswered);
        for other in [BASIC, EXCHANGE] {
            assert_eq!(book.held(other), Some(length));
        }
        book.pass_hold(BASIC);
        assert_eq!(book.decide(BASIC), LoginDecision::Probe);
        book.history.end_probe(true, book.now);
    }
    book.sign_in(BASIC, LoginOutcome::Unanswered);
    assert_eq!(book.decide(BASIC), LoginDecision::Held(None, Why::Budget));
    assert_eq!(book.history.unanswered, 5);
}

#[test]
fn unanswered_attempts_hold_accepted_credential_briefly() {
    let mut book = proven();
    book.now += 2 * PROVEN_FOR;
    for length in [15 * SECOND, 15 * SECOND, 15 * SECOND, 10 * MINUTE] {
        book.sign_in(BASIC, LoginOutcome::Unanswered);
        assert_eq!(book.held(EXCHANGE), Some(length));
        book.pass_hold(BASIC);
        assert_eq!(book.decide(BASIC), LoginDecision::Probe);
        book.history.end_probe(true, book.now);
    }
    // The last spends the budget, which another secret may clear.
    book.sign_in(BASIC, LoginOutcome::Unanswered);
    assert_eq!(book.held(BASIC), None);
    book.history.allowance = true;
    book.sign_in(ask(2, LoginKind::Basic, 1), LoginOutcome::Accepted);
    assert_eq!(book.held(BASIC), Some(30 * MINUTE));
}

#[test]
fn unanswered_proven_credential_needs_probe_and_goes_alone() {
    let mut book = proven();
    let sent = [0; 3].map(|_| book.send(BASIC));
    book.end(sent[0], LoginOutcome::Unanswered);
    assert_eq!(book.decide(BASIC), LoginDecision::AwaitOther);
    sent[1..].iter().for_each(|id| book.end(*id, LoginOutcome::Unanswered));
    assert_eq!(book.decide(BASIC), LoginDecision::Probe);
    book.history.end_probe(true, book.now);
    book.send(BASIC);
    assert_eq!(book.decide(BASIC), LoginDecision::AwaitOther);
}

#[test]
fn probes_are_sequential_and_spaced() {
    let mut book = Book::default();
    book.sign_in(BASIC, LoginOutcome::Unanswered);
    book.pass_hold(BASIC);
    for apart in [SECOND, 2 * SECOND, 2 * SECOND] {
        assert_eq!(book.decide(BASIC), LoginDecision::Probe);
        book.history.begin_probe(book.now);
        assert_eq!(book.decide(EXCHANGE), LoginDecision::AwaitOther);
        book.history.end_probe(false, book.now);
        assert_eq!(book.decide(EXCHANGE), LoginDecision::WaitUntil(book.now + apart, Why::Unanswered));
        book.now += apart;
    }
    book.history.begin_probe(book.now);
    book.now += 15 * SECOND;
    assert_eq!(book.decide(BASIC), LoginDecision::AwaitOther);
    book.now += 1;
    assert_eq!(book.decide(BASIC), LoginDecision::Probe);
    book.history.end_probe(true, book.now);
    book.sign_in(BASIC, LoginOutcome::Accepted);
    assert!(book.history.is_idle(0));
}

#[test]
fn neutral_response_only_ends_the_probe() {
    let mut book = Book::default();
    book.sign_in(BASIC, LoginOutcome::Neutral);
    let first = book.send(BASIC);
    assert_eq!(book.decide(BASIC), LoginDecision::AwaitOther);
    book.end(first, LoginOutcome::Unanswered);
    book.pass_hold(BASIC);
    book.history.end_probe(true, book.now);
    book.sign_in(BASIC, LoginOutcome::Neutral);
    assert_eq!((book.history.unanswered, book.decide(BASIC)), (1, LoginDecision::Go));
}

#[test]
fn unsent_attempt_changes_nothing() {
    let mut book = proven();
    let before = format!("{:?}", LoginHistory { sequence: 0, ..book.history.clone() });
    book.sign_in(BASIC, LoginOutcome::NotSent);
    assert_eq!(format!("{:?}", LoginHistory { sequence: 0, ..book.history.clone() }), before);
}

#[test]
fn allowance_is_for_one_sent_attempt() {
    let mut book = Book::default();
    (1..=5).for_each(|tag| book.sign_in(ask(tag, LoginKind::Basic, 1), LoginOutcome::Rejected));
    book.history.allowance = true;
    book.sign_in(BASIC, LoginOutcome::NotSent);
    let allowed = book.send(BASIC);
    // Waiting attempts may see an acceptance; another secret has no allowance.
    assert_eq!(book.decide(EXCHANGE), LoginDecision::AwaitOther);
    assert_eq!(book.decide(ask(2, LoginKind::Basic, 1)), LoginDecision::Held(None, Why::Budget));
    book.end(allowed, LoginOutcome::Rejected);
    assert_eq!(book.decide(EXCHANGE), LoginDecision::Held(None, Why::Budget));
    book.history.allowance = true;
    book.sign_in(EXCHANGE, LoginOutcome::Accepted);
    assert_eq!((book.decide(BASIC), book.history.rejections), (LoginDecision::Go, 0));
}

#[test]
fn allowance_waits_for_attempts_in_flight() {
    let mut book = Book::default();
    let other = book.send(ask(2, LoginKind::Basic, 1));
    book.history.allowance = true;
    assert_eq!(book.decide(BASIC), LoginDecision::AwaitOther);
    book.end(other, LoginOutcome::Rejected);
    assert_eq!(book.decide(BASIC), LoginDecision::Go);
}

#[test]
fn unknown_or_ended_attempt_cannot_end() {
    let mut book = Book::default();
    let id = book.send(BASIC);
    book.end(id, LoginOutcome::Rejected);
    book.end(id, LoginOutcome::Rejected);
    book.end(77, LoginOutcome::Rejected);
    assert_eq!(book.history.rejections, 1);
}

#[test]
fn attempts_of_ended_processes_count_as_unanswered() {
    let mut book = Book::default();
    let owner = Owner { process: 7, started: 1 };
    book.history.take(&BASIC, 1, owner, 0);
    book.history.expire(|other| *other != owner, 0);
    assert_eq!(book.history.unanswered, 0);
    book.history.expire(|other| *other == owner, 0);
    assert_eq!((book.history.unanswered, book.held(BASIC)), (1, Some(15 * SECOND)));

    let mut book = Book::default();
    book.send(LoginRequest { foreign: true, ..BASIC });
    book.history.expire(|_| false, 10 * MINUTE);
    assert_eq!(book.history.unanswered, 0);
    book.history.expire(|_| false, 10 * MINUTE + 1);
    assert_eq!(book.history.unanswered, 1);
    // Attempts of this library report their outcome.
    let mut book = Book::default();
    book.send(BASIC);
    book.history.expire(|_| false, DAY);
    assert_eq!(book.history.unanswered, 0);
}

#[test]
fn hold_learned_from_other_memory_blocks() {
    // A process that never saw the secret accepted does not try it again alone.
    let mut book = Book::default();
    book.learn(&BASIC, Some(MINUTE), Why::Rejected);
    assert_eq!(book.held(BASIC), None);
    assert_eq!((book.history.rejections, book.history.unanswered), (2, 1));
    // Another secret has the rest of the budget; an acceptance of this one clears everything.
    assert_eq!(book.decide(ask(2, LoginKind::Basic, 1)), LoginDecision::Go);
    book.history.add(&BASIC, 7, LoginOutcome::Accepted, book.now);
    assert_eq!((book.decide(BASIC), book.history.rejections), (LoginDecision::Go, 0));

    let mut book = proven();
    book.learn(&BASIC, Some(5 * SECOND), Why::Rejected);
    assert_eq!(book.held(BASIC), Some(5 * SECOND));
    let mut book = Book::default();
    book.learn(&BASIC, Some(15 * SECOND), Why::Unanswered);
    assert_eq!(book.held(BASIC), Some(15 * SECOND));
    // The next rejection is one level higher.
    let mut book = proven();
    book.learn(&BASIC, Some(5 * SECOND), Why::Rejected);
    book.pass_hold(BASIC);
    book.history.end_probe(true, book.now);
    book.sign_in(BASIC, LoginOutcome::Rejected);
    assert_eq!(book.held(BASIC), None);
    // Its own hold is longer, and stays.
    let mut book = Book::default();
    book.sign_in(BASIC, LoginOutcome::Rejected);
    book.learn(&BASIC, Some(SECOND), Why::Rejected);
    assert_eq!(book.held(BASIC), Some(MINUTE));
}

#[test]
fn history_without_trouble_is_idle() {
    assert!(Book::default().history.is_idle(0) && proven().history.is_idle(0));
    for outcome in [LoginOutcome::Rejected, LoginOutcome::Unanswered] {
        let mut book = proven();
        book.sign_in(BASIC, outcome);
        book.now += DAY;
        assert!(!book.history.is_idle(0), "{outcome:?}");
    }
    let mut book = Book::default();
    book.send(BASIC);
    assert!(!book.history.is_idle(0));
    let history = LoginHistory { allowance: true, ..LoginHistory::default() };
    assert!(!history.is_idle(0));
}

#[test]
fn history_with_any_hold_is_not_idle() {
    let other = ask(2, LoginKind::Basic, 1);
    // An acceptance of another secret clears the counts, and leaves the holds.
    for outcome in [LoginOutcome::Rejected, LoginOutcome::Unanswered] {
        let mut book = Book::default();
        book.sign_in(BASIC, outcome);
        book.history.allowance = true;
        book.sign_in(other, LoginOutcome::Accepted);
        assert_eq!((book.history.rejections, book.history.unanswered), (0, 0));
        assert!(!book.history.is_idle(0), "{outcome:?}");
    }
    let mut book = proven();
    book.sign_in(BASIC, LoginOutcome::Rejected);
    book.pass_hold(ELSEWHERE);
    book.sign_in(ELSEWHERE, LoginOutcome::Accepted);
    assert!(book.held(BASIC).is_some() && !book.history.is_idle(0));
    // A rejection counts even after its secret is forgotten.
    let mut book = Book::default();
    book.sign_in(BASIC, LoginOutcome::Rejected);
    for tag in 2..20 {
        book.history.learn(&ask(tag, LoginKind::Basic, 1), None, Why::Budget, book.now);
    }
    assert_eq!((book.decide(BASIC), book.history.is_idle(0)), (LoginDecision::Go, false));
}

/// Waiting threads wake when anything changes but the number of attempts in flight.
#[test]
fn settle_wakes_all_unless_only_a_permit_is_free() {
    let end = |book: &mut Book, ask: LoginRequest, outcome| {
        let id = book.send(ask);
        assert_eq!(book.history.in_flight.len(), 1);
        book.history.settle(id, outcome, book.now)
    };
    assert!(!Book::default().history.settle(7, LoginOutcome::Accepted, 0));
    assert!(end(&mut Book::default(), BASIC, LoginOutcome::Accepted), "now it is proven");
    for (outcome, all) in [
        (LoginOutcome::Accepted, false),
        (LoginOutcome::NotSent, false),
        (LoginOutcome::Neutral, false),
        (LoginOutcome::Rejected, true),
        (LoginOutcome::Unanswered, true),
    ] {
        assert_eq!(end(&mut proven(), BASIC, outcome), all, "{outcome:?}");
        let mut allowed = proven();
        allowed.history.allowance = true;
        assert!(end(&mut allowed, BASIC, outcome), "{outcome:?}");
        // Another secret was rejected, or had no response.
        for trouble in [LoginOutcome::Rejected, LoginOutcome::Unanswered] {
            let mut troubled = proven();
            troubled.sign_in(ask(2, LoginKind::Basic, 1), trouble);
            troubled.history.end_probe(true, 0);
            assert!(end(&mut troubled, BASIC, outcome), "{trouble:?}, {outcome:?}");
        }
    }
    // A reset during an attempt wakes all.
    let mut book = proven();
    let id = book.send(BASIC);
    book.history.allowance = true;
    assert!(book.history.settle(id, LoginOutcome::Accepted, 0));
}

#[test]
fn lost_history_allows_one_attempt_after_a_probe() {
    let mut book = Book { history: LoginHistory::careful(7), now: 7, last_id: 0 };
    assert_eq!(book.decide(BASIC), LoginDecision::Probe);
    book.history.end_probe(true, 7);
    let id = book.send(BASIC);
    assert_eq!(book.decide(ask(2, LoginKind::Basic, 1)), LoginDecision::AwaitOther);
    book.end(id, LoginOutcome::Rejected);
    assert_eq!(book.decide(BASIC), LoginDecision::Held(None, Why::Budget));
}

/// Attempts and their outcomes, as a server may have seen them.
#[derive(Clone, Default)]
struct Walk {
    book: Book,
    /// The attempts in flight: id, position in `sent`, and tag.
    under_way: Vec<(u64, usize, Tag)>,
    /// The outcomes, in the order of sending.
    sent: Vec<Option<LoginOutcome>>,
    /// Rejections and missing responses since the last acceptance, in the order of arrival.
    in_a_row: usize,
    /// Rejections of each secret that was never accepted.
    rejected: [usize; 4],
    accepted: [bool; 4],
}

/// What may happen next.
#[derive(Debug, Clone, Copy)]
enum Event {
    LoginRequest(LoginRequest),
    /// The attempt's index, and its outcome.
    End(usize, LoginOutcome),
    Pass(Millis),
}

impl Walk {
    /// Applies an event. Returns whether it changed anything.
    fn step(&mut self, event: Event) -> bool {
        match event {
            Event::LoginRequest(ask) => match self.book.decide(ask) {
                LoginDecision::Go => {
                    let id = self.book.send(ask);
                    self.under_way.push((id, self.sent.len(), ask.tag));
                    self.sent.push(None);
                }
                LoginDecision::Probe => {
                    self.book.history.begin_probe(self.book.now);
                    self.book.history.end_probe(true, self.book.now);
                }
                _ => return false,
            },
            Event::End(index, outcome) => {
                if index >= self.under_way.len() {
                    return false;
                }
                let (id, order, tag) = self.under_way.remove(index);
                self.book.end(id, outcome);
                self.sent[order] = Some(outcome);
                self.count(tag as usize, outcome);
            }
            Event::Pass(time) => self.book.now += time,
        }
        true
    }

    fn count(&mut self, tag: usize, outcome: LoginOutcome) {
        match outcome {
            LoginOutcome::Accepted => (self.in_a_row, self.accepted[tag]) = (0, true),
            LoginOutcome::Rejected => {
                self.in_a_row += 1;
                self.rejected[tag] += usize::from(!self.accepted[tag]);
            }
            LoginOutcome::Unanswered => self.in_a_row += 1,
            _ => {}
        }
    }

    /// Whether no outcome of the attempts in flight would lock the user.
    fn is_safe(&self) -> bool {
        let (mut row, mut most) = (0, 0);
        for outcome in &self.sent {
            match outcome {
                Some(LoginOutcome::Accepted) => row = 0,
                None | Some(LoginOutcome::Rejected | LoginOutcome::Unanswered) => row += 1,
                _ => {}
            }
            most = most.max(row);
        }
        most <= BUDGET
            && self.in_a_row + self.under_way.len() <= BUDGET
            && self.rejected.iter().all(|rejected| *rejected <= 2)
    }
}

fn explore(walk: &Walk, events: &[Event], depth: usize, path: &mut Vec<Event>) -> usize {
    assert!(walk.is_safe(), "{path:?} {:?}", walk.book.history);
    if depth == 0 {
        return 1;
    }
    let mut seen = 1;
    for event in events {
        let mut next = walk.clone();
        if next.step(*event) {
            path.push(*event);
            seen += explore(&next, events, depth - 1, path);
            path.pop();
        }
    }
    seen
}

fn ends(most: usize) -> Vec<Event> {
    let outcomes = [LoginOutcome::Accepted, LoginOutcome::Rejected, LoginOutcome::Unanswered];
    (0..most).flat_map(|index| outcomes.map(|outcome| Event::End(index, outcome))).collect()
}

#[test]
fn six_events_in_any_order_lock_no_user() {
    let mut events = vec![
        Event::LoginRequest(BASIC),
        Event::LoginRequest(EXCHANGE),
        Event::LoginRequest(LoginRequest { tag: 2, ..BASIC }),
    ];
    events.extend(ends(2));
    events.push(Event::Pass(MINUTE));
    let mut seen = 0;
    for begin in [Book::default(), proven()] {
        let accepted = [false, begin.last_id > 0, false, false];
        let walk = Walk { book: begin, accepted, ..Walk::default() };
        seen += explore(&walk, &events, 6, &mut Vec::new());
    }
    assert!(seen > 10_000, "{seen}");
}

#[test]
fn random_events_lock_no_user() {
    for seed in 0..3000 {
        let mut random = Random::new(seed);
        let mut walk = Walk::default();
        let most = 1 + random.below(5) as usize;
        // How often the server rejects.
        let weight = [2, 5, 20][random.below(3) as usize];
        for _ in 0..150 {
            let event = match random.below(6) {
                0..3 => {
                    let kind = [LoginKind::TokenRequest, LoginKind::Basic][random.below(2) as usize];
                    let asks = ask(1 + random.below(3), kind, random.below(3) as RouteId);
                    Event::LoginRequest(LoginRequest { most_in_flight: most, ..asks })
                }
                3..5 => {
                    let outcome = match random.below(weight) {
                        0 => LoginOutcome::Accepted,
                        other => OUTCOMES[1 + (other % 4) as usize],
                    };
                    Event::End(random.below(5) as usize, outcome)
                }
                _ => Event::Pass([1, SECOND, 31 * SECOND, 11 * MINUTE][random.below(4) as usize]),
            };
            walk.step(event);
            assert!(walk.is_safe(), "seed {seed}: {:?}", walk.book.history);
        }
    }
}

#[test]
fn history_written_and_read_decides_equally() {
    for seed in 0..200 {
        let mut random = Random::new(seed);
        let mut walk = Walk::default();
        for _ in 0..40 {
            walk.step(Event::LoginRequest(ask(1 + random.below(3), LoginKind::Basic, random.below(3) as RouteId)));
            walk.step(Event::End(random.below(3) as usize, OUTCOMES[random.below(5) as usize]));
            walk.step(Event::Pass(random.below(MINUTE)));
        }
        let text = serde_json::to_string(&walk.book.history).unwrap();
        let read: LoginHistory = serde_json::from_str(&text).unwrap();
        assert_eq!(format!("{read:?}"), format!("{:?}", walk.book.history));
        for asks in [BASIC, ELSEWHERE, EXCHANGE] {
            assert_eq!(read.decide(&asks, walk.book.now), walk.book.decide(asks));
            // A shifted clock changes no decision.
            let mut shifted = read.clone();
            shifted.shift(1000);
            let later = match read.decide(&asks, walk.book.now) {
                LoginDecision::WaitUntil(until, why) => LoginDecision::WaitUntil(until + 1000, why),
                LoginDecision::Held(until, why) => LoginDecision::Held(until.map(|until| until + 1000), why),
                same => same,
            };
            assert_eq!(shifted.decide(&asks, walk.book.now + 1000), later);
        }
    }
}

/// Two routes reject, then a token request is accepted, so direct calls may try again; before they do, the next token
/// request is rejected.
#[test]
fn rejection_after_early_release_has_a_hold() {
    let mut book = proven();
    book.now += PROVEN_FOR + 1;
    book.sign_in(BASIC, LoginOutcome::Rejected);
    book.pass_hold(BASIC);
    book.sign_in(ELSEWHERE, LoginOutcome::Rejected);
    assert_eq!(book.held(BASIC), None);
    book.sign_in(EXCHANGE, LoginOutcome::Accepted);
    book.sign_in(EXCHANGE, LoginOutcome::Rejected);
    assert_eq!(book.held(EXCHANGE), Some(MINUTE));
}

/// A history with a different value in each field.
fn full() -> LoginHistory {
    let hold = Hold { level: 2, sequence: 101, began: 1102, until: Some(1103), proven: true, route: Some(u32::MAX) };
    let shut = Hold { level: 4, sequence: 104, began: 1105, until: None, proven: false, route: None };
    let place = InFlight {
        id: u64::MAX,
        owner: Owner { process: u32::MAX - 1, started: 106 },
        tag: 7,
        kind: LoginKind::TokenRequest,
        route: 107,
        sequence: 108,
        sent: 1109,
        foreign: true,
        allowed: false,
    };
    let credential = Credential {
        tag: 7,
        accepted: true,
        proven_at: Some(1110),
        rejected: Some(111),
        holds: [Some(hold), None],
        silence: Some(Hold { level: 5, sequence: 112, until: Some(1113), ..shut }),
        routes: vec![Hold { level: 6, sequence: 114, ..hold }, Hold { level: 0, sequence: 115, ..hold }],
    };
    let mut history = LoginHistory {
        rejections: 3,
        unanswered: 1,
        last_trouble: Some(116),
        sequence: 117,
        allowance: true,
        probe: Some(Probe { failures: 8, next: 1118, began: Some(1119) }),
        credentials: vec![credential, Credential { holds: [None, Some(shut)], ..Credential::new(9) }],
        in_flight: vec![place, InFlight { id: 0, kind: LoginKind::Basic, foreign: false, allowed: true, ..place }],
        ..LoginHistory::default()
    };
    history.steps.take(history.steps.next(30, 1_790_000_000_000));
    history
}

#[test]
fn history_of_version_1_is_read_and_written() {
    let state: Value = serde_json::from_str(include_str!("version_1.json")).unwrap();
    let written = &state["ledger"];
    let read = LoginHistory::deserialize(written).unwrap();
    assert_eq!(format!("{read:?}"), format!("{:?}", full()));
    assert_eq!(serde_json::to_value(full()).unwrap(), *written);
}
