//! Boomi's own error text, from each documented or observed shape: JSON, XML, HTML, GraphQL.

use quick_xml::Reader;
use quick_xml::events::Event;
use serde::de::{Deserialize, Deserializer, IgnoredAny};
use serde_json::Value;

use super::xml;
use crate::{secret::redact, text::printable};

const LONGEST: usize = 500;
/// Longer bodies are not error bodies.
const LARGEST_BODY: usize = 256 * 1024;

#[derive(Debug, Default, PartialEq)]
pub(crate) struct ErrorBody {
    pub(crate) message: Option<String>,
    /// The id of a `UserMessage`, such as `error.user.login`.
    pub(crate) id: Option<String>,
}

/// Reads an error body of any shape. `secrets`, which a server may echo, are cut out.
pub(crate) fn read(body: &[u8], secrets: &[&[u8]]) -> ErrorBody {
    if body.len() > LARGEST_BODY {
        return ErrorBody::default();
    }
    let body = String::from_utf8_lossy(body);
    let body = body.trim_start_matches('\u{feff}').trim();
    let mut error_body = match body.as_bytes().first() {
        Some(b'{' | b'[') => from_json(body),
        // Jetty's reason, or the page's title, or its first heading.
        Some(b'<') if is_html(body) => {
            ErrorBody { message: ["pre", "title", "h1"].into_iter().find_map(|name| between(body, name)), id: None }
        }
        Some(b'<') => from_xml(body),
        // One short line of plain text is a message.
        Some(_) if body.len() <= LONGEST && !body.contains('\n') => ErrorBody { message: Some(body.into()), id: None },
        _ => ErrorBody::default(),
    };
    error_body.message = error_body.message.map(|text| clean(&text, secrets)).filter(|text| !text.is_empty());
    error_body
}

/// Makes one line without secrets. Secrets go first: a cut or joined one would not be found.
fn clean(text: &str, secrets: &[&[u8]]) -> String {
    printable(&redact(text, secrets.iter().copied()), LONGEST)
}

/// The errors of a GraphQL response with status 200, as text, and what data it has beside them.
pub(crate) fn graphql_errors(body: &[u8], secrets: &[&[u8]]) -> Option<(String, GraphqlData)> {
    /// More do not fit into a message.
    const MOST: usize = 20;
    let response: GraphqlResponse = serde_json::from_slice(body).ok()?;
    let errors = response.errors.filter(|errors| !errors.is_empty())?;
    let texts = errors.into_iter().take(MOST).map(|error| error.message.unwrap_or_else(|| "unnamed error".into()));
    let text = texts.collect::<Vec<_>>().join("; ");
    let data = match response.data {
        None => GraphqlData::Absent,
        Some(None) => GraphqlData::Null,
        Some(Some(_)) => GraphqlData::There,
    };
    Some((clean(&text, secrets), data))
}

/// The data beside GraphQL errors.
///
/// Absent if nothing was executed; null after an error in the execution. (Source: spec.graphql.org, "Response Format".)
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GraphqlData {
    Absent,
    Null,
    There,
}

/// Reads an entry that is present, null or not.
fn entry<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<IgnoredAny>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// A GraphQL response. The data, which may be large, is skipped.
#[derive(serde::Deserialize)]
struct GraphqlResponse {
    errors: Option<Vec<GraphqlError>>,
    #[serde(default, deserialize_with = "entry")]
    data: Option<Option<IgnoredAny>>,
}

#[derive(serde::Deserialize)]
struct GraphqlError {
    message: Option<String>,
}

fn from_json(body: &str) -> ErrorBody {
    let Ok(value) = serde_json::from_slice::<Value>(body.as_bytes()) else { return ErrorBody::default() };
    let text = |value: &Value| value.as_str().filter(|text| !text.trim().is_empty()).map(str::to_owned);
    let error = value.get("error");
    let candidates = [
        error.and_then(|error| error.get("message")),
        value.get("message"),
        value.get("errorMessage"),
        error.filter(|error| error.is_string()),
    ];
    // The items of a bulk response have errors of their own.
    let items = value.get("response").and_then(Value::as_array).into_iter().flatten();
    let of_items = items.filter_map(|item| item.get("errorMessage"));
    let message = candidates.into_iter().flatten().chain(of_items).find_map(text).or_else(|| join_errors(&value));
    let id = value.get("id").and_then(text).filter(|id| id.starts_with("error."));
    ErrorBody { message, id }
}

fn join_errors(value: &Value) -> Option<String> {
    let errors = value.get("errors")?.as_array().filter(|errors| !errors.is_empty())?;
    let messages: Vec<_> =
        errors.iter().map(|error| error.get("message").and_then(Value::as_str).unwrap_or("unnamed error")).collect();
    Some(messages.join("; "))
}

/// Reads `<error><message>` or `<UserMessage id=".."><Data>`, also in a body that is cut off.
fn from_xml(body: &str) -> ErrorBody {
    let mut reader = Reader::from_str(body);
    let mut error_body = ErrorBody::default();
    let mut text = String::new();
    let mut inside = false;
    loop {
        match reader.read_event() {
            Ok(Event::Start(tag)) => {
                let name = tag.local_name();
                if name.as_ref() == b"UserMessage" {
                    error_body.id = xml::attribute(&tag, "id");
                }
                inside = matches!(name.as_ref(), b"message" | b"Data" | b"errorMessage" | b"faultstring");
            }
            Ok(Event::End(_)) if inside && !text.trim().is_empty() => break,
            Ok(Event::End(_)) => inside = false,
            Ok(Event::Eof) | Err(_) => break,
            Ok(event) if inside => text.push_str(&xml::text(&event).flatten().unwrap_or_default()),
            Ok(_) => {}
        }
    }
    error_body.message = Some(text);
    error_body
}

