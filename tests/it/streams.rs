//! Bodies read as streams: in constant memory, however slow or large, ended by whoever may, and never short unnoticed.
//!
//! The cases that hold for Rust and C alike are in tests/suite/streams.rs; those of C alone in tests/c/streams.c.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use boomi_auth::{AuthScheme, Call, Client, Error, ErrorKind, Request, Response};

use crate::common::{self, assert_says};
use crate::servers::{self, answer_of, http, plain_client, read_head, serve, stuck_after};

fn open(client: &Client, call: Option<&Call>) -> Result<Response, Error> {
    let mut request = Request::new("GET", "/").unwrap();
    request.set_auth(AuthScheme::None);
    client.open(&request, call)
}

/// A stream after `begin` of its body.
fn opened(client: &Client, call: Option<&Call>, begin: &[u8]) -> Response {
    let mut response = open(client, call).unwrap();
    let mut read = vec![0; begin.len()];
    response.read_exact(&mut read).unwrap();
    assert_eq!(read, begin);
    response
}

/// The error that a read through the standard library ends with.
fn inner(error: &std::io::Error) -> &Error {
    error.get_ref().and_then(|inner| inner.downcast_ref()).unwrap()
}

/// Every error of a read says that the request was sent, once.
#[track_caller]
fn is(error: &Error, kind: ErrorKind, words: &[&str]) {
    assert_eq!((error.kind(), error.was_sent(), error.attempts()), (kind, true, 1), "{error:?}");
    assert_says(error, &["127.0.0.1"]);
    assert_says(error, words);
}

#[cfg(target_os = "linux")]
mod large {
    use super::*;
    use crate::alone::{MIB, TEST_PROCESS, alone, most_memory};

    const SIZE: u64 = 256 * MIB;

    /// What a position in the body has there: nothing else could be taken for it by accident.
    fn byte_at(position: u64) -> u8 {
        (position % 251) as u8
    }

    /// Sends a body of [`SIZE`] bytes after `head`, chunked or not.
    fn large(head: &'static str, chunked: bool) -> u16 {
        serve(move |mut stream| {
            read_head(&mut stream);
            let pattern: Vec<u8> = (0..251 * 1000).map(byte_at).collect();
            let mut left = SIZE;
            let _ = stream.write_all(head.as_bytes());
            while left > 0 {
                let piece = &pattern[..left.min(pattern.len() as u64) as usize];
                let (before, after) =
                    if chunked { (format!("{:x}\r\n", piece.len()), "\r\n") } else { (String::new(), "") };
                stream.write_all(before.as_bytes()).unwrap();
                stream.write_all(piece).unwrap();
                stream.write_all(after.as_bytes()).unwrap();
                left -= piece.len() as u64;
            }
            if chunked {
                stream.write_all(b"0\r\n\r\n").unwrap();
            }
        })
    }

    /// Reads it all, with a client that would allow a whole body of 1 MiB.
    fn reads_all(port: u16) {
        let client = plain_client(&http(port)).max_response_bytes(MIB).build().unwrap();
        let mut response = open(&client, None).unwrap();
        let pattern: Vec<u8> = (0..200_000).map(byte_at).collect();
        let (mut buffer, mut total) = (vec![0; 100_003], 0);
        loop {
            let amount = response.read(&mut buffer).unwrap();
            if amount == 0 {
                break;
            }
            let first = (total % 251) as usize;
            assert!(
                buffer[..amount] == pattern[first..first + amount],
                "another body than was sent, after {total} bytes"
            );
            total += amount as u64;
        }
        assert_eq!((total, response.read(&mut buffer).unwrap()), (SIZE, 0));
        assert!(most_memory() < TEST_PROCESS, "{} MiB", most_memory() / MIB);
    }

    #[test]
    fn a_large_body_needs_little_memory() {
        alone(Vec::new, || reads_all(large("HTTP/1.1 200 OK\r\nContent-Length: 268435456\r\n\r\n", false)));
    }

