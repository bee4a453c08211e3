//! A client's token cache: one JWT for each account, which one caller at a time refreshes.
//!
//! [`policy`] decides, [`account`] holds what callers share, and this file brings the two together.

pub(crate) mod account;
pub(crate) mod accounts;
pub(crate) mod policy;
pub(crate) mod requester;

use std::sync::{Arc, atomic::Ordering};
use std::time::Duration;

use serde_json::json;

use crate::error::{ErrorKind, Result};
use crate::{clock::Moment, jwt::Token, single_flight::Flight, sync::lock};
use account::{Account, CachedToken, Counter, ProcessState, RefreshState};
use policy::{FailureKind, Freshness, RenewalDecision, Situation};
use requester::{RefreshEvent, TokenRequestTerms, TokenRequester, too_late};

#[derive(Clone, Copy, Default)]
pub(crate) struct Want<'a> {
    pub(crate) min_validity: Duration,
    /// The caller wants another token than this one, which an API refused.
    pub(crate) refused: Option<&'a Token>,
    /// The caller wants a new token, whatever is cached.
    pub(crate) new: bool,
}

impl Want<'_> {
    /// Returns whether the caller prefers an error over waiting for the server to recover: it has a token already.
    fn fails_fast(&self) -> bool {
        self.refused.is_some() || self.new
    }
}

pub(crate) struct Lookup<'a> {
    pub(crate) want: Want<'a>,
    /// The account's generation at the beginning: a newer token satisfies any want.
    pub(crate) began_at: u64,
    /// When the caller stops waiting for the refresh of an unexpired token, in steady time.
    pub(crate) wait_until: Duration,
    /// How many token requests had ended when the caller first waited for one.
    pub(crate) joined: Option<u64>,
}

pub(crate) enum NextAction<'a> {
    Return(Result<Token>),
    Lead(Flight<'a, Result<Token>>, TokenRequestTerms),
    Wait(Duration),
}

impl Account {
    /// Returns a token, cached or new. The rules are in [`policy`].
    pub(crate) fn get(&self, want: Want<'_>, caller: &dyn TokenRequester) -> Result<Token> {
        let wait_until = caller.now().steady + policy::max_wait(caller.time_left());
        let mut lookup = Lookup { want, began_at: self.generation(), wait_until, joined: None };
        loop {
            let process = self.slot();
            let seen = process.request.count();
            match self.look(&process, seen, &mut lookup, caller) {
                NextAction::Return(result) => return result,
                NextAction::Wait(at_most) => caller.wait(&process.request.changed, seen, at_most)?,
                NextAction::Lead(request, terms) => match self.lead(&process, request, terms, &lookup, caller) {
                    Some(result) => return result,
                    // From here on it takes an unexpired token as it is.
                    None => lookup.wait_until = Duration::ZERO,
                },
            }
        }
    }

    /// Requests a token. `None` if the caller looks again after a failure.
    fn lead(
        &self,
        process: &ProcessState,
        request: Flight<'_, Result<Token>>,
        terms: TokenRequestTerms,
        lookup: &Lookup<'_>,
        caller: &dyn TokenRequester,
    ) -> Option<Result<Token>> {
        let outcome = caller.request_token(terms);
        let full_time = outcome.full_time;
        let error = match self.finish(process, request, outcome, caller) {
            Ok(token) => {
                caller.report(RefreshEvent::Renewed { token: &token, generation: self.generation() });
                return Some(Ok(token));
            }
            Err(error) => error,
        };
        let stale = self.freshness(lookup, caller.now()).0 != Freshness::Dead;
        caller.report(RefreshEvent::Failed { error: &error, stale });
        // Another attempt has the same end: no one-time code comes in time for this caller.
        let no_code = error.kind() == ErrorKind::Otp;
        let may_pass = matches!(FailureKind::of(&error, full_time), FailureKind::Transient | FailureKind::Personal);
        let may_pass = may_pass && !no_code;
        // A canceled caller gets no cached token; one that wants a new token gets the reason why there is none.
        if error.kind() == ErrorKind::Canceled || lookup.want.fails_fast() || !(stale || may_pass) {
            return Some(Err(error));
        }
        if stale {
            self.count(Counter::StaleServed);
        }
        None
    }

    /// Returns another token than `refused` to the caller that an API refused. Other callers keep using the cached one.
    ///
    /// `None` if refusals caused a token request a moment ago: then the token is not the cause.
    pub(crate) fn replace(&self, refused: &Token, caller: &dyn TokenRequester) -> Option<Result<Token>> {
        self.count(Counter::Refused);
        {
            let process = self.slot();
            let mut state = lock(&process.state);
            let is_cached = self.cached().is_some_and(|cached| cached.token.is(refused));
            if is_cached && !process.request.is_running() && !self.may_renew(&mut state, caller.now()) {
                return None;
            }
        }
        Some(self.get(Want { refused: Some(refused), ..Want::default() }, caller))
    }

    /// Reports that an API refused `token`. Drops it, or marks it for refresh if `spare`d. Returns whether there is, or
    /// will be, another.
    pub(crate) fn refuse(&self, token: &Token, spare: bool, now: Moment) -> bool {
        let process = self.slot();
        let mut state = lock(&process.state);
        let Some(cached) = self.cached() else { return true };
        if !cached.token.is(token) {
            return true;
        }
        self.count(Counter::Refused);
        if process.request.is_running() {
            // Another token is on its way. Without a cached one, callers wait for it.
            if !spare {
                self.set_cached(None);
            }
            return true;
        }
        let renews = self.may_renew(&mut state, now);
        if renews {
            self.set_cached(spare.then(|| CachedToken { renew: true, ..CachedToken::clone(&cached) }));
        }
        renews
    }

