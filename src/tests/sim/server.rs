//! Boomi as a script, in process: what a server would count, see and answer, at virtual times.
//!
//! It is a [`Transport`], so everything above it is the real code. Its lock is never held while it sleeps, and what it
//! answers is decided at one moment, half a latency after the request was sent.

#![allow(dead_code)]

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use serde_json::json;
use ureq::http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::client::Client;
use crate::clock::Clock;
use crate::config::Config;
use crate::credentials::{Credentials, TOKEN_PREFIX};
use crate::error::{Error, ErrorKind};
use crate::otp::OtpSecret;
use crate::tests::sim::clock::Random;
use crate::transport::deadline::Deadline;
use crate::transport::progress::Phase;
use crate::transport::{Body, Incoming, Outgoing, Transport};

pub(crate) const ACCOUNT: &str = "account123";
pub(crate) const PASSWORD: &str = "right-password";
pub(crate) const TOKEN: &str = "123aab45-67b8-9012-3a45-67c8e9e01e23";
pub(crate) const OTP_SECRET: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

const OTP_HEADER: &str = "x-boomi-otp";
const JWT_PATH: &str = "/auth/jwt/generate/";
/// As many rejections in a row lock a user. (Boomi: "six failed attempts".)
const REJECTIONS_THAT_LOCK: u32 = 6;
/// One code that comes again within this time is the same code, and not another step's that looks like it.
const CODES_ARE_KNOWN_FOR: Duration = Duration::from_secs(600);

/// Status, headers and body.
pub(crate) type Answer = (u16, Vec<(&'static str, String)>, String);
/// Answers instead of the server, where it gives an answer; a request without one goes the usual way.
pub(crate) type Hook = Arc<dyn Fn(&Entry) -> Option<Answer> + Send + Sync>;
/// Whether the answer to a request is lost, after it was decided on.
pub(crate) type Loss = Arc<dyn Fn(&Entry) -> bool + Send + Sync>;

/// The server. See the module's text. All times are since it was made, and go on in suspend.
pub(crate) struct Issuer {
    clock: Arc<dyn Clock>,
    made: Duration,
    /// By the server's clock, when it was made.
    unix: Duration,
    user: String,
    state: Mutex<State>,
}

struct State {
    script: Script,
    random: Random,
    users: BTreeMap<String, User>,
    jwts: BTreeMap<String, Jwt>,
    /// The last of each account.
    last: BTreeMap<String, (Duration, String)>,
    accounts: BTreeMap<String, Account>,
    log: Vec<Entry>,
    counts: Counts,
    sign_ins_in_flight: usize,
}

/// How the server behaves. May be changed at any time, with [`Issuer::script`].
#[derive(Clone)]
pub(crate) struct Script {
    /// Of each answer, half of it before and half after the decision: the least and the most.
    pub(crate) latency: (Duration, Duration),
    /// More latency, after the decision, for what is answered with a rejection.
    pub(crate) slower_rejections: Duration,
    /// The same for accepted sign-ins.
    pub(crate) slower_acceptances: Duration,
    pub(crate) outages: Vec<Outage>,
    pub(crate) password_changes: Vec<PasswordChange>,
    /// Paths that answer 401 to everybody.
    pub(crate) refused_paths: BTreeSet<String>,
    pub(crate) jwt: JwtScript,
    /// How far the server's clock is from the truth, for Date, claims, expiry and codes.
    pub(crate) clock_offset_seconds: i64,
    pub(crate) date: bool,
    pub(crate) answer: Option<Hook>,
    /// The connection closes instead.
    pub(crate) loses: Option<Loss>,
    /// So long does each byte of a body take that is read piece by piece.
    pub(crate) dripping: Duration,
    /// Whether requests go out on connections that were kept, where there was one.
    pub(crate) keeps_connections: bool,
    /// Without, requests with a JWT are counted but not logged, for simulations of millions of them.
    pub(crate) log_bearers: bool,
}

/// What the JWTs are like.
#[derive(Clone)]
pub(crate) struct JwtScript {
    pub(crate) lifetime: Duration,
    pub(crate) iat: bool,
    pub(crate) exp: bool,
    pub(crate) milliseconds: bool,
    /// The same JWT is handed out again for so long.
    pub(crate) same_for: Duration,
    /// How long ago a new one says it was made.
    pub(crate) age: Duration,
}

/// A time in which the server does something else.
#[derive(Clone)]
pub(crate) struct Outage {
    pub(crate) from: Duration,
    pub(crate) to: Duration,
    pub(crate) kind: OutageKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OutageKind {
    /// No connection, at once.
    Refuse,
    /// No connection, until the client has waited long enough.
    Swallow,
    /// The request goes out, and no answer ever comes. Nothing is counted as decided.
    Hang,
    /// 503, perhaps with Retry-After in seconds. Says nothing about credentials.
    Unavailable(Option<u64>),
    /// Every sign-in is rejected.
    Reject,
}

/// From `at`, the password of `user` is `password`.
#[derive(Clone)]
pub(crate) struct PasswordChange {
    pub(crate) at: Duration,
    pub(crate) user: String,
    pub(crate) password: String,
}

#[derive(Default)]
struct User {
    password: Option<String>,
    token: Option<String>,
    otp: Option<OtpSecret>,
    codes: Vec<(Duration, String)>,
    counts: UserCounts,
}

/// What happened to a user, known or not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct UserCounts {
    pub(crate) accepted: u32,
    pub(crate) rejected: u32,
    /// Rejections since the last acceptance.
    pub(crate) in_a_row: u32,
    pub(crate) most_in_a_row: u32,
    pub(crate) locked: bool,
    /// One-time codes that came before.
    pub(crate) repeated_codes: u32,
    /// One-time codes that are neither this step's nor the last one's.
    pub(crate) wrong_codes: u32,
    /// Passwords of a user with two-factor authentication without a code.
    pub(crate) missing_codes: u32,
    /// One-time codes beside an API token.
    pub(crate) needless_codes: u32,
}

/// What happened in all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Requests that had Basic credentials, exchanges among them.
    pub(crate) sign_ins: u64,
    pub(crate) most_sign_ins_in_flight: usize,
    pub(crate) exchanges: u64,
    pub(crate) bearers: u64,
    pub(crate) bearers_refused: u64,
    /// Requests without any Authorization.
    pub(crate) probes: u64,
    /// Requests that got no answer: refused, swallowed, left hanging, or given up by the client.
    pub(crate) unanswered: u64,
}

/// What happened to an account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) exchanges: u64,
    /// Exchanges that were answered with a JWT, whether the client waited for it or not.
    pub(crate) issued: u64,
    pub(crate) in_flight: usize,
    pub(crate) most_in_flight: usize,
}

