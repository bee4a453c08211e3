//! The server's clock: the machine's, moved by as many seconds as a test asks for.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Unix milliseconds of the machine's clock. The only place that reads it.
#[allow(clippy::disallowed_methods, reason = "the one place where time enters")]
pub(crate) fn machine_now_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64)
}

/// Microseconds since a start, whatever the machine's clock does meanwhile.
#[derive(Clone, Copy)]
pub(crate) struct Stopwatch(Instant);

#[allow(clippy::disallowed_methods, reason = "the one place where time enters")]
impl Stopwatch {
    pub(crate) fn start() -> Stopwatch {
        Stopwatch(Instant::now())
    }

    pub(crate) fn us(self) -> u64 {
        Instant::now().duration_since(self.0).as_micros() as u64
    }
}

/// The `Date` header for Unix seconds. Years before 1970 show as 1970.
pub(crate) fn http_date(unix_s: i64) -> String {
    // httpdate panics beyond the year 9999, which a test may well ask for.
    const LAST: u64 = 253_402_300_799;
    let seconds = u64::try_from(unix_s).unwrap_or(0).min(LAST);
    httpdate::fmt_http_date(UNIX_EPOCH + std::time::Duration::from_secs(seconds))
}
