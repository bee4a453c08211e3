//! One sign-in with Basic credentials: whose, with which one-time code, when the guard lets it, and what its end means for
//! the next.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;

use super::call::Call;
use super::context::CallContext;
use super::status::Identity;
use crate::config::OtpSource;
use crate::config::env::missing_credentials;
use crate::credentials::{CredentialCache, CredentialKind, Credentials, Loaded};
use crate::error::{Error, ErrorKind, Result};
use crate::event::EventKind;
use crate::fork::PerProcess;
use crate::guard::history::{LoginKind, LoginOutcome};
use crate::guard::totp_steps::TimeStep;
use crate::guard::{self, Admission, Coming, Guard, Held, LoginAttempt, LoginPermit, StepWish, Wait, route_of};
use crate::otp::OtpSecret;
use crate::rate_limit::RatePermit;
use crate::secret::Secret;
use crate::single_flight::SingleFlight;
use crate::sync::Signal;
use crate::text::whole_seconds;
use crate::transport::deadline::{Deadline, Phase};

/// What must be left of a deadline for a request, before a call waits for a new code.
const TIME_FOR_THE_REQUEST: Duration = Duration::from_secs(5);

/// One that had to wait for others does not begin with less.
pub(crate) const TIME_TO_BEGIN: Duration = Duration::from_secs(1);

/// How often credentials are asked for again while those at hand are held, however many calls come.
const BETWEEN_LOOKS: Duration = Duration::from_secs(5);

/// A client's sign-ins.
pub(crate) struct SignIns {
    cache: Option<CredentialCache>,
    otp: Option<OtpSource>,
    guard: Arc<Guard>,
    /// Whether a request was spent on learning the server's time.
    asked_for_time: AtomicBool,
    time_asks: PerProcess<SingleFlight<Error>>,
    /// Who asks where the credentials come from.
    asks: PerProcess<SingleFlight<Error>>,
    /// Before when nobody asks for other credentials than those that are held: steady milliseconds.
    next_look: AtomicU64,
}

/// A sign-in under way.
pub(crate) struct SignIn {
    loaded: Arc<Loaded>,
    code: Option<Secret>,
    /// Whether the user typed the code for this call.
    is_typed: bool,
    place: LoginPermit,
}

/// Of a wait that somebody is to be told of.
const LONGEST_PIECE: Duration = Duration::from_secs(5);

/// What a sign-in is for.
#[derive(Clone, Copy)]
pub(crate) struct Purpose<'a> {
    /// For events: "request", "jwt" or "authorize".
    pub(crate) name: &'static str,
    /// The path of the request that it goes with.
    pub(crate) path: &'a str,
    /// Whether another library sends it.
    pub(crate) foreign: bool,
    /// How long it may wait for leave.
    pub(crate) max_wait: Duration,
    /// The turn of that request, which others may have while it waits for leave or a code.
    pub(crate) turn: Option<&'a RatePermit<'a>>,
    /// Called before it waits, and every few seconds.
    pub(crate) while_waiting: Option<&'a dyn Fn()>,
}

impl Purpose<'_> {
    fn kind(&self) -> LoginKind {
        if self.path.starts_with("/auth/jwt/") { LoginKind::TokenRequest } else { LoginKind::Basic }
    }
}

/// Where a sign-in's code comes from.
enum CodeSource {
    None,
    Typed(Secret),
    Computed(Arc<OtpSecret>),
    Function(Arc<dyn Fn() -> Result<Secret> + Send + Sync>),
}

impl SignIns {
    pub(crate) fn new(credentials: Option<Credentials>, otp: Option<OtpSource>, guard: Guard) -> Self {
        SignIns {
            cache: credentials.map(CredentialCache::new),
            otp,
            guard: Arc::new(guard),
            asked_for_time: AtomicBool::new(false),
            time_asks: PerProcess::empty(),
            asks: PerProcess::empty(),
            next_look: AtomicU64::new(0),
        }
    }

    pub(crate) fn credentials(&self) -> Option<&Credentials> {
        self.cache.as_ref().map(CredentialCache::credentials)
    }

    /// Lets one sign-in through, whatever the guard holds.
    pub(crate) fn reset_guard(&self) {
        let name = self.cache.as_ref().and_then(CredentialCache::username);
        self.guard.reset(name.as_deref());
    }

