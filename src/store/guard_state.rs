//! The guard's histories, kept in the store: one entry for each user.
//!
//! An entry is read, changed here, and replaced if it is still the one that was read; otherwise that is done again. So the rules stand
//! in one place, `guard/history.rs`, and each step is atomic in the store. Its times are the store's.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use redis::Script;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::connection::StoreConnection;
use super::encrypt::slow_name;
use crate::clock::Clock;
use crate::fork::PerProcess;
use crate::guard::credential::{Millis, Owner, Tag};
use crate::guard::history::LoginHistory;
use crate::guard::secret_tag::{self, Tags};
use crate::guard::{LoginMemory, User};
use crate::sync::{Mutex, Signal, lock};

const VERSION: u64 = 1;
/// A user of whom nothing is held is forgotten after a day; one of whom something is, after a month.
const IDLE: Duration = Duration::from_secs(24 * 3600);
const LONG: Duration = Duration::from_secs(30 * 24 * 3600);
/// How often it is tried to be first. The one who is first has made progress, so somebody always does.
const MOST_TRIES: u32 = 200;

/// The store's time in milliseconds; the entry's number, 0 if there is none; the entry.
pub(crate) const READ: &str = "\
    local t = redis.call('TIME')
    local e = redis.call('HMGET', KEYS[1], 'n', 'e')
    return {t[1] * 1000 + math.floor(t[2] / 1000), tonumber(e[1]) or 0, e[2]}";

/// Whether the entry of number ARGV[1] was replaced by ARGV[2], which is kept for ARGV[3] milliseconds.
pub(crate) const REPLACE: &str = "\
    if (tonumber(redis.call('HGET', KEYS[1], 'n')) or 0) ~= tonumber(ARGV[1]) then return 0 end
    redis.call('HSET', KEYS[1], 'n', ARGV[1] + 1, 'e', ARGV[2])
    redis.call('PEXPIRE', KEYS[1], ARGV[3])
    return 1";

static READING: LazyLock<Script> = LazyLock::new(|| Script::new(READ));
static REPLACING: LazyLock<Script> = LazyLock::new(|| Script::new(REPLACE));

pub(crate) struct GuardStates {
    link: Arc<StoreConnection>,
    here: PerProcess<Here>,
}

/// What one process knows.
#[derive(Default)]
struct Here {
    tags: Tags,
    changed: Signal,
    /// The number of the last entry that was seen of a user.
    seen: Mutex<HashMap<User, u64>>,
    /// Whose entry was lost, until a sign-in is accepted.
    in_doubt: Mutex<HashSet<User>>,
    names: Mutex<HashMap<User, String>>,
}

/// What is in an entry.
#[derive(Serialize, Deserialize)]
struct Entry {
    version: u64,
    salt: String,
    /// The store's time when it was written: it may be another machine's after a failover.
    written: Millis,
    #[serde(rename = "ledger")]
    history: LoginHistory,
}

impl GuardStates {
    pub(crate) fn new(link: Arc<StoreConnection>) -> Self {
        GuardStates { link, here: PerProcess::empty() }
    }

    fn here(&self) -> Arc<Here> {
        self.here.get(Here::default)
    }

    fn name(&self, user: &User) -> String {
        let here = self.here();
        if let Some(name) = lock(&here.names).get(user) {
            return name.clone();
        }
        let name = slow_name(self.link.address(), "guard", &[&user.origin, &user.name]);
        lock(&here.names).insert(user.clone(), name.clone());
        name
    }

    fn lost(&self, here: &Here, user: &User, now: Millis) -> Result<Entry, String> {
        lock(&here.in_doubt).insert(user.clone());
        Entry::new(LoginHistory::careful(now), now)
    }

    /// The store's time, the entry's number and the entry, made anew where there is none.
    fn read(&self, here: &Here, user: &User, name: &str) -> Result<(Millis, u64, Entry), String> {
        let (now, number, entry): (Millis, u64, Option<Vec<u8>>) = self.link.ask(&READING, name, &[])?;
        let last = lock(&here.seen).get(user).copied().unwrap_or(0);
        let entry = match entry.map(|entry| Entry::parse(&entry)) {
            Some(Ok(mut entry)) => {
                entry.bring_to(now);
                entry
            }
            Some(Err(UnusableEntry::Newer(version))) => {
                return Err(format!(
                    "what the store keeps of this user has format {version}, and this library knows {VERSION}: use the same \
                     version of it in all programs, or another prefix"
                ));
            }
            // What was held back is lost, and was perhaps close to a lock.
            Some(Err(UnusableEntry::Garbage)) => self.lost(here, user, now)?,
            None if last > 0 => self.lost(here, user, now)?,
            None => Entry::new(LoginHistory::default(), now)?,
        };
        if entry.history.rejections() + entry.history.unanswered() == 0 {
            lock(&here.in_doubt).remove(user);
        }
        Ok((now, number, entry))
    }
}

