//! One authentication attempt: it waits for a permit and a one-time code, is sent, and ends.

use std::time::{Duration, Instant};
use std::{sync::Arc, sync::atomic::Ordering};

use serde_json::json;

use super::code::{CodeSource, next_step_too_late};
use super::load::load_for;
use crate::credentials::{Credentials, Loaded};
use crate::error::{Error, ErrorKind, Result};
use crate::guard::{Admission, Held, LoginAttempt, LoginPermit, StepRequest, Wait, route_of};
use crate::otp::{OtpSecret, TypedCode};
use crate::{
    client::context::CallContext, client::inner::Inner, client::status::Identity, client::wire, event::EventKind,
    guard::credential::LoginKind, guard::history::LoginOutcome, guard::totp_steps::TimeStep, rate_limit::RatePermit,
    secret::Secret, single_flight::SingleFlight, sync::Signal, transport::progress::Phase,
};

/// The time that a wait for a new code leaves for the request.
const TIME_FOR_THE_REQUEST: Duration = Duration::from_secs(5);
/// An attempt that had to wait is not sent with less time left.
pub(crate) const TIME_TO_BEGIN: Duration = Duration::from_secs(1);
/// The longest time between two calls of [`Purpose::while_waiting`].
const LONGEST_PIECE: Duration = Duration::from_secs(5);

#[derive(Clone, Copy)]
pub(crate) struct Purpose<'a> {
    /// For events: "request", "jwt" or "authorize".
    pub(crate) name: &'static str,
    pub(crate) path: &'a str,
    /// Whether another HTTP library sends the request.
    pub(crate) foreign: bool,
    pub(crate) max_wait: Duration,
    /// The request's rate permit, which is given back while the attempt waits.
    pub(crate) rate_permit: Option<&'a RatePermit<'a>>,
    /// Called before a wait, and every few seconds of it.
    pub(crate) while_waiting: Option<&'a dyn Fn()>,
}

impl<'a> Purpose<'a> {
    /// A request of this client, without a rate permit.
    pub(crate) fn new(name: &'static str, path: &'a str, max_wait: Duration) -> Self {
        Purpose { name, path, foreign: false, max_wait, rate_permit: None, while_waiting: None }
    }

    fn kind(&self) -> LoginKind {
        if self.path.starts_with("/auth/jwt/") { LoginKind::TokenRequest } else { LoginKind::Basic }
    }
}

/// A permitted attempt: the credentials, the one-time code, and the guard's permit. It ends with `end` or `withdraw`.
pub(crate) struct AuthAttempt {
    loaded: Arc<Loaded>,
    code: Option<Secret>,
    is_typed: bool,
    permit: LoginPermit,
}

impl AuthAttempt {
    /// Gets credentials, the guard's permit, and a one-time code where one is needed. May wait for each of them.
    pub(crate) fn begin(context: &CallContext<'_>, purpose: Purpose<'_>) -> Result<Self> {
        let mut pending = PendingAttempt::new(context, purpose)?;
        let result = pending.run();
        if result.is_err() {
            pending.give_back();
        }
        result
    }

    /// Tells the guard and the credential cache the outcome.
    pub(crate) fn end(
        self,
        client: &Inner,
        typed: Option<&TypedCode>,
        outcome: LoginOutcome,
        status: Option<u16>,
        purpose: &str,
    ) {
        match outcome {
            LoginOutcome::NotSent => return self.withdraw(typed),
            LoginOutcome::Rejected => client.auth.reject(&self.loaded),
            _ => {}
        }
        self.permit.end(outcome);
        if outcome == LoginOutcome::Rejected {
            client.emit(EventKind::SignInRejected, || {
                json!({
                    "host": client.origin.authority(),
                    "username": self.loaded.basic.username,
                    "status": status,
                    "purpose": purpose,
                })
            });
        }
    }

    /// Ends an attempt that was not sent. A typed code goes back to its call.
    pub(crate) fn withdraw(self, typed: Option<&TypedCode>) {
        self.permit.end(LoginOutcome::NotSent);
        if self.is_typed {
            typed.into_iter().zip(self.code).for_each(|(typed, code)| typed.restore(code));
        }
    }

    pub(crate) fn header(&self) -> Secret {
        self.loaded.basic.header.duplicate()
    }

    pub(crate) fn code(&self) -> Option<Secret> {
        self.code.as_ref().map(Secret::duplicate)
    }

    /// The password or API token, to cut it out of error texts.
    pub(crate) fn secret(&self) -> &[u8] {
        self.loaded.basic.secret.as_bytes()
    }

    pub(crate) fn identity(&self) -> Identity {
        let basic = &self.loaded.basic;
        Identity::User { username: basic.username.clone(), kind: basic.kind(), with_code: self.code.is_some() }
    }
}

