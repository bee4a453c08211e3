//! One call's own limits.

use std::net::TcpListener;
use std::sync::mpsc;

use boomi_auth::ErrorKind::{Canceled, InvalidArgument, Timeout};
use boomi_emulator::Emulator;
use boomi_emulator::users::REGULAR;

use crate::api::{Api, Response, Setting};
use crate::run_twice;
use crate::support::{AUDIT_LOG, assert_invalid, at, by_password, client, failure, get, regular};

run_twice!(
    a_bad_limit_is_refused_and_the_call_stays_bad,
    a_cancelled_call_sends_nothing_and_stays_cancelled,
    a_call_is_cancelled_while_it_waits,
    a_client_cancels_what_has_begun_and_works_on,
    a_hook_ends_a_call_that_waits,
    a_calls_own_deadline_counts,
);

/// A server that takes connections and says nothing.
fn silent() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    (listener, url)
}

fn a_bad_limit_is_refused_and_the_call_stays_bad<A: Api>() {
    let boomi = Emulator::start();
    let client = regular::<A>(&boomi);
    let mut call = A::call();
    assert_invalid(A::set_timeout_ms(&mut call, 0), "timeout is zero");
    assert_invalid(A::set_otp(&mut call, ""), "one-time code");
    A::set_timeout_ms(&mut call, 1000).unwrap();
    assert_invalid(A::generate_jwt(&client, None, Some(&call)), "timeout is zero");
    let request = A::request("GET", AUDIT_LOG).unwrap();
    assert_invalid(A::send(&client, &request, Some(&call)), "timeout is zero");
    for code in ["", "12 34", "123456\n", "12345\u{7f}"] {
        let mut call = A::call();
        assert_invalid(A::set_otp(&mut call, code), "one-time code");
        failure(A::generate_jwt(&client, None, Some(&call))).assert_unsent(InvalidArgument, &["one-time code"]);
    }
    assert!(boomi.log().is_empty());
}

fn a_cancelled_call_sends_nothing_and_stays_cancelled<A: Api>() {
    let boomi = Emulator::start();
    let client = regular::<A>(&boomi);
    let call = A::call();
    A::cancel_call(&call);
    for _ in 0..2 {
        failure(A::generate_jwt(&client, None, Some(&call))).assert_unsent(Canceled, &["localhost"]);
        let request = A::request("GET", AUDIT_LOG).unwrap();
        failure(A::send(&client, &request, Some(&call))).assert_unsent(Canceled, &["localhost"]);
    }
    assert!(boomi.log().is_empty());
    assert_eq!(get::<A>(&client, AUDIT_LOG).unwrap().status(), 200);
}

fn a_call_is_cancelled_while_it_waits<A: Api>() {
    let (listener, url) = silent();
    let client = client::<A>(at(&url), [by_password(REGULAR)]);
    let call = A::call();
    let elsewhere = call.clone();
    let waiting = std::thread::spawn(move || failure(A::generate_jwt(&client, None, Some(&call))));
    // It is under way once its connection is there.
    let _connection = listener.accept().unwrap();
    A::cancel_call(&elsewhere);
    waiting.join().unwrap().assert(Canceled, &["127.0.0.1"]);
}

fn a_client_cancels_what_has_begun_and_works_on<A: Api>() {
    let (listener, url) = silent();
    let client = client::<A>(at(&url), [by_password(REGULAR)]);
    let elsewhere = client.clone();
    A::cancel_client(&client);
    let waiting = std::thread::spawn(move || failure(get::<A>(&client, AUDIT_LOG)));
    // The cancellation before it did nothing to it: it connects.
    let _connection = listener.accept().unwrap();
    A::cancel_client(&elsewhere);
    waiting.join().unwrap().assert(Canceled, &["127.0.0.1"]);
}

fn a_hook_ends_a_call_that_waits<A: Api>() {
    let (listener, url) = silent();
    listener.set_nonblocking(true).unwrap();
    let (sender, receiver) = mpsc::channel();
    // It ends the call once that is under way: its connection is there.
    let hook = Setting::WaitHook(Box::new(move || {
        sender.send(std::thread::current().id()).unwrap();
        listener.accept().is_ok()
    }));
    let client = client::<A>(at(&url), [by_password(REGULAR), hook]);
    failure(A::generate_jwt(&client, None, None)).assert(Canceled, &["127.0.0.1"]);
    drop(client);
    let threads: Vec<_> = receiver.iter().collect();
    assert!(!threads.is_empty());
    assert!(threads.iter().all(|thread| *thread == std::thread::current().id()), "asked on the calling thread");
}

fn a_calls_own_deadline_counts<A: Api>() {
    let (_listener, url) = silent();
    let client = client::<A>(at(&url), [by_password(REGULAR)]);
    let mut call = A::call();
    A::set_timeout_ms(&mut call, 400).unwrap();
    let failure = failure(A::generate_jwt(&client, None, Some(&call)));
    failure.assert(Timeout, &["400 ms", "waiting for the response"]);
    assert!(failure.sent && failure.retryable && failure.status == 0, "{failure:?}");
}
