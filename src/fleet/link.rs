//! Connections to the store, and what is known of it while it is away.
//!
//! Nobody waits for it longer than [`LONGEST`]. A connection is made on a thread of its own, since names are looked up on the way:
//! at most one at a time, which ends when it is there or cannot be had. What it brings is used by whoever comes next.

use std::sync::Arc;
use std::time::Duration;

use redis::{Client, ConnectionLike, FromRedisValue, RedisError, Script, TlsCertificates};

use super::address::{Address, Kind};
use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::process::PerProcess;
use crate::sync::{Mutex, Signal, lock};
use crate::transport::resolve::spawn_without_signals;

/// How long a call waits for the store, whatever happens to that: a promise is 50 ms.
const LONGEST: Duration = Duration::from_millis(40);
/// How long the thread that connects may take: a name, TCP, TLS, and a sentinel or two on the way.
const LONGEST_CONNECT: Duration = Duration::from_secs(5);
/// After a failure nothing is tried for so long, then twice that, and so on.
const SHORTEST_REST: Duration = Duration::from_millis(250);
const LONGEST_REST: Duration = Duration::from_secs(8);
/// More than that are not made: an operation takes a tenth of a millisecond.
const MOST_CONNECTIONS: usize = 8;

/// How long a call queues for a connection that other calls use while the store works.
const LONGEST_QUEUE: Duration = Duration::from_secs(1);

type Connection = Box<dyn ConnectionLike + Send>;

pub(super) struct Link {
    address: Address,
    clock: Arc<dyn Clock>,
    pool: PerProcess<Pool>,
}

#[derive(Default)]
struct Pool {
    state: Mutex<State>,
    /// Told when a connection is free, or cannot be had.
    changed: Signal,
}

#[derive(Default)]
struct State {
    idle: Vec<Connection>,
    /// With those in use.
    made: usize,
    is_connecting: bool,
    /// What went wrong last, until something worked.
    problem: Option<String>,
    failures: u32,
    /// Before this, in steady time, nothing is tried.
    rests_until: Duration,
    /// Before this nobody waits for a connection that is being made.
    impatient_until: Duration,
}

impl Link {
    pub(super) fn new(address: Address, clock: Arc<dyn Clock>) -> Result<Self> {
        if let Some(file) = &address.ca_file {
            std::fs::read(file).map_err(|error| {
                Error::config(format!("the store's ca_file {} cannot be read: {error}", file.display()))
            })?;
        }
        Ok(Link { address, clock, pool: PerProcess::empty() })
    }

    pub(super) fn address(&self) -> &Address {
        &self.address
    }

    pub(super) fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    pub(super) fn place(&self) -> &str {
        self.address.shown()
    }

    pub(super) fn problem(&self) -> Option<String> {
        lock(&self.pool().state).problem.clone()
    }

    pub(super) fn is_connecting(&self) -> bool {
        lock(&self.pool().state).is_connecting
    }

    fn pool(&self) -> Arc<Pool> {
        self.pool.get(Pool::default)
    }

    /// Runs a script that may be run twice, should the answer of the first be lost with its connection. An error says for people why
    /// it could not be.
    pub(super) fn ask<T: FromRedisValue>(&self, script: &Script, key: &str, arguments: &[&[u8]]) -> Result<T, String> {
        let first = self.run(script, key, arguments);
        match first {
            // The server has closed it, as it does when it is started anew.
            Err(Failed::Lost(_)) => self.run(script, key, arguments).map_err(Failed::told),
            other => other.map_err(Failed::told),
        }
    }

    /// Runs a script once.
    pub(super) fn tell<T: FromRedisValue>(&self, script: &Script, key: &str, arguments: &[&[u8]]) -> Result<T, String> {
        self.run(script, key, arguments).map_err(Failed::told)
    }

