//! What stands for a secret in a memory that others may read: a few bits of a slow hash.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use std::sync::{Arc, OnceLock};

use ring::rand::SecureRandom as _;
use zeroize::Zeroizing;

use super::User;
use super::history::Tag;
use crate::sync::{Mutex, lock};

/// Some 35 ms of a processor for each guess; but what keeps it useless for guessing is that a tag has 12 bits.
const ROUNDS: std::num::NonZeroU32 = std::num::NonZeroU32::new(100_000).unwrap();
pub(crate) const MOST_TAGS: usize = 64;

/// What was computed before. Secrets are known by hashes alone, whose key is this process's.
#[derive(Default)]
pub(crate) struct Tags {
    key: RandomState,
    pub(crate) known: Mutex<HashMap<TagKey, Arc<OnceLock<Tag>>>>,
}

/// A user, the salt, and the hash of a secret.
type TagKey = (User, String, u64);

impl Tags {
    pub(crate) fn tag(&self, user: &User, salt: &str, secret: &[&[u8]]) -> Tag {
        *self.slot(user, salt, secret).get_or_init(|| slow_hash(salt, secret))
    }

    /// Where a tag is, or will be.
    pub(crate) fn slot(&self, user: &User, salt: &str, secret: &[&[u8]]) -> Arc<OnceLock<Tag>> {
        let key = (user.clone(), salt.to_owned(), self.key.hash_one(secret));
        let mut known = lock(&self.known);
        if known.len() >= MOST_TAGS && !known.contains_key(&key) {
            known.clear();
        }
        known.entry(key).or_default().clone()
    }
}

/// What tags are computed with, for one user.
pub(crate) fn new_salt() -> Result<String, String> {
    let mut salt = [0; 16];
    ring::rand::SystemRandom::new().fill(&mut salt).map_err(|_| "the system gives no random numbers")?;
    Ok(hex(&salt))
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}

/// A few bits of a hash of a secret: enough to see that another one is used, too few to find it by guessing.
pub(crate) fn slow_hash(salt: &str, secret: &[&[u8]]) -> Tag {
    let joined = Zeroizing::new(secret.join(&0));
    let mut hash = Zeroizing::new([0; 32]);
    ring::pbkdf2::derive(ring::pbkdf2::PBKDF2_HMAC_SHA256, ROUNDS, salt.as_bytes(), &joined, &mut *hash);
    Tag::from(u16::from_be_bytes([hash[0], hash[1]]) >> 4)
}
