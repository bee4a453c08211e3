//! How a connection to the store is made: to its server, to the one that a sentinel names, or to one of a cluster's.

use std::time::Duration;

use redis::{Client, Connection, RedisError, RedisResult, TlsCertificates, Value, from_redis_value_ref};

use super::connection::LONGEST;
use super::url::{Address, Topology};

/// How long a server may take to be connected to: a name, TCP, TLS, and a sentinel on the way.
const LONGEST_CONNECT: Duration = Duration::from_secs(5);

/// Blocks; for the thread that is there for it. `server` is one of a cluster's, by host and port, or empty for the one that the
/// address leads to.
pub(crate) fn open(address: &Address, server: &str) -> Result<Connection, String> {
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
    let connect =
        |node: &str| client(node).and_then(|client| client.get_connection_with_timeout(LONGEST_CONNECT)).map_err(told);
    // The nodes that are named are as good as each other.
    let first = |connect: &dyn Fn(&str) -> Result<Connection, String>| {
        let mut problem = "the URL names no server".to_owned();
        for node in address.nodes() {
            match connect(node) {
                Ok(connection) => return Ok(connection),
                Err(error) => problem = error,
            }
        }
        Err(problem)
    };
    let connection = match (&address.kind, address.nodes().next()) {
        (Topology::Sentinel(name), _) => first(&|node| by_sentinel(node, name, &client)),
        (_, Some(node)) if !server.is_empty() => connect(&node_at(node, server)),
        _ => first(&connect),
    }?;
    connection.set_write_timeout(Some(LONGEST)).map_err(told)?;
    Ok(connection)
}

/// Asks a sentinel where the server is. It is asked without the server's own user and database.
fn by_sentinel(node: &str, name: &str, client: &dyn Fn(&str) -> RedisResult<Client>) -> Result<Connection, String> {
    let told = |error: RedisError| format!("by way of a sentinel: {}", error.category());
    let Node { scheme, host, .. } = Node::of(node);
    let mut sentinel = client(&format!("{scheme}://{host}"))
        .and_then(|client| client.get_connection_with_timeout(LONGEST_CONNECT / 2))
        .map_err(told)?;
    let wait = Some(LONGEST_CONNECT / 2);
    sentinel.set_read_timeout(wait).and(sentinel.set_write_timeout(wait)).map_err(told)?;
    let found: Option<(String, u16)> =
        redis::cmd("SENTINEL").arg("get-master-addr-by-name").arg(name).query(&mut sentinel).map_err(told)?;
    let (host, port) = found.ok_or_else(|| format!("a sentinel knows no server of the name {name}"))?;
    client(&node_at(node, &format!("{host}:{port}")))
        .and_then(|client| client.get_connection_with_timeout(LONGEST_CONNECT / 2))
        .map_err(told)
}

/// The servers of a cluster that have keys, by host and port.
pub(crate) fn primaries(connection: &mut Connection) -> Vec<String> {
    /// Of slots from one to another: the server that has them, and those that follow it.
    fn primary(slots: &Value) -> Option<String> {
        let server = slots.as_sequence()?.get(2)?.as_sequence()?;
        let (host, port) = (server.first()?, from_redis_value_ref::<u16>(server.get(1)?).ok()?);
        Some(format!("{}:{port}", from_redis_value_ref::<String>(host).ok()?))
    }
    let slots = connection
        .set_read_timeout(Some(LONGEST_CONNECT))
        .and_then(|()| redis::cmd("CLUSTER").arg("SLOTS").query::<Vec<Value>>(connection));
    let mut servers: Vec<_> = slots.unwrap_or_default().iter().filter_map(primary).collect();
    servers.sort();
    servers.dedup();
    servers
}

/// A node's URL, in its parts.
struct Node<'a> {
    scheme: &'a str,
    /// With the @ behind it.
    user: &'a str,
    /// With its port.
    host: &'a str,
    /// The database, and what is behind it.
    path: &'a str,
}

impl<'a> Node<'a> {
    fn of(url: &'a str) -> Self {
        let (scheme, rest) = url.split_once("://").unwrap_or(("redis", url));
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (user, host) = authority.split_at(authority.rfind('@').map_or(0, |at| at + 1));
        Node { scheme, user, host, path }
    }
}

/// The URL of another server, reached as `node` is. A server that does not know its own name leaves it out, and means the same.
fn node_at(node: &str, server: &str) -> String {
    let Node { scheme, user, host, path } = Node::of(node);
    let (name, port) = server.rsplit_once(':').unwrap_or((server, "6379"));
    let own = host.rfind(':').filter(|at| !host[*at..].contains(']')).map_or(host, |at| &host[..at]);
    let name = match name {
        "" | "?" => own.to_owned(),
        name if name.contains(':') && !name.starts_with('[') => format!("[{name}]"),
        name => name.to_owned(),
    };
    format!("{scheme}://{user}{name}:{port}/{path}")
}

/// What is trusted, if not what the operating system trusts.
fn tls(address: &Address) -> Result<Option<TlsCertificates>, String> {
    let read =
        |file: &std::path::PathBuf| std::fs::read(file).map_err(|error| format!("its ca_file cannot be read: {error}"));
    let root_cert = address.ca_file.as_ref().map(read).transpose()?;
    Ok(root_cert.map(|root_cert| TlsCertificates { client_tls: None, root_cert: Some(root_cert) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_server_is_reached_as_the_first_is() {
        for (node, server, other) in [
            ("rediss://me:pw@a:7000/", "b:7001", "rediss://me:pw@b:7001/"),
            ("redis://a/1?protocol=resp3", "10.0.0.1:7001", "redis://10.0.0.1:7001/1?protocol=resp3"),
            ("redis://a:7000/", "::1:7001", "redis://[::1]:7001/"),
            ("redis://a:7000/", ":7001", "redis://a:7001/"),
            ("redis://[::1]:7000/", "?:7001", "redis://[::1]:7001/"),
            ("redis://p%40w@a/", ":7001", "redis://p%40w@a:7001/"),
        ] {
            assert_eq!(node_at(node, server), other);
        }
    }
}
