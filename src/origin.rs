//! The origin of requests, and the one predicate that decides whether a secret may be sent to a URL.

use std::{borrow::Cow, net::IpAddr};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use ureq::http::Uri;

use crate::error::{Error, Result};

/// The platform of most accounts. (Source: help.boomi.com, "Hostnames and IP addresses for connecting".)
pub const BASE_URL_US: &str = "https://api.boomi.com";
/// The European platform in Great Britain, which shares no users with the other.
pub const BASE_URL_GB: &str = "https://api.platform.gb.boomi.com";

/// All characters but the unreserved ones of RFC 3986.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

const ACCOUNT_PLACEHOLDER: &str = "{accountId}";

/// A scheme, host and port, to which a secret is bound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin {
    https: bool,
    /// Lower case; an IPv6 address in brackets, in its shortest form.
    host: String,
    port: u16,
    /// Scheme, host, and port unless it is the scheme's default.
    url: String,
}

impl Origin {
    /// Parses a base URL: an origin, perhaps with a slash after it.
    pub(crate) fn parse_base(url: &str) -> Result<Self> {
        crate::validate::check("the base URL", url)?;
        let url = url.trim_matches(' ');
        let (origin, rest) = Self::split(url)
            .map_err(|what| Error::invalid(format!("the base URL {what}; expected one like \"{BASE_URL_US}\"")))?;
        if !matches!(rest, "" | "/") {
            return Err(Error::invalid(format!(
                "the base URL has a path or a query: use \"{origin}\"; the path belongs to each request"
            )));
        }
        if !origin.https && !origin.is_loopback() {
            return Err(Error::invalid(format!(
                "the base URL has http, which would send credentials in clear text: use https (\"https://{}\"); \
                 http is for loopback addresses only",
                origin.authority()
            )));
        }
        Ok(origin)
    }

    /// Splits an absolute URL into its origin and the rest. The error says what the URL "has" or "is".
    ///
    /// It refuses forms that parsers read differently (backslashes, spaces, user information, unusual numeric hosts),
    /// so that a URL has one host for every parser.
    fn split(url: &str) -> std::result::Result<(Self, &str), &'static str> {
        if url.is_empty() {
            return Err("is empty");
        }
        check_characters(url)?;
        let (scheme, rest) = url.split_once("://").ok_or("does not begin with https://")?;
        let https = match scheme.to_ascii_lowercase().as_str() {
            "https" => true,
            "http" => false,
            _ => return Err("has a scheme other than https"),
        };
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, rest) = rest.split_at(end);
        if authority.contains('@') {
            return Err("has user information before the host: credentials have their own setting");
        }
        Ok((Self::of_authority(https, authority)?, rest))
    }

    /// Returns the origin of a host and an optional port. The error says what it "has".
    pub(crate) fn of_authority(https: bool, authority: &str) -> std::result::Result<Self, &'static str> {
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
            _ => (authority, None),
        };
        let (scheme, default_port) = if https { ("https", 443) } else { ("http", 80) };
        let port = match port {
            None | Some("") => default_port,
            Some(port) if port.bytes().all(|byte| byte.is_ascii_digit()) => {
                port.parse().ok().filter(|port| *port != 0).ok_or("has a port that is not between 1 and 65535")?
            }
            Some(_) => return Err("has a port that is not a number"),
        };
        let host = normal_host(host)?;
        let url_port = if port == default_port { String::new() } else { format!(":{port}") };
        let url = format!("{scheme}://{host}{url_port}");
        Ok(Origin { https, host, port, url })
    }

    /// The one predicate: returns whether this origin's secrets may be sent to `uri`.
    ///
    /// Scheme, host and port must be equal, in the spelling that [`resolve`](Self::resolve) gives them. Any other
    /// spelling is refused, so that its meaning does not matter.
    pub(crate) fn covers(&self, uri: &Uri) -> bool {
        let authority = uri.authority().map(|authority| authority.as_str());
        uri.scheme_str() == Some(if self.https { "https" } else { "http" }) && authority == Some(self.authority())
    }

    /// Returns the URL of a path, or of an absolute URL that this origin covers, with the account id.
    pub(crate) fn resolve(&self, path_or_url: &str, account_id: Option<&str>) -> Result<Uri> {
        let mut filled = Cow::from(path_or_url);
        if filled.contains(ACCOUNT_PLACEHOLDER) {
            let account_id = account_id.ok_or_else(missing_account_id)?;
            check_account_id(account_id)?;
            filled = path_or_url.replace(ACCOUNT_PLACEHOLDER, &encode(account_id)).into();
        }
        let url = if filled.starts_with('/') {
            check_characters(&filled).map_err(|what| Error::invalid(format!("the path {what}")))?;
            if filled.starts_with("//") {
                return Err(Error::invalid("the path begins with two slashes, which names another host: use one"));
            }
            [&self.url, &*filled].concat()
        } else {
            let (origin, rest) = Self::split(&filled).map_err(|what| {
                Error::invalid(format!(
                    "the path or URL {what}; a path must begin with a slash, as in \"/api/rest/v1/{{accountId}}\""
                ))
            })?;
            if origin != *self {
                return Err(Error::invalid(format!(
                    "the URL is on {origin}, and this client's credentials are for {self}: they are not sent \
                     elsewhere; use a client with that base URL"
                )));
            }
            let slash = if rest.starts_with('/') { "" } else { "/" };
            format!("{origin}{slash}{rest}")
        };
        url.parse().map_err(|_| Error::invalid("the path or URL cannot be read: percent-encode what is special in it"))
    }

    pub(crate) fn is_https(&self) -> bool {
        self.https
    }

    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Returns whether the host is this machine.
    pub(crate) fn is_loopback(&self) -> bool {
        self.host == "localhost" || ip_of(&self.host).is_some_and(|address| address.is_loopback())
    }

    /// Returns the host, and the port unless it is the scheme's default.
    pub(crate) fn authority(&self) -> &str {
        &self.url[if self.https { 8 } else { 7 }..]
    }
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.url)
    }
}