    /// Returns whether a refusal may cause a token request now. Called under the lock of the process's state.
    fn may_renew(&self, state: &mut RefreshState, now: Moment) -> bool {
        let Some(cached) = self.cached() else { return true };
        if state.refusal_request_pending {
            return true;
        }
        let apart = cached.windows.between_refusals(cached.replaces_refused);
        let due = state.refused_at.is_none_or(|last| now.steady.saturating_sub(last) >= apart);
        if due {
            state.refused_at = Some(now.steady);
            state.next_replaces_refused = true;
            state.refusal_request_pending = true;
        }
        due
    }

    /// Returns the cached token and its freshness for this look-up.
    fn freshness(&self, lookup: &Lookup<'_>, now: Moment) -> (Freshness, Option<Arc<CachedToken>>) {
        let Some(cached) = self.cached() else { return (Freshness::Dead, None) };
        if lookup.want.refused.is_some_and(|refused| cached.token.is(refused)) {
            return (Freshness::Dead, None);
        }
        let freshness = match cached.freshness(now, lookup.want.min_validity) {
            Freshness::Dead => Freshness::Dead,
            // From a token request that ended during this look-up.
            _ if cached.generation > lookup.began_at => Freshness::Fresh,
            _ if lookup.want.new => Freshness::Dead,
            Freshness::Fresh | Freshness::Due if cached.renew => Freshness::Overdue,
            freshness => freshness,
        };
        (freshness, Some(cached))
    }

    /// Looks at the account once and decides what the caller does next. `seen` is the count of token requests before
    /// that.
    pub(crate) fn look<'s>(
        &self,
        process: &'s ProcessState,
        seen: u64,
        lookup: &mut Lookup<'_>,
        caller: &dyn TokenRequester,
    ) -> NextAction<'s> {
        let mut state = lock(&process.state);
        let now = caller.now();
        let (freshness, cached) = self.freshness(lookup, now);
        if freshness == Freshness::Dead
            && let Some(shared) = lookup.joined.and_then(|joined| process.request.shared_since(joined))
            && shared.as_ref().map_or(true, |token| !token.remaining(now).is_zero())
        {
            return NextAction::Return(shared);
        }
        let until = |at: Duration| at.saturating_sub(now.steady);
        let failure = state.failure.as_ref();
        let situation = Situation {
            freshness,
            in_flight: process.request.is_running(),
            failure: failure.map(|failure| (failure.kind, until(failure.next), until(failure.next_in_need))),
            has_waited: now.steady >= lookup.wait_until,
            fails_fast: lookup.want.fails_fast(),
            time_left: caller.time_left(),
        };
        match policy::decide(&situation, until(lookup.wait_until)) {
            RenewalDecision::Use => NextAction::Return(Ok(cached.expect("a token that is not dead").token.clone())),
            RenewalDecision::Lead(max_wait) => {
                // Without a flight, the situation has changed since `seen`.
                let Some(request) = process.request.begin(seen) else { return NextAction::Wait(Duration::ZERO) };
                let after_silence = failure.is_some_and(|failure| failure.error.status().is_none());
                state.refusal_request_pending = false;
                let terms = TokenRequestTerms { max_wait, after_silence, least: lookup.want.min_validity };
                NextAction::Lead(request, terms)
            }
            RenewalDecision::Join => {
                if lookup.joined.is_none() {
                    self.count(Counter::Joins);
                    lookup.joined = Some(process.request.count());
                }
                let at_most = if freshness == Freshness::Dead { situation.time_left } else { until(lookup.wait_until) };
                NextAction::Wait(at_most)
            }
            RenewalDecision::Rest(rest) => NextAction::Wait(rest),
            RenewalDecision::Fail => {
                let error = match failure.map(|failure| (failure, until(failure.next_in_need))) {
                    Some((failure, rest)) if !rest.is_zero() => failure.error.clone().with_retry_after(Some(rest)),
                    _ => too_late(),
                };
                NextAction::Return(Err(error))
            }
        }
    }

    /// Returns the token's times and counters as a JSON object.
    pub(crate) fn describe(&self) -> String {
        let cached = self.cached();
        let token = cached.as_ref().map(|cached| &cached.token);
        let refresh =
            cached.as_ref().map(|cached| cached.token.expires_at() - cached.windows.advisory.as_secs() as i64);
        let counted = |counter: Counter| self.counters[counter as usize].load(Ordering::Relaxed);
        json!({
            "account_id": self.id(),
            "generation": self.generation(),
            "issued_at": token.map(Token::issued_at),
            "expires_at": token.map(Token::expires_at),
            "next_refresh_at": refresh,
            "last_error": self.last_error.load(Ordering::Relaxed),
            "exchanges": counted(Counter::Requests),
            "joins": counted(Counter::Joins),
            "stale_served": counted(Counter::StaleServed),
            "refused": counted(Counter::Refused),
            "held": counted(Counter::Held),
        })
        .to_string()
    }
}
