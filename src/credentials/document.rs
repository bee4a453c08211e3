//! Credentials as one JSON object: what a program prints, and what a keychain entry holds.
//!
//! ```json
//! {"version": 1, "username": "user@example.com", "api_token": "...", "expires_at": 1767225600}
//! ```
//!
//! `password` may replace `api_token`. `username` may be missing where a setting gives it, and `expires_at` (Unix
//! seconds) may always be missing. Names are compared without regard to case and `_`, because other clouds' helpers
//! write `Version`. Other fields are ignored.

use std::{sync::Arc, time::Duration};

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use super::basic::{Basic, CredentialKind, LoadResult, TOKEN_PREFIX};
use crate::error::{Error, Result};

const VERSION: u64 = 1;

#[cfg(feature = "keychain")]
pub(crate) fn write(kind: CredentialKind, username: &str, secret: &str) -> Zeroizing<Vec<u8>> {
    #[derive(serde::Serialize)]
    struct Document<'a> {
        version: u64,
        username: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        api_token: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        password: Option<&'a str>,
    }
    let of_kind = |wanted| (kind == wanted).then_some(secret);
    let (api_token, password) = (of_kind(CredentialKind::ApiToken), of_kind(CredentialKind::Password));
    // The full capacity from the start: growing would leave copies behind. An escape has at most six bytes.
    let mut bytes = Zeroizing::new(Vec::with_capacity(64 + 6 * (username.len() + secret.len())));
    serde_json::to_writer(&mut *bytes, &Document { version: VERSION, username, api_token, password })
        .expect("text in memory");
    bytes
}

/// Reads a document. `username` is the name from a setting. Errors name fields and never show their values.
pub(crate) fn read(bytes: &[u8], username: Option<&str>) -> Result<LoadResult> {
    let wrong = |what: String| Err(Error::config(what));
    let Ok(Object(fields)) = serde_json::from_slice(bytes) else {
        return wrong(
            "is not one JSON object such as {\"version\":1,\"username\":\"...\",\"api_token\":\"...\"}".into(),
        );
    };
    let mut document = Fields::default();
    for (name, value) in fields {
        let plain: String = name.chars().filter(|c| *c != '_').flat_map(char::to_lowercase).collect();
        let slot = match plain.as_str() {
            "version" => {
                document.version = serde_json::from_str(value).ok();
                continue;
            }
            "expiresat" => {
                let Ok(seconds) = serde_json::from_str(value) else {
                    return wrong("has an expires_at that is no number of Unix seconds".into());
                };
                document.expires_at = Some(Duration::from_secs(seconds));
                continue;
            }
            "username" => &mut document.username,
            "apitoken" => &mut document.api_token,
            "password" => &mut document.password,
            _ => continue,
        };
        match text(value) {
            Some(text) if slot.is_none() => *slot = Some(text),
            Some(_) => return wrong(format!("has {plain} twice")),
            None if value == "null" => {}
            None => return wrong(format!("has a {plain} that is no text")),
        }
    }
    document.check(username)
}

/// The names of an object and their raw values. The document alone holds the values.
struct Object<'a>(Vec<(String, &'a str)>);

impl<'de> Deserialize<'de> for Object<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = Object<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Object<'de>, A::Error> {
                let mut fields = Vec::new();
                while let Some((name, value)) = map.next_entry::<String, &RawValue>()? {
                    fields.push((name, value.get()));
                }
                Ok(Object(fields))
            }
        }
        deserializer.deserialize_map(Entries)
    }
}

/// Reads a JSON text and leaves no copy of it behind; `None` if `value` is no text.
///
/// The parser unescapes texts in a buffer that it does not wipe. A filler before the text gives the buffer its full
/// size, and one after it overwrites the text.
fn text(value: &str) -> Option<Zeroizing<String>> {
    if !value.starts_with('"') {
        return None;
    }
    let filler = format!("\"\\n{}\"", "x".repeat(value.len()));
    let texts = Zeroizing::new(["[", &filler, ",", value, ",", &filler, "]"].concat());
    serde_json::from_str::<(String, Zeroizing<String>, String)>(&texts).ok().map(|(_, text, _)| text)
}

#[derive(Default)]
struct Fields {
    version: Option<u64>,
    username: Option<Zeroizing<String>>,
    api_token: Option<Zeroizing<String>>,
    password: Option<Zeroizing<String>>,
    expires_at: Option<Duration>,
}

