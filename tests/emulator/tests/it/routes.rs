//! What each endpoint answers to those who may ask.

use boomi_emulator::users::*;
use boomi_emulator::{Emulator, ErrorShape, GraphqlRefusal, JwtOptions, Options, Scripted};

use crate::common::{Client, claims, with_password, with_token};

const JSON: (&str, &str) = ("Accept", "text/html, application/json; q=0.9");
const DEPLOYMENT: &str = "/api/rest/v1/account123/Deployment/documentId-321";

fn bearer(client: &Client) -> String {
    let answer = client.get("/auth/jwt/generate/account123", &[("Authorization", &with_token(REGULAR))]);
    assert_eq!(answer.status, 200);
    format!("Bearer {}", answer.body)
}

#[test]
fn a_jwt_comes_as_text_and_says_when_it_ends() {
    let boomi = Emulator::start_unlimited();
    let client = Client::of(&boomi);
    let before = boomi.now();
    let answer = client.get("/auth/jwt/generate/account123", &[("Authorization", &with_password(REGULAR))]);
    assert_eq!((answer.status, answer.content_type.as_str()), (200, "text/plain"));
    assert_eq!(answer.body.split('.').count(), 3);
    let claims = claims(&answer.body);
    assert_eq!(claims["sub"], REGULAR.name);
    assert_eq!(claims["accountId"], ACCOUNT);
    let iat = claims["iat"].as_i64().unwrap();
    assert!((before..=boomi.now()).contains(&iat));
    assert_eq!(claims["exp"], iat + 300);
}

#[test]
fn a_jwt_is_made_with_basic_only_and_with_get_only() {
    let boomi = Emulator::start_unlimited();
    let client = Client::of(&boomi);
    let bearer = bearer(&client);
    assert_eq!(client.get("/auth/jwt/generate/account123", &[("Authorization", &bearer)]).status, 401);
    let post = client.post("/auth/jwt/generate/account123", &[("Authorization", &with_token(REGULAR))], "");
    assert_eq!(post.status, 405);
}

#[test]
fn jwts_are_made_as_told() {
    let boomi = Emulator::start_unlimited();
    let client = Client::of(&boomi);
    assert_ne!(bearer(&client), bearer(&client), "by default each is new");
    boomi.set_jwt(JwtOptions { lifetime_s: 60, iat: false, same_for_s: 30, ..JwtOptions::default() });
    let first = bearer(&client);
    let made = claims(&first);
    assert!(made.get("iat").is_none());
    assert!(made["exp"].as_i64().unwrap() <= boomi.now() + 60);
    boomi.advance_clock(20);
    assert_eq!(bearer(&client), first);
    boomi.advance_clock(10);
    assert_ne!(bearer(&client), first);
    boomi.set_jwt(JwtOptions { lifetime_s: 0, ..JwtOptions::default() });
    let dead = bearer(&client);
    assert_eq!(client.get(DEPLOYMENT, &[("Authorization", &dead)]).status, 401, "expired on arrival");
}

#[test]
fn a_jwt_may_be_old_in_milliseconds_or_without_an_end() {
    let boomi = Emulator::start_unlimited();
    let client = Client::of(&boomi);
    let made = |options: JwtOptions| {
        boomi.set_jwt(options);
        let bearer = bearer(&client);
        let open = client.get(DEPLOYMENT, &[("Authorization", &bearer)]).status == 200;
        (claims(&bearer), boomi.now(), open)
    };
    let near = |claim: &serde_json::Value, expected: i64| (expected - 5..=expected).contains(&claim.as_i64().unwrap());

    let (old, now, open) = made(JwtOptions { age_s: 200, ..JwtOptions::default() });
    assert!(near(&old["iat"], now - 200) && near(&old["exp"], now + 100) && open, "{old}");
    let (dead, now, open) = made(JwtOptions { age_s: 300, ..JwtOptions::default() });
    assert!(near(&dead["exp"], now) && !open, "{dead}");
    let (ms, now, open) = made(JwtOptions { milliseconds: true, ..JwtOptions::default() });
    assert!(near(&(ms["iat"].as_i64().unwrap() / 1000).into(), now) && open, "{ms}");
    assert_eq!(ms["exp"].as_i64().unwrap() - ms["iat"].as_i64().unwrap(), 300_000);
    let (endless, now, open) = made(JwtOptions { exp: false, ..JwtOptions::default() });
    assert!(endless.get("exp").is_none() && near(&endless["iat"], now) && open, "{endless}");
    let (_, _, open) = made(JwtOptions { exp: false, age_s: 301, ..JwtOptions::default() });
    assert!(!open, "the server knows the end all the same");
}

