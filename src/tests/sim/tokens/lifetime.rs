//! No dead token is ever handed out, whatever clocks do and servers say. What is dead is the issuer's to judge.

use super::*;
use crate::tests::sim::server::Script;

/// Wall clocks that are set an hour wrong, at any age of a token.
#[test]
fn no_dead_token_is_handed_out_when_the_wall_clock_is_set() {
    for age in (0..300).step_by(50) {
        for by in [-3600i64, -100, -1, 1, 100, 3600] {
            let world = World::warm();
            world.sim.advance(age * SECOND);
            let wall = world.sim.wall().as_secs().checked_add_signed(by).unwrap();
            world.sim.set_wall(SECOND * wall as u32);
            let until = world.sim.elapsed() + 7 * MINUTE;
            world.repeat(SECOND, until, || drop(world.get_alive()));
            let exchanges = world.exchanges();
            assert!(exchanges <= 5, "{exchanges} exchanges after the clock was set by {by} s at {age} s");
        }
    }
}

#[test]
fn no_dead_token_is_handed_out_after_a_suspend() {
    for age in (0..300).step_by(60) {
        for asleep in [10, 200, 400, 3600] {
            for back in [0, 1, 100, 300, 3600] {
                let world = World::warm();
                world.sim.advance(age * SECOND);
                world.sim.set_wall(world.sim.wall() - back * SECOND);
                world.sim.suspend(asleep * SECOND);
                let until = world.sim.elapsed() + 5 * MINUTE;
                world.repeat(SECOND, until, || drop(world.get_alive()));
            }
        }
    }
}

/// What the wall clock shows is then later than when the token was asked for, and earlier than its end.
#[test]
fn a_clock_set_back_does_not_hide_a_suspend() {
    let world = World::warm();
    world.sim.set_wall(world.sim.wall() - 350 * SECOND);
    world.sim.suspend(400 * SECOND);
    world.get_alive();
    assert_eq!(world.exchanges(), 2);
}

/// Where the steady clock stands still in suspend, it is all there is to tell.
#[test]
fn a_wall_clock_that_is_set_ends_a_token_at_once() {
    for (by, exchanges) in [(-3600i64, 2), (-3, 2), (-2, 1), (1, 1), (300, 2), (3600, 2)] {
        let world = World::warm();
        let wall = NOW.checked_add_signed(by).unwrap();
        world.sim.set_wall(SECOND * wall as u32);
        world.get_alive();
        assert_eq!(world.exchanges(), exchanges, "{by} s");
    }
}

#[test]
fn clock_set_during_a_token_request_leaves_no_expired_token() {
    for by in [-3600i64, 3600] {
        let world = World::new();
        world.issuer.set_latency(2 * SECOND, 2 * SECOND);
        world.sim.run(|crew| {
            crew.spawn(|| world.repeat(SECOND, 20 * MINUTE, || drop(world.get_alive())));
            crew.spawn(|| {
                world.sim.sleep(SECOND + SECOND / 2);
                let wall = world.sim.wall().as_secs().checked_add_signed(by).unwrap();
                world.sim.set_wall(SECOND * wall as u32);
            });
        });
    }
}

type Shape = fn(&mut Script);

#[test]
fn shapes_of_tokens_do_not_matter() {
    let shapes: [(&str, Shape); 10] = [
        ("plain", |_| {}),
        ("no iat", |script| script.jwt.iat = false),
        ("no exp", |script| script.jwt.exp = false),
        ("milliseconds", |script| script.jwt.milliseconds = true),
        ("milliseconds without iat", |script| (script.jwt.milliseconds, script.jwt.iat) = (true, false)),
        ("no Date", |script| script.date = false),
        ("no Date, no iat", |script| (script.date, script.jwt.iat) = (false, false)),
        ("made a while ago", |script| script.jwt.age = 100 * SECOND),
        ("made a while ago, no iat", |script| (script.jwt.age, script.jwt.iat) = (100 * SECOND, false)),
        ("made long ago", |script| script.jwt.age = 280 * SECOND),
    ];
    for (name, shape) in shapes {
        for hours in [-6, 0, 6] {
            let world = World::new();
            world.issuer.script(|script| {
                script.clock_offset_seconds = hours * 3600;
                shape(script);
            });
            world.repeat(SECOND, HOUR, || drop(world.get_alive()));
            let exchanges = world.exchanges();
            let expected = match name {
                "made a while ago" | "made a while ago, no iat" => 25..=50,
                "made long ago" => 180..=450,
                _ => 17..=20,
            };
            assert!(expected.contains(&exchanges), "{name}, {hours} h off: {exchanges}");
        }
    }
}

