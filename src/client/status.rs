//! The status classifier: what a response means for its request, and for the credentials. Pure functions.

use std::time::Duration;

use super::error_body::{ErrorBody, GraphqlData};
use crate::credentials::{CredentialKind, TOKEN_PREFIX};
use crate::error::{Error, ErrorKind};
use crate::guard::history::LoginOutcome;

#[derive(Debug, Clone)]
pub(crate) enum Identity {
    /// None, or those in the request's own headers.
    Caller,
    User {
        username: String,
        kind: CredentialKind,
        with_code: bool,
    },
    Bearer,
}

pub(crate) struct ResponseFacts<'a> {
    pub(crate) host: &'a str,
    pub(crate) status: u16,
    pub(crate) error_body: &'a ErrorBody,
    /// The data beside GraphQL errors in a 200; `None` without such errors.
    pub(crate) graphql_data: Option<GraphqlData>,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) identity: &'a Identity,
}

/// Whether the server rejected the credentials. (DataHub answers 403 with this id.)
pub(crate) fn is_rejection(status: u16, error_body: &ErrorBody) -> bool {
    status == 401 || (status == 403 && error_body.id.as_deref() == Some("error.user.login"))
}

pub(crate) fn outcome(status: u16, error_body: &ErrorBody) -> LoginOutcome {
    match status {
        status if is_rejection(status, error_body) => LoginOutcome::Rejected,
        200..=299 | 400 | 405 | 406 | 409..=428 => LoginOutcome::Accepted,
        // Such as a token of another account, a missing privilege, an unknown path, a proxy's page, a busy server.
        _ => LoginOutcome::Neutral,
    }
}

pub(crate) fn error_of(response: &ResponseFacts<'_>) -> Option<Error> {
    let message = response.error_body.message.as_deref().unwrap_or_default();
    let quoted = if message.is_empty() { String::new() } else { format!(": {message}") };
    let (kind, advice) = match response.status {
        200..=299 => match response.graphql_data? {
            GraphqlData::Absent | GraphqlData::Null if is_unauthorized(message) => (ErrorKind::CredentialsRejected, ""),
            _ => (ErrorKind::HttpStatus, "GraphQL reports errors in a response with status 200"),
        },
        status if is_rejection(status, response.error_body) => (ErrorKind::CredentialsRejected, ""),
        403 if response.error_body.id.as_deref() == Some("error.user.auth") => (
            ErrorKind::PermissionDenied,
            "an API token belongs to the account it was made in: use a token made in this account (Settings > Account \
             Information and Setup > Boomi Enterprise Platform API Tokens), or check the account id",
        ),
        403 => (
            ErrorKind::PermissionDenied,
            "the user is known and not allowed to do this: check its privileges (API Access among them), the account \
             id, and whether the account allows this machine's address",
        ),
        400 if message.contains("does not have access rights") => {
            (ErrorKind::PermissionDenied, "the user lacks a privilege for this")
        }
        429 => (ErrorKind::RateLimited, "too many requests: send fewer, or wait"),
        503 => (
            ErrorKind::RateLimited,
            "the server is too busy, or the account is over its rate limit (10 requests a second) or daily quota",
        ),
        300..=399 => (
            ErrorKind::HttpStatus,
            "redirects are not followed, so that credentials stay where they belong: check the base URL and the path",
        ),
        _ => (ErrorKind::HttpStatus, ""),
    };
    let advice = if kind == ErrorKind::CredentialsRejected { rejected_advice(response) } else { advice.into() };
    let advice = if advice.is_empty() { advice } else { format!(" ({advice})") };
    let text = format!("{} answered {}{quoted}{advice}", response.host, response.status);
    let retryable = matches!(response.status, 408 | 425 | 429 | 500 | 502..=504);
    let error = Error::new(kind, text).with_status(response.status).with_retry_after(response.retry_after);
    Some(error.retryable(retryable).sent(true).with_attempts(1))
}

