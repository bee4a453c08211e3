//! The only place that asks what time it is, and the only one that sleeps or waits.

#![allow(clippy::disallowed_methods)]

use std::hash::{BuildHasher as _, RandomState};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

#[cfg(any(target_os = "linux", target_os = "android"))]
use crate::fork::PerProcess;
use crate::sync::Signal;

/// Time as the library sees it. Tests bring their own.
pub(crate) trait Clock: Send + Sync {
    /// Never goes back; deadlines are counted on it. It may stand still while the machine sleeps.
    fn now(&self) -> Instant;
    /// Never goes back, and goes on while the machine sleeps, where the system has such a clock. Since an arbitrary moment.
    fn boottime(&self) -> Duration;
    /// Since the Unix epoch, as this machine believes.
    fn wall(&self) -> Duration;
    /// Both clocks that tokens live by, for which tens of milliseconds are nothing.
    fn moment(&self) -> Moment {
        Moment { steady: self.boottime(), wall: self.wall() }
    }
    /// A number from 0 to 1, so that callers do not all come at the same moment.
    fn jitter(&self) -> f64 {
        // Each of these hashers has a key of its own, out of the system's random numbers; but children of `fork` have the same.
        RandomState::new().hash_one(std::process::id()) as f64 / u64::MAX as f64
    }
    /// Returns after `duration`.
    fn sleep(&self, duration: Duration);
    /// A steady time that is the same in all processes of this machine, and the name of what it is counted from: this boot.
    fn boot_id(&self) -> (String, Duration) {
        ("test".into(), self.boottime())
    }
    /// Returns when `signal` has more changes than were `seen`, or after `duration`, or for no reason at all.
    fn wait(&self, signal: &Signal, seen: u64, duration: Duration);
    /// The longest that anything waits before it looks whether it should stop. Cancelling promises 100 ms.
    fn slice(&self) -> Duration {
        Duration::from_millis(50)
    }
}

/// One moment, on the two clocks that a token's life is measured by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    /// See [`Clock::boottime`].
    pub(crate) steady: Duration,
    /// Since the Unix epoch.
    pub(crate) wall: Duration,
}

impl Moment {
    pub(crate) fn now(clock: &dyn Clock) -> Self {
        clock.moment()
    }
}

/// The machine's own clocks.
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Instant {
        Instant::now()
    }

    #[cfg(any(target_os = "linux", target_os = "android"))]
    fn boottime(&self) -> Duration {
        // Through libc: rustix would read the vDSO by itself, which valgrind does not survive.
        nix::time::clock_gettime(nix::time::ClockId::CLOCK_BOOTTIME).map_or_else(|_| self.wall(), Duration::from)
    }

    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    fn boottime(&self) -> Duration {
        static START: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);
        START.elapsed()
    }

    fn wall(&self) -> Duration {
        SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
    }

    /// The coarse wall clock is a few milliseconds late, and read in a quarter of the time.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    fn moment(&self) -> Moment {
        let wall = nix::time::clock_gettime(nix::time::ClockId::CLOCK_REALTIME_COARSE);
        Moment { steady: self.boottime(), wall: wall.map_or_else(|_| self.wall(), Duration::from) }
    }

    fn sleep(&self, duration: Duration) {
        std::thread::sleep(duration);
    }

    #[cfg(any(target_os = "linux", target_os = "android"))]
    fn boot_id(&self) -> (String, Duration) {
        static BOOT: PerProcess<Option<String>> = PerProcess::empty();
        let read = || std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok();
        match &*BOOT.get(read) {
            Some(boot) => (boot.trim().to_owned(), self.boottime()),
            None => ("wall".into(), self.wall()),
        }
    }

    /// No other clock is the same in all processes.
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    fn boot_id(&self) -> (String, Duration) {
        ("wall".into(), self.wall())
    }

    fn wait(&self, signal: &Signal, seen: u64, duration: Duration) {
        signal.wait(seen, duration);
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

        /// Sends the machine to sleep: `now` stands still.
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

        /// Another thread may be about to change what is waited for, so real time passes too.
        fn wait(&self, signal: &Signal, seen: u64, duration: Duration) {
            signal.wait(seen, Duration::from_millis(1));
            if signal.count() == seen {
                self.advance(duration);
            }
        }
    }
}
