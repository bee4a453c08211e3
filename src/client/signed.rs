//! A request with the credentials of an authentication attempt, and what its outcome says of them.

use super::wire::{self, WireRequest};
use super::{
    context::CallContext, error_body::ErrorBody, request::header_value, response::Response,
    sign_in::attempt::AuthAttempt, status,
};
use crate::{error::Result, guard::history::LoginOutcome};

pub(crate) const OTP_HEADER: &str = "x-boomi-otp";

/// Sends the request with the attempt's credentials, and ends the attempt.
pub(crate) fn send(context: &CallContext<'_>, request: WireRequest<'_>, attempt: AuthAttempt) -> Result<Response> {
    let purpose = request.purpose;
    let (response, outcome) = send_unended(context, request, &attempt);
    end(context, attempt, outcome, purpose);
    response
}

/// Sends the request; the caller ends the attempt with the outcome, or another.
pub(crate) fn send_unended(
    context: &CallContext<'_>,
    mut request: WireRequest<'_>,
    attempt: &AuthAttempt,
) -> (Result<Response>, LoginOutcome) {
    if let Some(code) = attempt.code() {
        request.outgoing.headers.insert(OTP_HEADER, header_value(code, true));
    }
    let authorization = header_value(attempt.header(), true);
    let response = wire::send_as(context, request, attempt.identity(), Some(authorization), &[attempt.secret()]);
    let outcome = outcome(context, &response);
    (response, outcome)
}

pub(crate) fn end(context: &CallContext<'_>, attempt: AuthAttempt, outcome: LoginOutcome, purpose: &str) {
    attempt.end(context.client, context.code, outcome, context.deadline().progress.status.get(), purpose);
}

fn outcome(context: &CallContext<'_>, response: &Result<Response>) -> LoginOutcome {
    match (response, context.deadline().progress.status.get()) {
        (Ok(response), _) => status::outcome(response.status(), &response.error_body),
        (Err(_), Some(status)) => status::outcome(status, &ErrorBody::default()),
        (Err(_), None) if context.deadline().progress.was_sent() => LoginOutcome::Unanswered,
        (Err(_), None) => LoginOutcome::NotSent,
    }
}
