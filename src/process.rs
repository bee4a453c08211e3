//! State that must not cross a `fork`.

use std::sync::Arc;

use arc_swap::ArcSwap;

/// A value that each process makes for itself.
///
/// After a `fork` the child holds copies of locks whose owners are not there, and of sockets that its parent goes on
/// using. So the child never touches its parent's value: it makes a new one, and leaks the old.
pub(crate) struct PerProcess<T> {
    current: ArcSwap<Owned<T>>,
}

struct Owned<T> {
    process: u32,
    value: Arc<T>,
}

impl<T> PerProcess<T> {
    pub(crate) fn new(value: T) -> Self {
        PerProcess { current: ArcSwap::from_pointee(Owned { process: std::process::id(), value: Arc::new(value) }) }
    }

    /// This process's value; `make` is asked for one in a child that has none yet.
    pub(crate) fn get(&self, make: impl FnOnce() -> T) -> Arc<T> {
        let current = self.current.load_full();
        if current.process == std::process::id() {
            return current.value.clone();
        }
        let made = Arc::new(Owned { process: std::process::id(), value: Arc::new(make()) });
        let previous = self.current.compare_and_swap(&current, made.clone());
        // Another thread of this child may have been first: then its value is the one.
        let value = if Arc::ptr_eq(&previous, &current) { made.value.clone() } else { previous.value.clone() };
        std::mem::forget(current);
        value
    }
}
