//! The tokens that a client keeps: one JWT for each account, asked for by one caller at a time.
//!
//! [`policy`] decides; [`flight`] is the account's state that callers share; this brings the two together.

pub(crate) mod account;
pub(crate) mod accounts;
pub(crate) mod policy;

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use crate::clock::Moment;
use crate::error::{Error, ErrorKind, Result};
use crate::jwt::Token;
use crate::sync::Signal;
use account::{Account, Counter, Flight, Kept, Slot, State};
use policy::{Decision, FailureKind, Situation, Standing};

/// What the caller of a provider brings: its time, and the way to the server.
pub(crate) trait Caller {
    fn now(&self) -> Moment;
    /// Until its deadline.
    fn time_left(&self) -> Duration;
    /// Waits for the signal, at most so long; an error ends the call.
    fn wait(&self, changed: &Signal, seen: u64, at_most: Duration) -> Result<()>;
    /// A number from 0 to 1.
    fn chance(&self) -> f64;
    /// Asks the server.
    fn exchange(&self, terms: Terms) -> Exchanged;
    /// Tells the owner how its exchange ended. No lock is held.
    fn tell(&self, happened: Happened<'_>);
}

/// How an exchange that a caller led ended.
pub(crate) enum Happened<'a> {
    Renewed {
        token: &'a Token,
        generation: u64,
    },
    Failed {
        error: &'a Error,
        /// Whether there is a living token to hand out all the same.
        stale: bool,
    },
}

/// How an exchange is made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terms {
    /// How long it may wait for leave to be sent.
    pub(crate) patience: Duration,
    /// Whether the last one had no answer.
    pub(crate) after_silence: bool,
    /// What must be left of a token that somebody else got.
    pub(crate) least: Duration,
}

/// How an exchange ended.
pub(crate) struct Exchanged {
    pub(crate) result: Result<Token>,
    /// Whether it had all the time that any has, and not less because of its caller's deadline.
    pub(crate) full_time: bool,
    /// Whether the server was asked, and not a store that another has put it in.
    pub(crate) asked: bool,
}

impl Exchanged {
    /// Before the server was asked.
    pub(crate) fn failed(error: Error) -> Self {
        Exchanged { result: Err(error), full_time: false, asked: true }
    }
}

/// What a caller wants.
#[derive(Clone, Copy, Default)]
pub(crate) struct Want<'a> {
    pub(crate) min_validity: Duration,
    /// Another than this, which an API refused.
    pub(crate) refused: Option<&'a Token>,
    /// A new one, whatever is kept.
    pub(crate) new: bool,
}

impl Want<'_> {
    /// Whether the caller has a token, and would rather hear that there is no other than wait for the server to get well.
    fn is_hurried(&self) -> bool {
        self.refused.is_some() || self.new
    }
}

/// One caller's way to a token.
pub(crate) struct Visit<'a> {
    pub(crate) want: Want<'a>,
    /// The token's generation when it came: what is newer satisfies any wish.
    pub(crate) came_at: u64,
    /// When it has waited long enough for a token that is alive, in steady time.
    pub(crate) patient_until: Duration,
    /// How many flights had ended when it began to wait for one.
    pub(crate) joined: Option<u64>,
}

/// How a caller fares after its own exchange.
enum Led {
    Got(Token),
    Failed(Error),
    MayGoOn,
}

pub(crate) enum Step {
    Use(Token),
    Lead(Terms),
    Wait(Duration),
    Fail(Error),
}

impl Account {
    /// A token, kept or new. The rules are [`policy`]'s.
    pub(crate) fn get(&self, want: Want<'_>, caller: &dyn Caller) -> Result<Token> {
        let patient_until = caller.now().steady + policy::patience(caller.time_left());
        let mut visit = Visit { want, came_at: self.generation(), patient_until, joined: None };
        loop {
            let slot = self.slot();
            let seen = slot.changed.count();
            match self.look(&slot, &mut visit, caller) {
                Step::Use(token) => return Ok(token),
                Step::Fail(error) => return Err(error),
                Step::Wait(at_most) => caller.wait(&slot.changed, seen, at_most)?,
                Step::Lead(terms) => match self.lead(&slot, terms, &visit, caller) {
                    Led::Got(token) => return Ok(token),
                    Led::Failed(error) => return Err(error),
                    // From here on it takes what there is.
                    Led::MayGoOn => visit.patient_until = Duration::ZERO,
                },
            }
        }
    }