    /// What the guard knows of this user, and what it would say to a sign-in for a JWT: the user's name, and that. Asks for the
    /// credentials where they come from, and sends nothing.
    pub(crate) fn status(&self, context: &CallContext<'_>) -> Result<(String, guard::Status)> {
        let loaded = self.loaded(context)?;
        let name = loaded.basic.username.clone();
        let status = self.guard.status(&LoginAttempt {
            name: &name,
            secret: &[loaded.basic.secret.as_bytes()],
            kind: LoginKind::TokenRequest,
            route: route_of("/auth/jwt/generate"),
            foreign: false,
            step: None,
        });
        Ok((name, status))
    }

    /// The credentials, asked from where they come from if need be. Nothing is sent.
    pub(crate) fn loaded(&self, context: &CallContext<'_>) -> Result<Arc<Loaded>> {
        load(self, self.cache.as_ref().ok_or_else(missing_credentials)?, context, None)
    }

    /// A code for somebody else to send, by this machine's clock if no answer has told the server's; nobody else gets it. May wait
    /// for the next.
    pub(crate) fn one_time_code(&self, context: &CallContext<'_>) -> Result<Secret> {
        let name = &self.loaded(context)?.basic.username;
        let otp = match self.code_source()? {
            CodeSource::Computed(otp) => otp,
            CodeSource::Function(ask) => return ask(),
            _ => {
                return Err(Error::config(
                    "no OTP secret is set: set BOOMI_OTP_SECRET, for a user with two-factor authentication",
                ));
            }
        };
        let deadline = context.deadline();
        let mut reserved = None;
        loop {
            let server_ms = context.server_time().unwrap_or_else(|| deadline.clock().wall().as_millis() as u64);
            let longest_wait_ms = deadline.remaining().as_millis() as u64;
            let wish = StepWish { period: otp.period(), server_ms, reserved, longest_wait_ms };
            match self.guard.take_step(name, wish) {
                Coming::Now(step) => return Ok(otp.code(step.number)),
                Coming::TooLate(wait) => return Err(no_step(wait)),
                Coming::In(step, wait) => {
                    reserved = Some(step);
                    context.emit(EventKind::OtpAwaited, || json!({ "wait_ms": wait.as_millis() as u64 }));
                    deadline.set_phase(Phase::Code);
                    let waited = deadline.wait(wait);
                    if waited.is_err() {
                        self.guard.give_back(name, step);
                    }
                    waited?;
                }
            }
        }
    }

    /// Gets credentials, leave from the guard, and a code where one is needed. May wait for any of them.
    pub(crate) fn begin(&self, context: &CallContext<'_>, purpose: Purpose<'_>) -> Result<SignIn> {
        let mut attempt = Attempt::new(self, context, purpose)?;
        let result = attempt.run();
        if result.is_err() {
            attempt.give_back();
        }
        result
    }

    /// Learns from the end of a sign-in.
    pub(crate) fn end(&self, sign_in: SignIn, call: Option<&Call>, outcome: LoginOutcome) {
        if outcome == LoginOutcome::Rejected
            && let Some(cache) = &self.cache
        {
            cache.reject(&sign_in.loaded);
        }
        sign_in.place.end(outcome);
        // A code that did not leave can be sent again.
        if outcome == LoginOutcome::NotSent && sign_in.is_typed {
            call.into_iter().zip(sign_in.code).for_each(|(call, code)| call.restore_otp(code));
        }
    }
}

/// A sign-in that waits for its time.
struct Attempt<'a> {
    sign_ins: &'a SignIns,
    context: &'a CallContext<'a>,
    purpose: Purpose<'a>,
    cache: &'a CredentialCache,
    loaded: Arc<Loaded>,
    code: CodeSource,
    reserved: Option<TimeStep>,
    wait_until: Instant,
    /// Whether it had to wait for leave.
    waited: bool,
    /// Whether the owner was told that the guard holds it.
    told: bool,
}

impl<'a> Attempt<'a> {
    fn new(sign_ins: &'a SignIns, context: &'a CallContext<'a>, purpose: Purpose<'a>) -> Result<Self> {
        let cache = sign_ins.cache.as_ref().ok_or_else(missing_credentials)?;
        let deadline = context.deadline();
        let wait_until = deadline.clock().now() + purpose.max_wait.min(deadline.remaining());
        let loaded = load(sign_ins, cache, context, purpose.turn)?;
        let code = code_for(&loaded, sign_ins, context)?;
        Ok(Attempt {
            sign_ins,
            context,
            purpose,
            cache,
            loaded,
            code,
            reserved: None,
            wait_until,
            waited: false,
            told: false,
        })
    }

