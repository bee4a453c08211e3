//! One request on its way: in its turn, signed in, and again where that helps and can do no harm. The only place that counts
//! tries: nothing below it sends a request of the caller's twice, and nothing above it asks again.

use serde_json::json;
use ureq::http::Uri;

use super::TokenProvider;
use super::call::Call;
use super::context::{CallContext, WireRequest};
use super::request::{Request, header_value};
use super::response::Response;
use super::retry::{AttemptOutcome, Idempotency, RetryBudget, RetryDecision, decide, is_of_the_connection};
use super::sign_in::{Purpose, TIME_TO_BEGIN};
use super::status::Identity;
use crate::error::{Error, ErrorKind, Result};
use crate::event::EventKind;
use crate::jwt::Token;
use crate::rate_limit::{RatePermit, account_of};
use crate::transport::progress::Phase;

/// Whose credentials go with a request.
pub(crate) enum RequestAuth {
    /// The caller's own headers say.
    Caller,
    /// The client's user.
    User,
    /// The bearer of a provider's JWT.
    Bearer(TokenProvider),
}

/// See the module's text.
pub(crate) struct SendLoop<'a> {
    context: &'a CallContext<'a>,
    request: &'a Request,
    /// Where it goes: the request's path, or URL, with account and query.
    uri: &'a Uri,
    /// See [`WireRequest::most`].
    most: Option<u64>,
    auth: RequestAuth,
    effect: Idempotency,
    /// Whose pace it keeps.
    account: &'a str,
    /// How often it was tried.
    attempts: u32,
    /// Whether any of the tries left.
    sent: bool,
    /// Whether the user typed a code for this call, which goes with one try.
    has_typed_code: bool,
    /// Another JWT than the one that the API refused, of which there is one in a call.
    newer: Option<Token>,
    replaced: bool,
    /// The last answer, unless it refused a JWT that was replaced.
    answer: Option<Response>,
    /// Why the last try that had no answer had none.
    lost: Option<Error>,
}

impl<'a> SendLoop<'a> {
    pub(crate) fn new(
        context: &'a CallContext<'a>,
        request: &'a Request,
        uri: &'a Uri,
        auth: RequestAuth,
        account_id: Option<&'a str>,
        most: Option<u64>,
    ) -> Self {
        SendLoop {
            account: account_of(uri.path(), account_id),
            has_typed_code: context.call().is_some_and(Call::has_otp),
            context,
            request,
            uri,
            most,
            auth,
            effect: Idempotency::of(request),
            attempts: 0,
            sent: false,
            newer: None,
            replaced: false,
            answer: None,
            lost: None,
        }
    }

    /// The answer to the request, whatever its status: the last, if there were several.
    pub(crate) fn run(mut self) -> Result<Response> {
        loop {
            let ended = match self.try_once() {
                Ok(ended) => ended,
                Err(error) => return self.stop(error),
            };
            if self.newer.is_some() {
                continue;
            }
            let RetryDecision::Retry(wait) = self.decide(&ended) else { return self.end(ended) };
            self.tell(&ended, wait.as_millis() as u64);
            match ended {
                Ok(answer) => self.answer = Some(answer),
                Err(error) => self.lost = Some(error),
            }
            if let Err(error) = self.context.deadline().wait_between(Phase::Retry, wait) {
                return self.stop(error);
            }
        }
    }

