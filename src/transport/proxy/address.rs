//! The address of a proxy: protocol, host, port, and login.

use std::{io, sync::Arc};

use zeroize::Zeroizing;

use crate::error::{Error, ErrorKind};
use crate::origin::{Origin, encode};
use crate::secret::Secret;
use crate::transport::deadline::Deadline;

#[derive(Debug, Clone)]
pub(crate) struct Proxy {
    /// With https, the connection to the proxy itself is TLS.
    pub(crate) origin: Origin,
    pub(crate) kind: ProxyKind,
    pub(super) login: Option<Arc<ProxyLogin>>,
    /// The setting or variable that named the proxy, for messages.
    pub(super) setting: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ProxyKind {
    /// Tunnels by the CONNECT method.
    Http,
    /// SOCKS 5.
    Socks {
        /// Whether the proxy looks up the target's name (socks5h), or this machine does (socks5).
        names_there: bool,
    },
}

#[derive(Debug)]
pub(super) struct ProxyLogin {
    pub(super) user: Secret,
    pub(super) password: Secret,
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
        if url.starts_with(['"', '\'']) {
            return Err(invalid("begins with a quote: remove the quotes around the URL"));
        }
        let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
        let kind = match scheme.to_ascii_lowercase().as_str() {
            "http" | "https" => ProxyKind::Http,
            "socks5" => ProxyKind::Socks { names_there: false },
            "socks5h" => ProxyKind::Socks { names_there: true },
            "socks" | "socks4" | "socks4a" => {
                return Err(invalid(
                    "names SOCKS 4, which is not supported: set socks5h://host:port if the proxy speaks SOCKS 5",
                ));
            }
            _ => {
                return Err(invalid(
                    "has a scheme other than http, https, socks5 and socks5h: set http://host:port, or set it empty \
                     for no proxy",
                ));
            }
        };
        let (user, host) = match rest.rsplit_once('@') {
            Some((user, host)) => (Some(user), host),
            None => (None, rest),
        };
        let (host, path) = host.split_once(['/', '?']).unwrap_or((host, ""));
        if path.ends_with(".pac") || path.ends_with("wpad.dat") {
            return Err(invalid(
                "is the address of a PAC file, which is not read: set the proxy that the file names, as \
                 http://host:port",
            ));
        }
        let login = user.map(|user| {
            ProxyLogin::parse(user).ok_or_else(|| {
                invalid("has a user or password that is not percent-encoded UTF-8 without control characters")
            })
        });
        let mut authority = host.to_owned();
        if kind != ProxyKind::Http && host.rsplit_once(':').is_none_or(|(_, port)| port.ends_with(']')) {
            authority.push_str(":1080");
        }
        let origin = Origin::of_authority(scheme.eq_ignore_ascii_case("https"), &authority)
            .map_err(|what| invalid(&format!("{what}: expected http://host:port")))?;
        Ok(Proxy { origin, kind, login: login.transpose()?.map(Arc::new), setting })
    }

    /// The URL without user and password.
    pub(crate) fn url(&self) -> String {
        match self.kind {
            ProxyKind::Http => self.origin.to_string(),
            ProxyKind::Socks { names_there } => {
                format!("socks5{}://{}", if names_there { "h" } else { "" }, self.origin.authority())
            }
        }
    }

    /// The value of Proxy-Authorization; of a SOCKS proxy `user:password`, percent-encoded.
    pub(crate) fn login(&self) -> Option<Secret> {
        self.login.as_deref().map(|login| match self.kind {
            ProxyKind::Http => login.basic(),
            ProxyKind::Socks { .. } => {
                let encoded = [&login.user, &login.password].map(|text| Zeroizing::new(encode(text.expose())));
                Secret::concat(&[&encoded[0], ":", &encoded[1]])
            }
        })
    }

    /// Returns whether this machine looks up the target's name before the proxy gets its address.
    pub(crate) fn needs_address(&self) -> bool {
        self.kind == ProxyKind::Socks { names_there: false }
    }

