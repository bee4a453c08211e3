//! The handle a test holds.

use crate::outage::Line;
use crate::query::Pages;
use crate::server::{Door, Server};
use crate::tls::Ca;
use crate::world::Shared;
use crate::{
    AsyncOptions, BadTls, Delay, DownloadOptions, Effect, InFlight, JwtOptions, LogEntry, Options, Outage, RateLimit,
    Scripted, UserStatus, control, routes,
};
use std::io;

/// A running emulator. Its methods block for no longer than a lock; dropping it stops the server.
pub struct Emulator {
    shared: Shared,
    base_url: String,
    control_url: String,
    bad_tls: Vec<(BadTls, String)>,
    ca_pem: String,
    _server: Server,
}

impl Emulator {
    /// Starts with TLS, the default users and a free port.
    ///
    /// # Panics
    /// If the machine has no free port or no random numbers.
    pub fn start() -> Emulator {
        Emulator::start_with(Options::default()).expect("the emulator starts")
    }

    /// The same without a rate limit, for tests that are quicker than ten requests a second.
    ///
    /// # Panics
    /// If the machine has no free port or no random numbers.
    pub fn start_unlimited() -> Emulator {
        Emulator::start_with(Options::unlimited()).expect("the emulator starts")
    }

    /// Starts as told. Fails if the port is taken or the options do not make sense.
    pub fn start_with(options: Options) -> io::Result<Emulator> {
        options.check().map_err(|why| io::Error::new(io::ErrorKind::InvalidInput, why))?;
        let (port, http, with_bad_tls) = (options.port, options.http, options.bad_tls);
        let ca = Ca::new()?;
        let shared = Shared::new(options);
        let boomi = routes::router(shared.clone());

        let tls = if http { None } else { Some(ca.acceptor(None)?) };
        let door = Door::open(port, tls, boomi.clone(), shared.line.clone())?;
        // A line of its own: no outage reaches it.
        let control = Door::open(0, None, control::router(shared.clone()), Line::new(None))?;
        let (base_url, control_url) = (door.url()?, control.url()?);
        let mut doors = vec![door, control];
        let mut bad_tls = Vec::new();
        for kind in BadTls::ALL.into_iter().filter(|_| with_bad_tls) {
            let door = Door::open(0, Some(ca.acceptor(Some(kind))?), boomi.clone(), shared.line.clone())?;
            bad_tls.push((kind, door.url()?));
            doors.push(door);
        }
        Ok(Emulator {
            shared,
            base_url,
            control_url,
            bad_tls,
            ca_pem: ca.pem().to_owned(),
            _server: Server::run(doors)?,
        })
    }

    /// Where Boomi is: `https://localhost:PORT`, or `http://127.0.0.1:PORT` without TLS.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// The same server under its other name, so as another origin: where the DataHub repository is, say.
    pub fn hub_url(&self) -> String {
        match self.base_url.strip_prefix("https://localhost") {
            Some(port) => format!("https://127.0.0.1{port}"),
            None => self.base_url.replace("127.0.0.1", "localhost"),
        }
    }

    /// The certificate a client has to trust.
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// Where the control API is: `http://127.0.0.1:PORT`.
    pub fn control_url(&self) -> &str {
        &self.control_url
    }

    /// The base URL of a listener with a bad certificate; behind it is the same server.
    ///
    /// # Panics
    /// If the options said that there should be none.
    pub fn bad_tls(&self, kind: BadTls) -> &str {
        let found = self.bad_tls.iter().find(|(listed, _)| *listed == kind);
        found.map(|(_, url)| url).expect("Options::bad_tls is on")
    }

    /// All requests since the start, the last [`clear_log`](Emulator::clear_log) or the last reset.
    pub fn log(&self) -> Vec<LogEntry> {
        self.shared.world().log.clone()
    }

    /// Forgets the requests so far.
    pub fn clear_log(&self) {
        self.shared.world().log.clear();
    }

    /// What is counted about each user.
    pub fn users(&self) -> Vec<UserStatus> {
        self.shared.world().users.status()
    }

    /// Changes a user's password from now on. It does not unlock.
    ///
    /// # Panics
    /// If there is no such user.
    pub fn set_password(&self, user: &str, password: &str) {
        assert!(self.shared.world().users.set_password(user, password), "there is no {user}");
    }

