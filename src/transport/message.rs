//! Requests and responses, and the trait that exchanges one for the other.

use std::{io::Read, rc::Rc};

use ureq::http::{HeaderMap, Method, Uri};
use zeroize::Zeroizing;

use crate::error::{Error, ErrorKind};
use crate::file::STACK_READ;
use crate::transport::deadline::Deadline;

/// Room for a body of unknown length, in bytes.
const ROOM: u64 = 8 * 1024;
/// The most room that is made on the word of a Content-Length, in bytes.
const MAX_ROOM: u64 = 1024 * 1024;

pub(crate) struct Outgoing<'a> {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    /// Including Host.
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<&'a [u8]>,
}

/// A response whose status and headers have arrived.
pub(crate) struct Incoming {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    /// The body's length by the headers.
    pub(crate) announced: Option<u64>,
    pub(crate) body: Box<dyn Body>,
}

pub(crate) trait Body: Send + Sync {
    /// Reads a piece; 0 at the end. `deadline` may differ from the request's.
    fn read(&mut self, buffer: &mut [u8], deadline: &Rc<Deadline>) -> Result<usize, Error>;
}

/// Sends requests: [`HttpTransport`](crate::transport::HttpTransport), or a test's transport.
pub(crate) trait Transport: Send + Sync {
    /// Sends one request and receives the headers of its response, whatever the status. Follows no redirect.
    fn round_trip(&self, request: Outgoing<'_>, deadline: &Rc<Deadline>) -> Result<Incoming, Error>;

    fn close_connections(&self) {}
}

impl Incoming {
    /// Reads the whole body, of at most `most` bytes. One byte of capacity stays free, for the NUL of the C API.
    pub(crate) fn read_all(mut self, most: u64, deadline: &Rc<Deadline>) -> Result<(HeaderMap, Vec<u8>), Error> {
        let status = self.status;
        let too_large = || {
            let host = deadline.host();
            let text = format!("the response of {host} is larger than the {most} bytes of max_response_bytes");
            Error::new(ErrorKind::TooLarge, text).with_status(status).sent(true)
        };
        if self.announced.is_some_and(|announced| announced > most) {
            return Err(too_large());
        }
        // Growing copies and leaves the old bytes unwiped. A token's response is small, so it never grows.
        let room = self.announced.unwrap_or(ROOM).min(MAX_ROOM);
        let mut bytes = Zeroizing::new(Vec::with_capacity(room as usize + STACK_READ + 1));
        let mut reader = BodyReader { body: &mut *self.body, deadline, failure: None };
        let result = (&mut reader).take(most.saturating_add(1)).read_to_end(&mut bytes);
        match (reader.failure, result) {
            (Some(error), _) => Err(error),
            (None, _) if bytes.len() as u64 > most => Err(too_large()),
            (None, _) => Ok((self.headers, std::mem::take(&mut *bytes))),
        }
    }
}

/// A body as [`Read`], which keeps the error of the body.
struct BodyReader<'a> {
    body: &'a mut dyn Body,
    deadline: &'a Rc<Deadline>,
    failure: Option<Error>,
}

impl Read for BodyReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.body.read(buffer, self.deadline).map_err(|error| {
            self.failure = Some(error);
            std::io::Error::other("stopped")
        })
    }
}
