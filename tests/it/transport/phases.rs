//! Each phase of a call, each way to end it. The servers hang for ever, so what is tested is that a call ends at all.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use boomi_auth::{AuthScheme, Call, Client, ClientBuilder, Error, ErrorKind, Response};

use crate::common::assert_says;
use crate::servers::{answer_of, get, http, plain_client, read_head, serve, stuck_after};

/// A server on which calls get stuck.
struct Stuck {
    base_url: String,
    proxy: String,
    body: Option<Vec<u8>>,
    /// Told when a call is stuck; `None` where no server can know.
    reached: Option<Receiver<TcpStream>>,
    /// What must live as long as the test.
    _held: Vec<TcpStream>,
    _listener: Option<socket2::Socket>,
}

impl Stuck {
    fn at((port, reached): (u16, Receiver<TcpStream>)) -> Self {
        let (base_url, proxy) = (http(port), String::new());
        Stuck { base_url, proxy, body: None, reached: Some(reached), _held: Vec::new(), _listener: None }
    }

    fn client(&self) -> ClientBuilder {
        plain_client(&self.base_url).proxy(&self.proxy)
    }

    fn host(&self) -> &str {
        self.base_url.split_once("://").unwrap().1
    }

    fn send(&self, client: &Client, call: &Call) -> Result<Response, Error> {
        let request = match &self.body {
            Some(body) => client.post("/").body(body.clone()),
            None => client.get("/"),
        };
        request.auth(AuthScheme::None).call(call).send()
    }
}

