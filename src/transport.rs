//! The only place that does network I/O: one request out, one answer in.
//!
//! HTTP is ureq's; names, sockets, the proxy's tunnel and TLS underneath are ours, because only so can one deadline and
//! one cancellation cover them all without a thread per call.

mod buffers;
pub(crate) mod deadline;
pub(crate) mod proxy;
pub(crate) mod resolve;
mod socket;
pub(crate) mod tls;

use std::io::Read;
use std::rc::Rc;
use std::time::Duration;

use ureq::http::{self, HeaderMap, Method, Uri};
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver as UreqResolver};
use ureq::unversioned::transport::{Buffers, ConnectionDetails, Connector, NextTimeout, Transport as UreqTransport};

use zeroize::Zeroizing;

use crate::error::{Error, ErrorKind};
use crate::fork::PerProcess;
use crate::origin::Origin;
use buffers::WipedBuffers;
use deadline::{Deadline, Phase};
use proxy::Proxy;
use resolve::Resolver;
use socket::{SlicedSocket, Stream};
use tls::{Roots, Tls};

/// The largest header of an answer.
const MAX_HEADER_BYTES: usize = 64 * 1024;
/// Connections kept for reuse. A client talks to one origin, so one figure does for both of ureq's limits.
const MAX_IDLE_CONNECTIONS: usize = 64;
/// Shorter than the 60 s after which common load balancers drop an idle connection.
const MAX_IDLE_AGE: Duration = Duration::from_secs(45);

/// A request, ready to be sent.
pub(crate) struct Outgoing<'a> {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    /// Host among them.
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<&'a [u8]>,
}

/// An answer, of which status and headers have arrived.
pub(crate) struct Incoming {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    /// What the headers say of the body's length.
    pub(crate) announced: Option<u64>,
    pub(crate) body: Box<dyn Body>,
}

/// The body of an answer, read piece by piece.
pub(crate) trait Body: Send + Sync {
    /// Reads some of it; 0 at its end. The deadline may be another than the request's.
    fn read(&mut self, buffer: &mut [u8], deadline: &Rc<Deadline>) -> Result<usize, Error>;
}

impl Incoming {
    /// Reads the whole body, of `most` bytes at most, with room for one byte more, which the C API puts behind it.
    pub(crate) fn read_all(mut self, most: u64, deadline: &Rc<Deadline>) -> Result<(HeaderMap, Vec<u8>), Error> {
        let announced = self.announced.unwrap_or(0);
        let status = self.status;
        let too_large = || {
            let text = format!(
                "the answer of {} is larger than the {most} bytes allowed (max_response_bytes)",
                deadline.host()
            );
            Error::new(ErrorKind::TooLarge, text).with_status(status).sent(true)
        };
        if announced > most {
            return Err(too_large());
        }
        // Not all of it at once on the word of a server. Growing leaves copies, so a token's answer, which is small, has
        // room from the start, and what an error leaves behind is wiped.
        let room = if self.announced.is_none() { 8 * 1024 } else { announced.min(1024 * 1024) };
        let mut bytes = Zeroizing::new(Vec::with_capacity(room as usize + 1));
        let mut pieces = Pieces { body: &mut *self.body, deadline, failure: None };
        let result = (&mut pieces).take(most.saturating_add(1)).read_to_end(&mut bytes);
        match (pieces.failure, result) {
            (Some(error), _) => Err(error),
            (None, _) if bytes.len() as u64 > most => Err(too_large()),
            (None, _) => Ok((self.headers, std::mem::take(&mut *bytes))),
        }
    }
}

/// A body as the standard library reads one; the error it stopped at stays here.
struct Pieces<'a> {
    body: &'a mut dyn Body,
    deadline: &'a Rc<Deadline>,
    failure: Option<Error>,
}

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.body.read(buffer, self.deadline).map_err(|error| {
            self.failure = Some(error);
            std::io::Error::other("stopped")
        })
    }
}

