//! The command and its control API, as a test in any language would use them.

use boomi_emulator::users::*;
use boomi_emulator::{LogEntry, UserStatus};
use serde_json::{Value, json};
use std::io::{Read, Write};

use crate::common::{basic, claims, with_token};
use crate::running::{command, run};

#[test]
fn it_says_one_line_and_ends_when_its_input_closes() {
    let mut running = run(&[]);
    assert_eq!(running.ready["pid"], running.child.id());
    let mut keys: Vec<&String> = running.ready.as_object().unwrap().keys().collect();
    keys.sort();
    assert_eq!(keys, ["bad_tls", "base_url", "ca_pem_path", "control_url", "hub_url", "pid"]);
    for kind in ["expired", "wrong_host", "self_signed"] {
        assert!(running.ready["bad_tls"][kind].as_str().unwrap().starts_with("https://localhost:"));
    }
    assert_eq!(running.record(&with_token(DOCUMENTED)), 200);
    running.child.stdin.as_mut().unwrap().write_all(b"input is ignored\n").unwrap();
    assert_eq!(running.record(&with_token(DOCUMENTED)), 200);

    drop(running.child.stdin.take());
    assert!(running.child.wait().unwrap().success());
    let mut rest = String::new();
    running.out.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "");
    let ca = running.ready["ca_pem_path"].as_str().unwrap();
    assert!(!std::path::Path::new(ca).exists());
}

#[test]
fn bad_usage_is_2_and_help_is_not() {
    for arguments in [&["--nothing"][..], &["--port"], &["--port", "x"], &["--scenario", "/no/such/file"]] {
        let out = command(arguments).output().unwrap();
        assert_eq!(out.status.code(), Some(2), "{arguments:?}");
        assert!(out.stdout.is_empty() && String::from_utf8_lossy(&out.stderr).contains("usage:"));
    }
    let help = command(&["--help"]).output().unwrap();
    assert!(help.status.success() && String::from_utf8_lossy(&help.stdout).contains("--scenario"));
}

#[test]
fn a_scenario_sets_the_start() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    let scenario = json!({
        "users": [{ "name": "one@example.com", "token": "t", "token_account": "account123" }],
        "jwt": { "lifetime_s": 7, "iat": false },
        "graphql_refusal": "200",
        "scripted": [{ "path_prefix": "/api/", "shape": "rate-limit-xml", "headers": { "Retry-After": "1" } }],
        "bad_tls": false,
    });
    file.write_all(scenario.to_string().as_bytes()).unwrap();
    let running = run(&["--http", "--scenario", file.path().to_str().unwrap()]);
    assert!(running.ready["base_url"].as_str().unwrap().starts_with("http://127.0.0.1:"));
    assert_eq!(running.ready["bad_tls"], Value::Null);
    let authorization = basic("BOOMI_TOKEN.one@example.com", "t");
    assert_eq!(running.record(&authorization), 503);
    assert_eq!(running.record(&authorization), 200);
    assert_eq!(running.record(&with_token(REGULAR)), 401);
    let jwt = running.boomi.get("/auth/jwt/generate/account123", &[("Authorization", &authorization)]).body;
    assert!(claims(&jwt).get("iat").is_none());
    assert_eq!(running.boomi.post("/graphql", &[], "{}").status, 200);
    assert_eq!(running.tell("/control/reset", json!({})), 200);
    assert_eq!(running.record(&authorization), 503, "a reset goes back to the scenario");
}

