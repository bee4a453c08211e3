//! The response of `/auth/jwt/generate`: a JWT, and how long it lives.

use std::{ffi::CString, sync::Arc, time::Duration};

use base64::Engine as _;
use serde_json::Value;

use crate::error::{Error, ErrorKind, Result};
use crate::{clock::Moment, secret::Secret};

/// The life of a JWT without an `exp` claim. (Boomi's authentication page: "JWT tokens expire after 5 minutes".)
const DEFAULT_LIFETIME: Duration = Duration::from_secs(300);
/// A longer life in a JWT is cut to this.
const LONGEST_LIFETIME: Duration = Duration::from_secs(24 * 3600);
/// How far the wall clock may go back after a token was requested, before the token counts as expired.
const TOLERANCE: Duration = Duration::from_secs(2);
const SCHEME: &str = "Bearer ";

/// A JWT for one account. Cloning shares it; it never changes.
#[derive(Clone)]
pub struct Token(pub(crate) Arc<CountedToken>);

/// A reference count for shared [`TokenData`]. A cached token has several, so that threads do not contend for one.
pub(crate) struct CountedToken {
    pub(crate) data: Arc<TokenData>,
    /// Makes 64 bytes of it, with the counts, so that no two counts share a cache line.
    _padding: [u8; 40],
}

pub(crate) struct TokenData {
    /// `Bearer ...`
    pub(crate) header: Secret,
    pub(crate) account_id: CString,
    pub(crate) issued_at: i64,
    pub(crate) expires_at: i64,
    lifetime: Duration,
    /// What was left of it at `sent`.
    left: Duration,
    sent: Moment,
}

impl Token {
    /// Reads the body of a response with status 200. `date` is its Date header, in Unix seconds.
    ///
    /// The payload is not verified: only the token's life is read from it.
    pub(crate) fn read(body: &[u8], account_id: &str, date: Option<u64>, sent: Moment) -> Result<Self> {
        let jwt = std::str::from_utf8(body).map(|text| text.trim().trim_matches('"').trim()).unwrap_or_default();
        let payload = payload(jwt)
            .ok_or_else(|| Error::new(ErrorKind::Protocol, format!("the answer is no JWT but {}", looks_like(body))))?;
        let lifetime = lifetime(&payload, date)
            .ok_or_else(|| Error::new(ErrorKind::Protocol, "the JWT had expired when it arrived: check the clocks"))?;
        Token::new(jwt, account_id, sent.wall, lifetime, sent)
    }

    /// Reads a token that another process requested, with `left` of its life at the moment `asked`.
    pub(crate) fn found(
        jwt: &[u8],
        account_id: &str,
        lifetime: Duration,
        left: Duration,
        asked: Moment,
    ) -> Result<Self> {
        let bad = || Error::new(ErrorKind::Protocol, "what the store keeps is no JWT");
        let jwt = std::str::from_utf8(jwt).map_err(|_| bad())?;
        payload(jwt).ok_or_else(bad)?;
        let issued = asked.wall.saturating_sub(lifetime.saturating_sub(left));
        Token::new(jwt, account_id, issued, Lifetime { whole: lifetime, left }, asked)
    }

    fn new(jwt: &str, account_id: &str, issued: Duration, lifetime: Lifetime, sent: Moment) -> Result<Self> {
        Ok(Token::counting(Arc::new(TokenData {
            header: Secret::concat(&[SCHEME, jwt]),
            account_id: CString::new(account_id).map_err(|_| Error::invalid("the account id has a NUL"))?,
            issued_at: seconds(issued),
            expires_at: seconds(sent.wall + lifetime.left),
            lifetime: lifetime.whole,
            left: lifetime.left,
            sent,
        })))
    }

    fn counting(data: Arc<TokenData>) -> Self {
        Token(Arc::new(CountedToken { data, _padding: [0; 40] }))
    }

    /// The same token with a reference count of its own.
    pub(crate) fn counted_apart(&self) -> Self {
        Token::counting(self.0.data.clone())
    }

    /// The JWT itself.
    pub fn jwt(&self) -> &str {
        &self.header()[SCHEME.len()..]
    }

    /// The value of the `Authorization` header: `Bearer ...`.
    pub fn header(&self) -> &str {
        self.0.data.header.expose()
    }

    /// The account that the token is for.
    pub fn account_id(&self) -> &str {
        self.0.data.account_id.to_str().expect("made from text")
    }

    /// When the token was requested: Unix seconds, by this machine's clock.
    pub fn issued_at(&self) -> i64 {
        self.0.data.issued_at
    }

    /// When the token expires: Unix seconds, by this machine's clock. The `exp` claim is by the server's clock.
    pub fn expires_at(&self) -> i64 {
        self.0.data.expires_at
    }

    /// Whether both are references to one token.
    pub(crate) fn is(&self, other: &Token) -> bool {
        Arc::ptr_eq(&self.0.data, &other.0.data)
    }

    pub(crate) fn lifetime(&self) -> Duration {
        self.0.data.lifetime
    }

