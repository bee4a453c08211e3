//! Proxies: a tunnel, or an error that names the proxy and never its password.

use std::io::Write as _;
use std::time::Duration;

use boomi_auth::{Call, Client, Error, ErrorKind};
use boomi_emulator::Emulator;
use boomi_emulator::users::REGULAR;

use crate::common::{self, AUDIT_LOG, assert_says, by_password, status_of};
use crate::servers::{answer_of, answers_and_closes, read_head, serve, stuck_after};
use crate::transport::tunnel::{Tunnel, join};

const PASSWORD: &str = "marked-proxy-pässword";
/// `proxy user:marked-proxy-pässword`
const BASIC: &str = "Basic cHJveHkgdXNlcjptYXJrZWQtcHJveHktcMOkc3N3b3Jk";

fn with_password(port: u16) -> String {
    format!("http://proxy%20user:marked-proxy-p%C3%A4ssword@127.0.0.1:{port}")
}

fn client_through(boomi: &Emulator, proxy: &str) -> Client {
    common::builder(boomi).credentials(by_password(REGULAR)).proxy(proxy).build().unwrap()
}

#[test]
fn http_does_not_pass_a_proxy_that_is_elsewhere() {
    // Reserved for documentation: nobody is there, and nobody is asked.
    let builder = Client::builder().base_url("http://127.0.0.1:1").proxy("http://192.0.2.1:3128");
    let client = builder.credentials(by_password(REGULAR)).build().unwrap();
    let error = client.get(AUDIT_LOG).account_id("account123").send().unwrap_err();
    assert_eq!((error.kind(), error.was_sent()), (ErrorKind::Proxy, false));
    assert_says(&error, &["clear text", "192.0.2.1:3128", "NO_PROXY"]);
}

#[test]
fn a_proxy_sees_where_to_and_nothing_of_the_request() {
    let boomi = Emulator::start();
    let host = boomi.base_url().trim_start_matches("https://").to_owned();
    for (user, authorization) in [(false, None), (true, Some(format!("Proxy-Authorization: {BASIC}")))] {
        let proxy = Tunnel::start();
        let url = if user { with_password(proxy.port) } else { format!("http://127.0.0.1:{}", proxy.port) };
        let client = client_through(&boomi, &url);
        assert_eq!([AUDIT_LOG; 2].map(|path| status_of(&client, path)), [200, 200]);

        let seen = proxy.seen();
        let [head] = &seen.heads[..] else { panic!("not one tunnel: {:?}", seen.heads) };
        let mut expected = vec![format!("CONNECT {host} HTTP/1.1"), format!("Host: {host}")];
        expected.push(concat!("User-Agent: boomi-auth/", env!("CARGO_PKG_VERSION")).to_owned());
        expected.extend(authorization);
        assert_eq!(head.trim_end().split("\r\n").collect::<Vec<_>>(), expected);
        // A TLS handshake record, and from there on nothing that can be read.
        assert_eq!(seen.sent[0], 0x16);
        for readable in ["HTTP/1.1", "uthorization", "AuditLog", "account123"] {
            assert!(!seen.sent.windows(readable.len()).any(|bytes| bytes == readable.as_bytes()), "{readable}");
        }
    }
    assert!(boomi.log().iter().all(|entry| !entry.headers.iter().any(|name| name.starts_with("proxy"))));
}

/// What comes of a proxy on `port`: the error names it, and what is secret about it is in no text of the client.
fn refused(port: u16) -> Error {
    let boomi = Emulator::start();
    let client = client_through(&boomi, &with_password(port));
    let error = client.get(AUDIT_LOG).send().unwrap_err();
    for text in [error.to_string(), format!("{error:?}"), client.describe(), format!("{client:?}")] {
        assert!(!text.contains(PASSWORD) && !text.contains(&BASIC[6..]) && !text.contains("p%C3%A4"), "{text}");
    }
    assert!(!error.was_sent() && error.status().is_none(), "{error:?}");
    assert!(boomi.log().is_empty());
    error
}

#[test]
fn a_proxy_that_refuses_is_named_with_its_reason() {
    let answer = |status: &str| answers_and_closes(answer_of(status, "<html>"));
    for (port, words, retryable) in [
        (answer("407 Proxy Authentication Required"), "rejected the user and password (407)", false),
        (answer("403 Forbidden"), "status 403", false),
        (answer("502 Bad Gateway"), "status 502", true),
        (answer("503 Service Unavailable"), "status 503", true),
        (answers_and_closes("SSH-2.0-OpenSSH_9.9\r\n\r\n"), "its response is not HTTP", false),
        (answers_and_closes("HTTP/1.1 twohundred\r\n\r\n"), "its response is not HTTP", false),
        (answers_and_closes("HTTP/1.1 200 OK\r\n"), "connection was lost", true),
        (answers_and_closes(""), "connection was lost", true),
    ] {
        let error = refused(port);
        assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Proxy, retryable), "{error}");
        assert_says(&error, &[&format!("http://127.0.0.1:{port}"), "the proxy setting", words]);
    }
}