    /// The request, made for one try.
    fn asking(&self) -> WireRequest<'a> {
        let mut outgoing = self.context.outgoing(self.request.method.clone(), self.uri.clone());
        self.request.add_headers_to(&mut outgoing.headers);
        outgoing.body = self.request.body_to_send();
        WireRequest { outgoing, graphql: self.request.is_graphql(), most: self.most, purpose: "request" }
    }

    /// Sends it once. The outer error is that it was not tried: it had no turn, no leave to sign in, or no token.
    fn try_once(&mut self) -> Result<Result<Response>> {
        let (context, deadline) = (self.context, self.context.deadline());
        if let (RequestAuth::Bearer(provider), None) = (&self.auth, &self.newer) {
            // Whoever waits for a token keeps no place from those auth have one.
            context.bearer(provider).map_err(|error| error.sent(false))?;
        }
        let turn = RatePermit::wait(context.rate_limiter(), self.account, deadline)?;
        let begin = || {
            // The last thing that is waited for: a turn of the store's that is not used is nobody's.
            turn.wait_for_store()?;
            deadline.progress.set_on_sent(turn.on_sent());
            Ok::<_, Error>(())
        };
        let asking = self.asking();
        let ended = match &self.auth {
            RequestAuth::Caller => {
                begin()?;
                context.send_as(asking, Identity::Caller, None, &[])
            }
            RequestAuth::User => {
                let max_wait = deadline.remaining();
                let purpose = Purpose {
                    name: asking.purpose,
                    path: self.uri.path(),
                    foreign: false,
                    max_wait,
                    turn: Some(&turn),
                    while_waiting: None,
                };
                match context.begin_sign_in(purpose) {
                    Ok(sign_in) => match begin() {
                        Ok(()) => context.send_by(asking, sign_in),
                        Err(error) => {
                            context.abandon(sign_in);
                            return Err(error);
                        }
                    },
                    // Whoever asked whether the server answers again found that it does not: a try like any other, but not sent.
                    // With less time than that, it is the wait for others that ended.
                    Err(error) if is_of_the_connection(error.kind()) && deadline.remaining() >= TIME_TO_BEGIN => {
                        Err(error)
                    }
                    Err(error) => return Err(error),
                }
            }
            RequestAuth::Bearer(provider) => {
                // What fails then is the exchange: the request itself was not sent.
                let token = match self.newer.take() {
                    Some(newer) => newer,
                    None => context.bearer(provider).map_err(|error| error.sent(false))?,
                };
                begin()?;
                let ended = context.send_as(asking, Identity::Bearer, Some(header_value(token.in_header(), true)), &[]);
                if let Ok(response) = &ended
                    && response.refuses_bearer()
                    && !std::mem::replace(&mut self.replaced, true)
                {
                    // A refusal comes before any effect; but one field of a GraphQL mutation may be refused after another was
                    // executed. And without the code that got that JWT, the exchange would be a bad sign-in.
                    let begun = self.effect == Idempotency::NonIdempotent && response.may_have_begun();
                    if begun || self.typed_code_is_gone() {
                        provider.observe_refusal(&token, response.status());
                    } else {
                        self.newer = context.newer_bearer(provider, &token, response.status());
                    }
                }
                ended
            }
        };
        turn.end();
        deadline.progress.set_on_sent(None);
        self.attempts += 1;
        // What was refused with its JWT had no effect.
        self.sent |= deadline.progress.was_sent() && self.newer.is_none();
        Ok(ended)
    }

    fn decide(&self, ended: &Result<Response>) -> RetryDecision {
        if ended.as_ref().is_ok_and(|response| response.status() < 400) {
            return RetryDecision::Give;
        }
        let deadline = self.context.deadline();
        let outcome = match ended {
            Ok(response) => AttemptOutcome::Responded {
                status: response.status(),
                message: response.message(),
                retry_after: response.retry_after(),
            },
            Err(error) => AttemptOutcome::NoResponse {
                kind: error.kind(),
                passing: error.is_retryable(),
                sent: deadline.progress.was_sent(),
                went_stale: deadline.progress.on_kept_connection() && deadline.progress.status().is_none(),
            },
        };
        if self.typed_code_is_gone() {
            // It went with this try. Without one, the next would be a bad sign-in.
            return RetryDecision::Give;
        }
        let retries = self.context.max_retries();
        let budget = RetryBudget { retries, time: deadline.remaining(), jitter: deadline.clock().jitter() };
        decide(self.effect, self.attempts - u32::from(self.replaced), outcome, budget)
    }

    /// Whether the user typed a code for this call, and it went with one of its sign-ins.
    fn typed_code_is_gone(&self) -> bool {
        self.has_typed_code && !self.context.call().is_some_and(Call::has_otp)
    }

    fn tell(&self, ended: &Result<Response>, wait_ms: u64) {
        let (status, code) = match ended {
            Ok(response) => (response.status(), response.error().map_or(0, |error| error.kind().code())),
            Err(error) => (error.status().unwrap_or(0), error.kind().code()),
        };
        self.context.emit(EventKind::RequestRetried, || {
            json!({
                "host": self.context.deadline().host(),
                "method": self.request.method.as_str(),
                "path": self.uri.path(),
                "attempt": self.attempts,
                "status": status,
                "code": code,
                "wait_ms": wait_ms,
            })
        });
    }

    /// The last try was the last.
    fn end(self, ended: Result<Response>) -> Result<Response> {
        match ended {
            Ok(response) => Ok(response.with_attempts(self.attempts)),
            Err(error) => {
                // What may have been done must not hide behind an answer that says that nothing was.
                let in_doubt = self.effect == Idempotency::NonIdempotent && self.context.deadline().progress.was_sent();
                if in_doubt { Err(self.explain(error)) } else { self.give_up(error) }
            }
        }
    }

    /// It cannot be tried again, although it should: what became of the last try is what its caller hears.
    fn stop(mut self, error: Error) -> Result<Response> {
        match self.lost.take() {
            Some(lost) if self.answer.is_none() && error.kind() != ErrorKind::Canceled => {
                let note = format!("; it was not sent again: {}", error.message());
                Err(self.explain(lost.noting(&note).with_retry_after(error.retry_after())))
            }
            _ => self.give_up(error),
        }
    }

    /// There will be no other answer than what there is, unless a later one came that cannot be used.
    fn give_up(mut self, error: Error) -> Result<Response> {
        let says_more = matches!(
            error.kind(),
            ErrorKind::Canceled | ErrorKind::Protocol | ErrorKind::TooLarge | ErrorKind::Internal
        );
        match self.answer.take() {
            Some(answer) if !says_more => Ok(answer.with_attempts(self.attempts)),
            _ => Err(self.explain(error)),
        }
    }

    fn explain(&self, error: Error) -> Error {
        let mut notes = String::new();
        if self.attempts > 1 {
            notes += &format!("; it was tried {} times", self.attempts);
        }
        if self.sent && self.effect == Idempotency::NonIdempotent {
            notes += "; the request may have taken effect: look, before you send it again";
        }
        error.noting(&notes).sent(self.sent).with_attempts(self.attempts)
    }
}
