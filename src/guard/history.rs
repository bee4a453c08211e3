//! What is known of one user's sign-ins at one origin, and what follows from it. Pure: no clock, no lock, no I/O.
//!
//! Boomi locks a user after six bad sign-ins, and only a person unlocks it. What is promised here: at most two rejected
//! sign-ins for a credential that was never accepted, at most five for a user in all, and credentials that are good again
//! work again by themselves where that can be had within the five.

use serde::{Deserialize, Serialize};

use super::Held;
use super::totp_steps::TimeSteps;

/// A point of a steady clock that goes on in suspend, in milliseconds.
pub(crate) type Millis = u64;

pub(crate) const SECOND: Millis = 1000;
pub(crate) const MINUTE: Millis = 60 * SECOND;

/// Rejections of a user, whatever the secret, and sign-ins whose end is unknown. One less than lock a user.
pub(crate) const BUDGET: usize = 5;
/// How long an acceptance proves a credential. Without an end, a nightly job whose password changed would begin with as
/// many sign-ins at once as a busy program.
pub(crate) const PROVEN_FOR: Millis = MINUTE;
/// What is left of a hold, and waited out by those who have the time. A longer one is an error at once.
pub(crate) const WAITED_OUT: Millis = 30 * SECOND;
/// How long nothing is sent after a rejection of a credential that was not proven. After the last: shut.
pub(crate) const UNPROVEN: &[Millis] = &[MINUTE];
/// The same for one that was: a platform that says 401 to everything for half a minute then costs nothing. Three sign-ins
/// may be under way when it begins, so two are left: after 5 s, and 35 s.
pub(crate) const PROVEN: &[Millis] = &[5 * SECOND, 30 * SECOND, 10 * MINUTE];
/// After a sign-in without an answer of a credential that was never accepted. The last repeats; the budget ends it.
pub(crate) const SILENCE: &[Millis] = &[15 * SECOND, 10 * MINUTE, 30 * MINUTE];
/// The same for one that was accepted before, by how many sign-ins of the user had no answer: three tries span the 90 s for which
/// a token of five minutes outlives the beginning of its renewal, and what is left of the budget lasts.
pub(crate) const SILENCE_OF_ACCEPTED: &[Millis] = &[15 * SECOND, 15 * SECOND, 15 * SECOND, 10 * MINUTE, 30 * MINUTE];
/// For one route that says 401 to a credential which is accepted elsewhere. The last repeats.
pub(crate) const ROUTE: &[Millis] = &[30 * SECOND, 2 * MINUTE, 10 * MINUTE];
/// Between requests without credentials that find out whether the server answers again.
pub(crate) const BETWEEN_PROBES: &[Millis] = &[SECOND, 2 * SECOND];
/// A probe that takes longer belongs to a process that is gone.
pub(crate) const LONGEST_PROBE: Millis = 15 * SECOND;
/// Another library's request that has not ended by then has been forgotten.
pub(crate) const FORGOTTEN: Millis = 10 * MINUTE;
/// An exchange that takes longer, or a call that waits longer for an answer's first line, belongs to a process that is gone.
#[cfg(feature = "redis")]
pub(crate) const LONGEST_EXCHANGE: Millis = 20 * SECOND;
#[cfg(feature = "redis")]
pub(crate) const LONGEST_CALL: Millis = 90 * SECOND;
/// More than a program uses of one user; the oldest goes.
pub(crate) const MOST_CREDENTIALS: usize = 16;
pub(crate) const MOST_ROUTES: usize = 16;

/// Which secret, without saying what it is.
pub(crate) type Tag = u64;
/// What happened before what, also within a millisecond.
pub(crate) type Sequence = u64;
/// Which resource, without its ids.
pub(crate) type RouteId = u32;

/// The kinds of sign-in: one that always says 401 must not end the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum LoginKind {
    /// Of a JWT.
    #[serde(rename = "Exchange")]
    TokenRequest,
    /// Any other request with Basic.
    Basic,
}

/// Somebody who wants to sign in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LoginRequest {
    pub(crate) tag: Tag,
    pub(crate) kind: LoginKind,
    pub(crate) route: RouteId,
    /// Whether another library sends it, and may never say how it ended.
    pub(crate) foreign: bool,
    /// How many sign-ins of a proven credential may be under way.
    pub(crate) most_in_flight: usize,
}

