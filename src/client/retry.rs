//! The retry policy: whether and when a request is sent again. Pure functions.

use std::time::Duration;

use super::idempotency::Idempotency;
use crate::error::ErrorKind;

#[derive(Debug, Clone, Copy)]
pub(crate) enum AttemptOutcome<'a> {
    Responded {
        status: u16,
        message: Option<&'a str>,
        retry_after: Option<Duration>,
    },
    NoResponse {
        kind: ErrorKind,
        retryable: bool,
        /// Whether any byte of the request was sent.
        sent: bool,
        /// Whether it was sent on an idle connection, on which nothing came back.
        went_stale: bool,
    },
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct RetryBudget {
    /// The most attempts after the first.
    pub(crate) retries: u32,
    pub(crate) time: Duration,
    /// A random number from 0 to 1.
    pub(crate) jitter: f64,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum RetryDecision {
    Retry(Duration),
    /// Give the outcome to the caller.
    Give,
}

/// Exponential backoff with full jitter: base and cap.
const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(20);
/// Jitter on top of Retry-After.
const SPREAD: Duration = Duration::from_millis(250);
/// An attempt needs at least this much time.
const TIME_FOR_AN_ATTEMPT: Duration = Duration::from_millis(100);

/// Decides after the `attempt`-th attempt, the first being 1.
pub(crate) fn decide(
    idempotency: Idempotency,
    attempt: u32,
    outcome: AttemptOutcome<'_>,
    budget: RetryBudget,
) -> RetryDecision {
    if attempt > budget.retries || !may_help(idempotency, outcome) {
        return RetryDecision::Give;
    }
    let wait = wait(attempt, outcome, budget.jitter);
    if wait + TIME_FOR_AN_ATTEMPT > budget.time { RetryDecision::Give } else { RetryDecision::Retry(wait) }
}

/// Whether another attempt may succeed and is safe.
fn may_help(idempotency: Idempotency, outcome: AttemptOutcome<'_>) -> bool {
    match outcome {
        AttemptOutcome::Responded { status: 429 | 502..=504, .. } if idempotency == Idempotency::Idempotent => true,
        // Boomi refuses before any effect. Any other 503 may come from a gateway whose server still works on the
        // request.
        AttemptOutcome::Responded { status: 503, message, .. } => message.is_some_and(is_rate_limit),
        AttemptOutcome::Responded { .. } => false,
        AttemptOutcome::NoResponse { sent: true, .. } if idempotency == Idempotency::NonIdempotent => false,
        AttemptOutcome::NoResponse { kind, retryable, .. } => retryable && is_of_the_connection(kind),
    }
}

pub(crate) fn is_of_the_connection(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::Connect | ErrorKind::Proxy | ErrorKind::Tls | ErrorKind::Timeout)
}

/// The documented text: "The Boomi server is currently unavailable or your account's rate limits have been exceeded."
/// (Source: Platform OpenAPI, 503; the list of errors says "exceeded the allotted rate limit".)
fn is_rate_limit(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    message.contains("rate limit") && message.contains("exceed")
}

