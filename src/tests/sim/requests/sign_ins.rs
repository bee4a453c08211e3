//! Tries beside the guard and one-time codes: none locks a user, and none wastes a code.

use std::collections::BTreeSet;

use super::super::MINUTE;
use super::*;
use crate::credentials::Credentials;
use crate::tests::sim::server::{OTP_SECRET, OutageKind, TOKEN};

/// A user with two-factor authentication.
fn world_with_codes(seed: u64) -> World {
    let world = World::new(seed);
    world.issuer.require_codes(world.issuer.user_name(), OTP_SECRET);
    world
}

/// The code of this moment.
fn code_of(world: &World) -> String {
    let now = super::super::START + world.now().as_secs();
    crate::otp::otp_code(OTP_SECRET, now as i64).unwrap().expose().to_owned()
}

fn typed(world: &World) -> Call {
    let mut call = Call::new();
    call.set_otp(&code_of(world)).unwrap();
    call
}

/// A client by each kind of sign-in with Basic.
fn basic_clients(world: &World) -> [Client; 3] {
    world.issuer.require_codes(world.issuer.user_name(), OTP_SECRET);
    let with_token = Credentials::api_token(world.issuer.user_name(), TOKEN);
    [
        world.client(|config| config.set_credentials(with_token).unwrap()),
        world.client(|config| config.set_otp_secret(OTP_SECRET).unwrap()),
        world.client(|_| {}),
    ]
}

#[test]
fn a_refusal_of_basic_credentials_is_the_last_answer() {
    for bad in [answer(401, ""), answer(403, ""), answer(403, "<UserMessage id='error.user.login'/>")] {
        for index in 0..3 {
            let world = World::new(1);
            let client = &basic_clients(&world)[index];
            answer_all(&world, {
                let bad = bad.clone();
                move |_| bad.clone()
            });
            let call = if index == 2 { typed(&world) } else { Call::new() };
            let response = client.get(OBJECT).call(&call).send().unwrap();
            assert_eq!((told_by(&response), arrived(&world).len()), ((bad.0, 1), 1), "{bad:?}, {index}");
            assert_eq!(world.user().repeated_codes, 0);
        }
    }
}

#[test]
fn typed_code_is_sent_once_and_no_attempt_goes_without_one() {
    for (lost, expected) in [(false, 503), (true, 0)] {
        let world = world_with_codes(1);
        if lost {
            lose_first(&world, 1);
        } else {
            answer_in_turn(&world, [status(503)]);
        }
        let call = typed(&world);
        let result = world.client(|_| {}).get(OBJECT).call(&call).send();
        match result {
            Ok(response) => assert_eq!(told_by(&response), (expected, 1)),
            Err(error) => assert_eq!((error.kind(), error.attempts(), lost), (ErrorKind::Connect, 1, true), "{error}"),
        }
        let log = arrived(&world);
        assert!(log.len() == 1 && log[0].code.is_some(), "{log:?}");
        assert_eq!((world.user().missing_codes, world.user().rejected), (0, 0));
    }
}

#[test]
fn a_typed_code_that_did_not_leave_goes_with_the_next_try() {
    let world = world_with_codes(1);
    world.issuer.add_outage(Duration::ZERO, SECOND / 1000, OutageKind::Refuse);
    let call = typed(&world);
    let response = world.client(|_| {}).get(OBJECT).call(&call).send().unwrap();
    assert!(response.status() == 200 && response.attempts() > 1, "{response:?}");
    assert_eq!((arrived(&world).len(), world.user().accepted, world.user().rejected), (1, 1, 0));
}

#[test]
fn a_typed_code_is_not_needed_by_an_api_token_and_stops_no_try() {
    let world = world_with_codes(1);
    answer_in_turn(&world, [status(503)]);
    let token = Credentials::api_token(world.issuer.user_name(), TOKEN);
    let client = world.client(|config| config.set_credentials(token).unwrap());
    let response = client.get(OBJECT).call(&typed(&world)).send().unwrap();
    assert_eq!((told_by(&response), world.user().needless_codes), ((200, 2), 0));
}

#[test]
fn jwt_of_a_used_typed_code_is_not_replaced_without_a_code() {
    let world = world_with_codes(1);
    answer_in_turn(&world, [status(401)]);
    let response = world.client(|_| {}).get(BEARER).auth(AuthScheme::Jwt).call(&typed(&world)).send().unwrap();
    assert_eq!((told_by(&response), exchanges(&world)), ((401, 1), 1));
    let user = world.user();
    assert_eq!((user.accepted, user.rejected, user.missing_codes), (1, 0, 0), "{user:?}");
}

