//! The request log: enough to prove what a client sent, and never a secret.

use crate::credentials::Presented;
use crate::{OutageKind, WireFault};
use axum::http::{HeaderMap, header, request::Parts};
use data_encoding::HEXLOWER;
use ring::{hmac, rand::SystemRandom};
use serde::{Deserialize, Serialize};
use std::sync::LazyLock;

/// One request and the status it was answered with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogEntry {
    /// When it came: Unix seconds of the server's clock.
    pub time: i64,
    /// The same in milliseconds.
    pub time_ms: i64,
    /// When it came: milliseconds since the emulator started, whatever happens to the server's clock.
    pub at_ms: u64,
    /// The HTTP method.
    pub method: String,
    /// The path with the query, exactly as on the wire.
    pub path: String,
    /// The account in the path, decoded; none where the path names none.
    pub account: Option<String>,
    /// The status it was answered with: the one decided on, whether or not it reached the client. 0 if nothing was
    /// decided because of an outage.
    pub status: u16,
    /// The outage it ran into. With [`OutageKind::Hang`] and [`OutageKind::Reset`] no answer was sent.
    pub outage: Option<OutageKind>,
    /// The fault it ran into; `status` is what should have come, 0 if nothing was decided.
    pub fault: Option<WireFault>,
    /// How many requests with the same first segment of the path were in flight when it came, itself included; see
    /// [`InFlight`](crate::InFlight).
    pub in_flight: u32,
    /// `Basic`, `Bearer`, or nothing where no or another scheme came.
    pub scheme: Option<String>,
    /// The Basic user name as sent, with its prefix if it had one.
    pub user: Option<String>,
    /// A fingerprint of the whole `Authorization` value: equal headers have equal ids, and nothing is revealed
    /// (HMAC-SHA256 under a random key that lives as long as this process).
    pub authorization_id: Option<String>,
    /// Whether `X-Boomi-OTP` came.
    pub otp: bool,
    /// The names of all headers that came, in lower case; one that came twice is here twice.
    pub headers: Vec<String>,
    /// The `Host` header.
    pub host: Option<String>,
    /// Which TCP connection it came on: requests with one number shared a connection.
    pub connection: u64,
    /// The `User-Agent` header.
    pub user_agent: Option<String>,
    /// The `Accept` header.
    pub accept: Option<String>,
    /// The `Content-Type` header.
    pub content_type: Option<String>,
}

impl LogEntry {
    /// What the request alone tells.
    pub(crate) fn of(request: &Parts, presented: &Presented) -> LogEntry {
        let headers = &request.headers;
        LogEntry {
            time: 0,
            time_ms: 0,
            at_ms: 0,
            method: request.method.to_string(),
            path: request.uri.path_and_query().map_or_else(String::new, ToString::to_string),
            account: None,
            status: 0,
            outage: None,
            fault: None,
            in_flight: 0,
            scheme: presented.scheme().map(str::to_owned),
            user: presented.basic.as_ref().map(|basic| basic.user.clone()),
            authorization_id: headers.get(header::AUTHORIZATION).map(|value| fingerprint(value.as_bytes())),
            otp: presented.otp.is_some(),
            headers: headers.iter().map(|(name, _)| name.as_str().to_owned()).collect(),
            host: text(headers, header::HOST),
            connection: 0,
            user_agent: text(headers, header::USER_AGENT),
            accept: text(headers, header::ACCEPT),
            content_type: text(headers, header::CONTENT_TYPE),
        }
    }
}

fn text(headers: &HeaderMap, name: header::HeaderName) -> Option<String> {
    headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}

fn fingerprint(value: &[u8]) -> String {
    static KEY: LazyLock<hmac::Key> = LazyLock::new(|| {
        hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new()).expect("the system has random numbers")
    });
    HEXLOWER.encode(hmac::sign(&KEY, value).as_ref())
}
