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

use self::{connection::StoreConnection, guard_state::GuardStates, token::RedisToken, url::Address};
use crate::shared_store::{OpenStore, SharedStore, SharedToken, StorePermit};
use crate::{error::Result, guard};

/// Reads a store's URL, and returns the function that opens the store.
pub(crate) fn at(url: &str) -> Result<OpenStore> {
    let address = Address::parse(url)?;
    Ok(Arc::new(move |clock| {
        let connection = StoreConnection::new(address.clone(), clock)?;
        // So that the first call need not wait for a connection.
        connection.begin();
        Ok(Arc::new(RedisStore(Arc::new(connection))))
    }))
}

struct RedisStore(Arc<StoreConnection>);

impl SharedStore for RedisStore {
    fn place(&self) -> &str {
        &self.0.address.shown
    }

    fn problem(&self) -> Option<String> {
        self.0.servers().problem()
    }

    fn is_connecting(&self) -> bool {
        self.0.servers().first.is_connecting()
    }

    fn histories(&self) -> Arc<dyn guard::LoginMemory> {
        Arc::new(GuardStates::new(self.0.clone()))
    }

    fn token(&self, origin: &str, username: &str, secret: &[u8], account: &str) -> Box<dyn SharedToken> {
        Box::new(RedisToken::new(self.0.clone(), secret, &[origin, username, account]))
    }

    fn rate_limit_key(&self, origin: &str, account: &str) -> String {
        rate_limit::key(&self.0.address, origin, account)
    }

    fn rate_limit_permit(&self, key: &str, limit: usize, max_wait: Duration) -> Result<StorePermit, String> {
        rate_limit::permit(&self.0, key, limit, max_wait)
    }
}
