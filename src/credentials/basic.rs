//! A user name and a secret as HTTP Basic sends them.

use std::{sync::Arc, time::Duration};

use crate::error::{Error, Result};
#[cfg(feature = "capi")]
use crate::secret::{base64_length, push_base64};
use crate::{secret::Secret, validate};

/// Precedes the user name when the password is an API token.
pub(crate) const TOKEN_PREFIX: &str = "BOOMI_TOKEN.";
const BASIC: &str = "Basic ";

/// Which secret a user signs in with. The numbers are those of the C API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum CredentialKind {
    /// An API token. It needs no one-time code and belongs to the account in which it was made.
    ///
    /// Boomi makes it under Settings > Account Information and Setup > Boomi Enterprise Platform API Tokens.
    ApiToken = 1,
    /// The user's own password. Single sign-on users who are not administrators cannot use theirs.
    Password = 2,
}

/// Returns the user name for a tool's user field, with `BOOMI_TOKEN.` before it for an API token.
///
/// The prefix is added once. A name that has it already means an API token, whatever `kind` says.
pub fn auth_username(kind: CredentialKind, username: &str) -> Result<String> {
    auth_name(kind, username).map(|parts| parts.concat())
}

/// Checks a user name and returns the prefix that it needs, perhaps empty, and the bare name.
pub(super) fn auth_name(kind: CredentialKind, username: &str) -> Result<[&str; 2]> {
    validate::check("the user name", username)?;
    if username.contains(':') {
        return Err(Error::invalid(
            "the user name has a colon, which HTTP Basic cannot carry: give the bare name, and the secret separately",
        ));
    }
    let bare = username.trim_start_matches(TOKEN_PREFIX);
    if bare.is_empty() {
        return Err(Error::invalid(format!(
            "the user name is only the prefix \"{TOKEN_PREFIX}\": the name is missing"
        )));
    }
    let is_token = kind == CredentialKind::ApiToken || bare.len() < username.len();
    Ok([if is_token { TOKEN_PREFIX } else { "" }, bare])
}

/// Returns the value of the `Authorization` header, `Basic ...`. No I/O.
pub fn auth_header(kind: CredentialKind, username: &str, secret: &str) -> Result<Secret> {
    Basic::new(kind, username, secret).map(|basic| basic.header)
}

/// Appends [`auth_header`] to the buffer that `make` returns for its length.
#[cfg(feature = "capi")]
pub(crate) fn write_auth_header(
    kind: CredentialKind,
    username: &str,
    secret: &str,
    make: impl FnOnce(usize) -> Vec<u8>,
) -> Result<Vec<u8>> {
    let pair = auth_pair(auth_name(kind, username)?, secret)?;
    let mut buffer = make(base64_length(BASIC, pair.as_bytes()));
    push_base64(&mut buffer, BASIC, pair.as_bytes());
    Ok(buffer)
}

fn auth_pair([prefix, name]: [&str; 2], secret: &str) -> Result<Secret> {
    validate::check(if prefix.is_empty() { "the password" } else { "the API token" }, secret)?;
    Ok(Secret::concat(&[prefix, name, ":", secret]))
}

/// Checked credentials, ready to be sent.
#[derive(Debug)]
pub(crate) struct Basic {
    /// With the prefix, for an API token.
    pub(crate) username: String,
    pub(crate) header: Secret,
    /// For cutting it out of texts that a server returns.
    pub(crate) secret: Secret,
}

impl Basic {
    pub(crate) fn new(kind: CredentialKind, username: &str, secret: &str) -> Result<Self> {
        let username = auth_name(kind, username)?;
        let pair = auth_pair(username, secret)?;
        let header = Secret::base64(BASIC, pair.as_bytes());
        Ok(Basic { header, username: username.concat(), secret: Secret::new(secret) })
    }

    pub(crate) fn kind(&self) -> CredentialKind {
        if self.username.starts_with(TOKEN_PREFIX) { CredentialKind::ApiToken } else { CredentialKind::Password }
    }
}

#[derive(Debug)]
pub(crate) struct LoadResult {
    pub(crate) basic: Arc<Basic>,
    /// When they expire: wall clock, since 1970.
    pub(crate) expires_at: Option<Duration>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn auth_header_matches_documented_vectors() {
        let cases = [
            (
                CredentialKind::ApiToken,
                "user@example.com",
                "api-tok",
                "Basic Qk9PTUlfVE9LRU4udXNlckBleGFtcGxlLmNvbTphcGktdG9r",
            ),
            (
                CredentialKind::ApiToken,
                "user@boomi.com",
                "123aab45-67b8-9012-3a45-67c8e9e01e23",
                "Basic Qk9PTUlfVE9LRU4udXNlckBib29taS5jb206MTIzYWFiNDUtNjdiOC05MDEyLTNhNDUtNjdjOGU5ZTAxZTIz",
            ),
            // RFC 7617, section 2.1: UTF-8.
            (CredentialKind::Password, "test", "123£", "Basic dGVzdDoxMjPCow=="),
            (CredentialKind::Password, "user", "a:b", "Basic dXNlcjphOmI="),
        ];
        for (kind, username, secret, header) in cases {
            assert_eq!(auth_header(kind, username, secret).unwrap().expose(), header);
        }
    }

    #[test]
    fn token_prefix_is_added_once() {
        let plain = auth_header(CredentialKind::ApiToken, "user@example.com", "t").unwrap();
        for kind in [CredentialKind::ApiToken, CredentialKind::Password] {
            for name in ["BOOMI_TOKEN.user@example.com", "BOOMI_TOKEN.BOOMI_TOKEN.user@example.com"] {
                assert_eq!(auth_username(kind, name).unwrap(), "BOOMI_TOKEN.user@example.com");
                assert_eq!(auth_header(kind, name, "t").unwrap(), plain);
            }
        }
        // The prefix is case-sensitive: this is a user of that name.
        assert_eq!(auth_username(CredentialKind::Password, "boomi_token.user").unwrap(), "boomi_token.user");
    }

    #[test]
    fn auth_header_names_the_bad_field() {
        let cases = [
            ("", "s", "the user name is empty"),
            ("BOOMI_TOKEN.", "s", "only the prefix"),
            ("a:b", "s", "the user name has a colon"),
            ("a\r\n", "s", "the user name has a control character"),
            ("a", "", "the password is empty"),
            ("a", "x\n", "the password has a control character"),
            ("BOOMI_TOKEN.a", "x\u{1}", "the API token has a control character"),
        ];
        for (username, secret, text) in cases {
            let error = auth_header(CredentialKind::Password, username, secret).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidArgument);
            assert!(error.message().contains(text), "{error}");
        }
    }
}
