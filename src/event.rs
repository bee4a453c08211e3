//! What a client tells its owner while it works.

use serde_json::{Value, json};

/// Something that happened in a client. It never holds a secret.
///
/// Handlers run on the thread of the call, outside all locks. They must not call blocking functions of the same client.
#[derive(Debug, Clone)]
pub struct Event {
    kind: EventKind,
    fields: Value,
}

/// What an [`Event`] is about. The numbers are the `BOOMI_EVENT_*` constants of the C API; more may be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
#[repr(u32)]
pub enum EventKind {
    /// Credentials were read from their file, callback, program or keychain. Fields: `source`, `username`, `after_rejection`.
    CredentialsLoaded = 1,
    /// The server rejected a sign-in. Fields: `host`, `username`, `status`, `purpose`.
    SignInRejected = 2,
    /// A JWT was issued. Fields: `host`, `account_id`, `expires_at` (Unix seconds), `lifetime_s`.
    TokenIssued = 3,
    /// A call waits for the next one-time code, because this one was sent before. Fields: `wait_ms`.
    OtpAwaited = 4,
    /// A kept JWT was renewed, or the first one was got. Fields: `account_id`, `generation`, `expires_at`, `lifetime_s`.
    TokenRefreshed = 5,
    /// A kept JWT could not be renewed. Fields: `account_id`, `code` (a `BOOMI_ERR_*` number), `status` (0: no answer),
    /// `stale_served` (whether a living token was handed out all the same), `retry_after_ms`.
    RefreshFailed = 6,
    /// An API refused a JWT. Fields: `account_id`, `status`, `renewed` (whether it was, or is, replaced).
    TokenRefused = 7,
    /// The guard holds a sign-in back. Fields: `host`, `username`, `purpose`, `reason`, `wait_ms` (null: for good),
    /// `waits` (whether the call waits for it; otherwise it fails).
    SignInHeld = 8,
    /// The state directory could not be used, and the process's own memory was. Fields: `path`, `problem`.
    StateUnavailable = 9,
    /// A request is sent again. Fields: `host`, `method`, `path`, `attempt` (the one that failed, the first being 1), `status`
    /// (0: no answer), `code` (a `BOOMI_ERR_*` number), `wait_ms`.
    RequestRetried = 10,
}

impl EventKind {
    /// The `BOOMI_EVENT_*` number.
    pub fn code(self) -> u32 {
        self as u32
    }

    /// The name that stands in the JSON.
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
    pub(crate) fn new(kind: EventKind, fields: Value) -> Self {
        Event { kind, fields }
    }

    /// What happened.
    pub fn kind(&self) -> EventKind {
        self.kind
    }

    /// The event as a JSON object: `{"event": name, ...fields}`.
    pub fn to_json(&self) -> String {
        let mut object = json!({ "event": self.kind.name() });
        if let (Some(object), Some(fields)) = (object.as_object_mut(), self.fields.as_object()) {
            object.extend(fields.clone());
        }
        object.to_string()
    }
}
