//! Whether a request is sent again: a pure function of how it went so far.

use std::time::Duration;

use crate::error::ErrorKind;

/// What sending a request again could do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Idempotency {
    /// Nothing that was not done by the first: it reads, or its caller says so.
    Idempotent,
    /// The same once more.
    NonIdempotent,
}

/// How a try went.
#[derive(Debug, Clone, Copy)]
pub(crate) enum AttemptOutcome<'a> {
    /// A whole answer.
    Responded { status: u16, message: Option<&'a str>, retry_after: Option<Duration> },
    /// None, or a part of one.
    NoResponse {
        kind: ErrorKind,
        /// Whether it may go better later.
        passing: bool,
        /// Whether any byte of the request left.
        sent: bool,
        /// Whether it left on a connection that had been idle, and which nothing came back on.
        went_stale: bool,
    },
}

/// What there is for more tries.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RetryBudget {
    /// The most tries after the first.
    pub(crate) retries: u32,
    /// Until the call's deadline.
    pub(crate) time: Duration,
    /// A number from 0 to 1, drawn anew.
    pub(crate) jitter: f64,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum RetryDecision {
    /// After waiting for so long.
    Retry(Duration),
    Give,
}

/// The first wait is anything up to this, and each later one up to twice as long: half the callers that one failure hit come
/// back within a quarter of a second, and all are spread over the time in which the server gets well.
const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(20);
/// Callers that are told the same Retry-After come back within so long of each other.
const SPREAD: Duration = Duration::from_millis(250);
/// With less than this left, a try would only be cut short.
const TIME_FOR_A_TRY: Duration = Duration::from_millis(100);

/// Decides after the `attempt`-th try, the first being 1.
pub(crate) fn decide(
    effect: Idempotency,
    attempt: u32,
    outcome: AttemptOutcome<'_>,
    budget: RetryBudget,
) -> RetryDecision {
    if attempt > budget.retries || !may_help(effect, outcome) {
        return RetryDecision::Give;
    }
    let wait = wait(attempt, outcome, budget.jitter);
    if wait + TIME_FOR_A_TRY > budget.time { RetryDecision::Give } else { RetryDecision::Retry(wait) }
}

/// Whether another try may succeed, and can do no harm.
fn may_help(effect: Idempotency, outcome: AttemptOutcome<'_>) -> bool {
    match outcome {
        AttemptOutcome::Responded { status: 429 | 502..=504, .. } if effect == Idempotency::Idempotent => true,
        // Refused before anything was done. Any other 503 may come from a gateway whose server goes on working.
        AttemptOutcome::Responded { status: 503, message, .. } => message.is_some_and(is_rate_limit),
        AttemptOutcome::Responded { .. } => false,
        AttemptOutcome::NoResponse { sent: true, .. } if effect == Idempotency::NonIdempotent => false,
        AttemptOutcome::NoResponse { kind, passing, .. } => passing && is_of_the_connection(kind),
    }
}

