//! How far the request of a call got: what the call does, what was sent, and what failed below ureq.

use std::cell::{Cell, RefCell};
use std::{sync::Arc, time::Duration};

use crate::{clock::Clock, error::Error};

/// Receives the moment, in boot time, at which the last byte of a request was sent.
pub(crate) type OnSent = Box<dyn FnOnce(Duration)>;

/// What a call is doing, for messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Phase {
    #[default]
    Prepare,
    /// Waiting for the program or keychain, which this call or another runs.
    Credentials,
    Code,
    RateLimit,
    Retry,
    Job,
    /// Waiting for a token that another call requests, or for the next attempt.
    Token,
    LoginPermit,
    Resolve,
    Connect,
    Proxy,
    Handshake,
    Send,
    Receive,
    Body,
}

impl Phase {
    /// Fits after "while".
    fn doing(self) -> &'static str {
        match self {
            Phase::Prepare => "preparing the request",
            Phase::Credentials => "waiting for the credentials of a program or keychain",
            Phase::Code => "waiting for the next one-time code",
            Phase::RateLimit => "waiting for the rate limit (requests_per_second)",
            Phase::Job => "waiting for the server to finish the job",
            Phase::Retry => "waiting before a retry",
            Phase::Token => "waiting for a token",
            Phase::LoginPermit => "waiting for another authentication attempt of the same user, or a hold, to end",
            Phase::Resolve => "looking up the host name",
            Phase::Connect => "connecting",
            Phase::Proxy => "waiting for the proxy",
            Phase::Handshake => "waiting for the TLS handshake",
            Phase::Send => "sending the request",
            Phase::Receive => "waiting for the response",
            Phase::Body => "reading the response body",
        }
    }
}

/// How far the request of a call got. A call may send several: [`reset`](Self::reset) starts the next.
#[derive(Default)]
pub(crate) struct Progress {
    phase: Cell<Phase>,
    /// The proxy, while the connection through it is made.
    proxy: RefCell<Option<String>>,
    /// When the first bytes of the request were sent, in boot time.
    pub(crate) sent: Cell<Option<Duration>>,
    /// Called when all of the next request was sent.
    pub(crate) on_sent: Cell<Option<OnSent>>,
    /// Whether a new connection was begun for the request.
    is_new_connection: Cell<bool>,
    /// The status of the response, once its headers arrived.
    pub(crate) status: Cell<Option<u16>>,
    /// The error of a layer below ureq, kept while ureq passes its own error up.
    failure: RefCell<Option<Error>>,
}

impl Progress {
    /// Starts the next request of the call: nothing was sent.
    pub(crate) fn reset(&self) {
        self.phase.set(Phase::Prepare);
        self.set_proxy(None);
        self.sent.set(None);
        self.is_new_connection.set(false);
        self.status.set(None);
        self.failure.replace(None);
    }

    pub(crate) fn phase(&self) -> Phase {
        self.phase.get()
    }

    pub(crate) fn set_phase(&self, phase: Phase) {
        self.phase.set(phase);
    }

    /// Names the proxy that the connection is made through, or none.
    pub(crate) fn set_proxy(&self, proxy: Option<String>) {
        self.proxy.replace(proxy);
    }

    /// What the call is doing, and through which proxy. Fits after "while".
    pub(crate) fn doing(&self) -> String {
        let doing = self.phase.get().doing();
        match &*self.proxy.borrow() {
            Some(proxy) if self.phase.get() == Phase::Proxy => format!("{doing} {proxy}"),
            Some(proxy) => format!("{doing}, for the proxy {proxy}"),
            None => doing.to_owned(),
        }
    }

    pub(crate) fn was_sent(&self) -> bool {
        self.sent.get().is_some()
    }

    pub(crate) fn mark_sent(&self, clock: &Arc<dyn Clock>) {
        if self.sent.get().is_none() {
            self.sent.set(Some(clock.boottime()));
        }
    }

    pub(crate) fn mark_all_sent(&self, clock: &Arc<dyn Clock>) {
        if let Some(on_sent) = self.on_sent.take() {
            on_sent(clock.boottime());
        }
    }

    /// Records that a new connection is begun for the request.
    pub(crate) fn mark_new_connection(&self) {
        self.is_new_connection.set(true);
    }

    /// Whether the request was sent on a connection of an earlier one.
    pub(crate) fn on_kept_connection(&self) -> bool {
        self.was_sent() && !self.is_new_connection.get()
    }

    /// Keeps the first error until ureq returns, and gives the error that ureq passes up meanwhile.
    pub(crate) fn fail(&self, error: Error) -> std::io::Error {
        self.failure.borrow_mut().get_or_insert(error);
        std::io::Error::other("stopped")
    }

    pub(crate) fn failure(&self) -> Option<Error> {
        self.failure.borrow_mut().take()
    }
}
