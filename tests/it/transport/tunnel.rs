//! A CONNECT proxy that remembers what it saw, and can stop passing answers on.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use crate::servers::{read_head, serve};

/// A proxy that makes every tunnel it is asked for.
pub struct Tunnel {
    pub port: u16,
    seen: Arc<Mutex<Seen>>,
    frozen: Arc<AtomicBool>,
}

/// What a proxy saw.
#[derive(Clone, Default)]
pub struct Seen {
    /// The heads of the requests to the proxy itself.
    pub heads: Vec<String>,
    /// What the client sent through tunnels.
    pub sent: Vec<u8>,
}

/// Copies bytes between two connections, in threads, until one of them ends.
pub fn join(client: TcpStream, server: TcpStream) {
    let (mut from, mut to) = (server.try_clone().unwrap(), client.try_clone().unwrap());
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Both);
    });
    let (mut from, mut to) = (client, server);
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Both);
    });
}

impl Tunnel {
    pub fn start() -> Tunnel {
        let seen = Arc::<Mutex<Seen>>::default();
        let frozen = Arc::new(AtomicBool::new(false));
        let (shared, freeze) = (seen.clone(), frozen.clone());
        let port = serve(move |mut client| {
            let head = read_head(&mut client);
            let target = head.split(' ').nth(1).unwrap_or_default().to_owned();
            shared.lock().unwrap().heads.push(head);
            let mut server = TcpStream::connect(target).unwrap();
            client.write_all(b"HTTP/1.1 200 Connection established\r\nVia: test\r\n\r\n").unwrap();
            let (mut answers, mut back) = (server.try_clone().unwrap(), client.try_clone().unwrap());
            let freeze = freeze.clone();
            std::thread::spawn(move || {
                let mut buffer = [0; 4096];
                while let Ok(amount @ 1..) = answers.read(&mut buffer) {
                    // What is thrown away is never missed: the connection stays open and silent.
                    if !freeze.load(Ordering::SeqCst) && back.write_all(&buffer[..amount]).is_err() {
                        break;
                    }
                }
                let _ = back.shutdown(Shutdown::Both);
            });
            let seen = shared.clone();
            std::thread::spawn(move || {
                let mut buffer = [0; 4096];
                while let Ok(amount @ 1..) = client.read(&mut buffer) {
                    seen.lock().unwrap().sent.extend(&buffer[..amount]);
                    if server.write_all(&buffer[..amount]).is_err() {
                        break;
                    }
                }
                let _ = server.shutdown(Shutdown::Both);
            });
        });
        Tunnel { port, seen, frozen }
    }

    /// From now on no answer comes through.
    pub fn freeze(&self) {
        self.frozen.store(true, Ordering::SeqCst);
    }

    pub fn seen(&self) -> Seen {
        self.seen.lock().unwrap().clone()
    }
}
