//! That nobody is locked out by a script.

use boomi_emulator::users::REGULAR;

use crate::shell::{AUDIT_LOG, COMMAND, Shell, run};

fn bad_sign_ins(shell: &Shell) -> u32 {
    let users = shell.boomi.users();
    users.into_iter().find(|status| status.user == REGULAR.name).unwrap().total_rejections
}

#[test]
fn hundred_runs_with_a_wrong_password_send_two_sign_ins() {
    let shell = Shell::new();
    let commands = [&["request", "GET", AUDIT_LOG][..], &["jwt"], &["header", "--jwt"], &["curl-config", "--jwt"]];
    for round in 0..100 {
        let ended = shell.run_with_wrong_token(commands[round % commands.len()]);
        assert_eq!(ended.status, if round == 0 { 3 } else { 4 }, "{round}: {ended:?}");
    }
    assert!(bad_sign_ins(&shell) <= 2);
    // The right one works, at once.
    shell.run(&["request", "GET", AUDIT_LOG]).good();
}

#[test]
fn runs_at_once_send_two_sign_ins_at_most() {
    let shell = Shell::new();
    std::thread::scope(|scope| {
        for _ in 0..20 {
            scope.spawn(|| assert!([3, 4].contains(&shell.run_with_wrong_token(&["jwt"]).status)));
        }
    });
    assert!(bad_sign_ins(&shell) <= 2);
}

#[test]
fn what_is_held_is_told_and_can_be_let_go() {
    let shell = Shell::new();
    let status = shell.run(&["guard", "status"]).good();
    assert!(status.contains("BOOMI_TOKEN.user@example.com") && status.contains("0 rejected"), "{status}");
    shell.run_with_wrong_token(&["jwt"]).failed(3, &[]);
    shell.run_with_wrong_token(&["jwt"]).failed(4, &["boomi-auth guard reset"]);

    let ended = shell.run_with_wrong_token(&["guard", "status"]).failed(4, &["rejected", "guard reset"]);
    assert!(ended.stdout.contains("1 rejected") && ended.stdout.contains(".local/state"), "{ended:?}");
    let ended = shell.run_with_wrong_token(&["guard", "status", "--json"]);
    assert_eq!((ended.status, ended.stderr.as_str()), (4, ""));
    let about: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(about["held"]["reason"], "rejected");
    shell.run(&["guard", "status"]).good();
    // What curl would send is not printed either.
    let ended = shell.run_with_wrong_token(&["curl-config"]).failed(4, &["held"]);
    assert_eq!(ended.stdout, "");

    assert_eq!(shell.run_with_wrong_token(&["guard", "reset"]).status, 0);
    shell.run_with_wrong_token(&["jwt"]).failed(3, &[]);
    shell.run_with_wrong_token(&["jwt"]).failed(4, &[]);
    assert_eq!(bad_sign_ins(&shell), 2);
}

#[test]
fn without_a_memory_nothing_is_sent_that_could_lock_the_user() {
    let shell = Shell::new();
    shell.write("file", "");
    let open = shell.home().join("open");
    std::fs::create_dir(&open).unwrap();
    crate::shell::set_mode(&open, 0o777);
    for state in ["file", "open", "/proc/nowhere"] {
        for arguments in
            [&["jwt"][..], &["request", "GET", AUDIT_LOG], &["curl-config"], &["guard", "status"], &["doctor"]]
        {
            let ended = shell.run(&[arguments, &["--state-dir", state]].concat());
            assert_eq!(ended.status, 2, "{ended:?}");
            let said = if arguments[0] == "doctor" { &ended.stdout } else { &ended.stderr };
            assert!(said.contains("lock the user") && said.contains("BOOMI_STATE_DIR"), "{ended:?}");
        }
        shell.run(&["guard", "reset", "--state-dir", state]).failed(2, &["nothing was changed", state]);
        // What signs nobody in needs none.
        shell.run(&["header", "--state-dir", state]).good();
    }
    assert!(shell.boomi.log().iter().all(|entry| entry.scheme.is_none()));
}

#[test]
fn guard_state_without_home_is_in_the_temporary_directory() {
    let shell = Shell::new();
    let folder = shell.home().join("tmp");
    std::fs::create_dir(&folder).unwrap();
    for home in ["relative", "/proc/nowhere"] {
        let jwt = || {
            let mut command = shell.signed_in(COMMAND);
            run(command.env("HOME", home).env("TMPDIR", &folder).env("BOOMI_API_TOKEN", home).arg("jwt"))
        };
        assert_eq!([jwt().status, jwt().status], [3, 4], "{home}");
    }
    let kept = std::fs::read_dir(&folder).unwrap().next().unwrap().unwrap().path();
    assert!(kept.file_name().unwrap().to_str().unwrap().starts_with("boomi-auth-"), "{}", kept.display());
}