    /// Returns what was left of its life when it was requested.
    pub(crate) fn left_on_arrival(&self) -> Duration {
        self.0.data.left
    }

    /// Returns what is left of its life: none if either clock says so, or if the wall clock is before the request.
    pub(crate) fn remaining(&self, now: Moment) -> Duration {
        let TokenData { sent, left, .. } = *self.0.data;
        if now.wall + TOLERANCE < sent.wall {
            return Duration::ZERO;
        }
        let passed = now.steady.saturating_sub(sent.steady).max(now.wall.saturating_sub(sent.wall));
        left.saturating_sub(passed)
    }

    pub(crate) fn secret(&self) -> &Secret {
        &self.0.data.header
    }

    /// Returns the header's value for a request, without a copy of the secret.
    pub(crate) fn in_header(&self) -> BearerHeader {
        BearerHeader(self.clone())
    }
}

#[cfg(feature = "capi")]
impl TokenData {
    pub(crate) fn c_jwt(&self) -> &std::ffi::CStr {
        let bytes = &self.header.as_c_str().to_bytes_with_nul()[SCHEME.len()..];
        std::ffi::CStr::from_bytes_with_nul(bytes).expect("the end of a C string")
    }
}

/// The value of the Authorization header, in the token's memory.
pub(crate) struct BearerHeader(Token);

impl AsRef<[u8]> for BearerHeader {
    fn as_ref(&self) -> &[u8] {
        self.0.secret().as_bytes()
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Token")
            .field("account_id", &self.account_id())
            .field("expires_at", &self.expires_at())
            .field("jwt", self.secret())
            .finish()
    }
}

fn seconds(duration: Duration) -> i64 {
    duration.as_secs().try_into().unwrap_or(i64::MAX)
}

/// Returns the payload of a JWT, the second of three base64url parts.
fn payload(jwt: &str) -> Option<Value> {
    let (header, rest) = jwt.split_once('.')?;
    let (payload, signature) = rest.split_once('.')?;
    if ![header, payload, signature].into_iter().all(is_base64url) {
        return None;
    }
    let payload = base64::prelude::BASE64_URL_SAFE_NO_PAD.decode(payload).ok()?;
    Some(serde_json::from_slice(&payload).unwrap_or(Value::Null))
}

/// Returns whether `part` is base64url. The fold, without an early exit, compiles to vector code.
fn is_base64url(part: &str) -> bool {
    let good = |byte: u8| byte.is_ascii_alphanumeric() | (byte == b'-') | (byte == b'_');
    !part.is_empty() && part.len() % 4 != 1 && part.bytes().fold(true, |all, byte| all & good(byte))
}

/// Names what the body is instead of a JWT, without quoting it.
fn looks_like(body: &[u8]) -> &'static str {
    let start = body.trim_ascii_start();
    let lower: Vec<u8> = start.iter().take(16).map(u8::to_ascii_lowercase).collect();
    if start.is_empty() {
        "empty"
    } else if lower.starts_with(b"<!doctype html") || lower.starts_with(b"<html") {
        "an HTML page; is there a proxy or a sign-in page in between?"
    } else if start.starts_with(b"<") {
        "XML"
    } else if start.starts_with(b"{") || start.starts_with(b"[") {
        "JSON"
    } else {
        "something else"
    }
}

struct Lifetime {
    /// From issue to expiry.
    whole: Duration,
    /// From the request to expiry.
    left: Duration,
}

