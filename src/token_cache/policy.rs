//! When a token is renewed, who waits for it, and when a renewal that failed is tried again. Pure.
//!
//! A JWT of Boomi's lives five minutes, so fixed windows of minutes do not fit: these are fractions of the token's own life.
//! With one request a second and a life of 300 s they give 17 to 20 exchanges an hour, and an outage of 80 s at the worst
//! moment is not noticed: it begins with 90 s left at least, and the hard stop is at 3 s.

use std::time::Duration;

use crate::error::{Error, ErrorKind};

pub(crate) const SECOND: Duration = Duration::from_secs(1);

/// A token with less left on arrival is for those who waited for it, and not cached.
pub(crate) const WORTH_KEEPING: Duration = Duration::from_secs(5);
/// Nobody begins an exchange with less of a deadline left.
pub(crate) const TIME_FOR_AN_EXCHANGE: Duration = SECOND;
/// The most that one caller waits for a renewal while the token it has is alive.
pub(crate) const LONGEST_WAIT_FOR_RENEWAL: Duration = Duration::from_secs(5);
/// An exchange takes no longer: an issuer that needs 10 s is slow, one that needs 15 s is gone.
pub(crate) const LONGEST_EXCHANGE: Duration = Duration::from_secs(15);
/// After one that had no answer: with the rest after it, still within 15 s of an outage's end.
pub(crate) const LONGEST_EXCHANGE_AFTER_SILENCE: Duration = Duration::from_secs(12);
/// The longest rest between tries, while the token is far from its end; and when it is not.
pub(crate) const LONGEST_REST: Duration = Duration::from_secs(15);
pub(crate) const LONGEST_REST_IN_NEED: Duration = Duration::from_secs(2);
/// How far a Retry-After is believed: an hour of it would outlive every token.
pub(crate) const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(60);
pub(crate) const LONGEST_RETRY_AFTER_IN_NEED: Duration = Duration::from_secs(10);
/// The longest that an account rests after an answer that will not get better by itself.
pub(crate) const LONGEST_ACCOUNT_HOLD: Duration = Duration::from_secs(60);
/// At most one exchange in so long because tokens are refused. At 300 s, an API that refuses all costs 121 an hour.
pub(crate) const BETWEEN_REFUSALS: Duration = Duration::from_secs(30);

/// How much of a token is left when something begins. Fixed when the token arrives.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Windows {
    /// One caller renews it; the others go on with it.
    pub(crate) advisory: Duration,
    /// Callers wait for the renewal.
    pub(crate) mandatory: Duration,
    /// It is not handed out any more.
    pub(crate) hard_stop: Duration,
    /// No caller can ask for more validity.
    pub(crate) longest_validity: Duration,
    lifetime: Duration,
}

impl Windows {
    /// For a token with `left` of its `lifetime`. `jitter`, from 0 to 1, spreads the renewals of many clients.
    pub(crate) fn new(lifetime: Duration, left: Duration, jitter: f64) -> Self {
        let advisory = lifetime.mul_f64(0.40 * (1.0 - 0.25 * jitter));
        Windows {
            // An issuer may hand the same token out for a while: it is not asked again before half of the rest is over.
            advisory: if left <= advisory { left / 2 } else { advisory },
            mandatory: (lifetime / 10).clamp(3 * SECOND, 30 * SECOND).min(left / 2),
            hard_stop: (lifetime / 100).clamp(2 * SECOND, 10 * SECOND),
            longest_validity: left.mul_f64(0.6),
            lifetime,
        }
    }

    /// Whether a token with so much left on arrival is cached.
    pub(crate) fn is_worth_keeping(&self, left: Duration) -> bool {
        left >= WORTH_KEEPING && left > self.hard_stop
    }

    pub(crate) fn standing(&self, remaining: Duration, min_validity: Duration) -> Freshness {
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

    /// How long it must be between two exchanges that refusals cause; longer if the refused token came of one.
    pub(crate) fn between_refusals(&self, after_refusal: bool) -> Duration {
        BETWEEN_REFUSALS.max(self.lifetime / 10) * if after_refusal { 2 } else { 1 }
    }
}

/// What a cached token is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Freshness {
    Fresh,
    /// In the advisory window.
    Due,
    /// In the mandatory window, or with less left than the caller asked for.
    Overdue,
    /// Or there is none.
    Dead,
}

/// What a failed exchange means for the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FailureKind {
    /// The caller's own deadline, cancellation or panic: nothing to others.
    Personal,
    /// The server may be well again in a moment.
    Transient,
    /// It said something that it will say again.
    Verdict,
    /// It rejected the credentials. The guard says when there may be another.
    Rejected,
    /// The guard let nothing through, for as long as this caller would wait.
    Held,
    /// There was nothing to send: no credentials, or a callback that failed.
    Local,
}

impl FailureKind {
    /// `full_time`: whether the exchange had all the time that any exchange has.
    pub(crate) fn of(error: &Error, full_time: bool) -> Self {
        match error.kind() {
            ErrorKind::Timeout if full_time => FailureKind::Transient,
            ErrorKind::Timeout | ErrorKind::Canceled | ErrorKind::Internal => FailureKind::Personal,
            // With a time: the next step came too late for this caller.
            ErrorKind::Otp if error.retry_after().is_some() => FailureKind::Personal,
            ErrorKind::CredentialsRejected => FailureKind::Rejected,
            ErrorKind::Held => FailureKind::Held,
            ErrorKind::Config | ErrorKind::InvalidArgument => FailureKind::Local,
            ErrorKind::Connect | ErrorKind::RateLimited => FailureKind::Transient,
            // A load balancer in trouble resets connections in the handshake, and a proxy may say that it cannot get through.
            ErrorKind::Proxy | ErrorKind::Tls if error.is_retryable() => FailureKind::Transient,
            ErrorKind::HttpStatus if error.status().is_some_and(|status| status >= 500) => FailureKind::Transient,
            _ => FailureKind::Verdict,
        }
    }

