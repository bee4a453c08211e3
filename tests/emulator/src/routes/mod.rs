//! What stands in for Boomi: a function for each documented endpoint.

mod call;
mod datahub;
mod downloads;
mod graphql;
mod objects;
mod operations;
mod others;
mod queries;

use crate::answer::{error, refused, text};
use crate::credentials::Presented;
use crate::observe::observe;
use crate::shapes;
use crate::world::Shared;
use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::middleware;
use axum::response::Response;
use axum::routing::{any, get, post};
use call::Call;

/// The documented endpoints over the shared state.
pub(crate) fn router(shared: Shared) -> Router {
    Router::new()
        .route("/auth/jwt/generate/{account}", get(generate_jwt))
        .merge(platform("/api/rest/v1/{account}"))
        .merge(platform("/partner/api/rest/v1/{account}"))
        .route("/account/{account}/api/download/{id}", get(downloads::fetch))
        .route("/graphql", post(graphql::graphql))
        .route("/mdm/api/rest/v1/{account}/models", get(datahub::models).post(datahub::models))
        .route("/mdm/api/rest/v1/{account}/{*rest}", any(datahub::elsewhere))
        .route("/mdm/universes/{universe}", get(datahub::universe))
        .route("/mdm/universes/{universe}/records/query", post(datahub::query))
        .route("/apim/api/rest/v1/{account}/organizations", get(others::organizations))
        .route("/rest/{account}/{environment}/{topic}", post(others::event))
        .route("/rest/singlemsg/{account}/{environment}/{topic}", post(others::event))
        .fallback(no_such_endpoint)
        .method_not_allowed_fallback(wrong_method)
        .layer(middleware::from_fn_with_state(shared.clone(), observe))
        .with_state(shared)
}

/// The Platform API under the path of an account; the Partner API is the same with `overrideAccount`.
fn platform(account: &str) -> Router<Shared> {
    let path = |rest: &str| format!("{account}/{rest}");
    Router::new()
        .route(&path("{object}"), post(objects::create))
        .route(&path("{object}/{id}"), get(objects::get).post(objects::update).delete(objects::delete))
        .route(&path("{object}/query"), post(queries::query))
        .route(&path("{object}/queryMore"), post(queries::query_more))
        .route(&path("{object}/bulk"), post(queries::bulk))
        .route(&path("async/{object}/{id}"), get(operations::begin))
        .route(&path("async/{object}/response/{id}"), get(operations::response))
        .route(&path("ExecutionRecord/async/{id}"), get(operations::execution_record))
}

/// `GET /auth/jwt/generate/{accountId}`: Basic only; the raw JWT as text. \[U\] the content type: `text/plain`.
async fn generate_jwt(call: Call) -> Response {
    let mut world = call.shared.world();
    let now = world.now();
    match world.basic(&Presented::of(&call.headers), &call.account) {
        Ok(user) => text(world.jwt.issue(&user, &call.account, now)),
        Err(refusal) => refused(&call.headers, refusal),
    }
}

async fn no_such_endpoint(headers: HeaderMap) -> Response {
    error(&headers, StatusCode::NOT_FOUND, shapes::no_such_endpoint())
}

async fn wrong_method(headers: HeaderMap) -> Response {
    error(&headers, StatusCode::METHOD_NOT_ALLOWED, "The method is not allowed here.")
}