struct Jwt {
    /// In the server's clock.
    expires: Duration,
    account: String,
    revoked: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Nothing,
    Password,
    Token,
    Bearer,
    /// An Authorization that cannot be read.
    Unreadable,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It is under way.
    Waiting,
    Answered(u16),
    /// The server answered so, and the client had gone by then.
    GivenUp(u16),
    /// The server answered so, and the connection closed before that arrived.
    Lost(u16),
    Refused,
    Swallowed,
    Hung,
}

/// A request, as the log shows it.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// When it was sent.
    pub(crate) at: Duration,
    /// When the client had its answer or went away.
    pub(crate) ended: Duration,
    pub(crate) method: String,
    pub(crate) path: String,
    /// What follows the path's question mark.
    pub(crate) query: String,
    pub(crate) content_type: Option<String>,
    pub(crate) body: String,
    pub(crate) kind: Kind,
    /// Without the prefix of API tokens.
    pub(crate) user: String,
    /// Of an exchange: that of its path. With a JWT: the JWT's.
    pub(crate) account: String,
    pub(crate) code: Option<String>,
    /// An exchange that began while another of its account was under way.
    pub(crate) overlaps: bool,
    pub(crate) outcome: Outcome,
    secret: String,
}

impl Entry {
    pub(crate) fn is_exchange(&self) -> bool {
        self.path.starts_with(JWT_PATH)
    }

    pub(crate) fn is_sign_in(&self) -> bool {
        matches!(self.kind, Kind::Password | Kind::Token)
    }

    /// The status that the server decided on, whether it arrived or not.
    pub(crate) fn status(&self) -> Option<u16> {
        match self.outcome {
            Outcome::Answered(status) | Outcome::GivenUp(status) | Outcome::Lost(status) => Some(status),
            _ => None,
        }
    }

    fn takes_bearers(&self) -> bool {
        self.path == "/graphql" || self.path.starts_with("/bearer/")
    }
}

impl Default for Script {
    fn default() -> Self {
        Script {
            latency: (Duration::ZERO, Duration::ZERO),
            slower_rejections: Duration::ZERO,
            slower_acceptances: Duration::ZERO,
            outages: Vec::new(),
            password_changes: Vec::new(),
            refused_paths: BTreeSet::new(),
            jwt: JwtScript {
                lifetime: Duration::from_secs(300),
                iat: true,
                exp: true,
                milliseconds: false,
                same_for: Duration::ZERO,
                age: Duration::ZERO,
            },
            clock_offset_seconds: 0,
            date: true,
            answer: None,
            loses: None,
            dripping: Duration::ZERO,
            keeps_connections: true,
            log_bearers: true,
        }
    }
}

impl Issuer {
    /// A server with one user, who has a name of its own, [`PASSWORD`] and [`TOKEN`].
    pub(crate) fn new(clock: Arc<dyn Clock>, seed: u64) -> Arc<Self> {
        // The guard remembers users for the whole process, and tests share one.
        static USERS: AtomicU64 = AtomicU64::new(1);
        let user = format!("user-{}@example.com", USERS.fetch_add(1, Ordering::Relaxed));
        let state = State {
            script: Script::default(),
            random: Random::new(seed),
            users: BTreeMap::new(),
            jwts: BTreeMap::new(),
            last: BTreeMap::new(),
            accounts: BTreeMap::new(),
            log: Vec::new(),
            counts: Counts::default(),
            sign_ins_in_flight: 0,
        };
        let (made, unix) = (clock.boottime(), clock.wall());
        let issuer = Arc::new(Issuer { clock, made, unix, user: user.clone(), state: Mutex::new(state) });
        issuer.add_user(&user, Some(PASSWORD), Some(TOKEN));
        issuer
    }

