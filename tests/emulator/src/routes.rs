//! What stands in for Boomi: one function for each documented endpoint.

use crate::answer::{error, json, refused, refused_datahub, refused_graphql, text, wants_json, xml};
use crate::observe::observe;
use crate::users::{Refusal, SUB_ACCOUNT};
use crate::world::{Shared, World};
use crate::{credentials::Presented, records, shapes};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware;
use axum::response::Response;
use axum::routing::{any, get, post};
use serde::Deserialize;

/// The documented endpoints over the shared state.
pub(crate) fn router(shared: Shared) -> Router {
    Router::new()
        .route("/auth/jwt/generate/{account}", get(generate_jwt))
        .route("/api/rest/v1/{account}/{object}/{id}", get(record))
        .route("/partner/api/rest/v1/{account}/{object}/{id}", get(partner_record))
        .route("/mdm/api/rest/v1/{account}/{*rest}", any(datahub_platform))
        .route("/graphql", post(graphql))
        .fallback(no_such_endpoint)
        .method_not_allowed_fallback(wrong_method)
        .layer(middleware::from_fn_with_state(shared.clone(), observe))
        .with_state(shared)
}

/// `GET /auth/jwt/generate/{accountId}`: Basic only; the raw JWT as text. \[U\] the content type: `text/plain`.
async fn generate_jwt(State(shared): State<Shared>, Path(account): Path<String>, headers: HeaderMap) -> Response {
    let mut world = shared.world();
    let now = world.now();
    match world.basic(&Presented::of(&headers), &account) {
        Ok(user) => text(world.jwt.issue(&user, &account, now)),
        Err(refusal) => refused(&headers, refusal),
    }
}

/// `GET /api/rest/v1/{accountId}/{Object}/{id}`.
async fn record(
    State(shared): State<Shared>,
    Path((account, object, id)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Response {
    let access = permit(&mut shared.world(), &headers, &account, &object);
    match access {
        Ok(()) => found(&headers, &account, &object, &id),
        Err(refusal) => refused(&headers, refusal),
    }
}

#[derive(Deserialize)]
struct PartnerQuery {
    #[serde(rename = "overrideAccount")]
    override_account: Option<String>,
}

/// `GET /partner/api/rest/v1/{accountId}/{Object}/{id}?overrideAccount=…`: the caller signs in to the account of the
/// path and gets the record of the other one. \[U\] the answer for an account that is no sub-account: 403.
async fn partner_record(
    State(shared): State<Shared>,
    Path((account, object, id)): Path<(String, String, String)>,
    Query(query): Query<PartnerQuery>,
    headers: HeaderMap,
) -> Response {
    let access = permit(&mut shared.world(), &headers, &account, &object);
    let owner = query.override_account.as_deref().unwrap_or(&account);
    match access {
        Ok(()) if owner == account || owner == SUB_ACCOUNT => found(&headers, owner, &object, &id),
        Ok(()) => refused(&headers, Refusal::Forbidden),
        Err(refusal) => refused(&headers, refusal),
    }
}

/// Whether a request may read an object. "Certain APIs" take a JWT and no list says which (\[U\]): here Deployment
/// does and everything else is Basic only, so that a client meets both.
fn permit(world: &mut World, headers: &HeaderMap, account: &str, object: &str) -> Result<(), Refusal> {
    let presented = Presented::of(headers);
    if object == "Deployment" && presented.bearer.is_some() {
        let claims = world.bearer(&presented)?;
        return if claims.account_id == account { Ok(()) } else { Err(Refusal::Forbidden) };
    }
    world.basic(&presented, account).map(|_| ())
}

fn found(headers: &HeaderMap, account: &str, object: &str, id: &str) -> Response {
    if !records::is_object(object) {
        return error(headers, StatusCode::NOT_FOUND, NO_SUCH_ENDPOINT);
    }
    // [U] 400 or 404 for an id that is not there: 404.
    let Some(record) = records::find(account, object, id) else {
        return error(headers, StatusCode::NOT_FOUND, &format!("There is no {object} with the id {id}."));
    };
    if wants_json(headers) { json(StatusCode::OK, record.json()) } else { xml(StatusCode::OK, record.xml()) }
}

/// `POST /graphql`: needs a JWT; one fixed answer.
async fn graphql(State(shared): State<Shared>, headers: HeaderMap, body: Bytes) -> Response {
    let world = shared.world();
    if world.bearer(&Presented::of(&headers)).is_err() {
        return refused_graphql(world.graphql_refusal());
    }
    let request: Option<GraphqlRequest> = serde_json::from_slice(&body).ok();
    let answer = match request {
        Some(request) if !request.query.trim().is_empty() => {
            r#"{"data":{"organizations":[{"id":"organization-1","name":"Example"}]}}"#.to_owned()
        }
        _ => shapes::graphql_error("The request has no query.", "INVALID_SYNTAX"),
    };
    json(StatusCode::OK, answer)
}

#[derive(Deserialize)]
struct GraphqlRequest {
    query: String,
}

/// `/mdm/api/rest/v1/{accountId}/…`: the DataHub Platform API's own way to refuse; behind it there is nothing yet.
async fn datahub_platform(
    State(shared): State<Shared>,
    Path((account, _rest)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    match shared.world().basic(&Presented::of(&headers), &account) {
        Ok(_) => error(&headers, StatusCode::NOT_FOUND, NO_SUCH_ENDPOINT),
        Err(_) => refused_datahub(),
    }
}

/// The words documented for a retired endpoint; for one that never was they are as good as any (\[U\]).
const NO_SUCH_ENDPOINT: &str = "Endpoint is invalid or no longer exists.";

async fn no_such_endpoint(headers: HeaderMap) -> Response {
    error(&headers, StatusCode::NOT_FOUND, NO_SUCH_ENDPOINT)
}

async fn wrong_method(headers: HeaderMap) -> Response {
    error(&headers, StatusCode::METHOD_NOT_ALLOWED, "The method is not allowed here.")
}
