//! What the guard knows of one credential, and until when that blocks it. Pure: no clock, no lock, no I/O.

use serde::{Deserialize, Serialize};

/// A point of a steady clock that runs on in suspend, in milliseconds.
pub(crate) type Millis = u64;

pub(crate) const SECOND: Millis = 1000;
pub(crate) const MINUTE: Millis = 60 * SECOND;

/// How long an acceptance proves a credential. Without an end, a nightly job whose password changed would start with as
/// many attempts at once as a busy program.
pub(crate) const PROVEN_FOR: Millis = MINUTE;
/// A call waits out a hold of at most this length; a longer one is an error at once.
pub(crate) const WAITED_OUT: Millis = 30 * SECOND;
/// How long a rejection blocks a credential that is not proven. After the last: for good.
pub(crate) const UNPROVEN: &[Millis] = &[MINUTE];
/// How long a rejection blocks a proven credential. A platform that answers 401 to everything for half a minute then
/// costs nothing: with three attempts in flight when that starts, two are left, after 5 s and 35 s.
pub(crate) const PROVEN: &[Millis] = &[5 * SECOND, 30 * SECOND, 10 * MINUTE];
/// How long an attempt without a response blocks a credential that was never accepted. The last repeats; the budget
/// ends it.
pub(crate) const SILENCE: &[Millis] = &[15 * SECOND, 10 * MINUTE, 30 * MINUTE];
/// How long it blocks one that was accepted before, by the number of the user's attempts without a response. Three
/// attempts span the 90 s for which a JWT of five minutes outlives the start of its renewal, within the budget.
pub(crate) const SILENCE_OF_ACCEPTED: &[Millis] = &[15 * SECOND, 15 * SECOND, 15 * SECOND, 10 * MINUTE, 30 * MINUTE];
/// How long a 401 blocks one route for a credential that other routes accept. The last repeats.
pub(crate) const ROUTE: &[Millis] = &[30 * SECOND, 2 * MINUTE, 10 * MINUTE];
/// The most routes kept per credential; the oldest is dropped.
pub(crate) const MOST_ROUTES: usize = 16;

/// Identifies a secret without revealing it.
pub(crate) type Tag = u64;
/// Orders the starts and ends of attempts, also within a millisecond.
pub(crate) type Sequence = u64;
/// Identifies a resource, without its ids.
pub(crate) type RouteId = u32;

/// The kinds of attempt. A kind that always gets 401 must not block the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum LoginKind {
    /// A request for a JWT.
    ///
    /// "Exchange" is the name in files of version 1.
    #[serde(rename = "Exchange")]
    TokenRequest,
    /// Any other request with Basic credentials.
    Basic,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    Rejected,
    /// Attempts with it had no response, so they may have been rejected.
    Unanswered,
    /// One more bad attempt of this user could lock it.
    Budget,
}

/// The process of an attempt, as its machine identifies it; all zero inside one process.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Owner {
    pub(crate) process: u32,
    /// When it started: process ids are reused.
    pub(crate) started: u64,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct InFlight {
    pub(crate) id: u64,
    pub(crate) owner: Owner,
    pub(crate) tag: Tag,
    pub(crate) kind: LoginKind,
    pub(crate) route: RouteId,
    /// When it started.
    #[serde(rename = "turn")]
    pub(crate) sequence: Sequence,
    pub(crate) sent: Millis,
    /// Whether another library sends it, and may never report its outcome.
    pub(crate) foreign: bool,
    /// Whether a reset of the guard let it through.
    pub(crate) allowed: bool,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct At {
    pub(crate) sequence: Sequence,
    pub(crate) now: Millis,
}

/// A time in which the guard is open: it blocks attempts. `until` is `None` if that has no end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Hold {
    /// How many rejections led here; those of attempts in flight at once count as one.
    pub(crate) level: usize,
    /// When it started or was last extended.
    #[serde(rename = "turn")]
    pub(crate) sequence: Sequence,
    pub(crate) began: Millis,
    pub(crate) until: Option<Millis>,
    /// Whether the credential was proven when it was first rejected.
    pub(crate) proven: bool,
    /// The route that rejected it, if only one did.
    pub(crate) route: Option<RouteId>,
}