    fn lead(&self, slot: &Slot, terms: Terms, visit: &Visit<'_>, caller: &dyn Caller) -> Led {
        let flight = Flight::begun(self, slot);
        let exchanged = caller.exchange(terms);
        let full_time = exchanged.full_time;
        let error = match flight.end(exchanged, caller) {
            Ok(token) => {
                caller.tell(Happened::Renewed { token: &token, generation: self.generation() });
                return Led::Got(token);
            }
            Err(error) => error,
        };
        let stale = self.standing(visit, caller.now()).0 != Standing::Dead;
        caller.tell(Happened::Failed { error: &error, stale });
        // Another try would be told the same: that no one-time code comes in time for this caller.
        let no_code = error.kind() == ErrorKind::Otp;
        let may_pass = matches!(FailureKind::of(&error, full_time), FailureKind::Transient | FailureKind::Personal);
        let may_pass = may_pass && !no_code;
        // A caller that was canceled goes, whatever there is to have; one that wants a new token hears why there is none.
        if error.kind() == ErrorKind::Canceled || visit.want.is_hurried() || !(stale || may_pass) {
            return Led::Failed(error);
        }
        if stale {
            self.count(Counter::StaleServed);
        }
        Led::MayGoOn
    }

    /// Another token than `refused`, for the caller whom an API refused it: the others go on with what they have.
    ///
    /// `None` if refusals caused an exchange a moment ago: then it is not the token's fault.
    pub(crate) fn replace(&self, refused: &Token, caller: &dyn Caller) -> Option<Result<Token>> {
        self.count(Counter::Refused);
        {
            let slot = self.slot();
            let mut state = crate::sync::lock(&slot.state);
            let kept = self.kept();
            let is_kept = kept.as_ref().is_some_and(|kept| kept.token.is(refused));
            if is_kept && !state.in_flight && !self.may_renew(&mut state, caller.now()) {
                return None;
            }
        }
        Some(self.get(Want { refused: Some(refused), ..Want::default() }, caller))
    }

    /// Says that an API refused `token`: it is handed out to nobody any more, or at least renewed soon if `spare`d. Returns
    /// whether there is, or will be, another.
    pub(crate) fn refuse(&self, token: &Token, spare: bool, now: Moment) -> bool {
        let slot = self.slot();
        let mut state = crate::sync::lock(&slot.state);
        let Some(kept) = self.kept() else { return true };
        if !kept.token.is(token) {
            return true;
        }
        self.count(Counter::Refused);
        if state.in_flight {
            // Another is on its way. Whoever comes meanwhile waits for it.
            if !spare {
                self.keep(None);
            }
            return true;
        }
        let renews = self.may_renew(&mut state, now);
        if renews {
            self.keep(spare.then(|| kept.to_be_renewed()));
        }
        renews
    }

    fn may_renew(&self, state: &mut State, now: Moment) -> bool {
        let Some(kept) = self.kept() else { return true };
        if state.renewal_granted {
            return true;
        }
        let apart = kept.windows.between_refusals(kept.after_refusal);
        let due = state.refused_at.is_none_or(|last| now.steady.saturating_sub(last) >= apart);
        if due {
            state.refused_at = Some(now.steady);
            state.renews_refused = true;
            state.renewal_granted = true;
        }
        due
    }

