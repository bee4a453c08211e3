//! Which one-time code may be sent when. Pure.
//!
//! A code is good once, and only around its own 30 seconds of the server's time. So no step is used twice, by whoever shares
//! the history, and none near its edges, where a clock that is off by a second would burn a sign-in.

use serde::{Deserialize, Serialize};

/// What is kept clear at both ends of a step, at most.
const MARGIN_MS: u64 = 2000;
/// Nobody waits so long for a step: a record that is further ahead was made by a wrong clock.
const FURTHEST_MS: u64 = 10 * 60 * 1000;

/// The steps of one user that were used, or are promised to somebody who waits for them.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(crate) struct TimeSteps {
    /// The end of the last one: Unix milliseconds, in the server's time.
    used_until: u64,
}

/// A step, and when in it a code may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TimeStep {
    pub(crate) number: u64,
    period_ms: u64,
}

impl TimeStep {
    fn begin(&self) -> u64 {
        self.number.saturating_mul(self.period_ms)
    }

    fn margin(&self) -> u64 {
        MARGIN_MS.min(self.period_ms / 4)
    }

    /// How long it is until its code may be sent; `None` if that is over.
    pub(crate) fn wait(&self, server_ms: u64) -> Option<u64> {
        let end = self.begin() + self.period_ms - self.margin();
        (server_ms <= end).then(|| (self.begin() + self.margin()).saturating_sub(server_ms))
    }
}

impl TimeSteps {
    /// The first step that nobody has, whose time is not over.
    pub(crate) fn next(&self, period: u64, server_ms: u64) -> TimeStep {
        let period_ms = period.max(1) * 1000;
        let used_until = if self.used_until > server_ms + FURTHEST_MS + period_ms { 0 } else { self.used_until };
        let step = TimeStep { number: (server_ms / period_ms).max(used_until.div_ceil(period_ms)), period_ms };
        let over = step.wait(server_ms).is_none();
        TimeStep { number: step.number + u64::from(over), ..step }
    }

    /// Nobody else gets `step`, nor one before it.
    pub(crate) fn take(&mut self, step: TimeStep) {
        self.used_until = step.begin() + step.period_ms;
    }

    /// `step` was not sent after all. If a later one is taken, it is lost.
    pub(crate) fn give_back(&mut self, step: TimeStep) {
        if self.used_until == step.begin() + step.period_ms {
            self.used_until = step.begin();
        }
    }

    /// Whether all of them are over.
    pub(crate) fn is_over(&self, server_seconds: u64) -> bool {
        self.used_until <= server_seconds.saturating_mul(1000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Which step comes next at this second, and how long it is waited for.
    fn next(steps: &TimeSteps, second: u64) -> (u64, u64) {
        let step = steps.next(30, second * 1000);
        (step.number, step.wait(second * 1000).unwrap() / 1000)
    }

    #[test]
    fn a_code_is_sent_away_from_the_edges_of_its_step() {
        let steps = TimeSteps::default();
        for (second, expected) in [(0, (0, 2)), (2, (0, 0)), (28, (0, 0)), (29, (1, 3)), (30, (1, 2)), (59, (2, 3))] {
            assert_eq!(next(&steps, second), expected, "at {second} s");
        }
    }

    #[test]
    fn no_step_is_used_twice() {
        let mut steps = TimeSteps::default();
        let mut used = Vec::new();
        for _ in 0..4 {
            let step = steps.next(30, 10_000);
            steps.take(step);
            used.push((step.number, step.wait(10_000).unwrap()));
        }
        assert_eq!(used, [(0, 0), (1, 22_000), (2, 52_000), (3, 82_000)]);
        assert!(!steps.is_over(119) && steps.is_over(120));
    }

    #[test]
    fn only_the_last_step_can_be_given_back() {
        let mut steps = TimeSteps::default();
        let first = steps.next(30, 10_000);
        steps.take(first);
        let second = steps.next(30, 10_000);
        steps.take(second);
        steps.give_back(first);
        assert_eq!(next(&steps, 10).0, 2);
        steps.give_back(second);
        assert_eq!(next(&steps, 10).0, 1);
    }

    #[test]
    fn a_record_far_ahead_says_nothing() {
        let mut steps = TimeSteps::default();
        steps.take(steps.next(30, 86_400_000));
        assert_eq!(next(&steps, 10), (0, 0));
    }
}
