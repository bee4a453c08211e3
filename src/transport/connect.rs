//! Connects to the first address of a host that accepts: races them as RFC 8305 says ("Happy Eyeballs").

use std::collections::VecDeque;
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};

use super::socket::SlicedSocket;
use crate::error::{Error, ErrorKind};
use crate::{clock::SLICE, transport::deadline::Deadline, transport::progress::Phase};

/// The time after which the next address is tried, while the earlier ones are still waited for.
const BETWEEN_ATTEMPTS: Duration = Duration::from_millis(250);

/// Connects to one of the `addresses` of `name`.
pub(super) fn connect(name: &str, addresses: &[SocketAddr], deadline: &Deadline) -> Result<SlicedSocket, Error> {
    deadline.progress.set_phase(Phase::Connect);
    let clock = deadline.clock();
    let mut waiting = by_turns(addresses);
    let mut running: Vec<(SocketAddr, Socket)> = Vec::new();
    let mut failures = Vec::new();
    let mut next_attempt = clock.now();
    loop {
        if let Err(error) = deadline.check() {
            if error.kind() != ErrorKind::Timeout || failures.is_empty() {
                return Err(error);
            }
            failures.extend(running.iter().map(|(address, _)| format!("{address}: no response")));
            running.clear();
            waiting.clear();
        }
        let now = clock.now();
        if now >= next_attempt || running.is_empty() {
            match waiting.pop_front().map(|address| (address, begin(address))) {
                Some((address, Ok(socket))) => running.push((address, socket)),
                Some((address, Err(error))) => {
                    failures.push(format!("{address}: {error}"));
                    continue;
                }
                None if running.is_empty() => break,
                None => {}
            }
            next_attempt = now + BETWEEN_ATTEMPTS;
        }
        let until_next = next_attempt.saturating_duration_since(clock.now());
        let (index, result) = match wait_any(&running, until_next.min(deadline.remaining()).min(SLICE)) {
            Ok(Some(ready)) => ready,
            Ok(None) => continue,
            Err(error) => return Err(failed(name, &[error.to_string()])),
        };
        let (address, socket) = running.swap_remove(index);
        match result.and_then(|()| finish(socket)) {
            Ok(socket) => return Ok(SlicedSocket::new(socket)),
            Err(error) => {
                failures.push(format!("{address}: {error}"));
                next_attempt = clock.now();
            }
        }
    }
    Err(failed(name, &failures))
}

fn failed(name: &str, failures: &[String]) -> Error {
    let text = format!(
        "cannot connect to {name}: {}; check the host, the port, and firewalls in between",
        failures.join("; ")
    );
    Error::new(ErrorKind::Connect, text).retryable(true)
}

/// The system's order, with IPv4 and IPv6 by turns, so that a network without one of them costs one attempt.
fn by_turns(addresses: &[SocketAddr]) -> VecDeque<SocketAddr> {
    let Some(first) = addresses.first() else { return VecDeque::new() };
    let (mut own, mut other): (VecDeque<_>, VecDeque<_>) =
        addresses.iter().copied().partition(|address| address.is_ipv4() == first.is_ipv4());
    let mut ordered = VecDeque::with_capacity(addresses.len());
    while !own.is_empty() || !other.is_empty() {
        ordered.extend(own.pop_front());
        ordered.extend(other.pop_front());
    }
    ordered
}

fn begin(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_nonblocking(true)?;
    match socket.connect(&address.into()) {
        Err(error) if !in_progress(&error) => Err(error),
        _ => Ok(socket),
    }
}

/// Prepares a connected socket for [`SlicedSocket`].
fn finish(socket: Socket) -> io::Result<TcpStream> {
    socket.set_nonblocking(false)?;
    socket.set_tcp_nodelay(true)?;
    socket.set_read_timeout(Some(SLICE))?;
    socket.set_write_timeout(Some(SLICE))?;
    Ok(socket.into())
}

fn in_progress(error: &io::Error) -> bool {
    #[cfg(unix)]
    return error.raw_os_error() == Some(rustix::io::Errno::INPROGRESS.raw_os_error());
    #[cfg(not(unix))]
    return error.kind() == io::ErrorKind::WouldBlock;
}

/// A socket that connected or failed: its index, and which of the two.
type Settled = (usize, io::Result<()>);

/// Waits for one of the sockets to connect or fail. `wait` is below a second.
#[cfg(unix)]
fn wait_any(running: &[(SocketAddr, Socket)], wait: Duration) -> io::Result<Option<Settled>> {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let mut sockets: Vec<_> = running.iter().map(|(_, socket)| PollFd::new(socket, PollFlags::OUT)).collect();
    let wait = Timespec { tv_sec: 0, tv_nsec: wait.subsec_nanos().into() };
    match poll(&mut sockets, Some(&wait)) {
        Ok(_) | Err(rustix::io::Errno::INTR) => {}
        Err(error) => return Err(error.into()),
    }
    let Some(index) = sockets.iter().position(|socket| !socket.revents().is_empty()) else { return Ok(None) };
    Ok(Some((index, running[index].1.take_error()?.map_or(Ok(()), Err))))
}

#[cfg(not(unix))]
fn wait_any(running: &[(SocketAddr, Socket)], wait: Duration) -> io::Result<Option<Settled>> {
    use crate::clock::{Clock as _, SystemClock};
    SystemClock.sleep(wait.min(Duration::from_millis(5)));
    for (index, (_, socket)) in running.iter().enumerate() {
        if let Some(error) = socket.take_error()? {
            return Ok(Some((index, Err(error))));
        }
        if socket.peer_addr().is_ok() {
            return Ok(Some((index, Ok(()))));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn address_families_take_turns() {
        let address = |text: &str| text.parse::<SocketAddr>().unwrap();
        let given = ["[::1]:1", "[::2]:1", "[::3]:1", "127.0.0.1:1", "127.0.0.2:1"].map(address);
        let expected = ["[::1]:1", "127.0.0.1:1", "[::2]:1", "127.0.0.2:1", "[::3]:1"].map(address);
        assert_eq!(by_turns(&given), expected);
        assert_eq!(by_turns(&[]), []);
    }
}
