//! State that must not cross a `fork`.

use std::{any::Any, marker::PhantomData, sync::Arc};

use arc_swap::ArcSwapOption;

/// A value that each process creates on first use.
///
/// After a `fork` the child holds copies of locks whose owner threads do not exist there, and of sockets that its
/// parent still uses. So the child never touches its parent's value: it creates a new one, and leaks the old one.
pub(crate) struct PerProcess<T> {
    /// Type-erased, so that [`replace`] is compiled once: that saves 2 KB.
    current: ArcSwapOption<Owned>,
    values: PhantomData<T>,
}

struct Owned {
    process: u32,
    value: Arc<dyn Any + Send + Sync>,
}

impl<T> PerProcess<T> {
    pub(crate) const fn empty() -> Self {
        PerProcess { current: ArcSwapOption::const_empty(), values: PhantomData }
    }

    /// Drops this process's value: the next `get` creates a new one. Callers that hold the old one keep it.
    pub(crate) fn clear(&self) {
        let cleared = self.current.swap(None);
        if cleared.as_ref().is_some_and(|owned| owned.process != std::process::id()) {
            std::mem::forget(cleared);
        }
    }
}

impl<T: Any + Send + Sync> PerProcess<T> {
    /// Returns this process's value, and calls `make` if there is none yet.
    pub(crate) fn get(&self, make: impl FnOnce() -> T) -> Arc<T> {
        let process = std::process::id();
        let current = self.current.load_full();
        let value = match current.as_ref().filter(|owned| owned.process == process) {
            Some(owned) => owned.value.clone(),
            None => replace(&self.current, current, Owned { process, value: Arc::new(make()) }),
        };
        value.downcast().expect("`get` stores a T")
    }
}

/// Stores `made` instead of `current`, and returns it, or the value that another thread of this process stored first.
fn replace(place: &ArcSwapOption<Owned>, current: Option<Arc<Owned>>, made: Owned) -> Arc<dyn Any + Send + Sync> {
    let made = Arc::new(made);
    let previous = place.compare_and_swap(&current, Some(made.clone()));
    let first = previous.as_ref().filter(|owned| owned.process == made.process);
    let value = first.map_or_else(|| made.value.clone(), |owned| owned.value.clone());
    std::mem::forget(current);
    value
}
