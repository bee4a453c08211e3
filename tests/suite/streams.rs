//! Bodies that are read piece by piece.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use boomi_auth::ErrorKind::{Canceled, HttpStatus, Timeout};
use boomi_emulator::users::REGULAR;
use boomi_emulator::{Emulator, Scripted};

use crate::api::{Api, Failure, Response, Setting};
use crate::run_twice;
use crate::support::{AUDIT_LOG, at, by_password, client, failure, open, regular};

run_twice!(
    a_stream_is_read_to_its_end_and_ends_again,
    an_error_status_has_its_body_and_message_at_once,
    a_stream_that_stalls_ends_by_its_timeout,
    a_cancelled_call_reads_no_further,
    a_cancelled_client_reads_no_further_and_works_on,
    a_hook_ends_a_read_that_waits,
    a_body_that_is_here_can_be_read_too,
);

/// Reads to the end with a small buffer.
fn read_all<A: Api>(response: &mut A::Response) -> Result<Vec<u8>, Failure> {
    let (mut body, mut piece) = (Vec::new(), [0; 7]);
    loop {
        match response.read(&mut piece)? {
            0 => return Ok(body),
            amount => body.extend(&piece[..amount]),
        }
    }
}

fn a_stream_is_read_to_its_end_and_ends_again<A: Api>() {
    let boomi = Emulator::start();
    let client = regular::<A>(&boomi);
    boomi.answer_next(Scripted::new(200, "text/plain", "0123456789").header("X-A", "1"));
    let mut response = open::<A>(&client, AUDIT_LOG, None).unwrap();
    assert_eq!((response.status(), response.header("x-a").as_deref()), (200, Some("1")));
    response.check().unwrap();
    assert_eq!(response.whole_body(), None, "it is still on its way");
    assert_eq!(response.read(&mut []).unwrap(), 0);
    assert_eq!(read_all::<A>(&mut response).unwrap(), b"0123456789");
    assert_eq!(response.read(&mut [0; 7]).unwrap(), 0);
    drop(response);
    // The connection of a body that was read to its end is kept.
    assert_eq!(open::<A>(&client, AUDIT_LOG, None).unwrap().status(), 200);
    let log = boomi.log();
    assert_eq!(log[0].connection, log[1].connection);
}

fn an_error_status_has_its_body_and_message_at_once<A: Api>() {
    let boomi = Emulator::start();
    let client = regular::<A>(&boomi);
    let body = r#"{"message":"no such record"}"#;
    for status in [400, 404, 500] {
        boomi.answer_next(Scripted::new(status, "application/json", body));
        let mut response = open::<A>(&client, AUDIT_LOG, None).unwrap();
        assert_eq!(response.message().as_deref(), Some("no such record"));
        assert_eq!(response.whole_body().as_deref(), Some(body.as_bytes()));
        response.check().unwrap_err().assert(HttpStatus, &["no such record"]);
        assert_eq!(read_all::<A>(&mut response).unwrap(), body.as_bytes());
        assert_eq!(response.read(&mut [0; 7]).unwrap(), 0);
    }
}

/// A stream of which five bytes came, and no more ever will as long as the server's end is held.
struct Stalled<A: Api> {
    response: A::Response,
    _server: JoinHandle<TcpStream>,
}

fn stalled<A: Api>(more: impl IntoIterator<Item = Setting>, call: Option<&A::Call>) -> Stalled<A> {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        let (mut head, mut byte) = (Vec::new(), [0]);
        while !head.ends_with(b"\r\n\r\n") {
            socket.read_exact(&mut byte).unwrap();
            head.push(byte[0]);
        }
        socket.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nbegin").unwrap();
        // A thread that nobody joins keeps what it returns.
        socket
    });
    let client = client::<A>(at(&url), [by_password(REGULAR)].into_iter().chain(more));
    let mut response = open::<A>(&client, AUDIT_LOG, call).unwrap();
    let mut begin = [0; 5];
    let mut got = 0;
    while got < begin.len() {
        got += response.read(&mut begin[got..]).unwrap();
    }
    assert_eq!(&begin, b"begin");
    Stalled { response, _server: server }
}

fn a_stream_that_stalls_ends_by_its_timeout<A: Api>() {
    let mut stalled = stalled::<A>([Setting::TimeoutMs(300)], None);
    let failure = failure(stalled.response.read(&mut [0; 7]));
    failure.assert(Timeout, &["127.0.0.1", "300 ms", "reading the response body"]);
    assert!(failure.sent && failure.retryable, "{failure:?}");
}

fn a_cancelled_call_reads_no_further<A: Api>() {
    let call = A::call();
    let mut stalled = stalled::<A>([], Some(&call));
    A::cancel_call(&call);
    failure(stalled.response.read(&mut [0; 7])).assert(Canceled, &["127.0.0.1"]);
}

fn a_cancelled_client_reads_no_further_and_works_on<A: Api>() {
    let boomi = Emulator::start();
    let client = regular::<A>(&boomi);
    let mut response = open::<A>(&client, AUDIT_LOG, None).unwrap();
    A::cancel_client(&client);
    failure(response.read(&mut [0; 7])).assert(Canceled, &["localhost"]);
    let mut next = open::<A>(&client, AUDIT_LOG, None).unwrap();
    assert!(String::from_utf8(read_all::<A>(&mut next).unwrap()).unwrap().contains("documentId-321"));
}

fn a_hook_ends_a_read_that_waits<A: Api>() {
    let stop = Arc::new(AtomicBool::new(false));
    let asked = stop.clone();
    let hook = Setting::WaitHook(Box::new(move || asked.load(Ordering::SeqCst)));
    let mut stalled = stalled::<A>([hook], None);
    stop.store(true, Ordering::SeqCst);
    failure(stalled.response.read(&mut [0; 7])).assert(Canceled, &["reading the response body"]);
}

fn a_body_that_is_here_can_be_read_too<A: Api>() {
    let boomi = Emulator::start();
    let client = regular::<A>(&boomi);
    let mut response = A::send(&client, &A::request("GET", AUDIT_LOG).unwrap(), None).unwrap();
    let whole = response.whole_body().unwrap();
    assert_eq!(read_all::<A>(&mut response).unwrap(), whole);
    assert_eq!(response.read(&mut [0; 7]).unwrap(), 0);
    assert_eq!(response.body(), whole, "reading takes nothing away");
}
