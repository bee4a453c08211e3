//! The clock of the server, which checks one-time codes.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

/// The Date of a response that took longer is too inexact.
const LONGEST_ROUND_TRIP: Duration = Duration::from_secs(2);
const UNKNOWN: i64 = i64::MIN;

/// The server's clock, by the Date of its responses, to within a second.
///
/// It runs on this machine's steady clock, which no setting of the wall clock changes.
pub(crate) struct ServerClock {
    /// What to add to the steady clock, in milliseconds.
    ahead: AtomicI64,
}

impl ServerClock {
    pub(crate) fn new() -> Self {
        ServerClock { ahead: AtomicI64::new(UNKNOWN) }
    }

    /// Learns from the Date of a response, in Unix seconds. `sent` and `received` are steady times.
    pub(crate) fn learn(&self, date: u64, sent: Duration, received: Duration) {
        let round_trip = received.saturating_sub(sent);
        if round_trip > LONGEST_ROUND_TRIP {
            return;
        }
        // Date is in whole seconds; half a second is the mean error.
        let date = i64::try_from(date).ok().and_then(|date| date.checked_mul(1000)).map(|date| date + 500);
        let midpoint = (sent + round_trip / 2).as_millis() as i64;
        if let Some(date) = date {
            self.ahead.store(date - midpoint, Ordering::Relaxed);
        }
    }

    /// The server's time at `steady`, in Unix milliseconds, once a response told it.
    pub(crate) fn at(&self, steady: Duration) -> Option<u64> {
        let ahead = Some(self.ahead.load(Ordering::Relaxed)).filter(|ahead| *ahead != UNKNOWN)?;
        u64::try_from(ahead + steady.as_millis() as i64).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quick_response_sets_the_clock_within_a_second() {
        let seconds = Duration::from_secs;
        let clock = ServerClock::new();
        assert_eq!(clock.at(seconds(5)), None);
        clock.learn(1_800_000_000, seconds(10), seconds(11));
        assert_eq!(clock.at(seconds(20)), Some(1_800_000_010_000));
        // Three seconds are too long.
        clock.learn(1_700_000_000, seconds(20), seconds(23));
        assert_eq!(clock.at(seconds(20)), Some(1_800_000_010_000));
        clock.learn(u64::MAX, seconds(20), seconds(20));
        assert_eq!(clock.at(seconds(20)), Some(1_800_000_010_000));
    }
}
