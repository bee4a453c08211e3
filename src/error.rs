//! Errors: a code that programs act on and a text that people act on.

use std::{ffi::CStr, time::Duration};

/// The result type of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The kind of a failure. The numbers are the `BOOMI_ERR_*` codes of the C API and never change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[repr(i32)]
pub enum ErrorKind {
    /// An argument is null, empty, out of range, not UTF-8, or has a character that is not allowed.
    InvalidArgument = 1,
    /// A setting is missing or contradicts another. The message names it and where Boomi shows its value.
    Config = 2,
    /// Authentication failed: 401, or 403 with `error.user.login`.
    CredentialsRejected = 3,
    /// The server does not allow this user the request: another 403, or 400 "does not have access rights".
    PermissionDenied = 4,
    /// Nothing was sent: attempts with these credentials failed, and one more could lock the user.
    ///
    /// It lasts for the time to wait; without one, until other credentials or
    /// [`Client::reset_guard`](crate::Client::reset_guard).
    Held = 5,
    /// No one-time code was available in time.
    Otp = 6,
    /// Too many requests: 429, or 503, with which Boomi says both "rate limit" and "too busy".
    RateLimited = 7,
    /// An HTTP status that the call cannot use.
    HttpStatus = 8,
    /// The name did not resolve, or the TCP connection failed or was lost.
    Connect = 9,
    /// The proxy was not reachable or refused, or its setting is wrong.
    Proxy = 10,
    /// The TLS handshake failed. The message names the roots that were trusted.
    Tls = 11,
    /// A deadline passed.
    Timeout = 12,
    /// The response is not what the API specifies, such as a login page instead of a token.
    Protocol = 13,
    /// The response is larger than allowed.
    TooLarge = 14,
    /// The caller canceled the call.
    Canceled = 15,
    /// A bug in this library.
    Internal = 16,
}

impl ErrorKind {
    /// Every kind, in the order of its code.
    pub const ALL: [ErrorKind; 16] = [
        ErrorKind::InvalidArgument,
        ErrorKind::Config,
        ErrorKind::CredentialsRejected,
        ErrorKind::PermissionDenied,
        ErrorKind::Held,
        ErrorKind::Otp,
        ErrorKind::RateLimited,
        ErrorKind::HttpStatus,
        ErrorKind::Connect,
        ErrorKind::Proxy,
        ErrorKind::Tls,
        ErrorKind::Timeout,
        ErrorKind::Protocol,
        ErrorKind::TooLarge,
        ErrorKind::Canceled,
        ErrorKind::Internal,
    ];

    /// Returns the `BOOMI_ERR_*` number.
    pub fn code(self) -> i32 {
        self as i32
    }

    /// Returns a short description of this kind.
    pub fn description(self) -> &'static CStr {
        match self {
            ErrorKind::InvalidArgument => c"invalid argument",
            ErrorKind::Config => c"a setting is missing or contradicts another",
            ErrorKind::CredentialsRejected => c"the credentials were rejected",
            ErrorKind::PermissionDenied => c"permission denied",
            ErrorKind::Held => c"not sent: these credentials are held back after rejections",
            ErrorKind::Otp => c"no one-time code was available in time",
            ErrorKind::RateLimited => c"too many requests",
            ErrorKind::HttpStatus => c"unexpected HTTP status",
            ErrorKind::Connect => c"no connection",
            ErrorKind::Proxy => c"the proxy failed",
            ErrorKind::Tls => c"no trusted TLS connection",
            ErrorKind::Timeout => c"timed out",
            ErrorKind::Protocol => c"the response is not what the API specifies",
            ErrorKind::TooLarge => c"the response is too large",
            ErrorKind::Canceled => c"canceled",
            ErrorKind::Internal => c"internal error, a bug in boomi-auth",
        }
    }
}

impl std::fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.description().to_string_lossy())
    }
}

/// A failure: its kind, what happened, what to do about it, and whether a retry helps.
///
/// The text never holds a secret, a header's value or a response's body.
#[derive(Clone, thiserror::Error)]
#[error("{}", .0.message)]
pub struct Error(Box<Details>);

#[derive(Clone)]
struct Details {
    kind: ErrorKind,
    message: String,
    status: Option<u16>,
    retry_after: Option<Duration>,
    retryable: bool,
    sent: bool,
    attempts: u32,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Error(Box::new(Details {
            kind,
            message: message.into(),
            status: None,
            retry_after: None,
            retryable: false,
            sent: false,
            attempts: 0,
        }))
    }

    /// Makes an error of the kind [`ErrorKind::Config`] for a function that supplies credentials.
    ///
    /// Its text is that of `error`, which must hold no secret.
    pub fn other(error: impl std::fmt::Display) -> Self {
        Self::config(crate::text::printable(&error.to_string(), 500))
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidArgument, message)
    }

    pub(crate) fn config(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Config, message)
    }

    pub(crate) fn with_status(mut self, status: u16) -> Self {
        self.0.status = Some(status);
        self
    }

    pub(crate) fn with_retry_after(mut self, after: Option<Duration>) -> Self {
        self.0.retry_after = after;
        self
    }

    pub(crate) fn retryable(mut self, yes: bool) -> Self {
        self.0.retryable = yes;
        self
    }

    pub(crate) fn sent(mut self, yes: bool) -> Self {
        self.0.sent = yes;
        self
    }

    pub(crate) fn with_attempts(mut self, attempts: u32) -> Self {
        self.0.attempts = attempts;
        self
    }

    pub(crate) fn noting(mut self, note: &str) -> Self {
        self.0.message.push_str(note);
        self
    }

    /// Returns the kind of failure.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Returns what happened, where, and what to do about it.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Returns the HTTP status, if a response arrived.
    pub fn status(&self) -> Option<u16> {
        self.0.status
    }

    /// Returns how long to wait before a retry, where that is known.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Returns whether an unchanged call may succeed later.
    pub fn is_retryable(&self) -> bool {
        self.0.retryable
    }

    /// Returns whether any part of the request was sent, so that it may have had an effect.
    pub fn was_sent(&self) -> bool {
        self.0.sent
    }

    /// Returns the number of attempts.
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }
}

/// The first error of an object's setters, for callers that check once after all of them.
#[derive(Clone, Default)]
pub(crate) struct FirstError(Option<Error>);

impl FirstError {
    /// Returns `result`, and stores its error if that is the first.
    pub(crate) fn keep<T>(&mut self, result: Result<T>) -> Result<T> {
        result.inspect_err(|error| {
            self.0.get_or_insert_with(|| error.clone());
        })
    }

    pub(crate) fn check(&self) -> Result<()> {
        self.0.clone().map_or(Ok(()), Err)
    }
}

/// Readable, because `main` prints it for an error that it returns.
impl std::fmt::Debug for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}: {}", self.0.kind, self.0.message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_match_the_header() {
        for (index, kind) in ErrorKind::ALL.into_iter().enumerate() {
            assert_eq!(kind.code(), index as i32 + 1);
            assert!(!kind.to_string().is_empty());
        }
    }
}
