//! Credentials from a function or a file: asked for once, and again after a rejection.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use boomi_auth::{Client, CredentialKind, Credentials, Error, ErrorKind};
use boomi_emulator::Emulator;
use boomi_emulator::users::REGULAR;

use crate::common::{self, AUDIT_LOG, Events, assert_says, status_of};

const NEW_PASSWORD: &str = "new-password";

/// The password is changed behind the client's back, then in its source: what each sign-in gets.
fn signs_in_through_a_change(boomi: &Emulator, client: &Client, rotate: impl FnOnce()) -> [u16; 5] {
    let sign_in = || status_of(client, AUDIT_LOG);
    let before = [sign_in(), sign_in()];
    boomi.set_password(REGULAR.name, NEW_PASSWORD);
    let rejected = sign_in();
    rotate();
    [before[0], before[1], rejected, sign_in(), sign_in()]
}

fn expected_events(source: &str) -> Vec<String> {
    let user = REGULAR.name;
    let loaded = |after_rejection: bool| {
        format!(
            r#"{{"after_rejection":{after_rejection},"event":"credentials_loaded","source":"{source}","username":"{user}"}}"#
        )
    };
    vec![loaded(false), r#"{"event":"sign_in_rejected"}"#.into(), loaded(true)]
}

/// The events with all fields, but of a rejection only its name: its host has a port that differs.
fn told(events: &Events) -> Vec<String> {
    let shorten = |json: String| match json.contains("sign_in_rejected") {
        true => r#"{"event":"sign_in_rejected"}"#.to_owned(),
        false => json,
    };
    events.json().into_iter().map(shorten).collect()
}

#[test]
fn a_function_is_asked_again_after_a_rejection_and_not_before() {
    let boomi = Emulator::start();
    let (events, asked) = (Events::default(), Arc::new(Mutex::new(Vec::new())));
    let vault = Arc::new(Mutex::new(REGULAR.password.to_owned()));
    let (log, secret) = (asked.clone(), vault.clone());
    let credentials = Credentials::from_fn(move |rejected| {
        log.lock().unwrap().push(rejected);
        Credentials::password(REGULAR.name, &secret.lock().unwrap())
    });
    let client = common::builder(&boomi).credentials(credentials).on_event(events.handler()).build().unwrap();
    let statuses = signs_in_through_a_change(&boomi, &client, || *vault.lock().unwrap() = NEW_PASSWORD.into());
    assert_eq!(statuses, [200, 200, 401, 200, 200]);
    assert_eq!(*asked.lock().unwrap(), [false, true]);
    assert_eq!(told(&events), expected_events("callback"));
}

fn secret_file(name: &str, content: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
    std::fs::write(&path, content).unwrap();
    path
}

#[test]
fn a_file_is_read_again_after_a_rejection() {
    let boomi = Emulator::start();
    let events = Events::default();
    let path = secret_file("password", &format!("{}\n", REGULAR.password));
    let credentials = Credentials::file(CredentialKind::Password, REGULAR.name, &path).unwrap();
    let client = common::builder(&boomi).credentials(credentials).on_event(events.handler()).build().unwrap();
    let rotate = || std::fs::write(&path, format!("{NEW_PASSWORD}\r\n")).unwrap();
    assert_eq!(signs_in_through_a_change(&boomi, &client, rotate), [200, 200, 401, 200, 200]);
    assert_eq!(told(&events), expected_events("file"));
    std::fs::remove_file(path).unwrap();
}

#[test]
fn a_rejection_is_told_with_who_where_and_what_for() {
    let boomi = Emulator::start();
    let events = Events::default();
    let wrong = Credentials::password(REGULAR.name, "wrong").unwrap();
    let client = common::builder(&boomi).credentials(wrong).on_event(events.handler()).build().unwrap();
    client.generate_jwt(None, None).unwrap_err();
    client.reset_guard();
    assert_eq!(status_of(&client, AUDIT_LOG), 401);
    let host = boomi.base_url().trim_start_matches("https://");
    let told = |purpose: &str| {
        let user = REGULAR.name;
        format!(
            r#"{{"event":"sign_in_rejected","host":"{host}","purpose":"{purpose}","status":401,"username":"{user}"}}"#
        )
    };
    assert_eq!(events.json(), [told("jwt"), told("request")]);
}

#[test]
fn a_jwt_is_told_with_its_end() {
    let boomi = Emulator::start();
    let events = Events::default();
    let client =
        common::builder(&boomi).credentials(common::by_token(REGULAR)).on_event(events.handler()).build().unwrap();
    let token = client.generate_jwt(None, None).unwrap();
    let [json] = &events.json()[..] else { panic!("{:?}", events.json()) };
    let host = boomi.base_url().trim_start_matches("https://");
    let expected = format!(
        r#"{{"account_id":"account123","event":"token_issued","expires_at":{},"host":"{host}","lifetime_s":300}}"#,
        token.expires_at()
    );
    assert_eq!(*json, expected);
}

#[test]
fn a_source_that_fails_is_the_callers_error_and_nothing_is_sent() {
    let boomi = Emulator::start();
    let failing: [(Credentials, &str); 4] = [
        (
            Credentials::file(CredentialKind::ApiToken, REGULAR.name, "/no/such/file").unwrap(),
            "cannot read the secret from the file /no/such/file",
        ),
        (Credentials::from_fn(|_| Credentials::password("", "password")), "the user name is empty"),
        (Credentials::from_fn(|_| Credentials::password("a", "line\n")), "the password has a control character"),
        (
            Credentials::from_fn(|_| Ok(Credentials::from_fn(|_| Credentials::password("a", "b")))),
            "must return fixed credentials",
        ),
    ];
    for (credentials, words) in failing {
        let error: Error = common::client(&boomi, credentials).generate_jwt(None, None).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Config | ErrorKind::InvalidArgument), "{error:?}");
        assert_says(&error, &[words]);
        assert!(!error.was_sent());
    }
    assert!(boomi.log().is_empty());
}

#[test]
fn without_credentials_the_missing_setting_is_named() {
    let boomi = Emulator::start();
    let client = common::builder(&boomi).build().unwrap();
    let error = client.generate_jwt(None, None).unwrap_err();
    assert_eq!((error.kind(), error.was_sent()), (ErrorKind::Config, false));
    assert_says(&error, &["BOOMI_USERNAME"]);
    // What needs none works.
    assert_eq!(client.get("/nothing").auth(boomi_auth::AuthScheme::None).send().unwrap().status(), 404);
}
