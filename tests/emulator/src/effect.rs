//! Effects: what requests changed, so that a test can tell how often one did.

use axum::http::request::Parts;
use serde::{Deserialize, Serialize};

/// A change that a request made: something created, updated, deleted, executed or sent. There is one for each request
/// that took effect, whether or not its answer arrived.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Effect {
    /// The HTTP method.
    pub method: String,
    /// The path with the query, exactly as on the wire.
    pub path: String,
    /// The request header `X-Test-Key`, by which a test knows its requests; empty if none came.
    pub key: String,
}

impl Effect {
    /// The effect a request has, if it has one.
    pub(crate) fn of(parts: &Parts) -> Effect {
        let key = parts.headers.get("x-test-key").map(|key| String::from_utf8_lossy(key.as_bytes()).into_owned());
        Effect {
            method: parts.method.to_string(),
            path: parts.uri.path_and_query().map_or_else(String::new, ToString::to_string),
            key: key.unwrap_or_default(),
        }
    }
}
