//! The guard, which every sign-in passes, so that no user is locked out by this library.
//!
//! What may be sent when is decided by [`history`]; where histories are kept is a [`Store`]'s business: the process's
//! [`table`], or a directory.

pub(crate) mod history;
pub(crate) mod secret_tag;
pub(crate) mod state_dir;
pub(crate) mod table;
pub(crate) mod totp_steps;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ring::rand::SystemRandom;

use crate::clock::Clock;
use crate::credentials::TOKEN_PREFIX;
use crate::error::{Error, ErrorKind};
use crate::fork::PerProcess;
use crate::sync::{Mutex, Signal, lock};
use crate::text::whole_seconds;
use history::{LoginDecision, LoginHistory, LoginKind, LoginOutcome, LoginRequest, Millis, Owner, RouteId, Tag, Why};
use totp_steps::TimeStep;

/// How many sign-ins of a proven credential may be under way, unless the caller says otherwise.
pub(crate) const DEFAULT_MOST_IN_FLIGHT: u32 = 3;

/// What is waited for may have ended without anybody's telling: by its age.
pub(crate) const LOOK_AGAIN: Duration = Duration::from_secs(10);

pub(crate) const MOST_UNSETTLED: usize = 1024;

/// Whose sign-ins a history is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct User {
    pub(crate) origin: String,
    pub(crate) name: String,
}

/// Where histories are kept. An error says, for people, why one could not be used; then nothing was changed.
pub(crate) trait Store: Send + Sync {
    /// Runs `work` on a user's history, with the store's own time, while nobody else does. What it changed is kept if it
    /// returns `true`.
    fn with(
        &self,
        user: &User,
        clock: &dyn Clock,
        work: &mut dyn FnMut(&mut LoginHistory, Millis) -> bool,
    ) -> Result<(), String>;
    /// What stands for a secret of this user there.
    fn tag(&self, user: &User, clock: &dyn Clock, secret: &[&[u8]]) -> Result<Tag, String>;
    /// Who this process is there.
    fn owner(&self) -> Owner;
    /// Told when this process changed a user's history.
    fn changed(&self, user: &User) -> Signal;
    /// How long to wait for what other processes change, which nobody tells.
    fn look_again(&self) -> Option<Duration>;
    /// Whether what was known of a user was lost, and no sign-in was accepted since: then what the process itself knows counts, too.
    fn is_in_doubt(&self, _user: &User) -> bool {
        false
    }
}

/// One client's way to the histories.
pub(crate) struct Guard {
    pub(crate) origin: String,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) most_in_flight: u32,
    /// The memory of tests; otherwise it is the process's own: the only one, or for when the other cannot be used.
    pub(crate) table: Option<Arc<dyn Store>>,
    /// The memories beyond this process: the first that can be used is.
    pub(crate) shared: Vec<SharedMemory>,
    /// Whether a sign-in needs one of them.
    pub(crate) must_be_shared: bool,
    /// [`reset`](Guard::reset) before anybody knew which user.
    pub(crate) reset_pending: AtomicBool,
}

/// A memory beyond this process.
pub(crate) struct SharedMemory {
    pub(crate) store: Arc<dyn Store>,
    /// Where it is.
    pub(crate) place: String,
    /// Whether the last use of it failed.
    pub(crate) is_unavailable: AtomicBool,
    /// What could not be written there yet.
    pub(crate) unsettled: PerProcess<Mutex<Vec<Settlement>>>,
}

/// What a memory is to be told when it can be used again.
#[derive(Clone)]
pub(crate) struct Settlement {
    pub(crate) user: User,
    pub(crate) id: u64,
    pub(crate) outcome: LoginOutcome,
    /// What a sign-in that it never knew of asked for. Its tag is that of the process's table.
    pub(crate) ask: Option<LoginRequest>,
}

impl SharedMemory {
    pub(crate) fn unsettled(&self) -> Arc<Mutex<Vec<Settlement>>> {
        self.unsettled.get(Mutex::default)
    }

    pub(crate) fn unsettled_of(&self, user: &User) -> Vec<Settlement> {
        let unsettled = self.unsettled();
        let mut all = lock(&unsettled);
        let (of_user, others) = all.drain(..).partition(|old| old.user == *user);
        *all = others;
        of_user
    }

