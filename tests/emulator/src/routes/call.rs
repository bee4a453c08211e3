//! One call of the Platform or Partner API: who calls, for which account, about what.

use crate::Effect;
use crate::answer::{error, json, refused, wants_json, xml};
use crate::credentials::Presented;
use crate::records::{self, Record};
use crate::server::Connection;
use crate::shapes::no_such_endpoint;
use crate::users::{Refusal, SUB_ACCOUNT};
use crate::world::{Shared, World};
use axum::extract::{FromRequestParts, Query, RawPathParams};
use axum::http::{HeaderMap, StatusCode, header, request::Parts};
use axum::response::Response;
use std::collections::HashMap;

/// What is known of a call before its body.
pub(crate) struct Call {
    pub shared: Shared,
    pub headers: HeaderMap,
    /// Where the caller signs in: the account of the path.
    pub account: String,
    /// Whose objects they are: with the Partner API's `overrideAccount` those of a sub-account.
    pub owner: String,
    pub object: String,
    pub id: String,
    /// The scheme and host that the request came with.
    pub origin: String,
    pub effect: Effect,
}

impl FromRequestParts<Shared> for Call {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Call, Response> {
        let unreadable = |headers: &HeaderMap| error(headers, StatusCode::BAD_REQUEST, "The URL cannot be read.");
        let Ok(params) = RawPathParams::from_request_parts(parts, shared).await else {
            return Err(unreadable(&parts.headers));
        };
        let param = |wanted: &str| {
            let found = params.iter().find(|(name, _)| *name == wanted);
            found.map_or_else(String::new, |(_, value)| value.to_owned())
        };
        let Ok(Query(mut query)) = Query::<HashMap<String, String>>::try_from_uri(&parts.uri) else {
            return Err(unreadable(&parts.headers));
        };
        let partner = parts.uri.path().starts_with("/partner/");
        let (account, override_account) = (param("account"), query.remove("overrideAccount").filter(|_| partner));
        let scheme = if parts.extensions.get().is_some_and(|on: &Connection| on.secure) { "https" } else { "http" };
        let host = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        Ok(Call {
            shared: shared.clone(),
            headers: parts.headers.clone(),
            owner: override_account.unwrap_or_else(|| account.clone()),
            account,
            object: param("object"),
            id: param("id"),
            origin: format!("{scheme}://{host}"),
            effect: Effect::of(parts),
        })
    }
}

impl Call {
    /// The answer to those who may not use the object, or to anybody if there is no such object.
    pub(crate) fn refusal(&self) -> Option<Response> {
        let refusal = self.permit(&mut self.shared.world());
        match refusal {
            Err(refusal) => Some(refused(&self.headers, refusal)),
            Ok(()) if records::object(&self.object).is_none() => {
                Some(error(&self.headers, StatusCode::NOT_FOUND, no_such_endpoint()))
            }
            Ok(()) => None,
        }
    }

    /// Whether a request may use an object. "Certain APIs" take a JWT and no list says which (\[U\]): here Deployment
    /// does and everything else is Basic only, so that a client meets both. \[U\] the answer for an overriding account
    /// that is no sub-account: 403.
    fn permit(&self, world: &mut World) -> Result<(), Refusal> {
        let presented = Presented::of(&self.headers);
        if self.object == "Deployment" && presented.bearer.is_some() {
            if world.bearer(&presented)?.account_id != self.account {
                return Err(Refusal::Forbidden);
            }
        } else {
            world.basic(&presented, &self.account)?;
        }
        if self.owner == self.account || self.owner == SUB_ACCOUNT { Ok(()) } else { Err(Refusal::Forbidden) }
    }

    /// The request takes effect.
    pub(crate) fn takes_effect(&self) {
        self.shared.world().took_effect(&self.effect);
    }

    pub(crate) fn record(&self, record: &Record) -> Response {
        self.ok(StatusCode::OK, || record.json(), || record.xml())
    }

    /// An answer in the language asked for.
    pub(crate) fn ok(
        &self,
        status: StatusCode,
        as_json: impl FnOnce() -> String,
        as_xml: impl FnOnce() -> String,
    ) -> Response {
        if wants_json(&self.headers) { json(status, as_json()) } else { xml(status, as_xml()) }
    }

    pub(crate) fn error(&self, status: StatusCode, message: &str) -> Response {
        error(&self.headers, status, message)
    }
}
