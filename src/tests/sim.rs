//! What provider and guard promise, by the real code on a simulated clock: threads, days and outages against the scripted
//! server.

pub(crate) mod clock;
mod codes;
mod guard;
mod requests;
pub(crate) mod server;
mod tokens;

use std::sync::Arc;
use std::time::Duration;

use crate::client::{AuthScheme, Call, Client, Response};
use crate::clock::Clock as _;
use crate::config::Config;
use crate::credentials::Credentials;
use crate::error::Result;
use crate::tests::sim::clock::{Random, Sim};
use server::{Issuer, UserCounts};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(86_400);
/// What the server's clock shows at the start: the beginning of a step of one-time codes.
const START: u64 = 1_800_000_000;

const GOOD: Way = Way::Basic("/api/rest/v1/account123/Process/query");
const OTHER: Way = Way::Basic("/api/rest/v1/account123/Atom/query");
const BAD: Way = Way::Basic("/api/rest/v1/account123/Closed/query");

/// How a call signs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Basic(&'static str),
    /// For a JWT, always.
    TokenRequest,
    /// With the kept JWT.
    Jwt,
}

/// A server and the time it lives in.
struct World {
    sim: Arc<Sim>,
    issuer: Arc<Issuer>,
}

impl World {
    fn new(seed: u64) -> Self {
        let sim = Sim::new(START, seed);
        // Waits end with what is waited for, so that nobody has to look in between.
        sim.set_slice(HOUR);
        let issuer = Issuer::new(sim.clone(), seed);
        World { sim, issuer }
    }

    fn client(&self, configure: impl FnOnce(&mut Config)) -> Client {
        server::client(&self.issuer, self.sim.clone(), configure)
    }

    fn client_with(&self, password: &str) -> Client {
        self.client(|config| config.set_credentials(Credentials::password(self.issuer.user_name(), password)).unwrap())
    }

    fn user(&self) -> UserCounts {
        self.issuer.user_counts(self.issuer.user_name())
    }

    fn now(&self) -> Duration {
        self.issuer.elapsed()
    }

    /// From now on, the user's password is another.
    fn rotate(&self) {
        self.issuer.change_password(self.now(), self.issuer.user_name(), "new-password");
    }

    /// Calls about `every` so often until `end`, and tells when each call began and how it ended.
    fn keep_calling(
        &self,
        client: &Client,
        way: Way,
        every: Duration,
        end: Duration,
        mut tell: impl FnMut(Duration, Result<()>),
    ) {
        let mut random = Random::new(self.now().as_nanos() as u64 ^ every.as_nanos() as u64);
        while self.now() < end {
            let begin = self.now();
            tell(begin, call(client, way));
            self.sim.sleep(random.between(every * 9 / 10, every * 11 / 10));
        }
    }

    /// That this library did not lock the user.
    #[track_caller]
    fn assert_rejected_at_most(&self, most: u32, of_what: &str) {
        let user = self.user();
        assert!(user.rejected <= most && !user.locked, "{of_what}: {user:?} {:?}", self.issuer.sign_ins());
    }
}

fn call(client: &Client, way: Way) -> Result<()> {
    call_with(client, way, &Call::new())
}

fn call_with(client: &Client, way: Way, call: &Call) -> Result<()> {
    let get = |path: &str, scheme| client.get(path).auth(scheme).call(call).send().and_then(Response::check).map(drop);
    match way {
        Way::Basic(path) => get(path, AuthScheme::Basic),
        Way::Jwt => get("/bearer/x", AuthScheme::Jwt),
        Way::TokenRequest => client.generate_jwt(None, Some(call)).map(drop),
    }
}
