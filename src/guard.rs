//! The guard: a circuit breaker for each credential, so that this library locks no user.
//!
//! An attempt is one request with Basic credentials. It asks the [`Guard`] for a [`LoginPermit`], which then records
//! the attempt's outcome in the user's login [`history`]. The history decides on the next attempt:
//! - closed: the attempt is sent.
//! - open, after rejections or missing responses: the attempt is blocked ([`Held`]) for a time, or for good.
//! - half-open, after missing responses: a probe, a request without credentials, must have a response first.
//!
//! A [`LoginMemory`] keeps the histories: the process's [`table`], a [`state_dir`], or the shared store.

pub(crate) mod credential;
mod held;
pub(crate) mod history;
mod memory;
mod permit;
pub(crate) mod secret_tag;
pub(crate) mod shared;
pub(crate) mod state_dir;
pub(crate) mod table;
pub(crate) mod totp_steps;

use std::sync::atomic::{AtomicBool, Ordering};
use std::{sync::Arc, time::Duration};

use crate::{clock::Clock, credentials::TOKEN_PREFIX, sync::Signal};
use credential::{LoginKind, Millis, RouteId, Tag};
use history::{LoginDecision, LoginHistory, LoginOutcome, LoginRequest};
use shared::SharedMemory;
use totp_steps::TimeStep;

pub(crate) use credential::route_of;
pub(crate) use held::Held;
pub(crate) use memory::{LoginMemory, User};
pub(crate) use permit::{LoginPermit, new_id};
pub(crate) use totp_steps::{StepRequest, StepReservation};

/// How many attempts with a proven credential may be in flight by default.
pub(crate) const DEFAULT_MOST_IN_FLIGHT: u32 = 3;

/// After this time a waiting attempt asks again: another one may have ended by its age, which nothing signals.
const LOOK_AGAIN: Duration = Duration::from_secs(10);

/// Grants permits to the attempts of one client.
pub(crate) struct Guard {
    pub(crate) origin: String,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) most_in_flight: u32,
    /// The table of a test, instead of the process's.
    pub(crate) table: Option<Arc<dyn LoginMemory>>,
    /// The memories beyond this process. The first that works is used; if none does, the table is.
    pub(crate) shared: Vec<Arc<SharedMemory>>,
    /// Whether an attempt needs one of them.
    pub(crate) must_be_shared: bool,
    /// A [`reset`](Guard::reset) for the next user.
    pub(crate) reset_pending: AtomicBool,
}

/// An attempt that asks for a permit: its user and secret, and what the history needs to know.
pub(crate) struct LoginAttempt<'a> {
    pub(crate) name: &'a str,
    /// The secret, and a code that a person typed: another code makes another attempt.
    pub(crate) secret: &'a [&'a [u8]],
    pub(crate) kind: LoginKind,
    pub(crate) route: RouteId,
    pub(crate) foreign: bool,
    pub(crate) step: Option<StepRequest>,
}

pub(crate) enum Admission {
    /// Send now.
    Go(LoginPermit),
    /// Send a request without credentials, and call [`Guard::end_probe`].
    Probe,
    /// Wait, and ask again.
    Wait(Wait),
    /// The time step is reserved: wait so long, and ask again.
    Reserved(TimeStep, Duration),
    /// The next time step starts after so long, which is too late.
    NoStep(Duration),
    /// Blocked: fail.
    Held(Held),
    /// No required memory works: fail.
    Unusable(String),
}

/// How long to wait before asking again: until the signal's count is no longer `seen`.
pub(crate) struct Wait {
    pub(crate) changed: Signal,
    pub(crate) seen: u64,
    /// `None` while another attempt is in flight.
    pub(crate) hold: Option<Held>,
    pub(crate) at_most: Duration,
}

pub(crate) struct Status {
    /// The shared memory that knows it.
    pub(crate) memory: Option<String>,
    /// Why a shared memory failed.
    pub(crate) problem: Option<String>,
    /// Since the last acceptance.
    pub(crate) rejections: usize,
    pub(crate) unanswered: usize,
    pub(crate) in_flight: usize,
    pub(crate) held: Option<Held>,
}

impl Guard {
    pub(crate) fn new(
        origin: String,
        clock: Arc<dyn Clock>,
        most_in_flight: u32,
        table: Option<Arc<dyn LoginMemory>>,
    ) -> Self {
        let reset_pending = AtomicBool::new(false);
        Guard { origin, clock, most_in_flight, table, shared: Vec::new(), must_be_shared: false, reset_pending }
    }

    /// Adds a memory beyond this process, for when those added before fail. `place` is its path or address.
    pub(crate) fn shared_by(mut self, memory: Arc<dyn LoginMemory>, place: String) -> Self {
        self.shared.push(Arc::new(SharedMemory::new(memory, place)));
        self
    }

