//! The response to a request, whatever its status.

use std::{sync::OnceLock, time::Duration};

use ureq::http::{HeaderMap, HeaderValue, Uri, header};

use super::body::ResponseBody;
use super::error_body::{self, ErrorBody, GraphqlData};
use super::response_times::{date_seconds, retry_after};
use super::status::{Identity, ResponseFacts, error_of};
use crate::error::{Error, ErrorKind, Result};

/// An HTTP response of any status. [`check`](Response::check) turns a bad status into an error.
pub struct Response {
    url: Uri,
    status: u16,
    headers: HeaderMap,
    /// The headers' values as text. Filled on first use if one of them is not UTF-8.
    texts: OnceLock<Vec<String>>,
    pub(crate) body: ResponseBody,
    pub(super) error_body: ErrorBody,
    /// The data beside GraphQL errors, if there are such errors.
    graphql_data: Option<GraphqlData>,
    retry_after: Option<Duration>,
    identity: Identity,
    attempts: u32,
}

/// What the response needs to know of its request.
pub(crate) struct RequestInfo {
    pub(crate) url: Uri,
    pub(crate) graphql: bool,
    pub(crate) identity: Identity,
}

impl Response {
    /// Reads a response. `secrets` are cut out of its message, in which a server may echo them. `now` returns Unix
    /// time.
    pub(crate) fn new(
        status: u16,
        headers: HeaderMap,
        body: ResponseBody,
        request: RequestInfo,
        secrets: &[&[u8]],
        now: impl FnOnce() -> Duration,
    ) -> Self {
        let mut error_body = if status < 400 { ErrorBody::default() } else { error_body::read(body.bytes(), secrets) };
        let mut graphql_data = None;
        if request.graphql
            && status == 200
            && let Some((text, data)) = error_body::graphql_errors(body.bytes(), secrets)
        {
            error_body.message = Some(text);
            graphql_data = Some(data);
        }
        Response {
            url: request.url,
            status,
            retry_after: retry_after(&headers, now),
            headers,
            texts: OnceLock::new(),
            body,
            error_body,
            graphql_data,
            identity: request.identity,
            attempts: 1,
        }
    }

    pub(crate) fn with_attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts;
        self
    }

    /// Whether the API refused the JWT of the request: with status 401, or by a GraphQL error.
    pub(crate) fn refuses_bearer(&self) -> bool {
        matches!(self.identity, Identity::Bearer)
            && self.error().is_some_and(|error| error.kind() == ErrorKind::CredentialsRejected)
            && self.status != 403
    }

    /// Whether a part of a GraphQL operation may have been executed.
    pub(crate) fn may_have_begun(&self) -> bool {
        self.graphql_data.is_some_and(|data| data != GraphqlData::Absent)
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The URL of the request, with account and query.
    pub fn url(&self) -> String {
        let path_and_query = self.url.path_and_query().map_or("", |path| path.as_str());
        [self.url.scheme_str().unwrap_or_default(), "://", self.host(), path_and_query].concat()
    }

    /// The first header of that name, in any case. U+FFFD replaces bytes that are not UTF-8.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// All headers. Names are in lower case.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        let pairs = self.headers.iter().enumerate();
        pairs.map(|(index, (name, value))| (name.as_str(), self.text_of(index, value)))
    }

    fn text_of<'a>(&'a self, index: usize, value: &'a HeaderValue) -> &'a str {
        let lossy = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let texts = || self.texts.get_or_init(|| self.headers.values().map(lossy).collect());
        std::str::from_utf8(value.as_bytes()).unwrap_or_else(|_| &texts()[index])
    }

    /// The body; empty if it is streamed.
    pub fn body(&self) -> &[u8] {
        self.body.bytes()
    }

    /// Takes the body out of the response; empty if it is streamed.
    pub fn into_body(mut self) -> Vec<u8> {
        self.body.take()
    }

    /// The body as text; [`ErrorKind::Protocol`] if it is not UTF-8.
    pub fn text(&self) -> Result<&str> {
        std::str::from_utf8(self.body())
            .map_err(|_| Error::new(ErrorKind::Protocol, format!("the response of {} is not UTF-8 text", self.host())))
    }

    /// Reads a part of the body into `buffer`. Returns its length, and 0 at the end.
    ///
    /// A streamed body (see [`Client::open`](crate::Client::open)) is read from the connection: a read during which no
    /// byte arrives ends with [`ErrorKind::Timeout`] after the call's timeout. Canceling the call or the client ends it
    /// within 100 ms.
    pub fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        self.body.read(buffer, self.attempts)
    }

    /// Boomi's own error text, from JSON, XML, HTML or GraphQL; `None` if there is none.
    pub fn message(&self) -> Option<&str> {
        self.error_body.message.as_deref()
    }

    /// How many attempts were made.
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// How long the server asks to wait before a retry.
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// The error of a bad status, or of GraphQL errors in a 200; else `None`.
    pub fn error(&self) -> Option<Error> {
        error_of(&ResponseFacts {
            host: self.host(),
            status: self.status,
            error_body: &self.error_body,
            graphql_data: self.graphql_data,
            retry_after: self.retry_after,
            identity: &self.identity,
        })
        .map(|error| error.with_attempts(self.attempts))
    }

    /// Returns the response itself, or its [`error`](Self::error).
    pub fn check(self) -> Result<Self> {
        self.error().map_or(Ok(self), Err)
    }

    pub(crate) fn host(&self) -> &str {
        self.url.authority().map_or("", |authority| authority.as_str())
    }

    /// The Date header, in Unix seconds.
    pub(crate) fn date(&self) -> Option<u64> {
        self.headers.get(header::DATE).and_then(date_seconds)
    }
}

