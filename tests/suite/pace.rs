//! The pace: no more requests of an account in any second than are set.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use boomi_auth::ErrorKind::{Canceled, InvalidArgument, RateLimited};
use boomi_emulator::Emulator;
use boomi_emulator::users::{ACCOUNT, REGULAR, SUB_ACCOUNT};

use crate::api::{Api, Response, Setting};
use crate::run_twice;
use crate::support::{AUDIT_LOG, by_password, client, failure, get, of, regular, within_ms};

run_twice!(
    no_second_has_more_than_the_pace,
    boomi_refuses_nobody_who_keeps_its_pace,
    a_turn_after_the_deadline_is_an_error_at_once,
    each_account_has_a_pace_of_its_own,
    a_wait_for_a_turn_is_canceled,
    without_a_pace_nobody_waits,
);

fn at_pace<A: Api>(boomi: &Emulator, requests_per_second: u32) -> A::Client {
    client::<A>(of(boomi), [by_password(REGULAR), Setting::RequestsPerSecond(requests_per_second)])
}

fn no_second_has_more_than_the_pace<A: Api>() {
    let boomi = Emulator::start_unlimited();
    let client = at_pace::<A>(&boomi, 5);
    let begun = boomi.at_ms();
    let threads = [(); 4].map(|()| {
        let client = client.clone();
        std::thread::spawn(move || {
            for _ in 0..3 {
                let response = get::<A>(&client, AUDIT_LOG).unwrap();
                assert_eq!((response.status(), response.attempts()), (200, 1));
            }
        })
    });
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!(boomi.log().len(), 12);
    assert!(boomi.most_in_a_second(ACCOUNT) <= 5, "{}", boomi.most_in_a_second(ACCOUNT));
    // The last two of twelve have the third second to themselves.
    assert!(boomi.at_ms() - begun >= 2000);
}

fn boomi_refuses_nobody_who_keeps_its_pace<A: Api>() {
    let boomi = Emulator::start();
    let client = regular::<A>(&boomi);
    for _ in 0..25 {
        assert_eq!(get::<A>(&client, AUDIT_LOG).unwrap().attempts(), 1);
    }
    assert!(boomi.log().iter().all(|entry| entry.status == 200));
}

fn a_turn_after_the_deadline_is_an_error_at_once<A: Api>() {
    let boomi = Emulator::start_unlimited();
    let client = at_pace::<A>(&boomi, 1);
    get::<A>(&client, AUDIT_LOG).unwrap();
    let request = A::request("GET", AUDIT_LOG).unwrap();
    let begun = boomi.at_ms();
    let failure = failure(A::send(&client, &request, Some(&within_ms::<A>(500))));
    assert!(boomi.at_ms() - begun < 400, "nobody waits for that");
    failure.assert_unsent(RateLimited, &["not sent", "requests_per_second", ACCOUNT]);
    assert!(failure.retryable && failure.attempts == 0, "{failure:?}");
    assert!((500..=1100).contains(&failure.retry_after_ms), "{failure:?}");
    assert_eq!(boomi.log().len(), 1);
    // A little more than it said is time enough, and what was refused has used up nothing.
    A::send(&client, &request, Some(&within_ms::<A>(failure.retry_after_ms as u32 + 500))).unwrap();
}

fn each_account_has_a_pace_of_its_own<A: Api>() {
    let boomi = Emulator::start_unlimited();
    let client = at_pace::<A>(&boomi, 1);
    for account in [ACCOUNT, SUB_ACCOUNT] {
        let mut request = A::request("GET", AUDIT_LOG).unwrap();
        A::set_account_id(&mut request, account).unwrap();
        A::send(&client, &request, Some(&within_ms::<A>(900))).unwrap();
        failure(A::send(&client, &request, Some(&within_ms::<A>(100)))).assert_unsent(RateLimited, &[account]);
    }
    // Tokens are asked for at a pace that the guard keeps.
    A::generate_jwt(&client, None, Some(&within_ms::<A>(900))).unwrap();
}

fn a_wait_for_a_turn_is_canceled<A: Api>() {
    let boomi = Emulator::start_unlimited();
    let waits = Arc::new(AtomicBool::new(false));
    let ends = waits.clone();
    let hook = Setting::WaitHook(Box::new(move || ends.load(Ordering::SeqCst)));
    let client = client::<A>(of(&boomi), [by_password(REGULAR), Setting::RequestsPerSecond(1), hook]);
    get::<A>(&client, AUDIT_LOG).unwrap();
    waits.store(true, Ordering::SeqCst);
    failure(get::<A>(&client, AUDIT_LOG)).assert_unsent(Canceled, &["waiting for the rate limit"]);
    assert_eq!(boomi.log().len(), 1);
}

fn without_a_pace_nobody_waits<A: Api>() {
    let boomi = Emulator::start_unlimited();
    let client = at_pace::<A>(&boomi, 0);
    for _ in 0..20 {
        A::send(&client, &A::request("GET", AUDIT_LOG).unwrap(), Some(&within_ms::<A>(900))).unwrap();
    }
    failure(A::client(vec![Setting::RequestsPerSecond(10_001)]))
        .assert_unsent(InvalidArgument, &["10001 requests a second"]);
    failure(A::client(vec![Setting::MaxRetries(101)])).assert_unsent(InvalidArgument, &["101 retries"]);
}
