//! Credentials from a program that the user names.

use std::process::{Command, Stdio};

use boomi_emulator::users::REGULAR;

use crate::shell::{AUDIT_LOG, COMMAND, Ended, Shell, run, send_signal, wait_until};

/// `boomi-auth` with a program for credentials, which is a script of these lines.
fn with_program(shell: &Shell, lines: &str) -> Command {
    let path = shell.write("give credentials", &format!("#!/bin/sh\n{lines}\n"));
    crate::shell::set_mode(&path, 0o700);
    let mut command = shell.program(COMMAND);
    command.env("BOOMI_CREDENTIAL_PROCESS", "\"./give credentials\"");
    command
}

fn document(token: &str) -> String {
    format!(r#"echo '{{"version":1,"username":"{}","api_token":"{token}"}}'"#, REGULAR.name)
}

#[test]
fn a_program_gives_user_and_secret() {
    let shell = Shell::new();
    let mut command = with_program(&shell, &document(REGULAR.token));
    run(command.args(["request", "GET", AUDIT_LOG])).good();
    let mut command = with_program(&shell, &document(REGULAR.token));
    assert_eq!(run(command.arg("username")).good(), "BOOMI_TOKEN.user@example.com\n");
    let profile = "[default]\ncredential_process = \"\\\"./give credentials\\\"\"\n";
    shell.config(profile);
    run(shell.program(COMMAND).arg("jwt")).good();
}

#[test]
fn what_is_wrong_with_it_is_told_and_what_it_prints_is_not() {
    let shell = Shell::new();
    let cases = [
        ("echo hunter2", "is not one JSON object"),
        ("echo hunter2 >&2; exit 7", "exit status 7"),
        (r#"echo '{"version":9,"username":"u","api_token":"hunter2"}'"#, "has version 9"),
        ("true", "is not one JSON object"),
    ];
    for (lines, said) in cases {
        let ended = run(with_program(&shell, lines).arg("jwt"));
        assert_eq!(ended.status, 2, "{ended:?}");
        let own = ended.stderr.lines().last().unwrap();
        assert!(own.contains(said) && !own.contains("hunter2"), "{ended:?}");
        // What it says to the user comes through.
        assert_eq!(ended.stderr.contains("hunter2"), lines.contains(">&2"), "{ended:?}");
    }
    let mut both = with_program(&shell, &document(REGULAR.token));
    run(both.env("BOOMI_API_TOKEN", "x").arg("jwt")).failed(2, &["BOOMI_CREDENTIAL_PROCESS are both set"]);
    assert!(shell.boomi.log().is_empty());
}

#[test]
fn one_that_hangs_ends_with_the_deadline_or_ctrl_c() {
    let shell = Shell::new();
    let hangs = "echo $$ > id; exec sleep 600";
    for command in ["jwt", "username", "header", "curl-config"] {
        run(with_program(&shell, hangs).args([command, "--timeout", "0.2"])).failed(5, &["200 ms"]);
    }
    std::fs::remove_file(shell.home().join("id")).unwrap();
    let mut command = with_program(&shell, hangs);
    let child = command.arg("jwt").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let id = || std::fs::read_to_string(shell.home().join("id")).unwrap_or_default();
    wait_until(|| id().ends_with('\n'));
    send_signal(&child, "-INT");
    assert_eq!(Ended::of(&child.wait_with_output().unwrap()).status, 130);
    let program = id();
    wait_until(|| !std::path::Path::new(&format!("/proc/{}", program.trim())).exists());
}

/// A terminal's Ctrl-C reaches the program too.
#[test]
fn ctrl_c_is_told_as_such_also_where_the_program_ends_first() {
    use std::os::unix::process::CommandExt as _;
    let shell = Shell::new();
    let mut command = with_program(&shell, "echo $$ > id; exec sleep 600");
    let child = command.arg("jwt").process_group(0).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    wait_until(|| std::fs::read_to_string(shell.home().join("id")).is_ok_and(|id| id.ends_with('\n')));
    let group = format!("-{}", child.id());
    assert!(Command::new("kill").args(["-INT", "--", &group]).status().unwrap().success());
    assert_eq!(Ended::of(&child.wait_with_output().unwrap()).status, 130);
}