#[test]
fn a_scenario_may_start_slow_down_or_with_a_wrong_date() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    let scenario = json!({
        "jwt": { "age_s": 100, "milliseconds": true, "exp": false },
        "scripted": [{ "path_prefix": "/graphql", "status": 401, "times": null, "counts": true }],
        "delays": [{ "path_prefix": "/auth/", "min_ms": 200, "max_ms": 200 }, { "max_ms": 1, "before": true }],
        "outage": { "kind": "unavailable", "path_prefix": "/mdm/" },
        "date": { "none": true },
    });
    file.write_all(scenario.to_string().as_bytes()).unwrap();
    let running = run(&["--http", "--scenario", file.path().to_str().unwrap()]);
    for _ in 0..2 {
        let answer = running.boomi.post("/graphql", &[("Authorization", &with_token(REGULAR))], "{}");
        assert_eq!((answer.status, answer.headers.get("date")), (401, None));
        assert_eq!(running.boomi.get("/mdm/", &[]).status, 503);
        let headers = [("Authorization", with_token(DOCUMENTED))];
        let jwt =
            running.boomi.get("/auth/jwt/generate/account123", &headers.each_ref().map(|(n, v)| (*n, v.as_str())));
        let claims = claims(&jwt.body);
        assert!(claims.get("exp").is_none() && claims["iat"].as_i64().unwrap() > 1_000_000_000_000);
        assert_eq!(running.ask::<Vec<UserStatus>>("/control/users")[0].total_rejections, 1);
        running.boomi.get("/", &[]);
        let log: Vec<LogEntry> = running.ask("/control/log");
        assert!(log[3].at_ms >= log[2].at_ms + 200, "{log:?}");
        assert_eq!(running.tell("/control/reset", Value::Null), 200);
    }
}

#[test]
fn a_scenario_with_a_mistake_is_bad_usage_and_named() {
    for (scenario, named) in [
        (json!({ "userz": [] }), "userz"),
        (json!({ "users": [{ "name": "x", "pasword": "y" }] }), "pasword"),
        (json!({ "jwt": { "lifetime_s": "long" } }), "jwt.lifetime_s"),
        (json!({ "scripted": [{ "shape": "nothing" }] }), "nothing"),
        (json!({ "delays": [{ "min_ms": 2, "max_ms": 1 }] }), "delays[0]: max_ms"),
        (json!({ "delays": [{ "max_ms": 1 }, { "max_ms": 1, "until": 2 }] }), "delays[1].until"),
        (json!({ "outage": { "kind": null } }), "outage: kind"),
        (json!({ "outage": { "kind": "flood" } }), "outage.kind"),
        (json!({ "date": {} }), "date: offset_s"),
        (json!({ "jwt": { "age_s": true } }), "jwt.age_s"),
        (json!({ "rate_limit": { "retry_after_s": "soon" } }), "rate_limit.retry_after_s"),
        (json!({ "query_page": 0 }), "page"),
        (json!({ "async": { "status": 500 } }), "status"),
    ] {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(scenario.to_string().as_bytes()).unwrap();
        let out = command(&["--scenario", file.path().to_str().unwrap()]).output().unwrap();
        assert_eq!(out.status.code(), Some(2));
        let said = String::from_utf8_lossy(&out.stderr).into_owned();
        assert!(said.contains(named), "{said}");
    }
}

