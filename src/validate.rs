//! Checks of values that a caller gives.

use std::time::Duration;

use crate::error::{Error, Result};

/// An argument error with this text, unless the value is valid.
pub(crate) fn ensure(is_valid: bool, text: impl Into<String>) -> Result<()> {
    if is_valid { Ok(()) } else { Err(Error::invalid(text)) }
}

/// Checks that a timeout is above zero, and cuts it to what every clock can hold.
pub(crate) fn check_timeout(field: &str, timeout: Duration) -> Result<Duration> {
    const LONGEST: Duration = Duration::from_millis(u32::MAX as u64);
    if timeout.is_zero() {
        return Err(Error::invalid(format!("{field} is zero: every call would fail; leave it unset for the default")));
    }
    Ok(timeout.min(LONGEST))
}
