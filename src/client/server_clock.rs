//! What time it is where one-time codes are judged.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

/// What came back later than this says too little about when it was made.
const LONGEST_ROUND_TRIP: Duration = Duration::from_secs(2);
const UNKNOWN: i64 = i64::MIN;

/// The server's clock, by the Date of its answers, to within a second. Counted on the steady clock, so that setting this
/// machine's clock changes nothing.
pub(crate) struct ServerClock {
    /// What to add to the steady clock, in milliseconds.
    ahead: AtomicI64,
}

impl ServerClock {
    pub(crate) fn new() -> Self {
        ServerClock { ahead: AtomicI64::new(UNKNOWN) }
    }

    /// Learns from an answer: its Date, in Unix seconds, and when request and answer passed, in steady time.
    pub(crate) fn learn(&self, date: u64, sent: Duration, received: Duration) {
        let round_trip = received.saturating_sub(sent);
        if round_trip > LONGEST_ROUND_TRIP {
            return;
        }
        // Date is cut to whole seconds, so half a second is its middle.
        let date = i64::try_from(date).ok().and_then(|date| date.checked_mul(1000)).map(|date| date + 500);
        let midpoint = (sent + round_trip / 2).as_millis() as i64;
        if let Some(date) = date {
            self.ahead.store(date - midpoint, Ordering::Relaxed);
        }
    }

    /// The server's time at `steady`, in Unix milliseconds, if an answer has told it.
    pub(crate) fn at(&self, steady: Duration) -> Option<u64> {
        let ahead = Some(self.ahead.load(Ordering::Relaxed)).filter(|ahead| *ahead != UNKNOWN)?;
        u64::try_from(ahead + steady.as_millis() as i64).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_known_to_within_a_second_from_a_quick_answer() {
        let seconds = Duration::from_secs;
        let clock = ServerClock::new();
        assert_eq!(clock.at(seconds(5)), None);
        clock.learn(1_800_000_000, seconds(10), seconds(11));
        assert_eq!(clock.at(seconds(20)), Some(1_800_000_010_000));
        // Three seconds: it may have been made at any time of them.
        clock.learn(1_700_000_000, seconds(20), seconds(23));
        assert_eq!(clock.at(seconds(20)), Some(1_800_000_010_000));
        clock.learn(u64::MAX, seconds(20), seconds(20));
        assert_eq!(clock.at(seconds(20)), Some(1_800_000_010_000));
    }
}
