//! A real client for the tests: ureq over rustls, as strict as the default.
#![allow(dead_code, reason = "no test file needs all of it")]

use boomi_emulator::Emulator;
use data_encoding::BASE64;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

pub struct Answer {
    pub status: u16,
    pub content_type: String,
    pub headers: ureq::http::HeaderMap,
    pub body: String,
}

/// Gives up after twenty seconds.
pub struct Client {
    agent: ureq::Agent,
    base_url: String,
}

pub type Headers<'a> = &'a [(&'a str, &'a str)];

impl Client {
    pub fn of(emulator: &Emulator) -> Client {
        Client::new(emulator.base_url(), emulator.ca_pem())
    }

    pub fn new(base_url: &str, ca_pem: &str) -> Client {
        let ca = Certificate::from_pem(ca_pem.as_bytes()).expect("a certificate").to_owned();
        let tls = TlsConfig::builder().root_certs(RootCerts::Specific(Arc::new(vec![ca]))).build();
        let config = ureq::Agent::config_builder()
            .tls_config(tls)
            .proxy(None)
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(Duration::from_secs(20)))
            .build();
        Client { agent: config.into(), base_url: base_url.to_owned() }
    }

    pub fn get(&self, path: &str, headers: Headers) -> Answer {
        self.try_get(path, headers).expect("an answer")
    }

    pub fn try_get(&self, path: &str, headers: Headers) -> Result<Answer, ureq::Error> {
        let mut request = self.agent.get(format!("{}{path}", self.base_url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.call().map(answer)
    }

    pub fn delete_with(&self, path: &str, authorization: &str) -> Answer {
        let request = self.agent.delete(format!("{}{path}", self.base_url));
        answer(request.header("Authorization", authorization).call().expect("an answer"))
    }

    /// The status and body of what need not be text, nor all of it there.
    pub fn try_bytes(&self, path: &str, authorization: &str) -> Result<(u16, Vec<u8>), ureq::Error> {
        let request = self.agent.get(format!("{}{path}", self.base_url));
        let mut response = request.header("Authorization", authorization).call()?;
        Ok((response.status().as_u16(), response.body_mut().read_to_vec()?))
    }

    pub fn delete(&self, path: &str) -> Answer {
        answer(self.agent.delete(format!("{}{path}", self.base_url)).call().expect("an answer"))
    }

    pub fn post(&self, path: &str, headers: Headers, body: &str) -> Answer {
        let mut request = self.agent.post(format!("{}{path}", self.base_url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        answer(request.send(body).expect("an answer"))
    }
}

fn answer(mut response: ureq::http::Response<ureq::Body>) -> Answer {
    let headers = response.headers().clone();
    Answer {
        status: response.status().as_u16(),
        content_type: headers.get("content-type").map_or("", |value| value.to_str().unwrap()).to_owned(),
        headers,
        body: response.body_mut().read_to_string().unwrap(),
    }
}

/// A connection without TLS of which a test sees every end. It gives up after ten seconds.
pub struct Wire(TcpStream);

impl Wire {
    /// Connects, to plain HTTP or to a TLS port that gets to see no handshake.
    pub fn to(emulator: &Emulator) -> Wire {
        let (_, port) = emulator.base_url().rsplit_once(':').unwrap();
        let stream = TcpStream::connect(("127.0.0.1", port.parse().unwrap())).unwrap();
        let wire = Wire(stream);
        wire.patience(10_000);
        wire
    }

    pub fn patience(&self, ms: u64) {
        self.0.set_read_timeout(Some(Duration::from_millis(ms))).unwrap();
    }

    pub fn send(&mut self, path: &str, authorization: &str) {
        self.send_raw(&format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {authorization}\r\n\r\n"));
    }

    pub fn send_raw(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).unwrap();
    }

    /// What comes next, as much as one read gives. Nothing is the end of the connection.
    pub fn read(&mut self) -> io::Result<String> {
        let mut buffer = [0; 16 * 1024];
        let length = self.0.read(&mut buffer)?;
        Ok(String::from_utf8_lossy(&buffer[..length]).into_owned())
    }

    /// The status of the next answer.
    pub fn status(&mut self) -> u16 {
        self.read().unwrap()[9..12].parse().unwrap()
    }

    pub fn is_reset(&mut self) -> bool {
        self.read().is_err_and(|error| error.kind() == io::ErrorKind::ConnectionReset)
    }

    pub fn is_silent(&mut self) -> bool {
        self.patience(150);
        let silent = self.read().is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock);
        self.patience(10_000);
        silent
    }
}

pub fn start_http() -> Emulator {
    let options = boomi_emulator::Options { http: true, bad_tls: false, ..boomi_emulator::Options::unlimited() };
    Emulator::start_with(options).unwrap()
}

/// Waits for what has to happen.
pub fn until(emulator: &Emulator, what: &str, condition: impl Fn() -> bool) {
    let start = emulator.at_ms();
    while !condition() {
        assert!(emulator.at_ms() - start < 10_000, "never: {what}");
        std::thread::yield_now();
    }
}

pub fn status_of(boomi: &Emulator, user: &str) -> boomi_emulator::UserStatus {
    boomi.users().into_iter().find(|status| status.user == user).unwrap()
}

pub fn basic(user: &str, secret: &str) -> String {
    format!("Basic {}", BASE64.encode(format!("{user}:{secret}").as_bytes()))
}

pub fn with_token(user: boomi_emulator::users::Known) -> String {
    basic(&format!("BOOMI_TOKEN.{}", user.name), user.token)
}

pub fn with_password(user: boomi_emulator::users::Known) -> String {
    basic(user.name, user.password)
}

/// The claims of a JWT, unverified.
pub fn claims(jwt: &str) -> serde_json::Value {
    let payload = jwt.split('.').nth(1).expect("three segments");
    serde_json::from_slice(&data_encoding::BASE64URL_NOPAD.decode(payload.as_bytes()).unwrap()).unwrap()
}
