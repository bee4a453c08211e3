//! The clock: the only code that reads time, sleeps or waits. Tests replace it.

#![allow(clippy::disallowed_methods)]

use std::hash::{BuildHasher as _, RandomState};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

#[cfg(any(target_os = "linux", target_os = "android"))]
use crate::fork::PerProcess;
use crate::sync::Signal;
#[cfg(any(target_os = "linux", target_os = "android"))]
use std::sync::atomic::{AtomicU64, Ordering};

/// Reads time, sleeps and waits. [`SystemClock`] uses the system's clocks; tests have others.
pub(crate) trait Clock: Send + Sync {
    /// Monotonic time, which deadlines are counted in. It may stand still while the machine is suspended.
    fn now(&self) -> Instant;
    /// Monotonic time since an arbitrary moment, including suspension where the system has such a clock.
    fn boottime(&self) -> Duration;
    /// The machine's wall clock, since the Unix epoch.
    fn wall(&self) -> Duration;
    /// Both clocks that a token's life is measured by. They may be some milliseconds late.
    fn moment(&self) -> Moment {
        Moment { steady: self.boottime(), wall: self.wall() }
    }
    /// [`moment`](Self::moment) in nanoseconds, for the one caller where a dozen instructions count.
    fn nanos(&self) -> Nanos {
        let Moment { steady, wall } = self.moment();
        (steady.as_nanos() as u64, wall.as_nanos() as u64)
    }
    /// A random number from 0 to 1, which spreads callers in time.
    fn jitter(&self) -> f64 {
        // Each hasher has a random key. Forked children share it, so the process id goes in.
        RandomState::new().hash_one(std::process::id()) as f64 / u64::MAX as f64
    }
    fn sleep(&self, duration: Duration);
    /// A name of this boot and the time since then, equal in all processes of this machine.
    fn boot_id(&self) -> (String, Duration);
    /// Returns when `signal` has counted more changes than `seen`, after `duration`, or spuriously.
    fn wait(&self, signal: &Signal, seen: u64, duration: Duration);
    /// The longest wait between two checks for cancellation, which is promised within 100 ms.
    fn slice(&self) -> Duration {
        Duration::from_millis(50)
    }
}

/// A moment on the two clocks that a token's life is measured by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    /// See [`Clock::boottime`].
    pub(crate) steady: Duration,
    /// Since the Unix epoch.
    pub(crate) wall: Duration,
}

/// A [`Moment`] in nanoseconds: steady, wall.
pub(crate) type Nanos = (u64, u64);

impl Moment {
    pub(crate) fn now(clock: &dyn Clock) -> Self {
        clock.moment()
    }
}

/// The system's clocks.
pub(crate) struct SystemClock;

/// The clock that counts sleep, for whoever asks often.
///
/// It takes 22 ns to read, and two coarse ones that do not count sleep take 5 each. Those two go on side by side, a few
/// hundred times a second: the distance between them changes when the wall clock is set or the machine has slept, and not
/// otherwise. So only then the first is read; and as long as the coarse wall clock stands still, so do the others.
#[cfg(any(target_os = "linux", target_os = "android"))]
struct Ticks {
    /// The coarse wall clock, when last looked at, and how long the machine had been there, awake or not.
    wall: AtomicU64,
    steady: AtomicU64,
    /// By how much the wall clock was ahead of the one that stands still in sleep.
    distance: AtomicU64,
    slept: AtomicU64,
}

#[cfg(any(target_os = "linux", target_os = "android"))]
impl Ticks {
    const fn unknown() -> Self {
        Ticks {
            wall: AtomicU64::new(0),
            steady: AtomicU64::new(0),
            distance: AtomicU64::new(0),
            slept: AtomicU64::new(0),
        }
    }

    /// The time since the machine was started, in nanoseconds, at a moment of the coarse wall clock. `awake` and
    /// `since_start` are asked for the time without sleep, and with it.
    fn steady(&self, wall: u64, awake: impl FnOnce() -> u64, since_start: impl FnOnce() -> u64) -> u64 {
        if self.wall.load(Ordering::Acquire) == wall {
            return self.steady.load(Ordering::Relaxed);
        }
        let awake = awake();
        let steady = awake.saturating_add(self.slept(wall.wrapping_sub(awake), || since_start().saturating_sub(awake)));
        // In this order, and never less than another thread knows, so that nobody takes the time of an earlier tick for this one's.
        self.steady.fetch_max(steady, Ordering::Relaxed);
        self.wall.store(wall, Ordering::Release);
        steady
    }

