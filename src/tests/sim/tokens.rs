//! What the provider of tokens promises, by simulation: the real client, a scripted Boomi, virtual time.

mod events;
mod flight;
mod held;
mod lifetime;
mod outages;
mod refused;
mod sharing;
mod windows;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;

use crate::client::{AuthScheme, Call, Client, Response, TokenProvider};
use crate::clock::Clock as _;
use crate::config::Config;
use crate::error::{Error, ErrorKind, Result};
use crate::guard::table::Table;
use crate::jwt::Token;
use crate::tests::sim::clock::Sim;
use crate::tests::sim::server::{ACCOUNT, Entry, Issuer, client};

const NOW: u64 = 1_800_000_000;
const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
/// What Boomi's tokens live.
const LIFE: Duration = Duration::from_secs(300);
const BEARER: &str = "/bearer/x";

struct World {
    sim: Arc<Sim>,
    issuer: Arc<Issuer>,
    client: Client,
    provider: TokenProvider,
}

impl World {
    fn new() -> Self {
        Self::with(|_| {})
    }

    fn with(configure: impl FnOnce(&mut Config)) -> Self {
        let sim = Sim::new(NOW, 1);
        let issuer = Issuer::new(sim.clone(), 1);
        issuer.script(|script| script.log_bearers = false);
        let client = client(&issuer, sim.clone(), |config| {
            config.guard_table = Some(Arc::new(Table::new()));
            configure(config);
        });
        let provider = client.token_provider(None).unwrap();
        World { sim, issuer, client, provider }
    }

    /// With a token that was asked for now.
    fn warm() -> Self {
        let world = Self::new();
        world.get().unwrap();
        world
    }

    fn with_lifetime(lifetime: Duration, latency: Duration) -> Self {
        let world = Self::new();
        world.issuer.script(|script| script.jwt.lifetime = lifetime);
        world.issuer.set_latency(latency, latency);
        world
    }

    fn get(&self) -> Result<Token> {
        self.provider.get()
    }

    fn get_within(&self, timeout: Duration) -> Result<Token> {
        self.provider.get_with(Duration::ZERO, Some(&within(timeout)))
    }

    /// Whether an API takes it, which knows what the server issued and what time it is there.
    fn is_alive(&self, token: &Token) -> bool {
        let request = self.client.get(BEARER).auth(AuthScheme::None).secret_header("Authorization", token.header());
        request.send().unwrap().status() == 200
    }

    /// A token that an API takes.
    fn get_alive(&self) -> Token {
        let token = self.get().unwrap_or_else(|error| panic!("at {:?}: {error}", self.sim.elapsed()));
        assert!(self.is_alive(&token), "a dead token at {:?}", self.sim.elapsed());
        token
    }

    fn send_to(&self, path: &str) -> Result<Response> {
        self.client.get(path).auth(AuthScheme::Jwt).send()
    }

    fn exchanges(&self) -> usize {
        self.exchange_times().len()
    }

    /// When the account's exchanges began, whatever came of them. (The guard's probes go to the same path.)
    fn exchange_times(&self) -> Vec<Duration> {
        let is_ours = |entry: &&Entry| entry.is_exchange() && entry.is_sign_in() && entry.account == ACCOUNT;
        self.issuer.log().iter().filter(is_ours).map(|entry| entry.at).collect()
    }

    fn described(&self, field: &str) -> Value {
        serde_json::from_str::<Value>(&self.provider.describe()).unwrap()[field].clone()
    }

    fn assert_one_flight_at_a_time(&self) {
        let overlapping = self.issuer.log().into_iter().find(|entry| entry.overlaps);
        assert!(overlapping.is_none(), "{overlapping:?}");
        assert!(self.issuer.account(ACCOUNT).most_in_flight <= 1);
    }

    /// Does something every so often until then, as far as what it did before is over.
    fn repeat(&self, apart: Duration, until: Duration, mut work: impl FnMut()) {
        let start = self.sim.elapsed();
        let mut next = start;
        while next < until {
            self.sim.sleep_until(next);
            work();
            let passed = self.sim.elapsed() - start;
            let turns = (passed.as_nanos() / apart.as_nanos()) as u32;
            next = start + apart * (turns + 1);
        }
    }

    /// A crew of equals.
    fn crew(&self, threads: usize, body: impl Fn(usize) + Sync) {
        let body = &body;
        self.sim.run(|crew| (0..threads).for_each(|number| crew.spawn(move || body(number))));
    }
}

fn within(timeout: Duration) -> Call {
    let mut call = Call::new();
    call.set_timeout(timeout).unwrap();
    call
}

/// A lock of a test's own: held for an instant, so that no simulated thread blocks another.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One of ours, as opposed to an equal one.
fn same(one: &Token, other: &Token) -> bool {
    one.jwt() == other.jwt()
}