#[test]
fn the_date_header_can_be_wrong_or_missing_and_nothing_else_is() {
    let boomi = Emulator::start_unlimited();
    let client = Client::of(&boomi);
    let off = |answer: &crate::common::Answer| {
        let date = httpdate::parse_http_date(answer.headers["date"].to_str().unwrap()).unwrap();
        boomi.now() - date.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() as i64
    };
    boomi.set_date_offset(Some(21_600));
    for path in [DEPLOYMENT, "/nothing"] {
        assert!((-21_600..=-21_595).contains(&off(&client.get(path, &[]))));
    }
    let iat = claims(&bearer(&client))["iat"].as_i64().unwrap();
    assert!((0..=5).contains(&(boomi.now() - iat)));
    boomi.set_date_offset(None);
    assert!(client.get(DEPLOYMENT, &[]).headers.get("date").is_none());
    boomi.answer_next(Scripted::new(500, "", "").header("Date", "Thu, 01 Jan 1970 00:00:00 GMT"));
    assert_eq!(client.get(DEPLOYMENT, &[]).headers["date"], "Thu, 01 Jan 1970 00:00:00 GMT");
    boomi.reset();
    assert!((0..=5).contains(&off(&client.get(DEPLOYMENT, &[]))));
}

#[test]
fn expired_jwt_is_401_and_date_header_is_the_server_time() {
    let boomi = Emulator::start_unlimited();
    let client = Client::of(&boomi);
    let bearer = bearer(&client);
    assert_eq!(client.get(DEPLOYMENT, &[("Authorization", &bearer)]).status, 200);
    boomi.advance_clock(301);
    let answer = client.get(DEPLOYMENT, &[("Authorization", &bearer)]);
    assert_eq!(answer.status, 401);
    let date = httpdate::parse_http_date(answer.headers["date"].to_str().unwrap()).unwrap();
    let date = date.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() as i64;
    assert!((0..=5).contains(&(boomi.now() - date)));
    assert_eq!(client.post("/graphql", &[("Authorization", &bearer)], "{\"query\":\"{a}\"}").status, 401);
}

#[test]
fn a_record_is_xml_unless_json_is_asked_for() {
    let boomi = Emulator::start_unlimited();
    let client = Client::of(&boomi);
    let authorization = with_token(DOCUMENTED);
    for object in ["AuditLog", "Deployment"] {
        let path = format!("/api/rest/v1/account123/{object}/documentId-321");
        let xml = client.get(&path, &[("Authorization", &authorization), ("Accept", "*/*")]);
        assert_eq!((xml.status, xml.content_type.as_str()), (200, "application/xml"));
        assert!(xml.body.contains(&format!("<bns:{object} ")) && xml.body.contains("accountId=\"account123\""));
        let json = client.get(&path, &[("Authorization", &authorization), JSON]);
        assert_eq!((json.status, json.content_type.as_str()), (200, "application/json"));
        let json: serde_json::Value = serde_json::from_str(&json.body).unwrap();
        assert_eq!((json["@type"].as_str(), json["accountId"].as_str()), (Some(object), Some(ACCOUNT)));
    }
}