    #[test]
    fn a_large_chunked_body_needs_little_memory() {
        alone(Vec::new, || reads_all(large("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", true)));
    }

    #[test]
    fn a_large_body_that_the_connection_ends_needs_little_memory() {
        alone(Vec::new, || reads_all(large("HTTP/1.1 200 OK\r\n\r\n", false)));
    }
}

/// Sends the beginning of an answer of 1000 bytes, of which five come now.
fn begins() -> (u16, Receiver<TcpStream>) {
    stuck_after(|stream| {
        read_head(stream);
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nbegin").unwrap();
    })
}

#[test]
fn the_standard_library_reads_a_stream() {
    let port = servers::answers_and_closes(answer_of("200 OK", "line 1\nline 2\n"));
    let response = open(&plain_client(&http(port)).build().unwrap(), None).unwrap();
    assert!(response.body().is_empty() && response.message().is_none());
    let lines: Vec<_> = std::io::BufRead::lines(std::io::BufReader::new(response)).map(Result::unwrap).collect();
    assert_eq!(lines, ["line 1", "line 2"]);
}

#[test]
fn an_error_of_a_read_is_the_source_of_the_standard_librarys() {
    let (port, held) = begins();
    let client = plain_client(&http(port)).build().unwrap();
    let mut response = opened(&client, None, b"begin");
    drop(held);
    let error = std::io::copy(&mut response, &mut std::io::sink()).unwrap_err();
    is(inner(&error), ErrorKind::Connect, &["in the middle of the response"]);
}

#[test]
fn a_truncated_stream_is_an_error_and_stays_one() {
    for answer in [
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\n12345",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n",
    ] {
        let port = servers::answers_and_closes(answer);
        let mut response = opened(&plain_client(&http(port)).build().unwrap(), None, b"12345");
        is(&response.read(&mut [0; 10]).unwrap_err(), ErrorKind::Connect, &["in the middle of the response"]);
        // Whoever reads on must not take what came for all there is.
        let again = response.read(&mut [0; 10]);
        assert!(again.is_err(), "{answer:?}: {again:?}");
    }
}

#[test]
fn stream_with_invalid_chunks_fails_and_stays_failed() {
    let port = servers::answers_and_closes("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\nzz\r\n");
    let mut response = opened(&plain_client(&http(port)).build().unwrap(), None, b"12345");
    is(&response.read(&mut [0; 10]).unwrap_err(), ErrorKind::Protocol, &["not valid HTTP"]);
    let again = response.read(&mut [0; 10]);
    assert!(again.is_err(), "{again:?}");
}

#[test]
fn a_stream_that_stalls_ends_by_the_timeout_and_stays_ended() {
    let (port, held) = begins();
    let client = plain_client(&http(port)).timeout(Duration::from_secs(1)).build().unwrap();
    let mut call = Call::new();
    call.set_timeout(Duration::from_millis(300)).unwrap();
    for (call, words) in [(None, "1000 ms"), (Some(&call), "300 ms")] {
        let mut response = opened(&client, call, b"begin");
        let mut server = held.recv().unwrap();
        is(&response.read(&mut [0; 10]).unwrap_err(), ErrorKind::Timeout, &[words, "reading the response body"]);
        // What comes too late is not given to a reader who may have started again elsewhere.
        let _ = server.write_all(b"late");
        let again = response.read(&mut [0; 10]);
        assert!(again.is_err(), "{again:?}");
    }
}

#[test]
fn the_timeout_is_for_the_headers_and_then_for_each_read() {
    const TIMEOUT: Duration = Duration::from_millis(700);
    let (ask, asked): (Sender<()>, _) = channel();
    let port = serve(move |mut stream| {
        read_head(&mut stream);
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n").unwrap();
        while asked.recv().is_ok() {
            stream.write_all(b"x").unwrap();
        }
    });
    let client = plain_client(&http(port)).timeout(TIMEOUT).build().unwrap();
    let mut response = open(&client, None).unwrap();
    for number in 0..8 {
        // Twice the timeout in all: between reads a caller may take as long as it likes.
        std::thread::park_timeout(TIMEOUT / 4);
        ask.send(()).unwrap();
        assert_eq!(response.read(&mut [0; 10]).unwrap(), 1, "{number}");
    }
    assert_eq!(response.read(&mut [0; 10]).unwrap(), 0);
}

