//! What creates is sent again only if it certainly had no effect, and says so where that is in doubt.

use super::*;
use crate::tests::sim::server::{Kind, OutageKind};

fn create(client: &Client) -> Result<Response> {
    client.post(OBJECT).body("{}").send()
}

/// What the server was made to do.
fn created(world: &World) -> usize {
    arrived(world).iter().filter(|entry| entry.method == "POST").count()
}

#[test]
fn an_answer_that_may_hide_an_effect_is_the_last() {
    let html = "<html><body><h1>503 Service Unavailable</h1></body></html>";
    for first in [status(502), status(503), answer(503, html), told(503, 1), status(504), status(429), status(500)] {
        let world = World::new(1);
        answer_in_turn(&world, [first.clone()]);
        let response = create(&world.client(|_| {})).unwrap();
        assert_eq!((told_by(&response), created(&world)), ((first.0, 1), 1), "{first:?}");
        assert_eq!(world.now(), Duration::ZERO);
    }
}

#[test]
fn the_rate_limits_own_answer_is_worth_another_try() {
    let xml = "<error><message>You have exceeded the allotted Rate Limit.</message></error>";
    for body in [RATE_LIMIT, xml] {
        let world = World::new(1);
        answer_in_turn(&world, [answer(503, body), answer(503, body)]);
        let response = create(&world.client(|_| {})).unwrap();
        assert_eq!((told_by(&response), created(&world)), ((200, 3), 3), "{body}");
    }
}

#[test]
fn a_lost_answer_is_an_error_that_tells_of_the_doubt() {
    let world = World::new(1);
    lose_first(&world, 1);
    let error = create(&world.client(|_| {})).unwrap_err();
    assert_eq!((error.kind(), error.was_sent(), error.attempts()), (ErrorKind::Connect, true, 1), "{error}");
    assert!(error.message().contains("may have taken effect"), "{error}");
    assert_eq!(created(&world), 1);

    let world = World::new(1);
    world.issuer.add_outage(Duration::ZERO, HOUR, OutageKind::Hang);
    let error = create(&world.client(|_| {})).unwrap_err();
    assert_eq!((error.kind(), error.was_sent(), error.attempts()), (ErrorKind::Timeout, true, 1), "{error}");
    assert!(error.message().contains("may have taken effect"), "{error}");
    assert_eq!((created(&world), world.now()), (1, 60 * SECOND));
}

#[test]
fn the_doubt_does_not_hide_behind_an_earlier_answer() {
    let world = World::new(1);
    let requests = Mutex::new(0);
    answer_all(&world, |_| answer(503, RATE_LIMIT));
    world.issuer.set_loses(move |_| {
        let mut requests = requests.lock().unwrap();
        *requests += 1;
        *requests == 2
    });
    let error = create(&world.client(|_| {})).unwrap_err();
    assert_eq!((error.kind(), error.was_sent(), error.attempts()), (ErrorKind::Connect, true, 2), "{error}");
    assert!(error.message().contains("tried 2 times") && error.message().contains("may have taken effect"), "{error}");
}

#[test]
fn a_canceled_call_tells_of_the_doubt() {
    let world = World::new(1);
    world.sim.set_slice(SLICE);
    world.issuer.set_latency(10 * SECOND, 10 * SECOND);
    let client = world.client(|_| {});
    world.sim.run(|crew| {
        crew.spawn(|| {
            let error = create(&client).unwrap_err();
            assert_eq!((error.kind(), error.was_sent()), (ErrorKind::Canceled, true), "{error}");
            assert!(error.message().contains("may have taken effect"), "{error}");
        });
        crew.spawn(|| {
            world.sim.sleep(SECOND);
            client.cancel();
        });
    });
}

#[test]
fn response_is_kept_if_no_later_attempt_is_sent() {
    let world = World::new(1);
    let issuer = Arc::downgrade(&world.issuer);
    world.issuer.set_answer(move |_| {
        issuer.upgrade()?.add_outage(Duration::ZERO, HOUR, OutageKind::Refuse);
        Some(answer(503, RATE_LIMIT))
    });
    let response = create(&world.client(|_| {})).unwrap();
    assert_eq!((told_by(&response), created(&world)), ((503, 5), 1));
}

#[test]
fn what_never_left_is_sent_again() {
    for kind in [OutageKind::Refuse, OutageKind::Swallow] {
        let world = World::new(1);
        world.issuer.add_outage(Duration::ZERO, SECOND / 1000, kind);
        let response = create(&world.client(|_| {})).unwrap();
        assert!(response.status() == 200 && response.attempts() > 1, "{kind:?}: {response:?}");
        assert_eq!(created(&world), 1);
    }
    let world = World::new(1);
    world.issuer.add_outage(Duration::ZERO, HOUR, OutageKind::Refuse);
    let error = create(&world.client(|_| {})).unwrap_err();
    assert_eq!((error.was_sent(), error.attempts()), (false, 5), "{error}");
    assert!(!error.message().contains("effect"), "{error}");
}