    /// The token's standing for this visit, and the token.
    fn standing(&self, visit: &Visit<'_>, now: Moment) -> (Standing, Option<Arc<Kept>>) {
        let Some(kept) = self.kept() else { return (Standing::Dead, None) };
        if visit.want.refused.is_some_and(|refused| kept.token.is(refused)) {
            return (Standing::Dead, None);
        }
        let remaining = kept.token.remaining(now);
        let standing = match kept.windows.standing(remaining, visit.want.min_validity) {
            Standing::Dead => Standing::Dead,
            // The fruit of an exchange that ended while it waited.
            _ if kept.generation > visit.came_at => Standing::Fresh,
            _ if visit.want.new => Standing::Dead,
            Standing::Fresh | Standing::Due if kept.renew => Standing::Overdue,
            standing => standing,
        };
        (standing, Some(kept))
    }

    /// One look at the account, and what follows from it.
    pub(crate) fn look(&self, slot: &Slot, visit: &mut Visit<'_>, caller: &dyn Caller) -> Step {
        let mut state = crate::sync::lock(&slot.state);
        let now = caller.now();
        let (standing, kept) = self.standing(visit, now);
        if let Some(joined) = visit.joined
            && state.ended > joined
            && standing == Standing::Dead
        {
            // Too short-lived to be kept, but not for those who waited.
            if let Some(token) = state.passing.as_ref().filter(|token| !token.remaining(now).is_zero()) {
                return Step::Use(token.clone());
            }
            if let Some(verdict) = &state.verdict {
                return Step::Fail(verdict.clone());
            }
        }
        let until = |at: Duration| at.saturating_sub(now.steady);
        let failure = state.failure.as_ref();
        let seen = Situation {
            standing,
            in_flight: state.in_flight,
            failure: failure.map(|failure| (failure.kind, until(failure.next), until(failure.next_in_need))),
            has_waited: now.steady >= visit.patient_until,
            hurried: visit.want.is_hurried(),
            time_left: caller.time_left(),
        };
        match policy::decide(&seen, until(visit.patient_until)) {
            Decision::Use => Step::Use(kept.expect("a token that is not dead").token.clone()),
            Decision::Lead(patience) => {
                let after_silence = failure.is_some_and(|failure| failure.error.status().is_none());
                state.in_flight = true;
                state.verdict = None;
                Step::Lead(Terms { patience, after_silence, least: visit.want.min_validity })
            }
            Decision::Join => {
                if visit.joined.is_none() {
                    self.count(Counter::Joins);
                }
                visit.joined.get_or_insert(state.ended);
                let waits_for_life = standing == Standing::Dead;
                Step::Wait(if waits_for_life { seen.time_left } else { until(visit.patient_until) })
            }
            Decision::Rest(rest) => Step::Wait(rest),
            Decision::Fail => Step::Fail(match failure.map(|failure| (failure, until(failure.next_in_need))) {
                Some((failure, rest)) if !rest.is_zero() => failure.error.clone().with_retry_after(Some(rest)),
                _ => too_late(),
            }),
        }
    }

    /// The token's times and what happened so far, as a JSON object.
    pub(crate) fn describe(&self) -> String {
        let kept = self.kept();
        let token = kept.as_ref().map(|kept| &kept.token);
        let refresh = kept.as_ref().map(|kept| kept.token.expires_at() - kept.windows.advisory.as_secs() as i64);
        json!({
            "account_id": self.id(),
            "generation": self.generation(),
            "issued_at": token.map(Token::issued_at),
            "expires_at": token.map(Token::expires_at),
            "next_refresh_at": refresh,
            "last_error": self.last_error(),
            "exchanges": self.counted(Counter::Exchanges),
            "joins": self.counted(Counter::Joins),
            "stale_served": self.counted(Counter::StaleServed),
            "refused": self.counted(Counter::Refused),
            "held": self.counted(Counter::Held),
        })
        .to_string()
    }
}

/// The error of a call without the time for an exchange.
pub(crate) fn too_late() -> Error {
    let text = "less than a second of the call's time was left, in which no token can be had: give it more";
    Error::new(ErrorKind::Timeout, text).retryable(true)
}
