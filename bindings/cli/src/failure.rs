//! The failure of a command: one message, one exit status.

use boomi_auth::{Error, ErrorKind};

use crate::interrupt;

/// A failure of this machine, such as a full disk.
pub(crate) const LOCAL: u8 = 1;
/// A bad command line, or a bad setting.
pub(crate) const USAGE: u8 = 2;
/// The server rejected the credentials.
pub(crate) const REJECTED: u8 = 3;
/// The request was not sent.
pub(crate) const HELD: u8 = 4;
/// No response, or one that is not usable.
pub(crate) const NETWORK: u8 = 5;
/// The response is an error.
pub(crate) const RESPONSE: u8 = 6;
/// The exit status that a shell reports for signal 13: the reader of the output closed the pipe.
const CLOSED_PIPE: u8 = 128 + 13;

/// The exit status of a failed command, and perhaps a message.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) status: u8,
    pub(crate) message: Option<String>,
}

pub(crate) type Result<T> = std::result::Result<T, Failure>;

impl Failure {
    pub(crate) fn new(status: u8, message: impl Into<String>) -> Self {
        Failure { status, message: Some(message.into()) }
    }

    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(USAGE, message)
    }

    /// A failure to write output.
    pub(crate) fn writing(where_to: &str, error: &std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::BrokenPipe {
            return Failure { status: CLOSED_PIPE, message: None };
        }
        Self::new(LOCAL, format!("cannot write {where_to}: {error}"))
    }
}

/// Fails after a signal.
pub(crate) fn check_interrupt() -> Result<()> {
    if interrupt::requested() { Err(Failure { status: interrupt::status(), message: None }) } else { Ok(()) }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let here = match error.kind() {
            ErrorKind::Held => " (`boomi-auth guard reset`)",
            _ => "",
        };
        Failure::new(status_of(error.kind(), error.status()), format!("{}{here}", error.message()))
    }
}

/// The exit status for an error of the library; `http` is the HTTP status, if there was one.
fn status_of(kind: ErrorKind, http: Option<u16>) -> u8 {
    match kind {
        ErrorKind::InvalidArgument | ErrorKind::Config => USAGE,
        ErrorKind::CredentialsRejected => REJECTED,
        ErrorKind::Held | ErrorKind::Otp => HELD,
        ErrorKind::Canceled => interrupt::status(),
        ErrorKind::Internal => LOCAL,
        _ if http.is_some() => RESPONSE,
        // By the client's own rate limit: nothing was sent.
        ErrorKind::RateLimited => HELD,
        _ => NETWORK,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_its_status() {
        for kind in ErrorKind::ALL {
            let expected = match kind {
                ErrorKind::InvalidArgument | ErrorKind::Config => 2,
                ErrorKind::CredentialsRejected => 3,
                ErrorKind::Held | ErrorKind::Otp | ErrorKind::RateLimited => 4,
                ErrorKind::PermissionDenied | ErrorKind::HttpStatus => 5,
                ErrorKind::Connect | ErrorKind::Proxy | ErrorKind::Tls | ErrorKind::Timeout => 5,
                ErrorKind::Protocol | ErrorKind::TooLarge => 5,
                ErrorKind::Canceled => 130,
                _ => 1,
            };
            assert_eq!(status_of(kind, None), expected, "{kind:?}");
        }
        for kind in [ErrorKind::PermissionDenied, ErrorKind::HttpStatus, ErrorKind::RateLimited] {
            assert_eq!(status_of(kind, Some(503)), 6, "{kind:?}");
        }
        assert_eq!(status_of(ErrorKind::CredentialsRejected, Some(401)), 3);
    }
}
