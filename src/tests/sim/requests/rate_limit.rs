//! No second has more requests of an account than the rate limit, and no call waits longer than that takes.

use std::collections::BTreeMap;

use super::*;
use crate::config::Config;
use crate::tests::sim::server::{OTP_SECRET, OutageKind};

/// A world that responds 200 to all, so that no call needs to sign in.
fn open_world(seed: u64) -> World {
    let world = World::new(seed);
    answer_all(&world, |_| status(200));
    world
}

fn limited(world: &World, rate: u32) -> Client {
    world.client(|config| config.set_requests_per_second(rate).unwrap())
}

fn get(client: &Client, path: &str) -> Result<Response> {
    client.get(path).auth(AuthScheme::None).send()
}

fn get_within(client: &Client, timeout: Duration) -> Result<Response> {
    client.get(OBJECT).auth(AuthScheme::None).call(&within(timeout)).send()
}

#[track_caller]
fn assert_no_second_has_more_than(most: usize, world: &World, what: &str) {
    let mut times: Vec<_> = arrived(world).iter().map(|entry| entry.at).collect();
    times.sort_unstable();
    for window in times.windows(most + 1) {
        assert!(window[most] - window[0] >= SECOND, "{what}: {window:?}");
    }
}

/// Threads that call as fast as the limit allows. Returns when each call began and arrived, in order of beginning.
fn crowd(world: &World, client: &Client, threads: u64, calls: u32) -> Vec<(Duration, Duration)> {
    let began = Mutex::new(BTreeMap::new());
    world.sim.run(|crew| {
        for thread in 0..threads {
            let began = &began;
            crew.spawn(move || {
                let mut random = Random::new(thread);
                for number in 0..calls {
                    let path = format!("{OBJECT}/{thread}-{number}");
                    began.lock().unwrap().insert(path.clone(), world.now());
                    assert_eq!(get(client, &path).unwrap().status(), 200);
                    world.sim.sleep(random.between(Duration::ZERO, SECOND / 2));
                }
            });
        }
    });
    let began = began.into_inner().unwrap();
    let mut calls: Vec<_> = arrived(world).iter().map(|entry| (began[&entry.path], entry.at)).collect();
    calls.sort_unstable();
    calls
}

#[test]
fn rate_limit_holds_and_is_fifo() {
    for (seed, latency) in [(1, 3000), (2, 3000), (3, 150), (4, 1000), (5, 0)] {
        let world = open_world(seed);
        world.issuer.set_latency(Duration::ZERO, Duration::from_millis(latency));
        let calls = crowd(&world, &limited(&world, 10), 32, 20);
        assert_eq!(calls.len(), 640);
        assert_no_second_has_more_than(10, &world, &format!("{latency} ms"));
        let mut latest_of_earlier = Duration::ZERO;
        for same_begin in calls.chunk_by(|one, other| one.0 == other.0) {
            let first = same_begin.iter().map(|(_, at)| *at).min().unwrap();
            assert!(first >= latest_of_earlier, "{latency} ms: {same_begin:?} after {latest_of_earlier:?}");
            latest_of_earlier = same_begin.iter().map(|(_, at)| *at).max().unwrap().max(latest_of_earlier);
        }
        // A tenth is lost at most, while all are there.
        assert!(calls[500].1 <= 501 * SECOND * 11 / 100, "{latency} ms: {:?}", calls[500]);
    }
}

#[test]
fn permit_after_the_deadline_fails_at_once_with_retry_after() {
    let world = open_world(1);
    let client = limited(&world, 10);
    (0..10).for_each(|_| drop(get(&client, OBJECT).unwrap()));
    assert_eq!(world.now(), Duration::ZERO);
    world.sim.sleep(SECOND / 4);
    let error = get_within(&client, SECOND / 2).unwrap_err();
    assert_eq!((error.kind(), error.was_sent(), error.attempts()), (ErrorKind::RateLimited, false, 0), "{error}");
    assert!(error.is_retryable() && error.message().contains("account123"), "{error}");
    assert_eq!((error.retry_after(), world.now()), (Some(3 * SECOND / 4), SECOND / 4));
    assert_eq!(arrived(&world).len(), 10);
    world.sim.sleep(error.retry_after().unwrap());
    assert_eq!(get_within(&client, SECOND / 2).unwrap().status(), 200);
    assert_eq!(world.now(), SECOND);
}

