//! Servers that mean harm: a typed error within the deadline, and no more memory than allowed. Each test has a process
//! of its own, whose memory is looked at in the end.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::Duration;

use boomi_auth::{AuthScheme, Client, Error, ErrorKind};

use crate::alone::{MIB, TEST_PROCESS, alone, most_memory};
use crate::common::assert_says;
use crate::servers::{answers_and_closes, get, http, plain_client, read_head, serve};

/// The largest body that the clients here allow.
const CAP: u64 = 8 * MIB;

fn client(port: u16) -> Client {
    plain_client(&http(port)).max_response_bytes(CAP).timeout(Duration::from_secs(20)).build().unwrap()
}

/// Sends `begin`, and then `piece` for ever.
fn endless(begin: &'static str, piece: Vec<u8>) -> u16 {
    serve(move |mut stream| {
        read_head(&mut stream);
        let _ = stream.write_all(begin.as_bytes());
        while stream.write_all(&piece).is_ok() {}
    })
}

/// What such a server's answer ends with, in little memory.
#[track_caller]
fn ends(port: u16, kind: ErrorKind, words: &[&str]) -> Error {
    let error = get(&client(port)).unwrap_err();
    assert_eq!((error.kind(), error.was_sent(), error.attempts()), (kind, true, 1), "{error}");
    assert_says(&error, &["127.0.0.1"]);
    assert_says(&error, words);
    assert!(most_memory() < TEST_PROCESS + 4 * CAP, "{} MiB", most_memory() / MIB);
    error
}