fn wait(attempt: u32, outcome: AttemptOutcome<'_>, jitter: f64) -> Duration {
    let longest = FIRST_WAIT.saturating_mul(1 << (attempt - 1).min(16)).min(LONGEST_WAIT);
    match outcome {
        // The server closed an idle connection: it works, and a new connection is enough.
        AttemptOutcome::NoResponse { went_stale: true, .. } if attempt == 1 => Duration::ZERO,
        AttemptOutcome::Responded { retry_after: Some(after), .. } if !after.is_zero() => {
            after + SPREAD.mul_f64(jitter)
        }
        _ => longest.mul_f64(jitter),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Idempotency::{Idempotent, NonIdempotent};
    use RetryDecision::{Give, Retry};

    const PLENTY: RetryBudget = RetryBudget { retries: 4, time: Duration::from_secs(60), jitter: 1.0 };
    const RATE_LIMIT: &str =
        "The Boomi server is currently unavailable or your account's rate limits have been exceeded. Retry later.";

    fn responded(status: u16, message: &'static str, retry_after: Option<u64>) -> AttemptOutcome<'static> {
        AttemptOutcome::Responded { status, message: Some(message), retry_after: retry_after.map(Duration::from_secs) }
    }

    fn lost(kind: ErrorKind, sent: bool) -> AttemptOutcome<'static> {
        AttemptOutcome::NoResponse { kind, retryable: true, sent, went_stale: false }
    }

    fn retries(idempotency: Idempotency, outcome: AttemptOutcome<'_>) -> bool {
        decide(idempotency, 1, outcome, PLENTY) != Give
    }

    #[test]
    fn response_is_retried_by_status_and_message() {
        for status in 200..600 {
            let passes = matches!(status, 429 | 502 | 503 | 504);
            assert_eq!(retries(Idempotent, responded(status, "", None)), passes, "{status}");
            assert!(!retries(NonIdempotent, responded(status, "", None)), "{status}");
            assert_eq!(retries(NonIdempotent, responded(status, RATE_LIMIT, None)), status == 503, "{status}");
        }
        for another in ["You have exceeded your quota.", "There is a rate limit."] {
            assert!(!retries(NonIdempotent, responded(503, another, None)), "{another}");
        }
    }

    #[test]
    fn retry_needs_time_for_an_attempt() {
        for (ms, goes) in [(599, false), (600, true)] {
            let budget = RetryBudget { time: Duration::from_millis(ms), ..PLENTY };
            assert_eq!(decide(Idempotent, 1, responded(502, "", None), budget) != Give, goes, "{ms} ms");
        }
    }

    #[test]
    fn failure_is_retried_by_kind_and_idempotency() {
        for kind in ErrorKind::ALL {
            let of_the_connection =
                matches!(kind, ErrorKind::Connect | ErrorKind::Proxy | ErrorKind::Tls | ErrorKind::Timeout);
            for (idempotency, sent, may) in [
                (Idempotent, false, true),
                (Idempotent, true, true),
                (NonIdempotent, false, true),
                (NonIdempotent, true, false),
            ] {
                assert_eq!(
                    retries(idempotency, lost(kind, sent)),
                    of_the_connection && may,
                    "{kind:?} {idempotency:?} {sent}"
                );
            }
            let for_good = AttemptOutcome::NoResponse { kind, retryable: false, sent: false, went_stale: false };
            assert!(!retries(Idempotent, for_good), "{kind:?}");
        }
    }

    #[test]
    fn backoff_doubles_up_to_its_cap() {
        let busy = responded(503, "", None);
        let budget = |jitter| RetryBudget { retries: 20, time: Duration::from_secs(3600), jitter };
        let waits: Vec<_> = (1..=8).map(|attempt| decide(Idempotent, attempt, busy, budget(1.0))).collect();
        let ms = |ms| Retry(Duration::from_millis(ms));
        assert_eq!(waits, [ms(500), ms(1000), ms(2000), ms(4000), ms(8000), ms(16_000), ms(20_000), ms(20_000)]);
        assert_eq!(decide(Idempotent, 3, busy, budget(0.0)), ms(0));
        assert_eq!(decide(Idempotent, 20, busy, budget(0.5)), ms(10_000));
    }

    #[test]
    fn retry_after_is_waited_in_full_or_given_up() {
        let told = |seconds| responded(429, "", Some(seconds));
        for jitter in [0.0, 1.0] {
            let Retry(wait) = decide(Idempotent, 1, told(30), RetryBudget { jitter, ..PLENTY }) else {
                panic!("it fits")
            };
            assert!(wait >= Duration::from_secs(30) && wait <= Duration::from_secs(30) + SPREAD, "{wait:?}");
        }
        assert_eq!(decide(Idempotent, 1, told(60), PLENTY), Give);
        // Retry-After: 0 does not end the backoff.
        assert_eq!(decide(Idempotent, 1, told(0), PLENTY), Retry(FIRST_WAIT));
    }

    #[test]
    fn retries_end_with_count_or_time() {
        let busy = responded(503, "", None);
        assert_ne!(decide(Idempotent, 4, busy, PLENTY), Give);
        assert_eq!(decide(Idempotent, 5, busy, PLENTY), Give);
        assert_eq!(decide(Idempotent, 1, busy, RetryBudget { retries: 0, ..PLENTY }), Give);
        assert_eq!(decide(Idempotent, 1, busy, RetryBudget { time: FIRST_WAIT, ..PLENTY }), Give);
    }

    #[test]
    fn stale_connection_is_retried_at_once_once() {
        let stale =
            AttemptOutcome::NoResponse { kind: ErrorKind::Connect, retryable: true, sent: true, went_stale: true };
        assert_eq!(decide(Idempotent, 1, stale, PLENTY), Retry(Duration::ZERO));
        assert_eq!(decide(Idempotent, 2, stale, PLENTY), Retry(FIRST_WAIT * 2));
        assert_eq!(decide(NonIdempotent, 1, stale, PLENTY), Give);
    }
}
