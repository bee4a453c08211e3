//! What several test files need.
#![allow(dead_code, reason = "no test file needs all of it")]

use std::sync::{Arc, Mutex};

use boomi_auth::{CaMode, Client, ClientBuilder, Credentials, Error, Event};
use boomi_emulator::Emulator;
use boomi_emulator::users::{ACCOUNT, Known};

pub const AUDIT_LOG: &str = "/api/rest/v1/{accountId}/AuditLog/documentId-321";
pub const DEPLOYMENT: &str = "/api/rest/v1/{accountId}/Deployment/documentId-321";
pub const PARTNER_AUDIT_LOG: &str = "/partner/api/rest/v1/{accountId}/AuditLog/documentId-321";
pub const GRAPHQL_QUERY: &str = r#"{"query":"{ organizations { id } }"}"#;

/// A client of the emulator, over TLS, that no proxy of the environment gets in the way of.
pub fn builder(boomi: &Emulator) -> ClientBuilder {
    let builder = Client::builder().base_url(boomi.base_url()).account_id(ACCOUNT).proxy("");
    // Crowds come as they like; who tests the pace sets one.
    builder.requests_per_second(0).ca_pem(boomi.ca_pem().as_bytes(), CaMode::Only)
}

pub fn client(boomi: &Emulator, credentials: Credentials) -> Client {
    builder(boomi).credentials(credentials).build().unwrap()
}

pub fn by_password(user: Known) -> Credentials {
    Credentials::password(user.name, user.password).unwrap()
}

pub fn by_token(user: Known) -> Credentials {
    Credentials::api_token(user.name, user.token).unwrap()
}

/// Moves the server's clock to where a code can be sent at once: none is within 2 s of its ends.
pub fn to_the_middle_of_a_step(boomi: &Emulator) {
    boomi.advance_clock((10 - boomi.now()).rem_euclid(30));
}

/// The status of a signed-in GET.
pub fn status_of(client: &Client, path: &str) -> u16 {
    client.get(path).send().unwrap().status()
}

/// Fails, with the whole message, unless each of `parts` is in it.
#[track_caller]
pub fn assert_says(error: &Error, parts: &[&str]) {
    for part in parts {
        assert!(error.message().contains(part), "{part:?} is not in: {error}");
    }
}

/// Keeps the events of a client.
#[derive(Clone, Default)]
pub struct Events(Arc<Mutex<Vec<Event>>>);

impl Events {
    pub fn handler(&self) -> impl Fn(&Event) + Send + Sync + 'static {
        let events = self.0.clone();
        move |event| events.lock().unwrap().push(event.clone())
    }

    /// The events so far, as JSON.
    pub fn json(&self) -> Vec<String> {
        self.0.lock().unwrap().iter().map(Event::to_json).collect()
    }

    /// The names of the events so far.
    pub fn names(&self) -> Vec<&'static str> {
        self.0.lock().unwrap().iter().map(|event| event.kind().name()).collect()
    }
}
