//! The send loop of one request: rate limit, credentials, and retries. No other code retries a request.

use std::sync::Arc;

use serde_json::json;
use ureq::http::Uri;

use super::request::{Request, header_value};
use super::retry::{AttemptOutcome, RetryBudget, RetryDecision, decide, is_of_the_connection};
use super::sign_in::attempt::{AuthAttempt, Purpose, TIME_TO_BEGIN};
use super::wire::{self, WireRequest};
use super::{context::CallContext, idempotency::Idempotency, response::Response, signed, status::Identity};
use crate::error::{Error, ErrorKind, Result};
use crate::rate_limit::{RatePermit, account_of};
use crate::{bearer::BearerSource, event::EventKind, jwt::Token, transport::progress::Phase};

pub(crate) enum RequestAuth {
    Caller,
    User,
    Bearer(Arc<dyn BearerSource>),
}

/// Sends one request until it gets a response that counts, or no retry is left.
pub(crate) struct SendLoop<'a> {
    context: &'a CallContext<'a>,
    request: &'a Request,
    /// The request's path or URL, with account and query.
    uri: &'a Uri,
    most: Option<u64>,
    auth: RequestAuth,
    idempotency: Idempotency,
    account: &'a str,
    attempts: u32,
    sent: bool,
    /// Whether the user typed a code for this call, which one attempt sends.
    had_code: bool,
    /// The replacement for a JWT that the API refused. A call makes one.
    newer: Option<Token>,
    refused_once: bool,
    /// The last response, except one that refused a JWT that was refused_once.
    response: Option<Response>,
    /// The error of the last attempt that got no response.
    last_failure: Option<Error>,
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
            had_code: context.has_code(),
            context,
            request,
            uri,
            most,
            auth,
            idempotency: Idempotency::of(request),
            attempts: 0,
            sent: false,
            newer: None,
            refused_once: false,
            response: None,
            last_failure: None,
        }
    }

    /// Returns the last response, whatever its status.
    pub(crate) fn run(mut self) -> Result<Response> {
        loop {
            let ended = match self.attempt() {
                Ok(ended) => ended,
                Err(error) => return self.stop(error),
            };
            if self.newer.is_some() {
                continue;
            }
            let RetryDecision::Retry(wait) = self.decide(&ended) else { return self.end(ended) };
            self.tell_retry(&ended, wait.as_millis() as u64);
            match ended {
                Ok(response) => self.response = Some(response),
                Err(error) => self.last_failure = Some(error),
            }
            if let Err(error) = self.context.deadline().wait_between(Phase::Retry, wait) {
                return self.stop(error);
            }
        }
    }

    fn wire_request(&self) -> WireRequest<'a> {
        let mut outgoing = wire::outgoing(self.context, self.request.method.clone(), self.uri.clone());
        self.request.add_headers_to(&mut outgoing.headers);
        outgoing.body = self.request.body_to_send();
        WireRequest { outgoing, graphql: self.request.is_graphql(), most: self.most, purpose: "request" }
    }

    /// Makes one attempt. The outer error means that none was made: no rate permit, no guard's permit, or no token.
    fn attempt(&mut self) -> Result<Result<Response>> {
        let (context, deadline) = (self.context, self.context.deadline());
        if let (RequestAuth::Bearer(bearer), None) = (&self.auth, &self.newer) {
            // Before the rate permit, which a wait for a token must not keep from other requests.
            bearer.token_for_call(deadline, context.code).map_err(|error| error.sent(false))?;
        }
        let permit = RatePermit::wait(&context.client.rate_limiter, self.account, deadline)?;
        let begin = || {
            // The last wait: the store does not take an unused permit back.
            permit.wait_for_store()?;
            deadline.progress.on_sent.set(permit.on_sent());
            Ok::<_, Error>(())
        };
        let request = self.wire_request();
        let ended = match &self.auth {
            RequestAuth::Caller => {
                begin()?;
                wire::send_as(context, request, Identity::Caller, None, &[])
            }
            RequestAuth::User => {
                let purpose = Purpose::new(request.purpose, self.uri.path(), deadline.remaining());
                let purpose = Purpose { rate_permit: Some(&permit), ..purpose };
                match AuthAttempt::begin(context, purpose) {
                    Ok(attempt) => match begin() {
                        Ok(()) => signed::send(context, request, attempt),
                        Err(error) => {
                            attempt.withdraw(context.code);
                            return Err(error);
                        }
                    },
                    // A failed probe counts as an attempt that was not sent. With less time left, a wait timed out
                    // instead.
                    Err(error) if is_of_the_connection(error.kind()) && deadline.remaining() >= TIME_TO_BEGIN => {
                        Err(error)
                    }
                    Err(error) => return Err(error),
                }
            }
            RequestAuth::Bearer(bearer) => {
                let token = match self.newer.take() {
                    Some(newer) => newer,
                    // If this fails, the request itself was not sent.
                    None => bearer.token_for_call(deadline, context.code).map_err(|error| error.sent(false))?,
                };
                begin()?;
                let authorization = header_value(token.in_header(), true);
                let ended = wire::send_as(context, request, Identity::Bearer, Some(authorization), &[]);
                if let Ok(response) = &ended
                    && response.refuses_bearer()
                    && !std::mem::replace(&mut self.refused_once, true)
                {
                    // A refused request had no effect, except a GraphQL mutation of which one field was refused after
                    // another was executed. If the typed code was sent for the refused JWT, the token request would be
                    // rejected.
                    let may_have_effect = self.idempotency == Idempotency::NonIdempotent && response.may_have_begun();
                    if may_have_effect || self.code_is_used() {
                        bearer.observe_refusal(&token, response.status());
                    } else {
                        self.newer = bearer.replace(&token, response.status(), deadline, context.code);
                    }
                }
                ended
            }
        };
        permit.end();
        deadline.progress.on_sent.set(None);
        self.attempts += 1;
        // An attempt whose JWT was refused and refused_once had no effect.
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
                retryable: error.is_retryable(),
                sent: deadline.progress.was_sent(),
                went_stale: deadline.progress.on_kept_connection() && deadline.progress.status.get().is_none(),
            },
        };
        if self.code_is_used() {
            // Without a code, the next attempt would be rejected.
            return RetryDecision::Give;
        }
        let retries = self.context.client.max_retries;
        let budget = RetryBudget { retries, time: deadline.remaining(), jitter: deadline.clock().jitter() };
        decide(self.idempotency, self.attempts - u32::from(self.refused_once), outcome, budget)
    }

    /// Whether an authentication attempt of this call sent the code that the user typed.
    fn code_is_used(&self) -> bool {
        self.had_code && !self.context.has_code()
    }

    fn tell_retry(&self, ended: &Result<Response>, wait_ms: u64) {
        let (status, code) = match ended {
            Ok(response) => (response.status(), response.error().map_or(0, |error| error.kind().code())),
            Err(error) => (error.status().unwrap_or(0), error.kind().code()),
        };
        self.context.client.emit(EventKind::RequestRetried, || {
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

    fn end(self, ended: Result<Response>) -> Result<Response> {
        match ended {
            Ok(response) => Ok(response.with_attempts(self.attempts)),
            Err(error) => {
                // An earlier response says that nothing was done, and so must not hide an attempt that may have had an
                // effect.
                let in_doubt =
                    self.idempotency == Idempotency::NonIdempotent && self.context.deadline().progress.was_sent();
                if in_doubt { Err(self.explain(error)) } else { self.give_up(error) }
            }
        }
    }

    /// The result if a retry cannot be made: the error of the attempt before it, if that got no response.
    fn stop(mut self, error: Error) -> Result<Response> {
        match self.last_failure.take() {
            Some(last_failure) if self.response.is_none() && error.kind() != ErrorKind::Canceled => {
                let note = format!("; it was not sent again: {}", error.message());
                Err(self.explain(last_failure.noting(&note).with_retry_after(error.retry_after())))
            }
            _ => self.give_up(error),
        }
    }

    /// The last response, unless there is none or the error says more.
    fn give_up(mut self, error: Error) -> Result<Response> {
        let says_more = matches!(
            error.kind(),
            ErrorKind::Canceled | ErrorKind::Protocol | ErrorKind::TooLarge | ErrorKind::Internal
        );
        match self.response.take() {
            Some(response) if !says_more => Ok(response.with_attempts(self.attempts)),
            _ => Err(self.explain(error)),
        }
    }

    fn explain(&self, error: Error) -> Error {
        let mut notes = String::new();
        if self.attempts > 1 {
            notes += &format!("; it was tried {} times", self.attempts);
        }
        if self.sent && self.idempotency == Idempotency::NonIdempotent {
            notes += "; the request may have taken effect: look, before you send it again";
        }
        error.noting(&notes).sent(self.sent).with_attempts(self.attempts)
    }
}
