//! Servers for tests: the program `redis-server` or `valkey-server`, on loopback.
#![allow(dead_code, reason = "not every file needs all of it")]

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

pub const PASSWORD: &str = "store-password";

/// A running server, which ends when it is dropped.
pub struct Server {
    pub port: u16,
    directory: PathBuf,
    arguments: Vec<String>,
    process: Mutex<Option<Child>>,
    is_tls: bool,
}

/// The program, by either name.
pub fn program() -> &'static str {
    let there =
        |name: &&str| Command::new(name).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
    ["valkey-server", "redis-server"].into_iter().find(there).expect("no redis-server: `make setup` installs it")
}

pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

impl Server {
    pub fn start() -> Server {
        Server::start_with(&[])
    }

    /// Starts it with more arguments.
    pub fn start_with(more: &[&str]) -> Server {
        Server::begin(more, false)
    }

    /// The file in which the processes of a test report that the store was away.
    pub fn away(&self) -> PathBuf {
        self.directory.join("away")
    }

    /// Starts a server with TLS only, and a certificate for localhost.
    pub fn start_tls() -> Server {
        Server::begin(&[], true)
    }

    fn begin(more: &[&str], is_tls: bool) -> Server {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("store-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        // Cargo sets it for integration tests only.
        let directory = option_env!("CARGO_TARGET_TMPDIR").map_or_else(std::env::temp_dir, PathBuf::from).join(name);
        let _ = std::fs::remove_dir_all(&directory);
        std::fs::create_dir_all(&directory).unwrap();
        let port = free_port();
        let mut arguments: Vec<String> =
            ["--save", "", "--appendonly", "no", "--bind", "127.0.0.1", "--requirepass", PASSWORD, "--dir"]
                .map(String::from)
                .into();
        arguments.push(directory.display().to_string());
        if is_tls {
            certificate(&directory);
            let file = |name: &str| directory.join(name).display().to_string();
            let tls = ["--port", "0", "--tls-auth-clients", "no", "--tls-port"].map(String::from);
            arguments.extend(tls);
            arguments.push(port.to_string());
            for (option, name) in
                [("--tls-cert-file", "cert.pem"), ("--tls-key-file", "key.pem"), ("--tls-ca-cert-file", "cert.pem")]
            {
                arguments.extend([option.to_owned(), file(name)]);
            }
        } else {
            arguments.extend(["--port".to_owned(), port.to_string()]);
        }
        arguments.extend(more.iter().map(|argument| argument.to_string()));
        let server = Server { port, directory, arguments, process: Mutex::new(None), is_tls };
        server.run();
        server
    }

    /// Starts it, empty; also after [`kill`](Self::kill).
    pub fn run(&self) {
        // A call waits 40 ms for the store, even on a busy machine. Without the privilege `nice` has no effect.
        let mut command = Command::new("nice");
        command
            .args(["-n", "-19", program()])
            .args(&self.arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        *self.process.lock().unwrap() = Some(command.spawn().unwrap());
        for _ in 0..2000 {
            if TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                return;
            }
            std::thread::park_timeout(Duration::from_millis(5));
        }
        panic!("the server does not start: {:?}", self.arguments);
    }

    pub fn kill(&self) {
        if let Some(mut process) = self.process.lock().unwrap().take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }

    pub fn is_running(&self) -> bool {
        self.process.lock().unwrap().is_some()
    }

    /// Sends a signal, such as -STOP or -CONT.
    pub fn signal(&self, signal: &str) {
        let process = self.process.lock().unwrap().as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").args([signal, &process]).status().unwrap().success());
    }

    pub fn directory(&self) -> &Path {
        &self.directory
    }

    pub fn url(&self, query: &str) -> String {
        match self.is_tls {
            false => format!("redis://:{PASSWORD}@127.0.0.1:{}/0{query}", self.port),
            true => {
                let ca = self.directory.join("cert.pem");
                let and = if query.is_empty() { "?" } else { "&" };
                format!("rediss://:{PASSWORD}@localhost:{}/0{query}{and}ca_file={}", self.port, ca.display())
            }
        }
    }

    /// Runs a command and returns its reply.
    pub fn ask(&self, command: &[&str]) -> redis::Value {
        let client = if self.is_tls {
            let root_cert = Some(std::fs::read(self.directory.join("cert.pem")).unwrap());
            let certificates = redis::TlsCertificates { client_tls: None, root_cert };
            redis::Client::build_with_tls(self.url(""), certificates).unwrap()
        } else {
            redis::Client::open(self.url("")).unwrap()
        };
        let mut connection = client.get_connection().unwrap();
        redis::cmd(command[0]).arg(&command[1..]).query(&mut connection).unwrap()
    }

    pub fn keys(&self) -> Vec<String> {
        redis::from_redis_value(self.ask(&["KEYS", "*"])).unwrap()
    }

    /// All keys and values, as text.
    pub fn content(&self) -> String {
        self.keys()
            .iter()
            .map(|key| {
                let value = match redis::from_redis_value::<String>(self.ask(&["TYPE", key])).unwrap().as_str() {
                    "hash" => self.ask(&["HGETALL", key]),
                    "list" => self.ask(&["LRANGE", key, "0", "-1"]),
                    _ => self.ask(&["GET", key]),
                };
                format!("{key}: {}\n", text(&value))
            })
            .collect()
    }
}

fn text(value: &redis::Value) -> String {
    match value {
        redis::Value::BulkString(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        redis::Value::Array(values) => values.iter().map(text).collect::<Vec<_>>().join(" "),
        redis::Value::Map(pairs) => pairs.iter().map(|(a, b)| format!("{} {} ", text(a), text(b))).collect(),
        other => format!("{other:?}"),
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

fn certificate(directory: &Path) {
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"])
        .args([
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=DNS:localhost",
            "-addext",
            "basicConstraints=critical,CA:FALSE",
            "-keyout",
            "key.pem",
            "-out",
            "cert.pem",
        ])
        .current_dir(directory)
        .stderr(Stdio::null())
        .status();
    assert!(made.is_ok_and(|status| status.success()), "openssl made no certificate");
}
