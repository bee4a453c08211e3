//! The login history of one user at one origin, and what it permits next. Pure: no clock, no lock, no I/O.
//!
//! Boomi locks a user after six bad attempts, and only an administrator unlocks it. The guard promises: at most two
//! rejected attempts with a credential that was never accepted, and at most five bad attempts of a user in a row. A
//! credential that becomes good again works again without a reset, as far as those five allow.

use serde::{Deserialize, Serialize};

use super::credential::{At, Credential, Hold, InFlight, LoginKind, Millis, Owner, RouteId, Tag, Why, shift};
use super::credential::{MINUTE, SECOND, Sequence, WAITED_OUT};
use super::totp_steps::TimeSteps;

/// The most bad attempts (rejected or unanswered) of a user, over all secrets. Boomi locks a user at six.
pub(crate) const BUDGET: usize = 5;
/// The waits between probes; the last one repeats.
pub(crate) const BETWEEN_PROBES: &[Millis] = &[SECOND, 2 * SECOND];
/// A probe that takes longer belongs to a process that ended.
pub(crate) const LONGEST_PROBE: Millis = 15 * SECOND;
/// An attempt of another library that takes longer never reports its outcome.
pub(crate) const FORGOTTEN: Millis = 10 * MINUTE;
/// A token request that takes longer, or a call that waits longer for a status line, belongs to a process that ended.
#[cfg(feature = "redis")]
pub(crate) const LONGEST_TOKEN_REQUEST: Millis = 20 * SECOND;
#[cfg(feature = "redis")]
pub(crate) const LONGEST_CALL: Millis = 90 * SECOND;
/// The most secrets kept per user; the oldest is dropped.
pub(crate) const MOST_CREDENTIALS: usize = 16;

/// What the history needs to know of an attempt: its tag, kind and route.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LoginRequest {
    pub(crate) tag: Tag,
    pub(crate) kind: LoginKind,
    pub(crate) route: RouteId,
    pub(crate) foreign: bool,
    pub(crate) most_in_flight: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LoginDecision {
    /// Closed: take a permit, and send.
    Go,
    /// Half-open: send a request without credentials first.
    Probe,
    /// Wait until another attempt or probe ends.
    AwaitOther,
    /// Open: wait until then.
    WaitUntil(Millis, Why),
    /// Open: fail; until then, or for good.
    Held(Option<Millis>, Why),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LoginOutcome {
    Accepted,
    /// 401, or 403 with `error.user.login`.
    Rejected,
    /// It was sent, and no status arrived.
    Unanswered,
    /// A response that says nothing of the credentials.
    Neutral,
    /// No byte of it was sent.
    NotSent,
}

/// Requests without credentials, which find out whether the server responds again.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Probe {
    pub(crate) failures: usize,
    pub(crate) next: Millis,
    /// When the one in flight started.
    pub(crate) began: Option<Millis>,
}

impl Probe {
    /// The first one, which is due.
    fn due(now: Millis) -> Self {
        Probe { failures: 0, next: now, began: None }
    }
}

/// The attempts of one user, as far as the next one depends on them.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct LoginHistory {
    /// The rejections since the last acceptance, over all secrets.
    pub(crate) rejections: usize,
    /// The attempts without a response since then.
    pub(crate) unanswered: usize,
    /// The sequence number of the last rejection or unanswered attempt.
    pub(crate) last_trouble: Option<Sequence>,
    /// Counts starts and ends; orders them. "turn" is the name in files of version 1.
    #[serde(rename = "turn")]
    pub(crate) sequence: Sequence,
    /// Set by a reset: the next attempt passes in any state.
    pub(crate) allowance: bool,
    pub(crate) probe: Option<Probe>,
    pub(crate) credentials: Vec<Credential>,
    /// "places" is the name in files of version 1.
    #[serde(rename = "places")]
    pub(crate) in_flight: Vec<InFlight>,
    /// The first files had none.
    #[serde(default)]
    pub(crate) steps: TimeSteps,
}