/// Whether it was the way to the server that failed.
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
        // The server closed it because nothing had happened on it for long: it is well, and a new one will do.
        AttemptOutcome::NoResponse { went_stale: true, .. } if attempt == 1 => Duration::ZERO,
        AttemptOutcome::Responded { retry_after: Some(told), .. } if !told.is_zero() => told + SPREAD.mul_f64(jitter),
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

    fn answered(status: u16, message: &'static str, retry_after: Option<u64>) -> AttemptOutcome<'static> {
        AttemptOutcome::Responded { status, message: Some(message), retry_after: retry_after.map(Duration::from_secs) }
    }

    fn lost(kind: ErrorKind, sent: bool) -> AttemptOutcome<'static> {
        AttemptOutcome::NoResponse { kind, passing: true, sent, went_stale: false }
    }

    fn retries(effect: Idempotency, outcome: AttemptOutcome<'_>) -> bool {
        decide(effect, 1, outcome, PLENTY) != Give
    }

    #[test]
    fn answers_that_are_worth_another_try() {
        for status in 200..600 {
            let passes = matches!(status, 429 | 502 | 503 | 504);
            assert_eq!(retries(Idempotent, answered(status, "", None)), passes, "{status}");
            assert!(!retries(NonIdempotent, answered(status, "", None)), "{status}");
            assert_eq!(retries(NonIdempotent, answered(status, RATE_LIMIT, None)), status == 503, "{status}");
        }
        for another in ["You have exceeded your quota.", "There is a rate limit."] {
            assert!(!retries(NonIdempotent, answered(503, another, None)), "{another}");
        }
    }

    #[test]
    fn a_try_that_would_be_cut_short_is_not_made() {
        for (ms, goes) in [(599, false), (600, true)] {
            let budget = RetryBudget { time: Duration::from_millis(ms), ..PLENTY };
            assert_eq!(decide(Idempotent, 1, answered(502, "", None), budget) != Give, goes, "{ms} ms");
        }
    }

    #[test]
    fn failures_that_are_worth_another_try() {
        for kind in ErrorKind::ALL {
            let of_the_connection =
                matches!(kind, ErrorKind::Connect | ErrorKind::Proxy | ErrorKind::Tls | ErrorKind::Timeout);
            for (effect, sent, may) in [
                (Idempotent, false, true),
                (Idempotent, true, true),
                (NonIdempotent, false, true),
                (NonIdempotent, true, false),
            ] {
                assert_eq!(retries(effect, lost(kind, sent)), of_the_connection && may, "{kind:?} {effect:?} {sent}");
            }
            let for_good = AttemptOutcome::NoResponse { kind, passing: false, sent: false, went_stale: false };
            assert!(!retries(Idempotent, for_good), "{kind:?}");
        }
    }

    #[test]
    fn waits_grow_up_to_a_limit_and_are_drawn_from_zero() {
        let busy = answered(503, "", None);
        let budget = |jitter| RetryBudget { retries: 20, time: Duration::from_secs(3600), jitter };
        let waits: Vec<_> = (1..=8).map(|attempt| decide(Idempotent, attempt, busy, budget(1.0))).collect();
        let ms = |ms| Retry(Duration::from_millis(ms));
        assert_eq!(waits, [ms(500), ms(1000), ms(2000), ms(4000), ms(8000), ms(16_000), ms(20_000), ms(20_000)]);
        assert_eq!(decide(Idempotent, 3, busy, budget(0.0)), ms(0));
        assert_eq!(decide(Idempotent, 20, busy, budget(0.5)), ms(10_000));
    }

    #[test]
    fn retry_after_is_waited_for_in_full_or_not_at_all() {
        let told = |seconds| answered(429, "", Some(seconds));
        for jitter in [0.0, 1.0] {
            let Retry(wait) = decide(Idempotent, 1, told(30), RetryBudget { jitter, ..PLENTY }) else {
                panic!("it fits")
            };
            assert!(wait >= Duration::from_secs(30) && wait <= Duration::from_secs(30) + SPREAD, "{wait:?}");
        }
        assert_eq!(decide(Idempotent, 1, told(60), PLENTY), Give);
        // "At once" is no reason to hammer.
        assert_eq!(decide(Idempotent, 1, told(0), PLENTY), Retry(FIRST_WAIT));
    }

    #[test]
    fn tries_and_time_end() {
        let busy = answered(503, "", None);
        assert_ne!(decide(Idempotent, 4, busy, PLENTY), Give);
        assert_eq!(decide(Idempotent, 5, busy, PLENTY), Give);
        assert_eq!(decide(Idempotent, 1, busy, RetryBudget { retries: 0, ..PLENTY }), Give);
        assert_eq!(decide(Idempotent, 1, busy, RetryBudget { time: FIRST_WAIT, ..PLENTY }), Give);
    }

    #[test]
    fn a_connection_that_died_idle_costs_no_wait_once() {
        let stale =
            AttemptOutcome::NoResponse { kind: ErrorKind::Connect, passing: true, sent: true, went_stale: true };
        assert_eq!(decide(Idempotent, 1, stale, PLENTY), Retry(Duration::ZERO));
        assert_eq!(decide(Idempotent, 2, stale, PLENTY), Retry(FIRST_WAIT * 2));
        assert_eq!(decide(NonIdempotent, 1, stale, PLENTY), Give);
    }
}
