//! Outages: what connections and requests run into, and what has been judged when they did.

use boomi_emulator::users::*;
use boomi_emulator::{Delay, Emulator, Options, Outage, OutageKind, Scripted};

use crate::common::{Client, Wire, basic, start_http, status_of, until, with_token};

const RECORD: &str = "/api/rest/v1/account123/AuditLog/documentId-321";
const GENERATE: &str = "/auth/jwt/generate/account123";

fn wrong() -> String {
    basic(REGULAR.name, "wrong")
}

fn rejections(boomi: &Emulator) -> u32 {
    status_of(boomi, REGULAR.name).total_rejections
}

#[test]
fn refuse_resets_open_connections_and_new_ones() {
    let boomi = start_http();
    let (mut idle, mut busy) = (Wire::to(&boomi), Wire::to(&boomi));
    idle.send(RECORD, &with_token(REGULAR));
    assert_eq!(idle.status(), 200);
    boomi.set_delays(vec![Delay::new(60_000, 60_000).on("/auth/")]);
    busy.send(GENERATE, &with_token(REGULAR));
    until(&boomi, "it is decided", || boomi.log().len() == 2);
    boomi.set_outage(Some(Outage::new(OutageKind::Refuse)));
    assert!(idle.is_reset() && busy.is_reset() && Wire::to(&boomi).is_reset());
    boomi.set_outage(None);
    assert_eq!(Client::of(&boomi).get(RECORD, &[("Authorization", &with_token(REGULAR))]).status, 200);
}

#[test]
fn refuse_resets_under_tls_too() {
    let boomi = Emulator::start();
    let client = Client::of(&boomi);
    assert_eq!(client.get(RECORD, &[]).status, 401);
    let mut without_hello = Wire::to(&boomi);
    boomi.set_outage(Some(Outage::new(OutageKind::Refuse)));
    assert!(without_hello.is_reset());
    assert!(client.try_get(RECORD, &[]).is_err() && Client::of(&boomi).try_get(RECORD, &[]).is_err());
    assert_eq!(boomi.log().len(), 1);
    boomi.reset();
    assert_eq!(client.get(RECORD, &[]).status, 401);
}

#[test]
fn unavailable_is_503_and_nothing_is_judged() {
    let boomi = Emulator::start();
    let client = Client::of(&boomi);
    boomi.answer_next(Scripted::new(418, "", ""));
    boomi.set_outage(Some(Outage::new(OutageKind::Unavailable).on("/auth/")));
    let answer = client.get(GENERATE, &[("Authorization", &wrong())]);
    assert_eq!(answer.status, 503);
    assert!(answer.headers.contains_key("date") && answer.body.contains("unavailable"), "{}", answer.body);
    assert_eq!((rejections(&boomi), boomi.log()[0].outage), (0, Some(OutageKind::Unavailable)));
    assert_eq!(client.get(RECORD, &[]).status, 418, "another path");
    boomi.set_outage(None);
    assert_eq!(client.get(GENERATE, &[("Authorization", &wrong())]).status, 401);
    assert_eq!(boomi.log()[2].outage, None);
}

#[test]
fn hang_never_answers_and_closes_at_its_end() {
    let boomi = start_http();
    for (judged, counted, status) in [(false, 0, 0), (true, 1, 401)] {
        boomi.reset();
        let hang = Outage { judged, ..Outage::new(OutageKind::Hang).on("/auth/") };
        boomi.set_outage(Some(hang.clone()));
        let mut wire = Wire::to(&boomi);
        wire.send(GENERATE, &wrong());
        until(&boomi, "it is logged", || boomi.log().len() == 1);
        assert!(wire.is_silent());
        let entry = &boomi.log()[0];
        assert_eq!((entry.status, entry.outage), (status, Some(OutageKind::Hang)));
        assert_eq!((rejections(&boomi), boomi.in_flight("/auth/").now), (counted, 1));
        assert_eq!(Client::of(&boomi).get(RECORD, &[]).status, 401, "another path");
        // Ended, though the next one is of the same kind.
        boomi.set_outage(Some(hang));
        assert_eq!(wire.read().unwrap(), "");
    }
}

#[test]
fn swallow_reads_nothing_until_its_end() {
    let boomi = start_http();
    let mut open = Wire::to(&boomi);
    open.send(RECORD, &wrong());
    assert_eq!(open.status(), 401);
    boomi.set_outage(Some(Outage::new(OutageKind::Swallow)));
    let mut new = Wire::to(&boomi);
    for wire in [&mut open, &mut new] {
        wire.send(RECORD, &wrong());
        assert!(wire.is_silent());
    }
    assert_eq!((boomi.log().len(), rejections(&boomi), boomi.in_flight("/api/").now), (1, 1, 0));
    boomi.set_outage(None);
    assert_eq!((open.status(), new.status(), rejections(&boomi)), (401, 401, 3));
}

#[test]
fn swallow_keeps_back_the_answer_to_what_was_read_before() {
    let boomi = start_http();
    boomi.set_delays(vec![Delay::new(500, 500).before()]);
    let mut wire = Wire::to(&boomi);
    wire.send(RECORD, &wrong());
    until(&boomi, "it has arrived", || boomi.in_flight("/api/").now == 1);
    boomi.set_outage(Some(Outage::new(OutageKind::Swallow)));
    until(&boomi, "it is judged", || rejections(&boomi) == 1);
    assert!(wire.is_silent());
    boomi.set_outage(None);
    assert_eq!(wire.status(), 401);
}

#[test]
fn swallow_lets_no_handshake_through() {
    let boomi = Emulator::start();
    boomi.set_outage(Some(Outage::new(OutageKind::Swallow)));
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| Client::of(&boomi).get(RECORD, &[]).status);
        assert!(Wire::to(&boomi).is_silent() && !waiting.is_finished());
        boomi.set_outage(None);
        assert_eq!(waiting.join().unwrap(), 401);
    });
}

#[test]
fn reset_reads_the_request_and_resets() {
    for boomi in [start_http(), Emulator::start()] {
        for (judged, counted, status) in [(false, 0, 0), (true, 1, 401)] {
            boomi.reset();
            boomi.set_outage(Some(Outage { judged, ..Outage::new(OutageKind::Reset).on("/auth/") }));
            let client = Client::of(&boomi);
            assert_eq!(client.get(RECORD, &[]).status, 401, "another path");
            match client.try_get(GENERATE, &[("Authorization", &wrong())]) {
                Err(ureq::Error::Io(why)) => assert_eq!(why.kind(), std::io::ErrorKind::ConnectionReset),
                Err(why) => panic!("{why}"),
                Ok(answer) => panic!("{}", answer.status),
            }
            let entry = boomi.log().pop().unwrap();
            assert_eq!((entry.status, entry.outage), (status, Some(OutageKind::Reset)));
            assert_eq!(rejections(&boomi), counted);
        }
    }
}

#[test]
fn outage_option_applies_from_the_start_and_after_a_reset() {
    let outage = Some(Outage::new(OutageKind::Unavailable));
    let boomi = Emulator::start_with(Options { outage, ..Options::default() }).unwrap();
    let client = Client::of(&boomi);
    assert_eq!(client.get(RECORD, &[]).status, 503);
    boomi.set_outage(None);
    assert_eq!(client.get(RECORD, &[]).status, 401);
    boomi.reset();
    assert_eq!(client.get(RECORD, &[]).status, 503);
}

#[test]
#[should_panic(expected = "judged")]
fn an_outage_without_sense_is_refused() {
    start_http().set_outage(Some(Outage::new(OutageKind::Swallow).judged()));
}