    fn run(&mut self) -> Result<SignIn> {
        loop {
            match self.ask()? {
                Admission::Go(place) => return self.with_code(place),
                Admission::Probe => self.probe()?,
                Admission::Wait(wait) => self.out_of_turn(|attempt| attempt.wait(wait))?,
                Admission::Held(held) if !self.may_have_others() => return Err(self.held(&held)),
                Admission::Held(_) => {}
                Admission::NoStep(wait) => return Err(no_step(wait)),
                Admission::Unusable(problem) => return Err(unusable(&problem)),
                Admission::Reserved(step, wait) => {
                    self.reserved = Some(step);
                    self.context.emit(EventKind::OtpAwaited, || json!({ "wait_ms": wait.as_millis() as u64 }));
                    self.out_of_turn(|attempt| attempt.wait_for_step(wait))?;
                }
            }
            // While it waited, they may have been rejected, and there may be others, perhaps a token where there was a password.
            let loaded = load(self.sign_ins, self.cache, self.context, self.purpose.turn)?;
            if loaded.basic.kind() != self.loaded.basic.kind() {
                self.give_back();
                self.code = code_for(&loaded, self.sign_ins, self.context)?;
            }
            self.loaded = loaded;
        }
    }

    fn wait_for_step(&self, wait: Duration) -> Result<()> {
        let mut left = wait;
        while !left.is_zero() {
            let piece = self.piece_of(left);
            self.context.deadline().wait(piece)?;
            left -= piece;
        }
        Ok(())
    }

    /// How long to wait at once.
    fn piece_of(&self, wait: Duration) -> Duration {
        let Some(while_waiting) = self.purpose.while_waiting else { return wait };
        while_waiting();
        wait.min(LONGEST_PIECE)
    }

    /// Waits, and lets others go first meanwhile.
    fn out_of_turn(&mut self, wait: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        let turn = self.purpose.turn;
        turn.into_iter().for_each(RatePermit::give_back);
        wait(self)?;
        turn.map_or(Ok(()), RatePermit::wait_again)
    }

    fn ask(&self) -> Result<Admission> {
        let secret = self.loaded.basic.secret.as_bytes();
        let with_code = match &self.code {
            CodeSource::Typed(code) => vec![secret, code.as_bytes()],
            _ => vec![secret],
        };
        let step = match &self.code {
            CodeSource::Computed(otp) => Some(self.step_wish(otp)?),
            _ => None,
        };
        let attempt = LoginAttempt {
            name: self.name(),
            secret: &with_code,
            kind: self.purpose.kind(),
            route: route_of(self.purpose.path),
            foreign: self.purpose.foreign,
            step,
        };
        let answer = self.sign_ins.guard.ask(&attempt, &|path, problem| {
            self.context.emit(EventKind::StateUnavailable, || json!({ "path": path, "problem": problem }));
        });
        // It may have waited for another process.
        self.context.deadline().check()?;
        Ok(answer)
    }

    fn name(&self) -> &str {
        &self.loaded.basic.username
    }

    fn step_wish(&self, otp: &OtpSecret) -> Result<StepWish> {
        let deadline = self.context.deadline();
        self.learn_time()?;
        // Without a Date, this machine's clock has to do.
        let server_ms = self.context.server_time().unwrap_or_else(|| deadline.clock().wall().as_millis() as u64);
        let time_for_more = deadline.remaining().saturating_sub(TIME_FOR_THE_REQUEST);
        let longest_wait_ms = self.patience_left().min(time_for_more).as_millis() as u64;
        Ok(StepWish { period: otp.period(), server_ms, reserved: self.reserved, longest_wait_ms })
    }

    /// Makes one request without credentials if the server's time is not known; calls that come meanwhile wait for its end.
    fn learn_time(&self) -> Result<()> {
        let (context, asked) = (self.context, &self.sign_ins.asked_for_time);
        let time_asks = self.sign_ins.time_asks.get(SingleFlight::default);
        loop {
            let seen = time_asks.count();
            if context.server_time().is_some() || asked.load(Ordering::Acquire) {
                return Ok(());
            }
            time_asks.run_or_wait(
                seen,
                |ended| wait_until_end(context.deadline(), ended, seen),
                || {
                    let result = context.ask_without_credentials("/", None);
                    asked.fetch_or(result.is_ok(), Ordering::AcqRel);
                    result
                },
            )?;
        }
    }

    fn patience_left(&self) -> Duration {
        let deadline = self.context.deadline();
        self.wait_until.saturating_duration_since(deadline.clock().now())
    }

    /// It goes in the turn of the request that it is for, which then needs another.
    fn probe(&self) -> Result<()> {
        let turn = self.purpose.turn;
        let on_sent = turn.and_then(RatePermit::on_sent);
        let asked = self.context.ask_without_credentials(self.purpose.path, on_sent);
        self.sign_ins.guard.end_probe(self.name(), asked.is_ok());
        asked?;
        turn.map_or(Ok(()), RatePermit::wait_again)
    }