macro_rules! hostile {
    ($($(#[$comment:meta])* $name:ident: $server:expr => $kind:ident, $words:expr;)*) => {$(
        $(#[$comment])*
        #[test]
        fn $name() {
            alone(Vec::new, || drop(ends($server, ErrorKind::$kind, &$words)));
        }
    )*};
}

const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

hostile! {
    a_body_without_end: endless("HTTP/1.1 200 OK\r\n\r\n", vec![b'x'; 65536]) => TooLarge, ["max_response_bytes"];
    a_chunked_body_without_end:
        endless(CHUNKED, b"400\r\n".iter().copied().chain([b'x'; 1024]).chain(*b"\r\n").collect())
        => TooLarge, ["max_response_bytes"];
    an_error_page_without_end: endless("HTTP/1.1 500 No\r\n\r\n", vec![b'<'; 65536])
        => TooLarge, ["max_response_bytes"];
    a_length_beyond_all_numbers:
        answers_and_closes("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\nx")
        => Protocol, ["not valid HTTP"];
    a_header_without_end: endless("HTTP/1.1 200 OK\r\nX-A: ", vec![b'x'; 65536]) => TooLarge, ["header"];
    a_header_of_1_mib: answers_and_closes(format!("HTTP/1.1 200 OK\r\nX-A: {}\r\n\r\n", "x".repeat(1 << 20)))
        => TooLarge, ["header"];
    header_fields_without_end: endless("HTTP/1.1 200 OK\r\n", b"X-A: b\r\n".to_vec()) => TooLarge, ["header"];
    a_status_line_without_end: endless("HTTP/1.1 200 ", vec![b'x'; 65536]) => TooLarge, ["header"];
}

/// Where the protocol sets no limit the deadline does, and which kind it is counts for less than that it ends.
#[track_caller]
fn ends_somehow(begin: &'static str, piece: &[u8]) {
    let builder = plain_client(&http(endless(begin, piece.repeat(1000)))).max_response_bytes(CAP);
    let error = get(&builder.timeout(Duration::from_secs(2)).build().unwrap()).unwrap_err();
    let kinds = [ErrorKind::Timeout, ErrorKind::TooLarge, ErrorKind::Protocol];
    assert!(kinds.contains(&error.kind()) && error.was_sent(), "{error}");
    assert!(most_memory() < TEST_PROCESS + 2 * CAP, "{} MiB", most_memory() / MIB);
}

#[test]
fn interim_answers_without_end() {
    alone(Vec::new, || ends_somehow("", b"HTTP/1.1 103 Early Hints\r\nX-A: b\r\n\r\n"));
}

#[test]
fn a_chunks_length_without_end() {
    alone(Vec::new, || ends_somehow(CHUNKED, b"0"));
}

#[test]
fn a_chunks_extension_without_end() {
    alone(Vec::new, || ends_somehow("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", b"x"));
}

#[test]
fn trailers_without_end() {
    alone(Vec::new, || ends_somehow("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"X-A: b\r\n"));
}

#[test]
fn a_header_that_drips_past_the_deadline() {
    for begin in ["", "HTTP/1.1 200 OK\r\nX-A: "] {
        let port = serve(move |mut stream| {
            read_head(&mut stream);
            let _ = stream.write_all(begin.as_bytes());
            // A pause, not a wait: no byte comes so late that it looks like a hang.
            while stream.write_all(b"H").is_ok() {
                std::thread::park_timeout(Duration::from_millis(3));
            }
        });
        let client = plain_client(&http(port)).timeout(Duration::from_millis(500)).build().unwrap();
        let error = get(&client).unwrap_err();
        // A status line of H's is no HTTP, and may be called that as soon as it is seen.
        let garbage = begin.is_empty() && error.kind() == ErrorKind::Protocol;
        assert!(garbage || error.kind() == ErrorKind::Timeout, "{error}");
    }
}

#[test]
fn a_gzip_bomb_is_handed_over_as_it_is() {
    alone(Vec::new, || {
        let bomb = bomb();
        let (length, sent) = (bomb.len(), bomb.clone());
        let (tell, heads) = std::sync::mpsc::channel();
        let port = serve(move |mut stream| {
            let _ = tell.send(read_head(&mut stream));
            let head = format!("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {length}\r\n\r\n");
            let _ = stream.write_all(&[head.as_bytes(), &sent].concat());
        });
        let response = get(&client(port)).unwrap();
        assert!(response.body() == bomb && response.header("content-encoding") == Some("gzip"));
        let head = heads.recv().unwrap().to_lowercase();
        assert!(!head.contains("accept-encoding"), "{head}");
        assert!(most_memory() < TEST_PROCESS + CAP, "{} MiB", most_memory() / MIB);
    });
}

/// 256 MiB of zeros, compressed, which is a quarter of a MiB.
fn bomb() -> Vec<u8> {
    let mut gzip = Command::new("gzip").arg("-c").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = gzip.stdin.take().unwrap();
    let writer = std::thread::spawn(move || (0..256).try_for_each(|_| input.write_all(&vec![0; 1 << 20])));
    let mut bomb = Vec::new();
    gzip.stdout.take().unwrap().read_to_end(&mut bomb).unwrap();
    writer.join().unwrap().unwrap();
    assert!(gzip.wait().unwrap().success() && (bomb.len() as u64) < MIB);
    bomb
}

/// Closes so that the other side gets a reset.
fn reset(stream: TcpStream) {
    socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
    drop(stream);
}

#[test]
fn a_reset_in_each_phase_is_a_typed_error() {
    type Until = fn(&mut TcpStream);
    let head: Until = |stream| drop(read_head(stream));
    let begin: Until = |stream| {
        read_head(stream);
        stream.write_all(b"HTTP/1.1 200 OK\r\nX-").unwrap();
    };
    let body: Until = |stream| {
        read_head(stream);
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nbegin").unwrap();
    };
    let first_byte: Until = |stream| stream.read_exact(&mut [0]).unwrap();
    let some: Until = |stream| {
        read_head(stream);
        stream.read_exact(&mut [0; 100_000]).unwrap();
    };
    let large = vec![b' '; 32 << 20];
    for (phase, until, scheme, proxied, kind, sent) in [
        ("proxy", head, "http", true, ErrorKind::Proxy, false),
        ("handshake", first_byte, "https", false, ErrorKind::Tls, false),
        ("sending", some, "http", false, ErrorKind::Connect, true),
        ("waiting", head, "http", false, ErrorKind::Connect, true),
        ("header", begin, "http", false, ErrorKind::Connect, true),
        ("body", body, "http", false, ErrorKind::Connect, true),
    ] {
        let port = serve(move |mut stream| {
            until(&mut stream);
            reset(stream);
        });
        let builder = plain_client(&format!("{scheme}://127.0.0.1:{port}"));
        let builder = if proxied { builder.base_url("https://localhost").proxy(&http(port)) } else { builder };
        let client = builder.build().unwrap();
        let request = if phase == "sending" { client.post("/").body(large.clone()) } else { client.get("/") };
        let error = request.auth(AuthScheme::None).send().unwrap_err();
        assert_eq!((error.kind(), error.was_sent(), error.is_retryable()), (kind, sent, true), "{phase}: {error}");
    }
}
