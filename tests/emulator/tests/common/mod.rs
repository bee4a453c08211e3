//! A real client for the tests: ureq over rustls, as strict as the default.
#![allow(dead_code, reason = "no test file needs all of it")]

use boomi_emulator::Emulator;
use data_encoding::BASE64;
use std::sync::Arc;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

pub struct Answer {
    pub status: u16,
    pub content_type: String,
    pub headers: ureq::http::HeaderMap,
    pub body: String,
}

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
