//! The request log: enough to prove what a client sent, and never a secret.

use crate::credentials::Presented;
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
    /// The HTTP method.
    pub method: String,
    /// The path with the query, exactly as on the wire.
    pub path: String,
    /// The status it was answered with.
    pub status: u16,
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
    /// What is known before the answer.
    pub(crate) fn of(request: &Parts, connection: u64, time: i64) -> LogEntry {
        let headers = &request.headers;
        let presented = Presented::of(headers);
        LogEntry {
            time,
            method: request.method.to_string(),
            path: request.uri.path_and_query().map_or_else(String::new, ToString::to_string),
            status: 0,
            scheme: presented.scheme().map(str::to_owned),
            user: presented.basic.map(|basic| basic.user),
            authorization_id: headers.get(header::AUTHORIZATION).map(|value| fingerprint(value.as_bytes())),
            otp: presented.otp.is_some(),
            headers: headers.iter().map(|(name, _)| name.as_str().to_owned()).collect(),
            host: text(headers, header::HOST),
            connection,
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
