//! A call in progress: the client, the deadline with cancellation, and the code that the user typed.

use std::{cell::Cell, rc::Rc, sync::atomic::Ordering, time::Duration};

use super::{call::Call, inner::Inner};
use crate::transport::deadline::{Cancellation, Deadline, Entered, Limits};
use crate::{error::Result, otp::TypedCode, secret::Secret};

pub(crate) struct CallContext<'a> {
    pub(crate) client: &'a Inner,
    deadline: Rc<Deadline>,
    /// The one-time code that the user typed for this call.
    pub(crate) code: Option<&'a TypedCode>,
    /// Whether [`take_code`](Self::take_code) returned a code.
    pub(crate) took_code: Cell<bool>,
    /// Makes the deadline the thread's current one.
    _entered: Entered,
}

impl<'a> CallContext<'a> {
    /// Begins a call: from here its deadline runs, and it can be canceled.
    pub(crate) fn begin(client: &'a Inner, call: Option<&'a Call>) -> Result<Self> {
        call.map_or(Ok(()), |call| call.first_error.check())?;
        let stops = Cancellation {
            call: call.map(|call| call.canceled.clone()),
            client: Some((client.cancellations.clone(), client.cancellations.load(Ordering::Acquire))),
        };
        let deadline = Deadline::begin(Limits {
            clock: client.clock.clone(),
            host: client.origin.authority().to_owned(),
            timeout: call.and_then(|call| call.timeout).unwrap_or(client.timeout),
            one_read: false,
            connect_timeout: client.connect_timeout,
            stops,
            hook: client.wait_hook.clone(),
        });
        deadline.check_at_start()?;
        Ok(Self::with(client, deadline, call.map(|call| &call.code)))
    }

    /// Continues a call of another client on `client`, within the other's deadline and cancellation.
    pub(crate) fn continued(client: &'a Inner, other: &Deadline, code: Option<&'a TypedCode>) -> Self {
        let deadline = Deadline::begin(Limits {
            host: client.origin.authority().to_owned(),
            timeout: other.remaining(),
            connect_timeout: client.connect_timeout,
            ..other.limits.clone()
        });
        Self::with(client, deadline, code)
    }

    /// Begins a part of this call, with at most `limit` of its time.
    pub(crate) fn within(&self, limit: Duration) -> CallContext<'a> {
        Self::with(self.client, self.deadline.within(limit), self.code)
    }

    fn with(client: &'a Inner, deadline: Rc<Deadline>, code: Option<&'a TypedCode>) -> Self {
        CallContext { client, _entered: deadline.enter(), deadline, code, took_code: Cell::new(false) }
    }

    pub(crate) fn deadline(&self) -> &Rc<Deadline> {
        &self.deadline
    }

    pub(crate) fn has_code(&self) -> bool {
        self.code.is_some_and(TypedCode::is_set)
    }

    pub(crate) fn take_code(&self) -> Option<Secret> {
        let code = self.code.and_then(TypedCode::take)?;
        self.took_code.set(true);
        Some(code)
    }

    /// The server's time, in Unix milliseconds, once a response told it.
    pub(crate) fn server_time(&self) -> Option<u64> {
        self.client.server_clock.at(self.deadline.clock().boottime())
    }

    /// The server's time, in Unix milliseconds, or else this machine's.
    pub(crate) fn server_time_or_local(&self) -> u64 {
        self.server_time().unwrap_or_else(|| self.deadline.clock().wall().as_millis() as u64)
    }
}
