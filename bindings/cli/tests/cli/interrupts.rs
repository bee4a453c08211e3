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

#[test]
fn an_interrupted_download_leaves_no_file() {
    let shell = Shell::new();
    for (signal, status) in [("-INT", 130), ("-TERM", 143), ("-HUP", 129)] {
        shell.boomi.answer_next(Scripted::from(WireFault::Drip));
        let ended =
            interrupted(&shell, &["request", "GET", LARGE, "-o", "file"], signal, || !shell.leftovers().is_empty());
        assert_eq!((ended.status, ended.stdout.as_str()), (status, ""), "{ended:?}");
        assert!(!shell.home().join("file").exists() && shell.leftovers().is_empty());
    }
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