impl LoginMemory for GuardStates {
    fn with(
        &self,
        user: &User,
        clock: &dyn Clock,
        work: &mut dyn FnMut(&mut LoginHistory, Millis) -> bool,
    ) -> Result<(), String> {
        let (here, name) = (self.here(), self.name(user));
        for attempt in 0..MOST_TRIES {
            let (now, number, mut entry) = self.read(&here, user, &name)?;
            let buried = entry.history.expire_by_age(now);
            if !work(&mut entry.history, now) && !buried {
                return Ok(());
            }
            let idle = entry.history.is_idle(clock.wall().as_secs());
            let keep = if idle { IDLE } else { LONG };
            let (text, number_text, keep) = (entry.text(), number.to_string(), keep.as_millis().to_string());
            let replaced: u8 =
                self.link.tell(&REPLACING, &name, &[number_text.as_bytes(), text.as_bytes(), keep.as_bytes()])?;
            if replaced == 1 {
                lock(&here.seen).insert(user.clone(), number + 1);
                return Ok(());
            }
            if attempt > 2 {
                // Those who were first go first.
                clock.sleep(Duration::from_micros((clock.jitter() * 2000.0) as u64));
            }
        }
        Err("too many others change what the store keeps of this user".to_owned())
    }

    fn tag(&self, user: &User, _: &dyn Clock, secret: &[&[u8]]) -> Result<Tag, String> {
        let (here, name) = (self.here(), self.name(user));
        let (_, number, entry) = self.read(&here, user, &name)?;
        let salt = if number > 0 {
            entry.salt
        } else {
            // The salt must be the same for all who come now.
            let text = entry.text();
            let keep = IDLE.as_millis().to_string();
            let replaced: u8 = self.link.tell(&REPLACING, &name, &[b"0", text.as_bytes(), keep.as_bytes()])?;
            if replaced == 1 { entry.salt } else { self.read(&here, user, &name)?.2.salt }
        };
        Ok(here.tags.tag(user, &salt, secret))
    }

    fn owner(&self) -> Owner {
        Owner { process: std::process::id(), started: 0 }
    }

    fn changed(&self, _: &User) -> Signal {
        self.here().changed.clone()
    }

    fn look_again(&self) -> Option<Duration> {
        Some(Duration::from_millis(50))
    }

    fn is_in_doubt(&self, user: &User) -> bool {
        lock(&self.here().in_doubt).contains(user)
    }
}

/// An entry that anybody may have written.
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) fn fuzz(bytes: &[u8]) {
    let Ok(mut entry) = Entry::parse(bytes) else { return };
    let now = 1_800_000_000_000;
    entry.bring_to(now);
    entry.history.expire_by_age(now);
    entry.history.fuzz(now);
    assert!(Entry::parse(entry.text().as_bytes()).is_ok());
}

enum UnusableEntry {
    Garbage,
    Newer(u64),
}

impl Entry {
    fn new(history: LoginHistory, now: Millis) -> Result<Self, String> {
        Ok(Entry { version: VERSION, salt: secret_tag::new_salt()?, written: now, history })
    }

    fn parse(bytes: &[u8]) -> Result<Self, UnusableEntry> {
        let value: Value = serde_json::from_slice(bytes).map_err(|_| UnusableEntry::Garbage)?;
        match value.get("version").and_then(Value::as_u64) {
            Some(VERSION) => {}
            Some(version) => return Err(UnusableEntry::Newer(version)),
            None => return Err(UnusableEntry::Garbage),
        }
        serde_json::from_value(value).map_err(|_| UnusableEntry::Garbage)
    }

    fn text(&self) -> String {
        serde_json::to_string(self).expect("its keys are texts")
    }

    /// Where the store's clock was set back, its times are told by the new one.
    fn bring_to(&mut self, now: Millis) {
        if self.written > now {
            self.history.shift(now.wrapping_sub(self.written) as i64);
        }
        self.written = now;
    }
}
