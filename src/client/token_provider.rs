//! A JWT for one account that is always valid, as far as that can be had.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::context::CallContext;
use super::{Call, Client};
use crate::clock::Moment;
use crate::error::{Error, ErrorKind, Result};
use crate::event::EventKind;
use crate::jwt::Token;
use crate::store::{SharedToken, SharedTokenState, TokenNeed};
use crate::sync::{Signal, lock};
use crate::token_cache::account::Account;
use crate::token_cache::requester::{RefreshEvent, TokenOutcome, TokenRequestTerms, TokenRequester, too_late};
use crate::token_cache::{Want, policy};
use crate::transport::deadline::Phase;

/// Hands out a JWT for one account: a cached one, renewed before it dies. Cloning shares it.
///
/// All providers of one client and account, and the client's own requests, share one token. It keeps its client alive, works
/// in a forked child, and has no thread: the caller who finds a token due for renewal renews it.
#[derive(Clone)]
pub struct TokenProvider {
    client: Client,
    account: Arc<Account>,
}

impl Client {
    /// A provider of JWTs for an account; the client's own if `None`. No I/O.
    pub fn token_provider<'a>(&self, account_id: impl Into<Option<&'a str>>) -> Result<TokenProvider> {
        let (inner, account_id) = (&self.inner, account_id.into());
        let account = match (account_id, &inner.own_account) {
            (None, Some(own)) => own.clone(),
            _ => inner.accounts.get(self.account_id(account_id)?),
        };
        Ok(TokenProvider { client: self.clone(), account })
    }
}

impl TokenProvider {
    /// A JWT that is good for a while yet.
    pub fn get(&self) -> Result<Token> {
        self.get_with(Duration::ZERO, None)
    }

    /// A JWT with at least `min_validity` left, as far as the server gives one, or within one call's limits.
    ///
    /// More than 0.6 of a token's life is not waited for, and one that was asked for just now is handed out whatever is left
    /// of it. If the server cannot be reached, a token with less left is handed out as long as it lives.
    pub fn get_with(&self, min_validity: Duration, call: Option<&Call>) -> Result<Token> {
        if let Some(token) = self.get_if_fresh(min_validity, call) {
            return Ok(token);
        }
        self.token(&CallContext::begin(&self.client, call)?, min_validity)
    }

    /// The cached token, if there is one that [`get_with`](Self::get_with) would hand out at once, and nothing else: no I/O, no waiting.
    pub fn peek(&self, min_validity: Duration) -> Option<Token> {
        self.get_if_fresh(min_validity, None)
    }

    /// The cached token if it is far from its end, and the call may go on: no lock, no allocation, no system call.
    pub(crate) fn get_if_fresh(&self, min_validity: Duration, call: Option<&Call>) -> Option<Token> {
        if call.is_some_and(|call| !call.may_begin()) {
            return None;
        }
        self.account.fresh(min_validity, Moment::now(&*self.client.inner.clock))
    }

    /// The cached token, if it lives and was not refused: what there is to send for a caller that must not wait.
    pub(crate) fn living(&self) -> Option<Token> {
        let is_refused = self.account.cached().is_some_and(|cached| cached.renew);
        if is_refused { None } else { self.account.living(Duration::ZERO, Moment::now(&*self.client.inner.clock)) }
    }

    /// A token for a call in progress, of this client or another.
    pub(crate) fn token(&self, context: &CallContext<'_>, min_validity: Duration) -> Result<Token> {
        let caller = AccountRequester { context, account: &self.account };
        if let Some(token) = self.account.fresh(min_validity, caller.now()) {
            return Ok(token);
        }
        if context.call().is_some_and(Call::has_otp) {
            return caller.get_apart(min_validity);
        }
        self.account.get(Want { min_validity, ..Want::default() }, &caller)
    }

    /// Another token than the one that an API answered with this status, for the call that it refused; `None` if there is none
    /// to be had.
    pub(crate) fn replace(&self, refused: &Token, status: u16, context: &CallContext<'_>) -> Option<Token> {
        let caller = AccountRequester { context, account: &self.account };
        let replaced = self.account.replace(refused, &caller);
        self.tell_refusal(status, replaced.is_some());
        replaced?.ok()
    }

    /// Another library sent `token`, and was refused. Returns whether it helps to ask here again.
    pub(crate) fn observe_refusal(&self, token: &Token, status: u16) -> bool {
        let renewed = self.account.refuse(token, true, Moment::now(&*self.client.inner.clock));
        self.tell_refusal(status, renewed);
        renewed
    }

