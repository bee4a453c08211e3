//! Work that Boomi does in its own time.

use boomi_auth::AuthScheme::{self, Basic, Jwt};
use boomi_auth::ErrorKind::{Canceled, HttpStatus, InvalidArgument, Protocol, Timeout};
use boomi_emulator::users::{ACCOUNT, SUB_ACCOUNT};
use boomi_emulator::{AsyncOptions, DownloadOptions, Emulator, Scripted};

use crate::api::{Api, Header, Response};
use crate::run_twice;
use crate::support::{AUDIT_LOG, assert_invalid, failure, once, posting, regular, within_ms};

run_twice!(
    an_asynchronous_result_is_waited_for_and_given_once,
    an_execution_is_waited_for,
    a_download_is_read_as_a_stream,
    what_comes_at_once_is_the_result,
    a_url_of_another_origin_is_refused,
    a_bad_answer_is_no_job,
    work_goes_on_after_a_timeout,
    all_in_one_call,
    a_sub_accounts_work_is_asked_for_as_it_was_started,
    a_wait_for_work_is_canceled,
    work_in_xml,
);

const ASYNC: &str = "/api/rest/v1/{accountId}/async/ListQueues/atom-1";
const EXECUTE: &str = "/api/rest/v1/{accountId}/ExecutionRequest";
const LOG: &str = "/api/rest/v1/{accountId}/ProcessLog";

fn asynchronous<A: Api>(object: &str, scheme: AuthScheme) -> A::Request {
    let mut request = A::request("GET", &format!("/api/rest/v1/{{accountId}}/async/{object}/atom-1")).unwrap();
    A::set_auth(&mut request, scheme);
    request
}

fn json(response: &impl Response) -> serde_json::Value {
    serde_json::from_slice(&response.body()).unwrap()
}

fn polls(boomi: &Emulator, polls: u32) {
    boomi.set_async(AsyncOptions { polls, ..AsyncOptions::default() });
}

fn an_asynchronous_result_is_waited_for_and_given_once<A: Api>() {
    let boomi = Emulator::start_unlimited();
    let client = regular::<A>(&boomi);
    for (scheme, object, status) in [(Basic, "ListQueues", 200), (Jwt, "Deployment", 202)] {
        boomi.set_async(AsyncOptions { polls: 1, status });
        let mut job = A::start(&client, &asynchronous::<A>(object, scheme), None).unwrap();
        let path = A::job_path(&job).unwrap();
        assert!(path.starts_with(&format!("/api/rest/v1/{{accountId}}/async/{object}/response/")), "{path}");
        boomi.clear_log();
        let result = A::wait_for(&mut job, None).unwrap();
        assert_eq!((result.status(), &json(&result)["result"][0]["@type"]), (200, &object.into()));
        let log = boomi.log();
        assert_eq!(log.iter().map(|entry| entry.status).collect::<Vec<_>>(), [202, 200]);
        let name = if scheme == Basic { "Basic" } else { "Bearer" };
        assert!(log.iter().all(|entry| entry.scheme.as_deref() == Some(name)));
        let failure = failure(A::wait_for(&mut job, None));
        failure.assert(HttpStatus, &["no result any more", "once"]);
        assert_eq!((failure.status, failure.retryable), (204, false), "{failure:?}");
    }
}

fn an_execution_is_waited_for<A: Api>() {
    let boomi = Emulator::start_unlimited();
    polls(&boomi, 1);
    let mut job = A::start(&regular::<A>(&boomi), &posting::<A>(EXECUTE, "{}"), None).unwrap();
    assert!(A::job_path(&job).unwrap().starts_with("/api/rest/v1/{accountId}/ExecutionRecord/async/"));
    for _ in 0..2 {
        let record = A::wait_for(&mut job, None).unwrap();
        assert_eq!((record.status(), &json(&record)["result"][0]["status"]), (200, &"COMPLETE".into()));
    }
    assert_eq!(boomi.effects().len(), 1);
}

