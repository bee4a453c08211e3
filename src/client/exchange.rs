//! What every request goes through: credentials on, send, judge the answer, learn from it.

use std::rc::Rc;
use std::sync::atomic::Ordering;

use serde_json::{Value, json};
use ureq::http::{HeaderName, HeaderValue, Method, header};
use zeroize::Zeroizing;

use super::call::Call;
use super::request::header_value;
use super::response::{Arrived, Asked, Response};
use super::sign_in::SignIn;
use super::verdict::{SignedInAs, is_rejection};
use super::{Client, Inner};
use crate::error::{Error, ErrorKind, Result};
use crate::event::{Event, EventKind};
use crate::jwt::Token;
use crate::provider::Tokens;
use crate::secret::Secret;
use crate::transport::Outgoing;
use crate::transport::scope::{Limits, Phase, Scope, Stops};

pub(super) const OTP_HEADER: &str = "x-boomi-otp";
/// A JWT is a few hundred bytes.
const LARGEST_JWT_ANSWER: u64 = 64 * 1024;

/// A call in progress: who calls, with which limits.
pub(super) struct Exchange<'a> {
    client: &'a Client,
    call: Option<&'a Call>,
    scope: Rc<Scope>,
}

/// A request and how its answer is read.
pub(super) struct Asking<'a> {
    pub(super) outgoing: Outgoing<'a>,
    pub(super) graphql: bool,
    /// The largest body; `None` leaves the body on the wire, unless the status says that it is an error.
    pub(super) most: Option<u64>,
    /// For events: "request" or "jwt".
    pub(super) purpose: &'static str,
}

impl<'a> Exchange<'a> {
    /// Begins a call: from here its deadline runs, and it can be cancelled.
    pub(super) fn begin(client: &'a Client, call: Option<&'a Call>) -> Result<Self> {
        let inner = &client.inner;
        call.map_or(Ok(()), |call| call.first_error.check())?;
        let stops = Stops {
            call: call.map(Call::cancel_flag),
            client: Some((inner.cancellations.clone(), inner.cancellations.load(Ordering::Acquire))),
        };
        let scope = Scope::begin(Limits {
            clock: inner.clock.clone(),
            host: inner.origin.authority().to_owned(),
            timeout: call.and_then(Call::timeout).unwrap_or(inner.timeout),
            one_read: false,
            connect_timeout: inner.connect_timeout,
            stops,
            hook: inner.wait_hook.clone(),
        });
        scope.check()?;
        Ok(Exchange { client, call, scope })
    }