#[test]
fn what_is_not_there_is_404_in_the_language_asked_for() {
    let boomi = Emulator::start_unlimited();
    let client = Client::of(&boomi);
    let authorization = with_token(REGULAR);
    for path in ["/api/rest/v1/account123/AuditLog/none", "/api/rest/v1/account123/Nothing/1", "/nothing", "/"] {
        let xml = client.get(path, &[("Authorization", &authorization)]);
        assert_eq!(xml.status, 404);
        assert!(xml.body.starts_with("<error><message>"), "{}", xml.body);
        let json = client.get(path, &[("Authorization", &authorization), JSON]);
        assert!(json.body.starts_with(r#"{"error":{"message":"#), "{}", json.body);
    }
}

#[test]
fn the_partner_api_reaches_a_sub_account_and_no_other() {
    let boomi = Emulator::start_unlimited();
    let client = Client::of(&boomi);
    for object in ["AuditLog", "Deployment"] {
        for (query, status, account) in [
            ("?overrideAccount=subaccount456", 200, "accountId=\"subaccount456\""),
            ("?overrideAccount=account123", 200, "accountId=\"account123\""),
            ("", 200, "accountId=\"account123\""),
            ("?overrideAccount=account789", 403, "<error>"),
        ] {
            let path = format!("/partner/api/rest/v1/account123/{object}/documentId-321{query}");
            let answer = client.get(&path, &[("Authorization", &with_token(REGULAR))]);
            assert_eq!(answer.status, status, "{path}");
            assert!(answer.body.contains(account), "{}", answer.body);
        }
    }
    let log = boomi.log();
    assert_eq!(log[0].path, "/partner/api/rest/v1/account123/AuditLog/documentId-321?overrideAccount=subaccount456");
}

#[test]
fn a_jwt_opens_deployment_of_its_account_but_not_audit_log() {
    let boomi = Emulator::start_unlimited();
    let client = Client::of(&boomi);
    let bearer = bearer(&client);
    let get = |path: &str| client.get(path, &[("Authorization", &bearer)]).status;
    assert_eq!(get(DEPLOYMENT), 200);
    assert_eq!(get("/partner/api/rest/v1/account123/Deployment/documentId-321?overrideAccount=subaccount456"), 200);
    assert_eq!(get("/api/rest/v1/subaccount456/Deployment/documentId-321"), 403);
    assert_eq!(get("/api/rest/v1/account123/AuditLog/documentId-321"), 401);
    let api_token = format!("Bearer {}", REGULAR.token);
    assert_eq!(client.get(DEPLOYMENT, &[("Authorization", &api_token)]).status, 401, "an API token is no JWT");
}

#[test]
fn graphql_needs_a_jwt() {
    let boomi = Emulator::start_unlimited();
    let client = Client::of(&boomi);
    let bearer = bearer(&client);
    let query = r#"{"query":"{ organizations { id } }"}"#;
    let answer = client.post("/graphql", &[("Authorization", &bearer)], query);
    assert_eq!((answer.status, answer.content_type.as_str()), (200, "application/json"));
    assert!(answer.body.starts_with(r#"{"data":{"organizations""#));
    assert!(client.post("/graphql", &[("Authorization", &bearer)], "{}").body.contains("INVALID_SYNTAX"));
    assert_eq!(client.post("/graphql", &[("Authorization", &with_token(REGULAR))], query).status, 401);
    assert_eq!(client.post("/graphql", &[], query).status, 401);
    assert_eq!(client.get("/graphql", &[("Authorization", &bearer)]).status, 405);
}

#[test]
fn graphql_may_refuse_with_errors_in_a_200() {
    let options = Options { graphql_refusal: GraphqlRefusal::Errors200, ..Options::unlimited() };
    let boomi = Emulator::start_with(options).unwrap();
    let client = Client::of(&boomi);
    let bearer = bearer(&client);
    boomi.advance_clock(300);
    for headers in [&[][..], &[("Authorization", bearer.as_str())][..]] {
        let answer = client.post("/graphql", headers, r#"{"query":"{a}"}"#);
        assert_eq!(answer.status, 200);
        assert_eq!(answer.body, ErrorShape::GraphqlUnauthorized.body());
    }
}

#[test]
fn datahub_refuses_in_its_own_way() {
    let boomi = Emulator::start_unlimited();
    let client = Client::of(&boomi);
    let path = "/mdm/api/rest/v1/account123/repositories";
    for authorization in [with_password(SSO_USER), bearer(&client)] {
        let answer = client.get(path, &[("Authorization", &authorization)]);
        assert_eq!(answer.status, 403);
        assert_eq!(answer.body, ErrorShape::UserMessageLogin.body());
    }
    assert_eq!(client.get(path, &[]).status, 403);
    assert_eq!(client.get(path, &[("Authorization", &with_token(REGULAR))]).status, 404);
}

#[test]
fn every_error_shape_can_be_scripted() {
    let boomi = Emulator::start_unlimited();
    let client = Client::of(&boomi);
    for &shape in ErrorShape::ALL {
        boomi.answer_next(Scripted::from(shape).on("/api/"));
        let answer = client.get(DEPLOYMENT, &[]);
        assert_eq!(answer.status, shape.status());
        assert_eq!(answer.content_type, shape.content_type());
        assert_eq!(answer.body, shape.body());
        assert_eq!(ErrorShape::from_name(shape.name()), Some(shape));
        let words = shape.message().split(['<', '>', '&', '"']).next().unwrap();
        assert!(shape.body().contains(words), "{}", shape.name());
    }
}

#[test]
fn scripts_come_in_order_and_only_where_and_as_often_as_told() {
    let boomi = Emulator::start_unlimited();
    let client = Client::of(&boomi);
    boomi.answer_next(Scripted::new(500, "text/plain", "first").on("/auth/").times(2));
    boomi.answer_next(
        Scripted::from(ErrorShape::OasUnavailableJson)
            .header("Retry-After", "7")
            .header("Date", "Thu, 01 Jan 1970 00:00:00 GMT"),
    );
    let generate = || client.get("/auth/jwt/generate/account123", &[("Authorization", "Basic wrong")]);
    assert_eq!(generate().body, "first");
    let busy = client.get(DEPLOYMENT, &[]);
    assert_eq!((busy.status, busy.headers["retry-after"].to_str().unwrap()), (503, "7"));
    assert_eq!(busy.headers["date"], "Thu, 01 Jan 1970 00:00:00 GMT");
    assert_eq!(generate().status, 500);
    assert_eq!(generate().status, 401, "used up");
    assert_eq!(boomi.log().iter().map(|entry| entry.status).collect::<Vec<_>>(), [500, 503, 500, 401]);
}

#[test]
fn a_script_may_hold_until_it_is_cleared() {
    let boomi = Emulator::start_unlimited();
    let client = Client::of(&boomi);
    boomi.answer_next(Scripted::new(418, "text/plain", "tea").for_ever());
    boomi.answer_next(Scripted::new(500, "text/plain", "never"));
    for _ in 0..20 {
        assert_eq!(client.get(DEPLOYMENT, &[]).status, 418);
    }
    boomi.clear_scripted();
    assert_eq!(client.get(DEPLOYMENT, &[]).status, 401);
}
