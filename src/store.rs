//! A shared store in a Valkey or Redis server: logins, one-time codes, tokens and the rate limit of several machines.
//!
//! [`StoreConnection`] runs scripts there. While the server cannot be used every part fails at once, and its caller
//! goes on alone.

mod connect;
mod connection;
mod encrypt;
pub(crate) mod guard_state;
mod pool;
mod rate_limit;
pub(crate) mod token;
mod url;

use std::{sync::Arc, time::Duration};

use crate::shared_store::{OpenStore, SharedStore, SharedToken, StorePermit};
use crate::{clock::Clock, error::Result, guard};
use connection::StoreConnection;
use guard_state::GuardStates;
use token::RedisToken;
use url::Address;

/// Reads a store's URL, and returns the function that opens the store.
pub(crate) fn at(url: &str) -> Result<OpenStore> {
    let address = Address::parse(url)?;
    Ok(Arc::new(move |clock| Ok(Arc::new(RedisStore::open(address.clone(), clock)?))))
}

/// Reads untrusted bytes as a store's content and as its URL.
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) fn fuzz(bytes: &[u8]) {
    guard_state::fuzz(bytes);
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Err(error) = Address::parse(text)
    {
        assert!(!error.message().contains("marked-secret"));
    }
}

struct RedisStore {
    connection: Arc<StoreConnection>,
}

impl RedisStore {
    /// Starts to connect, so that the first call need not, and does not wait for it.
    fn open(address: Address, clock: Arc<dyn Clock>) -> Result<Self> {
        let connection = StoreConnection::new(address, clock)?;
        connection.begin();
        Ok(RedisStore { connection: Arc::new(connection) })
    }
}

impl SharedStore for RedisStore {
    fn place(&self) -> &str {
        self.connection.address().shown()
    }

    fn problem(&self) -> Option<String> {
        self.connection.problem()
    }

    fn is_connecting(&self) -> bool {
        self.connection.is_connecting()
    }

    fn histories(&self) -> Arc<dyn guard::LoginMemory> {
        Arc::new(GuardStates::new(self.connection.clone()))
    }

    fn token(&self, origin: &str, username: &str, secret: &[u8], account: &str) -> Box<dyn SharedToken> {
        Box::new(RedisToken::new(self.connection.clone(), secret, &[origin, username, account]))
    }

    fn rate_limit_key(&self, origin: &str, account: &str) -> String {
        rate_limit::key(self.connection.address(), origin, account)
    }

    fn rate_limit_permit(&self, key: &str, limit: usize, max_wait: Duration) -> Result<StorePermit, String> {
        rate_limit::permit(&self.connection, key, limit, max_wait)
    }
}
