//! Proxies: selects the proxy of a client, and opens the tunnel through it.
//!
//! Every request goes through a tunnel, so a proxy sees the host name and nothing of the request.

mod address;
mod exceptions;
mod socks;
mod target;
mod tunnel;

use zeroize::Zeroizing;

use crate::error::Error;
use crate::origin::Origin;
use crate::transport::{deadline::Deadline, progress::Phase, socket::Stream};

pub(crate) use address::{Proxy, ProxyKind};
pub(crate) use target::Target;

/// Opens a tunnel to `target` on `stream`, a connection to the proxy.
pub(super) fn open(
    proxy: &Proxy,
    stream: &mut dyn Stream,
    target: &Target<'_>,
    deadline: &Deadline,
) -> Result<(), Error> {
    deadline.progress.set_phase(Phase::Proxy);
    match proxy.kind {
        ProxyKind::Http => tunnel::open(proxy, stream, target, deadline),
        ProxyKind::Socks { .. } => socks::open(proxy, stream, target, deadline),
    }
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
                if exceptions::is_excepted(target, &exceptions) { Ok(None) } else { Proxy::parse(&url, name).map(Some) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(url: &str) -> Origin {
        Origin::parse_base(url).unwrap()
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
        assert_eq!(choose(url, &[("HTTPS_PROXY", "ftp://a:1")]).unwrap_err().kind(), crate::error::ErrorKind::Proxy);
    }
}