#[test]
fn call_waits_in_the_queue_only_if_its_deadline_allows() {
    let world = open_world(1);
    let client = limited(&world, 2);
    let ended = Mutex::new(Vec::new());
    world.sim.run(|crew| {
        for index in 0..12 {
            let (world, client, ended) = (&world, &client, &ended);
            crew.spawn(move || {
                world.sim.sleep(index * SECOND / 100);
                let begin = world.now();
                let result = get_within(client, 7 * SECOND / 2);
                let failed_at_once =
                    result.is_err_and(|error| error.kind() == ErrorKind::RateLimited) && world.now() == begin;
                ended.lock().unwrap().push((index, failed_at_once, world.now().as_secs()));
            });
        }
    });
    let mut ended = ended.into_inner().unwrap();
    ended.sort_unstable();
    let seconds: Vec<_> = ended.iter().map(|(_, failed, second)| (*failed, *second)).collect();
    let served = [0, 0, 1, 1, 2, 2, 3, 3].map(|second| (false, second));
    assert_eq!(seconds[..8], served);
    assert_eq!(seconds[8..], [(true, 0); 4]);
}

#[test]
fn each_account_has_its_own_rate_limit() {
    let world = open_world(1);
    let client = limited(&world, 10);
    let paths = ["/api/rest/v1/a/X", "/api/rest/v1/b/X", "/mdm/api/rest/v1/c/X", "/graphql"];
    (0..10).for_each(|_| paths.iter().for_each(|path| drop(get(&client, path).unwrap())));
    assert_eq!(world.now(), Duration::ZERO);
    // An account counts by any path, and by a parameter.
    get(&client, "/partner/api/rest/v1/a/X").unwrap();
    assert_eq!(world.now(), SECOND);
    client.get("/graphql").account_id("d").auth(AuthScheme::None).send().unwrap();
    client.get("/graphql").account_id("b").auth(AuthScheme::None).send().unwrap();
    assert_eq!(world.now(), SECOND);
}

#[test]
fn clones_share_a_rate_limit_and_clients_do_not() {
    let world = open_world(1);
    let (one, other) = (limited(&world, 1), limited(&world, 1));
    get(&one, OBJECT).unwrap();
    get(&other, OBJECT).unwrap();
    assert_eq!(world.now(), Duration::ZERO);
    get(&one.clone(), OBJECT).unwrap();
    assert_eq!(world.now(), SECOND);
}

#[test]
fn token_requests_are_not_rate_limited() {
    let world = World::new(1);
    let client = limited(&world, 1);
    (0..5).for_each(|_| drop(client.generate_jwt(None, None).unwrap()));
    client.get(BEARER).auth(AuthScheme::Jwt).send().unwrap();
    assert_eq!((exchanges(&world), world.now()), (6, Duration::ZERO));
    client.generate_jwt(None, None).unwrap();
    assert_eq!(world.now(), Duration::ZERO);
    client.get(BEARER).auth(AuthScheme::Jwt).send().unwrap();
    assert_eq!(world.now(), SECOND);
}

#[test]
fn every_attempt_is_rate_limited() {
    let world = World::new(1);
    let tries = Mutex::new(BTreeMap::new());
    answer_all(&world, move |entry| {
        let mut tries = tries.lock().unwrap();
        let tries = tries.entry(entry.path.clone()).or_insert(0);
        *tries += 1;
        status(if *tries < 3 { 503 } else { 200 })
    });
    crowd(&world, &limited(&world, 5), 20, 2);
    assert_eq!(arrived(&world).len(), 120);
    assert_no_second_has_more_than(5, &world, "tries");
}