#[test]
fn headers_that_do_not_come_end_by_the_timeout() {
    let (port, _held) = stuck_after(|stream| {
        read_head(stream);
        stream.write_all(b"HTTP/1.1 200 OK\r\nX-A").unwrap();
    });
    let client = plain_client(&http(port)).timeout(Duration::from_millis(500)).build().unwrap();
    is(&open(&client, None).unwrap_err(), ErrorKind::Timeout, &["500 ms", "waiting for the response"]);
}

#[test]
fn an_error_page_that_does_not_come_ends_by_the_timeout() {
    let (port, _held) = stuck_after(|stream| {
        read_head(stream);
        stream.write_all(b"HTTP/1.1 500 No\r\nContent-Length: 100\r\n\r\nbegin").unwrap();
    });
    let client = plain_client(&http(port)).timeout(Duration::from_millis(500)).build().unwrap();
    is(&open(&client, None).unwrap_err(), ErrorKind::Timeout, &["500 ms", "reading the response body"]);
}

#[test]
fn an_error_page_may_be_as_large_as_an_answer() {
    let port = servers::answers_and_closes(answer_of("404 Not Found", &"x".repeat(1001)));
    for (most, fits) in [(1001, true), (1000, false)] {
        let client = plain_client(&http(port)).max_response_bytes(most).build().unwrap();
        match open(&client, None) {
            Ok(response) => assert!(fits && response.body().len() == 1001),
            Err(error) => {
                assert!(!fits && error.kind() == ErrorKind::TooLarge && error.status() == Some(404), "{error}")
            }
        }
    }
}

/// Reads a stream that stalls, does `stop` while it waits, and returns how it ended.
fn stopped(stop: impl FnOnce(&Client, &Call) + Send) -> Error {
    let (port, _held) = begins();
    let (asked, waits) = channel();
    let client = plain_client(&http(port)).wait_hook(move || asked.send(()).is_err()).build().unwrap();
    let call = Call::new();
    let mut response = opened(&client, Some(&call), b"begin");
    waits.try_iter().for_each(drop);
    std::thread::scope(|threads| {
        let (client, call) = (&client, &call);
        let stopper = threads.spawn(move || {
            // Nothing but the read waits now.
            waits.recv().unwrap();
            stop(client, call);
            waits
        });
        let error = response.read(&mut [0; 10]).unwrap_err();
        drop(stopper.join().unwrap());
        error
    })
}

#[test]
fn a_read_that_waits_ends_when_its_call_is_cancelled() {
    is(&stopped(|_, call| call.cancel()), ErrorKind::Canceled, &["canceled while reading the response body"]);
}

#[test]
fn a_read_that_waits_ends_when_its_client_is_cancelled() {
    is(&stopped(|client, _| client.cancel()), ErrorKind::Canceled, &["canceled while reading the response body"]);
}

#[test]
fn read_after_cancel_fails_at_once_with_bytes_buffered() {
    let stops: [fn(&Client, &Call); 2] = [|_, call| call.cancel(), |client, _| client.cancel()];
    for stop in stops {
        let (port, _held) = begins();
        let client = plain_client(&http(port)).build().unwrap();
        let call = Call::new();
        let mut response = opened(&client, Some(&call), b"be");
        stop(&client, &call);
        for _ in 0..2 {
            is(&response.read(&mut [0; 10]).unwrap_err(), ErrorKind::Canceled, &[]);
        }
    }
}

#[test]
fn what_was_opened_after_a_cancellation_is_not_cancelled() {
    let port = servers::answers_and_closes(answer_of("200 OK", "later"));
    let client = plain_client(&http(port)).build().unwrap();
    client.cancel();
    let mut response = opened(&client, None, b"later");
    assert_eq!(response.read(&mut [0; 10]).unwrap(), 0);
}

