//! What [`SharedStore`] is without the feature `redis`: nothing that there could be one of.

use std::time::Duration;

use zeroize::Zeroizing;

use crate::clock::Moment;
use crate::guard::table::Table;
use crate::jwt::Token;

#[derive(Clone)]
pub(crate) enum SharedStore {}

/// Nobody has one.
pub(crate) struct SharedToken(());

#[derive(Debug, Clone, Copy)]
#[allow(dead_code)]
pub(crate) struct TokenNeed {
    pub(crate) known: u64,
    pub(crate) least: Duration,
}

#[allow(dead_code)]
pub(crate) enum SharedTokenState {
    Found { fence: u64, jwt: Zeroizing<Vec<u8>>, lifetime: Duration, left: Duration, asked: Moment },
    Wait(Duration),
    Ask(Lease),
}

pub(crate) struct Lease {
    pub(crate) fence: u64,
}

#[allow(dead_code)]
pub(crate) enum StorePermit {
    In(Duration),
    TooLate(Duration),
}

impl SharedStore {
    pub(crate) fn place(&self) -> &str {
        match *self {}
    }

    pub(crate) fn problem(&self) -> Option<String> {
        match *self {}
    }

    pub(crate) fn is_connecting(&self) -> bool {
        match *self {}
    }

    pub(crate) fn histories(&self) -> Table {
        match *self {}
    }

    pub(crate) fn token(&self, _: &str, _: &str, _: &[u8], _: &str) -> SharedToken {
        SharedToken(())
    }

    pub(crate) fn rate_limit_key(&self, _: &str, _: &str) -> String {
        match *self {}
    }

    pub(crate) fn turn(&self, _: &str, _: usize, _: Duration) -> Result<StorePermit, String> {
        match *self {}
    }
}

impl SharedToken {
    pub(crate) fn name(&self) -> &str {
        unreachable!("there is no shared store")
    }

    pub(crate) fn take(&self, _: TokenNeed) -> Result<SharedTokenState, String> {
        unreachable!("there is no shared store")
    }

    pub(crate) fn put(&self, _: &Lease, _: &Token) {
        unreachable!("there is no shared store")
    }

    pub(crate) fn renew(&self) {
        unreachable!("there is no shared store")
    }

    pub(crate) fn give_back(&self) {
        unreachable!("there is no shared store")
    }
}
