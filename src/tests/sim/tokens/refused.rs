//! Tokens that an API refuses: one exchange and one more try, and no storm.

use super::*;

const NO: &str = "/bearer/no";
const GRAPHQL_REFUSAL: &str = r#"{"data":null,"errors":[{"message":"x Unauthorized"}]}"#;

/// An API that answers so to the JWT that it is asked with.
fn answer_bearers(world: &World, path: &'static str, status: u16, body: &'static str) {
    world.issuer.set_answer(move |entry| (entry.path == path).then(|| (status, Vec::new(), body.to_owned())));
}

#[test]
fn a_revoked_token_takes_one_exchange_and_one_more_try() {
    let world = World::warm();
    world.issuer.revoke_all();
    let response = world.send_to(BEARER).unwrap();
    assert_eq!((response.status(), response.attempts()), (200, 2));
    assert_eq!((world.exchanges(), world.issuer.counts().bearers), (2, 2));
    assert_eq!(world.send_to(BEARER).unwrap().attempts(), 1);
    assert_eq!((world.exchanges(), world.described("refused").as_u64()), (2, Some(1)));
}

#[test]
fn eight_callers_with_a_revoked_token_share_one_exchange() {
    let world = World::warm();
    world.issuer.set_latency(SECOND / 10, SECOND / 2);
    world.issuer.revoke_all();
    world.crew(8, |_| {
        let response = world.send_to(BEARER).unwrap();
        assert_eq!((response.status(), response.attempts()), (200, 2));
    });
    assert_eq!((world.exchanges(), world.issuer.counts().bearers), (2, 16));
}

