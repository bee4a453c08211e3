//! The bytes of answers on their way out: counted, cut or slowed down as a fault wants it.

use crate::server::Cut;
use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

/// What happens to the bytes of one answer. An answer that carries this is sent so.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Tamper {
    /// Half of the head goes out, and the connection is closed.
    CutHead,
    /// The head goes out and as many bytes of the body.
    CutBody { after: usize, how: Cut },
    /// All of it goes out, the body of this length too, and the connection is closed then.
    CloseAfter { length: usize },
    /// A byte goes out, and the next one so much later.
    Drip(Duration),
}

/// Where the next answer's fate is laid down before its bytes come, nothing for an answer that goes out as it is.
#[derive(Clone, Default)]
pub(crate) struct Orders(Arc<Mutex<Option<Option<Tamper>>>>);

impl Orders {
    pub(crate) fn next_answer(&self, tamper: Option<Tamper>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(tamper);
    }

    fn take(&self) -> Option<Option<Tamper>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// A socket that does as it is ordered.
pub(crate) struct Wire<S> {
    socket: S,
    orders: Orders,
    plan: Plan,
}

enum Plan {
    AsItIs,
    /// As many bytes may still go out.
    Cut {
        left: usize,
        how: Cut,
    },
    /// The connection ends for its reader when as many bytes have gone out.
    Close {
        left: usize,
    },
    Drip {
        every: Duration,
        pause: Pin<Box<Sleep>>,
    },
}

impl Plan {
    /// The plan for an answer whose head these bytes begin with.
    fn new(tamper: Option<Tamper>, bytes: &[u8]) -> Plan {
        let head = bytes.windows(4).position(|end| end == b"\r\n\r\n").map_or(bytes.len(), |at| at + 4);
        match tamper {
            None => Plan::AsItIs,
            Some(Tamper::CutHead) => Plan::Cut { left: head / 2, how: Cut::Close },
            Some(Tamper::CutBody { after, how }) => Plan::Cut { left: head + after, how },
            Some(Tamper::CloseAfter { length }) => Plan::Close { left: head + length },
            Some(Tamper::Drip(every)) => Plan::Drip { every, pause: Box::pin(tokio::time::sleep(Duration::ZERO)) },
        }
    }
}

impl<S> Wire<S> {
    pub(crate) fn new(socket: S, orders: Orders) -> Wire<S> {
        Wire { socket, orders, plan: Plan::AsItIs }
    }

    pub(crate) fn socket(&self) -> &S {
        &self.socket
    }

    /// How the connection is to end, if an answer was cut.
    pub(crate) fn cut(&self) -> Option<Cut> {
        match self.plan {
            Plan::Cut { left: 0, how } => Some(how),
            _ => None,
        }
    }
}

impl<S: AsyncWrite + Unpin> Wire<S> {
    /// Closes the connection in order: under TLS too, so that nothing but the length tells that something is missing.
    pub(crate) async fn close(&mut self) {
        let mut socket = pin!(&mut self.socket);
        // A client that reads nothing shall not keep the connection.
        let closed = poll_fn(|context| socket.as_mut().poll_shutdown(context));
        let _ = tokio::time::timeout(Duration::from_secs(1), closed).await;
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Wire<S> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.plan {
            // The end of the connection, as far as the server behind it can see: it closes.
            Plan::Close { left: 0 } => Poll::Ready(Ok(())),
            _ => Pin::new(&mut self.socket).poll_read(context, buf),
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Wire<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let Wire { socket, orders, plan } = self.get_mut();
        if let Some(tamper) = orders.take() {
            *plan = Plan::new(tamper, bytes);
        }
        let socket = Pin::new(socket);
        match plan {
            Plan::AsItIs => socket.poll_write(context, bytes),
            Plan::Cut { left: 0, .. } => Poll::Ready(Err(io::Error::other("the answer is cut"))),
            Plan::Cut { left, .. } => {
                let written = ready!(socket.poll_write(context, &bytes[..bytes.len().min(*left)]))?;
                *left -= written;
                Poll::Ready(Ok(written))
            }
            Plan::Close { left } => {
                let written = ready!(socket.poll_write(context, bytes))?;
                *left = left.saturating_sub(written);
                if *left == 0 {
                    // Whoever waits to read has reached the end.
                    context.waker().wake_by_ref();
                }
                Poll::Ready(Ok(written))
            }
            Plan::Drip { every, pause } => {
                ready!(pause.as_mut().poll(context));
                let written = ready!(socket.poll_write(context, &bytes[..bytes.len().min(1)]))?;
                *pause = Box::pin(tokio::time::sleep(*every));
                Poll::Ready(Ok(written))
            }
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let ordered = self.orders.0.lock().unwrap_or_else(PoisonError::into_inner).is_some_and(|next| next.is_some());
        if matches!(self.plan, Plan::AsItIs) && !ordered {
            return Pin::new(&mut self.socket).poll_write_vectored(context, bytes);
        }
        // One piece at a time: the head is the first one.
        let first = bytes.iter().find(|piece| !piece.is_empty()).map_or(&[][..], |piece| piece);
        self.poll_write(context, first)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(context)
    }
}
