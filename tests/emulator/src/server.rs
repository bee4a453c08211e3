//! Sockets: the accept loops, TLS, and the thread they run on. The loops are our own, not a framework's, so that each
//! connection stays within reach of what tests do to connections.

use crate::outage::{Line, Watch};
use crate::wire::{Orders, Tamper, Wire};
use axum::Router;
use axum::body::Body;
use axum::response::Response;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use std::collections::BTreeSet;
use std::error::Error;
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// What every request carries: the connection it came on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Connection {
    pub id: u64,
    /// Under TLS.
    pub secure: bool,
}

/// One listening socket and what answers behind it.
pub(crate) struct Door {
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    router: Router,
    line: Line,
}

impl Door {
    /// Opens a port on the loopback interface (0 takes a free one). Clients may connect from now on.
    pub(crate) fn open(port: u16, tls: Option<TlsAcceptor>, router: Router, line: Line) -> io::Result<Door> {
        let listener = match port {
            0 => bind_to_a_new_port()?,
            port => TcpListener::bind((Ipv4Addr::LOCALHOST, port))?,
        };
        listener.set_nonblocking(true)?;
        Ok(Door { listener, tls, router, line })
    }

    /// The URL to reach it by: a name under TLS, because certificates are about names.
    pub(crate) fn url(&self) -> io::Result<String> {
        let port = self.listener.local_addr()?.port();
        Ok(match self.tls {
            Some(_) => format!("https://localhost:{port}"),
            None => format!("http://127.0.0.1:{port}"),
        })
    }

    async fn serve(self, connections: Arc<AtomicU64>) {
        let listener = tokio::net::TcpListener::from_std(self.listener).expect("the socket is non-blocking");
        loop {
            let Ok((stream, _)) = listener.accept().await else {
                // Out of file descriptors, most likely: give the others time to close.
                tokio::time::sleep(Duration::from_millis(10)).await;
                continue;
            };
            let id = connections.fetch_add(1, Ordering::Relaxed);
            let (tls, router, line) = (self.tls.clone(), self.router.clone(), self.line.watch());
            let connection = Connection { id, secure: tls.is_some() };
            tokio::spawn(serve(stream, tls, router, connection, line));
        }
    }
}

/// How a connection ends without an answer; a response that carries this is not sent.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cut {
    /// Closed in order.
    Close,
    /// Reset, as by a crash.
    Reset,
}

impl Cut {
    pub(crate) fn response(self) -> Response {
        let mut response = Response::new(Body::empty());
        response.extensions_mut().insert(self);
        response
    }
}

impl std::fmt::Display for Cut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("no answer is to be sent")
    }
}

impl std::error::Error for Cut {}

/// A port that no emulator of this process had: what a client of an earlier one remembers of an origin is not about
/// this one.
fn bind_to_a_new_port() -> io::Result<TcpListener> {
    static USED: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());
    let mut used = USED.lock().unwrap_or_else(PoisonError::into_inner);
    // Kept open until a new one is found, so that the system gives others.
    let mut taken = Vec::new();
    loop {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        if used.insert(listener.local_addr()?.port()) {
            return Ok(listener);
        }
        taken.push(listener);
    }
}

/// One connection from accept to close. What goes wrong on it is the client's to notice.
async fn serve(stream: TcpStream, tls: Option<TlsAcceptor>, router: Router, connection: Connection, mut line: Watch) {
    let _ = stream.set_nodelay(true);
    let Some(tls) = tls else {
        return http(stream, router, connection, line).await;
    };
    let mut handshake = tls.accept(stream);
    match line.unless_refused(&mut handshake).await {
        Some(Ok(stream)) => http(stream, router, connection, line).await,
        Some(Err(_)) => {}
        None => reset_on_drop(handshake.get_ref()),
    }
}

async fn http(stream: impl Socket, router: Router, connection: Connection, mut line: Watch) {
    let router = TowerToHyperService::new(router);
    let orders = Orders::default();
    let wire = Wire::new(stream, orders.clone());
    let service = service_fn(move |mut request: hyper::Request<hyper::body::Incoming>| {
        request.extensions_mut().insert(connection);
        // A task of its own: a client that goes away ends the connection, and must not undo what it asked for.
        let answer = tokio::spawn(router.call(request));
        let orders = orders.clone();
        async move {
            let Ok(Ok(response)) = answer.await else { return Err(Cut::Close) };
            if let Some(&cut) = response.extensions().get::<Cut>() {
                return Err(cut);
            }
            orders.next_answer(response.extensions().get::<Tamper>().copied());
            Ok(response)
        }
    });
    // The Date header is the router's, which may want none.
    let mut http = http1::Builder::new().auto_date_header(false).serve_connection(TokioIo::new(wire), service);
    let ended = line.unless_refused(&mut http).await;
    let mut wire = http.into_parts().io.into_inner();
    let reset = |why: hyper::Error| {
        let cut = why.source().and_then(|why| why.downcast_ref::<Cut>()).copied();
        cut.filter(|cut| matches!(cut, Cut::Reset))
    };
    let how = match ended {
        Some(Ok(())) => None,
        Some(Err(why)) => wire.cut().or_else(|| reset(why)),
        None => Some(Cut::Reset),
    };
    match how {
        Some(Cut::Reset) => reset_on_drop(Some(wire.socket().tcp())),
        Some(Cut::Close) => wire.close().await,
        None => {}
    }
}

/// Makes the closing of a connection a reset.
fn reset_on_drop(stream: Option<&TcpStream>) {
    let _ = stream.map(TcpStream::set_zero_linger);
}

/// What a connection runs on, with or without TLS.
trait Socket: AsyncRead + AsyncWrite + Unpin {
    fn tcp(&self) -> &TcpStream;
}

impl Socket for TcpStream {
    fn tcp(&self) -> &TcpStream {
        self
    }
}

impl Socket for TlsStream<TcpStream> {
    fn tcp(&self) -> &TcpStream {
        self.get_ref().0
    }
}

/// The thread all doors are served on. Dropping it closes every connection and waits for the thread.
pub(crate) struct Server {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub(crate) fn run(doors: Vec<Door>) -> io::Result<Server> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new().name("boomi-emulator".into()).spawn(move || {
            runtime.block_on(async {
                let connections = Arc::new(AtomicU64::new(1));
                for door in doors {
                    tokio::spawn(door.serve(connections.clone()));
                }
                let _ = stopped.await;
            });
            // Dropping the runtime drops every task, and with it every socket.
        })?;
        Ok(Server { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
