//! Many callers at once, and waiting for what they lead to.
#![allow(dead_code, reason = "no test file needs all of it")]

use std::sync::{Barrier, Condvar, Mutex};
use std::time::Duration;

use boomi_emulator::users::Known;
use boomi_emulator::{Emulator, UserStatus};

/// Whoever waits for longer than this waits for what never comes.
const LONGEST_WAIT_MS: u64 = 60_000;

/// Runs `work` in so many threads, which begin together.
pub fn at_once<R: Send>(threads: usize, work: impl Fn(usize) -> R + Sync) -> Vec<R> {
    let start = Barrier::new(threads);
    std::thread::scope(|scope| {
        let (start, work) = (&start, &work);
        let begin = |number| {
            scope.spawn(move || {
                start.wait();
                work(number)
            })
        };
        let running: Vec<_> = (0..threads).map(begin).collect();
        running.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

/// Waits until it is so.
#[track_caller]
pub fn until(boomi: &Emulator, is_so: impl Fn() -> bool) {
    let begin = boomi.at_ms();
    while !is_so() {
        assert!(boomi.at_ms() - begin < LONGEST_WAIT_MS, "it does not come");
        // The processors belong to those who are waited for.
        std::thread::park_timeout(Duration::from_millis(1));
    }
}

/// How many JWTs were asked for with credentials.
pub fn exchanges(boomi: &Emulator) -> usize {
    let is_one = |path: &str, scheme: Option<&str>| path.starts_with("/auth/jwt/") && scheme == Some("Basic");
    boomi.log().iter().filter(|entry| is_one(&entry.path, entry.scheme.as_deref())).count()
}

/// What Boomi counts about a user.
pub fn status(boomi: &Emulator, user: Known) -> UserStatus {
    boomi.users().into_iter().find(|status| status.user == user.name).unwrap()
}

/// Fails if a user was rejected more often than that, or is locked.
#[track_caller]
pub fn assert_rejected_at_most(boomi: &Emulator, user: Known, most: u32) {
    let status = status(boomi, user);
    assert!(status.total_rejections <= most && !status.locked, "more than {most}: {status:?}");
}

/// Does something when it is dropped, also if a test fails: so that threads which wait for it end, and the test with
/// them.
pub struct AtTheEnd<F: FnMut()>(pub F);

impl<F: FnMut()> Drop for AtTheEnd<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// Where a thread is held until it is let go.
#[derive(Default)]
pub struct Gate {
    state: Mutex<GateState>,
    changed: Condvar,
}

#[derive(Default)]
struct GateState {
    has_somebody: bool,
    is_open: bool,
}

impl Gate {
    /// Holds the calling thread.
    pub fn hold(&self) {
        let mut state = self.state.lock().unwrap();
        state.has_somebody = true;
        drop(self.changed.wait_while(state, |state| !state.is_open).unwrap());
    }

    pub fn has_somebody(&self) -> bool {
        self.state.lock().unwrap().has_somebody
    }

    pub fn open(&self) {
        self.state.lock().unwrap().is_open = true;
        self.changed.notify_all();
    }
}
