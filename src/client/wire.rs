//! Sends one HTTP request: the only place where secrets are put on a request.

use std::{rc::Rc, time::Duration};

use ureq::http::{HeaderMap, HeaderValue, Method, Uri, header};

use super::response::{RequestInfo, Response};
use super::{body::ResponseBody, context::CallContext, response_times::date_seconds, status::Identity};
use crate::error::{Error, ErrorKind, Result};
use crate::transport::Outgoing;
use crate::transport::deadline::{Deadline, Limits};
use crate::transport::progress::{OnSent, Phase};

/// How long a probe may take, and which share of the time that its call has left.
const LONGEST_PROBE: Duration = Duration::from_secs(5);
const LARGEST_SHARE_OF_A_PROBE: f64 = 0.8;
const LARGEST_PROBE_RESPONSE: u64 = 64 * 1024;

pub(crate) struct WireRequest<'a> {
    pub(crate) outgoing: Outgoing<'a>,
    pub(crate) graphql: bool,
    /// The largest body. `None` leaves the body of a status below 400 on the wire.
    pub(crate) max_body: Option<u64>,
    /// For events: "request", "jwt" or "probe".
    pub(crate) purpose: &'static str,
}

/// A request to the client's origin, with the Host header alone.
pub(crate) fn outgoing<'a>(context: &CallContext<'_>, method: Method, uri: Uri) -> Outgoing<'a> {
    // Room for the headers of most requests.
    let mut headers = HeaderMap::with_capacity(6);
    headers.insert(header::HOST, context.client.host.clone());
    Outgoing { method, uri, headers, body: None }
}

/// Sends one request with this Authorization, and reads the response.
///
/// `secrets`, and the values of the request's secret headers, are cut out of the response's error texts.
pub(crate) fn send_as(
    context: &CallContext<'_>,
    request: WireRequest<'_>,
    identity: Identity,
    authorization: Option<HeaderValue>,
    secrets: &[&[u8]],
) -> Result<Response> {
    let (client, deadline) = (context.client, context.deadline());
    let WireRequest { mut outgoing, graphql, max_body, .. } = request;
    deadline.begin_request();
    if !client.origin.covers(&outgoing.uri) {
        return Err(Error::new(ErrorKind::Internal, "a request was about to leave this client's origin"));
    }
    if let Some(authorization) = authorization {
        outgoing.headers.insert(header::AUTHORIZATION, authorization);
    }
    outgoing.headers.entry(header::USER_AGENT).or_insert_with(|| client.user_agent.clone());
    let sensitive: Vec<_> = outgoing.headers.values().filter(|value| value.is_sensitive()).cloned().collect();
    let info = RequestInfo { url: outgoing.uri.clone(), graphql, identity };
    let incoming = client.transport.round_trip(outgoing, deadline).map_err(|error| {
        // The connect timeout ends with the connection attempt.
        deadline.set_connecting(false);
        error.with_attempts(1)
    })?;
    let status = incoming.status;
    deadline.progress.status.set(Some(status));
    learn_time(context, &incoming.headers);
    let (headers, body) = match max_body {
        None if status < 400 => {
            (incoming.headers, ResponseBody::Streamed { body: incoming.body, begin: begin_reads(deadline) })
        }
        _ => {
            let max_body = max_body.unwrap_or(client.max_response_bytes);
            let (headers, bytes) = incoming.read_all(max_body, deadline).map_err(|error| error.with_attempts(1))?;
            (headers, ResponseBody::whole(bytes))
        }
    };
    // Only these responses are quoted in error texts.
    let sent: Vec<_> = if status >= 400 || graphql {
        let values = sensitive.iter().map(HeaderValue::as_bytes).flat_map(|value| [value, after_scheme(value)]);
        values.chain(secrets.iter().copied()).collect()
    } else {
        Vec::new()
    };
    Ok(Response::new(status, headers, body, info, &sent, || client.clock.wall()))
}

/// Requests `path` without credentials. It succeeds with any response: the server answers, and told its time.
pub(crate) fn probe(context: &CallContext<'_>, path: &str, on_sent: Option<OnSent>) -> Result<()> {
    let outgoing = outgoing(context, Method::GET, context.client.origin.resolve(path, None)?);
    let request = WireRequest { outgoing, graphql: false, max_body: Some(LARGEST_PROBE_RESPONSE), purpose: "probe" };
    let limit = LONGEST_PROBE.min(context.deadline().remaining().mul_f64(LARGEST_SHARE_OF_A_PROBE));
    let part = context.within(limit);
    part.deadline().progress.on_sent.set(on_sent);
    match send_as(&part, request, Identity::Caller, None, &[]) {
        Ok(_) => Ok(()),
        Err(_) if part.deadline().progress.status.get().is_some() => Ok(()),
        // The caller's own request was not sent.
        Err(error) => context.deadline().check().and(Err(error.sent(false).with_attempts(0))),
    }
}

/// Learns the server's time from a response that comes from no cache.
fn learn_time(context: &CallContext<'_>, headers: &HeaderMap) {
    if !context.client.auth.computes_codes() {
        return;
    }
    let date = headers.get(header::DATE).filter(|_| !headers.contains_key(header::AGE));
    if let (Some(date), Some(sent)) = (date.and_then(date_seconds), context.deadline().progress.sent.get()) {
        context.client.server_clock.learn(date, sent, context.deadline().clock().boottime());
    }
}

/// Begins each read of a streamed body: with the call's whole timeout, and with its cancellation.
fn begin_reads(deadline: &Deadline) -> Box<dyn Fn() -> Result<Rc<Deadline>> + Send + Sync> {
    let limits = Limits { one_read: true, ..deadline.limits.clone() };
    Box::new(move || {
        let deadline = Deadline::begin(limits.clone());
        deadline.progress.set_phase(Phase::Body);
        deadline.check().map(|()| deadline)
    })
}

/// The credentials in an Authorization header: the value after the first space.
fn after_scheme(value: &[u8]) -> &[u8] {
    value.iter().position(|byte| *byte == b' ').map_or(value, |space| &value[space + 1..])
}
