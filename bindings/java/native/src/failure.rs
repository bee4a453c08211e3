//! Why a call has no result, and the fields that say so to Java.

use boomi_auth::Error;

use crate::wire::Writer;

/// Why there is no result.
pub(crate) enum Failure {
    Error(Error),
    /// The object is closed.
    Closed,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::Error(error)
    }
}

/// The fields of a call's result, or why there are none.
pub(crate) type Outcome = Result<Writer, Failure>;

/// The fields of an error.
pub(crate) fn write_error(result: Writer, error: &Error) -> Writer {
    result
        .int(error.kind().code())
        .int(error.status().map_or(0, i32::from))
        .duration(error.retry_after())
        .flag(error.is_retryable())
        .flag(error.was_sent())
        .int(error.attempts().try_into().unwrap_or(i32::MAX))
        .text(error.message())
}