    pub(crate) fn settle_later(&self, settlement: Settlement) {
        let unsettled = self.unsettled();
        let mut all = lock(&unsettled);
        // More of one user than its budget says nothing more.
        if all.len() < MOST_UNSETTLED {
            all.push(settlement);
        }
    }
}

/// Who wants to sign in, and for what.
pub(crate) struct LoginAttempt<'a> {
    pub(crate) name: &'a str,
    /// The secret, and a code that a person typed, if there is one: another code is another try.
    pub(crate) secret: &'a [&'a [u8]],
    pub(crate) kind: LoginKind,
    pub(crate) route: RouteId,
    /// Whether another library sends, and this one may never hear of the end.
    pub(crate) foreign: bool,
    pub(crate) step: Option<StepWish>,
}

/// What somebody wants who needs a one-time code.
#[derive(Clone, Copy)]
pub(crate) struct StepWish {
    pub(crate) period: u64,
    /// The server's time.
    pub(crate) server_ms: u64,
    /// The step that is kept for this attempt.
    pub(crate) reserved: Option<TimeStep>,
    /// How long it can wait for another.
    pub(crate) longest_wait_ms: u64,
}

/// What the guard says.
pub(crate) enum Admission {
    /// Send now.
    Go(LoginPermit),
    /// Send a request without credentials, and tell [`Guard::end_probe`].
    Probe,
    /// Wait for the signal, at most so long, and ask again.
    Wait(Wait),
    /// This step is kept for the attempt: wait so long, and ask again.
    Reserved(TimeStep, Duration),
    /// The next step comes after so long, which is too late.
    NoStep(Duration),
    /// Do not send; not before so long, or for good.
    Held(Held),
    /// Do not send: the memory that is needed cannot be used.
    Unusable(String),
}

/// What is waited for.
pub(crate) struct Wait {
    pub(crate) changed: Signal,
    pub(crate) seen: u64,
    /// `None`: for the verdict of another.
    pub(crate) hold: Option<Held>,
    pub(crate) at_most: Duration,
}

/// What is known of a user's sign-ins.
pub(crate) struct Status {
    /// Where it is known, if not in this process alone.
    pub(crate) memory: Option<String>,
    /// Why that cannot be used.
    pub(crate) problem: Option<String>,
    /// Since the last acceptance.
    pub(crate) rejections: usize,
    pub(crate) unanswered: usize,
    pub(crate) in_flight: usize,
    /// What holds the next one back.
    pub(crate) held: Option<Held>,
}

/// Why nothing is sent.
#[derive(Debug, Clone)]
pub(crate) struct Held {
    pub(crate) rest: Option<Duration>,
    pub(crate) why: Why,
    pub(crate) rejections: usize,
    pub(crate) unanswered: usize,
}

/// A sign-in under way. One that is dropped without its end counts as one without an answer.
pub(crate) struct LoginPermit {
    pub(crate) guard: Arc<Guard>,
    /// Where it is written, so that its end is written there too.
    pub(crate) store: Arc<dyn Store>,
    pub(crate) user: User,
    pub(crate) changed: Signal,
    pub(crate) ask: LoginRequest,
    pub(crate) id: u64,
    pub(crate) process: u32,
    /// The step whose code goes with it.
    pub(crate) step: Option<TimeStep>,
    /// How it ends if nobody says: as one that was not sent, as long as nothing can have been.
    pub(crate) if_dropped: LoginOutcome,
    /// The process's table, if it is not the store: it counts along, for when the store cannot be used.
    pub(crate) own: Option<Arc<dyn Store>>,
    /// Which of the guard's shared memories come before the store, and could not be used.
    pub(crate) missed_by: usize,
    /// What stands for the secret in the process's table.
    pub(crate) own_tag: Tag,
    pub(crate) ended: bool,
}

impl Guard {
    pub(crate) fn new(
        origin: String,
        clock: Arc<dyn Clock>,
        most_in_flight: u32,
        table: Option<Arc<dyn Store>>,
    ) -> Self {
        Guard {
            origin,
            clock,
            most_in_flight,
            table,
            shared: Vec::new(),
            must_be_shared: false,
            reset_pending: AtomicBool::new(false),
        }
    }

