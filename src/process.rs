//! State that must not cross a `fork`.

use std::sync::Arc;

use arc_swap::ArcSwapOption;

/// A value that each process makes for itself, when it first needs it.
///
/// After a `fork` the child holds copies of locks whose owners are not there, and of sockets that its parent goes on
/// using. So the child never touches its parent's value: it makes a new one, and leaks the old.
pub(crate) struct PerProcess<T> {
    current: ArcSwapOption<Owned<T>>,
}

struct Owned<T> {
    process: u32,
    value: Arc<T>,
}

impl<T> PerProcess<T> {
    pub(crate) const fn empty() -> Self {
        PerProcess { current: ArcSwapOption::const_empty() }
    }

    /// This process's value; `make` is asked for one in a process that has none yet.
    pub(crate) fn get(&self, make: impl FnOnce() -> T) -> Arc<T> {
        let process = std::process::id();
        let current = self.current.load_full();
        if let Some(owned) = current.as_ref().filter(|owned| owned.process == process) {
            return owned.value.clone();
        }
        let made = Arc::new(Owned { process, value: Arc::new(make()) });
        let previous = self.current.compare_and_swap(&current, Some(made.clone()));
        // Another thread of this process may have been first: then its value is the one.
        let first = previous.as_ref().filter(|owned| owned.process == process);
        let value = first.map_or_else(|| made.value.clone(), |owned| owned.value.clone());
        std::mem::forget(current);
        value
    }
}
