//! The times in response headers: Date and Retry-After.

use std::time::Duration;

use ureq::http::{HeaderMap, HeaderName, HeaderValue, header};

/// Returns the wait of Retry-After: seconds, or the time until its date, counted from the Date header if there is one.
pub(crate) fn retry_after(headers: &HeaderMap, now: impl FnOnce() -> Duration) -> Option<Duration> {
    let value = header_text(headers, header::RETRY_AFTER)?;
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // A number that does not fit is longer than any deadline.
        return Some(Duration::from_secs(value.parse::<u32>().unwrap_or(u32::MAX).into()));
    }
    let server_now = header_text(headers, header::DATE).and_then(unix_time);
    Some(unix_time(value)?.saturating_sub(server_now.unwrap_or_else(now)))
}

/// Returns an HTTP date in seconds since 1970.
pub(crate) fn date_seconds(value: &HeaderValue) -> Option<u64> {
    unix_time(value.to_str().ok()?.trim()).map(|date| date.as_secs())
}

fn header_text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

fn unix_time(date: &str) -> Option<Duration> {
    httpdate::parse_http_date(date).ok()?.duration_since(std::time::UNIX_EPOCH).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let wait = |headers: &[(&'static str, &'static str)]| {
            let headers =
                headers.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
            retry_after(&headers.collect(), || Duration::from_secs(784_111_777))
        };
        let date = ("retry-after", "Sun, 06 Nov 1994 08:49:47 GMT");
        assert_eq!(wait(&[("retry-after", " 7 ")]), Some(Duration::from_secs(7)));
        assert_eq!(wait(&[date]), Some(Duration::from_secs(10)));
        assert_eq!(wait(&[date, ("date", "Sun, 06 Nov 1994 08:49:40 GMT")]), Some(Duration::from_secs(7)));
        assert_eq!(wait(&[date, ("date", "Sun, 06 Nov 1994 09:49:40 GMT")]), Some(Duration::ZERO));
        assert_eq!(wait(&[("retry-after", "99999999999")]), Some(Duration::from_secs(u32::MAX.into())));
        for bad in ["", "-1", "soon", "1.5"] {
            assert_eq!(wait(&[("retry-after", bad)]), None, "{bad}");
        }
    }
}