#[test]
fn token_repeated_for_240_s_is_requested_rarely_and_unexpired() {
    for _ in 0..10 {
        let world = World::new();
        world.issuer.script(|script| script.jwt.same_for = 240 * SECOND);
        world.repeat(SECOND, HOUR, || drop(world.get_alive()));
        let exchanges = world.exchanges();
        assert!((17..=60).contains(&exchanges), "{exchanges}");
    }
}

#[test]
fn a_token_that_is_dead_on_arrival_is_an_error_and_held() {
    for age in [300, 301, 4000] {
        for iat in [true, false] {
            let world = World::new();
            world.issuer.script(|script| (script.jwt.age, script.jwt.iat) = (age * SECOND, iat));
            for _ in 0..10 {
                let error = world.get().unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Protocol, "{error}");
            }
            assert_eq!(world.exchanges(), 1);
            world.sim.advance(SECOND);
            world.get().unwrap_err();
            assert_eq!(world.exchanges(), 2);
        }
    }
}

#[test]
fn short_token_is_shared_by_its_waiters_and_not_cached() {
    for left in [1, 4] {
        let world = World::new();
        world.issuer.script(|script| script.jwt.age = LIFE - left * SECOND);
        world.issuer.set_latency(SECOND / 10, SECOND / 10);
        world.crew(8, |_| drop(world.get_alive()));
        assert_eq!(world.exchanges(), 1);
        world.get_alive();
        assert_eq!(world.exchanges(), 2);
    }
}

#[test]
fn min_validity_is_had_up_to_six_tenths_of_a_token() {
    let world = World::new();
    let ask = |seconds: u32| {
        let token = world.provider.get_with(seconds * SECOND, None).unwrap();
        token.expires_at() - world.sim.wall().as_secs() as i64
    };
    assert_eq!((ask(100_000), ask(100_000), world.exchanges()), (300, 300, 1));
    world.sim.advance(120 * SECOND);
    assert_eq!((ask(100_000), ask(180), world.exchanges()), (180, 180, 1));
    world.sim.advance(SECOND);
    assert_eq!((ask(179), world.exchanges()), (179, 1));
    assert_eq!((ask(180), world.exchanges()), (300, 2));
}

#[test]
fn a_token_of_this_very_exchange_satisfies_any_validity() {
    let world = World::new();
    world.issuer.script(|script| script.jwt.same_for = 240 * SECOND);
    world.issuer.set_latency(SECOND / 10, SECOND / 10);
    world.repeat(SECOND, HOUR, || {
        let token = world.provider.get_with(HOUR, None).unwrap();
        assert!(world.is_alive(&token));
    });
    let exchanges = world.exchanges();
    assert!(exchanges <= 80, "{exchanges} exchanges in an hour of calls that want an hour");

    // Those who joined are as well served as who led.
    let world = World::new();
    world.issuer.script(|script| script.jwt.age = 200 * SECOND);
    world.issuer.set_latency(SECOND, SECOND);
    world.crew(8, |_| drop(world.provider.get_with(HOUR, None).unwrap()));
    assert_eq!((world.exchanges(), world.sim.elapsed()), (1, SECOND));
}

#[test]
fn less_validity_than_asked_for_is_better_than_nothing() {
    let world = World::warm();
    world.issuer.set_answer(|entry| entry.is_exchange().then(|| (503, Vec::new(), String::new())));
    world.sim.advance(200 * SECOND);
    world.repeat(SECOND, 296 * SECOND, || drop(world.provider.get_with(HOUR, None).unwrap()));
}

/// From an old token to the hard stop: 3 s of 300.
#[test]
fn a_token_is_not_handed_out_in_its_last_seconds() {
    for (life, stop) in [(10, 2), (20, 2), (60, 2), (300, 3), (3600, 10)] {
        let world = World::with_lifetime(life * SECOND, Duration::ZERO);
        world.get().unwrap();
        world.issuer.set_answer(|entry| entry.is_exchange().then(|| (404, Vec::new(), String::new())));
        world.sim.advance((life - stop) * SECOND - SECOND / 10);
        world.get().unwrap();
        world.sim.advance(SECOND / 10);
        world.get().unwrap_err();
    }
}
