//! DataHub: its Platform API, and a repository, which signs in and refuses in ways of its own.

use super::call::Call;
use crate::Scripted;
use crate::answer::{refused_datahub, xml};
use crate::credentials::Presented;
use crate::shapes::{self, ErrorShape, escape_xml, no_such_endpoint};
use crate::users::{ACCOUNT, HUB_TOKEN, HUB_USER, REPOSITORY, UNIVERSE};
use crate::world::Shared;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::Response;
use std::collections::HashMap;

/// `/mdm/api/rest/v1/{accountId}/models`: Basic only. A POST creates one. \[U\] what a model looks like.
pub(crate) async fn models(method: Method, call: Call) -> Response {
    if !signed_in(&call) {
        return refused_datahub();
    }
    if method == Method::POST {
        call.takes_effect();
    }
    call.ok(
        StatusCode::OK,
        || r#"{"models":[{"id":"model-1","name":"Customer"}]}"#.to_owned(),
        || {
            "<mdm:Models xmlns:mdm=\"http://mdm.api.platform.boomi.com/\">\
            <mdm:Model><mdm:id>model-1</mdm:id><mdm:name>Customer</mdm:name></mdm:Model></mdm:Models>"
                .to_owned()
        },
    )
}

/// `/mdm/api/rest/v1/{accountId}/…`: the Platform API's own way to refuse, and behind it nothing but the models.
pub(crate) async fn elsewhere(call: Call) -> Response {
    if signed_in(&call) { call.error(StatusCode::NOT_FOUND, no_such_endpoint()) } else { refused_datahub() }
}

fn signed_in(call: &Call) -> bool {
    call.shared.world().basic(&Presented::of(&call.headers), &call.account).is_ok()
}

type Parameters = Query<HashMap<String, String>>;

/// `GET /mdm/universes/{universe}`.
pub(crate) async fn universe(
    State(shared): State<Shared>,
    Path(universe): Path<String>,
    Query(query): Parameters,
    headers: HeaderMap,
) -> Response {
    no_entry(&shared, &headers, &universe, &query).unwrap_or_else(|| {
        let id = escape_xml(&universe);
        xml(StatusCode::OK, format!("<mdm:universe xmlns:mdm=\"http://mdm.api.platform.boomi.com/\" id=\"{id}\"/>"))
    })
}

/// `POST /mdm/universes/{universe}/records/query`: XML in, XML out, whatever is asked for. \[U\] the answer to a body
/// that is not XML: 400.
pub(crate) async fn query(
    State(shared): State<Shared>,
    Path(universe): Path<String>,
    Query(query): Parameters,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if let Some(refusal) = no_entry(&shared, &headers, &universe, &query) {
        return refusal;
    }
    if !body.trim_ascii_start().starts_with(b"<") {
        return xml(StatusCode::BAD_REQUEST, shapes::rest_xml("The request body is not XML."));
    }
    let record =
        "<Record recordId=\"record-1\"><Fields><customer><name>first &amp; last</name></customer></Fields></Record>";
    xml(
        StatusCode::OK,
        format!("<RecordQueryResponse resultCount=\"1\" totalCount=\"1\">{record}</RecordQueryResponse>"),
    )
}

/// The answer to those who may not enter a repository. A JWT needs the repository's id beside it; what a request
/// without it gets is \[U\], and so is a JWT of another account: 400 and 403. A universe that is not there: \[U\] 404.
fn no_entry(shared: &Shared, headers: &HeaderMap, universe: &str, query: &HashMap<String, String>) -> Option<Response> {
    let presented = Presented::of(headers);
    let problem = |status, message: &str| Some(xml(status, shapes::rest_xml(message)));
    if presented.bearer.is_some() {
        let Ok(claims) = shared.world().bearer(&presented) else {
            return Some(Scripted::from(ErrorShape::JettyInvalidCredentialsHtml).response());
        };
        if claims.account_id != ACCOUNT {
            return problem(StatusCode::FORBIDDEN, ErrorShape::OasForbiddenJson.message());
        }
        if query.get("repositoryId").is_none_or(|id| id != REPOSITORY) {
            return problem(StatusCode::BAD_REQUEST, "repositoryId: there is no such repository.");
        }
    } else if !presented
        .basic
        .is_some_and(|basic| [HUB_USER, ACCOUNT].contains(&&*basic.user) && basic.secret == HUB_TOKEN)
    {
        return Some(Scripted::from(ErrorShape::JettyUnauthorizedHtml).response());
    }
    if universe == UNIVERSE { None } else { problem(StatusCode::NOT_FOUND, "The universe does not exist.") }
}
