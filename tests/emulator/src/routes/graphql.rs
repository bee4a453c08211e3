//! GraphQL: one endpoint, one fixed answer, and whether a document changes anything.

use crate::Effect;
use crate::answer::{json, refused_graphql};
use crate::credentials::Presented;
use crate::shapes;
use crate::world::Shared;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{StatusCode, request::Parts};
use axum::response::Response;
use serde::Deserialize;

#[derive(Deserialize)]
struct GraphqlRequest {
    query: String,
}

/// `POST /graphql`: needs a JWT. A mutation takes effect.
pub(crate) async fn graphql(State(shared): State<Shared>, parts: Parts, body: Bytes) -> Response {
    let mut world = shared.world();
    if world.bearer(&Presented::of(&parts.headers)).is_err() {
        return refused_graphql(world.graphql_refusal());
    }
    let request: Option<GraphqlRequest> = serde_json::from_slice(&body).ok();
    let answer = match request {
        Some(request) if !request.query.trim().is_empty() => {
            if mutates(&request.query) {
                world.took_effect(&Effect::of(&parts));
            }
            r#"{"data":{"organizations":[{"id":"organization-1","name":"Example"}]}}"#.to_owned()
        }
        _ => shapes::graphql_error("The request has no query.", "INVALID_SYNTAX"),
    };
    json(StatusCode::OK, answer)
}

/// Whether one of a document's definitions is a mutation: the word at its very start, not in strings, comments, names
/// or selections.
fn mutates(document: &str) -> bool {
    let (mut rest, mut depth, mut at_start) = (document, 0_usize, true);
    while let Some(next) = rest.chars().next() {
        let mut length = next.len_utf8();
        match next {
            '#' => length = rest.find('\n').unwrap_or(rest.len()),
            '"' => length = string_length(rest),
            '{' | '(' | '[' => depth += 1,
            '}' | ')' | ']' => {
                depth = depth.saturating_sub(1);
                at_start |= next == '}' && depth == 0;
            }
            _ if next.is_alphanumeric() || next == '_' => {
                length = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
                if at_start && depth == 0 && &rest[..length] == "mutation" {
                    return true;
                }
                at_start = false;
            }
            _ => {}
        }
        rest = &rest[length..];
    }
    false
}

/// How long the string is that a text begins with.
fn string_length(text: &str) -> usize {
    if let Some(block) = text.strip_prefix("\"\"\"") {
        let mut from = 0;
        while let Some(at) = block[from..].find("\"\"\"") {
            let end = from + at + 3;
            if !block[..from + at].ends_with('\\') {
                return end + 3;
            }
            from = end;
        }
        return text.len();
    }
    let mut escaped = false;
    let end = text.char_indices().skip(1).find(|&(_, c)| {
        let ends = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        ends
    });
    end.map_or(text.len(), |(at, _)| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mutation_is_one_at_the_top_only() {
        for document in [
            "mutation { a }",
            "mutation{a}",
            " # a comment\n mutation M($a: Int = 1) { b }",
            "query Q { a } mutation M { b }",
            "{ a(text: \"} mutation {\") } mutation { b }",
            "fragment F on T { a } mutation { ...F }",
        ] {
            assert!(mutates(document), "{document}");
        }
        for document in [
            "{ mutation }",
            "query mutation { a }",
            "query Q($a: I = {b: 1}) { mutation { b } }",
            "# mutation { a }\n{ a }",
            "{ a(text: \"\\\" } mutation {\") }",
            "{ a(text: \"\"\"} \\\"\"\" } mutation {\"\"\") }",
            "query Mutation { mutation: b } fragment mutation on T { c }",
            "mutations { a }",
            "",
        ] {
            assert!(!mutates(document), "{document}");
        }
    }
}