impl Fields {
    fn check(self, username: Option<&str>) -> Result<LoadResult> {
        match self.version {
            Some(VERSION) => {}
            Some(other) => {
                return Err(Error::config(format!("has version {other}, and this library knows {VERSION}: update it")));
            }
            None => return Err(Error::config(format!("has no \"version\":{VERSION}"))),
        }
        let (kind, secret) = match (self.api_token, self.password) {
            (Some(token), None) => (CredentialKind::ApiToken, token),
            (None, Some(password)) => (CredentialKind::Password, password),
            (None, None) => return Err(Error::config("has neither api_token nor password")),
            (Some(_), Some(_)) => return Err(Error::config("has both api_token and password: one is enough")),
        };
        let found = self.username.as_ref().map(|name| name.as_str());
        let name = match (found, username) {
            (Some(found), Some(given)) if !is_same_user(found, given) => {
                return Err(Error::config(
                    "is of another user than the one in the settings (BOOMI_USERNAME): leave that one out, or \
                     correct it",
                ));
            }
            (found, given) => found.or(given),
        };
        let name = name.ok_or_else(|| Error::config("has no username, and no setting gives one (BOOMI_USERNAME)"))?;
        let basic = Basic::new(kind, name, &secret)
            .map_err(|error| Error::config(format!("cannot be used: {}", error.message())))?;
        Ok(LoadResult { basic: Arc::new(basic), expires_at: self.expires_at })
    }
}

fn is_same_user(one: &str, other: &str) -> bool {
    let bare = |name: &str| name.trim_start_matches(TOKEN_PREFIX).to_lowercase();
    bare(one) == bare(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn read_accepts_names_in_any_spelling() {
        let cases = [
            r#"{"version":1,"username":"user@example.com","api_token":"t\"\u00e9","more":[1]}"#,
            r#"{"Version":1,"Username":"BOOMI_TOKEN.user@example.com","ApiToken":"t\"é","Password":null}"#,
        ];
        for text in cases {
            let document = read(text.as_bytes(), None).unwrap();
            assert_eq!(document.basic.username, "BOOMI_TOKEN.user@example.com");
            assert_eq!(document.basic.secret.expose(), "t\"é");
            assert_eq!(document.expires_at, None);
        }
        let text = br#"{"version":1,"password":"p","expires_at":1767225600}"#;
        let document = read(text, Some("user@example.com")).unwrap();
        assert_eq!(document.basic.username, "user@example.com");
        assert_eq!(document.expires_at, Some(Duration::from_secs(1767225600)));
    }

    #[test]
    fn read_names_what_is_wrong_and_shows_no_value() {
        let cases = [
            ("", "not one JSON object"),
            ("hunter2", "not one JSON object"),
            (r#"["hunter2"]"#, "not one JSON object"),
            (r#"{"version":1,"password":"hunter2"} x"#, "not one JSON object"),
            (r#"{"username":"u","password":"hunter2"}"#, "no \"version\":1"),
            (r#"{"version":"1","username":"u","password":"hunter2"}"#, "no \"version\":1"),
            (r#"{"version":2,"username":"u","password":"hunter2"}"#, "version 2"),
            (r#"{"version":1,"username":"u"}"#, "neither"),
            (r#"{"version":1,"username":"u","password":"hunter2","api_token":"hunter2"}"#, "both"),
            (r#"{"version":1,"username":"u","password":"hunter2","Password":"hunter2"}"#, "password twice"),
            (r#"{"version":1,"username":"u","password":"hunter2","password":"hunter2"}"#, "password twice"),
            (r#"{"version":1,"username":"u","password":{"a":"hunter2"}}"#, "password that is no text"),
            (r#"{"version":1,"username":"u","password":["hunter2"]}"#, "password that is no text"),
            (r#"{"version":-1,"username":"u","password":"hunter2"}"#, "no \"version\":1"),
            (r#"{"version":1.0,"username":"u","password":"hunter2"}"#, "no \"version\":1"),
            (r#"{"version":1,"username":"u","password":true}"#, "password that is no text"),
            (r#"{"version":1,"username":"u","password":"hunter2"},"x""#, "not one JSON object"),
            (r#"{"version":1,"username":"u","password":"hunter2"},"x"]"#, "not one JSON object"),
            (r#"{"version":1,"username":"u","password":"hunter2"#, "not one JSON object"),
            (r#""hunter2""#, "not one JSON object"),
            (r#"{"version":1,"username":"hunter2:","password":"hunter2"}"#, "colon"),
            (r#"{"version":1,"username":"u","password":"hunter2\n"}"#, "control character"),
            (r#"{"version":1,"username":"u","password":"hunter2","expires_at":"soon"}"#, "expires_at"),
            (r#"{"version":1,"password":"hunter2"}"#, "BOOMI_USERNAME"),
        ];
        for (text, said) in cases {
            let error = read(text.as_bytes(), None).unwrap_err();
            assert!(error.message().contains(said), "{said}: {error}");
            assert!(!error.message().contains("hunter2"), "{error}");
        }
        let other = read(br#"{"version":1,"username":"a","password":"p"}"#, Some("b")).unwrap_err();
        assert!(other.message().contains("another user"), "{other}");
    }

    #[test]
    #[cfg(feature = "keychain")]
    fn read_returns_what_write_wrote() {
        for (kind, secret) in [(CredentialKind::ApiToken, "a\"\\\t\u{1}é"), (CredentialKind::Password, "x")] {
            let bytes = write(kind, "user@example.com", secret);
            assert_eq!(bytes.capacity(), 64 + 6 * (16 + secret.len()));
            match read(&bytes, None) {
                Ok(document) => assert_eq!(document.basic.secret.expose(), secret),
                Err(error) => assert!(secret.contains('\u{1}'), "{error}"),
            }
        }
    }
}