/// What somebody who wants to sign in does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LoginDecision {
    /// Take a place, and send.
    Go,
    /// First, a request without credentials must be answered.
    Probe,
    /// Wait until another sign-in or probe has ended.
    Verdict,
    /// Wait until then.
    At(Millis, Why),
    /// Do not wait; until then, or for good.
    Held(Option<Millis>, Why),
}

/// Why somebody may not sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    /// This credential was rejected.
    Rejected,
    /// Sign-ins of it had no answer, so they may have been rejected.
    Unanswered,
    /// One more bad sign-in of this user could lock it.
    Budget,
}

/// How a sign-in ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LoginOutcome {
    /// The server knew who it was.
    Accepted,
    /// 401, or 403 with `error.user.login`.
    Rejected,
    /// It was sent, and no status arrived.
    Unanswered,
    /// An answer that says nothing of the credentials.
    Neutral,
    /// Nothing of it was sent.
    NotSent,
}

/// The process that holds a place, as its machine knows it; all zero inside one process.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Owner {
    pub(crate) process: u32,
    /// A process id is used again; with its start it is not.
    pub(crate) started: u64,
}

/// A sign-in under way.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct InFlight {
    pub(crate) id: u64,
    pub(crate) owner: Owner,
    pub(crate) tag: Tag,
    pub(crate) kind: LoginKind,
    pub(crate) route: RouteId,
    /// Which of the history's turns it was, and when.
    pub(crate) turn: Sequence,
    pub(crate) sent: Millis,
    pub(crate) foreign: bool,
    /// Whether [`LoginHistory::allow_one`] let it through.
    pub(crate) allowed: bool,
}

/// When something happens.
#[derive(Debug, Clone, Copy)]
pub(crate) struct At {
    pub(crate) turn: Sequence,
    pub(crate) now: Millis,
}

/// A time in which nothing is sent. `until` is `None` if it has no end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Hold {
    /// How many rejections led here, of which those at once count as one.
    pub(crate) level: usize,
    /// In which turn it began, or went up a step, and when.
    pub(crate) turn: Sequence,
    pub(crate) began: Millis,
    pub(crate) until: Option<Millis>,
    /// Whether the credential was proven when it was first rejected.
    pub(crate) proven: bool,
    /// The only route that rejected it, if there is only one.
    pub(crate) route: Option<RouteId>,
}

impl Hold {
    pub(crate) fn row(&self) -> &'static [Millis] {
        if self.proven { PROVEN } else { UNPROVEN }
    }

    /// None yet: it begins with the next step of a ladder.
    pub(crate) fn none(proven: bool, route: Option<RouteId>, at: At) -> Self {
        Hold { level: 0, turn: at.turn, began: at.now, until: Some(at.now), proven, route }
    }

    /// The next step of the ladder, after which there is no end.
    pub(crate) fn next(self, at: At) -> Self {
        let until = self.row().get(self.level).map(|length| at.now + length);
        Hold { level: self.level + 1, turn: at.turn, began: at.now, until, ..self }
    }

    /// The next step of a ladder whose last rung repeats.
    pub(crate) fn next_on(self, ladder: &[Millis], at: At) -> Self {
        let length = ladder[self.level.min(ladder.len() - 1)];
        Hold { level: self.level + 1, turn: at.turn, began: at.now, until: Some(at.now + length), ..self }
    }

    /// Where it ends for a route. If one route alone rejected the credential, it may be that route's fault: then another
    /// goes a little sooner, so that it is the one that finds out.
    pub(crate) fn until(&self, route: RouteId) -> Option<Millis> {
        match self.until {
            until if self.route.is_none_or(|rejecting| rejecting == route) => until,
            _ if self.proven => Some(self.until_elsewhere()),
            until => until.map(|until| until - until.saturating_sub(self.began) / 10),
        }
    }

    /// Where it ends for what did not reject a credential that was proven: a little sooner, and after half a minute at most.
    pub(crate) fn until_elsewhere(&self) -> Millis {
        let longest = self.began + WAITED_OUT;
        self.until.map_or(longest, |until| (until - until.saturating_sub(self.began) / 10).min(longest))
    }
}

