//! Credentials from a program that the user names: a vault's or a password manager's command.

use std::ffi::{CStr, CString};
use std::os::fd::{AsFd, AsRawFd as _, OwnedFd};
use std::os::unix::ffi::OsStringExt as _;
use std::time::Duration;

use nix::spawn::{PosixSpawnAttr, PosixSpawnFileActions, PosixSpawnFlags, posix_spawn};
use nix::sys::signal::{SigSet, Signal};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags, open};
use rustix::io::{Errno, fcntl_dupfd_cloexec};
use rustix::process::{Pid, WaitOptions, WaitStatus, kill_process, waitpid};
use zeroize::{Zeroize as _, Zeroizing};

use crate::error::{Error, Result};

/// How long nobody looks whether the call is over.
const SLICE: Duration = Duration::from_millis(50);
/// More is no credential.
const LARGEST: usize = 64 * 1024;

/// What `command` prints, through the shell. It sees our environment, nothing on its standard input, and what it writes to
/// standard error is for the user; BOOMI_REJECTED is 1 if what it printed before was rejected. `check` fails when the call is
/// over, and then the program is killed.
pub(crate) fn run(command: &str, rejected: bool, check: &dyn Fn() -> Result<()>) -> Result<Zeroizing<Vec<u8>>> {
    let rejected = if rejected { c"BOOMI_REJECTED=1" } else { c"BOOMI_REJECTED=0" };
    let started = Child::start(&in_place_of_the_shell(command), rejected);
    let (mut child, stdout) = started.map_err(|error| failed(&format!("/bin/sh cannot be started: {error}")))?;
    let printed = read_all(stdout, check)?;
    match end_of(&mut child, check)? {
        None => Ok(printed),
        Some(how) => Err(failed(&format!("it ended with {how}; what it said is on standard error"))),
    }
}

/// A shell, or what took its place: killed when this is dropped before its end. (The standard library's would be 50 KB more.)
struct Child(Option<Pid>);

impl Child {
    /// Starts one, and returns where it prints to.
    fn start(command: &str, rejected: &CStr) -> nix::Result<(Self, OwnedFd)> {
        let system = |error: Errno| nix::Error::from_raw(error.raw_os_error());
        let (stdout, its_stdout) = pipe().map_err(system)?;
        let mut files = PosixSpawnFileActions::init()?;
        let nothing = open(c"/dev/null", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).map_err(system)?;
        // In a process whose own are closed they could be in each other's way.
        let aside = |file: OwnedFd| fcntl_dupfd_cloexec(file, 3).map_err(system);
        let (its_stdout, nothing) = (aside(its_stdout)?, aside(nothing)?);
        files.add_dup2(its_stdout.as_raw_fd(), 1)?;
        files.add_dup2(nothing.as_raw_fd(), 0)?;
        // As a program expects to be started: what this process ignores and blocks is its own business.
        let mut pipe_signal = SigSet::empty();
        pipe_signal.add(Signal::SIGPIPE);
        let mut attributes = PosixSpawnAttr::init()?;
        attributes.set_flags(PosixSpawnFlags::POSIX_SPAWN_SETSIGDEF | PosixSpawnFlags::POSIX_SPAWN_SETSIGMASK)?;
        attributes.set_sigdefault(&pipe_signal)?;
        attributes.set_sigmask(&SigSet::empty())?;
        let command = CString::new(command).map_err(|_| nix::Error::EINVAL)?;
        let mut variables = variables();
        variables.push(rejected.to_owned());
        let started = posix_spawn(c"/bin/sh", &files, &attributes, &[c"/bin/sh", c"-c", &command], &variables);
        // They may hold secrets.
        variables.into_iter().for_each(|variable| variable.into_bytes().zeroize());
        Ok((Child(Pid::from_raw(started?.as_raw())), stdout))
    }

    /// How it ended, if it has; `None` in it where SIGCHLD is ignored, and nobody can know.
    fn try_wait(&mut self) -> Option<Option<WaitStatus>> {
        let ended = match waitpid(self.0, WaitOptions::NOHANG) {
            Ok(None) => return None,
            Ok(Some((_, status))) => Some(status),
            Err(_) => None,
        };
        self.0 = None;
        Some(ended)
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if let Some(id) = self.0 {
            // It may be gone by now.
            let _ = kill_process(id, rustix::process::Signal::KILL);
            let _ = waitpid(Some(id), WaitOptions::empty());
        }
    }
}

/// A pipe that no program inherits.
#[cfg(not(target_vendor = "apple"))]
fn pipe() -> rustix::io::Result<(OwnedFd, OwnedFd)> {
    rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)
}

/// There it takes two steps, and a program that another thread starts between them inherits it all the same.
#[cfg(target_vendor = "apple")]
fn pipe() -> rustix::io::Result<(OwnedFd, OwnedFd)> {
    let (reader, writer) = rustix::pipe::pipe()?;
    for end in [&reader, &writer] {
        rustix::io::fcntl_setfd(end, rustix::io::FdFlags::CLOEXEC)?;
    }
    Ok((reader, writer))
}

