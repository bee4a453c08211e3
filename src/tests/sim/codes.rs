//! One-time codes: each step once, away from its edges by the server's clock, and in turn.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::Duration;

use super::{GOOD, HOUR, MINUTE, OTHER, SECOND, START, Way, World, call, call_with};
use crate::client::{Call, Client};
use crate::clock::Clock as _;
use crate::config::Config;
use crate::credentials::Credentials;
use crate::error::ErrorKind;
use crate::tests::sim::clock::Random;
use crate::tests::sim::server::{ACCOUNT, Entry, OTP_SECRET, OutageKind, Outcome, TOKEN};

const STEP: Duration = Duration::from_secs(30);

/// A world whose user has two-factor authentication and whose server is so much ahead of the clients.
fn world(seed: u64, server_ahead: i64) -> World {
    let world = World::new(seed);
    world.issuer.require_codes(world.issuer.user_name(), OTP_SECRET);
    world.issuer.script(|script| script.clock_offset_seconds = server_ahead);
    world
}

fn client(world: &World, configure: impl FnOnce(&mut Config)) -> Client {
    world.client(|config| {
        config.set_otp_secret(OTP_SECRET).unwrap();
        configure(config);
    })
}

fn calls_within(timeout: Duration) -> Call {
    let mut call = Call::new();
    call.set_timeout(timeout).unwrap();
    call
}

/// Those of which a byte left.
fn sign_ins(world: &World) -> Vec<Entry> {
    let sent = |entry: &Entry| entry.is_sign_in() && !matches!(entry.outcome, Outcome::Refused | Outcome::Swallowed);
    world.issuer.log().into_iter().filter(sent).collect()
}

/// That no code was wrong, late, missing or sent again, and no sign-in rejected.
#[track_caller]
fn assert_no_code_burnt(world: &World, what: &str) {
    let user = world.user();
    let bad = (user.rejected, user.wrong_codes, user.repeated_codes, user.missing_codes);
    assert_eq!(bad, (0, 0, 0, 0), "{what}: {:?}", world.issuer.log());
    // Also those that no server saw twice within its memory.
    let log = sign_ins(world);
    let codes: BTreeSet<_> = log.iter().filter_map(|entry| entry.code.clone()).collect();
    assert_eq!(codes.len(), log.len(), "{what}");
}

#[test]
fn a_clock_that_is_off_burns_no_sign_in() {
    for ahead in (-45..=45).step_by(5) {
        for phase in (0..30).step_by(3) {
            let what = format!("server {ahead} s ahead, {phase} s into the step");
            let world = world(1, ahead);
            world.sim.sleep(phase * SECOND);
            let client = client(&world, |_| {});
            for way in [GOOD, Way::TokenRequest, GOOD] {
                call(&client, way).unwrap();
            }
            assert_no_code_burnt(&world, &what);
            for entry in sign_ins(&world) {
                let server = Duration::from_secs(START.saturating_add_signed(ahead)) + entry.at;
                let into = Duration::from_millis((server.as_millis() % STEP.as_millis()) as u64);
                // The server's Date tells its time to within half a second.
                assert!(into >= 3 * SECOND / 2 && into <= 57 * SECOND / 2, "{what}: sent at {into:?}");
                let code = crate::otp::otp_code(OTP_SECRET, server.as_secs() as i64).unwrap();
                assert_eq!(entry.code.as_deref(), Some(code.expose()), "{what}");
            }
        }
    }
}

#[test]
fn wrong_clock_wastes_no_code_of_concurrent_callers() {
    for ahead in [-45, -20, 20, 45] {
        for phase in [0, 10, 25] {
            let world = world(1, ahead);
            world.issuer.set_latency(SECOND / 2, SECOND);
            world.sim.sleep(phase * SECOND);
            let client = client(&world, |_| {});
            world.sim.run(|crew| {
                for index in 0..8 {
                    let (world, client) = (&world, &client);
                    crew.spawn(move || {
                        world.sim.sleep(index * SECOND / 10);
                        let _ = call(client, if index % 2 == 0 { GOOD } else { Way::TokenRequest });
                    });
                }
            });
            assert_no_code_burnt(&world, &format!("server {ahead} s ahead, {phase} s into the step"));
        }
    }
}

