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

/// Gives the terminal its echo back if a signal ends the process while somebody types a secret. What is returned ends that.
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
            // Twice: whoever asks may just be about to turn the echo off.
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
