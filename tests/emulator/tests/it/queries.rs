//! Queries page by page, bulk requests, and what requests change.

use boomi_emulator::users::*;
use boomi_emulator::{Effect, Emulator};
use serde_json::{Value, json};

use crate::common::{Answer, Client, start_http, with_token};

const API: &str = "/api/rest/v1/account123";
const PARTNER: &str = "/partner/api/rest/v1/account123";
const OVERRIDE: &str = "?overrideAccount=subaccount456";

fn call(client: &Client, path: &str, more: &[(&str, &str)], body: &str) -> Answer {
    let token = with_token(REGULAR);
    let headers = [&[("Authorization", token.as_str()), ("Accept", "application/json")][..], more].concat();
    client.post(path, &headers, body)
}

fn value(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{}", answer.body);
    serde_json::from_str(&answer.body).unwrap()
}

fn more(client: &Client, path: &str, token: &str) -> Answer {
    call(client, path, &[("Content-Type", "text/plain")], token)
}

#[test]
fn a_query_comes_page_by_page() {
    let boomi = start_http();
    let client = Client::of(&boomi);
    for (base, query, account) in [(API, "", ACCOUNT), (PARTNER, "", ACCOUNT), (PARTNER, OVERRIDE, SUB_ACCOUNT)] {
        let filter = r#"{"QueryFilter":{"expression":{}}}"#;
        let mut page = value(&call(&client, &format!("{base}/AuditLog/query{query}"), &[], filter));
        let (mut ids, mut sizes) = (Vec::new(), Vec::new());
        loop {
            assert_eq!(page["@type"], "QueryResult");
            for row in page["result"].as_array().unwrap() {
                assert_eq!((&row["accountId"], &row["@type"]), (&json!(account), &json!("AuditLog")));
                ids.push(row["id"].as_str().unwrap().to_owned());
            }
            sizes.push(page["numberOfResults"].as_u64().unwrap());
            let Some(token) = page["queryToken"].as_str() else { break };
            let again = || value(&more(&client, &format!("{base}/AuditLog/queryMore{query}"), token));
            let next = again();
            assert_eq!(next, again(), "a token is good more than once");
            page = next;
        }
        assert_eq!(sizes, [100, 100, 50]);
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 250);
    }
    assert!(boomi.effects().is_empty());
}

#[test]
fn a_query_may_be_xml_and_empty() {
    let boomi = start_http();
    let client = Client::of(&boomi);
    let token = with_token(REGULAR);
    let xml = |path: &str, kind: &str, body: &str| {
        let headers = [("Authorization", token.as_str()), ("Content-Type", kind)];
        client.post(&format!("{API}/Folder/{path}"), &headers, body)
    };
    boomi.set_query(3, 2);
    let first = xml("query", "application/xml", "<QueryConfig/>");
    assert_eq!((first.status, first.content_type.as_str()), (200, "application/xml"));
    assert_eq!(first.body.matches("<bns:result ").count(), 2);
    let next = first.body.split("queryToken>").nth(1).unwrap().strip_suffix("</bns:").unwrap();
    assert!(next.contains("&amp;"), "{next}");
    let second = xml("queryMore", "text/plain;charset=utf-8", &next.replace("&amp;", "&"));
    assert!(second.body.contains("numberOfResults=\"1\"") && !second.body.contains("queryToken"), "{}", second.body);
    assert_eq!(xml("queryMore", "text/plain", next).status, 400, "still escaped");

    boomi.set_query(0, 100);
    let empty = value(&call(&client, &format!("{API}/Folder/query"), &[], ""));
    assert_eq!(empty, json!({ "@type": "QueryResult", "numberOfResults": 0 }));
    for (kind, body) in [("application/json", "<QueryConfig/>"), ("application/xml", "{}"), ("application/json", "[")] {
        assert_eq!(xml("query", kind, body).status, 400, "{kind} {body}");
    }
}