#[test]
fn attempt_with_a_new_jwt_is_rate_limited() {
    let world = World::new(1);
    let client = limited(&world, 2);
    client.token().unwrap();
    world.issuer.revoke_all();
    let response = client.get(BEARER).auth(AuthScheme::Jwt).send().unwrap();
    assert_eq!((told_by(&response), world.now()), ((200, 2), Duration::ZERO));
    client.get(BEARER).auth(AuthScheme::Jwt).send().unwrap();
    assert_eq!(world.now(), SECOND);
}

#[test]
fn retry_without_permit_in_time_returns_the_last_response() {
    let world = World::new(1);
    answer_in_turn(&world, [status(503)]);
    let client = limited(&world, 1);
    let begin = world.now();
    let response = get_within(&client, 9 * SECOND / 10).unwrap();
    assert_eq!(told_by(&response), (503, 1));
    assert!(world.now() - begin < SECOND / 2 + SLICE, "{:?}", world.now());
}

#[test]
fn rate_of_zero_is_no_limit() {
    let world = open_world(1);
    let client = limited(&world, 0);
    (0..500).for_each(|_| drop(get(&client, OBJECT).unwrap()));
    assert_eq!(world.now(), Duration::ZERO);
}

#[test]
fn canceled_call_leaves_the_queue_at_once() {
    let world = open_world(1);
    world.sim.set_slice(SLICE);
    let client = limited(&world, 1);
    let canceled = Call::new();
    let served = Mutex::new(Vec::new());
    get(&client, OBJECT).unwrap();
    world.sim.run(|crew| {
        let (world, client, canceled, served) = (&world, &client, &canceled, &served);
        crew.spawn(move || {
            world.sim.sleep(SECOND / 10);
            let error = client.get(OBJECT).auth(AuthScheme::None).call(canceled).send().unwrap_err();
            assert_eq!((error.kind(), error.was_sent(), error.attempts()), (ErrorKind::Canceled, false, 0), "{error}");
            assert!(world.now() <= SECOND * 6 / 10, "{:?}", world.now());
        });
        crew.spawn(move || {
            world.sim.sleep(SECOND / 2);
            canceled.cancel();
        });
        for index in 2..4 {
            crew.spawn(move || {
                world.sim.sleep(index * SECOND / 10);
                get(client, OBJECT).unwrap();
                served.lock().unwrap().push(world.now());
            });
        }
    });
    assert_eq!(*served.lock().unwrap(), [SECOND, 2 * SECOND]);
}

#[test]
fn unsent_request_gives_its_place_back() {
    let world = open_world(1);
    world.issuer.add_outage(Duration::ZERO, SECOND / 10, OutageKind::Refuse);
    let client = world.client(|config| {
        config.set_requests_per_second(1).unwrap();
        config.set_max_retries(0).unwrap();
    });
    for _ in 0..5 {
        assert_eq!(get(&client, OBJECT).unwrap_err().kind(), ErrorKind::Connect);
    }
    world.sim.sleep(SECOND / 10);
    get(&client, OBJECT).unwrap();
    assert_eq!(world.now(), SECOND / 10);
    get(&client, OBJECT).unwrap();
    assert_eq!(world.now(), 11 * SECOND / 10);
}

#[test]
fn failed_connect_lets_the_next_request_go() {
    let world = open_world(1);
    world.issuer.add_outage(Duration::ZERO, SECOND, OutageKind::Swallow);
    let client = world.client(|config| {
        config.set_requests_per_second(1).unwrap();
        config.set_max_retries(0).unwrap();
    });
    world.sim.run(|crew| {
        crew.spawn(|| {
            assert_eq!(get(&client, OBJECT).unwrap_err().kind(), ErrorKind::Timeout);
            assert_eq!(world.now(), Config::DEFAULT_CONNECT_TIMEOUT);
        });
        crew.spawn(|| {
            world.sim.sleep(2 * SECOND);
            get(&client, OBJECT).unwrap();
            assert_eq!(world.now(), Config::DEFAULT_CONNECT_TIMEOUT);
        });
    });
}

