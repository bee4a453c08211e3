//! Requests that are sent again, and those that never are.

use std::sync::{Arc, Mutex};

use boomi_auth::{AuthScheme, ErrorKind::*, EventKind};
use boomi_emulator::users::{REGULAR, TWOFA, TWOFA_SECRET};
use boomi_emulator::{Emulator, ErrorShape, Outage, OutageKind, Scripted, WireFault};

use crate::api::{Api, Response, Setting};
use crate::run_twice;
use crate::support::{AUDIT_LOG, DEPLOYMENT, by_password, client, failure, get, of, once, posting, regular, within_ms};

run_twice!(
    what_only_reads_is_sent_again,
    what_creates_is_not_sent_again_unless_it_had_no_effect,
    what_creates_and_got_no_answer_may_have_taken_effect,
    what_did_not_leave_is_sent_again_and_was_not_sent,
    the_caller_says_what_may_be_repeated,
    the_last_answer_is_the_response,
    tries_are_counted_and_bounded,
    retry_after_is_waited_for_in_full_or_not_at_all,
    a_refused_jwt_is_replaced_apart_from_that,
    a_typed_code_goes_with_one_try,
    a_wait_between_tries_is_canceled,
    a_server_that_comes_back_is_found,
);

const CREATE: &str = "/api/rest/v1/{accountId}/Deployment";
const QUERY: &str = "/api/rest/v1/{accountId}/Deployment/query";
const BODY: &str = r#"{"name":"x"}"#;

fn plain(status: u16) -> Scripted {
    Scripted::new(status, "text/plain", "").on("/api/")
}

fn lost(fault: WireFault) -> Scripted {
    Scripted::from(fault).on("/api/")
}

/// By a JWT: with Basic, a lost answer may have been a rejection, and the guard has its say too.
fn post<A: Api>(path: &str) -> A::Request {
    let mut request = posting::<A>(path, BODY);
    A::set_auth(&mut request, AuthScheme::Jwt);
    request
}

fn what_only_reads_is_sent_again<A: Api>() {
    let boomi = Emulator::start_unlimited();
    let told: Arc<Mutex<Vec<serde_json::Value>>> = Arc::default();
    let events = told.clone();
    let tell = Setting::OnEvent(Box::new(move |kind, json| {
        if kind == EventKind::RequestRetried.code() {
            events.lock().unwrap().push(serde_json::from_str(json).unwrap());
        }
    }));
    let client = client::<A>(of(&boomi), [by_password(REGULAR), tell]);
    for status in [429, 502, 503, 504] {
        boomi.clear_log();
        boomi.answer_next(plain(status));
        let response = get::<A>(&client, AUDIT_LOG).unwrap();
        assert_eq!((response.status(), response.attempts()), (200, 2), "{status}");
        assert_eq!(boomi.log().iter().map(|entry| entry.status).collect::<Vec<_>>(), [status, 200]);
        let event = told.lock().unwrap().pop().unwrap();
        assert_eq!((&event["event"], &event["method"]), (&"request_retried".into(), &"GET".into()));
        assert_eq!((&event["attempt"], &event["status"]), (&1.into(), &status.into()));
        assert_eq!(event["path"], "/api/rest/v1/account123/AuditLog/documentId-321");
    }
    for fault in [WireFault::ResetBefore, WireFault::ResetAfter, WireFault::CutHeaders, WireFault::CutBody] {
        boomi.answer_next(lost(fault));
        let response = A::send(&client, &post::<A>(QUERY), None).unwrap();
        assert_eq!((response.status(), response.attempts()), (200, 2), "{fault:?}");
        let event = told.lock().unwrap().pop().unwrap();
        assert_eq!((&event["method"], &event["code"]), (&"POST".into(), &Connect.code().into()), "{fault:?}");
    }
    for status in [400, 401, 404, 408, 500, 501] {
        boomi.answer_next(plain(status));
        let response = get::<A>(&client, AUDIT_LOG).unwrap();
        assert_eq!((response.status(), response.attempts()), (status.into(), 1));
        A::reset_guard(&client);
    }
    assert!(told.lock().unwrap().is_empty());
}