#[test]
fn each_try_has_a_code_of_its_own() {
    for lost in [0, 1, 2] {
        let world = world_with_codes(1);
        let client = world.client(|config| config.set_otp_secret(OTP_SECRET).unwrap());
        // Once accepted, so that silence does not hold the next for long.
        client.get(OBJECT).send().unwrap();
        let (left, answers) = (Mutex::new(lost), Mutex::new(2));
        let one_of = |count: &Mutex<u32>, entry: &Entry| {
            let mut count = count.lock().unwrap();
            let takes = entry.is_sign_in() && *count > 0;
            *count -= u32::from(takes);
            takes
        };
        world.issuer.set_loses(move |entry| one_of(&left, entry));
        world.issuer.set_answer(move |entry| one_of(&answers, entry).then(|| status(503)));
        let response = client.get(OBJECT).call(&within(5 * MINUTE)).send().unwrap();
        assert_eq!(told_by(&response), (200, 3));
        let log = world.issuer.log();
        let codes: BTreeSet<_> =
            log.iter().filter(|entry| entry.is_sign_in()).map(|entry| entry.code.clone()).collect();
        let user = world.user();
        assert_eq!((codes.len(), user.repeated_codes, user.wrong_codes, user.rejected), (4, 0, 0, 0), "{user:?}");
        assert!(world.now() >= 3 * MINUTE / 2 && world.now() < 2 * MINUTE + SECOND, "{:?}", world.now());
    }
}

#[test]
fn without_the_time_for_another_code_the_answer_stays() {
    let world = world_with_codes(1);
    world.sim.sleep(5 * SECOND);
    answer_in_turn(&world, [status(503)]);
    let client = world.client(|config| config.set_otp_secret(OTP_SECRET).unwrap());
    let begin = world.now();
    let response = client.get(OBJECT).call(&within(20 * SECOND)).send().unwrap();
    assert_eq!(told_by(&response), (503, 1));
    assert!(world.now() - begin < SECOND, "{:?}", world.now() - begin);
}

#[test]
fn password_change_during_retries_locks_no_user() {
    for seed in 0..16 {
        let world = World::new(seed);
        world.issuer.set_latency(SECOND / 20, SECOND / 2);
        let losses = Mutex::new(Random::new(seed));
        world.issuer.set_loses(move |_| losses.lock().unwrap().below(20) == 0);
        let busy = Mutex::new(Random::new(seed + 100));
        world.issuer.set_answer(move |_| (busy.lock().unwrap().below(10) == 0).then(|| status(503)));
        let client = world.client(|_| {});
        world.issuer.change_password(30 * SECOND, world.issuer.user_name(), "new-password");
        let (retried, served) = (Mutex::new(0), Mutex::new(0));
        world.sim.run(|crew| {
            for thread in 0..64 {
                let (world, client, retried, served) = (&world, &client, &retried, &served);
                crew.spawn(move || {
                    let mut random = Random::new(seed * 100 + thread);
                    while world.now() < 3 * MINUTE {
                        let result = client.get(OBJECT).send();
                        let attempts = result.as_ref().map_or_else(|error| error.attempts(), Response::attempts);
                        *retried.lock().unwrap() += u32::from(attempts > 1);
                        *served.lock().unwrap() += u32::from(result.is_ok_and(|response| response.status() == 200));
                        world.sim.sleep(random.between(Duration::ZERO, 2 * SECOND));
                    }
                });
            }
        });
        let (retried, served) = (retried.into_inner().unwrap(), served.into_inner().unwrap());
        assert!(retried > 3 && served > 20, "seed {seed}: {retried} retried, {served} served");
        world.assert_rejected_at_most(5, &format!("seed {seed}"));
    }
}

#[test]
fn a_wrong_password_is_sent_no_oftener_for_being_unanswered() {
    for seed in 0..8 {
        let world = World::new(seed);
        world.issuer.set_latency(SECOND / 20, SECOND);
        let losses = Mutex::new(Random::new(seed));
        world.issuer.set_loses(move |_| losses.lock().unwrap().below(2) == 0);
        let client = world.client_with("wrong");
        world.sim.run(|crew| {
            for _ in 0..16 {
                crew.spawn(|| {
                    while world.now() < HOUR {
                        let _ = client.get(OBJECT).send();
                        world.sim.sleep(10 * SECOND);
                    }
                });
            }
        });
        world.assert_rejected_at_most(5, &format!("seed {seed}"));
    }
}