    /// Replaces a user's API token from now on. It does not unlock.
    ///
    /// # Panics
    /// If there is no such user.
    pub fn set_token(&self, user: &str, token: &str) {
        assert!(self.shared.world().users.set_token(user, token), "there is no {user}");
    }

    /// Moves the server's clock: the `Date` header, the end of JWTs, the steps of one-time codes.
    pub fn advance_clock(&self, seconds: i64) {
        self.shared.world().advance_clock(seconds);
    }

    /// The server's clock in Unix seconds.
    pub fn now(&self) -> i64 {
        self.shared.world().now()
    }

    /// Makes JWTs differently from now on.
    pub fn set_jwt(&self, options: JwtOptions) {
        self.shared.world().jwt.set_options(options);
    }

    /// Scripts an answer. Scripts are used up in the order they came in.
    ///
    /// # Panics
    /// If its status or headers are not fit for HTTP.
    pub fn answer_next(&self, scripted: Scripted) {
        if let Err(why) = scripted.check() {
            panic!("{why}");
        }
        self.shared.world().script(scripted);
    }

    /// Forgets what is scripted.
    pub fn clear_scripted(&self) {
        self.shared.world().clear_scripted();
    }

    /// Slows requests down by these rules, which replace those before; where several hold for a request, their delays
    /// add up. A request that is waiting already goes on waiting.
    ///
    /// # Panics
    /// If a rule makes no sense.
    pub fn set_delays(&self, delays: Vec<Delay>) {
        if let Err(why) = delays.iter().try_for_each(Delay::check) {
            panic!("{why}");
        }
        self.shared.world().delays = delays;
    }

    /// Ends the outage, if there is one, and begins this one. The control API is never in an outage.
    ///
    /// # Panics
    /// If the outage makes no sense.
    pub fn set_outage(&self, outage: Option<Outage>) {
        if let Err(why) = outage.iter().try_for_each(Outage::check) {
            panic!("{why}");
        }
        self.shared.line.set(outage);
    }

    /// Shifts the `Date` header of all answers by this much against the server's clock, and nothing else; nothing
    /// leaves it out. A scripted `Date` stays as it is.
    pub fn set_date_offset(&self, seconds: Option<i64>) {
        self.shared.world().date_offset_s = seconds;
    }

    /// Limits accounts by this from now on; what they did in the last second counts.
    pub fn set_rate_limit(&self, limit: RateLimit) {
        self.shared.world().rate_limit = limit;
    }

    /// The most requests of an account that ever arrived in one second, those that were refused for it included: all of
    /// a time `[t, t + 1 s)`, whatever the limit. For GraphQL the account is the JWT's; paths without a limit do not
    /// count.
    pub fn most_in_a_second(&self, account: &str) -> usize {
        self.shared.world().rates.most(account)
    }

    /// Every request that took effect since the start, the last [`clear_effects`](Emulator::clear_effects) or the last
    /// reset.
    pub fn effects(&self) -> Vec<Effect> {
        self.shared.world().effects.clone()
    }

    /// Forgets what was done so far.
    pub fn clear_effects(&self) {
        self.shared.world().effects.clear();
    }

    /// How many rows queries have from now on, and how many of them are on a page.
    ///
    /// # Panics
    /// If a page is to have no rows.
    pub fn set_query(&self, rows: u32, page: u32) {
        let pages = Pages { rows, page };
        pages.check().expect("a page has rows");
        self.shared.world().query = pages;
    }

    /// Makes asynchronous operations, executions and downloads take so long from now on.
    ///
    /// # Panics
    /// If the options make no sense.
    pub fn set_async(&self, options: AsyncOptions) {
        options.check().expect("these options make sense");
        self.shared.world().asynchronous = options;
    }

    /// Makes downloads hold this from now on.
    pub fn set_download(&self, options: DownloadOptions) {
        self.shared.world().download = options;
    }

    /// How many requests the server is working on whose path has the same first segment as this one: `/auth/`, say.
    pub fn in_flight(&self, path: &str) -> InFlight {
        self.shared.world().flights.of(path)
    }

    /// Milliseconds since the start, as in [`LogEntry::at_ms`].
    pub fn at_ms(&self) -> u64 {
        self.shared.at_ms()
    }

    /// Back to the start: everything as the options had it, and nothing remembered. Connections stay open.
    pub fn reset(&self) {
        self.shared.reset();
    }
}

impl std::fmt::Debug for Emulator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Emulator").field("base_url", &self.base_url).finish_non_exhaustive()
    }
}
