//! Scripted answers: what the server says next, whatever it would have said.

use crate::answer::is_refusal;
use crate::shapes::ErrorShape;
use axum::http::{HeaderName, HeaderValue, Response, StatusCode, header};
use serde::Deserialize;
use std::collections::BTreeMap;

/// An answer given instead of the real one, before anybody's credentials are looked at.
///
/// ```
/// use boomi_emulator::{ErrorShape, Scripted};
/// let busy = Scripted::from(ErrorShape::OasUnavailableJson).on("/api/").times(3).header("Retry-After", "2");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "ScriptedJson")]
pub struct Scripted {
    /// Requests whose path (with the query, as on the wire) starts with this. Empty: all requests.
    pub path_prefix: String,
    /// For how many requests; `u32::MAX` is for ever, until scripts are cleared. In JSON that is `null`.
    pub times: u32,
    /// The HTTP status, 200 to 599.
    pub status: u16,
    /// The `Content-Type`; none if empty.
    pub content_type: String,
    /// The body.
    pub body: String,
    /// More headers. A `Date` here replaces the server's.
    pub headers: BTreeMap<String, String>,
    /// It counts as a bad sign-in of the user whose Basic credentials came, good or bad as they are, and locks as one.
    /// Only for a 401, or a 403 with `error.user.login`. Default false: nobody's credentials are looked at.
    pub counts: bool,
}

const FOR_EVER: u32 = u32::MAX;

impl Scripted {
    /// One answer to the next request, whatever its path.
    pub fn new(status: u16, content_type: &str, body: &str) -> Scripted {
        Scripted {
            path_prefix: String::new(),
            times: 1,
            status,
            content_type: content_type.into(),
            body: body.into(),
            headers: BTreeMap::new(),
            counts: false,
        }
    }

    /// Only for paths that start with this.
    pub fn on(mut self, path_prefix: &str) -> Scripted {
        self.path_prefix = path_prefix.into();
        self
    }

    /// For this many requests.
    pub fn times(mut self, times: u32) -> Scripted {
        self.times = times;
        self
    }

    /// For every request, until scripts are cleared. What is scripted after it for the same path never comes.
    pub fn for_ever(self) -> Scripted {
        self.times(FOR_EVER)
    }

    /// As a bad sign-in of whoever signs in.
    pub fn counts(mut self) -> Scripted {
        self.counts = true;
        self
    }

    /// With this status instead.
    pub fn status(mut self, status: u16) -> Scripted {
        self.status = status;
        self
    }

    /// With one more header.
    pub fn header(mut self, name: &str, value: &str) -> Scripted {
        self.headers.insert(name.into(), value.into());
        self
    }

    /// Says which field is not fit for HTTP.
    pub(crate) fn check(&self) -> Result<(), String> {
        if !(200..=599).contains(&self.status) {
            return Err(format!("status: {} is not in 200 to 599", self.status));
        }
        if HeaderValue::from_str(&self.content_type).is_err() {
            return Err("content_type: not a header value".into());
        }
        for (name, value) in &self.headers {
            if HeaderName::from_bytes(name.as_bytes()).is_err() || HeaderValue::from_str(value).is_err() {
                return Err(format!("headers: `{name}` is not a header"));
            }
        }
        if self.counts && !is_refusal(self.status, self.body.as_bytes()) {
            return Err("counts: only with a 401, or a 403 with error.user.login".into());
        }
        Ok(())
    }

    pub(crate) fn use_up(&mut self) {
        if self.times != FOR_EVER {
            self.times -= 1;
        }
    }

    pub(crate) fn matches(&self, path: &str) -> bool {
        self.times > 0 && path.starts_with(&self.path_prefix)
    }

    pub(crate) fn response<B: From<String>>(&self) -> Response<B> {
        let mut response = Response::new(B::from(self.body.clone()));
        *response.status_mut() = StatusCode::from_u16(self.status).expect("checked");
        let headers = response.headers_mut();
        if !self.content_type.is_empty() {
            headers.insert(header::CONTENT_TYPE, self.content_type.parse().expect("checked"));
        }
        for (name, value) in &self.headers {
            let name: HeaderName = name.parse().expect("checked");
            headers.insert(name, value.parse().expect("checked"));
        }
        response
    }
}

impl From<ErrorShape> for Scripted {
    fn from(shape: ErrorShape) -> Scripted {
        Scripted::new(shape.status(), shape.content_type(), &shape.body())
    }
}

/// The JSON form: a `shape`, or a `status` with a `body`; what is given beside a shape replaces the shape's.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ScriptedJson {
    #[serde(default)]
    path_prefix: String,
    #[serde(default = "once")]
    times: Option<u32>,
    status: Option<u16>,
    shape: Option<ErrorShape>,
    body: Option<String>,
    content_type: Option<String>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    counts: bool,
}

fn once() -> Option<u32> {
    Some(1)
}

impl TryFrom<ScriptedJson> for Scripted {
    type Error = String;

    fn try_from(json: ScriptedJson) -> Result<Scripted, String> {
        let base = match (json.shape, json.status) {
            (Some(_), _) if json.body.is_some() => return Err("body: not beside a shape".into()),
            (Some(shape), _) => Scripted::from(shape),
            (None, Some(status)) => Scripted::new(status, "text/plain", ""),
            (None, None) => return Err("status: missing, and no shape either".into()),
        };
        let scripted = Scripted {
            path_prefix: json.path_prefix,
            times: json.times.unwrap_or(FOR_EVER),
            status: json.status.unwrap_or(base.status),
            content_type: json.content_type.unwrap_or(base.content_type),
            body: json.body.unwrap_or(base.body),
            headers: json.headers,
            counts: json.counts,
        };
        scripted.check().map(|()| scripted)
    }
}
