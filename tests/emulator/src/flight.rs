//! Requests in flight: how many the server works on at once.

use crate::world::Shared;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How many requests of one kind the server is working on: from their headers until their answer is ready to be sent.
/// One whose client has gone away counts until then too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InFlight {
    /// Now.
    pub now: u32,
    /// The most there were at once since the start (or the last reset).
    pub most: u32,
}

/// The requests in flight by their kind, which is the first segment of the path.
#[derive(Clone, Default, Serialize)]
pub(crate) struct Flights(BTreeMap<String, InFlight>);

impl Flights {
    pub(crate) fn of(&self, path: &str) -> InFlight {
        self.0.get(kind(path)).copied().unwrap_or_default()
    }

    /// The same requests, with nothing remembered of those before.
    pub(crate) fn restarted(&self) -> Flights {
        let under_way = self.0.iter().filter(|(_, flight)| flight.now > 0);
        let forget = |flight: &InFlight| InFlight { now: flight.now, most: flight.now };
        Flights(under_way.map(|(kind, flight)| (kind.clone(), forget(flight))).collect())
    }

    fn enter(&mut self, kind: &str) -> u32 {
        let flight = self.0.entry(kind.to_owned()).or_default();
        flight.now += 1;
        flight.most = flight.most.max(flight.now);
        flight.now
    }

    fn leave(&mut self, kind: &str) {
        if let Some(flight) = self.0.get_mut(kind) {
            flight.now -= 1;
        }
    }
}

/// One request in flight, until it is dropped.
pub(crate) struct Flight {
    shared: Shared,
    kind: String,
    /// How many of its kind there were when it came, itself included.
    pub among: u32,
}

impl Flight {
    pub(crate) fn new(shared: &Shared, path: &str) -> Flight {
        let kind = kind(path).to_owned();
        let among = shared.world().flights.enter(&kind);
        Flight { shared: shared.clone(), kind, among }
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.shared.world().flights.leave(&self.kind);
    }
}

fn kind(path: &str) -> &str {
    path.split(['/', '?']).nth(1).unwrap_or_default()
}
