//! A blocked attempt, in words.

use std::time::Duration;

use super::credential::{Millis, Why};
use super::history::{LoginHistory, LoginRequest};
use crate::error::{Error, ErrorKind};
use crate::text::whole_seconds;

/// Why an attempt is blocked.
#[derive(Debug, Clone)]
pub(crate) struct Held {
    /// For how long; `None` for good.
    pub(crate) rest: Option<Duration>,
    pub(crate) why: Why,
    pub(crate) rejections: usize,
    pub(crate) unanswered: usize,
}

impl Held {
    pub(crate) fn new(history: &LoginHistory, until: Option<Millis>, why: Why, now: Millis) -> Self {
        let rest = until.map(|until| Duration::from_millis(until - now));
        Held { rest, why, rejections: history.rejections, unanswered: history.unanswered }
    }

    /// Records it in the history of another memory.
    pub(crate) fn copy_to(&self, history: &mut LoginHistory, ask: &LoginRequest, now: Millis) {
        history.raise_counts(self.rejections, self.unanswered);
        history.learn(ask, self.rest.map(|rest| now + rest.as_millis() as Millis), self.why, now);
    }

    /// The name of the reason, for events.
    pub(crate) fn reason(&self) -> &'static str {
        match self.why {
            Why::Rejected => "rejected",
            Why::Unanswered => "unanswered",
            Why::Budget => "budget",
        }
    }

    pub(crate) fn error(&self, name: &str, host: &str) -> Error {
        let times = |count: usize, what: &str| match count {
            0 => None,
            1 => Some(format!("{what} once")),
            count => Some(format!("{what} {count} times")),
        };
        let counts = [times(self.rejections, "rejected"), times(self.unanswered, "not answered")];
        let counts: Vec<_> = counts.into_iter().flatten().collect();
        let before = if counts.is_empty() { "rejected before".to_owned() } else { counts.join(" and ") };
        let advice = "check the user name and the password or API token, and whether Boomi has locked the user; other \
                      credentials are tried at once, and a reset of the guard allows these one more try";
        let end = match self.rest {
            Some(rest) => {
                format!("nothing is sent for another {} s. If it stays so, {advice}", whole_seconds(rest))
            }
            None => format!("nothing more is sent: {advice}"),
        };
        let text =
            format!("not sent: sign-ins of {name} at {host} were {before}, and six bad ones lock a user, so {end}");
        let error = Error::new(ErrorKind::Held, text).with_retry_after(self.rest);
        error.retryable(self.rest.is_some())
    }
}