impl Hold {
    fn row(&self) -> &'static [Millis] {
        if self.proven { PROVEN } else { UNPROVEN }
    }

    /// A hold that blocks nothing yet: [`next`](Self::next) starts it.
    pub(crate) fn none(proven: bool, route: Option<RouteId>, at: At) -> Self {
        Hold { level: 0, sequence: at.sequence, began: at.now, until: Some(at.now), proven, route }
    }

    /// The next level; after the last one there is no end.
    fn next(self, at: At) -> Self {
        let until = self.row().get(self.level).map(|length| at.now + length);
        Hold { level: self.level + 1, sequence: at.sequence, began: at.now, until, ..self }
    }

    /// The next level of `ladder`, whose last length repeats.
    fn next_on(self, ladder: &[Millis], at: At) -> Self {
        let length = ladder[self.level.min(ladder.len() - 1)];
        Hold { level: self.level + 1, sequence: at.sequence, began: at.now, until: Some(at.now + length), ..self }
    }

    /// When it ends for a route. If one route alone rejected the credential, the cause may be that route: others are
    /// unblocked a little sooner, so that they find out.
    fn until(&self, route: RouteId) -> Option<Millis> {
        match self.until {
            until if self.route.is_none_or(|rejecting| rejecting == route) => until,
            _ if self.proven => Some(self.until_elsewhere()),
            until => until.map(|until| until - until.saturating_sub(self.began) / 10),
        }
    }

    /// When it ends for routes and kinds that did not reject a proven credential: a little sooner, at most after 30 s.
    fn until_elsewhere(&self) -> Millis {
        let longest = self.began + WAITED_OUT;
        self.until.map_or(longest, |until| (until - until.saturating_sub(self.began) / 10).min(longest))
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Credential {
    pub(crate) tag: Tag,
    pub(crate) accepted: bool,
    /// The last acceptance, unless an attempt failed since.
    pub(crate) proven_at: Option<Millis>,
    /// When it was last rejected.
    pub(crate) rejected: Option<Sequence>,
    /// By kind.
    pub(crate) holds: [Option<Hold>; 2],
    /// After attempts without a response.
    pub(crate) silence: Option<Hold>,
    /// Routes that reject what other routes accept.
    pub(crate) routes: Vec<Hold>,
}

impl Credential {
    pub(crate) fn new(tag: Tag) -> Self {
        let (holds, routes) = ([None; 2], Vec::new());
        Credential { tag, accepted: false, proven_at: None, rejected: None, holds, silence: None, routes }
    }

    pub(crate) fn is_proven(&self, now: Millis) -> bool {
        self.proven_at.is_some_and(|at| now.saturating_sub(at) <= PROVEN_FOR)
    }

    /// Whether nothing blocks it, now or as soon as a hold's time comes.
    pub(crate) fn has_no_hold(&self) -> bool {
        self.holds == [None; 2] && self.silence.is_none() && self.routes.is_empty()
    }

    /// Until when and why an attempt is blocked; `Some((None, _))` is for good.
    pub(crate) fn held_until(&self, kind: LoginKind, route: RouteId, now: Millis) -> Option<(Option<Millis>, Why)> {
        let own = match (self.holds[kind as usize], self.holds[1 - kind as usize]) {
            (Some(hold), _) => Some((hold.until(route), Why::Rejected)),
            // The platform may reject everything, and one attempt is enough to find that out.
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

    pub(crate) fn reject(&mut self, login: &InFlight, at: At) {
        let proven = self.is_proven(at.now);
        self.rejected = Some(at.sequence);
        if proven && let Some(hold) = self.routes.iter_mut().find(|hold| hold.route == Some(login.route)) {
            // Other routes accept it: this one rejects it again.
            if login.sequence > hold.sequence {
                *hold = hold.next_on(ROUTE, at);
            }
            return;
        }
        self.proven_at = None;
        let (mine, other) = (login.kind as usize, 1 - login.kind as usize);
        // Rejected by both kinds, or never accepted by any: the cause is the credential, and one hold blocks both.
        let both = !self.accepted || self.holds[other].is_some();
        let mut hold = match (self.holds[mine], self.holds[other]) {
            // Sent before the hold started: the same event.
            (Some(hold), _) if login.sequence < hold.sequence => hold,
            (Some(hold), _) => hold.next(at),
            (None, Some(hold)) if hold.proven && login.sequence < hold.sequence => hold,
            (None, Some(hold)) if hold.proven => hold.next(at),
            (None, Some(hold)) => {
                // It may be at the last level, and an acceptance of this kind may have ended it early.
                let length = hold.row()[hold.level.clamp(1, hold.row().len()) - 1];
                let longer = |until: Millis| until.max(at.now + length);
                Hold { sequence: at.sequence, began: at.now, until: hold.until.map(longer), ..hold }
            }
            (None, None) => Hold::none(proven, Some(login.route), at).next(at),
        };
        hold.route = hold.route.filter(|route| *route == login.route);
        self.holds[mine] = Some(hold);
        if both {
            self.holds[other] = Some(hold);
        }
    }

    /// Records that the server accepted `login`. Changes nothing if it was sent before the last rejection arrived.
    pub(crate) fn accept(&mut self, login: &InFlight, at: At) {
        if self.rejected.is_some_and(|rejected| login.sequence < rejected) {
            return;
        }
        let first = !self.accepted;
        self.accepted = true;
        self.proven_at = Some(at.now);
        self.silence = self.silence.filter(|silence| login.sequence < silence.sequence);
        if login.allowed {
            // A person reset the guard: everything is as before the first rejection.
            (self.holds, self.silence) = ([None; 2], None);
            self.routes.clear();
        }
        self.routes.retain(|hold| hold.route != Some(login.route));
        for (kind, slot) in self.holds.iter_mut().enumerate() {
            let Some(hold) = *slot else { continue };
            *slot = match hold.route {
                // So that route alone rejected it, and not the platform.
                Some(route) if route != login.route => {
                    self.routes.retain(|other| other.route != Some(route));
                    self.routes.push(Hold { level: 0, ..hold }.next_on(ROUTE, at));
                    None
                }
                _ if first || kind == login.kind as usize => None,
                // The other kind may try at once.
                _ => Some(Hold { until: Some(at.now), ..hold }),
            };
        }
        let excess = self.routes.len().saturating_sub(MOST_ROUTES);
        self.routes.drain(..excess);
    }

    /// Records that `login` had no response. `count` is how many of the user had none, with this one.
    pub(crate) fn leave_unanswered(&mut self, login: &InFlight, count: usize, at: At) {
        let none = Hold::none(false, None, at);
        self.silence = match self.silence {
            _ if self.is_proven(at.now) => Some(none),
            Some(hold) if login.sequence < hold.sequence => Some(hold),
            _ if self.accepted => Some(Hold { level: count - 1, ..none }.next_on(SILENCE_OF_ACCEPTED, at)),
            hold => Some(hold.unwrap_or(none).next_on(SILENCE, at)),
        };
        self.proven_at = None;
    }

    /// Moves all times by `by` milliseconds.
    pub(crate) fn shift(&mut self, by: i64) {
        self.proven_at.iter_mut().for_each(|time| shift(time, by));
        let holds = self.holds.iter_mut().flatten().chain(&mut self.silence).chain(&mut self.routes);
        for hold in holds {
            shift(&mut hold.began, by);
            hold.until.iter_mut().for_each(|until| shift(until, by));
        }
    }
}

/// Returns the route of a path: a hash of its beginning, without the ids behind it, equal in all processes.
pub(crate) fn route_of(path: &str) -> RouteId {
    const SEGMENTS: usize = 5;
    let beginning: Vec<_> = path.trim_start_matches('/').split('/').take(SEGMENTS).collect();
    let hash = ring::digest::digest(&ring::digest::SHA256, beginning.join("/").as_bytes());
    let (number, _) = hash.as_ref().split_first_chunk().expect("32 bytes");
    RouteId::from_be_bytes(*number)
}

pub(crate) fn shift(time: &mut Millis, by: i64) {
    *time = time.saturating_add_signed(by);
}
