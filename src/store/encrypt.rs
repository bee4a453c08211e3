//! How what the store must not know is kept from it: names that cannot be read, and values that only who has the credentials opens.

use data_encoding::HEXLOWER;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, KeyType, Salt};
use ring::rand::{SecureRandom as _, SystemRandom};
use zeroize::Zeroizing;

use super::url::Address;
use crate::guard::secret_tag::slow_hash;

const SALT: &[u8] = b"boomi-auth store 1";

/// The name of something of a user, from which the user cannot be read: it is slow to compute. The way to the store is not in it,
/// since those who share it may each have another: a name of the host, a user and a password of their own.
pub(crate) fn slow_name(address: &Address, what: &str, of: &[&str]) -> String {
    let joined = [address.prefix.as_bytes(), &[0], of.join("\0").as_bytes()].concat();
    format!("{}{what}:{}", address.prefix, HEXLOWER.encode(&slow_hash(SALT, &joined)[..16]))
}

/// What the holders of one secret share about one thing: a name for it, and a key for what is kept under that name.
pub(crate) struct Seal {
    pub(crate) name: String,
    key: LessSafeKey,
}

struct Bytes32;

impl KeyType for Bytes32 {
    fn len(&self) -> usize {
        32
    }
}

impl Seal {
    /// Of a secret, for what `of` names.
    pub(crate) fn new(address: &Address, secret: &[u8], of: &[&str]) -> Self {
        let about = of.join("\0");
        let slow = slow_hash(&[SALT, about.as_bytes()].concat(), secret);
        let drawn = Salt::new(HKDF_SHA256, SALT).extract(&*slow);
        let derive = |what: &[u8]| {
            let mut bytes = Zeroizing::new([0; 32]);
            let parts = [what, about.as_bytes()];
            let expanded = drawn.expand(&parts, Bytes32).expect("32 bytes can be expanded");
            expanded.fill(&mut *bytes).expect("of that length");
            bytes
        };
        let (name, key) = (derive(b"name"), derive(b"key"));
        let key = UnboundKey::new(&AES_256_GCM, &*key).expect("a key of 32 bytes");
        Seal { name: format!("{}token:{}", address.prefix, HEXLOWER.encode(&name[..16])), key: LessSafeKey::new(key) }
    }

    /// `None` if the system gives no random numbers.
    pub(crate) fn close(&self, plain: &[u8]) -> Option<Vec<u8>> {
        let mut nonce = [0; NONCE_LEN];
        SystemRandom::new().fill(&mut nonce).ok()?;
        let mut sealed = Zeroizing::new(plain.to_vec());
        let aad = Aad::from(self.name.as_bytes());
        let tag = self.key.seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), aad, &mut sealed).ok()?;
        Some([&nonce, &**sealed, tag.as_ref()].concat())
    }

    /// `None` if it is not ours, or not as it was.
    pub(crate) fn open(&self, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, rest) = sealed.split_first_chunk::<NONCE_LEN>()?;
        let mut opened = Zeroizing::new(rest.to_vec());
        let aad = Aad::from(self.name.as_bytes());
        let length = self.key.open_in_place(Nonce::assume_unique_for_key(*nonce), aad, &mut opened).ok()?.len();
        opened.truncate(length);
        Some(opened)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address() -> Address {
        Address::parse("redis://localhost").unwrap()
    }

    #[test]
    fn what_was_sealed_opens_with_the_same_secret_for_the_same_thing_alone() {
        let of = ["https://api.example", "user@example.com", "account123"];
        let seal = Seal::new(&address(), b"secret", &of);
        let sealed = seal.close(b"a JWT").unwrap();
        assert_eq!(**Seal::new(&address(), b"secret", &of).open(&sealed).unwrap(), *b"a JWT");
        assert_ne!(seal.close(b"a JWT").unwrap(), sealed);
        assert!(!seal.name.contains("user") && !sealed.windows(5).any(|part| part == b"a JWT"));
        for (secret, account) in [(&b"secret"[..], "account456"), (b"another", "account123")] {
            let other = Seal::new(&address(), secret, &["https://api.example", "user@example.com", account]);
            assert!(other.name != seal.name && other.open(&sealed).is_none());
        }
        for at in [0, 13, sealed.len() - 1] {
            let mut bent = sealed.clone();
            bent[at] ^= 1;
            assert!(seal.open(&bent).is_none());
        }
        assert!(seal.open(b"").is_none() && seal.open(&sealed[..20]).is_none());
    }

    #[test]
    fn a_name_says_nothing_of_the_user() {
        let name = slow_name(&address(), "guard", &["https://api.example", "user@example.com"]);
        assert!(name.starts_with("boomi-auth:guard:") && !name.contains("example"));
        assert_eq!(name, slow_name(&address(), "guard", &["https://api.example", "user@example.com"]));
        assert_ne!(name, slow_name(&address(), "guard", &["https://api.example", "admin@example.com"]));

        // However the store is reached.
        let other = Address::parse("rediss+cluster://me:pw@host:7000").unwrap();
        assert_eq!(name, slow_name(&other, "guard", &["https://api.example", "user@example.com"]));
        let another_fleet = Address::parse("redis://localhost?prefix=other:").unwrap();
        assert_ne!(name[11..], slow_name(&another_fleet, "guard", &["https://api.example", "user@example.com"])[6..]);
    }
}
