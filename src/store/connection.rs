//! Runs scripts in the store, over connections that are made on a thread of their own.
//!
//! No call waits longer than [`MAX_WAIT`]: name look-ups and connects run in the background, one at a time for each
//! server, and the next call uses the connection. A cluster's server redirects to the one that has a key: the first
//! script goes to any, and the next ones to the right one.

use std::{collections::HashMap, sync::Arc, time::Duration};

use redis::{Connection, FromRedisValue, RedisError, ScriptInvocation};

use super::connect::{connect, primaries};
use super::pool::{MAX_WAIT, Pool};
use super::url::{Address, Topology};
use crate::error::{Error, Result};
use crate::sync::{Mutex, lock};
use crate::{clock::Clock, fork::PerProcess, transport::resolve::spawn_without_signals};

/// The number of a cluster's servers that are connected to in advance.
const MOST_IN_ADVANCE: usize = 16;
/// Redirects of one script. One is usual, two while the cluster is rearranged.
const MOST_REDIRECTS: usize = 4;

pub(super) struct StoreConnection {
    pub(super) address: Address,
    pub(super) clock: Arc<dyn Clock>,
    servers: PerProcess<Servers>,
}

/// The store's servers: the one that the address leads to, named by an empty string, and those that a cluster
/// redirected to.
#[derive(Default)]
pub(super) struct Servers {
    pub(super) first: Arc<Pool>,
    /// By host and port.
    others: Mutex<HashMap<String, Arc<Pool>>>,
    /// The server of each key, if it is not the first.
    homes: Mutex<HashMap<String, String>>,
}

impl Servers {
    fn pool(&self, server: &str) -> Arc<Pool> {
        if server.is_empty() {
            self.first.clone()
        } else {
            lock(&self.others).entry(server.to_owned()).or_default().clone()
        }
    }

    /// The server to ask for a key: the first one if the key's own failed, since it may know of a change.
    fn home(&self, key: &str) -> String {
        let home = lock(&self.homes).get(key).cloned().unwrap_or_default();
        if self.pool(&home).problem().is_none() { home } else { String::new() }
    }

    /// Records that another server has a key, and forgets servers that failed: they may have recovered.
    fn set_home(&self, key: &str, server: &str) {
        let mut homes = lock(&self.homes);
        homes.retain(|_, home| self.pool(home).problem().is_none());
        homes.insert(key.to_owned(), server.to_owned());
    }

    pub(super) fn problem(&self) -> Option<String> {
        let homes: Vec<_> = lock(&self.homes).values().cloned().collect();
        self.first.problem().or_else(|| homes.iter().find_map(|home| self.pool(home).problem()))
    }

    /// Connects to the servers of a cluster, so that the first redirect need not wait for a connection. Blocks.
    fn connect_in_advance(&self, address: &Address, first: &mut Connection) {
        for server in primaries(first).into_iter().take(MOST_IN_ADVANCE) {
            let pool = self.pool(&server);
            if pool.is_empty()
                && let Ok(connection) = connect(address, &server)
            {
                pool.add(connection);
            }
        }
    }
}

impl StoreConnection {
    pub(super) fn new(address: Address, clock: Arc<dyn Clock>) -> Result<Self> {
        if let Some(file) = &address.ca_file {
            std::fs::read(file).map_err(|error| {
                Error::config(format!("the store's ca_file {} cannot be read: {error}", file.display()))
            })?;
        }
        Ok(StoreConnection { address, clock, servers: PerProcess::empty() })
    }

    pub(super) fn servers(&self) -> Arc<Servers> {
        self.servers.get(Servers::default)
    }

    /// Starts to connect in the background.
    pub(super) fn begin(&self) {
        let pool = &self.servers().first;
        pool.begin(self.clock.boottime(), &|| self.start_connecting("", pool));
    }

    /// Runs a script that is idempotent: once more, if the server closed the connection. An error says why the store
    /// cannot be used.
    pub(super) fn run<T: FromRedisValue>(&self, key: &str, call: &ScriptInvocation<'_>) -> Result<T, String> {
        match self.follow(key, call) {
            Err(RunError::Closed(_)) => self.run_once(key, call),
            other => other.map_err(RunError::text),
        }
    }

    /// Runs a script at most once.
    pub(super) fn run_once<T: FromRedisValue>(&self, key: &str, call: &ScriptInvocation<'_>) -> Result<T, String> {
        self.follow(key, call).map_err(RunError::text)
    }

