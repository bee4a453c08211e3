//! Who shares a token, and who does not: refreshes, accounts, clients, and hosts that take the platform's bearer.

use super::*;
use crate::tests::sim::server::OutageKind::Unavailable;

#[test]
fn a_refresh_always_brings_a_new_token() {
    let world = World::new();
    for count in 1..=5 {
        let before = world.get().unwrap();
        world.provider.refresh(None).unwrap();
        assert!(!same(&world.get().unwrap(), &before));
        assert_eq!(world.exchanges(), count + 1);
    }
    let cold = World::new();
    cold.provider.refresh(None).unwrap();
    cold.get_alive();
    assert_eq!(cold.exchanges(), 1);
}

#[test]
fn a_refresh_joins_an_exchange_that_is_under_way() {
    let world = World::warm();
    world.issuer.set_latency(SECOND, SECOND);
    world.crew(8, |number| {
        world.sim.sleep(SECOND / 20 * number as u32);
        world.provider.refresh(None).unwrap();
    });
    assert_eq!(world.exchanges(), 2);
    let cold = World::new();
    cold.issuer.set_latency(SECOND, SECOND);
    cold.crew(8, |number| match number % 2 {
        0 => cold.provider.refresh(None).unwrap(),
        _ => drop(cold.get().unwrap()),
    });
    assert_eq!(cold.exchanges(), 1);
}

#[test]
fn a_refresh_that_fails_says_so_at_once_and_leaves_the_token() {
    let world = World::warm();
    let kept = world.get().unwrap();
    world.issuer.add_outage(Duration::ZERO, MINUTE, Unavailable(None));
    let error = world.provider.refresh(None).unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::RateLimited, Some(503)));
    let again = world.provider.refresh(None).unwrap_err();
    assert_eq!((again.kind(), again.retry_after().is_some()), (ErrorKind::RateLimited, true));
    assert_eq!(world.sim.elapsed(), Duration::ZERO);
    assert!(same(&world.get().unwrap(), &kept));
    world.sim.advance(MINUTE);
    world.provider.refresh(None).unwrap();
}

