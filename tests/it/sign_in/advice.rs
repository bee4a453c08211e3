//! What Boomi says, in each of its shapes, and what a person is told to do about it.

use boomi_auth::{Credentials, ErrorKind};
use boomi_emulator::users::{BOUND, REGULAR, SUB_ACCOUNT};
use boomi_emulator::{Emulator, ErrorShape, Scripted};

use crate::common::{self, AUDIT_LOG, GRAPHQL_QUERY, assert_says, by_password, by_token};

const TOKEN_PAGE: &str = "Settings > Account Information and Setup > Boomi Enterprise Platform API Tokens";

#[test]
fn rejected_password_error_names_tokens_sso_and_the_lock() {
    let boomi = Emulator::start();
    let wrong = Credentials::password(REGULAR.name, "wrong").unwrap();
    let client = common::client(&boomi, wrong);
    let jwt = client.generate_jwt(None, None).unwrap_err();
    client.reset_guard();
    let errors = [jwt, client.get(AUDIT_LOG).send().unwrap().check().unwrap_err()];
    for error in errors {
        assert_eq!((error.kind(), error.status()), (ErrorKind::CredentialsRejected, Some(401)));
        assert!(error.was_sent() && !error.is_retryable() && error.attempts() == 1, "{error:?}");
        let host = boomi.base_url().trim_start_matches("https://");
        let words = ["Username or password is incorrect", "(SSO) users who are not administrators", TOKEN_PAGE, "lock"];
        assert_says(&error, &words);
        assert_says(&error, &[host, REGULAR.name]);
    }
}

#[test]
fn a_rejected_token_is_told_of_the_name_and_of_revocation() {
    let boomi = Emulator::start();
    let wrong = Credentials::api_token(REGULAR.name, "wrong-token").unwrap();
    let error = common::client(&boomi, wrong).generate_jwt(None, None).unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::CredentialsRejected, Some(401)));
    assert_says(&error, &["the API token of user@example.com", "user name", "revoked", TOKEN_PAGE]);
    assert!(!error.message().contains("(SSO)"), "{error}");
}

#[test]
fn error_user_login_is_a_rejection_although_its_status_is_403() {
    let boomi = Emulator::start();
    let wrong = Credentials::password(REGULAR.name, "wrong").unwrap();
    let events = common::Events::default();
    let client = common::builder(&boomi).credentials(wrong).on_event(events.handler()).build().unwrap();
    let response = client.get("/mdm/api/rest/v1/{accountId}/models").send().unwrap();
    let error = response.error().unwrap();
    assert_eq!((error.kind(), error.status()), (ErrorKind::CredentialsRejected, Some(403)));
    assert_says(&error, &[ErrorShape::UserMessageLogin.message(), "(SSO)", TOKEN_PAGE]);
    assert_eq!(events.names(), ["sign_in_rejected"]);
}

#[test]
fn error_user_auth_names_the_account_and_is_no_rejection() {
    let boomi = Emulator::start();
    let events = common::Events::default();
    let client = common::builder(&boomi).credentials(by_token(BOUND)).on_event(events.handler()).build().unwrap();
    let error = client.generate_jwt(Some(SUB_ACCOUNT), None).unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::PermissionDenied, Some(403)));
    assert_says(&error, &[ErrorShape::UserMessageAuth.message(), "the account it was made in", TOKEN_PAGE]);
    assert!(events.names().is_empty());
}

