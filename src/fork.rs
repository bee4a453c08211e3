//! State that must not cross a `fork`.

use std::any::Any;
use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::ArcSwapOption;

static NEVER_FORKS: AtomicBool = AtomicBool::new(false);

/// Says that this process will never `fork` and go on in the child, as a JVM, which does not survive it. Saves each request the
/// system call that would see it.
pub fn never_forks() {
    NEVER_FORKS.store(true, Ordering::Relaxed);
}

/// Another number in another process, unless there will be none.
fn this_process() -> u32 {
    if NEVER_FORKS.load(Ordering::Relaxed) { 0 } else { std::process::id() }
}

/// A value that each process makes for itself, when it first needs it.
///
/// After a `fork` the child holds copies of locks whose owners are not there, and of sockets that its parent goes on
/// using. So the child never touches its parent's value: it makes a new one, and leaks the old.
pub(crate) struct PerProcess<T> {
    /// Of whatever type, so that the code for it is there once: that is 2 KB.
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
}

impl<T: Any + Send + Sync> PerProcess<T> {
    /// This process's value; `make` is asked for one in a process that has none yet.
    pub(crate) fn get(&self, make: impl FnOnce() -> T) -> Arc<T> {
        let process = this_process();
        let current = self.current.load_full();
        let value = match current.as_ref().filter(|owned| owned.process == process) {
            Some(owned) => owned.value.clone(),
            None => replace(&self.current, current, Owned { process, value: Arc::new(make()) }),
        };
        value.downcast().expect("what is put there is a T")
    }
}

impl<T> PerProcess<T> {
    /// Forgets this process's value, so that the next who needs one makes it anew. Who uses it keeps it.
    pub(crate) fn clear(&self) {
        let cleared = self.current.swap(None);
        if cleared.as_ref().is_some_and(|owned| owned.process != this_process()) {
            std::mem::forget(cleared);
        }
    }
}

/// Puts `made` in the place of `current`, unless another thread of this process was first: then its value is the one.
fn replace(place: &ArcSwapOption<Owned>, current: Option<Arc<Owned>>, made: Owned) -> Arc<dyn Any + Send + Sync> {
    let made = Arc::new(made);
    let previous = place.compare_and_swap(&current, Some(made.clone()));
    let first = previous.as_ref().filter(|owned| owned.process == made.process);
    let value = first.map_or_else(|| made.value.clone(), |owned| owned.value.clone());
    std::mem::forget(current);
    value
}
