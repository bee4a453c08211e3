//! Which process made an attempt, and whether it has ended.

use std::fs;

use super::os;
use crate::{fork::PerProcess, guard::credential::Owner};

/// One run of a process id.
struct Run {
    /// Whether it waits only for its parent to collect the exit status.
    ended: bool,
    /// In ticks since the boot.
    started: u64,
}

pub(crate) fn this() -> Owner {
    static OWNER: PerProcess<Owner> = PerProcess::empty();
    let process = std::process::id();
    *OWNER.get(|| Owner { process, started: run_of(process).map_or(0, |run| run.started) })
}

pub(crate) fn is_gone(owner: &Owner) -> bool {
    if !os::exists(owner.process) {
        return true;
    }
    let run = run_of(owner.process);
    run.is_some_and(|run| run.ended || (owner.started != 0 && run.started != owner.started))
}

/// Reads `/proc/PID/stat`; `None` where the system has no such file.
fn run_of(process: u32) -> Option<Run> {
    let stat = fs::read(format!("/proc/{process}/stat")).ok()?;
    let stat = String::from_utf8_lossy(&stat);
    // The second field is the program's name in parentheses, which may contain any character. See proc_pid_stat(5).
    let (_, fields) = stat.rsplit_once(')')?;
    let fields: Vec<_> = fields.split_whitespace().collect();
    Some(Run { ended: matches!(*fields.first()?, "Z" | "X"), started: fields.get(19)?.parse().ok()? })
}