/// Parses the address of a host literal, with or without brackets.
pub(crate) fn ip_of(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

/// Refuses characters that RFC 3986 allows nowhere in a URL, and the fragment, which is not sent.
fn check_characters(url: &str) -> std::result::Result<(), &'static str> {
    let bytes = url.as_bytes();
    for (index, byte) in bytes.iter().enumerate() {
        match byte {
            byte if byte.is_ascii_alphanumeric() || b"-._~:/?[]@!$&'()*+,;=".contains(byte) => {}
            b'%' => {
                let digits = bytes.get(index + 1..index + 3).unwrap_or_default();
                if digits.len() < 2 || !digits.iter().all(u8::is_ascii_hexdigit) {
                    return Err("has a % without two hexadecimal digits: write %25 for a percent sign");
                }
            }
            b'{' | b'}' => return Err("has a brace: only {accountId} is filled in, others must be percent-encoded"),
            b'#' => return Err("has a fragment (#): percent-encode it as %23, or leave it out"),
            b'\\' => return Err("has a backslash: use slashes, or percent-encode it as %5C"),
            0x80.. => return Err("has a character that is not ASCII: percent-encode it (a host: use its xn-- form)"),
            0..=b' ' | 0x7f => return Err("has a space or control character: percent-encode it"),
            _ => return Err("has a character that must be percent-encoded"),
        }
    }
    Ok(())
}

/// Returns a host in the one form that equal hosts share.
fn normal_host(host: &str) -> std::result::Result<String, &'static str> {
    if let Some(inner) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        let address: std::net::Ipv6Addr = inner.parse().map_err(|_| "has brackets around what is no IPv6 address")?;
        return Ok(format!("[{address}]"));
    }
    if host.is_empty() {
        return Err("has no host");
    }
    let good = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    if !host.bytes().all(good) {
        return Err("has a host with characters that no host has");
    }
    let host = host.to_ascii_lowercase();
    // "127.1" and "0x7f000001" are addresses to some resolvers and names to others.
    let last = host.trim_end_matches('.').rsplit('.').next().unwrap_or_default();
    let numeric = last.starts_with("0x") || last.bytes().all(|byte| byte.is_ascii_digit());
    if numeric && host.parse::<std::net::Ipv4Addr>().is_err() {
        return Err("has a numeric host that is no IPv4 address of four decimal numbers");
    }
    Ok(host)
}

pub(crate) fn missing_account_id() -> Error {
    Error::config(
        "no account id is set: give the account id to the client (BOOMI_ACCOUNT_ID) or to the call; Boomi shows it \
         under Settings > User Information > Account Information",
    )
}

pub(crate) fn check_account_id(account_id: &str) -> Result<()> {
    crate::validate::check("the account id", account_id)?;
    match account_id {
        "." | ".." => Err(Error::invalid("the account id is a relative path segment")),
        _ => Ok(()),
    }
}

