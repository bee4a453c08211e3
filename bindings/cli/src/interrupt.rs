//! Ctrl-C, and being told to end: the call that is under way is cancelled, so that the guard learns of its end and no half
//! file is left. The second time ends the process at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

static SIGNAL: std::sync::OnceLock<Arc<AtomicUsize>> = std::sync::OnceLock::new();

/// Listens from now on. Before that a signal ends the process, as there is nothing to clean up.
#[cfg(unix)]
pub(crate) fn listen() {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use std::sync::atomic::AtomicBool;

    let number = SIGNAL.get_or_init(Arc::default);
    let again = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        // In this order: the first signal finds `again` unset, and sets it.
        let listening = signal_hook::flag::register_conditional_shutdown(signal, 128 + signal, again.clone())
            .and_then(|_| signal_hook::flag::register(signal, again.clone()))
            .and_then(|_| signal_hook::flag::register_usize(signal, number.clone(), signal as usize));
        // Without, the signal ends the process.
        drop(listening);
    }
}

#[cfg(not(unix))]
pub(crate) fn listen() {}

/// Whether to end.
pub(crate) fn requested() -> bool {
    SIGNAL.get().is_some_and(|number| number.load(Ordering::Relaxed) != 0)
}

/// The exit status that says so: 130 for Ctrl-C.
pub(crate) fn status() -> u8 {
    let number = SIGNAL.get().map_or(0, |number| number.load(Ordering::Relaxed));
    if number == 0 { 130 } else { 128 + number as u8 }
}
