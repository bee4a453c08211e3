//! Sockets: the accept loops, TLS, and the thread they run on. The loops are our own, not a framework's, so that each
//! connection stays within reach of what tests do to connections.

use axum::Router;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;

/// What every request carries: the connection it came on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Connection {
    pub id: u64,
}

/// One listening socket and what answers behind it.
pub(crate) struct Door {
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    router: Router,
}

impl Door {
    /// Opens a port on the loopback interface (0 takes a free one). Clients may connect from now on.
    pub(crate) fn open(port: u16, tls: Option<TlsAcceptor>, router: Router) -> io::Result<Door> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        listener.set_nonblocking(true)?;
        Ok(Door { listener, tls, router })
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
            tokio::spawn(connection(stream, self.tls.clone(), self.router.clone(), Connection { id }));
        }
    }
}

/// One connection from accept to close. What goes wrong on it is the client's to notice.
async fn connection(stream: TcpStream, tls: Option<TlsAcceptor>, router: Router, connection: Connection) {
    let _ = stream.set_nodelay(true);
    match tls {
        None => http(stream, router, connection).await,
        Some(tls) => {
            if let Ok(stream) = tls.accept(stream).await {
                http(stream, router, connection).await;
            }
        }
    }
}

async fn http(stream: impl AsyncRead + AsyncWrite + Unpin, router: Router, connection: Connection) {
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: hyper::Request<hyper::body::Incoming>| {
        request.extensions_mut().insert(connection);
        router.call(request)
    });
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
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
