//! What every request goes through: credentials on, send, judge the answer, learn from it.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::{Value, json};
use ureq::http::{HeaderMap, HeaderValue, Method, Uri, header};
use zeroize::Zeroizing;

use super::call::Call;
use super::error_body::ErrorBody;
use super::request::header_value;
use super::response::{RequestInfo, Response, ResponseBody, date_seconds};
use super::sign_in::{Purpose, SignIn};
use super::status::{self, Identity};
use super::{Client, Inner, TokenProvider};
use crate::clock::Moment;
use crate::error::{Error, ErrorKind, Result};
use crate::event::{Event, EventKind};
use crate::guard::history::LoginOutcome;
use crate::jwt::Token;
use crate::rate_limit::RateLimiter;
use crate::secret::Secret;
use crate::shared_store::SharedToken;
use crate::transport::Outgoing;
use crate::transport::deadline::{Cancellation, Deadline, Entered, Limits, OnSent, Phase};

pub(crate) const OTP_HEADER: &str = "x-boomi-otp";
/// A JWT is a few hundred bytes.
const LARGEST_JWT_ANSWER: u64 = 64 * 1024;
/// How long a request without credentials may take, and how much of what its call has left: the call may go on without it.
pub(crate) const LONGEST_PROBE: Duration = Duration::from_secs(5);
const LARGEST_SHARE_OF_A_PROBE: f64 = 0.8;

/// A call in progress: who calls, with which limits.
pub(crate) struct CallContext<'a> {
    client: &'a Client,
    call: Option<&'a Call>,
    deadline: Rc<Deadline>,
    /// Whether it took the code that the user typed for the call.
    took_code: Cell<bool>,
    /// The guard's memory may be another process's for a while: who waits for that can be stopped too.
    _entered: Entered,
}

/// A request and how its answer is read.
pub(crate) struct WireRequest<'a> {
    pub(crate) outgoing: Outgoing<'a>,
    pub(crate) graphql: bool,
    /// The largest body; `None` leaves the body on the wire, unless the status says that it is an error.
    pub(crate) most: Option<u64>,
    /// For events: "request" or "jwt".
    pub(crate) purpose: &'static str,
}

impl<'a> CallContext<'a> {
    /// Begins a call: from here its deadline runs, and it can be cancelled.
    pub(crate) fn begin(client: &'a Client, call: Option<&'a Call>) -> Result<Self> {
        let inner = &client.inner;
        call.map_or(Ok(()), |call| call.first_error.check())?;
        let stops = Cancellation {
            call: call.map(Call::cancel_flag),
            client: Some((inner.cancellations.clone(), inner.cancellations.load(Ordering::Acquire))),
        };
        let deadline = Deadline::begin(Limits {
            clock: inner.clock.clone(),
            host: inner.origin.authority().to_owned(),
            timeout: call.and_then(Call::timeout).unwrap_or(inner.timeout),
            one_read: false,
            connect_timeout: inner.connect_timeout,
            stops,
            hook: inner.wait_hook.clone(),
        });
        deadline.check_at_start()?;
        Ok(CallContext { client, call, _entered: deadline.enter(), deadline, took_code: Cell::new(false) })
    }

