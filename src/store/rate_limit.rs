//! The rate limit of an account, shared over the store.

use std::{sync::LazyLock, time::Duration};

use redis::Script;

use super::{connection::StoreConnection, encrypt::slow_name, url::Address};
use crate::shared_store::StorePermit;

/// How much closer two requests of different hosts may be on arrival than on departure.
const JITTER_MS: u64 = 100;

/// KEYS[1]: when the last ARGV[1] requests leave, by the store's clock, newest first.
///
/// ARGV: the limit per second, the length of a second in ms, the longest wait in ms. Returns {1 for a permit, its wait
/// in ms}.
static PERMIT: LazyLock<Script> = LazyLock::new(|| {
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

pub(super) fn key(address: &Address, origin: &str, account: &str) -> String {
    slow_name(address, "pace", &[origin, account])
}

/// Takes the next permit of a key. An error says why the store cannot be used.
pub(super) fn permit(
    connection: &StoreConnection,
    key: &str,
    limit: usize,
    max_wait: Duration,
) -> Result<StorePermit, String> {
    let mut call = PERMIT.key(key);
    let (taken, wait): (u8, u64) =
        connection.run_once(key, call.arg(limit).arg(1000 + JITTER_MS).arg(max_wait.as_millis() as u64))?;
    let wait = Duration::from_millis(wait);
    Ok(if taken == 1 { StorePermit::In(wait) } else { StorePermit::TooLate(wait) })
}
