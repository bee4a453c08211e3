//! tinyproxy, which many a company has: with a password and without, and refusing.

use std::process::Command;

use boomi_auth::{AuthScheme, Client, Error, ErrorKind};
use boomi_emulator::Emulator;
use boomi_emulator::users::REGULAR;

use crate::common::{self, AUDIT_LOG, assert_says, by_password, status_of};
use crate::daemon::{Daemon, Directory, own_address};

pub const PASSWORD: &str = "marked-proxy-password";

/// A running tinyproxy.
pub struct Tinyproxy {
    pub host: String,
    directory: Directory,
    daemon: Daemon,
}

impl Tinyproxy {
    /// With more lines of its configuration.
    pub fn start(more: &str) -> Tinyproxy {
        let (directory, address) = (Directory::new("tinyproxy"), own_address());
        let log = directory.path().join("log");
        let configuration =
            format!("Port 3128\nListen {address}\nTimeout 60\nLogLevel Info\nLogFile \"{}\"\n{more}\n", log.display());
        let configuration = directory.write("tinyproxy.conf", &configuration);
        let start = |command: &mut Command| {
            command.arg("-d").arg("-c").arg(configuration);
        };
        let daemon = Daemon::start("tinyproxy", start, (address, 3128).into());
        Tinyproxy { host: format!("{address}:3128"), directory, daemon }
    }

    pub fn with_password() -> Tinyproxy {
        Tinyproxy::start(&format!("BasicAuth proxyuser {PASSWORD}"))
    }

    /// All that it wrote until it ended: the requests it saw, among other things.
    pub fn end(self) -> String {
        drop(self.daemon);
        self.directory.read("log")
    }
}

fn client_through(boomi: &Emulator, proxy: &str) -> Client {
    common::builder(boomi).credentials(by_password(REGULAR)).proxy(proxy).build().unwrap()
}

/// The request lines that a proxy's log has.
pub fn requests(log: &str) -> Vec<&str> {
    log.lines().filter(|line| line.contains("HTTP/1.")).collect()
}

#[test]
fn requests_go_through_and_it_sees_their_host_alone() {
    let boomi = Emulator::start();
    let host = boomi.base_url().trim_start_matches("https://");
    for (proxy, user) in
        [(Tinyproxy::start(""), String::new()), (Tinyproxy::with_password(), format!("proxyuser:{PASSWORD}@"))]
    {
        let client = client_through(&boomi, &format!("http://{user}{}", proxy.host));
        assert_eq!([AUDIT_LOG; 3].map(|path| status_of(&client, path)), [200; 3]);
        client.token().unwrap();
        drop(client);
        let log = proxy.end();
        let [connect] = requests(&log)[..] else { panic!("not one tunnel: {log}") };
        assert!(connect.contains(&format!("CONNECT {host} HTTP/1.1")), "{connect}");
        for secret in ["AuditLog", "jwt", "account123", "Basic ", REGULAR.name, REGULAR.password, PASSWORD] {
            assert!(!log.contains(secret), "{secret} is in {log}");
        }
    }
    assert_eq!(boomi.log().len(), 2 * 4);
}

/// What comes of a proxy that refuses: an error that names it and shows no password.
#[track_caller]
fn refused(proxy: &Tinyproxy, user: &str, base_url: Option<&str>) -> Error {
    let boomi = Emulator::start();
    let builder = common::builder(&boomi).credentials(by_password(REGULAR));
    let builder = builder.base_url(base_url.unwrap_or(boomi.base_url())).proxy(&format!("http://{user}{}", proxy.host));
    let error = builder.build().unwrap().get(AUDIT_LOG).auth(AuthScheme::Basic).send().unwrap_err();
    assert_eq!((error.kind(), error.was_sent(), error.status()), (ErrorKind::Proxy, false, None), "{error}");
    assert_says(&error, &[&format!("the proxy http://{} (from the proxy setting)", proxy.host)]);
    assert!(!format!("{error:?}").contains("marked"), "{error:?}");
    assert!(boomi.log().is_empty());
    error
}

#[test]
fn a_wrong_password_and_none_are_told_apart() {
    let proxy = Tinyproxy::with_password();
    // tinyproxy says 401 to a wrong password, where RFC 9110 has 407; to none it says 407.
    for user in ["proxyuser:marked-wrong@", "marked-other:marked-wrong@", "proxyuser@"] {
        let error = refused(&proxy, user, None);
        assert_says(&error, &["rejected the user and password (401)", "http://user:password@host:port"]);
        assert!(!error.is_retryable());
    }
    assert_says(&refused(&proxy, "", None), &["requires a user and password (407)", "http://user:password@host:port"]);
}

#[test]
fn a_tunnel_that_its_configuration_forbids() {
    let error = refused(&Tinyproxy::start("ConnectPort 443"), "", None);
    assert_says(&error, &["refused a tunnel to localhost:", "status 403"]);
    assert!(!error.is_retryable());
}

#[test]
fn a_client_that_its_configuration_forbids() {
    let error = refused(&Tinyproxy::start("Deny 127.0.0.0/8"), "", None);
    assert_says(&error, &["refused a tunnel to localhost:", "status 403"]);
}

#[test]
fn a_server_that_it_cannot_reach() {
    let nobody = format!("https://{}:8443", own_address());
    let error = refused(&Tinyproxy::start(""), "", Some(&nobody));
    assert_says(&error, &["refused a tunnel to 127.", "status 50"]);
}
