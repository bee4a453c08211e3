//! The token provider: a valid JWT for one account, cached, shared through the store, and refreshed.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::call::Call;
use super::context::CallContext;
use super::inner::Inner;
use super::sign_in::load::load;
use super::token_request;
use crate::bearer::BearerSource;
use crate::clock::Moment;
use crate::error::{Error, ErrorKind, Result};
use crate::event::EventKind;
use crate::jwt::Token;
use crate::otp::TypedCode;
use crate::shared_store::{SharedToken, SharedTokenState, TokenNeed};
use crate::sync::{Signal, lock};
use crate::token_cache::account::Account;
use crate::token_cache::requester::{RefreshEvent, TokenOutcome, TokenRequestTerms, TokenRequester, too_late};
use crate::token_cache::{Want, policy};
use crate::transport::deadline::Deadline;
use crate::transport::progress::Phase;

/// Gives out a JWT for one account: a cached one, refreshed before it expires. Clones share it.
///
/// All providers of one client and account, and the client's own requests, share one token. The provider keeps its
/// client alive and works in a forked child. It has no thread: the call that finds a token due for renewal renews it.
#[derive(Clone)]
pub struct TokenProvider {
    client: Arc<Inner>,
    account: Arc<Account>,
}

impl TokenProvider {
    /// Creates the provider of an account; the client's own if `None`. No I/O.
    pub(crate) fn new(client: &Arc<Inner>, account_id: Option<&str>) -> Result<Self> {
        let account = match (account_id, &client.own_account) {
            (None, Some(own)) => own.clone(),
            _ => client.accounts.get(client.account_id(account_id)?),
        };
        Ok(TokenProvider { client: client.clone(), account })
    }

    /// Returns a JWT that is not about to expire.
    pub fn get(&self) -> Result<Token> {
        self.get_with(Duration::ZERO, None)
    }

    /// Returns a JWT with at least `min_validity` left, if the server issues such, within one call's limits.
    ///
    /// A `min_validity` above 0.6 of a token's lifetime counts as 0.6 of it, and a token that was just issued is given
    /// out whatever is left of it. While the server cannot be reached, a token with less left is given out until it
    /// expires.
    pub fn get_with(&self, min_validity: Duration, call: Option<&Call>) -> Result<Token> {
        if let Some(token) = self.get_if_fresh(min_validity, call) {
            return Ok(token);
        }
        self.get_in(&CallContext::begin(&self.client, call)?, min_validity)
    }

    /// Returns the cached token if [`get_with`](Self::get_with) would return it at once. No I/O, no waiting.
    pub fn peek(&self, min_validity: Duration) -> Option<Token> {
        self.get_if_fresh(min_validity, None)
    }

    /// Returns the cached token if it is fresh and the call may begin. No lock, no allocation, no system call.
    pub(crate) fn get_if_fresh(&self, min_validity: Duration, call: Option<&Call>) -> Option<Token> {
        if call.is_some_and(|call| !call.may_begin()) {
            return None;
        }
        self.account.fresh(min_validity, Moment::now(&*self.client.clock))
    }

    /// A token for a call in progress.
    fn get_in(&self, context: &CallContext<'_>, min_validity: Duration) -> Result<Token> {
        let requester = AccountRequester { context, account: &self.account };
        if let Some(token) = self.account.fresh(min_validity, requester.now()) {
            return Ok(token);
        }
        if context.has_code() {
            return requester.get_with_code(min_validity);
        }
        self.account.get(Want { min_validity, ..Want::default() }, &requester)
    }

    fn tell_refusal(&self, status: u16, renewed: bool) {
        self.client.emit(
            EventKind::TokenRefused,
            || json!({ "account_id": self.account.id(), "status": status, "renewed": renewed }),
        );
    }

    /// Fetches a new JWT now, for callers with a timer of their own. Joins a token request that is in progress.
    ///
    /// An error leaves the cached token as it is.
    pub fn refresh(&self, call: Option<&Call>) -> Result<()> {
        let context = CallContext::begin(&self.client, call)?;
        let requester = AccountRequester { context: &context, account: &self.account };
        if context.has_code() {
            return requester.fetch_with_code().map(drop);
        }
        self.account.get(Want { new: true, ..Want::default() }, &requester).map(drop)
    }

