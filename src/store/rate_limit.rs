//! The pace of an account's requests, for the whole store.

use std::sync::LazyLock;
use std::time::Duration;

use redis::Script;

use super::SharedStore;
use super::encrypt::slow_name;

/// As much as two requests may be nearer to each other on arrival than they were when they left, on hosts of a store.
const JITTER_MS: u64 = 100;

/// KEYS[1]: when the last ARGV[1] requests leave, by the store's time, newest first. ARGV: how many a second, how many ms a second is
/// taken for, and how many ms the caller can wait. Answers {whether there is a turn, in how many ms}.
static TURN: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local t = redis.call('TIME')
         local now = t[1] * 1000 + math.floor(t[2] / 1000)
         local most, second = tonumber(ARGV[1]), tonumber(ARGV[2])
         local newest = tonumber(redis.call('LINDEX', KEYS[1], 0)) or 0
         local tenth = tonumber(redis.call('LINDEX', KEYS[1], most - 1)) or 0
         if newest > now + 86400000 then redis.call('DEL', KEYS[1]) newest, tenth = 0, 0 end
         local turn = math.max(now, newest, tenth + second)
         if turn - now > tonumber(ARGV[3]) then return {0, turn - now} end
         redis.call('LPUSH', KEYS[1], turn)
         redis.call('LTRIM', KEYS[1], 0, most - 1)
         redis.call('PEXPIRE', KEYS[1], turn - now + 2 * second)
         return {1, turn - now}",
    )
});

/// When a request may leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StorePermit {
    In(Duration),
    /// Not in the time there is; after so long.
    TooLate(Duration),
}

impl SharedStore {
    /// The name of an account's pace at an origin.
    pub(crate) fn rate_limit_key(&self, origin: &str, account: &str) -> String {
        slow_name(self.link.address(), "pace", &[origin, account])
    }

    /// Takes the next turn of that name. An error says why the store cannot be used.
    pub(crate) fn turn(&self, name: &str, most: usize, max_wait: Duration) -> Result<StorePermit, String> {
        let (most, second) = (most.to_string(), (1000 + JITTER_MS).to_string());
        let max_wait = max_wait.as_millis().to_string();
        let arguments = [most.as_bytes(), second.as_bytes(), max_wait.as_bytes()];
        let (taken, wait): (u8, u64) = self.link.tell(&TURN, name, &arguments)?;
        let wait = Duration::from_millis(wait);
        Ok(if taken == 1 { StorePermit::In(wait) } else { StorePermit::TooLate(wait) })
    }
}
