//! One call's own limits.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::config::check_timeout;
use crate::error::{FirstError, Result};
use crate::otp::check_code;
use crate::secret::Secret;

/// Limits of one call, and the handle to cancel it with. Cloning shares them.
///
/// ```
/// # use std::time::Duration;
/// let mut call = boomi_auth::Call::new();
/// call.set_timeout(Duration::from_secs(10))?;
/// let elsewhere = call.clone();
/// std::thread::spawn(move || elsewhere.cancel());
/// # Ok::<_, boomi_auth::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct Call {
    timeout: Option<Duration>,
    otp: Arc<Mutex<Option<Secret>>>,
    canceled: Arc<AtomicBool>,
    pub(crate) first_error: FirstError,
}

impl Call {
    /// A call with the client's limits.
    pub fn new() -> Self {
        Self::default()
    }

    /// How long this call may take, all told, instead of the client's timeout.
    pub fn set_timeout(&mut self, timeout: Duration) -> Result<()> {
        let checked = check_timeout("the call's timeout", timeout);
        self.first_error.keep(checked).map(|timeout| self.timeout = Some(timeout))
    }

    /// A one-time code that the user typed. It goes with the first password sign-in and is forgotten.
    pub fn set_otp(&mut self, code: &str) -> Result<()> {
        let code = self.first_error.keep(check_code(code))?;
        *self.otp.lock().unwrap_or_else(PoisonError::into_inner) = Some(code);
        Ok(())
    }

    /// Ends the call, if it runs, within 100 ms, and every later call with this handle at once.
    pub fn cancel(&self) {
        self.canceled.store(true, Ordering::Release);
    }

    pub(crate) fn timeout(&self) -> Option<Duration> {
        self.timeout
    }

    pub(crate) fn cancel_flag(&self) -> Arc<AtomicBool> {
        self.canceled.clone()
    }

    /// Whether a call with it can begin: it is not canceled, and its settings are good.
    pub(crate) fn may_begin(&self) -> bool {
        !self.canceled.load(Ordering::Acquire) && self.first_error.check().is_ok()
    }

    pub(crate) fn has_otp(&self) -> bool {
        self.otp.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// The code the user typed, which is gone from here then.
    pub(crate) fn take_otp(&self) -> Option<Secret> {
        self.otp.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Puts a code back that was not sent after all.
    pub(crate) fn restore_otp(&self, code: Secret) {
        self.otp.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(code);
    }
}

impl std::fmt::Debug for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Call").field("timeout", &self.timeout).finish_non_exhaustive()
    }
}
