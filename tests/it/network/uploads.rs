//! Large bodies on their way out.

use std::io::{Read, Write};
use std::net::TcpListener;

use boomi_auth::{AuthScheme, Client};

use crate::alone::{MIB, TEST_PROCESS, alone, most_memory};

const LENGTH: u64 = 192 * MIB;

/// Reads one request of that length, and tells how long its body was.
fn counts_one_body() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            head.push(byte[0]);
        }
        let body = std::io::copy(&mut (&stream).take(LENGTH), &mut std::io::sink()).unwrap();
        write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.to_string().len()).unwrap();
    });
    port
}

#[test]
fn a_large_body_is_sent_from_where_it_is() {
    alone(Vec::new, || {
        let base_url = format!("http://127.0.0.1:{}", counts_one_body());
        let client = Client::builder().base_url(&base_url).proxy("").build().unwrap();
        let body = vec![b'x'; LENGTH as usize];
        let answer = client.post("/").auth(AuthScheme::None).body(body).send().unwrap();
        assert_eq!(answer.text().unwrap(), LENGTH.to_string());
        let most = most_memory();
        assert!(most < LENGTH + TEST_PROCESS, "{} MiB", most / MIB);
    });
}
