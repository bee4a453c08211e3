//! The rate limit of an account, and what is counted whether or not there is one.

use boomi_emulator::users::*;
use boomi_emulator::{Emulator, ErrorShape, Options, Outage, OutageKind, RateLimit, Scripted};

use crate::common::{Client, Wire, basic, start_http, status_of, with_token};

const RECORD: &str = "/api/rest/v1/account123/AuditLog/documentId-321";

fn limit(requests_per_second: u32) -> RateLimit {
    RateLimit { requests_per_second: Some(requests_per_second), retry_after_s: None }
}

#[test]
fn ten_in_a_second_are_allowed_unless_told_otherwise() {
    let boomi = Emulator::start_with(Options { http: true, bad_tls: false, ..Options::default() }).unwrap();
    let mut wire = Wire::to(&boomi);
    // In one piece, so that they arrive within a second on the slowest machine.
    wire.send_raw(&format!("GET {RECORD} HTTP/1.1\r\nHost: localhost\r\n\r\n").repeat(12));
    let mut answers = String::new();
    while answers.matches("HTTP/1.1").count() < 12 || !answers.ends_with("</error>") {
        answers += &wire.read().unwrap();
    }
    let statuses: Vec<&str> = answers.split("HTTP/1.1 ").skip(1).map(|answer| &answer[..3]).collect();
    assert_eq!(statuses, [&["401"; 10][..], &["503"; 2][..]].concat());
    assert_eq!((boomi.most_in_a_second(ACCOUNT), boomi.most_in_a_second(SUB_ACCOUNT)), (12, 0));
}

#[test]
fn a_refusal_has_the_documented_words_in_the_language_asked_for() {
    let boomi = start_http();
    let client = Client::of(&boomi);
    boomi.set_rate_limit(limit(0));
    let xml = client.get(RECORD, &[]);
    assert_eq!((xml.status, xml.content_type.as_str()), (503, "application/xml"));
    assert_eq!((xml.body, xml.headers.get("retry-after")), (ErrorShape::RateLimitXml.body(), None));
    boomi.set_rate_limit(RateLimit { retry_after_s: Some(3), ..limit(0) });
    let json = client.get(RECORD, &[("Accept", "application/json")]);
    assert_eq!((json.status, json.body), (503, ErrorShape::OasUnavailableJson.body()));
    assert_eq!(json.headers["retry-after"], "3");
}

#[test]
fn it_holds_where_an_account_has_a_limit() {
    let boomi = start_http();
    let client = Client::of(&boomi);
    let jwt = client.get("/auth/jwt/generate/account123", &[("Authorization", &with_token(REGULAR))]).body;
    boomi.set_rate_limit(limit(0));
    for path in [
        RECORD,
        "/partner/api/rest/v1/account123/AuditLog/x?overrideAccount=subaccount456",
        "/mdm/api/rest/v1/account123/models",
        "/apim/api/rest/v1/account123/organizations",
        "/api/rest/v1/account123/nothing/that/there/is",
    ] {
        assert_eq!(client.get(path, &[]).status, 503, "{path}");
    }
    let graphql = client.post("/graphql", &[("Authorization", &format!("Bearer {jwt}"))], "{}");
    assert_eq!((graphql.status, graphql.body.contains("errors")), (429, true));
    let most = boomi.most_in_a_second(ACCOUNT);
    assert!((1..=6).contains(&most), "{most}");
    for (path, status) in [
        ("/auth/jwt/generate/account123", 401),
        ("/mdm/universes/universe-1", 401),
        ("/account/account123/api/download/x", 401),
        ("/graphql", 405),
        ("/nothing", 404),
    ] {
        assert_eq!(client.get(path, &[]).status, status, "{path}");
    }
    assert_eq!(client.post("/graphql", &[], "{}").status, 401);
    assert_eq!(client.post("/rest/account123/e/t", &[], "{}").status, 401);
    assert_eq!(boomi.most_in_a_second(SUB_ACCOUNT), 0, "the account is the one that signs in");
}

#[test]
fn what_is_refused_is_not_judged_and_uses_up_nothing() {
    let boomi = start_http();
    let client = Client::of(&boomi);
    boomi.set_rate_limit(limit(0));
    boomi.answer_next(Scripted::new(418, "", ""));
    for _ in 0..7 {
        assert_eq!(client.get(RECORD, &[("Authorization", &basic(REGULAR.name, "wrong"))]).status, 503);
    }
    let created = client.post("/api/rest/v1/account123/Folder", &[("Authorization", &with_token(REGULAR))], "{}");
    assert_eq!(created.status, 503);
    assert_eq!((status_of(&boomi, REGULAR.name).total_rejections, boomi.effects().len()), (0, 0));
    assert!(boomi.log().iter().all(|entry| entry.status == 503));
    // A refused request is none for the limit: the next one is the first.
    boomi.set_rate_limit(limit(1));
    assert_eq!(client.get(RECORD, &[]).status, 418);
    boomi.reset();
    assert_eq!(boomi.most_in_a_second(ACCOUNT), 0);
}

#[test]
fn an_outage_goes_before_it() {
    let boomi = start_http();
    boomi.set_rate_limit(limit(0));
    boomi.set_outage(Some(Outage::new(OutageKind::Reset).judged()));
    let mut wire = Wire::to(&boomi);
    wire.send(RECORD, "");
    assert!(wire.is_reset());
    assert_eq!((boomi.log()[0].status, boomi.most_in_a_second(ACCOUNT)), (503, 1));
}
