//! A memory beyond this process (a state directory or the shared store), and the outcomes that it missed.
//!
//! "Shared" is not the operating system's shared memory: other processes read the same files or the same server.

use std::{sync::Arc, sync::atomic::AtomicBool};

use super::history::{LoginOutcome, LoginRequest};
use super::memory::{LoginMemory, User};
use crate::fork::PerProcess;
use crate::sync::{Mutex, lock};

pub(crate) const MOST_UNSETTLED: usize = 1024;

pub(crate) struct SharedMemory {
    pub(crate) memory: Arc<dyn LoginMemory>,
    /// Its path or address, for people.
    pub(crate) place: String,
    /// Whether its last use failed.
    pub(crate) is_unavailable: AtomicBool,
    unsettled: PerProcess<Mutex<Vec<Settlement>>>,
}

/// An outcome that a memory could not record.
#[derive(Clone)]
pub(crate) struct Settlement {
    pub(crate) user: User,
    pub(crate) id: u64,
    pub(crate) outcome: LoginOutcome,
    /// The request, if the memory does not know the attempt. Its tag is that of the process's table.
    pub(crate) ask: Option<LoginRequest>,
}

impl SharedMemory {
    pub(crate) fn new(memory: Arc<dyn LoginMemory>, place: String) -> Self {
        SharedMemory { memory, place, is_unavailable: AtomicBool::new(false), unsettled: PerProcess::empty() }
    }

    pub(crate) fn unsettled(&self) -> Arc<Mutex<Vec<Settlement>>> {
        self.unsettled.get(Mutex::default)
    }

    /// Takes out what the memory missed of a user.
    pub(crate) fn unsettled_of(&self, user: &User) -> Vec<Settlement> {
        lock(&self.unsettled()).extract_if(.., |settlement| settlement.user == *user).collect()
    }

    /// Keeps a settlement until the memory works again.
    pub(crate) fn settle_later(&self, settlement: Settlement) {
        let unsettled = self.unsettled();
        let mut all = lock(&unsettled);
        // Beyond the budget of a user, one more changes nothing.
        if all.len() < MOST_UNSETTLED {
            all.push(settlement);
        }
    }
}
