//! The guard's login histories in the store: one entry for each user.
//!
//! An entry is read, changed here, and replaced if it is still the same; otherwise all that is repeated. So the rules
//! stand in one place, `guard/history.rs`, and each change is atomic in the store. Its times are the store's.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use redis::Script;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{connection::StoreConnection, encrypt::slow_name};
use crate::guard::credential::{Millis, Owner, Tag};
use crate::guard::secret_tag::{self, Tags};
use crate::guard::{LoginMemory, User};
use crate::sync::{Mutex, Signal, lock};
use crate::{clock::Clock, fork::PerProcess, guard::history::LoginHistory};

const VERSION: u64 = 1;
/// How long the store keeps an entry of which nothing is held.
const IDLE: Duration = Duration::from_secs(24 * 3600);
/// How long the store keeps any other entry.
const LONG: Duration = Duration::from_secs(30 * 24 * 3600);
/// Attempts to replace an entry before another process does. One process always succeeds, so all make progress.
const MOST_ATTEMPTS: u32 = 200;

/// Returns the store's time in milliseconds; the entry's number, 0 if there is none; the entry.
pub(crate) const READ: &str = "\
    local t = redis.call('TIME')
    local e = redis.call('HMGET', KEYS[1], 'n', 'e')
    return {t[1] * 1000 + math.floor(t[2] / 1000), tonumber(e[1]) or 0, e[2]}";

/// Replaces the entry of number ARGV[1] by ARGV[2], for ARGV[3] milliseconds. Returns 1 if it did.
pub(crate) const REPLACE: &str = "\
    if (tonumber(redis.call('HGET', KEYS[1], 'n')) or 0) ~= tonumber(ARGV[1]) then return 0 end
    redis.call('HSET', KEYS[1], 'n', ARGV[1] + 1, 'e', ARGV[2])
    redis.call('PEXPIRE', KEYS[1], ARGV[3])
    return 1";

static READING: LazyLock<Script> = LazyLock::new(|| Script::new(READ));
static REPLACING: LazyLock<Script> = LazyLock::new(|| Script::new(REPLACE));

pub(super) struct GuardStates {
    connection: Arc<StoreConnection>,
    local: PerProcess<LocalState>,
}

/// What one process knows of the entries.
#[derive(Default)]
struct LocalState {
    tags: Tags,
    changed: Signal,
    /// The number of each user's last known entry.
    seen: Mutex<HashMap<User, u64>>,
    /// The users whose entry was lost, until a login is accepted.
    in_doubt: Mutex<HashSet<User>>,
    names: Mutex<HashMap<User, String>>,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Entry {
    version: u64,
    salt: String,
    /// The store's time of the last write: after a failover it is another machine's.
    written: Millis,
    #[serde(rename = "ledger")]
    pub(crate) history: LoginHistory,
}

impl GuardStates {
    pub(super) fn new(connection: Arc<StoreConnection>) -> Self {
        GuardStates { connection, local: PerProcess::empty() }
    }

    fn local(&self) -> Arc<LocalState> {
        self.local.get(LocalState::default)
    }

    fn name(&self, user: &User) -> String {
        let local = self.local();
        if let Some(name) = lock(&local.names).get(user) {
            return name.clone();
        }
        let name = slow_name(&self.connection.address, "guard", &[&user.origin, &user.name]);
        lock(&local.names).insert(user.clone(), name.clone());
        name
    }

    fn lost(&self, local: &LocalState, user: &User, now: Millis) -> Result<Entry, String> {
        lock(&local.in_doubt).insert(user.clone());
        Entry::new(LoginHistory::careful(now), now)
    }