fn what_creates_is_not_sent_again_unless_it_had_no_effect<A: Api>() {
    let boomi = Emulator::start_unlimited();
    let client = regular::<A>(&boomi);
    A::get_token(&A::token_provider(&client, None).unwrap(), 0, None).unwrap();
    for status in [429, 502, 503, 504] {
        boomi.clear_log();
        boomi.answer_next(plain(status));
        let response = A::send(&client, &post::<A>(CREATE), None).unwrap();
        assert_eq!((response.status(), response.attempts(), boomi.log().len()), (status.into(), 1, 1));
    }
    assert!(boomi.effects().is_empty());
    for (shape, times) in [(ErrorShape::OasUnavailableJson, 1), (ErrorShape::RateLimitXml, 2)] {
        boomi.answer_next(Scripted::from(shape).on("/api/").times(times));
        let response = A::send(&client, &post::<A>(CREATE), None).unwrap();
        assert_eq!((response.status(), response.attempts()), (200, times as i32 + 1), "{}", shape.name());
    }
    assert_eq!(boomi.effects().len(), 2);
}

fn what_creates_and_got_no_answer_may_have_taken_effect<A: Api>() {
    let boomi = Emulator::start_unlimited();
    let client = regular::<A>(&boomi);
    for fault in [WireFault::ResetAfter, WireFault::CutHeaders, WireFault::CutBody] {
        let before = boomi.effects().len();
        boomi.answer_next(lost(fault));
        let failure = failure(A::send(&client, &post::<A>(CREATE), None));
        failure.assert(Connect, &["may have taken effect", "before you send it again"]);
        assert_eq!((failure.sent, failure.attempts), (true, 1), "{failure:?}");
        assert_eq!(boomi.effects().len(), before + 1, "{fault:?}: once");
    }
    // An answer that says that nothing was done does not hide that the next try may have done it.
    boomi.answer_next(Scripted::from(ErrorShape::OasUnavailableJson).on("/api/"));
    boomi.answer_next(lost(WireFault::ResetAfter));
    let failure = failure(A::send(&client, &post::<A>(CREATE), None));
    failure.assert(Connect, &["tried 2 times", "may have taken effect"]);
    assert_eq!((failure.sent, failure.attempts, boomi.effects().len()), (true, 2, 4), "{failure:?}");
}

fn what_did_not_leave_is_sent_again_and_was_not_sent<A: Api>() {
    let boomi = Emulator::start_unlimited();
    let client = client::<A>(of(&boomi), [by_password(REGULAR), Setting::MaxRetries(2)]);
    boomi.set_outage(Some(Outage::new(OutageKind::Refuse)));
    let failure = failure(A::send(&client, &posting::<A>(CREATE, BODY), None));
    assert_eq!((failure.sent, failure.attempts, failure.retryable), (false, 3, true), "{failure:?}");
    assert!(!failure.message.contains("may have taken effect"), "{failure:?}");
    boomi.set_outage(None);
    assert_eq!(A::send(&client, &posting::<A>(CREATE, BODY), None).unwrap().attempts(), 1);
    assert_eq!((boomi.effects().len(), boomi.log().len()), (1, 1));
}

fn the_caller_says_what_may_be_repeated<A: Api>() {
    let boomi = Emulator::start_unlimited();
    let client = regular::<A>(&boomi);
    let mut request = post::<A>(CREATE);
    A::set_replayable(&mut request, true);
    boomi.answer_next(lost(WireFault::ResetAfter));
    assert_eq!(A::send(&client, &request, None).unwrap().attempts(), 2);
    assert_eq!(boomi.effects().len(), 2, "as its caller wants it");
    let mut request = A::request("GET", AUDIT_LOG).unwrap();
    A::set_replayable(&mut request, false);
    boomi.answer_next(plain(503));
    let response = A::send(&client, &request, None).unwrap();
    assert_eq!((response.status(), response.attempts()), (503, 1));
}

fn the_last_answer_is_the_response<A: Api>() {
    let boomi = Emulator::start_unlimited();
    let client = client::<A>(of(&boomi), [by_password(REGULAR), Setting::MaxRetries(1)]);
    boomi.answer_next(plain(502));
    boomi.answer_next(plain(504).header("X-Try", "2"));
    let response = get::<A>(&client, AUDIT_LOG).unwrap();
    assert_eq!((response.status(), response.attempts(), response.header("x-try").as_deref()), (504, 2, Some("2")));
    assert_eq!(response.check().unwrap_err().attempts, 2);
    // A try without an answer does not take away what there is.
    boomi.answer_next(plain(502).header("X-Try", "1"));
    boomi.answer_next(lost(WireFault::ResetAfter));
    let response = A::send(&client, &post::<A>(QUERY), None).unwrap();
    assert_eq!((response.status(), response.attempts(), response.header("x-try").as_deref()), (502, 2, Some("1")));
    // Without any answer, the last failure is the error.
    boomi.answer_next(lost(WireFault::ResetAfter).times(2));
    let failure = failure(A::send(&client, &post::<A>(QUERY), None));
    failure.assert(Connect, &["tried 2 times"]);
    assert_eq!((failure.sent, failure.attempts, failure.retryable), (true, 2, true), "{failure:?}");
}

