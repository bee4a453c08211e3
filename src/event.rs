//! Events that a client reports to its owner.

use serde_json::{Value, json};

/// An event of a client. It never holds a secret.
///
/// Handlers run on the thread of the call, outside all locks. They must not call blocking functions of their client.
#[derive(Debug, Clone)]
pub struct Event {
    pub(crate) kind: EventKind,
    pub(crate) fields: Value,
}

/// What an [`Event`] is about. The numbers are the `BOOMI_EVENT_*` constants of the C API; more may be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
#[repr(u32)]
pub enum EventKind {
    /// Credentials were read from their file, callback, program or keychain. Fields: `source`, `username`,
    /// `after_rejection`.
    CredentialsLoaded = 1,
    /// The server rejected an authentication attempt. Fields: `host`, `username`, `status`, `purpose`.
    SignInRejected = 2,
    /// A JWT was issued. Fields: `host`, `account_id`, `expires_at` (Unix seconds), `lifetime_s`.
    TokenIssued = 3,
    /// A call waits for the next one-time code, because this one was sent before. Fields: `wait_ms`.
    OtpAwaited = 4,
    /// A cached JWT was fetched or refreshed. Fields: `account_id`, `generation`, `expires_at`, `lifetime_s`.
    TokenRefreshed = 5,
    /// A cached JWT was not refreshed. Fields: `account_id`, `code` (a `BOOMI_ERR_*` number), `status` (0: no
    /// response), `stale_served` (whether the call got a token that is still valid), `retry_after_ms`.
    RefreshFailed = 6,
    /// An API refused a JWT. Fields: `account_id`, `status`, `renewed` (whether it was, or is, replaced).
    TokenRefused = 7,
    /// The guard blocks an authentication attempt. Fields: `host`, `username`, `purpose`, `reason`, `wait_ms` (null:
    /// without end), `waits` (whether the call waits for it; otherwise it fails).
    SignInHeld = 8,
    /// The state directory is not usable, and the guard uses the process's memory instead. Fields: `path`, `problem`.
    StateUnavailable = 9,
    /// A request is retried. Fields: `host`, `method`, `path`, `attempt` (the failed one, from 1), `status` (0: no
    /// response), `code` (a `BOOMI_ERR_*` number), `wait_ms`.
    RequestRetried = 10,
}

impl EventKind {
    /// Returns the `BOOMI_EVENT_*` number.
    pub fn code(self) -> u32 {
        self as u32
    }

    /// Returns the name in the JSON.
    pub fn name(self) -> &'static str {
        match self {
            EventKind::CredentialsLoaded => "credentials_loaded",
            EventKind::SignInRejected => "sign_in_rejected",
            EventKind::TokenIssued => "token_issued",
            EventKind::OtpAwaited => "otp_awaited",
            EventKind::TokenRefreshed => "token_refreshed",
            EventKind::RefreshFailed => "refresh_failed",
            EventKind::TokenRefused => "token_refused",
            EventKind::SignInHeld => "sign_in_held",
            EventKind::StateUnavailable => "state_unavailable",
            EventKind::RequestRetried => "request_retried",
        }
    }
}

impl Event {
    /// Returns what happened.
    pub fn kind(&self) -> EventKind {
        self.kind
    }

    /// Returns the event as a JSON object: `{"event": name, ...fields}`.
    pub fn to_json(&self) -> String {
        let mut object = json!({ "event": self.kind.name() });
        if let (Some(object), Some(fields)) = (object.as_object_mut(), self.fields.as_object()) {
            object.extend(fields.clone());
        }
        object.to_string()
    }
}
