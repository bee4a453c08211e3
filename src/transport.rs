//! The network: sends a request and receives its response.
//!
//! ureq does HTTP. Name look-ups, sockets, proxy tunnels and TLS below it are the library's own, so that one deadline
//! and one cancellation cover them all without a thread per call.

mod buffers;
pub(crate) mod ca_bundle;
mod connect;
pub(crate) mod deadline;
mod message;
pub(crate) mod progress;
pub(crate) mod proxy;
pub(crate) mod resolve;
mod socket;
mod system_store;
pub(crate) mod tls;
mod tls_errors;

use std::{io::Read as _, net::SocketAddr, rc::Rc, time::Duration};

use ureq::http::{self, Uri};
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver as UreqResolver};
use ureq::unversioned::transport::{Buffers, ConnectionDetails, Connector, NextTimeout, Transport as UreqTransport};

pub(crate) use message::{Body, Incoming, Outgoing, Transport};

use self::{buffers::WipedBuffers, deadline::Deadline, progress::Phase, proxy::Proxy, resolve::Resolver};
use crate::error::{Error, ErrorKind};
use crate::{fork::PerProcess, origin::Origin};
use socket::Stream;
use tls::{Roots, Tls};

const MAX_HEADER_BYTES: usize = 64 * 1024;
/// Idle connections, in all and to one host: a client talks to one origin.
const MAX_IDLE_CONNECTIONS: usize = 64;
/// Common load balancers drop an idle connection after 60 s.
const MAX_IDLE_AGE: Duration = Duration::from_secs(45);

/// Sends requests over HTTP/1.1 on persistent connections, which the threads of one process share.
pub(crate) struct HttpTransport {
    proxy: Option<Proxy>,
    user_agent: String,
    roots: Roots,
    agent: PerProcess<ureq::Agent>,
}

impl HttpTransport {
    pub(crate) fn new(proxy: Option<Proxy>, roots: Roots, user_agent: String) -> Self {
        HttpTransport { proxy, user_agent, roots, agent: PerProcess::empty() }
    }

    fn new_agent(&self) -> ureq::Agent {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .allow_non_standard_methods(true)
            .max_response_header_size(MAX_HEADER_BYTES)
            .max_idle_connections(MAX_IDLE_CONNECTIONS)
            .max_idle_connections_per_host(MAX_IDLE_CONNECTIONS)
            .max_idle_age(MAX_IDLE_AGE)
            .user_agent("")
            .accept("")
            .accept_encoding("")
            .build();
        let dialer = Dialer {
            proxy: self.proxy.clone(),
            user_agent: self.user_agent.clone(),
            tls: Tls::new(self.roots.clone()),
            resolver: Resolver::new(resolve::system_look_up),
        };
        ureq::Agent::with_parts(config, dialer, LateResolver)
    }
}

impl Transport for HttpTransport {
    fn round_trip(&self, request: Outgoing<'_>, deadline: &Rc<Deadline>) -> Result<Incoming, Error> {
        refuse_wire_log()?;
        let agent = self.agent.get(|| self.new_agent());
        let roots = self.roots.name();
        let _entered = deadline.enter();
        let response = send(&agent, request).map_err(|error| {
            let progress = &deadline.progress;
            progress.failure().unwrap_or_else(|| explain(error, roots, deadline)).sent(progress.was_sent())
        })?;
        let (parts, body) = response.into_parts();
        Ok(Incoming {
            status: parts.status.as_u16(),
            headers: parts.headers,
            announced: body.content_length(),
            body: Box::new(HttpBody { reader: body.into_reader(), roots }),
        })
    }

    fn close_connections(&self) {
        self.agent.clear();
    }
}

/// Refuses to send while a logger takes ureq's trace records, which hold every byte: credentials and tokens too.
fn refuse_wire_log() -> Result<(), Error> {
    if log::log_enabled!(target: "ureq_proto::util", log::Level::Trace) {
        return Err(Error::config(
            "the logger takes trace records of ureq_proto::util, which hold credentials in clear text: limit that \
             target to debug (env_logger: RUST_LOG=trace,ureq_proto=debug)",
        ));
    }
    Ok(())
}

