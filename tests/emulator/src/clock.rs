//! The server's clock: the machine's, moved by as many seconds as a test asks for.

use std::time::{SystemTime, UNIX_EPOCH};

/// Unix seconds of the machine's clock. The only place that reads it.
#[allow(clippy::disallowed_methods, reason = "the one place where time enters")]
pub(crate) fn machine_now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() as i64)
}

/// The `Date` header for Unix seconds. Years before 1970 show as 1970.
pub(crate) fn http_date(unix_s: i64) -> String {
    // httpdate panics beyond the year 9999, which a test may well ask for.
    const LAST: u64 = 253_402_300_799;
    let seconds = u64::try_from(unix_s).unwrap_or(0).min(LAST);
    httpdate::fmt_http_date(UNIX_EPOCH + std::time::Duration::from_secs(seconds))
}
