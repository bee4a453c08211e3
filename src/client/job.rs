//! Asynchronous work of the server: where its result will be, and waiting for it.

use std::time::Duration;

use serde_json::Value;

use super::request::{HeaderOptions, Request};
use super::{Client, xml};
use super::{call::Call, context::CallContext, response::Response};
use crate::error::{Error, ErrorKind, Result};
use crate::{origin, transport::progress::Phase};

/// The waits between two requests for a result: the first, the factor of each later one, and the longest.
const FIRST_WAIT: Duration = Duration::from_millis(500);
const GROWTH: f64 = 1.5;
const LONGEST_WAIT: Duration = Duration::from_secs(5);
const EXECUTIONS: &str = "/ExecutionRequest";
/// More of the body of a response that says "not yet" is not read.
const LONGEST_NOT_YET: usize = 64 * 1024;

/// Work that was started, and whose result is polled.
///
/// The response to the start says where the result will be: a status 202 (the same URL), an `asyncToken`
/// (`/async/{Object}/response/{token}`), the `requestId` of an ExecutionRequest (`/ExecutionRecord/async/{id}`), or the
/// `url` of a download. Any other response is the result itself. A URL in a response is requested only on the client's
/// own origin, with the credentials of the request.
///
/// ```no_run
/// # let client = boomi_auth::Client::from_env()?;
/// let mut job = client.post("/api/rest/v1/{accountId}/ProcessLog").body(r#"{"executionId":"..."}"#).start()?;
/// let log = job.wait(None)?.check()?;
/// # Ok::<_, boomi_auth::Error>(())
/// ```
pub struct Job {
    client: Client,
    result: ResultLocation,
}

enum ResultLocation {
    /// It is the response to the start; `None` once the caller has it.
    Here(Option<Response>),
    /// This request gets it. A status 204 means "not yet" for a download, and "deleted" otherwise.
    At { request: Request, is_download: bool },
}

impl Client {
    /// Sends a request that starts asynchronous work, and returns where its result will be. See [`Job`].
    pub fn start(&self, request: &Request, call: Option<&Call>) -> Result<Job> {
        request.check()?;
        Job::start(self, request, &CallContext::begin(&self.inner, call)?)
    }

    /// Starts asynchronous work and waits for its result, within one call's deadline.
    ///
    /// After a timeout the work continues, and the place of its result is lost: [`start`](Self::start) returns a
    /// [`Job`], which keeps it.
    pub fn wait(&self, request: &Request, call: Option<&Call>) -> Result<Response> {
        request.check()?;
        let context = CallContext::begin(&self.inner, call)?;
        let mut job = Job::start(self, request, &context)?;
        // A second request would start the work twice, whatever failed here.
        job.wait_in(&context, Some(self.inner.max_response_bytes)).map_err(|error| {
            let attempts = error.attempts().max(1);
            error.noting("; the work was started before, and may go on").sent(true).with_attempts(attempts)
        })
    }
}

impl Job {
    fn start(client: &Client, request: &Request, context: &CallContext<'_>) -> Result<Self> {
        let response = client.send_in(context, request, Some(client.inner.max_response_bytes))?;
        if let Some(error) = response.error().or_else(|| refused_inside(&response)) {
            return Err(error);
        }
        let promise = Promise::read(response.body()).filter(|promise| promise.is_of(path_of(request)));
        let result = match promise {
            Some(promise) => {
                let place = promise.place(client, request);
                place.map_err(|error| error.sent(true).with_attempts(response.attempts()))?
            }
            None if response.status() == 202 && request.method == "GET" => {
                ResultLocation::At { request: request.clone(), is_download: false }
            }
            None => ResultLocation::Here(Some(response)),
        };
        Ok(Job { client: client.clone(), result })
    }

    /// Waits for the result, and returns it whatever its status.
    ///
    /// After an error, such as a timeout, the work continues, and this can be called again. Boomi gives the result of
    /// an `asyncToken` once.
    pub fn wait(&mut self, call: Option<&Call>) -> Result<Response> {
        let max_body = self.client.inner.max_response_bytes;
        let client = self.client.clone();
        self.wait_in(&CallContext::begin(&client.inner, call)?, Some(max_body))
    }

    /// Waits like [`wait`](Self::wait), and streams the body as [`Client::open`] does.
    pub fn open(&mut self, call: Option<&Call>) -> Result<Response> {
        let client = self.client.clone();
        self.wait_in(&CallContext::begin(&client.inner, call)?, None)
    }

    /// The path or URL of the result; `None` if the response to the start was the result.
    ///
    /// [`wait`](Self::wait) refuses a URL of another origin. A client with that base URL can request it.
    pub fn path(&self) -> Option<&str> {
        match &self.result {
            ResultLocation::Here(_) => None,
            ResultLocation::At { request, .. } => Some(&request.path),
        }
    }