struct HttpBody {
    reader: ureq::BodyReader<'static>,
    /// The trusted roots, for messages.
    roots: &'static str,
}

impl Body for HttpBody {
    fn read(&mut self, buffer: &mut [u8], deadline: &Rc<Deadline>) -> Result<usize, Error> {
        deadline.progress.set_phase(Phase::Body);
        let _entered = deadline.enter();
        self.reader.read(buffer).map_err(|error| {
            let failure = deadline.progress.failure();
            failure.unwrap_or_else(|| explain(error.into(), self.roots, deadline)).sent(true)
        })
    }
}

fn send(agent: &ureq::Agent, request: Outgoing<'_>) -> Result<http::Response<ureq::Body>, ureq::Error> {
    let Outgoing { method, uri, headers, body } = request;
    let mut head = http::Request::new(());
    (*head.method_mut(), *head.uri_mut(), *head.headers_mut()) = (method, uri, headers);
    match body {
        Some(body) => agent.run(head.map(|()| body)),
        None => agent.run(head),
    }
}

/// Words an error of ureq, or of an open connection.
fn explain(error: ureq::Error, roots: &str, deadline: &Deadline) -> Error {
    let host = deadline.host();
    match error {
        ureq::Error::Io(error) => match tls_errors::rustls_error(&error) {
            Some(error) => Error::new(
                ErrorKind::Tls,
                format!("the TLS connection with {host} broke: {}", tls_errors::explain(error, roots)),
            ),
            None => {
                let text = match deadline.progress.phase() {
                    Phase::Body => "in the middle of the response",
                    Phase::Receive => "before a response arrived",
                    _ => "while the request was sent",
                };
                let text = format!("the connection to {host} was lost {text} ({error})");
                Error::new(ErrorKind::Connect, text).retryable(true)
            }
        },
        ureq::Error::LargeResponseHeader(..) => Error::new(
            ErrorKind::TooLarge,
            format!("the headers of {host}'s response are larger than {MAX_HEADER_BYTES} bytes"),
        ),
        // The error's type is private, so its `Debug` text decides.
        ureq::Error::Protocol(error) if format!("{error:?}").contains("TooManyHeaders") => {
            Error::new(ErrorKind::TooLarge, format!("the response of {host} has too many header fields"))
        }
        // ureq's text may quote the peer, so the message does not contain it.
        ureq::Error::Protocol(_) | ureq::Error::Http(_) | ureq::Error::BadUri(_) | ureq::Error::BodyStalled => {
            let advice = match deadline.progress.phase() {
                Phase::Body => "",
                _ => "; if the port speaks TLS, the URL must begin with https://",
            };
            Error::new(ErrorKind::Protocol, format!("the response of {host} is not valid HTTP{advice}"))
        }
        error => Error::new(ErrorKind::Internal, format!("unexpected transport failure: {error}")),
    }
}

/// Resolves nothing. ureq resolves before it looks for an idle connection; [`Dialer`] resolves when it makes one.
#[derive(Debug)]
struct LateResolver;

impl UreqResolver for LateResolver {
    fn resolve(&self, _: &Uri, _: &ureq::config::Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
        Ok(self.empty())
    }
}

/// Makes connections: resolves the name, connects the socket, asks for the tunnel, negotiates TLS.
struct Dialer {
    proxy: Option<Proxy>,
    /// For proxies.
    user_agent: String,
    tls: Tls,
    resolver: Resolver,
}