#[test]
fn every_shape_of_error_is_read_into_the_message_and_the_error() {
    let boomi = Emulator::start();
    // Arrivals may be nearer to each other than departures.
    boomi.set_rate_limit(boomi_emulator::RateLimit { requests_per_second: None, retry_after_s: None });
    let client = common::client(&boomi, by_password(REGULAR));
    client.token().unwrap();
    for shape in ErrorShape::ALL.iter().copied() {
        // Inside a 200, GraphQL's errors are errors. A failed item of a bulk answer is the caller's to find there.
        let graphql = matches!(shape, ErrorShape::GraphqlUnauthorized | ErrorShape::GraphqlSystemError);
        let status = if shape == ErrorShape::BulkItem { 400 } else { shape.status() };
        // A refused JWT is replaced, and the request sent again.
        boomi.answer_next(
            Scripted::from(shape).status(status).on(if graphql { "/graphql" } else { "/api/" }).for_ever(),
        );
        client.reset_guard();
        let request = if graphql { client.post("/graphql").body(GRAPHQL_QUERY) } else { client.get(AUDIT_LOG) };
        let response = request.send().unwrap();
        let name = shape.name();
        assert_eq!((response.status(), response.message()), (status, Some(shape.message())), "{name}");
        assert_eq!(response.body(), shape.body().as_bytes(), "{name}");
        let error = response.check().unwrap_err();
        assert_eq!((error.kind(), error.status()), (kind_of(shape), Some(status)), "{name}");
        assert_says(&error, &[shape.message()]);
        boomi.clear_scripted();
    }
}

fn kind_of(shape: ErrorShape) -> ErrorKind {
    use ErrorShape::*;
    match shape {
        UserMessageLogin | JettyUnauthorizedHtml | JettyInvalidCredentialsHtml | GraphqlUnauthorized => {
            ErrorKind::CredentialsRejected
        }
        OasForbiddenJson | UserMessageAuth | DataHubPrivilegeXml | ControlPlaneJson => ErrorKind::PermissionDenied,
        OasUnavailableJson | RateLimitXml => ErrorKind::RateLimited,
        RestDocJson | OasGoneJson | RestLiveJson | RestXml | RestXmlNamespaced | GraphqlSystemError | BulkItem => {
            ErrorKind::HttpStatus
        }
    }
}

#[test]
fn every_shape_of_error_is_read_at_the_exchange_too() {
    let boomi = Emulator::start();
    let client = common::client(&boomi, by_password(REGULAR));
    for shape in ErrorShape::ALL.iter().copied().filter(|shape| shape.status() != 200) {
        boomi.answer_next(Scripted::from(shape));
        client.reset_guard();
        let error = client.generate_jwt(None, None).unwrap_err();
        assert_eq!((error.kind(), error.status()), (kind_of(shape), Some(shape.status())), "{}", shape.name());
        assert_says(&error, &[shape.message()]);
    }
}

#[test]
fn body_without_jwt_is_a_protocol_error_that_describes_it() {
    let boomi = Emulator::start();
    let client = common::client(&boomi, by_password(REGULAR));
    for (body, words) in [
        ("<!DOCTYPE html><title>Sign in to the proxy</title>", "HTML page"),
        ("<html>", "HTML page"),
        ("{\"token\":\"a.b.c\"}", "JSON"),
        ("", "empty"),
        ("two.parts", "no JWT"),
    ] {
        boomi.answer_next(Scripted::new(200, "text/plain", body));
        let error = client.generate_jwt(None, None).unwrap_err();
        assert_eq!((error.kind(), error.status()), (ErrorKind::Protocol, Some(200)), "{body}");
        assert_says(&error, &["localhost", "account123", words]);
    }
}

#[test]
fn graphql_errors_beside_data_are_errors_and_keep_the_data() {
    let boomi = Emulator::start();
    let client = common::client(&boomi, by_password(REGULAR));
    client.token().unwrap();
    let body = r#"{"data":{"a":1},"errors":[{"message":"one"},{"message":"two"}]}"#;
    boomi.answer_next(Scripted::new(200, "application/json", body));
    let response = client.post("/graphql").body(GRAPHQL_QUERY).send().unwrap();
    assert_eq!((response.message(), response.body()), (Some("one; two"), body.as_bytes()));
    assert_eq!(response.check().unwrap_err().kind(), ErrorKind::HttpStatus);
}

#[test]
fn retry_after_comes_with_the_error() {
    let boomi = Emulator::start();
    let client = common::client(&boomi, by_password(REGULAR));
    boomi.answer_next(Scripted::from(ErrorShape::RateLimitXml).header("Retry-After", "7"));
    let error = client.generate_jwt(None, None).unwrap_err();
    assert_eq!(error.retry_after(), Some(std::time::Duration::from_secs(7)));
    assert!(error.is_retryable());
}
