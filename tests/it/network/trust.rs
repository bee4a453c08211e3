//! Whom a client trusts: the system's store and the variables that choose it, a bundle alone or besides, and Mozilla's
//! roots where there is no store.

use boomi_auth::{CaMode, Client, ErrorKind};

use crate::alone::{alone, alone_by};
use crate::common::assert_says;
use crate::daemon::{Directory, own_address};
use crate::network::bad_tls::Nginx;
use crate::network::certificates::{Authority, Issued, hashed_name};
use crate::network::usage::{Said, usage};
use crate::servers::get;

/// A server with an authority of its own. Its answer is not the documented program's, but TLS comes first.
struct Server {
    authority: Authority,
    nginx: Nginx,
}

impl Server {
    fn start() -> Server {
        let (authority, address) = (Authority::new(), own_address());
        let issued: Issued = authority.issue(&format!("IP:{address}"));
        Server { nginx: Nginx::with_tls((address, 8443).into(), &issued, ""), authority }
    }

    fn ca(&self) -> String {
        self.authority.file().display().to_string()
    }

    fn url(&self) -> String {
        format!("https://{}", self.nginx.address)
    }

    fn usage(&self, variables: &[(&str, &str)]) -> Said {
        usage(&self.url(), variables)
    }
}

/// The program got its answer: nginx's, which is no JWT.
#[track_caller]
fn trusts(said: &Said) {
    assert!(said.text.starts_with("{}\n") && !said.text.contains("Tls"), "{}", said.text);
}

const NOWHERE: &str = "/nowhere/ca.pem";

#[test]
fn ssl_cert_file_is_the_systems_store() {
    let (mine, other) = (Server::start(), Server::start());
    trusts(&mine.usage(&[("SSL_CERT_FILE", &mine.ca())]));
    let named = format!("the operating system's trust store (SSL_CERT_FILE={})", mine.ca());
    other.usage(&[("SSL_CERT_FILE", &mine.ca())]).fails(&["Tls", "authority that is not trusted", &named]);
}

#[test]
fn ssl_cert_dir_is_the_systems_store_too() {
    let (mine, other) = (Server::start(), Server::start());
    let directory = Directory::new("store");
    directory.write(&hashed_name(&mine.authority.file()), &mine.authority.pem());
    let store = directory.path().display().to_string();
    trusts(&mine.usage(&[("SSL_CERT_DIR", &store)]));
    other.usage(&[("SSL_CERT_DIR", &store)]).fails(&["Tls", "trust store", &format!("SSL_CERT_DIR={store}")]);
    // Both count.
    for server in [&mine, &other] {
        trusts(&server.usage(&[("SSL_CERT_DIR", &store), ("SSL_CERT_FILE", &other.ca())]));
    }
}

#[test]
fn a_bundle_alone_needs_no_store_and_asks_none() {
    let (mine, other) = (Server::start(), Server::start());
    trusts(&mine.usage(&[("BOOMI_CA_FILE", &mine.ca()), ("SSL_CERT_FILE", NOWHERE)]));
    let said = other.usage(&[("BOOMI_CA_FILE", &mine.ca()), ("SSL_CERT_FILE", &other.ca())]);
    said.fails(&["Tls", "Trusted roots: the given CA bundle alone (1 certificate)"]);
}

#[test]
fn unusable_ssl_cert_variable_is_an_error_that_names_it() {
    let mine = Server::start();
    let directory = Directory::new("empty");
    let file = |name: &str, text: &str| directory.write(name, text).display().to_string();
    let (empty, garbage) = (file("empty.pem", ""), file("garbage.pem", "garbage"));
    std::fs::create_dir(directory.path().join("none")).unwrap();
    let none = directory.path().join("none").display().to_string();
    for (name, value, why) in [
        ("SSL_CERT_FILE", NOWHERE, "No such file"),
        ("SSL_CERT_FILE", &empty, "has no certificate"),
        ("SSL_CERT_FILE", &garbage, "has no certificate"),
        ("SSL_CERT_DIR", &none, "no certificate can be read there"),
        ("SSL_CERT_DIR", NOWHERE, "no certificate can be read there"),
    ] {
        mine.usage(&[(name, value)]).fails(&["Config", &format!("{name}={value}"), why]);
    }
}

#[test]
fn bundle_is_read_in_the_forms_that_openssl_reads() {
    let mine = Server::start();
    let directory = Directory::new("forms");
    let pem = mine.authority.pem();
    let unreadable = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for text in [format!("\u{feff}{pem}"), pem.replace(" CERT", " X509 CERT"), format!("{unreadable}{pem}")] {
        let file = directory.write("ca.pem", &text).display().to_string();
        for name in ["BOOMI_CA_FILE", "SSL_CERT_FILE"] {
            trusts(&mine.usage(&[(name, &file)]));
        }
    }
}

#[test]
fn mozillas_roots_are_trusted_where_the_system_has_none() {
    without_store(|| {
        let (added, third) = (Server::start(), Server::start());
        let error = get(&Client::builder().base_url(&third.url()).proxy("").build().unwrap()).unwrap_err();
        assert_says(&error, &["authority that is not trusted", "Mozilla's roots, built in because this system has no"]);
        assert_eq!(get(&with_added(&added, &added.authority)).unwrap().text().unwrap(), "{}");
        let error = get(&with_added(&third, &added.authority)).unwrap_err();
        assert_says(&error, &["Mozilla's roots", "and the given CA bundle (1 certificate)"]);
    });
}

/// Runs `test` in a process of its own whose /etc/ssl/certs is empty.
fn without_store<F: FnOnce()>(test: F) {
    const HIDE: &str = "mount -t tmpfs none /etc/ssl/certs && exec \"$@\"";
    // An ordinary user may mount in a user namespace of its own.
    let user = if rustix::process::geteuid().is_root() { "--keep-caps" } else { "--map-root-user" };
    alone_by(&["/usr/bin/unshare", user, "--mount", "/bin/sh", "-c", HIDE, "sh"], Vec::new, test);
}

/// A client that trusts `authority` besides the store.
fn with_added(server: &Server, authority: &Authority) -> Client {
    let builder = Client::builder().base_url(&server.url()).proxy("");
    builder.ca_pem(authority.pem().as_bytes(), CaMode::Add).build().unwrap()
}

#[test]
fn a_bundle_is_trusted_besides_the_store() {
    let mut mine = None;
    let store = || {
        let mine = mine.insert(Authority::new());
        vec![("SSL_CERT_FILE", mine.file().display().to_string())]
    };
    alone(store, || {
        let (added, third) = (Server::start(), Server::start());
        assert_eq!(get(&with_added(&added, &added.authority)).unwrap().text().unwrap(), "{}");
        let error = get(&with_added(&third, &added.authority)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Tls);
        let file = format!("trust store (SSL_CERT_FILE={})", std::env::var("SSL_CERT_FILE").unwrap());
        assert_says(&error, &["the operating system's", &file, "and the given CA bundle (1 certificate)"]);
    });
}

#[test]
fn with_a_bundle_added_the_stores_own_servers_are_trusted_still() {
    let mut server = None;
    let store = || {
        let server = server.insert(Server::start());
        vec![("SSL_CERT_FILE", server.ca()), ("TEST_URL", server.url())]
    };
    alone(store, || {
        let builder = Client::builder().base_url(&std::env::var("TEST_URL").unwrap()).proxy("");
        let client = builder.ca_pem(Authority::new().pem().as_bytes(), CaMode::Add).build().unwrap();
        assert_eq!(get(&client).unwrap().text().unwrap(), "{}");
    });
}