    fn wait_in(&mut self, context: &CallContext<'_>, max_body: Option<u64>) -> Result<Response> {
        let (request, is_download) = match &mut self.result {
            ResultLocation::Here(response) => {
                return response.take().ok_or_else(|| Error::invalid("the result came at once, and was given already"));
            }
            ResultLocation::At { request, is_download } => (request, *is_download),
        };
        // Checked here and not at the start, because `path` gives this URL to another client.
        let inner = &self.client.inner;
        let account_id = request.account_id.as_deref().or(inner.account_id.as_deref());
        inner.origin.resolve(&request.path, account_id).map_err(|error| no_place(&self.client, error.message()))?;
        let mut wait = FIRST_WAIT;
        loop {
            let mut response = self.client.send_in(context, request, max_body)?;
            match response.status() {
                202 => {}
                204 if is_download => {}
                204 => return Err(gone(&response)),
                _ => return Ok(response),
            }
            // An unread body would close its connection.
            response.body.drain(LONGEST_NOT_YET, context.deadline());
            // Retry-After: 0 does not shorten the wait.
            let retry_after = response.retry_after().filter(|after| !after.is_zero());
            let attempts = response.attempts();
            let waited = context.deadline().wait_between(Phase::Job, retry_after.unwrap_or(wait));
            waited.map_err(|error| error.sent(true).with_attempts(attempts))?;
            wait = wait.mul_f64(GROWTH).min(LONGEST_WAIT);
        }
    }
}

impl std::fmt::Debug for Job {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Job").field("path", &self.path()).finish_non_exhaustive()
    }
}

#[derive(Debug, PartialEq)]
enum Promise {
    Token(String),
    Execution(String),
    Download(String),
    /// The URL of an execution without a request id.
    Record(String),
}

impl Promise {
    fn read(body: &[u8]) -> Option<Promise> {
        match serde_json::from_slice::<Value>(body) {
            Ok(response) => Self::from_json(&response),
            Err(_) => Self::from_xml(body),
        }
    }

    fn from_json(response: &Value) -> Option<Promise> {
        let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
        let kind = response.get("@type").and_then(Value::as_str).unwrap_or_default();
        let token = text(response.get("asyncToken").and_then(|token| token.get("token")));
        let url = text(response.get("url")).filter(|_| kind.ends_with("Download"));
        Self::first([token, text(response.get("requestId")), url, text(response.get("recordUrl"))])
    }

    fn from_xml(body: &[u8]) -> Option<Promise> {
        let names = [
            "asyncToken@token",
            "token",
            "ExecutionRequest@requestId",
            "LogDownload@url",
            "url",
            "ExecutionRequest@recordUrl",
        ];
        let mut found = xml::find(body, &names)?;
        let [of_attribute, token, request_id, url_attribute, url, record] =
            <[Option<String>; 6]>::try_from(std::mem::take(&mut found.texts)).ok()?;
        let is = |end: &str| found.root.ends_with(end);
        let token = of_attribute.or(token.filter(|_| is("AsyncOperationTokenResult")));
        Self::first([token, request_id, url_attribute.or(url.filter(|_| is("Download"))), record])
    }

    fn first([token, request_id, url, record]: [Option<String>; 4]) -> Option<Promise> {
        let token = token.map(Promise::Token);
        token.or(request_id.map(Promise::Execution)).or(url.map(Promise::Download)).or(record.map(Promise::Record))
    }

    /// Whether a request to this path can promise this. Other objects have fields of these names too.
    fn is_of(&self, path: &str) -> bool {
        match self {
            Promise::Token(_) => object_of_async(path).is_some(),
            Promise::Execution(_) | Promise::Record(_) => path.ends_with(EXECUTIONS),
            Promise::Download(_) => true,
        }
    }

    /// The location of the result of what `request` started.
    fn place(self, client: &Client, request: &Request) -> Result<ResultLocation> {
        if let Promise::Token(segment) | Promise::Execution(segment) = &self
            && matches!(segment.as_str(), "" | "." | "..")
        {
            return Err(no_place(client, "its name is no path segment"));
        }
        let is_download = matches!(self, Promise::Download(_));
        let is_url = matches!(self, Promise::Download(_) | Promise::Record(_));
        let path = path_of(request);
        // The query may have an overrideAccount.
        let below =
            |base: &str, rest: String| [base, &rest, request.path[path.len()..].trim_start_matches('/')].concat();
        let place = match self {
            Promise::Token(token) => {
                let object = object_of_async(path).unwrap_or(path);
                below(object, format!("/response/{}", origin::encode(&token)))
            }
            Promise::Execution(id) => {
                let base = path.strip_suffix(EXECUTIONS).unwrap_or(path);
                below(base, format!("/ExecutionRecord/async/{}", origin::encode(&id)))
            }
            Promise::Download(url) | Promise::Record(url) => url,
        };
        // An error here is the response's, not the caller's.
        let mut next = Request::new("GET", &place).map_err(|error| no_place(client, error.message()))?;
        next.auth = request.auth;
        next.account_id.clone_from(&request.account_id);
        next.headers = request.headers.iter().filter(|(name, _)| name != "content-type").cloned().collect();
        if !is_url {
            next.query.clone_from(&request.query);
        }
        if is_download {
            next.set_header("Accept", "*/*", HeaderOptions::default())?;
        }
        Ok(ResultLocation::At { request: next, is_download })
    }
}