    /// The name of the user it was made with.
    pub(crate) fn user_name(&self) -> &str {
        &self.user
    }

    /// Adds a user, or gives it other secrets. What was counted stays.
    pub(crate) fn add_user(&self, name: &str, password: Option<&str>, token: Option<&str>) {
        let mut state = self.state();
        let user = state.users.entry(name.to_owned()).or_default();
        (user.password, user.token) = (password.map(str::to_owned), token.map(str::to_owned));
    }

    /// From now on the user has two-factor authentication.
    pub(crate) fn require_codes(&self, name: &str, secret: &str) {
        let secret = OtpSecret::parse(secret).expect("a good secret");
        self.state().users.entry(name.to_owned()).or_default().otp = Some(secret);
    }

    /// What an administrator does to a locked user.
    pub(crate) fn unlock(&self, name: &str) {
        let mut state = self.state();
        let counts = &mut state.users.entry(name.to_owned()).or_default().counts;
        (counts.locked, counts.in_a_row) = (false, 0);
    }

    /// Changes how the server behaves from now on.
    pub(crate) fn script(&self, change: impl FnOnce(&mut Script)) {
        change(&mut self.state().script);
    }

    pub(crate) fn set_latency(&self, least: Duration, most: Duration) {
        self.script(|script| script.latency = (least, most));
    }

    pub(crate) fn add_outage(&self, from: Duration, to: Duration, kind: OutageKind) {
        self.script(|script| script.outages.push(Outage { from, to, kind }));
    }

    pub(crate) fn change_password(&self, at: Duration, user: &str, password: &str) {
        let change = PasswordChange { at, user: user.to_owned(), password: password.to_owned() };
        self.script(|script| script.password_changes.push(change));
    }

    pub(crate) fn refuse_path(&self, path: &str) {
        self.script(|script| script.refused_paths.extend([path.to_owned()]));
    }

    pub(crate) fn set_answer(&self, answer: impl Fn(&Entry) -> Option<Answer> + Send + Sync + 'static) {
        self.script(|script| script.answer = Some(Arc::new(answer)));
    }

    /// Answers that are lost on their way.
    pub(crate) fn set_loses(&self, loses: impl Fn(&Entry) -> bool + Send + Sync + 'static) {
        self.script(|script| script.loses = Some(Arc::new(loses)));
    }

    /// Refuses every JWT that was issued so far, and hands none of them out again.
    pub(crate) fn revoke_all(&self) {
        let mut state = self.state();
        state.jwts.values_mut().for_each(|jwt| jwt.revoked = true);
        state.last.clear();
    }

    pub(crate) fn counts(&self) -> Counts {
        self.state().counts.clone()
    }

    pub(crate) fn user_counts(&self, name: &str) -> UserCounts {
        self.state().users.get(name).map(|user| user.counts.clone()).unwrap_or_default()
    }

    pub(crate) fn account(&self, account: &str) -> Account {
        self.state().accounts.get(account).cloned().unwrap_or_default()
    }

    pub(crate) fn log(&self) -> Vec<Entry> {
        self.state().log.clone()
    }

    /// The times at which sign-ins were sent, and what came of each.
    pub(crate) fn sign_ins(&self) -> Vec<(Duration, Outcome)> {
        self.state().log.iter().filter(|entry| entry.is_sign_in()).map(|entry| (entry.at, entry.outcome)).collect()
    }

