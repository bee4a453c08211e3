//! Faults of the transport: what happens to an answer on its way, or instead of one.

use crate::Scripted;
use crate::server::Cut;
use crate::wire::Tamper;
use axum::body::{Body, Bytes};
use axum::http::{StatusCode, header};
use axum::response::Response;
use hyper::body::Frame;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

/// What goes wrong with one answer. Unless it says otherwise the request has been handled as ever: credentials are
/// judged, effects happen, and the log has the status that should have come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WireFault {
    /// The request is read, and its connection reset. Nothing else happens: no judgement, no effect.
    ResetBefore,
    /// The connection is reset before the first byte of the answer.
    ResetAfter,
    /// The connection is closed in the middle of the answer's head.
    CutHeaders,
    /// The connection is reset after half of the body; the head promised all of it.
    CutBody,
    /// The same, but the connection is closed in order.
    CutBodyClose,
    /// The answer is right, and its connection is closed after it without notice.
    CloseAfter,
    /// The answer comes byte by byte; see [`Scripted::drip_ms`].
    Drip,
    /// The body goes on with blanks for ever.
    EndlessBody,
    /// A sign-in page with status 200, as a proxy may send it. The request is not handled.
    Html200,
    /// Status 200 with an empty body. The request is not handled.
    Empty200,
    /// Status 302 to another origin. The request is not handled.
    Redirect,
    /// The head promises a longer body, and the connection is closed after the real one.
    WrongLength,
}

use WireFault::*;

/// Where [`Redirect`] sends clients, who should not go there.
const ELSEWHERE: &str = "https://elsewhere.example/";
const SIGN_IN_PAGE: &str = "<!DOCTYPE html>\n<html><head><title>Sign in</title></head>\
                            <body><form method=\"post\"><input name=\"user\"/></form></body></html>\n";
const MISSING_BYTES: usize = 1000;

impl WireFault {
    /// Every fault.
    pub const ALL: &'static [WireFault] = &[
        ResetBefore,
        ResetAfter,
        CutHeaders,
        CutBody,
        CutBodyClose,
        CloseAfter,
        Drip,
        EndlessBody,
        Html200,
        Empty200,
        Redirect,
        WrongLength,
    ];

    /// The name by which the control API and scenarios select it.
    pub fn name(self) -> &'static str {
        match self {
            ResetBefore => "reset-before",
            ResetAfter => "reset-after",
            CutHeaders => "cut-headers",
            CutBody => "cut-body",
            CutBodyClose => "cut-body-close",
            CloseAfter => "close-after",
            Drip => "drip",
            EndlessBody => "endless-body",
            Html200 => "html-200",
            Empty200 => "empty-200",
            Redirect => "redirect",
            WrongLength => "wrong-length",
        }
    }

    /// The fault of that name.
    pub fn from_name(name: &str) -> Option<WireFault> {
        Self::ALL.iter().copied().find(|fault| fault.name() == name)
    }

    /// Whether the request is handled, so that it may take effect.
    pub fn is_handled(self) -> bool {
        !matches!(self, ResetBefore | Html200 | Empty200 | Redirect)
    }

    /// The answer of a fault that consists in an answer, and an empty one for the others.
    pub(crate) fn scripted(self) -> Scripted {
        let scripted = match self {
            Html200 => Scripted::new(200, "text/html", SIGN_IN_PAGE),
            Redirect => Scripted::new(302, "", "").header("Location", ELSEWHERE),
            _ => Scripted::new(200, "", ""),
        };
        Scripted { fault: Some(self), ..scripted }
    }

    /// The answer as it goes wrong.
    pub(crate) async fn applied(self, response: Response, drip_ms: u64) -> Response {
        let (mut parts, body) = response.into_parts();
        // In memory, like all bodies here.
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
        let length = body.len();
        let (tamper, body) = match self {
            ResetBefore | ResetAfter => return Cut::Reset.response(),
            Html200 | Empty200 | Redirect => (None, Body::from(body)),
            CutHeaders => (Some(Tamper::CutHead), Body::from(body)),
            CutBody => (Some(Tamper::CutBody { after: length / 2, how: Cut::Reset }), Body::from(body)),
            CutBodyClose => (Some(Tamper::CutBody { after: length / 2, how: Cut::Close }), Body::from(body)),
            CloseAfter => (Some(Tamper::CloseAfter { length }), Body::from(body)),
            Drip => (Some(Tamper::Drip(Duration::from_millis(drip_ms))), Body::from(body)),
            WrongLength => {
                let padded = [&body[..], &[b' '; MISSING_BYTES]].concat();
                (Some(Tamper::CutBody { after: length, how: Cut::Close }), Body::from(padded))
            }
            EndlessBody => {
                parts.headers.remove(header::CONTENT_LENGTH);
                if parts.status == StatusCode::NO_CONTENT {
                    parts.status = StatusCode::OK;
                }
                (None, Body::new(Endless(body)))
            }
        };
        if let Some(tamper) = tamper {
            parts.extensions.insert(tamper);
        }
        Response::from_parts(parts, body)
    }
}

/// A body, and then blanks for as long as anybody takes them.
struct Endless(Bytes);

impl hyper::body::Body for Endless {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let blanks = Bytes::from_static(&[b' '; 4096]);
        Poll::Ready(Some(Ok(Frame::data(std::mem::replace(&mut self.0, blanks)))))
    }
}

impl Serialize for WireFault {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for WireFault {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<WireFault, D::Error> {
        let name = String::deserialize(deserializer)?;
        WireFault::from_name(&name).ok_or_else(|| {
            let known: Vec<_> = WireFault::ALL.iter().map(|fault| fault.name()).collect();
            D::Error::custom(format!("unknown fault `{name}`, expected one of {}", known.join(", ")))
        })
    }
}
