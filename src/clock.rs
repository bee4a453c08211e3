//! The clock: the only code that reads time, sleeps or waits. Tests replace it.

#![allow(clippy::disallowed_methods)]

use std::hash::{BuildHasher as _, RandomState};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::{fork::PerProcess, sync::Signal};

/// The longest wait between two checks for cancellation, which is promised within 100 ms.
pub(crate) const SLICE: Duration = Duration::from_millis(50);

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
    /// [`SLICE`], in this clock's time.
    fn slice(&self) -> Duration {
        SLICE
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

pub(crate) struct SystemClock;

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

    fn sleep(&self, duration: Duration) {
        std::thread::sleep(duration);
    }

    /// Where the system names no boot, only the wall clock is equal in all processes.
    fn boot_id(&self) -> (String, Duration) {
        static BOOT: PerProcess<Option<String>> = PerProcess::empty();
        let read = || std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok();
        match &*BOOT.get(read) {
            Some(boot) => (boot.trim().to_owned(), self.boottime()),
            None => ("wall".into(), self.wall()),
        }
    }

    fn wait(&self, signal: &Signal, seen: u64, duration: Duration) {
        signal.wait(seen, duration);
    }
}
