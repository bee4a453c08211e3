//! What a caller of the Rust API gets that must not wait: what is there, and no I/O; and what ends it.

use std::time::Duration;

use boomi_auth::{AuthScheme, CaMode, Client, Credentials, ErrorKind};
use boomi_emulator::{Emulator, users::REGULAR};

fn client_of(boomi: &Emulator) -> Client {
    Client::builder()
        .credentials(Credentials::api_token(REGULAR.name, REGULAR.token).unwrap())
        .account_id("account123")
        .base_url(boomi.base_url())
        .ca_pem(boomi.ca_pem().as_bytes(), CaMode::Only)
        .proxy("")
        .build()
        .unwrap()
}

#[test]
fn connections_are_closed_when_told_and_made_anew() {
    let boomi = Emulator::start();
    let client = client_of(&boomi);
    let get = || {
        let answer = client.get("/api/rest/v1/{accountId}/AuditLog/documentId-321").query("a", "b").send().unwrap();
        let url = format!("{}/api/rest/v1/account123/AuditLog/documentId-321?a=b", boomi.base_url());
        assert_eq!(answer.check().unwrap().url(), url);
        boomi.log().last().unwrap().connection
    };
    let first = get();
    assert_eq!(get(), first);
    client.close_connections();
    let second = get();
    assert_ne!(second, first);
    assert_eq!(get(), second);
}

#[test]
fn what_is_kept_is_given_and_nothing_is_asked_for() {
    let boomi = Emulator::start();
    let client = client_of(&boomi);
    let provider = client.token_provider(None).unwrap();
    let url = format!("{}/graphql", boomi.base_url());
    let at_once = |scheme| client.authorize_at_once(scheme, &url).unwrap();

    assert!(provider.peek(Duration::ZERO).is_none());
    assert!(at_once(AuthScheme::Auto).is_none() && at_once(AuthScheme::Basic).is_none());
    assert_eq!(at_once(AuthScheme::None).unwrap().headers().count(), 0);
    assert!(boomi.log().is_empty());

    let token = client.token().unwrap();
    let asked = boomi.log().len();
    assert_eq!(provider.peek(Duration::ZERO).unwrap().jwt(), token.jwt());
    assert!(provider.peek(Duration::from_secs(3600)).is_some(), "more than a part of its life is not waited for");
    let mut authorization = at_once(AuthScheme::Jwt).unwrap();
    assert_eq!(authorization.headers().next().unwrap().1.expose(), token.header());
    // Its answer teaches as any other: a token that was refused is not given again.
    assert!(authorization.observe(401, b""));
    assert!(provider.peek(Duration::ZERO).is_none() && at_once(AuthScheme::Jwt).is_none());
    let elsewhere = client.authorize_at_once(AuthScheme::Jwt, "https://example.com/").unwrap_err();
    assert_eq!(elsewhere.kind(), ErrorKind::InvalidArgument);
    assert_eq!(boomi.log().len(), asked);
}
