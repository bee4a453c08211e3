//! Everything the server knows, behind one lock that no code holds while it waits.

use crate::jwt::{Claims, Issuer};
use crate::users::{Refusal, SignIn, Users};
use crate::{GraphqlRefusal, LogEntry, Options, Scripted, clock, credentials::Presented};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The state shared by all routes and by the handle.
#[derive(Clone)]
pub(crate) struct Shared(Arc<Mutex<World>>);

impl Shared {
    pub(crate) fn new(options: Options) -> Shared {
        Shared(Arc::new(Mutex::new(World::new(options))))
    }

    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The server's memory.
pub(crate) struct World {
    start: Options,
    clock_offset_s: i64,
    pub users: Users,
    pub jwt: Issuer,
    pub log: Vec<LogEntry>,
    scripted: Vec<Scripted>,
}

impl World {
    fn new(start: Options) -> World {
        World {
            clock_offset_s: 0,
            users: Users::new(&start.users),
            jwt: Issuer::new(start.jwt.clone()),
            log: Vec::new(),
            scripted: start.scripted.clone(),
            start,
        }
    }

    /// Back to the start: users, clock, JWTs, log and scripts.
    pub(crate) fn reset(&mut self) {
        *self = World::new(self.start.clone());
    }

    pub(crate) fn now(&self) -> i64 {
        clock::machine_now().saturating_add(self.clock_offset_s)
    }

    pub(crate) fn advance_clock(&mut self, seconds: i64) {
        self.clock_offset_s = self.clock_offset_s.saturating_add(seconds);
    }

    pub(crate) fn graphql_refusal(&self) -> GraphqlRefusal {
        self.start.graphql_refusal
    }

    pub(crate) fn script(&mut self, scripted: Scripted) {
        self.scripted.push(scripted);
    }

    /// The scripted answer for a path, if there is one left: the oldest first.
    pub(crate) fn next_scripted(&mut self, path: &str) -> Option<Scripted> {
        self.scripted.retain(|scripted| scripted.times > 0);
        let scripted = self.scripted.iter_mut().find(|scripted| scripted.matches(path))?;
        scripted.times -= 1;
        Some(scripted.clone())
    }

    /// Signs in with Basic credentials; on success, the login e-mail. A header that is missing or cannot be read is
    /// refused too, and counts for nobody.
    pub(crate) fn basic(&mut self, presented: &Presented, account: &str) -> Result<String, Refusal> {
        let now = self.now();
        let basic = presented.basic.as_ref().ok_or(Refusal::BadCredentials)?;
        let sign_in = SignIn { user: &basic.user, secret: &basic.secret, code: presented.otp.as_deref(), account };
        self.users.sign_in(&sign_in, now)
    }

    /// The claims of a JWT that is good now. A bad one counts for nobody: it names no user that could be believed.
    pub(crate) fn bearer(&self, presented: &Presented) -> Result<Claims, Refusal> {
        presented.bearer.as_deref().and_then(|jwt| self.jwt.verify(jwt, self.now())).ok_or(Refusal::BadCredentials)
    }
}
