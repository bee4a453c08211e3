//! Everything the server knows, behind one lock that no code holds while it waits.

use crate::clock::{self, Stopwatch};
use crate::delay::{self, Moment};
use crate::flight::Flights;
use crate::jwt::{Claims, Issuer};
use crate::outage::Line;
use crate::users::{Refusal, SignIn, Users};
use crate::{Delay, GraphqlRefusal, LogEntry, Options, Scripted, credentials::Presented};
use axum::http::{HeaderMap, HeaderValue};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The state shared by all routes and by the handle.
#[derive(Clone)]
pub(crate) struct Shared {
    world: Arc<Mutex<World>>,
    /// Apart from the world, as connections wait for it.
    pub line: Line,
    started: Stopwatch,
}

impl Shared {
    pub(crate) fn new(options: Options) -> Shared {
        Shared {
            line: Line::new(options.outage.clone()),
            world: Arc::new(Mutex::new(World::new(options))),
            started: Stopwatch::start(),
        }
    }

    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Milliseconds since the start.
    pub(crate) fn at_ms(&self) -> u64 {
        self.started.ms()
    }

    /// Back to the start. Requests that wait for a delay go on waiting.
    pub(crate) fn reset(&self) {
        let mut world = self.world();
        world.reset();
        self.line.set(world.start.outage.clone());
    }

    /// Waits as long as the rules of now say.
    pub(crate) async fn delay(&self, path: &str, moment: Moment) {
        let delay = delay::drawn(&self.world().delays, path, moment);
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
    }
}

/// The server's memory.
pub(crate) struct World {
    start: Options,
    clock_offset_s: i64,
    pub date_offset_s: Option<i64>,
    pub delays: Vec<Delay>,
    pub flights: Flights,
    pub users: Users,
    pub jwt: Issuer,
    pub log: Vec<LogEntry>,
    scripted: Vec<Scripted>,
}

impl World {
    fn new(start: Options) -> World {
        World {
            clock_offset_s: 0,
            date_offset_s: start.date_offset_s,
            delays: start.delays.clone(),
            flights: Flights::default(),
            users: Users::new(&start.users),
            jwt: Issuer::new(start.jwt.clone()),
            log: Vec::new(),
            scripted: start.scripted.clone(),
            start,
        }
    }

    fn reset(&mut self) {
        *self = World { flights: self.flights.restarted(), ..World::new(self.start.clone()) };
    }

    pub(crate) fn now(&self) -> i64 {
        self.now_ms().div_euclid(1000)
    }

    pub(crate) fn now_ms(&self) -> i64 {
        clock::machine_now_ms().saturating_add(self.clock_offset_s.saturating_mul(1000))
    }

    /// The `Date` header, if there shall be one.
    pub(crate) fn date(&self) -> Option<HeaderValue> {
        let offset_s = self.date_offset_s?;
        let date = clock::http_date(self.now().saturating_add(offset_s));
        Some(date.parse().expect("a date is a header value"))
    }

    pub(crate) fn advance_clock(&mut self, seconds: i64) {
        self.clock_offset_s = self.clock_offset_s.saturating_add(seconds);
    }

    pub(crate) fn graphql_refusal(&self) -> GraphqlRefusal {
        self.start.graphql_refusal
    }

    pub(crate) fn script(&mut self, scripted: Scripted) {
        self.scripted.push(scripted);
    }

    pub(crate) fn clear_scripted(&mut self) {
        self.scripted.clear();
    }

    /// The scripted answer for a path, if there is one left: the oldest first. If it counts, it has been counted.
    pub(crate) fn next_scripted(&mut self, path: &str, headers: &HeaderMap) -> Option<Scripted> {
        self.scripted.retain(|scripted| scripted.times > 0);
        let scripted = self.scripted.iter_mut().find(|scripted| scripted.matches(path))?;
        scripted.use_up();
        let scripted = scripted.clone();
        if scripted.counts {
            let now = self.now();
            self.users.reject(&Presented::of(headers), now);
        }
        Some(scripted)
    }

    /// Signs in with Basic credentials; on success, the login e-mail. A header that is missing or cannot be read is
    /// refused too, and counts for nobody.
    pub(crate) fn basic(&mut self, presented: &Presented, account: &str) -> Result<String, Refusal> {
        let now = self.now();
        let basic = presented.basic.as_ref().ok_or(Refusal::BadCredentials)?;
        let sign_in = SignIn { user: &basic.user, secret: &basic.secret, code: presented.otp.as_deref(), account };
        self.users.sign_in(&sign_in, now)
    }

    /// The claims of a JWT that is good now. A bad one counts for nobody: it names no user that could be believed.
    pub(crate) fn bearer(&self, presented: &Presented) -> Result<Claims, Refusal> {
        presented.bearer.as_deref().and_then(|jwt| self.jwt.verify(jwt, self.now())).ok_or(Refusal::BadCredentials)
    }
}
