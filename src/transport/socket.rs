//! A TCP socket that waits in slices, and checks the deadline between them.

use std::io::{self, BufReader, ErrorKind, Read, Write};
use std::net::TcpStream;

use crate::transport::{deadline::Deadline, progress::Phase};

/// A byte stream to a server: a socket, or TLS over one.
pub(crate) trait Stream: Read + Write + Send + Sync {
    /// Whether the connection can carry another request: it is open, and nothing unexpected has arrived.
    fn is_idle(&mut self) -> bool;
}

/// A connected socket that waits in slices. Its thread must have a [current](Deadline::current) deadline.
pub(crate) struct SlicedSocket(TcpStream);

impl SlicedSocket {
    /// Takes a connected socket whose reads and writes time out after a slice.
    pub(super) fn new(socket: TcpStream) -> Self {
        SlicedSocket(socket)
    }
}

/// Repeats `io` while it times out, and checks the deadline before each attempt.
fn sliced<T>(mut io: impl FnMut(&Deadline) -> io::Result<T>) -> io::Result<T> {
    let deadline = Deadline::current()?;
    loop {
        // Bytes that drip in faster than a slice must not hide the deadline.
        deadline.check_io()?;
        match io(&deadline) {
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

impl Read for SlicedSocket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        sliced(|_| self.0.read(buffer))
    }
}

impl Write for SlicedSocket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        sliced(|deadline| {
            let written = self.0.write(bytes)?;
            if deadline.progress.phase() == Phase::Send && written > 0 {
                deadline.progress.mark_sent(deadline.clock());
            }
            Ok(written)
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Stream for SlicedSocket {
    fn is_idle(&mut self) -> bool {
        #[cfg(unix)]
        {
            use rustix::net::{RecvFlags, recv};
            let mut byte = [0];
            let nothing = recv(&self.0, &mut byte, RecvFlags::PEEK | RecvFlags::DONTWAIT);
            matches!(nothing, Err(rustix::io::Errno::AGAIN))
        }
        #[cfg(not(unix))]
        {
            let probe = self.0.set_nonblocking(true).and_then(|()| self.0.peek(&mut [0]));
            let restored = self.0.set_nonblocking(false);
            restored.is_ok() && matches!(probe, Err(error) if error.kind() == ErrorKind::WouldBlock)
        }
    }
}

/// Reads ahead when a read filled the buffer of rustls. It buffers encrypted bytes only.
pub(crate) struct ReadAhead {
    stream: BufReader<Box<dyn Stream>>,
    /// Whether the last read filled its buffer. Shorter reads bypass this buffer, which saves a copy.
    is_more: bool,
}

impl ReadAhead {
    /// Four TLS records of the largest size.
    const BYTES: usize = 64 * 1024;

    pub(crate) fn new(stream: Box<dyn Stream>) -> Self {
        ReadAhead { stream: BufReader::with_capacity(Self::BYTES, stream), is_more: false }
    }
}

impl Read for ReadAhead {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let is_kept = !self.stream.buffer().is_empty();
        if is_kept || self.is_more {
            let amount = self.stream.read(buffer)?;
            self.is_more = if is_kept { self.is_more } else { amount + self.stream.buffer().len() == Self::BYTES };
            return Ok(amount);
        }
        let amount = self.stream.get_mut().read(buffer)?;
        self.is_more = amount == buffer.len();
        Ok(amount)
    }
}

impl Write for ReadAhead {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.get_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.get_mut().flush()
    }
}

impl Stream for ReadAhead {
    fn is_idle(&mut self) -> bool {
        self.stream.buffer().is_empty() && self.stream.get_mut().is_idle()
    }
}

impl Stream for rustls::StreamOwned<rustls::ClientConnection, ReadAhead> {
    fn is_idle(&mut self) -> bool {
        // Unexpected plaintext would be read as the next response.
        let quiet = self.conn.process_new_packets().is_ok_and(|state| state.plaintext_bytes_to_read() == 0);
        quiet && self.sock.is_idle()
    }
}
