//! Threads on a virtual clock: a simulated day of the real code takes seconds, and is the same with the same seed.
//!
//! One simulated thread runs at a time. When it sleeps or waits, the next is the one with the earliest time to wake, and
//! time jumps there. Whatever else blocks (a condition variable, a channel) blocks them all, so only the [`Clock`] may be
//! waited on.

#![allow(clippy::disallowed_methods)]

use std::any::Any;
use std::cell::Cell;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{Scope as Threads, Thread};
use std::time::{Duration, Instant};

use crate::clock::Clock;
use crate::sync::Signal;

/// So often may threads take turns without time passing.
const MOST_TURNS_AT_ONE_MOMENT: u64 = 1_000_000;
/// So long may one turn take, in real time, until the simulation counts as stuck.
const LONGEST_TURN: Duration = Duration::from_secs(60);

/// Numbers that look random: xorshift64*.
#[derive(Clone)]
pub(crate) struct Random(u64);

#[allow(dead_code)]
impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        let mut random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0xD1B5_4A32_D192_ED03);
        random.0 = random.0.max(1);
        random.next();
        random
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// One of 0 to `end - 1`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(end)) >> 64) as u64
    }

    /// One of `least` to `most`, both included.
    pub(crate) fn between(&mut self, least: Duration, most: Duration) -> Duration {
        let span = most.saturating_sub(least).as_nanos() as u64;
        least + Duration::from_nanos(self.below(span.saturating_add(1)))
    }
}

/// See the module's text.
pub(crate) struct Sim {
    start: Instant,
    state: Mutex<State>,
    turns: AtomicU64,
}

struct State {
    passed: Duration,
    asleep: Duration,
    /// What the wall clock showed when nothing had passed.
    wall: Duration,
    slice: Duration,
    random: Random,
    threads: Vec<Simulated>,
    turns_at_this_moment: u64,
    /// The first panic of a simulated thread.
    panic: Option<Box<dyn Any + Send>>,
}

struct Simulated {
    turn: Arc<Turn>,
    /// `None` once it has ended.
    paused: Option<Pause>,
}

/// Until when a thread does nothing: until a time, or until a signal changes.
struct Pause {
    until: Duration,
    signal: Option<(Signal, u64)>,
}

struct Turn {
    mine: AtomicBool,
    thread: Thread,
}

/// How a thread unwinds because another one panicked.
struct Stopped;

thread_local! {
    /// Which simulation this thread is in, by its address, and which of its threads.
    static CURRENT: Cell<Option<(usize, usize)>> = const { Cell::new(None) };
}

/// What a simulation runs.
pub(crate) struct Crew<'env> {
    bodies: Vec<Box<dyn FnOnce() + Send + 'env>>,
}

impl<'env> Crew<'env> {
    /// Adds a thread. All start when the crew is complete, in random order.
    pub(crate) fn spawn(&mut self, body: impl FnOnce() + Send + 'env) {
        self.bodies.push(Box::new(body));
    }
}

#[allow(dead_code)]
impl Sim {
    pub(crate) fn new(unix_seconds: u64, seed: u64) -> Arc<Self> {
        let state = State {
            passed: Duration::ZERO,
            asleep: Duration::ZERO,
            wall: Duration::from_secs(unix_seconds),
            slice: Duration::from_secs(1),
            random: Random::new(seed),
            threads: Vec::new(),
            turns_at_this_moment: 0,
            panic: None,
        };
        Arc::new(Sim { start: Instant::now(), state: Mutex::new(state), turns: AtomicU64::new(0) })
    }

