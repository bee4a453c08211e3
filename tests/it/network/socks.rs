//! SOCKS 5 through microsocks: with and without a password, names looked up there and here.

use std::io::Write as _;
use std::process::Command;

use boomi_auth::{Client, ErrorKind};
use boomi_emulator::Emulator;
use boomi_emulator::users::REGULAR;

use crate::common::{self, AUDIT_LOG, assert_says, by_password, status_of};
use crate::daemon::{Daemon, own_address};
use crate::servers::{answer_of, get, serve};

const PASSWORD: &str = "marked-proxy-password";
const PORT: u16 = 1080;

/// A running microsocks on its default port, and its host.
fn microsocks(arguments: &[&str]) -> (String, Daemon) {
    let address = own_address();
    let start = |command: &mut Command| {
        command.args(["-i", &address.to_string(), "-p", &PORT.to_string()]).args(arguments);
    };
    (address.to_string(), Daemon::start("microsocks", start, (address, PORT).into()))
}

fn client_through(boomi: &Emulator, proxy: &str) -> Client {
    common::builder(boomi).credentials(by_password(REGULAR)).proxy(proxy).build().unwrap()
}

#[test]
fn requests_pass_socks_with_and_without_password() {
    let boomi = Emulator::start();
    let (open, _open) = microsocks(&[]);
    let (closed, _closed) = microsocks(&["-u", "proxyuser", "-P", PASSWORD]);
    for proxy in [
        format!("socks5://{open}"),
        format!("socks5h://{open}:{PORT}/"),
        format!("socks5h://proxyuser:marked%2Dproxy-password@{closed}"),
    ] {
        assert_eq!(status_of(&client_through(&boomi, &proxy), AUDIT_LOG), 200, "{proxy}");
    }
    for (user, words) in [("", "requires a user and password"), ("proxyuser:wrong@", "rejected the user and password")]
    {
        let client = client_through(&boomi, &format!("socks5h://{user}{closed}"));
        let error = client.get(AUDIT_LOG).send().unwrap_err();
        assert_eq!((error.kind(), error.was_sent()), (ErrorKind::Proxy, false), "{error}");
        assert_says(&error, &[words, &format!("socks5h://{closed}:1080")]);
        assert!(!client.describe().contains(PASSWORD) && !format!("{client:?}").contains("wrong"));
    }
}

#[test]
fn name_is_looked_up_where_the_scheme_says() {
    let (open, _open) = microsocks(&[]);
    for (scheme, kind, words) in [
        ("socks5h", ErrorKind::Proxy, "refused a tunnel to nowhere.invalid:443"),
        ("socks5", ErrorKind::Connect, "DNS"),
    ] {
        let proxy = format!("{scheme}://{open}");
        let client = Client::builder().base_url("https://nowhere.invalid").proxy(&proxy).build().unwrap();
        let error = get(&client).unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert_says(&error, &[words]);
    }
}

#[test]
fn port_that_speaks_no_socks_is_named() {
    let boomi = Emulator::start();
    let port = serve(|mut stream| drop(stream.write_all(answer_of("200 OK", "<html>").as_bytes())));
    let error = client_through(&boomi, &format!("socks5h://127.0.0.1:{port}")).get(AUDIT_LOG).send().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Proxy);
    assert_says(&error, &["not SOCKS 5"]);
}