impl LoginHistory {
    /// Decides on an attempt. Changes nothing.
    pub(crate) fn decide(&self, ask: &LoginRequest, now: Millis) -> LoginDecision {
        if self.allowance {
            return if self.in_flight.is_empty() { LoginDecision::Go } else { LoginDecision::AwaitOther };
        }
        if self.in_flight.iter().any(|login| login.allowed && login.tag == ask.tag) {
            return LoginDecision::AwaitOther;
        }
        let spent = self.rejections + self.unanswered;
        if spent >= BUDGET {
            return LoginDecision::Held(None, Why::Budget);
        }
        let credential = self.credentials.iter().find(|credential| credential.tag == ask.tag);
        if let Some((until, why)) = credential.and_then(|credential| credential.held_until(ask.kind, ask.route, now)) {
            return match until {
                Some(until) if until - now <= WAITED_OUT => LoginDecision::WaitUntil(until, why),
                until => LoginDecision::Held(until, why),
            };
        }
        let proven = credential.is_some_and(|credential| credential.is_proven(now));
        let most = if proven { ask.most_in_flight } else { 1 };
        let own = self.in_flight.iter().filter(|login| login.tag == ask.tag).count();
        if own >= most || spent + self.in_flight.len() >= BUDGET {
            return LoginDecision::AwaitOther;
        }
        match self.probe {
            None => LoginDecision::Go,
            Some(Probe { began: Some(began), .. }) if now.saturating_sub(began) <= LONGEST_PROBE => {
                LoginDecision::AwaitOther
            }
            Some(probe) if probe.next > now => LoginDecision::WaitUntil(probe.next, Why::Unanswered),
            Some(_) => LoginDecision::Probe,
        }
    }

    /// Records the attempt that [`decide`](Self::decide) allowed, just before it is sent.
    pub(crate) fn take(&mut self, ask: &LoginRequest, id: u64, owner: Owner, now: Millis) {
        let allowed = std::mem::take(&mut self.allowance);
        let LoginRequest { tag, kind, route, foreign, .. } = *ask;
        self.sequence += 1;
        let sequence = self.sequence;
        self.in_flight.push(InFlight { id, owner, tag, kind, route, sequence, sent: now, foreign, allowed });
    }

    /// Ends an attempt; an unknown or ended one changes nothing.
    ///
    /// Returns `false` if waking one waiter is enough: nothing changed but the number in flight.
    pub(crate) fn settle(&mut self, id: u64, outcome: LoginOutcome, now: Millis) -> bool {
        let Some(index) = self.in_flight.iter().position(|login| login.id == id) else { return false };
        let login = self.in_flight.swap_remove(index);
        self.sequence += 1;
        let at = At { sequence: self.sequence, now };
        let had_no_trouble = !login.allowed && self.has_no_trouble() && self.credential(login.tag).is_proven(now);
        match outcome {
            LoginOutcome::NotSent => self.allowance |= login.allowed,
            LoginOutcome::Neutral => self.probe = None,
            LoginOutcome::Accepted => {
                if self.last_trouble.is_none_or(|trouble| login.sequence > trouble) {
                    (self.rejections, self.unanswered, self.probe) = (0, 0, None);
                }
                self.credential(login.tag).accept(&login, at);
            }
            LoginOutcome::Rejected => {
                self.probe = None;
                self.rejections += 1;
                self.last_trouble = Some(at.sequence);
                self.credential(login.tag).reject(&login, at);
            }
            LoginOutcome::Unanswered => {
                self.unanswered += 1;
                self.last_trouble = Some(at.sequence);
                self.probe.get_or_insert(Probe::due(now));
                let count = self.unanswered;
                self.credential(login.tag).leave_unanswered(&login, count, at);
            }
        }
        !(had_no_trouble && self.has_no_trouble())
    }

    fn has_no_trouble(&self) -> bool {
        self.rejections + self.unanswered == 0 && self.probe.is_none() && !self.allowance
    }

    /// Records the start of the probe that [`decide`](Self::decide) demanded.
    pub(crate) fn begin_probe(&mut self, now: Millis) {
        if let Some(probe) = &mut self.probe {
            probe.began = Some(now);
        }
    }

