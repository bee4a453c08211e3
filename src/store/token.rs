//! The shared token of one account: one process requests the next one, and the others find it in the store.
//!
//! The process that requests it has a lease with a growing number, the fence. The store keeps no token of a lease after
//! which another was given, however late it arrives. Times are the store's. No fence is below the time of its lease, so
//! fences grow even if the store loses its data. `tests/model/lease.rs` proves what follows from this.

use std::sync::{Arc, LazyLock};
use std::{collections::HashMap, time::Duration};

use redis::{Script, ScriptInvocation, Value, from_redis_value_ref};
use zeroize::Zeroizing;

use super::{connection::StoreConnection, encrypt::TokenCipher};
use crate::shared_store::{Lease, SharedToken, SharedTokenState, TokenNeed};
use crate::sync::{Mutex, lock};
use crate::{fork::PerProcess, jwt::Token};

/// A little longer than a token request may take. The lease of a process that is gone just ends.
const LEASE: Duration = Duration::from_secs(17);
/// A wait where a token was found that is of no use.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// KEYS[1]: the token. ARGV: the caller's id, the lease in ms, the fence of the caller's token, the shortest remaining
/// lifetime in ms.
///
/// Returns {0, the rest of another's lease}, {1, the token's fence, its remaining lifetime, the token}, or {2, the new
/// fence, the time}.
pub(crate) const TAKE: &str = "\
    local t = redis.call('TIME')
    local now = t[1] * 1000 + math.floor(t[2] / 1000)
    local h = redis.call('HMGET', KEYS[1], 'fence', 'ends', 'sealed', 'lease', 'until', 'last')
    local fence = tonumber(h[1]) or 0
    local left = (tonumber(h[2]) or 0) - now
    if h[3] and fence > tonumber(ARGV[3]) and left > tonumber(ARGV[4]) then return {1, fence, left, h[3]} end
    local rest = (tonumber(h[5]) or 0) - now
    if h[4] and h[4] ~= ARGV[1] and rest > 0 and rest <= tonumber(ARGV[2]) then return {0, rest} end
    local last = math.max(tonumber(h[6]) or 0, fence, now) + 1
    redis.call('HSET', KEYS[1], 'lease', ARGV[1], 'until', now + ARGV[2], 'last', last)
    redis.call('PEXPIRE', KEYS[1], 86400000 + ARGV[2])
    return {2, last, now}";

/// ARGV: the lease's fence, the token, when it expires by the store's clock. Returns 1 if it was kept.
///
/// It is not if another lease was given since, or this one is lost.
pub(crate) const PUT: &str = "\
    if (tonumber(redis.call('HGET', KEYS[1], 'last')) or 0) ~= tonumber(ARGV[1]) then return 0 end
    redis.call('HSET', KEYS[1], 'fence', ARGV[1], 'sealed', ARGV[2], 'ends', ARGV[3])
    redis.call('HDEL', KEYS[1], 'lease', 'until')
    redis.call('PEXPIRE', KEYS[1], 86400000)
    return 1";

/// ARGV: the caller's id, the new length of its lease in ms, from now.
pub(crate) const RENEW: &str = "\
    if redis.call('HGET', KEYS[1], 'lease') ~= ARGV[1] then return 0 end
    local t = redis.call('TIME')
    redis.call('HSET', KEYS[1], 'until', t[1] * 1000 + math.floor(t[2] / 1000) + ARGV[2])
    return 1";

/// ARGV: the caller's id. Ends its lease.
pub(crate) const GIVE_BACK: &str = "\
    if redis.call('HGET', KEYS[1], 'lease') == ARGV[1] then redis.call('HDEL', KEYS[1], 'lease', 'until') end
    return 1";

static TAKING: LazyLock<Script> = LazyLock::new(|| Script::new(TAKE));
static PUTTING: LazyLock<Script> = LazyLock::new(|| Script::new(PUT));
static RENEWING: LazyLock<Script> = LazyLock::new(|| Script::new(RENEW));
static GIVING_BACK: LazyLock<Script> = LazyLock::new(|| Script::new(GIVE_BACK));

/// The ciphers of this process, by a hash of what they were made from: to make one is slow, and no secret stays here.
static CIPHERS: PerProcess<Mutex<HashMap<[u8; 32], Arc<TokenCipher>>>> = PerProcess::empty();
const MOST_CIPHERS: usize = 256;

pub(super) struct RedisToken {
    connection: Arc<StoreConnection>,
    cipher: Arc<TokenCipher>,
    /// The caller's id in the lease.
    id: String,
}

