//! What the cases share.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;

use boomi_auth::{CaMode, CredentialKind, ErrorKind};
use boomi_emulator::Emulator;
use boomi_emulator::users::{ACCOUNT, Known, REGULAR};

use crate::api::{Api, Failure, Setting};

pub const AUDIT_LOG: &str = "/api/rest/v1/{accountId}/AuditLog/documentId-321";
pub const DEPLOYMENT: &str = "/api/rest/v1/{accountId}/Deployment/documentId-321";

/// Where to find a server, for a client that no proxy of the environment gets in the way of.
pub fn at(base_url: &str) -> Vec<Setting> {
    vec![Setting::BaseUrl(base_url.into()), Setting::AccountId(ACCOUNT.into()), Setting::Proxy(String::new())]
}

/// The same for the emulator, over TLS.
pub fn of(boomi: &Emulator) -> Vec<Setting> {
    let ca = Setting::CaPem(boomi.ca_pem().into(), CaMode::Only);
    at(boomi.base_url()).into_iter().chain([ca]).collect()
}

pub fn by_password(user: Known) -> Setting {
    Setting::Credentials(CredentialKind::Password, user.name, user.password)
}

pub fn by_token(user: Known) -> Setting {
    Setting::Credentials(CredentialKind::ApiToken, user.name, user.token)
}

/// A client with these settings besides `base`.
pub fn client<A: Api>(mut base: Vec<Setting>, more: impl IntoIterator<Item = Setting>) -> A::Client {
    base.extend(more);
    A::client(base).unwrap_or_else(|failure| panic!("{failure:?}"))
}

/// The client most cases do with.
pub fn regular<A: Api>(boomi: &Emulator) -> A::Client {
    client::<A>(of(boomi), [by_password(REGULAR)])
}

/// One that sends each request once, and at once.
pub fn once<A: Api>(boomi: &Emulator) -> A::Client {
    client::<A>(of(boomi), [by_password(REGULAR), Setting::MaxRetries(0), Setting::RequestsPerSecond(0)])
}

/// A POST of JSON.
pub fn posting<A: Api>(path: &str, body: &str) -> A::Request {
    let mut request = A::request("POST", path).unwrap_or_else(|failure| panic!("{failure:?}"));
    A::set_body(&mut request, body.as_bytes());
    request
}

/// A call with so much time.
pub fn within_ms<A: Api>(timeout_ms: u32) -> A::Call {
    let mut call = A::call();
    A::set_timeout_ms(&mut call, timeout_ms).unwrap();
    call
}

pub fn get<A: Api>(client: &A::Client, path: &str) -> Result<A::Response, Failure> {
    A::send(client, &A::request("GET", path)?, None)
}

/// Sends a GET whose answer is read as a stream.
pub fn open<A: Api>(client: &A::Client, path: &str, call: Option<&A::Call>) -> Result<A::Response, Failure> {
    A::open(client, &A::request("GET", path)?, call)
}

/// A result that must be a failure. (`unwrap_err` would ask every handle for `Debug`.)
#[track_caller]
pub fn failure<T>(result: Result<T, Failure>) -> Failure {
    match result {
        Ok(_) => panic!("this should have failed"),
        Err(failure) => failure,
    }
}

/// Fails unless the result is an error about bad input, which names what is bad.
#[track_caller]
pub fn assert_invalid<T>(result: Result<T, Failure>, named: &str) {
    match result {
        Ok(_) => panic!("this should have been refused, with {named:?} in the message"),
        Err(failure) => failure.assert_unsent(ErrorKind::InvalidArgument, &[named]),
    }
}

/// A directory of one test's own, gone when this is dropped.
pub struct Scratch(PathBuf);

impl Scratch {
    pub fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("suite-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        // Of a process of long ago that had the same number.
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Scratch(path)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// The same as a text.
    pub fn name(&self, name: &str) -> String {
        self.path(name).to_str().expect("the build is below a path of UTF-8").to_owned()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A server for one request: it answers as told, and hands over the request, byte for byte.
pub fn serve_once(answer: &'static [u8]) -> (String, JoinHandle<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        let mut request = Vec::new();
        let mut chunk = [0; 4096];
        while !is_whole(&request) {
            let count = socket.read(&mut chunk).unwrap();
            assert!(count > 0, "the request ended early");
            request.extend_from_slice(&chunk[..count]);
        }
        socket.write_all(answer).unwrap();
        request
    });
    (url, server)
}

/// Whether all of a request is there, by its Content-Length.
fn is_whole(request: &[u8]) -> bool {
    let Some(end) = request.windows(4).position(|four| four == b"\r\n\r\n") else { return false };
    let head = String::from_utf8_lossy(&request[..end]).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    let length: usize = length.map_or(0, |length| length.trim().parse().unwrap());
    request.len() >= end + 4 + length
}
