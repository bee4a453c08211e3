//! One JWT for a store: who asks the server for the next one, and where the others find it.
//!
//! Who is to ask has a lease, with a number that grows: the fence. What somebody brings whose lease was over, and was another's since, is
//! not kept, however late it comes. Times are the store's, and no fence is below the time when it was given: so it grows even if the store
//! forgets. `model/lease.rs` says what that is good for.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use redis::Script;
use zeroize::Zeroizing;

use super::SharedStore;
use super::encrypt::Seal;
use crate::clock::Moment;
use crate::fork::PerProcess;
use crate::jwt::Token;
use crate::sync::{Mutex, lock};

/// A little longer than an exchange may take. Of a process that is gone the lease ends by itself.
const LEASE: Duration = Duration::from_secs(17);

/// KEYS[1]: the token. ARGV: who asks, the lease in ms, the fence of the token that will not do, what must be left of another in ms.
/// Answers {0, the rest of another's lease}, {1, the token's fence, what is left of it, it}, or {2, the new fence, the store's time}.
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

/// ARGV: the lease's fence, the token, when it dies by the store's clock. Whether it was kept: only if no other lease was given since, and
/// this one is not forgotten.
pub(crate) const PUT: &str = "\
    if (tonumber(redis.call('HGET', KEYS[1], 'last')) or 0) ~= tonumber(ARGV[1]) then return 0 end
    redis.call('HSET', KEYS[1], 'fence', ARGV[1], 'sealed', ARGV[2], 'ends', ARGV[3])
    redis.call('HDEL', KEYS[1], 'lease', 'until')
    redis.call('PEXPIRE', KEYS[1], 86400000)
    return 1";

/// ARGV: whose lease, and how long it is from now on, in ms.
pub(crate) const RENEW: &str = "\
    if redis.call('HGET', KEYS[1], 'lease') ~= ARGV[1] then return 0 end
    local t = redis.call('TIME')
    redis.call('HSET', KEYS[1], 'until', t[1] * 1000 + math.floor(t[2] / 1000) + ARGV[2])
    return 1";

/// ARGV: whose lease. It is over.
pub(crate) const GIVE_BACK: &str = "\
    if redis.call('HGET', KEYS[1], 'lease') == ARGV[1] then redis.call('HDEL', KEYS[1], 'lease', 'until') end
    return 1";

static TAKING: LazyLock<Script> = LazyLock::new(|| Script::new(TAKE));
static PUTTING: LazyLock<Script> = LazyLock::new(|| Script::new(PUT));
static RENEWING: LazyLock<Script> = LazyLock::new(|| Script::new(RENEW));
static GIVING_BACK: LazyLock<Script> = LazyLock::new(|| Script::new(GIVE_BACK));

/// What opens the tokens that this process uses. To make one is slow.
#[derive(Default)]
struct Seals(Mutex<HashMap<[u8; 32], Arc<Seal>>>);

static SEALS: PerProcess<Seals> = PerProcess::empty();
const MOST_SEALS: usize = 256;

/// The place of one account's token in the store.
pub(crate) struct SharedToken {
    store: SharedStore,
    seal: Arc<Seal>,
    /// Who this is there.
    id: String,
}

/// What the caller has, and wants.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TokenNeed {
    /// The fence of the token that will not do.
    pub(crate) known: u64,
    /// What must be left of another.
    pub(crate) least: Duration,
}

/// What is to be done for a token.
pub(crate) enum SharedTokenState {
    /// Another has it already: its fence, the JWT, what it lives in all, and what is left of it, counted from the moment.
    Found { fence: u64, jwt: Zeroizing<Vec<u8>>, lifetime: Duration, left: Duration, asked: Moment },
    /// Another is asking, and has so long at most.
    Wait(Duration),
    /// Ask, and then [`SharedToken::put`] or [`SharedToken::give_back`].
    Ask(Lease),
}

/// Leave to ask.
pub(crate) struct Lease {
    pub(crate) fence: u64,
    /// When it was given, in milliseconds of the store's clock, and when that was known here.
    began: u64,
    known: Moment,
}

impl SharedStore {
    /// The place of the token for an account of a user at an origin.
    pub(crate) fn token(&self, origin: &str, username: &str, secret: &[u8], account: &str) -> SharedToken {
        let of = [origin, username, account];
        let address = self.link.address();
        // Known by a hash, so that no secret stays here.
        let whole = Zeroizing::new([secret, &[0], of.join("\0").as_bytes(), &[0], address.prefix.as_bytes()].concat());
        let mut key = [0; 32];
        key.copy_from_slice(ring::digest::digest(&ring::digest::SHA256, &whole).as_ref());
        let seals = SEALS.get(Seals::default);
        let known = lock(&seals.0).get(&key).cloned();
        let seal = known.unwrap_or_else(|| {
            let made = Arc::new(Seal::new(address, secret, &of));
            let mut all = lock(&seals.0);
            if all.len() >= MOST_SEALS {
                all.clear();
            }
            all.entry(key).or_insert(made).clone()
        });
        let id =
            format!("{:016x}", (self.link.clock().jitter() * u64::MAX as f64) as u64 ^ u64::from(std::process::id()));
        SharedToken { store: self.clone(), seal, id }
    }
}

