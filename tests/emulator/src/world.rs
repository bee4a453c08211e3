//! Everything the server knows, behind one lock that no code holds while it waits.

use crate::clock::{self, Stopwatch};
use crate::delay::{self, Moment};
use crate::flight::Flights;
use crate::jobs::{Jobs, Progress};
use crate::jwt::{self, Claims, Issuer};
use crate::outage::Line;
use crate::query::Pages;
use crate::rates::{self, Rates};
use crate::users::{Refusal, SignIn, Users};
use crate::{
    AsyncOptions, Delay, DownloadOptions, Effect, GraphqlRefusal, LogEntry, Options, RateLimit, Scripted,
    credentials::Presented,
};
use axum::http::{HeaderMap, HeaderValue, request::Parts};
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
        self.started.us() / 1000
    }

    /// Counts a request that arrives now; nothing if it is within its account's limit.
    pub(crate) fn too_many(&self, request: &Parts, path: &str) -> Option<RateLimit> {
        let mut world = self.world();
        let account = match rates::account_of(path) {
            None if request.uri.path() == "/graphql" => jwt::account_named(&Presented::of(&request.headers)),
            account => account,
        }?;
        let limit = world.rate_limit;
        let admitted = world.rates.arrive(&account, self.started.us(), limit.requests_per_second);
        (!admitted).then_some(limit)
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
    pub rate_limit: RateLimit,
    pub rates: Rates,
    pub query: Pages,
    pub asynchronous: AsyncOptions,
    pub download: DownloadOptions,
    pub jobs: Jobs,
    pub effects: Vec<Effect>,
    scripted: Vec<Scripted>,
    serial: u64,
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
            rate_limit: start.rate_limit,
            rates: Rates::default(),
            query: Pages { rows: start.query_rows, page: start.query_page },
            asynchronous: start.asynchronous,
            download: start.download.clone(),
            jobs: Jobs::default(),
            effects: Vec::new(),
            scripted: start.scripted.clone(),
            serial: 0,
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

    /// Remembers that a request took effect.
    pub(crate) fn took_effect(&mut self, effect: &Effect) {
        self.effects.push(effect.clone());
    }

    /// An id that nothing had.
    pub(crate) fn new_id(&mut self, object: &str) -> String {
        self.serial += 1;
        format!("{}-{:06}", object.to_ascii_lowercase(), self.serial)
    }

    /// Asks once more for something that was begun.
    pub(crate) fn ask(&mut self, id: &str, account: &str, object: &str) -> Option<Progress> {
        self.jobs.ask(id, account, object, self.asynchronous.polls)
    }

    pub(crate) fn script(&mut self, scripted: Scripted) {
        self.scripted.push(scripted);
    }

    pub(crate) fn clear_scripted(&mut self) {
        self.scripted.clear();
    }

    /// The scripted answer for a path, if there is one left: the oldest first. If it counts, it has been counted.
    pub(crate) fn next_scripted(&mut self, method: &str, path: &str, headers: &HeaderMap) -> Option<Scripted> {
        self.scripted.retain(|scripted| scripted.times > 0);
        let next = self.scripted.iter_mut().position(|scripted| scripted.happens(method, path))?;
        let scripted = &mut self.scripted[next];
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
