//! The pages of a query's results.

use serde_json::Value;

use super::request::{HeaderOptions, Request};
use super::{Client, xml};
use super::{call::Call, response::Response};
use crate::error::{Error, ErrorKind, Result};

/// The responses to a query, each with a page of up to a hundred results.
///
/// After an error the next call requests the same page again. Each page is a call with a deadline and retries of its
/// own. The iterator ends after an error that is not retryable; [`next_page`](Self::next_page) can be called again.
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
    next: NextPage,
    pub(super) call: Option<Call>,
    failed: bool,
    refused: Option<Response>,
}

enum NextPage {
    First,
    /// With the last page's token, which Boomi takes as the whole body, byte for byte.
    More(String),
    End,
}

impl Client {
    /// Returns the pages of a query: `request` is a POST to a path that ends in `/query`.
    pub fn pages(&self, request: Request) -> Result<Pages> {
        request.check()?;
        if request.method != "POST" || !request.path().ends_with("/query") {
            return Err(Error::invalid("pages are those of a POST to a path that ends in /query"));
        }
        let client = self.clone();
        Ok(Pages { client, request, next: NextPage::First, call: None, failed: false, refused: None })
    }
}

impl Pages {
    /// Returns the next page; `None` after the last. A response whose status is not 200 is an error; see
    /// [`Response::error`].
    pub fn next_page(&mut self, call: Option<&Call>) -> Result<Option<Response>> {
        let response = match &self.next {
            NextPage::End => return Ok(None),
            NextPage::First => self.client.send(&self.request, call)?,
            NextPage::More(token) => self.client.send(&self.request_for_more(token)?, call)?,
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
        self.next = token.map_or(NextPage::End, NextPage::More);
        Ok(Some(response))
    }

    /// Takes the response that was the last error, if it was one.
    pub fn refused(&mut self) -> Option<Response> {
        self.refused.take()
    }

    fn request_for_more(&self, token: &str) -> Result<Request> {
        let mut request = self.request.clone();
        let end = request.path().len();
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

/// Reads the token of the next page; the outer `None` means that the body is no page.
///
/// A page without results is one too: Boomi leaves the list out.
pub(crate) fn read(body: &[u8]) -> Option<Option<String>> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    if let Ok(page) = serde_json::from_slice::<Value>(body) {
        let is_page = page.get("@type").and_then(Value::as_str) == Some("QueryResult")
            || ["result", "numberOfResults", "queryToken"].iter().any(|name| page.get(name).is_some());
        let token = match page.get("queryToken") {
            None | Some(Value::Null) => None,
            Some(Value::String(token)) => Some(token.clone()).filter(|token| !token.is_empty()),
            // More pages follow that cannot be requested: this must not pass for the last page.
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
    fn page_is_read_from_json_and_xml() {
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
            // A result's field with that name.
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
