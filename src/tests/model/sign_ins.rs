//! Three processes with one wrong password, with the guard's own rules over a store with compare-and-swap.
//!
//! Each reads the history, decides, replaces it, sends, and records the rejection. Each also has a history of its own,
//! which decides while the store does not respond. Each failure costs the user at most one more bad attempt, and all
//! together never the sixth, which locks.

use stateright::{Checker, HasDiscoveries, Model, Property};

use super::scripts::{HistoryKey, replace};
use crate::guard::credential::{LoginKind, Millis, Owner};
use crate::guard::history::{LoginDecision, LoginHistory, LoginOutcome, LoginRequest};

const PROCESSES: usize = 3;
const LOCKS: u8 = 6;
/// Rejections of a credential that was never accepted.
const MOST: u8 = 2;

const ASK: LoginRequest =
    LoginRequest { tag: 1, kind: LoginKind::TokenRequest, route: 1, foreign: false, most_in_flight: 3 };
const START: Millis = 1_000_000;
/// Steps of time: longer than a token request may take, and longer than the holds that end here.
const PASSES: [Millis; 2] = [21_000, 601_000];

type Replace = fn(&mut HistoryKey<Written>, u64, Written) -> bool;

/// A history as JSON.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Written(String);

impl Written {
    fn new(history: &LoginHistory) -> Self {
        Written(serde_json::to_string(history).unwrap())
    }

    fn history(&self) -> LoginHistory {
        serde_json::from_str(&self.0).unwrap()
    }

    fn change<T>(&mut self, change: impl FnOnce(&mut LoginHistory) -> T) -> T {
        let mut history = self.history();
        let result = change(&mut history);
        *self = Written::new(&history);
        result
    }
}

/// How often each failure may still happen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
struct Troubles {
    /// A process ends.
    crashes: u8,
    /// REPLACE ran, and its response did not arrive.
    lost_answers: u8,
    /// Time passes during attempts.
    stalls: u8,
    /// Time passes between attempts.
    passes: u8,
}

impl Troubles {
    fn count(self) -> u8 {
        self.crashes + self.lost_answers + self.stalls
    }
}

