//! Exchanges in proportion to what a token lives, whatever it lives and however often it is asked for.

use super::*;

/// Calls until `span` is over, each of which must get a living token; returns the exchanges.
fn exchanges_in(world: &World, apart: Duration, span: Duration) -> usize {
    world.repeat(apart, span, || drop(world.get_alive()));
    world.assert_one_flight_at_a_time();
    world.exchanges()
}

#[test]
fn a_call_a_second_for_an_hour_takes_17_to_20_exchanges() {
    for _ in 0..10 {
        let world = World::new();
        let exchanges = exchanges_in(&world, SECOND, HOUR);
        assert!((17..=20).contains(&exchanges), "{exchanges}");
        for pair in world.exchange_times().windows(2) {
            let apart = (pair[1] - pair[0]).as_secs();
            assert!((180..=211).contains(&apart), "{apart} s apart");
        }
    }
}

#[test]
fn renewals_of_many_clients_are_spread() {
    let ages = (0..64).map(|_| {
        let world = World::new();
        exchanges_in(&world, SECOND, 212 * SECOND);
        world.exchange_times()[1].as_secs()
    });
    let ages: std::collections::BTreeSet<_> = ages.collect();
    assert!(ages.len() >= 15, "renewed at {ages:?}");
}

#[test]
fn exchanges_are_in_proportion_to_the_life_of_a_token() {
    // Life, between calls, and how long: all in seconds.
    for (life, apart, span) in [
        (10, 1, 600),
        (20, 1, 1200),
        (60, 1, 3600),
        (60, 7, 3600),
        (3600, 1, 18_000),
        (3600, 60, 180_000),
        (86_400, 60, 864_000),
    ] {
        for latency in [Duration::ZERO, SECOND] {
            let world = World::with_lifetime(life * SECOND, latency);
            let exchanges = exchanges_in(&world, apart * SECOND, span * SECOND) as f64;
            // A token is renewed when 60 to 70 % of its life are over, at the next call; Date is cut to whole seconds.
            let (life, apart, span) = (life as f64, apart as f64, span as f64);
            let least = (span / (0.7 * life + apart + latency.as_secs_f64())).floor();
            let most = (span / (0.6 * life - 1.0 - latency.as_secs_f64())).ceil() + 1.0;
            assert!((least..=most).contains(&exchanges), "{life} s: {exchanges}, not {least} to {most}");
        }
    }
}

#[test]
fn a_call_every_ten_minutes_takes_at_most_one_exchange() {
    for latency in [Duration::ZERO, SECOND] {
        for (life, expected) in [(10, 60..=60), (60, 60..=60), (300, 60..=60), (3600, 12..=16), (86_400, 1..=1)] {
            let world = World::with_lifetime(life * SECOND, latency);
            let exchanges = exchanges_in(&world, 10 * MINUTE, 10 * HOUR);
            assert!(expected.contains(&exchanges), "{life} s: {exchanges}");
        }
    }
}

#[test]
fn sixty_four_callers_at_once_each_minute_share_the_exchanges() {
    for latency in [Duration::ZERO, SECOND] {
        let world = World::new();
        world.issuer.set_latency(latency, latency);
        world.crew(64, |_| world.repeat(MINUTE, HOUR, || drop(world.get_alive())));
        let exchanges = world.exchanges();
        assert!((15..=20).contains(&exchanges), "{exchanges}");
        world.assert_one_flight_at_a_time();
    }
}

#[test]
fn advisory_window_has_one_refresh_and_no_waiting() {
    let world = World::warm();
    world.issuer.set_latency(4 * SECOND, 4 * SECOND);
    world.sim.advance(220 * SECOND);
    let begin = world.sim.elapsed();
    let waited = Mutex::new(0);
    world.crew(64, |_| {
        world.get_alive();
        // The API that judges it takes as long again.
        *locked(&waited) += usize::from(world.sim.elapsed() - begin > 4 * SECOND);
    });
    assert_eq!((*locked(&waited), world.exchanges()), (1, 2));
}

#[test]
fn mandatory_window_waits_5_s_or_a_third_of_the_deadline() {
    for (timeout, longest) in [(60, 5.0), (9, 3.0), (3, 1.0)] {
        let world = World::warm();
        world.issuer.set_latency(20 * SECOND, 20 * SECOND);
        world.sim.advance(275 * SECOND);
        let begin = world.sim.elapsed();
        world.sim.run(|crew| {
            crew.spawn(|| drop(world.get_within(MINUTE)));
            for _ in 0..8 {
                crew.spawn(|| {
                    world.sim.sleep(SECOND / 10);
                    world.get_within(timeout * SECOND).unwrap();
                    let waited = (world.sim.elapsed() - begin - SECOND / 10).as_secs_f64();
                    assert!((waited - longest).abs() < 0.01, "{waited} s");
                });
            }
        });
        world.assert_one_flight_at_a_time();
    }
    // And get the new one, when it comes in time.
    let world = World::warm();
    world.issuer.set_latency(3 * SECOND, 3 * SECOND);
    world.sim.advance(275 * SECOND);
    world.crew(8, |_| assert!(world.get().unwrap().issued_at() >= NOW as i64 + 275));
    assert_eq!(world.exchanges(), 2);
}
