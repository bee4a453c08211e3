//! TLS: each thing that can be wrong with it has its own words.

use boomi_auth::{CaMode, Client, ErrorKind};
use boomi_emulator::users::REGULAR;
use boomi_emulator::{BadTls, Emulator};

use crate::common::{self, AUDIT_LOG, assert_says, by_token, status_of};
use crate::servers::{get, serve};

#[test]
fn a_bad_certificate_is_refused_in_words_that_say_why() {
    let boomi = Emulator::start();
    for (bad, words) in
        [(BadTls::Expired, "has expired"), (BadTls::WrongHost, "for another host"), (BadTls::SelfSigned, "self-signed")]
    {
        let builder = common::builder(&boomi).base_url(boomi.bad_tls(bad)).credentials(by_token(REGULAR));
        let error = builder.build().unwrap().get(AUDIT_LOG).send().unwrap_err();
        assert_eq!((error.kind(), error.was_sent(), error.is_retryable()), (ErrorKind::Tls, false, false), "{error}");
        assert_says(&error, &["localhost", words, "Trusted roots: the given CA bundle alone (1 certificate)"]);
    }
    assert!(boomi.log().is_empty());
}

#[test]
fn an_unknown_authority_is_refused_and_the_roots_are_named() {
    let boomi = Emulator::start();
    let builder = || Client::builder().base_url(boomi.base_url()).proxy("");
    let error = get(&builder().build().unwrap()).unwrap_err();
    assert_eq!((error.kind(), error.was_sent()), (ErrorKind::Tls, false));
    assert_says(&error, &["localhost", "authority that is not trusted", "Trusted roots: ", "BOOMI_CA_FILE"]);
    // Which of the two it is depends on the machine.
    let system = error.message().contains("Trusted roots: the operating system's trust store");
    assert!(system || error.message().contains("Trusted roots: Mozilla's roots"), "{error}");
    let another = Emulator::start();
    let error = get(&builder().ca_pem(another.ca_pem().as_bytes(), CaMode::Only).build().unwrap()).unwrap_err();
    assert_says(&error, &["the given CA bundle alone"]);
}

#[test]
fn a_bundle_may_be_added_to_the_systems_roots() {
    let boomi = Emulator::start();
    let builder = common::builder(&boomi).ca_pem(boomi.ca_pem().as_bytes(), CaMode::Add);
    assert_eq!(status_of(&builder.credentials(by_token(REGULAR)).build().unwrap(), AUDIT_LOG), 200);
}

#[test]
fn plain_http_on_a_tls_port_is_called_that() {
    let port = serve(|mut stream| {
        use std::io::{Read, Write};
        stream.read_exact(&mut [0]).unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n").unwrap();
        // Lets the client read before the close throws unread bytes back at it.
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let error = get(&client_of(port)).unwrap_err();
    assert_eq!((error.kind(), error.was_sent()), (ErrorKind::Tls, false));
    assert_says(&error, &["localhost", "plain HTTP"]);
}

#[test]
fn a_port_that_closes_in_the_handshake_is_a_tls_failure() {
    let port = serve(|mut stream| drop(std::io::Read::read_exact(&mut stream, &mut [0])));
    let error = get(&client_of(port)).unwrap_err();
    assert_eq!((error.kind(), error.was_sent()), (ErrorKind::Tls, false), "{error}");
    assert_says(&error, &["localhost", "lost in the handshake"]);
}

fn client_of(port: u16) -> Client {
    Client::builder().base_url(&format!("https://localhost:{port}")).proxy("").build().unwrap()
}

#[test]
fn a_host_may_be_an_address() {
    let boomi = Emulator::start();
    let by_address = boomi.base_url().replace("localhost", "127.0.0.1");
    let client = common::builder(&boomi).base_url(&by_address).credentials(by_token(REGULAR)).build().unwrap();
    assert_eq!(status_of(&client, AUDIT_LOG), 200);
    let wrong = boomi.bad_tls(BadTls::WrongHost).replace("localhost", "127.0.0.1");
    let error = get(&common::builder(&boomi).base_url(&wrong).build().unwrap()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Tls);
    assert_says(&error, &["127.0.0.1", "for another host"]);
}
