//! Work that the server does in its own time: asked for at growing intervals, by the same sign-in, within one deadline.

use super::*;
use crate::client::job::Job;
use crate::tests::sim::server::{Kind, OutageKind};

const ASYNC: &str = "/api/rest/v1/account123/async/AtomCounters/id-1";
const RESPONSE: &str = "/api/rest/v1/account123/async/AtomCounters/response/t%2F1";
const LOG: &str = "/api/rest/v1/account123/ProcessLog";

fn started() -> Answer {
    answer(202, r#"{"@type":"AsyncOperationTokenResult","asyncToken":{"token":"t/1"},"responseStatusCode":202}"#)
}

fn download(url: &str) -> Answer {
    answer(202, &serde_json::json!({ "@type": "LogDownload", "url": url, "statusCode": "202" }).to_string())
}

fn times<T: Clone>(count: usize, answer: T) -> impl Iterator<Item = T> {
    std::iter::repeat_n(answer, count)
}

fn start(client: &Client) -> Job {
    client.get(ASYNC).start().unwrap()
}

/// When each look after the first came, after the one before.
fn gaps(world: &World) -> Vec<Duration> {
    arrived(world)[1..].windows(2).map(|pair| pair[1].at - pair[0].at).collect()
}

/// Says "not yet" for ever.
fn never_done(world: &World) {
    answer_all(world, |entry| if entry.path == RESPONSE { status(202) } else { started() });
}

#[test]
fn looks_become_rarer_up_to_five_seconds() {
    let world = World::new(1);
    answer_in_turn(&world, [started()].into_iter().chain(times(12, status(202))).chain([answer(200, "done")]));
    let client = world.client(|_| {});
    let mut job = start(&client);
    assert_eq!((job.path(), world.now()), (Some(RESPONSE), Duration::ZERO));
    let response = job.wait(None).unwrap();
    assert_eq!((told_by(&response), response.text().unwrap()), ((200, 1), "done"));
    let mut wait = 0.5_f64;
    let expected: Vec<_> = (0..12)
        .map(|_| {
            let ms = (wait * 1000.0).round() as u64;
            wait = (wait * 1.5).min(5.0);
            ms
        })
        .collect();
    let gaps: Vec<_> = gaps(&world).iter().map(|gap| (gap.as_secs_f64() * 1000.0).round() as u64).collect();
    assert_eq!(gaps, expected);
    assert_eq!(gaps.last(), Some(&5000));
    assert!(arrived(&world)[1..].iter().all(|entry| entry.path == RESPONSE && entry.method == "GET"));
}

#[test]
fn job_wait_can_be_repeated_after_timeout_failure_or_cancel() {
    let world = World::new(1);
    world.sim.set_slice(SLICE);
    never_done(&world);
    let client = world.client(|_| {});
    let mut job = start(&client);
    let error = job.wait(Some(&within(10 * SECOND))).unwrap_err();
    assert_eq!((error.kind(), error.was_sent()), (ErrorKind::Timeout, true), "{error}");
    assert!(error.is_retryable() && error.message().contains("finish the job"), "{error}");
    assert!(world.now() >= 10 * SECOND && world.now() <= 10 * SECOND + SLICE, "{:?}", world.now());

    world.issuer.add_outage(world.now(), world.now() + HOUR, OutageKind::Refuse);
    assert_eq!(job.wait(None).unwrap_err().kind(), ErrorKind::Connect);
    world.issuer.script(|script| script.outages.clear());

    world.sim.run(|crew| {
        crew.spawn(|| {
            let begin = world.now();
            assert_eq!(job.wait(None).unwrap_err().kind(), ErrorKind::Canceled);
            assert!(world.now() - begin <= 3 * SECOND + SECOND / 10);
        });
        crew.spawn(|| {
            world.sim.sleep(3 * SECOND);
            client.cancel();
        });
    });

    answer_in_turn(&world, [answer(200, "done")]);
    assert_eq!(job.wait(None).unwrap().text().unwrap(), "done");
    let starts = arrived(&world).iter().filter(|entry| entry.path == ASYNC).count();
    assert_eq!(starts, 1);
}

#[test]
fn job_204_is_an_error_for_a_result_and_pending_for_a_download() {
    let world = World::new(1);
    answer_in_turn(&world, [started(), status(202), status(204)]);
    let client = world.client(|_| {});
    let error = start(&client).wait(None).unwrap_err();
    let told = (error.kind(), error.status(), error.was_sent(), error.is_retryable());
    assert_eq!(told, (ErrorKind::HttpStatus, Some(204), true, false), "{error}");

    let world = World::new(1);
    let url = "https://api.boomi.com/account/account123/api/download/a?b=c%20d&e";
    answer_in_turn(&world, [download(url), status(202), status(204), answer(200, "log")]);
    let client = world.client(|_| {});
    let mut job = client.post(LOG).body("{}").start().unwrap();
    assert_eq!(job.path(), Some(url));
    assert_eq!(job.wait(None).unwrap().text().unwrap(), "log");
    let last = arrived(&world).pop().unwrap();
    assert_eq!((&*last.method, &*last.path, &*last.query), ("GET", "/account/account123/api/download/a", "b=c%20d&e"));
    assert_eq!(last.content_type, None);
}

#[test]
fn no_other_place_than_the_clients_own_origin_is_asked() {
    for url in [
        "https://evil.example/account/a",
        "http://api.boomi.com/a",
        "https://api.boomi.com:444/a",
        "https://api.boomi.com@evil.example/a",
        "https://api.boomi.com.evil.example/a",
        "//evil.example/a",
        "file:///etc/passwd",
        "",
    ] {
        for scheme in [AuthScheme::Basic, AuthScheme::Jwt, AuthScheme::None] {
            let world = World::new(1);
            answer_all(&world, {
                let url = url.to_owned();
                move |_| download(&url)
            });
            let client = world.client(|_| {});
            let error = client.post(LOG).body("{}").auth(scheme).start().and_then(|mut job| {
                assert_eq!(job.path(), Some(url), "to be asked for with another client");
                job.wait(None)
            });
            let error = error.unwrap_err();
            assert_eq!((error.kind(), error.was_sent()), (ErrorKind::Protocol, true), "{url}: {error}");
            assert_eq!(arrived(&world).len(), 1, "{url}");
        }
    }
}

#[test]
fn a_server_that_says_when_to_look_again_is_looked_at_then() {
    let world = World::new(1);
    answer_in_turn(&world, [started(), told(202, 7), status(202), told(202, 1), told(202, 40), answer(200, "done")]);
    let client = world.client(|_| {});
    start(&client).wait(None).unwrap();
    let gaps: Vec<_> = gaps(&world).into_iter().map(millis).collect();
    assert_eq!(gaps, [7000, 750, 1000, 40_000]);
}

#[test]
fn a_server_that_says_at_once_is_not_hammered() {
    let world = World::new(1);
    answer_in_turn(&world, [started()].into_iter().chain(times(8, told(202, 0))).chain([answer(200, "done")]));
    let client = world.client(|_| {});
    start(&client).wait(None).unwrap();
    assert!(gaps(&world).iter().all(|gap| *gap >= SECOND / 2), "{:?}", gaps(&world));
}

#[test]
fn looks_go_with_the_sign_in_and_the_headers_of_the_request() {
    for (scheme, kind) in
        [(AuthScheme::Jwt, Kind::Bearer), (AuthScheme::Basic, Kind::Password), (AuthScheme::None, Kind::Nothing)]
    {
        for first in [started(), download("https://api.boomi.com/a"), answer(200, r#"{"requestId":"e-1"}"#)] {
            let world = World::new(1);
            answer_in_turn(&world, [first, status(202), status(202), answer(200, "done")]);
            let client = world.client(|_| {});
            let mut job = client
                .post("/api/rest/v1/account123/async/X/ExecutionRequest")
                .body("{}")
                .auth(scheme)
                .start()
                .unwrap();
            job.wait(None).unwrap();
            let kinds: Vec<_> = arrived(&world).iter().map(|entry| entry.kind).collect();
            assert_eq!(kinds, [kind; 4], "{scheme:?}");
            assert_eq!(exchanges(&world), usize::from(scheme == AuthScheme::Jwt));
        }
    }
}

#[test]
fn a_jwt_that_dies_while_a_job_runs_is_renewed() {
    let world = World::new(1);
    let looks = Mutex::new(0);
    answer_all(&world, move |entry| {
        let mut looks = looks.lock().unwrap();
        *looks += 1;
        match *looks {
            1 => started(),
            200.. => answer(200, "done"),
            _ if entry.kind == Kind::Bearer => status(202),
            _ => status(401),
        }
    });
    let client = world.client(|_| {});
    let mut job = client.get(ASYNC).auth(AuthScheme::Jwt).start().unwrap();
    job.wait(Some(&within(HOUR))).unwrap();
    assert!(world.now() > 900 * SECOND && exchanges(&world) >= 4, "{:?}, {}", world.now(), exchanges(&world));
}

#[test]
fn job_poll_is_retried_after_a_transient_failure_only() {
    let world = World::new(1);
    answer_in_turn(&world, [started(), status(202), status(503), status(502), status(202), status(404)]);
    let client = world.client(|_| {});
    let response = start(&client).wait(None).unwrap();
    assert_eq!((told_by(&response), arrived(&world).len()), ((404, 1), 6));
}

#[test]
fn waiting_for_the_whole_is_one_call_with_one_deadline() {
    let world = World::new(1);
    world.sim.set_slice(SLICE);
    never_done(&world);
    world.issuer.set_latency(3 * SECOND, 3 * SECOND);
    let client = world.client(|_| {});
    let get = || client.get(ASYNC).auth(AuthScheme::None);
    let error = get().call(&within(20 * SECOND)).wait().unwrap_err();
    assert_eq!((error.kind(), error.was_sent()), (ErrorKind::Timeout, true), "{error}");
    assert!(world.now() >= 20 * SECOND && world.now() <= 20 * SECOND + SLICE, "{:?}", world.now());

    // The start alone may take it all.
    let begin = world.now();
    answer_in_turn(&world, [told(503, 15)]);
    let error = get().call(&within(10 * SECOND)).wait().unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::RateLimited, Some(503)), "{error}");
    assert_eq!(world.now() - begin, 3 * SECOND);

    answer_in_turn(&world, [started(), status(202), answer(200, "done")]);
    assert_eq!(get().wait().unwrap().text().unwrap(), "done");
}

