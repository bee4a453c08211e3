//! Sign-ins that another library sends, which tells how they were answered, or does not.

use boomi_auth::{AuthScheme, Authorization, Call, Client, Credentials, ErrorKind};
use boomi_emulator::Emulator;
use boomi_emulator::users::{ACCOUNT, REGULAR};
use std::time::Duration;

use crate::common::{self, AUDIT_LOG, by_password};
use crate::load::{assert_rejected_at_most, at_once, status};

const THREADS: usize = 32;

fn client_with(boomi: &Emulator, password: &str) -> Client {
    common::client(boomi, Credentials::password(REGULAR.name, password).unwrap())
}

fn authorize(boomi: &Emulator, client: &Client) -> Result<Authorization, boomi_auth::Error> {
    let mut call = Call::new();
    call.set_timeout(Duration::from_secs(5)).unwrap();
    let url = format!("{}/api/rest/v1/{ACCOUNT}/AuditLog/documentId-321", boomi.base_url());
    client.authorize(AuthScheme::Basic, &url, Some(&call))
}

/// Sends as another library does: whatever it was given, and nothing else.
fn send_elsewhere(sender: &Client, authorization: &Authorization) -> (u16, Vec<u8>) {
    let request = sender.get(AUDIT_LOG).auth(AuthScheme::None);
    let request =
        authorization.headers().fold(request, |request, (name, value)| request.secret_header(name, value.expose()));
    let answer = request.send().unwrap();
    (answer.status(), answer.into_body())
}

#[test]
fn foreign_requests_with_a_wrong_password_are_rejected_twice() {
    let boomi = Emulator::start_unlimited();
    let (client, sender) = (client_with(&boomi, "wrong"), common::builder(&boomi).build().unwrap());
    let sent: usize = at_once(THREADS, |_| {
        let mut sent = 0;
        for _ in 0..20 {
            match authorize(&boomi, &client) {
                Ok(mut authorization) => {
                    let (status, body) = send_elsewhere(&sender, &authorization);
                    assert!(status == 401 && !authorization.observe(status, &body));
                    sent += 1;
                }
                Err(error) => assert_eq!(error.kind(), ErrorKind::Held),
            }
        }
        sent
    })
    .into_iter()
    .sum();
    assert!((1..=2).contains(&sent), "{sent}");
    assert_rejected_at_most(&boomi, REGULAR, 2);
}

#[test]
fn foreign_requests_with_a_right_password_are_never_held() {
    let boomi = Emulator::start_unlimited();
    let (client, sender) = (common::client(&boomi, by_password(REGULAR)), common::builder(&boomi).build().unwrap());
    at_once(THREADS, |_| {
        let mut authorization = authorize(&boomi, &client).unwrap();
        let (status, body) = send_elsewhere(&sender, &authorization);
        assert!(status == 200 && !authorization.observe(status, &body));
    });
}

#[test]
fn sign_ins_whose_end_nobody_tells_are_five_at_most() {
    let boomi = Emulator::start_unlimited();
    let sender = common::builder(&boomi).build().unwrap();
    let sent: usize = at_once(THREADS, |number| {
        // Each with a password of its own, which no hold of another's is for.
        let client = client_with(&boomi, &format!("wrong{number}"));
        let Ok(authorization) = authorize(&boomi, &client) else { return 0 };
        send_elsewhere(&sender, &authorization);
        1
    })
    .into_iter()
    .sum();
    let answered = status(&boomi, REGULAR);
    assert_eq!((sent, answered.total_rejections, answered.locked), (5, 5, false), "what may be tried is tried");
    // And for good, until a person says that all is well.
    let client = common::client(&boomi, by_password(REGULAR));
    let error = authorize(&boomi, &client).unwrap_err();
    assert_eq!((error.kind(), error.retry_after()), (ErrorKind::Held, None), "{error}");
    client.reset_guard();
    let mut authorization = authorize(&boomi, &client).unwrap();
    let (status, body) = send_elsewhere(&sender, &authorization);
    authorization.observe(status, &body);
    assert_eq!(status, 200);
    assert!(authorize(&boomi, &client).is_ok());
}

#[test]
fn one_whose_end_nobody_tells_holds_the_next() {
    let boomi = Emulator::start_unlimited();
    let (client, sender) = (client_with(&boomi, "wrong"), common::builder(&boomi).build().unwrap());
    let mut sent = 0;
    for _ in 0..20 {
        if let Ok(authorization) = authorize(&boomi, &client) {
            send_elsewhere(&sender, &authorization);
            sent += 1;
        }
    }
    assert_eq!(sent, 1, "nobody knows that it was not rejected");
    assert_rejected_at_most(&boomi, REGULAR, 1);
}

#[cfg(target_os = "linux")]
mod libcurl {
    use std::process::Command;

    use super::*;
    use crate::toolchain::{Library, STRICT, Scratch, has, include_flag, root, run, stdout};

    #[test]
    fn endless_libcurl_program_is_rejected_twice_at_most() {
        assert!(has("pkg-config"), "pkg-config is not installed: `make setup` installs it");
        let flags = stdout(Command::new("pkg-config").args(["--cflags", "--libs", "libcurl"]));
        let scratch = Scratch::new("wrong_password");
        let program = scratch.join("wrong_password");
        let directory = Library::get().directory();
        let mut compiler = Command::new("cc");
        compiler.arg("-std=c99").args(STRICT).arg(include_flag());
        compiler.arg(root().join("tests/c/wrong_password.c")).arg("-o").arg(&program);
        compiler.arg("-L").arg(&directory).arg("-lboomi_auth").arg(format!("-Wl,-rpath,{}", directory.display()));
        run(compiler.args(flags.split_whitespace()));
        let ca = scratch.join("ca.pem");

        for (how, says, rejections) in [("observe", "sent 1, held 39\n", 1), ("free", "sent 1, held 39\n", 1)] {
            let boomi = Emulator::start_unlimited();
            std::fs::write(&ca, boomi.ca_pem()).unwrap();
            let mut command = Command::new(&program);
            command.arg(how).env_clear().env("NO_PROXY", "*").env("BOOMI_CA_FILE", &ca);
            command.env("BOOMI_API_URL", boomi.base_url());
            assert_eq!(stdout(&mut command), says, "{how}");
            assert_eq!(status(&boomi, REGULAR).total_rejections, rejections);
            assert_rejected_at_most(&boomi, REGULAR, 2);
        }
        // Each time with another password, and never telling.
        let boomi = Emulator::start_unlimited();
        std::fs::write(&ca, boomi.ca_pem()).unwrap();
        let mut command = Command::new(&program);
        command.arg("guess").env_clear().env("NO_PROXY", "*").env("BOOMI_CA_FILE", &ca);
        command.env("BOOMI_API_URL", boomi.base_url());
        assert_eq!(stdout(&mut command), "sent 5, held 35\n");
        assert_rejected_at_most(&boomi, REGULAR, 5);
    }
}
