//! Proxies: selects the proxy of a client, and opens the tunnel through it.
//!
//! Every request goes through a CONNECT tunnel, so a proxy sees the host name and nothing of the request.

use std::{net::IpAddr, sync::Arc};

use zeroize::Zeroizing;

use crate::error::{Error, ErrorKind};
use crate::origin::{Origin, ip_of};
use crate::secret::Secret;
use crate::transport::{deadline::Deadline, progress::Phase, socket::Stream};

#[derive(Debug, Clone)]
pub(crate) struct Proxy {
    /// With https, the connection to the proxy itself is TLS.
    pub(crate) origin: Origin,
    /// The value of Proxy-Authorization, `Basic ...`.
    pub(crate) authorization: Option<Arc<Secret>>,
    /// The setting or variable that named the proxy, for messages.
    setting: &'static str,
}

impl Proxy {
    /// Parses `http://user:password@host:port`; the scheme may be left out. No message shows the URL, for its password.
    pub(crate) fn parse(url: &str, setting: &'static str) -> Result<Self, Error> {
        let invalid = |what: &str| Error::new(ErrorKind::Proxy, format!("the proxy in {setting} {what}"));
        crate::validate::check("", url).map_err(|error| invalid(error.message().trim_start()))?;
        if url.contains('\u{fffd}') {
            return Err(invalid("is not UTF-8"));
        }
        let url = url.trim_matches(' ');
        let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
        if !matches!(scheme.to_ascii_lowercase().as_str(), "http" | "https") {
            return Err(invalid(
                "has a scheme other than http and https: set http://host:port (SOCKS is not supported), or set it \
                 empty for no proxy",
            ));
        }
        let (user, host) = match rest.rsplit_once('@') {
            Some((user, host)) => (Some(user), host),
            None => (None, rest),
        };
        let host = host.strip_suffix('/').unwrap_or(host);
        let authorization = user.map(|user| {
            proxy_authorization(user).ok_or_else(|| {
                invalid("has a user or password that is not percent-encoded UTF-8 without control characters")
            })
        });
        let origin = Origin::of_authority(scheme.eq_ignore_ascii_case("https"), host)
            .map_err(|what| invalid(&format!("{what}: expected http://host:port")))?;
        Ok(Proxy { origin, authorization: authorization.transpose()?.map(Arc::new), setting })
    }

    /// Opens a tunnel to `target` on `stream`, a connection to the proxy.
    pub(crate) fn tunnel(&self, stream: &mut dyn Stream, target: &Origin, deadline: &Deadline) -> Result<(), Error> {
        deadline.progress.set_phase(Phase::Proxy);
        let host = format!("{}:{}", target.host(), target.port());
        let (name, value, end) = match &self.authorization {
            Some(value) => ("Proxy-Authorization: ", value.expose(), "\r\n\r\n"),
            None => ("", "", "\r\n"),
        };
        let request = Secret::concat(&["CONNECT ", &host, " HTTP/1.1\r\nHost: ", &host, "\r\n", name, value, end]);
        let lost = |error: std::io::Error| {
            deadline.progress.failure().unwrap_or_else(|| {
                self.failed(&format!("the connection was lost during the CONNECT request for {host} ({error})"))
                    .retryable(true)
            })
        };
        stream.write_all(request.as_bytes()).and_then(|()| stream.flush()).map_err(lost)?;
        let head = read_head(stream).map_err(lost)?;
        match status_of(&head) {
            Some(200..=299) => Ok(()),
            // tinyproxy responds 401 to a wrong password.
            Some(status @ (401 | 407)) => {
                let what = if self.authorization.is_some() { "rejected the" } else { "requires a" };
                Err(self.failed(&format!("it {what} user and password ({status}): set http://user:password@host:port")))
            }
            Some(status) => Err(self
                .failed(&format!("it refused a tunnel to {host} with status {status}"))
                .retryable(matches!(status, 502..=504))),
            None => Err(self.failed("its response is not HTTP; check that the port is a proxy's")),
        }
    }

    pub(crate) fn failed(&self, what: &str) -> Error {
        Error::new(ErrorKind::Proxy, format!("the proxy {self} failed: {what}"))
    }
}

impl std::fmt::Display for Proxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} (from {})", self.origin, self.setting)
    }
}

