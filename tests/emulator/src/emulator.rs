//! The handle a test holds.

use crate::outage::Line;
use crate::server::{Door, Server};
use crate::tls::Ca;
use crate::world::Shared;
use crate::{BadTls, Delay, InFlight, JwtOptions, LogEntry, Options, Outage, Scripted, UserStatus, control, routes};
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

    /// Shifts the `Date` header of all answers by this much against the server's clock, and nothing else; nothing leaves
    /// it out. A scripted `Date` stays as it is.
    pub fn set_date_offset(&self, seconds: Option<i64>) {
        self.shared.world().date_offset_s = seconds;
    }

    /// How many requests the server is working on whose path has the same first segment as this one: `/auth/`, say.
    pub fn in_flight(&self, path: &str) -> InFlight {
        self.shared.world().flights.of(path)
    }

    /// Milliseconds since the start, as in [`LogEntry::at_ms`].
    pub fn at_ms(&self) -> u64 {
        self.shared.at_ms()
    }

    /// Back to the start: users, clock, JWTs, log, scripts, delays, outage and `Date` as the options had them. Connections
    /// stay open.
    pub fn reset(&self) {
        self.shared.reset();
    }
}

impl std::fmt::Debug for Emulator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Emulator").field("base_url", &self.base_url).finish_non_exhaustive()
    }
}
