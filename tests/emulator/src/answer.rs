//! Answers: content types, and how each part of Boomi refuses.

use crate::shapes::{self, ErrorShape};
use crate::users::Refusal;
use crate::{GraphqlRefusal, RateLimit, Scripted};
use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;

pub(crate) fn json(status: StatusCode, body: String) -> Response {
    answer(status, "application/json", body)
}

pub(crate) fn xml(status: StatusCode, body: String) -> Response {
    answer(status, "application/xml", body)
}

pub(crate) fn text(body: String) -> Response {
    answer(StatusCode::OK, "text/plain", body)
}

fn answer(status: StatusCode, content_type: &'static str, body: String) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let content_type = HeaderValue::from_static(content_type);
    response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    response
}

/// XML is the default; JSON comes only to those who ask for it.
pub(crate) fn wants_json(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|item| item.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json"))
}

/// The REST API's documented error body, in JSON or XML as asked for.
pub(crate) fn error(headers: &HeaderMap, status: StatusCode, message: &str) -> Response {
    if wants_json(headers) {
        json(status, shapes::rest_doc_json(message))
    } else {
        xml(status, shapes::rest_xml(message))
    }
}

/// The answer to more requests than an account may make.
pub(crate) fn too_many(headers: &HeaderMap, path: &str, limit: RateLimit) -> Response {
    let scripted = if path.starts_with("/graphql") {
        // [U] the body beside the documented 429.
        let words = "Too many requests. Allow your requests to clear out.";
        Scripted::new(429, "application/json", &shapes::graphql_error(words, "TEMPORARY_ERROR"))
    } else if wants_json(headers) {
        Scripted::from(ErrorShape::OasUnavailableJson)
    } else {
        Scripted::from(ErrorShape::RateLimitXml)
    };
    match limit.retry_after_s {
        Some(seconds) => scripted.header("Retry-After", &seconds.to_string()).response(),
        None => scripted.response(),
    }
}

/// Whether an answer refuses a sign-in: 401, or DataHub's 403 with `error.user.login`.
pub(crate) fn is_refusal(status: u16, body: &[u8]) -> bool {
    status == 401 || (status == 403 && String::from_utf8_lossy(body).contains("error.user.login"))
}

/// How the Platform API and the JWT endpoint refuse. \[U\] the body of a 401: the documented error with the words
/// that Boomi's own script shows for it. \[U\] whether `WWW-Authenticate` comes: it does not.
pub(crate) fn refused(headers: &HeaderMap, refusal: Refusal) -> Response {
    match refusal {
        Refusal::BadCredentials => error(headers, StatusCode::UNAUTHORIZED, "Username or password is incorrect"),
        Refusal::TokenElsewhere => Scripted::from(ErrorShape::UserMessageAuth).response(),
        Refusal::Forbidden => error(headers, StatusCode::FORBIDDEN, ErrorShape::OasForbiddenJson.message()),
    }
}

/// How the DataHub Platform API refuses: bad, missing or wrong-account credentials alike.
pub(crate) fn refused_datahub() -> Response {
    Scripted::from(ErrorShape::UserMessageLogin).response()
}

/// How GraphQL refuses: \[U\] the body beside a 401, so it is the one that comes with a 200.
pub(crate) fn refused_graphql(how: GraphqlRefusal) -> Response {
    let scripted = Scripted::from(ErrorShape::GraphqlUnauthorized);
    match how {
        GraphqlRefusal::Status401 => scripted.status(401).response(),
        GraphqlRefusal::Errors200 => scripted.response(),
    }
}