    pub(crate) fn failed(&self, what: &str) -> Error {
        Error::new(ErrorKind::Proxy, format!("the proxy {self} failed: {what}"))
    }

    /// The error of a connection that ended during `what`.
    pub(super) fn lost(&self, what: &str, error: &io::Error, deadline: &Deadline) -> Error {
        deadline
            .progress
            .failure()
            .unwrap_or_else(|| self.failed(&format!("the connection was lost during {what} ({error})")).retryable(true))
    }
}

impl std::fmt::Display for Proxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} (from {})", self.url(), self.setting)
    }
}

impl ProxyLogin {
    pub(super) fn basic(&self) -> Secret {
        let pair = Secret::concat(&[self.user.expose(), ":", self.password.expose()]);
        Secret::base64("Basic ", pair.as_bytes())
    }

    /// Parses a percent-encoded `user:password`.
    fn parse(user: &str) -> Option<Self> {
        let (user, password) = user.split_once(':').unwrap_or((user, ""));
        let decode = |text: &str| {
            let bytes = Zeroizing::new(percent_encoding::percent_decode_str(text).collect::<Vec<u8>>());
            let text = std::str::from_utf8(&bytes).ok().filter(|text| !text.chars().any(char::is_control))?;
            Some(Secret::concat(&[text]))
        };
        Some(ProxyLogin { user: decode(user)?, password: decode(password)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proxy_url_is_parsed_and_its_password_hidden() {
        let proxy = Proxy::parse("http://us%40er:marked-secret@Proxy.test:3128/", "HTTPS_PROXY").unwrap();
        assert_eq!(proxy.origin.to_string(), "http://proxy.test:3128");
        let login = proxy.login.as_ref().unwrap();
        assert_eq!((login.user.expose(), login.password.expose()), ("us@er", "marked-secret"));
        assert!(!format!("{proxy:?}").contains("marked-secret"));
        assert_eq!(Proxy::parse("proxy.test:3128", "x").unwrap().origin.to_string(), "http://proxy.test:3128");
        for bad in [
            "socks4://proxy.test:1080",
            "ftp://proxy.test",
            "http://",
            "http://user:marked-secret@",
            "http://a b:1",
            "http://proxy.test:3128\n",
            "http://marked-secret@proxy.test:3128/proxy.pac",
            "'http://user:marked-secret@proxy.test:3128'",
            "http://user:marked-secret%0d@proxy.test",
            "http://marked-secret@proxy.test:x",
        ] {
            let error = Proxy::parse(bad, "HTTPS_PROXY").unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Proxy);
            assert!(error.message().contains("HTTPS_PROXY") && !error.message().contains("marked-secret"), "{error}");
        }
    }

    #[test]
    fn proxy_url_names_protocol_and_port() {
        for (url, shown, kind) in [
            ("http://proxy.test:3128/path?x", "http://proxy.test:3128", ProxyKind::Http),
            ("https://proxy.test/", "https://proxy.test", ProxyKind::Http),
            ("socks5://proxy.test", "socks5://proxy.test:1080", ProxyKind::Socks { names_there: false }),
            ("SOCKS5H://[::1]:1081/", "socks5h://[::1]:1081", ProxyKind::Socks { names_there: true }),
        ] {
            let proxy = Proxy::parse(url, "x").unwrap();
            assert_eq!((proxy.to_string(), proxy.kind), (format!("{shown} (from x)"), kind), "{url}");
        }
        for (bad, words) in [
            ("socks4://proxy.test", "SOCKS 4"),
            ("socks://proxy.test", "SOCKS 4"),
            ("http://config.test/wpad.dat", "PAC"),
            ("\"http://proxy.test\"", "quotes"),
        ] {
            let error = Proxy::parse(bad, "x").unwrap_err();
            assert!(error.message().contains(words), "{bad}: {error}");
        }
    }
}
