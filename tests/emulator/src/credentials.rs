//! What a request presents: the Authorization header and the one-time code.

use axum::http::{HeaderMap, header};
use data_encoding::BASE64;

/// The credentials of one request, read but not judged.
pub(crate) struct Presented {
    pub basic: Option<Basic>,
    pub bearer: Option<String>,
    pub otp: Option<String>,
    scheme: Option<&'static str>,
}

/// User and password of a Basic header.
pub(crate) struct Basic {
    pub user: String,
    pub secret: String,
}

impl Presented {
    pub(crate) fn of(headers: &HeaderMap) -> Presented {
        let mut presented = Presented {
            basic: None,
            bearer: None,
            // A code that is not text is still a code that came, and no right one.
            otp: headers.get("x-boomi-otp").map(|code| code.to_str().unwrap_or_default().to_owned()),
            scheme: None,
        };
        let authorization = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        if let Some((scheme, value)) = authorization.and_then(|value| value.split_once(' ')) {
            if scheme.eq_ignore_ascii_case("Basic") {
                presented.scheme = Some("Basic");
                presented.basic = decode(value);
            } else if scheme.eq_ignore_ascii_case("Bearer") {
                presented.scheme = Some("Bearer");
                presented.bearer = Some(value.to_owned());
            }
        }
        presented
    }

    pub(crate) fn scheme(&self) -> Option<&'static str> {
        self.scheme
    }
}

/// RFC 7617. \[U\] which charset Boomi reads: UTF-8, the one that RFC names.
fn decode(value: &str) -> Option<Basic> {
    let text = String::from_utf8(BASE64.decode(value.as_bytes()).ok()?).ok()?;
    let (user, secret) = text.split_once(':')?;
    Some(Basic { user: user.into(), secret: secret.into() })
}
