//! One-time codes: with passwords only, and each once.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use boomi_auth::{Call, Client, Credentials, ErrorKind};
use boomi_emulator::users::{ACCOUNT, TWOFA, TWOFA_SECRET};
use boomi_emulator::{Emulator, Scripted, one_time_code};

use crate::common::{self, AUDIT_LOG, Events, assert_says, by_password, by_token, status_of};

/// Any answer that is no verdict about a code.
fn answers(times: u32) -> Scripted {
    Scripted::new(200, "application/json", "{}").times(times)
}

/// How many requests had credentials with them.
fn sign_ins(boomi: &Emulator) -> usize {
    boomi.log().iter().filter(|entry| entry.scheme.as_deref() == Some("Basic")).count()
}

#[test]
fn a_code_comes_from_a_secret_a_function_or_the_user() {
    let boomi = Emulator::start();
    let code = move |boomi: &Emulator| one_time_code(TWOFA_SECRET, boomi.now());
    let builder = || common::builder(&boomi).credentials(by_password(TWOFA));

    assert_eq!(status_of(&builder().otp_secret(TWOFA_SECRET).build().unwrap(), AUDIT_LOG), 200);
    boomi.reset();
    let current = code(&boomi);
    assert_eq!(status_of(&builder().otp_from_fn(move || Ok(current.clone())).build().unwrap(), AUDIT_LOG), 200);
    boomi.reset();
    let mut call = Call::new();
    call.set_otp(&format!(" {} ", code(&boomi))).unwrap();
    let client = builder().build().unwrap();
    assert_eq!(client.get(AUDIT_LOG).call(&call).send().unwrap().status(), 200);
    assert!(boomi.log()[0].otp);
}

#[test]
fn a_typed_code_goes_before_the_secret_and_once() {
    let boomi = Emulator::start();
    boomi.answer_next(answers(2));
    let client = common::client(&boomi, by_password(TWOFA));
    let mut call = Call::new();
    call.set_otp("123456").unwrap();
    for sent in [true, false] {
        client.get(AUDIT_LOG).call(&call).send().unwrap();
        assert_eq!(boomi.log().pop().unwrap().otp, sent);
    }
}

#[test]
fn a_typed_code_that_never_left_can_be_sent_later() {
    let boomi = Emulator::start();
    boomi.answer_next(answers(1));
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let nobody = common::builder(&boomi).base_url(&format!("https://localhost:{port}")).credentials(by_password(TWOFA));
    let mut call = Call::new();
    call.set_otp("123456").unwrap();
    let error = nobody.build().unwrap().get(AUDIT_LOG).call(&call).send().unwrap_err();
    assert_eq!((error.kind(), error.was_sent()), (ErrorKind::Connect, false));
    common::client(&boomi, by_password(TWOFA)).get(AUDIT_LOG).call(&call).send().unwrap();
    assert!(boomi.log()[0].otp);
}

#[test]
fn no_code_goes_with_a_token_whatever_is_configured() {
    let boomi = Emulator::start();
    let asked = Arc::new(AtomicUsize::new(0));
    let prefixed = Credentials::password(&format!("BOOMI_TOKEN.{}", TWOFA.name), TWOFA.token).unwrap();
    for credentials in [by_token(TWOFA), prefixed] {
        let count = asked.clone();
        let ask = move || {
            count.fetch_add(1, Ordering::Relaxed);
            Ok("123456".to_owned())
        };
        let builder = || common::builder(&boomi).credentials(credentials.clone());
        for builder in [builder(), builder().otp_secret(TWOFA_SECRET), builder().otp_from_fn(ask)] {
            let client = builder.build().unwrap();
            let mut call = Call::new();
            call.set_otp("123456").unwrap();
            assert_eq!(client.get(AUDIT_LOG).call(&call).send().unwrap().status(), 200);
            client.generate_jwt(None, Some(&call)).unwrap();
        }
    }
    assert_eq!(asked.load(Ordering::Relaxed), 0);
    assert!(boomi.log().iter().all(|entry| !entry.otp && entry.status == 200));
}

#[test]
fn no_code_goes_with_a_jwt() {
    let boomi = Emulator::start();
    let client = common::builder(&boomi).credentials(by_password(TWOFA)).otp_secret(TWOFA_SECRET).build().unwrap();
    let query = || client.post("/graphql").body(common::GRAPHQL_QUERY).send().unwrap().check().unwrap();
    query();
    query();
    let log: Vec<_> = boomi.log().into_iter().map(|entry| (entry.path, entry.otp)).collect();
    let jwt = format!("/auth/jwt/generate/{ACCOUNT}");
    // The first asks what time it is, by which codes are computed.
    let expected = [("/", false), (&*jwt, true), ("/graphql", false), ("/graphql", false)];
    assert_eq!(log.iter().map(|(path, otp)| (&**path, *otp)).collect::<Vec<_>>(), expected);
}

/// A step of an hour: the test crosses no end of one.
const HOURLY: &str = "otpauth://totp/test?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&period=3600";

