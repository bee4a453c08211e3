//! Tunnels through an HTTP proxy, by the CONNECT method.

use std::io;

use super::address::{Proxy, ProxyLogin};
use super::target::Target;
use crate::error::Error;
use crate::secret::Secret;
use crate::transport::{deadline::Deadline, socket::Stream};

pub(super) fn open(
    proxy: &Proxy,
    stream: &mut dyn Stream,
    target: &Target<'_>,
    deadline: &Deadline,
) -> Result<(), Error> {
    let host = format!("{}:{}", target.origin.host(), target.origin.port());
    let authorization = proxy.login.as_deref().map(ProxyLogin::basic);
    let (name, value, end) = match &authorization {
        Some(value) => ("Proxy-Authorization: ", value.expose(), "\r\n\r\n"),
        None => ("", "", "\r\n"),
    };
    let agent = target.user_agent;
    let request = Secret::concat(&[
        "CONNECT ",
        &host,
        " HTTP/1.1\r\nHost: ",
        &host,
        "\r\nUser-Agent: ",
        agent,
        "\r\n",
        name,
        value,
        end,
    ]);
    let lost = |error: io::Error| proxy.lost(&format!("the CONNECT request for {host}"), &error, deadline);
    stream.write_all(request.as_bytes()).and_then(|()| stream.flush()).map_err(lost)?;
    let head = read_head(stream).map_err(lost)?;
    match status_of(&head) {
        Some(200..=299) => Ok(()),
        // tinyproxy responds 401 to a wrong password.
        Some(status @ (401 | 407)) => Err(proxy.failed(&refusal(proxy, status, &head))),
        Some(status) => Err(proxy
            .failed(&format!("it refused a tunnel to {host} with status {status}"))
            .retryable(matches!(status, 502..=504))),
        None => Err(proxy.failed("its response is not HTTP; check that the port is a proxy's")),
    }
}

/// Explains a 401 or 407 by the schemes that the proxy offers.
fn refusal(proxy: &Proxy, status: u16, head: &[u8]) -> String {
    let offered = challenges(head);
    let has_basic = offered.iter().any(|scheme| scheme.name.eq_ignore_ascii_case("basic"));
    let realm = offered.iter().find_map(|scheme| scheme.realm.as_deref());
    let realm = realm.map(|realm| format!(" for the realm \"{realm}\"")).unwrap_or_default();
    if !offered.is_empty() && !has_basic {
        let names: Vec<_> = offered.iter().map(|scheme| scheme.name.as_str()).collect();
        return format!(
            "it requires a sign-in by {} ({status}){realm}, and this library signs in to proxies by Basic alone: \
             run a local helper that signs in to this proxy (such as cntlm or px), and set it as the proxy",
            names.join(" or ")
        );
    }
    let what = if proxy.login.is_some() { "rejected the" } else { "requires a" };
    format!("it {what} user and password ({status}){realm}: set http://user:password@host:port")
}

struct Challenge {
    name: String,
    realm: Option<String>,
}

/// The schemes of Proxy-Authenticate, each line of which has one or more.
fn challenges(head: &[u8]) -> Vec<Challenge> {
    let head = String::from_utf8_lossy(head);
    let mut found: Vec<Challenge> = Vec::new();
    for line in head.lines() {
        let Some((field, value)) = line.split_once(':') else { continue };
        if !field.trim().eq_ignore_ascii_case("proxy-authenticate") {
            continue;
        }
        for part in outside_quotes(value) {
            let (word, rest) = part.trim().split_once(' ').unwrap_or((part.trim(), ""));
            // `realm="x"` continues the scheme before it.
            let parameter = if word.contains('=') { part.trim() } else { rest };
            if !word.contains('=') && !word.is_empty() {
                found.push(Challenge { name: crate::text::printable(word, 20), realm: None });
            }
            if let Some((name, value)) = parameter.split_once('=')
                && name.trim().eq_ignore_ascii_case("realm")
                && let Some(last) = found.last_mut()
            {
                last.realm = Some(crate::text::printable(value.trim().trim_matches('"'), 60));
            }
        }
    }
    found
}

/// Splits at commas that stand in no quotes.
fn outside_quotes(text: &str) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    text.split(move |character| {
        quoted ^= character == '"';
        character == ',' && !quoted
    })
}

/// Reads up to the empty line, byte by byte: the next bytes belong to the tunnel. Lines may end without CR.
fn read_head(stream: &mut dyn Stream) -> io::Result<Vec<u8>> {
    const LARGEST: usize = 64 * 1024;
    let mut head = Vec::with_capacity(256);
    let mut byte = [0];
    while !(head.ends_with(b"\n\r\n") || head.ends_with(b"\n\n")) {
        if head.len() == LARGEST {
            return Err(io::Error::other("its response has a head of more than 64 KiB"));
        }
        if stream.read(&mut byte)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        head.push(byte[0]);
        if head.len() == 5 && head != b"HTTP/" {
            return Ok(head);
        }
    }
    Ok(head)
}

fn status_of(head: &[u8]) -> Option<u16> {
    let line = std::str::from_utf8(head.split(|byte| matches!(byte, b'\r' | b'\n')).next()?).ok()?;
    let mut words = line.strip_prefix("HTTP/1.")?.split(' ');
    words.next();
    words.next()?.parse().ok().filter(|status| (100..600).contains(status))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proxy_authenticate_gives_schemes_and_realm() {
        let schemes = |head: &str| {
            let found = challenges(head.as_bytes());
            found.into_iter().map(|one| (one.name, one.realm.unwrap_or_default())).collect::<Vec<_>>()
        };
        let pair = |name: &str, realm: &str| (name.to_owned(), realm.to_owned());
        let head = "HTTP/1.1 407 No\r\nProxy-Authenticate: Negotiate\r\nproxy-authenticate: NTLM\r\n\r\n";
        assert_eq!(schemes(head), [pair("Negotiate", ""), pair("NTLM", "")]);
        let head = "HTTP/1.1 407 No\nProxy-Authenticate: Digest realm=\"a, b\", nonce=\"x==\", Basic realm=\"c\"\n\n";
        assert_eq!(schemes(head), [pair("Digest", "a, b"), pair("Basic", "c")]);
        assert_eq!(schemes("HTTP/1.1 407 No\r\n\r\n"), []);
    }

    #[test]
    fn status_is_read_whatever_the_line_end() {
        for (head, status) in [
            ("HTTP/1.1 200 Connection established\r\n\r\n", Some(200)),
            ("HTTP/1.0 200 OK\nVia: x\n\n", Some(200)),
            ("HTTP/1.1 407\r\n\r\n", Some(407)),
            ("HTTP/1.1 x\r\n\r\n", None),
            ("HTTP/1.1 999 x\r\n\r\n", None),
        ] {
            assert_eq!(status_of(head.as_bytes()), status, "{head:?}");
        }
    }
}
