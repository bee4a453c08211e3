//! The only place that asks what time it is, and the only one that sleeps.

#![allow(clippy::disallowed_methods)]

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Time as the library sees it. Tests bring their own.
pub(crate) trait Clock: Send + Sync {
    /// Never goes back; deadlines are counted on it.
    fn now(&self) -> Instant;
    /// Since the Unix epoch, as this machine believes.
    fn wall(&self) -> Duration;
    /// Returns after `duration`.
    fn sleep(&self, duration: Duration);
}

/// One moment on both clocks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    pub(crate) monotonic: Instant,
    /// Since the Unix epoch.
    pub(crate) wall: Duration,
}

impl Moment {
    pub(crate) fn now(clock: &dyn Clock) -> Self {
        Moment { monotonic: clock.now(), wall: clock.wall() }
    }
}

/// The machine's own clocks.
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn wall(&self) -> Duration {
        SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
    }

    fn sleep(&self, duration: Duration) {
        std::thread::sleep(duration);
    }
}

#[cfg(test)]
pub(crate) mod fake {
    use super::*;
    use std::sync::Mutex;

    /// A clock that moves only when told to, or when somebody sleeps on it.
    pub(crate) struct FakeClock {
        start: Instant,
        passed: Mutex<Duration>,
        wall: Duration,
    }

    impl FakeClock {
        pub(crate) fn at(unix_seconds: u64) -> Self {
            FakeClock {
                start: Instant::now(),
                passed: Mutex::new(Duration::ZERO),
                wall: Duration::from_secs(unix_seconds),
            }
        }

        pub(crate) fn advance(&self, duration: Duration) {
            *self.passed.lock().unwrap() += duration;
        }
    }

    impl Clock for FakeClock {
        fn now(&self) -> Instant {
            self.start + *self.passed.lock().unwrap()
        }

        fn wall(&self) -> Duration {
            self.wall + *self.passed.lock().unwrap()
        }

        fn sleep(&self, duration: Duration) {
            self.advance(duration);
        }
    }
}
