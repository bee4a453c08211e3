//! The limits of one call.

use std::sync::atomic::{AtomicBool, Ordering};
use std::{sync::Arc, time::Duration};

use crate::error::{FirstError, Result};
use crate::otp::{TypedCode, check_code};
use crate::validate::check_timeout;

/// Limits of one call, and the handle that cancels it. Clones share both.
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
    pub(super) timeout: Option<Duration>,
    pub(super) code: TypedCode,
    pub(super) canceled: Arc<AtomicBool>,
    pub(crate) first_error: FirstError,
}

impl Call {
    /// Creates a call with the client's limits.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets how long the whole call may take, in place of the client's timeout.
    pub fn set_timeout(&mut self, timeout: Duration) -> Result<()> {
        let checked = check_timeout("the call's timeout", timeout);
        self.first_error.keep(checked).map(|timeout| self.timeout = Some(timeout))
    }

    /// Sets a one-time code that the user typed. The first password sign-in sends it; the call then forgets it.
    pub fn set_otp(&mut self, code: &str) -> Result<()> {
        self.code.set(self.first_error.keep(check_code(code))?);
        Ok(())
    }

    /// Cancels the call within 100 ms if it runs, and every later call with this handle at once.
    pub fn cancel(&self) {
        self.canceled.store(true, Ordering::Release);
    }

    /// Whether the call is not canceled and its settings are valid.
    pub(crate) fn may_begin(&self) -> bool {
        !self.canceled.load(Ordering::Acquire) && self.first_error.check().is_ok()
    }
}

impl std::fmt::Debug for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Call").field("timeout", &self.timeout).finish_non_exhaustive()
    }
}