/// The value of Proxy-Authorization for a percent-encoded `user:password`.
fn proxy_authorization(user: &str) -> Option<Secret> {
    let (name, password) = user.split_once(':').unwrap_or((user, ""));
    let decode = |text: &str| {
        let bytes = Zeroizing::new(percent_encoding::percent_decode_str(text).collect::<Vec<u8>>());
        let text = Zeroizing::new(std::str::from_utf8(&bytes).ok()?.to_owned());
        (!text.chars().any(char::is_control)).then_some(text)
    };
    let (name, password) = (decode(name)?, decode(password)?);
    Some(Secret::base64("Basic ", Secret::concat(&[&name, ":", &password]).as_bytes()))
}

/// Reads up to the empty line, byte by byte: the next bytes belong to the tunnel.
fn read_head(stream: &mut dyn Stream) -> std::io::Result<Vec<u8>> {
    const LARGEST: usize = 16 * 1024;
    let mut head = Vec::with_capacity(256);
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte)? == 0 || head.len() == LARGEST {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        head.push(byte[0]);
        if head.len() == 5 && head != b"HTTP/" {
            return Ok(head);
        }
    }
    Ok(head)
}

fn status_of(head: &[u8]) -> Option<u16> {
    let line = std::str::from_utf8(head.split(|byte| *byte == b'\r').next()?).ok()?;
    let mut words = line.strip_prefix("HTTP/1.")?.split(' ');
    words.next();
    words.next()?.parse().ok().filter(|status| (100..600).contains(status))
}

#[derive(Debug, Clone, Default)]
pub(crate) enum ProxySetting {
    /// From the environment, when the client is built.
    #[default]
    Environment,
    /// No proxy, whatever the environment says.
    Direct,
    Explicit(Proxy),
}

impl ProxySetting {
    /// Selects the proxy for `target`. `variable` reads the environment.
    pub(crate) fn for_target(
        &self,
        target: &Origin,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Proxy>, Error> {
        match self {
            ProxySetting::Direct => Ok(None),
            ProxySetting::Explicit(proxy) => Ok(Some(proxy.clone())),
            ProxySetting::Environment => {
                let names: &[&'static str] = if target.is_https() {
                    &["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]
                } else if variable("REQUEST_METHOD").is_some() {
                    // In a CGI program a client's "Proxy" header becomes HTTP_PROXY.
                    &["http_proxy", "all_proxy", "ALL_PROXY"]
                } else {
                    &["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"]
                };
                let Some((name, url)) = names.iter().find_map(|name| {
                    variable(name).filter(|value| !value.trim().is_empty()).map(|value| (*name, Zeroizing::new(value)))
                }) else {
                    return Ok(None);
                };
                let exceptions = variable("no_proxy").or_else(|| variable("NO_PROXY")).unwrap_or_default();
                if is_excepted(target, &exceptions) { Ok(None) } else { Proxy::parse(&url, name).map(Some) }
            }
        }
    }
}

/// Whether NO_PROXY names `target`: `*`, a host, a domain with its subdomains, an address or a CIDR block, each with an
/// optional port.
fn is_excepted(target: &Origin, exceptions: &str) -> bool {
    exceptions.split([',', ' ']).map(str::trim).filter(|entry| !entry.is_empty()).any(|entry| {
        if entry == "*" {
            return true;
        }
        let (entry, port) = split_port(entry);
        if port.is_some_and(|port| port != target.port()) {
            return false;
        }
        let host = target.host();
        match ip_of(host) {
            Some(address) => match entry.split_once('/') {
                Some((network, bits)) => in_network(address, network, bits),
                None => ip_of(entry) == Some(address),
            },
            None => {
                let domain = entry.trim_start_matches('*').trim_start_matches('.').to_ascii_lowercase();
                host == domain
                    || host.strip_suffix(&domain).is_some_and(|rest| rest.ends_with('.') && !domain.is_empty())
            }
        }
    })
}

/// Splits `host:port`; an IPv6 address without brackets has no port.
fn split_port(entry: &str) -> (&str, Option<u16>) {
    match entry.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => match port.parse() {
            Ok(port) => (host, Some(port)),
            Err(_) => (entry, None),
        },
        _ => (entry, None),
    }
}

fn in_network(address: IpAddr, network: &str, bits: &str) -> bool {
    let (Some(network), Ok(bits)) = (ip_of(network), bits.parse::<u32>()) else { return false };
    let (address, network, width) = match (address, network) {
        (IpAddr::V4(a), IpAddr::V4(n)) => (u128::from(a.to_bits()), u128::from(n.to_bits()), 32),
        (IpAddr::V6(a), IpAddr::V6(n)) => (a.to_bits(), n.to_bits(), 128),
        _ => return false,
    };
    bits <= width && (address ^ network).checked_shr(width - bits).unwrap_or(0) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(url: &str) -> Origin {
        Origin::parse_base(url).unwrap()
    }

    #[test]
    fn proxy_url_is_parsed_and_its_password_hidden() {
        let proxy = Proxy::parse("http://us%40er:marked-secret@Proxy.test:3128/", "HTTPS_PROXY").unwrap();
        assert_eq!(proxy.origin.to_string(), "http://proxy.test:3128");
        assert_eq!(proxy.authorization.as_ref().unwrap().expose(), "Basic dXNAZXI6bWFya2VkLXNlY3JldA==");
        assert!(!format!("{proxy:?}").contains("marked-secret"));
        assert_eq!(Proxy::parse("proxy.test:3128", "x").unwrap().origin.to_string(), "http://proxy.test:3128");
        for bad in [
            "socks5://proxy.test:1080",
            "http://",
            "http://user:marked-secret@",
            "http://a b:1",
            "http://proxy.test:3128\n",
            "http://proxy.test:3128/path",
            "http://user:marked-secret%0d@proxy.test",
            "http://marked-secret@proxy.test:x",
        ] {
            let error = Proxy::parse(bad, "HTTPS_PROXY").unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Proxy);
            assert!(error.message().contains("HTTPS_PROXY") && !error.message().contains("marked-secret"), "{error}");
        }
    }