struct Guards {
    replace: Replace,
    troubles: Troubles,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct State {
    store: HistoryKey<Written>,
    now: Millis,
    processes: [Process; PROCESSES],
    /// How many permits were granted.
    places: u64,
    /// How many bad attempts the server has seen.
    bad: u8,
    left: Troubles,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Process {
    does: Does,
    own: Written,
    /// Rejections that the store has not recorded.
    unsettled: Vec<Unsettled>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Unsettled {
    place: u64,
    /// Whether the store knows the attempt.
    is_known: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Does {
    /// Reads the history next.
    Works(Job),
    /// Replaces it next.
    Replaces {
        job: Job,
        number: u64,
        by: Written,
        then: Then,
    },
    /// Has a permit, perhaps from its own history only.
    Sends {
        place: u64,
        alone: bool,
    },
    Gone,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Job {
    SignIn,
    EndProbe,
    Settle(u64),
}

/// What follows a replacement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Then {
    Nothing,
    Probe,
    Send(u64),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Read(usize),
    Replace(usize),
    ReplaceInVain(usize),
    /// The server rejects it.
    Reject(usize),
    Crash(usize),
    Pass(Millis),
}

impl Does {
    /// Whether an attempt is in flight or about to start.
    fn is_under_way(&self) -> bool {
        !matches!(self, Does::Works(Job::SignIn) | Does::Gone)
    }
}

impl State {
    /// Reads the history, and changes it as the guard does. `None` if nothing changes.
    fn read(&mut self, index: usize, job: Job) -> Option<Does> {
        let now = self.now;
        let mut history = self.store.entry.as_ref().map(Written::history).unwrap_or_default();
        let mut changed = history.expire_by_age(now);
        let then = match job {
            Job::Settle(place) => {
                history.settle(place, LoginOutcome::Rejected, now);
                changed = true;
                Then::Nothing
            }
            Job::EndProbe => {
                history.end_probe(true, now);
                changed = true;
                Then::Nothing
            }
            Job::SignIn => {
                for old in &self.processes[index].unsettled {
                    changed = true;
                    if old.is_known {
                        history.settle(old.place, LoginOutcome::Rejected, now);
                    } else {
                        history.add(&ASK, old.place, LoginOutcome::Rejected, now);
                    }
                }
                match history.decide(&ASK, now) {
                    LoginDecision::Go => {
                        changed = true;
                        self.places += 1;
                        history.take(&ASK, self.places, Owner::default(), now);
                        Then::Send(self.places)
                    }
                    LoginDecision::Probe => {
                        changed = true;
                        history.begin_probe(now);
                        Then::Probe
                    }
                    _ => Then::Nothing,
                }
            }
        };
        changed.then(|| Does::Replaces { job, number: self.store.number, by: Written::new(&history), then })
    }

    /// Continues after a replacement.
    fn written(&mut self, index: usize, job: Job, then: Then) {
        let (now, process) = (self.now, &mut self.processes[index]);
        if job == Job::SignIn {
            process.unsettled.clear();
        }
        process.does = match then {
            Then::Nothing => Does::Works(Job::SignIn),
            Then::Probe => Does::Works(Job::EndProbe),
            Then::Send(place) => {
                process.own.change(|own| own.take(&ASK, place, Owner::default(), now));
                Does::Sends { place, alone: false }
            }
        };
    }

    /// Continues after a replacement whose result is unknown.
    fn unanswered(&mut self, index: usize, job: Job) {
        let (now, process) = (self.now, &mut self.processes[index]);
        process.does = Does::Works(Job::SignIn);
        match job {
            Job::EndProbe => {}
            Job::Settle(place) => process.unsettled.push(Unsettled { place, is_known: true }),
            Job::SignIn => {
                let place = self.places + 1;
                let goes = process.own.change(|own| {
                    let goes = own.decide(&ASK, now) == LoginDecision::Go;
                    if goes {
                        own.take(&ASK, place, Owner::default(), now);
                    }
                    goes
                });
                if goes {
                    self.places = place;
                    process.does = Does::Sends { place, alone: true };
                }
            }
        }
    }
}

impl Model for Guards {
    type State = State;
    type Action = Step;

    fn init_states(&self) -> Vec<State> {
        let own = Written::new(&LoginHistory::default());
        let process = || Process { does: Does::Works(Job::SignIn), own: own.clone(), unsettled: Vec::new() };
        vec![State {
            store: HistoryKey { number: 0, entry: None },
            now: START,
            processes: std::array::from_fn(|_| process()),
            places: 0,
            bad: 0,
            left: self.troubles,
        }]
    }

    fn actions(&self, state: &State, steps: &mut Vec<Step>) {
        let left = &state.left;
        for (index, process) in state.processes.iter().enumerate() {
            match process.does {
                Does::Works(_) => steps.push(Step::Read(index)),
                Does::Replaces { .. } => {
                    steps.push(Step::Replace(index));
                    if left.lost_answers > 0 {
                        steps.push(Step::ReplaceInVain(index));
                    }
                }
                Does::Sends { .. } => steps.push(Step::Reject(index)),
                Does::Gone => {}
            }
            if left.crashes > 0 && process.does.is_under_way() {
                steps.push(Step::Crash(index));
            }
        }
        let is_under_way = state.processes.iter().any(|process| process.does.is_under_way());
        if if is_under_way { left.stalls } else { left.passes } > 0 {
            steps.extend(PASSES.map(Step::Pass));
        }
    }

    fn next_state(&self, last: &State, step: Step) -> Option<State> {
        let mut state = last.clone();
        match step {
            Step::Read(index) => {
                let Does::Works(job) = state.processes[index].does else { panic!("it reads nothing") };
                state.processes[index].does = state.read(index, job)?;
            }
            Step::Replace(index) | Step::ReplaceInVain(index) => {
                let Does::Replaces { job, number, by, then } = state.processes[index].does.clone() else {
                    panic!("it replaces nothing")
                };
                let replaced = (self.replace)(&mut state.store, number, by);
                if step == Step::ReplaceInVain(index) {
                    state.left.lost_answers -= 1;
                    state.unanswered(index, job);
                } else if replaced {
                    state.written(index, job, then);
                } else {
                    state.processes[index].does = Does::Works(job);
                }
            }
            Step::Reject(index) => {
                let (now, process) = (state.now, &mut state.processes[index]);
                let Does::Sends { place, alone } = process.does else { panic!("it sends nothing") };
                state.bad += 1;
                process.own.change(|own| own.settle(place, LoginOutcome::Rejected, now));
                process.does = if alone {
                    process.unsettled.push(Unsettled { place, is_known: false });
                    Does::Works(Job::SignIn)
                } else {
                    Does::Works(Job::Settle(place))
                };
            }
            Step::Crash(index) => {
                state.left.crashes -= 1;
                // Its own history is lost.
                let own = Written::new(&LoginHistory::default());
                state.processes[index] = Process { does: Does::Gone, own, unsettled: Vec::new() };
            }
            Step::Pass(time) => {
                let is_under_way = state.processes.iter().any(|process| process.does.is_under_way());
                let left = &mut state.left;
                *(if is_under_way { &mut left.stalls } else { &mut left.passes }) -= 1;
                state.now += time;
            }
        }
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::<Self>::always(TWO_AND_TROUBLES, |guards, state| {
                state.bad <= MOST + guards.troubles.count() - state.left.count()
            }),
            Property::<Self>::always(NEVER_LOCKED, |_, state| state.bad < LOCKS),
            Property::<Self>::sometimes(TRIED_TWICE, |_, state| state.bad == MOST),
        ]
    }
}

const TWO_AND_TROUBLES: &str = "two bad sign-ins, and one for each trouble";
const NEVER_LOCKED: &str = "the user is not locked";
const TRIED_TWICE: &str = "a wrong password is tried twice";

/// Sorts the processes, which are interchangeable.
fn sorted(state: &State) -> State {
    let mut sorted = state.clone();
    sorted.processes.sort();
    sorted
}

fn holds(troubles: Troubles) {
    let guards = Guards { replace, troubles };
    let checker = guards.checker().finish_when(HasDiscoveries::AnyFailures).symmetry_fn(sorted).spawn_dfs().join();
    println!("{} states, {} deep", checker.unique_state_count(), checker.max_depth());
    checker.assert_properties();
}

/// Checks that the property fails, and prints the steps that lead there.
fn breaks(replace: Replace, troubles: Troubles, property: &'static str) {
    let checker =
        Guards { replace, troubles }.checker().finish_when(HasDiscoveries::AllOf([property].into())).spawn_bfs().join();
    let steps = checker.discovery(property).expect("the property holds").into_actions();
    println!("not: {property}, after {steps:?}");
}

const CALM: Troubles = Troubles { crashes: 0, lost_answers: 0, stalls: 0, passes: 3 };

#[test]
fn wrong_password_is_sent_twice_in_every_order() {
    holds(CALM);
}

#[test]
fn ended_process_costs_one_more_attempt() {
    holds(Troubles { crashes: 1, ..CALM });
}

#[test]
fn lost_store_response_costs_one_more_attempt() {
    holds(Troubles { lost_answers: 1, passes: 2, ..CALM });
}

#[test]
fn late_process_costs_one_more_attempt() {
    holds(Troubles { stalls: 1, crashes: 1, passes: 1, ..CALM });
}

#[test]
fn unconditional_replace_breaks_the_promise() {
    fn replace_always(key: &mut HistoryKey<Written>, number: u64, entry: Written) -> bool {
        key.number = number;
        replace(key, number, entry)
    }
    breaks(replace_always, CALM, TWO_AND_TROUBLES);
}
