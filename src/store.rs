//! What a store of machines shares over a Valkey or Redis server that it runs already: sign-ins, one-time codes, tokens, and the pace.
//!
//! [`StoreConnection`] is the way there. When the server cannot be used, every part says so at once, and its caller goes on alone.

mod connect;
mod connection;
mod encrypt;
pub(crate) mod guard_state;
mod rate_limit;
pub(crate) mod token;
pub(crate) mod url;

use std::sync::Arc;

use crate::clock::Clock;
use crate::error::Result;
use connection::StoreConnection;
pub(crate) use guard_state::GuardStates;
pub(crate) use rate_limit::StorePermit;
pub(crate) use token::{SharedToken, SharedTokenState, TokenNeed};
use url::Address;

/// One client's way to what its store shares.
#[derive(Clone)]
pub(crate) struct SharedStore {
    link: Arc<StoreConnection>,
}

/// What is in a store, and its URL: anybody may have written them.
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) fn fuzz(bytes: &[u8]) {
    guard_state::fuzz(bytes);
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Err(error) = Address::parse(text)
    {
        assert!(!error.message().contains("marked-secret"));
    }
}

impl SharedStore {
    /// Begins to connect, so that the first call need not wait for it, and does not wait for it either.
    pub(crate) fn new(address: Address, clock: Arc<dyn Clock>) -> Result<Self> {
        let link = StoreConnection::new(address, clock)?;
        link.begin();
        Ok(SharedStore { link: Arc::new(link) })
    }

    /// Where it is, without its password.
    pub(crate) fn place(&self) -> &str {
        self.link.place()
    }

    /// Why it cannot be used at the moment, if that is so.
    pub(crate) fn problem(&self) -> Option<String> {
        self.link.problem()
    }

    /// Whether a connection is being made: then nothing is known yet, or it will be known better soon.
    pub(crate) fn is_connecting(&self) -> bool {
        self.link.is_connecting()
    }

    /// Where the guard's histories are.
    pub(crate) fn histories(&self) -> GuardStates {
        GuardStates::new(self.link.clone())
    }
}
