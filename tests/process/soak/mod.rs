//! Many threads on one client for a while, beside a server that goes wrong now and then: nothing is lost, swapped or
//! done twice, no second holds too many requests, and nothing grows. `SOAK_SECONDS` is how long; see
//! `make soak-requests`.

mod hours;
mod usage;
mod work;

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use boomi_auth::{AuthScheme, Call, Client, ErrorKind};
use boomi_emulator::users::{ACCOUNT, REGULAR};
use boomi_emulator::{Emulator, Options, RateLimit, Scripted, WireFault};

use crate::alone::alone;
use crate::common::{self, by_token};
use crate::forked as fork;
use crate::load::{self, AtTheEnd};
use usage::Usage;
use work::{Tally, Work};

const THREADS: usize = 32;
const REQUESTS_PER_SECOND: u32 = 200;
/// As the client tolerates it; see `JITTER` in `src/rate_limit/window.rs`.
const TOLERATED: Duration = Duration::from_millis(100);
/// Where the guard holds everybody for a while, it takes longer until so many have been made.
const LEAST_REQUESTS: usize = 1000;
/// What `make soak-requests` and `hours.sh` set.
const SETTINGS: [&str; 7] = [
    "SOAK_SECONDS",
    "SOAK_LOG",
    "SOAK_CLOCK",
    "LD_PRELOAD",
    "FAKETIME_TIMESTAMP_FILE",
    "FAKETIME_NO_CACHE",
    "DONT_FAKE_MONOTONIC",
];

fn settings() -> Vec<(&'static str, String)> {
    SETTINGS.iter().filter_map(|name| Some((*name, std::env::var(name).ok()?))).collect()
}

// Each has a process of its own, since it measures what the whole process uses.

#[test]
fn requests_soak() {
    alone(settings, || soak_requests(soak_ms()));
}

#[test]
fn cancel_free_and_fork_in_the_middle_of_it() {
    alone(settings, || cancel_free_and_fork(soak_ms() / 2));
}

#[test]
fn hours_of_everything() {
    alone(settings, || hours::everything(soak_ms()));
}

fn soak_ms() -> u64 {
    let seconds =
        std::env::var("SOAK_SECONDS").map_or(10, |seconds| seconds.parse().expect("SOAK_SECONDS is a number"));
    seconds * 1000
}

/// Each of these happens to one of a hundred requests.
fn goes_wrong(boomi: &Emulator, faults: impl IntoIterator<Item = WireFault>) {
    for (seed, fault) in faults.into_iter().enumerate() {
        boomi.answer_next(Scripted::from(fault).on("/api/").percent(1, seed as u64).for_ever());
    }
}

fn emulator(requests_per_second: Option<u32>) -> Emulator {
    let rate_limit = RateLimit { requests_per_second, ..RateLimit::default() };
    Emulator::start_with(Options { rate_limit, bad_tls: false, ..Options::default() }).unwrap()
}

fn wait(time: Duration) {
    std::thread::park_timeout(time);
}

fn soak_requests(length_ms: u64) {
    let boomi = emulator(Some(REQUESTS_PER_SECOND));
    let before = Usage::now();
    let client = common::builder(&boomi)
        .credentials(by_token(REGULAR))
        .requests_per_second(REQUESTS_PER_SECOND)
        .timeout(Duration::from_secs(60))
        .build()
        .unwrap();
    // What nobody has accepted yet is sent with more care: that is another test's.
    assert_eq!(common::status_of(&client, common::AUDIT_LOG), 200);
    goes_wrong(
        &boomi,
        WireFault::ALL.iter().copied().filter(|fault| !matches!(fault, WireFault::EndlessBody | WireFault::Drip)),
    );

    let (work, end, is_over) = (Work::default(), boomi.at_ms() + length_ms, AtomicBool::new(false));
    let goes_on = || boomi.at_ms() < end || work.count() < LEAST_REQUESTS;
    let (tally, usage, slowest) = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..THREADS)
            .map(|_| {
                scope.spawn(|| {
                    let mut tally = Tally::default();
                    while goes_on() {
                        let request = work.next();
                        tally.take(&request, request.send(&client, None), |_| false);
                    }
                    tally
                })
            })
            .collect();
        let probe = scope.spawn(|| slowest_answer(&boomi, &is_over));
        let mut usage = Vec::new();
        let ended = AtTheEnd(|| is_over.store(true, Ordering::Release));
        while goes_on() {
            wait(Duration::from_millis(100));
            // The emulator's memory is no business of this test.
            boomi.clear_log();
            usage.push(Usage::now());
        }
        let tally = workers.into_iter().map(|worker| worker.join().unwrap()).fold(Tally::default(), Tally::plus);
        drop(ended);
        (tally, usage, probe.join().unwrap())
    });

    let most = boomi.most_in_a_second(ACCOUNT);
    println!("{tally}\nat most {most} in a second; the server's slowest look-up took {slowest:?}");
    tally.assert_effects(&boomi.effects());
    assert_eq!(tally.begun(), work.count());
    assert!(tally.retried() > 0, "nothing was ever sent again");
    load::assert_rejected_at_most(&boomi, REGULAR, 0);
    // A machine on which everything stands still for longer than the client tolerates lets a thread's request be late.
    let late = if slowest > TOLERATED { THREADS } else { 0 };
    assert!(most <= REQUESTS_PER_SECOND as usize + late, "{most} in one second");
    usage::assert_flat(&usage);
    drop(client);
    load::until(&boomi, || Usage::now().files <= before.files);
}

