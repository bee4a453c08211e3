//! The pages of a query, one after another.

use serde_json::Value;

use super::{Call, Client, HeaderOptions, Request, Response, xml};
use crate::error::{Error, ErrorKind, Result};

/// The answers to a query, a page of up to a hundred results each, as Boomi sends them.
///
/// An error loses nothing: the next call asks for the same page again. Each page is a call of its own, with its own deadline and
/// its own tries. As an iterator it ends after an error that trying again will not help; [`next_page`](Self::next_page) goes on.
///
/// ```no_run
/// # let client = boomi_auth::Client::from_env()?;
/// for page in client.post("/api/rest/v1/{accountId}/Process/query").body(r#"{"QueryFilter":{}}"#).pages()? {
///     println!("{}", page?.text()?);
/// }
/// # Ok::<_, boomi_auth::Error>(())
/// ```
pub struct Pages {
    client: Client,
    request: Request,
    next: Next,
    call: Option<Call>,
    /// As an iterator, after an error that trying again will not help.
    failed: bool,
    refused: Option<Response>,
}

enum Next {
    First,
    /// What the last page gave for the next. Boomi takes it byte for byte, and nothing around it.
    More(String),
    End,
}

impl Pages {
    pub(crate) fn new(client: Client, request: Request) -> Result<Self> {
        request.check()?;
        if request.method != "POST" || !path_of(&request).ends_with("/query") {
            return Err(Error::invalid("pages are those of a POST to a path that ends in /query"));
        }
        Ok(Pages { client, request, next: Next::First, call: None, failed: false, refused: None })
    }

    pub(crate) fn within(self, call: Option<Call>) -> Self {
        Pages { call, ..self }
    }

    /// The next page, which came with status 200; `None` after the last. An answer of another status is an error, as
    /// [`Response::error`] says it.
    pub fn next_page(&mut self, call: Option<&Call>) -> Result<Option<Response>> {
        let response = match &self.next {
            Next::End => return Ok(None),
            Next::First => self.client.send(&self.request, call)?,
            Next::More(token) => self.client.send(&self.request_for_more(token)?, call)?,
        };
        self.refused = None;
        if let Some(error) = response.error() {
            self.refused = Some(response);
            return Err(error);
        }
        let token = match read(response.body()) {
            Some(token) if response.status() == 200 => token,
            _ => return Err(no_page(&response)),
        };
        self.next = token.map_or(Next::End, Next::More);
        Ok(Some(response))
    }

    /// The answer that the last error was made of, if it was one.
    pub fn refused(&mut self) -> Option<Response> {
        self.refused.take()
    }

    fn request_for_more(&self, token: &str) -> Result<Request> {
        let mut request = self.request.clone();
        let end = path_of(&request).len();
        request.path.insert_str(end, "More");
        request.set_body(token);
        request.set_header("Content-Type", "text/plain", HeaderOptions::default())?;
        Ok(request)
    }
}

impl Iterator for Pages {
    type Item = Result<Response>;

    fn next(&mut self) -> Option<Result<Response>> {
        if self.failed {
            return None;
        }
        let call = self.call.clone();
        let page = self.next_page(call.as_ref()).transpose();
        self.failed = matches!(&page, Some(Err(error)) if !error.is_retryable());
        page
    }
}

impl std::fmt::Debug for Pages {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pages").field("request", &self.request).finish_non_exhaustive()
    }
}

fn path_of(request: &Request) -> &str {
    request.path.split('?').next().unwrap_or_default()
}

/// The token for the page after this one, if there is one; `None` if it is no page. What has no result is one all the same:
/// Boomi leaves the list out.
pub(crate) fn read(body: &[u8]) -> Option<Option<String>> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    if let Ok(page) = serde_json::from_slice::<Value>(body) {
        let is_page = page.get("@type").and_then(Value::as_str) == Some("QueryResult")
            || ["result", "numberOfResults", "queryToken"].iter().any(|name| page.get(name).is_some());
        let token = match page.get("queryToken") {
            None | Some(Value::Null) => None,
            Some(Value::String(token)) => Some(token.clone()).filter(|token| !token.is_empty()),
            // There is more, and it cannot be asked for: nobody must take this for the last page.
            Some(_) => return None,
        };
        return is_page.then_some(token);
    }
    let mut found = xml::find(body, &["/queryToken"])?;
    (found.root == "QueryResult").then(|| found.texts[0].take())
}

fn no_page(response: &Response) -> Error {
    let text = format!(
        "{} answered {} with something else than a page of results; is there a proxy or a sign-in page in between?",
        response.host(),
        response.status()
    );
    Error::new(ErrorKind::Protocol, text).with_status(response.status()).sent(true).with_attempts(response.attempts())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_every_shape_are_read_and_nothing_else_is_one() {
        let more = |token: &str| Some(Some(token.to_owned()));
        for (body, expected) in [
            (
                r#"{"@type":"QueryResult","result":[{"id":"1"}],"queryToken":" a/+=& \" ","numberOfResults":1}"#,
                more(" a/+=& \" "),
            ),
            (r#"{"@type":"QueryResult","numberOfResults":0}"#, Some(None)),
            (r#"{"result":[],"queryToken":null}"#, Some(None)),
            (r#"{"numberOfResults":"0","queryToken":""}"#, Some(None)),
            (
                r#"<b:QueryResult xmlns:b="x"><b:result/><b:queryToken>a&amp;b </b:queryToken></b:QueryResult>"#,
                more("a&b "),
            ),
            (r#"<QueryResult numberOfResults="0"/>"#, Some(None)),
            ("\u{feff}{\"result\":[]}", Some(None)),
            // A result's own field of that name.
            ("<QueryResult><result><queryToken>x</queryToken></result></QueryResult>", Some(None)),
            (r#"<QueryResult><result><name>x"#, None),
            ("<html><body><queryToken>x</queryToken></body></html>", None),
            ("{}", None),
            ("[]", None),
            ("", None),
            ("null", None),
        ] {
            assert_eq!(read(body.as_bytes()), expected, "{body}");
        }
    }
}