/// The listener's queue is full, so the kernel answers no further connection.
#[cfg(unix)]
fn connecting() -> Stuck {
    let listener = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    listener.bind(&std::net::SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    listener.listen(0).unwrap();
    let address = listener.local_addr().unwrap().as_socket().unwrap();
    // How many fit is the system's affair.
    let fill = || TcpStream::connect_timeout(&address, Duration::from_millis(300));
    let held = std::iter::from_fn(|| fill().ok()).take(1000).collect();
    let (base_url, proxy) = (http(address.port()), String::new());
    Stuck { base_url, proxy, body: None, reached: None, _held: held, _listener: Some(listener) }
}

fn waiting_for_the_proxy() -> Stuck {
    let mut stuck = Stuck::at(stuck_after(|stream| assert!(read_head(stream).starts_with("CONNECT "))));
    stuck.proxy = std::mem::replace(&mut stuck.base_url, "https://localhost".into());
    stuck
}

fn in_the_handshake() -> Stuck {
    let mut stuck = Stuck::at(stuck_after(|stream| stream.read_exact(&mut [0]).unwrap()));
    stuck.base_url = stuck.base_url.replace("http://", "https://");
    stuck
}

/// The server reads the head and none of a body that fits into no socket's buffers.
fn sending() -> Stuck {
    let mut stuck = Stuck::at(stuck_after(|stream| drop(read_head(stream))));
    stuck.body = Some(vec![b' '; 64 * 1024 * 1024]);
    stuck
}

fn waiting_for_the_answer() -> Stuck {
    Stuck::at(stuck_after(|stream| drop(read_head(stream))))
}

fn reading_the_body() -> Stuck {
    Stuck::at(stuck_after(|stream| {
        read_head(stream);
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nbegin").unwrap();
    }))
}

/// A byte every few milliseconds, for half a minute: no wait for one is ever long enough to look like a hang.
fn reading_a_body_that_drips() -> Stuck {
    let (give, take) = channel();
    let port = serve(move |mut stream| {
        read_head(&mut stream);
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n").unwrap();
        let (_never, pause): (Sender<()>, _) = channel();
        let _ = give.send(stream.try_clone().unwrap());
        while stream.write_all(b"x").is_ok() {
            assert_eq!(pause.recv_timeout(Duration::from_millis(3)), Err(RecvTimeoutError::Timeout));
        }
    });
    Stuck::at((port, take))
}

/// Long enough to reach any phase on a busy machine.
const DEADLINE: Duration = Duration::from_secs(1);

fn ends_at_its_deadline(stuck: &Stuck, phase: &str) {
    let client = stuck.client().timeout(DEADLINE).build().unwrap();
    let error = stuck.send(&client, &Call::new()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
    assert_says(&error, &[stuck.host(), "1000 ms", phase]);
    assert!(error.is_retryable() && error.status().is_none() && error.attempts() == 1, "{error:?}");
}

/// Runs a call until it is stuck, does `stop`, and returns how the call ended.
fn stopped(mut stuck: Stuck, stop: impl FnOnce(&Client, &Call) + Send) -> Error {
    let (asked, hook_asked) = channel();
    // Where no server can tell, the hook does: it is asked while the call waits.
    let client = stuck.client().wait_hook(move || asked.send(()).is_err()).build().unwrap();
    let call = Call::new();
    let reached = stuck.reached.take();
    std::thread::scope(|threads| {
        let stopper = threads.spawn(|| {
            let held = reached.map(|reached| reached.recv().unwrap());
            if held.is_none() {
                hook_asked.recv().unwrap();
            }
            stop(&client, &call);
            (held, hook_asked)
        });
        let error = stuck.send(&client, &call).unwrap_err();
        stopper.join().unwrap();
        error
    })
}

fn ends_when_its_call_is_cancelled(stuck: Stuck) {
    let host = stuck.host().to_owned();
    let error = stopped(stuck, |_, call| call.cancel());
    assert_eq!(error.kind(), ErrorKind::Canceled, "{error}");
    assert_says(&error, &[&host, "canceled while"]);
}

fn ends_when_its_client_is_cancelled(stuck: Stuck) {
    let host = stuck.host().to_owned();
    let error = stopped(stuck, |client, _| client.cancel());
    assert_eq!(error.kind(), ErrorKind::Canceled, "{error}");
    assert_says(&error, &[&host, "canceled while"]);
}

fn asks_the_wait_hook(stuck: &Stuck, phase: &str) {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let client = stuck.client().wait_hook(move || count.fetch_add(1, Ordering::Relaxed) == 5).build().unwrap();
    let error = stuck.send(&client, &Call::new()).unwrap_err();
    assert_eq!((error.kind(), asked.load(Ordering::Relaxed)), (ErrorKind::Canceled, 6), "{error}");
    assert_says(&error, &[phase]);
}

macro_rules! phases {
    ($($name:ident: $phase:literal,)*) => {$(
        mod $name {
            #[test]
            fn ends_at_its_deadline() {
                super::ends_at_its_deadline(&super::$name(), $phase);
            }

            #[test]
            fn ends_when_its_call_is_cancelled() {
                super::ends_when_its_call_is_cancelled(super::$name());
            }

            #[test]
            fn ends_when_its_client_is_cancelled() {
                super::ends_when_its_client_is_cancelled(super::$name());
            }

            #[test]
            fn asks_the_wait_hook() {
                super::asks_the_wait_hook(&super::$name(), $phase);
            }
        }
    )*};
}

phases! {
    waiting_for_the_proxy: "while waiting for the proxy",
    in_the_handshake: "while waiting for the TLS handshake",
    sending: "while sending the request",
    waiting_for_the_answer: "while waiting for the response",
    reading_the_body: "while reading the response body",
    reading_a_body_that_drips: "while reading the response body",
}

#[cfg(unix)]
phases! {
    connecting: "while connecting",
}

#[cfg(unix)]
#[test]
fn a_connection_has_a_shorter_deadline_of_its_own() {
    let stuck = connecting();
    let client = stuck.client().connect_timeout(Duration::from_millis(200)).build().unwrap();
    let error = stuck.send(&client, &Call::new()).unwrap_err();
    assert_eq!((error.kind(), error.was_sent()), (ErrorKind::Timeout, false));
    assert_says(&error, &["the connection to", stuck.host(), "timed out after 200 ms while connecting"]);
}

#[test]
fn an_unsent_request_says_so_and_a_sent_one_too() {
    for (stuck, sent) in [
        (waiting_for_the_proxy(), false),
        (in_the_handshake(), false),
        (sending(), true),
        (waiting_for_the_answer(), true),
    ] {
        let error = stopped(stuck, |_, call| call.cancel());
        assert_eq!(error.was_sent(), sent, "{error}");
    }
}

#[test]
fn a_clients_cancellation_ends_what_had_begun_and_nothing_later() {
    // Two connections hang; those after them are answered.
    let (give, take) = channel();
    let mut connections = 0;
    let port = serve(move |mut stream| {
        read_head(&mut stream);
        connections += 1;
        if connections > 2 {
            stream.write_all(answer_of("200 OK", "later").as_bytes()).unwrap();
        }
        let _ = give.send(stream);
    });
    let client = plain_client(&http(port)).build().unwrap();
    std::thread::scope(|threads| {
        let calls = [(); 2].map(|()| threads.spawn(|| get(&client)));
        let _held = [(); 2].map(|()| take.recv().unwrap());
        client.cancel();
        for call in calls {
            assert_eq!(call.join().unwrap().unwrap_err().kind(), ErrorKind::Canceled);
        }
    });
    assert_eq!(get(&client).unwrap().text().unwrap(), "later");
}

#[test]
fn cancelled_call_stays_cancelled_and_its_client_works() {
    let (port, _take) = stuck_after(|stream| {
        read_head(stream);
        stream.write_all(answer_of("200 OK", "").as_bytes()).unwrap();
    });
    let client = plain_client(&http(port)).build().unwrap();
    let call = Call::new();
    call.cancel();
    let error = client.get("/").auth(AuthScheme::None).call(&call).send().unwrap_err();
    assert_eq!((error.kind(), error.was_sent()), (ErrorKind::Canceled, false));
    assert_eq!(get(&client).unwrap().status(), 200);
}
