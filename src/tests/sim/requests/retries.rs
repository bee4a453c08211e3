//! What reads is sent again after what may pass, within its deadline, and at most so often.

use super::super::START;
use super::*;
use crate::tests::sim::server::OutageKind;

fn with_retries(world: &World, count: u32) -> Client {
    world.client(|config| config.set_max_retries(count).unwrap())
}

/// Answers 503 to the first request, and from then on there is this outage.
fn busy_once_then(world: &World, kind: OutageKind) {
    let issuer: std::sync::Weak<Issuer> = Arc::downgrade(&world.issuer);
    world.issuer.set_answer(move |_| {
        let issuer = issuer.upgrade()?;
        issuer.add_outage(issuer.elapsed(), 100 * HOUR, kind);
        Some(status(503))
    });
}

/// When each request arrived after the one before.
fn gaps(world: &World) -> Vec<Duration> {
    arrived(world).windows(2).map(|pair| pair[1].at - pair[0].at).collect()
}

#[test]
fn a_busy_server_is_asked_again_and_the_owner_is_told() {
    let world = World::new(1);
    answer_in_turn(&world, [status(503)]);
    let (client, events) = watched(&world, |_| {});
    let response = client.get(OBJECT).query("a", "b").send().unwrap();
    assert_eq!(told_by(&response), (200, 2));
    let wait_ms = millis(gaps(&world)[0]);
    assert!(wait_ms <= 500, "{wait_ms}");
    let expected = serde_json::json!({
        "event": "request_retried",
        "host": "api.boomi.com",
        "method": "GET",
        "path": OBJECT,
        "attempt": 1,
        "status": 503,
        "code": ErrorKind::RateLimited.code(),
        "wait_ms": wait_ms,
    });
    assert_eq!(*events.lock().unwrap(), [expected]);
}

#[test]
fn a_lost_answer_is_told_without_a_status() {
    let world = World::new(1);
    lose_first(&world, 1);
    let (client, events) = watched(&world, |_| {});
    let response = client.post(&format!("{OBJECT}/query")).body("{}").send().unwrap();
    assert_eq!(told_by(&response), (200, 2));
    let events = events.lock().unwrap();
    let told = ["event", "method", "attempt", "status", "code"].map(|name| events[0][name].clone());
    let code = ErrorKind::Connect.code();
    assert_eq!(told.to_vec(), serde_json::json!(["request_retried", "POST", 1, 0, code]).as_array().unwrap().clone());
}

#[test]
fn answers_that_may_pass_are_asked_for_again_and_others_are_not() {
    for bad in 300..600 {
        let world = World::new(1);
        answer_in_turn(&world, [status(bad), status(bad)]);
        let response = world.client(|_| {}).get(OBJECT).send().unwrap();
        let passes = matches!(bad, 429 | 502 | 503 | 504);
        assert_eq!(told_by(&response), if passes { (200, 3) } else { (bad, 1) }, "{bad}");
    }
}

#[test]
fn what_is_not_there_within_the_retries_is_the_last_answer() {
    for count in [0, 1, 4, 10] {
        let world = World::new(1);
        answer_all(&world, |_| answer(503, "busy"));
        let (client, events) = watched(&world, |config| {
            config.set_max_retries(count).unwrap();
            config.set_timeout(HOUR).unwrap();
        });
        let response = client.get(OBJECT).send().unwrap();
        assert_eq!((told_by(&response), response.message()), ((503, count + 1), Some("busy")));
        assert_eq!(response.error().unwrap().attempts(), count + 1);
        assert_eq!(arrived(&world).len() as u32, count + 1);
        let told: Vec<_> = events.lock().unwrap().iter().map(|event| event["attempt"].as_u64().unwrap()).collect();
        assert_eq!(told, (1..=u64::from(count)).collect::<Vec<_>>());
    }
}

#[test]
fn what_gets_no_answer_at_all_is_the_last_error() {
    let world = World::new(1);
    world.issuer.add_outage(Duration::ZERO, HOUR, OutageKind::Refuse);
    let error = world.client(|_| {}).get(OBJECT).send().unwrap_err();
    assert_eq!((error.kind(), error.attempts(), error.was_sent()), (ErrorKind::Connect, 5, false), "{error}");
    assert!(error.message().contains("tried 5 times") && error.is_retryable(), "{error}");

    let world = World::new(1);
    lose_first(&world, u32::MAX);
    let client = world.client(|config| config.set_max_retries(2).unwrap());
    let error = client.get(OBJECT).auth(AuthScheme::None).send().unwrap_err();
    assert_eq!((error.kind(), error.attempts(), error.was_sent()), (ErrorKind::Connect, 3, true), "{error}");
    assert!(!error.message().contains("effect"), "{error}");
}