/// An attempt that waits for the guard's permit, a TOTP time step, or a code.
struct PendingAttempt<'a> {
    context: &'a CallContext<'a>,
    purpose: Purpose<'a>,
    loaded: Arc<Loaded>,
    code: CodeSource,
    reserved: Option<TimeStep>,
    wait_until: Instant,
    waited: bool,
    /// Whether an event told that the guard holds it.
    told: bool,
}

impl<'a> PendingAttempt<'a> {
    fn new(context: &'a CallContext<'a>, purpose: Purpose<'a>) -> Result<Self> {
        let deadline = context.deadline();
        let wait_until = deadline.clock().now() + purpose.max_wait.min(deadline.remaining());
        let loaded = load_for(context, purpose.rate_permit)?;
        let code = CodeSource::of_attempt(&loaded, context)?;
        Ok(PendingAttempt { context, purpose, loaded, code, reserved: None, wait_until, waited: false, told: false })
    }

    fn run(&mut self) -> Result<AuthAttempt> {
        loop {
            match self.ask_guard()? {
                Admission::Go(permit) => return self.with_code(permit),
                Admission::Probe => self.probe()?,
                Admission::Wait(wait) => self.without_rate_permit(|attempt| attempt.wait(wait))?,
                Admission::Held(held) if !self.try_to_drop_held_credentials() => return Err(self.held(&held)),
                Admission::Held(_) => {}
                Admission::NoStep(wait) => return Err(next_step_too_late(wait)),
                Admission::Unusable(problem) => return Err(no_shared_memory(&problem)),
                Admission::Reserved(step, wait) => {
                    self.reserved = Some(step);
                    self.context.client.emit(EventKind::OtpAwaited, || json!({ "wait_ms": wait.as_millis() as u64 }));
                    self.without_rate_permit(|attempt| attempt.wait_for_step(wait))?;
                }
            }
            // During the wait the credentials may have been rejected and replaced, perhaps a password by an API token.
            let loaded = load_for(self.context, self.purpose.rate_permit)?;
            if loaded.basic.kind() != self.loaded.basic.kind() {
                self.give_back();
                self.code = CodeSource::of_attempt(&loaded, self.context)?;
            }
            self.loaded = loaded;
        }
    }

