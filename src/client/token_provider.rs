//! The token provider: a valid JWT for one account, cached and refreshed.

use std::{sync::Arc, time::Duration};

use serde_json::json;

use super::{account_requester::AccountRequester, call::Call, context::CallContext, inner::Inner};
use crate::{
    bearer::BearerSource, error::Result, event::EventKind, jwt::Token, otp::TypedCode, token_cache::Want,
    token_cache::account::Account, token_cache::requester::TokenRequester, transport::deadline::Deadline,
};

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
        self.account.fresh(min_validity, self.client.clock.moment())
    }

    fn get_in(&self, context: &CallContext<'_>, min_validity: Duration) -> Result<Token> {
        let requester = AccountRequester { context, account: &self.account };
        if let Some(token) = self.account.fresh(min_validity, requester.now()) {
            return Ok(token);
        }
        if context.has_code() {
            let living = self.account.living(min_validity, requester.now());
            return living.map_or_else(|| requester.fetch_with_code(), Ok);
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
        self.account.refuse(rejected, false, self.client.clock.moment());
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
        let renewed = self.account.refuse(token, true, self.client.clock.moment());
        self.tell_refusal(status, renewed);
        renewed
    }

    fn usable(&self) -> Option<Token> {
        let is_refused = self.account.cached().is_some_and(|cached| cached.renew);
        if is_refused { None } else { self.account.living(Duration::ZERO, self.client.clock.moment()) }
    }
}

impl std::fmt::Debug for TokenProvider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TokenProvider({})", self.describe())
    }
}
