//! What the owner is told, once each and under no lock; and what `describe` says.

use std::sync::OnceLock;

use super::*;
use crate::tests::sim::server::{OutageKind::Unavailable, PASSWORD};

/// A world whose events are kept.
struct Watched {
    world: World,
    events: Arc<Mutex<Vec<Value>>>,
}

impl Watched {
    fn new() -> Self {
        let events = Arc::new(Mutex::new(Vec::new()));
        let client = Arc::new(OnceLock::<Client>::new());
        let (kept, later) = (events.clone(), client.clone());
        let world = World::with(|config| {
            config.on_event = Some(Arc::new(move |event| {
                let client = later.get().expect("made before it does anything");
                // One simulated thread runs at a time and none waits with a lock, so whoever holds it is this one.
                let account = client.inner.accounts.get(ACCOUNT);
                assert!(account.slot().state.try_lock().is_ok(), "told under a lock");
                assert!(client.describe().contains("version"));
                assert!(client.token_provider(None).unwrap().describe().contains("generation"));
                locked(&kept).push(serde_json::from_str(&event.to_json()).unwrap());
            }));
        });
        client.set(world.client.clone()).unwrap();
        Watched { world, events }
    }

    /// What was told since the last time, of one name.
    fn told(&self, name: &str) -> Vec<Value> {
        let all = std::mem::take(&mut *locked(&self.events));
        all.into_iter().filter(|event| event["event"] == name).collect()
    }
}

#[test]
fn a_token_is_told_once_when_it_is_new() {
    let watched = Watched::new();
    let world = &watched.world;
    world.issuer.set_latency(SECOND, SECOND);
    world.crew(8, |_| drop(world.get().unwrap()));
    world.get().unwrap();
    let all = locked(&watched.events).clone();
    let names: Vec<_> = all.iter().map(|event| event["event"].as_str().unwrap()).collect();
    assert_eq!(names, ["token_issued", "token_refreshed"]);
    let end = NOW + 300;
    let expected = serde_json::json!({
        "event": "token_refreshed", "account_id": ACCOUNT, "generation": 1, "expires_at": end, "lifetime_s": 300,
    });
    // Date says the second in which it left; the token was made half a second before that.
    assert!(all[1] == expected || all[1]["expires_at"] == end - 1, "{}", all[1]);
    world.provider.refresh(None).unwrap();
    let told = watched.told("token_refreshed");
    assert_eq!((told.len(), told[1]["generation"].as_u64()), (2, Some(2)));
}

#[test]
fn failed_refresh_event_says_whether_a_token_was_left() {
    let watched = Watched::new();
    let world = &watched.world;
    world.get().unwrap();
    watched.told("");
    world.issuer.set_answer(|entry| entry.is_exchange().then(|| (404, Vec::new(), String::new())));
    world.sim.advance(250 * SECOND);
    for _ in 0..5 {
        world.get().unwrap();
    }
    let fields = |stale: bool| {
        serde_json::json!({
            "event": "refresh_failed", "account_id": ACCOUNT, "code": ErrorKind::HttpStatus.code(), "status": 404,
            "stale_served": stale,
        })
    };
    let check = |stale: bool| {
        let mut told = watched.told("refresh_failed");
        assert_eq!(told.len(), 1, "{told:?}");
        told[0].as_object_mut().unwrap().remove("retry_after_ms").expect("it is there, if only as null");
        assert_eq!(told[0], fields(stale));
    };
    check(true);
    world.sim.advance(50 * SECOND);
    for _ in 0..5 {
        world.get().unwrap_err();
    }
    check(false);
}

#[test]
fn a_server_that_is_down_is_told_with_status_0() {
    let watched = Watched::new();
    let world = &watched.world;
    world.issuer.add_outage(Duration::ZERO, HOUR, crate::tests::sim::server::OutageKind::Refuse);
    world.get_within(SECOND * 2).unwrap_err();
    let told = watched.told("refresh_failed");
    assert!(!told.is_empty());
    for event in &told {
        assert_eq!(
            (event["status"].as_u64(), event["code"].as_i64()),
            (Some(0), Some(ErrorKind::Connect.code().into()))
        );
    }
    assert_eq!(told.len(), world.exchange_times().len());
}