#[test]
fn setting_the_clock_burns_no_sign_in() {
    let world = world(1, 0);
    let client = client(&world, |_| {});
    for off in [0, 300, 45, 7200] {
        world.sim.set_wall(Duration::from_secs(START + off) + world.now());
        call(&client, GOOD).unwrap();
    }
    assert_no_code_burnt(&world, "a clock set to and fro");
}

/// Many threads and clients of one user sign in for a while. Returns how many were accepted.
fn crowd(world: &World, length: Duration) -> u32 {
    let clients = [client(world, |_| {}), client(world, |_| {}), client(world, |_| {})];
    world.sim.run(|crew| {
        for index in 0..24 {
            let client = &clients[index % 3];
            crew.spawn(move || {
                let mut random = Random::new(index as u64);
                while world.now() < length {
                    let limits = calls_within(random.between(6 * SECOND, 150 * SECOND));
                    let _ = call_with(client, [GOOD, OTHER, Way::TokenRequest, Way::Jwt][index % 4], &limits);
                    world.sim.sleep(random.between(SECOND, 5 * SECOND));
                }
            });
        }
    });
    world.user().accepted
}

#[test]
fn step_is_sent_once_by_all_threads_and_clients_of_a_user() {
    for seed in 0..4 {
        let world = world(seed, 0);
        world.issuer.set_latency(SECOND / 10, [SECOND, 2 * SECOND][seed as usize % 2]);
        let accepted = crowd(&world, 20 * MINUTE);
        assert_no_code_burnt(&world, &format!("seed {seed}"));
        // One step in thirty seconds, and hardly one is lost.
        assert!(accepted >= 36, "seed {seed}: {accepted}");
    }
}

#[test]
fn no_step_is_sent_twice_when_connections_and_answers_fail() {
    let kinds = [OutageKind::Refuse, OutageKind::Hang, OutageKind::Swallow, OutageKind::Unavailable(None)];
    for seed in 0..4 {
        let world = world(seed, 0);
        world.issuer.set_latency(SECOND / 10, SECOND);
        for (index, kind) in kinds.into_iter().enumerate() {
            let from = (2 + 4 * index as u32) * MINUTE + seed as u32 * 7 * SECOND;
            world.issuer.add_outage(from, from + 20 * SECOND, kind);
        }
        let accepted = crowd(&world, 20 * MINUTE);
        assert_no_code_burnt(&world, &format!("seed {seed}"));
        assert!(accepted >= 20, "seed {seed}: {accepted}");
    }
}

/// Callers of so many accounts of one user, each once a second.
fn accounts(count: usize, length: Duration) {
    let world = world(1, 0);
    world.issuer.set_latency(SECOND / 10, SECOND / 2);
    world.issuer.script(|script| script.log_bearers = false);
    let client = client(&world, |_| {});
    let first = Mutex::new(vec![None; count]);
    let failed = Mutex::new(Vec::new());
    world.sim.run(|crew| {
        for index in 0..count {
            let (world, client, first, failed) = (&world, &client, &first, &failed);
            crew.spawn(move || {
                let provider = client.token_provider(format!("{ACCOUNT}-{index}").as_str()).unwrap();
                while world.now() < length {
                    match provider.get() {
                        Ok(_) => _ = first.lock().unwrap()[index].get_or_insert(world.now()),
                        Err(error) if first.lock().unwrap()[index].is_some() => {
                            failed.lock().unwrap().push((world.now(), index, error));
                        }
                        Err(error) => assert_eq!(error.kind(), ErrorKind::Otp, "{error}"),
                    }
                    world.sim.sleep(SECOND);
                }
            });
        }
    });
    assert_no_code_burnt(&world, &format!("{count} accounts"));
    // One after the other, a step for each.
    let first: Option<BTreeSet<_>> = first.into_inner().unwrap().into_iter().collect();
    let first = first.expect("a token for each");
    let latest = first.iter().max().unwrap();
    assert!(*latest <= STEP * count as u32 + 2 * SECOND, "{count} accounts: {first:?}");
    let failed = failed.into_inner().unwrap();
    assert!(failed.is_empty(), "{count} accounts: {} failed, {:?}", failed.len(), failed[0]);
}