/// The error inside a response 200 to a download: `{"@type":"LogDownload","statusCode":"504",...}`.
/// (Source: Platform OpenAPI, LogDownload: "202 Beginning download. 504 Runtime is unavailable.")
fn refused_inside(response: &Response) -> Option<Error> {
    // The message is not quoted: the secrets to cut out of it are not known here.
    let status = match serde_json::from_slice::<Value>(response.body()) {
        Ok(body) => {
            body.get("@type").and_then(Value::as_str).filter(|kind| kind.ends_with("Download"))?;
            let status = body.get("statusCode")?;
            status.as_str().and_then(|text| text.parse().ok()).or_else(|| status.as_u64())?
        }
        Err(_) => {
            let names = ["LogDownload@statusCode", "statusCode"];
            let mut found = xml::find(response.body(), &names).filter(|found| found.root.ends_with("Download"))?;
            let mut text = |index: usize| found.texts[index].take();
            text(0).or(text(1))?.parse().ok()?
        }
    };
    let status = u16::try_from(status).ok().filter(|status| *status >= 400)?;
    let text = format!(
        "{} says inside of a response {} that there is no download: {status}",
        response.host(),
        response.status()
    );
    let error =
        Error::new(ErrorKind::HttpStatus, text).with_status(status).sent(true).with_attempts(response.attempts());
    Some(error.retryable(matches!(status, 429 | 502..=504)))
}

fn path_of(request: &Request) -> &str {
    request.path().trim_end_matches('/')
}

/// The path up to the object of an asynchronous operation: `.../async/{Object}`.
fn object_of_async(path: &str) -> Option<&str> {
    let begin = path.find("/async/")? + "/async/".len();
    let end = path[begin..].find('/').map_or(path.len(), |end| begin + end);
    (end > begin).then(|| &path[..end])
}

fn no_place(client: &Client, what: &str) -> Error {
    let text =
        format!("{} says where the result will be, which cannot be asked: {what}", client.inner.origin.authority());
    Error::new(ErrorKind::Protocol, text).sent(true)
}

fn gone(response: &Response) -> Error {
    let text = format!(
        "{} has no result any more (204): Boomi gives one once, and deletes it after 30 minutes",
        response.host()
    );
    Error::new(ErrorKind::HttpStatus, text).with_status(204).sent(true).with_attempts(response.attempts())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn promise_is_read_from_json_and_xml() {
        let token = || Some(Promise::Token("t/1".into()));
        let execution = || Some(Promise::Execution("e-1".into()));
        let download = || Some(Promise::Download("https://h/x?a=b&c".into()));
        for (body, expected) in [
            (r#"{"@type":"AsyncOperationTokenResult","asyncToken":{"token":"t/1"},"responseStatusCode":202}"#, token()),
            (r#"{"@type":"ExecutionRequest","requestId":"e-1","recordUrl":"https://h/y"}"#, execution()),
            (r#"{"recordUrl":"https://h/y"}"#, Some(Promise::Record("https://h/y".into()))),
            (r#"{"@type":"LogDownload","url":"https://h/x?a=b&c","statusCode":202}"#, download()),
            (r#"{"@type":"Atom","url":"https://h/x"}"#, None),
            (r#"{"@type":"QueryResult","result":[]}"#, None),
            (
                r#"<b:AsyncOperationTokenResult xmlns:b="x"><b:asyncToken token="t/1"/></b:AsyncOperationTokenResult>"#,
                token(),
            ),
            (
                "<AsyncOperationTokenResult><asyncToken><token>t/1</token></asyncToken></AsyncOperationTokenResult>",
                token(),
            ),
            (r#"<ExecutionRequest requestId="e-1" recordUrl="https://h/y"/>"#, execution()),
            (r#"<LogDownload statusCode="202" url="https://h/x?a=b&amp;c"/>"#, download()),
            ("<LogDownload><url>https://h/x?a=b&amp;c</url></LogDownload>", download()),
            ("<Atom><url>https://h/x</url><token>t</token></Atom>", None),
            ("plain text", None),
            ("", None),
        ] {
            assert_eq!(Promise::read(body.as_bytes()), expected, "{body}");
        }
    }

    #[test]
    fn promise_counts_only_for_its_paths() {
        let (token, execution) = (Promise::Token("t".into()), Promise::Execution("e".into()));
        assert!(token.is_of("/api/rest/v1/a/async/X/1") && !token.is_of("/api/rest/v1/a/X/1"));
        assert!(execution.is_of("/api/rest/v1/a/ExecutionRequest") && !execution.is_of("/api/rest/v1/a/X"));
    }

    #[test]
    fn async_path_is_cut_after_its_object() {
        for (path, object) in [
            ("/api/rest/v1/{accountId}/async/AtomCounters/id-1", Some("/api/rest/v1/{accountId}/async/AtomCounters")),
            ("/api/rest/v1/a/async/X", Some("/api/rest/v1/a/async/X")),
            ("/api/rest/v1/a/async/", None),
            ("/api/rest/v1/a/X", None),
        ] {
            assert_eq!(object_of_async(path), object);
        }
    }
}
