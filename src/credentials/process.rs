//! Credentials from a program that the user names: a vault's or a password manager's command.

use std::io::Read as _;
use std::os::fd::AsFd as _;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use zeroize::Zeroizing;

use crate::error::{Error, Result};

/// How long nobody looks whether the call is over.
const SLICE: Duration = Duration::from_millis(50);
/// More is no credential.
const LARGEST: usize = 64 * 1024;

/// What `command` prints, through the shell. It sees our environment, nothing on its standard input, and what it writes to
/// standard error is for the user; BOOMI_REJECTED is 1 if what it printed before was rejected. `check` fails when the call is
/// over, and then the program is killed.
pub(super) fn run(command: &str, rejected: bool, check: &dyn Fn() -> Result<()>) -> Result<Zeroizing<Vec<u8>>> {
    let mut child = Command::new("/bin/sh")
        .args(["-c", &in_place_of_the_shell(command)])
        .env("BOOMI_REJECTED", if rejected { "1" } else { "0" })
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| failed(&format!("/bin/sh cannot be started: {error}")))?;
    let ended = read_all(&mut child, check).and_then(|printed| Ok((printed, end_of(&mut child, check)?)));
    if ended.is_err() {
        // It may be gone by now.
        let _ = child.kill();
        let _ = child.wait();
    }
    match ended? {
        (printed, None) => Ok(printed),
        (_, Some(how)) => Err(failed(&format!("it ended with {how}; what it said is on standard error"))),
    }
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

fn read_all(child: &mut Child, check: &dyn Fn() -> Result<()>) -> Result<Zeroizing<Vec<u8>>> {
    let mut stdout = child.stdout.take().expect("it is piped");
    // Room from the start: growing would leave copies behind.
    let mut printed = Zeroizing::new(vec![0; LARGEST + 1]);
    let mut length = 0;
    loop {
        wait_for(&stdout, check)?;
        match stdout.read(&mut printed[length..]) {
            Ok(0) => break,
            Ok(count) => length += count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(failed(&format!("what it printed cannot be read: {error}"))),
        }
        if length > LARGEST {
            return Err(failed(&format!("it printed more than {LARGEST} bytes")));
        }
    }
    printed.truncate(length);
    Ok(printed)
}

fn wait_for(stdout: &ChildStdout, check: &dyn Fn() -> Result<()>) -> Result<()> {
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
            Ok(Some(status)) => return Ok((!status.success()).then(|| status.to_string())),
            Ok(None) => {}
            // Where SIGCHLD is ignored, nobody can know.
            Err(_) => return Ok(None),
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
            ("printf hunter2; exit 3", "exit status: 3"),
            ("exit 4", "exit status: 4"),
            ("printf hunter2; kill -9 $$", "signal: 9"),
            ("/nowhere/at/all hunter2 2>/dev/null", "exit status: 127"),
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