#[test]
fn work_that_was_started_is_never_said_to_be_unsent() {
    for end in 0..4 {
        let world = World::new(1);
        world.sim.set_slice(SLICE);
        never_done(&world);
        let client = world.client(|config| {
            config.set_max_retries(0).unwrap();
            // The second look has no turn in time.
            config.set_requests_per_second(if end == 2 { 2 } else { 0 }).unwrap();
        });
        let timeout = if end == 2 { 9 * SECOND / 10 } else { 5 * SECOND };
        let path = ASYNC.strip_suffix("/id-1").unwrap();
        world.sim.run(|crew| {
            crew.spawn(|| {
                let error = client.post(path).body("{}").call(&within(timeout)).wait().unwrap_err();
                assert!(error.was_sent() && error.attempts() > 0, "{end}: {error:?} {}", error.attempts());
            });
            crew.spawn(|| {
                world.sim.sleep(SECOND);
                match end {
                    0 => client.cancel(),
                    1 => world.issuer.add_outage(world.now(), HOUR, OutageKind::Refuse),
                    _ => {}
                }
            });
        });
    }
}

#[test]
fn what_drips_in_beside_not_yet_delays_no_deadline() {
    let world = World::new(1);
    world.sim.set_slice(SLICE);
    let drop_by_drop = "x".repeat(1000);
    answer_all(&world, move |entry| if entry.path == RESPONSE { answer(202, &drop_by_drop) } else { started() });
    let client = world.client(|_| {});
    let mut job = start(&client);
    world.issuer.script(|script| script.dripping = 5 * SECOND);
    let error = job.open(Some(&within(20 * SECOND))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
    assert!(world.now() <= 20 * SECOND + SLICE, "{:?}", world.now());
}

#[test]
fn a_result_can_be_read_piece_by_piece() {
    let world = World::new(1);
    answer_in_turn(&world, [started(), answer(202, "not yet"), answer(200, "done")]);
    let client = world.client(|_| {});
    let mut response = start(&client).open(None).unwrap();
    assert_eq!((response.status(), response.body()), (200, &[][..]));
    let mut text = String::new();
    std::io::Read::read_to_string(&mut response, &mut text).unwrap();
    assert_eq!(text, "done");
}

#[test]
fn what_is_done_at_once_is_given_once() {
    let world = World::new(1);
    answer_in_turn(&world, [answer(200, r#"{"id":"1"}"#)]);
    let client = world.client(|_| {});
    let mut job = client.post(OBJECT).body("{}").start().unwrap();
    assert_eq!(job.path(), None);
    assert_eq!(job.wait(None).unwrap().text().unwrap(), r#"{"id":"1"}"#);
    assert_eq!(job.wait(None).unwrap_err().kind(), ErrorKind::InvalidArgument);
    assert_eq!(arrived(&world).len(), 1);
}

#[test]
fn job_start_without_a_response_says_that_it_was_sent() {
    let world = World::new(1);
    answer_in_turn(&world, [status(400)]);
    let client = world.client(|_| {});
    let error = client.post(LOG).body("{}").start().unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::HttpStatus, Some(400)), "{error}");

    lose_first(&world, 1);
    let error = client.post(LOG).body("{}").start().unwrap_err();
    assert!(error.was_sent() && error.message().contains("may have taken effect"), "{error}");
    assert_eq!(arrived(&world).len(), 2);
}