fn is_html(body: &str) -> bool {
    let start = body.get(..body.len().min(512)).unwrap_or(body).to_ascii_lowercase();
    start.starts_with("<!doctype html") || ["<html", "<head", "<title"].iter().any(|tag| start.contains(tag))
}

/// The text of the first element of a name, without the tags in it.
fn between(body: &str, name: &str) -> Option<String> {
    // ASCII lower case keeps the positions of all bytes.
    let lower = body.to_ascii_lowercase();
    let start = lower.find(&format!("<{name}"))?;
    let start = start + lower[start..].find('>')? + 1;
    let end = start + lower[start..].find(&format!("</{name}"))?;
    let mut text = String::new();
    for (index, piece) in body[start..end].split('<').enumerate() {
        text.push_str(if index == 0 { piece } else { piece.split_once('>').map_or("", |(_, rest)| rest) });
    }
    let text = unescape(&text);
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// Replaces XML and numeric entities, and keeps others.
fn unescape(text: &str) -> String {
    /// That of `&#x10FFFF;`. The limit keeps a page of ampersands from taking quadratic time.
    const LONGEST_ENTITY: usize = 10;
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('&') {
        out.push_str(&rest[..start]);
        rest = &rest[start..];
        let end = rest.bytes().take(LONGEST_ENTITY).position(|byte| byte == b';');
        let resolved = end.and_then(|end| Some((quick_xml::escape::unescape(&rest[..=end]).ok()?, end + 1)));
        let (resolved, length) = resolved.unwrap_or(("&".into(), 1));
        out.push_str(&resolved);
        rest = &rest[length..];
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documented_shapes_are_read() {
        for shape in boomi_emulator::ErrorShape::ALL {
            let error_body = read(shape.body().as_bytes(), &[]);
            assert_eq!(error_body.message.as_deref(), Some(shape.message()), "{}", shape.name());
        }
        let login = read(boomi_emulator::ErrorShape::UserMessageLogin.body().as_bytes(), &[]);
        assert_eq!(login.id.as_deref(), Some("error.user.login"));
    }

    #[test]
    fn graphql_errors_are_read_from_a_200() {
        let found = |body: &str| graphql_errors(body.as_bytes(), &[]);
        assert_eq!(
            found(r#"{"errors":[{"message":"a"},{"message":"b"}]}"#),
            Some(("a; b".into(), GraphqlData::Absent))
        );
        assert_eq!(found(r#"{"data":{"x":1},"errors":[{"message":"a"}]}"#), Some(("a".into(), GraphqlData::There)));
        assert_eq!(found(r#"{"data":null,"errors":[{}]}"#), Some(("unnamed error".into(), GraphqlData::Null)));
        let many = format!(r#"{{"errors":[{}{{}}],"data":{{"x":[1]}}}}"#, r#"{"message":"m"},"#.repeat(5000));
        assert_eq!(found(&many), Some((["m"; 20].join("; "), GraphqlData::There)));
        for body in [r#"{"data":{}}"#, r#"{"errors":[]}"#, r#"{"errors":null}"#, "<html>", ""] {
            assert_eq!(found(body), None, "{body}");
        }
    }

    #[test]
    fn echoed_secret_is_cut_out_before_text_is_cleaned() {
        let secret = format!("marked  secret {}", "x".repeat(LONGEST));
        let body = serde_json::json!({ "message": format!("a \"{secret}\" b") }).to_string();
        assert_eq!(read(body.as_bytes(), &[secret.as_bytes()]).message.as_deref(), Some("a \"***\" b"));
    }

    #[test]
    fn page_of_ampersands_takes_linear_time() {
        for end in ["", ";"] {
            let page = format!("<html><title>{}{end}</title>", "&".repeat(200_000));
            assert_eq!(read(page.as_bytes(), &[]).message, Some(format!("{}...", "&".repeat(LONGEST))));
        }
        let entities = "<html><title>&lt;&#x10FFFF;&#65;&amp;&nbsp;&unknownname;&;&</title>";
        assert_eq!(read(entities.as_bytes(), &[]).message.as_deref(), Some("<\u{10ffff}A&&nbsp;&unknownname;&;&"));
    }

    #[test]
    fn other_bodies_are_read_or_ignored() {
        for (body, message) in [
            ("", None),
            ("{", None),
            ("[1]", None),
            ("<a", None),
            ("<a></b>", None),
            ("<a><message/></a>", None),
            ("<a><message>x<![CDATA[<y>]]></message>", Some("x<y>")),
            ("<a><message>&lt;&#65;&unknown;</message>", Some("<A")),
            ("{\"message\":\"a\\r\\nb\\u001b\"}", Some("a b")),
            ("{\"error\":\"plain\"}", Some("plain")),
            ("\u{feff} Service Unavailable", Some("Service Unavailable")),
            ("two\nlines", None),
            ("<html><title>502 Bad Gateway</title><h1>502 Bad Gateway</h1>", Some("502 Bad Gateway")),
            ("<!doctype html><h1>Sign <b>in</b></h1>", Some("Sign in")),
            ("<html><title>unclosed", None),
            ("<html><title>a&nbsp;b &amp; &#99;</title>", Some("a&nbsp;b & c")),
        ] {
            assert_eq!(read(body.as_bytes(), &[]).message.as_deref(), message, "{body:?}");
        }
        assert!(read(&[0xff, 0xfe, b'{'], &[]).message.is_some());
        assert!(read("x".repeat(1000).as_bytes(), &[]).message.is_none());
    }
}
