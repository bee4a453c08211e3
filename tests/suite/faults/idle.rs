//! Connections that end while they are kept: whoever sends the next request does not notice, where that can be had.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use boomi_auth::ErrorKind;
use boomi_emulator::users::REGULAR;
use boomi_emulator::{Emulator, Scripted, WireFault};
use socket2::SockRef;

use crate::api::{Api, Failure, Header, Response, Setting};
use crate::run_twice;
use crate::support::{AUDIT_LOG, at, by_password, client, failure, get, of};

const FOLDER: &str = "/api/rest/v1/{accountId}/Folder";

run_twice!(
    a_closed_connection_is_replaced_unnoticed,
    nothing_is_sent_on_a_connection_that_was_closed,
    a_get_survives_the_reset_of_its_kept_connection,
    a_creating_post_does_not_and_is_not_sent_again,
);

fn create<A: Api>(client: &A::Client, key: &str) -> Result<A::Response, Failure> {
    let mut request = A::request("POST", FOLDER)?;
    A::set_header(&mut request, Header::plain("X-Test-Key", key))?;
    A::set_body(&mut request, br#"{"name":"a folder"}"#);
    A::send(client, &request, None)
}

/// The server closes a connection after its answer, as soon as may be: also while the next request is being sent.
fn a_closed_connection_is_replaced_unnoticed<A: Api>() {
    let boomi = Emulator::start_unlimited();
    let client = client::<A>(of(&boomi), [by_password(REGULAR), Setting::RequestsPerSecond(0)]);
    for _ in 0..20 {
        boomi.answer_next(Scripted::from(WireFault::CloseAfter));
        let first = get::<A>(&client, AUDIT_LOG).unwrap();
        let second = get::<A>(&client, AUDIT_LOG).unwrap();
        assert_eq!((first.status(), first.attempts(), second.status()), (200, 1, 200));
        assert!(matches!(second.attempts(), 1 | 2), "{}", second.attempts());
    }
    let connections: BTreeSet<_> = boomi.log().iter().map(|entry| entry.connection).collect();
    assert_eq!(connections.len(), 21);
}

/// Once the end of a connection has arrived, no request goes out on it: so creating POSTs are safe too.
fn nothing_is_sent_on_a_connection_that_was_closed<A: Api>() {
    let boomi = Emulator::start_unlimited();
    let new_client = || client::<A>(of(&boomi), [by_password(REGULAR)]);
    let client = new_client();
    for key in ["one", "two", "three"] {
        boomi.answer_next(Scripted::from(WireFault::CloseAfter));
        assert_eq!(get::<A>(&client, AUDIT_LOG).unwrap().status(), 200);
        // The server has one thread: while it takes up another connection, it has long closed that one.
        assert_eq!(get::<A>(&new_client(), AUDIT_LOG).unwrap().status(), 200);
        let answer = create::<A>(&client, key).unwrap();
        assert_eq!((answer.status(), answer.attempts()), (200, 1));
    }
    let keys: Vec<_> = boomi.effects().into_iter().map(|effect| effect.key).collect();
    assert_eq!(keys, ["one", "two", "three"]);
}

/// A server that answers the first request on its first connection, and resets that one exactly when the second request
/// arrives. All others it answers. Returns its URL, and the request lines that it has seen.
fn server_that_resets_once() -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let seen = Arc::new(Mutex::new(Vec::new()));
    let lines = seen.clone();
    // It ends with the test's process.
    std::thread::spawn(move || {
        for (number, socket) in listener.incoming().enumerate() {
            let mut socket = socket.unwrap();
            socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
            for on_this in 0.. {
                let Some(line) = read_request(&mut socket) else { break };
                lines.lock().unwrap().push(line);
                if (number, on_this) == (0, 1) {
                    SockRef::from(&socket).set_linger(Some(Duration::ZERO)).unwrap();
                    break;
                }
                let answer = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";
                socket.write_all(answer.as_bytes()).unwrap();
            }
        }
    });
    (url, seen)
}

/// Reads a request, and returns its first line; nothing if the connection has ended.
fn read_request(socket: &mut TcpStream) -> Option<String> {
    let (mut request, mut byte) = (Vec::new(), [0]);
    while !request.ends_with(b"\r\n\r\n") {
        socket.read_exact(&mut byte).ok()?;
        request.extend(byte);
    }
    let head = String::from_utf8_lossy(&request).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    let mut body = vec![0; length.map_or(0, |length| length.trim().parse().unwrap())];
    socket.read_exact(&mut body).ok()?;
    head.lines().next().map(str::to_owned)
}

fn a_get_survives_the_reset_of_its_kept_connection<A: Api>() {
    let (url, seen) = server_that_resets_once();
    let client = client::<A>(at(&url), [by_password(REGULAR)]);
    assert_eq!(get::<A>(&client, "/first").unwrap().attempts(), 1);
    let answer = get::<A>(&client, "/second").unwrap();
    assert_eq!((answer.status(), answer.attempts()), (200, 2));
    // The one in the middle is the guard's, without credentials: whether the server answers again.
    let lines = ["first", "second", "second", "second"].map(|path| format!("get /{path} http/1.1"));
    assert_eq!(*seen.lock().unwrap(), lines);
}

fn a_creating_post_does_not_and_is_not_sent_again<A: Api>() {
    let (url, seen) = server_that_resets_once();
    let client = client::<A>(at(&url), [by_password(REGULAR)]);
    assert_eq!(get::<A>(&client, "/first").unwrap().attempts(), 1);
    let failure = failure(create::<A>(&client, "once"));
    failure.assert(ErrorKind::Connect, &["may have taken effect"]);
    assert_eq!((failure.sent, failure.attempts), (true, 1), "{failure:?}");
    assert_eq!(*seen.lock().unwrap(), ["get /first http/1.1", "post /api/rest/v1/account123/folder http/1.1"]);
}