    /// Runs a crew until all its threads have ended. The first panic of one is passed on, after the others were stopped
    /// where they sleep or wait.
    pub(crate) fn run<'env>(&self, muster: impl FnOnce(&mut Crew<'env>)) {
        let mut crew = Crew { bodies: Vec::new() };
        muster(&mut crew);
        assert!(self.state().threads.is_empty(), "a simulation runs one crew at a time");
        std::thread::scope(|threads| {
            let started = self.start_all(crew, threads);
            let mut state = self.state();
            state.threads = started;
            self.pass_on(state);
        });
        let mut state = self.state();
        state.threads.clear();
        let panic = state.panic.take();
        drop(state);
        if let Some(panic) = panic {
            resume_unwind(panic);
        }
    }

    fn start_all<'deadline, 'env>(
        &'deadline self,
        crew: Crew<'env>,
        threads: &'deadline Threads<'deadline, '_>,
    ) -> Vec<Simulated>
    where
        'env: 'deadline,
    {
        let now = self.state().passed;
        let start = |(index, body)| {
            let (tell, told) = std::sync::mpsc::channel();
            let handle = threads.spawn(move || {
                let turn: Arc<Turn> = told.recv().expect("it is told at once");
                self.live(index, &turn, body);
            });
            let turn = Arc::new(Turn { mine: AtomicBool::new(false), thread: handle.thread().clone() });
            tell.send(turn.clone()).expect("it listens");
            Simulated { turn, paused: Some(Pause { until: now, signal: None }) }
        };
        crew.bodies.into_iter().enumerate().map(start).collect()
    }

    fn live<'env>(&self, index: usize, turn: &Turn, body: Box<dyn FnOnce() + Send + 'env>) {
        CURRENT.set(Some((self.address(), index)));
        self.await_turn(turn);
        let result = catch_unwind(AssertUnwindSafe(|| {
            self.stop_if_others_panicked();
            body();
        }));
        CURRENT.set(None);
        let mut state = self.state();
        if let Err(panic) = result {
            state.stop_all(panic);
        }
        state.threads[index].paused = None;
        self.pass_on(state);
    }

    /// The virtual time since the start, suspends included.
    pub(crate) fn elapsed(&self) -> Duration {
        self.boottime()
    }

    /// Sleeps until so much has [`elapsed`](Self::elapsed), if it has not.
    pub(crate) fn sleep_until(&self, elapsed: Duration) {
        self.sleep(elapsed.saturating_sub(self.elapsed()));
    }

    /// Lets time pass without letting anybody else run.
    pub(crate) fn advance(&self, duration: Duration) {
        self.state().pass(duration);
    }

    /// Sets the wall clock, as a person or NTP does.
    pub(crate) fn set_wall(&self, wall: Duration) {
        let mut state = self.state();
        state.wall = wall.checked_sub(state.passed).expect("a later wall clock than that");
    }

    /// Sends the machine to sleep: `now` stands still.
    pub(crate) fn suspend(&self, duration: Duration) {
        let mut state = self.state();
        state.asleep += duration;
        state.wall += duration;
    }

    /// See [`Clock::slice`]; 1 s unless set.
    pub(crate) fn set_slice(&self, slice: Duration) {
        self.state().slice = slice;
    }

    /// How often a thread got its turn.
    pub(crate) fn turns(&self) -> u64 {
        self.turns.load(Ordering::Relaxed)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn address(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    /// Which simulated thread of this simulation the calling one is.
    fn current(&self) -> Option<usize> {
        CURRENT.get().filter(|(address, _)| *address == self.address()).map(|(_, index)| index)
    }

    /// Ends the calling thread's turn, until `until` or a change of the signal.
    fn pause(&self, index: usize, duration: Duration, signal: Option<(Signal, u64)>) {
        let mut state = self.state();
        let until = state.passed.saturating_add(duration);
        state.threads[index].paused = Some(Pause { until, signal });
        let turn = state.threads[index].turn.clone();
        if self.pass_on(state) != Some(index) {
            self.await_turn(&turn);
        } else {
            turn.mine.store(false, Ordering::Relaxed);
        }
        self.stop_if_others_panicked();
    }

    /// Gives the turn to whoever is next, which may be the caller.
    fn pass_on(&self, mut state: MutexGuard<'_, State>) -> Option<usize> {
        let (next, wake) = state.next()?;
        let wait = wake.saturating_sub(state.passed);
        state.pass(wait);
        state.turns_at_this_moment += 1;
        if state.turns_at_this_moment > MOST_TURNS_AT_ONE_MOMENT {
            eprintln!("simulated threads take turns without end, and no time passes");
            state.stop_all(Box::new("no time passes"));
        }
        let turn = state.threads[next].turn.clone();
        drop(state);
        self.turns.fetch_add(1, Ordering::Relaxed);
        turn.mine.store(true, Ordering::Release);
        if turn.thread.id() != std::thread::current().id() {
            turn.thread.unpark();
        }
        Some(next)
    }

    fn await_turn(&self, turn: &Turn) {
        let mut seen = self.turns();
        while !turn.mine.swap(false, Ordering::Acquire) {
            let since = Instant::now();
            std::thread::park_timeout(LONGEST_TURN);
            if since.elapsed() >= LONGEST_TURN {
                let turns = self.turns();
                if turns == seen {
                    give_up();
                }
                seen = turns;
            }
        }
    }

    fn stop_if_others_panicked(&self) {
        // A thread that unwinds already may sleep on its way.
        if !std::thread::panicking() && self.state().panic.is_some() {
            resume_unwind(Box::new(Stopped));
        }
    }
}

impl State {
    fn pass(&mut self, duration: Duration) {
        if !duration.is_zero() {
            self.passed += duration;
            self.turns_at_this_moment = 0;
        }
    }

    /// Everybody is woken, to unwind. After that time goes on, for those who sleep as they unwind.
    fn stop_all(&mut self, panic: Box<dyn Any + Send>) {
        if self.panic.is_none() {
            self.panic = Some(panic);
            let now = self.passed;
            self.threads.iter_mut().filter_map(|thread| thread.paused.as_mut()).for_each(|pause| pause.until = now);
        }
    }

    /// Who runs next, and when: the earliest, and of several one by chance.
    fn next(&mut self) -> Option<(usize, Duration)> {
        let mut best = None;
        let mut equals = 0;
        for (index, thread) in self.threads.iter().enumerate() {
            let Some(pause) = &thread.paused else { continue };
            let changed = pause.signal.as_ref().is_some_and(|(signal, seen)| signal.count() != *seen);
            let wake = if changed { self.passed } else { pause.until.max(self.passed) };
            match best {
                Some((_, earliest)) if wake > earliest => {}
                Some((_, earliest)) if wake == earliest => {
                    equals += 1;
                    if self.random.below(equals) == 0 {
                        best = Some((index, wake));
                    }
                }
                _ => {
                    equals = 1;
                    best = Some((index, wake));
                }
            }
        }
        best
    }
}

impl Clock for Sim {
    fn now(&self) -> Instant {
        self.start + self.state().passed
    }

    fn boottime(&self) -> Duration {
        let state = self.state();
        state.passed + state.asleep
    }

    fn wall(&self) -> Duration {
        let state = self.state();
        state.wall + state.passed
    }

    fn sleep(&self, duration: Duration) {
        match self.current() {
            Some(index) => self.pause(index, duration, None),
            None => self.advance(duration),
        }
    }

    fn wait(&self, signal: &Signal, seen: u64, duration: Duration) {
        match self.current() {
            Some(index) => self.pause(index, duration, Some((signal.clone(), seen))),
            None if signal.count() == seen => self.advance(duration),
            None => {}
        }
    }

    fn boot_id(&self) -> (String, Duration) {
        ("test".into(), self.boottime())
    }

    fn slice(&self) -> Duration {
        self.state().slice
    }
}

/// Nothing can stop a thread that blocks, so the whole program ends. Past the test's captured output, which is lost then.
fn give_up() -> ! {
    let text = "\nthe simulation is stuck: its running thread blocks on something else than the simulated clock\n";
    let _ = std::io::stderr().write_all(text.as_bytes());
    std::process::abort();
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn log_of(seed: u64) -> Vec<(u64, usize)> {
        let sim = Sim::new(0, seed);
        let log = Mutex::new(Vec::new());
        sim.run(|crew| {
            for name in 0..8 {
                let (sim, log) = (&sim, &log);
                crew.spawn(move || {
                    for _ in 0..50 {
                        sim.sleep(SECOND * (1 + name as u32 % 3));
                        log.lock().unwrap().push((sim.elapsed().as_secs(), name));
                    }
                });
            }
        });
        log.into_inner().unwrap()
    }

    #[test]
    fn threads_run_in_the_order_of_time_and_equal_seeds_run_equally() {
        let log = log_of(1);
        assert!(log.is_sorted_by_key(|(at, _)| *at));
        assert_eq!((log.len(), log.last().unwrap().0), (400, 150));
        assert_eq!(log_of(1), log);
        assert_ne!(log_of(2), log);
    }

    #[test]
    fn a_change_wakes_whoever_waits_and_no_time_passes() {
        let sim = Sim::new(0, 1);
        let signal = Signal::default();
        let woken = Mutex::new(Vec::new());
        sim.run(|crew| {
            for seen in [0, 1] {
                let (sim, signal, woken) = (&sim, &signal, &woken);
                crew.spawn(move || {
                    sim.wait(signal, seen, SECOND * 60);
                    woken.lock().unwrap().push((seen, sim.elapsed().as_secs()));
                });
            }
            crew.spawn(|| {
                sim.sleep(SECOND * 5);
                signal.notify();
                sim.sleep(SECOND * 2);
            });
        });
        assert_eq!(*woken.lock().unwrap(), [(1, 0), (0, 5)]);
        assert_eq!(sim.elapsed(), SECOND * 7);
    }

    #[test]
    fn a_wait_without_a_change_ends_in_time() {
        let sim = Sim::new(0, 1);
        let signal = Signal::default();
        sim.run(|crew| {
            crew.spawn(|| sim.wait(&signal, 0, SECOND * 3));
            crew.spawn(|| sim.sleep(SECOND));
        });
        assert_eq!(sim.elapsed(), SECOND * 3);
    }

    #[test]
    fn a_panic_is_passed_on_and_stops_the_others() {
        let sim = Sim::new(0, 1);
        let run = || {
            sim.run(|crew| {
                for _ in 0..4 {
                    crew.spawn(|| {
                        loop {
                            sim.sleep(SECOND);
                        }
                    });
                }
                crew.spawn(|| {
                    sim.sleep(SECOND * 10);
                    resume_unwind(Box::new("on purpose"));
                });
            });
        };
        let panic = catch_unwind(AssertUnwindSafe(run)).unwrap_err();
        assert_eq!(panic.downcast_ref(), Some(&"on purpose"));
        sim.run(|crew| crew.spawn(|| sim.sleep(SECOND)));
        assert_eq!(sim.elapsed(), SECOND * 11);
    }

    #[test]
    fn turns_without_end_are_a_panic() {
        let (sim, signal) = (Sim::new(0, 1), Signal::default());
        signal.notify();
        let run = || {
            sim.run(|crew| {
                crew.spawn(|| {
                    loop {
                        sim.wait(&signal, 0, SECOND);
                    }
                });
            });
        };
        assert!(catch_unwind(AssertUnwindSafe(run)).is_err());
    }

    #[test]
    fn outside_of_a_crew_it_is_a_clock_that_is_set() {
        let sim = Sim::new(1_000, 1);
        let start = sim.now();
        sim.sleep(SECOND);
        sim.advance(SECOND);
        sim.wait(&Signal::default(), 0, SECOND);
        sim.wait(&Signal::default(), 1, SECOND);
        assert_eq!((sim.now() - start, sim.wall()), (SECOND * 3, SECOND * 1_003));
        sim.suspend(SECOND * 10);
        assert_eq!((sim.now() - start, sim.wall()), (SECOND * 3, SECOND * 1_013));
        assert_eq!(sim.elapsed(), SECOND * 13);
        sim.set_wall(SECOND * 50);
        sim.sleep_until(SECOND * 14);
        assert_eq!(sim.wall(), SECOND * 51);
    }
}
