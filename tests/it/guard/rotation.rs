//! A password that is changed under load, while answers overtake each other.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use boomi_auth::{Call, Client, Credentials, ErrorKind};
use boomi_emulator::users::REGULAR;
use boomi_emulator::{Delay, Emulator};

use crate::common::{self, AUDIT_LOG, by_password, status_of};
use crate::load::{AtTheEnd, assert_rejected_at_most, at_once, status, until};

const THREADS: usize = 64;
const NEW_PASSWORD: &str = "new-password";

/// Too little to wait for the end of any hold.
const LITTLE: Duration = Duration::from_secs(3);
/// Enough for everybody's turn.
const ENOUGH: Duration = Duration::from_secs(60);

/// Calls until it is over, each with so much time, and every fourth for a JWT. Returns whether any was held.
fn is_held_at_last(client: &Client, number: usize, timeout: Duration, is_over: &AtomicBool) -> bool {
    let mut call = Call::new();
    call.set_timeout(timeout).unwrap();
    let mut held = false;
    while !is_over.load(Ordering::Relaxed) {
        let error = match number % 4 {
            0 => client.generate_jwt(None, Some(&call)).err(),
            _ => client.get(AUDIT_LOG).call(&call).send().err(),
        };
        // One whose turn did not come in time is not held.
        held |= error.is_some_and(|error| error.kind() == ErrorKind::Held && !error.message().contains("under way"));
        if held {
            break;
        }
    }
    held
}

/// Waits for so many accepted sign-ins.
fn until_accepted(boomi: &Emulator, count: u32) {
    until(boomi, || status(boomi, REGULAR).accepted >= count);
}

fn is_served(client: &Client, number: usize) -> bool {
    match number % 4 {
        0 => client.token().is_ok(),
        _ => status_of(client, AUDIT_LOG) == 200,
    }
}

#[test]
fn password_change_under_load_does_not_lock_the_user() {
    let boomi = Emulator::start_unlimited();
    boomi.set_delays(vec![Delay::new(50, 500)]);
    let clients = [(); 2].map(|()| common::client(&boomi, by_password(REGULAR)));
    let is_over = AtomicBool::new(false);
    let held = std::thread::scope(|scope| {
        let crowd =
            scope.spawn(|| at_once(THREADS, |number| is_held_at_last(&clients[number % 2], number, LITTLE, &is_over)));
        let ends = AtTheEnd(|| is_over.store(true, Ordering::Relaxed));
        until_accepted(&boomi, 10);
        boomi.set_password(REGULAR.name, NEW_PASSWORD);
        std::mem::forget(ends);
        crowd.join().unwrap()
    });
    assert_eq!(held, [true; THREADS]);
    assert_rejected_at_most(&boomi, REGULAR, 5);

    // Whoever has the time waits for the end of the hold.
    boomi.set_password(REGULAR.name, REGULAR.password);
    boomi.set_delays(Vec::new());
    assert_eq!(at_once(THREADS, |number| is_served(&clients[number % 2], number)), [true; THREADS]);
    assert_rejected_at_most(&boomi, REGULAR, 5);
}

#[test]
fn a_password_changed_under_load_is_asked_for_again() {
    let boomi = Emulator::start_unlimited();
    boomi.set_delays(vec![Delay::new(50, 500)]);
    let vault = Arc::new(Mutex::new(REGULAR.password));
    let secret = vault.clone();
    let credentials =
        Credentials::from_fn(move |_| Credentials::password(REGULAR.name, secret.lock().map(|it| *it).unwrap()));
    let client = common::client(&boomi, credentials);
    let is_over = AtomicBool::new(false);
    let held = std::thread::scope(|scope| {
        let crowd = scope.spawn(|| at_once(THREADS, |number| is_held_at_last(&client, number, ENOUGH, &is_over)));
        let ends = AtTheEnd(|| is_over.store(true, Ordering::Relaxed));
        until_accepted(&boomi, 10);
        *vault.lock().unwrap() = NEW_PASSWORD;
        boomi.set_password(REGULAR.name, NEW_PASSWORD);
        let before = status(&boomi, REGULAR).accepted;
        until_accepted(&boomi, before + 10);
        drop(ends);
        crowd.join().unwrap()
    });
    boomi.set_delays(Vec::new());
    assert_eq!(held, [false; THREADS], "the new one needs no hold");
    assert_eq!(at_once(THREADS, |number| is_served(&client, number)), [true; THREADS]);
    let status = status(&boomi, REGULAR);
    assert!((1..=5).contains(&status.total_rejections) && !status.locked, "{status:?}");
}

#[test]
fn a_password_changed_again_and_again_under_load_does_not_lock() {
    let boomi = Emulator::start_unlimited();
    boomi.set_delays(vec![Delay::new(5, 50)]);
    let client = common::client(&boomi, by_password(REGULAR));
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let crowd = scope.spawn(|| at_once(THREADS, |number| is_held_at_last(&client, number, LITTLE, &is_over)));
        let ends = AtTheEnd(|| is_over.store(true, Ordering::Relaxed));
        for round in 1..=5 {
            until_accepted(&boomi, round * 10);
            boomi.set_password(REGULAR.name, NEW_PASSWORD);
            boomi.set_password(REGULAR.name, REGULAR.password);
        }
        boomi.set_password(REGULAR.name, NEW_PASSWORD);
        std::mem::forget(ends);
        assert_eq!(crowd.join().unwrap(), [true; THREADS]);
    });
    assert_rejected_at_most(&boomi, REGULAR, 5);
}
