//! What machines share over a store: the guard's histories, tokens, and the rate limit. `store.rs` implements it.

#![cfg_attr(not(feature = "redis"), allow(dead_code, reason = "no store is implemented"))]

use std::{sync::Arc, time::Duration};

use zeroize::Zeroizing;

use crate::clock::{Clock, Moment};
use crate::{error::Result, guard, jwt::Token};

pub(crate) type OpenStore = Arc<dyn Fn(Arc<dyn Clock>) -> Result<Arc<dyn SharedStore>> + Send + Sync>;

/// One client's access to a store. While the store is unusable every method fails at once, and the caller goes on
/// alone.
pub(crate) trait SharedStore: Send + Sync {
    /// The store's URL, without its password.
    fn place(&self) -> &str;

    /// Why the store cannot be used at the moment.
    fn problem(&self) -> Option<String>;

    /// Whether a connection is being made, so that [`problem`](Self::problem) may change soon.
    fn is_connecting(&self) -> bool;

    fn histories(&self) -> Arc<dyn guard::LoginMemory>;

    /// The token of one account of a user at an origin.
    fn token(&self, origin: &str, username: &str, secret: &[u8], account: &str) -> Box<dyn SharedToken>;

    /// The key of an account's rate limit at an origin. Slow: keep it.
    fn rate_limit_key(&self, origin: &str, account: &str) -> String;

    /// Takes the next of `limit` permits a second. An error says why the store cannot be used.
    fn rate_limit_permit(&self, key: &str, limit: usize, max_wait: Duration) -> Result<StorePermit, String>;
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StorePermit {
    In(Duration),
    /// After the longest permitted wait.
    TooLate(Duration),
}

/// One account's token in the store: one process at a time requests the next.
pub(crate) trait SharedToken {
    /// Its key in the store, from which nothing can be read.
    fn name(&self) -> &str;

    /// Returns a token, or who requests one. An error says why the store cannot be used.
    fn take(&self, need: TokenNeed) -> Result<SharedTokenState, String>;

    /// Stores a new token, unless the lease is over and another was given since.
    fn put(&self, lease: &Lease, token: &Token);

    /// Extends the lease of a caller that waits before its token request.
    fn renew(&self);

    fn give_back(&self);
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct TokenNeed {
    /// The fence of the caller's own token, which is not good enough.
    pub(crate) known: u64,
    /// The shortest remaining lifetime.
    pub(crate) least: Duration,
}

pub(crate) enum SharedTokenState {
    /// A token with its fence, its whole lifetime, and the remaining one, counted from `asked`.
    Found { fence: u64, jwt: Zeroizing<Vec<u8>>, lifetime: Duration, left: Duration, asked: Moment },
    /// Another process requests one; its lease ends after this.
    Wait(Duration),
    /// The caller requests one, and then calls [`SharedToken::put`] or [`SharedToken::give_back`].
    Ask(Lease),
}

/// The right to request a token.
pub(crate) struct Lease {
    /// A number that grows from lease to lease.
    pub(crate) fence: u64,
    /// When it was given, in milliseconds of the store's clock.
    pub(crate) began: u64,
    /// When its holder learned of it.
    pub(crate) known: Moment,
}
