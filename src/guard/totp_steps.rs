//! Which one-time code may be sent when. Pure.
//!
//! The server accepts a code once, and only around its own 30 seconds of the server's time. So no time step is used
//! twice among the users of a history, and no code is sent near the edges of its step, where a clock that is off by a
//! second would waste an attempt.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How far from both ends of its step a code is sent, at most.
const MARGIN_MS: u64 = 2000;
/// A record that is further ahead was made by a wrong clock.
const FURTHEST_MS: u64 = 10 * 60 * 1000;

/// The time steps of one user that are used or reserved.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(crate) struct TimeSteps {
    /// The end of the last one: Unix milliseconds, in the server's time.
    used_until: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TimeStep {
    pub(crate) number: u64,
    period_ms: u64,
}

/// What an attempt that needs a one-time code asks for.
#[derive(Clone, Copy)]
pub(crate) struct StepRequest {
    pub(crate) period: u64,
    pub(crate) server_ms: u64,
    /// The step that is already reserved for it.
    pub(crate) reserved: Option<TimeStep>,
    /// How long it can wait for another.
    pub(crate) longest_wait_ms: u64,
}

pub(crate) enum StepReservation {
    Now(TimeStep),
    In(TimeStep, Duration),
    TooLate(Duration),
}

impl TimeStep {
    fn begin(&self) -> u64 {
        self.number.saturating_mul(self.period_ms)
    }

    fn margin(&self) -> u64 {
        MARGIN_MS.min(self.period_ms / 4)
    }

    /// How long it is until its code may be sent; `None` if its time is over.
    pub(crate) fn wait(&self, server_ms: u64) -> Option<u64> {
        let end = self.begin() + self.period_ms - self.margin();
        (server_ms <= end).then(|| (self.begin() + self.margin()).saturating_sub(server_ms))
    }
}

impl TimeSteps {
    /// The first free step whose time is not over.
    pub(crate) fn next(&self, period: u64, server_ms: u64) -> TimeStep {
        let period_ms = period.max(1) * 1000;
        let used_until = if self.used_until > server_ms + FURTHEST_MS + period_ms { 0 } else { self.used_until };
        let step = TimeStep { number: (server_ms / period_ms).max(used_until.div_ceil(period_ms)), period_ms };
        let over = step.wait(server_ms).is_none();
        TimeStep { number: step.number + u64::from(over), ..step }
    }

    /// Reserves a step, unless it comes too late.
    pub(crate) fn reserve(&mut self, request: StepRequest) -> StepReservation {
        let reserved = request.reserved.and_then(|step| Some((step, step.wait(request.server_ms)?)));
        let (step, wait) = reserved.unwrap_or_else(|| {
            let next = self.next(request.period, request.server_ms);
            (next, next.wait(request.server_ms).unwrap_or(0))
        });
        if reserved.is_none() {
            if wait > request.longest_wait_ms {
                return StepReservation::TooLate(Duration::from_millis(wait));
            }
            self.take(step);
        }
        if wait == 0 { StepReservation::Now(step) } else { StepReservation::In(step, Duration::from_millis(wait)) }
    }

    /// Marks `step` and all before it as used.
    pub(crate) fn take(&mut self, step: TimeStep) {
        self.used_until = step.begin() + step.period_ms;
    }

    /// Frees `step`, whose code was not sent. If a later one is taken, it stays used.
    pub(crate) fn give_back(&mut self, step: TimeStep) {
        if self.used_until == step.begin() + step.period_ms {
            self.used_until = step.begin();
        }
    }

    pub(crate) fn is_over(&self, server_seconds: u64) -> bool {
        self.used_until <= server_seconds.saturating_mul(1000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The next step at this second, and its wait in seconds.
    fn next(steps: &TimeSteps, second: u64) -> (u64, u64) {
        let step = steps.next(30, second * 1000);
        (step.number, step.wait(second * 1000).unwrap() / 1000)
    }

    #[test]
    fn code_is_not_sent_near_the_edges_of_its_step() {
        let steps = TimeSteps::default();
        for (second, expected) in [(0, (0, 2)), (2, (0, 0)), (28, (0, 0)), (29, (1, 3)), (30, (1, 2)), (59, (2, 3))] {
            assert_eq!(next(&steps, second), expected, "at {second} s");
        }
    }

    #[test]
    fn step_is_used_once() {
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
    fn only_the_last_step_is_given_back() {
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
    fn record_far_ahead_is_ignored() {
        let mut steps = TimeSteps::default();
        steps.take(steps.next(30, 86_400_000));
        assert_eq!(next(&steps, 10), (0, 0));
    }
    #[test]
    fn record_up_to_ten_minutes_ahead_counts() {
        let furthest = 10_000 + FURTHEST_MS + 30_000;
        assert_eq!(TimeSteps { used_until: furthest }.next(30, 10_000).number, furthest.div_ceil(30_000));
        assert_eq!(TimeSteps { used_until: furthest + 1 }.next(30, 10_000).number, 0);
    }

    #[test]
    fn short_step_has_a_shorter_margin() {
        assert_eq!(TimeSteps::default().next(4, 0).wait(0), Some(1000));
    }

    #[test]
    fn reservation_beyond_the_longest_wait_is_too_late() {
        let mut steps = TimeSteps::default();
        let request = |longest_wait_ms| StepRequest { period: 30, server_ms: 0, reserved: None, longest_wait_ms };
        assert!(matches!(steps.reserve(request(1999)), StepReservation::TooLate(wait) if wait.as_millis() == 2000));
        assert!(matches!(steps.reserve(request(2000)), StepReservation::In(step, _) if step.number == 0));
    }
}