/// What is known of one secret.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Credential {
    pub(crate) tag: Tag,
    /// Whether it was ever accepted.
    pub(crate) accepted: bool,
    /// The last acceptance, unless something was amiss since.
    pub(crate) proven_at: Option<Millis>,
    /// The turn of the last rejection.
    pub(crate) rejected: Option<Sequence>,
    /// By kind.
    pub(crate) holds: [Option<Hold>; 2],
    /// After sign-ins without an answer.
    pub(crate) silence: Option<Hold>,
    /// Routes that reject what is accepted elsewhere.
    pub(crate) routes: Vec<Hold>,
}

impl Credential {
    pub(crate) fn new(tag: Tag) -> Self {
        Credential {
            tag,
            accepted: false,
            proven_at: None,
            rejected: None,
            holds: [None; 2],
            silence: None,
            routes: Vec::new(),
        }
    }

    pub(crate) fn is_proven(&self, now: Millis) -> bool {
        self.proven_at.is_some_and(|at| now.saturating_sub(at) <= PROVEN_FOR)
    }

    /// Until when something holds it back, if anything does: `Some(None)` is for good.
    pub(crate) fn held_until(&self, kind: LoginKind, route: RouteId, now: Millis) -> Option<(Option<Millis>, Why)> {
        let own = match (self.holds[kind as usize], self.holds[1 - kind as usize]) {
            (Some(hold), _) => Some((hold.until(route), Why::Rejected)),
            // The platform may reject everything, and one sign-in is enough to find that out.
            (None, Some(hold)) if hold.proven => Some((Some(hold.until_elsewhere()), Why::Rejected)),
            _ => None,
        };
        let here = self.routes.iter().find(|hold| hold.route == Some(route));
        let here = here.map(|hold| (hold.until, Why::Rejected));
        let silence = self.silence.map(|hold| (hold.until, Why::Unanswered));
        let all = [own, here, silence].into_iter().flatten();
        let active = all.filter(|(until, _)| until.is_none_or(|until| until > now));
        active.max_by_key(|(until, _)| until.unwrap_or(Millis::MAX))
    }

    pub(crate) fn reject(&mut self, place: &InFlight, at: At) {
        let proven = self.is_proven(at.now);
        self.rejected = Some(at.turn);
        if proven && let Some(hold) = self.routes.iter_mut().find(|hold| hold.route == Some(place.route)) {
            // It is accepted elsewhere: this one route rejects it, again.
            if place.turn > hold.turn {
                *hold = hold.next_on(ROUTE, at);
            }
            return;
        }
        self.proven_at = None;
        let (mine, other) = (place.kind as usize, 1 - place.kind as usize);
        // Rejected by both kinds, or never accepted by any: it is the credential, and one hold for both.
        let both = !self.accepted || self.holds[other].is_some();
        let mut hold = match (self.holds[mine], self.holds[other]) {
            // Sent before the hold began: the same event.
            (Some(hold), _) if place.turn < hold.turn => hold,
            (Some(hold), _) => hold.next(at),
            (None, Some(hold)) if hold.proven && place.turn < hold.turn => hold,
            (None, Some(hold)) if hold.proven => hold.next(at),
            (None, Some(hold)) => {
                // It may be at the row's end, and have been let go early by an acceptance of this kind.
                let length = hold.row()[hold.level.clamp(1, hold.row().len()) - 1];
                let longer = |until: Millis| until.max(at.now + length);
                Hold { turn: at.turn, began: at.now, until: hold.until.map(longer), ..hold }
            }
            (None, None) => Hold::none(proven, Some(place.route), at).next(at),
        };
        hold.route = hold.route.filter(|route| *route == place.route);
        self.holds[mine] = Some(hold);
        if both {
            self.holds[other] = Some(hold);
        }
    }

    /// Changes nothing if the request was sent before the last rejection arrived: the two overtook each other.
    pub(crate) fn accept(&mut self, place: &InFlight, at: At) {
        if self.rejected.is_some_and(|rejected| place.turn < rejected) {
            return;
        }
        let first = !self.accepted;
        self.accepted = true;
        self.proven_at = Some(at.now);
        self.silence = self.silence.filter(|silence| place.turn < silence.turn);
        if place.allowed {
            // Somebody saw to it: everything is as before the first rejection.
            (self.holds, self.silence) = ([None; 2], None);
            self.routes.clear();
        }
        self.routes.retain(|hold| hold.route != Some(place.route));
        for (kind, slot) in self.holds.iter_mut().enumerate() {
            let Some(hold) = *slot else { continue };
            *slot = match hold.route {
                // What rejected it was this one route, then, and not the platform.
                Some(route) if route != place.route => {
                    self.routes.retain(|other| other.route != Some(route));
                    self.routes.push(Hold { level: 0, ..hold }.next_on(ROUTE, at));
                    None
                }
                _ if first || kind == place.kind as usize => None,
                // The other kind may try at once.
                _ => Some(Hold { until: Some(at.now), ..hold }),
            };
        }
        let excess = self.routes.len().saturating_sub(MOST_ROUTES);
        self.routes.drain(..excess);
    }

