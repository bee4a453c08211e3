//! What the command's scenario and its control API set about the answers.

use boomi_emulator::users::*;
use serde_json::{Value, json};
use std::io::Write;

use crate::common::with_token;
use crate::running::run;

#[test]
fn a_scenario_and_the_control_api_set_what_requests_meet() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    let scenario = json!({
        "rate_limit": { "requests_per_second": 0, "retry_after_s": 7 },
        "query_rows": 3, "query_page": 2, "async": { "polls": 0 }, "download": { "bytes": 5 },
    });
    file.write_all(scenario.to_string().as_bytes()).unwrap();
    let running = run(&["--http", "--scenario", file.path().to_str().unwrap()]);
    let token = with_token(REGULAR);
    let headers = [("Authorization", token.as_str()), ("Accept", "application/json"), ("X-Test-Key", "k")];
    let post = |path: &str| running.boomi.post(&format!("/api/rest/v1/account123/{path}"), &headers, "{}");
    let answered = |path: &str| serde_json::from_str::<Value>(&post(path).body).unwrap();

    assert_eq!(post("Folder").headers["retry-after"], "7");
    assert_eq!(running.tell("/control/rate-limit", json!({ "requests_per_second": null })), 200);
    assert_eq!(answered("AuditLog/query")["numberOfResults"], 2);
    assert_eq!(running.tell("/control/query", json!({ "rows": 1 })), 200);
    assert_eq!(answered("AuditLog/query")["numberOfResults"], 1);
    assert_eq!(answered("Folder")["@type"], "Folder");
    let effects: Value = running.ask("/control/effects");
    assert_eq!(effects, json!([{ "method": "POST", "path": "/api/rest/v1/account123/Folder", "key": "k" }]));
    let rates: Value = running.ask("/control/rates");
    assert!((1..=4).contains(&rates["account123"]["most"].as_u64().unwrap()), "{rates}");

    let download = |url: &Value| {
        let url = url.as_str().unwrap();
        let path = url.strip_prefix(running.ready["base_url"].as_str().unwrap()).unwrap();
        running.boomi.get(path, &headers).body
    };
    assert_eq!(download(&answered("AtomLog")["url"]).len(), 5);
    let elsewhere = json!({ "url": "https://elsewhere.example/x" });
    assert_eq!(running.tell("/control/download", elsewhere), 200);
    assert_eq!(answered("AtomLog")["url"], "https://elsewhere.example/x");
    assert_eq!(running.tell("/control/async", json!({ "status": 202 })), 200);
    assert_eq!(running.boomi.get("/api/rest/v1/account123/async/ListenerStatus/1", &headers).status, 202);

    let fault = json!({ "fault": "html-200", "path_prefix": "/api/", "method": "POST", "percent": 100, "seed": 1 });
    assert_eq!(running.tell("/control/faults", fault), 200);
    assert_eq!(running.record(&token), 200, "not a POST");
    assert!(post("Folder").body.contains("<html>"));
    let drip = json!({ "fault": "drip", "drip_ms": 0, "times": 1 });
    assert_eq!(running.tell("/control/faults", drip), 200);
    assert_eq!(running.record(&token), 200);
    let log: Vec<Value> = running.ask("/control/log");
    assert_eq!([&log[log.len() - 2]["fault"], &log[log.len() - 1]["fault"]], ["html-200", "drip"]);
    assert_eq!(running.ask::<Vec<Value>>("/control/effects").len(), 1);
}
