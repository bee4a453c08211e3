//! The refresh policy: when a token is refreshed, which callers wait, and when a failed refresh is retried. Pure.
//!
//! Boomi's JWTs live five minutes, so fixed windows of minutes do not fit: the windows are fractions of the token's
//! life. With one request a second and a life of 300 s they cause 17 to 20 token requests an hour. They hide an outage
//! of 80 s, whenever it begins: at least 90 s are left then, and the hard stop is at 3 s.

use std::time::Duration;

use crate::error::{Error, ErrorKind};

pub(crate) const SECOND: Duration = Duration::from_secs(1);

/// A token with less left on arrival is not cached, but returned to the callers that waited for it.
pub(crate) const WORTH_CACHING: Duration = Duration::from_secs(5);
/// No token request begins with less of a deadline left.
pub(crate) const TIME_FOR_A_REQUEST: Duration = SECOND;
/// How long one caller waits at most for the refresh of an unexpired token.
pub(crate) const LONGEST_WAIT_FOR_REFRESH: Duration = Duration::from_secs(5);
/// The time limit of a token request: a server that needs 10 s is slow, one that needs 15 s is down.
pub(crate) const LONGEST_REQUEST: Duration = Duration::from_secs(15);
/// The limit after a request without a response. With the backoff it ends within 15 s of an outage's end.
pub(crate) const LONGEST_REQUEST_AFTER_SILENCE: Duration = Duration::from_secs(12);
/// The longest backoff while the token is far from its expiry.
pub(crate) const LONGEST_REST: Duration = Duration::from_secs(15);
/// The longest backoff without such a token.
pub(crate) const LONGEST_REST_IN_NEED: Duration = Duration::from_secs(2);
/// A longer Retry-After is cut: an hour would outlive every token.
pub(crate) const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(60);
pub(crate) const LONGEST_RETRY_AFTER_IN_NEED: Duration = Duration::from_secs(10);
/// The longest backoff after a permanent failure.
pub(crate) const LONGEST_ACCOUNT_HOLD: Duration = Duration::from_secs(60);
/// Refusals cause at most one token request in this time. At a life of 300 s, an API that refuses all costs 121 an
/// hour.
pub(crate) const BETWEEN_REFUSALS: Duration = Duration::from_secs(30);

/// The windows of a token's life, as the time left when each begins. Fixed when the token arrives.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Windows {
    /// One caller refreshes the token; the others use it.
    pub(crate) advisory: Duration,
    /// Callers wait for the refresh.
    pub(crate) mandatory: Duration,
    /// The token is no longer handed out.
    pub(crate) hard_stop: Duration,
    /// The cap of `min_validity`.
    pub(crate) longest_validity: Duration,
    lifetime: Duration,
}

impl Windows {
    /// Makes the windows of a token with `left` of its `lifetime`. `jitter`, from 0 to 1, spreads the refreshes of many
    /// clients.
    pub(crate) fn new(lifetime: Duration, left: Duration, jitter: f64) -> Self {
        let advisory = lifetime.mul_f64(0.40 * (1.0 - 0.25 * jitter));
        Windows {
            // A server may return the same token for a while: the next request waits for half of what is left.
            advisory: if left <= advisory { left / 2 } else { advisory },
            mandatory: (lifetime / 10).clamp(3 * SECOND, 30 * SECOND).min(left / 2),
            hard_stop: (lifetime / 100).clamp(2 * SECOND, 10 * SECOND),
            longest_validity: left.mul_f64(0.6),
            lifetime,
        }
    }

    /// Returns whether a token with `left` on arrival is cached.
    pub(crate) fn is_worth_caching(&self, left: Duration) -> bool {
        left >= WORTH_CACHING && left > self.hard_stop
    }

    pub(crate) fn freshness(&self, remaining: Duration, min_validity: Duration) -> Freshness {
        if remaining <= self.hard_stop {
            Freshness::Dead
        } else if remaining <= self.mandatory || remaining < min_validity.min(self.longest_validity) {
            Freshness::Overdue
        } else if remaining <= self.advisory {
            Freshness::Due
        } else {
            Freshness::Fresh
        }
    }

