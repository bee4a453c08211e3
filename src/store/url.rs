//! A store's URL: its servers, and where in them.

use std::path::PathBuf;

use percent_encoding::percent_decode_str;

use crate::error::{Error, Result};

const DEFAULT_PREFIX: &str = "boomi-auth:";

#[derive(Clone)]
pub(super) struct Address {
    /// The URLs of its servers, for the crate redis. They contain the password.
    pub(super) nodes: Vec<String>,
    pub(super) topology: Topology,
    /// The prefix of every key.
    pub(super) prefix: String,
    /// The only roots to trust, for TLS.
    pub(super) ca_file: Option<PathBuf>,
    /// The URL without its password.
    pub(super) shown: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Topology {
    Server,
    /// Sentinels, which know the server of this name.
    Sentinel(String),
    Cluster,
}

impl Address {
    /// Parses `redis://user:password@host:6379/0?prefix=...`, `rediss://` for TLS, and `valkey` in place of `redis`;
    /// `redis+sentinel://host1,host2/name/0` and `redis+cluster://host1,host2`, also with `rediss`.
    pub(super) fn parse(url: &str) -> Result<Self> {
        crate::validate::check("the store", url)?;
        let bad = |what: &str| Err(Error::invalid(format!("the store's URL {what}: give one like rediss://host:6379")));
        let Some((scheme, rest)) = url.split_once("://") else { return bad("has no scheme") };
        let (scheme, how) = scheme.split_once('+').unwrap_or((scheme, ""));
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "redis" | "valkey" => "redis",
            "rediss" | "valkeys" => "rediss",
            _ => return bad("has a scheme other than redis, rediss, valkey and valkeys"),
        };
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (user, hosts) = match authority.rsplit_once('@') {
            Some((user, hosts)) => (format!("{user}@"), hosts),
            None => (String::new(), authority),
        };
        let hosts: Vec<_> = hosts.split(',').map(str::trim).collect();
        if hosts.iter().any(|host| host.is_empty()) {
            return bad("names no host");
        }
        let (topology, database) = match how {
            "" if hosts.len() > 1 => return bad("has several hosts, which only redis+sentinel and redis+cluster have"),
            "" => (Topology::Server, path),
            "cluster" if !matches!(path, "" | "0") => return bad("has a database, and a cluster has none but 0"),
            "cluster" => (Topology::Cluster, ""),
            "sentinel" => match path.split_once('/').unwrap_or((path, "")) {
                ("", _) => return bad("does not name the sentinels' server: redis+sentinel://host:26379/name"),
                (name, database) => (Topology::Sentinel(decoded(name)?), database),
            },
            _ => return bad("is neither of a server, nor redis+sentinel, nor redis+cluster"),
        };
        if !database.chars().all(|digit| digit.is_ascii_digit()) {
            return bad("has a database that is no number");
        }
        let (mut prefix, mut ca_file, mut others) = (DEFAULT_PREFIX.to_owned(), None, Vec::new());
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=') {
                Some(("prefix", value)) => prefix = decoded(value)?,
                Some(("ca_file", value)) => ca_file = Some(PathBuf::from(decoded(value)?)),
                Some(("protocol", _)) => others.push(pair),
                _ => return bad("has a parameter other than prefix, ca_file and protocol"),
            }
        }
        if ca_file.is_some() && scheme != "rediss" {
            return bad("has a ca_file, but no TLS: begin it with rediss");
        }
        let query = if others.is_empty() { String::new() } else { format!("?{}", others.join("&")) };
        let nodes: Vec<_> = hosts.iter().map(|host| format!("{scheme}://{user}{host}/{database}{query}")).collect();
        let how = if how.is_empty() { String::new() } else { format!("+{how}") };
        let mask = if user.is_empty() { "" } else { "***@" };
        let shown = format!("{scheme}{how}://{mask}{}/{path}?prefix={prefix}", hosts.join(","));
        let address = Address { nodes, topology, prefix, ca_file, shown };
        for node in &address.nodes {
            if <&str as redis::IntoConnectionInfo>::into_connection_info(node).is_err() {
                // The crate's message may quote the URL.
                return bad("cannot be read");
            }
        }
        Ok(address)
    }
}

impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Address({})", self.shown)
    }
}

impl Drop for Address {
    fn drop(&mut self) {
        use zeroize::Zeroize as _;
        self.nodes.zeroize();
    }
}

fn decoded(value: &str) -> Result<String> {
    let text = percent_decode_str(value).decode_utf8();
    text.map(|text| text.into_owned()).map_err(|_| Error::invalid("the store's URL has a part that is not UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn url_is_parsed_into_nodes_and_settings() {
        let address = Address::parse("rediss://me:s3cret@host:6380/2?prefix=team%3A&ca_file=/ca.pem").unwrap();
        assert_eq!(address.nodes, ["rediss://me:s3cret@host:6380/2"]);
        assert_eq!((address.prefix.as_str(), &address.topology), ("team:", &Topology::Server));
        assert_eq!(address.ca_file.as_deref(), Some(std::path::Path::new("/ca.pem")));
        assert!(!format!("{address:?}").contains("s3cret") && address.shown.contains("host:6380"));

        let plain = Address::parse("valkey://localhost").unwrap();
        assert_eq!((plain.nodes[0].as_str(), plain.prefix.as_str()), ("redis://localhost/", DEFAULT_PREFIX));
        let sentinel = Address::parse("redis+sentinel://:pw@a:26379,b:26379/mymaster/1").unwrap();
        assert_eq!(sentinel.nodes, ["redis://:pw@a:26379/1", "redis://:pw@b:26379/1"]);
        assert_eq!(sentinel.topology, Topology::Sentinel("mymaster".into()));
        let cluster = Address::parse("rediss+cluster://a:7000,b:7001").unwrap();
        assert_eq!((cluster.nodes.len(), &cluster.topology), (2, &Topology::Cluster));
    }

    #[test]
    fn bad_store_url_error_has_no_secret() {
        for url in [
            "host:6379",
            "http://host",
            "redis://",
            "redis://a,b",
            "redis+other://a",
            "redis+sentinel://a",
            "redis+cluster://a/3",
            "redis://host/x",
            "redis://host?unknown=1",
            "redis://host?ca_file=/ca.pem",
            "redis://u:s3cret@host:port",
            "redis://u:s3cret@host\n",
        ] {
            let error = Address::parse(url).unwrap_err();
            assert_eq!(error.kind(), crate::ErrorKind::InvalidArgument, "{url}");
            assert!(!error.to_string().contains("s3cret"), "{error}");
        }
    }
}