#[test]
fn a_token_that_is_not_as_it_came_is_refused() {
    let boomi = start_http();
    let client = Client::of(&boomi);
    let first = value(&call(&client, &format!("{API}/AuditLog/query"), &[], "{}"));
    let token = first["queryToken"].as_str().unwrap();
    let path = format!("{API}/AuditLog/queryMore");
    for body in [format!("{token}\n"), json!(token).to_string(), token.replace('+', "%2B"), String::new()] {
        let answer = more(&client, &path, &body);
        assert_eq!(answer.status, 400);
        assert!(answer.body.contains("Query token does not have the proper format"), "{}", answer.body);
    }
    for kind in ["application/json", "application/x-www-form-urlencoded", ""] {
        assert_eq!(call(&client, &path, &[("Content-Type", kind)], token).status, 400, "{kind}");
    }
    assert_eq!(more(&client, &format!("{API}/Folder/queryMore"), token).status, 400, "another object");
    assert_eq!(more(&client, &format!("{PARTNER}/AuditLog/queryMore{OVERRIDE}"), token).status, 400);
    assert_eq!(more(&client, &path, token).status, 200);
}

#[test]
fn queries_sign_in_like_records() {
    let boomi = start_http();
    let client = Client::of(&boomi);
    let jwt = client.get("/auth/jwt/generate/account123", &[("Authorization", &with_token(REGULAR))]).body;
    let bearer = format!("Bearer {jwt}");
    for (object, status) in [("Deployment", 200), ("AuditLog", 401)] {
        for path in ["query", "bulk"] {
            let body = r#"{"type":"GET","request":[]}"#;
            let answer = client.post(&format!("{API}/{object}/{path}"), &[("Authorization", &bearer)], body);
            assert_eq!(answer.status, status, "{object}/{path}");
        }
    }
    let foreign = format!("{PARTNER}/AuditLog/query?overrideAccount=account789");
    assert_eq!(call(&client, &foreign, &[], "{}").status, 403);
    assert_eq!(call(&client, &format!("{API}/Nothing/query"), &[], "{}").status, 404);
    assert_eq!(client.get(&format!("{API}/AuditLog/query"), &[]).status, 405);
}

#[test]
fn a_bulk_request_answers_each_id() {
    let boomi = start_http();
    let client = Client::of(&boomi);
    let path = format!("{API}/AuditLog/bulk");
    let request = json!({ "type": "GET", "request": [{ "id": "documentId-321" }, { "id": "none" }] });
    let result = value(&call(&client, &path, &[], &request.to_string()));
    let items = result["response"].as_array().unwrap();
    assert_eq!((&items[0]["statusCode"], &items[1]["statusCode"]), (&json!(200), &json!(400)));
    assert_eq!((&items[0]["Result"]["documentId"], &items[1]["id"]), (&json!("documentId-321"), &json!("none")));
    assert!(boomi.effects().is_empty());

    let xml = "<BulkRequest type=\"UPDATE\"><request id=\"documentId-321\"/><request id=\"a&amp;b\"/></BulkRequest>";
    let answer = client.post(&path, &[("Authorization", &with_token(REGULAR))], xml);
    assert_eq!(answer.status, 200);
    assert!(answer.body.contains("<bns:Result ") && answer.body.contains("id=\"a&amp;b\" statusCode=\"400\""));
    assert_eq!(boomi.effects().len(), 1, "one for all of them");

    let many = json!({ "type": "GET", "request": vec![json!({ "id": "x" }); 101] });
    for body in [many.to_string(), "{}".into(), "<x/>".into()] {
        assert_eq!(call(&client, &path, &[], &body).status, 400, "{body}");
    }
}

