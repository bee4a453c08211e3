//! Connections to the store, and what is known of it while it is away.
//!
//! Nobody waits for it longer than [`LONGEST`]. A connection is made on a thread of its own, since names are looked up on the way:
//! at most one at a time, which ends when it is there or cannot be had. What it brings is used by whoever comes next.
//!
//! A cluster's server says which other one has a key. So the first question goes to any, and the next ones to the right one.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use redis::{Connection, FromRedisValue, RedisError, Script, ScriptInvocation};

use super::connect::{open, primaries};
use super::url::{Address, Topology};
use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::fork::PerProcess;
use crate::sync::{Mutex, Signal, lock};
use crate::transport::resolve::spawn_without_signals;

/// How long a call waits for the store, whatever happens to that: a promise is 50 ms.
pub(crate) const LONGEST: Duration = Duration::from_millis(40);
/// What is left of it at least for the answer, when most was spent on connecting.
const LEAST: Duration = Duration::from_millis(10);
/// After a failure nothing is tried for so long, then twice that, and so on.
const SHORTEST_REST: Duration = Duration::from_millis(250);
const LONGEST_REST: Duration = Duration::from_secs(8);
/// More than that are not made: an operation takes a tenth of a millisecond.
const MOST_CONNECTIONS: usize = 8;

/// How long a call queues for a connection that other calls use while the store works.
const LONGEST_QUEUE: Duration = Duration::from_secs(1);
/// So many of a cluster's servers are connected to before anybody asks.
const MOST_AT_ONCE: usize = 16;
/// From one server of a cluster to the next. One is usual, two while it is rearranged.
const MOST_REDIRECTS: usize = 4;

pub(crate) struct StoreConnection {
    address: Address,
    clock: Arc<dyn Clock>,
    servers: PerProcess<Servers>,
}

/// The store's servers: the one that the address leads to, and of a cluster those it spoke of.
#[derive(Default)]
struct Servers {
    first: Arc<Pool>,
    /// By host and port.
    others: Mutex<HashMap<String, Arc<Pool>>>,
    /// Which of the others has a key.
    homes: Mutex<HashMap<String, String>>,
}

impl Servers {
    /// An empty name is the first's.
    fn pool(&self, server: &str) -> Arc<Pool> {
        if server.is_empty() {
            self.first.clone()
        } else {
            lock(&self.others).entry(server.to_owned()).or_default().clone()
        }
    }

    /// Who is to be asked of a key. Where that failed the last time, the first may know of a change.
    fn home(&self, key: &str) -> String {
        let home = lock(&self.homes).get(key).cloned().unwrap_or_default();
        if self.pool(&home).problem().is_none() { home } else { String::new() }
    }

    /// Blocks. A first question that is sent on would have to wait for another connection.
    fn connect_others(&self, address: &Address, first: &mut Connection) {
        for server in primaries(first).into_iter().take(MOST_AT_ONCE) {
            let pool = self.pool(&server);
            if lock(&pool.state).made == 0
                && let Ok(connection) = open(address, &server)
            {
                lock(&pool.state).add(connection);
            }
        }
    }

    /// Another has a key now. With such news, what is thought of those that failed may be over too.
    fn set_home(&self, key: &str, server: &str) {
        let mut homes = lock(&self.homes);
        homes.retain(|_, home| self.pool(home).problem().is_none());
        homes.insert(key.to_owned(), server.to_owned());
    }

    fn problem(&self) -> Option<String> {
        let homes: Vec<_> = lock(&self.homes).values().cloned().collect();
        self.first.problem().or_else(|| homes.iter().find_map(|home| self.pool(home).problem()))
    }
}

#[derive(Default)]
struct Pool {
    state: Mutex<ConnectionState>,
    /// Told when a connection is free, or cannot be had.
    changed: Signal,
}

#[derive(Default)]
struct ConnectionState {
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

impl Pool {
    fn problem(&self) -> Option<String> {
        lock(&self.state).problem.clone()
    }
}

impl StoreConnection {
    pub(crate) fn new(address: Address, clock: Arc<dyn Clock>) -> Result<Self> {
        if let Some(file) = &address.ca_file {
            std::fs::read(file).map_err(|error| {
                Error::config(format!("the store's ca_file {} cannot be read: {error}", file.display()))
            })?;
        }
        Ok(StoreConnection { address, clock, servers: PerProcess::empty() })
    }

