//! Servers that do one thing, on threads of their own. A thread ends with its last connection, or with its listener.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};

use boomi_auth::{AuthScheme, Client, ClientBuilder, Error, Response};

/// Hands every connection of a new listener to `handle`, one after the other. Returns the port.
pub fn serve(mut handle: impl FnMut(TcpStream) + Send + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || listener.incoming().flatten().for_each(&mut handle));
    port
}

/// Takes a connection to where it is to get stuck and then gives it away: nothing more happens on it. The receiver
/// learns that it is there, and keeps it open.
pub fn stuck_after(mut reach: impl FnMut(&mut TcpStream) + Send + 'static) -> (u16, Receiver<TcpStream>) {
    let (give, take) = channel();
    let port = serve(move |mut stream| {
        reach(&mut stream);
        // A test that is over needs it no more.
        let _ = give.send(stream);
    });
    (port, take)
}

/// Answers every request with `answer`, whatever it is, and closes the connection.
pub fn answers_and_closes(answer: impl Into<Vec<u8>>) -> u16 {
    let answer = answer.into();
    serve(move |mut stream| {
        read_head(&mut stream);
        let _ = stream.write_all(&answer);
    })
}

/// Reads up to the empty line that ends a request's head; less if the client goes away.
pub fn read_head(stream: &mut TcpStream) -> String {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|amount| amount > 0) {
        head.push(byte[0]);
    }
    String::from_utf8(head).unwrap()
}

/// An answer with a length, after which the connection may be used again.
pub fn answer_of(status: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

/// A client without credentials and without a proxy.
pub fn plain_client(base_url: &str) -> ClientBuilder {
    // Each request is to be seen as it goes: none is sent again, and none waits for its turn.
    Client::builder().base_url(base_url).proxy("").max_retries(0).requests_per_second(0)
}

/// The base URL of a plain server on loopback.
pub fn http(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

/// A request without credentials.
pub fn get(client: &Client) -> Result<Response, Error> {
    client.get("/").auth(AuthScheme::None).send()
}

/// [`get`] from a fresh client of `port`.
pub fn get_from(port: u16) -> Result<Response, Error> {
    get(&plain_client(&http(port)).build().unwrap())
}
