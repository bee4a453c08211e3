//! That a secret is nowhere but where it was asked for.

use std::process::{Command, Stdio};

use boomi_emulator::users::{REGULAR, TWOFA, TWOFA_SECRET};
use boomi_emulator::{Scripted, WireFault};

use crate::shell::{AUDIT_LOG, COMMAND, Shell, run, run_with_input, send_signal, wait_until};

/// What must not be seen: the secrets as they are, and as they are sent.
fn secrets() -> Vec<String> {
    let basic = boomi_auth::auth_header(boomi_auth::CredentialKind::ApiToken, REGULAR.name, REGULAR.token).unwrap();
    let basic = basic.expose().trim_start_matches("Basic ").to_owned();
    [REGULAR.token, REGULAR.password, TWOFA.password, TWOFA_SECRET, "eyJ"]
        .map(String::from)
        .into_iter()
        .chain([basic])
        .collect()
}

#[track_caller]
fn assert_silent(text: &str) {
    for secret in secrets() {
        assert!(!text.contains(&secret), "{secret} is in: {text}");
    }
}

#[test]
fn no_command_tells_a_secret_that_it_was_not_asked_for() {
    let shell = Shell::new();
    let commands: [&[&str]; 9] = [
        &["username"],
        &["request", "GET", AUDIT_LOG, "--include"],
        &["request", "GET", AUDIT_LOG, "--jwt"],
        &["doctor"],
        &["doctor", "--sign-in", "--json"],
        &["guard", "status"],
        &["guard", "status", "--json"],
        &["guard", "reset"],
        &["logout"],
    ];
    for command in commands {
        let ended = shell.run(&[command, &["--verbose"]].concat());
        assert_silent(&ended.stdout);
        assert_silent(&ended.stderr);
    }
    // And those that were asked say it on standard output alone.
    for command in [&["jwt"][..], &["header", "--jwt"], &["header"], &["curl-config"]] {
        assert_silent(&shell.run(&[command, &["--verbose"]].concat()).stderr);
    }
}

#[test]
fn a_server_that_says_it_back_is_not_repeated_in_messages() {
    let shell = Shell::new();
    let body = format!("{{\"error\":{{\"message\":\"bad token {}\"}}}}", REGULAR.token);
    shell.boomi.answer_next(Scripted::new(400, "application/json", &body));
    let ended = shell.run(&["request", "GET", AUDIT_LOG, "-v"]).failed(6, &[]);
    assert_silent(&ended.stderr);
}

#[test]
fn the_list_of_processes_and_the_traces_of_a_shell_show_none() {
    let shell = Shell::new();
    shell.boomi.answer_next(Scripted::from(WireFault::Drip).times(2));
    let mut command = shell.program(COMMAND);
    command.env("BOOMI_USERNAME", REGULAR.name).args(["request", "GET", AUDIT_LOG, "--api-token-stdin"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), REGULAR.token.as_bytes()).unwrap();
    wait_until(|| !shell.boomi.log().is_empty());
    let id = child.id().to_string();
    let seen =
        run(Command::new("ps").args(["-ww", "-o", "args=", "--ppid", &std::process::id().to_string(), "-p", &id]));
    let environment = std::fs::read(format!("/proc/{id}/environ")).unwrap();
    let limits = std::fs::read_to_string(format!("/proc/{id}/limits")).unwrap();
    send_signal(&child, "-INT");
    child.wait().unwrap();
    assert!(seen.stdout.contains("--api-token-stdin"), "{seen:?}");
    assert_silent(&seen.stdout);
    assert_silent(&String::from_utf8_lossy(&environment));
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().nth(4), Some("0"), "a crash leaves no memory behind");

    let script = format!(
        "set -x; curl -sS -K <({COMMAND} curl-config) \"$BOOMI_API_URL/\" >/dev/null; {COMMAND} jwt >/dev/null"
    );
    let traced = run(shell.signed_in("bash").args(["-c", &script]));
    assert!(traced.stderr.contains("curl-config"), "{traced:?}");
    assert_silent(&traced.stderr);
}

#[test]
fn what_it_writes_is_for_its_owner_and_holds_none() {
    let shell = Shell::new();
    let line = format!(
        "umask 000; {COMMAND} jwt >/dev/null; BOOMI_API_TOKEN=wrong {COMMAND} jwt; {COMMAND} request GET '{AUDIT_LOG}'"
    );
    run(shell.signed_in("sh").args(["-c", &line]));
    let mut of_the_guard = 0;
    for (path, mode) in shell.files() {
        if path.starts_with(shell.home().join(".local")) {
            assert_eq!(mode & 0o077, 0, "{}", path.display());
            of_the_guard += 1;
        }
        assert_silent(&String::from_utf8_lossy(&std::fs::read(&path).unwrap()));
    }
    assert!(of_the_guard >= 2);
}

#[test]
fn a_typed_secret_is_not_echoed() {
    let shell = Shell::new();
    // Without a session bus there is no keychain; the question comes before.
    let mut script = shell.program("script");
    script.args(["-qec", &format!("{COMMAND} login --username user@example.com"), "/dev/null"]);
    let ended = run_with_input(&mut script, &format!("{}\n", REGULAR.token));
    assert!(ended.stdout.contains("API token of user@example.com: "), "{ended:?}");
    assert_silent(&ended.stdout.replace(&format!("{}\r\n", REGULAR.token), ""));
}

#[test]
fn ctrl_c_at_the_question_leaves_a_terminal_that_echoes() {
    use std::io::{Read as _, Write as _};
    let shell = Shell::new();
    let mut script = shell.program("script");
    let line = format!("trap '' INT; {COMMAND} login --username user@example.com; echo status $?; stty -a");
    script.env("TERM", "xterm").args(["-qec", &line, "/dev/null"]);
    let mut child = script.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let mut seen = String::new();
    while !seen.contains("API token of user@example.com: ") {
        let mut piece = [0; 100];
        let length = stdout.read(&mut piece).unwrap();
        assert!(length > 0, "{seen}");
        seen += &String::from_utf8_lossy(&piece[..length]);
    }
    child.stdin.as_mut().unwrap().write_all(b"\x03").unwrap();
    stdout.read_to_string(&mut seen).unwrap();
    child.wait().unwrap();
    assert!(seen.contains("status 130") && seen.contains(" echo ") && !seen.contains("-echo "), "{seen}");
}