    /// Returns the least time between two token requests that refusals cause; longer if the refused token came from
    /// one.
    pub(crate) fn between_refusals(&self, replaces_refused: bool) -> Duration {
        BETWEEN_REFUSALS.max(self.lifetime / 10) * if replaces_refused { 2 } else { 1 }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Freshness {
    Fresh,
    /// In the advisory window.
    Due,
    /// In the mandatory window, or with less left than the caller wants.
    Overdue,
    /// Expired, or missing.
    Dead,
}

/// What a failed token request means for the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FailureKind {
    /// The caller's own deadline, cancellation or panic. It does not concern other callers.
    Personal,
    /// The server may recover soon.
    Transient,
    /// The server will respond the same again.
    Permanent,
    /// The server rejected the credentials. The guard decides when the next request is sent.
    Rejected,
    /// The guard blocked the request for longer than this caller waits.
    Held,
    /// Nothing to send: no credentials, or a failed callback.
    Local,
}

impl FailureKind {
    /// Classifies an error. `full_time`: whether the request had the full time limit.
    pub(crate) fn of(error: &Error, full_time: bool) -> Self {
        match error.kind() {
            ErrorKind::Timeout if full_time => FailureKind::Transient,
            ErrorKind::Timeout | ErrorKind::Canceled | ErrorKind::Internal => FailureKind::Personal,
            // With a time: the next TOTP time step came too late for this caller.
            ErrorKind::Otp if error.retry_after().is_some() => FailureKind::Personal,
            ErrorKind::CredentialsRejected => FailureKind::Rejected,
            ErrorKind::Held => FailureKind::Held,
            ErrorKind::Config | ErrorKind::InvalidArgument => FailureKind::Local,
            ErrorKind::Connect | ErrorKind::RateLimited => FailureKind::Transient,
            // An overloaded load balancer resets connections in the handshake, and a proxy may fail to connect.
            ErrorKind::Proxy | ErrorKind::Tls if error.is_retryable() => FailureKind::Transient,
            ErrorKind::HttpStatus if error.status().is_some_and(|status| status >= 500) => FailureKind::Transient,
            _ => FailureKind::Permanent,
        }
    }

