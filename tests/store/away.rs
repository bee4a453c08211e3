//! A store that is unreachable for a while: no call fails because of it.

use std::net::TcpListener;

use boomi_auth::{Client, Credentials, EventKind};
use boomi_emulator::Emulator;
use boomi_emulator::users::REGULAR;

use crate::common::{AUDIT_LOG, Events, by_token};
use crate::load::{assert_rejected_at_most, exchanges, status, until};
use crate::server::{Server, free_port};
use crate::together::{connected, is_refused};

/// Far more than the promised 50 ms, and far less than a call that hangs.
const NOT_HUNG_MS: u64 = 5000;

fn client_of(boomi: &Emulator, url: &str, credentials: Credentials, events: &Events) -> Client {
    crate::client_of(boomi).credentials(credentials).store(url).on_event(events.handler()).build().unwrap()
}

fn works(boomi: &Emulator, client: &Client) {
    let began = boomi.at_ms();
    assert_eq!(client.get(AUDIT_LOG).send().unwrap().status(), 200);
    client.token().unwrap();
    assert!(boomi.at_ms() - began < NOT_HUNG_MS);
}

#[test]
fn absent_store_is_reported_once_and_delays_no_call() {
    let boomi = Emulator::start_unlimited();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = format!("redis://127.0.0.1:{}", silent.local_addr().unwrap().port());
    for url in [format!("redis://127.0.0.1:{}", free_port()), silent, "redis://no-such-host.invalid".into()] {
        let events = Events::default();
        let client = client_of(&boomi, &url, by_token(REGULAR), &events);
        for _ in 0..20 {
            works(&boomi, &client);
        }
        let told = events.names().iter().filter(|name| **name == EventKind::StateUnavailable.name()).count();
        assert_eq!(told, 1, "{url}: {:?}", events.json());
        assert!(client.describe().contains(r#""problem":"the store"#), "{}", client.describe());
    }
}

#[test]
fn rejections_counted_during_outage_reach_the_store() {
    let (boomi, store, events) = (Emulator::start_unlimited(), Server::start(), Events::default());
    let wrong = || Credentials::password(REGULAR.name, "wrong").unwrap();
    let one = client_of(&boomi, &store.url(""), wrong(), &events);
    store.kill();
    assert!(is_refused(&one));
    store.run();
    // The first client writes its count when it next uses the store.
    until(&boomi, || {
        assert!(is_refused(&one));
        store.content().contains("\"rejections\":1")
    });
    // So a new process starts with that count.
    let status_now = status(&boomi, REGULAR).total_rejections;
    let held = one.describe_guard().unwrap();
    assert!(held.contains("\"rejections\":1"), "{held}");
    assert_eq!(status(&boomi, REGULAR).total_rejections, status_now);
    assert_rejected_at_most(&boomi, REGULAR, 2);
}

#[test]
fn restarted_store_is_used_at_once() {
    let (boomi, store, events) = (Emulator::start_unlimited(), Server::start(), Events::default());
    let client = client_of(&boomi, &store.url(""), by_token(REGULAR), &events);
    works(&boomi, &client);
    store.kill();
    store.run();
    works(&boomi, &client);
    assert!(!events.names().contains(&EventKind::StateUnavailable.name()), "{:?}", events.json());
}

#[test]
fn killed_leader_is_followed_by_another() {
    let (boomi, store) = (Emulator::start_unlimited(), Server::start());
    let events = Events::default();
    let client = client_of(&boomi, &store.url(""), by_token(REGULAR), &events);
    boomi.set_delays(vec![boomi_emulator::Delay::new(2000, 2000).on("/auth/")]);
    let (mut ended, end) = std::io::pipe().unwrap();
    let leader = crate::fork::fork(|| {
        let _ = std::thread::spawn({
            let client = client.clone();
            move || connected(&client).token()
        });
        let _ = std::io::Read::read(&mut ended, &mut [0]);
        true
    });
    until(&boomi, || exchanges(&boomi) == 1);
    // It ends in the middle of its token request.
    std::io::Write::write_all(&mut &end, b"x").unwrap();
    assert!(leader.went_well());
    boomi.set_delays(Vec::new());
    // Succeeds within the call's deadline.
    client.token().unwrap();
    assert_rejected_at_most(&boomi, REGULAR, 0);
}