    pub(crate) fn address(&self) -> &Address {
        &self.address
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    pub(crate) fn place(&self) -> &str {
        self.address.shown()
    }

    pub(crate) fn problem(&self) -> Option<String> {
        self.servers().problem()
    }

    pub(crate) fn is_connecting(&self) -> bool {
        lock(&self.servers().first.state).is_connecting
    }

    fn servers(&self) -> Arc<Servers> {
        self.servers.get(Servers::default)
    }

    /// Runs a script that may be run twice, should the answer of the first be lost with its connection. An error says for people why
    /// it could not be.
    pub(crate) fn ask<T: FromRedisValue>(&self, script: &Script, key: &str, arguments: &[&[u8]]) -> Result<T, String> {
        let first = self.run(script, key, arguments);
        match first {
            // The server has closed it, as it does when it is started anew.
            Err(Failed::Lost(_)) => self.run(script, key, arguments).map_err(Failed::told),
            other => other.map_err(Failed::told),
        }
    }

    /// Runs a script once.
    pub(crate) fn tell<T: FromRedisValue>(&self, script: &Script, key: &str, arguments: &[&[u8]]) -> Result<T, String> {
        self.run(script, key, arguments).map_err(Failed::told)
    }

    fn run<T: FromRedisValue>(&self, script: &Script, key: &str, arguments: &[&[u8]]) -> Result<T, Failed> {
        let servers = self.servers();
        let until = self.now() + LONGEST;
        let mut call = script.key(key);
        arguments.iter().for_each(|argument| {
            call.arg(*argument);
        });
        let (mut server, mut is_moving) = (servers.home(key), false);
        for _ in 0..=MOST_REDIRECTS {
            match self.run_at(&server, &servers.pool(&server), is_moving, &call, until) {
                Err(Failed::Elsewhere { server: other, for_now }) => {
                    if !for_now {
                        servers.set_home(key, &other);
                    }
                    (server, is_moving) = (other, for_now);
                }
                other => return other,
            }
        }
        Err(Failed::Refused("the store's servers send from one to the next without end".to_owned()))
    }

    /// At one server. `is_moving` if another has the key and sent us here all the same.
    fn run_at<T: FromRedisValue>(
        &self,
        server: &str,
        pool: &Arc<Pool>,
        is_moving: bool,
        call: &ScriptInvocation<'_>,
        until: Duration,
    ) -> Result<T, Failed> {
        let (mut connection, left) = self.connection(server, pool, until).map_err(Failed::Away)?;
        let done = connection.set_read_timeout(Some(left)).and_then(|()| {
            if is_moving {
                // What it permits is one command, which must not be one that the server does not know yet.
                call.load(&mut connection)?;
                redis::cmd("ASKING").exec(&mut connection)?;
            }
            call.invoke::<T>(&mut connection)
        });
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
                // Where no cluster was named, the password is for nobody else.
                let is_cluster = self.address.kind == Topology::Cluster;
                if let Some((other, _)) = error.redirect_node().filter(|_| is_cluster) {
                    state.idle.push(connection);
                    (state.problem, state.failures) = (None, 0);
                    Err(Failed::Elsewhere { server: other.to_owned(), for_now: error.code() == Some("ASK") })
                } else if is_answer && !elsewhere && !error.is_timeout() {
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
        self.clock.boottime()
    }

    /// Connects, and waits for nothing.
    pub(crate) fn begin(&self) {
        let pool = &self.servers().first;
        let mut state = lock(&pool.state);
        if state.made == 0 && !state.is_connecting {
            state.is_connecting = true;
            if let Err(problem) = self.connect("", pool) {
                state.is_connecting = false;
                state.rest(problem, self.now());
            }
        }
    }

    /// A connection, and how long its answer may take.
    fn connection(&self, server: &str, pool: &Arc<Pool>, until: Duration) -> Result<(Connection, Duration), String> {
        let mut has_queued = false;
        loop {
            let seen = pool.changed.count();
            {
                let mut state = lock(&pool.state);
                let now = self.now();
                if let Some(connection) = state.idle.pop() {
                    let left = if has_queued { LONGEST } else { until.saturating_sub(now).max(LEAST) };
                    return Ok((connection, left));
                }
                if now < state.rests_until {
                    return Err(state.problem.clone().unwrap_or_default());
                }
                if !state.is_connecting && state.made < MOST_CONNECTIONS {
                    state.is_connecting = true;
                    if let Err(problem) = self.connect(server, pool) {
                        state.is_connecting = false;
                        state.rest(problem.clone(), now);
                        return Err(problem);
                    }
                }
                // Those that others use are free soon, or the store is away, which is told.
                let in_use = state.made > 0 && now < until + LONGEST_QUEUE;
                has_queued |= in_use;
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
    fn connect(&self, server: &str, pool: &Arc<Pool>) -> Result<(), String> {
        let (address, pool, clock, server) =
            (self.address.clone(), pool.clone(), self.clock.clone(), server.to_owned());
        let servers = self.servers();
        let connecting = move || {
            let made = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                let mut connection = open(&address, &server)?;
                if server.is_empty() && address.kind == Topology::Cluster {
                    servers.connect_others(&address, &mut connection);
                }
                Ok(connection)
            }));
            let made = made.unwrap_or_else(|_| Err("the redis client panicked".to_owned()));
            let mut state = lock(&pool.state);
            state.is_connecting = false;
            match made {
                Ok(connection) => state.add(connection),
                Err(problem) => {
                    let text = format!("the store {} cannot be reached: {problem}", address.shown());
                    state.rest(text, clock.boottime());
                }
            }
            drop(state);
            pool.changed.notify();
        };
        spawn_without_signals("boomi-auth store", connecting)
            .map_err(|error| format!("no thread could be started to connect to the store: {error}"))
    }
}

impl ConnectionState {
    fn add(&mut self, connection: Connection) {
        self.made += 1;
        self.idle.push(connection);
    }

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
    /// Another server of the cluster has the key, or is about to.
    Elsewhere {
        server: String,
        for_now: bool,
    },
    Refused(String),
    Away(String),
}

impl Failed {
    fn told(self) -> String {
        match self {
            Failed::Lost(text) | Failed::Refused(text) | Failed::Away(text) => text,
            Failed::Elsewhere { server, .. } => format!("the store sends to {server}"),
        }
    }
}

/// What an error says, without anything of ours that it may quote.
fn told(error: &RedisError) -> String {
    match error.code() {
        Some(code @ ("MOVED" | "ASK")) => {
            format!("the store answered {code}: it is one of a cluster, so name it with redis+cluster://")
        }
        Some(code) => format!("the store answered {code}"),
        None if error.is_timeout() => format!("the store did not answer within {} ms", LONGEST.as_millis()),
        None => format!("the connection to the store failed: {}", error.category()),
    }
}