    fn inner(&self) -> &'a Inner {
        &self.client.inner
    }

    /// A JWT that is kept, or a new one.
    pub(super) fn kept_jwt(&self, account_id: &str) -> Result<Token> {
        let tokens = self.inner().tokens.get(Tokens::default);
        let exchange = || self.new_jwt(account_id);
        if self.call.is_some_and(Call::has_otp) {
            tokens.get_apart(account_id, &self.scope, exchange)
        } else {
            tokens.get(account_id, &self.scope, exchange)
        }
    }

    /// `GET /auth/jwt/generate/{accountId}`, with Basic. The answer is text, not JSON.
    pub(super) fn new_jwt(&self, account_id: &str) -> Result<Token> {
        let host = self.scope.host();
        let outgoing = Outgoing {
            method: Method::GET,
            uri: self.inner().origin.resolve("/auth/jwt/generate/{accountId}", Some(account_id))?,
            headers: vec![(header::ACCEPT, HeaderValue::from_static("text/plain, */*"))],
            body: None,
        };
        let asking = Asking { outgoing, graphql: false, most: Some(LARGEST_JWT_ANSWER), purpose: "jwt" };
        let response = self.send_basic(asking)?;
        if let Some(error) = response.error() {
            return Err(error);
        }
        let (status, date) = (response.status(), response.date());
        let body = Zeroizing::new(response.into_body());
        let token = Token::read(&body, account_id, date, self.scope.exchange_began()).map_err(|error| {
            let text = format!("{host} gave no token for the account {account_id}: {error}");
            Error::new(error.kind(), text).with_status(status).sent(true).with_attempts(1)
        })?;
        self.inner().emit(EventKind::TokenIssued, || {
            json!({
                "host": host,
                "account_id": account_id,
                "expires_at": token.expires_at(),
                "lifetime_s": token.lifetime().as_secs(),
            })
        });
        Ok(token)
    }

    /// Gets the user's credentials, and a code where one is needed.
    pub(super) fn begin_sign_in(&self) -> Result<SignIn> {
        let inner = self.inner();
        inner.sign_ins.begin(&self.scope, self.call, &|kind, fields| inner.emit(kind, || fields))
    }

    /// Sends with the user's own credentials, and learns from the verdict.
    pub(super) fn send_basic(&self, mut asking: Asking<'_>) -> Result<Response> {
        let sign_in = self.begin_sign_in()?;
        if let Some(code) = sign_in.code() {
            asking.outgoing.headers.push((HeaderName::from_static(OTP_HEADER), header_value(code, true)));
        }
        let purpose = asking.purpose;
        let result = self.send_as(asking, sign_in.signed_in_as(), Some(sign_in.header()), &[sign_in.secret()]);
        let rejected = match &result {
            Ok(response) if is_rejection(response.status(), response.said()) => Some(response.status()),
            _ => None,
        };
        self.inner().end_sign_in(sign_in, self.call, self.scope.was_sent(), rejected, purpose);
        result
    }

    /// Sends one request with this Authorization, and reads the answer. `secrets` are cut out of texts in it, as is what
    /// the request's secret headers hold.
    pub(super) fn send_as(
        &self,
        asking: Asking<'_>,
        signed_in_as: SignedInAs,
        authorization: Option<Secret>,
        secrets: &[&[u8]],
    ) -> Result<Response> {
        let (inner, scope) = (self.inner(), &self.scope);
        let Asking { mut outgoing, graphql, most, .. } = asking;
        scope.begin_exchange();
        // The one predicate, at the one place where secrets go onto a request.
        if !inner.origin.covers(&outgoing.uri) {
            return Err(Error::new(ErrorKind::Internal, "a request was about to leave this client's origin"));
        }
        if let Some(authorization) = authorization {
            outgoing.headers.push((header::AUTHORIZATION, header_value(authorization, true)));
        }
        if !outgoing.headers.iter().any(|(name, _)| *name == header::USER_AGENT) {
            outgoing.headers.push((header::USER_AGENT, inner.user_agent.clone()));
        }
        let incoming = inner.transport.exchange(&outgoing, scope).map_err(|error| error.with_attempts(1))?;
        let status = incoming.status;
        let (headers, body) = match most {
            None if status < 400 => (incoming.headers, Arrived::OnItsWay { body: incoming.body, begin: self.reads() }),
            _ => {
                let most = most.unwrap_or(inner.max_response_bytes);
                let (headers, bytes) = incoming.read_all(most, scope).map_err(|error| error.with_attempts(1))?;
                (headers, Arrived::Whole { bytes, read: 0 })
            }
        };
        let asked = Asked { host: scope.host().to_owned(), graphql, signed_in_as };
        let sensitive =
            outgoing.headers.iter().filter(|(_, value)| value.is_sensitive()).map(|(_, value)| value.as_bytes());
        let sent = sensitive.flat_map(|value| [value, after_scheme(value)]).chain(secrets.iter().copied());
        let sent: Vec<_> = sent.collect();
        Ok(Response::new(status, headers, body, asked, &sent, inner.clock.wall()))
    }

    /// How the reads of a body that is on its way begin: each with the call's timeout anew, cancelled as the call is.
    fn reads(&self) -> Box<dyn Fn() -> Result<Rc<Scope>> + Send + Sync> {
        let limits = Limits { one_read: true, ..self.scope.limits().clone() };
        Box::new(move || {
            let scope = Scope::begin(limits.clone());
            scope.set_phase(Phase::Body);
            scope.check().map(|()| scope)
        })
    }
}

impl Inner {
    /// Learns from the end of a sign-in: whether any of it was sent, and with which status it was rejected, if it was.
    pub(super) fn end_sign_in(
        &self,
        sign_in: SignIn,
        call: Option<&Call>,
        sent: bool,
        rejected: Option<u16>,
        purpose: &str,
    ) {
        if let Some(status) = rejected {
            self.emit(EventKind::SignInRejected, || {
                json!({
                    "host": self.origin.authority(),
                    "username": sign_in.username(),
                    "status": status,
                    "purpose": purpose,
                })
            });
        }
        self.sign_ins.end(sign_in, call, sent, rejected.is_some());
    }

    /// Tells the owner, if it wants to know; only then are the `fields` made.
    fn emit(&self, kind: EventKind, fields: impl FnOnce() -> Value) {
        if let Some(handler) = &self.on_event {
            handler(&Event::new(kind, fields()));
        }
    }
}

/// What follows the first space of a header's value: the credentials after their scheme.
fn after_scheme(value: &[u8]) -> &[u8] {
    value.iter().position(|byte| *byte == b' ').map_or(value, |space| &value[space + 1..])
}
