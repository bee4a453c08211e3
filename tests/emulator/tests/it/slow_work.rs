//! What is asked for again until it is ready: asynchronous operations, executions, downloads.

use boomi_emulator::users::*;
use boomi_emulator::{AsyncOptions, DownloadOptions, Emulator};
use serde_json::{Value, json};

use crate::common::{Client, start_http, with_password, with_token};

const API: &str = "/api/rest/v1/account123";

fn get(client: &Client, path: &str) -> (u16, String) {
    let token = with_token(REGULAR);
    let answer = client.get(path, &[("Authorization", &token), ("Accept", "application/json")]);
    (answer.status, answer.body)
}

fn post(client: &Client, path: &str) -> Value {
    let token = with_token(REGULAR);
    let answer = client.post(path, &[("Authorization", &token), ("Accept", "application/json")], "{}");
    assert_eq!(answer.status, 200);
    serde_json::from_str(&answer.body).unwrap()
}

fn value(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn an_asynchronous_result_comes_once_when_it_is_there() {
    let boomi = start_http();
    let client = Client::of(&boomi);
    let begin = || get(&client, &format!("{API}/async/ListenerStatus/atom-1"));
    let (status, begun) = begin();
    assert_eq!((status, &value(&begun)["responseStatusCode"]), (200, &json!(202)));
    let token = value(&begun)["asyncToken"]["token"].as_str().unwrap().to_owned();
    assert!(token.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'), "{token}");
    let poll = || get(&client, &format!("{API}/async/ListenerStatus/response/{token}"));
    assert_eq!([poll().0, poll().0], [202, 202]);
    let (status, result) = poll();
    assert_eq!((status, &value(&result)["result"][0]["@type"]), (200, &json!("ListenerStatus")));
    assert_eq!([poll(), poll()], [(204, String::new()), (204, String::new())]);
    assert_eq!(get(&client, &format!("{API}/async/ListQueues/response/{token}")).0, 404, "of another object");
    assert_eq!(get(&client, &format!("{API}/async/ListenerStatus/response/none")).0, 404);

    boomi.set_async(AsyncOptions { polls: 0, status: 202 });
    let (status, begun) = begin();
    assert_eq!(status, 202);
    let token = value(&begun)["asyncToken"]["token"].as_str().unwrap().to_owned();
    assert_eq!(get(&client, &format!("{API}/async/ListenerStatus/response/{token}")).0, 200);
    let xml = client.get(&format!("{API}/async/ListenerStatus/x"), &[("Authorization", &with_token(REGULAR))]).body;
    assert!(xml.contains("<bns:asyncToken token=\"") && xml.contains("responseStatusCode=\"202\""), "{xml}");
    assert!(boomi.effects().is_empty());
}

#[test]
fn an_execution_has_a_record_in_the_end() {
    let boomi = start_http();
    let client = Client::of(&boomi);
    let execution = post(&client, &format!("{API}/ExecutionRequest"));
    let path = execution["recordUrl"].as_str().unwrap().strip_prefix(boomi.base_url()).unwrap().to_owned();
    let polls = [(); 4].map(|()| get(&client, &path));
    assert_eq!(polls.each_ref().map(|(status, _)| *status), [202, 202, 200, 200]);
    assert_eq!(value(&polls[3].1)["result"][0]["executionId"], execution["requestId"]);
    assert_eq!(get(&client, &format!("{API}/ExecutionRecord/async/none")).0, 404);
    assert_eq!(client.get(&path, &[]).status, 401);
}

#[test]
fn a_download_is_where_the_answer_says_when_it_is_there() {
    let boomi = Emulator::start_unlimited();
    let client = Client::of(&boomi);
    boomi.set_download(DownloadOptions { bytes: 300, url: None });
    for object in ["ProcessLog", "AtomLog", "ConnectorDocument"] {
        let begun = post(&client, &format!("{API}/{object}"));
        assert_eq!((&begun["@type"], &begun["statusCode"]), (&json!("LogDownload"), &json!(202)));
        let path = begun["url"].as_str().unwrap().strip_prefix(boomi.base_url()).unwrap().to_owned();
        assert!(path.starts_with("/account/account123/api/download/"), "{path}");
        let jwt = client.get("/auth/jwt/generate/account123", &[("Authorization", &with_token(REGULAR))]).body;
        let ready = |authorization: &str| {
            let bytes = client.try_bytes(&path, authorization).unwrap();
            (bytes.0, bytes.1.len())
        };
        assert_eq!(ready(&with_password(REGULAR)), (202, 0));
        assert_eq!(ready(""), (401, client.get(&path, &[]).body.len()), "and that was no poll");
        assert_eq!(ready(&format!("Bearer {jwt}")), (202, 0));
        assert_eq!([ready(&with_token(REGULAR)), ready(&format!("Bearer {jwt}"))], [(200, 300); 2]);
        let foreign = path.replace(ACCOUNT, SUB_ACCOUNT);
        assert_eq!(client.get(&foreign, &[("Authorization", &format!("Bearer {jwt}"))]).status, 403);
        assert_eq!(client.get(&foreign, &[("Authorization", &with_password(REGULAR))]).status, 404);
    }
    boomi.set_download(DownloadOptions { url: Some("https://elsewhere.example/a?b&c".into()), ..Default::default() });
    assert_eq!(post(&client, &format!("{API}/AtomLog"))["url"], "https://elsewhere.example/a?b&c");
    let xml = client.post(&format!("{API}/AtomLog"), &[("Authorization", &with_token(REGULAR))], "").body;
    assert!(xml.contains("url=\"https://elsewhere.example/a?b&amp;c\""), "{xml}");
    assert!(boomi.effects().is_empty());
}

#[test]
fn urls_in_answers_begin_as_the_request_did() {
    let boomi = Emulator::start();
    let client = Client::new(&boomi.hub_url(), boomi.ca_pem());
    let url = post(&client, &format!("{API}/ProcessLog"))["url"].as_str().unwrap().to_owned();
    assert!(url.starts_with(&format!("{}/account/", boomi.hub_url())), "{url}");
}
