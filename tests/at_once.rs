//! What a caller gets that must not wait: what is there, and no I/O.

use std::time::Duration;

use boomi_auth::{AuthScheme, CaMode, Client, Credentials, ErrorKind};
use boomi_emulator::{Emulator, users::REGULAR};

#[test]
fn what_is_kept_is_given_and_nothing_is_asked_for() {
    let boomi = Emulator::start();
    let client = Client::builder()
        .credentials(Credentials::api_token(REGULAR.name, REGULAR.token).unwrap())
        .account_id("account123")
        .base_url(boomi.base_url())
        .ca_pem(boomi.ca_pem().as_bytes(), CaMode::Only)
        .proxy("")
        .build()
        .unwrap();
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
    assert!(provider.peek(Duration::ZERO).is_none());
    let elsewhere = client.authorize_at_once(AuthScheme::Jwt, "https://example.com/").unwrap_err();
    assert_eq!(elsewhere.kind(), ErrorKind::InvalidArgument);
    assert_eq!(boomi.log().len(), asked);
}
