//! Three processes that share one token, the store and the issuer, in every order of steps.
//!
//! No step has a time limit unless the model sets one: a token request, or a message to the store, may take longer than
//! the lease. Every step uses something up, so each search ends; what must happen eventually is checked where no step
//! is left.

use stateright::{Checker, HasDiscoveries, Model, Property};

use super::scripts::{Millis, Put, Take, Taken, TokenKey, give_back, put, take};

const PROCESSES: usize = 3;

/// A tick of the clock. Leases that were given between two of them are told apart by a millisecond each.
const TICK: Millis = 100;
/// In ticks: a lease, a token's lifetime, and how long before its end it is renewed.
const LEASE: u8 = 2;
const LIFE: u8 = 3;
const DUE: u8 = 1;
/// More show nothing new.
const MOST_TOKENS: usize = 4;
/// The store's clock at the start, and how far it steps back: further than anything here lasts.
const START: Millis = 10_000;
const STEP_BACK: Millis = 20 * TICK;
/// The longest wait after the last failure: a lease of each process, one of a lost response, and one after a step of
/// the clock.
const LAST_WAITS: u8 = LEASE * (PROCESSES as u8 + 2);

/// The scripts, or variants without one of their checks.
#[derive(Clone, Copy)]
struct Scripts {
    take: fn(&mut TokenKey, Millis, Take) -> Taken,
    put: fn(&mut TokenKey, Millis, Put) -> bool,
}

const AS_THEY_ARE: Scripts = Scripts { take, put: |key, _, brought| put(key, brought) };

/// How often each failure may still happen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
struct Troubles {
    /// The API refuses every token that was issued so far.
    revocations: u8,
    /// A process ends.
    crashes: u8,
    /// The issuer responds with an error.
    failures: u8,
    /// A script ran, and its response is lost.
    lost_answers: u8,
    /// A PUT is delayed, and the process does not wait for its response.
    late_puts: u8,
    /// The store loses everything, or its last write.
    losses: u8,
    failovers: u8,
    /// The store moves to a machine whose clock is behind.
    steps_back: u8,
    /// Until then, in ticks, failures happen and processes need tokens.
    ends: u8,
    /// Whether a token request may take longer than its lease.
    stalls: bool,
}