    fn run<T: FromRedisValue>(&self, script: &Script, key: &str, arguments: &[&[u8]]) -> Result<T, Failed> {
        let pool = self.pool();
        let mut connection = self.connection(&pool).map_err(Failed::Away)?;
        let mut call = script.key(key);
        arguments.iter().for_each(|argument| {
            call.arg(*argument);
        });
        let done = call.invoke::<T>(&mut *connection);
        let mut state = lock(&pool.state);
        let result = match done {
            Ok(value) => {
                state.idle.push(connection);
                (state.problem, state.failures) = (None, 0);
                Ok(value)
            }
            Err(error) => {
                let text = told(&error);
                let is_answer = error.kind() != redis::ErrorKind::Io && !error.is_connection_dropped();
                let elsewhere = matches!(error.code(), Some("READONLY" | "LOADING" | "MASTERDOWN" | "CLUSTERDOWN"));
                if is_answer && !elsewhere && !error.is_timeout() {
                    // The server is there, and does not do it.
                    state.idle.push(connection);
                    state.problem = Some(text.clone());
                    Err(Failed::Refused(text))
                } else {
                    let was_closed = error.is_connection_dropped() && !error.is_timeout();
                    let had_others = !state.idle.is_empty() || state.failures == 0;
                    state.made -= 1 + state.idle.len();
                    state.idle.clear();
                    if was_closed && had_others && state.failures == 0 {
                        state.problem = Some(text.clone());
                        state.failures = 1;
                        Err(Failed::Lost(text))
                    } else {
                        state.rest(text.clone(), self.now());
                        Err(Failed::Away(text))
                    }
                }
            }
        };
        drop(state);
        pool.changed.notify();
        result
    }

    fn now(&self) -> Duration {
        self.clock.awake_or_not()
    }

    /// Connects, and waits for nothing.
    pub(super) fn begin(&self) {
        let pool = self.pool();
        let mut state = lock(&pool.state);
        if state.made == 0 && !state.is_connecting {
            state.is_connecting = true;
            if let Err(problem) = self.connect(&pool) {
                state.is_connecting = false;
                state.rest(problem, self.now());
            }
        }
    }

    fn connection(&self, pool: &Arc<Pool>) -> Result<Connection, String> {
        let until = self.now() + LONGEST;
        loop {
            let seen = pool.changed.count();
            {
                let mut state = lock(&pool.state);
                if let Some(connection) = state.idle.pop() {
                    return Ok(connection);
                }
                let now = self.now();
                if now < state.rests_until {
                    return Err(state.problem.clone().unwrap_or_default());
                }
                if !state.is_connecting && state.made < MOST_CONNECTIONS {
                    state.is_connecting = true;
                    if let Err(problem) = self.connect(pool) {
                        state.is_connecting = false;
                        state.rest(problem.clone(), now);
                        return Err(problem);
                    }
                }
                // Those that others use are free soon, or the store is away, which is told.
                let in_use = state.made > 0 && now < until + LONGEST_QUEUE;
                if (now >= until || now < state.impatient_until) && !in_use {
                    if state.made == 0 {
                        state.impatient_until = now.max(state.impatient_until) + LONGEST;
                    }
                    let slow =
                        || format!("the store {} did not answer within {} ms", self.place(), LONGEST.as_millis());
                    return Err(state.problem.get_or_insert_with(slow).clone());
                }
            }
            self.clock.wait(&pool.changed, seen, LONGEST);
        }
    }

    /// Starts the thread that connects.
    fn connect(&self, pool: &Arc<Pool>) -> Result<(), String> {
        let (address, pool, clock) = (self.address.clone(), pool.clone(), self.clock.clone());
        let connecting = move || {
            let made = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| open(&address)));
            let made = made.unwrap_or_else(|_| Err("the redis client panicked".to_owned()));
            let mut state = lock(&pool.state);
            state.is_connecting = false;
            match made {
                Ok(connection) => {
                    state.made += 1;
                    state.idle.push(connection);
                }
                Err(problem) => {
                    let text = format!("the store {} cannot be reached: {problem}", address.shown());
                    state.rest(text, clock.awake_or_not());
                }
            }
            drop(state);
            pool.changed.notify();
        };
        spawn_without_signals("boomi-auth store", connecting)
            .map_err(|error| format!("no thread could be started to connect to the store: {error}"))
    }
}

impl State {
    /// Nothing is tried for a while, which is longer each time.
    fn rest(&mut self, problem: String, now: Duration) {
        self.problem = Some(problem);
        self.rests_until = now + (SHORTEST_REST * 2u32.saturating_pow(self.failures.min(10))).min(LONGEST_REST);
        self.failures += 1;
    }
}

/// Why a script was not run, or not to its end.
enum Failed {
    /// The connection was gone: another may work.
    Lost(String),
    Refused(String),
    Away(String),
}

impl Failed {
    fn told(self) -> String {
        match self {
            Failed::Lost(text) | Failed::Refused(text) | Failed::Away(text) => text,
        }
    }
}

