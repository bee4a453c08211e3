//! A proxy that speaks TLS itself, with a second TLS, the server's, inside.

use std::io::{ErrorKind::TimedOut, ErrorKind::WouldBlock, Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use boomi_auth::{CaMode, Client, Error, ErrorKind, Response};
use boomi_emulator::Emulator;
use boomi_emulator::users::REGULAR;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::common::{self, AUDIT_LOG, assert_says, by_password};
use crate::network::certificates::{Authority, EXPIRED, Issued};
use crate::servers::serve;

/// Makes every tunnel it is asked for, inside TLS, and keeps the heads of what it was asked.
struct SecureProxy {
    port: u16,
    heads: Arc<Mutex<Vec<String>>>,
}

impl SecureProxy {
    fn start(issued: &Issued) -> SecureProxy {
        let chain = CertificateDer::pem_file_iter(&issued.certificate).unwrap().collect::<Result<_, _>>().unwrap();
        let key = PrivateKeyDer::from_pem_file(&issued.key).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()));
        let config = config.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
        let config = Arc::new(config.with_single_cert(chain, key).unwrap());
        let heads = Arc::<Mutex<Vec<String>>>::default();
        let seen = heads.clone();
        let port = serve(move |stream| {
            let (config, seen) = (config.clone(), seen.clone());
            std::thread::spawn(move || {
                // What goes wrong is the client's to notice.
                let _ = tunnel(StreamOwned::new(ServerConnection::new(config).unwrap(), stream), &seen);
            });
        });
        SecureProxy { port, heads }
    }
}

type Tls = StreamOwned<ServerConnection, TcpStream>;

fn tunnel(mut client: Tls, seen: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        client.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    let mut server = TcpStream::connect(head.split(' ').nth(1).unwrap())?;
    seen.lock().unwrap().push(head);
    client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
    // TLS has one state for both directions, so one thread looks at each in turn.
    for socket in [&client.sock, &server] {
        socket.set_read_timeout(Some(Duration::from_millis(1)))?;
    }
    let mut buffer = [0; 16 * 1024];
    while copy(&mut client, &mut server, &mut buffer)? && copy(&mut server, &mut client, &mut buffer)? {}
    Ok(())
}

/// Copies what is there. False at the end.
fn copy(from: &mut impl Read, to: &mut impl Write, buffer: &mut [u8]) -> std::io::Result<bool> {
    match from.read(buffer) {
        Ok(0) => Ok(false),
        Ok(amount) => to.write_all(&buffer[..amount]).and_then(|()| to.flush()).map(|()| true),
        Err(error) if matches!(error.kind(), WouldBlock | TimedOut) => Ok(true),
        Err(error) => Err(error),
    }
}

/// A client of the emulator that trusts the emulator's authority and the proxy's.
fn client(boomi: &Emulator, proxys: &Authority, proxy: &str) -> Client {
    let bundle = format!("{}{}", boomi.ca_pem(), proxys.pem());
    let builder = common::builder(boomi).credentials(by_password(REGULAR)).ca_pem(bundle.as_bytes(), CaMode::Only);
    builder.proxy(proxy).build().unwrap()
}

fn ask(client: &Client) -> Result<Response, Error> {
    client.get(AUDIT_LOG).send()
}

#[test]
fn requests_go_through_and_it_sees_their_host_alone() {
    let (boomi, authority) = (Emulator::start(), Authority::new());
    let proxy = SecureProxy::start(&authority.issue("DNS:localhost"));
    let client = client(&boomi, &authority, &format!("https://user:marked-secret@localhost:{}", proxy.port));
    for _ in 0..3 {
        assert_eq!(ask(&client).unwrap().status(), 200);
    }
    let heads = proxy.heads.lock().unwrap();
    let [head] = &heads[..] else { panic!("not one tunnel: {heads:?}") };
    let host = boomi.base_url().trim_start_matches("https://");
    let lines: Vec<_> = head.trim_end().split("\r\n").collect();
    let basic = "Proxy-Authorization: Basic dXNlcjptYXJrZWQtc2VjcmV0";
    let agent = concat!("User-Agent: boomi-auth/", env!("CARGO_PKG_VERSION"));
    assert_eq!(lines, [&format!("CONNECT {host} HTTP/1.1"), &format!("Host: {host}"), agent, basic]);
}

#[test]
fn a_proxy_with_a_bad_certificate_gets_no_password() {
    let (boomi, authority) = (Emulator::start(), Authority::new());
    let unknown = Authority::new();
    for (issued, words) in [
        (unknown.issue("DNS:localhost"), "authority that is not trusted"),
        (authority.issue("DNS:elsewhere.example"), "for another host"),
        (authority.issue_for("DNS:localhost", EXPIRED), "has expired"),
    ] {
        let proxy = SecureProxy::start(&issued);
        let url = format!("https://user:marked-secret@localhost:{}", proxy.port);
        let error = ask(&client(&boomi, &authority, &url)).unwrap_err();
        assert_eq!((error.kind(), error.was_sent()), (ErrorKind::Proxy, false), "{error}");
        let name = format!("the proxy https://localhost:{} (from the proxy setting)", proxy.port);
        assert_says(&error, &[&name, words, "Trusted roots: the given CA bundle alone (2 certificates)"]);
        assert!(!format!("{error:?}").contains("marked-secret"), "{error:?}");
        assert!(proxy.heads.lock().unwrap().is_empty());
    }
    assert!(boomi.log().is_empty());
}

#[test]
fn a_proxy_that_speaks_no_tls_is_named() {
    let (boomi, authority) = (Emulator::start(), Authority::new());
    let port = serve(|mut stream| {
        stream.read_exact(&mut [0]).unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n").unwrap();
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let error = ask(&client(&boomi, &authority, &format!("https://localhost:{port}"))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Proxy, "{error}");
    assert_says(&error, &[&format!("the proxy https://localhost:{port}"), "plain HTTP"]);
}