    fn tell_refusal(&self, status: u16, renewed: bool) {
        self.client.inner.emit(
            EventKind::TokenRefused,
            || json!({ "account_id": self.account.id(), "status": status, "renewed": renewed }),
        );
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// Asks the server for a new JWT now, for callers with a timer of their own. Joins an exchange that is under way.
    ///
    /// An error leaves the token that is cached as it is.
    pub fn refresh(&self, call: Option<&Call>) -> Result<()> {
        let context = CallContext::begin(&self.client, call)?;
        let caller = AccountRequester { context: &context, account: &self.account };
        if call.is_some_and(Call::has_otp) {
            return caller.ask_apart().map(drop);
        }
        self.account.get(Want { new: true, ..Want::default() }, &caller).map(drop)
    }

    /// Says that an API refused `rejected`, which was got here: it is not handed out again, unless it was refused too often
    /// lately for that to be the token's fault. A token that has been replaced since, or is of another provider, changes nothing.
    pub fn invalidate(&self, rejected: &Token) {
        self.account.refuse(rejected, false, Moment::now(&*self.client.inner.clock));
    }

    /// The account it provides for.
    pub fn account_id(&self) -> &str {
        self.account.id()
    }

    /// The token's times and what happened so far, as a JSON object. Never a secret.
    ///
    /// `account_id`, `generation` (how many tokens there were), `issued_at`, `expires_at`, `next_refresh_at` (Unix seconds, by
    /// this machine's clock; null without a token), `last_error` (a `BOOMI_ERR_*` code; 0 if the last exchange worked), and
    /// the counters `exchanges`, `joins`, `stale_served`, `refused` and `held`.
    pub fn describe(&self) -> String {
        self.account.describe()
    }
}

impl std::fmt::Debug for TokenProvider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TokenProvider({})", self.describe())
    }
}

/// How often it is looked whether another of the store has a token by now.
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);
/// What another's token must have left, to be of use.
const SHORTEST_SHARED: Duration = Duration::from_secs(5);

/// A call in progress that needs an account's token.
struct AccountRequester<'a> {
    context: &'a CallContext<'a>,
    account: &'a Account,
}

impl AccountRequester<'_> {
    /// For a caller with a one-time code of its own, whose verdict is for nobody else.
    fn get_apart(&self, min_validity: Duration) -> Result<Token> {
        match self.account.living(min_validity, self.now()) {
            Some(token) => Ok(token),
            None => self.ask_apart(),
        }
    }

    fn ask_apart(&self) -> Result<Token> {
        let token = self.context.new_jwt(self.account.id())?;
        self.account.adopt(&token, self.jitter());
        Ok(token)
    }
}

impl AccountRequester<'_> {
    /// Asks the server, unless another of the store has, or is about to.
    fn request_token_with_store(&self, shared: &SharedToken, terms: TokenRequestTerms) -> TokenOutcome {
        let (deadline, slot) = (self.context.deadline(), self.account.slot());
        let wait_until = deadline.clock().now() + terms.max_wait;
        loop {
            let known =
                lock(&slot.shared).as_ref().filter(|(name, _)| name == shared.name()).map_or(0, |(_, fence)| *fence);
            let standing = TokenNeed { known, least: terms.least.max(SHORTEST_SHARED) };
            let keep = |fence: u64| *lock(&slot.shared) = Some((shared.name().to_owned(), fence));
            match shared.take(standing) {
                // The store is away, and says so by way of the guard.
                Err(_) => return self.request_token(terms, None),
                Ok(SharedTokenState::Found { fence, jwt, lifetime, left, asked }) => {
                    keep(fence);
                    let result = Token::found(&jwt, self.account.id(), lifetime, left, asked);
                    return TokenOutcome { result, full_time: true, asked: false };
                }
                Ok(SharedTokenState::Wait(rest)) => {
                    let now = deadline.clock().now();
                    if now >= wait_until {
                        let text = "another process has asked for a token and has none yet: try again";
                        return TokenOutcome::failed(Error::new(ErrorKind::Timeout, text).retryable(true));
                    }
                    deadline.set_phase(Phase::Token);
                    let pause = BETWEEN_LOOKS.min(rest).min(wait_until - now);
                    if let Err(error) = deadline.wait(pause) {
                        return TokenOutcome::failed(error);
                    }
                }
                Ok(SharedTokenState::Ask(lease)) => {
                    let exchanged = self.request_token(terms, Some(&|| shared.renew()));
                    match &exchanged.result {
                        Ok(token) => {
                            keep(lease.fence);
                            shared.put(&lease, token);
                        }
                        Err(_) => shared.give_back(),
                    }
                    return exchanged;
                }
            }
        }
    }

    fn request_token(&self, terms: TokenRequestTerms, while_waiting: Option<&dyn Fn()>) -> TokenOutcome {
        let id = self.account.id();
        let sign_in = match self.context.begin_jwt(id, terms.max_wait, while_waiting) {
            Ok(sign_in) => sign_in,
            Err(error) => return TokenOutcome::failed(error),
        };
        if self.time_left() < policy::TIME_FOR_A_REQUEST {
            // Leave came too late: an exchange that is given up is a sign-in whose end nobody knows.
            self.context.abandon(sign_in);
            return TokenOutcome::failed(too_late());
        }
        let (limit, full_time) = policy::request_limit(self.time_left(), terms.after_silence);
        let clock = self.context.deadline().clock();
        let began = clock.now();
        let result = self.context.jwt_within(limit, sign_in, id);
        // One that ended before its own limit, by the connect timeout for one, was not cut short by its caller.
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
        deadline.set_phase(Phase::Token);
        deadline.wait_for(changed, seen, deadline.clock().now() + at_most)
    }

    fn jitter(&self) -> f64 {
        self.context.deadline().clock().jitter()
    }

    fn request_token(&self, terms: TokenRequestTerms) -> TokenOutcome {
        match self.context.shared_token(self.account.id()) {
            Ok(Some(shared)) => self.request_token_with_store(&shared, terms),
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
