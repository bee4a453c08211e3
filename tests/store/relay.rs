//! A network between programs and the store that can be cut: as TCP does, it delays the data until it is mended.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};

use crate::server::{PASSWORD, Server};

#[derive(Default)]
struct Cut {
    to_the_store: bool,
    from_the_store: bool,
}

/// A relay, which ends with the test's process.
#[derive(Clone)]
pub struct Relay {
    port: u16,
    cut: Arc<(Mutex<Cut>, Condvar)>,
}

impl Relay {
    pub fn to(store: &Server) -> Relay {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let relay = Relay { port: listener.local_addr().unwrap().port(), cut: Arc::default() };
        let (made, store_port) = (relay.clone(), store.port);
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let Ok(store) = TcpStream::connect(("127.0.0.1", store_port)) else { continue };
                let client = client.unwrap();
                made.carry(client.try_clone().unwrap(), store.try_clone().unwrap(), |cut| cut.to_the_store);
                made.carry(store, client, |cut| cut.from_the_store);
            }
        });
        relay
    }

    pub fn url(&self) -> String {
        format!("redis://:{PASSWORD}@127.0.0.1:{}/0", self.port)
    }

    /// Cuts both directions.
    pub fn cut(&self) {
        self.set(Cut { to_the_store: true, from_the_store: true });
    }

    /// Cuts the direction from the store.
    pub fn cut_answers(&self) {
        self.set(Cut { to_the_store: false, from_the_store: true });
    }

    pub fn mend(&self) {
        self.set(Cut::default());
    }

    fn set(&self, cut: Cut) {
        *self.cut.0.lock().unwrap() = cut;
        self.cut.1.notify_all();
    }

    fn carry(&self, mut from: TcpStream, mut to: TcpStream, is_cut: fn(&Cut) -> bool) {
        let cut = self.cut.clone();
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = from.read(&mut bytes) {
                drop(cut.1.wait_while(cut.0.lock().unwrap(), |cut| is_cut(cut)).unwrap());
                if to.write_all(&bytes[..count]).is_err() {
                    break;
                }
            }
            let _ = to.shutdown(Shutdown::Both);
        });
    }
}