#[test]
fn what_changes_something_is_an_effect_with_its_key() {
    let boomi = start_http();
    let client = Client::of(&boomi);
    let post = |path: &str, key: &str, body: &str| value(&call(&client, path, &[("X-Test-Key", key)], body));
    let first = post(&format!("{API}/Folder"), "a", r#"{"name":"new one"}"#);
    let second = post(&format!("{PARTNER}/Folder{OVERRIDE}"), "b", "<Folder name=\"x &amp; y\"/>");
    assert_eq!((&first["name"], &second["name"]), (&json!("new one"), &json!("x & y")));
    assert_eq!((&first["@type"], &second["accountId"]), (&json!("Folder"), &json!(SUB_ACCOUNT)));
    assert_ne!(first["id"], second["id"]);
    post(&format!("{API}/Folder/1"), "c", "{}");
    let execution = post(&format!("{API}/ExecutionRequest"), "d", "{}");
    assert!(execution["requestId"].as_str().unwrap().starts_with("executionrecord-"));
    assert_eq!(client.delete_with(&format!("{API}/Folder/1"), &with_token(REGULAR)).status, 200);

    let jwt = client.get("/auth/jwt/generate/account123", &[("Authorization", &with_token(REGULAR))]).body;
    for query in ["{ a }", "mutation { a }"] {
        let bearer = format!("Bearer {jwt}");
        client.post("/graphql", &[("Authorization", &bearer)], &json!({ "query": query }).to_string());
    }
    let effect =
        |method: &str, path: &str, key: &str| Effect { method: method.into(), path: path.into(), key: key.into() };
    let expected = [
        effect("POST", "/api/rest/v1/account123/Folder", "a"),
        effect("POST", "/partner/api/rest/v1/account123/Folder?overrideAccount=subaccount456", "b"),
        effect("POST", "/api/rest/v1/account123/Folder/1", "c"),
        effect("POST", "/api/rest/v1/account123/ExecutionRequest", "d"),
        effect("DELETE", "/api/rest/v1/account123/Folder/1", ""),
        effect("POST", "/graphql", ""),
    ];
    assert_eq!(boomi.effects(), expected);
    boomi.reset();
    assert!(boomi.effects().is_empty());
}

#[test]
fn what_is_refused_is_no_effect() {
    let boomi = Emulator::start_unlimited();
    let client = Client::of(&boomi);
    let wrong = crate::common::basic(SSO_ADMIN.name, "wrong");
    for path in ["Folder", "Folder/1", "ExecutionRequest", "Folder/bulk", "ProcessLog"] {
        let answer = client.post(&format!("{API}/{path}"), &[("Authorization", &wrong)], "{\"type\":\"CREATE\"}");
        assert_eq!(answer.status, 401, "{path}");
    }
    assert_eq!(client.delete_with(&format!("{API}/Folder/1"), &wrong).status, 401);
    assert_eq!(client.post("/graphql", &[], r#"{"query":"mutation { a }"}"#).status, 401);
    assert_eq!(client.post("/rest/account123/e/t", &[("Authorization", &wrong)], "x").status, 401);
    assert_eq!(call(&client, &format!("{API}/Nothing"), &[], "{}").status, 404);
    assert_eq!(call(&client, &format!("{API}/Folder"), &[], "").status, 400);
    for path in ["AuditLog", "AuditLog/documentId-321", "ExecutionRecord"] {
        assert_eq!(call(&client, &format!("{API}/{path}"), &[], "{}").status, 405, "{path}");
    }
    assert_eq!(client.delete_with(&format!("{API}/AuditLog/1"), &with_token(REGULAR)).status, 405);
    assert!(boomi.effects().is_empty());
}

#[test]
fn a_body_has_the_size_asked_for() {
    let boomi = start_http();
    let client = Client::of(&boomi);
    for bytes in [0, 1, 33, 34, 1000, 1_000_000] {
        let answer = client.get(&format!("{API}/Deployment/sized-{bytes}"), &[("Authorization", &with_token(REGULAR))]);
        assert_eq!((answer.status, answer.body.len()), (200, bytes));
        if bytes >= 1000 {
            assert_eq!(serde_json::from_str::<Value>(&answer.body).unwrap()["@type"], "Deployment");
        }
    }
    for path in ["Deployment/sized-x", "Deployment/sized-99999999999", "AuditLog/sized-1"] {
        assert_eq!(client.get(&format!("{API}/{path}"), &[("Authorization", &with_token(REGULAR))]).status, 404);
    }
}
