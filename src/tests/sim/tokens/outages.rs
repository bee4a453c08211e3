//! Outages: of 80 s, which no call notices, and of 10 minutes, which end when they end.

use super::*;
use crate::tests::sim::server::OutageKind::{self, Hang, Refuse, Swallow, Unavailable};

const SHORT: Duration = Duration::from_secs(80);
const LONG: Duration = Duration::from_secs(600);
const UNAVAILABLE: OutageKind = Unavailable(None);
const UNAVAILABLE_FOR_AN_HOUR: OutageKind = Unavailable(Some(3600));
/// The latest age at which a token is renewed by callers that come every second.
const RENEWED: u32 = 211;

struct Outage {
    kind: OutageKind,
    from: Duration,
    length: Duration,
}

/// A call that failed: when it began, its deadline, and why.
type Failed = (Duration, Duration, Error);

/// Callers once a second, whose deadlines are taken in turn, from a moment before the outage to the life of a token after it.
fn suffer(
    outage: &Outage,
    threads: usize,
    deadlines: &[u32],
    how: impl Fn(&World, &Client, Duration) -> Result<()> + Sync,
) -> Vec<Failed> {
    let world = World::warm();
    world.issuer.set_latency(Duration::ZERO, SECOND / 10);
    let end = outage.from + outage.length;
    world.issuer.add_outage(outage.from, end, outage.kind);
    // Before a token's advisory window its callers do nothing worth simulating.
    world.sim.advance(outage.from.min(175 * SECOND));
    let api = elsewhere(&world);
    let failed = Mutex::new(Vec::new());
    world.crew(threads, |number| {
        world.sim.sleep(SECOND * number as u32 / threads as u32);
        let deadline = deadlines[number % deadlines.len()] * SECOND;
        world.repeat(SECOND, end + 30 * SECOND, || {
            let begin = world.sim.elapsed();
            if let Err(error) = how(&world, &api, deadline) {
                locked(&failed).push((begin, deadline, error));
            }
            let took = world.sim.elapsed() - begin;
            assert!(took <= deadline + SECOND / 10, "{took:?} of {deadline:?}");
        });
    });
    world.assert_one_flight_at_a_time();
    failed.into_inner().unwrap()
}

fn get(world: &World, _: &Client, timeout: Duration) -> Result<()> {
    let token = world.get_within(timeout)?;
    // Not asked for, because the API has its outage too.
    assert!(world.sim.wall().as_secs() < expiry(&token), "a dead token at {:?}", world.sim.elapsed());
    Ok(())
}

/// By the issuer's clock, which is right here.
fn expiry(token: &Token) -> u64 {
    use base64::Engine as _;
    let payload = token.jwt().split('.').nth(1).unwrap();
    let payload = base64::prelude::BASE64_URL_SAFE_NO_PAD.decode(payload).unwrap();
    serde_json::from_slice::<Value>(&payload).unwrap()["exp"].as_u64().unwrap()
}

fn nobody_notices(kind: OutageKind) {
    // Every second; fewer of those outages that are over before the advisory window begins.
    for age in (0..95u32).step_by(10).chain(95..300) {
        let outage = Outage { kind, from: age * SECOND, length: SHORT };
        for deadline in [60, 10, 5] {
            let failed = suffer(&outage, 1, &[deadline], get);
            assert!(failed.is_empty(), "at age {age}, with {deadline} s: {failed:?}");
        }
        // Before the advisory window, and when the next token is there, eight do as one does.
        if (178..=RENEWED).contains(&age) {
            let failed = suffer(&outage, 8, &[60, 10, 5], get);
            assert!(failed.is_empty(), "eight threads at age {age}: {failed:?}");
        }
        if age.is_multiple_of(25) {
            for deadline in [60, 10, 5] {
                let failed = suffer(&outage, 8, &[deadline], get);
                assert!(failed.is_empty(), "eight threads at age {age}, with {deadline} s: {failed:?}");
            }
        }
    }
}

#[test]
fn a_server_that_refuses_connections_for_80_s_fails_no_call() {
    nobody_notices(Refuse);
}

#[test]
fn a_server_that_answers_503_for_80_s_fails_no_call() {
    nobody_notices(UNAVAILABLE);
}

#[test]
fn retry_after_of_an_hour_and_an_80_s_outage_fail_no_call() {
    nobody_notices(UNAVAILABLE_FOR_AN_HOUR);
}

#[test]
fn a_server_that_swallows_connections_for_80_s_fails_no_call() {
    nobody_notices(Swallow);
}

#[test]
fn a_server_that_hangs_for_80_s_fails_no_call() {
    nobody_notices(Hang);
}