/// Reads a token's life from its claims and the server's clock; `None` if it has expired.
///
/// Boomi documents five minutes. Of the claims only `exp` is known; `iat` may be missing, and either may be in
/// milliseconds. The server may return the same JWT for a while, so less than the whole life may be left.
fn lifetime(payload: &Value, date: Option<u64>) -> Option<Lifetime> {
    let claim = |name: &str| {
        let value = payload.get(name)?;
        let number = value.as_f64().or_else(|| value.as_str()?.trim().parse().ok())?;
        // Seconds reach 1e11 in the year 5138; milliseconds passed it in 1973.
        let seconds = if number > 1e11 { number / 1000.0 } else { number };
        (seconds.is_finite() && seconds > 0.0).then_some(seconds)
    };
    let Some(expiry) = claim("exp") else {
        return Some(Lifetime { whole: DEFAULT_LIFETIME, left: DEFAULT_LIFETIME });
    };
    let date = date.map(|date| date as f64);
    let whole = match (claim("iat").filter(|issued| *issued < expiry), date) {
        (Some(issued), _) => expiry - issued,
        (None, Some(date)) => expiry - date,
        (None, None) => DEFAULT_LIFETIME.as_secs_f64(),
    };
    let whole = whole.min(LONGEST_LIFETIME.as_secs_f64());
    let left = date.map_or(whole, |date| whole.min(expiry - date));
    let span = |seconds: f64| (seconds > 0.0).then(|| Duration::from_secs_f64(seconds));
    Some(Lifetime { whole: span(whole)?, left: span(left)? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock as _;
    use crate::tests::fake_clock::FakeClock;

    const NOW: u64 = 1_800_000_000;

    fn jwt(payload: &str) -> String {
        let encode = |text: &str| base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(text);
        format!("{}.{}.{}", encode("{\"alg\":\"RS256\"}"), encode(payload), encode("signature"))
    }

    fn read(body: &str, date: Option<u64>) -> Result<Token> {
        let clock = FakeClock::at(NOW);
        Token::read(body.as_bytes(), "account123", date, clock.moment())
    }

    #[test]
    fn response_is_trimmed_and_unquoted() {
        let jwt = jwt("{}");
        for body in [jwt.clone(), format!("  {jwt} \r\n"), format!("\"{jwt}\"\n")] {
            let token = read(&body, None).unwrap();
            assert_eq!(token.jwt(), jwt);
            assert_eq!(token.header(), format!("Bearer {jwt}"));
            assert_eq!(token.account_id(), "account123");
        }
    }

    #[test]
    fn other_body_is_a_protocol_error_without_a_quote() {
        for (body, text) in [
            ("", "empty"),
            ("<!DOCTYPE HTML><title>marked-secret</title>", "HTML page"),
            ("<html>", "HTML page"),
            ("<error/>", "XML"),
            ("{\"token\":\"marked-secret\"}", "JSON"),
            ("a.b", "something else"),
            ("YQ.YQ.", "something else"),
            ("YQ.YQ.YQ.YQ", "something else"),
            ("Y+Q/.YQ.YQ", "something else"),
            ("marked-secret.YQ", "something else"),
        ] {
            let error = read(body, None).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Protocol);
            assert!(error.message().contains(text) && !error.message().contains("marked-secret"), "{error}");
        }
    }

    #[test]
    fn lifetime_follows_claims_and_date() {
        let minute = NOW - 60;
        // payload, Date, whole life and what is left of it
        let cases = [
            (format!(r#"{{"exp":{}}}"#, NOW + 300), Some(NOW), Some((300, 300))),
            (format!(r#"{{"exp":{},"iat":{NOW}}}"#, NOW + 600), Some(NOW), Some((600, 600))),
            (format!(r#"{{"exp":{},"iat":{NOW}}}"#, NOW + 600), None, Some((600, 600))),
            // The same JWT a minute later.
            (format!(r#"{{"exp":{},"iat":{minute}}}"#, NOW + 240), Some(NOW), Some((300, 240))),
            // A server six hours off agrees with itself.
            (format!(r#"{{"exp":{}}}"#, NOW + 21_900), Some(NOW + 21_600), Some((300, 300))),
            (format!(r#"{{"exp":{}}}"#, NOW - 21_300), Some(NOW - 21_600), Some((300, 300))),
            // Milliseconds, and text.
            (format!(r#"{{"exp":{}000,"iat":{NOW}000}}"#, NOW + 300), Some(NOW), Some((300, 300))),
            (format!(r#"{{"exp":"{}"}}"#, NOW + 300), Some(NOW), Some((300, 300))),
            // No usable claim, and an iat after exp.
            ("{}".into(), Some(NOW), Some((300, 300))),
            ("[]".into(), None, Some((300, 300))),
            (format!(r#"{{"exp":{}}}"#, NOW + 900), None, Some((300, 300))),
            (format!(r#"{{"exp":{},"iat":{}}}"#, NOW + 300, NOW + 400), Some(NOW), Some((300, 300))),
            // A year is cut.
            (format!(r#"{{"exp":{}}}"#, NOW + 31_536_000), Some(NOW), Some((86_400, 86_400))),
            // Expired on arrival.
            (format!(r#"{{"exp":{NOW}}}"#), Some(NOW), None),
            (format!(r#"{{"exp":{},"iat":{}}}"#, NOW - 1, NOW - 301), Some(NOW), None),
        ];
        for (payload, date, expected) in cases {
            let token = read(&jwt(&payload), date).ok();
            let expected = expected.map(|(whole, left)| (Duration::from_secs(whole), (NOW + left) as i64));
            assert_eq!(token.map(|token| (token.lifetime(), token.expires_at())), expected, "{payload} {date:?}");
        }
    }

    #[test]
    fn token_expires_by_either_clock() {
        let clock = FakeClock::at(NOW);
        let token = || Token::read(jwt("{}").as_bytes(), "a", None, clock.moment()).unwrap();
        let left = |token: &Token| token.remaining(clock.moment()).as_secs();

        let slept = token();
        clock.suspend(Duration::from_secs(290));
        assert_eq!(left(&slept), 10);

        let forward = token();
        clock.set_wall(Duration::from_secs(NOW + 3600));
        assert_eq!(left(&forward), 0);

        let back = token();
        clock.set_wall(Duration::from_secs(NOW));
        assert_eq!(left(&back), 0);

        let adjusted = token();
        clock.set_wall(Duration::from_secs(NOW - 1));
        assert_eq!(left(&adjusted), 300);
    }

    #[test]
    fn token_debug_shows_no_secret() {
        let token = read(&jwt("{}"), None).unwrap();
        assert!(!format!("{token:?}").contains(token.jwt()));
    }
}
