//! Ctrl-C, and being told to end.

use std::process::Stdio;

use boomi_emulator::{Scripted, WireFault};

use crate::shell::{COMMAND, Ended, Shell, send_signal, wait_until};

const LARGE: &str = "/api/rest/v1/{accountId}/Deployment/sized-3000000";

/// Runs a command, sends it a signal when `begun` says so, and waits for its end.
fn interrupted(shell: &Shell, arguments: &[&str], signal: &str, begun: impl FnMut() -> bool) -> Ended {
    let mut command = shell.signed_in(COMMAND);
    command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    wait_until(begun);
    send_signal(&child, signal);
    Ended::of(&child.wait_with_output().unwrap())
}

/// What is sent of a drip before the signal.
fn drips(shell: &Shell) -> impl FnMut() -> bool {
    shell.boomi.clear_log();
    shell.boomi.answer_next(Scripted::from(WireFault::Drip).drip_ms(1));
    || !shell.boomi.log().is_empty()
}

#[test]
fn an_interrupted_download_leaves_no_file() {
    let shell = Shell::new();
    for (signal, status) in [("-INT", 130), ("-TERM", 143), ("-HUP", 129), ("-KILL", -9)] {
        let begun = drips(&shell);
        let ended = interrupted(&shell, &["request", "GET", LARGE, "-o", "file"], signal, begun);
        assert_eq!((ended.status, ended.stdout.as_str()), (status, ""), "{ended:?}");
        assert!(!shell.home().join("file").exists() && shell.leftovers().is_empty(), "{signal}");
    }
}

#[test]
fn a_body_that_flows_is_interrupted_as_one_that_does_not() {
    let shell = Shell::new();
    let begun = drips(&shell);
    assert_eq!(interrupted(&shell, &["request", "GET", LARGE], "-INT", begun).status, 130);
    shell.boomi.clear_log();
    shell.boomi.answer_next(Scripted::from(WireFault::EndlessBody));
    let mut command = shell.signed_in(COMMAND);
    let child = command.args(["request", "GET", LARGE]).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    wait_until(|| !shell.boomi.log().is_empty());
    send_signal(&child, "-TERM");
    assert_eq!(Ended::of(&child.wait_with_output().unwrap()).status, 143);
}

#[test]
fn nobody_has_to_read_on_for_it_to_end() {
    let shell = Shell::new();
    let mut command = shell.signed_in(COMMAND);
    command.args(["request", "GET", LARGE]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // More than a pipe holds, so it waits for a reader from here on.
    std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut [0; 100]).unwrap();
    send_signal(&child, "-TERM");
    let unread = child.stdout.take();
    assert_eq!(child.wait().unwrap().code(), Some(143));
    drop(unread);
}

#[test]
fn an_interrupted_request_ends_with_130() {
    let shell = Shell::new();
    for arguments in [&["request", "GET", LARGE][..], &["jwt"], &["doctor", "--sign-in"]] {
        shell.boomi.clear_log();
        shell.boomi.answer_next(Scripted::from(WireFault::Drip).times(2));
        let ended = interrupted(&shell, arguments, "-INT", || !shell.boomi.log().is_empty());
        shell.boomi.clear_scripted();
        assert_eq!(ended.status, 130, "{arguments:?}: {ended:?}");
    }
}