    /// Time since it was made.
    pub(crate) fn elapsed(&self) -> Duration {
        self.clock.boottime().saturating_sub(self.made)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits as a client does: until it loses max_wait.
    fn pass(&self, deadline: &Deadline, duration: Duration) -> Result<(), Error> {
        let end = self.clock.boottime() + duration;
        loop {
            let left = end.saturating_sub(self.clock.boottime());
            if left.is_zero() {
                return Ok(());
            }
            self.clock.sleep(left.min(deadline.remaining()).min(self.clock.slice()));
            deadline.check()?;
        }
    }

    /// Waits until the client loses max_wait.
    fn pass_all(&self, deadline: &Deadline) -> Error {
        loop {
            if let Err(error) = self.pass(deadline, Duration::from_secs(3600)) {
                return error;
            }
        }
    }

    fn outage(&self) -> Option<OutageKind> {
        self.state().outage(self.elapsed())
    }

    /// A connection for the request, which kept ones make superfluous for latency, but not for outages.
    fn connect(&self, deadline: &Deadline, flight: &mut Flight<'_>) -> Result<(), Error> {
        deadline.progress.set_phase(Phase::Connect);
        match self.outage() {
            Some(OutageKind::Refuse) => {
                flight.entry.outcome = Outcome::Refused;
                let text = format!("no connection to {}: refused", deadline.host());
                Err(Error::new(ErrorKind::Connect, text).retryable(true))
            }
            Some(OutageKind::Swallow) => {
                flight.entry.outcome = Outcome::Swallowed;
                deadline.set_connecting(true);
                let error = self.pass_all(deadline);
                deadline.set_connecting(false);
                Err(error)
            }
            _ => {
                if !self.state().script.keeps_connections {
                    deadline.set_connecting(true);
                    deadline.set_connecting(false);
                }
                Ok(())
            }
        }
    }

    fn converse(&self, deadline: &Deadline, flight: &mut Flight<'_>) -> Result<Answer, Error> {
        self.connect(deadline, flight)?;
        deadline.progress.set_phase(Phase::Send);
        deadline.progress.mark_sent(deadline.clock());
        deadline.progress.mark_all_sent(deadline.clock());
        flight.sent();
        deadline.progress.set_phase(Phase::Receive);
        let half = self.state().latency() / 2;
        // A client that goes away now does not take its request back. The decision comes a little early then.
        let waited = self.pass(deadline, half);
        if self.outage() == Some(OutageKind::Hang) {
            flight.entry.outcome = Outcome::Hung;
            self.state().note_code(&flight.entry, self.elapsed());
            waited?;
            return Err(self.pass_all(deadline));
        }
        let (answer, slower) = self.decide(&mut flight.entry);
        flight.entry.outcome = Outcome::GivenUp(answer.0);
        waited?;
        self.pass(deadline, half + slower)?;
        let loses = self.state().script.loses.clone();
        if loses.is_some_and(|loses| loses(&flight.entry)) {
            flight.entry.outcome = Outcome::Lost(answer.0);
            let text = format!("{} closed the connection before it answered", deadline.host());
            return Err(Error::new(ErrorKind::Connect, text).retryable(true));
        }
        flight.entry.outcome = Outcome::Answered(answer.0);
        Ok(answer)
    }

    /// The answer, everything it changes, and how much later than usual it comes.
    fn decide(&self, entry: &mut Entry) -> (Answer, Duration) {
        let hook = self.state().script.answer.clone();
        // Not under the lock: it may ask for what was counted.
        let hooked = hook.and_then(|hook| hook(entry));
        let now = self.elapsed();
        let mut state = self.state();
        let server = self.server_time(&state.script, now);
        state.decide(entry, hooked, now, server)
    }

    fn server_time(&self, script: &Script, now: Duration) -> Duration {
        let offset = Duration::from_secs(script.clock_offset_seconds.unsigned_abs());
        let now = self.unix + now;
        if script.clock_offset_seconds < 0 { now.saturating_sub(offset) } else { now + offset }
    }

    fn incoming(&self, (status, fields, body): Answer) -> Incoming {
        let mut headers = HeaderMap::new();
        let state = self.state();
        if state.script.date {
            let date = UNIX_EPOCH + self.server_time(&state.script, self.elapsed());
            headers.insert(header::DATE, value(&httpdate::fmt_http_date(date)));
        }
        for (name, text) in fields {
            headers.insert(HeaderName::from_bytes(name.as_bytes()).expect("a header's name"), value(&text));
        }
        let announced = Some(body.len() as u64);
        Incoming {
            status,
            headers,
            announced,
            body: Box::new(Text { bytes: body.into_bytes(), read: 0, dripping: state.script.dripping }),
        }
    }
}

impl Transport for Issuer {
    fn round_trip(&self, request: Outgoing<'_>, deadline: &Rc<Deadline>) -> Result<Incoming, Error> {
        deadline.check()?;
        let mut flight = Flight::begin(self, read_request(&request));
        let answer = self.converse(deadline, &mut flight).map_err(|error| error.sent(deadline.progress.was_sent()))?;
        drop(flight);
        Ok(self.incoming(answer))
    }
}

/// A request under way. Ends also when its thread panics.
struct Flight<'a> {
    issuer: &'a Issuer,
    entry: Entry,
    index: Option<usize>,
    sent: bool,
}

impl<'a> Flight<'a> {
    fn begin(issuer: &'a Issuer, mut entry: Entry) -> Self {
        entry.at = issuer.elapsed();
        let mut state = issuer.state();
        if entry.kind == Kind::Bearer {
            entry.account = state.jwts.get(&entry.secret).map(|jwt| jwt.account.clone()).unwrap_or_default();
        }
        if entry.is_exchange() {
            entry.overlaps = state.accounts.entry(entry.account.clone()).or_default().in_flight > 0;
        }
        let logged = state.script.log_bearers || entry.kind != Kind::Bearer;
        let index = logged.then_some(state.log.len());
        if logged {
            state.log.push(entry.clone());
        }
        drop(state);
        Flight { issuer, entry, index, sent: false }
    }

    fn sent(&mut self) {
        self.sent = true;
        self.issuer.state().begin(&self.entry);
    }
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        self.entry.ended = self.issuer.elapsed();
        let mut state = self.issuer.state();
        if self.sent {
            state.end(&self.entry);
        }
        if !matches!(self.entry.outcome, Outcome::Answered(_)) {
            state.counts.unanswered += 1;
        }
        if let Some(index) = self.index {
            state.log[index] = self.entry.clone();
        }
    }
}

impl State {
    fn outage(&self, now: Duration) -> Option<OutageKind> {
        self.script.outages.iter().find(|outage| (outage.from..outage.to).contains(&now)).map(|outage| outage.kind)
    }

    fn latency(&mut self) -> Duration {
        let (least, most) = self.script.latency;
        self.random.between(least, most)
    }

