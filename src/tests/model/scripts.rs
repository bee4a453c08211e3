//! The scripts of `store/token.rs` and `store/guard_state.rs`, line by line, on the data of one key.
//!
//! An encrypted token or a history is just a number. No key expires here: the model loses it, as it may lose all data.

/// Milliseconds of the store's clock.
pub(crate) type Millis = i64;

/// A token's key. A missing field is 0, as for the scripts.
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

/// Returns whether the token was kept.
pub(crate) fn put(key: &mut TokenKey, Put { fence, sealed, ends }: Put) -> bool {
    if key.last != fence {
        return false;
    }
    (key.fence, key.sealed, key.ends) = (fence, Some(sealed), ends);
    (key.lease, key.until) = (None, 0);
    true
}

/// Returns whether the lease was extended. Only `conformance.rs` needs it: `lease.rs` has leases of any length.
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
pub(crate) struct HistoryKey<Entry> {
    pub(crate) number: u64,
    pub(crate) entry: Option<Entry>,
}

/// Returns whether the entry was replaced.
pub(crate) fn replace<Entry>(key: &mut HistoryKey<Entry>, number: u64, entry: Entry) -> bool {
    if key.number != number {
        return false;
    }
    *key = HistoryKey { number: number + 1, entry: Some(entry) };
    true
}
