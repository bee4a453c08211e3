//! Gets a token for the token cache: from the shared store, or by a [`token_request`] to the server.

use std::time::Duration;

use serde_json::json;

use super::{context::CallContext, sign_in::load::load, token_request};
use crate::error::{Error, ErrorKind, Result};
use crate::shared_store::{SharedToken, SharedTokenState, TokenNeed};
use crate::sync::{Signal, lock};
use crate::token_cache::requester::{RefreshEvent, TokenOutcome, TokenRequestTerms, TokenRequester, too_late};
use crate::{
    clock::Moment, event::EventKind, jwt::Token, token_cache::account::Account, token_cache::policy,
    transport::progress::Phase,
};

/// How often the store is asked whether another process has stored a token.
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);
/// A token of the store must have this much left.
const SHORTEST_SHARED: Duration = Duration::from_secs(5);

/// A call in progress that needs an account's token, and can request it.
pub(super) struct AccountRequester<'a> {
    pub(super) context: &'a CallContext<'a>,
    pub(super) account: &'a Account,
}

impl AccountRequester<'_> {
    /// For a call with a typed code: its request's outcome is not shared with other calls.
    pub(super) fn fetch_with_code(&self) -> Result<Token> {
        let token = token_request::fetch(self.context, self.account.id())?;
        self.account.adopt(&token, self.jitter());
        Ok(token)
    }

    /// Where the store keeps the account's token, if a store is set.
    fn shared_token(&self) -> Result<Option<Box<dyn SharedToken>>> {
        let client = self.context.client;
        let Some(store) = &client.store else { return Ok(None) };
        let basic = &load(self.context)?.basic;
        Ok(Some(store.token(&client.origin.to_string(), &basic.username, basic.secret.as_bytes(), self.account.id())))
    }

    /// Requests a token, unless another process of the store stored one, or is about to.
    fn request_token_with_store(&self, shared: &dyn SharedToken, terms: TokenRequestTerms) -> TokenOutcome {
        let (deadline, slot) = (self.context.deadline(), self.account.slot());
        let wait_until = deadline.clock().now() + terms.max_wait;
        loop {
            let known =
                lock(&slot.shared).as_ref().filter(|(name, _)| name == shared.name()).map_or(0, |(_, fence)| *fence);
            let standing = TokenNeed { known, least: terms.least.max(SHORTEST_SHARED) };
            let keep = |fence: u64| *lock(&slot.shared) = Some((shared.name().to_owned(), fence));
            match shared.take(standing) {
                // The store is unavailable; the guard emits that event.
                Err(_) => return self.request_token(terms, None),
                Ok(SharedTokenState::Found { fence, jwt, lifetime, left, asked }) => {
                    keep(fence);
                    let result = Token::found(&jwt, self.account.id(), lifetime, left, asked);
                    return TokenOutcome { result, full_time: true, asked: false };
                }
                Ok(SharedTokenState::Wait(rest)) => {
                    let now = deadline.clock().now();
                    if now >= wait_until {
                        let text = "another process is requesting a token and has none yet: try again";
                        return TokenOutcome::failed(Error::new(ErrorKind::Timeout, text).retryable(true));
                    }
                    deadline.progress.set_phase(Phase::Token);
                    let pause = BETWEEN_LOOKS.min(rest).min(wait_until - now);
                    if let Err(error) = deadline.wait(pause) {
                        return TokenOutcome::failed(error);
                    }
                }
                Ok(SharedTokenState::Ask(lease)) => {
                    let outcome = self.request_token(terms, Some(&|| shared.renew()));
                    match &outcome.result {
                        Ok(token) => {
                            keep(lease.fence);
                            shared.put(&lease, token);
                        }
                        Err(_) => shared.give_back(),
                    }
                    return outcome;
                }
            }
        }
    }

    fn request_token(&self, terms: TokenRequestTerms, while_waiting: Option<&dyn Fn()>) -> TokenOutcome {
        let id = self.account.id();
        let attempt = match token_request::begin(self.context, id, terms.max_wait, while_waiting) {
            Ok(attempt) => attempt,
            Err(error) => return TokenOutcome::failed(error),
        };
        if self.time_left() < policy::TIME_FOR_A_REQUEST {
            // A request that its deadline cuts short would count as one without a response.
            attempt.withdraw(self.context.code);
            return TokenOutcome::failed(too_late());
        }
        let (limit, full_time) = policy::request_limit(self.time_left(), terms.after_silence);
        let clock = self.context.deadline().clock();
        let began = clock.now();
        let result = token_request::send(&self.context.within(limit), attempt, id);
        // A request that ended before its own limit, such as by the connect timeout, was not cut short by its caller.
        let full_time = full_time || clock.now().saturating_duration_since(began) < limit;
        TokenOutcome { result, full_time, asked: true }
    }
}

impl TokenRequester for AccountRequester<'_> {
    fn now(&self) -> Moment {
        self.context.deadline().clock().moment()
    }

    fn time_left(&self) -> Duration {
        self.context.deadline().remaining()
    }

    fn wait(&self, changed: &Signal, seen: u64, at_most: Duration) -> Result<()> {
        let deadline = self.context.deadline();
        deadline.progress.set_phase(Phase::Token);
        deadline.wait_for(changed, seen, deadline.clock().now() + at_most)
    }

    fn jitter(&self) -> f64 {
        self.context.deadline().clock().jitter()
    }

    fn request_token(&self, terms: TokenRequestTerms) -> TokenOutcome {
        match self.shared_token() {
            Ok(Some(shared)) => self.request_token_with_store(&*shared, terms),
            Ok(None) => self.request_token(terms, None),
            Err(error) => TokenOutcome::failed(error),
        }
    }

    fn report(&self, event: RefreshEvent<'_>) {
        match event {
            RefreshEvent::Renewed { token, generation } => self.context.client.emit(EventKind::TokenRefreshed, || {
                json!({
                    "account_id": self.account.id(),
                    "generation": generation,
                    "expires_at": token.expires_at(),
                    "lifetime_s": token.lifetime().as_secs(),
                })
            }),
            RefreshEvent::Failed { error, stale } => self.context.client.emit(EventKind::RefreshFailed, || {
                json!({
                    "account_id": self.account.id(),
                    "code": error.kind().code(),
                    "status": error.status().unwrap_or(0),
                    "stale_served": stale,
                    "retry_after_ms": error.retry_after().map(|after| after.as_millis() as u64),
                })
            }),
        }
    }
}
