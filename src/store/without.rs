//! What [`Fleet`] is without the feature `redis`: nothing that there could be one of.

use std::time::Duration;

use zeroize::Zeroizing;

use crate::clock::Moment;
use crate::guard::table::Table;
use crate::jwt::Token;

#[derive(Clone)]
pub(crate) enum Fleet {}

/// Nobody has one.
pub(crate) struct SharedToken(());

#[derive(Debug, Clone, Copy)]
#[allow(dead_code)]
pub(crate) struct Standing {
    pub(crate) known: u64,
    pub(crate) least: Duration,
}

#[allow(dead_code)]
pub(crate) enum Turn {
    Found { fence: u64, jwt: Zeroizing<Vec<u8>>, lifetime: Duration, left: Duration, asked: Moment },
    Wait(Duration),
    Ask(Lease),
}

pub(crate) struct Lease {
    pub(crate) fence: u64,
}

#[allow(dead_code)]
pub(crate) enum PaceTurn {
    In(Duration),
    TooLate(Duration),
}

impl Fleet {
    pub(crate) fn place(&self) -> &str {
        match *self {}
    }

    pub(crate) fn problem(&self) -> Option<String> {
        match *self {}
    }

    pub(crate) fn is_connecting(&self) -> bool {
        match *self {}
    }

    pub(crate) fn ledgers(&self) -> Table {
        match *self {}
    }

    pub(crate) fn token(&self, _: &str, _: &str, _: &[u8], _: &str) -> SharedToken {
        SharedToken(())
    }

    pub(crate) fn pace_name(&self, _: &str, _: &str) -> String {
        match *self {}
    }

    pub(crate) fn turn(&self, _: &str, _: usize, _: Duration) -> Result<PaceTurn, String> {
        match *self {}
    }
}

impl SharedToken {
    pub(crate) fn name(&self) -> &str {
        unreachable!("there is no fleet")
    }

    pub(crate) fn take(&self, _: Standing) -> Result<Turn, String> {
        unreachable!("there is no fleet")
    }

    pub(crate) fn put(&self, _: &Lease, _: &Token) {
        unreachable!("there is no fleet")
    }

    pub(crate) fn renew(&self) {
        unreachable!("there is no fleet")
    }

    pub(crate) fn give_back(&self) {
        unreachable!("there is no fleet")
    }
}
