//! Connections: kept, shared by threads, and given up when they are dead.

use std::io::{Read, Write};
use std::sync::mpsc::channel;

use boomi_auth::ErrorKind;
use boomi_emulator::Emulator;
use boomi_emulator::users::REGULAR;

use crate::common::{self, AUDIT_LOG, by_token, status_of};
use crate::servers::{answer_of, get, get_from, http, plain_client, read_head, serve};

#[test]
fn threads_share_one_connection_in_turn() {
    let boomi = Emulator::start();
    let client = common::client(&boomi, by_token(REGULAR));
    for _ in 0..4 {
        let client = client.clone();
        std::thread::spawn(move || assert_eq!(status_of(&client, AUDIT_LOG), 200)).join().unwrap();
    }
    let log = boomi.log();
    assert_eq!(log.iter().filter(|entry| entry.connection == log[0].connection).count(), 4, "{log:?}");
}

#[test]
fn an_error_status_does_not_cost_the_connection() {
    let boomi = Emulator::start();
    let client = common::client(&boomi, by_token(REGULAR));
    let statuses = ["/nothing", AUDIT_LOG].map(|path| status_of(&client, path));
    let log = boomi.log();
    assert_eq!((statuses, log[0].connection), ([404, 200], log[1].connection));
}

/// Answers each connection's first request with `answer`, and closes the connection when told to. The numbers
/// it sends are those of the connections that requests came on.
fn closes_after_one(answer: String) -> (u16, std::sync::mpsc::Receiver<usize>, std::sync::mpsc::Sender<()>) {
    let ((came, requests), (close, closing)) = (channel(), channel::<()>());
    let mut number = 0;
    let port = serve(move |mut stream| {
        let head = read_head(&mut stream);
        if head.is_empty() {
            return;
        }
        if head.starts_with("PING") {
            stream.write_all(b"x").unwrap();
            return;
        }
        number += 1;
        let _ = came.send(number);
        stream.write_all(answer.as_bytes()).unwrap();
        let _ = closing.recv();
    });
    (port, requests, close)
}

#[test]
fn a_connection_that_the_server_closed_is_not_used_again() {
    let (port, requests, close) = closes_after_one(answer_of("200 OK", "{}"));
    let client = plain_client(&http(port)).build().unwrap();
    for number in 1..=3 {
        assert_eq!(get(&client).unwrap().status(), 200);
        assert_eq!(requests.recv().unwrap(), number);
        close.send(()).unwrap();
        // The server takes the next connection after it closed the last, so once this is answered, that is closed.
        let mut barrier = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
        barrier.write_all(b"PING\r\n\r\n").unwrap();
        barrier.read_exact(&mut [0]).unwrap();
    }
}

#[test]
fn a_connection_whose_server_wants_it_closed_is_not_used_again() {
    let answer = answer_of("200 OK", "{}").replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n");
    let (port, requests, close) = closes_after_one(answer);
    let client = plain_client(&http(port)).build().unwrap();
    for number in 1..=2 {
        assert_eq!(get(&client).unwrap().status(), 200);
        assert_eq!(requests.recv().unwrap(), number);
        close.send(()).unwrap();
    }
}

#[test]
fn bytes_nobody_asked_for_do_not_become_the_next_answer() {
    let (port, requests, close) = closes_after_one(answer_of("200 OK", "{}") + &answer_of("200 OK", "smuggled"));
    let client = plain_client(&http(port)).build().unwrap();
    for number in 1..=2 {
        assert_eq!(get(&client).unwrap().text().unwrap(), "{}");
        assert_eq!(requests.recv().unwrap(), number);
        close.send(()).unwrap();
    }
}

/// Linux numbers threads in the order they are made, so two fresh ones show how many were made between them.
#[cfg(target_os = "linux")]
#[test]
fn a_warm_connection_needs_no_thread() {
    const CALLS: i64 = 50;
    let boomi = Emulator::start_unlimited();
    let client = common::client(&boomi, by_token(REGULAR));
    assert_eq!(status_of(&client, AUDIT_LOG), 200);
    let fresh = || {
        let number = || {
            let path = std::fs::read_link("/proc/thread-self").unwrap();
            path.file_name().unwrap().to_str().unwrap().parse::<i64>().unwrap()
        };
        std::thread::spawn(number).join().unwrap()
    };
    // Others make threads meanwhile, so a round proves something only when it shows few; a thread for each call would
    // show in every round.
    let quiet = (0..100).any(|_| {
        let before = fresh();
        (0..CALLS).for_each(|_| assert_eq!(status_of(&client, AUDIT_LOG), 200));
        (1..CALLS).contains(&(fresh() - before))
    });
    assert!(quiet, "threads were made for warm calls");
    let log = boomi.log();
    assert!(log.iter().all(|entry| entry.connection == log[0].connection));
}

#[test]
fn a_refused_connection_was_not_sent() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let error = get_from(port).unwrap_err();
    assert_eq!((error.kind(), error.was_sent(), error.is_retryable()), (ErrorKind::Connect, false, true));
    assert_eq!((error.attempts(), error.status()), (1, None));
    common::assert_says(&error, &["cannot connect to", &format!("127.0.0.1:{port}")]);
}