#[test]
fn proxy_407_without_a_user_asks_for_user_and_password() {
    let boomi = Emulator::start();
    let port = answers_and_closes(answer_of("407 Proxy Authentication Required", ""));
    let error = client_through(&boomi, &format!("127.0.0.1:{port}")).get(AUDIT_LOG).send().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Proxy);
    assert_says(&error, &["requires a user and password (407)", "http://user:password@host:port"]);
}

#[test]
fn proxy_407_names_the_schemes_on_offer() {
    let boomi = Emulator::start();
    for (lines, words) in [
        ("Proxy-Authenticate: Negotiate\r\nProxy-Authenticate: NTLM\r\n", "Negotiate or NTLM (407)"),
        (
            "Proxy-Authenticate: Digest realm=\"head office\", nonce=\"n\"\r\n",
            "Digest (407) for the realm \"head office\"",
        ),
        (&*format!("Proxy-Authenticate: Negotiate {}\r\n", "a".repeat(40_000)), "Negotiate (407)"),
    ] {
        let head = format!("HTTP/1.1 407 No\r\n{lines}Content-Length: 0\r\n\r\n");
        for user in ["user:wrong@", ""] {
            let port = answers_and_closes(head.clone());
            let error = client_through(&boomi, &format!("{user}127.0.0.1:{port}")).get(AUDIT_LOG).send().unwrap_err();
            assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Proxy, false), "{error}");
            assert_says(&error, &[words, "Basic alone", "a local helper"]);
        }
    }
}

#[test]
fn tunnel_opens_with_bare_line_feeds() {
    let boomi = Emulator::start();
    let host = boomi.base_url().trim_start_matches("https://").to_owned();
    let port = serve(move |mut client| {
        read_head(&mut client);
        let server = std::net::TcpStream::connect(&host).unwrap();
        client.write_all(b"HTTP/1.0 200 OK\nVia: test\n\n").unwrap();
        join(client, server);
    });
    assert_eq!(status_of(&client_through(&boomi, &format!("http://127.0.0.1:{port}/path")), AUDIT_LOG), 200);
}

#[test]
fn a_proxy_that_is_not_there_is_named() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let error = refused(port);
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Proxy, true));
    assert_says(&error, &[&format!("the proxy http://127.0.0.1:{port}")]);
}

#[test]
fn a_proxy_that_hangs_is_a_timeout_that_speaks_of_the_proxy() {
    let (port, held) = stuck_after(|stream| drop(read_head(stream)));
    let boomi = Emulator::start();
    let builder = common::builder(&boomi).credentials(by_password(REGULAR)).proxy(&with_password(port));
    let client = builder.timeout(Duration::from_secs(1)).build().unwrap();
    let error = client.get(AUDIT_LOG).send().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert_says(&error, &["localhost", "while waiting for the proxy"]);
    assert!(!error.message().contains(PASSWORD));
    drop(held);
}

#[test]
fn bad_certificate_behind_a_proxy_is_blamed_on_the_host() {
    let boomi = Emulator::start();
    let proxy = Tunnel::start();
    let builder = common::builder(&boomi).base_url(boomi.bad_tls(boomi_emulator::BadTls::Expired));
    let client = builder.credentials(by_password(REGULAR)).proxy(&with_password(proxy.port)).build().unwrap();
    let error = client.get(AUDIT_LOG).send().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Tls, "{error}");
    assert_says(&error, &["localhost", "has expired"]);
}

/// A client with a warm TLS connection on which nothing comes back any more.
fn on_a_silent_connection(boomi: &Emulator, proxy: &Tunnel) -> Client {
    let builder = common::builder(boomi).credentials(by_password(REGULAR)).proxy(&with_password(proxy.port));
    let client = builder.timeout(Duration::from_secs(1)).build().unwrap();
    assert_eq!(status_of(&client, AUDIT_LOG), 200);
    proxy.freeze();
    client
}

#[test]
fn a_call_on_a_silent_tls_connection_ends_at_its_deadline() {
    let (boomi, proxy) = (Emulator::start(), Tunnel::start());
    let error = on_a_silent_connection(&boomi, &proxy).get(AUDIT_LOG).send().unwrap_err();
    assert_eq!((error.kind(), error.was_sent()), (ErrorKind::Timeout, true));
    assert_says(&error, &["localhost", "while waiting for the response"]);
}

#[test]
fn a_call_on_a_silent_tls_connection_can_be_cancelled() {
    let (boomi, proxy) = (Emulator::start(), Tunnel::start());
    let client = on_a_silent_connection(&boomi, &proxy);
    let mut call = Call::new();
    call.set_timeout(Duration::from_secs(60)).unwrap();
    let error = std::thread::scope(|threads| {
        let running = threads.spawn(|| client.get(AUDIT_LOG).call(&call).send());
        // The server logs the request once all of it came.
        while boomi.log().len() < 2 {
            std::thread::yield_now();
        }
        call.cancel();
        running.join().unwrap().unwrap_err()
    });
    assert_eq!((error.kind(), error.was_sent()), (ErrorKind::Canceled, true));
}