#[test]
fn the_control_api_does_what_the_library_does() {
    let running = run(&[]);
    assert_eq!(running.tell("/control/rate-limit", json!({ "requests_per_second": null })), 200);
    assert_eq!(running.record(&with_token(REGULAR)), 200);
    let log: Vec<LogEntry> = running.ask("/control/log");
    assert_eq!(log.len(), 1, "the control API is not in the log");

    assert_eq!(running.tell("/control/password", json!({ "user": REGULAR.name, "token": "new" })), 200);
    assert_eq!(running.record(&with_token(REGULAR)), 401);
    assert_eq!(running.record(&basic("BOOMI_TOKEN.user@example.com", "new")), 200);
    assert_eq!(running.tell("/control/password", json!({ "user": REGULAR.name, "password": "nëw" })), 200);
    assert_eq!(running.record(&basic(REGULAR.name, "nëw")), 200);
    let users: Vec<UserStatus> = running.ask("/control/users");
    assert_eq!((users[0].user.as_str(), users[0].total_rejections), (REGULAR.name, 1));

    assert_eq!(running.tell("/control/jwt", json!({ "lifetime_s": 60 })), 200);
    let jwt = running.boomi.get("/auth/jwt/generate/account123", &[("Authorization", &with_token(DOCUMENTED))]).body;
    let bearer = format!("Bearer {jwt}");
    assert_eq!(running.record(&bearer), 200);
    assert_eq!(running.tell("/control/clock", json!({ "advance_s": 60 })), 200);
    assert_eq!(running.record(&bearer), 401);

    let fault = json!({ "path_prefix": "/api/", "times": 2, "status": 418, "body": "tea", "headers": { "X-A": "b" } });
    assert_eq!(running.tell("/control/faults", fault), 200);
    assert_eq!(running.tell("/control/faults", json!({ "shape": "oas-gone-json", "status": 404 })), 200);
    assert_eq!([(); 4].map(|()| running.record(&bearer)), [418, 418, 404, 401]);

    let always = json!({ "status": 401, "times": null, "counts": true });
    assert_eq!(running.tell("/control/faults", always), 200);
    assert_eq!([(); 3].map(|()| running.record(&with_token(BOUND))), [401; 3]);
    assert_eq!(running.control.delete("/control/faults").status, 200);
    assert_eq!(running.record(&with_token(BOUND)), 200);
    let bound =
        running.ask::<Vec<UserStatus>>("/control/users").into_iter().find(|user| user.user == BOUND.name).unwrap();
    let row = (bound.consecutive_rejections, bound.most_consecutive_rejections, bound.accepted);
    assert_eq!((row, bound.total_rejections, bound.locked, bound.repeated_codes), ((0, 3, 1), 3, false, 0));

    assert_eq!(running.tell("/control/date", json!({ "offset_s": 21_600 })), 200);
    assert!(running.boomi.get("/", &[]).headers.contains_key("date"));
    assert_eq!(running.tell("/control/date", json!({ "none": true })), 200);
    assert!(!running.boomi.get("/", &[]).headers.contains_key("date"));

    let delays = json!([{ "path_prefix": "/api/", "min_ms": 150, "max_ms": 150, "when": "refused" }, { "max_ms": 1 }]);
    assert_eq!(running.tell("/control/delays", delays), 200);
    assert_eq!(running.record(""), 401);
    assert_eq!(running.tell("/control/delays", json!([])), 200);
    assert_eq!(running.record(""), 401);
    let log: Vec<LogEntry> = running.ask("/control/log");
    let [.., slow, next] = &log[..] else { panic!() };
    assert!(next.at_ms >= slow.at_ms + 150);

    for kind in ["refuse", "unavailable", "hang", "swallow", "reset"] {
        assert_eq!(running.tell("/control/outage", json!({ "kind": kind })), 200, "and in it the control API answers");
    }
    assert!(running.boomi.try_get("/", &[]).is_err());
    assert_eq!(running.tell("/control/outage", json!({ "kind": "hang", "judged": true, "path_prefix": "/x" })), 200);
    assert_eq!(running.tell("/control/outage", json!({ "kind": null })), 200);
    let in_flight: Value = running.ask("/control/in_flight");
    assert_eq!(in_flight["api"], json!({ "now": 0, "most": 1 }));

    assert_eq!(running.tell("/control/reset", Value::Null), 200);
    assert_eq!(running.ask::<Vec<LogEntry>>("/control/log").len(), 0);
    assert_eq!(running.ask::<Value>("/control/rates"), json!({}));
    assert_eq!(running.record(&with_token(REGULAR)), 200);
}

