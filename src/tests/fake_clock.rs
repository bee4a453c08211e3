//! A clock that moves only when a test moves it, or when a thread sleeps on it.

#![allow(clippy::disallowed_methods)]

use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::clock::Clock;
use crate::sync::Signal;

/// Real time passes on it only in [`wait`](Clock::wait).
pub(crate) struct FakeClock {
    start: Instant,
    passed: Mutex<Duration>,
    wall: Mutex<Duration>,
    asleep: Mutex<Duration>,
}

impl FakeClock {
    pub(crate) fn at(unix_seconds: u64) -> Self {
        FakeClock {
            start: Instant::now(),
            passed: Mutex::new(Duration::ZERO),
            wall: Mutex::new(Duration::from_secs(unix_seconds)),
            asleep: Mutex::default(),
        }
    }

    /// Sets the wall clock, as a person or NTP does.
    pub(crate) fn set_wall(&self, wall: Duration) {
        *self.wall.lock().unwrap() = wall - *self.passed.lock().unwrap();
    }

    /// Suspends the machine: `now` stands still.
    pub(crate) fn suspend(&self, duration: Duration) {
        *self.asleep.lock().unwrap() += duration;
        *self.wall.lock().unwrap() += duration;
    }

    pub(crate) fn advance(&self, duration: Duration) {
        *self.passed.lock().unwrap() += duration;
    }
}

impl Clock for FakeClock {
    fn now(&self) -> Instant {
        self.start + *self.passed.lock().unwrap()
    }

    fn boottime(&self) -> Duration {
        *self.passed.lock().unwrap() + *self.asleep.lock().unwrap()
    }

    fn wall(&self) -> Duration {
        *self.wall.lock().unwrap() + *self.passed.lock().unwrap()
    }

    fn sleep(&self, duration: Duration) {
        self.advance(duration);
    }

    fn boot_id(&self) -> (String, Duration) {
        ("test".into(), self.boottime())
    }

    /// Another thread may be about to notify, so real time passes too.
    fn wait(&self, signal: &Signal, seen: u64, duration: Duration) {
        signal.wait(seen, Duration::from_millis(1));
        if signal.count() == seen {
            self.advance(duration);
        }
    }
}