    /// Decides on an attempt. Calls `on_trouble` once when a shared memory fails, with its place and the reason.
    pub(crate) fn ask(&self, attempt: &LoginAttempt<'_>, on_trouble: &dyn Fn(&str, &str)) -> Admission {
        let user = self.user(attempt.name);
        let table = self.table();
        let own_tag = self.tag_in(&table, &user, attempt).expect("the process's table works");
        let mut why = None;
        for (index, shared) in self.shared.iter().enumerate() {
            match self.ask_in(&shared.memory, Some(shared), own_tag, &user, attempt) {
                Ok(mut answer) => {
                    shared.is_unavailable.store(false, Ordering::Relaxed);
                    let held = match &answer {
                        Admission::Held(held) => Some(held),
                        Admission::Wait(wait) => wait.hold.as_ref(),
                        _ => None,
                    };
                    if let Some(held) = held {
                        let own = self.request(own_tag, attempt);
                        let _ = table.with(&user, &*self.clock, &mut |history, now| {
                            held.copy_to(history, &own, now);
                            true
                        });
                    }
                    if matches!(answer, Admission::Go(_)) && shared.memory.is_in_doubt(&user) {
                        let own = self.status_in(&table, &user, attempt).expect("the process's table works");
                        if let Some(held) = own.held {
                            // The permit is dropped: nothing was sent.
                            return Admission::Held(held);
                        }
                    }
                    if let Admission::Go(permit) = &mut answer {
                        permit.missed_by = index;
                        permit.count_along(table);
                    }
                    return answer;
                }
                Err(problem) => {
                    if !shared.is_unavailable.swap(true, Ordering::Relaxed) {
                        on_trouble(&shared.place, &problem);
                    }
                    why = Some(problem);
                }
            }
        }
        if self.must_be_shared {
            return Admission::Unusable(why.unwrap_or_else(|| "no state directory is set".into()));
        }
        let mut answer = self.ask_in(&table, None, own_tag, &user, attempt).expect("the process's table works");
        if let Admission::Go(permit) = &mut answer {
            permit.missed_by = self.shared.len();
        }
        answer
    }

    /// The user that an attempt with this name could lock. An API token and a password, and all spellings of an
    /// address, count as one user: Boomi does not document whether it tells them apart.
    pub(crate) fn user(&self, name: &str) -> User {
        let bare = name.strip_prefix(TOKEN_PREFIX).unwrap_or(name);
        User { origin: self.origin.clone(), name: bare.to_lowercase() }
    }

    fn table(&self) -> Arc<dyn LoginMemory> {
        self.table.clone().unwrap_or_else(|| table::of_this_process())
    }

    fn tag_in(&self, memory: &Arc<dyn LoginMemory>, user: &User, attempt: &LoginAttempt<'_>) -> Result<Tag, String> {
        memory.tag(user, &*self.clock, &[&[attempt.name.as_bytes()], attempt.secret].concat())
    }

    fn request(&self, tag: Tag, attempt: &LoginAttempt<'_>) -> LoginRequest {
        let LoginAttempt { kind, route, foreign, .. } = *attempt;
        LoginRequest { tag, kind, route, foreign, most_in_flight: self.most_in_flight as usize }
    }

    fn ask_in(
        &self,
        memory: &Arc<dyn LoginMemory>,
        shared: Option<&SharedMemory>,
        own_tag: Tag,
        user: &User,
        attempt: &LoginAttempt<'_>,
    ) -> Result<Admission, String> {
        let changed = memory.changed(user);
        let seen = changed.count();
        let ask = self.request(self.tag_in(memory, user, attempt)?, attempt);
        let owner = memory.owner();
        let id = new_id();
        let reset = self.reset_pending.swap(false, Ordering::AcqRel);
        let unsettled = shared.map(|shared| shared.unsettled_of(user)).unwrap_or_default();
        let (mut answer, mut granted) = (None, None);
        let asked = memory.with(user, &*self.clock, &mut |history, now| {
            // The memory may repeat this on a history that another process changed meanwhile.
            (answer, granted) = (None, None);
            for old in &unsettled {
                match &old.ask {
                    None => {
                        history.settle(old.id, old.outcome, now);
                    }
                    Some(missed) => {
                        // The tag of another secret is unknown here, but the user's budget needs none.
                        let tag = if missed.tag == own_tag { ask.tag } else { missed.tag };
                        history.add(&LoginRequest { tag, ..*missed }, old.id, old.outcome, now);
                    }
                }
            }
            if reset {
                history.allowance = true;
            }
            let wait = |hold: Option<Held>| {
                let rest = hold.as_ref().and_then(|held| held.rest);
                let at_most = rest.into_iter().chain(memory.look_again()).min().unwrap_or(LOOK_AGAIN);
                Admission::Wait(Wait { changed: changed.clone(), seen, hold, at_most })
            };
            // A decision alone changes nothing for other processes.
            let is_changed = reset || !unsettled.is_empty();
            let (said, keep) = match history.decide(&ask, now) {
                LoginDecision::WaitUntil(until, why) => {
                    (wait(Some(Held::new(history, Some(until), why, now))), is_changed)
                }
                LoginDecision::Held(until, why) => (Admission::Held(Held::new(history, until, why, now)), is_changed),
                LoginDecision::AwaitOther => (wait(None), is_changed),
                LoginDecision::Probe => {
                    history.begin_probe(now);
                    (Admission::Probe, true)
                }
                LoginDecision::Go => {
                    let step = match attempt.step.map(|request| history.steps.reserve(request)) {
                        Some(StepReservation::In(step, wait)) => {
                            answer = Some(Admission::Reserved(step, wait));
                            return true;
                        }
                        Some(StepReservation::TooLate(wait)) => {
                            answer = Some(Admission::NoStep(wait));
                            return is_changed;
                        }
                        Some(StepReservation::Now(step)) => Some(step),
                        None => None,
                    };
                    history.take(&ask, id, owner, now);
                    granted = Some(step);
                    return true;
                }
            };
            answer = Some(said);
            keep
        });
        if let Err(problem) = asked {
            self.reset_pending.fetch_or(reset, Ordering::AcqRel);
            if let Some(shared) = shared {
                unsettled.into_iter().for_each(|old| shared.settle_later(old));
            }
            return Err(problem);
        }
        let Some(step) = granted else { return Ok(answer.expect("the memory ran the work")) };
        Ok(Admission::Go(LoginPermit {
            clock: self.clock.clone(),
            memory: memory.clone(),
            user: Arc::new(user.clone()),
            changed,
            ask,
            id,
            process: owner.process,
            step,
            if_dropped: LoginOutcome::NotSent,
            own: None,
            shared: self.shared.clone(),
            missed_by: 0,
            own_tag,
            ended: false,
        }))
    }

