//! JWTs as `/auth/jwt/generate/{accountId}` hands them out: RS256, five minutes.

use crate::credentials::Presented;
use data_encoding::BASE64URL_NOPAD;
use ring::rand::SystemRandom;
use ring::signature::{self, KeyPair, RsaKeyPair};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use tokio_rustls::rustls::pki_types::{PrivatePkcs8KeyDer, pem::PemObject};

/// How JWTs are made. In JSON every field may be left out.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct JwtOptions {
    /// `exp` is this many seconds after the server's clock; zero or less makes a token that arrives expired.
    /// Default 300, as documented.
    pub lifetime_s: i64,
    /// Whether the claims hold `iat`. Only `exp` is known to be there; anything else is \[U\]. Default true.
    pub iat: bool,
    /// For this many seconds the same user and account get the same JWT again, even if it has expired. Default 0.
    pub same_for_s: i64,
    /// The JWT was made this many seconds before it is handed out: `iat` and `exp` are both that much earlier. As much
    /// as `lifetime_s` or more makes a token that is dead on arrival. Default 0.
    pub age_s: i64,
    /// `iat` and `exp` in milliseconds instead of seconds. Default false.
    pub milliseconds: bool,
    /// Whether the claims hold `exp`; the server knows when the JWT ends in any case. Default true.
    pub exp: bool,
}

impl Default for JwtOptions {
    fn default() -> JwtOptions {
        JwtOptions { lifetime_s: 300, iat: true, same_for_s: 0, age_s: 0, milliseconds: false, exp: true }
    }
}

/// The claims. \[U\] but for `exp`: the names of the rest are ours.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Claims {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exp: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iat: Option<i64>,
    pub sub: String,
    pub account_id: String,
    /// A serial number, as RS256 gives equal tokens for equal claims and two JWTs of one second should differ; and
    /// when it ends in Unix seconds, as `exp` may say it in another way or not at all: `1-1767323045`.
    pub jti: String,
}

/// Makes and checks JWTs.
pub(crate) struct Issuer {
    key: RsaKeyPair,
    options: JwtOptions,
    handed_out: HashMap<(String, String), HandedOut>,
    serial: u64,
}

struct HandedOut {
    jwt: String,
    at: i64,
}

impl Issuer {
    pub(crate) fn new(options: JwtOptions) -> Issuer {
        let pem = include_bytes!("jwt_test_key.pem");
        let der = PrivatePkcs8KeyDer::from_pem_slice(pem).expect("the test key is PEM");
        Issuer {
            key: RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).expect("the test key is PKCS#8"),
            options,
            handed_out: HashMap::new(),
            serial: 0,
        }
    }

    pub(crate) fn set_options(&mut self, options: JwtOptions) {
        self.options = options;
        self.handed_out.clear();
    }

    /// A JWT for a user who has signed in to an account.
    pub(crate) fn issue(&mut self, user: &str, account: &str, now: i64) -> String {
        let whose = (user.to_owned(), account.to_owned());
        if let Some(last) = self.handed_out.get(&whose)
            && (0..self.options.same_for_s).contains(&(now - last.at))
        {
            return last.jwt.clone();
        }
        self.serial += 1;
        let made = now.saturating_sub(self.options.age_s);
        let ends = made.saturating_add(self.options.lifetime_s);
        let unit = if self.options.milliseconds { 1000 } else { 1 };
        let jwt = self.sign(&Claims {
            exp: self.options.exp.then_some(ends.saturating_mul(unit)),
            iat: self.options.iat.then_some(made.saturating_mul(unit)),
            sub: user.into(),
            account_id: account.into(),
            jti: format!("{}-{ends}", self.serial),
        });
        let handed_out = HandedOut { jwt: jwt.clone(), at: now };
        self.handed_out.insert(whose, handed_out);
        jwt
    }

    fn sign(&self, claims: &Claims) -> String {
        let payload = serde_json::to_vec(claims).expect("claims are JSON");
        let signed = format!(
            "{}.{}",
            BASE64URL_NOPAD.encode(br#"{"alg":"RS256","typ":"JWT"}"#),
            BASE64URL_NOPAD.encode(&payload)
        );
        let mut signature = vec![0; self.key.public().modulus_len()];
        self.key
            .sign(&signature::RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature)
            .expect("the test key signs");
        format!("{signed}.{}", BASE64URL_NOPAD.encode(&signature))
    }

    /// The claims, if the JWT is ours and has not expired.
    pub(crate) fn verify(&self, jwt: &str, now: i64) -> Option<Claims> {
        let (signed, signature) = jwt.rsplit_once('.')?;
        let (_, payload) = signed.split_once('.')?;
        let signature = BASE64URL_NOPAD.decode(signature.as_bytes()).ok()?;
        signature::UnparsedPublicKey::new(&signature::RSA_PKCS1_2048_8192_SHA256, self.key.public_key().as_ref())
            .verify(signed.as_bytes(), &signature)
            .ok()?;
        let claims: Claims = serde_json::from_slice(&BASE64URL_NOPAD.decode(payload.as_bytes()).ok()?).ok()?;
        let (_, ends) = claims.jti.split_once('-')?;
        (now < ends.parse().ok()?).then_some(claims)
    }
}