    fn begin(&mut self, entry: &Entry) {
        match entry.kind {
            Kind::Nothing => self.counts.probes += 1,
            Kind::Bearer => self.counts.bearers += 1,
            Kind::Password | Kind::Token => {
                self.counts.sign_ins += 1;
                self.sign_ins_in_flight += 1;
                self.counts.most_sign_ins_in_flight = self.counts.most_sign_ins_in_flight.max(self.sign_ins_in_flight);
            }
            Kind::Unreadable => {}
        }
        if entry.is_exchange() {
            self.counts.exchanges += 1;
            let account = self.accounts.entry(entry.account.clone()).or_default();
            account.exchanges += 1;
            account.in_flight += 1;
            account.most_in_flight = account.most_in_flight.max(account.in_flight);
        }
    }

    fn end(&mut self, entry: &Entry) {
        if entry.is_sign_in() {
            self.sign_ins_in_flight -= 1;
        }
        if entry.is_exchange() {
            self.accounts.entry(entry.account.clone()).or_default().in_flight -= 1;
        }
    }

    fn decide(&mut self, entry: &Entry, hooked: Option<Answer>, now: Duration, server: Duration) -> (Answer, Duration) {
        self.change_passwords(now);
        let first_time = self.note_code(entry, now);
        let outage = self.outage(now);
        let (answer, accepted) = match (hooked, outage) {
            (Some(answer), _) => (answer, false),
            (None, Some(OutageKind::Unavailable(after))) => (unavailable(after), false),
            (None, Some(OutageKind::Reject)) if entry.is_sign_in() => (rejection(), false),
            (None, _) if self.script.refused_paths.contains(&entry.path) => (rejection(), false),
            (None, _) if entry.is_sign_in() && !entry.takes_bearers() => {
                if self.is_good_sign_in(entry, first_time, server) {
                    (self.serve(entry, now, server), true)
                } else {
                    (rejection(), false)
                }
            }
            (None, _) if entry.kind == Kind::Bearer && entry.takes_bearers() && self.is_good_jwt(entry, server) => {
                (self.serve(entry, now, server), false)
            }
            (None, _) => (rejection(), false),
        };
        let slower = self.count(entry, accepted, &answer);
        (answer, slower)
    }

    /// Counts the verdict; returns how much later than usual it is told.
    fn count(&mut self, entry: &Entry, accepted: bool, answer: &Answer) -> Duration {
        let rejected = is_rejection(answer);
        if rejected && entry.kind == Kind::Bearer {
            self.counts.bearers_refused += 1;
        }
        if !entry.is_sign_in() {
            return Duration::ZERO;
        }
        let counts = &mut self.users.entry(entry.user.clone()).or_default().counts;
        if rejected {
            counts.rejected += 1;
            counts.in_a_row += 1;
            counts.most_in_a_row = counts.most_in_a_row.max(counts.in_a_row);
            counts.locked |= counts.in_a_row >= REJECTIONS_THAT_LOCK;
            return self.script.slower_rejections;
        }
        if accepted {
            counts.accepted += 1;
            counts.in_a_row = 0;
            return self.script.slower_acceptances;
        }
        Duration::ZERO
    }

    fn change_passwords(&mut self, now: Duration) {
        let mut due: Vec<_> = self.script.password_changes.extract_if(.., |change| change.at <= now).collect();
        due.sort_by_key(|change| change.at);
        for change in due {
            self.users.entry(change.user).or_default().password = Some(change.password);
        }
    }

    /// Remembers the code of a request that arrived. Returns whether it is new.
    fn note_code(&mut self, entry: &Entry, now: Duration) -> bool {
        let Some(code) = &entry.code else { return true };
        let user = self.users.entry(entry.user.clone()).or_default();
        user.codes.retain(|(at, _)| *at + CODES_ARE_KNOWN_FOR > now);
        let repeated = user.codes.iter().any(|(_, known)| known == code);
        user.counts.repeated_codes += u32::from(repeated);
        user.counts.needless_codes += u32::from(entry.kind == Kind::Token);
        user.codes.push((now, code.clone()));
        !repeated
    }

    fn is_good_sign_in(&mut self, entry: &Entry, first_time: bool, server: Duration) -> bool {
        let user = self.users.entry(entry.user.clone()).or_default();
        // Codes are judged also beside a bad password, so that bad ones are counted.
        let code_is_good = entry.kind == Kind::Token || user.judge_code(entry.code.as_deref(), server);
        let secret = if entry.kind == Kind::Token { &user.token } else { &user.password };
        let secret_is_good = secret.as_ref() == Some(&entry.secret);
        secret_is_good && code_is_good && first_time && !user.counts.locked
    }

    fn is_good_jwt(&self, entry: &Entry, server: Duration) -> bool {
        self.jwts.get(&entry.secret).is_some_and(|jwt| !jwt.revoked && server < jwt.expires)
    }

    fn serve(&mut self, entry: &Entry, now: Duration, server: Duration) -> Answer {
        if entry.is_exchange() {
            self.accounts.entry(entry.account.clone()).or_default().issued += 1;
            return (200, vec![("content-type", "text/plain".into())], self.jwt(&entry.account, now, server));
        }
        let body = if entry.path == "/graphql" { json!({ "data": {} }) } else { json!({ "path": entry.path }) };
        (200, vec![("content-type", "application/json".into())], body.to_string())
    }

