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
use account::{Account, CachedToken, Counter, Flight, RefreshState, Slot};
use policy::{FailureKind, Freshness, RenewalDecision, Situation};

/// What the caller of a provider brings: its time, and the way to the server.
pub(crate) trait TokenRequester {
    fn now(&self) -> Moment;
    /// Until its deadline.
    fn time_left(&self) -> Duration;
    /// Waits for the signal, at most so long; an error ends the call.
    fn wait(&self, changed: &Signal, seen: u64, at_most: Duration) -> Result<()>;
    /// A number from 0 to 1.
    fn jitter(&self) -> f64;
    /// Asks the server.
    fn request_token(&self, terms: TokenRequestTerms) -> TokenOutcome;
    /// Tells the owner how its exchange ended. No lock is held.
    fn tell(&self, happened: RefreshEvent<'_>);
}

/// How an exchange that a caller led ended.
pub(crate) enum RefreshEvent<'a> {
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
pub(crate) struct TokenRequestTerms {
    /// How long it may wait for leave to be sent.
    pub(crate) max_wait: Duration,
    /// Whether the last one had no answer.
    pub(crate) after_silence: bool,
    /// What must be left of a token that somebody else got.
    pub(crate) least: Duration,
}

/// How an exchange ended.
pub(crate) struct TokenOutcome {
    pub(crate) result: Result<Token>,
    /// Whether it had all the time that any has, and not less because of its caller's deadline.
    pub(crate) full_time: bool,
    /// Whether the server was asked, and not a store that another has put it in.
    pub(crate) asked: bool,
}

impl TokenOutcome {
    /// Before the server was asked.
    pub(crate) fn failed(error: Error) -> Self {
        TokenOutcome { result: Err(error), full_time: false, asked: true }
    }
}

/// What a caller wants.
#[derive(Clone, Copy, Default)]
pub(crate) struct Want<'a> {
    pub(crate) min_validity: Duration,
    /// Another than this, which an API refused.
    pub(crate) refused: Option<&'a Token>,
    /// A new one, whatever is cached.
    pub(crate) new: bool,
}

impl Want<'_> {
    /// Whether the caller has a token, and would rather hear that there is no other than wait for the server to get well.
    fn is_hurried(&self) -> bool {
        self.refused.is_some() || self.new
    }
}

/// One caller's way to a token.
pub(crate) struct Lookup<'a> {
    pub(crate) want: Want<'a>,
    /// The token's generation when it came: what is newer satisfies any wish.
    pub(crate) came_at: u64,
    /// When it has waited long enough for a token that is alive, in steady time.
    pub(crate) wait_until: Duration,
    /// How many flights had ended when it began to wait for one.
    pub(crate) joined: Option<u64>,
}

/// How a caller fares after its own exchange.
enum LeadOutcome {
    Got(Token),
    Failed(Error),
    MayGoOn,
}

pub(crate) enum NextAction {
    Use(Token),
    Lead(TokenRequestTerms),
    Wait(Duration),
    Fail(Error),
}

impl Account {
    /// A token, cached or new. The rules are [`policy`]'s.
    pub(crate) fn get(&self, want: Want<'_>, caller: &dyn TokenRequester) -> Result<Token> {
        let wait_until = caller.now().steady + policy::max_wait(caller.time_left());
        let mut visit = Lookup { want, came_at: self.generation(), wait_until, joined: None };
        loop {
            let slot = self.slot();
            let seen = slot.changed.count();
            match self.look(&slot, &mut visit, caller) {
                NextAction::Use(token) => return Ok(token),
                NextAction::Fail(error) => return Err(error),
                NextAction::Wait(at_most) => caller.wait(&slot.changed, seen, at_most)?,
                NextAction::Lead(terms) => match self.lead(&slot, terms, &visit, caller) {
                    LeadOutcome::Got(token) => return Ok(token),
                    LeadOutcome::Failed(error) => return Err(error),
                    // From here on it takes what there is.
                    LeadOutcome::MayGoOn => visit.wait_until = Duration::ZERO,
                },
            }
        }
    }

    fn lead(
        &self,
        slot: &Slot,
        terms: TokenRequestTerms,
        visit: &Lookup<'_>,
        caller: &dyn TokenRequester,
    ) -> LeadOutcome {
        let flight = Flight::begun(self, slot);
        let exchanged = caller.request_token(terms);
        let full_time = exchanged.full_time;
        let error = match flight.end(exchanged, caller) {
            Ok(token) => {
                caller.tell(RefreshEvent::Renewed { token: &token, generation: self.generation() });
                return LeadOutcome::Got(token);
            }
            Err(error) => error,
        };
        let stale = self.standing(visit, caller.now()).0 != Freshness::Dead;
        caller.tell(RefreshEvent::Failed { error: &error, stale });
        // Another try would be told the same: that no one-time code comes in time for this caller.
        let no_code = error.kind() == ErrorKind::Otp;
        let may_pass = matches!(FailureKind::of(&error, full_time), FailureKind::Transient | FailureKind::Personal);
        let may_pass = may_pass && !no_code;
        // A caller that was canceled goes, whatever there is to have; one that wants a new token hears why there is none.
        if error.kind() == ErrorKind::Canceled || visit.want.is_hurried() || !(stale || may_pass) {
            return LeadOutcome::Failed(error);
        }
        if stale {
            self.count(Counter::StaleServed);
        }
        LeadOutcome::MayGoOn
    }

