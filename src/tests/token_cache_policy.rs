//! Tests of the refresh policy: windows, freshness, backoff, and what a caller does.

use std::time::Duration;

use crate::error::{Error, ErrorKind};
use crate::token_cache::policy::*;

fn seconds(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

fn windows(lifetime: f64, left: f64, jitter: f64) -> Windows {
    Windows::new(seconds(lifetime), seconds(left), jitter)
}

fn in_seconds(windows: &Windows) -> (f64, f64, f64, f64) {
    let to = |duration: Duration| (duration.as_secs_f64() * 1000.0).round() / 1000.0;
    (to(windows.advisory), to(windows.mandatory), to(windows.hard_stop), to(windows.longest_validity))
}

#[test]
fn windows_are_fractions_of_the_life() {
    // Life, left and jitter; advisory, mandatory, hard stop and longest validity.
    for ((life, left, jitter), expected) in [
        ((300.0, 300.0, 0.0), (120.0, 30.0, 3.0, 180.0)),
        ((300.0, 300.0, 1.0), (90.0, 30.0, 3.0, 180.0)),
        ((300.0, 300.0, 0.5), (105.0, 30.0, 3.0, 180.0)),
        ((10.0, 10.0, 0.0), (4.0, 3.0, 2.0, 6.0)),
        ((20.0, 20.0, 0.0), (8.0, 3.0, 2.0, 12.0)),
        ((60.0, 60.0, 0.0), (24.0, 6.0, 2.0, 36.0)),
        ((3600.0, 3600.0, 0.0), (1440.0, 30.0, 10.0, 2160.0)),
        ((86_400.0, 86_400.0, 1.0), (25_920.0, 30.0, 10.0, 51_840.0)),
        // The same token again after a while: the next request waits for half of what is left.
        ((300.0, 121.0, 0.0), (120.0, 30.0, 3.0, 72.6)),
        ((300.0, 120.0, 0.0), (60.0, 30.0, 3.0, 72.0)),
        ((300.0, 60.0, 0.0), (30.0, 30.0, 3.0, 36.0)),
        ((300.0, 20.0, 0.0), (10.0, 10.0, 3.0, 12.0)),
    ] {
        assert_eq!(in_seconds(&windows(life, left, jitter)), expected, "{life} {left} {jitter}");
    }
}

#[test]
fn token_below_5_s_or_the_hard_stop_is_not_cached() {
    for (life, left, is_cached) in [
        (300.0, 5.0, true),
        (300.0, 4.9, false),
        (10.0, 5.0, true),
        (3.0, 3.0, false),
        (3600.0, 10.0, false),
        (3600.0, 10.1, true),
    ] {
        assert_eq!(windows(life, left, 0.0).is_worth_caching(seconds(left)), is_cached, "{life} {left}");
    }
}

#[test]
fn freshness_follows_what_is_left() {
    use Freshness::{Dead, Due, Fresh, Overdue};
    let windows = windows(300.0, 300.0, 0.0);
    for (remaining, min_validity, expected) in [
        (300.0, 0.0, Fresh),
        (120.1, 0.0, Fresh),
        (120.0, 0.0, Due),
        (30.1, 0.0, Due),
        (30.0, 0.0, Overdue),
        (3.1, 0.0, Overdue),
        (3.0, 0.0, Dead),
        (0.0, 0.0, Dead),
        (150.0, 150.0, Fresh),
        (149.9, 150.0, Overdue),
        (180.0, 1e9, Fresh),
        (179.9, 1e9, Overdue),
        (2.0, 1e9, Dead),
    ] {
        assert_eq!(
            windows.freshness(seconds(remaining), seconds(min_validity)),
            expected,
            "{remaining} {min_validity}"
        );
    }
}

#[test]
fn refusals_are_spaced_by_30_s_or_a_tenth_of_the_life() {
    for (life, replaces_refused, expected) in
        [(300.0, false, 30.0), (300.0, true, 60.0), (10.0, false, 30.0), (3600.0, false, 360.0), (3600.0, true, 720.0)]
    {
        assert_eq!(windows(life, life, 0.0).between_refusals(replaces_refused), seconds(expected));
    }
}

fn error(kind: ErrorKind) -> Error {
    Error::new(kind, "x")
}

#[test]
fn failure_kind_follows_the_error() {
    use FailureKind::{Held, Local, Permanent, Personal, Rejected, Transient};
    for (error, full_time, expected) in [
        (error(ErrorKind::Timeout), true, Transient),
        (error(ErrorKind::Timeout), false, Personal),
        (error(ErrorKind::Canceled), true, Personal),
        (error(ErrorKind::Internal), true, Personal),
        (error(ErrorKind::Otp).with_retry_after(Some(SECOND)), true, Personal),
        (error(ErrorKind::Otp), true, Permanent),
        (error(ErrorKind::CredentialsRejected).with_status(401), true, Rejected),
        (error(ErrorKind::Held), true, Held),
        (error(ErrorKind::Config), true, Local),
        (error(ErrorKind::InvalidArgument), true, Local),
        (error(ErrorKind::Connect), false, Transient),
        (error(ErrorKind::RateLimited).with_status(429), true, Transient),
        (error(ErrorKind::HttpStatus).with_status(500), true, Transient),
        (error(ErrorKind::HttpStatus).with_status(504), true, Transient),
        (error(ErrorKind::HttpStatus).with_status(404), true, Permanent),
        (error(ErrorKind::HttpStatus).with_status(302), true, Permanent),
        (error(ErrorKind::PermissionDenied).with_status(403), true, Permanent),
        (error(ErrorKind::Protocol), true, Permanent),
        (error(ErrorKind::TooLarge), true, Permanent),
        (error(ErrorKind::Tls), true, Permanent),
        (error(ErrorKind::Tls).retryable(true), true, Transient),
        (error(ErrorKind::Proxy), true, Permanent),
        (error(ErrorKind::Proxy).retryable(true), true, Transient),
    ] {
        assert_eq!(FailureKind::of(&error, full_time), expected, "{error:?}");
    }
    for (kind, shared) in
        [(Permanent, true), (Rejected, true), (Local, true), (Transient, false), (Personal, false), (Held, false)]
    {
        assert_eq!(kind.is_for_all(), shared, "{kind:?}");
    }
}

const NOW: Duration = Duration::from_secs(1000);

fn failure(
    kind: FailureKind,
    asked: Option<f64>,
    previous: Option<&Failure>,
    mandatory: Option<f64>,
    jitter: f64,
) -> Failure {
    let error = error(ErrorKind::Connect).with_retry_after(asked.map(seconds));
    let mandatory_at = mandatory.map(|ahead| NOW + seconds(ahead));
    Failure::new(error, kind, previous, NOW, mandatory_at, seconds(300.0), jitter)
}

/// Returns the backoff with an unexpired token and without.
fn rests(failure: &Failure) -> (f64, f64) {
    let rest = |at: Duration| ((at - NOW).as_secs_f64() * 1000.0).round() / 1000.0;
    (rest(failure.next), rest(failure.next_in_need))
}

#[test]
fn transient_backoff_grows_with_jitter_to_15_s() {
    use FailureKind::Transient;
    let mut last = None;
    for expected in [3.0, 9.0, 15.0, 15.0] {
        let next = failure(Transient, None, last.as_ref(), Some(1000.0), 1.0);
        assert_eq!(rests(&next), (expected, 2.0));
        last = Some(next);
    }
    let least = failure(Transient, None, last.as_ref(), Some(1000.0), 0.0);
    assert_eq!(rests(&least), (1.0, 1.0));
    // A twentieth of a short life.
    let short = Failure::new(error(ErrorKind::Connect), Transient, last.as_ref(), NOW, None, seconds(60.0), 1.0);
    assert_eq!(rests(&short).0, 3.0);
    let shorter = Failure::new(error(ErrorKind::Connect), Transient, last.as_ref(), NOW, None, seconds(10.0), 1.0);
    assert_eq!(rests(&shorter).0, 1.0);
}

#[test]
fn backoff_ends_at_the_mandatory_window_and_is_2_s_in_it() {
    use FailureKind::Transient;
    assert_eq!(rests(&failure(Transient, None, None, Some(2.5), 1.0)).0, 2.5);
    assert_eq!(rests(&failure(Transient, None, None, Some(0.0), 1.0)).0, 2.0);
    assert_eq!(rests(&failure(Transient, None, None, Some(1.0), 1.0)).0, 2.0);
    assert_eq!(rests(&failure(Transient, None, None, Some(0.0), 0.0)).0, 1.0);
}

#[test]
fn retry_after_is_cut_to_60_s_and_in_need_to_10_s() {
    use FailureKind::Transient;
    assert_eq!(rests(&failure(Transient, Some(30.0), None, Some(1000.0), 0.0)), (30.0, 10.0));
    assert_eq!(rests(&failure(Transient, Some(3600.0), None, Some(1000.0), 0.0)), (60.0, 10.0));
    assert_eq!(rests(&failure(Transient, Some(3600.0), None, Some(20.0), 0.0)), (20.0, 10.0));
    assert_eq!(rests(&failure(Transient, Some(5.0), None, None, 0.0)), (5.0, 5.0));
}

#[test]
fn permanent_failure_backoff_doubles_from_1_s_to_60_s() {
    use FailureKind::{Permanent, Transient};
    let mut last = None;
    for expected in [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0] {
        let next = failure(Permanent, Some(3600.0), last.as_ref(), None, 1.0);
        assert_eq!(rests(&next), (expected, expected));
        // A token that expires before is refreshed before: at the latest when it is due, and then every two seconds.
        let due = failure(Permanent, None, last.as_ref(), Some(5.0), 1.0);
        assert_eq!(rests(&due), (expected.min(5.0), expected));
        let overdue = failure(Permanent, None, last.as_ref(), Some(0.0), 1.0);
        assert_eq!(rests(&overdue), (expected.min(2.0), expected));
        last = Some(next);
    }
    let other = failure(Transient, None, last.as_ref(), None, 1.0);
    assert_eq!(rests(&failure(Permanent, None, Some(&other), None, 1.0)), (1.0, 1.0));
}

#[test]
fn held_and_personal_failures_have_no_backoff_in_need() {
    use FailureKind::{Held, Local, Personal, Rejected};
    for kind in [Held, Local, Personal, Rejected] {
        assert_eq!(rests(&failure(kind, Some(100.0), None, Some(1000.0), 0.0)), (1.0, 0.0), "{kind:?}");
    }
}

fn seen(freshness: Freshness) -> Situation {
    Situation {
        freshness,
        in_flight: false,
        failure: None,
        has_waited: false,
        fails_fast: false,
        time_left: seconds(60.0),
    }
}

#[test]
fn decision_follows_the_situation() {
    use FailureKind::{Permanent, Transient};
    use Freshness::{Dead, Due, Fresh, Overdue};
    use RenewalDecision::{Fail, Join, Lead, Rest, Use};
    let max_wait = seconds(5.0);
    let resting = |kind, seconds_left| Some((kind, seconds(seconds_left), seconds(seconds_left)));
    let late = seconds(0.9);
    let cases = [
        (seen(Fresh), Use),
        (Situation { in_flight: true, ..seen(Fresh) }, Use),
        (seen(Due), Lead(Duration::ZERO)),
        (Situation { in_flight: true, ..seen(Due) }, Use),
        (Situation { failure: resting(Transient, 1.0), ..seen(Due) }, Use),
        (Situation { failure: resting(Transient, 0.0), ..seen(Due) }, Lead(Duration::ZERO)),
        (Situation { time_left: late, ..seen(Due) }, Use),
        (seen(Overdue), Lead(max_wait)),
        (Situation { in_flight: true, ..seen(Overdue) }, Join),
        (Situation { has_waited: true, ..seen(Overdue) }, Use),
        (Situation { has_waited: true, in_flight: true, ..seen(Overdue) }, Use),
        (Situation { failure: resting(Transient, 1.0), ..seen(Overdue) }, Use),
        (Situation { time_left: late, ..seen(Overdue) }, Use),
        (seen(Dead), Lead(seconds(59.0))),
        (Situation { in_flight: true, ..seen(Dead) }, Join),
        (Situation { in_flight: true, has_waited: true, ..seen(Dead) }, Join),
        (Situation { failure: resting(Transient, 2.0), ..seen(Dead) }, Rest(seconds(2.0))),
        (Situation { failure: resting(Transient, 59.0), ..seen(Dead) }, Rest(seconds(59.0))),
        (Situation { failure: resting(Transient, 59.1), ..seen(Dead) }, Fail),
        (Situation { failure: resting(Transient, 2.0), fails_fast: true, ..seen(Dead) }, Fail),
        (Situation { failure: resting(Permanent, 2.0), ..seen(Dead) }, Fail),
        (Situation { failure: resting(Permanent, 0.0), ..seen(Dead) }, Lead(seconds(59.0))),
        (Situation { time_left: late, ..seen(Dead) }, Fail),
    ];
    for (situation, expected) in cases {
        assert_eq!(decide(&situation, max_wait), expected, "{situation:?}");
    }
}

#[test]
fn max_wait_is_5_s_or_a_third_of_the_deadline() {
    assert_eq!([60.0, 15.0, 9.0, 1.5].map(|timeout| max_wait(seconds(timeout)).as_secs_f64()), [5.0, 5.0, 3.0, 0.5]);
}

#[test]
fn request_limit_is_15_s_or_12_after_silence() {
    for (time_left, after_silence, expected) in [
        (60.0, false, (15.0, true)),
        (18.75, false, (15.0, true)),
        (10.0, false, (8.0, false)),
        (60.0, true, (12.0, true)),
        (15.0, true, (12.0, true)),
        (5.0, true, (4.0, false)),
    ] {
        let (limit, full_time) = request_limit(seconds(time_left), after_silence);
        assert_eq!((limit.as_secs_f64(), full_time), expected, "{time_left} {after_silence}");
    }
}

#[test]
fn request_begins_with_exactly_enough_time() {
    let situation = |time_left| Situation {
        freshness: Freshness::Due,
        in_flight: false,
        failure: None,
        has_waited: false,
        fails_fast: false,
        time_left,
    };
    let one = TIME_FOR_A_REQUEST;
    assert_eq!(decide(&situation(one), seconds(1.0)), RenewalDecision::Lead(Duration::ZERO));
    assert_eq!(decide(&situation(one - Duration::from_nanos(1)), seconds(1.0)), RenewalDecision::Use);
}