#[test]
fn an_answer_is_worth_more_than_the_silence_after_it() {
    for (kind, attempts) in [
        (OutageKind::Refuse, 5),
        (OutageKind::Swallow, 5),
        // Until the deadline.
        (OutageKind::Hang, 2),
    ] {
        let world = World::new(1);
        busy_once_then(&world, kind);
        let response = world.client(|_| {}).get(OBJECT).auth(AuthScheme::None).send().unwrap();
        assert_eq!(told_by(&response), (503, attempts), "{kind:?}");
        assert!(world.now() <= 60 * SECOND, "{kind:?}: {:?}", world.now());
    }
}

#[test]
fn waits_are_longer_from_try_to_try_and_never_longer_than_that() {
    let mut longest = [Duration::ZERO; 8];
    for seed in 0..40 {
        let world = World::new(seed);
        answer_all(&world, |_| status(502));
        let client = with_retries(&world, 8);
        let call = within(HOUR);
        client.get(OBJECT).call(&call).send().unwrap();
        for (longest, gap) in longest.iter_mut().zip(gaps(&world)) {
            *longest = gap.max(*longest);
        }
    }
    for (longest, most) in longest.into_iter().zip([500, 1000, 2000, 4000, 8000, 16_000, 20_000, 20_000]) {
        let most = Duration::from_millis(most);
        // Of 40, one at least is in the upper half.
        assert!(longest <= most && longest > most / 2, "{longest:?} of {most:?}");
    }
}

#[test]
fn failed_kept_connection_is_retried_without_a_wait() {
    let waited = |keeps: bool| {
        let world = World::new(1);
        world.issuer.script(|script| script.keeps_connections = keeps);
        lose_first(&world, 1);
        let (client, events) = watched(&world, |_| {});
        client.get(OBJECT).auth(AuthScheme::None).send().unwrap_or_else(|error| panic!("{error}"));
        let wait_ms = events.lock().unwrap()[0]["wait_ms"].as_u64().unwrap();
        assert_eq!(millis(world.now()), wait_ms);
        wait_ms
    };
    assert_eq!(waited(true), 0);
    assert!((0..20).any(|_| waited(false) > 0));
}

#[test]
fn retry_after_is_waited_for_in_seconds_or_until_a_date() {
    let at = httpdate::fmt_http_date(std::time::UNIX_EPOCH + Duration::from_secs(START + 40));
    for (value, seconds) in [("30".to_owned(), 30), (at, 40)] {
        for method in ["GET", "POST"] {
            let world = World::new(1);
            answer_in_turn(&world, [(429, vec![("retry-after", value.clone())], String::new())]);
            let path = format!("{OBJECT}/query");
            let response = world.client(|_| {}).request(method, &path).send().unwrap();
            assert_eq!(told_by(&response), (200, 2));
            let waited = world.now().as_secs_f64();
            assert!((f64::from(seconds)..f64::from(seconds) + 0.25).contains(&waited), "{value}: {waited}");
        }
    }
}

#[test]
fn lost_response_is_reported_if_no_rate_permit_comes_in_time() {
    let world = World::new(1);
    lose_first(&world, 1);
    let client = world.client(|config| config.set_requests_per_second(1).unwrap());
    let mut brief = Call::new();
    brief.set_timeout(SECOND * 9 / 10).unwrap();
    let request = client.get(OBJECT).auth(AuthScheme::None).call(&brief);
    let error = request.send().unwrap_err();
    assert_eq!((error.kind(), error.was_sent(), error.attempts()), (ErrorKind::Connect, true, 1), "{error}");
    assert!(error.message().contains("not sent again") && error.message().contains("requests_per_second"), "{error}");
}

#[test]
fn a_retry_after_that_outlasts_the_call_ends_it_at_once() {
    let world = World::new(1);
    answer_in_turn(&world, [told(503, 60)]);
    let response = world.client(|_| {}).get(OBJECT).send().unwrap();
    assert_eq!((told_by(&response), world.now()), ((503, 1), Duration::ZERO));
    assert_eq!(response.error().unwrap().retry_after(), Some(60 * SECOND));
}

#[test]
fn a_refused_connection_is_no_reason_to_forget_the_time() {
    // Each try's connect timeout is its own, and all are in the call's.
    let world = World::new(1);
    world.issuer.add_outage(Duration::ZERO, HOUR, OutageKind::Swallow);
    let client = world.client(|config| config.set_timeout(12 * SECOND).unwrap());
    let error = client.get(OBJECT).send().unwrap_err();
    assert_eq!((error.kind(), error.was_sent()), (ErrorKind::Timeout, false), "{error}");
    assert!((2..=3).contains(&error.attempts()), "{error} {}", error.attempts());
    assert!(world.now() <= 12 * SECOND + SLICE, "{:?}", world.now());
}

/// One try of something, of whatever kind.
fn any_call(client: &Client, kind: u64, call: &Call) -> Result<Response> {
    let builder: RequestBuilder<'_> = match kind {
        0 => client.get(OBJECT),
        1 => client.get(BEARER).auth(AuthScheme::Jwt),
        2 => client.post(OBJECT).body("{}"),
        3 => client.post(BEARER).auth(AuthScheme::Jwt),
        _ => client.get("/open").auth(AuthScheme::None),
    };
    builder.call(call).send()
}