/// This process's environment, as a program gets it, without what is said anew.
fn variables() -> Vec<CString> {
    let all = std::env::vars_os().filter(|(name, _)| name != "BOOMI_REJECTED");
    let join = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
        let mut value = value.into_vec();
        let joined = CString::new([name.into_vec().as_slice(), b"=", &value].concat());
        value.zeroize();
        joined.ok()
    };
    all.filter_map(join).collect()
}

/// A plain command takes the shell's place, so that it is what is killed. What only a shell can run stays as it is.
fn in_place_of_the_shell(command: &str) -> String {
    // What POSIX has in the shell alone, and what begins a compound command.
    const OF_THE_SHELL: [&str; 22] = [
        "{", "!", ".", ":", "break", "cd", "command", "continue", "eval", "exec", "exit", "export", "if", "read",
        "readonly", "return", "set", "shift", "trap", "ulimit", "umask", "unset",
    ];
    let first = command.split_whitespace().next().unwrap_or_default();
    let is_plain = !command.contains(['|', '&', ';', '(', ')', '`', '\n'])
        && !first.contains('=')
        && !OF_THE_SHELL.contains(&first);
    if is_plain { format!("exec {command}") } else { command.to_owned() }
}

fn failed(what: &str) -> Error {
    Error::config(format!("the credential process (BOOMI_CREDENTIAL_PROCESS) failed: {what}"))
}

fn read_all(stdout: OwnedFd, check: &dyn Fn() -> Result<()>) -> Result<Zeroizing<Vec<u8>>> {
    // Room from the start: growing would leave copies behind.
    let mut printed = Zeroizing::new(vec![0; LARGEST + 1]);
    let mut length = 0;
    loop {
        wait_for(&stdout, check)?;
        match rustix::io::read(&stdout, &mut printed[length..]) {
            Ok(0) => break,
            Ok(count) => length += count,
            Err(Errno::INTR) => {}
            Err(error) => return Err(failed(&format!("what it printed cannot be read: {error}"))),
        }
        if length > LARGEST {
            return Err(failed(&format!("it printed more than {LARGEST} bytes")));
        }
    }
    printed.truncate(length);
    Ok(printed)
}

fn wait_for(stdout: impl AsFd, check: &dyn Fn() -> Result<()>) -> Result<()> {
    loop {
        check()?;
        match poll_for(&mut [PollFd::from_borrowed_fd(stdout.as_fd(), PollFlags::IN)], SLICE) {
            Ok(0) | Err(Errno::INTR) => {}
            // Also at its end.
            _ => return Ok(()),
        }
    }
}

fn poll_for(what: &mut [PollFd<'_>], at_most: Duration) -> rustix::io::Result<usize> {
    poll(what, Some(&Timespec { tv_sec: 0, tv_nsec: at_most.as_nanos() as _ }))
}

/// How it ended, if not well.
fn end_of(child: &mut Child, check: &dyn Fn() -> Result<()>) -> Result<Option<String>> {
    // It has closed its standard output, so this is a matter of a moment, if it is a matter of anything.
    let mut pause = Duration::from_micros(100);
    loop {
        match child.try_wait() {
            Some(Some(status)) => {
                return Ok(match (status.exit_status(), status.terminating_signal()) {
                    (Some(0), _) => None,
                    (Some(code), _) => Some(format!("exit status {code}")),
                    (None, signal) => Some(format!("signal {}", signal.unwrap_or_default())),
                });
            }
            Some(None) => return Ok(None),
            None => {}
        }
        check()?;
        // An interruption only makes it shorter.
        let _ = poll_for(&mut [], pause);
        pause = (pause * 2).min(SLICE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    fn run_freely(command: &str) -> Result<Zeroizing<Vec<u8>>> {
        run(command, false, &|| Ok(()))
    }

    #[test]
    fn what_it_prints_is_returned_whole() {
        assert_eq!(&**run_freely("printf 'a b'; printf ' c'").unwrap(), b"a b c");
        assert_eq!(&**run_freely("A=1 sh -c 'printf $A'").unwrap(), b"1");
        assert_eq!(&**run_freely("\"printf\" '{\"a\": \"b\"}'").unwrap(), b"{\"a\": \"b\"}");
        assert_eq!(&**run_freely("printf $BOOMI_REJECTED").unwrap(), b"0");
        assert_eq!(&**run("printf $BOOMI_REJECTED", true, &|| Ok(())).unwrap(), b"1");
        assert_eq!(run_freely("head -c 65536 /dev/zero").unwrap().len(), 65536);
        // Nothing is typed into it.
        assert_eq!(&**run_freely("cat").unwrap(), b"");
    }

    #[test]
    fn a_failure_says_how_and_nothing_of_what_was_printed() {
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
    fn it_is_killed_when_the_call_is_over() {
        for command in ["sleep 60", "sleep 10 2>&- & exec sleep 60", "exec >&-; exec sleep 60"] {
            let looks = std::cell::Cell::new(0);
            let error = run(command, false, &|| {
                looks.set(looks.get() + 1);
                if looks.get() < 3 { Ok(()) } else { Err(Error::new(ErrorKind::Canceled, "enough")) }
            });
            assert_eq!(error.unwrap_err().kind(), ErrorKind::Canceled);
        }
    }
}
