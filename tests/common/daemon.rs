//! Servers from Debian, each in the foreground, on an address of its own, and gone with its owner.

use std::io::ErrorKind::NotFound;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};

/// A directory of one test's own, gone when this is dropped.
pub struct Directory(PathBuf);

impl Directory {
    pub fn new(name: &str) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("{name}-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::create_dir_all(&directory).unwrap();
        Directory(directory)
    }

    /// One that users may enter who may not enter this tree.
    pub fn in_temporary(name: &str) -> Self {
        let directory = std::env::temp_dir().join(format!("boomi-auth-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        Directory(directory)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    pub fn read(&self, name: &str) -> String {
        String::from_utf8_lossy(&std::fs::read(self.0.join(name)).unwrap()).into_owned()
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A loopback address that nobody else uses, so that every port on it is free.
pub fn own_address() -> Ipv4Addr {
    static NEXT: AtomicU8 = AtomicU8::new(1);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    assert!(number < 127, "each needs an address of its own");
    let [.., high, low] = std::process::id().to_be_bytes();
    Ipv4Addr::new(127, number, high, low.clamp(1, 254))
}

/// A program that serves until this is dropped.
pub struct Daemon(Child);

impl Daemon {
    /// Starts a program, and waits until it takes connections.
    pub fn start(program: &str, configure: impl FnOnce(&mut Command), address: SocketAddr) -> Daemon {
        let mut command = Command::new(program);
        // Where Debian has its servers; an ordinary user's PATH may not.
        let path = std::env::var("PATH").unwrap_or_default() + ":/usr/sbin:/usr/local/sbin";
        configure(command.env("PATH", path).stdin(Stdio::null()).stdout(Stdio::null()));
        let child = command.spawn().unwrap_or_else(|error| match error.kind() {
            NotFound => panic!("{program} is not installed, and these tests are about it: `make setup` installs it"),
            _ => panic!("{command:?}: {error}"),
        });
        let mut daemon = Daemon(child);
        while TcpStream::connect(address).is_err() {
            assert_eq!(daemon.0.try_wait().unwrap(), None, "{command:?} ended");
            std::thread::yield_now();
        }
        daemon
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
