//! Proxies that the environment names, for a program that sets none.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use boomi_emulator::Emulator;

use crate::daemon::{Directory, own_address};
use crate::network::tinyproxy::{PASSWORD, Tinyproxy, requests};
use crate::network::usage::{Said, usage, usage_with};

/// An emulator, and its certificate in a file.
struct Boomi {
    emulator: Emulator,
    directory: Directory,
}

impl Boomi {
    fn start() -> Boomi {
        let (emulator, directory) = (Emulator::start(), Directory::new("boomi"));
        directory.write("ca.pem", emulator.ca_pem());
        Boomi { emulator, directory }
    }

    fn port(&self) -> &str {
        self.emulator.base_url().rsplit_once(':').unwrap().1
    }

    fn usage(&self, host: &str, variables: &[(&str, &str)]) -> Said {
        let ca = self.directory.path().join("ca.pem").display().to_string();
        let all: Vec<_> = [("BOOMI_CA_FILE", &*ca)].into_iter().chain(variables.iter().copied()).collect();
        usage(&format!("https://{host}:{}", self.port()), &all)
    }
}

/// A proxy where nobody listens: who goes through it says so.
fn dead_proxy() -> String {
    format!("http://proxyuser:{PASSWORD}@{}:3128", own_address())
}

#[test]
fn each_variable_that_names_a_proxy_is_followed() {
    let boomi = Boomi::start();
    for name in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        let proxy = Tinyproxy::with_password();
        boomi.usage("localhost", &[(name, &format!("http://proxyuser:{PASSWORD}@{}", proxy.host))]).succeeds();
        let log = proxy.end();
        assert_eq!(requests(&log).len(), 1, "{name}: {log}");

        let said = boomi.usage("localhost", &[(name, &dead_proxy())]);
        said.fails(&["Proxy", "the proxy http://127.", &format!("(from {name})"), "cannot connect"]);
        assert!(!said.text.contains(PASSWORD), "{}", said.text);
    }
}

#[test]
fn exact_proxy_variable_wins_and_http_proxy_is_for_http() {
    let (boomi, dead) = (Boomi::start(), dead_proxy());
    let proxy = Tinyproxy::start("");
    let living = format!("http://{}", proxy.host);
    for (first, second) in [("HTTPS_PROXY", "ALL_PROXY"), ("https_proxy", "HTTPS_PROXY"), ("all_proxy", "ALL_PROXY")] {
        boomi.usage("localhost", &[(first, &living), (second, &dead)]).succeeds();
        boomi.usage("localhost", &[(first, &dead), (second, &living)]).fails(&["cannot connect"]);
    }
    boomi.usage("localhost", &[("HTTP_PROXY", &dead), ("http_proxy", &dead)]).succeeds();
    boomi.usage("localhost", &[("HTTPS_PROXY", ""), ("ALL_PROXY", " ")]).succeeds();
    drop(proxy);
}

#[test]
fn a_wrong_password_names_the_variable_and_is_not_shown() {
    let (boomi, proxy) = (Boomi::start(), Tinyproxy::with_password());
    let url = format!("http://proxyuser:marked-wrong@{}", proxy.host);
    let said = boomi.usage("localhost", &[("HTTPS_PROXY", &url)]);
    said.fails(&["Proxy", &proxy.host, "(from HTTPS_PROXY)", "rejected the user and password"]);
    assert!(!said.text.contains("marked"), "{}", said.text);
}

#[test]
fn exceptions_go_direct_and_nothing_else_does() {
    let (boomi, proxy) = (Boomi::start(), dead_proxy());
    let names = names_of("api.boomi.com=127.0.0.1");
    let port = boomi.port();
    let with_port = |host: &str| format!("{host}:{port}");
    let cases: [(&str, &[&str], &[&str]); 2] = [
        (
            "api.boomi.com",
            &[
                "*",
                "api.boomi.com",
                "boomi.com",
                ".boomi.com",
                "*.boomi.com",
                "x.example, API.Boomi.com",
                "a boomi.com",
            ],
            &["", "oomi.com", "api.boomi.com:1", "pi.boomi.com", "127.0.0.1", "127.0.0.0/8", "x.api.boomi.com"],
        ),
        (
            "127.0.0.1",
            &["*", "127.0.0.1", "127.0.0.0/8", "127.0.0.1/32", "10.0.0.0/8,127.0.0.0/8"],
            &["127.0.0.2", "127.0.0.0/32", "10.0.0.0/8", "localhost", "127.0.0.1:1", ".1"],
        ),
    ];
    for (host, direct, proxied) in cases {
        let said = |list: &str, name| {
            let variables =
                [("HTTPS_PROXY", &*proxy), (name, list), ("LD_PRELOAD", &names.0), ("TEST_NAMES", &names.1)];
            boomi.usage(host, &variables)
        };
        for list in direct.iter().map(|list| (*list).to_owned()).chain([with_port(host)]) {
            said(&list, "NO_PROXY").succeeds();
        }
        said(direct[1], "no_proxy").succeeds();
        for list in proxied {
            said(list, "NO_PROXY").fails(&["(from HTTPS_PROXY)"]);
        }
    }
}

#[test]
fn an_invalid_variable_is_an_error_that_names_it() {
    let boomi = Boomi::start();
    for url in [
        "socks4://127.0.0.1:1080",
        "http://127.0.0.1:1/proxy.pac",
        "ftp://127.0.0.1:1",
        "http://",
        "http://:3128",
        "http://127.0.0.1:port",
        "http://127.0.0.1:99999",
        "http://a b:3128",
        "http://marked-user:marked%0d@127.0.0.1:3128",
        "http://marked-user:marked@",
    ] {
        for name in ["HTTPS_PROXY", "all_proxy"] {
            let said = boomi.usage("localhost", &[(name, url)]);
            said.fails(&["Proxy", name]);
            assert!(!said.text.contains("marked"), "{}", said.text);
        }
        // It does no harm where it is not asked for.
        boomi.usage("localhost", &[("HTTPS_PROXY", url), ("NO_PROXY", "localhost")]).succeeds();
    }
    assert!(boomi.emulator.log().iter().all(|entry| entry.status == 200));
}

#[test]
fn a_variable_that_is_not_utf_8_is_an_error_that_names_it() {
    let boomi = Boomi::start();
    let said = usage_with(boomi.emulator.base_url(), |command| {
        command.env("BOOMI_CA_FILE", boomi.directory.path().join("ca.pem"));
        command.env("HTTPS_PROXY", OsStr::from_bytes(b"http://127.0.0.1:3128/\xff"));
    });
    said.fails(&["Proxy", "HTTPS_PROXY"]);
}

/// LD_PRELOAD and TEST_NAMES for a program that is to find `names`.
pub fn names_of(names: &str) -> (String, String) {
    (crate::network::addresses::look_up_library(), names.to_owned())
}
