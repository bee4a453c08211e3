//! Connects to the store: to its server, to the primary that a sentinel names, or to a server of a cluster.
//!
//! The features `sentinel` and `cluster` of the crate redis (1.8) cannot keep the time limits. `Sentinel` connects,
//! asks for the primary and checks its role without any timeout, so one frozen sentinel would block this thread for
//! ever. `ClusterConnection` looks names up, connects and refreshes its slots on the calling thread, up to the connect
//! timeout for each server that is away.

use std::time::Duration;

use redis::{
    Client, Connection, ConnectionAddr, ConnectionInfo, IntoConnectionInfo as _, RedisConnectionInfo, RedisError,
    RedisResult, TlsCertificates, Value, from_redis_value_ref,
};

use super::pool::MAX_WAIT;
use super::url::{Address, Topology};

/// The time limit for one server: name look-up, TCP, TLS, and a sentinel on the way.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const SENTINEL_TIMEOUT: Duration = Duration::from_millis(2500);

/// Opens a connection. Blocks: for a thread of its own.
///
/// `server` is one of a cluster's, by host and port, or empty for the one that the address leads to.
pub(super) fn connect(address: &Address, server: &str) -> Result<Connection, String> {
    // The roots to trust instead of the operating system's.
    let root_cert = address.ca_file.as_ref().map(std::fs::read).transpose();
    let root_cert = root_cert.map_err(|error| format!("its ca_file cannot be read: {error}"))?;
    let certificates = root_cert.map(|root_cert| TlsCertificates { client_tls: None, root_cert: Some(root_cert) });
    let open = |node: ConnectionInfo, timeout: Duration| {
        let client = match &certificates {
            Some(certificates) => Client::build_with_tls(node, certificates.clone()),
            None => Client::open(node),
        };
        let connection = client?.get_connection_with_timeout(timeout)?;
        connection.set_write_timeout(Some(MAX_WAIT)).map(|()| connection)
    };
    let mut problem = "the URL names no server".to_owned();
    for node in &address.nodes {
        let node = node.as_str().into_connection_info().map_err(message)?;
        let connected = match &address.topology {
            Topology::Sentinel(name) => by_sentinel(node, name, &open),
            // All nodes lead to it in the same way.
            Topology::Cluster if !server.is_empty() => {
                return open(with_host(&node, server), CONNECT_TIMEOUT).map_err(message);
            }
            _ => open(node, CONNECT_TIMEOUT).map_err(message),
        };
        match connected {
            Ok(connection) => return Ok(connection),
            Err(error) => problem = error,
        }
    }
    Err(problem)
}

/// Asks a sentinel for the primary's address, without the primary's user and database, and connects to that.
fn by_sentinel(
    node: ConnectionInfo,
    name: &str,
    open: &dyn Fn(ConnectionInfo, Duration) -> RedisResult<Connection>,
) -> Result<Connection, String> {
    let message = |error: RedisError| format!("by way of a sentinel: {}", error.category());
    let sentinel = node.clone().set_redis_settings(RedisConnectionInfo::default());
    let mut sentinel = open(sentinel, SENTINEL_TIMEOUT).map_err(message)?;
    sentinel.set_read_timeout(Some(SENTINEL_TIMEOUT)).map_err(message)?;
    let found: Option<(String, u16)> =
        redis::cmd("SENTINEL").arg("get-master-addr-by-name").arg(name).query(&mut sentinel).map_err(message)?;
    let (host, port) = found.ok_or_else(|| format!("a sentinel knows no server of the name {name}"))?;
    open(with_host(&node, &format!("{host}:{port}")), SENTINEL_TIMEOUT).map_err(message)
}

/// The servers of a cluster that have keys, by host and port.
pub(super) fn primaries(connection: &mut Connection) -> Vec<String> {
    /// The first server of a range of slots; its replicas follow.
    fn primary(range: &[Value]) -> Option<String> {
        let server = range.get(2)?.as_sequence()?;
        let host = from_redis_value_ref::<String>(server.first()?).ok()?;
        Some(format!("{host}:{}", from_redis_value_ref::<u16>(server.get(1)?).ok()?))
    }
    let slots = connection
        .set_read_timeout(Some(CONNECT_TIMEOUT))
        .and_then(|()| redis::cmd("CLUSTER").arg("SLOTS").query::<Vec<Vec<Value>>>(connection));
    let mut servers: Vec<_> = slots.unwrap_or_default().iter().filter_map(|range| primary(range)).collect();
    servers.sort();
    servers.dedup();
    servers
}

/// Another server with the node's user, database and TLS. A server that does not know its own host leaves it out.
fn with_host(node: &ConnectionInfo, server: &str) -> ConnectionInfo {
    let (new_host, new_port) = server.rsplit_once(':').unwrap_or((server, ""));
    let mut addr = node.addr().clone();
    if let ConnectionAddr::Tcp(host, port) | ConnectionAddr::TcpTls { host, port, .. } = &mut addr {
        *port = new_port.parse().unwrap_or(6379);
        if !matches!(new_host, "" | "?") {
            *host = new_host.trim_matches(['[', ']']).to_owned();
        }
    }
    node.clone().set_addr(addr)
}

/// Why a connection failed, without anything of the URL.
fn message(error: RedisError) -> String {
    match error.code() {
        Some(code) => format!("it answered {code}"),
        None if error.is_connection_refusal() => "connection refused".to_owned(),
        None if error.is_timeout() => "it does not answer".to_owned(),
        // A TLS error, which has no data of ours.
        None if error.is_io_error() => error.to_string(),
        None => error.category().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn server_is_reached_with_the_nodes_settings() {
        for (node, server, other) in [
            ("rediss://me:pw@a:7000/", "b:7001", "rediss://me:pw@b:7001/"),
            ("redis://a/1?protocol=resp3", "10.0.0.1:7001", "redis://10.0.0.1:7001/1?protocol=resp3"),
            ("redis://a:7000/", "::1:7001", "redis://[::1]:7001/"),
            ("redis://a:7000/", "[::1]:7001", "redis://[::1]:7001/"),
            ("redis://a:7000/", ":7001", "redis://a:7001/"),
            ("redis://[::1]:7000/", "?:7001", "redis://[::1]:7001/"),
            ("redis://p%40w@a/", ":7001", "redis://p%40w@a:7001/"),
        ] {
            let [node, other] = [node, other].map(|url| url.into_connection_info().unwrap());
            let reached = with_host(&node, server);
            assert_eq!(reached.addr(), other.addr(), "{server}");
            let (settings, expected) = (reached.redis_settings(), other.redis_settings());
            assert_eq!((settings.username(), settings.password()), (expected.username(), expected.password()));
            assert_eq!((settings.db(), settings.protocol()), (expected.db(), expected.protocol()));
        }
    }
}
