//! A bare rustls socket, for the benches in C: see floor.h.

use std::ffi::c_int;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::slice;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

/// A connection, and where its answers go.
pub struct Floor {
    stream: StreamOwned<ClientConnection, TcpStream>,
    answer: Vec<u8>,
}

fn connect(port: u16, ca_pem: &[u8]) -> Option<Floor> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(ca_pem).ok()?).ok()?;
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .ok()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let server = std::net::IpAddr::from(Ipv4Addr::LOCALHOST);
    let connection = ClientConnection::new(Arc::new(config), server.into()).ok()?;
    let socket = TcpStream::connect((server, port)).ok()?;
    socket.set_nodelay(true).ok()?;
    Some(Floor { stream: StreamOwned::new(connection, socket), answer: vec![0; 8192] })
}

fn exchange(floor: &mut Floor, request: &[u8], body_bytes: usize) -> Option<()> {
    floor.stream.write_all(request).ok()?;
    let mut got = 0;
    loop {
        got += floor.stream.read(floor.answer.get_mut(got..)?).ok().filter(|&more| more > 0)?;
        let head = floor.answer[..got].windows(4).position(|four| four == b"\r\n\r\n");
        if head.is_some_and(|head| got - head - 4 == body_bytes) {
            return Some(());
        }
    }
}

/// See floor.h.
///
/// # Safety
/// `ca_pem` has `length` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn floor_connect(port: u16, ca_pem: *const u8, length: usize) -> *mut Floor {
    // SAFETY: as the caller promises.
    let ca_pem = unsafe { slice::from_raw_parts(ca_pem, length) };
    connect(port, ca_pem).map_or(std::ptr::null_mut(), |floor| Box::into_raw(Box::new(floor)))
}

/// See floor.h.
///
/// # Safety
/// `floor` is of floor_connect, and `request` has `length` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn floor_exchange(
    floor: *mut Floor,
    request: *const u8,
    length: usize,
    body_bytes: usize,
) -> c_int {
    // SAFETY: as the caller promises.
    let (floor, request) = unsafe { (&mut *floor, slice::from_raw_parts(request, length)) };
    if exchange(floor, request, body_bytes).is_some() { 0 } else { 1 }
}
