//! What a program's logger gets to see.

use std::sync::Mutex;

use boomi_auth::ErrorKind;
use boomi_emulator::{Emulator, users::REGULAR};

use crate::alone::alone;
use crate::common::{self, AUDIT_LOG, assert_says, by_password};

struct Records(Mutex<Vec<String>>);

impl log::Log for Records {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        self.0.lock().unwrap().push(format!("{} {} {}", record.level(), record.target(), record.args()));
    }

    fn flush(&self) {}
}

static RECORDS: Records = Records(Mutex::new(Vec::new()));

/// In a process of its own: its logger, and its level, would be those of the other tests too.
#[test]
fn a_log_never_holds_credentials() {
    alone(Vec::new, || logs_no_credentials(&RECORDS));
}

fn logs_no_credentials(records: &'static Records) {
    log::set_logger(records).unwrap();
    let boomi = Emulator::start();
    let client = common::client(&boomi, by_password(REGULAR));

    // At trace, ureq's protocol crate would log the wire. So nothing is sent, and the error says what to change.
    log::set_max_level(log::LevelFilter::Trace);
    let error = client.get(AUDIT_LOG).send().unwrap_err();
    assert_eq!((error.kind(), error.was_sent()), (ErrorKind::Config, false));
    assert_says(&error, &["ureq_proto", "trace", "debug"]);
    assert!(boomi.log().is_empty());

    log::set_max_level(log::LevelFilter::Debug);
    let token = client.generate_jwt(None, None).unwrap();
    client.get(AUDIT_LOG).send().unwrap().check().unwrap();
    let records = records.0.lock().unwrap();
    assert!(records.iter().any(|record| record.contains("ureq")), "the log is on");
    let header = boomi_auth::auth_header(boomi_auth::CredentialKind::Password, REGULAR.name, REGULAR.password).unwrap();
    for secret in [REGULAR.password, header.expose().trim_start_matches("Basic "), token.jwt()] {
        assert!(!records.iter().any(|record| record.contains(secret)), "{records:?}");
    }
}