    /// Records the end of a probe, and whether the server responded.
    pub(crate) fn end_probe(&mut self, answered: bool, now: Millis) {
        if answered {
            self.probe = None;
        } else if let Some(probe) = &mut self.probe {
            probe.next = now + BETWEEN_PROBES[probe.failures.min(BETWEEN_PROBES.len() - 1)];
            probe.failures += 1;
            probe.began = None;
        }
    }

    /// Ends attempts whose process ended, and those of other libraries that are too old, as ones without a response.
    pub(crate) fn expire(&mut self, is_gone: impl Fn(&Owner) -> bool, now: Millis) {
        let forgotten = |login: &InFlight| login.foreign && now.saturating_sub(login.sent) > FORGOTTEN;
        self.expire_if(|login| forgotten(login) || is_gone(&login.owner), now);
    }

    /// Ends attempts by their age, where processes cannot be observed. Returns whether there were any.
    #[cfg(feature = "redis")]
    pub(crate) fn expire_by_age(&mut self, now: Millis) -> bool {
        let age = |login: &InFlight| match login.kind {
            _ if login.foreign => FORGOTTEN,
            LoginKind::TokenRequest => LONGEST_TOKEN_REQUEST,
            LoginKind::Basic => LONGEST_CALL,
        };
        self.expire_if(|login| now.saturating_sub(login.sent) > age(login), now)
    }

    fn expire_if(&mut self, is_over: impl Fn(&InFlight) -> bool, now: Millis) -> bool {
        let over: Vec<_> = self.in_flight.iter().filter(|login| is_over(login)).map(|login| login.id).collect();
        for id in &over {
            self.settle(*id, LoginOutcome::Unanswered, now);
        }
        !over.is_empty()
    }

    /// Adds an attempt whose outcome another memory recorded.
    pub(crate) fn add(&mut self, ask: &LoginRequest, id: u64, outcome: LoginOutcome, now: Millis) {
        let allowance = std::mem::take(&mut self.allowance);
        self.take(ask, id, Owner::default(), now);
        self.allowance = allowance;
        self.settle(id, outcome, now);
    }

    pub(crate) fn raise_counts(&mut self, rejections: usize, unanswered: usize) {
        self.rejections = self.rejections.max(rejections);
        self.unanswered = self.unanswered.max(unanswered);
    }

    /// Copies a hold from another memory, to keep it if that memory fails.
    ///
    /// Then one attempt of each process would be too many, so a rejection's hold has an end only in a process that saw
    /// the credential accepted.
    pub(crate) fn learn(&mut self, ask: &LoginRequest, until: Option<Millis>, why: Why, now: Millis) {
        let at = At { sequence: self.sequence, now };
        let credential = self.credential(ask.tag);
        let hold = |until| Some(Hold { level: 1, until, ..Hold::none(false, None, at) });
        match why {
            _ if credential.held_until(ask.kind, ask.route, now).is_some() => {}
            Why::Budget => {}
            Why::Unanswered => credential.silence = hold(until),
            Why::Rejected => credential.holds[ask.kind as usize] = hold(until.filter(|_| credential.accepted)),
        }
    }

    /// The history that replaces a lost one: it allows one attempt, which spends the budget or is accepted.
    pub(crate) fn careful(now: Millis) -> Self {
        LoginHistory { unanswered: BUDGET - 1, probe: Some(Probe::due(now)), ..LoginHistory::default() }
    }

    /// Whether the history can be dropped: nothing is counted, held or in flight.
    pub(crate) fn is_idle(&self, server_seconds: u64) -> bool {
        self.rejections + self.unanswered == 0
            && !self.allowance
            && self.in_flight.is_empty()
            && self.credentials.iter().all(Credential::has_no_hold)
            && self.steps.is_over(server_seconds)
    }

    /// Moves all times by `by` milliseconds, when their clock starts again.
    pub(crate) fn shift(&mut self, by: i64) {
        self.in_flight.iter_mut().for_each(|login| shift(&mut login.sent, by));
        if let Some(probe) = &mut self.probe {
            shift(&mut probe.next, by);
            probe.began.iter_mut().for_each(|began| shift(began, by));
        }
        self.credentials.iter_mut().for_each(|credential| credential.shift(by));
    }

    fn credential(&mut self, tag: Tag) -> &mut Credential {
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
