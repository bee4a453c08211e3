//! Credentials from a program that the user names: a vault's or a password manager's command.

use std::io::{PipeReader, Read as _};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::{fs::File, time::Duration};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use zeroize::Zeroizing;

use crate::error::{Error, Result};

/// The longest time between two calls of `check`.
const SLICE: Duration = Duration::from_millis(50);
const LARGEST: usize = 64 * 1024;

/// Runs `command` through the shell and returns what it prints on standard output.
///
/// The program has this process's environment, an empty standard input, and this process's standard error for messages
/// to the user. BOOMI_REJECTED is 1 in its environment if the server rejected the last credentials. `check` fails when
/// the call has ended; then the program is killed.
pub(super) fn run(command: &str, rejected: bool, check: &dyn Fn() -> Result<()>) -> Result<Zeroizing<Vec<u8>>> {
    // On a terminal the program stays in the foreground: Ctrl-C reaches it, and it can ask the user.
    let has_group = File::open("/dev/tty").is_err();
    let (mut program, mut stdout) = Program::start(command, rejected, has_group)
        .map_err(|error| failed(&format!("/bin/sh cannot be started: {error}")))?;
    let printed = read_all(&mut program, &mut stdout, check)?;
    let status = program.wait(check)?;
    let how = match (status.code(), status.signal()) {
        (Some(0), _) => return Ok(printed),
        (Some(code), _) => format!("exit status {code}"),
        (None, signal) => format!("signal {}", signal.unwrap_or_default()),
    };
    Err(failed(&format!("it ended with {how}; what it said is on standard error")))
}

/// A running program, killed when dropped before its end.
struct Program {
    shell: Child,
    /// Whether the shell leads a process group of its own, which is killed with it.
    has_group: bool,
}

impl Program {
    /// Starts the shell and returns the pipe to which it prints.
    fn start(command: &str, rejected: bool, has_group: bool) -> std::io::Result<(Self, PipeReader)> {
        // Not `Stdio::piped`: in a process without standard descriptors, the pipe would get their numbers.
        let (stdout, its_stdout) = std::io::pipe()?;
        let mut shell = Command::new("/bin/sh");
        shell.arg("-c").arg(command).env("BOOMI_REJECTED", if rejected { "1" } else { "0" });
        shell.stdin(Stdio::null()).stdout(its_stdout);
        if has_group {
            shell.process_group(0);
        }
        Ok((Program { shell: shell.spawn()?, has_group }, stdout))
    }

    fn try_wait(&mut self) -> Option<ExitStatus> {
        // The status is lost, and taken for success, where the host ignores SIGCHLD or waits for every child.
        self.shell.try_wait().unwrap_or_else(|_| Some(ExitStatus::default()))
    }