fn tries_are_counted_and_bounded<A: Api>() {
    let boomi = Emulator::start_unlimited();
    boomi.answer_next(plain(503).for_ever());
    for (retries, attempts) in [(0, 1), (1, 2), (3, 4)] {
        boomi.clear_log();
        let client = client::<A>(of(&boomi), [by_password(REGULAR), Setting::MaxRetries(retries)]);
        let response = get::<A>(&client, AUDIT_LOG).unwrap();
        assert_eq!((response.status(), response.attempts(), boomi.log().len()), (503, attempts, attempts as usize));
    }
}

fn retry_after_is_waited_for_in_full_or_not_at_all<A: Api>() {
    let boomi = Emulator::start_unlimited();
    let client = regular::<A>(&boomi);
    boomi.answer_next(plain(429).header("Retry-After", "1"));
    let begun = boomi.at_ms();
    assert_eq!(get::<A>(&client, AUDIT_LOG).unwrap().attempts(), 2);
    assert!(boomi.at_ms() - begun >= 1000);
    boomi.answer_next(plain(429).header("Retry-After", "6"));
    let begun = boomi.at_ms();
    let request = A::request("GET", AUDIT_LOG).unwrap();
    let response = A::send(&client, &request, Some(&within_ms::<A>(6000))).unwrap();
    assert_eq!((response.status(), response.attempts(), response.retry_after_ms()), (429, 1, 6000));
    assert!(boomi.at_ms() - begun < 4000);
}

fn a_refused_jwt_is_replaced_apart_from_that<A: Api>() {
    let boomi = Emulator::start_unlimited();
    let client = once::<A>(&boomi);
    let mut request = A::request("GET", DEPLOYMENT).unwrap();
    A::set_auth(&mut request, AuthScheme::Jwt);
    boomi.answer_next(plain(401));
    let response = A::send(&client, &request, None).unwrap();
    assert_eq!((response.status(), response.attempts()), (200, 2));
}

fn a_typed_code_goes_with_one_try<A: Api>() {
    let boomi = Emulator::start_unlimited();
    let client = client::<A>(of(&boomi), [by_password(TWOFA)]);
    let mut call = A::call();
    A::set_otp(&mut call, &A::otp_code(TWOFA_SECRET, -1).unwrap()).unwrap();
    boomi.answer_next(plain(503));
    let response = A::send(&client, &A::request("GET", AUDIT_LOG).unwrap(), Some(&call)).unwrap();
    // Without the code, another try would be a bad sign-in.
    assert_eq!((response.status(), response.attempts(), boomi.log().len()), (503, 1, 1));
}

fn a_wait_between_tries_is_canceled<A: Api>() {
    let boomi = Emulator::start_unlimited();
    let client = regular::<A>(&boomi);
    boomi.answer_next(plain(503).header("Retry-After", "30"));
    let (call, elsewhere) = (A::call(), client.clone());
    let canceling = call.clone();
    let waiting =
        std::thread::spawn(move || failure(A::send(&elsewhere, &A::request("GET", AUDIT_LOG).unwrap(), Some(&call))));
    while boomi.log().is_empty() {
        std::thread::yield_now();
    }
    A::cancel_call(&canceling);
    let begun = boomi.at_ms();
    let failure = waiting.join().unwrap();
    failure.assert(Canceled, &[]);
    assert!(failure.sent && failure.attempts == 1, "{failure:?}");
    assert!(boomi.at_ms() - begun < 5000);
}

fn a_server_that_comes_back_is_found<A: Api>() {
    let boomi = Emulator::start_unlimited();
    for scheme in [AuthScheme::Basic, AuthScheme::Jwt] {
        let client = regular::<A>(&boomi);
        let mut request = A::request("GET", DEPLOYMENT).unwrap();
        A::set_auth(&mut request, scheme);
        A::send(&client, &request, None).unwrap();
        // With Basic, the second and third are the guard's, who asks without credentials whether there is an answer at
        // all.
        boomi.answer_next(lost(WireFault::ResetBefore).times(3));
        let response = A::send(&client, &request, None).unwrap();
        assert_eq!((response.status(), response.attempts()), (200, 4), "{scheme:?}");
    }
}
