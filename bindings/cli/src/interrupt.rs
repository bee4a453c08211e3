//! Handles Ctrl-C, SIGTERM and SIGHUP: cancels the current call, so that the guard records its end and no partial file
//! is left. A second signal ends the process at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

static SIGNAL: std::sync::OnceLock<Arc<AtomicUsize>> = std::sync::OnceLock::new();

/// Starts to handle signals. Before that a signal ends the process, as there is nothing to clean up.
#[cfg(unix)]
pub(crate) fn listen() {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use std::sync::atomic::AtomicBool;

    if SIGNAL.get().is_some() {
        return;
    }
    let number = SIGNAL.get_or_init(Arc::default);
    let again = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        // In this order: the first signal finds `again` unset, and sets it.
        let listening = signal_hook::flag::register_conditional_shutdown(signal, 128 + signal, again.clone())
            .and_then(|_| signal_hook::flag::register(signal, again.clone()))
            .and_then(|_| signal_hook::flag::register_usize(signal, number.clone(), signal as usize));
        // If it fails, the signal ends the process.
        drop(listening);
    }
}

#[cfg(not(unix))]
pub(crate) fn listen() {}

/// Whether a signal arrived.
pub(crate) fn requested() -> bool {
    SIGNAL.get().is_some_and(|number| number.load(Ordering::Relaxed) != 0)
}

/// The exit status for the signal: 130 for Ctrl-C.
pub(crate) fn status() -> u8 {
    let number = SIGNAL.get().map_or(0, |number| number.load(Ordering::Relaxed));
    if number == 0 { 130 } else { 128 + number as u8 }
}

/// Restores the terminal's echo if a signal ends the process while a secret is typed, until the result is dropped.
#[cfg(unix)]
pub(crate) fn guard_terminal() -> impl Drop {
    use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
    use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
    use signal_hook::iterator::{Handle, Signals};

    struct Guarded(Option<Handle>);
    impl Drop for Guarded {
        fn drop(&mut self) {
            self.0.iter().for_each(Handle::close);
        }
    }
    let before = tcgetattr(std::io::stdin()).ok();
    let Some((before, mut signals)) = before.zip(Signals::new([SIGHUP, SIGINT, SIGQUIT, SIGTERM]).ok()) else {
        return Guarded(None);
    };
    let handle = signals.handle();
    std::thread::spawn(move || {
        // None when the handle is closed.
        if let Some(signal) = signals.forever().next() {
            // Twice: the prompt may just be turning the echo off.
            for pause_ms in [50, 0] {
                let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, &before);
                let pause = rustix::event::Timespec { tv_sec: 0, tv_nsec: pause_ms * 1_000_000 };
                let _ = rustix::event::poll(&mut [], Some(&pause));
            }
            std::process::exit(128 + signal);
        }
    });
    Guarded(Some(handle))
}

#[cfg(not(unix))]
pub(crate) fn guard_terminal() {}