#[test]
fn a_caller_who_says_that_it_does_no_harm_is_believed() {
    for method in ["POST", "PUT", "PATCH"] {
        let world = World::new(1);
        answer_in_turn(&world, [status(502), status(503), status(504), status(200)]);
        lose_first(&world, 1);
        let client = world.client(|_| {});
        let response =
            client.request(method, OBJECT).body("{}").auth(AuthScheme::None).replayable(true).send().unwrap();
        assert_eq!(told_by(&response), (200, 4), "{method}");
    }
    let world = World::new(1);
    answer_in_turn(&world, [status(502)]);
    let response = world.client(|_| {}).get(OBJECT).replayable(false).send().unwrap();
    assert_eq!(told_by(&response), (502, 1));
}

#[test]
fn refused_jwt_of_a_post_is_replaced_once_for_any_max_retries() {
    for retries in [0, 1, 4] {
        let world = World::new(1);
        let client = world.client(|config| config.set_max_retries(retries).unwrap());
        client.token().unwrap();
        world.issuer.revoke_all();
        let response = client.post(BEARER).body("{}").auth(AuthScheme::Jwt).send().unwrap();
        assert_eq!((told_by(&response), exchanges(&world)), ((200, 2), 2), "{retries} retries");
        assert!(arrived(&world).iter().all(|entry| entry.kind == Kind::Bearer && entry.body == "{}"));
    }
}

#[test]
fn jwt_is_replaced_once_in_a_call_and_uses_no_retry() {
    let refused = || answer(401, "<error><message>Unauthorized</message></error>");
    for (retries, answers, expected) in [
        (4, vec![refused(), refused()], (401, 2)),
        (1, vec![refused(), status(503)], (200, 3)),
        (0, vec![refused(), status(503)], (503, 2)),
        (1, vec![status(503), refused()], (200, 3)),
        (1, vec![status(503), refused(), status(503)], (503, 3)),
        (4, vec![status(503), refused(), status(503), refused()], (401, 4)),
    ] {
        let world = World::new(1);
        let (client, events) = watched(&world, |config| config.set_max_retries(retries).unwrap());
        let told: Vec<_> = answers.iter().map(|answer| answer.0).collect();
        answer_in_turn(&world, answers);
        let response = client.get(BEARER).auth(AuthScheme::Jwt).send().unwrap();
        assert_eq!(told_by(&response), expected, "{retries} retries, {told:?}");
        assert_eq!(exchanges(&world), 2, "{retries} retries, {told:?}");
        let retried = events.lock().unwrap().iter().filter(|event| event["event"] == "request_retried").count() as u32;
        assert_eq!(retried, expected.1 - 2, "{retries} retries, {told:?}");
    }
}

fn create_with_jwt(client: &Client) -> Result<Response> {
    client.post(BEARER).body("{}").auth(AuthScheme::Jwt).send()
}

#[test]
fn jwt_is_replaced_once_in_a_long_call() {
    let world = World::new(1);
    let issuer = Arc::downgrade(&world.issuer);
    world.issuer.set_answer(move |entry| {
        if entry.is_exchange() {
            // Each refusal comes so late that the provider would ask for another.
            issuer.upgrade()?.set_latency(60 * SECOND, 60 * SECOND);
            return None;
        }
        issuer.upgrade()?.set_latency(Duration::ZERO, Duration::ZERO);
        Some(status(401))
    });
    let response = world.client(|_| {}).get(BEARER).auth(AuthScheme::Jwt).call(&within(HOUR)).send().unwrap();
    assert_eq!((told_by(&response), exchanges(&world), world.now()), ((401, 2), 2, 120 * SECOND));
}

#[test]
fn a_lost_answer_after_a_refused_jwt_is_in_doubt() {
    let world = World::new(1);
    answer_in_turn(&world, [status(401)]);
    let (client, requests) = (world.client(|_| {}), Mutex::new(0));
    client.token().unwrap();
    world.issuer.set_loses(move |entry| {
        let mut requests = requests.lock().unwrap();
        *requests += u32::from(!entry.is_exchange());
        *requests == 2
    });
    let error = create_with_jwt(&client).unwrap_err();
    assert_eq!((error.was_sent(), error.attempts()), (true, 2), "{error}");
    assert!(error.message().contains("may have taken effect"), "{error}");
}

#[test]
fn a_refused_jwt_alone_leaves_no_doubt() {
    let world = World::new(1);
    let client = world.client(|_| {});
    client.token().unwrap();
    let issuer = Arc::downgrade(&world.issuer);
    world.issuer.set_answer(move |entry| {
        let issuer = issuer.upgrade()?;
        if !entry.is_exchange() {
            return Some(status(401));
        }
        // When the newer one is there.
        issuer.add_outage(issuer.elapsed() + SECOND / 2, HOUR, OutageKind::Refuse);
        None
    });
    world.issuer.set_latency(SECOND, SECOND);
    let error = create_with_jwt(&client).unwrap_err();
    assert_eq!((error.kind(), error.was_sent()), (ErrorKind::Connect, false), "{error}");
    assert!(!error.message().contains("effect"), "{error}");
}