fn a_download_is_read_as_a_stream<A: Api>() {
    let boomi = Emulator::start_unlimited();
    polls(&boomi, 1);
    boomi.set_download(DownloadOptions { bytes: 300_000, url: None });
    let mut job = A::start(&regular::<A>(&boomi), &posting::<A>(LOG, r#"{"executionId":"x"}"#), None).unwrap();
    assert!(A::job_path(&job).unwrap().starts_with(&format!("{}/account/", boomi.base_url())));
    let mut log = A::open_job(&mut job, None).unwrap();
    assert_eq!((log.status(), log.whole_body()), (200, None));
    let (mut all, mut piece) = (Vec::new(), [0; 10_000]);
    while let amount @ 1.. = log.read(&mut piece).unwrap() {
        all.extend_from_slice(&piece[..amount]);
    }
    let expected: Vec<_> = (0..300_000).map(|n| (n % 251) as u8).collect();
    assert!(all == expected);
    // A download can be had again, and whole.
    assert!(A::wait_for(&mut job, None).unwrap().body() == expected);
    assert_eq!(boomi.log().last().unwrap().accept.as_deref(), Some("*/*"));
}

fn what_comes_at_once_is_the_result<A: Api>() {
    let boomi = Emulator::start_unlimited();
    let client = regular::<A>(&boomi);
    let mut job = A::start(&client, &A::request("GET", AUDIT_LOG).unwrap(), None).unwrap();
    assert_eq!(A::job_path(&job), None);
    assert_eq!(json(&A::wait_for(&mut job, None).unwrap())["documentId"], "documentId-321");
    assert_invalid(A::wait_for(&mut job, None), "given already");
    let mut job = A::start(&client, &A::request("GET", AUDIT_LOG).unwrap(), None).unwrap();
    let mut result = A::open_job(&mut job, None).unwrap();
    let mut start = [0; 1];
    assert_eq!((result.read(&mut start).unwrap(), &start), (1, b"{"));
    assert_invalid(A::open_job(&mut job, None), "given already");
    assert_eq!(boomi.log().len(), 2);
}

fn a_url_of_another_origin_is_refused<A: Api>() {
    let (boomi, other) = (Emulator::start_unlimited(), Emulator::start());
    let client = regular::<A>(&boomi);
    for url in [
        format!("{}/account/{ACCOUNT}/api/download/1", other.base_url()),
        boomi.base_url().replace("https:", "http:"),
        boomi.base_url().replace("localhost", "localhost.example.com"),
        "file:///etc/passwd".to_owned(),
    ] {
        boomi.set_download(DownloadOptions { bytes: 1, url: Some(url) });
        for result in [
            // Where that is can be asked for with another client.
            A::start(&client, &posting::<A>(LOG, "{}"), None)
                .and_then(|mut job| A::wait_for(&mut job, None))
                .map(|_| ()),
            A::wait(&client, &posting::<A>(LOG, "{}"), None).map(|_| ()),
        ] {
            let failure = failure(result);
            failure.assert(Protocol, &["which cannot be asked"]);
            // The work was started.
            assert!(failure.sent && !failure.retryable, "{failure:?}");
        }
    }
    assert!(other.log().is_empty());
    assert!(boomi.log().iter().all(|entry| entry.method == "POST"));
}

fn a_bad_answer_is_no_job<A: Api>() {
    let boomi = Emulator::start_unlimited();
    let client = once::<A>(&boomi);
    boomi.answer_next(Scripted::new(400, "application/json", r#"{"message":"no such atom"}"#));
    failure(A::start(&client, &posting::<A>(EXECUTE, "{}"), None)).assert(HttpStatus, &["400", "no such atom"]);
    // What looks like one, in the answer of something else, is its result.
    for body in [r#"{"requestId":"r-1","recordUrl":"x"}"#, r#"{"asyncToken":{"token":"t-1"}}"#] {
        boomi.answer_next(Scripted::new(200, "application/json", body));
        let mut job = A::start(&client, &A::request("GET", AUDIT_LOG).unwrap(), None).unwrap();
        assert_eq!((A::job_path(&job), A::wait_for(&mut job, None).unwrap().body()), (None, body.into()));
    }
    // A result of a bad status is a result.
    let mut job = A::start(&client, &posting::<A>(EXECUTE, "{}"), None).unwrap();
    boomi.answer_next(Scripted::new(404, "application/json", r#"{"message":"gone"}"#));
    let result = A::wait_for(&mut job, None).unwrap();
    result.check().unwrap_err().assert(HttpStatus, &["404", "gone"]);
    let mut bad = posting::<A>(EXECUTE, "{}");
    assert_invalid(A::add_query(&mut bad, "", "x"), "query");
    failure(A::start(&client, &bad, None)).assert_unsent(InvalidArgument, &["query"]);
    failure(A::wait(&client, &bad, None)).assert_unsent(InvalidArgument, &["query"]);
}

fn work_goes_on_after_a_timeout<A: Api>() {
    let boomi = Emulator::start_unlimited();
    polls(&boomi, 2);
    let mut job = A::start(&regular::<A>(&boomi), &posting::<A>(EXECUTE, "{}"), None).unwrap();
    let failure = failure(A::wait_for(&mut job, Some(&within_ms::<A>(300))));
    failure.assert(Timeout, &["300 ms", "waiting for the server to finish"]);
    assert!(failure.retryable, "{failure:?}");
    assert_eq!(A::wait_for(&mut job, None).unwrap().status(), 200);
    assert_eq!(boomi.effects().len(), 1);
}

fn all_in_one_call<A: Api>() {
    let boomi = Emulator::start_unlimited();
    let client = regular::<A>(&boomi);
    polls(&boomi, 1);
    let record = A::wait(&client, &posting::<A>(EXECUTE, "{}"), None).unwrap();
    assert_eq!(json(&record)["result"][0]["status"], "COMPLETE");
    assert_eq!(A::wait(&client, &A::request("GET", AUDIT_LOG).unwrap(), None).unwrap().status(), 200);
    boomi.set_download(DownloadOptions { bytes: 9, url: None });
    assert_eq!(A::wait(&client, &posting::<A>(LOG, "{}"), None).unwrap().body().len(), 9);
    polls(&boomi, 1000);
    let begun = boomi.at_ms();
    let failure = failure(A::wait(&client, &posting::<A>(EXECUTE, "{}"), Some(&within_ms::<A>(900))));
    failure.assert(Timeout, &["900 ms", "waiting for the server to finish"]);
    assert!(boomi.at_ms() - begun < 5000);
    // It was started: to do all of it again would start it twice.
    assert!(failure.sent && failure.message.contains("work was started"), "{failure:?}");
    assert_eq!(boomi.effects().len(), 2);
}

fn a_sub_accounts_work_is_asked_for_as_it_was_started<A: Api>() {
    let boomi = Emulator::start_unlimited();
    polls(&boomi, 0);
    let mut request = A::request("GET", &format!("/partner{ASYNC}")).unwrap();
    A::add_query(&mut request, "overrideAccount", SUB_ACCOUNT).unwrap();
    let result = A::wait(&regular::<A>(&boomi), &request, None).unwrap();
    assert_eq!(json(&result)["result"][0]["accountId"], SUB_ACCOUNT);
    let log = boomi.log();
    assert!(log.iter().all(|entry| entry.path.ends_with(&format!("?overrideAccount={SUB_ACCOUNT}"))), "{log:?}");
}

fn a_wait_for_work_is_canceled<A: Api>() {
    let boomi = Emulator::start_unlimited();
    polls(&boomi, 1000);
    let client = regular::<A>(&boomi);
    let elsewhere = client.clone();
    let waiting = std::thread::spawn(move || failure(A::wait(&client, &posting::<A>(EXECUTE, "{}"), None)));
    while boomi.log().len() < 2 {
        std::thread::yield_now();
    }
    A::cancel_client(&elsewhere);
    let begun = boomi.at_ms();
    waiting.join().unwrap().assert(Canceled, &[]);
    assert!(boomi.at_ms() - begun < 2000);
}

fn work_in_xml<A: Api>() {
    let boomi = Emulator::start_unlimited();
    let client = regular::<A>(&boomi);
    polls(&boomi, 0);
    let xml = |method, path: &str| {
        let mut request = A::request(method, path).unwrap();
        A::set_header(&mut request, Header::plain("Accept", "application/xml")).unwrap();
        A::wait(&client, &request, None).unwrap()
    };
    let text = |response: A::Response| String::from_utf8(response.body()).unwrap();
    assert!(text(xml("GET", ASYNC)).contains("<bns:result "));
    assert!(text(xml("POST", EXECUTE)).contains("status=\"COMPLETE\""));
    assert_eq!(xml("POST", LOG).body().len(), 1000);
}
