//! A store that loses data, is full, or has data of other programs.

use boomi_auth::{Client, Credentials};
use boomi_emulator::Emulator;
use boomi_emulator::users::REGULAR;

use crate::common::{AUDIT_LOG, by_password, by_token};
use crate::load::{assert_rejected_at_most, exchanges, status};
use crate::server::Server;
use crate::together::is_refused;

fn client(boomi: &Emulator, store: &Server, credentials: Credentials) -> Client {
    crate::client_of(boomi).credentials(credentials).store(&store.url("")).build().unwrap()
}

fn works(client: &Client) {
    assert_eq!(client.get(AUDIT_LOG).send().unwrap().status(), 200);
    client.token().unwrap();
}

#[test]
fn store_that_loses_data_locks_no_user() {
    let (boomi, store) = (Emulator::start_unlimited(), Server::start());
    let wrong = client(&boomi, &store, Credentials::password(REGULAR.name, "wrong").unwrap());
    for _ in 0..20 {
        assert!(is_refused(&wrong));
        store.ask(&["FLUSHALL"]);
    }
    assert_rejected_at_most(&boomi, REGULAR, 5);

    let right = client(&boomi, &store, by_token(REGULAR));
    for _ in 0..5 {
        works(&right);
        store.ask(&["FLUSHALL"]);
    }
}

#[test]
fn garbage_in_the_store_is_replaced() {
    let (boomi, store) = (Emulator::start_unlimited(), Server::start());
    let client = client(&boomi, &store, by_token(REGULAR));
    works(&client);
    for key in store.keys() {
        for field in ["e", "sealed"] {
            if store.ask(&["HEXISTS", &key, field]) == redis::Value::Int(1) {
                store.ask(&["HSET", &key, field, "garbage"]);
            }
        }
    }
    let stranger = self::client(&boomi, &store, by_token(REGULAR));
    works(&stranger);
    works(&client);
    assert_eq!(exchanges(&boomi), 2);
    assert!(!store.content().contains("garbage"));
}

#[test]
fn foreign_keys_and_later_formats_are_left_alone() {
    let (boomi, store) = (Emulator::start_unlimited(), Server::start());
    works(&client(&boomi, &store, by_token(REGULAR)));
    let keys = store.keys();
    store.ask(&["FLUSHALL"]);
    for key in &keys {
        store.ask(&["SET", key, "somebody's"]);
    }
    works(&client(&boomi, &store, by_token(REGULAR)));
    assert!(keys.iter().all(|key| store.ask(&["GET", key]) == redis::Value::BulkString(b"somebody's".into())));

    store.ask(&["FLUSHALL"]);
    let history = keys.iter().find(|key| key.contains("guard")).unwrap();
    store.ask(&["HSET", history, "n", "7", "e", r#"{"version":2}"#]);
    works(&client(&boomi, &store, by_token(REGULAR)));
    assert!(store.content().contains(r#"{"version":2}"#));
}

#[test]
fn full_store_breaks_no_call() {
    let (boomi, store) = (Emulator::start_unlimited(), Server::start());
    store.ask(&["CONFIG", "SET", "maxmemory", "1"]);
    works(&client(&boomi, &store, by_password(REGULAR)));
    let wrong = client(&boomi, &store, Credentials::password(REGULAR.name, "wrong").unwrap());
    assert!((0..20).all(|_| is_refused(&wrong)));
    assert_rejected_at_most(&boomi, REGULAR, 5);
    assert!(status(&boomi, REGULAR).total_rejections >= 1);
}