    /// `count`: how many there were, with this one.
    pub(crate) fn leave_unanswered(&mut self, place: &InFlight, count: usize, at: At) {
        let none = Hold::none(false, None, at);
        self.silence = match self.silence {
            _ if self.is_proven(at.now) => Some(none),
            Some(hold) if place.turn < hold.turn => Some(hold),
            _ if self.accepted => Some(Hold { level: count - 1, ..none }.next_on(SILENCE_OF_ACCEPTED, at)),
            hold => Some(hold.unwrap_or(none).next_on(SILENCE, at)),
        };
        self.proven_at = None;
    }
}

/// Requests without credentials, by which it is found out whether the server answers again.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Probe {
    pub(crate) failures: usize,
    pub(crate) next: Millis,
    /// When the one under way began.
    pub(crate) began: Option<Millis>,
}

/// See the module's text.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct LoginHistory {
    /// Rejections since the last acceptance, of whatever secret.
    pub(crate) rejections: usize,
    /// Sign-ins without an answer since then.
    pub(crate) unanswered: usize,
    /// The turn in which the last of either arrived, or was given up.
    pub(crate) last_trouble: Option<Sequence>,
    /// How many sign-ins began or ended.
    pub(crate) turn: Sequence,
    /// One sign-in may pass, whatever else is said here.
    pub(crate) allowance: bool,
    pub(crate) probe: Option<Probe>,
    pub(crate) credentials: Vec<Credential>,
    pub(crate) places: Vec<InFlight>,
    /// The first histories had none.
    #[serde(default)]
    pub(crate) steps: TimeSteps,
}

impl LoginHistory {
    pub(crate) fn decide(&self, ask: &LoginRequest, now: Millis) -> LoginDecision {
        if self.allowance {
            return if self.places.is_empty() { LoginDecision::Go } else { LoginDecision::Verdict };
        }
        if self.places.iter().any(|place| place.allowed && place.tag == ask.tag) {
            return LoginDecision::Verdict;
        }
        let spent = self.rejections + self.unanswered;
        if spent >= BUDGET {
            return LoginDecision::Held(None, Why::Budget);
        }
        let credential = self.credentials.iter().find(|credential| credential.tag == ask.tag);
        if let Some((until, why)) = credential.and_then(|credential| credential.held_until(ask.kind, ask.route, now)) {
            return match until {
                Some(until) if until - now <= WAITED_OUT => LoginDecision::At(until, why),
                until => LoginDecision::Held(until, why),
            };
        }
        let proven = credential.is_some_and(|credential| credential.is_proven(now));
        let most = if proven { ask.most_in_flight } else { 1 };
        let own = self.places.iter().filter(|place| place.tag == ask.tag).count();
        if own >= most || spent + self.places.len() >= BUDGET {
            return LoginDecision::Verdict;
        }
        match self.probe {
            None => LoginDecision::Go,
            Some(Probe { began: Some(began), .. }) if now.saturating_sub(began) <= LONGEST_PROBE => {
                LoginDecision::Verdict
            }
            Some(probe) if probe.next > now => LoginDecision::At(probe.next, Why::Unanswered),
            Some(_) => LoginDecision::Probe,
        }
    }

    /// Takes the place that [`decide`](Self::decide) allowed, just before the request is sent.
    pub(crate) fn take(&mut self, ask: &LoginRequest, id: u64, owner: Owner, now: Millis) {
        let allowed = std::mem::take(&mut self.allowance);
        let LoginRequest { tag, kind, route, foreign, .. } = *ask;
        self.turn += 1;
        self.places.push(InFlight { id, owner, tag, kind, route, turn: self.turn, sent: now, foreign, allowed });
    }