    /// Whether those who waited for the exchange get its error. A leader's own troubles are not theirs.
    pub(crate) fn is_for_all(self) -> bool {
        matches!(self, FailureKind::Verdict | FailureKind::Rejected | FailureKind::Local)
    }
}

/// A failed exchange, and when there may be another. Times are [`Moment::steady`](crate::clock::Moment::steady).
#[derive(Clone)]
pub(crate) struct Failure {
    pub(crate) error: Error,
    pub(crate) kind: FailureKind,
    /// The last rest, from which the next is drawn.
    rest: Duration,
    /// While a token lives.
    pub(crate) next: Duration,
    /// Without one.
    pub(crate) next_in_need: Duration,
}

impl Failure {
    /// What follows a failure at `now`. `mandatory_at` is when a living token will be, or was, due at the latest; `lifetime`
    /// is that of the last token.
    pub(crate) fn new(
        error: Error,
        kind: FailureKind,
        previous: Option<&Failure>,
        now: Duration,
        mandatory_at: Option<Duration>,
        lifetime: Duration,
        jitter: f64,
    ) -> Self {
        // Decorrelated jitter: between a second and three times the last rest.
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
            FailureKind::Verdict => {
                let doubled = previous.filter(|previous| previous.kind == kind).map(|previous| previous.rest * 2);
                rest = doubled.unwrap_or(SECOND).clamp(SECOND, LONGEST_ACCOUNT_HOLD);
                (next, next_in_need) = (now + rest, now + rest);
                // As after a transient one: a living token has its last chances before it dies.
                if let Some(mandatory_at) = mandatory_at.filter(|at| next > *at) {
                    next = mandatory_at.max(now + rest.min(LONGEST_REST_IN_NEED));
                }
            }
            _ => {}
        }
        Failure { error, kind, rest, next, next_in_need }
    }
}

/// What a caller sees.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Situation {
    pub(crate) standing: Freshness,
    pub(crate) in_flight: bool,
    /// The last failure's kind, and how long to rest after it, while a token lives and without one.
    pub(crate) failure: Option<(FailureKind, Duration, Duration)>,
    /// Whether this caller has waited long enough for a token that is alive.
    pub(crate) has_waited: bool,
    /// Whether it would rather have an answer than wait for the server to get well.
    pub(crate) hurried: bool,
    pub(crate) time_left: Duration,
}

/// What a caller does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RenewalDecision {
    /// Take the token as it is.
    Use,
    /// Ask the server, waiting at most so long for leave to.
    Lead(Duration),
    /// Wait for whoever asks.
    Join,
    /// Wait so long, and look again.
    Rest(Duration),
    /// Give up, with the last error.
    Fail,
}

/// How long a caller waits for the renewal of a token that is alive.
pub(crate) fn max_wait(timeout: Duration) -> Duration {
    LONGEST_WAIT_FOR_RENEWAL.min(timeout / 3)
}

pub(crate) fn decide(seen: &Situation, patience_left: Duration) -> RenewalDecision {
    let rest = |rest: Duration| !rest.is_zero();
    let resting = seen.failure.is_some_and(|(_, next, _)| rest(next));
    let too_late = seen.time_left < TIME_FOR_AN_EXCHANGE;
    match seen.standing {
        Freshness::Fresh => RenewalDecision::Use,
        Freshness::Due if seen.in_flight || resting || too_late => RenewalDecision::Use,
        Freshness::Due => RenewalDecision::Lead(Duration::ZERO),
        Freshness::Overdue if seen.has_waited => RenewalDecision::Use,
        Freshness::Overdue if seen.in_flight => RenewalDecision::Join,
        Freshness::Overdue if resting || too_late => RenewalDecision::Use,
        Freshness::Overdue => RenewalDecision::Lead(patience_left),
        Freshness::Dead if seen.in_flight => RenewalDecision::Join,
        Freshness::Dead => match seen.failure {
            Some((FailureKind::Transient, _, next)) if rest(next) => {
                if seen.hurried || next + TIME_FOR_AN_EXCHANGE > seen.time_left {
                    RenewalDecision::Fail
                } else {
                    RenewalDecision::Rest(next)
                }
            }
            Some((_, _, next)) if rest(next) => RenewalDecision::Fail,
            _ if too_late => RenewalDecision::Fail,
            _ => RenewalDecision::Lead(seen.time_left - TIME_FOR_AN_EXCHANGE),
        },
    }
}

/// How long an exchange may take, and whether that is all that any may.
pub(crate) fn exchange_limit(time_left: Duration, after_silence: bool) -> (Duration, bool) {
    let longest = if after_silence { LONGEST_EXCHANGE_AFTER_SILENCE } else { LONGEST_EXCHANGE };
    let share = time_left.mul_f64(0.8);
    (longest.min(share), share >= longest)
}
