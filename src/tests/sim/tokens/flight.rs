//! One exchange at a time for an account, and what becomes of the callers who wait for it.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::credentials::Credentials;
use crate::tests::sim::clock::Random;
use crate::tests::sim::server::OutageKind::{Hang, Refuse, Reject, Swallow, Unavailable};

#[test]
fn a_cold_provider_asks_once_for_64_callers() {
    let world = World::new();
    world.issuer.set_latency(SECOND, SECOND);
    let tokens = Mutex::new(Vec::new());
    world.crew(64, |_| {
        let token = world.get().unwrap();
        locked(&tokens).push(token);
    });
    let tokens = tokens.into_inner().unwrap();
    assert!(tokens.iter().all(|token| same(token, &tokens[0])));
    assert_eq!((tokens.len(), world.exchanges(), world.sim.elapsed()), (64, 1, SECOND));
}

#[test]
fn cold_provider_is_rejected_once_for_64_callers() {
    let world = World::with(|config| {
        config.credentials = Some(Credentials::password("nobody@example.com", "wrong").unwrap());
    });
    world.issuer.set_latency(SECOND, SECOND);
    let kinds = Mutex::new(Vec::new());
    world.crew(64, |_| {
        let error = world.get().unwrap_err();
        locked(&kinds).push(error.kind());
    });
    assert_eq!(*locked(&kinds), [ErrorKind::CredentialsRejected; 64]);
    assert_eq!((world.exchanges(), world.issuer.user_counts("nobody@example.com").rejected), (1, 1));
    assert_eq!(world.sim.elapsed(), SECOND);
}

#[test]
fn there_are_never_two_exchanges_at_once_while_they_fail() {
    for kind in [Refuse, Swallow, Hang, Unavailable(None), Reject] {
        let world = World::new();
        world.issuer.set_latency(SECOND / 10, SECOND);
        world.issuer.add_outage(Duration::ZERO, 5 * MINUTE, kind);
        world.crew(64, |number| {
            world.repeat(SECOND, 6 * MINUTE, || drop(world.get_within(SECOND * (2 + number as u32))));
        });
        world.assert_one_flight_at_a_time();
    }
}

/// Callers of all sorts, and a server of all moods.
#[test]
fn there_are_never_two_exchanges_at_once_whatever_happens() {
    for seed in 0..20 {
        let world = World::new();
        world.issuer.set_latency(Duration::ZERO, 6 * SECOND);
        let mood = Mutex::new(Random::new(seed));
        world.issuer.set_answer(move |entry| match locked(&mood).below(10) {
            _ if !entry.is_exchange() => Some((200, Vec::new(), String::new())),
            0 => Some((503, Vec::new(), String::new())),
            1 => Some((404, Vec::new(), String::new())),
            2 => resume_unwind(Box::new("on purpose")),
            _ => None,
        });
        world.crew(16, |number| {
            let mut random = Random::new(seed * 100 + number as u64);
            for _ in 0..60 {
                let timeout = random.between(SECOND / 10, 30 * SECOND);
                let act = random.below(8);
                let _ = catch_unwind(AssertUnwindSafe(|| match act {
                    0 => world.provider.refresh(Some(&within(timeout))),
                    1 => world.get().map(|token| world.provider.invalidate(&token)),
                    2 => world.provider.get_with(HOUR, Some(&within(timeout))).map(drop),
                    _ => world.get_within(timeout).map(drop),
                }));
                world.sim.sleep(random.between(Duration::ZERO, 20 * SECOND));
            }
        });
        assert!(world.issuer.account(ACCOUNT).issued > 2);
        world.assert_one_flight_at_a_time();
    }
}

/// One caller leads an exchange that takes long, seven others wait for it from a little later on, and get a token. Returns how
/// the leader ended.
fn lead_and_follow<T: Send>(world: &World, leader: impl FnOnce() -> T + Send, meanwhile: impl FnOnce() + Send) -> T {
    let mut led = None;
    let at_the_end = &mut led;
    world.sim.run(|crew| {
        crew.spawn(move || *at_the_end = Some(leader()));
        crew.spawn(meanwhile);
        for _ in 0..7 {
            crew.spawn(|| {
                world.sim.sleep(SECOND / 10);
                world.get_alive();
            });
        }
    });
    world.assert_one_flight_at_a_time();
    led.unwrap()
}

#[test]
fn a_leader_that_times_out_is_not_shared() {
    for kind in [Hang, Swallow] {
        let world = World::new();
        world.issuer.add_outage(Duration::ZERO, SECOND, kind);
        let error = lead_and_follow(&world, || world.get_within(2 * SECOND), || {}).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout);
        assert_eq!(world.exchange_times().len(), 2);
    }
}

#[test]
fn a_leader_that_is_cancelled_is_not_shared() {
    for kind in [Hang, Swallow] {
        let world = World::new();
        world.issuer.add_outage(Duration::ZERO, SECOND, kind);
        let call = within(MINUTE);
        let lead = || {
            let error = world.provider.get_with(Duration::ZERO, Some(&call)).unwrap_err();
            (error.kind(), world.sim.elapsed() <= 2 * SECOND)
        };
        let cancel = || {
            world.sim.sleep(SECOND);
            call.cancel();
        };
        assert_eq!(lead_and_follow(&world, lead, cancel), (ErrorKind::Canceled, true));
        assert_eq!(world.exchange_times().len(), 2);
    }
}

#[test]
fn a_leader_that_panics_is_not_shared() {
    let world = World::new();
    world.issuer.set_latency(2 * SECOND, 2 * SECOND);
    let panics = AtomicUsize::new(0);
    world.issuer.set_answer(move |entry| {
        if entry.is_exchange() && panics.fetch_add(1, Ordering::Relaxed) == 0 {
            resume_unwind(Box::new("on purpose"));
        }
        None
    });
    let lead = || catch_unwind(AssertUnwindSafe(|| world.get())).is_err();
    assert!(lead_and_follow(&world, lead, || {}));
    assert_eq!(world.exchanges(), 2);
}

#[test]
fn waiting_caller_keeps_its_deadline_and_can_be_canceled() {
    let world = World::new();
    world.issuer.set_latency(12 * SECOND, 12 * SECOND);
    let call = within(MINUTE);
    world.sim.run(|crew| {
        crew.spawn(|| drop(world.get().unwrap()));
        crew.spawn(|| {
            world.sim.sleep(SECOND);
            assert_eq!(world.get_within(3 * SECOND).unwrap_err().kind(), ErrorKind::Timeout);
            assert_eq!(world.sim.elapsed(), 4 * SECOND);
            call.cancel();
        });
        crew.spawn(|| {
            world.sim.sleep(SECOND);
            let error = world.provider.get_with(Duration::ZERO, Some(&call)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Canceled);
            assert!(world.sim.elapsed() <= 5 * SECOND);
        });
    });
    assert_eq!(world.exchanges(), 1);
}

#[test]
fn canceled_caller_gets_an_error_despite_an_unexpired_token() {
    let world = World::warm();
    world.issuer.set_latency(4 * SECOND, 4 * SECOND);
    world.sim.advance(250 * SECOND);
    let call = within(MINUTE);
    world.sim.run(|crew| {
        crew.spawn(|| {
            let error = world.provider.get_with(Duration::ZERO, Some(&call)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Canceled);
        });
        crew.spawn(|| {
            world.sim.sleep(SECOND);
            call.cancel();
        });
    });
    world.get().unwrap();
}