/// Asks the emulator for something that has no limit, again and again, and returns how long the slowest answer took:
/// what a thread of this process may have to wait for its turn on this machine.
fn slowest_answer(boomi: &Emulator, is_over: &AtomicBool) -> Duration {
    let address = boomi.control_url().strip_prefix("http://").unwrap();
    let mut slowest = 0;
    while !is_over.load(Ordering::Acquire) {
        let begin = boomi.at_ms();
        let mut socket = TcpStream::connect(address).unwrap();
        socket.write_all(b"GET /control/rates HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
        socket.read_to_end(&mut Vec::new()).unwrap();
        slowest = slowest.max(boomi.at_ms() - begin);
        wait(Duration::from_millis(20));
    }
    Duration::from_millis(slowest)
}

/// How many requests each child makes of each kind.
const OF_A_CHILD: usize = 3;

/// A forked child: every answer is its own, and it comes.
fn gets_its_own_answers(client: &Client, who: &str) -> bool {
    common::status_of(client, common::AUDIT_LOG) == 200
        && (0..OF_A_CHILD).all(|number| {
            let id = format!("{who}-{number}");
            [("AuditLog", AuthScheme::Basic), ("Deployment", AuthScheme::Jwt)].into_iter().all(|(object, scheme)| {
                let answer = client.get(&format!("/api/rest/v1/{{accountId}}/{object}/{id}")).auth(scheme).send();
                answer.is_ok_and(|answer| {
                    answer.status() == 404 && answer.message().is_some_and(|text| text.contains(&id))
                })
            })
        })
}

fn cancel_free_and_fork(length_ms: u64) {
    let boomi = emulator(None);
    let before = Usage::now();
    let builder = || common::builder(&boomi).credentials(by_token(REGULAR)).requests_per_second(0);
    let client = builder().build().unwrap();
    assert_eq!(common::status_of(&client, common::AUDIT_LOG), 200);
    client.token().unwrap();
    // With JWTs alone: a canceled sign-in might have been a bad one, and the guard holds the next ones back for it.
    // What has other answers than the right one would have to be told by the children.
    let loses_only = |fault: &WireFault| {
        use WireFault::*;
        !matches!(fault, EndlessBody | Drip | Html200 | Empty200 | Redirect)
    };
    goes_wrong(&boomi, WireFault::ALL.iter().copied().filter(loses_only));

    let (work, end, is_over) = (Work::of_bearers(), boomi.at_ms() + length_ms, AtomicBool::new(false));
    let running: Vec<Mutex<Call>> = (0..THREADS / 2).map(|_| Mutex::default()).collect();
    let (clients_made, children) = (AtomicU64::new(0), AtomicU64::new(0));
    let tally = std::thread::scope(|scope| {
        let workers: Vec<_> = running
            .iter()
            .map(|slot| {
                scope.spawn(|| {
                    let mut tally = Tally::default();
                    while boomi.at_ms() < end {
                        let call = Call::new();
                        *slot.lock().unwrap() = call.clone();
                        // A handle of its own, freed right after.
                        let client = client.clone();
                        let request = work.next();
                        let result = request.send(&client, Some(&call));
                        drop(client);
                        tally.take(&request, result, |error| error.kind() == ErrorKind::Canceled);
                    }
                    tally
                })
            })
            .collect();
        let ended = AtTheEnd(|| is_over.store(true, Ordering::Release));
        scope.spawn(|| {
            for slot in running.iter().cycle().take_while(|_| !is_over.load(Ordering::Acquire)) {
                wait(Duration::from_millis(7));
                slot.lock().unwrap().cancel();
            }
        });
        scope.spawn(|| {
            while !is_over.load(Ordering::Acquire) {
                wait(Duration::from_millis(150));
                client.cancel();
            }
        });
        // Other clients of the same user, freed with their connections while this one works.
        let others = scope.spawn(|| {
            let mut tally = Tally::default();
            while !is_over.load(Ordering::Acquire) {
                let other = builder().build().unwrap();
                for _ in 0..3 {
                    let request = work.next();
                    tally.take(&request, request.send(&other, None), |_| false);
                }
                clients_made.fetch_add(1, Ordering::Relaxed);
            }
            tally
        });
        while boomi.at_ms() < end {
            wait(Duration::from_millis(250));
            let who = format!("child{}", children.fetch_add(1, Ordering::Relaxed));
            fork::all_went_well(vec![fork::fork(|| gets_its_own_answers(&client, &who))]);
        }
        let tally = workers.into_iter().map(|worker| worker.join().unwrap()).fold(Tally::default(), Tally::plus);
        drop(ended);
        tally.plus(others.join().unwrap())
    });

    println!("{tally}\n{clients_made:?} clients were freed, {children:?} children forked");
    assert_eq!(tally.begun(), work.count());
    tally.assert_effects(&boomi.effects());
    assert!(tally.excused() > 0 && clients_made.into_inner() > 0 && children.into_inner() > 0);
    load::assert_rejected_at_most(&boomi, REGULAR, 0);
    // No connection served two processes.
    let log = boomi.log();
    let is_a_childs = |path: &str| path.rsplit('/').next().is_some_and(|id| id.starts_with("child"));
    let theirs: BTreeSet<_> =
        log.iter().filter(|entry| is_a_childs(&entry.path)).map(|entry| entry.connection).collect();
    let is_its_parents =
        |path: &str| path.contains("/key-") || path.contains("/sized-") || path.ends_with("/Deployment");
    let stranger = log.iter().find(|entry| theirs.contains(&entry.connection) && is_its_parents(&entry.path));
    assert!(!theirs.is_empty() && stranger.is_none(), "{stranger:?}");
    // And it works on as if nothing had been.
    boomi.clear_scripted();
    for path in [common::AUDIT_LOG, common::DEPLOYMENT] {
        assert_eq!(common::status_of(&client, path), 200);
    }
    drop(client);
    load::until(&boomi, || Usage::now().files <= before.files);
}
