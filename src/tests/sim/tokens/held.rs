//! Answers that will not get better by themselves, and what they do not take away.

use super::*;
use crate::tests::sim::server::Answer;

const OTHER: &str = "account-2";

fn bad_answers() -> Vec<(&'static str, ErrorKind, Answer)> {
    let answer = |status, body: &str| (status, Vec::new(), body.to_owned());
    vec![
        (
            "another account's token",
            ErrorKind::PermissionDenied,
            answer(403, r#"{"id":"error.user.auth","message":"no"}"#),
        ),
        ("no such account", ErrorKind::HttpStatus, answer(404, "")),
        (
            "redirect",
            ErrorKind::HttpStatus,
            (302, vec![("location", "https://elsewhere.example".into())], String::new()),
        ),
        ("a page", ErrorKind::Protocol, answer(200, "<html><title>Sign in</title></html>")),
        ("too large", ErrorKind::TooLarge, answer(200, &"a".repeat(64 * 1024 + 1))),
        // Which expired in 2001.
        ("dead on arrival", ErrorKind::Protocol, answer(200, "e30.eyJleHAiOjEwMDAwMDAwMDB9.c2ln")),
    ]
}

/// A world in which one account's exchanges get this answer.
fn set_bad_answer(world: &World, answer: Answer) {
    world.issuer.set_answer(move |entry| (entry.is_exchange() && entry.account == ACCOUNT).then(|| answer.clone()));
}

#[test]
fn a_bad_answer_is_held_for_1_s_doubling_to_60_s() {
    for (name, kind, answer) in bad_answers() {
        let world = World::new();
        set_bad_answer(&world, answer);
        world.crew(8, |_| {
            world.repeat(SECOND / 4, 400 * SECOND, || {
                let begin = world.sim.elapsed();
                let error = world.get().unwrap_err();
                assert_eq!(error.kind(), kind, "{name}: {error}");
                assert_eq!(world.sim.elapsed(), begin, "{name}: it waited");
                let rest = error.retry_after().unwrap_or_else(|| panic!("{name}: no retry_after: {error}"));
                assert!(rest <= MINUTE && rest > Duration::ZERO, "{name}: {rest:?}");
            });
        });
        let times: Vec<_> = world.exchange_times().iter().map(Duration::as_secs).collect();
        assert_eq!(times, [0, 1, 3, 7, 15, 31, 63, 123, 183, 243, 303, 363], "{name}");
        world.assert_one_flight_at_a_time();
    }
}

#[test]
fn callers_who_waited_get_the_bad_answer_too() {
    for (name, kind, answer) in bad_answers() {
        let world = World::new();
        world.issuer.set_latency(SECOND, SECOND);
        set_bad_answer(&world, answer);
        world.crew(8, |_| {
            let error = world.get().unwrap_err();
            assert_eq!(error.kind(), kind, "{name}: {error}");
            assert_eq!(error.retry_after(), Some(SECOND), "{name}");
        });
        assert_eq!((world.exchanges(), world.sim.elapsed()), (1, SECOND), "{name}");
    }
}

#[test]
fn a_bad_answer_holds_one_account_alone() {
    for (name, _, answer) in bad_answers() {
        let world = World::new();
        set_bad_answer(&world, answer);
        world.repeat(SECOND, 220 * SECOND, || {
            world.get().unwrap_err();
            world.client.token_for(Some(OTHER), None).unwrap_or_else(|error| panic!("{name}: {error}"));
        });
        assert_eq!(world.issuer.account(OTHER).exchanges, 2, "{name}");
    }
}

#[test]
fn a_living_token_is_handed_out_in_spite_of_bad_answers() {
    for (name, kind, answer) in bad_answers() {
        let world = World::warm();
        set_bad_answer(&world, answer);
        world.repeat(SECOND, 297 * SECOND, || drop(world.get_alive()));
        // In its last half minute every two seconds.
        assert!((4..=24).contains(&world.exchanges()), "{name}: {}", world.exchanges());
        world.sim.sleep_until(297 * SECOND);
        assert_eq!(world.get().unwrap_err().kind(), kind, "{name}");
    }
}

#[test]
fn token_after_a_hold_resets_the_next_hold() {
    let world = World::new();
    set_bad_answer(&world, (404, Vec::new(), String::new()));
    world.repeat(SECOND, 10 * SECOND, || drop(world.get().unwrap_err()));
    world.issuer.set_answer(|_| None);
    world.sim.sleep_until(15 * SECOND);
    world.get_alive();
    world.sim.advance(LIFE);
    set_bad_answer(&world, (404, Vec::new(), String::new()));
    for _ in 0..2 {
        world.get().unwrap_err();
        world.sim.advance(SECOND);
    }
    assert_eq!(world.exchange_times().len(), 4 + 1 + 2);
}

#[test]
fn a_shut_guard_takes_no_living_token_away() {
    let world = World::warm();
    world.issuer.change_password(10 * SECOND, world.issuer.user_name(), "another");
    let errors = Mutex::new(Vec::new());
    world.crew(8, |_| {
        world.repeat(SECOND, 20 * MINUTE, || match world.get_within(10 * SECOND) {
            Ok(token) => assert!(world.is_alive(&token)),
            Err(error) => locked(&errors).push((world.sim.elapsed(), error)),
        });
    });
    let errors = errors.into_inner().unwrap();
    assert_eq!(errors[0].0, 297 * SECOND, "the hard stop");
    assert!(errors.iter().all(|(_, error)| error.kind() == ErrorKind::Held), "{:?}", errors[0]);
    assert_eq!(errors.len(), 8 * (1200 - 297));
    assert_eq!(world.issuer.user_counts(world.issuer.user_name()).rejected, 2);
}

#[test]
fn a_hold_of_the_guard_takes_no_living_token_away() {
    let world = World::warm();
    // Shut by requests with Basic, of which the provider hears nothing.
    world.issuer.change_password(10 * SECOND, world.issuer.user_name(), "another");
    world.sim.advance(100 * SECOND);
    for _ in 0..2 {
        world.client.get("/x").auth(AuthScheme::Basic).send().unwrap();
        world.sim.advance(61 * SECOND);
    }
    world.repeat(SECOND, 297 * SECOND, || drop(world.get_alive()));
    world.sim.sleep_until(297 * SECOND);
    let error = world.get().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Held, "{error}");
    assert!(world.described("held").as_u64() > Some(0));
}