    /// With a memory beyond this process, for when those that were given before cannot be used; `place` says where it is.
    pub(crate) fn shared_by(mut self, store: Arc<dyn Store>, place: String) -> Self {
        let (is_unavailable, unsettled) = (AtomicBool::new(false), PerProcess::empty());
        self.shared.push(SharedMemory { store, place, is_unavailable, unsettled });
        self
    }

    /// No sign-in goes by this process's memory alone.
    pub(crate) fn that_must_be_shared(self) -> Self {
        Guard { must_be_shared: true, ..self }
    }

    /// Asks for a place. `on_trouble` is told, once, when the memory beyond this process cannot be used: where it is, and why.
    pub(crate) fn ask(self: &Arc<Self>, attempt: &LoginAttempt<'_>, on_trouble: &dyn Fn(&str, &str)) -> Admission {
        let user = self.user(attempt.name);
        let table = self.table();
        let own_tag = self.tag_in(&table, &user, attempt).expect("the process's table is always there");
        let mut why = None;
        for (index, shared) in self.shared.iter().enumerate() {
            match self.ask_in(&shared.store, Some(shared), own_tag, &user, attempt) {
                Ok(mut answer) => {
                    shared.is_unavailable.store(false, Ordering::Relaxed);
                    if let Some(held) = answer.held() {
                        let own = self.as_asked(own_tag, attempt);
                        let _ = table.with(&user, &*self.clock, &mut |history, now| {
                            history.learn(&own, held, now);
                            true
                        });
                    }
                    if matches!(answer, Admission::Go(_)) && shared.store.is_in_doubt(&user) {
                        let own = self.status_in(&table, &user, attempt).expect("the process's table is always there");
                        if let Some(held) = own.held {
                            // The place is given back: nothing was sent.
                            return Admission::Held(held);
                        }
                    }
                    if let Admission::Go(place) = &mut answer {
                        place.missed_by = index;
                        place.count_along(table);
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
        let mut answer =
            self.ask_in(&table, None, own_tag, &user, attempt).expect("the process's table is always there");
        if let Admission::Go(place) = &mut answer {
            place.missed_by = self.shared.len();
        }
        answer
    }

    /// Whom a sign-in by this name could lock: nobody knows whether Boomi tells an API token's rejections from a password's, or
    /// one spelling of an address from another, so they are not told apart.
    pub(crate) fn user(&self, name: &str) -> User {
        let bare = name.strip_prefix(TOKEN_PREFIX).unwrap_or(name);
        User { origin: self.origin.clone(), name: bare.to_lowercase() }
    }

    pub(crate) fn table(&self) -> Arc<dyn Store> {
        self.table.clone().unwrap_or_else(|| table::of_this_process())
    }

    pub(crate) fn tag_in(
        &self,
        store: &Arc<dyn Store>,
        user: &User,
        attempt: &LoginAttempt<'_>,
    ) -> Result<Tag, String> {
        store.tag(user, &*self.clock, &[&[attempt.name.as_bytes()], attempt.secret].concat())
    }

    /// What the history of this store is asked.
    pub(crate) fn as_asked_in(
        &self,
        store: &Arc<dyn Store>,
        user: &User,
        attempt: &LoginAttempt<'_>,
    ) -> Result<LoginRequest, String> {
        Ok(self.as_asked(self.tag_in(store, user, attempt)?, attempt))
    }

    pub(crate) fn as_asked(&self, tag: Tag, attempt: &LoginAttempt<'_>) -> LoginRequest {
        let LoginAttempt { kind, route, foreign, .. } = *attempt;
        LoginRequest { tag, kind, route, foreign, most_in_flight: self.most_in_flight as usize }
    }

    pub(crate) fn ask_in(
        self: &Arc<Self>,
        store: &Arc<dyn Store>,
        shared: Option<&SharedMemory>,
        own_tag: Tag,
        user: &User,
        attempt: &LoginAttempt<'_>,
    ) -> Result<Admission, String> {
        let changed = store.changed(user);
        let seen = changed.count();
        let ask = self.as_asked_in(store, user, attempt)?;
        let owner = store.owner();
        let id = new_id();
        let reset = self.reset_pending.swap(false, Ordering::AcqRel);
        let unsettled = shared.map(|shared| shared.unsettled_of(user)).unwrap_or_default();
        let (mut answer, mut granted) = (None, None);
        let asked = store.with(user, &*self.clock, &mut |history, now| {
            // It may be done again, on a history that another has changed meanwhile.
            (answer, granted) = (None, None);
            for old in &unsettled {
                match &old.ask {
                    None => {
                        history.settle(old.id, old.outcome, now);
                    }
                    Some(missed) => {
                        // Of another secret nobody knows what stands for it here, but the user's budget does not ask.
                        let tag = if missed.tag == own_tag { ask.tag } else { missed.tag };
                        history.add(&LoginRequest { tag, ..*missed }, old.id, old.outcome, now);
                    }
                }
            }
            if reset {
                history.allow_one();
            }
            let held = |until: Option<Millis>, why| Held {
                rest: until.map(|until| Duration::from_millis(until - now)),
                why,
                rejections: history.rejections(),
                unanswered: history.unanswered(),
            };
            let wait = |hold: Option<Held>| {
                let rest = hold.as_ref().and_then(|held| held.rest);
                let at_most = rest.into_iter().chain(store.look_again()).min().unwrap_or(LOOK_AGAIN);
                Admission::Wait(Wait { changed: changed.clone(), seen, hold, at_most })
            };
            let decision = history.decide(&ask, now);
            let said = match decision {
                LoginDecision::At(until, why) => wait(Some(held(Some(until), why))),
                LoginDecision::Held(until, why) => Admission::Held(held(until, why)),
                LoginDecision::Verdict => wait(None),
                LoginDecision::Probe => {
                    history.begin_probe(now);
                    Admission::Probe
                }
                LoginDecision::Go => {
                    let step = match attempt.step.map(|wish| Coming::step(history, wish)) {
                        None => None,
                        Some(Coming::Now(step)) => Some(step),
                        Some(Coming::In(step, wait)) => {
                            answer = Some(Admission::Reserved(step, wait));
                            return true;
                        }
                        Some(Coming::TooLate(wait)) => {
                            answer = Some(Admission::NoStep(wait));
                            return reset || !unsettled.is_empty();
                        }
                    };
                    history.take(&ask, id, owner, now);
                    granted = Some(step);
                    return true;
                }
            };
            answer = Some(said);
            // A look alone changes nothing that others could want to know.
            !matches!(decision, LoginDecision::At(..) | LoginDecision::Held(..) | LoginDecision::Verdict)
                || reset
                || !unsettled.is_empty()
        });
        if let Err(problem) = asked {
            self.reset_pending.fetch_or(reset, Ordering::AcqRel);
            for (shared, old) in shared.into_iter().flat_map(|shared| unsettled.iter().map(move |old| (shared, old))) {
                shared.settle_later(old.clone());
            }
            return Err(problem);
        }
        if let Some(step) = granted {
            let (guard, store, user) = (self.clone(), store.clone(), user.clone());
            return Ok(Admission::Go(LoginPermit {
                guard,
                store,
                user,
                changed,
                ask,
                id,
                process: owner.process,
                step,
                if_dropped: LoginOutcome::NotSent,
                own: None,
                missed_by: 0,
                own_tag,
                ended: false,
            }));
        }
        Ok(answer.expect("the store ran the work"))
    }

    /// Ends the request that [`Admission::Probe`] asked for.
    pub(crate) fn end_probe(&self, name: &str, answered: bool) {
        self.change(name, &mut |history, now| history.end_probe(answered, now));
    }

    /// Keeps a step for a code that somebody else will send: it is theirs now, or comes in so long, or too late.
    pub(crate) fn take_step(&self, name: &str, wish: StepWish) -> Coming {
        let user = self.user(name);
        let mut coming = None;
        for store in self.shared.iter().map(|shared| &shared.store).chain([&self.table()]) {
            let taken = store.with(&user, &*self.clock, &mut |history, _| {
                coming = Some(Coming::step(history, wish));
                true
            });
            if taken.is_ok() {
                break;
            }
        }
        coming.expect("the process's table is always there")
    }

    /// Gives back a step that was reserved and not used.
    pub(crate) fn give_back(&self, name: &str, step: TimeStep) {
        self.change(name, &mut |history, _| history.steps.give_back(step));
    }

    /// Lets one sign-in through; of the next user to sign in, if there was none yet.
    pub(crate) fn reset(&self, name: Option<&str>) {
        match name {
            Some(name) => self.change(name, &mut |history, _| history.allow_one()),
            None => self.reset_pending.store(true, Ordering::Release),
        }
    }

    /// What would become of a sign-in now. Changes nothing.
    pub(crate) fn status(&self, attempt: &LoginAttempt<'_>) -> Status {
        let user = self.user(attempt.name);
        let mut problem = None;
        for shared in &self.shared {
            match self.status_in(&shared.store, &user, attempt) {
                Ok(status) => return Status { memory: Some(shared.place.clone()), problem, ..status },
                Err(why) => problem = Some(why),
            }
        }
        let status = self.status_in(&self.table(), &user, attempt).expect("the process's table is always there");
        Status { problem, ..status }
    }

    pub(crate) fn status_in(
        &self,
        store: &Arc<dyn Store>,
        user: &User,
        attempt: &LoginAttempt<'_>,
    ) -> Result<Status, String> {
        let ask = self.as_asked_in(store, user, attempt)?;
        let mut status = None;
        store.with(user, &*self.clock, &mut |history, now| {
            let held = match history.decide(&ask, now) {
                LoginDecision::At(until, why) => Some((Some(until), why)),
                LoginDecision::Held(until, why) => Some((until, why)),
                LoginDecision::Go | LoginDecision::Probe | LoginDecision::Verdict => None,
            };
            let held = held.map(|(until, why)| Held {
                rest: until.map(|until| Duration::from_millis(until - now)),
                why,
                rejections: history.rejections(),
                unanswered: history.unanswered(),
            });
            let (rejections, unanswered, in_flight) = (history.rejections(), history.unanswered(), history.in_flight());
            status = Some(Status { memory: None, problem: None, rejections, unanswered, in_flight, held });
            false
        })?;
        Ok(status.expect("the store ran the work"))
    }

    /// Changes a user's history, wherever it may be.
    pub(crate) fn change(&self, name: &str, change: &mut dyn FnMut(&mut LoginHistory, Millis)) {
        let user = self.user(name);
        for store in self.shared.iter().map(|shared| &shared.store).chain([&self.table()]) {
            // What cannot be used has said so, or will, when somebody asks.
            let _ = store.with(&user, &*self.clock, &mut |history, now| {
                change(history, now);
                true
            });
            store.changed(&user).notify();
        }
    }
}

impl Admission {
    /// What holds the attempt back, if anything does.
    pub(crate) fn held(&self) -> Option<&Held> {
        match self {
            Admission::Held(held) => Some(held),
            Admission::Wait(wait) => wait.hold.as_ref(),
            _ => None,
        }
    }
}

/// When the code for a sign-in can be sent.
pub(crate) enum Coming {
    Now(TimeStep),
    In(TimeStep, Duration),
    TooLate(Duration),
}

impl Coming {
    /// Keeps a step for somebody, if it does not come too late.
    pub(crate) fn step(history: &mut LoginHistory, wish: StepWish) -> Self {
        let reserved = wish.reserved.and_then(|step| Some((step, step.wait(wish.server_ms)?)));
        let (step, wait) = reserved.unwrap_or_else(|| {
            let next = history.steps.next(wish.period, wish.server_ms);
            (next, next.wait(wish.server_ms).unwrap_or(0))
        });
        if reserved.is_none() {
            if wait > wish.longest_wait_ms {
                return Coming::TooLate(Duration::from_millis(wait));
            }
            history.steps.take(step);
        }
        if wait == 0 { Coming::Now(step) } else { Coming::In(step, Duration::from_millis(wait)) }
    }
}

impl LoginPermit {
    /// Tells how the sign-in ended.
    pub(crate) fn end(mut self, outcome: LoginOutcome) {
        self.settle(outcome);
    }

    /// From here on it may have been sent.
    pub(crate) fn leaves(&mut self) {
        self.if_dropped = LoginOutcome::Unanswered;
    }

    /// Takes it in the process's table too, where the secret has another tag.
    pub(crate) fn count_along(&mut self, table: Arc<dyn Store>) {
        let ask = LoginRequest { tag: self.own_tag, ..self.ask };
        let (id, step) = (self.id, self.step);
        let _ = table.with(&self.user, &*self.guard.clock, &mut |history, now| {
            history.take(&ask, id, Owner::default(), now);
            step.into_iter().for_each(|step| history.steps.take(step));
            true
        });
        self.own = Some(table);
    }

    pub(crate) fn settle(&mut self, outcome: LoginOutcome) {
        // In a child of `fork` this is a copy, and the sign-in its parent's.
        if std::mem::replace(&mut self.ended, true) || self.process != std::process::id() {
            return;
        }
        let (id, step, clock) = (self.id, self.step, &*self.guard.clock);
        let end_in = |store: &Arc<dyn Store>| {
            let mut is_for_all = true;
            let written = store.with(&self.user, clock, &mut |history, now| {
                is_for_all = history.settle(id, outcome, now);
                if let (LoginOutcome::NotSent, Some(step)) = (outcome, step) {
                    history.steps.give_back(step);
                }
                true
            });
            written.map(|()| is_for_all)
        };
        if let Some(table) = &self.own {
            let _ = end_in(table);
            table.changed(&self.user).notify();
        }
        let is_for_all = end_in(&self.store).unwrap_or_else(|_| {
            // The process remembers it, and writes it down when it can.
            let settlement = Settlement { user: self.user.clone(), id, outcome, ask: None };
            if let Some(shared) = self.guard.shared.get(self.missed_by) {
                shared.settle_later(settlement);
            }
            true
        });
        if matches!(outcome, LoginOutcome::Rejected | LoginOutcome::Unanswered) {
            // The memories that did not know of it are told when they can be used again.
            let ask = Some(LoginRequest { tag: self.own_tag, ..self.ask });
            for shared in &self.guard.shared[..self.missed_by] {
                shared.settle_later(Settlement { user: self.user.clone(), id, outcome, ask });
            }
        }
        if is_for_all {
            self.changed.notify();
        } else {
            self.changed.notify_one();
        }
    }
}

impl Drop for LoginPermit {
    fn drop(&mut self) {
        self.settle(self.if_dropped);
    }
}

impl Held {
    /// The name of the reason, for events.
    pub(crate) fn reason(&self) -> &'static str {
        match self.why {
            Why::Rejected => "rejected",
            Why::Unanswered => "unanswered",
            Why::Budget => "budget",
        }
    }

    /// The error of a call that is not sent.
    pub(crate) fn error(&self, name: &str, host: &str) -> Error {
        let times = |count: usize, what: &str| match count {
            0 => None,
            1 => Some(format!("{what} once")),
            count => Some(format!("{what} {count} times")),
        };
        let counts = [times(self.rejections, "rejected"), times(self.unanswered, "not answered")];
        let counts: Vec<_> = counts.into_iter().flatten().collect();
        let before = if counts.is_empty() { "rejected before".to_owned() } else { counts.join(" and ") };
        let advice = "check the user name and the password or API token, and whether Boomi has locked the user; other \
                      credentials are tried at once, and boomi_client_reset_guard (Client::reset_guard) allows these one \
                      more try";
        let end = match self.rest {
            Some(rest) => {
                format!("nothing is sent for another {} s. If it stays so, {advice}", whole_seconds(rest))
            }
            None => format!("nothing more is sent: {advice}"),
        };
        let text =
            format!("not sent: sign-ins of {name} at {host} were {before}, and six bad ones lock a user, so {end}");
        let error = Error::new(ErrorKind::Held, text).with_retry_after(self.rest);
        error.retryable(self.rest.is_some())
    }
}

/// The resource that a path is about: its beginning, without the ids behind it, as a number that all processes share.
pub(crate) fn route_of(path: &str) -> RouteId {
    const SEGMENTS: usize = 5;
    let beginning: Vec<_> = path.trim_start_matches('/').split('/').take(SEGMENTS).collect();
    let hash = ring::digest::digest(&ring::digest::SHA256, beginning.join("/").as_bytes());
    let (number, _) = hash.as_ref().split_first_chunk().expect("32 bytes");
    RouteId::from_be_bytes(*number)
}

/// A number that no other attempt has, in any process.
pub(crate) fn new_id() -> u64 {
    let id = ring::rand::generate(&SystemRandom::new()).expect("the system gives random numbers");
    u64::from_ne_bytes(id.expose())
}
