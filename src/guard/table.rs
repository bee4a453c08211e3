//! The histories of one process: all its clients share them, and they end with it.

use std::{
    collections::HashMap, collections::hash_map::RandomState, hash::BuildHasher as _, sync::Arc, time::Duration,
};

use super::credential::{Millis, Owner, Tag};
use super::history::LoginHistory;
use super::memory::{LoginMemory, User};
use crate::sync::{Mutex, Signal, lock};
use crate::{clock::Clock, fork::PerProcess};

/// With more users than this, the table forgets the idle ones.
const MANY: usize = 4096;

/// Global, because two clients of one user must not lock it together.
static OF_THIS_PROCESS: PerProcess<Table> = PerProcess::empty();

/// Histories by user. Users and secrets are stored as keyed hashes only.
pub(crate) struct Table {
    key: RandomState,
    process: u32,
    entries: Mutex<HashMap<u64, TableEntry>>,
}

#[derive(Default)]
struct TableEntry {
    history: LoginHistory,
    changed: Signal,
}

/// The table of the calling process. A child of `fork` has its own: in its copy a lock may be held by no thread.
pub(crate) fn of_this_process() -> Arc<Table> {
    OF_THIS_PROCESS.get(Table::new)
}

impl Table {
    pub(crate) fn new() -> Self {
        Table { key: RandomState::new(), process: std::process::id(), entries: Mutex::default() }
    }
}

impl LoginMemory for Table {
    fn with(
        &self,
        user: &User,
        clock: &dyn Clock,
        work: &mut dyn FnMut(&mut LoginHistory, Millis) -> bool,
    ) -> Result<(), String> {
        let now = clock.boottime().as_millis() as Millis;
        let mut entries = lock(&self.entries);
        if entries.len() >= MANY {
            // A thread that has the signal may be about to ask for a permit, or to wait for one.
            entries.retain(|_, entry| entry.changed.is_shared() || !entry.history.is_idle(clock.wall().as_secs()));
        }
        let history = &mut entries.entry(self.key.hash_one(user)).or_default().history;
        history.expire(|_| false, now);
        work(history, now);
        Ok(())
    }

    fn tag(&self, _: &User, _: &dyn Clock, secret: &[&[u8]]) -> Result<Tag, String> {
        Ok(self.key.hash_one(secret))
    }

    fn owner(&self) -> Owner {
        Owner { process: self.process, started: 0 }
    }

    fn changed(&self, user: &User) -> Signal {
        lock(&self.entries).entry(self.key.hash_one(user)).or_default().changed.clone()
    }

    fn look_again(&self) -> Option<Duration> {
        None
    }
}