impl RedisToken {
    /// Of a secret, for the origin, user and account in `of`.
    pub(super) fn new(connection: Arc<StoreConnection>, secret: &[u8], of: &[&str]) -> Self {
        let address = &connection.address;
        let whole = Zeroizing::new([secret, &[0], of.join("\0").as_bytes(), &[0], address.prefix.as_bytes()].concat());
        let hash = ring::digest::digest(&ring::digest::SHA256, &whole);
        let hash: [u8; 32] = hash.as_ref().try_into().expect("32 bytes");
        let ciphers = CIPHERS.get(Mutex::default);
        let known = lock(&ciphers).get(&hash).cloned();
        let cipher = known.unwrap_or_else(|| {
            let made = Arc::new(TokenCipher::new(address, secret, of));
            let mut all = lock(&ciphers);
            if all.len() >= MOST_CIPHERS {
                all.clear();
            }
            all.entry(hash).or_insert(made).clone()
        });
        let random = (connection.clock.jitter() * u64::MAX as f64) as u64;
        let id = format!("{:016x}", random ^ u64::from(std::process::id()));
        RedisToken { connection, cipher, id }
    }

    /// Runs [`TAKE`]. The inner error is the fence of a token that cannot be decrypted.
    fn take_once(&self, need: TokenNeed) -> Result<Result<SharedTokenState, u64>, String> {
        // Before the script runs, so that the token's lifetime is never overestimated.
        let asked = self.connection.clock.moment();
        let mut call = TAKING.key(&self.cipher.name);
        call.arg(&self.id).arg(LEASE.as_millis() as u64).arg(need.known).arg(need.least.as_millis() as u64);
        let answer: Vec<Value> = self.connection.run(&self.cipher.name, &call)?;
        let number = |index: usize| {
            let value = answer.get(index).and_then(|value| from_redis_value_ref::<i64>(value).ok());
            value.map(|value| value.max(0) as u64)
        };
        match (number(0), number(1), number(2), answer.get(3)) {
            (Some(0), Some(rest), ..) => Ok(Ok(SharedTokenState::Wait(Duration::from_millis(rest)))),
            (Some(1), Some(fence), Some(left), Some(Value::BulkString(encrypted))) => {
                Ok(self.decrypt(encrypted).ok_or(fence).map(|(lifetime, jwt)| {
                    let left = Duration::from_millis(left).min(lifetime);
                    SharedTokenState::Found { fence, jwt, lifetime, left, asked }
                }))
            }
            (Some(2), Some(fence), Some(began), _) => {
                let known = self.connection.clock.moment();
                Ok(Ok(SharedTokenState::Ask(Lease { fence, began, known })))
            }
            _ => Err("the store's answer to a script of this library is malformed".to_owned()),
        }
    }

    /// Runs a script whose result does not matter.
    fn run(&self, call: &ScriptInvocation<'_>) {
        let _ = self.connection.run::<u8>(&self.cipher.name, call);
    }

    fn decrypt(&self, encrypted: &[u8]) -> Option<(Duration, Zeroizing<Vec<u8>>)> {
        let plain = self.cipher.decrypt(encrypted)?;
        let (lifetime, jwt) = plain.split_first_chunk::<8>()?;
        Some((Duration::from_millis(u64::from_be_bytes(*lifetime)), Zeroizing::new(jwt.to_vec())))
    }
}

impl SharedToken for RedisToken {
    fn name(&self) -> &str {
        &self.cipher.name
    }

    fn take(&self, need: TokenNeed) -> Result<SharedTokenState, String> {
        match self.take_once(need)? {
            Ok(state) => Ok(state),
            // Another program's data: ask for a token after it.
            Err(known) => {
                Ok(self.take_once(TokenNeed { known, ..need })?.unwrap_or(SharedTokenState::Wait(LOOK_AGAIN)))
            }
        }
    }

    fn put(&self, lease: &Lease, token: &Token) {
        let lifetime = token.lifetime().as_millis() as u64;
        let plain = Zeroizing::new([&lifetime.to_be_bytes(), token.jwt().as_bytes()].concat());
        let Some(encrypted) = self.cipher.encrypt(&plain) else { return };
        // A point of the store's clock: a remaining lifetime would be too long if this arrives late.
        let now = self.connection.clock.moment();
        let since = now.steady.saturating_sub(lease.known.steady);
        let ends = lease.began + (since + token.remaining(now)).as_millis() as u64;
        self.run(PUTTING.key(&self.cipher.name).arg(lease.fence).arg(encrypted).arg(ends));
    }

    /// A lost lease shows when the token is [`put`](Self::put).
    fn renew(&self) {
        self.run(RENEWING.key(&self.cipher.name).arg(&self.id).arg(LEASE.as_millis() as u64));
    }

    fn give_back(&self) {
        self.run(GIVING_BACK.key(&self.cipher.name).arg(&self.id));
    }
}
