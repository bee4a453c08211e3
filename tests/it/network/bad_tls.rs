//! nginx with each thing that can be wrong with its TLS. Every error says at which host, what, what to do, and which
//! roots were trusted.

use std::net::SocketAddr;
use std::path::Path;

use boomi_auth::{CaMode, Client, ErrorKind};

use crate::common::assert_says;
use crate::daemon::{Daemon, Directory, own_address};
use crate::network::certificates::{Authority, EXPIRED, Issued};
use crate::servers::get;

/// nginx with one server.
pub struct Nginx {
    pub address: SocketAddr,
    _daemon: Daemon,
    _directory: Directory,
}

impl Nginx {
    /// With TLS as it should be, but for these directives.
    pub fn with_tls(address: SocketAddr, issued: &Issued, directives: &str) -> Nginx {
        let file = |path: &Path| path.display().to_string();
        let tls = format!(
            "ssl_certificate {}; ssl_certificate_key {}; {directives}",
            file(&issued.certificate),
            file(&issued.key)
        );
        Nginx::start(address, "ssl", &tls)
    }

    fn start(address: SocketAddr, listen: &str, directives: &str) -> Nginx {
        let directory = Directory::new("nginx");
        let here = directory.path().display().to_string();
        let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
        let temporary: String = temporary.map(|name| format!("{name}_temp_path {here}/{name};\n")).concat();
        let configuration = format!(
            "daemon off;\nmaster_process off;\npid {here}/pid;\nevents {{}}\n\
             http {{\naccess_log off;\n{temporary}\
             server {{ listen {address} {listen}; {directives}\nlocation / {{ return 200 '{{}}'; }} }}\n}}\n"
        );
        let configuration = directory.write("nginx.conf", &configuration);
        let log = directory.path().join("error.log");
        let start = |command: &mut std::process::Command| {
            command.arg("-p").arg(directory.path()).arg("-e").arg(log).arg("-c").arg(configuration);
        };
        Nginx { address, _daemon: Daemon::start("nginx", start, address), _directory: directory }
    }

    /// A client of it that trusts `authority` alone.
    pub fn client(&self, authority: &Authority) -> Client {
        let builder = Client::builder().base_url(&format!("https://{}", self.address)).proxy("");
        builder.ca_pem(authority.pem().as_bytes(), CaMode::Only).build().unwrap()
    }

    #[track_caller]
    fn is_refused(&self, authority: &Authority, words: &[&str]) {
        let error = get(&self.client(authority)).unwrap_err();
        assert_eq!((error.kind(), error.was_sent(), error.status()), (ErrorKind::Tls, false, None), "{error}");
        let host = self.address.ip().to_string();
        assert_says(&error, &[&host, "Trusted roots: the given CA bundle alone (1 certificate)"]);
        assert_says(&error, words);
    }
}

/// An address, and its name in a certificate.
fn place() -> (SocketAddr, String) {
    let address = own_address();
    ((address, 8443).into(), format!("IP:{address}"))
}

#[test]
fn a_good_server_is_trusted() {
    let (authority, (address, name)) = (Authority::new(), place());
    for protocol in ["TLSv1.2", "TLSv1.3"] {
        let nginx = Nginx::with_tls(address, &authority.issue(&name), &format!("ssl_protocols {protocol};"));
        assert_eq!(get(&nginx.client(&authority)).unwrap().text().unwrap(), "{}");
    }
}

#[test]
fn an_expired_certificate() {
    let (authority, (address, name)) = (Authority::new(), place());
    let nginx = Nginx::with_tls(address, &authority.issue_for(&name, EXPIRED), "");
    nginx.is_refused(&authority, &["has expired", "clock"]);
}

#[test]
fn a_certificate_for_another_host() {
    let (authority, (address, _)) = (Authority::new(), place());
    let nginx = Nginx::with_tls(address, &authority.issue("DNS:elsewhere.example"), "");
    nginx.is_refused(&authority, &["for another host", "elsewhere.example", "check the base URL"]);
}

#[test]
fn a_self_signed_certificate() {
    let (authority, (address, name)) = (Authority::new(), place());
    // The second is what `openssl req -x509` makes of itself.
    for is_authority in [false, true] {
        let nginx = Nginx::with_tls(address, &authority.issue_self_signed(&name, is_authority), "");
        nginx.is_refused(&authority, &["self-signed"]);
    }
}

#[test]
fn a_certificate_of_an_unknown_authority() {
    let (trusted, unknown, (address, name)) = (Authority::new(), Authority::new(), place());
    let nginx = Nginx::with_tls(address, &unknown.issue(&name), "");
    nginx.is_refused(&trusted, &["an authority that is not trusted", "add the CA to the CA file (BOOMI_CA_FILE)"]);
}

#[test]
fn an_authority_with_the_name_of_a_trusted_one_and_another_key() {
    let (old, (address, name)) = (Authority::new(), place());
    let nginx = Nginx::with_tls(address, &old.namesake().issue(&name), "");
    nginx.is_refused(&old, &["an authority that is not trusted", "BOOMI_CA_FILE"]);
}

#[test]
fn a_chain_without_its_intermediate() {
    let (authority, (address, name)) = (Authority::new(), place());
    let (alone, whole) = authority.issue_through_intermediate(&name);
    {
        let nginx = Nginx::with_tls(address, &whole, "");
        assert_eq!(get(&nginx.client(&authority)).unwrap().status(), 200);
    }
    let nginx = Nginx::with_tls(address, &alone, "");
    nginx.is_refused(&authority, &["an authority that is not trusted", "intermediate", "BOOMI_CA_FILE"]);
}

#[test]
fn tls_1_1_is_too_old() {
    let (authority, (address, name)) = (Authority::new(), place());
    // Debian's OpenSSL speaks it at its lowest level of security only.
    let old = "ssl_protocols TLSv1.1; ssl_ciphers ALL:@SECLEVEL=0;";
    let nginx = Nginx::with_tls(address, &authority.issue(&name), old);
    nginx.is_refused(&authority, &["TLS 1.2"]);
}

#[test]
fn plain_http_on_the_tls_port() {
    let (authority, (address, _)) = (Authority::new(), place());
    let nginx = Nginx::start(address, "", "");
    nginx.is_refused(&authority, &["plain HTTP", "the port is wrong"]);
}