    /// Returns the store's time, the entry's number and the entry, a new one where there is none.
    fn read(&self, local: &LocalState, user: &User, name: &str) -> Result<(Millis, u64, Entry), String> {
        let (now, number, entry): (Millis, u64, Option<Vec<u8>>) = self.connection.run(name, &READING.key(name))?;
        let last = lock(&local.seen).get(user).copied().unwrap_or(0);
        let entry = match entry.map(|entry| Entry::parse(&entry)) {
            Some(Ok(mut entry)) => {
                entry.bring_to(now);
                entry
            }
            Some(Err(UnusableEntry::Newer(version))) => {
                return Err(format!(
                    "the store's entry of this user has format {version}, and this library reads {VERSION}: use one \
                     version of it in all programs, or another prefix"
                ));
            }
            // The rejections it counted are lost, perhaps one before the lock.
            Some(Err(UnusableEntry::Garbage)) => self.lost(local, user, now)?,
            None if last > 0 => self.lost(local, user, now)?,
            None => Entry::new(LoginHistory::default(), now)?,
        };
        if entry.history.rejections + entry.history.unanswered == 0 {
            lock(&local.in_doubt).remove(user);
        }
        Ok((now, number, entry))
    }

    /// Replaces the entry of this number, unless another process did.
    fn replace(&self, name: &str, number: u64, entry: &Entry, keep: Duration) -> Result<bool, String> {
        let mut call = REPLACING.key(name);
        self.connection.run_once(name, call.arg(number).arg(entry.text()).arg(keep.as_millis() as u64))
    }
}

impl LoginMemory for GuardStates {
    fn with(
        &self,
        user: &User,
        clock: &dyn Clock,
        work: &mut dyn FnMut(&mut LoginHistory, Millis) -> bool,
    ) -> Result<(), String> {
        let (local, name) = (self.local(), self.name(user));
        for attempt in 0..MOST_ATTEMPTS {
            let (now, number, mut entry) = self.read(&local, user, &name)?;
            let buried = entry.history.expire_by_age(now);
            if !work(&mut entry.history, now) && !buried {
                return Ok(());
            }
            let idle = entry.history.is_idle(clock.wall().as_secs());
            if self.replace(&name, number, &entry, if idle { IDLE } else { LONG })? {
                lock(&local.seen).insert(user.clone(), number + 1);
                return Ok(());
            }
            if attempt > 2 {
                // Backoff: other processes change the entry too.
                clock.sleep(Duration::from_micros((clock.jitter() * 2000.0) as u64));
            }
        }
        Err("too many processes change the store's entry of this user".to_owned())
    }

    fn tag(&self, user: &User, _: &dyn Clock, secret: &[&[u8]]) -> Result<Tag, String> {
        let (local, name) = (self.local(), self.name(user));
        let (_, number, entry) = self.read(&local, user, &name)?;
        let salt = if number > 0 {
            entry.salt
        } else {
            // All processes must use one salt.
            if self.replace(&name, 0, &entry, IDLE)? { entry.salt } else { self.read(&local, user, &name)?.2.salt }
        };
        Ok(local.tags.tag(user, &salt, secret))
    }

    fn owner(&self) -> Owner {
        Owner { process: std::process::id(), started: 0 }
    }

    fn changed(&self, _: &User) -> Signal {
        self.local().changed.clone()
    }

    fn look_again(&self) -> Option<Duration> {
        Some(Duration::from_millis(50))
    }

    fn is_in_doubt(&self, user: &User) -> bool {
        lock(&self.local().in_doubt).contains(user)
    }
}

pub(crate) enum UnusableEntry {
    Garbage,
    Newer(u64),
}

impl Entry {
    fn new(history: LoginHistory, now: Millis) -> Result<Self, String> {
        Ok(Entry { version: VERSION, salt: secret_tag::new_salt()?, written: now, history })
    }

    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, UnusableEntry> {
        let value: Value = serde_json::from_slice(bytes).map_err(|_| UnusableEntry::Garbage)?;
        match value.get("version").and_then(Value::as_u64) {
            Some(VERSION) => {}
            Some(version) => return Err(UnusableEntry::Newer(version)),
            None => return Err(UnusableEntry::Garbage),
        }
        serde_json::from_value(value).map_err(|_| UnusableEntry::Garbage)
    }

    pub(crate) fn text(&self) -> String {
        serde_json::to_string(self).expect("its keys are texts")
    }

    /// Moves the entry's times to the store's clock, if that was set back.
    pub(crate) fn bring_to(&mut self, now: Millis) {
        if self.written > now {
            self.history.shift(now.wrapping_sub(self.written) as i64);
        }
        self.written = now;
    }
}
