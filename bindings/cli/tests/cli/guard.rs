//! That nobody is locked out by a script.

use boomi_emulator::users::REGULAR;

use crate::shell::{AUDIT_LOG, COMMAND, Shell, run};

fn bad_sign_ins(shell: &Shell) -> u32 {
    let users = shell.boomi.users();
    users.into_iter().find(|status| status.user == REGULAR.name).unwrap().total_rejections
}

#[test]
fn a_hundred_runs_with_a_wrong_password_send_two_sign_ins_at_most() {
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
fn a_memory_that_cannot_be_used_is_told_and_fails_no_request() {
    let shell = Shell::new();
    shell.write("file", "");
    shell.run(&["request", "GET", AUDIT_LOG, "--state-dir", "file"]).good();
    let told = run(shell.signed_in(COMMAND).args(["request", "GET", AUDIT_LOG, "--state-dir", "file", "-v"]));
    assert!(told.stderr.contains("state_unavailable"), "{told:?}");
    shell.run(&["guard", "reset", "--state-dir", "file"]).failed(2, &["nothing was changed", "file"]);
}