/// A call that began 15 s after the outage, or whose deadline reaches there, succeeds.
fn recovers(kind: OutageKind) {
    for age in (0..=210).step_by(30) {
        let outage = Outage { kind, from: age * SECOND, length: LONG };
        let well = outage.from + outage.length + 15 * SECOND;
        let all = [(1, &[60][..]), (1, &[10]), (1, &[5]), (8, &[60]), (8, &[10]), (8, &[5]), (8, &[60, 10, 5])];
        for (threads, deadlines) in all.into_iter().filter(|(threads, _)| *threads == 1 || age.is_multiple_of(90)) {
            let failed = suffer(&outage, threads, deadlines, get);
            assert!(!failed.is_empty(), "nobody noticed");
            let late: Vec<_> = failed.into_iter().filter(|(begin, deadline, _)| *begin + *deadline >= well).collect();
            assert!(
                late.is_empty(),
                "{threads} threads at age {age}, with {deadlines:?} s; well at {well:?}: {late:?}"
            );
        }
    }
}

#[test]
fn calls_work_15_s_after_10_minutes_of_refused_connections() {
    recovers(Refuse);
}

#[test]
fn calls_work_15_s_after_10_minutes_of_503() {
    recovers(UNAVAILABLE);
}

#[test]
fn calls_work_15_s_after_10_minutes_of_an_hours_retry_after() {
    recovers(UNAVAILABLE_FOR_AN_HOUR);
}

#[test]
fn calls_work_15_s_after_10_minutes_of_swallowed_connections() {
    recovers(Swallow);
}

#[test]
fn calls_work_15_s_after_10_minutes_of_hanging() {
    recovers(Hang);
}

#[test]
fn requests_go_on_while_only_the_issuer_has_an_outage() {
    for kind in [Refuse, UNAVAILABLE_FOR_AN_HOUR, Swallow, Hang] {
        for age in (176..=RENEWED).step_by(5) {
            let outage = Outage { kind, from: age * SECOND, length: SHORT };
            for (threads, deadline) in [(1, 60), (8, 10), (8, 5)] {
                let failed = suffer(&outage, threads, &[deadline], send_elsewhere);
                assert!(failed.is_empty(), "{kind:?} at age {age}, {threads} with {deadline} s: {failed:?}");
            }
        }
    }
}

/// A client for an API that takes the world's bearers, whatever they are, and is well.
fn elsewhere(world: &World) -> Client {
    let issuer = Issuer::new(world.sim.clone(), 2);
    issuer.script(|script| script.log_bearers = false);
    issuer.set_answer(|_| Some((200, Vec::new(), String::new())));
    client(&issuer, world.sim.clone(), |config| config.token_provider = Some(Arc::new(world.provider.clone())))
}

fn send_elsewhere(_: &World, api: &Client, timeout: Duration) -> Result<()> {
    api.get("/x").call(&within(timeout)).send()?.check().map(drop)
}

#[test]
fn requests_continue_while_token_requests_get_503() {
    for age in (176..=RENEWED).step_by(5) {
        for after in ["1", "3600"] {
            let world = World::warm();
            let (from, to) = (age * SECOND, age * SECOND + SHORT);
            let clock = world.sim.clone();
            world.issuer.set_answer(move |entry: &Entry| {
                let out = entry.is_exchange() && (from..to).contains(&clock.elapsed());
                out.then(|| (503, vec![("retry-after", after.into())], String::new()))
            });
            world.sim.advance(170 * SECOND);
            world.crew(8, |_| {
                world.repeat(SECOND, to + MINUTE, || assert_eq!(world.send_to(BEARER).unwrap().status(), 200));
            });
        }
    }
}

#[test]
fn a_server_that_is_down_is_not_asked_more_often_than_every_2_s() {
    let world = World::warm();
    world.issuer.add_outage(SECOND, 2 * HOUR, Refuse);
    world.crew(8, |_| world.repeat(SECOND, HOUR, || drop(world.get_within(10 * SECOND))));
    let times = world.exchange_times();
    let apart = (HOUR - 170 * SECOND).as_secs_f64() / (times.len() as f64);
    assert!(apart > 0.99, "one each {apart} s");
    assert!(times.windows(2).skip(1).all(|pair| pair[1] - pair[0] >= SECOND), "{times:?}");
}

#[test]
fn a_short_connect_timeout_is_not_the_callers_own_deadline() {
    let world = World::with(|config| config.set_connect_timeout(SECOND / 20).unwrap());
    world.issuer.add_outage(Duration::ZERO, 60 * SECOND, Swallow);
    let _ = world.get_within(10 * SECOND).unwrap_err();
    let tries = world.issuer.log().len();
    assert!(tries <= 11, "{tries} connections in 10 s");
}
