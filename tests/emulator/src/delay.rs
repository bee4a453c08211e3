//! Latency: how long an answer, or the decision about it, is kept back.

use ring::rand::{SecureRandom, SystemRandom};
use serde::Deserialize;
use std::time::Duration;

/// A rule that slows requests down, each by a time drawn anew, so that answers overtake each other.
///
/// It holds back what has been decided already: the credentials are judged and counted, the JWT is made and the log
/// written (all of it also when the client goes away meanwhile); only the status line is late.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "DelayJson")]
pub struct Delay {
    /// Requests whose path (with the query, as on the wire) starts with this. Empty: all requests.
    pub path_prefix: String,
    /// The shortest delay in milliseconds.
    pub min_ms: u32,
    /// The longest delay in milliseconds.
    pub max_ms: u32,
    /// Which answers it holds back.
    pub when: DelayWhen,
    /// Delays the decision instead of the answer, so that a password changed meanwhile counts. Only with
    /// [`DelayWhen::Any`].
    pub before: bool,
}

/// Which answers a [`Delay`] holds back. In JSON `"any"`, `"refused"` or `"accepted"`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DelayWhen {
    /// All of them.
    #[default]
    Any,
    /// A refused sign-in: 401, or 403 with `error.user.login`.
    Refused,
    /// Any other answer.
    Accepted,
}

impl Delay {
    /// Holds every answer back for a time between these.
    pub fn new(min_ms: u32, max_ms: u32) -> Delay {
        Delay { path_prefix: String::new(), min_ms, max_ms, when: DelayWhen::Any, before: false }
    }

    /// Only for paths that start with this.
    pub fn on(mut self, path_prefix: &str) -> Delay {
        self.path_prefix = path_prefix.into();
        self
    }

    /// Only these answers.
    pub fn when(mut self, when: DelayWhen) -> Delay {
        self.when = when;
        self
    }

    /// Before the decision instead of after it.
    pub fn before(mut self) -> Delay {
        self.before = true;
        self
    }

    /// Says which field makes no sense.
    pub(crate) fn check(&self) -> Result<(), String> {
        if self.max_ms < self.min_ms {
            return Err(format!("max_ms: {} is less than min_ms", self.max_ms));
        }
        if self.before && self.when != DelayWhen::Any {
            return Err("when: nothing is known before the decision but `any`".into());
        }
        Ok(())
    }

    fn holds(&self, path: &str, moment: Moment) -> bool {
        let at_this_moment = match moment {
            Moment::Before => self.before,
            Moment::After { refused } => {
                !self.before
                    && match self.when {
                        DelayWhen::Any => true,
                        DelayWhen::Refused => refused == Some(true),
                        DelayWhen::Accepted => refused == Some(false),
                    }
            }
        };
        at_this_moment && path.starts_with(&self.path_prefix)
    }

    fn draw(&self) -> Duration {
        let mut random = [0; 8];
        SystemRandom::new().fill(&mut random).expect("the system has random numbers");
        let choices = u64::from(self.max_ms - self.min_ms) + 1;
        Duration::from_millis(u64::from(self.min_ms) + u64::from_ne_bytes(random) % choices)
    }
}

/// Where a request stands: before the decision, or after it with what was decided (nothing in an outage).
#[derive(Clone, Copy)]
pub(crate) enum Moment {
    Before,
    After { refused: Option<bool> },
}

/// The delay by all rules that hold for a request: their sum.
pub(crate) fn drawn(rules: &[Delay], path: &str, moment: Moment) -> Duration {
    rules.iter().filter(|rule| rule.holds(path, moment)).map(Delay::draw).sum()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DelayJson {
    #[serde(default)]
    path_prefix: String,
    #[serde(default)]
    min_ms: u32,
    max_ms: u32,
    #[serde(default)]
    when: DelayWhen,
    #[serde(default)]
    before: bool,
}

impl TryFrom<DelayJson> for Delay {
    type Error = String;

    fn try_from(json: DelayJson) -> Result<Delay, String> {
        let DelayJson { path_prefix, min_ms, max_ms, when, before } = json;
        let delay = Delay { path_prefix, min_ms, max_ms, when, before };
        delay.check().map(|()| delay)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AFTER_401: Moment = Moment::After { refused: Some(true) };
    const AFTER_200: Moment = Moment::After { refused: Some(false) };
    const UNDECIDED: Moment = Moment::After { refused: None };

    fn ms(rules: &[Delay], moment: Moment) -> u128 {
        drawn(rules, "/auth/x", moment).as_millis()
    }

    #[test]
    fn rules_hold_where_and_when_they_say_and_add_up() {
        let rules = [
            Delay::new(1, 1),
            Delay::new(20, 20).when(DelayWhen::Refused),
            Delay::new(300, 300).when(DelayWhen::Accepted).on("/auth/"),
            Delay::new(4000, 4000).before(),
            Delay::new(50_000, 50_000).on("/api/"),
        ];
        let all = [Moment::Before, AFTER_401, AFTER_200, UNDECIDED].map(|moment| ms(&rules, moment));
        assert_eq!(all, [4000, 21, 301, 1]);
    }

    #[test]
    fn a_delay_is_anywhere_between_its_bounds() {
        let rule = [Delay::new(5, 8)];
        let mut drawn: Vec<u128> = (0..1000).map(|_| ms(&rule, UNDECIDED)).collect();
        drawn.sort_unstable();
        drawn.dedup();
        assert_eq!(drawn, [5, 6, 7, 8]);
        assert!(ms(&[Delay::new(0, u32::MAX)], UNDECIDED) <= u128::from(u32::MAX));
    }
}