#[test]
fn a_refresh_has_the_limits_of_its_call() {
    let world = World::warm();
    world.issuer.set_latency(30 * SECOND, 30 * SECOND);
    let error = world.provider.refresh(Some(&within(3 * SECOND))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(world.sim.elapsed() <= 3 * SECOND);
    let canceled = within(MINUTE);
    canceled.cancel();
    assert_eq!(world.provider.refresh(Some(&canceled)).unwrap_err().kind(), ErrorKind::Canceled);
    assert_eq!(world.exchanges(), 2);
}

#[test]
fn accounts_of_a_client_are_independent() {
    let world = World::new();
    let accounts = ["account-1", "account-2", "account-3"];
    let providers = accounts.map(|account| world.client.token_provider(account).unwrap());
    let tokens = providers.each_ref().map(|provider| provider.get().unwrap());
    for (account, token) in accounts.iter().zip(&tokens) {
        assert_eq!((token.account_id(), world.issuer.account(account).exchanges), (*account, 1));
    }
    providers[0].invalidate(&tokens[0]);
    providers[1].refresh(None).unwrap();
    let renewed: Vec<_> =
        providers.iter().zip(&tokens).map(|(provider, token)| !same(&provider.get().unwrap(), token)).collect();
    assert_eq!(renewed, [true, true, false]);
}

#[test]
fn exchanges_of_several_accounts_go_on_beside_each_other() {
    let world = World::warm();
    world.issuer.set_latency(2 * SECOND, 2 * SECOND);
    world.crew(3, |number| drop(world.client.token_for(Some(format!("account-{number}").as_str()), None).unwrap()));
    assert_eq!((world.sim.elapsed(), world.issuer.counts().most_sign_ins_in_flight), (2 * SECOND, 3));
}

#[test]
fn providers_and_requests_of_an_account_share_one_token() {
    let world = World::new();
    let (twin, clone) = (world.client.token_provider(ACCOUNT).unwrap(), world.client.clone());
    let token = world.get().unwrap();
    assert!(same(&twin.get().unwrap(), &token) && same(&clone.token().unwrap(), &token));
    assert_eq!(world.send_to(BEARER).unwrap().status(), 200);
    assert_eq!(world.exchanges(), 1);
    drop((world.client.token_provider("account-2").unwrap(), twin));
    assert_eq!(world.exchanges(), 1);
}

#[test]
fn two_clients_do_not_share_tokens() {
    let world = World::new();
    let other = client(&world.issuer, world.sim.clone(), |_| {});
    assert!(!same(&world.get().unwrap(), &other.token().unwrap()));
    assert_eq!(world.exchanges(), 2);
}

/// A client without credentials for another host, with the world's provider. The scripted server answers for both.
fn hub(world: &World) -> Client {
    client(&world.issuer, world.sim.clone(), |config| {
        config.set_base_url("https://hub.example.com").unwrap();
        config.credentials = None;
        config.token_provider = Some(Arc::new(world.provider.clone()));
    })
}

#[test]
fn a_client_for_another_host_sends_the_platforms_bearer() {
    let world = World::new();
    let hub = hub(&world);
    for _ in 0..3 {
        assert_eq!(hub.get(BEARER).send().unwrap().status(), 200);
    }
    assert_eq!((world.exchanges(), world.issuer.counts().bearers), (1, 3));
    world.get_alive();
    assert_eq!(world.exchanges(), 1);
}

#[test]
fn jwt_refused_by_another_host_is_replaced_by_its_provider() {
    let world = World::new();
    let hub = hub(&world);
    hub.get(BEARER).send().unwrap();
    world.issuer.revoke_all();
    let response = hub.get(BEARER).send().unwrap();
    assert_eq!((response.status(), response.attempts(), world.exchanges()), (200, 2, 2));
    assert_eq!((world.described("generation").as_u64(), world.described("refused").as_u64()), (Some(2), Some(1)));
    assert_eq!(world.send_to(BEARER).unwrap().attempts(), 1);
}

#[test]
fn a_call_to_another_host_bounds_the_platforms_exchange() {
    let world = World::new();
    world.issuer.set_latency(12 * SECOND, 12 * SECOND);
    let hub = hub(&world);
    let begin = world.sim.elapsed();
    let error = hub.get(BEARER).call(&within(3 * SECOND)).send().unwrap_err();
    assert_eq!((error.kind(), error.was_sent()), (ErrorKind::Timeout, false));
    assert!(world.sim.elapsed() - begin <= 3 * SECOND);

    let cancel: [fn(&Call, &Client); 2] = [|call, _| call.cancel(), |_, hub| hub.cancel()];
    for cancel in cancel {
        let world = World::new();
        world.issuer.set_latency(12 * SECOND, 12 * SECOND);
        let (hub, call) = (super::sharing::hub(&world), within(MINUTE));
        world.sim.run(|crew| {
            crew.spawn(|| {
                let error = hub.get(BEARER).call(&call).send().unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Canceled);
                assert!(world.sim.elapsed() <= 3 * SECOND);
            });
            crew.spawn(|| {
                world.sim.sleep(2 * SECOND);
                cancel(&call, &hub);
            });
        });
        assert_eq!(world.issuer.counts().bearers, 0);
    }
}

#[test]
fn a_request_that_gets_no_token_says_that_it_was_not_sent() {
    let world = World::new();
    world.issuer.set_answer(|entry| entry.is_exchange().then(|| (404, Vec::new(), String::new())));
    for _ in 0..2 {
        let error = world.send_to(BEARER).unwrap_err();
        assert_eq!((error.status(), error.was_sent()), (Some(404), false));
    }
    assert_eq!(world.issuer.counts().bearers, 0);
}

/// A call with a code of its own asks apart, for all that it wants.
#[test]
fn typed_code_is_used_if_the_cached_token_has_too_little_left() {
    let world = World::warm();
    world.sim.advance(290 * SECOND);
    let mut call = within(10 * SECOND);
    call.set_otp("123456").unwrap();
    let token = world.provider.get_with(MINUTE, Some(&call)).unwrap();
    let left = token.expires_at() - world.sim.wall().as_secs() as i64;
    assert!(left >= 60, "{left} s left of a token, with a code to get another");
}