#[test]
fn sent_request_without_response_keeps_its_place() {
    let world = open_world(1);
    world.issuer.set_latency(SECOND / 2, SECOND / 2);
    lose_first(&world, 1);
    let client = world.client(|config| {
        config.set_requests_per_second(1).unwrap();
        config.set_max_retries(0).unwrap();
    });
    assert_eq!(get(&client, OBJECT).unwrap_err().kind(), ErrorKind::Connect);
    assert_eq!(get_within(&client, 7 * SECOND / 10).unwrap_err().kind(), ErrorKind::Timeout);
    get(&client, OBJECT).unwrap();
    assert_no_second_has_more_than(1, &world, "lost responses");
    assert_eq!(arrived(&world).len(), 3);
}

/// The longest time of a call with a JWT beside a crowd that waits to sign in.
fn longest_beside_a_crowd(world: &World, client: &Client) -> Duration {
    let longest = Mutex::new(Duration::ZERO);
    client.token().unwrap();
    world.sim.run(|crew| {
        for _ in 0..20 {
            crew.spawn(|| {
                while world.now() < 120 * SECOND {
                    // Not all get a code in time.
                    let _ = client.get(OBJECT).send();
                    world.sim.sleep(SECOND);
                }
            });
        }
        crew.spawn(|| {
            while world.now() < 120 * SECOND {
                world.sim.sleep(SECOND);
                let begin = world.now();
                client.get(BEARER).auth(AuthScheme::Jwt).send().unwrap();
                let mut longest = longest.lock().unwrap();
                *longest = longest.max(world.now() - begin);
            }
        });
    });
    longest.into_inner().unwrap()
}

#[test]
fn call_that_waits_to_sign_in_delays_no_other() {
    for with_codes in [false, true] {
        let world = World::new(1);
        world.issuer.set_latency(SECOND / 10, SECOND / 10);
        let client = if with_codes {
            world.issuer.require_codes(world.issuer.user_name(), OTP_SECRET);
            world.client(|config| {
                config.set_requests_per_second(10).unwrap();
                config.set_otp_secret(OTP_SECRET).unwrap();
            })
        } else {
            // Three authentication attempts run at a time, and they are slow.
            world.issuer.script(|script| script.slower_acceptances = 3 * SECOND);
            limited(&world, 10)
        };
        let longest = longest_beside_a_crowd(&world, &client);
        assert!(longest <= 2 * SECOND, "with codes: {with_codes}, {longest:?}");
    }
}

#[test]
fn suspend_frees_the_places() {
    let world = open_world(1);
    let client = limited(&world, 10);
    (0..10).for_each(|_| drop(get(&client, OBJECT).unwrap()));
    world.sim.suspend(HOUR);
    (0..10).for_each(|_| drop(get_within(&client, SECOND / 10).unwrap()));
    assert_eq!(world.now(), HOUR);
}

#[test]
fn rate_limit_holds_across_suspends() {
    for seed in 0..4 {
        let world = open_world(seed);
        world.issuer.set_latency(Duration::ZERO, SECOND);
        let client = limited(&world, 10);
        let served = Mutex::new(0);
        world.sim.run(|crew| {
            for _ in 0..24 {
                crew.spawn(|| {
                    for _ in 0..10 {
                        get(&client, OBJECT).unwrap();
                        *served.lock().unwrap() += 1;
                    }
                });
            }
            crew.spawn(|| {
                let mut random = Random::new(seed);
                for _ in 0..12 {
                    world.sim.sleep(random.between(Duration::ZERO, 2 * SECOND));
                    world.sim.suspend(random.between(Duration::ZERO, 3 * SECOND));
                }
            });
        });
        assert_eq!(served.into_inner().unwrap(), 240);
        assert_no_second_has_more_than(10, &world, &format!("seed {seed}"));
    }
}