    /// Ends a sign-in. One that is not known, or was ended before, changes nothing. Returns whether all who wait may want to
    /// know: if not, there is room for one more, and that is all.
    pub(crate) fn settle(&mut self, id: u64, outcome: LoginOutcome, now: Millis) -> bool {
        let Some(index) = self.places.iter().position(|place| place.id == id) else { return false };
        let place = self.places.swap_remove(index);
        self.turn += 1;
        let at = At { turn: self.turn, now };
        let was_quiet = !place.allowed && self.is_quiet() && self.credential(place.tag).is_proven(now);
        match outcome {
            LoginOutcome::NotSent => self.allowance |= place.allowed,
            LoginOutcome::Neutral => self.probe = None,
            LoginOutcome::Accepted => {
                if self.last_trouble.is_none_or(|trouble| place.turn > trouble) {
                    (self.rejections, self.unanswered, self.probe) = (0, 0, None);
                }
                self.credential(place.tag).accept(&place, at);
            }
            LoginOutcome::Rejected => {
                self.probe = None;
                self.rejections += 1;
                self.last_trouble = Some(at.turn);
                self.credential(place.tag).reject(&place, at);
            }
            LoginOutcome::Unanswered => {
                self.unanswered += 1;
                self.last_trouble = Some(at.turn);
                self.probe.get_or_insert(Probe { failures: 0, next: now, began: None });
                let count = self.unanswered;
                self.credential(place.tag).leave_unanswered(&place, count, at);
            }
        }
        !(was_quiet && self.is_quiet())
    }

    /// Whether nothing is held on the user's account.
    pub(crate) fn is_quiet(&self) -> bool {
        self.rejections + self.unanswered == 0 && self.probe.is_none() && !self.allowance
    }

    /// Somebody sends the request that [`LoginDecision::Probe`] asks for.
    pub(crate) fn begin_probe(&mut self, now: Millis) {
        if let Some(probe) = &mut self.probe {
            probe.began = Some(now);
        }
    }

    /// It was answered, or not.
    pub(crate) fn end_probe(&mut self, answered: bool, now: Millis) {
        if answered {
            self.probe = None;
        } else if let Some(probe) = &mut self.probe {
            probe.next = now + BETWEEN_PROBES[probe.failures.min(BETWEEN_PROBES.len() - 1)];
            probe.failures += 1;
            probe.began = None;
        }
    }

    /// Lets one sign-in through, whatever is held.
    pub(crate) fn allow_one(&mut self) {
        self.allowance = true;
    }

    /// Sign-ins whose process is gone, and those of callers who never said how they ended, have no answer.
    pub(crate) fn bury(&mut self, is_gone: impl Fn(&Owner) -> bool, now: Millis) {
        let forgotten = |place: &InFlight| place.foreign && now.saturating_sub(place.sent) > FORGOTTEN;
        let gone = self.places.iter().filter(|place| forgotten(place) || is_gone(&place.owner));
        let gone: Vec<_> = gone.map(|place| place.id).collect();
        for id in gone {
            self.settle(id, LoginOutcome::Unanswered, now);
        }
    }

    /// The same where nobody can see whether a process is there: by their age. Returns whether there were any.
    #[cfg(feature = "redis")]
    pub(crate) fn bury_older(&mut self, now: Millis) -> bool {
        let age = |place: &InFlight| match place.kind {
            _ if place.foreign => FORGOTTEN,
            LoginKind::TokenRequest => LONGEST_EXCHANGE,
            LoginKind::Basic => LONGEST_CALL,
        };
        let old = self.places.iter().filter(|place| now.saturating_sub(place.sent) > age(place));
        let old: Vec<_> = old.map(|place| place.id).collect();
        for id in &old {
            self.settle(*id, LoginOutcome::Unanswered, now);
        }
        !old.is_empty()
    }

    /// Adds a sign-in whose end another memory counted.
    pub(crate) fn add(&mut self, ask: &LoginRequest, id: u64, outcome: LoginOutcome, now: Millis) {
        let allowance = std::mem::take(&mut self.allowance);
        self.take(ask, id, Owner::default(), now);
        self.allowance = allowance;
        self.settle(id, outcome, now);
    }

