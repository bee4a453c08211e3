//! Checks of values that a caller gives.

use std::time::Duration;

use crate::error::{Error, Result};

/// Refuses an empty `value` and control characters.
///
/// A CR or LF would end a header early, and a NUL a C string.
pub(crate) fn check(field: &str, value: &str) -> Result<()> {
    if value.is_empty() {
        return Err(Error::invalid(format!("{field} is empty")));
    }
    if let Some(position) = value.chars().position(char::is_control) {
        return Err(Error::invalid(format!(
            "{field} has a control character at position {position} (a line end pasted with it?): remove it"
        )));
    }
    Ok(())
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_refuses_control_characters_and_nothing_else() {
        for bad in ["", "a\r", "a\nb", "\0", "tab\t", "\u{7f}", "\u{85}"] {
            assert!(check("field", bad).unwrap_err().message().starts_with("field "), "{bad:?}");
        }
        for good in ["a", "pass:wörd with spaces", "日本"] {
            check("field", good).unwrap();
        }
    }
}
