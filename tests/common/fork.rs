//! Forked processes.
#![allow(dead_code, reason = "no test file needs all of it")]

use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A child that hangs is killed after so many seconds, and went wrong.
const LONGEST_LIFE: libc::c_uint = 100;

/// A forked process that was not waited for yet.
#[must_use]
pub struct Child(libc::pid_t);

/// Runs `child` in a forked process.
pub fn fork(child: impl FnOnce() -> bool) -> Child {
    // SAFETY: the child uses clients under test and nothing else of this process, and leaves by `_exit`, so no
    // destructor of its parent's and no code of the test harness runs there.
    let process = unsafe { libc::fork() };
    assert!(process >= 0, "cannot fork");
    if process == 0 {
        // SAFETY: its signal ends this process, which is what is wanted.
        unsafe { libc::alarm(LONGEST_LIFE) };
        let good = catch_unwind(AssertUnwindSafe(child)).unwrap_or_else(|panic| {
            let text = panic.downcast_ref::<String>().map_or("it panicked", String::as_str);
            // What a child prints is kept by the harness, which this process never gets back to.
            let _ = writeln!(std::io::stderr(), "a forked process: {text}");
            false
        });
        // SAFETY: it ends this process, and has no other condition.
        unsafe { libc::_exit(if good { 0 } else { 1 }) };
    }
    Child(process)
}

/// Runs `child` in so many forked processes at once.
pub fn fork_many(count: usize, child: impl Fn(usize) -> bool) -> Vec<Child> {
    (0..count).map(|number| fork(|| child(number))).collect()
}

impl Child {
    /// Stops it where it is, until [`go_on`](Self::go_on).
    pub fn stop(&self) {
        self.signal(libc::SIGSTOP);
    }

    pub fn go_on(&self) {
        self.signal(libc::SIGCONT);
    }

    fn signal(&self, signal: libc::c_int) {
        // SAFETY: the process is a child that was not waited for.
        assert_eq!(unsafe { libc::kill(self.0, signal) }, 0);
    }

    /// Waits for it, and says whether it returned `true`.
    pub fn went_well(self) -> bool {
        let mut status = -1;
        // SAFETY: `status` is a place for an int, and the process is a child that was not waited for.
        let waited = unsafe { libc::waitpid(self.0, &mut status, 0) };
        if status != 0 {
            println!("process {} ended with wait status {status:#x}", self.0);
        }
        (waited, status) == (self.0, 0)
    }
}

/// Waits for all. Fails with the numbers of those that went wrong.
#[track_caller]
pub fn all_went_well(children: Vec<Child>) {
    let went: Vec<_> = children.into_iter().map(Child::went_well).collect();
    let wrong: Vec<_> = (0..went.len()).filter(|number| !went[*number]).collect();
    assert!(wrong.is_empty(), "of {} processes these went wrong: {wrong:?}", went.len());
}