    /// A new JWT for an account, or its last one again.
    fn jwt(&mut self, account: &str, now: Duration, server: Duration) -> String {
        if let Some((made, jwt)) = self.last.get(account)
            && now < *made + self.script.jwt.same_for
        {
            return jwt.clone();
        }
        let issued = server.saturating_sub(self.script.jwt.age);
        let expires = issued + self.script.jwt.lifetime;
        let text = self.script.jwt.text(account, issued, expires, self.jwts.len());
        self.jwts.insert(text.clone(), Jwt { expires, account: account.to_owned(), revoked: false });
        self.last.insert(account.to_owned(), (now, text.clone()));
        text
    }
}

impl User {
    fn judge_code(&mut self, code: Option<&str>, server: Duration) -> bool {
        let Some(secret) = &self.otp else { return true };
        let Some(code) = code else {
            self.counts.missing_codes += 1;
            return false;
        };
        let step = secret.step(server.as_secs());
        let good = [step, step.saturating_sub(1)].iter().any(|step| secret.code(*step).expose() == code);
        self.counts.wrong_codes += u32::from(!good);
        good
    }
}

impl JwtScript {
    fn text(&self, account: &str, issued: Duration, expires: Duration, number: usize) -> String {
        let time = |at: Duration| if self.milliseconds { at.as_millis() as u64 } else { at.as_secs() };
        let mut claims = json!({ "sub": account, "jti": number });
        if self.iat {
            claims["iat"] = json!(time(issued));
        }
        if self.exp {
            claims["exp"] = json!(time(expires));
        }
        let parts = [json!({ "alg": "RS256", "typ": "JWT" }).to_string(), claims.to_string(), "signature".into()];
        parts.map(|part| BASE64_URL_SAFE_NO_PAD.encode(part)).join(".")
    }
}

/// An answer's body, all of it at hand.
struct Text {
    bytes: Vec<u8>,
    read: usize,
    dripping: Duration,
}

impl Body for Text {
    fn read(&mut self, buffer: &mut [u8], deadline: &Rc<Deadline>) -> Result<usize, Error> {
        deadline.progress.set_phase(Phase::Body);
        let rest = &self.bytes[self.read..];
        let mut amount = rest.len().min(buffer.len());
        if !self.dripping.is_zero() && amount > 0 {
            deadline.wait(self.dripping)?;
            amount = 1;
        }
        buffer[..amount].copy_from_slice(&rest[..amount]);
        self.read += amount;
        Ok(amount)
    }
}

fn value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).expect("a header's value")
}

fn rejection() -> Answer {
    (401, Vec::new(), "<error><message>Unauthorized</message></error>".into())
}

fn unavailable(retry_after: Option<u64>) -> Answer {
    (503, retry_after.map(|seconds| ("retry-after", seconds.to_string())).into_iter().collect(), String::new())
}

fn is_rejection((status, _, body): &Answer) -> bool {
    *status == 401 || (*status == 403 && body.contains("error.user.login"))
}

fn read_request(request: &Outgoing<'_>) -> Entry {
    let path = request.uri.path().to_owned();
    let header = |name: &str| request.headers.get(name)?.to_str().ok().map(str::to_owned);
    let (kind, user, secret) = read_authorization(header("authorization").as_deref());
    Entry {
        at: Duration::ZERO,
        ended: Duration::ZERO,
        method: request.method.to_string(),
        account: path.strip_prefix(JWT_PATH).unwrap_or_default().to_owned(),
        path,
        query: request.uri.query().unwrap_or_default().to_owned(),
        content_type: header("content-type"),
        body: String::from_utf8_lossy(request.body.unwrap_or_default()).into_owned(),
        kind,
        user,
        code: header(OTP_HEADER),
        overlaps: false,
        outcome: Outcome::Waiting,
        secret,
    }
}

fn read_authorization(value: Option<&str>) -> (Kind, String, String) {
    let Some(value) = value else { return (Kind::Nothing, String::new(), String::new()) };
    if let Some(jwt) = value.strip_prefix("Bearer ") {
        return (Kind::Bearer, String::new(), jwt.to_owned());
    }
    let basic = || {
        let decoded = String::from_utf8(BASE64_STANDARD.decode(value.strip_prefix("Basic ")?).ok()?).ok()?;
        let (user, secret) = decoded.split_once(':')?;
        let (kind, user) = match user.strip_prefix(TOKEN_PREFIX) {
            Some(user) => (Kind::Token, user),
            None => (Kind::Password, user),
        };
        Some((kind, user.to_owned(), secret.to_owned()))
    };
    basic().unwrap_or((Kind::Unreadable, String::new(), String::new()))
}