    /// What another memory holds back, for when that cannot be asked any more. Then everybody who found out alone whether a rejected
    /// credential is good again would be one too many, so only those do who saw it accepted.
    pub(crate) fn learn(&mut self, ask: &LoginRequest, held: &Held, now: Millis) {
        self.rejections = self.rejections.max(held.rejections);
        self.unanswered = self.unanswered.max(held.unanswered);
        let at = At { turn: self.turn, now };
        let credential = self.credential(ask.tag);
        let until = held.rest.map(|rest| now + rest.as_millis() as Millis);
        let hold = |until| Some(Hold { level: 1, until, ..Hold::none(false, None, at) });
        match held.why {
            _ if credential.held_until(ask.kind, ask.route, now).is_some() => {}
            Why::Budget => {}
            Why::Unanswered => credential.silence = hold(until),
            Why::Rejected => credential.holds[ask.kind as usize] = hold(until.filter(|_| credential.accepted)),
        }
    }

    /// What is begun where an older one is lost: one more try, after which the budget is spent, or an acceptance mends it.
    pub(crate) fn careful(now: Millis) -> Self {
        let probe = Some(Probe { failures: 0, next: now, began: None });
        LoginHistory { unanswered: BUDGET - 1, probe, ..LoginHistory::default() }
    }

    /// How many rejections there were since the last acceptance, for messages.
    pub(crate) fn rejections(&self) -> usize {
        self.rejections
    }

    /// How many sign-ins had no answer since the last acceptance.
    pub(crate) fn unanswered(&self) -> usize {
        self.unanswered
    }

    /// How many sign-ins are under way.
    pub(crate) fn in_flight(&self) -> usize {
        self.places.len()
    }

    /// Whether forgetting it would change nothing but how many sign-ins may be under way.
    pub(crate) fn is_idle(&self, server_seconds: u64) -> bool {
        let quiet = |credential: &Credential| {
            credential.holds == [None; 2] && credential.silence.is_none() && credential.routes.is_empty()
        };
        self.rejections + self.unanswered == 0
            && !self.allowance
            && self.places.is_empty()
            && self.credentials.iter().all(quiet)
            && self.steps.is_over(server_seconds)
    }

    /// Moves all times, when the clock they are told by begins anew: see the state directory.
    pub(crate) fn shift(&mut self, by: i64) {
        let shift = |time: &mut Millis| *time = time.saturating_add_signed(by);
        let shift_hold = |hold: &mut Hold| {
            shift(&mut hold.began);
            hold.until.iter_mut().for_each(shift);
        };
        self.places.iter_mut().for_each(|place| shift(&mut place.sent));
        if let Some(probe) = &mut self.probe {
            shift(&mut probe.next);
            probe.began.iter_mut().for_each(shift);
        }
        for credential in &mut self.credentials {
            credential.proven_at.iter_mut().for_each(shift);
            let holds = credential.holds.iter_mut().flatten().chain(&mut credential.silence);
            holds.chain(&mut credential.routes).for_each(shift_hold);
        }
    }

    /// A history that anybody may have written works like any other.
    #[cfg(any(test, feature = "fuzzing"))]
    pub(crate) fn fuzz(&mut self, now: Millis) {
        let outcomes = [
            LoginOutcome::Accepted,
            LoginOutcome::Rejected,
            LoginOutcome::Unanswered,
            LoginOutcome::Neutral,
            LoginOutcome::NotSent,
            LoginOutcome::Accepted,
        ];
        for (id, outcome) in (1..).zip(outcomes) {
            for kind in [LoginKind::TokenRequest, LoginKind::Basic] {
                let ask = LoginRequest { tag: 1, kind, route: 1, foreign: false, most_in_flight: 3 };
                let decision = self.decide(&ask, now);
                if let LoginDecision::At(until, _) | LoginDecision::Held(Some(until), _) = decision {
                    assert!(until > now);
                }
                self.take(&ask, id, Owner::default(), now);
                self.settle(id, outcome, now);
            }
            self.begin_probe(now);
            self.end_probe(id % 2 == 0, now);
        }
        let _ = self.is_idle(now / 1000);
    }

    pub(crate) fn credential(&mut self, tag: Tag) -> &mut Credential {
        let found = self.credentials.iter().position(|credential| credential.tag == tag);
        let index = found.unwrap_or_else(|| {
            if self.credentials.len() == MOST_CREDENTIALS {
                self.credentials.remove(0);
            }
            self.credentials.push(Credential::new(tag));
            self.credentials.len() - 1
        });
        &mut self.credentials[index]
    }
}