pub(crate) fn is_unauthorized(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    message.contains("unauthorized") || message.contains("unauthenticated") || message.contains("not authorized")
}

fn rejected_advice(response: &ResponseFacts<'_>) -> String {
    match response.identity {
        Identity::Caller => "the request was sent without this client's credentials, because the auth scheme is none: \
                               check the request's own Authorization header"
            .into(),
        Identity::Bearer => "the JWT was refused: it may have expired, which it does after five minutes, or this API \
                               takes Basic only"
            .into(),
        Identity::User { username, kind: CredentialKind::ApiToken, .. } => format!(
            "the API token of {} was rejected: check the user name and the token, and whether the token was disabled \
             or revoked (Settings > Account Information and Setup > Boomi Enterprise Platform API Tokens). If it is \
             the password, say so (in the environment: BOOMI_PASSWORD). Six rejected sign-ins lock a user",
            username.trim_start_matches(TOKEN_PREFIX)
        ),
        Identity::User { username, kind: CredentialKind::Password, with_code } => {
            let code = if *with_code {
                "A one-time code went with it: check its secret and this machine's clock; a code works once, so \
                 another program may have used it"
            } else {
                "No one-time code went with it: a user with two-factor authentication needs one, or an API token"
            };
            format!(
                "the password of {username} was rejected: check the user name and password. {code}. Single sign-on \
                 (SSO) users who are not administrators cannot use a password: they need an API token (Settings > \
                 Account Information and Setup > Boomi Enterprise Platform API Tokens). Six rejected sign-ins lock \
                 a user"
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(status: u16, id: Option<&str>, message: &str, graphql_data: Option<GraphqlData>) -> Option<Error> {
        let error_body = ErrorBody { message: Some(message.to_owned()), id: id.map(str::to_owned) };
        let user =
            Identity::User { username: "user@example.com".into(), kind: CredentialKind::Password, with_code: false };
        error_of(&ResponseFacts {
            host: "api.boomi.com",
            status,
            error_body: &error_body,
            graphql_data,
            retry_after: None,
            identity: &user,
        })
    }

    #[test]
    fn status_maps_to_error_kind() {
        use ErrorKind::*;
        let cases = [
            (401, None, "", None, CredentialsRejected),
            (403, Some("error.user.login"), "", None, CredentialsRejected),
            (403, Some("error.user.auth"), "", None, PermissionDenied),
            (403, None, "", None, PermissionDenied),
            (400, None, "The authenticated user does not have access rights to this", None, PermissionDenied),
            (400, None, "bad", None, HttpStatus),
            (404, None, "", None, HttpStatus),
            (302, None, "", None, HttpStatus),
            (429, None, "", None, RateLimited),
            (503, None, "", None, RateLimited),
            (500, None, "", None, HttpStatus),
            (200, None, "x Unauthorized", Some(GraphqlData::Null), CredentialsRejected),
            (200, None, "x Unauthorized", Some(GraphqlData::There), HttpStatus),
            (200, None, "syntax", Some(GraphqlData::Absent), HttpStatus),
        ];
        for (status, id, message, graphql, kind) in cases {
            let error = error(status, id, message, graphql).unwrap();
            assert_eq!((error.kind(), error.status()), (kind, Some(status)), "{error}");
            assert!(error.message().contains("api.boomi.com") && error.message().contains(message), "{error}");
        }
        for status in [200, 201, 202, 204] {
            assert!(error(status, None, "", None).is_none());
        }
    }

    #[test]
    fn advice_names_the_remedy() {
        let advice = |status, id| error(status, id, "", None).unwrap().message().to_owned();
        assert!(advice(401, None).contains("need an API token") && advice(401, None).contains("(SSO)"));
        assert!(advice(403, Some("error.user.auth")).contains("account it was made in"));
        assert!(error(503, None, "", None).unwrap().is_retryable());
        assert!(!error(401, None, "", None).unwrap().is_retryable());
    }
}