    /// The same call on another client, whose bearer it needs: bounded and cancelled as this one is.
    pub(crate) fn on<'b>(&self, client: &'b Client) -> CallContext<'b>
    where
        'a: 'b,
    {
        let inner = &client.inner;
        let deadline = Deadline::begin(Limits {
            host: inner.origin.authority().to_owned(),
            timeout: self.deadline.remaining(),
            connect_timeout: inner.connect_timeout,
            ..self.deadline.limits().clone()
        });
        CallContext { client, call: self.call, _entered: deadline.enter(), deadline, took_code: Cell::new(false) }
    }

    /// A part of this call, with less time.
    fn within(&self, limit: Duration) -> CallContext<'a> {
        let deadline = self.deadline.within(limit);
        CallContext {
            client: self.client,
            call: self.call,
            _entered: deadline.enter(),
            deadline,
            took_code: Cell::new(false),
        }
    }

    fn inner(&self) -> &'a Inner {
        &self.client.inner
    }

    pub(crate) fn call(&self) -> Option<&'a Call> {
        self.call
    }

    /// The code that the user typed for this call, which is gone from there then.
    pub(crate) fn take_code(&self) -> Option<Secret> {
        let typed = self.call.and_then(Call::take_otp)?;
        self.took_code.set(true);
        Some(typed)
    }

    pub(crate) fn took_code(&self) -> bool {
        self.took_code.get()
    }

    pub(crate) fn deadline(&self) -> &Rc<Deadline> {
        &self.deadline
    }

    pub(crate) fn emit(&self, kind: EventKind, fields: impl FnOnce() -> Value) {
        self.inner().emit(kind, fields);
    }

    /// The server's time, in Unix milliseconds, if an answer has told it.
    pub(crate) fn server_time(&self) -> Option<u64> {
        self.inner().server_clock.at(self.deadline.clock().boottime())
    }

    /// The token of an account in the shared store, if there is a store.
    pub(crate) fn shared_token(&self, account_id: &str) -> Result<Option<Box<dyn SharedToken>>> {
        let inner = self.inner();
        let Some(store) = &inner.store else { return Ok(None) };
        let loaded = inner.sign_ins.loaded(self)?;
        let basic = &loaded.basic;
        Ok(Some(store.token(&inner.origin.to_string(), &basic.username, basic.secret.as_bytes(), account_id)))
    }

    /// Asks for a JWT, always.
    pub(crate) fn new_jwt(&self, account_id: &str) -> Result<Token> {
        let sign_in = self.begin_jwt(account_id, self.deadline.remaining(), None)?;
        self.jwt_by(sign_in, account_id)
    }

    /// A sign-in for a JWT, which waits for leave at most so long.
    pub(crate) fn begin_jwt(
        &self,
        account_id: &str,
        max_wait: Duration,
        while_waiting: Option<&dyn Fn()>,
    ) -> Result<SignIn> {
        let uri = self.jwt_uri(account_id)?;
        let path = uri.path();
        self.begin_sign_in(Purpose { name: "jwt", path, foreign: false, max_wait, turn: None, while_waiting })
    }

    /// Gives leave back that was not used.
    pub(crate) fn abandon(&self, sign_in: SignIn) {
        self.inner().end_sign_in(sign_in, self.call, LoginOutcome::NotSent, None, "jwt");
    }

    fn jwt_uri(&self, account_id: &str) -> Result<Uri> {
        self.inner().origin.resolve("/auth/jwt/generate/{accountId}", Some(account_id))
    }

    /// [`jwt_by`](Self::jwt_by) in less time than the call has left.
    pub(crate) fn jwt_within(&self, limit: Duration, sign_in: SignIn, account_id: &str) -> Result<Token> {
        self.within(limit).jwt_by(sign_in, account_id)
    }

    /// A request to this client's origin, as it begins.
    pub(crate) fn outgoing<'b>(&self, method: Method, uri: Uri) -> Outgoing<'b> {
        // With room for what most requests have.
        let mut headers = HeaderMap::with_capacity(6);
        headers.insert(header::HOST, self.inner().host.clone());
        Outgoing { method, uri, headers, body: None }
    }

    /// `GET /auth/jwt/generate/{accountId}`, with Basic. The answer is text, not JSON.
    fn jwt_by(&self, sign_in: SignIn, account_id: &str) -> Result<Token> {
        let host = self.deadline.host();
        let mut outgoing = self.outgoing(Method::GET, self.jwt_uri(account_id)?);
        outgoing.headers.insert(header::ACCEPT, HeaderValue::from_static("text/plain, */*"));
        let asking = WireRequest { outgoing, graphql: false, most: Some(LARGEST_JWT_ANSWER), purpose: "jwt" };
        let began = Moment::now(&**self.deadline.clock());
        let response = self.send_signed(asking, &sign_in);
        let mut outcome = self.outcome(&response);
        let token = response.and_then(|response| self.read_jwt(response, account_id, began));
        if outcome == LoginOutcome::Accepted && token.is_err() {
            // Whatever that was, it was not Boomi's answer to good credentials.
            outcome = LoginOutcome::Neutral;
        }
        self.inner().end_sign_in(sign_in, self.call, outcome, self.deadline.status(), "jwt");
        let token = token?;
        self.emit(EventKind::TokenIssued, || {
            json!({
                "host": host,
                "account_id": account_id,
                "expires_at": token.expires_at(),
                "lifetime_s": token.lifetime().as_secs(),
            })
        });
        Ok(token)
    }

    /// The token's life is counted from just before the request was sent, when it `began`.
    fn read_jwt(&self, response: Response, account_id: &str, began: Moment) -> Result<Token> {
        if let Some(error) = response.error() {
            return Err(error);
        }
        let (status, date) = (response.status(), response.date());
        let body = Zeroizing::new(response.into_body());
        Token::read(&body, account_id, date, began).map_err(|error| {
            let host = self.deadline.host();
            let text = format!("{host} gave no token for the account {account_id}: {error}");
            Error::new(error.kind(), text).with_status(status).sent(true).with_attempts(1)
        })
    }

    /// Asks for `path` without anybody's credentials: to learn the server's time, and whether it answers.
    pub(crate) fn ask_without_credentials(&self, path: &str, on_sent: Option<OnSent>) -> Result<()> {
        let outgoing = self.outgoing(Method::GET, self.inner().origin.resolve(path, None)?);
        let asking = WireRequest { outgoing, graphql: false, most: Some(LARGEST_JWT_ANSWER), purpose: "probe" };
        let asked = self.within(LONGEST_PROBE.min(self.deadline.remaining().mul_f64(LARGEST_SHARE_OF_A_PROBE)));
        asked.deadline.set_on_sent(on_sent);
        match asked.send_as(asking, Identity::Caller, None, &[]) {
            Ok(_) => Ok(()),
            Err(_) if asked.deadline.status().is_some() => Ok(()),
            // Nothing of the caller's was sent.
            Err(error) => self.deadline.check().and(Err(error.sent(false).with_attempts(0))),
        }
    }

    /// Gets the user's credentials, leave to send them, and a code where one is needed.
    pub(crate) fn begin_sign_in(&self, purpose: Purpose<'_>) -> Result<SignIn> {
        self.inner().sign_ins.begin(self, purpose)
    }

    /// Sends with the user's own credentials, and learns from the verdict.
    pub(crate) fn send_by(&self, asking: WireRequest<'_>, sign_in: SignIn) -> Result<Response> {
        let name = asking.purpose;
        let result = self.send_signed(asking, &sign_in);
        let outcome = self.outcome(&result);
        self.inner().end_sign_in(sign_in, self.call, outcome, self.deadline.status(), name);
        result
    }

    /// A provider's JWT for this call.
    pub(crate) fn bearer(&self, provider: &TokenProvider) -> Result<Token> {
        match provider.get_if_fresh(Duration::ZERO, None) {
            Some(token) => Ok(token),
            None => provider.token(&self.on(provider.client()), Duration::ZERO),
        }
    }

    /// Another than this, which an API refused with this status.
    pub(crate) fn newer_bearer(&self, provider: &TokenProvider, refused: &Token, status: u16) -> Option<Token> {
        provider.replace(refused, status, &self.on(provider.client()))
    }

    pub(crate) fn rate_limiter(&self) -> &'a RateLimiter {
        &self.inner().rate_limiter
    }

    pub(crate) fn max_retries(&self) -> u32 {
        self.inner().max_retries
    }

    fn send_signed(&self, mut asking: WireRequest<'_>, sign_in: &SignIn) -> Result<Response> {
        if let Some(code) = sign_in.code() {
            asking.outgoing.headers.insert(OTP_HEADER, header_value(code, true));
        }
        self.send_as(asking, sign_in.identity(), Some(header_value(sign_in.header(), true)), &[sign_in.secret()])
    }

    /// What the end of a request says of the credentials that went with it.
    fn outcome(&self, result: &Result<Response>) -> LoginOutcome {
        match (result, self.deadline.status()) {
            (Ok(response), _) => status::outcome(response.status(), response.error_body()),
            (Err(_), Some(status)) => status::outcome(status, &ErrorBody::default()),
            (Err(_), None) if self.deadline.was_sent() => LoginOutcome::Unanswered,
            (Err(_), None) => LoginOutcome::NotSent,
        }
    }

    /// Sends one request with this Authorization, and reads the answer. `secrets` are cut out of texts in it, as is what
    /// the request's secret headers hold.
    pub(crate) fn send_as(
        &self,
        asking: WireRequest<'_>,
        identity: Identity,
        authorization: Option<HeaderValue>,
        secrets: &[&[u8]],
    ) -> Result<Response> {
        let (inner, deadline) = (self.inner(), &self.deadline);
        let WireRequest { mut outgoing, graphql, most, .. } = asking;
        deadline.begin_request();
        // The one predicate, at the one place where secrets go onto a request.
        if !inner.origin.covers(&outgoing.uri) {
            return Err(Error::new(ErrorKind::Internal, "a request was about to leave this client's origin"));
        }
        if let Some(authorization) = authorization {
            outgoing.headers.insert(header::AUTHORIZATION, authorization);
        }
        outgoing.headers.entry(header::USER_AGENT).or_insert_with(|| inner.user_agent.clone());
        let sensitive: Vec<_> = outgoing.headers.values().filter(|value| value.is_sensitive()).cloned().collect();
        let asked = RequestInfo { url: outgoing.uri.clone(), graphql, identity };
        let incoming = inner.transport.round_trip(outgoing, deadline).map_err(|error| {
            // What bounded that connection bounds nothing of what comes after it.
            deadline.set_connecting(false);
            error.with_attempts(1)
        })?;
        let status = incoming.status;
        deadline.set_status(status);
        self.learn_time(&incoming.headers);
        let (headers, body) = match most {
            None if status < 400 => {
                (incoming.headers, ResponseBody::OnItsWay { body: incoming.body, begin: self.reads() })
            }
            _ => {
                let most = most.unwrap_or(inner.max_response_bytes);
                let (headers, bytes) = incoming.read_all(most, deadline).map_err(|error| error.with_attempts(1))?;
                (headers, ResponseBody::Whole { bytes, read: 0 })
            }
        };
        let sent = sensitive.iter().map(|value| value.as_bytes()).flat_map(|value| [value, after_scheme(value)]);
        let sent = sent.chain(secrets.iter().copied());
        // Nothing is quoted of other answers.
        let sent: Vec<_> = if status >= 400 || graphql { sent.collect() } else { Vec::new() };
        Ok(Response::new(status, headers, body, asked, &sent, || inner.clock.wall()))
    }

    /// Learns the server's time from an answer that no cache kept.
    fn learn_time(&self, headers: &HeaderMap) {
        if !self.inner().sign_ins.computes_codes() {
            return;
        }
        let date = headers.get(header::DATE).filter(|_| !headers.contains_key(header::AGE));
        if let (Some(date), Some(sent)) = (date.and_then(date_seconds), self.deadline.sent_at()) {
            self.inner().server_clock.learn(date, sent, self.deadline.clock().boottime());
        }
    }

    /// How the reads of a body that is on its way begin: each with the call's timeout anew, cancelled as the call is.
    fn reads(&self) -> Box<dyn Fn() -> Result<Rc<Deadline>> + Send + Sync> {
        let limits = Limits { one_read: true, ..self.deadline.limits().clone() };
        Box::new(move || {
            let deadline = Deadline::begin(limits.clone());
            deadline.set_phase(Phase::Body);
            deadline.check().map(|()| deadline)
        })
    }
}

impl Inner {
    /// Learns from the end of a sign-in.
    pub(crate) fn end_sign_in(
        &self,
        sign_in: SignIn,
        call: Option<&Call>,
        outcome: LoginOutcome,
        status: Option<u16>,
        purpose: &str,
    ) {
        let username = sign_in.username().to_owned();
        self.sign_ins.end(sign_in, call, outcome);
        if outcome == LoginOutcome::Rejected {
            self.emit(EventKind::SignInRejected, || {
                json!({ "host": self.origin.authority(), "username": username, "status": status, "purpose": purpose })
            });
        }
    }

    /// Tells the owner, if it wants to know; only then are the `fields` made.
    pub(crate) fn emit(&self, kind: EventKind, fields: impl FnOnce() -> Value) {
        if let Some(handler) = &self.on_event {
            handler(&Event::new(kind, fields()));
        }
    }
}

/// What follows the first space of a header's value: the credentials after their scheme.
fn after_scheme(value: &[u8]) -> &[u8] {
    value.iter().position(|byte| *byte == b' ').map_or(value, |space| &value[space + 1..])
}
