//! Models: every order, or a hundred thousand of them, of what threads, processes and a store can do.

#[cfg(all(feature = "redis", unix))]
mod conformance;
#[cfg(feature = "model")]
mod guard;
#[cfg(feature = "redis")]
mod lease;
#[cfg(feature = "redis")]
mod scripts;
#[cfg(feature = "redis")]
mod sign_ins;
#[cfg(feature = "model")]
mod token_cache;

#[cfg(feature = "model")]
mod run {
    use std::sync::Arc;

    use shuttle::{check_pct, check_random, thread};

    /// Runs each of `acts` in a thread, and joins them.
    pub(crate) fn at_once<W: Send + Sync + 'static>(world: &Arc<W>, acts: &[fn(&W)]) {
        let start = |act: &fn(&W)| {
            let (world, act) = (world.clone(), *act);
            thread::spawn(move || act(&world))
        };
        let threads: Vec<_> = acts.iter().map(start).collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    }

    /// Draws half of the schedules evenly; the others have few thread switches, at awkward places.
    pub(crate) fn check(schedules: usize, model: fn()) {
        check_random(model, schedules / 2);
        check_pct(model, schedules / 2, 3);
    }
}
