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

/// A history at a time that its test sets.
#[derive(Clone, Default)]
struct Book {
    history: LoginHistory,
    now: Millis,
    last_id: u64,
}

fn ask(tag: Tag, kind: LoginKind, route: RouteId) -> LoginRequest {
    LoginRequest { tag, kind, route, foreign: false, most_in_flight: 3 }
}

/// The first secret's direct calls of one route.
const BASIC: LoginRequest =
    LoginRequest { tag: 1, kind: LoginKind::Basic, route: 1, foreign: false, most_in_flight: 3 };
/// The same secret's calls of another route, and its exchanges.
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

    /// How long it is held; `None` for good.
    #[track_caller]
    fn held(&self, ask: LoginRequest) -> Option<Millis> {
        match self.decide(ask) {
            LoginDecision::At(until, _) => Some(until - self.now),
            LoginDecision::Held(until, _) => until.map(|until| until - self.now),
            other => panic!("{other:?}"),
        }
    }

    /// What another memory held for so long, after two rejections and one attempt without a response.
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
fn a_credential_that_was_never_accepted_has_two_tries() {
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
fn a_proven_credential_that_is_rejected_goes_through_its_own_row() {
    let mut book = proven();
    book.sign_in(BASIC, LoginOutcome::Rejected);
    for length in [5 * SECOND, 30 * SECOND, 10 * MINUTE] {
        assert_eq!(book.pass_hold(BASIC), length);
        book.sign_in(BASIC, LoginOutcome::Rejected);
    }
    assert_eq!(book.held(BASIC), None);
}

#[test]
fn what_was_accepted_a_minute_ago_is_proven_and_a_little_later_it_is_not() {
    for (ago, hold) in [(MINUTE, 5 * SECOND), (MINUTE + 1, MINUTE)] {
        let mut book = proven();
        book.now += ago;
        book.sign_in(BASIC, LoginOutcome::Rejected);
        assert_eq!(book.held(BASIC), Some(hold));
    }
}

#[test]
fn holds_of_half_a_minute_are_waited_out_and_longer_ones_are_not() {
    let mut book = Book::default();
    book.sign_in(BASIC, LoginOutcome::Rejected);
    book.now = 30 * SECOND - 1;
    assert_eq!(book.decide(BASIC), LoginDecision::Held(Some(MINUTE), Why::Rejected));
    book.now += 1;
    assert_eq!(book.decide(BASIC), LoginDecision::At(MINUTE, Why::Rejected));
}

#[test]
fn an_unproven_credential_signs_in_alone_and_a_proven_one_with_as_many_as_are_set() {
    for most in 1..=5 {
        let asks = LoginRequest { most_in_flight: most, ..BASIC };
        let mut book = Book::default();
        let first = book.send(asks);
        assert_eq!(book.decide(asks), LoginDecision::Verdict);
        book.end(first, LoginOutcome::Accepted);
        (0..most).for_each(|_| _ = book.send(asks));
        assert_eq!(book.decide(asks), LoginDecision::Verdict);
        book.now += MINUTE + 1;
        assert_eq!(book.decide(asks), LoginDecision::Verdict);
    }
}

#[test]
fn those_rejected_at_once_are_one_event_for_the_hold_and_each_counts() {
    let mut book = proven();
    let sent = [BASIC, BASIC, ELSEWHERE].map(|ask| book.send(ask));
    sent.iter().for_each(|id| book.end(*id, LoginOutcome::Rejected));
    assert_eq!((book.held(BASIC), book.history.rejections()), (Some(5 * SECOND), 3));
    book.pass_hold(BASIC);
    book.sign_in(BASIC, LoginOutcome::Rejected);
    book.pass_hold(BASIC);
    book.sign_in(BASIC, LoginOutcome::Rejected);
    assert_eq!(book.decide(BASIC), LoginDecision::Held(None, Why::Budget));
}

#[test]
fn those_rejected_at_once_are_one_event_at_every_step_of_a_ladder() {
    // Rejected on two routes, and let go early by an acceptance of the other kind.
    let mut book = proven();
    let sent = [BASIC, ELSEWHERE].map(|ask| book.send(ask));
    sent.iter().for_each(|id| book.end(*id, LoginOutcome::Rejected));
    book.pass_hold(EXCHANGE);
    book.sign_in(EXCHANGE, LoginOutcome::Accepted);
    let sent = [0; 2].map(|_| book.send(BASIC));
    sent.iter().for_each(|id| book.end(*id, LoginOutcome::Rejected));
    assert_eq!(book.held(BASIC), Some(30 * SECOND));

    // Of both kinds, whichever is told first.
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
fn where_nobody_sees_processes_their_sign_ins_are_gone_by_their_age() {
    for (ask, age) in
        [(EXCHANGE, 20 * SECOND), (BASIC, 90 * SECOND), (LoginRequest { foreign: true, ..BASIC }, 10 * MINUTE)]
    {
        let mut book = Book { now: DAY, ..Book::default() };
        book.send(ask);
        assert!(!book.history.expire_by_age(DAY + age));
        assert!(book.history.expire_by_age(DAY + age + 1) && !book.history.expire_by_age(DAY + age + 1));
        assert_eq!((book.history.unanswered(), book.history.in_flight()), (1, 0));
    }
}

#[test]
fn five_rejections_of_whatever_secrets_are_all() {
    let mut book = Book::default();
    for tag in 1..=5 {
        book.sign_in(ask(tag, LoginKind::Basic, 1), LoginOutcome::Rejected);
    }
    assert_eq!(book.decide(ask(6, LoginKind::Basic, 1)), LoginDecision::Held(None, Why::Budget));
    book.now += DAY;
    assert_eq!(book.decide(BASIC), LoginDecision::Held(None, Why::Budget));
}

#[test]
fn what_is_under_way_counts_for_the_budget_until_its_verdict() {
    let mut book = Book::default();
    let sent: Vec<_> = (1..=5).map(|tag| book.send(ask(tag, LoginKind::Basic, 1))).collect();
    let sixth = ask(6, LoginKind::Basic, 1);
    assert_eq!(book.decide(sixth), LoginDecision::Verdict);
    book.end(sent[0], LoginOutcome::Neutral);
    assert_eq!(book.decide(sixth), LoginDecision::Go);
    sent[1..].iter().for_each(|id| book.end(*id, LoginOutcome::Rejected));
    book.sign_in(sixth, LoginOutcome::Rejected);
    assert_eq!(book.decide(ask(7, LoginKind::Basic, 1)), LoginDecision::Held(None, Why::Budget));
}

#[test]
fn a_changed_secret_goes_at_once_and_its_acceptance_clears_the_budget() {
    let mut book = proven();
    book.sign_in(BASIC, LoginOutcome::Rejected);
    book.sign_in(LoginRequest { tag: 2, ..BASIC }, LoginOutcome::Accepted);
    assert_eq!(book.history.rejections(), 0);
    // The old one is held as before.
    assert_eq!(book.held(BASIC), Some(5 * SECOND));
}

#[test]
fn an_acceptance_that_was_overtaken_by_a_rejection_clears_nothing() {
    let mut book = proven();
    let (early, late) = (book.send(BASIC), book.send(BASIC));
    book.end(late, LoginOutcome::Rejected);
    book.end(early, LoginOutcome::Accepted);
    assert_eq!((book.held(BASIC), book.history.rejections()), (Some(5 * SECOND), 1));
    book.pass_hold(BASIC);
    book.sign_in(BASIC, LoginOutcome::Accepted);
    assert_eq!((book.decide(BASIC), book.history.rejections()), (LoginDecision::Go, 0));
    // Nor does that of another secret, sent before.
    let mut book = Book::default();
    let other = book.send(LoginRequest { tag: 2, ..BASIC });
    book.sign_in(BASIC, LoginOutcome::Rejected);
    book.end(other, LoginOutcome::Accepted);
    assert_eq!(book.history.rejections(), 1);
}

#[test]
fn within_one_millisecond_it_is_the_order_that_counts() {
    let mut book = proven();
    let early = book.send(BASIC);
    book.sign_in(BASIC, LoginOutcome::Rejected);
    book.end(early, LoginOutcome::Rejected);
    assert_eq!(book.held(BASIC), Some(5 * SECOND));
}

#[test]
fn a_rejection_of_one_kind_leaves_the_other_its_own_try_unless_nothing_was_ever_accepted() {
    let mut book = proven();
    book.now += DAY;
    book.sign_in(BASIC, LoginOutcome::Rejected);
    book.sign_in(EXCHANGE, LoginOutcome::Rejected);
    // From here on it is the credential.
    assert_eq!((book.held(BASIC), book.held(EXCHANGE)), (Some(MINUTE), Some(MINUTE)));
    book.pass_hold(BASIC);
    book.sign_in(EXCHANGE, LoginOutcome::Rejected);
    assert_eq!((book.held(BASIC), book.held(EXCHANGE)), (None, None));
    assert_eq!(book.history.rejections(), 3);
}

#[test]
fn an_accepted_kind_lets_the_other_try_at_once_and_ends_its_own_hold() {
    let mut book = proven();
    book.now += DAY;
    let two = [BASIC, EXCHANGE];
    two.iter().for_each(|ask| book.sign_in(*ask, LoginOutcome::Rejected));
    book.pass_hold(EXCHANGE);
    book.sign_in(EXCHANGE, LoginOutcome::Accepted);
    assert_eq!(two.map(|ask| book.decide(ask)), [LoginDecision::Go; 2]);
}

#[test]
fn while_one_kind_of_a_proven_credential_is_held_the_other_waits_and_is_the_one_that_finds_out() {
    let mut book = proven();
    let sent = [0; 3].map(|_| book.send(BASIC));
    sent.iter().for_each(|id| book.end(*id, LoginOutcome::Rejected));
    assert_eq!((book.held(BASIC), book.pass_hold(EXCHANGE)), (Some(5 * SECOND), 4500));
    // A platform that says 401 to both: one more event, and half a minute for it to get well with one try left.
    book.sign_in(EXCHANGE, LoginOutcome::Rejected);
    assert_eq!((book.held(BASIC), book.held(EXCHANGE)), (Some(30 * SECOND), Some(30 * SECOND)));
    assert_eq!(book.history.rejections(), 4);
    // One that says it to Basic calls alone stops no exchange for longer than that.
    let mut book = proven();
    book.sign_in(BASIC, LoginOutcome::Rejected);
    for length in [4500, 27 * SECOND, 30 * SECOND] {
        assert_eq!(book.held(EXCHANGE), Some(length));
        book.pass_hold(BASIC);
        book.sign_in(ELSEWHERE, LoginOutcome::Rejected);
    }
}

#[test]
fn routes_that_are_rejected_are_held_each_by_itself() {
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
fn where_one_route_alone_rejects_another_goes_sooner() {
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
fn one_route_that_is_rejected_is_held_alone_once_another_is_accepted() {
    let mut book = proven();
    book.sign_in(BASIC, LoginOutcome::Rejected);
    // Another goes a little sooner, so that it is the one that finds out.
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
fn sign_ins_without_an_answer_hold_what_is_not_proven() {
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
    assert_eq!(book.history.unanswered(), 5);
}

#[test]
fn sign_ins_without_an_answer_hold_what_was_accepted_before_no_longer_than_a_token_lives() {
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
    book.history.allow_one();
    book.sign_in(ask(2, LoginKind::Basic, 1), LoginOutcome::Accepted);
    assert_eq!(book.held(BASIC), Some(30 * MINUTE));
}

#[test]
fn after_silence_a_proven_credential_is_not_held_but_needs_a_probe_and_signs_in_alone() {
    let mut book = proven();
    let sent = [0; 3].map(|_| book.send(BASIC));
    book.end(sent[0], LoginOutcome::Unanswered);
    assert_eq!(book.decide(BASIC), LoginDecision::Verdict);
    sent[1..].iter().for_each(|id| book.end(*id, LoginOutcome::Unanswered));
    assert_eq!(book.decide(BASIC), LoginDecision::Probe);
    book.history.end_probe(true, book.now);
    book.send(BASIC);
    assert_eq!(book.decide(BASIC), LoginDecision::Verdict);
}

#[test]
fn probes_are_one_at_a_time_and_apart() {
    let mut book = Book::default();
    book.sign_in(BASIC, LoginOutcome::Unanswered);
    book.pass_hold(BASIC);
    for apart in [SECOND, 2 * SECOND, 2 * SECOND] {
        assert_eq!(book.decide(BASIC), LoginDecision::Probe);
        book.history.begin_probe(book.now);
        assert_eq!(book.decide(EXCHANGE), LoginDecision::Verdict);
        book.history.end_probe(false, book.now);
        assert_eq!(book.decide(EXCHANGE), LoginDecision::At(book.now + apart, Why::Unanswered));
        book.now += apart;
    }
    book.history.begin_probe(book.now);
    book.now += 15 * SECOND;
    assert_eq!(book.decide(BASIC), LoginDecision::Verdict);
    book.now += 1;
    assert_eq!(book.decide(BASIC), LoginDecision::Probe);
    book.history.end_probe(true, book.now);
    book.sign_in(BASIC, LoginOutcome::Accepted);
    assert!(book.history.is_idle(0));
}

#[test]
fn an_answer_that_says_nothing_changes_nothing_but_that_the_server_answers() {
    let mut book = Book::default();
    book.sign_in(BASIC, LoginOutcome::Neutral);
    let first = book.send(BASIC);
    assert_eq!(book.decide(BASIC), LoginDecision::Verdict);
    book.end(first, LoginOutcome::Unanswered);
    book.pass_hold(BASIC);
    book.history.end_probe(true, book.now);
    book.sign_in(BASIC, LoginOutcome::Neutral);
    assert_eq!((book.history.unanswered(), book.decide(BASIC)), (1, LoginDecision::Go));
}

#[test]
fn what_was_not_sent_never_was() {
    let mut book = proven();
    let before = format!("{:?}", LoginHistory { turn: 0, ..book.history.clone() });
    book.sign_in(BASIC, LoginOutcome::NotSent);
    assert_eq!(format!("{:?}", LoginHistory { turn: 0, ..book.history.clone() }), before);
}

#[test]
fn an_allowance_is_for_one_sign_in_that_is_sent() {
    let mut book = Book::default();
    (1..=5).for_each(|tag| book.sign_in(ask(tag, LoginKind::Basic, 1), LoginOutcome::Rejected));
    book.history.allow_one();
    book.sign_in(BASIC, LoginOutcome::NotSent);
    let allowed = book.send(BASIC);
    // Those who wait may hear of a good end, and of another secret nothing was allowed.
    assert_eq!(book.decide(EXCHANGE), LoginDecision::Verdict);
    assert_eq!(book.decide(ask(2, LoginKind::Basic, 1)), LoginDecision::Held(None, Why::Budget));
    book.end(allowed, LoginOutcome::Rejected);
    assert_eq!(book.decide(EXCHANGE), LoginDecision::Held(None, Why::Budget));
    book.history.allow_one();
    book.sign_in(EXCHANGE, LoginOutcome::Accepted);
    assert_eq!((book.decide(BASIC), book.history.rejections()), (LoginDecision::Go, 0));
}

#[test]
fn an_allowance_waits_for_what_is_under_way() {
    let mut book = Book::default();
    let other = book.send(ask(2, LoginKind::Basic, 1));
    book.history.allow_one();
    assert_eq!(book.decide(BASIC), LoginDecision::Verdict);
    book.end(other, LoginOutcome::Rejected);
    assert_eq!(book.decide(BASIC), LoginDecision::Go);
}

#[test]
fn what_ended_or_never_began_cannot_end() {
    let mut book = Book::default();
    let id = book.send(BASIC);
    book.end(id, LoginOutcome::Rejected);
    book.end(id, LoginOutcome::Rejected);
    book.end(77, LoginOutcome::Rejected);
    assert_eq!(book.history.rejections(), 1);
}

#[test]
fn sign_ins_of_processes_that_are_gone_and_those_that_were_forgotten_had_no_answer() {
    let mut book = Book::default();
    let owner = Owner { process: 7, started: 1 };
    book.history.take(&BASIC, 1, owner, 0);
    book.history.expire(|other| *other != owner, 0);
    assert_eq!(book.history.unanswered(), 0);
    book.history.expire(|other| *other == owner, 0);
    assert_eq!((book.history.unanswered(), book.held(BASIC)), (1, Some(15 * SECOND)));

    let mut book = Book::default();
    book.send(LoginRequest { foreign: true, ..BASIC });
    book.history.expire(|_| false, 10 * MINUTE);
    assert_eq!(book.history.unanswered(), 0);
    book.history.expire(|_| false, 10 * MINUTE + 1);
    assert_eq!(book.history.unanswered(), 1);
    // Our own end by themselves.
    let mut book = Book::default();
    book.send(BASIC);
    book.history.expire(|_| false, DAY);
    assert_eq!(book.history.unanswered(), 0);
}

#[test]
fn what_another_memory_held_is_held_without_it() {
    // Nobody finds out alone whether it is good again, who has not seen it accepted.
    let mut book = Book::default();
    book.learn(&BASIC, Some(MINUTE), Why::Rejected);
    assert_eq!(book.held(BASIC), None);
    assert_eq!((book.history.rejections(), book.history.unanswered()), (2, 1));
    // Another secret has what is left of the budget; and when this one is accepted, all is well.
    assert_eq!(book.decide(ask(2, LoginKind::Basic, 1)), LoginDecision::Go);
    book.history.add(&BASIC, 7, LoginOutcome::Accepted, book.now);
    assert_eq!((book.decide(BASIC), book.history.rejections()), (LoginDecision::Go, 0));

    let mut book = proven();
    book.learn(&BASIC, Some(5 * SECOND), Why::Rejected);
    assert_eq!(book.held(BASIC), Some(5 * SECOND));
    let mut book = Book::default();
    book.learn(&BASIC, Some(15 * SECOND), Why::Unanswered);
    assert_eq!(book.held(BASIC), Some(15 * SECOND));
    // The next rejection is another step.
    let mut book = proven();
    book.learn(&BASIC, Some(5 * SECOND), Why::Rejected);
    book.pass_hold(BASIC);
    book.history.end_probe(true, book.now);
    book.sign_in(BASIC, LoginOutcome::Rejected);
    assert_eq!(book.held(BASIC), None);
    // What it found out itself, it knows better.
    let mut book = Book::default();
    book.sign_in(BASIC, LoginOutcome::Rejected);
    book.learn(&BASIC, Some(SECOND), Why::Rejected);
    assert_eq!(book.held(BASIC), Some(MINUTE));
}

#[test]
fn a_ledger_is_idle_when_nothing_is_held_under_way_or_allowed() {
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
    let mut history = LoginHistory::default();
    history.allow_one();
    assert!(!history.is_idle(0));
}

#[test]
fn whatever_is_held_of_one_secret_keeps_a_ledger() {
    let other = ask(2, LoginKind::Basic, 1);
    // The rejection and the silence are cleared by another secret's acceptance, and what they hold is not.
    for outcome in [LoginOutcome::Rejected, LoginOutcome::Unanswered] {
        let mut book = Book::default();
        book.sign_in(BASIC, outcome);
        book.history.allow_one();
        book.sign_in(other, LoginOutcome::Accepted);
        assert_eq!((book.history.rejections(), book.history.unanswered()), (0, 0));
        assert!(!book.history.is_idle(0), "{outcome:?}");
    }
    let mut book = proven();
    book.sign_in(BASIC, LoginOutcome::Rejected);
    book.pass_hold(ELSEWHERE);
    book.sign_in(ELSEWHERE, LoginOutcome::Accepted);
    assert!(book.held(BASIC).is_some() && !book.history.is_idle(0));
    // A rejection counts, though its secret is forgotten.
    let mut book = Book::default();
    book.sign_in(BASIC, LoginOutcome::Rejected);
    for tag in 2..20 {
        book.history.learn(&ask(tag, LoginKind::Basic, 1), None, Why::Budget, book.now);
    }
    assert_eq!((book.decide(BASIC), book.history.is_idle(0)), (LoginDecision::Go, false));
}

/// Who waits is told when something changes but the number of places.
#[test]
fn all_are_told_unless_there_is_only_room_for_one_more() {
    let end = |book: &mut Book, ask: LoginRequest, outcome| {
        let id = book.send(ask);
        assert_eq!(book.history.in_flight(), 1);
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
        allowed.history.allow_one();
        assert!(end(&mut allowed, BASIC, outcome), "{outcome:?}");
        // Another secret was rejected, or had no answer.
        for trouble in [LoginOutcome::Rejected, LoginOutcome::Unanswered] {
            let mut troubled = proven();
            troubled.sign_in(ask(2, LoginKind::Basic, 1), trouble);
            troubled.history.end_probe(true, 0);
            assert!(end(&mut troubled, BASIC, outcome), "{trouble:?}, {outcome:?}");
        }
    }
    // What is allowed while one is under way is told to all.
    let mut book = proven();
    let id = book.send(BASIC);
    book.history.allow_one();
    assert!(book.history.settle(id, LoginOutcome::Accepted, 0));
}

#[test]
fn a_ledger_that_was_lost_has_one_try_after_a_probe() {
    let mut book = Book { history: LoginHistory::careful(7), now: 7, last_id: 0 };
    assert_eq!(book.decide(BASIC), LoginDecision::Probe);
    book.history.end_probe(true, 7);
    let id = book.send(BASIC);
    assert_eq!(book.decide(ask(2, LoginKind::Basic, 1)), LoginDecision::Verdict);
    book.end(id, LoginOutcome::Rejected);
    assert_eq!(book.decide(BASIC), LoginDecision::Held(None, Why::Budget));
}

/// Sign-ins and what came of them, as a server may have seen them.
#[derive(Clone, Default)]
struct Walk {
    book: Book,
    /// Those under way: their ids, in which order they were sent, and of whom.
    under_way: Vec<(u64, usize, Tag)>,
    /// In the order of sending: what came of each.
    sent: Vec<Option<LoginOutcome>>,
    /// Rejections and silences since the last acceptance, in the order of arrival.
    in_a_row: usize,
    /// Of each secret that was never accepted.
    rejected: [usize; 4],
    accepted: [bool; 4],
}

/// What may happen next.
#[derive(Debug, Clone, Copy)]
enum Event {
    LoginRequest(LoginRequest),
    /// Of which sign-in, and how.
    End(usize, LoginOutcome),
    Pass(Millis),
}

impl Walk {
    /// Whether it changed anything.
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

    /// Whatever was answered to what is under way, the user would not be locked.
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
fn no_course_of_six_events_locks_a_user() {
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
fn no_course_by_chance_locks_a_user() {
    for seed in 0..3000 {
        let mut random = Random::new(seed);
        let mut walk = Walk::default();
        let most = 1 + random.below(5) as usize;
        // Some servers reject a lot, some hardly.
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
fn a_ledger_says_the_same_after_it_was_written_and_read() {
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
            // Nor does it matter where the clock begins.
            let mut shifted = read.clone();
            shifted.shift(1000);
            let later = match read.decide(&asks, walk.book.now) {
                LoginDecision::At(until, why) => LoginDecision::At(until + 1000, why),
                LoginDecision::Held(until, why) => LoginDecision::Held(until.map(|until| until + 1000), why),
                same => same,
            };
            assert_eq!(shifted.decide(&asks, walk.book.now + 1000), later);
        }
    }
}

/// Two routes reject, then the exchange is accepted: the direct calls may try again, and the exchange is rejected before they do.
#[test]
fn a_rejection_after_the_other_kind_was_let_go_early_has_a_hold() {
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

/// Something in each field, no two the same.
fn full() -> LoginHistory {
    let hold = Hold { level: 2, turn: 101, began: 1102, until: Some(1103), proven: true, route: Some(u32::MAX) };
    let shut = Hold { level: 4, turn: 104, began: 1105, until: None, proven: false, route: None };
    let place = InFlight {
        id: u64::MAX,
        owner: Owner { process: u32::MAX - 1, started: 106 },
        tag: 7,
        kind: LoginKind::TokenRequest,
        route: 107,
        turn: 108,
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
        silence: Some(Hold { level: 5, turn: 112, until: Some(1113), ..shut }),
        routes: vec![Hold { level: 6, turn: 114, ..hold }, Hold { level: 0, turn: 115, ..hold }],
    };
    let mut history = LoginHistory {
        rejections: 3,
        unanswered: 1,
        last_trouble: Some(116),
        turn: 117,
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
fn what_the_first_version_wrote_is_read() {
    let state: Value = serde_json::from_str(include_str!("version_1.json")).unwrap();
    let written = &state["ledger"];
    let read = LoginHistory::deserialize(written).unwrap();
    assert_eq!(format!("{read:?}"), format!("{:?}", full()));
    assert_eq!(serde_json::to_value(full()).unwrap(), *written);
}
