//! One-time codes: where the code of an authentication attempt comes from, and codes for other programs.

use std::{sync::Arc, time::Duration};

use serde_json::json;

use super::{load::load, state::AuthState};
use crate::credentials::{CredentialKind, Loaded};
use crate::error::{Error, ErrorKind, Result};
use crate::guard::{StepRequest, StepReservation};
use crate::{
    client::context::CallContext, config::OtpSource, event::EventKind, otp::OtpSecret, secret::Secret,
    text::whole_seconds, transport::progress::Phase,
};

pub(super) enum CodeSource {
    None,
    Typed(Secret),
    Computed(Arc<OtpSecret>),
    Function(Arc<dyn Fn() -> Result<Secret> + Send + Sync>),
}

impl CodeSource {
    /// The source for an attempt with these credentials. Boomi takes no code with an API token.
    pub(super) fn of_attempt(loaded: &Loaded, context: &CallContext<'_>) -> Result<Self> {
        if loaded.basic.kind() == CredentialKind::ApiToken {
            return Ok(CodeSource::None);
        }
        if let Some(typed) = context.take_code() {
            return Ok(CodeSource::Typed(typed));
        }
        match Self::of_settings(&context.client.auth)? {
            // This user needs a code: an attempt without one would be rejected.
            CodeSource::None if context.took_code.get() => Err(Error::new(
                ErrorKind::Otp,
                "not sent: the code that was typed for this call went with an earlier sign-in, and a code is good \
                 once: type another for a new call, set an OTP secret, or use a JWT, which is good for many requests",
            )),
            source => Ok(source),
        }
    }

    fn of_settings(auth: &AuthState) -> Result<Self> {
        match &auth.otp {
            None => Ok(CodeSource::None),
            Some(OtpSource::Function(ask)) => Ok(CodeSource::Function(ask.clone())),
            Some(source) => {
                let secret = source.secret().map_err(|error| Error::new(ErrorKind::Otp, error.message()))?;
                Ok(secret.map_or(CodeSource::None, CodeSource::Computed))
            }
        }
    }
}

/// Reserves a one-time code for another program; waits for the next TOTP time step if needed.
pub(crate) fn one_time_code(context: &CallContext<'_>) -> Result<Secret> {
    let (auth, deadline) = (&context.client.auth, context.deadline());
    let name = &load(context)?.basic.username;
    let otp = match CodeSource::of_settings(auth)? {
        CodeSource::Computed(otp) => otp,
        CodeSource::Function(ask) => return ask(),
        _ => {
            return Err(Error::config(
                "no OTP secret is set: set BOOMI_OTP_SECRET, for a user with two-factor authentication",
            ));
        }
    };
    let mut reserved = None;
    loop {
        let longest_wait_ms = deadline.remaining().as_millis() as u64;
        let server_ms = context.server_time_or_local();
        match auth.guard.take_step(name, StepRequest { period: otp.period, server_ms, reserved, longest_wait_ms }) {
            StepReservation::Now(step) => return Ok(otp.code(step.number)),
            StepReservation::TooLate(wait) => return Err(next_step_too_late(wait)),
            StepReservation::In(step, wait) => {
                reserved = Some(step);
                context.client.emit(EventKind::OtpAwaited, || json!({ "wait_ms": wait.as_millis() as u64 }));
                deadline.progress.set_phase(Phase::Code);
                deadline.wait(wait).inspect_err(|_| auth.guard.give_back(name, step))?;
            }
        }
    }
}

/// The error for a call whose deadline comes before the next free TOTP time step.
pub(super) fn next_step_too_late(wait: Duration) -> Error {
    let text = format!(
        "the one-time code of this moment was sent before, or is too near its end, and the next that is free, in {} \
         s, comes too late for this call's deadline: allow more time, or use an API token, which needs no code, or a \
         JWT, which is good for many calls",
        whole_seconds(wait)
    );
    Error::new(ErrorKind::Otp, text).with_retry_after(Some(wait)).retryable(true)
}
