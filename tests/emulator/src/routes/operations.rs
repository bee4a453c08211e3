//! Asynchronous operations: a token first, then 202 until the result is there. \[U\] the names around the result, and
//! the body beside a 202.

use super::call::Call;
use crate::jobs::Progress;
use crate::records::Record;
use crate::{RECORD_ID, records};
use axum::body::Body;
use axum::http::StatusCode;
use axum::response::Response;

/// `GET …/async/{Object}/{id}`: begins, and hands out the token.
pub(crate) async fn begin(call: Call) -> Response {
    if let Some(refusal) = call.refusal() {
        return refusal;
    }
    let (token, status) = {
        let mut world = call.shared.world();
        (world.jobs.begin(&call.object, &call.owner, &call.object), world.asynchronous.status)
    };
    let as_json = || {
        serde_json::json!({
            "@type": "AsyncOperationTokenResult", "asyncToken": { "token": token }, "responseStatusCode": 202,
        })
        .to_string()
    };
    let as_xml = || wrapped("AsyncOperationTokenResult", 202, &format!("<bns:asyncToken token=\"{token}\"/>"));
    call.ok(StatusCode::from_u16(status).expect("checked"), as_json, as_xml)
}

/// `GET …/async/{Object}/response/{token}`: the result, once. \[U\] the answer for a token nobody got: 404.
pub(crate) async fn response(call: Call) -> Response {
    if let Some(refusal) = call.refusal() {
        return refusal;
    }
    let progress = call.shared.world().ask(&call.id, &call.owner, &call.object);
    match progress {
        None => call.error(StatusCode::NOT_FOUND, "There is no such token."),
        Some(Progress::UnderWay) => under_way(&call),
        Some(Progress::Ready) => result(&call, "AsyncOperationResult", RECORD_ID),
        Some(Progress::Fetched) => {
            let mut gone = Response::new(Body::empty());
            *gone.status_mut() = StatusCode::NO_CONTENT;
            gone
        }
    }
}

/// `GET …/ExecutionRecord/async/{requestId}`: the record of an execution, once and again.
pub(crate) async fn execution_record(call: Call) -> Response {
    let call = Call { object: "ExecutionRecord".into(), ..call };
    if let Some(refusal) = call.refusal() {
        return refusal;
    }
    let progress = call.shared.world().ask(&call.id, &call.owner, &call.object);
    match progress {
        None => call.error(StatusCode::NOT_FOUND, "There is no such request."),
        Some(Progress::UnderWay) => under_way(&call),
        Some(Progress::Ready | Progress::Fetched) => result(&call, "QueryResult", &call.id),
    }
}

fn under_way(call: &Call) -> Response {
    let as_json = || r#"{"@type":"AsyncOperationTokenResult","responseStatusCode":202}"#.to_owned();
    call.ok(StatusCode::ACCEPTED, as_json, || wrapped("AsyncOperationTokenResult", 202, ""))
}

fn result(call: &Call, kind: &str, id: &str) -> Response {
    let record = Record::new(records::object(&call.object).unwrap_or_default(), &call.owner, id);
    let as_json = || {
        serde_json::json!({
            "@type": kind, "responseStatusCode": 200, "result": [record.value()], "numberOfResults": 1,
        })
        .to_string()
    };
    call.ok(StatusCode::OK, as_json, || wrapped(kind, 200, &record.element("result")))
}

fn wrapped(kind: &str, status: u16, inside: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\
         <bns:{kind} xmlns:bns=\"http://api.platform.boomi.com/\" \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" responseStatusCode=\"{status}\">{inside}</bns:{kind}>"
    )
}