/// A client of the issuer, with its user's password, and whatever else `configure` sets.
pub(crate) fn client(issuer: &Arc<Issuer>, clock: Arc<dyn Clock>, configure: impl FnOnce(&mut Config)) -> Client {
    let mut config = Config::default();
    config.set_base_url(crate::origin::BASE_URL_US).unwrap();
    config.set_account_id(ACCOUNT).unwrap();
    config.set_credentials(Credentials::password(issuer.user_name(), PASSWORD)).unwrap();
    // Not the environment's.
    config.set_proxy("").unwrap();
    // Crowds come and go as they like; who tests the pace sets one.
    config.set_requests_per_second(0).unwrap();
    config.transport = Some(issuer.clone());
    config.clock = Some(clock);
    configure(&mut config);
    Client::new(config).unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::{AuthScheme, Response};
    use crate::credentials::{CredentialKind, auth_header};
    use crate::tests::sim::clock::Sim;

    const NOW: u64 = 1_800_000_000;
    const SECOND: Duration = Duration::from_secs(1);
    const EXCHANGE: &str = "/auth/jwt/generate/{accountId}";

    struct World {
        sim: Arc<Sim>,
        issuer: Arc<Issuer>,
        client: Client,
    }

    impl World {
        fn new(configure: impl FnOnce(&mut Config)) -> Self {
            let sim = Sim::new(NOW, 1);
            let issuer = Issuer::new(sim.clone(), 1);
            let client = client(&issuer, sim.clone(), configure);
            World { sim, issuer, client }
        }

        /// Sends with an Authorization of the test's own, past whatever the client knows about its credentials.
        fn send_as(&self, path: &str, authorization: &str, code: Option<&str>) -> crate::Result<Response> {
            let mut request = self.client.get(path).auth(AuthScheme::None);
            if !authorization.is_empty() {
                request = request.secret_header("Authorization", authorization);
            }
            if let Some(code) = code {
                request = request.secret_header("X-Boomi-OTP", code);
            }
            request.send()
        }

        fn basic(&self, password: &str) -> String {
            auth_header(CredentialKind::Password, self.issuer.user_name(), password).unwrap().expose().to_owned()
        }

        fn status_as(&self, path: &str, authorization: &str, code: Option<&str>) -> u16 {
            self.send_as(path, authorization, code).unwrap().status()
        }

        fn user(&self) -> UserCounts {
            self.issuer.user_counts(self.issuer.user_name())
        }
    }

    #[test]
    fn jwts_are_taken_while_they_live_and_are_not_revoked() {
        let world = World::new(|_| {});
        let token = world.client.token().unwrap();
        assert_eq!((token.lifetime(), token.expires_at()), (300 * SECOND, NOW as i64 + 300));
        let sent = world.client.get("/bearer/x").auth(AuthScheme::Jwt).send().unwrap();
        assert_eq!(sent.status(), 200);
        let status = |path| world.status_as(path, token.header(), None);
        assert_eq!((status("/graphql"), status("/api/rest/v1/x")), (200, 401));
        world.sim.advance(299 * SECOND);
        assert_eq!(status("/bearer/x"), 200);
        world.sim.advance(SECOND);
        assert_eq!(status("/bearer/x"), 401);

        let newer = world.client.generate_jwt(None, None).unwrap();
        assert_eq!(world.status_as("/bearer/x", newer.header(), None), 200);
        world.issuer.revoke_all();
        assert_eq!(world.status_as("/bearer/x", newer.header(), None), 401);
        let account = world.issuer.account(ACCOUNT);
        assert_eq!((account.exchanges, account.issued, account.most_in_flight), (2, 2, 1));
        assert_eq!(world.issuer.counts().bearers_refused, 3);
    }

    #[test]
    fn claims_follow_the_script() {
        let world = World::new(|_| {});
        let mut numbers = 0..;
        let mut ask = |change: fn(&mut Script)| {
            world.issuer.script(|script| {
                *script = Script::default();
                change(script);
            });
            let account = format!("account-{}", numbers.next().unwrap());
            let ask = || world.client.generate_jwt(Some(&account), None).unwrap();
            let first = ask();
            world.sim.advance(10 * SECOND);
            let again = ask();
            (first.lifetime().as_secs(), again.left_on_arrival().as_secs(), first.jwt() == again.jwt())
        };
        assert_eq!(ask(|script| script.jwt.lifetime = 60 * SECOND), (60, 60, false));
        assert_eq!(ask(|script| (script.jwt.iat, script.clock_offset_seconds) = (false, -7200)), (300, 300, false));
        assert_eq!(ask(|script| (script.jwt.milliseconds, script.jwt.lifetime) = (true, 90 * SECOND)), (90, 90, false));
        assert_eq!(ask(|script| (script.jwt.exp, script.jwt.lifetime) = (false, 90 * SECOND)), (300, 300, false));
        assert_eq!(ask(|script| script.jwt.same_for = 60 * SECOND), (300, 290, true));
        assert_eq!(ask(|script| script.jwt.age = 100 * SECOND), (300, 200, false));
        assert_eq!(ask(|script| (script.jwt.age, script.date) = (100 * SECOND, false)), (300, 300, false));
    }

    #[test]
    fn the_sixth_rejection_in_a_row_locks() {
        let world = World::new(|_| {});
        let status = |password| world.status_as("/x", &world.basic(password), None);
        for _ in 0..5 {
            assert_eq!(status("wrong"), 401);
        }
        assert_eq!(status(PASSWORD), 200);
        for _ in 0..6 {
            assert_eq!(status("wrong"), 401);
        }
        assert_eq!(status(PASSWORD), 401);
        let expected =
            UserCounts { accepted: 1, rejected: 12, in_a_row: 7, most_in_a_row: 7, locked: true, ..Default::default() };
        assert_eq!(world.user(), expected);
        world.issuer.unlock(world.issuer.user_name());
        assert_eq!(status(PASSWORD), 200);
        assert_eq!(world.status_as("/x", "", None), 401);
        assert_eq!(world.issuer.counts().probes, 1);
    }

    #[test]
    fn codes_are_good_for_two_steps_and_once() {
        let world = World::new(|config| config.set_otp_secret(OTP_SECRET).unwrap());
        world.issuer.require_codes(world.issuer.user_name(), OTP_SECRET);
        world.client.generate_jwt(None, None).unwrap();
        let code = |ago: u64| crate::otp::otp_code(OTP_SECRET, world.sim.wall().as_secs() as i64 - ago as i64).unwrap();
        let status = |code: Option<&str>| world.status_as("/x", &world.basic(PASSWORD), code);
        world.sim.advance(300 * SECOND);
        assert_eq!(status(None), 401);
        assert_eq!(status(Some(code(60).expose())), 401);
        assert_eq!(status(Some(code(30).expose())), 200);
        assert_eq!(status(Some(code(0).expose())), 200);
        assert_eq!(status(Some(code(0).expose())), 401);
        let user = world.user();
        assert_eq!((user.missing_codes, user.wrong_codes, user.repeated_codes, user.accepted), (1, 1, 1, 3));
    }

    #[test]
    fn outages_fail_as_networks_and_servers_do() {
        let world = World::new(|config| {
            config.set_timeout(20 * SECOND).unwrap();
            config.set_max_retries(0).unwrap();
        });
        let fail = |kind| {
            let begin = world.issuer.elapsed();
            world.issuer.script(|script| script.outages.clear());
            world.issuer.add_outage(begin, begin + SECOND, kind);
            let result = world.send_as("/x", "", None);
            let error = result.and_then(Response::check).unwrap_err();
            (error.kind(), error.was_sent(), (world.issuer.elapsed() - begin).as_secs(), error.retry_after())
        };
        use ErrorKind::*;
        assert_eq!(fail(OutageKind::Refuse), (Connect, false, 0, None));
        assert_eq!(
            fail(OutageKind::Swallow),
            (Timeout, false, crate::config::Config::DEFAULT_CONNECT_TIMEOUT.as_secs(), None)
        );
        assert_eq!(fail(OutageKind::Hang), (Timeout, true, 20, None));
        assert_eq!(fail(OutageKind::Unavailable(Some(7))), (RateLimited, true, 0, Some(7 * SECOND)));
        let outcomes: Vec<_> = world.issuer.log().iter().map(|entry| entry.outcome).collect();
        assert_eq!(outcomes, [Outcome::Refused, Outcome::Swallowed, Outcome::Hung, Outcome::Answered(503)]);

        world.issuer.add_outage(Duration::ZERO, 3600 * SECOND, OutageKind::Reject);
        world.issuer.script(|script| script.outages.retain(|outage| outage.kind == OutageKind::Reject));
        assert_eq!(world.status_as("/x", &world.basic(PASSWORD), None), 401);
        assert_eq!(world.user().rejected, 1);
    }

    #[test]
    fn what_counts_is_the_moment_of_the_decision() {
        let world = World::new(|config| config.set_timeout(3 * SECOND).unwrap());
        world.issuer.set_latency(2 * SECOND, 2 * SECOND);
        world.issuer.change_password(SECOND / 2, world.issuer.user_name(), "new");
        assert_eq!(world.status_as("/x", &world.basic(PASSWORD), None), 401);
        assert_eq!(world.issuer.elapsed(), 2 * SECOND);
        assert_eq!(world.status_as("/x", &world.basic("new"), None), 200);

        world.issuer.script(|script| script.slower_rejections = 60 * SECOND);
        let error = world.send_as("/x", &world.basic(PASSWORD), None).unwrap_err();
        assert_eq!((error.kind(), error.was_sent()), (ErrorKind::Timeout, true));
        world.issuer.set_latency(60 * SECOND, 60 * SECOND);
        world.send_as("/x", &world.basic(PASSWORD), None).unwrap_err();
        assert_eq!((world.user().rejected, world.user().accepted), (3, 1));
        assert_eq!(world.issuer.elapsed(), 10 * SECOND);
        assert_eq!(world.issuer.sign_ins().last().unwrap().1, Outcome::GivenUp(401));
    }

    #[test]
    fn exchanges_that_overlap_are_seen_and_equal_seeds_are_equal() {
        let run = || {
            let world = World::new(|_| {});
            world.issuer.set_latency(SECOND / 10, SECOND);
            world.issuer.set_answer(|entry| (entry.path == "/hook").then(|| (418, Vec::new(), String::new())));
            world.sim.run(|crew| {
                for _ in 0..8 {
                    crew.spawn(|| {
                        for _ in 0..20 {
                            assert_eq!(world.status_as(EXCHANGE, &world.basic(PASSWORD), None), 200);
                            assert_eq!(world.status_as("/hook", "", None), 418);
                        }
                    });
                }
            });
            assert_eq!(world.issuer.account(ACCOUNT).most_in_flight, 8);
            assert_eq!(world.issuer.counts().most_sign_ins_in_flight, 8);
            let log = world.issuer.log();
            assert!(log.iter().any(|entry| entry.overlaps));
            log.iter().map(|entry| (entry.at, entry.ended, entry.path.clone())).collect::<Vec<_>>()
        };
        assert_eq!(run(), run());
    }
}
