//! One exchange at a time, however many need it, and however it goes.

use std::collections::HashSet;

use boomi_auth::{Client, Credentials, ErrorKind};
use boomi_emulator::users::REGULAR;
use boomi_emulator::{Delay, Emulator, Outage, OutageKind};

use crate::common::{self, AUDIT_LOG, by_password, status_of};
use crate::load::{assert_rejected_at_most, at_once, exchanges, status, until};

const THREADS: usize = 64;

/// A client whose credentials are known to be good, so that the guard alone would let several exchanges through at
/// once.
fn proven_client(boomi: &Emulator) -> Client {
    let client = common::client(boomi, by_password(REGULAR));
    assert_eq!(status_of(&client, AUDIT_LOG), 200);
    client
}

/// All ask at once. Returns the different tokens.
fn tokens_of_a_crowd(client: &Client) -> HashSet<String> {
    let get = |_| client.token_provider(None).unwrap().get().unwrap().jwt().to_owned();
    at_once(THREADS, get).into_iter().collect()
}

#[test]
fn a_crowd_at_a_cold_provider_costs_one_exchange() {
    let boomi = Emulator::start_unlimited();
    boomi.set_delays(vec![Delay::new(50, 300).on("/auth/")]);
    let client = proven_client(&boomi);
    assert_eq!((tokens_of_a_crowd(&client).len(), exchanges(&boomi)), (1, 1));
}

#[test]
fn a_crowd_shares_one_rejection() {
    let boomi = Emulator::start_unlimited();
    boomi.set_delays(vec![Delay::new(50, 300).on("/auth/")]);
    let client = common::client(&boomi, Credentials::password(REGULAR.name, "wrong").unwrap());
    let provider = client.token_provider(None).unwrap();
    let mut rejected = 0;
    for result in at_once(THREADS, |_| provider.get()) {
        let error = result.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::CredentialsRejected | ErrorKind::Held), "{error}");
        rejected += usize::from(error.kind() == ErrorKind::CredentialsRejected);
    }
    assert!(rejected >= 1 && exchanges(&boomi) == 1);
    assert_rejected_at_most(&boomi, REGULAR, 1);
}

#[test]
fn there_are_never_two_exchanges_at_once_while_they_fail() {
    let boomi = Emulator::start_unlimited();
    let client = proven_client(&boomi);
    boomi.set_delays(vec![Delay::new(20, 60).on("/auth/")]);
    boomi.set_outage(Some(Outage::new(OutageKind::Unavailable).on("/auth/")));
    let tokens = std::thread::scope(|scope| {
        let crowd = scope.spawn(|| tokens_of_a_crowd(&client));
        until(&boomi, || exchanges(&boomi) >= 3);
        boomi.set_outage(None);
        crowd.join().unwrap()
    });
    assert_eq!((tokens.len(), boomi.in_flight("/auth/").most), (1, 1));
    assert_eq!(status(&boomi, REGULAR).total_rejections, 0);
}

#[test]
fn a_crowd_that_renews_shares_its_exchanges() {
    let boomi = Emulator::start_unlimited();
    let client = proven_client(&boomi);
    let provider = client.token_provider(None).unwrap();
    let first = provider.get().unwrap();
    boomi.set_delays(vec![Delay::new(50, 300).on("/auth/")]);
    at_once(THREADS, |_| provider.refresh(None).unwrap());
    assert_ne!(provider.get().unwrap().jwt(), first.jwt());
    // Whoever comes when the first has landed asks anew; nobody beside another.
    assert_eq!(boomi.in_flight("/auth/").most, 1);
}