    /// Whether other credentials may be had than those that are held: nothing is rejected any more, which is what they were asked
    /// for again after, and who rotates them may be later than that.
    fn may_have_others(&self) -> bool {
        if self.cache.credentials().source_name() == "fixed" {
            return false;
        }
        let now = self.context.deadline().clock().boottime().as_millis() as u64;
        let next = now + BETWEEN_LOOKS.as_millis() as u64;
        let look = |due| (due <= now).then_some(next);
        let is_due = self.sign_ins.next_look.fetch_update(Ordering::AcqRel, Ordering::Acquire, look).is_ok();
        if is_due {
            self.cache.reject(&self.loaded);
        }
        is_due
    }

    /// Waits for what the guard says, if there is the time.
    fn wait(&mut self, wait: Wait) -> Result<()> {
        let max_wait = self.patience_left();
        match &wait.hold {
            Some(held) if held.rest.is_none_or(|rest| rest > max_wait) => return Err(self.held(held)),
            Some(held) => self.tell(held, true),
            None if max_wait.is_zero() => return Err(self.behind_another()),
            None => {}
        }
        self.waited = true;
        let deadline = self.context.deadline();
        deadline.set_phase(Phase::Verdict);
        let at_most = self.piece_of(wait.at_most.min(max_wait));
        deadline.wait_for(&wait.changed, wait.seen, deadline.clock().now() + at_most)
    }

    fn too_late(&self) -> String {
        format!(
            "not sent: this call waited for other sign-ins of {} until less than a second of its time was left: allow more",
            self.name()
        )
    }

    /// Another sign-in is under way, and this call does not wait for its end.
    fn behind_another(&self) -> Error {
        let text = format!("not sent: another sign-in of {} is under way, whose end must be known first", self.name());
        Error::new(ErrorKind::Held, text).with_retry_after(Some(Duration::from_secs(1))).retryable(true)
    }

    fn held(&mut self, held: &Held) -> Error {
        self.told = false;
        self.tell(held, false);
        held.error(self.name(), self.context.deadline().host())
    }

    fn tell(&mut self, held: &Held, waits: bool) {
        if std::mem::replace(&mut self.told, true) {
            return;
        }
        self.context.emit(EventKind::SignInHeld, || {
            json!({
                "host": self.context.deadline().host(),
                "username": self.name(),
                "purpose": self.purpose.name,
                "reason": held.reason(),
                "wait_ms": held.rest.map(|rest| rest.as_millis() as u64),
                "waits": waits,
            })
        });
    }

    fn with_code(&mut self, mut place: LoginPermit) -> Result<SignIn> {
        self.reserved = None;
        let left = self.context.deadline().remaining();
        if self.waited && left < TIME_TO_BEGIN {
            // It would be given up at once, and count as a sign-in whose end nobody knows.
            place.end(LoginOutcome::NotSent);
            return Err(Error::new(ErrorKind::Timeout, self.too_late()).retryable(true));
        }
        let (code, is_typed) = match std::mem::replace(&mut self.code, CodeSource::None) {
            CodeSource::None => (None, false),
            CodeSource::Typed(code) => (Some(code), true),
            CodeSource::Computed(otp) => (place.step.map(|step| otp.code(step.number)), false),
            CodeSource::Function(ask) => match ask() {
                Ok(code) => (Some(code), false),
                Err(error) => {
                    place.end(LoginOutcome::NotSent);
                    return Err(error);
                }
            },
        };
        place.leaves();
        Ok(SignIn { loaded: self.loaded.clone(), code, is_typed, place })
    }

    /// Gives back what was not sent.
    fn give_back(&mut self) {
        if let Some(step) = self.reserved.take() {
            self.sign_ins.guard.give_back(self.name(), step);
        }
        if let CodeSource::Typed(code) = std::mem::replace(&mut self.code, CodeSource::None) {
            self.context.call().into_iter().for_each(|call| call.restore_otp(code.duplicate()));
        }
    }
}

impl SignIns {
    /// Whether codes are computed here, for which the server's time must be known.
    pub(crate) fn computes_codes(&self) -> bool {
        matches!(&self.otp, Some(OtpSource::Secret(_) | OtpSource::File(_)))
    }

