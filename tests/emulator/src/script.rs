//! Scripted answers: what the server says next, whatever it would have said.

use crate::WireFault;
use crate::answer::is_refusal;
use crate::shapes::ErrorShape;
use axum::http::{HeaderName, HeaderValue, Method, Response, StatusCode, header};
use serde::Deserialize;
use std::collections::BTreeMap;

/// An answer given instead of the real one, before anybody's credentials are looked at; or, with a [`WireFault`], what
/// goes wrong with an answer on its way.
///
/// ```
/// use boomi_emulator::{ErrorShape, Scripted};
/// let busy = Scripted::from(ErrorShape::OasUnavailableJson).on("/api/").times(3).header("Retry-After", "2");
/// # use boomi_emulator::WireFault;
/// let lost = Scripted::from(WireFault::ResetAfter).method("POST").percent(5, 42).for_ever();
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "ScriptedJson")]
pub struct Scripted {
    /// Requests whose path (with the query, as on the wire) starts with this. Empty: all requests.
    pub path_prefix: String,
    /// Requests with this method; nothing: any.
    pub method: Option<String>,
    /// In how many of a hundred requests that it is meant for it happens, by chance; `times` counts those. Default 100.
    pub percent: u8,
    /// What chance goes by: the same seed hits the same requests, if they come in the same order. Default 0.
    pub seed: u64,
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
    /// What goes wrong; its own answer, or the real one, takes the place of the status, body and headers here.
    pub fault: Option<WireFault>,
    /// With [`WireFault::Drip`], the time between two bytes in milliseconds. Default 10.
    pub drip_ms: u64,
}

const DRIP_MS: u64 = 10;
const FOR_EVER: u32 = u32::MAX;

impl Scripted {
    /// One answer to the next request, whatever its path.
    pub fn new(status: u16, content_type: &str, body: &str) -> Scripted {
        Scripted {
            path_prefix: String::new(),
            method: None,
            percent: 100,
            seed: 0,
            times: 1,
            status,
            content_type: content_type.into(),
            body: body.into(),
            headers: BTreeMap::new(),
            counts: false,
            fault: None,
            drip_ms: DRIP_MS,
        }
    }

    /// Only for paths that start with this.
    pub fn on(mut self, path_prefix: &str) -> Scripted {
        self.path_prefix = path_prefix.into();
        self
    }

    /// Only for requests with this method.
    pub fn method(mut self, method: &str) -> Scripted {
        self.method = Some(method.into());
        self
    }

    /// Only for so many of a hundred requests, by chance.
    pub fn percent(mut self, percent: u8, seed: u64) -> Scripted {
        (self.percent, self.seed) = (percent, seed);
        self
    }

    /// With this time between two bytes, for [`WireFault::Drip`].
    pub fn drip_ms(mut self, drip_ms: u64) -> Scripted {
        self.drip_ms = drip_ms;
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
        if self.method.as_ref().is_some_and(|method| Method::from_bytes(method.as_bytes()).is_err()) {
            return Err("method: not a method".into());
        }
        if !(1..=100).contains(&self.percent) {
            return Err(format!("percent: {} is not in 1 to 100", self.percent));
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

    /// Whether it happens to a request. Where it is a matter of chance, the next request has another.
    pub(crate) fn happens(&mut self, method: &str, path: &str) -> bool {
        let meant = self.times > 0
            && path.starts_with(&self.path_prefix)
            && self.method.as_deref().is_none_or(|wanted| wanted == method);
        meant && (self.percent == 100 || self.draw() % 100 < u64::from(self.percent))
    }

    /// A step of SplitMix64.
    fn draw(&mut self) -> u64 {
        self.seed = self.seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.seed ^ (self.seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
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

impl From<WireFault> for Scripted {
    fn from(fault: WireFault) -> Scripted {
        fault.scripted()
    }
}

/// The JSON form: a `fault`, a `shape`, or a `status` with a `body`; what is given beside a shape replaces the shape's.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ScriptedJson {
    #[serde(default)]
    path_prefix: String,
    method: Option<String>,
    percent: Option<u8>,
    #[serde(default)]
    seed: u64,
    fault: Option<WireFault>,
    drip_ms: Option<u64>,
    #[serde(default = "once")]
    times: Option<u32>,
    status: Option<u16>,
    shape: Option<ErrorShape>,
    body: Option<String>,
    content_type: Option<String>,
    headers: Option<BTreeMap<String, String>>,
    #[serde(default)]
    counts: bool,
}

impl ScriptedJson {
    /// The field that makes no sense beside a fault.
    fn beside_a_fault(&self) -> Option<&'static str> {
        let given = [
            ("shape", self.shape.is_some()),
            ("status", self.status.is_some()),
            ("body", self.body.is_some()),
            ("content_type", self.content_type.is_some()),
            ("headers", self.headers.is_some()),
            ("counts", self.counts),
        ];
        given.into_iter().find(|(_, given)| *given).map(|(name, _)| name)
    }
}

fn once() -> Option<u32> {
    Some(1)
}

impl TryFrom<ScriptedJson> for Scripted {
    type Error = String;

    fn try_from(json: ScriptedJson) -> Result<Scripted, String> {
        if let (Some(_), Some(name)) = (json.fault, json.beside_a_fault()) {
            return Err(format!("{name}: not beside a fault"));
        }
        if json.drip_ms.is_some() && json.fault != Some(WireFault::Drip) {
            return Err("drip_ms: only with the fault `drip`".into());
        }
        let base = match (json.fault, json.shape, json.status) {
            (Some(fault), ..) => Scripted::from(fault),
            (None, Some(_), _) if json.body.is_some() => return Err("body: not beside a shape".into()),
            (None, Some(shape), _) => Scripted::from(shape),
            (None, None, Some(status)) => Scripted::new(status, "text/plain", ""),
            (None, None, None) => return Err("status: missing, and no shape or fault either".into()),
        };
        let scripted = Scripted {
            path_prefix: json.path_prefix,
            method: json.method,
            percent: json.percent.unwrap_or(base.percent),
            seed: json.seed,
            times: json.times.unwrap_or(FOR_EVER),
            status: json.status.unwrap_or(base.status),
            content_type: json.content_type.unwrap_or(base.content_type),
            body: json.body.unwrap_or(base.body),
            headers: json.headers.unwrap_or(base.headers),
            counts: json.counts,
            fault: base.fault,
            drip_ms: json.drip_ms.unwrap_or(base.drip_ms),
        };
        scripted.check().map(|()| scripted)
    }
}