    /// Runs a script at the server that has the key.
    fn follow<T: FromRedisValue>(&self, key: &str, call: &ScriptInvocation<'_>) -> Result<T, RunError> {
        let servers = self.servers();
        let until = self.clock.boottime() + MAX_WAIT;
        let (mut server, mut is_asking) = (servers.home(key), false);
        for _ in 0..=MOST_REDIRECTS {
            match self.run_at(&server, &servers.pool(&server), is_asking, call, until) {
                Err(RunError::Redirect { server: other, is_asking: only_now }) => {
                    if !only_now {
                        servers.set_home(key, &other);
                    }
                    (server, is_asking) = (other, only_now);
                }
                other => return other,
            }
        }
        Err(RunError::Failed("the store's servers redirect without end".to_owned()))
    }

    /// Runs a script at one server. `is_asking` if that is about to get the key from another, which redirected here.
    fn run_at<T: FromRedisValue>(
        &self,
        server: &str,
        pool: &Arc<Pool>,
        is_asking: bool,
        call: &ScriptInvocation<'_>,
        until: Duration,
    ) -> Result<T, RunError> {
        let connect = || self.start_connecting(server, pool);
        let (mut connection, wait) =
            pool.take(&*self.clock, &self.address.shown, until, &connect).map_err(RunError::Failed)?;
        let result = connection.set_read_timeout(Some(wait)).and_then(|()| {
            if is_asking {
                // ASKING permits one command, which must not fail because the server does not know the script.
                call.load(&mut connection)?;
                redis::cmd("ASKING").exec(&mut connection)?;
            }
            call.invoke::<T>(&mut connection)
        });
        match result {
            Ok(value) => {
                pool.put_back(connection, None);
                Ok(value)
            }
            Err(error) => Err(self.learn(pool, connection, &error)),
        }
    }

    /// Returns or drops the connection of a failed script.
    fn learn(&self, pool: &Pool, connection: Connection, error: &RedisError) -> RunError {
        let text = message(error);
        let is_answer = error.kind() != redis::ErrorKind::Io && !error.is_connection_dropped();
        let cannot_serve = matches!(error.code(), Some("READONLY" | "LOADING" | "MASTERDOWN" | "CLUSTERDOWN"));
        // Without redis+cluster in the URL, the password is for the named server alone.
        let is_cluster = self.address.topology == Topology::Cluster;
        if let Some((server, _)) = error.redirect_node().filter(|_| is_cluster) {
            pool.put_back(connection, None);
            RunError::Redirect { server: server.to_owned(), is_asking: error.code() == Some("ASK") }
        } else if is_answer && !cannot_serve && !error.is_timeout() {
            pool.put_back(connection, Some(text.clone()));
            RunError::Failed(text)
        } else {
            let was_closed = error.is_connection_dropped() && !error.is_timeout();
            let may_work = pool.drop_failed(was_closed, text.clone(), self.clock.boottime());
            if may_work { RunError::Closed(text) } else { RunError::Failed(text) }
        }
    }

    fn start_connecting(&self, server: &str, pool: &Arc<Pool>) -> Result<(), String> {
        let (address, pool, clock, server) =
            (self.address.clone(), pool.clone(), self.clock.clone(), server.to_owned());
        let servers = self.servers();
        let connecting = move || {
            let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                let mut connection = connect(&address, &server)?;
                if server.is_empty() && address.topology == Topology::Cluster {
                    servers.connect_in_advance(&address, &mut connection);
                }
                Ok(connection)
            }));
            let result = result.unwrap_or_else(|_| Err("the redis client panicked".to_owned()));
            let result = result.map_err(|why| format!("the store {} cannot be reached: {why}", address.shown));
            pool.connected(result, clock.boottime());
        };
        spawn_without_signals("boomi-auth store", connecting)
            .map_err(|error| format!("no thread could be started to connect to the store: {error}"))
    }
}

/// Why a script did not run to its end.
enum RunError {
    /// The server closed the connection: a new one may work.
    Closed(String),
    /// Another server of the cluster has the key; `is_asking` if it is about to get it.
    Redirect {
        server: String,
        is_asking: bool,
    },
    Failed(String),
}

impl RunError {
    fn text(self) -> String {
        match self {
            RunError::Closed(text) | RunError::Failed(text) => text,
            RunError::Redirect { server, .. } => format!("the store redirects to {server}"),
        }
    }
}

/// What an error says, without anything of ours that it may quote.
fn message(error: &RedisError) -> String {
    match error.code() {
        Some(code @ ("MOVED" | "ASK")) => {
            format!("the store answered {code}: it is one of a cluster, so name it with redis+cluster://")
        }
        Some(code) => format!("the store answered {code}"),
        None if error.is_timeout() => format!("the store did not answer within {} ms", MAX_WAIT.as_millis()),
        None => format!("the connection to the store failed: {}", error.category()),
    }
}
