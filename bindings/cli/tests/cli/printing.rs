//! The commands that print one thing.

use boomi_emulator::users::{REGULAR, TWOFA, TWOFA_SECRET};

use crate::shell::{COMMAND, Shell, run, run_on_terminal};

const HEADER: &str = "Basic Qk9PTUlfVE9LRU4udXNlckBleGFtcGxlLmNvbToxMTExMTExMS1hYWFhLTRiYmItOGNjYy0wMDAwMDAwMDAwMDE=\n";

#[test]
fn header_and_username_need_no_connection() {
    let shell = Shell::new();
    assert_eq!(shell.run(&["header"]).good(), HEADER);
    assert_eq!(shell.run(&["username"]).good(), "BOOMI_TOKEN.user@example.com\n");
    let mut password = shell.program(COMMAND);
    password.env("BOOMI_USERNAME", REGULAR.name).env("BOOMI_PASSWORD", REGULAR.password);
    assert_eq!(run(password.arg("username")).good(), "user@example.com\n");
    assert!(shell.boomi.log().is_empty());
}

#[test]
fn a_jwt_is_printed_alone_as_a_header_and_as_json() {
    let shell = Shell::new();
    let jwt = shell.run(&["jwt"]).good();
    assert!(jwt.starts_with("eyJ") && jwt.matches('.').count() == 2 && jwt.ends_with('\n'), "{jwt}");
    assert!(shell.run(&["header", "--jwt"]).good().starts_with("Bearer eyJ"));

    let json = shell.run(&["jwt", "--json"]).good();
    let credential: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&credential["version"], &credential["scheme"]), (&1.into(), &"Bearer".into()));
    let left = credential["expires_at"].as_i64().unwrap() - shell.boomi.now();
    assert!((200..=300).contains(&left), "Unix seconds: {credential}");
    assert_eq!(credential.as_object().unwrap().len(), 4);
    assert!(json.starts_with(r#"{"version":1,"scheme":"Bearer","token":"eyJ"#), "{json}");
    assert_eq!(shell.boomi.log().len(), 3);
}

#[test]
fn a_one_time_code_is_the_server_s() {
    let shell = Shell::new();
    let code = run(shell.program(COMMAND).env("BOOMI_OTP_SECRET", TWOFA_SECRET).arg("otp")).good();
    assert!(code.trim_end().len() == 6 && code.trim_end().bytes().all(|digit| digit.is_ascii_digit()), "{code}");
    let mut password = shell.program(COMMAND);
    password.env("BOOMI_USERNAME", TWOFA.name).env("BOOMI_PASSWORD", TWOFA.password);
    let secret = shell.write_secret("otp", &format!("{TWOFA_SECRET}\n"));
    // A code may have to be waited for.
    run(password.args(["jwt", "--otp-secret-file", secret.to_str().unwrap()])).good();
    run(shell.program(COMMAND).arg("otp")).failed(2, &["BOOMI_OTP_SECRET"]);
    run(shell.program(COMMAND).env("BOOMI_OTP_SECRET", "111").arg("otp")).failed(2, &["base32"]);
}

#[test]
fn a_terminal_gets_a_secret_only_if_it_is_asked_for_twice() {
    let shell = Shell::new();
    for command in ["header", "jwt", "curl-config", "otp"] {
        let mut script = shell.signed_in("script");
        script.env("BOOMI_OTP_SECRET", TWOFA_SECRET);
        let ended = run_on_terminal(script, &[command]);
        assert_eq!(ended.status, 2, "{ended:?}");
        assert!(ended.stdout.contains("--show") && ended.stdout.lines().count() == 1, "{ended:?}");
    }
    assert!(shell.boomi.log().is_empty(), "nothing is asked for that is not shown");
    let ended = run_on_terminal(shell.signed_in("script"), &["header", "--show"]);
    assert_eq!(ended.stdout.replace('\r', ""), HEADER);
    let ended = run_on_terminal(shell.signed_in("script"), &["username"]);
    assert_eq!(ended.stdout, "BOOMI_TOKEN.user@example.com\r\n");
}

#[test]
fn an_output_that_takes_nothing_is_told() {
    let shell = Shell::new();
    let full = || std::fs::File::options().write(true).open("/dev/full").unwrap();
    for command in ["header", "username", "jwt", "curl-config", "man", "doctor"] {
        run(shell.signed_in(COMMAND).arg(command).stdout(full()))
            .failed(1, &["cannot write to standard output: No space left"]);
    }
}

/// Who cannot be told is no reason to fail in another way.
#[test]
fn a_full_or_closed_standard_error_changes_no_status() {
    let shell = Shell::new();
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    assert_eq!(
        run(shell.signed_in(COMMAND).env("BOOMI_API_TOKEN", "wrong").args(["jwt", "-v"]).stderr(full)).status,
        3
    );
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    assert_eq!(run(shell.program(COMMAND).arg("header").stderr(writer)).status, 2);
}
