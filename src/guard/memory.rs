//! Where login histories are kept.

use std::time::Duration;

use super::credential::{Millis, Owner, Tag};
use super::history::LoginHistory;
use crate::{clock::Clock, sync::Signal};

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct User {
    pub(crate) origin: String,
    pub(crate) name: String,
}

/// Keeps login histories: in this process, in a directory, or in the shared store. An error says why a history cannot
/// be used, as a text for people; then nothing was changed.
pub(crate) trait LoginMemory: Send + Sync {
    /// Runs `work` on a user's history and the memory's time, exclusively. Keeps the changes if `work` returns `true`.
    fn with(
        &self,
        user: &User,
        clock: &dyn Clock,
        work: &mut dyn FnMut(&mut LoginHistory, Millis) -> bool,
    ) -> Result<(), String>;
    /// The tag of a user's secret in this memory.
    fn tag(&self, user: &User, clock: &dyn Clock, secret: &[&[u8]]) -> Result<Tag, String>;
    /// This process, as the memory records it.
    fn owner(&self) -> Owner;
    /// Signals each change of a user's history by this process.
    fn changed(&self, user: &User) -> Signal;
    /// How often to look for changes by other processes, which nothing signals.
    fn look_again(&self) -> Option<Duration>;
    /// Whether a user's history was lost, and no attempt was accepted since: then the history of the process counts,
    /// too.
    fn is_in_doubt(&self, _user: &User) -> bool {
        false
    }
}