    #[test]
    fn environment_selects_proxy() {
        let choose = |url: &str, set: &[(&str, &str)]| {
            ProxySetting::Environment
                .for_target(&origin(url), |name| {
                    set.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
                })
                .map(|proxy| proxy.map(|proxy| (proxy.origin.to_string(), proxy.setting)))
        };
        let url = "https://api.boomi.com";
        assert_eq!(choose(url, &[]).unwrap(), None);
        assert_eq!(choose(url, &[("HTTPS_PROXY", "")]).unwrap(), None);
        let found = choose(url, &[("ALL_PROXY", "http://b:1"), ("HTTPS_PROXY", "http://a:1")]).unwrap().unwrap();
        assert_eq!(found, ("http://a:1".into(), "HTTPS_PROXY"));
        assert_eq!(choose(url, &[("http_proxy", "http://a:1")]).unwrap(), None);
        assert!(choose("http://127.0.0.1", &[("http_proxy", "http://a:1")]).unwrap().is_some());
        let set = [("HTTP_PROXY", "http://a:1"), ("REQUEST_METHOD", "GET")];
        assert!(choose("http://127.0.0.1", &set[..1]).unwrap().is_some());
        assert!(choose("http://127.0.0.1", &set).unwrap().is_none());
        assert_eq!(choose(url, &[("HTTPS_PROXY", "http://a:1"), ("NO_PROXY", ".boomi.com")]).unwrap(), None);
        assert_eq!(choose(url, &[("HTTPS_PROXY", "ftp://a:1")]).unwrap_err().kind(), ErrorKind::Proxy);
    }

    #[test]
    fn no_proxy_entry_excludes_target() {
        let excepted = |url: &str, list: &str| is_excepted(&origin(url), list);
        for list in
            ["*", "api.boomi.com", "boomi.com", ".boomi.com", "*.boomi.com", "x, API.BOOMI.COM:443", "a b boomi.com"]
        {
            assert!(excepted("https://api.boomi.com", list), "{list}");
        }
        for list in ["", ",", "oomi.com", "api.boomi.com:8443", "pi.boomi.com", "10.0.0.0/8", "."] {
            assert!(!excepted("https://api.boomi.com", list), "{list}");
        }
        for list in ["10.1.2.3", "10.0.0.0/8", "10.1.2.3:443", "0.0.0.0/0", "10.1.2.3/32"] {
            assert!(excepted("https://10.1.2.3", list), "{list}");
        }
        for list in ["10.1.2.4", "11.0.0.0/8", "10.1.2.3/33", "1.2.3", "2.3"] {
            assert!(!excepted("https://10.1.2.3", list), "{list}");
        }
        for list in ["::1", "[::1]", "[::1]:443", "::/64"] {
            assert!(excepted("https://[::1]", list), "{list}");
        }
    }
}