#[test]
fn a_call_is_over_by_its_deadline_whatever_comes() {
    for seed in 0..12 {
        let world = World::new(seed);
        world.sim.set_slice(SLICE);
        world.issuer.set_latency(Duration::ZERO, (1 + seed as u32 % 4) * SECOND);
        let mut random = Random::new(seed);
        let mut from = Duration::ZERO;
        while from < HOUR / 6 {
            let to = from + random.between(Duration::ZERO, 20 * SECOND);
            let kind = match random.below(7) {
                0 => OutageKind::Refuse,
                1 => OutageKind::Swallow,
                2 => OutageKind::Hang,
                3 => OutageKind::Unavailable(None),
                4 => OutageKind::Unavailable(Some(random.below(10))),
                5 => OutageKind::Unavailable(Some(0)),
                _ => OutageKind::Reject,
            };
            world.issuer.add_outage(from, to, kind);
            from = to + random.between(Duration::ZERO, 10 * SECOND);
        }
        let losses = Mutex::new(Random::new(seed));
        world.issuer.set_loses(move |_| losses.lock().unwrap().below(10) == 0);
        world.issuer.set_answer(|entry| (entry.path == "/open").then(|| status(200)));
        let client = world.client(|config| config.set_requests_per_second(5).unwrap());
        let (most, served) = (Mutex::new(0), Mutex::new(0));
        world.sim.run(|crew| {
            for thread in 0..10 {
                let (world, client, most, served) = (&world, &client, &most, &served);
                crew.spawn(move || {
                    let mut random = Random::new(seed * 100 + thread);
                    while world.now() < HOUR / 6 {
                        let timeout = random.between(SECOND / 10, 40 * SECOND);
                        let begin = world.now();
                        let result = any_call(client, thread % 5, &within(timeout));
                        let took = world.now() - begin;
                        assert!(took <= timeout + SLICE, "{took:?} of {timeout:?}: {result:?}");
                        let attempts = result.as_ref().map_or_else(|error| error.attempts(), Response::attempts);
                        // Five, and one with another JWT.
                        assert!(attempts <= 6, "{result:?}");
                        let mut most = most.lock().unwrap();
                        *most = attempts.max(*most);
                        *served.lock().unwrap() += u32::from(result.is_ok_and(|response| response.status() == 200));
                        drop(most);
                        world.sim.sleep(random.between(Duration::ZERO, SECOND));
                    }
                });
            }
        });
        let (most, served) = (most.into_inner().unwrap(), served.into_inner().unwrap());
        assert!(most >= 4 && served > 20, "seed {seed}: {most} attempts, {served} served");
    }
}

#[test]
fn a_cancel_ends_the_wait_between_two_tries() {
    for by_client in [true, false] {
        let world = World::new(1);
        world.sim.set_slice(SLICE);
        answer_in_turn(&world, [told(503, 30)]);
        let (client, call) = (world.client(|_| {}), Call::new());
        world.sim.run(|crew| {
            crew.spawn(|| {
                let error = client.get(OBJECT).call(&call).send().unwrap_err();
                let told = (error.kind(), error.attempts(), error.was_sent(), error.is_retryable());
                assert_eq!(told, (ErrorKind::Canceled, 1, true, false), "{error}");
                assert!(error.message().contains("waiting before a retry"), "{error}");
                let late = world.now() - 10 * SECOND;
                assert!(late <= SECOND / 10, "{late:?}");
            });
            crew.spawn(|| {
                world.sim.sleep(10 * SECOND);
                if by_client { client.cancel() } else { call.cancel() }
            });
        });
        assert_eq!(arrived(&world).len(), 1);
    }
}

#[test]
fn a_failing_exchange_is_not_multiplied_by_the_retries() {
    let count = |kind, threads: u32, retries| {
        let world = World::new(1);
        world.issuer.add_outage(Duration::ZERO, HOUR, kind);
        let client = with_retries(&world, retries);
        world.sim.run(|crew| {
            for index in 0..threads {
                let (world, client) = (&world, &client);
                crew.spawn(move || {
                    world.sim.sleep(index * SECOND / 10);
                    let error = client.get(BEARER).auth(AuthScheme::Jwt).send().unwrap_err();
                    assert_eq!((error.attempts(), error.was_sent()), (0, false), "{error}");
                });
            }
        });
        exchanges(&world)
    };
    for threads in [1, 8] {
        for kind in [OutageKind::Unavailable(None), OutageKind::Unavailable(Some(3)), OutageKind::Refuse] {
            // The waits between exchanges are drawn.
            let (without, with) = (count(kind, threads, 0), count(kind, threads, 4));
            assert!(without > 0 && with.abs_diff(without) <= 1 + without / 10, "{kind:?}: {without}, {with}");
        }
        for kind in [OutageKind::Unavailable(Some(3600)), OutageKind::Hang, OutageKind::Reject] {
            assert_eq!(count(kind, threads, 4), count(kind, threads, 0), "{kind:?}, {threads} threads");
        }
    }
}