impl Dialer {
    fn dial(&self, target: &Origin, deadline: &Deadline) -> Result<Box<dyn Stream>, Error> {
        let mut stream = match &self.proxy {
            None => self.connect(target, !target.is_https(), deadline)?,
            // http is for this machine only: a proxy elsewhere would read the credentials, and has another loopback.
            Some(proxy) if !target.is_https() && !proxy.origin.is_loopback() => {
                return Err(proxy.failed(&format!(
                    "{target} is http, and would pass this proxy in clear text: add the host to NO_PROXY, or set none"
                )));
            }
            Some(proxy) => {
                deadline.progress.set_proxy(Some(proxy.to_string()));
                let name_it = |error: Error| match error.kind() {
                    ErrorKind::Connect | ErrorKind::Tls => {
                        proxy.failed(error.message()).retryable(error.is_retryable())
                    }
                    _ => error,
                };
                let mut stream = self.connect(&proxy.origin, false, deadline).map_err(name_it)?;
                if proxy.origin.is_https() {
                    stream = self.tls.wrap(stream, proxy.origin.host(), deadline).map_err(name_it)?;
                }
                let address = match proxy.needs_address() {
                    true => self.resolver.resolve(target.host(), target.port(), deadline)?.first().map(SocketAddr::ip),
                    false => None,
                };
                let target = proxy::Target { origin: target, address, user_agent: &self.user_agent };
                proxy::open(proxy, &mut *stream, &target, deadline)?;
                deadline.progress.set_proxy(None);
                stream
            }
        };
        if target.is_https() {
            stream = self.tls.wrap(stream, target.host(), deadline)?;
        }
        Ok(stream)
    }

    /// Connects a socket; with `loopback_only` to loopback addresses only.
    fn connect(&self, to: &Origin, loopback_only: bool, deadline: &Deadline) -> Result<Box<dyn Stream>, Error> {
        let mut addresses = self.resolver.resolve(to.host(), to.port(), deadline)?;
        // A look-up has the connect timeout for itself: with a dead first name server it takes 5 s.
        deadline.set_connecting(true);
        if loopback_only {
            addresses.retain(|address| address.ip().is_loopback());
            if addresses.is_empty() {
                let text = format!("{to} is http, and its name does not resolve to this machine: use https");
                return Err(Error::new(ErrorKind::Connect, text));
            }
        }
        Ok(Box::new(connect::connect(to.authority(), &addresses, deadline)?))
    }
}

impl std::fmt::Debug for Dialer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Dialer")
    }
}

impl Connector<()> for Dialer {
    type Out = Connection;

    fn connect(&self, details: &ConnectionDetails<'_>, _: Option<()>) -> Result<Option<Connection>, ureq::Error> {
        let deadline = Deadline::current()?;
        let https = details.needs_tls();
        let authority = details.uri.authority().map_or("", |authority| authority.as_str());
        let target = Origin::of_authority(https, authority).map_err(std::io::Error::other)?;
        deadline.set_connecting(true);
        let stream = self.dial(&target, &deadline).map_err(|error| deadline.progress.fail(error))?;
        deadline.set_connecting(false);
        Ok(Some(Connection { stream, https, buffers: WipedBuffers::default(), in_use: false }))
    }
}

struct Connection {
    stream: Box<dyn Stream>,
    https: bool,
    buffers: WipedBuffers,
    /// Whether a request was sent on it since it was taken from the pool.
    in_use: bool,
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Connection")
    }
}

impl UreqTransport for Connection {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, _: NextTimeout) -> Result<(), ureq::Error> {
        self.in_use = true;
        Deadline::current()?.progress.set_phase(Phase::Send);
        let sent = self.stream.write_all(self.buffers.outgoing(amount)).and_then(|()| self.stream.flush());
        self.buffers.wipe_outgoing(amount);
        Ok(sent?)
    }

    fn await_input(&mut self, _: NextTimeout) -> Result<bool, ureq::Error> {
        let deadline = Deadline::current()?;
        if deadline.progress.phase() == Phase::Send {
            deadline.progress.set_phase(Phase::Receive);
            deadline.progress.mark_all_sent(deadline.clock());
        }
        let amount = self.stream.read(self.buffers.input_append_buf())?;
        self.buffers.input_appended(amount);
        Ok(amount > 0)
    }

    /// ureq calls this when it returns a connection to the pool and when it takes one out. Only the second call checks
    /// the socket.
    fn is_open(&mut self) -> bool {
        std::mem::take(&mut self.in_use) || self.stream.is_idle()
    }

    fn is_tls(&self) -> bool {
        self.https
    }
}