    /// Records the end of the request that [`Admission::Probe`] demanded, and whether the server responded.
    pub(crate) fn end_probe(&self, name: &str, answered: bool) {
        self.change(name, &mut |history, now| history.end_probe(answered, now));
    }

    /// Reserves a time step for a code that the caller sends with another library.
    pub(crate) fn take_step(&self, name: &str, request: StepRequest) -> StepReservation {
        let user = self.user(name);
        let mut reservation = None;
        for memory in self.memories() {
            let taken = memory.with(&user, &*self.clock, &mut |history, _| {
                reservation = Some(history.steps.reserve(request));
                true
            });
            if taken.is_ok() {
                break;
            }
        }
        reservation.expect("the process's table works")
    }

    /// Frees a time step that was reserved and not used.
    pub(crate) fn give_back(&self, name: &str, step: TimeStep) {
        self.change(name, &mut |history, _| history.steps.give_back(step));
    }

    /// Lets one attempt through: of the user of this name, or of the next user that asks.
    pub(crate) fn reset(&self, name: Option<&str>) {
        match name {
            Some(name) => self.change(name, &mut |history, _| history.allowance = true),
            None => self.reset_pending.store(true, Ordering::Release),
        }
    }

    /// What an attempt would get now. Changes nothing.
    pub(crate) fn status(&self, attempt: &LoginAttempt<'_>) -> Status {
        let user = self.user(attempt.name);
        let mut problem = None;
        for shared in &self.shared {
            match self.status_in(&shared.memory, &user, attempt) {
                Ok(status) => return Status { memory: Some(shared.place.clone()), problem, ..status },
                Err(why) => problem = Some(why),
            }
        }
        let status = self.status_in(&self.table(), &user, attempt).expect("the process's table works");
        Status { problem, ..status }
    }

    fn status_in(
        &self,
        memory: &Arc<dyn LoginMemory>,
        user: &User,
        attempt: &LoginAttempt<'_>,
    ) -> Result<Status, String> {
        let ask = self.request(self.tag_in(memory, user, attempt)?, attempt);
        let mut status = None;
        memory.with(user, &*self.clock, &mut |history, now| {
            let held = match history.decide(&ask, now) {
                LoginDecision::WaitUntil(until, why) => Some(Held::new(history, Some(until), why, now)),
                LoginDecision::Held(until, why) => Some(Held::new(history, until, why, now)),
                LoginDecision::Go | LoginDecision::Probe | LoginDecision::AwaitOther => None,
            };
            let (rejections, unanswered, in_flight) = (history.rejections, history.unanswered, history.in_flight.len());
            status = Some(Status { memory: None, problem: None, rejections, unanswered, in_flight, held });
            false
        })?;
        Ok(status.expect("the memory ran the work"))
    }

    fn memories(&self) -> impl Iterator<Item = Arc<dyn LoginMemory>> {
        self.shared.iter().map(|shared| shared.memory.clone()).chain([self.table()])
    }

    /// Changes a user's history in all memories that work. Those that fail are reported by the next attempt.
    fn change(&self, name: &str, change: &mut dyn FnMut(&mut LoginHistory, Millis)) {
        let user = self.user(name);
        for memory in self.memories() {
            let _ = memory.with(&user, &*self.clock, &mut |history, now| {
                change(history, now);
                true
            });
            memory.changed(&user).notify();
        }
    }
}
