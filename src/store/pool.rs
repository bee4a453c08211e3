//! The connections to one server of the store, and its state while it is unusable.

use std::time::Duration;

use redis::Connection;

use crate::clock::Clock;
use crate::sync::{Mutex, Signal, lock};

/// The longest wait for the store in one call, whatever happens to it: the promise is 50 ms.
pub(super) const MAX_WAIT: Duration = Duration::from_millis(40);
/// The shortest wait for an answer, after a wait for a connection.
const LEAST_ANSWER_WAIT: Duration = Duration::from_millis(10);
/// The pause after a failure. It doubles with each further one, up to [`LONGEST_PAUSE`].
const SHORTEST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(8);
/// Enough, since a script takes a tenth of a millisecond.
const MOST_CONNECTIONS: usize = 8;
/// The longest wait for a connection that other calls use while the store works.
const LONGEST_QUEUE: Duration = Duration::from_secs(1);

#[derive(Default)]
pub(super) struct Pool {
    state: Mutex<PoolState>,
    /// Notified when a connection is free, or cannot be made.
    changed: Signal,
}

#[derive(Default)]
struct PoolState {
    idle: Vec<Connection>,
    /// The number of connections, idle and in use.
    open: usize,
    is_connecting: bool,
    /// The last failure, until something works.
    problem: Option<String>,
    failures: u32,
    /// Until then, in steady time, nothing is tried.
    paused_until: Duration,
    /// Until then no call waits for a new connection.
    no_wait_until: Duration,
}

impl Pool {
    pub(super) fn problem(&self) -> Option<String> {
        lock(&self.state).problem.clone()
    }

    pub(super) fn is_connecting(&self) -> bool {
        lock(&self.state).is_connecting
    }

    pub(super) fn is_empty(&self) -> bool {
        lock(&self.state).open == 0
    }

    /// Calls `connect`, which starts a thread that calls [`connected`](Self::connected), if there is no connection.
    pub(super) fn begin(&self, now: Duration, connect: &dyn Fn() -> Result<(), String>) {
        let mut state = lock(&self.state);
        if state.open == 0 && !state.is_connecting {
            let _ = state.connect(now, connect);
        }
    }

    /// Adds a new connection, or records why there is none.
    pub(super) fn connected(&self, result: Result<Connection, String>, now: Duration) {
        let mut state = lock(&self.state);
        state.is_connecting = false;
        match result {
            Ok(connection) => state.add(connection),
            Err(problem) => state.pause(problem, now),
        }
        drop(state);
        self.changed.notify();
    }

    /// Adds a connection that was made without being asked for.
    pub(super) fn add(&self, connection: Connection) {
        lock(&self.state).add(connection);
    }

    /// Takes a connection, and returns how long its answer may take. An error says why the server cannot be used.
    ///
    /// `connect` is that of [`begin`](Self::begin); `place` is the server for messages.
    pub(super) fn take(
        &self,
        clock: &dyn Clock,
        place: &str,
        until: Duration,
        connect: &dyn Fn() -> Result<(), String>,
    ) -> Result<(Connection, Duration), String> {
        let mut has_queued = false;
        loop {
            let seen = self.changed.count();
            {
                let mut state = lock(&self.state);
                let now = clock.boottime();
                if let Some(connection) = state.idle.pop() {
                    let wait = if has_queued { MAX_WAIT } else { until.saturating_sub(now).max(LEAST_ANSWER_WAIT) };
                    return Ok((connection, wait));
                }
                if now < state.paused_until {
                    return Err(state.problem.clone().unwrap_or_default());
                }
                if !state.is_connecting && state.open < MOST_CONNECTIONS {
                    state.connect(now, connect)?;
                }
                // A connection in use is free soon, or fails, which notifies too.
                let in_use = state.open > 0 && now < until + LONGEST_QUEUE;
                has_queued |= in_use;
                if (now >= until || now < state.no_wait_until) && !in_use {
                    if state.open == 0 {
                        state.no_wait_until = now.max(state.no_wait_until) + MAX_WAIT;
                    }
                    let slow = || format!("the store {place} did not answer within {} ms", MAX_WAIT.as_millis());
                    return Err(state.problem.get_or_insert_with(slow).clone());
                }
            }
            clock.wait(&self.changed, seen, MAX_WAIT);
        }
    }

    /// Returns a connection that works, with the server's error, if that was its answer. Ends a pause.
    pub(super) fn put_back(&self, connection: Connection, problem: Option<String>) {
        let mut state = lock(&self.state);
        state.idle.push(connection);
        (state.problem, state.failures, state.paused_until) = (problem, 0, Duration::ZERO);
        drop(state);
        self.changed.notify();
    }

    /// Drops a failed connection, and the idle ones with it. Returns whether a new connection may work at once.
    ///
    /// It may if the server closed this one, as a restart does, and nothing failed before.
    pub(super) fn drop_failed(&self, was_closed: bool, problem: String, now: Duration) -> bool {
        let mut state = lock(&self.state);
        state.open -= 1 + state.idle.len();
        state.idle.clear();
        let may_work = was_closed && state.failures == 0;
        if may_work {
            (state.problem, state.failures) = (Some(problem), 1);
        } else {
            state.pause(problem, now);
        }
        drop(state);
        self.changed.notify();
        may_work
    }
}

impl PoolState {
    fn add(&mut self, connection: Connection) {
        self.open += 1;
        self.idle.push(connection);
    }

    fn connect(&mut self, now: Duration, connect: &dyn Fn() -> Result<(), String>) -> Result<(), String> {
        connect().inspect_err(|problem| self.pause(problem.clone(), now))?;
        self.is_connecting = true;
        Ok(())
    }

    /// Tries nothing for a while, longer after each failure.
    fn pause(&mut self, problem: String, now: Duration) {
        self.problem = Some(problem);
        self.paused_until = now + (SHORTEST_PAUSE * 2u32.saturating_pow(self.failures.min(10))).min(LONGEST_PAUSE);
        self.failures += 1;
    }
}
