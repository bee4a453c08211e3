//! Latency: what is late, what is decided meanwhile, and what counts when nobody waits for it.

use boomi_emulator::users::*;
use boomi_emulator::{Delay, DelayWhen, ErrorShape, Scripted};

use crate::common::{Client, Wire, basic, start_http, status_of, until, with_password, with_token};

const RECORD: &str = "/api/rest/v1/account123/AuditLog/documentId-321";
const GENERATE: &str = "/auth/jwt/generate/account123";
/// Longer than any test waits.
const NEVER_MS: u32 = 60_000;

#[test]
fn answers_overtake_each_other() {
    let boomi = start_http();
    boomi.set_delays(vec![Delay::new(1000, 1200).on("/auth/").when(DelayWhen::Refused)]);
    let (mut slow, mut quick) = (Wire::to(&boomi), Wire::to(&boomi));
    slow.send(GENERATE, &basic(REGULAR.name, "wrong"));
    until(&boomi, "the refusal is decided", || boomi.log().len() == 1);
    assert_eq!(status_of(&boomi, REGULAR.name).total_rejections, 1, "counted before it is sent");
    quick.send(GENERATE, &with_password(REGULAR));
    assert_eq!(quick.status(), 200);
    assert!(slow.is_silent());
    assert_eq!(slow.status(), 401);
    let log = boomi.log();
    assert_eq!(log.iter().map(|entry| entry.status).collect::<Vec<_>>(), [401, 200]);
    assert!(boomi.at_ms() >= log[0].at_ms + 1000);
}

#[test]
fn what_a_client_asked_for_counts_though_it_has_gone_away() {
    for delays in [vec![], vec![Delay::new(50, 100)], vec![Delay::new(50, 100).before()]] {
        let boomi = start_http();
        boomi.set_delays(delays);
        for _ in 0..50 {
            Wire::to(&boomi).send(GENERATE, &basic(REGULAR.name, "wrong"));
        }
        until(&boomi, "all are counted", || status_of(&boomi, REGULAR.name).total_rejections == 50);
        until(&boomi, "all are done", || boomi.in_flight("/auth/").now == 0);
        assert!(boomi.log().len() == 50 && boomi.log().iter().all(|entry| entry.status == 401));
    }
}

#[test]
fn password_change_counts_only_before_the_decision() {
    let boomi = start_http();
    let mut wire = Wire::to(&boomi);
    boomi.set_delays(vec![Delay::new(1000, 1000).before()]);
    wire.send(GENERATE, &with_password(REGULAR));
    until(&boomi, "it has arrived", || boomi.in_flight("/auth/").now == 1);
    assert!(boomi.log().is_empty(), "nothing is decided");
    boomi.set_password(REGULAR.name, "new");
    assert_eq!(wire.status(), 401);

    boomi.set_delays(vec![Delay::new(1000, 1000)]);
    wire.send(GENERATE, &basic(REGULAR.name, "new"));
    until(&boomi, "it is decided", || boomi.log().len() == 2);
    boomi.set_password(REGULAR.name, "newer");
    assert_eq!(wire.status(), 200);
}

#[test]
fn rules_hold_for_their_paths_until_they_are_replaced() {
    let boomi = start_http();
    let client = Client::of(&boomi);
    boomi.set_delays(vec![Delay::new(NEVER_MS, NEVER_MS).on("/auth/")]);
    assert_eq!(client.get(RECORD, &[]).status, 401);
    let mut wire = Wire::to(&boomi);
    wire.send(GENERATE, "");
    assert!(wire.is_silent());
    boomi.set_delays(vec![Delay::new(NEVER_MS, NEVER_MS).on("/api/")]);
    assert_eq!(client.get(GENERATE, &[]).status, 401);
    boomi.reset();
    assert_eq!(client.get(RECORD, &[]).status, 401);
}

#[test]
fn a_refusal_is_a_401_or_datahubs_403_also_when_scripted() {
    let boomi = start_http();
    let client = Client::of(&boomi);
    let datahub = "/mdm/api/rest/v1/account123/x";
    let token_elsewhere = || client.get("/auth/jwt/generate/account789", &[("Authorization", &with_token(BOUND))]);
    boomi.set_delays(vec![Delay::new(NEVER_MS, NEVER_MS).when(DelayWhen::Accepted)]);
    assert_eq!(client.get(RECORD, &[]).status, 401);
    assert_eq!(client.get(datahub, &[]).status, 403);
    boomi.answer_next(Scripted::from(ErrorShape::JettyUnauthorizedHtml));
    assert_eq!(client.get(RECORD, &[]).status, 401);

    boomi.set_delays(vec![Delay::new(NEVER_MS, NEVER_MS).when(DelayWhen::Refused)]);
    let elsewhere = token_elsewhere();
    assert_eq!((elsewhere.status, elsewhere.body), (403, ErrorShape::UserMessageAuth.body()));
    assert_eq!(client.get(RECORD, &[("Authorization", &with_token(BOUND))]).status, 200);
    boomi.answer_next(Scripted::new(503, "", ""));
    assert_eq!(client.get(RECORD, &[]).status, 503);
}

#[test]
#[should_panic(expected = "max_ms")]
fn a_rule_without_sense_is_refused() {
    start_http().set_delays(vec![Delay::new(2, 1)]);
}
