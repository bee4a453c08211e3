//! Work that one caller does at a time while the others wait for its end.

use crate::error::{Error, ErrorKind, Result};
use crate::sync::{Mutex, Signal, lock};

/// Lets one caller at a time do some work: a flight. The others wait for its end.
///
/// A flight may share an outcome with the callers that came before its end.
pub(crate) struct SingleFlight<T> {
    state: Mutex<FlightState<T>>,
    /// Counts the ended flights.
    pub(crate) changed: Signal,
}

struct FlightState<T> {
    is_running: bool,
    /// The outcome that the last flight shared, and the count at its end.
    shared: Option<(u64, T)>,
}

impl<T> Default for SingleFlight<T> {
    fn default() -> Self {
        SingleFlight { state: Mutex::new(FlightState { is_running: false, shared: None }), changed: Signal::default() }
    }
}

impl<T: Clone> SingleFlight<T> {
    /// Returns how many flights have ended.
    ///
    /// A caller reads it before it looks for the result of the work, so that it misses no end between the two.
    pub(crate) fn count(&self) -> u64 {
        self.changed.count()
    }

    pub(crate) fn is_running(&self) -> bool {
        lock(&self.state).is_running
    }

    /// Begins a flight, unless one is running or has ended since the count was `seen`.
    pub(crate) fn begin(&self, seen: u64) -> Option<Flight<'_, T>> {
        let mut state = lock(&self.state);
        if state.is_running || self.count() != seen {
            return None;
        }
        state.is_running = true;
        Some(Flight { flights: self, outcome: None })
    }

    /// Returns what the last flight shared, if it ended after the count was `seen`.
    pub(crate) fn shared_since(&self, seen: u64) -> Option<T> {
        let state = lock(&self.state);
        state.shared.as_ref().filter(|(ended_at, _)| *ended_at > seen).map(|(_, outcome)| outcome.clone())
    }
}

impl SingleFlight<Error> {
    /// Does the work and returns its result. If another caller is doing it, waits for the end and returns `None` or
    /// that caller's error.
    ///
    /// `seen` is the [`count`](Self::count) before this caller looked for a result. A canceled or timed out flight
    /// shares no error.
    pub(crate) fn run_or_wait<R>(
        &self,
        seen: u64,
        wait: impl FnOnce(&Signal) -> Result<()>,
        work: impl FnOnce() -> Result<R>,
    ) -> Result<Option<R>> {
        let Some(flight) = self.begin(seen) else {
            wait(&self.changed)?;
            return self.shared_since(seen).map_or(Ok(None), Err);
        };
        let done = work();
        let is_shared = |error: &&Error| !matches!(error.kind(), ErrorKind::Canceled | ErrorKind::Timeout);
        flight.finish(done.as_ref().err().filter(is_shared).cloned());
        done.map(Some)
    }
}

/// A running flight. It ends when it is dropped, also by a panic.
pub(crate) struct Flight<'a, T> {
    flights: &'a SingleFlight<T>,
    outcome: Option<T>,
}

impl<T> Flight<'_, T> {
    /// Ends the flight, and shares an outcome with the callers that waited.
    pub(crate) fn finish(mut self, outcome: Option<T>) {
        self.outcome = outcome;
    }
}

impl<T> Drop for Flight<'_, T> {
    fn drop(&mut self) {
        let mut state = lock(&self.flights.state);
        state.is_running = false;
        self.flights.changed.notify();
        state.shared = self.outcome.take().map(|outcome| (self.flights.changed.count(), outcome));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Flights = SingleFlight<Error>;

    /// The wait of a caller for whom the flight has ended already.
    fn no_wait(_: &Signal) -> Result<()> {
        Ok(())
    }

    fn failed() -> Result<()> {
        Err(Error::config("it failed"))
    }

    #[test]
    fn failure_is_shared_with_earlier_callers_only() {
        let flights = Flights::default();
        let early = flights.count();
        flights.run_or_wait(early, no_wait, failed).unwrap_err();
        // This caller looked before that end, and came too late to wait for it.
        let slow = flights.run_or_wait(early, no_wait, || -> Result<()> { panic!("the work is done twice") });
        assert_eq!(slow.unwrap_err().message(), "it failed");
        let late = flights.count();
        let done = flights.run_or_wait(late, no_wait, || {
            // Callers that come during the work: the first looked before the failure.
            assert_eq!(flights.run_or_wait(early, no_wait, failed).unwrap_err().message(), "it failed");
            assert_eq!(flights.run_or_wait(early + 1, no_wait, failed).unwrap(), None);
            Ok(())
        });
        assert_eq!(done.unwrap(), Some(()));
    }

    #[test]
    fn canceled_flight_shares_no_error() {
        let flights = Flights::default();
        for kind in [ErrorKind::Canceled, ErrorKind::Timeout] {
            let seen = flights.count();
            let over = flights.run_or_wait(seen, no_wait, || -> Result<()> { Err(Error::new(kind, "over")) });
            assert_eq!(over.unwrap_err().kind(), kind);
            assert_eq!(flights.run_or_wait(seen, no_wait, || Ok(())).unwrap(), None);
            assert_eq!(flights.run_or_wait(flights.count(), no_wait, || Ok(())).unwrap(), Some(()));
        }
    }

    #[test]
    fn dropped_flight_ends() {
        let flights = Flights::default();
        let flight = flights.begin(0).unwrap();
        assert!(flights.is_running() && flights.begin(0).is_none());
        drop(flight);
        assert!(!flights.is_running() && flights.begin(0).is_none(), "a flight has ended since");
        assert!(flights.begin(1).is_some());
    }
}