/// What an error says, without anything of ours that it may quote.
fn told(error: &RedisError) -> String {
    match error.code() {
        Some(code) => format!("the store answered {code}"),
        None if error.is_timeout() => format!("the store did not answer within {} ms", LONGEST.as_millis()),
        None => format!("the connection to the store failed: {}", error.category()),
    }
}

/// Blocks; for the thread that is there for it.
fn open(address: &Address) -> Result<Connection, String> {
    let told = |error: RedisError| match error.code() {
        Some(code) => format!("it answered {code}"),
        None if error.is_connection_refusal() => "connection refused".to_owned(),
        None if error.is_timeout() => "it does not answer".to_owned(),
        // TLS tells here what it does not like. Nothing of ours is in it.
        None if error.is_io_error() => error.to_string(),
        None => error.category().to_owned(),
    };
    let tls = tls(address)?;
    let client = |node: &str| match &tls {
        Some(certificates) => Client::build_with_tls(node, certificates.clone()),
        None => Client::open(node),
    };
    match &address.kind {
        Kind::Server => {
            let node = address.nodes().next().unwrap_or_default();
            limited(client(node).and_then(|client| client.get_connection_with_timeout(LONGEST_CONNECT)).map_err(told)?)
        }
        Kind::Sentinel(name) => {
            let mut problem = "no sentinel is named".to_owned();
            for node in address.nodes() {
                match by_sentinel(node, name, &client) {
                    Ok(connection) => return limited(connection),
                    Err(error) => problem = error,
                }
            }
            Err(problem)
        }
        Kind::Cluster => {
            let nodes: Vec<_> = address.nodes().collect();
            let mut builder =
                redis::cluster::ClusterClient::builder(nodes).connection_timeout(LONGEST_CONNECT).retries(1);
            if let Some(certificates) = tls {
                builder = builder.certs(certificates);
            }
            let connection = builder.build().and_then(|client| client.get_connection()).map_err(told)?;
            let set = connection.set_read_timeout(Some(LONGEST)).and(connection.set_write_timeout(Some(LONGEST)));
            set.map_err(told)?;
            Ok(Box::new(connection))
        }
    }
}

fn limited(connection: redis::Connection) -> Result<Connection, String> {
    let set = connection.set_read_timeout(Some(LONGEST)).and(connection.set_write_timeout(Some(LONGEST)));
    set.map_err(|error| error.category().to_owned())?;
    Ok(Box::new(connection))
}

/// Asks a sentinel where the server is. It is asked without the server's own user and database.
fn by_sentinel(
    node: &str,
    name: &str,
    client: &dyn Fn(&str) -> redis::RedisResult<Client>,
) -> Result<redis::Connection, String> {
    let told = |error: RedisError| format!("by way of a sentinel: {}", error.category());
    let (scheme, rest) = node.split_once("://").unwrap_or(("redis", node));
    let (user, rest) = rest.rsplit_once('@').map_or(("", rest), |(user, rest)| (user, rest));
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let mut sentinel = client(&format!("{scheme}://{host}"))
        .and_then(|client| client.get_connection_with_timeout(LONGEST_CONNECT / 2))
        .map_err(told)?;
    let wait = Some(LONGEST_CONNECT / 2);
    sentinel.set_read_timeout(wait).and(sentinel.set_write_timeout(wait)).map_err(told)?;
    let found: Option<(String, u16)> =
        redis::cmd("SENTINEL").arg("get-master-addr-by-name").arg(name).query(&mut sentinel).map_err(told)?;
    let (host, port) = found.ok_or_else(|| format!("a sentinel knows no server of the name {name}"))?;
    let host = if host.contains(':') { format!("[{host}]") } else { host };
    let user = if user.is_empty() { String::new() } else { format!("{user}@") };
    client(&format!("{scheme}://{user}{host}:{port}/{path}"))
        .and_then(|client| client.get_connection_with_timeout(LONGEST_CONNECT / 2))
        .map_err(told)
}

/// What is trusted, if not what the operating system trusts.
fn tls(address: &Address) -> Result<Option<TlsCertificates>, String> {
    let read =
        |file: &std::path::PathBuf| std::fs::read(file).map_err(|error| format!("its ca_file cannot be read: {error}"));
    let root_cert = address.ca_file.as_ref().map(read).transpose()?;
    Ok(root_cert.map(|root_cert| TlsCertificates { client_tls: None, root_cert: Some(root_cert) }))
}