/// The account a JWT names, whether or not the JWT is good.
pub(crate) fn account_named(presented: &Presented) -> Option<String> {
    let payload = presented.bearer.as_deref()?.split('.').nth(1)?;
    let claims: Claims = serde_json::from_slice(&BASE64URL_NOPAD.decode(payload.as_bytes()).ok()?).ok()?;
    Some(claims.account_id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jwt_is_good_until_exp_and_not_a_second_longer() {
        let mut issuer = Issuer::new(JwtOptions::default());
        let jwt = issuer.issue("u", "a", 1000);
        assert_eq!(issuer.verify(&jwt, 1299).unwrap().account_id, "a");
        assert!(issuer.verify(&jwt, 1300).is_none());
    }

    #[test]
    fn the_server_knows_the_end_of_every_kind() {
        let kinds = [
            JwtOptions { milliseconds: true, ..JwtOptions::default() },
            JwtOptions { exp: false, iat: false, ..JwtOptions::default() },
            JwtOptions { lifetime_s: 1300, age_s: 1000, ..JwtOptions::default() },
        ];
        for options in kinds {
            let mut issuer = Issuer::new(options.clone());
            let jwt = issuer.issue("u", "a", 1000);
            assert!(issuer.verify(&jwt, 1299).is_some(), "{options:?}");
            assert!(issuer.verify(&jwt, 1300).is_none(), "{options:?}");
        }
    }

    #[test]
    fn a_changed_jwt_is_refused() {
        let mut issuer = Issuer::new(JwtOptions::default());
        let jwt = issuer.issue("u", "a", 1000);
        let mut parts: Vec<&str> = jwt.split('.').collect();
        let forged = BASE64URL_NOPAD.encode(br#"{"exp":9999999999,"sub":"u","accountId":"a","jti":"1-9999999999"}"#);
        parts[1] = &forged;
        assert!(issuer.verify(&parts.join("."), 1000).is_none());
        assert!(issuer.verify("not a jwt", 1000).is_none());
    }

    #[test]
    fn the_same_jwt_comes_again_only_for_the_time_asked_for() {
        let mut issuer = Issuer::new(JwtOptions::default());
        assert_ne!(issuer.issue("u", "a", 0), issuer.issue("u", "a", 0));
        issuer.set_options(JwtOptions { same_for_s: 60, ..JwtOptions::default() });
        let first = issuer.issue("u", "a", 0);
        assert_eq!(issuer.issue("u", "a", 59), first);
        assert_ne!(issuer.issue("u", "b", 59), first);
        assert_ne!(issuer.issue("u", "a", 60), first);
    }
}
