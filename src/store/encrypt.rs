//! Hides data from readers of the store: keys that say nothing, and tokens that only the holder of the secret can
//! decrypt.

use data_encoding::HEXLOWER;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce};
use ring::hkdf::{HKDF_SHA256, Salt};
use ring::rand::{SecureRandom as _, SystemRandom};
use zeroize::Zeroizing;

use super::url::Address;
use crate::guard::secret_tag::slow_hash;

const SALT: &[u8] = b"boomi-auth store 1";

/// The store's key for `what` of a user, which hides the user. Slow.
///
/// The store's URL is no part of it: hosts may reach one store by different names and users.
pub(super) fn slow_name(address: &Address, what: &str, of: &[&str]) -> String {
    let joined = [address.prefix.as_bytes(), &[0], of.join("\0").as_bytes()].concat();
    format!("{}{what}:{}", address.prefix, HEXLOWER.encode(&slow_hash(SALT, &joined)[..16]))
}

/// Encrypts one user's tokens of one account, and names their key in the store.
pub(super) struct TokenCipher {
    pub(super) name: String,
    key: LessSafeKey,
}

impl TokenCipher {
    /// Derives name and key from a user's secret, for the account that `of` names. Slow.
    pub(super) fn new(address: &Address, secret: &[u8], of: &[&str]) -> Self {
        let about = of.join("\0");
        let slow = slow_hash(&[SALT, about.as_bytes()].concat(), secret);
        let extracted = Salt::new(HKDF_SHA256, SALT).extract(&*slow);
        let [name_info, key_info] = [&b"name"[..], b"key"].map(|what| [what, about.as_bytes()]);
        let derive = |info| extracted.expand(info, &AES_256_GCM).expect("32 bytes can be expanded");
        let mut name = [0; 32];
        derive(&name_info).fill(&mut name).expect("of that length");
        TokenCipher {
            name: format!("{}token:{}", address.prefix, HEXLOWER.encode(&name[..16])),
            key: LessSafeKey::new(derive(&key_info).into()),
        }
    }

    /// `None` if the system gives no random numbers.
    pub(super) fn encrypt(&self, plain: &[u8]) -> Option<Vec<u8>> {
        let mut nonce = [0; NONCE_LEN];
        SystemRandom::new().fill(&mut nonce).ok()?;
        let mut text = Zeroizing::new(plain.to_vec());
        let aad = Aad::from(self.name.as_bytes());
        let tag = self.key.seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), aad, &mut text).ok()?;
        Some([&nonce, &**text, tag.as_ref()].concat())
    }

    /// `None` for bytes that [`encrypt`](Self::encrypt) did not return.
    pub(super) fn decrypt(&self, encrypted: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, rest) = encrypted.split_first_chunk::<NONCE_LEN>()?;
        let mut text = Zeroizing::new(rest.to_vec());
        let aad = Aad::from(self.name.as_bytes());
        let length = self.key.open_in_place(Nonce::assume_unique_for_key(*nonce), aad, &mut text).ok()?.len();
        text.truncate(length);
        Some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address() -> Address {
        Address::parse("redis://localhost").unwrap()
    }

    #[test]
    fn token_decrypts_only_with_its_secret_and_account() {
        let of = ["https://api.example", "user@example.com", "account123"];
        let cipher = TokenCipher::new(&address(), b"secret", &of);
        let encrypted = cipher.encrypt(b"a JWT").unwrap();
        assert_eq!(**TokenCipher::new(&address(), b"secret", &of).decrypt(&encrypted).unwrap(), *b"a JWT");
        assert_ne!(cipher.encrypt(b"a JWT").unwrap(), encrypted);
        assert!(!cipher.name.contains("user") && !encrypted.windows(5).any(|part| part == b"a JWT"));
        for (secret, account) in [(&b"secret"[..], "account456"), (b"another", "account123")] {
            let other = TokenCipher::new(&address(), secret, &["https://api.example", "user@example.com", account]);
            assert!(other.name != cipher.name && other.decrypt(&encrypted).is_none());
        }
        for at in [0, 13, encrypted.len() - 1] {
            let mut bent = encrypted.clone();
            bent[at] ^= 1;
            assert!(cipher.decrypt(&bent).is_none());
        }
        assert!(cipher.decrypt(b"").is_none() && cipher.decrypt(&encrypted[..20]).is_none());
    }

    #[test]
    fn slow_name_hides_the_user() {
        let name = slow_name(&address(), "guard", &["https://api.example", "user@example.com"]);
        assert!(name.starts_with("boomi-auth:guard:") && !name.contains("example"));
        assert_eq!(name, slow_name(&address(), "guard", &["https://api.example", "user@example.com"]));
        assert_ne!(name, slow_name(&address(), "guard", &["https://api.example", "admin@example.com"]));

        // The URL does not matter, the prefix does.
        let other = Address::parse("rediss+cluster://me:pw@host:7000").unwrap();
        assert_eq!(name, slow_name(&other, "guard", &["https://api.example", "user@example.com"]));
        let other = Address::parse("redis://localhost?prefix=other:").unwrap();
        assert_ne!(name[11..], slow_name(&other, "guard", &["https://api.example", "user@example.com"])[6..]);
    }
}
