//! Which requests are idempotent, so that a retry has no second effect.

use serde_json::Value;
use ureq::http::{Method, header};

use super::request::Request;
use super::{graphql, xml};

/// Whether a second copy of a request has an effect (RFC 9110, 9.2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Idempotency {
    /// No further effect: the request reads, or its caller says so.
    Idempotent,
    NonIdempotent,
}

impl Idempotency {
    /// Classifies a request by its method; Boomi's POSTs that only read, by path and body.
    pub(crate) fn of(request: &Request) -> Idempotency {
        let by_method = || match request.method {
            Method::GET | Method::HEAD | Method::DELETE | Method::OPTIONS => true,
            Method::POST => reads(request),
            _ => false,
        };
        if request.replayable.unwrap_or_else(by_method) { Idempotency::Idempotent } else { Idempotency::NonIdempotent }
    }
}

fn reads(request: &Request) -> bool {
    let body = request.body.as_deref().unwrap_or_default();
    let path = request.path().trim_end_matches('/');
    let below_host = path.split_once("://").map_or(path, |(_, rest)| rest.find('/').map_or("", |start| &rest[start..]));
    // Elsewhere the last segment is not Boomi's: a topic of Event Streams, a service of a customer's own runtime.
    let is_platform = below_host.contains("/api/rest/v1/") || below_host.starts_with("/mdm/");
    match path.rsplit('/').next() {
        Some("query" | "queryMore") => is_platform,
        Some("bulk") => is_platform && is_bulk_get(body),
        Some("graphql") => graphql_reads(request, body),
        _ => false,
    }
}

/// `{"type":"GET",...}`, or XML whose outermost element has that type.
fn is_bulk_get(body: &[u8]) -> bool {
    let in_json = || serde_json::from_slice::<Value>(body).ok()?.get("type")?.as_str().map(|kind| kind == "GET");
    let in_xml = || xml::root_attribute(body, "type").map(|kind| kind == "GET");
    in_json().or_else(in_xml).unwrap_or(false)
}

fn graphql_reads(request: &Request, body: &[u8]) -> bool {
    let content_type = request.headers.iter().find(|(name, _)| *name == header::CONTENT_TYPE);
    // Not `application/graphql+json`: the braces of its JSON body would look like a selection.
    let is_document = |value: &[u8]| {
        let kind = value.split(|byte| *byte == b';').next().unwrap_or_default();
        kind.trim_ascii().eq_ignore_ascii_case(b"application/graphql")
    };
    if content_type.is_some_and(|(_, value)| is_document(value.as_bytes())) {
        return std::str::from_utf8(body).is_ok_and(graphql::only_reads);
    }
    let reads = |request: &Value| request.get("query").and_then(Value::as_str).is_some_and(graphql::only_reads);
    match serde_json::from_slice::<Value>(body) {
        Ok(Value::Array(requests)) => !requests.is_empty() && requests.iter().all(reads),
        Ok(request) => reads(&request),
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::request::HeaderOptions;

    fn idempotency(method: &str, path: &str, body: &str) -> Idempotency {
        let mut request = Request::new(method, path).unwrap();
        request.set_body(body);
        Idempotency::of(&request)
    }

    #[test]
    fn posts_that_read_are_idempotent() {
        let account = "/api/rest/v1/account123";
        for (path, body, repeats) in [
            ("Process/query", "{}", true),
            ("Process/query?overrideAccount=x", "", true),
            ("Process/query/", "", true),
            ("Process/queryMore", "token", true),
            ("Process/bulk", r#"{"type":"GET","request":[{"id":"1"}]}"#, true),
            ("Process/bulk", r#"{"type":"UPDATE","request":[{"id":"GET"}]}"#, false),
            (
                "Process/bulk",
                r#"<bns:BulkRequest xmlns:bns="x" type="GET"><bns:request id="1"/></bns:BulkRequest>"#,
                true,
            ),
            ("Process/bulk", r#"<?xml version="1.0"?><!-- x --><a type='UPDATE'><b type="GET"/></a>"#, false),
            ("Process/bulk", "", false),
            ("Process", "{}", false),
            ("Process/query/update", "{}", false),
            ("ExecutionRequest?path=/query", "{}", false),
            ("Process/Query", "{}", false),
        ] {
            let expected = if repeats { Idempotency::Idempotent } else { Idempotency::NonIdempotent };
            assert_eq!(idempotency("POST", &format!("{account}/{path}"), body), expected, "{path} {body}");
        }
    }

    #[test]
    fn paths_of_customers_are_not_idempotent() {
        for path in
            ["/rest/singlemsg/account123/env/query", "https://h/ws/rest/orders/query", "/ws/simple/query", "/fs/query"]
        {
            assert_eq!(idempotency("POST", path, r#"{"query":"{ a }"}"#), Idempotency::NonIdempotent, "{path}");
        }
        assert_eq!(idempotency("POST", "https://h/api/rest/v1/a/Process/query", ""), Idempotency::Idempotent);
    }

    #[test]
    fn graphql_is_idempotent_without_mutation() {
        for (body, repeats) in [
            (r#"{"query":"{ a }"}"#, true),
            (r#"{"query":"mutation { a }"}"#, false),
            (r#"[{"query":"{ a }"},{"query":"query x { a }"}]"#, true),
            (r#"[{"query":"{ a }"},{"query":"mutation { a }"}]"#, false),
            ("[]", false),
            (r#"{"extensions":{"persistedQuery":{}}}"#, false),
            ("{ a }", false),
        ] {
            let expected = if repeats { Idempotency::Idempotent } else { Idempotency::NonIdempotent };
            assert_eq!(idempotency("POST", "/graphql", body), expected, "{body}");
        }
        let mut plain = Request::new("POST", "/graphql").unwrap();
        plain.set_body("{ a }");
        plain.set_header("Content-Type", "application/graphql; charset=utf-8", HeaderOptions::default()).unwrap();
        assert_eq!(Idempotency::of(&plain), Idempotency::Idempotent);
    }

    #[test]
    fn method_decides_unless_the_caller_does() {
        for (method, repeats) in [
            ("GET", true),
            ("HEAD", true),
            ("DELETE", true),
            ("OPTIONS", true),
            ("POST", false),
            ("PUT", false),
            ("PATCH", false),
        ] {
            let mut request = Request::new(method, "/x").unwrap();
            assert_eq!(Idempotency::of(&request) == Idempotency::Idempotent, repeats, "{method}");
            for word in [true, false] {
                request.set_replayable(word);
                assert_eq!(Idempotency::of(&request) == Idempotency::Idempotent, word, "{method}");
            }
        }
    }
}
