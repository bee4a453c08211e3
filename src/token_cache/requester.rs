//! The interface through which the token cache uses a caller: its time, its waits, and its token request.
//!
//! The cache decides when a token is requested; the caller knows how. The client's `account_requester` implements it.

use std::time::Duration;

use crate::error::{Error, ErrorKind, Result};
use crate::{clock::Moment, jwt::Token, sync::Signal};

pub(crate) trait TokenRequester {
    fn now(&self) -> Moment;
    fn time_left(&self) -> Duration;
    /// Waits until `changed` has more changes than were `seen`, at most `at_most`; an error ends the call.
    fn wait(&self, changed: &Signal, seen: u64, at_most: Duration) -> Result<()>;
    /// Returns a random number from 0 to 1.
    fn jitter(&self) -> f64;
    fn request_token(&self, terms: TokenRequestTerms) -> TokenOutcome;
    /// Reports the end of this caller's token request. No lock is held.
    fn report(&self, event: RefreshEvent<'_>);
}

/// The limits of a token request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TokenRequestTerms {
    /// How long the request may wait for permission to be sent.
    pub(crate) max_wait: Duration,
    /// Whether the last request had no response.
    pub(crate) after_silence: bool,
    /// What a token of the shared store must have left.
    pub(crate) least: Duration,
}

pub(crate) struct TokenOutcome {
    pub(crate) result: Result<Token>,
    /// Whether the request had the full time limit, not less because of its caller's deadline.
    pub(crate) full_time: bool,
    /// Whether the server was asked, not only the shared store.
    pub(crate) asked: bool,
}

impl TokenOutcome {
    /// A failure before the request was sent.
    pub(crate) fn failed(error: Error) -> Self {
        TokenOutcome { result: Err(error), full_time: false, asked: true }
    }
}

pub(crate) enum RefreshEvent<'a> {
    Renewed {
        token: &'a Token,
        generation: u64,
    },
    /// `stale` if an unexpired token is handed out all the same.
    Failed {
        error: &'a Error,
        stale: bool,
    },
}

/// The error of a call without enough time for a token request.
pub(crate) fn too_late() -> Error {
    let text = "deadline too short: less than 1 s left to fetch a token; increase the timeout";
    Error::new(ErrorKind::Timeout, text).retryable(true)
}