#[test]
fn accounts_of_one_user_get_their_tokens_in_turn() {
    (1..=5).for_each(|count| accounts(count, 20 * MINUTE));
}

#[test]
fn eight_accounts_of_one_user_lose_no_call_in_an_hour() {
    accounts(8, HOUR);
}

#[test]
fn call_without_a_code_in_time_fails_at_once_and_says_when() {
    let world = world(1, 0);
    world.sim.sleep(10 * SECOND);
    let client = client(&world, |_| {});
    call(&client, GOOD).unwrap();
    let requests = world.issuer.log().len();
    // 22 s to the next window, as the server's time is known to within half a second, and 5 s for the request.
    for (timeout, fails) in [(6, true), (26, true), (28, false)] {
        let begin = world.now();
        let result = call_with(&client, GOOD, &calls_within(timeout * SECOND));
        if !fails {
            result.unwrap();
            assert_eq!((world.now() - begin).as_secs_f64().round(), 22.0);
            continue;
        }
        let error = result.unwrap_err();
        assert_eq!((error.kind(), error.was_sent(), error.attempts()), (ErrorKind::Otp, false, 0), "{error}");
        assert!(error.is_retryable() && error.message().contains("API token"), "{error}");
        let rest = error.retry_after().unwrap();
        assert!(rest.abs_diff(22 * SECOND) <= SECOND / 2, "{rest:?}");
        assert_eq!((world.now(), world.issuer.log().len()), (begin, requests));
    }
    assert_no_code_burnt(&world, "three calls");
}

#[test]
fn whoever_waits_as_long_as_the_error_says_gets_a_code() {
    let world = world(1, 0);
    let client = client(&world, |_| {});
    for _ in 0..10 {
        if let Err(error) = call_with(&client, GOOD, &calls_within(6 * SECOND)) {
            world.sim.sleep(error.retry_after().unwrap());
            call_with(&client, GOOD, &calls_within(6 * SECOND)).unwrap();
        }
        world.sim.sleep(3 * SECOND);
    }
    assert_no_code_burnt(&world, "ten calls");
}

#[test]
fn no_code_goes_with_an_api_token_and_none_is_waited_for() {
    let world = world(1, 0);
    let token = Credentials::api_token(world.issuer.user_name(), TOKEN);
    let client = client(&world, |config| config.set_credentials(token).unwrap());
    for way in [GOOD, Way::TokenRequest, GOOD, Way::Jwt] {
        call_with(&client, way, &calls_within(SECOND)).unwrap();
    }
    assert!(sign_ins(&world).iter().all(|entry| entry.code.is_none()));
    assert_eq!((world.user().needless_codes, world.issuer.counts().probes, world.now()), (0, 0, Duration::ZERO));
}

#[test]
fn step_of_a_call_that_failed_before_its_first_byte_is_free() {
    for kind in [OutageKind::Refuse, OutageKind::Swallow] {
        let world = world(1, 0);
        let client = client(&world, |config| config.set_max_retries(0).unwrap());
        call(&client, GOOD).unwrap();
        world.sim.sleep_until(40 * SECOND);
        world.issuer.add_outage(world.now(), world.now() + SECOND, kind);
        let error = call(&client, GOOD).unwrap_err();
        assert!(!error.was_sent(), "{error}");
        world.sim.sleep(SECOND);
        call(&client, GOOD).unwrap();
        assert!(world.now() < 60 * SECOND, "{kind:?}: {:?}", world.now());
        assert_no_code_burnt(&world, "a step given back");
    }
}