#[test]
fn a_code_that_was_sent_is_not_sent_again() {
    let boomi = Emulator::start();
    boomi.answer_next(answers(1).on("/api/"));
    let client = common::builder(&boomi).credentials(by_password(TWOFA)).otp_secret(HOURLY).build().unwrap();
    client.get(AUDIT_LOG).send().unwrap();
    let mut call = Call::new();
    call.set_timeout(Duration::from_secs(3)).unwrap();
    let error = client.get(AUDIT_LOG).call(&call).send().unwrap_err();
    assert_eq!((error.kind(), error.is_retryable(), error.was_sent()), (ErrorKind::Otp, true, false));
    let wait = error.retry_after().unwrap();
    assert!(wait > Duration::ZERO && wait <= Duration::from_secs(3600), "{wait:?}");
    assert_says(&error, &["was sent before", "API token, which needs no code"]);
    assert_eq!(sign_ins(&boomi), 1);
}

#[test]
fn a_code_that_never_left_is_still_good() {
    let closes = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://localhost:{}", closes.local_addr().unwrap().port());
    std::thread::spawn(move || closes.incoming().for_each(drop));
    let builder = Client::builder().base_url(&url).proxy("").account_id("account123");
    let client = builder.credentials(by_password(TWOFA)).otp_secret(HOURLY).build().unwrap();
    for _ in 0..2 {
        // Had the first kept the code, the second would have none.
        let error = client.generate_jwt(None, None).unwrap_err();
        assert_eq!((error.kind(), error.was_sent()), (ErrorKind::Tls, false), "{error}");
    }
}

#[test]
fn a_sign_in_waits_for_the_next_code_if_its_deadline_allows() {
    let boomi = Emulator::start();
    boomi.answer_next(answers(3).on("/api/"));
    let events = Events::default();
    let every_second = HOURLY.replace("3600", "1");
    let builder = common::builder(&boomi).credentials(by_password(TWOFA)).otp_secret(&every_second);
    let client = builder.on_event(events.handler()).build().unwrap();
    (0..3).for_each(|_| assert_eq!(status_of(&client, AUDIT_LOG), 200));
    assert!(boomi.log()[1..].iter().all(|entry| entry.otp));
    // Three sign-ins within a second wait once at least.
    assert!(
        !events.names().is_empty() && events.names().iter().all(|name| *name == "otp_awaited"),
        "{:?}",
        events.json()
    );
}

#[test]
fn a_wait_for_a_code_can_be_cancelled() {
    let boomi = Emulator::start();
    boomi.answer_next(answers(1).on("/api/"));
    let call = Arc::new(Mutex::new(None::<Call>));
    let waiting = call.clone();
    // The wait is announced before it begins.
    let cancel = move |event: &boomi_auth::Event| {
        if event.kind() == boomi_auth::EventKind::OtpAwaited {
            waiting.lock().unwrap().as_ref().unwrap().cancel();
        }
    };
    // Two minutes: no wait that long is worth having.
    let two_minutes = HOURLY.replace("3600", "120");
    let builder = common::builder(&boomi).credentials(by_password(TWOFA)).otp_secret(&two_minutes);
    let client = builder.timeout(Duration::from_secs(2 * 3600)).on_event(cancel).build().unwrap();
    client.get(AUDIT_LOG).send().unwrap();
    let stopped = Call::new();
    *call.lock().unwrap() = Some(stopped.clone());
    let error = client.get(AUDIT_LOG).call(&stopped).send().unwrap_err();
    assert_eq!((error.kind(), sign_ins(&boomi)), (ErrorKind::Canceled, 1));
}

#[test]
fn callback_without_code_is_an_otp_error_and_sends_nothing() {
    let boomi = Emulator::start();
    type Ask = fn() -> Result<String, Box<dyn std::error::Error + Send + Sync>>;
    let asks: [(Ask, &str); 3] = [
        (|| Err("the phone is at home".into()), "the phone is at home"),
        (|| Ok(String::new()), "empty"),
        (|| Ok("12\r\n34".into()), "control character"),
    ];
    for (ask, words) in asks {
        let builder = common::builder(&boomi).credentials(by_password(TWOFA)).otp_from_fn(ask);
        let error = builder.build().unwrap().generate_jwt(None, None).unwrap_err();
        assert_eq!((error.kind(), error.was_sent()), (ErrorKind::Otp, false), "{error}");
        assert_says(&error, &[words]);
    }
    assert!(boomi.log().is_empty());
}

#[test]
fn a_code_for_another_program_is_nobody_else_s() {
    let boomi = Emulator::start();
    let client = || common::builder(&boomi).credentials(by_password(TWOFA)).otp_secret(TWOFA_SECRET).build().unwrap();
    let (giver, other) = (client(), client());
    // Near the end of a step it is the next one's, which is waited for.
    let now = || boomi_auth::otp_code(TWOFA_SECRET, -1).unwrap();
    let before = now();
    let code = giver.one_time_code(None).unwrap();
    assert!([before, now()].contains(&code), "the code of this moment");
    // The next one comes later than in a second, whenever this is.
    let mut call = Call::new();
    call.set_timeout(Duration::from_secs(1)).unwrap();
    for client in [&giver, &other] {
        assert_eq!(client.one_time_code(Some(&call)).unwrap_err().kind(), ErrorKind::Otp);
        assert_eq!(client.generate_jwt(None, Some(&call)).unwrap_err().kind(), ErrorKind::Otp);
    }
    assert!(boomi.log().iter().all(|entry| entry.scheme.is_none()));
    let without = common::client(&boomi, by_password(TWOFA)).one_time_code(None).unwrap_err();
    assert_says(&without, &["BOOMI_OTP_SECRET"]);
}
