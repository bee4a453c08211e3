//! A network partition between the store and some processes, and processes that are stopped.

use std::time::Duration;

use boomi_auth::{Client, Credentials};
use boomi_emulator::Emulator;
use boomi_emulator::users::REGULAR;

use crate::common::{AUDIT_LOG, by_token};
use crate::fork::{all_went_well, fork, fork_many};
use crate::load::{assert_rejected_at_most, exchanges, until};
use crate::relay::Relay;
use crate::server::Server;
use crate::together::{connected, is_refused};

/// Far more than a few waits of 50 ms for the store, and far less than a call that hangs.
const NOT_HUNG_MS: u64 = 5000;

fn client(boomi: &Emulator, url: &str, credentials: Credentials) -> Client {
    crate::client_of(boomi).credentials(credentials).store(url).build().unwrap()
}

fn wrong() -> Credentials {
    Credentials::password(REGULAR.name, "wrong").unwrap()
}

fn works(boomi: &Emulator, client: &Client) -> bool {
    let began = boomi.at_ms();
    let is_served = client.get(AUDIT_LOG).send().is_ok_and(|answer| answer.status() == 200);
    is_served && client.generate_jwt(None, None).is_ok() && boomi.at_ms() - began < NOT_HUNG_MS
}

/// Cuts half of the processes off from the store for some seconds: both halves work all the time.
fn both_sides_work(cut: fn(&Relay)) {
    let (boomi, store) = (Emulator::start_unlimited(), Server::start());
    let relay = Relay::to(&store);
    let (here, beyond) =
        (client(&boomi, &store.url(""), by_token(REGULAR)), client(&boomi, &relay.url(), by_token(REGULAR)));
    let (reader, writer) = std::io::pipe().unwrap();
    let workers = fork_many(4, |number| {
        let client = connected(if number % 2 == 0 { &here } else { &beyond });
        std::io::Write::write_all(&mut &writer, b"x").unwrap();
        let end = boomi.at_ms() + 6000;
        while boomi.at_ms() < end {
            if !works(&boomi, client) {
                return false;
            }
        }
        true
    });
    // So the pipe ends with the workers.
    drop(writer);
    std::io::Read::read_exact(&mut &reader, &mut [0; 4]).unwrap();
    cut(&relay);
    std::thread::park_timeout(Duration::from_secs(3));
    relay.mend();
    all_went_well(workers);
    assert_rejected_at_most(&boomi, REGULAR, 0);
    assert!(works(&boomi, connected(&beyond)));
}

#[test]
fn both_sides_of_a_partition_work() {
    both_sides_work(Relay::cut);
}

#[test]
fn both_sides_of_a_one_way_partition_work() {
    both_sides_work(Relay::cut_answers);
}

#[test]
fn held_credential_stays_held_after_a_partition() {
    let (boomi, store) = (Emulator::start_unlimited(), Server::start());
    let relay = Relay::to(&store);
    let wrong = client(&boomi, &relay.url(), wrong());
    let (reader, writer) = std::io::pipe().unwrap();
    let (go, goes) = std::io::pipe().unwrap();
    let workers = fork_many(6, |_| {
        let is_held = is_refused(connected(&wrong));
        std::io::Write::write_all(&mut &writer, b"x").unwrap();
        std::io::Read::read_exact(&mut &go, &mut [0]).unwrap();
        is_held && (0..10).all(|_| is_refused(&wrong))
    });
    drop(writer);
    std::io::Read::read_exact(&mut &reader, &mut [0; 6]).unwrap();
    relay.cut();
    std::io::Write::write_all(&mut &goes, b"xxxxxx").unwrap();
    all_went_well(workers);
    assert_rejected_at_most(&boomi, REGULAR, 2);
}

#[test]
fn partition_from_the_start_locks_no_user() {
    let (boomi, store) = (Emulator::start_unlimited(), Server::start());
    let relay = Relay::to(&store);
    relay.cut();
    let (here, beyond) = (client(&boomi, &store.url(""), wrong()), client(&boomi, &relay.url(), wrong()));
    all_went_well(fork_many(5, |number| {
        let client = if number == 0 { &beyond } else { connected(&here) };
        (0..10).all(|_| is_refused(client))
    }));
    assert_rejected_at_most(&boomi, REGULAR, 4);
}

#[test]
fn stopped_leader_is_followed_by_another() {
    let (boomi, store) = (Emulator::start_unlimited(), Server::start());
    let client = client(&boomi, &store.url(""), by_token(REGULAR));
    boomi.set_delays(vec![boomi_emulator::Delay::new(2000, 2000).on("/auth/")]);
    let leader = fork(|| connected(&client).token().is_ok());
    until(&boomi, || exchanges(&boomi) == 1);
    leader.stop();
    let stopped = boomi.at_ms();
    boomi.set_delays(Vec::new());
    // When the lease is over, within the call's deadline.
    let second = connected(&client).token().unwrap();
    until(&boomi, || boomi.at_ms() - stopped >= 20_000);
    leader.go_on();
    assert!(leader.went_well());
    let stranger = self::client(&boomi, &store.url(""), by_token(REGULAR));
    assert_eq!(connected(&stranger).token().unwrap().jwt(), second.jwt());
    assert_eq!(exchanges(&boomi), 2);
}

#[test]
fn frozen_store_delays_no_call() {
    let (boomi, store) = (Emulator::start_unlimited(), Server::start());
    let right = client(&boomi, &store.url(""), by_token(REGULAR));
    connected(&right).token().unwrap();
    store.signal("-STOP");
    let stopped = boomi.at_ms();
    while boomi.at_ms() - stopped < 20_000 {
        assert!(works(&boomi, &right));
        std::thread::park_timeout(Duration::from_millis(20));
    }
    store.signal("-CONT");
    until(&boomi, || works(&boomi, &right) && right.describe().contains(r#""problem":null"#));
}
