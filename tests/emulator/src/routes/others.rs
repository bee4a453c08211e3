//! API Management and Event Streams.

use super::call::Call;
use crate::answer::{error, json, refused};
use crate::credentials::Presented;
use crate::users::EVENT_STREAMS_TOKEN;
use axum::http::StatusCode;
use axum::response::Response;

/// `GET /apim/api/rest/v1/{accountId}/organizations`: Basic only. \[U\] how it refuses: like the Platform API.
pub(crate) async fn organizations(call: Call) -> Response {
    let signed_in = call.shared.world().basic(&Presented::of(&call.headers), &call.account);
    if let Err(refusal) = signed_in {
        return refused(&call.headers, refusal);
    }
    call.ok(
        StatusCode::OK,
        || r#"{"organizations":[{"id":"organization-1","name":"Example"}]}"#.to_owned(),
        || "<organizations><organization id=\"organization-1\" name=\"Example\"/></organizations>".to_owned(),
    )
}

/// `POST /rest/[singlemsg/]{accountId}/{environmentId}/{topic}`: sends to a topic, with the environment's own token and
/// no other. \[U\] the bodies.
pub(crate) async fn event(call: Call) -> Response {
    if Presented::of(&call.headers).bearer.as_deref() != Some(EVENT_STREAMS_TOKEN) {
        return error(&call.headers, StatusCode::UNAUTHORIZED, "The token is not valid.");
    }
    call.takes_effect();
    json(StatusCode::OK, r#"{"status":"ACCEPTED"}"#.to_owned())
}