impl SharedToken {
    /// Where it is, which says nothing to those who do not have the secret.
    pub(crate) fn name(&self) -> &str {
        &self.seal.name
    }

    /// An error says why the store cannot be used: then the caller goes on alone.
    pub(crate) fn take(&self, standing: TokenNeed) -> Result<SharedTokenState, String> {
        // Before the question, so that no token is thought to live longer than it does.
        let asked = Moment::now(self.store.link.clock());
        let answer = self.take_once(standing)?;
        let Some((fence, left, sealed)) = answer.found else { return Ok(answer.turn) };
        let opened = self.seal.open(&sealed).and_then(|opened| {
            let (lifetime, jwt) = opened.split_first_chunk::<8>()?;
            Some((Duration::from_millis(u64::from_be_bytes(*lifetime)), Zeroizing::new(jwt.to_vec())))
        });
        match opened {
            Some((lifetime, jwt)) => {
                Ok(SharedTokenState::Found { fence, jwt, lifetime, left: left.min(lifetime), asked })
            }
            // Garbage, or another library's: it will not do.
            None => Ok(self.take_once(TokenNeed { known: fence, ..standing })?.turn),
        }
    }

    fn take_once(&self, standing: TokenNeed) -> Result<Taken, String> {
        let (lease, known, least) =
            (LEASE.as_millis().to_string(), standing.known.to_string(), standing.least.as_millis().to_string());
        let arguments = [self.id.as_bytes(), lease.as_bytes(), known.as_bytes(), least.as_bytes()];
        let answer: Vec<redis::Value> = self.store.link.ask(&TAKING, &self.seal.name, &arguments)?;
        let number = |index: usize| -> Option<u64> {
            answer
                .get(index)
                .and_then(|value| redis::from_redis_value_ref::<i64>(value).ok())
                .map(|value| value.max(0) as u64)
        };
        let strange = || "the store answered something else than it was asked for".to_owned();
        match number(0) {
            Some(0) => Ok(Taken::turn(SharedTokenState::Wait(Duration::from_millis(number(1).ok_or_else(strange)?)))),
            Some(1) => {
                let (fence, left) = (number(1).ok_or_else(strange)?, number(2).ok_or_else(strange)?);
                let sealed = match answer.get(3) {
                    Some(redis::Value::BulkString(bytes)) => bytes.clone(),
                    _ => return Err(strange()),
                };
                let turn = SharedTokenState::Wait(Duration::from_millis(100));
                Ok(Taken { turn, found: Some((fence, Duration::from_millis(left), sealed)) })
            }
            Some(2) => {
                let (fence, began) = (number(1).ok_or_else(strange)?, number(2).ok_or_else(strange)?);
                let known = Moment::now(self.store.link.clock());
                Ok(Taken::turn(SharedTokenState::Ask(Lease { fence, began, known })))
            }
            _ => Err(strange()),
        }
    }

    /// Keeps what the server gave. Nothing depends on it.
    pub(crate) fn put(&self, lease: &Lease, token: &Token) {
        let lifetime = token.lifetime().as_millis() as u64;
        let plain = Zeroizing::new([&lifetime.to_be_bytes(), token.jwt().as_bytes()].concat());
        let Some(sealed) = self.seal.close(&plain) else { return };
        // A point of the store's clock: this may reach it late, and what is left would be less by then.
        let now = Moment::now(self.store.link.clock());
        let since = now.steady.saturating_sub(lease.known.steady);
        let ends = lease.began + (since + token.remaining(now)).as_millis() as u64;
        let (fence, ends) = (lease.fence.to_string(), ends.to_string());
        let arguments = [fence.as_bytes(), &sealed, ends.as_bytes()];
        let _ = self.store.link.ask::<u8>(&PUTTING, &self.seal.name, &arguments);
    }

    /// The lease goes on, as long as this is said now and then: who has it waits before the exchange. One that is lost shows when
    /// it [`put`](Self::put)s.
    pub(crate) fn renew(&self) {
        let lease = LEASE.as_millis().to_string();
        let _ = self.store.link.ask::<u8>(&RENEWING, &self.seal.name, &[self.id.as_bytes(), lease.as_bytes()]);
    }

    /// The lease is another's to have.
    pub(crate) fn give_back(&self) {
        let _ = self.store.link.ask::<u8>(&GIVING_BACK, &self.seal.name, &[self.id.as_bytes()]);
    }
}

struct Taken {
    turn: SharedTokenState,
    found: Option<(u64, Duration, Vec<u8>)>,
}

impl Taken {
    fn turn(turn: SharedTokenState) -> Self {
        Taken { turn, found: None }
    }
}