#[test]
fn graphql_refuses_with_status_200() {
    let world = World::warm();
    answer_bearers(&world, "/graphql", 200, GRAPHQL_REFUSAL);
    let ask = |body: &str| world.client.post("/graphql").body(body).send().unwrap();
    let response = ask(r#"{"query":"{ a }"}"#);
    assert_eq!(response.error().unwrap().kind(), ErrorKind::CredentialsRejected);
    assert_eq!((response.attempts(), world.exchanges()), (2, 2));
}

#[test]
fn a_mutation_that_may_have_begun_is_not_sent_again() {
    for (body, attempts) in [
        (r#"{"data":null,"errors":[{"message":"x Unauthorized"}]}"#, 1),
        (r#"{"errors":[{"message":"x Unauthorized"}]}"#, 2),
    ] {
        let world = World::warm();
        answer_bearers(&world, "/graphql", 200, body);
        let response = world.client.post("/graphql").body(r#"{"query":"mutation { a b }"}"#).send().unwrap();
        assert_eq!(response.error().unwrap().kind(), ErrorKind::CredentialsRejected);
        assert_eq!(response.attempts(), attempts, "{body}");
        // Either way, the next request has another token.
        assert_eq!(world.described("refused").as_u64(), Some(1), "{body}");
    }
}

#[test]
fn what_is_no_refusal_is_not_sent_again() {
    for (path, status, body) in [
        ("/graphql", 200, r#"{"data":{"a":1},"errors":[{"message":"x Unauthorized"}]}"#),
        ("/graphql", 200, r#"{"data":null,"errors":[{"message":"syntax"}]}"#),
        (BEARER, 403, r#"{"id":"error.user.login","message":"no"}"#),
        (BEARER, 403, r#"{"id":"error.user.auth","message":"no"}"#),
        (BEARER, 403, ""),
        (BEARER, 404, ""),
        (BEARER, 500, ""),
        (BEARER, 503, ""),
    ] {
        let world = World::warm();
        answer_bearers(&world, path, status, body);
        for _ in 0..5 {
            let response = world.client.post(path).auth(AuthScheme::Jwt).send().unwrap();
            assert_eq!((response.status(), response.attempts()), (status, 1), "{path} {body}");
            world.sim.advance(40 * SECOND);
        }
        assert_eq!((world.exchanges(), world.described("refused").as_u64()), (1, Some(0)), "{path} {status} {body}");
    }
}

/// An API that takes no JWT, asked by `threads` every `apart`, beside somebody whose calls work.
fn storm(threads: usize, apart: Duration, span: Duration, refused: impl Fn(&World) + Sync) -> World {
    let world = World::new();
    world.issuer.set_latency(SECOND / 5, SECOND / 5);
    world.issuer.refuse_path(NO);
    let (world_of, refused) = (&world, &refused);
    world.sim.run(|crew| {
        for _ in 0..threads {
            crew.spawn(move || world_of.repeat(apart, span, || refused(world_of)));
        }
        crew.spawn(move || {
            world_of.sim.sleep(SECOND / 2);
            world_of.repeat(SECOND, span, || {
                let begin = world_of.sim.elapsed();
                world_of.get().unwrap();
                assert_eq!(world_of.sim.elapsed(), begin, "it waited");
            });
        });
    });
    world.assert_one_flight_at_a_time();
    world
}

#[test]
fn api_that_refuses_all_costs_at_most_121_requests_an_hour() {
    let send = |world: &World| {
        let response = world.send_to(NO).unwrap();
        assert_eq!(response.status(), 401);
    };
    for (threads, apart) in [(1, SECOND), (8, SECOND)] {
        let exchanges = storm(threads, apart, HOUR, send).exchanges();
        assert!((50..=121).contains(&exchanges), "{threads} threads, each {apart:?}: {exchanges}");
    }
    // As many in proportion.
    for (threads, apart) in [(1, SECOND / 50), (8, SECOND / 7)] {
        let exchanges = storm(threads, apart, 10 * MINUTE, send).exchanges();
        assert!((9..=21).contains(&exchanges), "{threads} threads, each {apart:?}: {exchanges}");
    }
}

#[test]
fn an_api_that_refuses_some_tokens_costs_no_more() {
    let turn = Mutex::new(0u32);
    let send = move |world: &World| {
        let good = {
            let mut turn = locked(&turn);
            *turn += 1;
            turn.is_multiple_of(3)
        };
        world.send_to(if good { BEARER } else { NO }).unwrap();
    };
    let exchanges = storm(8, SECOND, HOUR, send).exchanges();
    assert!(exchanges <= 121, "{exchanges}");
}

#[test]
fn foreign_requests_that_are_refused_cost_no_more() {
    let world = World::new();
    world.issuer.set_latency(SECOND / 5, SECOND / 5);
    world.crew(4, |_| {
        world.repeat(SECOND, HOUR, || {
            let url = format!("https://api.boomi.com{NO}");
            let mut authorization = world.client.authorize(AuthScheme::Jwt, &url, None).unwrap();
            authorization.observe(401, b"");
        });
    });
    let exchanges = world.exchanges();
    assert!((50..=121).contains(&exchanges), "{exchanges}");
    world.assert_one_flight_at_a_time();
}

#[test]
fn a_refusal_whose_exchange_fails_takes_the_token_from_nobody() {
    let world = World::warm();
    world.issuer.refuse_path(NO);
    world.issuer.set_answer(|entry| entry.is_exchange().then(|| (503, Vec::new(), String::new())));
    let begin = world.sim.elapsed();
    let response = world.send_to(NO).unwrap();
    assert_eq!((response.status(), response.attempts()), (401, 1));
    world.get_alive();
    assert_eq!(world.sim.elapsed(), begin, "a 401 is the answer, and nobody rides out a server's trouble for it");
}

#[test]
fn invalidating_an_old_or_foreign_token_does_nothing() {
    let world = World::new();
    let old = world.get().unwrap();
    world.provider.refresh(None).unwrap();
    let current = world.get().unwrap();
    let elsewhere = World::warm().get().unwrap();
    let apart = world.client.generate_jwt(None, None).unwrap();
    let other_account = world.client.token_for(Some("account-2"), None).unwrap();
    for token in [&old, &elsewhere, &apart, &other_account] {
        world.provider.invalidate(token);
        assert!(same(&world.get().unwrap(), &current));
    }
    assert_eq!((world.exchanges(), world.described("refused").as_u64()), (3, Some(0)));
}

#[test]
fn invalidated_token_is_replaced_for_the_next_caller() {
    let world = World::new();
    let token = world.get().unwrap();
    world.provider.invalidate(&token);
    assert!(!same(&world.get().unwrap(), &token));
    assert_eq!((world.exchanges(), world.described("refused").as_u64()), (2, Some(1)));
}

#[test]
fn invalidated_token_is_not_returned_even_without_another() {
    let world = World::warm();
    world.provider.invalidate(&world.get().unwrap());
    world.issuer.set_answer(|entry| entry.is_exchange().then(|| (404, Vec::new(), String::new())));
    assert_eq!(world.get().unwrap_err().status(), Some(404));
    assert_eq!(world.get().unwrap_err().status(), Some(404));
}

#[test]
fn invalidating_every_token_costs_an_exchange_per_30_s_at_most() {
    for threads in [1, 8] {
        let world = World::new();
        world.crew(threads, |_| {
            world.repeat(SECOND, HOUR, || world.provider.invalidate(&world.get_alive()));
        });
        let times = world.exchange_times();
        assert!((50..=121).contains(&times.len()), "{}", times.len());
        // The first is nobody's fault.
        assert!(times[1..].windows(2).all(|pair| pair[1] - pair[0] >= 30 * SECOND), "{times:?}");
    }
}