    /// Returns whether the callers that waited for the request get its error.
    pub(crate) fn is_for_all(self) -> bool {
        matches!(self, FailureKind::Permanent | FailureKind::Rejected | FailureKind::Local)
    }
}

/// A failed token request, and when the next one may begin. Times are [`Moment::steady`](crate::clock::Moment::steady).
#[derive(Clone)]
pub(crate) struct Failure {
    pub(crate) error: Error,
    pub(crate) kind: FailureKind,
    /// The last backoff, from which the next is drawn.
    rest: Duration,
    /// The next attempt with an unexpired token.
    pub(crate) next: Duration,
    /// The next attempt without one.
    pub(crate) next_in_need: Duration,
}

impl Failure {
    /// Schedules the next attempt after a failure at `now`. `mandatory_at` is when the cached token's mandatory window
    /// begins; `lifetime` is that of the last token.
    pub(crate) fn new(
        error: Error,
        kind: FailureKind,
        previous: Option<&Failure>,
        now: Duration,
        mandatory_at: Option<Duration>,
        lifetime: Duration,
        jitter: f64,
    ) -> Self {
        // Decorrelated jitter: between a second and three times the last backoff.
        let longest = (lifetime / 20).clamp(SECOND, LONGEST_REST);
        let last = previous.map_or(SECOND, |previous| previous.rest.max(SECOND));
        let mut rest = (SECOND + (3 * last - SECOND).mul_f64(jitter)).min(longest);
        let (mut next, mut next_in_need) = (now + rest, now);
        match kind {
            FailureKind::Transient => {
                let asked = error.retry_after().unwrap_or_default();
                next = next.max(now + asked.min(LONGEST_RETRY_AFTER));
                let in_need = rest.min(LONGEST_REST_IN_NEED);
                if let Some(mandatory_at) = mandatory_at.filter(|at| next > *at) {
                    next = mandatory_at.max(now + in_need);
                }
                next_in_need = now + in_need.max(asked.min(LONGEST_RETRY_AFTER_IN_NEED));
            }
            FailureKind::Permanent => {
                let doubled = previous.filter(|previous| previous.kind == kind).map(|previous| previous.rest * 2);
                rest = doubled.unwrap_or(SECOND).clamp(SECOND, LONGEST_ACCOUNT_HOLD);
                (next, next_in_need) = (now + rest, now + rest);
                // As after a transient failure: an unexpired token gets its last attempts before it expires.
                if let Some(mandatory_at) = mandatory_at.filter(|at| next > *at) {
                    next = mandatory_at.max(now + rest.min(LONGEST_REST_IN_NEED));
                }
            }
            _ => {}
        }
        Failure { error, kind, rest, next, next_in_need }
    }
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Situation {
    pub(crate) freshness: Freshness,
    /// Whether a token request is running.
    pub(crate) in_flight: bool,
    /// The last failure's kind, and the rest of its backoff with an unexpired token and without one.
    pub(crate) failure: Option<(FailureKind, Duration, Duration)>,
    /// Whether this caller has waited long enough for the refresh of an unexpired token.
    pub(crate) has_waited: bool,
    /// Whether the caller prefers an error over waiting for the server to recover.
    pub(crate) fails_fast: bool,
    pub(crate) time_left: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RenewalDecision {
    /// Use the cached token.
    Use,
    /// Request a token, waiting at most this long for permission to send.
    Lead(Duration),
    /// Wait for the running token request.
    Join,
    /// Wait this long, and look again.
    Rest(Duration),
    /// Fail with the last error.
    Fail,
}

/// Returns how long a caller waits for the refresh of an unexpired token.
pub(crate) fn max_wait(timeout: Duration) -> Duration {
    LONGEST_WAIT_FOR_REFRESH.min(timeout / 3)
}

/// Decides what a caller does. `wait_left` is how long it still waits for the refresh of an unexpired token.
pub(crate) fn decide(seen: &Situation, wait_left: Duration) -> RenewalDecision {
    let rest = |rest: Duration| !rest.is_zero();
    let resting = seen.failure.is_some_and(|(_, next, _)| rest(next));
    let too_late = seen.time_left < TIME_FOR_A_REQUEST;
    match seen.freshness {
        Freshness::Fresh => RenewalDecision::Use,
        Freshness::Due if seen.in_flight || resting || too_late => RenewalDecision::Use,
        Freshness::Due => RenewalDecision::Lead(Duration::ZERO),
        Freshness::Overdue if seen.has_waited => RenewalDecision::Use,
        Freshness::Overdue if seen.in_flight => RenewalDecision::Join,
        Freshness::Overdue if resting || too_late => RenewalDecision::Use,
        Freshness::Overdue => RenewalDecision::Lead(wait_left),
        Freshness::Dead if seen.in_flight => RenewalDecision::Join,
        Freshness::Dead => match seen.failure {
            Some((FailureKind::Transient, _, next)) if rest(next) => {
                if seen.fails_fast || next + TIME_FOR_A_REQUEST > seen.time_left {
                    RenewalDecision::Fail
                } else {
                    RenewalDecision::Rest(next)
                }
            }
            Some((_, _, next)) if rest(next) => RenewalDecision::Fail,
            _ if too_late => RenewalDecision::Fail,
            _ => RenewalDecision::Lead(seen.time_left - TIME_FOR_A_REQUEST),
        },
    }
}

/// Returns the time limit of a token request, and whether it is the full limit.
pub(crate) fn request_limit(time_left: Duration, after_silence: bool) -> (Duration, bool) {
    let longest = if after_silence { LONGEST_REQUEST_AFTER_SILENCE } else { LONGEST_REQUEST };
    let share = time_left.mul_f64(0.8);
    (longest.min(share), share >= longest)
}
