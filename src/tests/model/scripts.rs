//! The scripts of `tokens.rs` and `histories.rs`, line by line, on what is kept under one key.
//!
//! Of a sealed token or a written history it matters only which one it is. Nothing here expires by itself: it is lost, as all else can be.

/// Milliseconds of the store's clock.
pub(crate) type Millis = i64;

/// A token's key. What is not there is 0, as for the scripts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct TokenKey {
    pub(crate) fence: i64,
    pub(crate) ends: Millis,
    pub(crate) sealed: Option<u8>,
    pub(crate) lease: Option<u8>,
    pub(crate) until: Millis,
    pub(crate) last: i64,
}

/// TAKE's arguments.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Take {
    pub(crate) id: u8,
    pub(crate) lease: Millis,
    pub(crate) known: i64,
    pub(crate) least: Millis,
}

/// PUT's arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Put {
    pub(crate) fence: i64,
    pub(crate) sealed: u8,
    pub(crate) ends: Millis,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taken {
    Wait { rest: Millis },
    Found { fence: i64, left: Millis, sealed: u8 },
    Ask { fence: i64, now: Millis },
}

pub(crate) fn take(key: &mut TokenKey, now: Millis, Take { id, lease, known, least }: Take) -> Taken {
    let left = key.ends - now;
    if let Some(sealed) = key.sealed
        && key.fence > known
        && left > least
    {
        return Taken::Found { fence: key.fence, left, sealed };
    }
    let rest = key.until - now;
    if key.lease.is_some_and(|other| other != id) && rest > 0 && rest <= lease {
        return Taken::Wait { rest };
    }
    key.last = key.last.max(key.fence).max(now) + 1;
    (key.lease, key.until) = (Some(id), now + lease);
    Taken::Ask { fence: key.last, now }
}

/// Whether it was kept.
pub(crate) fn put(key: &mut TokenKey, Put { fence, sealed, ends }: Put) -> bool {
    if key.last != fence {
        return false;
    }
    (key.fence, key.sealed, key.ends) = (fence, Some(sealed), ends);
    (key.lease, key.until) = (None, 0);
    true
}

/// Whether it goes on. The model of the lease needs none: it has leases that are long enough, and others.
pub(crate) fn renew(key: &mut TokenKey, now: Millis, id: u8, lease: Millis) -> bool {
    let is_its_own = key.lease == Some(id);
    if is_its_own {
        key.until = now + lease;
    }
    is_its_own
}

pub(crate) fn give_back(key: &mut TokenKey, id: u8) {
    if key.lease == Some(id) {
        (key.lease, key.until) = (None, 0);
    }
}

/// A history's key.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct LedgerKey<Entry> {
    pub(crate) number: u64,
    pub(crate) entry: Option<Entry>,
}

/// Whether it was replaced.
pub(crate) fn replace<Entry>(key: &mut LedgerKey<Entry>, number: u64, entry: Entry) -> bool {
    if key.number != number {
        return false;
    }
    *key = LedgerKey { number: number + 1, entry: Some(entry) };
    true
}