    fn code_source(&self) -> Result<CodeSource> {
        match &self.otp {
            None => Ok(CodeSource::None),
            Some(OtpSource::Function(ask)) => Ok(CodeSource::Function(ask.clone())),
            Some(source) => {
                let secret = source.secret().map_err(|error| Error::new(ErrorKind::Otp, error.message()))?;
                Ok(secret.map_or(CodeSource::None, CodeSource::Computed))
            }
        }
    }
}

/// Where the code for these credentials comes from. Boomi: an API token needs none. So it gets none, whatever is configured.
fn code_for(loaded: &Loaded, sign_ins: &SignIns, context: &CallContext<'_>) -> Result<CodeSource> {
    match loaded.basic.kind() {
        CredentialKind::ApiToken => Ok(CodeSource::None),
        CredentialKind::Password => match context.take_code() {
            Some(typed) => Ok(CodeSource::Typed(typed)),
            None => match sign_ins.code_source()? {
                // Who typed a code needs one: without, the next look of the same call would be a bad sign-in.
                CodeSource::None if context.took_code() => Err(Error::new(
                    ErrorKind::Otp,
                    "not sent: the code that was typed for this call went with an earlier sign-in, and a code is good once: \
                     type another for a new call, set an OTP secret, or use a JWT, which is good for many requests",
                )),
                source => Ok(source),
            },
        },
    }
}

/// The credentials to sign in with. Where asking for them takes long, one call asks, and those that come meanwhile get what it
/// got, also if that is an error; others have their turns at sending meanwhile.
fn load(
    sign_ins: &SignIns,
    cache: &CredentialCache,
    context: &CallContext<'_>,
    turn: Option<&RatePermit<'_>>,
) -> Result<Arc<Loaded>> {
    let deadline = context.deadline();
    let ask = || cache.load(&|| deadline.check());
    let asks = cache.credentials().asks_others().then(|| sign_ins.asks.get(SingleFlight::default));
    loop {
        let seen = asks.as_ref().map(|asks| asks.count());
        if let Some(current) = cache.current(deadline.clock().wall()) {
            return Ok(current);
        }
        let loaded = match asks.as_ref().zip(seen) {
            None => Some(ask()?),
            Some((asks, seen)) => {
                let phase = deadline.phase();
                deadline.set_phase(Phase::Credentials);
                turn.into_iter().for_each(RatePermit::give_back);
                let loaded = asks.run_or_wait(seen, |ended| wait_until_end(deadline, ended, seen), ask)?;
                deadline.set_phase(phase);
                turn.map_or(Ok(()), RatePermit::wait_again)?;
                loaded
            }
        };
        let Some((loaded, fresh)) = loaded else { continue };
        let source = cache.credentials().source_name();
        if fresh && source != "fixed" {
            context.emit(
                EventKind::CredentialsLoaded,
                || json!({ "source": source, "username": loaded.basic.username, "after_rejection": loaded.after_rejection }),
            );
        }
        return Ok(loaded);
    }
}

/// Waits for another call's flight, within the call's limits.
fn wait_until_end(deadline: &Deadline, ended: &Signal, seen: u64) -> Result<()> {
    deadline.wait_for(ended, seen, deadline.clock().now() + deadline.remaining())
}

/// A sign-in that needs a memory beyond this process, which there is not.
fn unusable(problem: &str) -> Error {
    Error::config(format!(
        "not sent: {problem}. Without what earlier sign-ins came to, programs that start often could lock the user: name a \
         directory for it (BOOMI_STATE_DIR)"
    ))
}

fn no_step(wait: Duration) -> Error {
    let text = format!(
        "the one-time code of this moment was sent before, or is too near its end, and the next that is free, in {} s, comes \
         too late for this call's deadline: allow more time, or use an API token, which needs no code, or a JWT, which is \
         good for many calls",
        whole_seconds(wait)
    );
    Error::new(ErrorKind::Otp, text).with_retry_after(Some(wait)).retryable(true)
}

impl SignIn {
    /// The value of the Authorization header.
    pub(crate) fn header(&self) -> Secret {
        self.loaded.basic.header.duplicate()
    }

    /// The value of the X-Boomi-OTP header.
    pub(crate) fn code(&self) -> Option<Secret> {
        self.code.as_ref().map(Secret::duplicate)
    }

    /// The password or token, to cut it out of texts.
    pub(crate) fn secret(&self) -> &[u8] {
        self.loaded.basic.secret.as_bytes()
    }

    pub(crate) fn username(&self) -> &str {
        &self.loaded.basic.username
    }

    pub(crate) fn identity(&self) -> Identity {
        Identity::User {
            username: self.username().to_owned(),
            kind: self.loaded.basic.kind(),
            with_code: self.code.is_some(),
        }
    }
}