    fn ask_guard(&self) -> Result<Admission> {
        let secret = self.loaded.basic.secret.as_bytes();
        let with_code = match &self.code {
            CodeSource::Typed(code) => vec![secret, code.as_bytes()],
            _ => vec![secret],
        };
        let step = match &self.code {
            CodeSource::Computed(otp) => Some(self.step_request(otp)?),
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
        let admission = self.context.client.auth.guard.ask(&attempt, &|path, problem| {
            self.context.client.emit(EventKind::StateUnavailable, || json!({ "path": path, "problem": problem }));
        });
        // The guard may have waited for another process.
        self.context.deadline().check()?;
        Ok(admission)
    }

    fn name(&self) -> &str {
        &self.loaded.basic.username
    }

    fn step_request(&self, otp: &OtpSecret) -> Result<StepRequest> {
        self.learn_time()?;
        let server_ms = self.context.server_time_or_local();
        let time_for_more = self.context.deadline().remaining().saturating_sub(TIME_FOR_THE_REQUEST);
        let longest_wait_ms = self.remaining_wait().min(time_for_more).as_millis() as u64;
        Ok(StepRequest { period: otp.period, server_ms, reserved: self.reserved, longest_wait_ms })
    }

    /// Makes a probe if the server's time is unknown. Concurrent calls wait for its end.
    fn learn_time(&self) -> Result<()> {
        let (context, auth) = (self.context, &self.context.client.auth);
        let probes = auth.time_probes.get(SingleFlight::default);
        loop {
            let seen = probes.count();
            if context.server_time().is_some() || auth.probed_time.load(Ordering::Acquire) {
                return Ok(());
            }
            let deadline = context.deadline();
            let wait = |ended: &Signal| deadline.wait_for(ended, seen, deadline.clock().now() + deadline.remaining());
            probes.run_or_wait(seen, wait, || {
                let result = wire::probe(context, "/", None);
                auth.probed_time.fetch_or(result.is_ok(), Ordering::AcqRel);
                result
            })?;
        }
    }

    fn remaining_wait(&self) -> Duration {
        self.wait_until.saturating_duration_since(self.context.deadline().clock().now())
    }

    /// Probes whether the server answers. The probe uses the request's rate permit, and the request waits for another.
    fn probe(&self) -> Result<()> {
        let rate_permit = self.purpose.rate_permit;
        let on_sent = rate_permit.and_then(RatePermit::on_sent);
        let result = wire::probe(self.context, self.purpose.path, on_sent);
        self.context.client.auth.guard.end_probe(self.name(), result.is_ok());
        result?;
        rate_permit.map_or(Ok(()), RatePermit::wait_again)
    }

    /// Drops held credentials from the cache if their source may have others. Returns whether to load them again.
    fn try_to_drop_held_credentials(&self) -> bool {
        let auth = &self.context.client.auth;
        let may = auth.credentials().is_some_and(Credentials::can_change)
            && auth.is_load_due(self.context.deadline().clock().boottime());
        if may {
            auth.reject(&self.loaded);
        }
        may
    }

    fn without_rate_permit(&mut self, wait: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        let rate_permit = self.purpose.rate_permit;
        rate_permit.into_iter().for_each(RatePermit::give_back);
        wait(self)?;
        rate_permit.map_or(Ok(()), RatePermit::wait_again)
    }

    /// Waits as the guard says, within the longest wait.
    fn wait(&mut self, wait: Wait) -> Result<()> {
        let remaining = self.remaining_wait();
        match &wait.hold {
            Some(held) if held.rest.is_none_or(|rest| rest > remaining) => return Err(self.held(held)),
            Some(held) => self.tell_held(held, true),
            None if remaining.is_zero() => {
                let name = self.name();
                let text =
                    format!("not sent: another sign-in of {name} is in progress, and its outcome must be known first");
                let error = Error::new(ErrorKind::Held, text).retryable(true);
                return Err(error.with_retry_after(Some(Duration::from_secs(1))));
            }
            None => {}
        }
        self.waited = true;
        let deadline = self.context.deadline();
        deadline.progress.set_phase(Phase::LoginPermit);
        let piece = self.next_piece(wait.at_most.min(remaining));
        deadline.wait_for(&wait.changed, wait.seen, deadline.clock().now() + piece)
    }

    fn wait_for_step(&self, wait: Duration) -> Result<()> {
        let mut left = wait;
        while !left.is_zero() {
            let piece = self.next_piece(left);
            self.context.deadline().wait(piece)?;
            left -= piece;
        }
        Ok(())
    }

    /// How long to wait before the next call of `while_waiting`, which this calls.
    fn next_piece(&self, wait: Duration) -> Duration {
        let Some(while_waiting) = self.purpose.while_waiting else { return wait };
        while_waiting();
        wait.min(LONGEST_PIECE)
    }

    fn held(&mut self, held: &Held) -> Error {
        self.told = false;
        self.tell_held(held, false);
        held.error(self.name(), self.context.deadline().host())
    }

    fn tell_held(&mut self, held: &Held, waits: bool) {
        if std::mem::replace(&mut self.told, true) {
            return;
        }
        self.context.client.emit(EventKind::SignInHeld, || {
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

    fn with_code(&mut self, mut permit: LoginPermit) -> Result<AuthAttempt> {
        self.reserved = None;
        if self.waited && self.context.deadline().remaining() < TIME_TO_BEGIN {
            // A request that its deadline cuts short would count as one without a response.
            permit.end(LoginOutcome::NotSent);
            let text = format!(
                "not sent: this call waited for other sign-ins of {} until less than a second of its time was left: \
                 allow more",
                self.name()
            );
            return Err(Error::new(ErrorKind::Timeout, text).retryable(true));
        }
        let (code, is_typed) = match std::mem::replace(&mut self.code, CodeSource::None) {
            CodeSource::None => (None, false),
            CodeSource::Typed(code) => (Some(code), true),
            CodeSource::Computed(otp) => (permit.step.map(|step| otp.code(step.number)), false),
            CodeSource::Function(ask) => match ask() {
                Ok(code) => (Some(code), false),
                Err(error) => {
                    permit.end(LoginOutcome::NotSent);
                    return Err(error);
                }
            },
        };
        permit.mark_sent();
        Ok(AuthAttempt { loaded: self.loaded.clone(), code, is_typed, permit })
    }

    /// Gives back a reserved time step and a typed code, which were not sent.
    fn give_back(&mut self) {
        if let Some(step) = self.reserved.take() {
            self.context.client.auth.guard.give_back(self.name(), step);
        }
        if let CodeSource::Typed(code) = std::mem::replace(&mut self.code, CodeSource::None) {
            self.context.code.into_iter().for_each(|typed| typed.restore(code.duplicate()));
        }
    }
}

/// The error if the guard needs a memory beyond this process, and none can be used.
fn no_shared_memory(problem: &str) -> Error {
    Error::config(format!(
        "not sent: {problem}. Without what earlier sign-ins came to, programs that start often could lock the user: \
         name a directory for it (BOOMI_STATE_DIR)"
    ))
}
