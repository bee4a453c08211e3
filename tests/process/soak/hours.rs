//! All at once, for hours: 32 threads, a server that fails in all its ways, clocks that are set, a password that is
//! changed.
//!
//! It goes in laps of a minute, with one client for all of them. Each lap is judged by itself, so that what the test
//! keeps about it does not grow. `make soak-hours` gives it two hours and a clock of its own, and draws what it tells.

use std::cell::Cell;
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use boomi_auth::{Credentials, Error};
use boomi_emulator::{Outage, OutageKind};

use super::*;

const LAP_MS: u64 = 60_000;
/// Little enough for a machine that does other work beside it.
const REQUESTS_PER_SECOND: u32 = 50;
/// Five of a hundred requests go wrong, each lap in other ways.
const FAULTS: usize = 5;
/// What the password costs each time.
const MOST_REJECTIONS: u32 = 5;
/// A hold that lasts longer is for a person to end: four rejections and a first sign-in without an answer may have been
/// the five that do not lock a user.
const LONGEST_HOLD_MS: u64 = 16_000;
/// The machine's clock, against the right time.
const CLOCKS: [i64; 7] = [0, 30, -30, 3600, -3600, 6 * 3600, -6 * 3600];
/// What an answer may have; bodies without an end have more.
const LARGEST: u64 = 1 << 20;

/// Sets the clock of this process, which runs under faketime, and leaves the server's right. Without faketime it is the
/// server's that is set.
struct Clock {
    file: Option<std::ffi::OsString>,
    offset: i64,
}

impl Clock {
    fn set(&mut self, boomi: &Emulator, offset: i64) {
        if let Some(file) = &self.file {
            std::fs::write(file, format!("{offset:+}")).unwrap();
        }
        // The server asks the same clock.
        boomi.advance_clock(self.offset - offset);
        self.offset = offset;
    }
}

pub fn everything(length_ms: u64) {
    let boomi = emulator(None);
    let before = Usage::now();
    let password = Arc::new(Mutex::new(REGULAR.password.to_owned()));
    let known = password.clone();
    let client = common::builder(&boomi)
        .credentials(Credentials::from_fn(move |_| Credentials::password(REGULAR.name, &known.lock().unwrap())))
        .requests_per_second(REQUESTS_PER_SECOND)
        .max_response_bytes(LARGEST)
        .timeout(Duration::from_secs(20))
        .build()
        .unwrap();
    let mut clock = Clock { file: std::env::var_os("SOAK_CLOCK"), offset: 0 };
    let (work, end, mut usage, mut told) = (Work::default(), boomi.at_ms() + length_ms, Vec::new(), String::new());
    for lap in 0.. {
        let begin = boomi.at_ms();
        if begin >= end {
            break;
        }
        let length = LAP_MS.min(length_ms);
        let moment = |part: u64| begin + length * part / 10;
        let (is_over, is_disturbed) = (AtomicBool::new(false), AtomicBool::new(false));
        // What nobody has accepted yet is sent with more care: that is another test's.
        let resets = Cell::new(0);
        load::until(&boomi, || {
            if boomi.at_ms() >= begin + LONGEST_HOLD_MS * (resets.get() + 1) {
                client.reset_guard();
                resets.set(resets.get() + 1);
            }
            client.get(common::AUDIT_LOG).send().is_ok_and(|answer| answer.status() == 200)
        });
        goes_wrong(&boomi, WireFault::ALL.iter().copied().cycle().skip(lap * FAULTS).take(FAULTS));
        let is_excused = |error: &Error| {
            let by_the_password = error.kind() == ErrorKind::CredentialsRejected;
            by_the_password || error.kind() == ErrorKind::TooLarge || is_disturbed.load(Ordering::Acquire)
        };
        let tally = std::thread::scope(|scope| {
            let worker = || {
                let mut tally = Tally::that_may_be_turned_away();
                while !is_over.load(Ordering::Acquire) {
                    let request = work.next();
                    tally.take(&request, request.send(&client, None), is_excused);
                }
                tally
            };
            let workers: Vec<_> = (0..THREADS).map(|_| scope.spawn(worker)).collect();
            let ended = AtTheEnd(|| is_over.store(true, Ordering::Release));
            let until = |part| {
                while boomi.at_ms() < moment(part) {
                    wait(Duration::from_millis(20));
                    boomi.clear_log();
                }
            };
            until(2);
            // A request that was lost then may find the guard shut when it is to be sent again.
            is_disturbed.store(true, Ordering::Release);
            let new = format!("password-{lap}");
            boomi.set_password(REGULAR.name, &new);
            // Whoever asks for it is told a little later.
            until(3);
            *password.lock().unwrap() = new;
            until(6);
            is_disturbed.store(false, Ordering::Release);
            clock.set(&boomi, CLOCKS[lap % CLOCKS.len()]);
            until(7);
            is_disturbed.store(true, Ordering::Release);
            let kinds =
                [OutageKind::Refuse, OutageKind::Unavailable, OutageKind::Hang, OutageKind::Swallow, OutageKind::Reset];
            boomi.set_outage(Some(Outage::new(kinds[lap % kinds.len()])));
            until(8);
            boomi.set_outage(None);
            until(10);
            drop(ended);
            workers.into_iter().map(|worker| worker.join().unwrap()).fold(Tally::default(), Tally::plus)
        });

        let (now, user) = (Usage::now(), load::status(&boomi, REGULAR));
        tally.assert_effects(&boomi.effects());
        // They are in this process, and would be the only thing in it that grows.
        boomi.clear_effects();
        assert!(tally.begun() > 0 && !user.locked && user.total_rejections <= MOST_REJECTIONS, "lap {lap}: {user:?}");
        println!(
            "lap {lap}: {tally}; {user:?}; {now:?}; clock {:+} s; guard reset {} times",
            clock.offset,
            resets.get()
        );
        writeln!(
            told,
            r#"{{"seconds":{},"requests":{},"retried":{},"rejected":{},"memory_kb":{},"files":{},"clock":{},"resets":{}}}"#,
            boomi.at_ms() / 1000,
            tally.begun(),
            tally.retried(),
            user.total_rejections,
            now.memory_kb,
            now.files,
            clock.offset,
            resets.get()
        )
        .unwrap();
        if let Some(path) = std::env::var_os("SOAK_LOG") {
            std::fs::write(path, &told).unwrap();
        }
        usage.push(now);
        // The server forgets what it knew of the lap, but not the password: one that was refused once is not tried
        // again soon.
        clock.set(&boomi, 0);
        boomi.reset();
        boomi.set_password(REGULAR.name, &password.lock().unwrap());
    }
    // Fewer say nothing.
    if usage.len() >= 6 {
        usage::assert_flat(&usage);
    }
    drop(client);
    load::until(&boomi, || Usage::now().files <= before.files);
}
