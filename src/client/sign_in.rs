//! One sign-in with Basic credentials: whose, with which one-time code, and what its verdict means for the next.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use super::call::Call;
use super::verdict::SignedInAs;
use crate::config::OtpSource;
use crate::config::env::missing_credentials;
use crate::credentials::{CredentialKind, Credentials, Keeper, Loaded};
use crate::error::{Error, ErrorKind, Result};
use crate::event::EventKind;
use crate::otp::OtpSecret;
use crate::secret::Secret;
use crate::transport::scope::Scope;

/// What must be left of a deadline for a request, before a call waits for a new code.
const TIME_FOR_THE_REQUEST: Duration = Duration::from_secs(5);

/// A client's sign-ins.
pub(crate) struct SignIns {
    keeper: Option<Keeper>,
    otp: Option<OtpSource>,
    /// One more than the last step whose code was sent; 0 before the first.
    next_step: AtomicU64,
}

/// A sign-in under way.
pub(crate) struct SignIn {
    loaded: Arc<Loaded>,
    code: Option<Code>,
}

/// A one-time code, and where it came from.
struct Code {
    text: Secret,
    origin: CodeOrigin,
}

enum CodeOrigin {
    /// The user typed it for this call.
    Typed,
    /// It is the code of this step.
    Step(u64),
    /// A function gave it.
    Function,
}

impl SignIns {
    pub(crate) fn new(credentials: Option<Credentials>, otp: Option<OtpSource>) -> Self {
        SignIns { keeper: credentials.map(Keeper::new), otp, next_step: AtomicU64::new(0) }
    }

    pub(crate) fn credentials(&self) -> Option<&Credentials> {
        self.keeper.as_ref().map(Keeper::credentials)
    }

    /// Gets credentials, and a code where one is needed. May wait for the next code.
    pub(crate) fn begin(&self, scope: &Scope, call: Option<&Call>, emit: &dyn Fn(EventKind, Value)) -> Result<SignIn> {
        let keeper = self.keeper.as_ref().ok_or_else(missing_credentials)?;
        let (loaded, fresh) = keeper.get()?;
        let source = keeper.credentials().source_name();
        if fresh && source != "fixed" {
            let fields = json!({
                "source": source, "username": loaded.basic.username, "after_rejection": loaded.is_reloaded(),
            });
            emit(EventKind::CredentialsLoaded, fields);
        }
        // Boomi: an API token needs no code. So it gets none, whatever is configured.
        let code = match loaded.basic.kind() {
            CredentialKind::ApiToken => None,
            CredentialKind::Password => self.code(scope, call, emit)?,
        };
        Ok(SignIn { loaded, code })
    }

    fn code(&self, scope: &Scope, call: Option<&Call>, emit: &dyn Fn(EventKind, Value)) -> Result<Option<Code>> {
        if let Some(text) = call.and_then(Call::take_otp) {
            return Ok(Some(Code { text, origin: CodeOrigin::Typed }));
        }
        match &self.otp {
            None => Ok(None),
            Some(OtpSource::Function(ask)) => Ok(Some(Code { text: ask()?, origin: CodeOrigin::Function })),
            Some(source) => {
                let secret = source.secret().map_err(|error| Error::new(ErrorKind::Otp, error.message()))?;
                let Some(secret) = secret else { return Ok(None) };
                let step = self.take_step(&secret, scope, emit)?;
                Ok(Some(Code { text: secret.code(step), origin: CodeOrigin::Step(step) }))
            }
        }
    }

    /// A step that no sign-in had before: this one, or the next after a wait.
    fn take_step(&self, secret: &OtpSecret, scope: &Scope, emit: &dyn Fn(EventKind, Value)) -> Result<u64> {
        loop {
            let now = scope.clock().wall();
            let step = secret.step(now.as_secs());
            let next = self.next_step.load(Ordering::Acquire);
            // A clock that was set back by more than a step leaves a record in the future, which says nothing.
            if step >= next || step + 2 < next {
                let taken =
                    self.next_step.compare_exchange(next, step + 1, Ordering::AcqRel, Ordering::Acquire).is_ok();
                if taken {
                    return Ok(step);
                }
                continue;
            }
            let wait = Duration::from_secs(secret.start_of(next)).saturating_sub(now);
            if scope.remaining() < wait + TIME_FOR_THE_REQUEST {
                let text = format!(
                    "the one-time code of this moment was sent before, and the next, in {} s, comes too late for this \
                     call's deadline: allow more time, or use an API token, which needs no code, or a JWT, which is good \
                     for many calls",
                    wait.as_secs_f64().ceil()
                );
                return Err(Error::new(ErrorKind::Otp, text).with_retry_after(Some(wait)).retryable(true));
            }
            emit(EventKind::OtpAwaited, json!({ "wait_ms": wait.as_millis() as u64 }));
            scope.wait(wait)?;
        }
    }

    /// Learns from the end of a sign-in: whether any of it left, and whether the server rejected it.
    pub(crate) fn end(&self, sign_in: SignIn, call: Option<&Call>, sent: bool, rejected: bool) {
        if rejected && let Some(keeper) = &self.keeper {
            keeper.reject(&sign_in.loaded);
        }
        // A code that did not leave can be sent again.
        if let (false, Some(code)) = (sent, sign_in.code) {
            match code.origin {
                CodeOrigin::Typed => call.into_iter().for_each(|call| call.restore_otp(code.text.duplicate())),
                CodeOrigin::Step(step) => {
                    let _ = self.next_step.compare_exchange(step + 1, step, Ordering::AcqRel, Ordering::Acquire);
                }
                CodeOrigin::Function => {}
            }
        }
    }
}

impl SignIn {
    /// The value of the Authorization header.
    pub(crate) fn header(&self) -> Secret {
        self.loaded.basic.header.duplicate()
    }

    /// The value of the X-Boomi-OTP header.
    pub(crate) fn code(&self) -> Option<Secret> {
        self.code.as_ref().map(|code| code.text.duplicate())
    }

    /// The password or token, to cut it out of texts.
    pub(crate) fn secret(&self) -> &[u8] {
        self.loaded.basic.secret.as_bytes()
    }

    pub(crate) fn username(&self) -> &str {
        &self.loaded.basic.username
    }

    pub(crate) fn signed_in_as(&self) -> SignedInAs {
        SignedInAs::User {
            username: self.username().to_owned(),
            kind: self.loaded.basic.kind(),
            with_code: self.code.is_some(),
        }
    }
}
