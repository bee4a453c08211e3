//! A real Secret Service: gnome-keyring on a session bus of the test's own.

use std::process::Command;

use boomi_emulator::users::REGULAR;

use crate::shell::{AUDIT_LOG, COMMAND, Ended, Shell, run};

/// Runs lines of shell where a keychain is, open; `boomi-auth` is `$B`.
fn with_keychain(shell: &Shell, lines: &str) -> Ended {
    let mut command: Command = shell.program("dbus-run-session");
    // The password must be there before anybody asks for the service, which would start it locked.
    let script =
        format!("set -e; printf pass | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1\n{lines}\n");
    run(command.env("B", COMMAND).env("XDG_RUNTIME_DIR", shell.home()).args(["--", "sh", "-c", &script]))
}

#[test]
fn login_keeps_a_secret_and_logout_removes_it() {
    let shell = Shell::new();
    let (user, token) = (REGULAR.name, REGULAR.token);
    let ended = with_keychain(
        &shell,
        &format!(
            "echo {token} | $B login --username {user} 2>told\n\
             $B username; $B request GET '{AUDIT_LOG}' >answer; $B doctor >doctor\n\
             secret-tool search --all service boomi-auth >kept 2>&1\n\
             BOOMI_KEYCHAIN=default $B username\n\
             $B logout 2>>told; $B logout 2>>told; $B header || echo status $?"
        ),
    );
    assert_eq!(ended.status, 0, "{ended:?}");
    let name = "BOOMI_TOKEN.user@example.com\n";
    assert_eq!(ended.stdout, format!("{name}{name}status 2\n"), "{ended:?}");
    let file = |name: &str| std::fs::read_to_string(shell.home().join(name)).unwrap();
    assert!(file("answer").contains("documentId-321"));
    assert!(file("doctor").contains("BOOMI_KEYCHAIN is default, from the keychain"), "{}", file("doctor"));
    assert!(file("kept").contains(token), "it is where other programs for keychains find it");
    let told = file("told");
    assert!(told.contains("stored the API token of user@example.com") && told.contains("there was none"), "{told}");
    assert!(!told.contains(token) && !ended.stderr.contains(token));
    assert!(ended.stderr.contains("no credentials") && ended.stderr.contains("boomi-auth login"), "{ended:?}");
}

#[test]
fn each_profile_has_an_entry_of_its_own() {
    let shell = Shell::new();
    let ended = with_keychain(
        &shell,
        &format!(
            "printf '%s' '{}' | $B login --profile one --username {1} --password 2>told\n\
             printf '%s' x | $B login --profile two --username two@example.com 2>told\n\
             $B username --profile one; $B username --profile two; $B jwt --profile one >jwt\n\
             $B username --profile three || echo status $?",
            REGULAR.password, REGULAR.name
        ),
    );
    assert_eq!(ended.stdout, "user@example.com\nBOOMI_TOKEN.two@example.com\nstatus 2\n", "{ended:?}");
    assert!(ended.stderr.contains("no profile \"three\""), "{ended:?}");
    // What the environment says comes before.
    let ended = with_keychain(&shell, "BOOMI_USERNAME=a@example.com BOOMI_API_TOKEN=t $B username");
    assert_eq!(ended.stdout, "BOOMI_TOKEN.a@example.com\n", "{ended:?}");
}

/// What is kept is what it was said to be, however it came.
#[test]
fn a_password_is_kept_as_one() {
    let shell = Shell::new();
    shell.write_secret("password", &format!("{}\n", REGULAR.password));
    let ended = with_keychain(
        &shell,
        &format!(
            "L='$B login --username {0}'; exec 2>told\n\
             eval \"$L --password-file password\"; $B username; $B jwt >jwt\n\
             printf '%s' '{1}' | eval \"$L --password-stdin\"; $B username; $B jwt >jwt\n\
             printf '%s' '{1}' | eval \"$L --api-token-stdin --password\" || echo status $?",
            REGULAR.name, REGULAR.password
        ),
    );
    assert_eq!(ended.stdout, "user@example.com\nuser@example.com\nstatus 2\n", "{ended:?}");
}

#[test]
fn without_a_keychain_login_says_why() {
    let shell = Shell::new();
    let ended = crate::shell::run_with_input(
        shell.program(COMMAND).args(["login", "--username", REGULAR.name]),
        "marked-secret\n",
    );
    let ended = ended.failed(2, &["keychain", "DBUS_SESSION_BUS_ADDRESS"]);
    assert!(!ended.stderr.contains("marked-secret"));
    run(shell.program(COMMAND).arg("logout")).failed(2, &["keychain"]);
    run(shell.program(COMMAND).arg("login")).failed(2, &["--username"]);
}
