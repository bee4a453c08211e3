//! The permit of one attempt, from the guard's leave to the attempt's outcome.

use std::sync::Arc;

use ring::rand::SystemRandom;

use super::credential::{Owner, Tag};
use super::history::{LoginOutcome, LoginRequest};
use super::memory::{LoginMemory, User};
use super::shared::{Settlement, SharedMemory};
use super::totp_steps::TimeStep;
use crate::{clock::Clock, sync::Signal};

/// Draws the id of an attempt: no other attempt has it, in any process.
pub(crate) fn new_id() -> u64 {
    let id = ring::rand::generate(&SystemRandom::new()).expect("the system gives random numbers");
    u64::from_ne_bytes(id.expose())
}

/// Permits one attempt, and records its outcome. One that is dropped ends as `if_dropped` says.
pub(crate) struct LoginPermit {
    pub(super) clock: Arc<dyn Clock>,
    /// The memory that granted it, and records its outcome.
    pub(super) memory: Arc<dyn LoginMemory>,
    pub(super) user: Arc<User>,
    pub(super) changed: Signal,
    pub(super) ask: LoginRequest,
    pub(super) id: u64,
    pub(super) process: u32,
    /// The time step whose code is sent.
    pub(crate) step: Option<TimeStep>,
    /// Not sent, until [`mark_sent`](Self::mark_sent) is called.
    pub(super) if_dropped: LoginOutcome,
    /// The process's table, where that is not `memory`: it records the attempt too, for when `memory` fails.
    pub(super) own: Option<Arc<dyn LoginMemory>>,
    pub(super) shared: Vec<Arc<SharedMemory>>,
    /// How many of them come before `memory`, and failed.
    pub(super) missed_by: usize,
    /// The tag of the secret in the process's table.
    pub(super) own_tag: Tag,
    pub(super) ended: bool,
}

impl LoginPermit {
    pub(crate) fn end(mut self, outcome: LoginOutcome) {
        self.settle(outcome);
    }

    /// Records that from now on bytes of it may have been sent.
    pub(crate) fn mark_sent(&mut self) {
        self.if_dropped = LoginOutcome::Unanswered;
    }

    /// Records the attempt in the process's table, too.
    pub(super) fn count_along(&mut self, table: Arc<dyn LoginMemory>) {
        let ask = LoginRequest { tag: self.own_tag, ..self.ask };
        let (id, step) = (self.id, self.step);
        let _ = table.with(&self.user, &*self.clock, &mut |history, now| {
            history.take(&ask, id, Owner::default(), now);
            step.into_iter().for_each(|step| history.steps.take(step));
            true
        });
        self.own = Some(table);
    }

    fn settle(&mut self, outcome: LoginOutcome) {
        // In a child of `fork` this is a copy: the attempt is the parent's.
        if std::mem::replace(&mut self.ended, true) || self.process != std::process::id() {
            return;
        }
        let (id, step) = (self.id, self.step);
        let end_in = |memory: &Arc<dyn LoginMemory>| {
            let mut is_for_all = true;
            let written = memory.with(&self.user, &*self.clock, &mut |history, now| {
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
        let settlement = |ask| Settlement { user: User::clone(&self.user), id, outcome, ask };
        let is_for_all = end_in(&self.memory).unwrap_or_else(|_| {
            if let Some(shared) = self.shared.get(self.missed_by) {
                shared.settle_later(settlement(None));
            }
            true
        });
        if matches!(outcome, LoginOutcome::Rejected | LoginOutcome::Unanswered) {
            for shared in &self.shared[..self.missed_by] {
                shared.settle_later(settlement(Some(LoginRequest { tag: self.own_tag, ..self.ask })));
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