#[test]
fn the_control_api_names_what_it_does_not_understand() {
    let running = run(&["--http"]);
    for (path, body, named) in [
        ("/control/clock", json!({ "advance": 1 }), "advance"),
        ("/control/clock", json!({ "advance_s": "soon" }), "advance_s"),
        ("/control/clock", json!({}), "advance_s"),
        ("/control/jwt", json!({ "lifetime": 1 }), "lifetime"),
        ("/control/jwt", json!({ "iat": 1 }), "iat"),
        ("/control/password", json!({ "user": "nobody@example.com", "password": "x" }), "user"),
        ("/control/password", json!({ "user": REGULAR.name }), "password"),
        ("/control/faults", json!({ "shape": "square" }), "square"),
        ("/control/faults", json!({ "shape": "rest-xml", "body": "x" }), "body"),
        ("/control/faults", json!({ "status": 99 }), "status"),
        ("/control/faults", json!({ "status": 500, "delay": 1 }), "delay"),
        ("/control/faults", json!({ "status": 500, "headers": { "a b": "c" } }), "headers"),
        ("/control/faults", json!({}), "status"),
        ("/control/faults", json!({ "status": 401, "times": -1 }), "times"),
        ("/control/faults", json!({ "status": 500, "counts": true }), "counts"),
        ("/control/faults", json!({ "shape": "user-message-auth", "counts": true }), "counts"),
        ("/control/jwt", json!({ "age": 1 }), "age"),
        ("/control/jwt", json!({ "milliseconds": 1 }), "milliseconds"),
        ("/control/delays", json!([{ "min_ms": 1 }]), "max_ms"),
        ("/control/delays", json!([{ "min_ms": -1, "max_ms": 1 }]), "[0].min_ms"),
        ("/control/delays", json!([{ "min_ms": 2, "max_ms": 1 }]), "[0]: max_ms"),
        ("/control/delays", json!([{ "max_ms": 1, "when": "late" }]), "[0].when"),
        ("/control/delays", json!([{ "max_ms": 1, "when": "refused", "before": true }]), "[0]: when"),
        ("/control/delays", json!([{ "max_ms": 1, "path": "/" }]), "path"),
        ("/control/outage", json!({}), "kind"),
        ("/control/outage", json!({ "kind": "flood" }), "kind"),
        ("/control/outage", json!({ "kind": "hang", "for_s": 1 }), "for_s"),
        ("/control/outage", json!({ "kind": "refuse", "path_prefix": "/" }), "path_prefix"),
        ("/control/outage", json!({ "kind": "swallow", "judged": true }), "judged"),
        ("/control/date", json!({}), "offset_s"),
        ("/control/date", json!({ "none": false }), "offset_s"),
        ("/control/date", json!({ "offset_s": 1, "none": true }), "none"),
        ("/control/date", json!({ "offset": 1 }), "offset"),
        ("/control/faults", json!({ "fault": "flood" }), "flood"),
        ("/control/faults", json!({ "fault": "drip", "status": 200 }), "status"),
        ("/control/faults", json!({ "fault": "drip", "headers": {} }), "headers"),
        ("/control/faults", json!({ "fault": "cut-body", "counts": true }), "counts"),
        ("/control/faults", json!({ "fault": "cut-body", "drip_ms": 1 }), "drip_ms"),
        ("/control/faults", json!({ "fault": "cut-body", "percent": 101 }), "percent"),
        ("/control/faults", json!({ "status": 500, "percent": 0 }), "percent"),
        ("/control/faults", json!({ "status": 500, "method": "G T" }), "method"),
        ("/control/rate-limit", json!({ "requests_per_second": -1 }), "requests_per_second"),
        ("/control/rate-limit", json!({ "per_second": 1 }), "per_second"),
        ("/control/query", json!({ "page": 0 }), "page"),
        ("/control/async", json!({ "status": 204 }), "status"),
        ("/control/download", json!({ "byte": 1 }), "byte"),
    ] {
        let answer = running.control.post(path, &[], &body.to_string());
        assert_eq!(answer.status, 400, "{path} {body}");
        let message: Value = serde_json::from_str(&answer.body).unwrap();
        assert!(message["message"].as_str().unwrap().contains(named), "{path} {body}: {message}");
    }
    assert_eq!(running.control.get("/control/nothing", &[]).status, 404);
    assert_eq!(running.control.get("/control/reset", &[]).status, 405);
}
