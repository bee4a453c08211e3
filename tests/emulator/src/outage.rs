//! Outages: what the whole server does instead of answering.

use serde::{Deserialize, Serialize};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use tokio::sync::watch;

/// A time in which the server does not answer as it should; it lasts until another outage, or none, is set.
/// Credentials are not looked at, unless it says so.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "OutageJson")]
pub struct Outage {
    /// What happens.
    pub kind: OutageKind,
    /// Requests whose path (with the query, as on the wire) starts with this. Empty: all requests. Not with
    /// [`OutageKind::Refuse`] and [`OutageKind::Swallow`], which happen to connections.
    pub path_prefix: String,
    /// The request is judged, counted and logged as ever (scripted answers too), and only its answer never comes. Only
    /// with [`OutageKind::Hang`] and [`OutageKind::Reset`].
    pub judged: bool,
}

/// What happens in an [`Outage`]. In JSON the name in lower case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OutageKind {
    /// Connections are reset: the open ones at once, new ones as soon as they are made (the port stays ours).
    Refuse,
    /// Every answer is a 503.
    Unavailable,
    /// Requests are read and logged, and never answered; when the outage ends their connections are closed.
    Hang,
    /// Connections are made, and nothing is read from them (so there is no TLS either); what they sent is read when the
    /// outage ends.
    Swallow,
    /// The request is read and logged, and the connection reset.
    Reset,
}

impl Outage {
    /// This happens to all requests, and none is judged.
    pub fn new(kind: OutageKind) -> Outage {
        Outage { kind, path_prefix: String::new(), judged: false }
    }

    /// Only for paths that start with this.
    pub fn on(mut self, path_prefix: &str) -> Outage {
        self.path_prefix = path_prefix.into();
        self
    }

    /// Requests are judged and counted nevertheless.
    pub fn judged(mut self) -> Outage {
        self.judged = true;
        self
    }

    /// Says which field makes no sense.
    pub(crate) fn check(&self) -> Result<(), String> {
        let of_connections = matches!(self.kind, OutageKind::Refuse | OutageKind::Swallow);
        if of_connections && !self.path_prefix.is_empty() {
            return Err("path_prefix: not with refuse and swallow, which happen to connections".into());
        }
        if self.judged && !matches!(self.kind, OutageKind::Hang | OutageKind::Reset) {
            return Err("judged: only with hang and reset".into());
        }
        Ok(())
    }
}

/// The JSON form; in the control API `kind` may be null, which ends an outage.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OutageJson {
    // Spelled out, as serde would take a missing Option for null.
    #[serde(deserialize_with = "Option::deserialize")]
    kind: Option<OutageKind>,
    #[serde(default)]
    path_prefix: String,
    #[serde(default)]
    judged: bool,
}

impl OutageJson {
    pub(crate) fn wanted(self) -> Result<Option<Outage>, String> {
        let OutageJson { kind, path_prefix, judged } = self;
        kind.map(|kind| Outage { kind, path_prefix, judged }).map(|outage| outage.check().map(|()| outage)).transpose()
    }
}

impl TryFrom<OutageJson> for Outage {
    type Error = String;

    fn try_from(json: OutageJson) -> Result<Outage, String> {
        json.wanted()?.ok_or_else(|| "kind: missing".into())
    }
}

/// The line to the outside world: down in an outage. Clones are the same line.
#[derive(Clone)]
pub(crate) struct Line(Arc<watch::Sender<Option<Outage>>>);

impl Line {
    pub(crate) fn new(outage: Option<Outage>) -> Line {
        Line(Arc::new(watch::Sender::new(outage)))
    }

    /// Ends the outage, and begins this one.
    pub(crate) fn set(&self, outage: Option<Outage>) {
        self.0.send_replace(outage);
    }

    pub(crate) fn watch(&self) -> Watch {
        Watch { now: self.0.subscribe(), _line: self.clone() }
    }
}

/// One look at the line, and what changes after it.
pub(crate) struct Watch {
    now: watch::Receiver<Option<Outage>>,
    // While the line is there, waiting for it cannot fail.
    _line: Line,
}

impl Watch {
    /// The outage a request runs into. Not one that swallows: it would not have been read, so it came before.
    pub(crate) fn outage(&mut self, path: &str) -> Option<Outage> {
        let outage = self.now.borrow_and_update().clone()?;
        (outage.kind != OutageKind::Swallow && path.starts_with(&outage.path_prefix)).then_some(outage)
    }

    /// Waits until the outage last looked at has ended.
    pub(crate) async fn ended(&mut self) {
        let _ = self.now.changed().await;
    }

    /// Does a connection's work, which rests while connections are swallowed; nothing if they are refused.
    pub(crate) async fn unless_refused<F: Future + Unpin>(&mut self, work: &mut F) -> Option<F::Output> {
        loop {
            let kind = self.now.borrow_and_update().as_ref().map(|outage| outage.kind);
            match kind {
                Some(OutageKind::Refuse) => return None,
                Some(OutageKind::Swallow) => self.ended().await,
                _ => {
                    let mut changed = pin!(self.now.changed());
                    let done = std::future::poll_fn(|context| {
                        // The line first: what comes after it went down must not be read.
                        if changed.as_mut().poll(context).is_ready() {
                            return Poll::Ready(None);
                        }
                        Pin::new(&mut *work).poll(context).map(Some)
                    });
                    if let Some(done) = done.await {
                        return Some(done);
                    }
                }
            }
        }
    }
}