    fn slept(&self, distance: u64, ask: impl FnOnce() -> u64) -> u64 {
        if self.distance.load(Ordering::Acquire) == distance {
            return self.slept.load(Ordering::Relaxed);
        }
        let slept = ask();
        // In this order, nobody adds the sleep from before to the distance of now.
        self.slept.store(slept, Ordering::Relaxed);
        self.distance.store(distance, Ordering::Release);
        slept
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Instant {
        Instant::now()
    }

    #[cfg(any(target_os = "linux", target_os = "android"))]
    fn boottime(&self) -> Duration {
        // nix calls libc. rustix reads the vDSO itself, which crashes under valgrind.
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

    /// Reads the coarse wall clock: some milliseconds late, in a quarter of the time.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    fn moment(&self) -> Moment {
        let wall = nix::time::clock_gettime(nix::time::ClockId::CLOCK_REALTIME_COARSE);
        Moment { steady: self.boottime(), wall: wall.map_or_else(|_| self.wall(), Duration::from) }
    }

    #[cfg(any(target_os = "linux", target_os = "android"))]
    fn nanos(&self) -> Nanos {
        use nix::time::{ClockId, clock_gettime};
        let read = |clock| {
            // None can fail on a system that has it; if one could, no token would look fresh.
            clock_gettime(clock)
                .map_or(u64::MAX, |time| (time.tv_sec() as u64).wrapping_mul(1_000_000_000) + time.tv_nsec() as u64)
        };
        // Of the machine, like its boot.
        static TICKS: Ticks = Ticks::unknown();
        let wall = read(ClockId::CLOCK_REALTIME_COARSE);
        let (awake, since_start) = (|| read(ClockId::CLOCK_MONOTONIC_COARSE), || read(ClockId::CLOCK_BOOTTIME));
        (TICKS.steady(wall, awake, since_start), wall)
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

    /// Only the wall clock is equal in all processes here.
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    fn boot_id(&self) -> (String, Duration) {
        ("wall".into(), self.wall())
    }

    fn wait(&self, signal: &Signal, seen: u64, duration: Duration) {
        signal.wait(seen, duration);
    }
}

#[cfg(all(test, any(target_os = "linux", target_os = "android")))]
mod tests {
    use super::*;

    const DAY: u64 = 86_400_000_000_000;

    #[test]
    fn the_quick_look_shows_what_the_clocks_show() {
        let clock = SystemClock;
        for _ in 0..1000 {
            let before = clock.moment();
            let (steady, wall) = clock.nanos();
            let (steady, wall) = (Duration::from_nanos(steady), Duration::from_nanos(wall));
            // Coarse: late by a tick of the system, which is at most 10 ms.
            let tick = Duration::from_millis(10);
            assert!(steady + tick >= before.steady && wall + tick >= before.wall, "{steady:?} {wall:?} {before:?}");
            assert!(steady <= clock.boottime() + tick);
        }
    }

    #[test]
    fn sleep_is_seen_however_the_wall_clock_was_set() {
        let ticks = Ticks::unknown();
        let never = || panic!("nothing has changed");
        assert_eq!(ticks.steady(DAY + 5, || 5, || 5), 5);
        assert_eq!(ticks.steady(DAY + 9, || 9, never), 9);
        // It slept for 100, and the wall clock went on.
        assert_eq!(ticks.steady(DAY + 110, || 10, || 110), 110);
        assert_eq!(ticks.steady(DAY + 120, || 20, never), 120);
        // It slept for another 100, and the wall clock was set back by an hour.
        assert_eq!(ticks.steady(DAY + 230 - DAY / 24, || 30, || 230), 230);
        // The wall clock was set, and nothing else.
        assert_eq!(ticks.steady(DAY + 231, || 31, || 231), 231);
    }

    #[test]
    fn between_two_ticks_no_other_clock_is_read() {
        let ticks = Ticks::unknown();
        let never = || panic!("the wall clock stands still");
        assert_eq!(ticks.steady(DAY + 5, || 5, || 5), 5);
        assert_eq!(ticks.steady(DAY + 5, never, never), 5);
        assert_eq!(ticks.steady(DAY + 9, || 9, never), 9);
        // A thread that looked before the last tick, and was held up until now, does not take time back.
        assert_eq!(ticks.steady(DAY + 7, || 7, never), 7);
        assert_eq!(ticks.steady(DAY + 7, never, never), 9);
    }
}
