//! The Platform API's objects, one at a time: get, create, update, delete, execute.

use super::call::Call;
use super::downloads;
use crate::answer::{json, text};
use crate::records::{self, Record};
use crate::shapes::{escape_xml, no_such_endpoint};
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::response::Response;

/// `GET /api/rest/v1/{accountId}/{Object}/{id}`.
pub(crate) async fn get(call: Call) -> Response {
    if let Some(refusal) = call.refusal() {
        return refusal;
    }
    if let Some(bytes) = call.id.strip_prefix("sized-").filter(|_| call.object == "Deployment") {
        return sized(&call, bytes);
    }
    match records::find(&call.owner, &call.object, &call.id) {
        Some(record) => call.record(&record),
        // [U] 400 or 404 for an id that is not there: 404.
        None => call.error(StatusCode::NOT_FOUND, &format!("There is no {} with the id {}.", call.object, call.id)),
    }
}

const LARGEST: usize = 64 * 1024 * 1024;

/// A body of exactly as many bytes, for benches: JSON, unless there is no room for any.
fn sized(call: &Call, bytes: &str) -> Response {
    const JSON: [&str; 2] = ["{\"@type\":\"Deployment\",\"notes\":\"", "\"}"];
    let Some(length) = bytes.parse::<usize>().ok().filter(|&length| length <= LARGEST) else {
        return call.error(StatusCode::NOT_FOUND, &format!("sized-{bytes} is not sized-0 to sized-{LARGEST}."));
    };
    match length.checked_sub(JSON[0].len() + JSON[1].len()) {
        Some(room) => json(StatusCode::OK, [JSON[0], &"x".repeat(room), JSON[1]].concat()),
        None => text("x".repeat(length)),
    }
}

/// `POST /api/rest/v1/{accountId}/{Object}`: creates something, which nobody finds afterwards, as every account has the
/// same records for ever; or begins an execution or a download.
pub(crate) async fn create(mut call: Call, body: Bytes) -> Response {
    let object = call.object.clone();
    match object.as_str() {
        "ExecutionRequest" => execute(call),
        "ProcessLog" | "AtomLog" | "ConnectorDocument" => downloads::begin(call),
        _ => {
            if let Some(refusal) = change_refusal(&call) {
                return refusal;
            }
            if body.is_empty() {
                return call.error(StatusCode::BAD_REQUEST, "The request has no body.");
            }
            call.takes_effect();
            call.id = call.shared.world().new_id(&object);
            stored(&call, &body)
        }
    }
}

/// `POST /api/rest/v1/{accountId}/{Object}/{id}`: updates. \[U\] every id can be.
pub(crate) async fn update(call: Call, body: Bytes) -> Response {
    if let Some(refusal) = change_refusal(&call) {
        return refusal;
    }
    call.takes_effect();
    stored(&call, &body)
}

/// The answer to those who may not change the object, which with some is everybody: they can be read only. \[U\] the
/// answer then: 405.
fn change_refusal(call: &Call) -> Option<Response> {
    let read_only = matches!(&*call.object, "AuditLog" | "ExecutionRecord");
    let refusal = || call.error(StatusCode::METHOD_NOT_ALLOWED, "The object can only be read.");
    call.refusal().or_else(|| read_only.then(refusal))
}

fn stored(call: &Call, body: &[u8]) -> Response {
    let name = records::name_in(&String::from_utf8_lossy(body));
    match records::object(&call.object) {
        Some(object) => call.record(&Record::new(object, &call.owner, &call.id).with("name", name)),
        None => call.error(StatusCode::NOT_FOUND, no_such_endpoint()),
    }
}

/// `DELETE /api/rest/v1/{accountId}/{Object}/{id}`. \[U\] the answer, and every id can be.
pub(crate) async fn delete(call: Call) -> Response {
    if let Some(refusal) = change_refusal(&call) {
        return refusal;
    }
    call.takes_effect();
    text("true".into())
}

/// `POST /api/rest/v1/{accountId}/ExecutionRequest`: executes, and says where the record will be.
fn execute(call: Call) -> Response {
    let call = Call { object: "ExecutionRecord".into(), ..call };
    if let Some(refusal) = call.refusal() {
        return refusal;
    }
    call.takes_effect();
    let id = call.shared.world().jobs.begin("executionrecord", &call.owner, "ExecutionRecord");
    let url = format!("{}/api/rest/v1/{}/ExecutionRecord/async/{id}", call.origin, call.account);
    let as_json = || serde_json::json!({ "@type": "ExecutionRequest", "requestId": id, "recordUrl": url }).to_string();
    let as_xml = || {
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\
             <bns:ExecutionRequest xmlns:bns=\"http://api.platform.boomi.com/\" requestId=\"{id}\" recordUrl=\"{}\"/>",
            escape_xml(&url)
        )
    };
    call.ok(StatusCode::OK, as_json, as_xml)
}