struct SharedStore {
    scripts: Scripts,
    troubles: Troubles,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct State {
    store: TokenKey,
    /// The key before the last write, for a failover that loses that.
    before: TokenKey,
    /// In ticks.
    now: u8,
    /// The number of leases, each given in a millisecond of its own.
    given: u8,
    /// How far the store's clock is behind.
    behind: Millis,
    processes: [Process; PROCESSES],
    /// When each token expires.
    tokens: Vec<u8>,
    /// The API refuses the tokens before this one.
    revoked: u8,
    /// A delayed PUT, for which no process waits.
    late: Option<Put>,
    left: Troubles,
    /// The newest token that was in the store.
    newest: Option<u8>,
    wrong: Option<Wrong>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Process {
    does: Does,
    /// The fence of its token.
    known: i64,
    token: Option<u8>,
    /// The newest token that it found in the store, or put there.
    had: Option<u8>,
    /// A bit for each token that an API refused to it.
    refused: u8,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Does {
    /// Uses its token, or needs another if that is worn.
    #[default]
    Nothing,
    /// Needs a token; the store's response was lost.
    AsksAgain {
        id: u8,
    },
    /// Requests a token from the issuer.
    Asks(Lease),
    /// Puts the token into the store.
    Brings(Lease, u8),
    /// Its token request failed.
    GivesBack(Lease),
    /// Requests a token without the store.
    AsksAlone,
    Gone,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Lease {
    id: u8,
    fence: i64,
    /// When it was given, in ticks and by the store's clock.
    taken: u8,
    began: Millis,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Wrong {
    OlderThanBefore,
    OlderThanItHad,
    RefusedBefore,
    Dead,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Tick,
    Take(usize),
    /// The response is lost; the process runs the script again, or goes on alone.
    TakeForAnother(usize),
    TakeInVain(usize),
    Issue(usize),
    Fail(usize),
    Put(usize),
    PutForAnother(usize),
    LeavePut(usize),
    ArriveLate,
    GiveBack(usize),
    Crash(usize),
    Revoke,
    Lose,
    FailOver,
    /// The store's clock.
    SetBack,
}

impl Does {
    fn leads(self) -> bool {
        matches!(self, Does::Asks(_) | Does::Brings(..) | Does::GivesBack(_))
    }
}

impl State {
    fn store_now(&self) -> Millis {
        START + Millis::from(self.now) * TICK + Millis::from(self.given) - self.behind
    }

    fn is_worn(&self, token: u8) -> bool {
        token < self.revoked || self.now + DUE >= self.tokens[token as usize]
    }

    fn wants(&self, process: &Process) -> bool {
        match process.does {
            Does::Nothing => process.token.is_none_or(|token| self.now < self.left.ends && self.is_worn(token)),
            Does::AsksAgain { .. } => true,
            _ => false,
        }
    }

    /// What TAKE returns to a process, which has a new id for each attempt but a repeated one.
    fn taken(&mut self, scripts: Scripts, process: usize) -> (u8, Taken) {
        let id = match self.processes[process].does {
            Does::AsksAgain { id } => id,
            _ => self.given,
        };
        let (now, known) = (self.store_now(), self.processes[process].known);
        let before = self.store.clone();
        let taken =
            (scripts.take)(&mut self.store, now, Take { id, lease: Millis::from(LEASE) * TICK, known, least: 0 });
        if let Taken::Ask { .. } = taken {
            self.before = before;
            self.given += 1;
        }
        (id, taken)
    }

    /// As [`taken`](Self::taken), for a process whose token the API may have refused.
    fn asked(&mut self, scripts: Scripts, process: usize) -> (u8, Taken) {
        let (revoked, asking) = (self.revoked, &mut self.processes[process]);
        if let Some(token) = asking.token.filter(|token| *token < revoked) {
            asking.refused |= 1 << token;
        }
        self.taken(scripts, process)
    }

    fn must_wait(&self, scripts: Scripts, process: usize) -> bool {
        matches!(self.clone().taken(scripts, process).1, Taken::Wait { .. })
    }

    /// The leases of the processes that hold one, or did.
    fn leases(&self) -> impl Iterator<Item = Lease> {
        self.processes.iter().filter_map(|process| match process.does {
            Does::Asks(lease) | Does::Brings(lease, _) | Does::GivesBack(lease) => Some(lease),
            _ => None,
        })
    }

    fn find(&mut self, process: usize, fence: i64, token: u8, troubles: Troubles) {
        let finder = &mut self.processes[process];
        let is_whole = troubles.losses == self.left.losses && troubles.failovers == self.left.failovers;
        if finder.refused >> token & 1 == 1 {
            self.wrong = Some(Wrong::RefusedBefore);
        } else if finder.had.is_some_and(|had| token < had) {
            self.wrong = Some(Wrong::OlderThanItHad);
        } else if is_whole && self.newest.is_some_and(|newest| token < newest) {
            self.wrong = Some(Wrong::OlderThanBefore);
        } else if self.behind == 0 && self.now >= self.tokens[token as usize] {
            self.wrong = Some(Wrong::Dead);
        }
        (finder.does, finder.known, finder.token) = (Does::Nothing, fence, Some(token));
        finder.had = finder.had.max(Some(token));
    }

    fn issue(&mut self) -> u8 {
        self.tokens.push(self.now + LIFE);
        self.tokens.len() as u8 - 1
    }

    fn brought(&self, lease: Lease, token: u8) -> Put {
        let ends = lease.began + Millis::from(self.tokens[token as usize] - lease.taken) * TICK;
        Put { fence: lease.fence, sealed: token, ends }
    }

    fn put(&mut self, scripts: Scripts, brought: Put) -> bool {
        let (before, now) = (self.store.clone(), self.store_now());
        let kept = (scripts.put)(&mut self.store, now, brought);
        if kept {
            self.before = before;
            self.newest = self.newest.max(Some(brought.sealed));
        }
        kept
    }
}

impl Model for SharedStore {
    type State = State;
    type Action = Step;

    fn init_states(&self) -> Vec<State> {
        vec![State {
            store: TokenKey::default(),
            before: TokenKey::default(),
            now: 0,
            given: 0,
            behind: 0,
            processes: [Process::default(); PROCESSES],
            tokens: Vec::new(),
            revoked: 0,
            late: None,
            left: self.troubles,
            newest: None,
            wrong: None,
        }]
    }

    fn actions(&self, state: &State, steps: &mut Vec<Step>) {
        if state.wrong.is_some() {
            return;
        }
        let left = &state.left;
        let goes_on = state.now < left.ends;
        for (index, process) in state.processes.iter().enumerate() {
            match process.does {
                Does::Nothing | Does::AsksAgain { .. } if state.wants(process) => {
                    let taken = state.clone().taken(self.scripts, index).1;
                    if !matches!(taken, Taken::Wait { .. }) {
                        steps.push(Step::Take(index));
                    }
                    if left.lost_answers > 0 {
                        steps.push(Step::TakeInVain(index));
                        if matches!(taken, Taken::Ask { .. }) {
                            steps.push(Step::TakeForAnother(index));
                        }
                    }
                }
                Does::Nothing | Does::AsksAgain { .. } | Does::Gone => {}
                Does::Asks(_) => {
                    steps.push(Step::Issue(index));
                    if left.failures > 0 && goes_on {
                        steps.push(Step::Fail(index));
                    }
                }
                Does::AsksAlone => steps.push(Step::Issue(index)),
                Does::Brings(..) => {
                    steps.push(Step::Put(index));
                    if left.lost_answers > 0 {
                        steps.push(Step::PutForAnother(index));
                    }
                    if left.late_puts > 0 && state.late.is_none() {
                        steps.push(Step::LeavePut(index));
                    }
                }
                Does::GivesBack(_) => steps.push(Step::GiveBack(index)),
            }
            if left.crashes > 0 && goes_on && process.does.leads() {
                steps.push(Step::Crash(index));
            }
        }
        if state.late.is_some() {
            steps.push(Step::ArriveLate);
        }
        let waits = |(index, process): (usize, &Process)| state.wants(process) && state.must_wait(self.scripts, index);
        let is_last_wait = state.now < self.troubles.ends + LAST_WAITS && state.processes.iter().enumerate().any(waits);
        let in_time = |lease: Lease| state.now + 1 - lease.taken < LEASE;
        if (goes_on || is_last_wait) && (left.stalls || state.leases().all(in_time)) {
            steps.push(Step::Tick);
        }
        let mut may = |times: u8, step| {
            if times > 0 && goes_on {
                steps.push(step);
            }
        };
        may(left.revocations, Step::Revoke);
        may(left.losses, Step::Lose);
        may(left.failovers, Step::FailOver);
        may(left.steps_back, Step::SetBack);
    }

    fn within_boundary(&self, state: &State) -> bool {
        state.tokens.len() <= MOST_TOKENS
    }

    fn next_state(&self, last: &State, step: Step) -> Option<State> {
        let mut state = last.clone();
        match step {
            Step::Tick => state.now += 1,
            Step::Take(index) => match state.asked(self.scripts, index) {
                (_, Taken::Wait { .. }) => return None,
                (_, Taken::Found { fence, sealed, .. }) => state.find(index, fence, sealed, self.troubles),
                (id, Taken::Ask { fence, now }) => {
                    state.processes[index].does = Does::Asks(Lease { id, fence, taken: state.now, began: now });
                }
            },
            Step::TakeForAnother(index) => {
                let (id, _) = state.asked(self.scripts, index);
                state.left.lost_answers -= 1;
                state.processes[index].does = Does::AsksAgain { id };
            }
            Step::TakeInVain(index) => {
                state.asked(self.scripts, index);
                state.left.lost_answers -= 1;
                state.processes[index].does = Does::AsksAlone;
            }
            Step::Issue(index) => {
                let token = state.issue();
                let process = &mut state.processes[index];
                process.does = match process.does {
                    Does::Asks(lease) => {
                        process.known = lease.fence;
                        Does::Brings(lease, token)
                    }
                    _ => Does::Nothing,
                };
                process.token = Some(token);
            }
            Step::Fail(index) => {
                let Does::Asks(lease) = state.processes[index].does else { panic!("no request is under way") };
                state.left.failures -= 1;
                state.processes[index].does = Does::GivesBack(lease);
            }
            Step::Put(index) | Step::PutForAnother(index) | Step::LeavePut(index) => {
                let Does::Brings(lease, token) = state.processes[index].does else {
                    panic!("there is no token to put")
                };
                let brought = state.brought(lease, token);
                if step == Step::LeavePut(index) {
                    state.left.late_puts -= 1;
                    state.late = Some(brought);
                } else if state.put(self.scripts, brought) {
                    state.processes[index].had = Some(token);
                }
                if step == Step::PutForAnother(index) {
                    state.left.lost_answers -= 1;
                } else {
                    state.processes[index].does = Does::Nothing;
                }
            }
            Step::ArriveLate => {
                let brought = state.late.take()?;
                state.put(self.scripts, brought);
            }
            Step::GiveBack(index) => {
                let Does::GivesBack(lease) = state.processes[index].does else {
                    panic!("there is no lease to give back")
                };
                state.before = state.store.clone();
                give_back(&mut state.store, lease.id);
                state.processes[index].does = Does::Nothing;
            }
            Step::Crash(index) => {
                state.left.crashes -= 1;
                state.processes[index].does = Does::Gone;
            }
            Step::Revoke => {
                state.left.revocations -= 1;
                state.revoked = state.tokens.len() as u8;
            }
            Step::Lose => {
                state.left.losses -= 1;
                (state.store, state.before) = (TokenKey::default(), TokenKey::default());
            }
            Step::FailOver => {
                state.left.failovers -= 1;
                state.store = state.before.clone();
            }
            Step::SetBack => {
                state.left.steps_back -= 1;
                state.behind += STEP_BACK;
            }
        }
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::<Self>::always(NEVER_OLDER, |_, state| state.wrong != Some(Wrong::OlderThanBefore)),
            Property::<Self>::always(NEVER_BACK, |_, state| state.wrong != Some(Wrong::OlderThanItHad)),
            Property::<Self>::always(NEVER_REFUSED, |_, state| state.wrong != Some(Wrong::RefusedBefore)),
            Property::<Self>::always(NEVER_DEAD, |_, state| state.wrong != Some(Wrong::Dead)),
            Property::<Self>::always(ONE_LEADER, |store, state| {
                let whole = Troubles { losses: state.left.losses, failovers: state.left.failovers, ..store.troubles };
                let is_disturbed = whole != store.troubles || state.behind > 0;
                let asks = |process: &&Process| match process.does {
                    Does::Asks(lease) => state.now - lease.taken < LEASE,
                    _ => false,
                };
                is_disturbed || state.processes.iter().filter(asks).count() <= 1
            }),
            Property::<Self>::always(ONE_EXCHANGE, |store, state| {
                let worn = (0..state.tokens.len() as u8).filter(|token| state.is_worn(*token)).count();
                !store.troubles.is_calm() || state.tokens.len() <= 1 + worn
            }),
            // Not `eventually`, which is unsound where two paths meet.
            Property::<Self>::always(ALL_GET_ONE, |store, state| {
                let mut steps = Vec::new();
                store.actions(state, &mut steps);
                !steps.is_empty()
                    || state.wrong.is_some()
                    || !state.processes.iter().any(|process| state.wants(process))
            }),
            Property::<Self>::sometimes(A_CRASH_IS_MENDED, |store, state| {
                let is_gone = |process: &Process| process.does == Does::Gone;
                store.troubles.crashes == 0 || state.processes.iter().any(is_gone) && state.newest.is_some()
            }),
        ]
    }
}

const NEVER_OLDER: &str = "the token found is never older than one that the store had before";
const NEVER_BACK: &str = "no process finds an older token than it had";
const NEVER_REFUSED: &str = "no process finds a token again that was refused to it";
const NEVER_DEAD: &str = "the token found is not expired";
const ONE_LEADER: &str = "one process requests a token";
const ONE_EXCHANGE: &str = "one token request for each token that is worn";
const ALL_GET_ONE: &str = "each process that needs a token gets one";
const A_CRASH_IS_MENDED: &str = "after a crash another process finds a token";

impl Troubles {
    /// Whether every token that was issued is used.
    fn is_calm(self) -> bool {
        let Troubles { revocations, ends, .. } = self;
        self == Troubles { revocations, ends, ..Troubles::default() }
    }
}

/// The symmetry: processes are interchangeable.
fn sorted(state: &State) -> State {
    let mut sorted = state.clone();
    sorted.processes.sort();
    sorted
}

fn holds(troubles: Troubles) {
    let store = SharedStore { scripts: AS_THEY_ARE, troubles };
    let checker = store.checker().finish_when(HasDiscoveries::AnyFailures).symmetry_fn(sorted).spawn_dfs().join();
    println!("{} states, {} deep", checker.unique_state_count(), checker.max_depth());
    checker.assert_properties();
}

/// Asserts that the property does not hold, and prints the steps that lead there.
fn breaks(scripts: Scripts, troubles: Troubles, property: &'static str) {
    let checker = SharedStore { scripts, troubles }
        .checker()
        .finish_when(HasDiscoveries::AllOf([property].into()))
        .spawn_bfs()
        .join();
    let steps = checker.discovery(property).expect("the check has no effect").into_actions();
    println!("not: {property}, after {steps:?}");
}

/// Tokens are renewed in time, or refused; nothing fails.
const CALM: Troubles = Troubles {
    revocations: 1,
    crashes: 0,
    failures: 0,
    lost_answers: 0,
    late_puts: 0,
    losses: 0,
    failovers: 0,
    steps_back: 0,
    ends: 5,
    stalls: false,
};
/// The holder of a lease may stall for any time.
const STALLS: Troubles = Troubles { stalls: true, ends: 3, ..CALM };

#[test]
fn worn_token_is_requested_once() {
    holds(CALM);
}

#[test]
fn failed_leader_is_followed_and_its_late_token_dropped() {
    holds(Troubles { crashes: 1, failures: 1, ..STALLS });
    holds(Troubles { ends: 4, ..STALLS });
}

#[test]
fn lost_response_or_late_put_breaks_nothing() {
    holds(Troubles { revocations: 0, lost_answers: 1, ..STALLS });
    holds(Troubles { late_puts: 1, ..STALLS });
}

#[test]
fn store_that_loses_data_breaks_nothing() {
    holds(Troubles { losses: 1, ..STALLS });
    holds(Troubles { failovers: 1, ..STALLS });
}

#[test]
fn store_clock_that_steps_back_breaks_nothing() {
    holds(Troubles { revocations: 0, steps_back: 1, crashes: 1, ..STALLS });
}

#[test]
fn late_token_without_fence_replaces_a_newer_one() {
    fn put_always(key: &mut TokenKey, _: Millis, brought: Put) -> bool {
        key.last = brought.fence;
        put(key, brought)
    }
    breaks(Scripts { put: put_always, ..AS_THEY_ARE }, STALLS, NEVER_OLDER);
}

#[test]
fn newer_fence_after_data_loss_returns_older_token() {
    fn put_newer(key: &mut TokenKey, _: Millis, brought: Put) -> bool {
        let is_newer = key.fence < brought.fence && key.last <= brought.fence;
        key.last = if is_newer { brought.fence } else { key.last };
        is_newer && put(key, brought)
    }
    breaks(Scripts { put: put_newer, ..AS_THEY_ARE }, Troubles { losses: 1, ..STALLS }, NEVER_BACK);
}

#[test]
fn restarted_fences_let_a_late_token_in() {
    fn take_counting(key: &mut TokenKey, now: Millis, asked: Take) -> Taken {
        let last = key.last.max(key.fence) + 1;
        match take(key, now, asked) {
            Taken::Ask { now, .. } => {
                key.last = last;
                Taken::Ask { fence: last, now }
            }
            other => other,
        }
    }
    breaks(Scripts { take: take_counting, ..AS_THEY_ARE }, Troubles { losses: 1, ..STALLS }, NEVER_BACK);
}

#[test]
fn take_of_any_other_token_returns_a_refused_one() {
    fn take_other(key: &mut TokenKey, now: Millis, asked: Take) -> Taken {
        let known = if key.fence == asked.known { asked.known } else { 0 };
        take(key, now, Take { known, ..asked })
    }
    breaks(Scripts { take: take_other, ..AS_THEY_ARE }, Troubles { ends: 4, ..STALLS }, NEVER_REFUSED);
}

#[test]
fn unbounded_lease_after_clock_step_blocks_all() {
    fn take_patiently(key: &mut TokenKey, now: Millis, asked: Take) -> Taken {
        let rest = key.until - now;
        match take(&mut key.clone(), now, asked) {
            Taken::Ask { .. } if key.lease.is_some_and(|other| other != asked.id) && rest > 0 => Taken::Wait { rest },
            _ => take(key, now, asked),
        }
    }
    let troubles = Troubles { steps_back: 1, crashes: 1, ..STALLS };
    breaks(Scripts { take: take_patiently, ..AS_THEY_ARE }, troubles, ALL_GET_ONE);
}

#[test]
fn put_with_remaining_lifetime_returns_expired_token() {
    fn put_what_is_left(key: &mut TokenKey, now: Millis, brought: Put) -> bool {
        put(key, Put { ends: now + Millis::from(LIFE) * TICK, ..brought })
    }
    breaks(Scripts { put: put_what_is_left, ..AS_THEY_ARE }, STALLS, NEVER_DEAD);
}