#[test]
fn a_stream_outlives_its_client_and_its_call() {
    let (port, held) = begins();
    let call = Call::new();
    let mut response = {
        let client = plain_client(&http(port)).build().unwrap();
        opened(&client, Some(&call), b"be")
    };
    drop(call);
    let mut server = held.recv().unwrap();
    server.write_all(&[b'x'; 995]).unwrap();
    let mut rest = Vec::new();
    response.read_to_end(&mut rest).unwrap();
    assert_eq!(rest.len(), 998);
}

#[test]
fn a_stream_may_be_read_by_another_thread() {
    let port = servers::answers_and_closes(answer_of("200 OK", "elsewhere"));
    let mut response = open(&plain_client(&http(port)).build().unwrap(), None).unwrap();
    let read = std::thread::spawn(move || {
        let mut text = String::new();
        response.read_to_string(&mut text).map(|_| text)
    });
    assert_eq!(read.join().unwrap().unwrap(), "elsewhere");
}

/// Answers each request with `answer`; says which connection each came on, and when a connection ended.
#[derive(Debug, PartialEq)]
enum Seen {
    Request(usize),
    End(usize),
}

fn counts(answer: String) -> (u16, Receiver<Seen>) {
    let (tell, seen) = channel();
    let mut connections = 0;
    let port = serve(move |mut stream| {
        let (tell, answer, number) = (tell.clone(), answer.clone(), connections);
        connections += 1;
        std::thread::spawn(move || {
            while !read_head(&mut stream).is_empty() {
                tell.send(Seen::Request(number)).unwrap();
                stream.write_all(answer.as_bytes()).unwrap();
            }
            let _ = tell.send(Seen::End(number));
        });
    });
    (port, seen)
}

#[test]
fn stream_read_to_its_end_leaves_its_connection_reusable() {
    for answer in [
        answer_of("200 OK", "whole"),
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nwhole\r\n0\r\n\r\n".to_owned(),
    ] {
        let (port, seen) = counts(answer);
        let client = plain_client(&http(port)).build().unwrap();
        for _ in 0..3 {
            let mut response = opened(&client, None, b"whole");
            assert_eq!(response.read(&mut [0; 10]).unwrap(), 0);
            assert_eq!(seen.recv().unwrap(), Seen::Request(0));
        }
    }
}

#[test]
fn stream_dropped_in_the_middle_closes_its_connection() {
    let (port, seen) = counts("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nbegin".to_owned());
    let client = plain_client(&http(port)).build().unwrap();
    for number in 0..3 {
        let response = opened(&client, None, b"be");
        assert_eq!(seen.recv().unwrap(), Seen::Request(number));
        drop(response);
        assert_eq!(seen.recv().unwrap(), Seen::End(number));
    }
}

#[test]
fn two_streams_and_a_call_beside_them_do_not_mix() {
    let boomi = boomi_emulator::Emulator::start_unlimited();
    let client = common::client(&boomi, common::by_token(boomi_emulator::users::REGULAR));
    for status in [200, 201] {
        let body = status.to_string().repeat(10_000);
        boomi.answer_next(boomi_emulator::Scripted::new(status, "text/plain", &body));
    }
    let request = Request::new("GET", common::AUDIT_LOG).unwrap();
    let mut streams = [(); 2].map(|()| client.open(&request, None).unwrap());
    let (mut bodies, mut piece) = ([String::new(), String::new()], [0; 999]);
    for _ in 0..40 {
        for (stream, body) in streams.iter_mut().zip(&mut bodies) {
            let amount = stream.read(&mut piece).unwrap();
            body.push_str(std::str::from_utf8(&piece[..amount]).unwrap());
        }
        assert_eq!(common::status_of(&client, common::AUDIT_LOG), 200);
    }
    assert_eq!(bodies, ["200".repeat(10_000), "201".repeat(10_000)]);
}