    /// Another token than `refused`, for the caller whom an API refused it: the others go on with what they have.
    ///
    /// `None` if refusals caused an exchange a moment ago: then it is not the token's fault.
    pub(crate) fn replace(&self, refused: &Token, caller: &dyn TokenRequester) -> Option<Result<Token>> {
        self.count(Counter::Refused);
        {
            let slot = self.slot();
            let mut state = crate::sync::lock(&slot.state);
            let cached = self.cached();
            let is_kept = cached.as_ref().is_some_and(|cached| cached.token.is(refused));
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
        let Some(cached) = self.cached() else { return true };
        if !cached.token.is(token) {
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
            self.keep(spare.then(|| cached.to_be_renewed()));
        }
        renews
    }

    fn may_renew(&self, state: &mut RefreshState, now: Moment) -> bool {
        let Some(cached) = self.cached() else { return true };
        if state.renewal_granted {
            return true;
        }
        let apart = cached.windows.between_refusals(cached.after_refusal);
        let due = state.refused_at.is_none_or(|last| now.steady.saturating_sub(last) >= apart);
        if due {
            state.refused_at = Some(now.steady);
            state.renews_refused = true;
            state.renewal_granted = true;
        }
        due
    }

    /// The token's standing for this visit, and the token.
    fn standing(&self, visit: &Lookup<'_>, now: Moment) -> (Freshness, Option<Arc<CachedToken>>) {
        let Some(cached) = self.cached() else { return (Freshness::Dead, None) };
        if visit.want.refused.is_some_and(|refused| cached.token.is(refused)) {
            return (Freshness::Dead, None);
        }
        let standing = match cached.freshness(now, visit.want.min_validity) {
            Freshness::Dead => Freshness::Dead,
            // The fruit of an exchange that ended while it waited.
            _ if cached.generation > visit.came_at => Freshness::Fresh,
            _ if visit.want.new => Freshness::Dead,
            Freshness::Fresh | Freshness::Due if cached.renew => Freshness::Overdue,
            standing => standing,
        };
        (standing, Some(cached))
    }

    /// One look at the account, and what follows from it.
    pub(crate) fn look(&self, slot: &Slot, visit: &mut Lookup<'_>, caller: &dyn TokenRequester) -> NextAction {
        let mut state = crate::sync::lock(&slot.state);
        let now = caller.now();
        let (standing, cached) = self.standing(visit, now);
        if let Some(joined) = visit.joined
            && state.ended > joined
            && standing == Freshness::Dead
        {
            // Too short-lived to be cached, but not for those who waited.
            if let Some(token) = state.passing.as_ref().filter(|token| !token.remaining(now).is_zero()) {
                return NextAction::Use(token.clone());
            }
            if let Some(verdict) = &state.verdict {
                return NextAction::Fail(verdict.clone());
            }
        }
        let until = |at: Duration| at.saturating_sub(now.steady);
        let failure = state.failure.as_ref();
        let seen = Situation {
            standing,
            in_flight: state.in_flight,
            failure: failure.map(|failure| (failure.kind, until(failure.next), until(failure.next_in_need))),
            has_waited: now.steady >= visit.wait_until,
            hurried: visit.want.is_hurried(),
            time_left: caller.time_left(),
        };
        match policy::decide(&seen, until(visit.wait_until)) {
            RenewalDecision::Use => NextAction::Use(cached.expect("a token that is not dead").token.clone()),
            RenewalDecision::Lead(max_wait) => {
                let after_silence = failure.is_some_and(|failure| failure.error.status().is_none());
                state.in_flight = true;
                state.verdict = None;
                NextAction::Lead(TokenRequestTerms { max_wait, after_silence, least: visit.want.min_validity })
            }
            RenewalDecision::Join => {
                if visit.joined.is_none() {
                    self.count(Counter::Joins);
                }
                visit.joined.get_or_insert(state.ended);
                let waits_for_life = standing == Freshness::Dead;
                NextAction::Wait(if waits_for_life { seen.time_left } else { until(visit.wait_until) })
            }
            RenewalDecision::Rest(rest) => NextAction::Wait(rest),
            RenewalDecision::Fail => {
                NextAction::Fail(match failure.map(|failure| (failure, until(failure.next_in_need))) {
                    Some((failure, rest)) if !rest.is_zero() => failure.error.clone().with_retry_after(Some(rest)),
                    _ => too_late(),
                })
            }
        }
    }

    /// The token's times and what happened so far, as a JSON object.
    pub(crate) fn describe(&self) -> String {
        let cached = self.cached();
        let token = cached.as_ref().map(|cached| &cached.token);
        let refresh =
            cached.as_ref().map(|cached| cached.token.expires_at() - cached.windows.advisory.as_secs() as i64);
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