    /// Records that an API refused `rejected`: this provider does not give it out again.
    ///
    /// After several refusals in a short time the token is kept: it is then not the cause. A token that was replaced
    /// since, or that is of another provider, changes nothing.
    pub fn invalidate(&self, rejected: &Token) {
        self.account.refuse(rejected, false, Moment::now(&*self.client.clock));
    }

    /// The account that the tokens are for.
    pub fn account_id(&self) -> &str {
        self.account.id()
    }

    /// The token's times and the counters of this account, as a JSON object. Never a secret.
    ///
    /// `account_id`, `generation` (how many tokens there were), `issued_at`, `expires_at`, `next_refresh_at` (Unix
    /// seconds, by this machine's clock; null without a token), `last_error` (a `BOOMI_ERR_*` code; 0 if the last token
    /// request succeeded), and the counters `exchanges`, `joins`, `stale_served`, `refused` and `held`.
    pub fn describe(&self) -> String {
        self.account.describe()
    }
}

impl BearerSource for TokenProvider {
    fn account_id(&self) -> &str {
        self.account.id()
    }

    fn token_for_call(&self, deadline: &Deadline, code: Option<&TypedCode>) -> Result<Token> {
        match self.get_if_fresh(Duration::ZERO, None) {
            Some(token) => Ok(token),
            None => self.get_in(&CallContext::continued(&self.client, deadline, code), Duration::ZERO),
        }
    }

    fn replace(&self, refused: &Token, status: u16, deadline: &Deadline, code: Option<&TypedCode>) -> Option<Token> {
        let context = CallContext::continued(&self.client, deadline, code);
        let replaced = self.account.replace(refused, &AccountRequester { context: &context, account: &self.account });
        self.tell_refusal(status, replaced.is_some());
        replaced?.ok()
    }

    fn observe_refusal(&self, token: &Token, status: u16) -> bool {
        let renewed = self.account.refuse(token, true, Moment::now(&*self.client.clock));
        self.tell_refusal(status, renewed);
        renewed
    }

    fn usable(&self) -> Option<Token> {
        let is_refused = self.account.cached().is_some_and(|cached| cached.renew);
        if is_refused { None } else { self.account.living(Duration::ZERO, Moment::now(&*self.client.clock)) }
    }
}

impl std::fmt::Debug for TokenProvider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TokenProvider({})", self.describe())
    }
}

/// How often the store is asked whether another process has stored a token.
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);
/// A token of the store must have this much left.
const SHORTEST_SHARED: Duration = Duration::from_secs(5);

/// A call in progress that needs an account's token, and can request it.
struct AccountRequester<'a> {
    context: &'a CallContext<'a>,
    account: &'a Account,
}

impl AccountRequester<'_> {
    /// For a call with a typed code: its request's outcome is not shared with other calls.
    fn get_with_code(&self, min_validity: Duration) -> Result<Token> {
        match self.account.living(min_validity, self.now()) {
            Some(token) => Ok(token),
            None => self.fetch_with_code(),
        }
    }

    fn fetch_with_code(&self) -> Result<Token> {
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
            attempt.withdraw(self.context.code());
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
        Moment::now(&**self.context.deadline().clock())
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
            RefreshEvent::Renewed { token, generation } => self.context.emit(EventKind::TokenRefreshed, || {
                json!({
                    "account_id": self.account.id(),
                    "generation": generation,
                    "expires_at": token.expires_at(),
                    "lifetime_s": token.lifetime().as_secs(),
                })
            }),
            RefreshEvent::Failed { error, stale } => {
                self.context.emit(EventKind::RefreshFailed, || failure(self.account, error, stale))
            }
        }
    }
}

fn failure(account: &Account, error: &Error, stale: bool) -> serde_json::Value {
    json!({
        "account_id": account.id(),
        "code": error.kind().code(),
        "status": error.status().unwrap_or(0),
        "stale_served": stale,
        "retry_after_ms": error.retry_after().map(|after| after.as_millis() as u64),
    })
}
