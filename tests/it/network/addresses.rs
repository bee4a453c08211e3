//! Names with several addresses, of which some are dead, and IPv6.

use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use boomi_auth::{AuthScheme, Client, Error, ErrorKind, Response};
use boomi_emulator::Emulator;
use boomi_emulator::users::REGULAR;

use crate::alone::alone;
use crate::common::{AUDIT_LOG, assert_says, builder, by_token};
use crate::network::bad_tls::Nginx;
use crate::network::certificates::Authority;
use crate::servers::get;

/// A library that looks names up in the variable TEST_NAMES, to be preloaded.
pub fn look_up_library() -> String {
    static LIBRARY: OnceLock<String> = OnceLock::new();
    let compile = || {
        let library = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("names-{}.so", std::process::id()));
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/network/names.c");
        let flags = ["-std=c11", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o"];
        let compiled = Command::new("cc").args(flags).arg(&library).arg(source).arg("-ldl").status();
        assert!(compiled.unwrap().success());
        library.display().to_string()
    };
    LIBRARY.get_or_init(compile).clone()
}

/// Runs `test` where api.boomi.com has these addresses.
fn with_addresses<F: FnOnce()>(addresses: &str, test: F) {
    let names = format!("api.boomi.com={addresses}");
    alone(|| vec![("LD_PRELOAD", look_up_library()), ("TEST_NAMES", names)], test);
}

/// Nothing listens on the emulator's port there.
const REFUSES: Ipv4Addr = Ipv4Addr::new(127, 127, 0, 1);
/// What listens there on the emulator's port takes no more connections.
const DROPS: Ipv4Addr = Ipv4Addr::new(127, 127, 0, 2);

/// A listener whose queue is full: the system drops what asks for one more connection.
struct Full {
    _listener: socket2::Socket,
    _held: Vec<TcpStream>,
}

impl Full {
    fn at(address: SocketAddr) -> Full {
        let listener = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
        listener.bind(&address.into()).unwrap();
        listener.listen(0).unwrap();
        // How many fit is the system's affair.
        let fill = || TcpStream::connect_timeout(&address, Duration::from_millis(300));
        Full { _listener: listener, _held: std::iter::from_fn(|| fill().ok()).take(1000).collect() }
    }
}

fn port_of(boomi: &Emulator) -> u16 {
    boomi.base_url().rsplit_once(':').unwrap().1.parse().unwrap()
}

fn ask_by_name(boomi: &Emulator, connect_timeout: Duration) -> Result<Response, Error> {
    let builder = builder(boomi).base_url(&format!("https://api.boomi.com:{}", port_of(boomi)));
    let client = builder.credentials(by_token(REGULAR)).connect_timeout(connect_timeout).build().unwrap();
    client.get(AUDIT_LOG).auth(AuthScheme::Basic).send()
}

/// Time enough for a busy machine; none of these waits for all of it.
const LONG: Duration = Duration::from_secs(60);

#[test]
fn an_address_that_refuses_costs_nothing() {
    with_addresses(&format!("{REFUSES},::1,127.0.0.1"), || {
        assert_eq!(ask_by_name(&Emulator::start(), LONG).unwrap().status(), 200);
    });
}

#[test]
fn silent_address_delays_the_next_one_only() {
    with_addresses(&format!("{DROPS},{DROPS},{DROPS},127.0.0.1"), || {
        let boomi = Emulator::start();
        let _full = Full::at((DROPS, port_of(&boomi)).into());
        // 250 ms for each dead address, and the rest for all that the living one needs.
        assert_eq!(ask_by_name(&boomi, Duration::from_secs(3)).unwrap().status(), 200);
    });
}

#[test]
fn when_no_address_answers_each_is_named_with_its_reason() {
    with_addresses(&format!("{DROPS},{REFUSES}"), || {
        let boomi = Emulator::start();
        let port = port_of(&boomi);
        let _full = Full::at((DROPS, port).into());
        let error = ask_by_name(&boomi, Duration::from_secs(1)).unwrap_err();
        assert_eq!((error.kind(), error.was_sent(), error.is_retryable()), (ErrorKind::Connect, false, true));
        let (drops, refuses) =
            (format!("{DROPS}:{port}: no response"), format!("{REFUSES}:{port}: Connection refused"));
        assert_says(&error, &["cannot connect to api.boomi.com", &drops, &refuses]);
    });
}

#[test]
fn when_every_address_drops_packets_the_connect_timeout_ends_it() {
    with_addresses(&format!("{DROPS},{DROPS}"), || {
        let boomi = Emulator::start();
        let _full = Full::at((DROPS, port_of(&boomi)).into());
        let error = ask_by_name(&boomi, Duration::from_millis(500)).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Connect | ErrorKind::Timeout) && error.is_retryable(), "{error}");
        assert_says(&error, &["api.boomi.com"]);
    });
}

#[test]
fn a_name_that_nobody_knows_is_named() {
    // RFC 2606 keeps this name from ever being anybody's.
    with_addresses("", || {
        let client = Client::builder().base_url("https://nobody.invalid").proxy("").build().unwrap();
        let error = get(&client).unwrap_err();
        assert_eq!((error.kind(), error.was_sent()), (ErrorKind::Connect, false), "{error}");
        assert_says(&error, &["nobody.invalid", "DNS"]);
    });
}

#[test]
fn ipv6_works_with_tls_and_without() {
    let listener = std::net::TcpListener::bind("[::1]:0").expect("the machine has IPv6 on its loopback interface");
    let address = listener.local_addr().unwrap();
    drop(listener);
    let authority = Authority::new();
    let nginx = Nginx::with_tls(address, &authority.issue("IP:::1"), "");
    assert_eq!(get(&nginx.client(&authority)).unwrap().text().unwrap(), "{}");
    drop(nginx);

    let wrong = Nginx::with_tls(address, &authority.issue("IP:127.0.0.1"), "");
    let error = get(&wrong.client(&authority)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Tls);
    assert_says(&error, &["[::1]", "for another host"]);
    drop(wrong);

    let listener = std::net::TcpListener::bind("[::1]:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let head = crate::servers::read_head(&mut stream);
        std::io::Write::write_all(&mut stream, crate::servers::answer_of("200 OK", "six").as_bytes()).unwrap();
        head
    });
    let client = Client::builder().base_url(&url).proxy("").build().unwrap();
    assert_eq!(get(&client).unwrap().text().unwrap(), "six");
    let (head, host) = (server.join().unwrap().to_lowercase(), &url["http://".len()..]);
    assert!(head.contains(&format!("\r\nhost: {host}\r\n")), "{head}");
}
