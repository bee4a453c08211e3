//! What a fleet of machines shares over a Valkey or Redis server that it runs already: sign-ins, one-time codes, tokens, and the pace.
//!
//! [`Link`] is the way there. When the server cannot be used, every part says so at once, and its caller goes on alone.

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
use connection::Link;
pub(crate) use guard_state::Ledgers;
pub(crate) use rate_limit::Turn as PaceTurn;
pub(crate) use token::{SharedToken, Standing, Turn};
use url::Address;

/// One client's way to what its fleet shares.
#[derive(Clone)]
pub(crate) struct Fleet {
    link: Arc<Link>,
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

impl Fleet {
    /// Begins to connect, so that the first call need not wait for it, and does not wait for it either.
    pub(crate) fn new(address: Address, clock: Arc<dyn Clock>) -> Result<Self> {
        let link = Link::new(address, clock)?;
        link.begin();
        Ok(Fleet { link: Arc::new(link) })
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

    /// Where the guard's ledgers are.
    pub(crate) fn ledgers(&self) -> Ledgers {
        Ledgers::new(self.link.clone())
    }
}
