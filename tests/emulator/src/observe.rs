//! What goes around every request: the log, scripted answers, latency, outages and the Date header.

use crate::answer::{error, is_refusal, too_many};
use crate::delay::Moment;
use crate::flight::Flight;
use crate::server::{Connection, Cut};
use crate::shapes::ErrorShape;
use crate::world::Shared;
use crate::{LogEntry, OutageKind, Scripted, WireFault, credentials::Presented};
use axum::Extension;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{RawPathParams, Request, State};
use axum::http::{StatusCode, header, request::Parts};
use axum::middleware::Next;
use axum::response::Response;
use std::error::Error;

const LARGEST_BODY: usize = 64 * 1024 * 1024;

/// Receives a request, decides about it, writes its line in the log, and answers when it is time.
pub(crate) async fn observe(
    State(shared): State<Shared>,
    Extension(connection): Extension<Connection>,
    params: Result<RawPathParams, RawPathParamsRejection>,
    request: Request,
    next: Next,
) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path_and_query().map_or_else(String::new, ToString::to_string);
    let flight = Flight::new(&shared, &path);
    let mut entry = arrived(&shared, &parts, &connection, params.ok(), &flight);
    // Read to its end even where no route wants it: a body left on the wire would cost the connection.
    let body = to_bytes(body, LARGEST_BODY).await;
    if body.as_ref().is_err_and(broke_off) {
        return Cut::Close.response();
    }

    let too_many = shared.too_many(&parts, &path).map(|limit| too_many(&parts.headers, &path, limit));
    shared.delay(&path, Moment::Before).await;
    let mut line = shared.line.watch();
    let outage = line.outage(&path);
    let mut fault = None;
    let decision = match &outage {
        Some(outage) if outage.kind == OutageKind::Unavailable => {
            let message = ErrorShape::OasUnavailableJson.message();
            Some(error(&parts.headers, StatusCode::SERVICE_UNAVAILABLE, message))
        }
        Some(outage) if !outage.judged => None,
        _ if too_many.is_some() => too_many,
        _ => {
            let scripted = shared.world().next_scripted(parts.method.as_str(), &path, &parts.headers);
            fault = scripted.as_ref().and_then(|scripted| Some((scripted.fault?, scripted.drip_ms)));
            decide(scripted, parts, body, next).await
        }
    };
    let kind = outage.map(|outage| outage.kind);
    let (mut response, refused) = match decision {
        None => (Cut::Close.response(), None),
        Some(response) => {
            entry.status = response.status().as_u16();
            let (response, refused) = judged(response).await;
            (response, Some(refused))
        }
    };
    {
        let mut world = shared.world();
        if let Some(date) = world.date() {
            response.headers_mut().entry(header::DATE).or_insert(date);
        }
        entry.outage = kind;
        entry.fault = fault.map(|(fault, _)| fault);
        world.log.push(entry);
    }

    shared.delay(&path, Moment::After { refused }).await;
    match kind {
        Some(OutageKind::Hang) => {
            line.ended().await;
            Cut::Close.response()
        }
        Some(OutageKind::Reset) => Cut::Reset.response(),
        _ => match fault {
            Some((fault, drip_ms)) => fault.applied(response, drip_ms).await,
            None => response,
        },
    }
}

/// What is known as soon as the headers are there. A code has been seen from then on, whoever looks at it.
fn arrived(
    shared: &Shared,
    parts: &Parts,
    connection: &Connection,
    params: Option<RawPathParams>,
    flight: &Flight,
) -> LogEntry {
    let account = params
        .and_then(|params| params.iter().find(|(name, _)| *name == "account").map(|(_, account)| account.to_owned()));
    let presented = Presented::of(&parts.headers);
    let mut entry = LogEntry::of(parts, &presented);
    let mut world = shared.world();
    world.users.see_code(&presented);
    entry.time_ms = world.now_ms();
    entry.time = entry.time_ms.div_euclid(1000);
    entry.at_ms = shared.at_ms();
    entry.connection = connection.id;
    entry.account = account;
    entry.in_flight = flight.among;
    entry
}

/// The answer: a scripted one first, else the route's. Nothing if a fault keeps the request from being looked at.
async fn decide(
    scripted: Option<Scripted>,
    parts: Parts,
    body: Result<Bytes, axum::Error>,
    next: Next,
) -> Option<Response> {
    match (scripted.filter(|scripted| !scripted.fault.is_some_and(WireFault::is_handled)), body) {
        (Some(scripted), _) => (scripted.fault != Some(WireFault::ResetBefore)).then(|| scripted.response()),
        (None, Ok(body)) => Some(next.run(Request::from_parts(parts, Body::from(body))).await),
        (None, Err(_)) => {
            let message = "The request body cannot be read.";
            Some(error(&parts.headers, StatusCode::PAYLOAD_TOO_LARGE, message))
        }
    }
}

/// Whether the client went away in the middle of its request: then there was none.
fn broke_off(why: &axum::Error) -> bool {
    let mut cause: Option<&(dyn Error + 'static)> = Some(why);
    while let Some(error) = cause {
        if error.is::<hyper::Error>() {
            return true;
        }
        cause = error.source();
    }
    false
}

/// Tells whether an answer refuses a sign-in. The bodies here are all in memory.
async fn judged(response: Response) -> (Response, bool) {
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let refused = is_refusal(parts.status.as_u16(), &body);
    (Response::from_parts(parts, Body::from(body)), refused)
}
