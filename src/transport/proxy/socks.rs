//! Tunnels through a SOCKS 5 proxy (RFC 1928), perhaps with user and password (RFC 1929).
//!
//! The client of a crate would connect its own socket, without this library's deadline and cancellation.

use std::io;
use std::net::IpAddr;

use zeroize::Zeroizing;

use super::address::{Proxy, ProxyLogin};
use super::target::Target;
use crate::error::Error;
use crate::transport::{deadline::Deadline, socket::Stream};

const VERSION: u8 = 5;
const NO_LOGIN: u8 = 0;
const BY_PASSWORD: u8 = 2;
const NO_METHOD: u8 = 0xff;

pub(super) fn open(
    proxy: &Proxy,
    stream: &mut dyn Stream,
    target: &Target<'_>,
    deadline: &Deadline,
) -> Result<(), Error> {
    let host = format!("{}:{}", target.origin.host(), target.origin.port());
    let lost = |error: io::Error| proxy.lost(&format!("the SOCKS request for {host}"), &error, deadline);
    let methods: &[u8] = if proxy.login.is_some() { &[NO_LOGIN, BY_PASSWORD] } else { &[NO_LOGIN] };
    send(stream, &[&[VERSION, methods.len() as u8], methods].concat()).map_err(lost)?;
    match (receive::<2>(stream).map_err(lost)?, &proxy.login) {
        ([VERSION, NO_LOGIN], _) => {}
        ([VERSION, BY_PASSWORD], Some(login)) => sign_in(proxy, stream, login, deadline)?,
        ([VERSION, NO_METHOD], None) => {
            return Err(proxy.failed("it requires a user and password: set socks5h://user:password@host:port"));
        }
        ([VERSION, _], _) => {
            return Err(proxy.failed("it accepts neither no sign-in nor user and password, which is all there is"));
        }
        _ => return Err(proxy.failed("its response is not SOCKS 5; check that the port is a SOCKS proxy's")),
    }
    let port = target.origin.port().to_be_bytes();
    let request = [&[VERSION, 1, 0][..], &destination(proxy, target)?, &port].concat();
    send(stream, &request).map_err(lost)?;
    let [_, reply, _, kind] = receive::<4>(stream).map_err(lost)?;
    if reply != 0 {
        let error = proxy.failed(&format!("it refused a tunnel to {host}: {}", meaning(reply)));
        return Err(error.retryable(matches!(reply, 1 | 3..=6)));
    }
    // The address that the proxy connects from says nothing.
    let rest = match kind {
        1 => 4 + 2,
        4 => 16 + 2,
        3 => usize::from(receive::<1>(stream).map_err(lost)?[0]) + 2,
        _ => return Err(proxy.failed("its response is not SOCKS 5")),
    };
    stream.read_exact(&mut [0; 255 + 2][..rest]).map_err(lost)
}

fn sign_in(proxy: &Proxy, stream: &mut dyn Stream, login: &ProxyLogin, deadline: &Deadline) -> Result<(), Error> {
    let lost = |error: io::Error| proxy.lost("its sign-in", &error, deadline);
    let (user, password) = (login.user.expose(), login.password.expose());
    let (Ok(user_length), Ok(length)) = (u8::try_from(user.len()), u8::try_from(password.len())) else {
        return Err(proxy.failed("its user or password is longer than 255 bytes, which SOCKS 5 cannot carry"));
    };
    let mut request = Zeroizing::new(Vec::with_capacity(3 + user.len() + password.len()));
    request.extend([1, user_length]);
    request.extend(user.as_bytes());
    request.push(length);
    request.extend(password.as_bytes());
    send(stream, &request).map_err(lost)?;
    match receive::<2>(stream).map_err(lost)? {
        [_, 0] => Ok(()),
        _ => Err(proxy.failed("it rejected the user and password")),
    }
}

/// The kind and bytes of the target's address, or of its name, which the proxy looks up.
fn destination(proxy: &Proxy, target: &Target<'_>) -> Result<Vec<u8>, Error> {
    let host = target.origin.host();
    Ok(match target.address.or_else(|| crate::origin::ip_of(host)) {
        Some(IpAddr::V4(address)) => [&[1][..], &address.octets()].concat(),
        Some(IpAddr::V6(address)) => [&[4][..], &address.octets()].concat(),
        None => {
            let length = u8::try_from(host.len()).map_err(|_| proxy.failed("the host's name is too long for it"))?;
            [&[3, length][..], host.as_bytes()].concat()
        }
    })
}

fn send(stream: &mut dyn Stream, bytes: &[u8]) -> io::Result<()> {
    stream.write_all(bytes)?;
    stream.flush()
}

fn receive<const LENGTH: usize>(stream: &mut dyn Stream) -> io::Result<[u8; LENGTH]> {
    let mut bytes = [0; LENGTH];
    stream.read_exact(&mut bytes).map(|()| bytes)
}

fn meaning(reply: u8) -> &'static str {
    match reply {
        1 => "general failure",
        2 => "its rules do not allow it",
        3 => "network unreachable",
        4 => "host unreachable",
        5 => "connection refused",
        6 => "no response in time",
        7 => "it does not support CONNECT",
        8 => "it does not support this kind of address: use socks5h://",
        _ => "for an unknown reason",
    }
}