/// Percent-encodes all characters but letters, digits and `-._~`.
pub(crate) fn encode(text: &str) -> String {
    utf8_percent_encode(text, ESCAPED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(url: &str) -> Origin {
        Origin::parse_base(url).unwrap()
    }

    #[test]
    fn base_url_has_one_form() {
        for url in
            ["https://api.boomi.com", "https://api.boomi.com/", "HTTPS://API.Boomi.COM:443/", " https://api.boomi.com:"]
        {
            assert_eq!(base(url).to_string(), BASE_URL_US, "{url}");
        }
        assert_eq!(base("https://localhost:8443/").to_string(), "https://localhost:8443");
        assert_eq!(base("https://[0:0::1]:8443").to_string(), "https://[::1]:8443");
        assert_eq!(base("http://127.0.0.1:80").to_string(), "http://127.0.0.1");
    }

    #[test]
    fn bad_base_url_is_refused_with_the_fix() {
        let cases = [
            ("", "empty"),
            ("api.boomi.com", "not begin with https://"),
            ("ftp://api.boomi.com", "scheme"),
            ("http://api.boomi.com", "\"https://api.boomi.com\""),
            ("http://127.0.0.1.example.com", "https"),
            ("http://localhost.example.com", "https"),
            ("https://api.boomi.com/api/rest/v1/account123", "use \"https://api.boomi.com\""),
            ("https://api.boomi.com?x=1", "use \"https://api.boomi.com\""),
            ("https://user:pass@api.boomi.com", "user information"),
            ("https://", "no host"),
            ("https://api.boomi.com:0", "port"),
            ("https://api.boomi.com:99999", "port"),
            ("https://api.boomi.com:8a", "port that is not a number"),
            ("https://api.boomi.com:+443", "port that is not a number"),
            ("https://api boomi.com", "space"),
            ("https://api.boomi.com\r\nX: y", "control"),
            ("https://api.boomi.com\n", "control"),
            ("https://bücher.example", "xn--"),
            ("https://api.boomi.com\\@example.com", "backslash"),
            ("https://0x7f000001", "numeric"),
            ("https://127.1", "numeric"),
            ("https://[::1", "characters"),
            ("https://[x]", "IPv6"),
        ];
        for (url, text) in cases {
            let error = Origin::parse_base(url).unwrap_err();
            assert!(error.message().contains(text), "{url}: {error}");
        }
        assert!(!Origin::parse_base("https://user:marked-secret@x").unwrap_err().message().contains("marked-secret"));
    }

    #[test]
    fn covers_accepts_its_own_origin_only() {
        let origin = base(BASE_URL_US);
        let covers = |url: &str| url.parse().is_ok_and(|uri| origin.covers(&uri));
        for url in [
            "https://api.boomi.com",
            "https://api.boomi.com/a?b",
            "https://API.boomi.com:443/x",
            "HTTPS://api.boomi.com?x",
        ] {
            assert!(origin.covers(&origin.resolve(url, None).unwrap()), "{url}");
        }
        for url in [
            "",
            "/api",
            "//api.boomi.com/",
            "http://api.boomi.com/",
            "https://api.boomi.com:444/",
            "https://api.boomi.com.example.com/",
            "https://example.com/https://api.boomi.com/",
            "https://api.boomi.com@example.com/",
            "https://user@api.boomi.com/",
            "https://example.com\\@api.boomi.com/",
            "https://example.com#@api.boomi.com/",
            "https://api.boomi.com./",
            "https:/api.boomi.com/",
            "https://api.boomi.com\t/",
            " https://api.boomi.com/",
            "https://api%2eboomi.com/",
            "https://api.boomi.com%00.example.com/",
        ] {
            assert!(!covers(url), "{url}");
        }
        let origin = base("https://[::1]:1");
        assert!(origin.covers(&origin.resolve("https://[0:0:0::1]:1/", None).unwrap()));
    }

    #[test]
    fn resolve_returns_urls_of_the_origin() {
        let origin = base("https://localhost:8443");
        let resolve = |path| origin.resolve(path, Some("a/b c-1.Ä")).map(|uri| uri.to_string());
        assert_eq!(resolve("/x?y=%20").unwrap(), "https://localhost:8443/x?y=%20");
        assert_eq!(resolve("/v1/{accountId}/A").unwrap(), "https://localhost:8443/v1/a%2Fb%20c-1.%C3%84/A");
        assert_eq!(
            resolve("https://LOCALHOST:8443/x/{accountId}").unwrap(),
            "https://localhost:8443/x/a%2Fb%20c-1.%C3%84"
        );
        assert_eq!(resolve("https://localhost:8443?x").unwrap(), "https://localhost:8443/?x");
        for (path, text) in [
            ("", "empty"),
            ("x", "must begin with a slash"),
            ("//example.com/x", "two slashes"),
            ("/a b", "space"),
            ("/{id}", "only {accountId}"),
            ("/x#y", "fragment"),
            ("/%zz", "%25"),
            ("/%", "%25"),
            ("/%2", "%25"),
            ("/\u{e4}", "ASCII"),
            ("https://example.com/", "not sent elsewhere"),
            ("http://localhost:8443/", "not sent elsewhere"),
        ] {
            let error = resolve(path).unwrap_err();
            assert!(error.message().contains(text), "{path}: {error}");
        }
        let error = origin.resolve("/{accountId}", None).unwrap_err();
        assert_eq!(error.kind(), crate::error::ErrorKind::Config);
        assert!(error.message().contains("Settings > User Information > Account Information"));
        for account in ["", ".", "..", "a\n"] {
            check_account_id(account).unwrap_err();
        }
    }
}
