//! Many objects at a time: queries page by page, and bulk requests.

use super::call::Call;
use crate::query::Place;
use crate::records;
use axum::body::Bytes;
use axum::http::{StatusCode, header};
use axum::response::Response;

const MOST_IDS: usize = 100;

/// `POST …/{Object}/query`: the first page. Every filter finds everything. \[U\] whether a filter is needed: no body at
/// all is as good as `{}`.
pub(crate) async fn query(call: Call, body: Bytes) -> Response {
    if let Some(refusal) = call.refusal() {
        return refusal;
    }
    if !is_filter(&call, &body) {
        return call.error(StatusCode::BAD_REQUEST, "The request body is neither JSON nor XML as its type says.");
    }
    let first = Place::start(&call.object, &call.owner);
    page(&call, first)
}

/// `POST …/{Object}/queryMore`: the page that a token leads to. The body is the token and nothing else.
pub(crate) async fn query_more(call: Call, body: Bytes) -> Response {
    if let Some(refusal) = call.refusal() {
        return refusal;
    }
    match Place::of(&body, &call.object, &call.owner).filter(|_| content_type(&call) == "text/plain") {
        Some(place) => page(&call, place),
        None => call.error(StatusCode::BAD_REQUEST, "Query token does not have the proper format"),
    }
}

fn page(call: &Call, place: Place) -> Response {
    let pages = call.shared.world().query;
    let body = place.page(pages, &call.headers);
    call.ok(StatusCode::OK, || body.clone(), || body.clone())
}

/// Whether a body is JSON or XML, and what its type says, if it says one of them.
fn is_filter(call: &Call, body: &[u8]) -> bool {
    let text = String::from_utf8_lossy(body);
    let kind = content_type(call);
    match text.trim_start().chars().next() {
        None => true,
        Some('<') => !kind.ends_with("json"),
        Some(_) => {
            !kind.ends_with("xml") && serde_json::from_str::<serde_json::Value>(&text).is_ok_and(|it| it.is_object())
        }
    }
}

fn content_type(call: &Call) -> String {
    let value = call.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// `POST …/{Object}/bulk`: each id with a status of its own. Only the type `GET` leaves everything as it is.
pub(crate) async fn bulk(call: Call, body: Bytes) -> Response {
    if let Some(refusal) = call.refusal() {
        return refusal;
    }
    let Some((kind, ids)) = records::many(&String::from_utf8_lossy(&body)) else {
        return call.error(StatusCode::BAD_REQUEST, "The request has no type or no ids.");
    };
    if ids.len() > MOST_IDS {
        return call.error(StatusCode::BAD_REQUEST, "A bulk request has no more than 100 ids.");
    }
    if kind != "GET" {
        call.takes_effect();
    }
    let found = || ids.iter().map(|id| (id, records::find(&call.owner, &call.object, id))).enumerate();
    let as_json = || {
        let items = found().map(|(index, (id, record))| match record {
            Some(record) => serde_json::json!({
                "@type": "BulkResponse", "index": index, "id": id, "statusCode": 200, "Result": record.value(),
            }),
            None => serde_json::json!({
                "@type": "BulkResponse", "index": index, "id": id, "statusCode": 400,
                "errorMessage": format!("No such {}", call.object),
            }),
        });
        serde_json::json!({ "@type": "BulkResult", "response": items.collect::<Vec<_>>() }).to_string()
    };
    let as_xml = || {
        let items = found().map(|(index, (id, record))| {
            let id = crate::shapes::escape_xml(id);
            match record {
                Some(record) => format!(
                    "<bns:response index=\"{index}\" id=\"{id}\" statusCode=\"200\">{}</bns:response>",
                    record.element("Result")
                ),
                None => format!(
                    "<bns:response index=\"{index}\" id=\"{id}\" statusCode=\"400\" errorMessage=\"No such {}\"/>",
                    call.object
                ),
            }
        });
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\
             <bns:BulkResult xmlns:bns=\"http://api.platform.boomi.com/\" \
             xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">{}</bns:BulkResult>",
            items.collect::<String>()
        )
    };
    call.ok(StatusCode::OK, as_json, as_xml)
}
