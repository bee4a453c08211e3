//! The send loop of one request: rate limit, credentials, and retries. No other code retries a request.

use std::sync::Arc;

use serde_json::json;
use ureq::http::Uri;

use super::request::{Request, header_value};
use super::retry::{self, AttemptOutcome, RetryBudget, RetryDecision, is_of_the_connection};
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
    /// The resolved URL.
    uri: &'a Uri,
    /// The largest body; `None` streams it.
    max_body: Option<u64>,
    auth: RequestAuth,
    idempotency: Idempotency,
    account: &'a str,
    attempts: u32,
    sent: bool,
    /// Whether the call began with a typed one-time code. One attempt uses it up.
    had_code: bool,
    /// The replacement for a JWT that the API refused. At most one per call.
    newer: Option<Token>,
    /// Whether the API refused a JWT of this call, also where no replacement was fetched.
    refused_once: bool,
    /// The last response, except one whose refused JWT was replaced.
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
        max_body: Option<u64>,
    ) -> Self {
        SendLoop {
            account: account_of(uri.path(), account_id),
            had_code: context.has_code(),
            context,
            request,
            uri,
            max_body,
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
            let result = match self.attempt() {
                Ok(result) => result,
                Err(error) => return self.end_without_attempt(error),
            };
            if self.newer.is_some() {
                continue;
            }
            let RetryDecision::Retry(wait) = self.decide(&result) else { return self.finish(result) };
            self.tell_retry(&result, wait.as_millis() as u64);
            match result {
                Ok(response) => self.response = Some(response),
                Err(error) => self.last_failure = Some(error),
            }
            if let Err(error) = self.context.deadline().wait_between(Phase::Retry, wait) {
                return self.end_without_attempt(error);
            }
        }
    }

    fn wire_request(&self) -> WireRequest<'a> {
        let mut outgoing = wire::outgoing(self.context, self.request.method.clone(), self.uri.clone());
        self.request.add_headers_to(&mut outgoing.headers);
        outgoing.body = self.request.body_to_send();
        WireRequest { outgoing, graphql: self.request.is_graphql(), max_body: self.max_body, purpose: "request" }
    }

    /// Makes one attempt.
    ///
    /// An outer error: nothing was sent, because a permit or a token was missing. An inner error: the attempt failed.
    fn attempt(&mut self) -> Result<Result<Response>> {
        let (context, deadline) = (self.context, self.context.deadline());
        if let (RequestAuth::Bearer(bearer), None) = (&self.auth, &self.newer) {
            // Fills the token cache before it takes a rate permit, so that a wait for a token blocks no other request.
            bearer.token_for_call(deadline, context.code).map_err(|error| error.sent(false))?;
        }
        let permit = RatePermit::wait(&context.client.rate_limiter, self.account, deadline)?;
        let begin = || {
            // Nothing may wait after this: a permit booked in the store cannot be returned.
            permit.wait_for_store()?;
            deadline.progress.on_sent.set(permit.on_sent());
            Ok::<_, Error>(())
        };
        let request = self.wire_request();
        let result = match &self.auth {
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
                    // A failed probe counts as an attempt that was not sent. If little time is left, the error is a
                    // timed-out wait: it ends the call.
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
                let result = wire::send_as(context, request, Identity::Bearer, Some(authorization), &[]);
                if let Ok(response) = &result
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
                result
            }
        };
        permit.end();
        deadline.progress.on_sent.set(None);
        self.attempts += 1;
        // An attempt whose refused JWT was replaced had no effect.
        self.sent |= deadline.progress.was_sent() && self.newer.is_none();
        Ok(result)
    }

    /// Decides whether and when to make another attempt.
    fn decide(&self, result: &Result<Response>) -> RetryDecision {
        if result.as_ref().is_ok_and(|response| response.status() < 400) {
            return RetryDecision::Give;
        }
        let deadline = self.context.deadline();
        let outcome = match result {
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
        retry::decide(self.idempotency, self.attempts - u32::from(self.refused_once), outcome, budget)
    }

    /// Whether an authentication attempt of this call sent the code that the user typed.
    fn code_is_used(&self) -> bool {
        self.had_code && !self.context.has_code()
    }

    /// Emits the event of a retry.
    fn tell_retry(&self, result: &Result<Response>, wait_ms: u64) {
        let (status, code) = match result {
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

    /// The call's result after its last attempt.
    fn finish(self, result: Result<Response>) -> Result<Response> {
        match result {
            Ok(response) => Ok(response.with_attempts(self.attempts)),
            Err(error) => {
                // Returning the earlier response would say that nothing was done; this attempt may have done it.
                let in_doubt =
                    self.idempotency == Idempotency::NonIdempotent && self.context.deadline().progress.was_sent();
                if in_doubt { Err(self.with_notes(error)) } else { self.response_or(error) }
            }
        }
    }

    /// The result if no further attempt could start: the last attempt's error, else the last response.
    fn end_without_attempt(mut self, error: Error) -> Result<Response> {
        match self.last_failure.take() {
            Some(last_failure) if self.response.is_none() && error.kind() != ErrorKind::Canceled => {
                let note = format!("; it was not sent again: {}", error.message());
                Err(self.with_notes(last_failure.noting(&note).with_retry_after(error.retry_after())))
            }
            _ => self.response_or(error),
        }
    }

    /// Returns the last response, or the error if there is no response or the error says more.
    fn response_or(mut self, error: Error) -> Result<Response> {
        let says_more = matches!(
            error.kind(),
            ErrorKind::Canceled | ErrorKind::Protocol | ErrorKind::TooLarge | ErrorKind::Internal
        );
        match self.response.take() {
            Some(response) if !says_more => Ok(response.with_attempts(self.attempts)),
            _ => Err(self.with_notes(error)),
        }
    }

    /// Adds to an error the number of attempts, and whether the request may have taken effect.
    fn with_notes(&self, error: Error) -> Error {
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