    /// Waits for the end of a program that has closed its standard output.
    fn wait(&mut self, check: &dyn Fn() -> Result<()>) -> Result<ExitStatus> {
        let mut pause = Duration::from_micros(100);
        loop {
            if let Some(status) = self.try_wait() {
                return Ok(status);
            }
            check()?;
            // A signal only shortens it.
            let _ = poll_for(&mut [], pause);
            pause = (pause * 2).min(SLICE);
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if self.try_wait().is_none() {
            let id = Pid::from_child(&self.shell);
            let _ = if self.has_group { kill_process_group(id, Signal::KILL) } else { kill_process(id, Signal::KILL) };
            let _ = self.shell.wait();
        }
    }
}

/// Reads what the program prints, until it closes the pipe or has ended and left the pipe empty.
///
/// Other processes may keep the pipe open after the program's end: a daemon that it started, or a child that the host
/// forked while the pipe was made.
fn read_all(
    program: &mut Program,
    stdout: &mut PipeReader,
    check: &dyn Fn() -> Result<()>,
) -> Result<Zeroizing<Vec<u8>>> {
    // The full size from the start: growing would leave copies behind.
    let mut printed = Zeroizing::new(vec![0; LARGEST + 1]);
    let mut length = 0;
    while length <= LARGEST {
        check()?;
        // In this order: after the program's end, the pipe has all that it printed.
        let has_ended = program.try_wait().is_some();
        let readable =
            poll_for(&mut [PollFd::new(&*stdout, PollFlags::IN)], if has_ended { Duration::ZERO } else { SLICE });
        match readable {
            Ok(0) if has_ended => break,
            Ok(0) | Err(Errno::INTR) => continue,
            _ => {}
        }
        match stdout.read(&mut printed[length..]) {
            Ok(0) => break,
            Ok(count) => length += count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(failed(&format!("what it printed cannot be read: {error}"))),
        }
    }
    if length > LARGEST {
        return Err(failed(&format!("it printed more than {LARGEST} bytes")));
    }
    printed.truncate(length);
    Ok(printed)
}

fn poll_for(files: &mut [PollFd<'_>], at_most: Duration) -> rustix::io::Result<usize> {
    poll(files, Some(&Timespec { tv_sec: 0, tv_nsec: at_most.subsec_nanos().into() }))
}

fn failed(what: &str) -> Error {
    Error::config(format!("the credential process (BOOMI_CREDENTIAL_PROCESS) failed: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    fn run_freely(command: &str) -> Result<Zeroizing<Vec<u8>>> {
        run(command, false, &|| Ok(()))
    }

    #[test]
    fn output_is_returned_whole() {
        assert_eq!(&**run_freely("printf 'a b'; printf ' c'").unwrap(), b"a b c");
        assert_eq!(&**run_freely("A=1 sh -c 'printf $A'").unwrap(), b"1");
        assert_eq!(&**run_freely("\"printf\" '{\"a\": \"b\"}'").unwrap(), b"{\"a\": \"b\"}");
        assert_eq!(&**run_freely("printf $BOOMI_REJECTED").unwrap(), b"0");
        assert_eq!(&**run("printf $BOOMI_REJECTED", true, &|| Ok(())).unwrap(), b"1");
        assert_eq!(run_freely("head -c 65536 /dev/zero").unwrap().len(), 65536);
        // Its standard input is empty.
        assert_eq!(&**run_freely("cat").unwrap(), b"");
    }

    #[test]
    fn failure_says_how_and_shows_no_output() {
        let cases = [
            ("printf hunter2; exit 3", "exit status 3"),
            ("exit 4", "exit status 4"),
            ("printf hunter2; kill -9 $$", "signal 9"),
            ("/nowhere/at/all hunter2 2>/dev/null", "exit status 127"),
            ("head -c 65537 /dev/zero", "more than 65536 bytes"),
        ];
        for (command, said) in cases {
            let error = run_freely(command).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(error.message().contains(said) && !error.message().contains("hunter2"), "{error}");
        }
    }

    /// The program would run for a minute; the call ends when its `check` says so.
    #[test]
    fn program_is_killed_when_its_call_ends() {
        for command in ["sleep 60", "sleep 10 2>&- & exec sleep 60", "exec >&-; exec sleep 60"] {
            let looks = std::cell::Cell::new(0);
            let error = run(command, false, &|| {
                looks.set(looks.get() + 1);
                if looks.get() < 3 { Ok(()) } else { Err(Error::new(ErrorKind::Canceled, "enough")) }
            });
            assert_eq!(error.unwrap_err().kind(), ErrorKind::Canceled);
        }
    }

    /// A daemon that the program started keeps standard output open, and stays alive.
    #[test]
    fn open_pipe_after_program_end_costs_no_wait() {
        let looks = std::cell::Cell::new(0);
        let printed = run("sleep 60 2>/dev/null & echo $!", false, &|| {
            looks.set(looks.get() + 1);
            if looks.get() < 100 { Ok(()) } else { Err(Error::new(ErrorKind::Timeout, "it waits for the daemon")) }
        });
        let daemon = String::from_utf8(printed.unwrap().to_vec()).unwrap();
        let daemon = Pid::from_raw(daemon.trim().parse().unwrap()).unwrap();
        kill_process(daemon, Signal::KILL).expect("the daemon still runs");
    }

    #[test]
    fn killed_program_takes_its_group_along() {
        let (program, mut stdout) = Program::start("sleep 60 & sleep 60 & echo; wait", false, true).unwrap();
        stdout.read_exact(&mut [0]).unwrap();
        drop(program);
        let in_5_s = Timespec { tv_sec: 5, tv_nsec: 0 };
        let readable = poll(&mut [PollFd::new(&stdout, PollFlags::IN)], Some(&in_5_s));
        assert_eq!((readable, stdout.read(&mut [0]).unwrap()), (Ok(1), 0), "the last writer is gone");
    }
}