#[test]
fn a_refused_token_is_told_with_whether_there_is_another() {
    let watched = Watched::new();
    let world = &watched.world;
    world.get().unwrap();
    world.issuer.refuse_path("/bearer/no");
    for renewed in [true, false, false] {
        world.send_to("/bearer/no").unwrap();
        let told = watched.told("token_refused");
        let expected = serde_json::json!({
            "event": "token_refused", "account_id": ACCOUNT, "status": 401, "renewed": renewed,
        });
        assert_eq!(told, [expected]);
    }
    world.sim.advance(HOUR);
    for renewed in [true, false] {
        let url = "https://api.boomi.com/bearer/x";
        let mut authorization = world.client.authorize(AuthScheme::Jwt, url, None).unwrap();
        assert_eq!(authorization.observe(401, b""), renewed);
        authorization.observe(401, b"");
        let told = watched.told("token_refused");
        assert_eq!((told.len(), told[0]["renewed"].as_bool()), (1, Some(renewed)));
    }
}

#[test]
fn no_event_and_no_description_holds_a_secret() {
    let watched = Watched::new();
    let world = &watched.world;
    world.issuer.add_outage(400 * SECOND, 500 * SECOND, Unavailable(None));
    world.issuer.refuse_path("/bearer/no");
    world.issuer.change_password(1500 * SECOND, world.issuer.user_name(), "another");
    let mut secrets = std::collections::BTreeSet::from([PASSWORD.to_owned(), "another".into()]);
    world.repeat(10 * SECOND, HOUR, || {
        if let Ok(token) = world.get_within(5 * SECOND) {
            secrets.extend(token.jwt().split('.').skip(1).map(str::to_owned).filter(|part| part.len() > 12));
        }
        let _ = world.send_to("/bearer/no");
    });
    let told = format!("{:?}{}{}", locked(&watched.events), world.provider.describe(), world.client.describe());
    for name in ["token_refreshed", "refresh_failed", "token_refused", "sign_in_rejected", "sign_in_held"] {
        assert!(told.contains(name), "{name}");
    }
    assert!(secrets.len() > 10);
    // "another" is a word of ours too, so only whole values count.
    assert!(
        !secrets
            .iter()
            .any(|secret| told.contains(&format!("\"{secret}\"")) || (secret.len() > 12 && told.contains(secret)))
    );
}

#[test]
fn a_description_counts_what_happened() {
    let world = World::new();
    let counts = || {
        ["exchanges", "joins", "stale_served", "refused", "held"].map(|name| world.described(name).as_u64().unwrap())
    };
    let times = || ["generation", "issued_at", "expires_at", "last_error"].map(|name| world.described(name).as_i64());
    assert_eq!(counts(), [0; 5]);
    assert_eq!(times(), [Some(0), None, None, Some(0)]);
    assert!(world.described("next_refresh_at").is_null());
    assert_eq!(world.described("account_id"), ACCOUNT);

    world.issuer.set_latency(SECOND, SECOND);
    world.crew(8, |_| drop(world.get().unwrap()));
    assert_eq!(counts(), [1, 7, 0, 0, 0]);
    world.issuer.set_latency(Duration::ZERO, Duration::ZERO);
    world.provider.refresh(None).unwrap();
    let now = NOW as i64 + 1;
    assert_eq!(times(), [Some(2), Some(now), Some(now + 300), Some(0)]);
    let next = world.described("next_refresh_at").as_i64().unwrap();
    assert!((now + 180..=now + 210).contains(&next), "{next}");

    world.issuer.revoke_all();
    assert_eq!(world.send_to(BEARER).unwrap().attempts(), 2);
    assert_eq!(counts(), [3, 7, 0, 1, 0]);
    world.provider.invalidate(&world.get().unwrap());
    assert_eq!(counts(), [3, 7, 0, 2, 0]);

    world.issuer.set_answer(|entry| entry.is_exchange().then(|| (503, Vec::new(), String::new())));
    world.sim.advance(280 * SECOND);
    world.get().unwrap();
    assert_eq!(counts(), [4, 7, 1, 2, 0]);
    assert_eq!(times()[3], Some(ErrorKind::RateLimited.code().into()));

    world.issuer.set_answer(|_| None);
    world.sim.advance(10 * SECOND);
    world.issuer.change_password(Duration::ZERO, world.issuer.user_name(), "another");
    world.get().unwrap();
    assert_eq!(counts(), [5, 7, 2, 2, 0]);
    assert_eq!(times()[3], Some(ErrorKind::CredentialsRejected.code().into()));
    world.sim.advance(15 * SECOND);
    assert_eq!(world.get().unwrap_err().kind(), ErrorKind::Held);
    assert_eq!(counts(), [5, 7, 2, 2, 1]);
    assert_eq!(times()[3], Some(ErrorKind::Held.code().into()));
}