#[test]
fn step_of_a_call_that_was_canceled_while_waiting_is_free() {
    let world = world(1, 0);
    world.sim.set_slice(SECOND);
    let client = client(&world, |_| {});
    call(&client, GOOD).unwrap();
    let begin = world.now();
    let waiting = Call::new();
    world.sim.run(|crew| {
        crew.spawn(|| assert_eq!(call_with(&client, GOOD, &waiting).unwrap_err().kind(), ErrorKind::Canceled));
        crew.spawn(|| {
            world.sim.sleep(5 * SECOND);
            waiting.cancel();
            world.sim.sleep(5 * SECOND);
            call(&client, GOOD).unwrap();
        });
    });
    assert!(world.now() - begin < 32 * SECOND, "{:?}", world.now() - begin);
    assert_no_code_burnt(&world, "a step given back");
}

#[test]
fn step_whose_code_was_sent_is_used_even_without_a_response() {
    let world = world(1, 0);
    let client = client(&world, |_| {});
    call(&client, GOOD).unwrap();
    world.sim.sleep_until(35 * SECOND);
    world.issuer.add_outage(world.now(), world.now() + 3 * SECOND, OutageKind::Hang);
    assert!(call_with(&client, GOOD, &calls_within(3 * SECOND)).unwrap_err().was_sent());
    call(&client, GOOD).unwrap();
    assert!(world.now() >= 2 * STEP);
    assert_no_code_burnt(&world, "a step that was lost");
}

#[test]
fn first_code_follows_one_request_for_the_server_time() {
    let world = world(1, 20);
    let one = client(&world, |_| {});
    call(&one, GOOD).unwrap();
    call(&one, Way::TokenRequest).unwrap();
    let log = world.issuer.log();
    assert!(!log[0].is_sign_in() && log[0].code.is_none());
    assert_eq!(world.issuer.counts().probes, 1);
    // Any answer tells it, so that nothing has to be asked.
    let world = self::world(1, 20);
    let one = client(&world, |_| {});
    one.get("/public").auth(crate::client::AuthScheme::None).send().unwrap();
    call(&one, GOOD).unwrap();
    assert_eq!(world.issuer.counts().probes, 1);
}

#[test]
fn a_server_without_a_date_is_asked_for_the_time_once() {
    let world = world(1, 0);
    world.issuer.script(|script| script.date = false);
    let client = client(&world, |_| {});
    for _ in 0..5 {
        call(&client, GOOD).unwrap();
    }
    assert_eq!(world.issuer.counts().probes, 1);
    assert_no_code_burnt(&world, "the machine's own clock");
}

#[test]
fn changed_password_with_good_codes_is_rejected_within_budget() {
    let world = world(1, 0);
    let client = client(&world, |_| {});
    call(&client, GOOD).unwrap();
    world.rotate();
    for _ in 0..40 {
        let _ = call(&client, GOOD);
        world.sim.sleep(MINUTE);
    }
    let user = world.user();
    assert!(user.rejected <= 5 && user.wrong_codes + user.repeated_codes == 0 && !user.locked, "{user:?}");
}

#[test]
fn a_function_for_codes_that_panics_is_no_sign_in() {
    let world = World::new(1);
    let asked = std::sync::Arc::new(std::sync::atomic::AtomicU32::new(0));
    let count = asked.clone();
    let client = world.client(|config| {
        config.set_credentials(Credentials::password(world.issuer.user_name(), "password")).unwrap();
        config.otp = Some(crate::config::OtpSource::Function(std::sync::Arc::new(move || {
            match count.fetch_add(1, std::sync::atomic::Ordering::Relaxed) {
                0..5 => panic!("nobody typed a code"),
                _ => crate::otp::check_code("123456"),
            }
        })));
    });
    for _ in 0..5 {
        let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| call(&client, GOOD))).unwrap_err();
    }
    let error = call(&client, GOOD).err().map(|error| error.kind());
    assert_ne!(error, Some(crate::error::ErrorKind::Held));
    assert_eq!(asked.load(std::sync::atomic::Ordering::Relaxed), 6);
}
