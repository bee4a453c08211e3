//! Credentials as one JSON object: what a program prints, and what the keychain keeps.
//!
//! ```json
//! {"version": 1, "username": "user@example.com", "api_token": "...", "expires_at": 1767225600}
//! ```
//!
//! `password` may stand in place of `api_token`, `username` may be missing where a setting gives it, and `expires_at` (Unix
//! seconds) always. Names are read without regard to case and `_`, because other clouds' helpers write `Version`. Other
//! fields are ignored.

use std::time::Duration;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use zeroize::Zeroizing;

use super::{Basic, CredentialKind, TOKEN_PREFIX};
use crate::error::{Error, Result};

const VERSION: u64 = 1;

/// A document that was understood.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) basic: Basic,
    /// When the secret dies: wall clock, since 1970.
    pub(crate) expires_at: Option<Duration>,
}

/// The document of these credentials.
#[cfg(feature = "keychain")]
pub(crate) fn write(kind: CredentialKind, username: &str, secret: &str) -> Zeroizing<Vec<u8>> {
    let field = match kind {
        CredentialKind::ApiToken => "api_token",
        CredentialKind::Password => "password",
    };
    // Room from the start: growing would leave copies behind. An escape is six bytes at most.
    let mut bytes = Zeroizing::new(Vec::with_capacity(64 + 6 * (username.len() + secret.len())));
    let mut put = |text: &str, value: &str| {
        bytes.extend_from_slice(text.as_bytes());
        serde_json::to_writer(&mut *bytes, value).expect("text in memory");
    };
    put("{\"version\":1,\"username\":", username);
    put(&format!(",\"{field}\":"), secret);
    bytes.push(b'}');
    bytes
}

/// Reads a document; `username` is the one that a setting gives. Errors name fields, and never what is in them.
pub(crate) fn read(bytes: &[u8], username: Option<&str>) -> Result<Document> {
    let wrong = |what: String| Err(Error::config(what));
    let Some(Value::Object(fields)) = parse(bytes) else {
        return wrong(
            "is not one JSON object such as {\"version\":1,\"username\":\"...\",\"api_token\":\"...\"}".into(),
        );
    };
    let mut document = Fields::default();
    for (name, value) in fields {
        let plain: String = name.chars().filter(|c| *c != '_').flat_map(char::to_lowercase).collect();
        let slot = match plain.as_str() {
            "version" => {
                document.version = value.number();
                continue;
            }
            "expiresat" => {
                let Some(seconds) = value.number() else {
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
        match value {
            Value::Text(text) if slot.is_none() => *slot = Some(text),
            Value::Text(_) => return wrong(format!("has {plain} twice")),
            Value::Null => {}
            _ => return wrong(format!("has a {plain} that is no text")),
        }
    }
    document.check(username)
}

/// The parser puts texts with escapes together in a buffer of its own, which it does not wipe. So one such text comes before the
/// document, as long as that is, for the buffer to have its size, and one after it, to overwrite what is left there.
fn parse(bytes: &[u8]) -> Option<Value> {
    let filler = format!("\"\\n{}\"", "x".repeat(bytes.len()));
    let parts = [b"[", filler.as_bytes(), b",", bytes, b",", filler.as_bytes(), b"]"];
    let mut text = Zeroizing::new(Vec::with_capacity(parts.iter().map(|part| part.len()).sum()));
    parts.iter().for_each(|part| text.extend_from_slice(part));
    serde_json::from_slice::<(String, Value, String)>(&text).ok().map(|(_, value, _)| value)
}

/// What JSON holds, as far as a document needs it; texts are wiped, also those that are refused.
enum Value {
    Text(Zeroizing<String>),
    Number(u64),
    Null,
    Object(Vec<(String, Value)>),
    Other,
}

impl Value {
    fn number(&self) -> Option<u64> {
        match self {
            Value::Number(number) => Some(*number),
            _ => None,
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

/// Takes everything: what the parser says of a type that is not expected would hold the value.
struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("JSON")
    }

    fn visit_str<E>(self, text: &str) -> std::result::Result<Value, E> {
        Ok(Value::Text(Zeroizing::new(text.to_owned())))
    }

    fn visit_u64<E>(self, number: u64) -> std::result::Result<Value, E> {
        Ok(Value::Number(number))
    }

    fn visit_i64<E>(self, _: i64) -> std::result::Result<Value, E> {
        Ok(Value::Other)
    }

    fn visit_f64<E>(self, _: f64) -> std::result::Result<Value, E> {
        Ok(Value::Other)
    }

    fn visit_bool<E>(self, _: bool) -> std::result::Result<Value, E> {
        Ok(Value::Other)
    }

    fn visit_unit<E>(self) -> std::result::Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> std::result::Result<Value, A::Error> {
        while values.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Value::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> std::result::Result<Value, A::Error> {
        let mut fields = Vec::new();
        while let Some(field) = entries.next_entry()? {
            fields.push(field);
        }
        Ok(Value::Object(fields))
    }
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
    fn check(self, username: Option<&str>) -> Result<Document> {
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
                    "is of another user than the one in the settings (BOOMI_USERNAME): leave that one out, or correct it",
                ));
            }
            (found, given) => found.or(given),
        };
        let name = name.ok_or_else(|| Error::config("has no username, and no setting gives one (BOOMI_USERNAME)"))?;
        let basic = Basic::new(kind, name, &secret)
            .map_err(|error| Error::config(format!("cannot be used: {}", error.message())))?;
        Ok(Document { basic, expires_at: self.expires_at })
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
    fn a_document_is_read_however_its_names_are_spelled() {
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
    fn what_is_wrong_is_named_and_not_shown() {
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
    fn what_is_written_is_read() {
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
