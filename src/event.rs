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
    /// Credentials were read from their file or callback. Fields: `source`, `username`, `after_rejection`.
    CredentialsLoaded = 1,
    /// The server rejected a sign-in. Fields: `host`, `username`, `status`, `purpose`.
    SignInRejected = 2,
    /// A JWT was issued. Fields: `host`, `account_id`, `expires_at` (Unix seconds), `lifetime_s`.
    TokenIssued = 3,
    /// A call waits for the next one-time code, because this one was sent before. Fields: `wait_ms`.
    OtpAwaited = 4,
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
