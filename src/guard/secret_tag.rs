//! Tags: what identifies a secret in a memory that others may read. A tag is a few bits of a slow hash.

use std::sync::{Arc, OnceLock};
use std::{collections::HashMap, collections::hash_map::RandomState, hash::BuildHasher as _, num::NonZeroU32};

use data_encoding::HEXLOWER;
use ring::rand::SystemRandom;
use zeroize::Zeroizing;

use super::{credential::Tag, memory::User};
use crate::sync::{Mutex, lock};

pub(crate) const MOST_TAGS: usize = 64;

/// Caches computed tags. Secrets are stored as keyed hashes only.
#[derive(Default)]
pub(crate) struct Tags {
    key: RandomState,
    pub(crate) known: Mutex<HashMap<TagKey, Arc<OnceLock<Tag>>>>,
}

/// A user, the salt, and the hash of a secret.
type TagKey = (User, String, u64);

impl Tags {
    pub(crate) fn tag(&self, user: &User, salt: &str, secret: &[&[u8]]) -> Tag {
        *self.slot(user, salt, secret).get_or_init(|| tag_of(salt, secret))
    }

    /// The cache entry of a tag.
    pub(crate) fn slot(&self, user: &User, salt: &str, secret: &[&[u8]]) -> Arc<OnceLock<Tag>> {
        let key = (user.clone(), salt.to_owned(), self.key.hash_one(secret));
        let mut known = lock(&self.known);
        if known.len() >= MOST_TAGS && !known.contains_key(&key) {
            known.clear();
        }
        known.entry(key).or_default().clone()
    }
}

/// Draws what the tags of one user are computed with.
pub(crate) fn new_salt() -> Result<String, String> {
    let salt = ring::rand::generate::<[u8; 16]>(&SystemRandom::new());
    salt.map(|salt| HEXLOWER.encode(&salt.expose())).map_err(|_| "the system gives no random numbers".to_owned())
}

/// Twelve bits of a slow hash of a secret: enough to notice another secret, too few to find one by guessing.
pub(crate) fn tag_of(salt: &str, secret: &[&[u8]]) -> Tag {
    let hash = slow_hash(salt.as_bytes(), &Zeroizing::new(secret.join(&0)));
    Tag::from(u16::from_be_bytes([hash[0], hash[1]]) >> 4)
}

/// Hashes with PBKDF2, which takes some 35 ms of a processor: a password may be easy to guess.
pub(crate) fn slow_hash(salt: &[u8], secret: &[u8]) -> Zeroizing<[u8; 32]> {
    const ROUNDS: NonZeroU32 = NonZeroU32::new(100_000).unwrap();
    let mut hash = Zeroizing::new([0; 32]);
    ring::pbkdf2::derive(ring::pbkdf2::PBKDF2_HMAC_SHA256, ROUNDS, salt, secret, &mut *hash);
    hash
}
