//! Sends one token request to the server, `GET /auth/jwt/generate/{accountId}`, with Basic credentials.

use std::time::Duration;

use serde_json::json;
use ureq::http::{HeaderValue, Method, Uri, header};
use zeroize::Zeroizing;

use super::sign_in::attempt::{AuthAttempt, Purpose};
use super::wire::{self, WireRequest};
use super::{context::CallContext, response::Response, signed};
use crate::error::{Error, Result};
use crate::{clock::Moment, event::EventKind, guard::history::LoginOutcome, jwt::Token};

const PURPOSE: &str = "jwt";
/// A JWT is a few hundred bytes.
const LARGEST_RESPONSE: u64 = 64 * 1024;

pub(crate) fn fetch(context: &CallContext<'_>, account_id: &str) -> Result<Token> {
    let attempt = begin(context, account_id, context.deadline().remaining(), None)?;
    send(context, attempt, account_id)
}

/// Begins the request's authentication attempt, which waits at most `max_wait` for a permit.
pub(crate) fn begin(
    context: &CallContext<'_>,
    account_id: &str,
    max_wait: Duration,
    while_waiting: Option<&dyn Fn()>,
) -> Result<AuthAttempt> {
    let uri = uri(context, account_id)?;
    AuthAttempt::begin(context, Purpose { while_waiting, ..Purpose::new(PURPOSE, uri.path(), max_wait) })
}

/// Sends the request. The response body is the JWT as text.
pub(crate) fn send(context: &CallContext<'_>, attempt: AuthAttempt, account_id: &str) -> Result<Token> {
    let deadline = context.deadline();
    let mut outgoing = wire::outgoing(context, Method::GET, uri(context, account_id)?);
    outgoing.headers.insert(header::ACCEPT, HeaderValue::from_static("text/plain, */*"));
    let request = WireRequest { outgoing, graphql: false, max_body: Some(LARGEST_RESPONSE), purpose: PURPOSE };
    let began = deadline.clock().moment();
    let (response, mut outcome) = signed::send_unended(context, request, &attempt);
    let token = response.and_then(|response| read(response, deadline.host(), account_id, began));
    if outcome == LoginOutcome::Accepted && token.is_err() {
        // Boomi answers accepted credentials with a token: this came from elsewhere, such as a proxy.
        outcome = LoginOutcome::Neutral;
    }
    signed::end(context, attempt, outcome, PURPOSE);
    let token = token?;
    context.client.emit(EventKind::TokenIssued, || {
        json!({
            "host": deadline.host(),
            "account_id": account_id,
            "expires_at": token.expires_at(),
            "lifetime_s": token.lifetime().as_secs(),
        })
    });
    Ok(token)
}

/// Reads the token. Its lifetime counts from `began`, just before the request was sent.
fn read(response: Response, host: &str, account_id: &str, began: Moment) -> Result<Token> {
    if let Some(error) = response.error() {
        return Err(error);
    }
    let (status, date) = (response.status(), response.date());
    let body = Zeroizing::new(response.into_body());
    Token::read(&body, account_id, date, began).map_err(|error| {
        let text = format!("{host} gave no token for the account {account_id}: {error}");
        Error::new(error.kind(), text).with_status(status).sent(true).with_attempts(1)
    })
}

fn uri(context: &CallContext<'_>, account_id: &str) -> Result<Uri> {
    context.client.origin.resolve("/auth/jwt/generate/{accountId}", Some(account_id))
}