/// Sends requests. The one implementation for networks is [`HttpTransport`]; tests have others.
pub(crate) trait Transport: Send + Sync {
    /// One request, up to the headers of its answer, whatever the status; redirects are not followed.
    fn round_trip(&self, request: Outgoing<'_>, deadline: &Rc<Deadline>) -> Result<Incoming, Error>;

    /// Closes the connections that are kept for later requests.
    fn close_connections(&self) {}
}

/// HTTP/1.1 on kept-alive connections, shared by the threads of one process.
pub(crate) struct HttpTransport {
    route: Route,
    agent: PerProcess<ureq::Agent>,
}

/// What is needed to make a connection.
#[derive(Clone)]
struct Route {
    proxy: Option<Proxy>,
    roots: Roots,
}

impl HttpTransport {
    pub(crate) fn new(proxy: Option<Proxy>, roots: Roots) -> Self {
        let route = Route { proxy, roots };
        HttpTransport { agent: PerProcess::empty(), route }
    }
}

impl Transport for HttpTransport {
    fn round_trip(&self, request: Outgoing<'_>, deadline: &Rc<Deadline>) -> Result<Incoming, Error> {
        refuse_wire_log()?;
        let agent = self.agent.get(|| self.route.agent());
        let roots = self.route.roots.name();
        let _entered = deadline.enter();
        let response = send(&agent, request).map_err(|error| {
            deadline.failure().unwrap_or_else(|| explain(error, roots, deadline)).sent(deadline.was_sent())
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

/// ureq's protocol crate logs every byte of requests and answers at the level trace, credentials and tokens among them.
/// Rather than have them in a log, nothing is sent.
fn refuse_wire_log() -> Result<(), Error> {
    if log::log_enabled!(target: "ureq_proto::util", log::Level::Trace) {
        return Err(Error::config(
            "this program's logger takes trace records of ureq_proto::util, which hold credentials in clear text: limit \
             that target to debug (env_logger: RUST_LOG=trace,ureq_proto=debug)",
        ));
    }
    Ok(())
}

struct HttpBody {
    reader: ureq::BodyReader<'static>,
    /// Which roots were trusted, for messages.
    roots: &'static str,
}

impl Body for HttpBody {
    fn read(&mut self, buffer: &mut [u8], deadline: &Rc<Deadline>) -> Result<usize, Error> {
        deadline.set_phase(Phase::Body);
        let _entered = deadline.enter();
        self.reader.read(buffer).map_err(|error| {
            deadline.failure().unwrap_or_else(|| explain(error.into(), self.roots, deadline)).sent(true)
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

/// An error of ureq's own, or of the connection after it was made.
fn explain(error: ureq::Error, roots: &str, deadline: &Deadline) -> Error {
    let host = deadline.host();
    match error {
        ureq::Error::Io(error) => match tls::rustls_error(&error) {
            Some(error) => tls::broken(host, error, roots),
            None => {
                let text = match deadline.phase() {
                    Phase::Body => "in the middle of the answer",
                    Phase::Receive => "before an answer came",
                    _ => "while the request was sent",
                };
                let text = format!("the connection to {host} was lost {text} ({error})");
                Error::new(ErrorKind::Connect, text).retryable(true)
            }
        },
        ureq::Error::LargeResponseHeader(..) => Error::new(
            ErrorKind::TooLarge,
            format!("the header of {host}'s answer is larger than {MAX_HEADER_BYTES} bytes"),
        ),
        ureq::Error::Protocol(error) if has_too_many_headers(&error) => {
            Error::new(ErrorKind::TooLarge, format!("the answer of {host} has too many header fields"))
        }
        // What is left is the peer's HTTP. ureq's text may quote it, so only its kind is told.
        ureq::Error::Protocol(_) | ureq::Error::Http(_) | ureq::Error::BadUri(_) | ureq::Error::BodyStalled => {
            let advice = match deadline.phase() {
                Phase::Body => "",
                _ => "; for a port that speaks TLS the URL must begin with https://",
            };
            Error::new(ErrorKind::Protocol, format!("the answer of {host} is not valid HTTP{advice}"))
        }
        error => Error::new(ErrorKind::Internal, format!("an unexpected failure of the transport: {error}")),
    }
}

/// ureq's parser counts header fields too. Its crate is not ours to name, so the variant's name has to do.
fn has_too_many_headers(error: &impl std::fmt::Debug) -> bool {
    format!("{error:?}").contains("TooManyHeaders")
}

impl Route {
    fn agent(&self) -> ureq::Agent {
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
            tls: Tls::new(self.roots.clone()),
            resolver: Resolver::new(resolve::system_look_up),
        };
        ureq::Agent::with_parts(config, dialer, LateResolver)
    }
}

/// ureq looks names up before it looks for a kept connection, for every request. So this finds nothing, and [`Dialer`]
/// looks up when there is a connection to make.
#[derive(Debug)]
struct LateResolver;

impl UreqResolver for LateResolver {
    fn resolve(&self, _: &Uri, _: &ureq::config::Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
        Ok(self.empty())
    }
}

/// Makes connections: name, socket, tunnel, TLS.
struct Dialer {
    proxy: Option<Proxy>,
    tls: Tls,
    resolver: Resolver,
}

impl Dialer {
    fn dial(&self, target: &Origin, deadline: &Deadline) -> Result<Box<dyn Stream>, Error> {
        let mut stream = match &self.proxy {
            None => self.connect(target, !target.is_https(), deadline)?,
            // http is for this machine alone. A proxy elsewhere would read the credentials, and its loopback is another.
            Some(proxy) if !target.is_https() && !proxy.origin.is_loopback() => {
                return Err(proxy.failed(&format!(
                    "{target} is http, and would pass this proxy in clear text: name the host in NO_PROXY, or set no proxy"
                )));
            }
            Some(proxy) => {
                deadline.set_proxy(Some(proxy.to_string()));
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
                proxy.tunnel(&mut *stream, target, deadline)?;
                deadline.set_proxy(None);
                stream
            }
        };
        if target.is_https() {
            stream = self.tls.wrap(stream, target.host(), deadline)?;
        }
        Ok(stream)
    }

    /// A socket to a host; with `loopback_only`, wherever its name may point.
    fn connect(&self, to: &Origin, loopback_only: bool, deadline: &Deadline) -> Result<Box<dyn Stream>, Error> {
        let mut addresses = self.resolver.resolve(to.host(), to.port(), deadline)?;
        if loopback_only {
            addresses.retain(|address| address.ip().is_loopback());
            if addresses.is_empty() {
                let text = format!("{to} is http, and its name does not point to this machine: use https");
                return Err(Error::new(ErrorKind::Connect, text));
            }
        }
        Ok(Box::new(SlicedSocket::connect(to.authority(), &addresses, deadline)?))
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
        let stream = self.dial(&target, &deadline).map_err(|error| deadline.fail(error))?;
        deadline.set_connecting(false);
        Ok(Some(Connection { stream, https, buffers: WipedBuffers::default(), in_use: false }))
    }
}

/// A connection as ureq keeps it.
struct Connection {
    stream: Box<dyn Stream>,
    https: bool,
    buffers: WipedBuffers,
    /// From the first byte of a request until ureq puts the connection away.
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
        Deadline::current()?.set_phase(Phase::Send);
        let sent = self.stream.write_all(self.buffers.outgoing(amount)).and_then(|()| self.stream.flush());
        self.buffers.wipe_outgoing(amount);
        Ok(sent?)
    }

    fn await_input(&mut self, _: NextTimeout) -> Result<bool, ureq::Error> {
        let deadline = Deadline::current()?;
        if deadline.phase() == Phase::Send {
            deadline.set_phase(Phase::Receive);
            deadline.mark_all_sent();
        }
        let amount = self.stream.read(self.buffers.input_append_buf())?;
        self.buffers.input_appended(amount);
        Ok(amount > 0)
    }

    /// ureq asks when it puts a connection away and when it takes one out. The second is what counts: it sees what
    /// happened in between too.
    fn is_open(&mut self) -> bool {
        std::mem::take(&mut self.in_use) || self.stream.is_idle()
    }

    fn is_tls(&self) -> bool {
        self.https
    }
}