/// Reads the body. An error has the [`Error`] as its source.
impl std::io::Read for Response {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        Response::read(self, buffer).map_err(std::io::Error::other)
    }
}

impl std::fmt::Debug for Response {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status)
            .field("body", &format_args!("{} bytes", self.body().len()))
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ureq::http::HeaderValue;

    fn response(status: u16, headers: &[(&'static str, &'static str)], body: &str, graphql: bool) -> Response {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_static(value));
        }
        let body = ResponseBody::whole(body.into());
        let request = RequestInfo { url: Uri::from_static("https://h/"), graphql, identity: Identity::Bearer };
        Response::new(status, map, body, request, &[b"marked-secret"], || Duration::from_secs(784_111_777))
    }

    #[test]
    fn echoed_secret_is_not_in_the_message() {
        let response = response(400, &[], r#"{"message":"bad header marked-secret"}"#, false);
        assert_eq!(response.message(), Some("bad header ***"));
        assert!(!response.error().unwrap().message().contains("marked-secret"));
        assert!(!format!("{response:?}").contains("marked-secret"));
    }

    #[test]
    fn header_that_is_not_utf8_is_replaced() {
        let mut map = HeaderMap::new();
        for (name, value) in [("x-first", &b"plain"[..]), ("x-second", b"a\xffb"), ("x-second", "ä".as_bytes())] {
            map.append(name, HeaderValue::from_bytes(value).unwrap());
        }
        let body = ResponseBody::whole(Vec::new());
        let request = RequestInfo { url: Uri::from_static("https://h/"), graphql: false, identity: Identity::Bearer };
        let response = Response::new(200, map, body, request, &[], || Duration::ZERO);
        let headers: Vec<_> = response.headers().collect();
        assert_eq!(headers, [("x-first", "plain"), ("x-second", "a\u{fffd}b"), ("x-second", "ä")]);
        assert_eq!(response.url(), "https://h/");
    }

    #[test]
    fn graphql_errors_count_only_for_graphql_requests() {
        let body = r#"{"errors":[{"message":"Unauthorized"}]}"#;
        assert_eq!(response(200, &[], body, true).error().unwrap().kind(), ErrorKind::CredentialsRejected);
        assert!(response(200, &[], body, false).check().is_ok());
    }

    #[test]
    fn whole_body_is_read_in_pieces() {
        let mut response = response(200, &[], "hello", false);
        let mut piece = [0; 3];
        assert_eq!((response.read(&mut piece).unwrap(), &piece), (3, b"hel"));
        let mut rest = String::new();
        std::io::Read::read_to_string(&mut response, &mut rest).unwrap();
        assert_eq!(rest, "lo");
        assert_eq!(response.read(&mut piece).unwrap(), 0);
        assert_eq!(response.body(), b"hello");
    }

    #[test]
    fn header_is_found_in_any_case() {
        let response = response(200, &[("x-a", "1"), ("x-a", "2")], "", false);
        assert_eq!(response.header("X-A"), Some("1"));
        assert_eq!(response.headers().count(), 2);
    }
}
