//! Providers of tokens, and the guard's settings.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Barrier, Mutex};
use std::time::Duration;

use boomi_auth::AuthScheme::{self, Auto, Basic, Jwt};
use boomi_auth::CredentialKind::Password;
use boomi_auth::ErrorKind::{Canceled, Config, CredentialsRejected, Held, HttpStatus};
use boomi_auth::EventKind::{RefreshFailed, SignInHeld, StateUnavailable, TokenRefreshed, TokenRefused};
use boomi_emulator::users::{ACCOUNT, REGULAR, SUB_ACCOUNT};
use boomi_emulator::{Emulator, JwtOptions, Scripted};
use serde_json::{Value, json};

use crate::api::{Api, Authorization, Response, Setting, Token};
use crate::run_twice;
use crate::support::{AUDIT_LOG, DEPLOYMENT, assert_invalid, at, by_password, client, failure, get, of, regular};

run_twice!(
    a_token_is_kept_and_shared_by_all,
    callers_at_once_share_one_exchange,
    a_refresh_gives_a_new_token,
    refreshes_at_once_join_one_exchange,
    a_refresh_that_fails_leaves_the_token,
    an_invalid_token_is_replaced_and_others_are_not,
    a_token_with_enough_left_is_handed_out,
    a_refused_jwt_is_replaced_and_the_request_sent_again,
    another_library_is_told_to_send_again_with_a_new_jwt,
    a_description_has_times_and_counters_and_no_secret,
    another_client_sends_the_token_of_a_provider,
    everything_may_be_dropped_in_any_order,
    a_call_limits_a_provider_too,
    a_provider_needs_an_account,
    the_guard_holds_until_it_is_reset,
    a_state_directory_that_is_not_usable_fails_no_call,
);

fn provider<A: Api>(client: &A::Client) -> A::TokenProvider {
    A::token_provider(client, None).unwrap_or_else(|failure| panic!("{failure:?}"))
}

fn jwt<A: Api>(provider: &A::TokenProvider) -> String {
    token::<A>(provider, 0).jwt()
}

fn token<A: Api>(provider: &A::TokenProvider, min_validity_s: u32) -> A::Token {
    A::get_token(provider, min_validity_s, None).unwrap_or_else(|failure| panic!("{failure:?}"))
}

fn description<A: Api>(provider: &A::TokenProvider) -> Value {
    serde_json::from_str(&A::describe_provider(provider)).unwrap()
}

/// How many JWTs were asked for.
fn exchanges(boomi: &Emulator) -> usize {
    boomi.log().iter().filter(|entry| entry.path.starts_with("/auth/jwt/generate/")).count()
}

/// A client's events: their kind, and what they say.
type Told = Mutex<Vec<(u32, Value)>>;

/// Keeps a client's events.
fn events() -> (Arc<Told>, Setting) {
    let told = Arc::new(Mutex::new(Vec::new()));
    let log = told.clone();
    let tell = move |kind, json: &str| log.lock().unwrap().push((kind, serde_json::from_str(json).unwrap()));
    (told, Setting::OnEvent(Box::new(tell)))
}

/// Those of one kind so far.
fn of_kind(told: &Told, kind: boomi_auth::EventKind) -> Vec<Value> {
    let told = told.lock().unwrap();
    told.iter().filter(|(other, _)| *other == kind.code()).map(|(_, json)| json.clone()).collect()
}

fn graphql<A: Api>(client: &A::Client) -> A::Response {
    let mut request = A::request("POST", "/graphql").unwrap();
    A::set_body(&mut request, br#"{"query":"{ organizations { id } }"}"#);
    A::send(client, &request, None).unwrap_or_else(|failure| panic!("{failure:?}"))
}

fn a_token_is_kept_and_shared_by_all<A: Api>() {
    let boomi = Emulator::start();
    let (told, tell) = events();
    let client = client::<A>(of(&boomi), [by_password(REGULAR), tell]);
    let (one, other) = (provider::<A>(&client), A::token_provider(&client, Some(ACCOUNT)).ok().unwrap());
    let first = token::<A>(&one, 0);
    assert_eq!((jwt::<A>(&one), jwt::<A>(&other)), (first.jwt(), first.jwt()));
    // The client's own requests have it too.
    graphql::<A>(&client).check().unwrap();
    let url = format!("{}/graphql", boomi.base_url());
    let authorization = A::authorize(&client, Jwt, &url, None).ok().unwrap();
    assert_eq!(authorization.headers()[0].1, first.header());
    assert_eq!(exchanges(&boomi), 1);
    let refreshed = of_kind(&told, TokenRefreshed);
    assert_eq!(refreshed.len(), 1, "{refreshed:?}");
    assert_eq!(refreshed[0]["event"], "token_refreshed");
    assert_eq!((&refreshed[0]["account_id"], &refreshed[0]["generation"]), (&ACCOUNT.into(), &1.into()));
    assert_eq!(refreshed[0]["expires_at"], first.expires_at());

    let elsewhere = A::token_provider(&client, Some(SUB_ACCOUNT)).ok().unwrap();
    assert_eq!(token::<A>(&elsewhere, 0).account_id(), SUB_ACCOUNT);
    // One that is asked for by itself is nobody else's.
    assert_ne!(A::generate_jwt(&client, None, None).unwrap().jwt(), first.jwt());
    assert_eq!(jwt::<A>(&one), first.jwt());
    assert_eq!(exchanges(&boomi), 3);
}

fn callers_at_once_share_one_exchange<A: Api>() {
    let boomi = Emulator::start();
    let provider = provider::<A>(&regular::<A>(&boomi));
    let barrier = Arc::new(Barrier::new(8));
    let threads: Vec<_> = (0..8)
        .map(|_| {
            let (provider, barrier) = (provider.clone(), barrier.clone());
            std::thread::spawn(move || {
                barrier.wait();
                jwt::<A>(&provider)
            })
        })
        .collect();
    let mut jwts: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    jwts.dedup();
    assert_eq!((jwts.len(), exchanges(&boomi)), (1, 1));
}

fn a_refresh_gives_a_new_token<A: Api>() {
    let boomi = Emulator::start();
    let provider = provider::<A>(&regular::<A>(&boomi));
    A::refresh(&provider, None).unwrap();
    let first = jwt::<A>(&provider);
    assert_eq!(exchanges(&boomi), 1);
    A::refresh(&provider, None).unwrap();
    assert_ne!(jwt::<A>(&provider), first);
    assert_eq!(exchanges(&boomi), 2);
}

/// A server that hands out JWTs slowly, and counts them. It ends when the other end of the channel does.
fn slow_server() -> (String, Arc<AtomicUsize>, Sender<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (count, (running, ended)) = (Arc::new(AtomicUsize::new(0)), mpsc::channel());
    let asked = count.clone();
    std::thread::spawn(move || {
        let answer = |mut socket: TcpStream| {
            let (mut head, mut byte) = (Vec::new(), [0]);
            while !head.ends_with(b"\r\n\r\n") {
                // A connection that ends early was a caller's who went away.
                let Ok(1) = socket.read(&mut byte) else { return };
                head.push(byte[0]);
            }
            let number = asked.fetch_add(1, Ordering::SeqCst);
            // Long enough for all who came at once to see that somebody asks already.
            let _ = ended.recv_timeout(Duration::from_millis(500));
            let jwt = format!("eyJhIjoxfQ.e30.{number:04}");
            let head = format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", jwt.len());
            let _ = socket.write_all(format!("{head}{jwt}").as_bytes());
        };
        listener.incoming().flatten().for_each(answer);
    });
    (url, count, running)
}

fn refreshes_at_once_join_one_exchange<A: Api>() {
    let (url, asked, _running) = slow_server();
    let provider = provider::<A>(&client::<A>(at(&url), [by_password(REGULAR)]));
    let first = jwt::<A>(&provider);
    let barrier = Arc::new(Barrier::new(4));
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let (provider, barrier) = (provider.clone(), barrier.clone());
            std::thread::spawn(move || {
                barrier.wait();
                A::refresh(&provider, None).unwrap();
                jwt::<A>(&provider)
            })
        })
        .collect();
    let mut jwts: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    jwts.dedup();
    assert_eq!((jwts.len(), asked.load(Ordering::SeqCst)), (1, 2));
    assert_ne!(jwts[0], first);
}

fn a_refresh_that_fails_leaves_the_token<A: Api>() {
    let boomi = Emulator::start();
    let (told, tell) = events();
    let provider = provider::<A>(&client::<A>(of(&boomi), [by_password(REGULAR), tell]));
    let first = jwt::<A>(&provider);
    boomi.answer_next(Scripted::new(500, "text/plain", "").on("/auth/"));
    let failure = failure(A::refresh(&provider, None));
    failure.assert(HttpStatus, &["500"]);
    assert!(failure.retryable && failure.sent, "{failure:?}");
    assert_eq!(jwt::<A>(&provider), first);
    let failed = of_kind(&told, RefreshFailed);
    assert_eq!(failed.len(), 1, "{failed:?}");
    assert_eq!((&failed[0]["code"], &failed[0]["status"]), (&HttpStatus.code().into(), &500.into()));
    assert_eq!(description::<A>(&provider)["last_error"], HttpStatus.code());
}

fn an_invalid_token_is_replaced_and_others_are_not<A: Api>() {
    let boomi = Emulator::start();
    let (ours, theirs) = (regular::<A>(&boomi), regular::<A>(&boomi));
    let (one, foreign) = (provider::<A>(&ours), provider::<A>(&theirs));
    let elsewhere = A::token_provider(&ours, Some(SUB_ACCOUNT)).ok().unwrap();
    let old = token::<A>(&one, 0);
    A::refresh(&one, None).unwrap();
    let kept = token::<A>(&one, 0);
    let generated = A::generate_jwt(&ours, None, None).unwrap();
    let others = [old, token::<A>(&foreign, 0), token::<A>(&elsewhere, 0), generated];
    let before = exchanges(&boomi);
    for other in &others {
        A::invalidate(&one, other);
        assert_eq!(jwt::<A>(&one), kept.jwt());
    }
    assert_eq!(exchanges(&boomi), before);

    A::invalidate(&one, &kept);
    assert_eq!(exchanges(&boomi), before, "to say so is no I/O");
    let new = jwt::<A>(&one);
    assert!(new != kept.jwt() && exchanges(&boomi) == before + 1);
    A::invalidate(&one, &kept);
    assert_eq!(jwt::<A>(&one), new);
    assert_eq!((jwt::<A>(&foreign), jwt::<A>(&elsewhere)), (others[1].jwt(), others[2].jwt()));
    assert_eq!(exchanges(&boomi), before + 1);
}

fn a_token_with_enough_left_is_handed_out<A: Api>() {
    let boomi = Emulator::start();
    // An issuer that gives the same JWT for a while: it has 50 of its 100 s left on arrival.
    boomi.set_jwt(JwtOptions { lifetime_s: 100, same_for_s: 1000, ..JwtOptions::default() });
    let first = A::generate_jwt(&regular::<A>(&boomi), None, None).unwrap();
    boomi.advance_clock(50);
    let provider = provider::<A>(&regular::<A>(&boomi));
    for min_validity_s in [0, 1, 25] {
        assert_eq!(token::<A>(&provider, min_validity_s).jwt(), first.jwt());
        assert_eq!(exchanges(&boomi), 2);
    }
    boomi.set_jwt(JwtOptions { lifetime_s: 100, ..JwtOptions::default() });
    A::refresh(&provider, None).unwrap();
    let new = token::<A>(&provider, 0);
    assert_ne!(new.jwt(), first.jwt());
    // More than 0.6 of its life is not waited for.
    for min_validity_s in [30, 60, 61, 300, u32::MAX] {
        assert_eq!(token::<A>(&provider, min_validity_s).jwt(), new.jwt());
    }
    assert_eq!(exchanges(&boomi), 3);
}

fn a_refused_jwt_is_replaced_and_the_request_sent_again<A: Api>() {
    let boomi = Emulator::start();
    let (told, tell) = events();
    let client = client::<A>(of(&boomi), [by_password(REGULAR), tell]);
    let provider = provider::<A>(&client);
    let first = jwt::<A>(&provider);
    boomi.answer_next(Scripted::new(401, "text/plain", "").on("/graphql"));
    let response = graphql::<A>(&client);
    response.check().unwrap();
    assert_eq!((response.status(), response.attempts()), (200, 2));
    assert!(jwt::<A>(&provider) != first && exchanges(&boomi) == 2);
    let refused = of_kind(&told, TokenRefused);
    assert_eq!(refused.len(), 1, "{refused:?}");
    assert_eq!((&refused[0]["account_id"], &refused[0]["status"]), (&ACCOUNT.into(), &401.into()));
    assert_eq!(description::<A>(&provider)["refused"], 1);
    // Says nothing about the credentials.
    assert!(told.lock().unwrap().iter().all(|(_, json)| json["event"] != "sign_in_rejected"));
}

fn another_library_is_told_to_send_again_with_a_new_jwt<A: Api>() {
    let boomi = Emulator::start();
    let client = regular::<A>(&boomi);
    let url = format!("{}/graphql", boomi.base_url());
    let authorize = || A::authorize(&client, Jwt, &url, None).ok().unwrap();
    let mut good = authorize();
    assert!(!good.observe(200, b"").unwrap());
    let mut refused = authorize();
    assert_eq!(refused.headers(), good.headers());
    assert!(refused.observe(401, b"").unwrap());
    let new = authorize();
    assert_ne!(new.headers(), good.headers());
    // A 403 is about what the user may do.
    assert!(!authorize().observe(403, b"").unwrap());
    assert_eq!(authorize().headers(), new.headers());
    assert_eq!(exchanges(&boomi), 2);
}

fn a_description_has_times_and_counters_and_no_secret<A: Api>() {
    let boomi = Emulator::start();
    let provider = provider::<A>(&regular::<A>(&boomi));
    let counters = ["exchanges", "joins", "stale_served", "refused", "held"];
    let before = description::<A>(&provider);
    assert_eq!(
        (&before["account_id"], &before["generation"], &before["last_error"]),
        (&ACCOUNT.into(), &0.into(), &0.into())
    );
    for time in ["issued_at", "expires_at", "next_refresh_at"] {
        assert_eq!(before.get(time), Some(&Value::Null), "{time}");
    }
    for counter in counters {
        assert_eq!(before[counter], 0, "{counter}");
    }

    let token = token::<A>(&provider, 0);
    let text = A::describe_provider(&provider);
    let after = description::<A>(&provider);
    assert_eq!((&after["generation"], &after["exchanges"]), (&1.into(), &1.into()));
    assert_eq!((&after["issued_at"], &after["expires_at"]), (&token.issued_at().into(), &token.expires_at().into()));
    let next = after["next_refresh_at"].as_i64().unwrap();
    assert!(token.issued_at() < next && next < token.expires_at(), "{text}");
    for hidden in [token.jwt().as_str(), token.jwt().rsplit('.').next().unwrap(), REGULAR.password, "Bearer", "eyJ"] {
        assert!(!text.contains(hidden), "{text}");
    }
    A::refresh(&provider, None).unwrap();
    let refreshed = description::<A>(&provider);
    assert_eq!((&refreshed["generation"], &refreshed["exchanges"]), (&2.into(), &2.into()));
    assert_eq!(exchanges(&boomi), 2, "to describe is no I/O");
}

fn another_client_sends_the_token_of_a_provider<A: Api>() {
    let (boomi, elsewhere) = (Emulator::start(), Emulator::start());
    let platform = regular::<A>(&boomi);
    let provider = provider::<A>(&platform);
    // It has no credentials of its own.
    let client = client::<A>(of(&elsewhere), [Setting::provider::<A>(&provider)]);
    drop(platform);
    let sent = |scheme: AuthScheme| {
        let mut request = A::request("GET", DEPLOYMENT).unwrap();
        A::set_auth(&mut request, scheme);
        A::send(&client, &request, None).map(|response| response.status())
    };
    for scheme in [Auto, Jwt] {
        assert_eq!(sent(scheme).unwrap(), 200);
        assert_eq!(elsewhere.log().pop().unwrap().scheme.as_deref(), Some("Bearer"));
    }
    failure(sent(Basic)).assert_unsent(Config, &["BOOMI_API_TOKEN"]);
    let url = format!("{}/api/rest/v1/{ACCOUNT}/Deployment/documentId-321", elsewhere.base_url());
    let header = token::<A>(&provider, 0).header();
    drop(provider);
    for scheme in [Auto, Jwt] {
        let authorization = A::authorize(&client, scheme, &url, None).ok().unwrap();
        assert_eq!(authorization.headers(), [("authorization".to_owned(), header.clone())]);
    }
    assert_invalid(A::authorize(&client, Auto, boomi.base_url(), None), "");
    assert_eq!((exchanges(&boomi), exchanges(&elsewhere)), (1, 0));
    // Its own JWT is the provider's as well.
    let refused = Scripted::new(401, "text/plain", "").on("/api/");
    elsewhere.answer_next(refused);
    assert_eq!(sent(Auto).unwrap(), 200);
    assert_eq!((exchanges(&boomi), exchanges(&elsewhere)), (2, 0));
}

fn everything_may_be_dropped_in_any_order<A: Api>() {
    let (boomi, elsewhere) = (Emulator::start(), Emulator::start());
    for first in 0..4 {
        let platform = regular::<A>(&boomi);
        let provider = provider::<A>(&platform);
        let user = client::<A>(of(&elsewhere), [Setting::provider::<A>(&provider)]);
        let token = token::<A>(&provider, 0);
        let (mut platform, mut provider, mut user, mut token) =
            (Some(platform), Some(provider), Some(user), Some(token));
        for step in 0..4 {
            match (first + step) % 4 {
                0 => drop(platform.take()),
                1 => drop(provider.take()),
                2 => drop(user.take()),
                _ => drop(token.take()),
            }
            if let Some(token) = &token {
                assert_eq!(token.header(), format!("Bearer {}", token.jwt()));
            }
            if let Some(provider) = &provider {
                assert_eq!(token.as_ref().map_or_else(|| jwt::<A>(provider), Token::jwt), jwt::<A>(provider));
            }
            if let Some(user) = &user {
                assert_eq!(get::<A>(user, DEPLOYMENT).unwrap().status(), 200);
                assert_eq!(elsewhere.log().pop().unwrap().scheme.as_deref(), Some("Bearer"));
            }
        }
    }
}

fn a_call_limits_a_provider_too<A: Api>() {
    let boomi = Emulator::start();
    let provider = provider::<A>(&regular::<A>(&boomi));
    let mut bad = A::call();
    assert_invalid(A::set_timeout_ms(&mut bad, 0), "timeout");
    let canceled = A::call();
    A::cancel_call(&canceled);
    // As well when nothing has to be asked.
    for _ in 0..2 {
        assert_invalid(A::get_token(&provider, 0, Some(&bad)), "timeout");
        assert_invalid(A::refresh(&provider, Some(&bad)), "timeout");
        failure(A::get_token(&provider, 0, Some(&canceled))).assert_unsent(Canceled, &[]);
        failure(A::refresh(&provider, Some(&canceled))).assert_unsent(Canceled, &[]);
        let mut good = A::call();
        A::set_timeout_ms(&mut good, 60_000).unwrap();
        A::get_token(&provider, 0, Some(&good)).unwrap();
    }
    assert_eq!(exchanges(&boomi), 1);
}

fn a_provider_needs_an_account<A: Api>() {
    let settings = vec![by_password(REGULAR), Setting::BaseUrl("https://localhost:1".into())];
    let client = client::<A>(settings, [Setting::Proxy(String::new())]);
    let page = "Settings > User Information > Account Information";
    failure(A::token_provider(&client, None)).assert_unsent(Config, &["BOOMI_ACCOUNT_ID", page]);
    for (bad, words) in [("", "empty"), ("a\nb", "control character"), ("..", "relative")] {
        assert_invalid(A::token_provider(&client, Some(bad)), words);
    }
    // No I/O: nobody is there.
    A::token_provider(&client, Some(ACCOUNT)).ok().unwrap();
}

fn the_guard_holds_until_it_is_reset<A: Api>() {
    let boomi = Emulator::start();
    let (told, tell) = events();
    let wrong = || Setting::Credentials(Password, REGULAR.name, "wrong");
    let client = client::<A>(of(&boomi), [wrong(), Setting::MaxSignInsInFlight(1), tell]);
    let provider = provider::<A>(&client);
    failure(A::generate_jwt(&client, None, None)).assert(CredentialsRejected, &[]);
    // Every way to sign in is held, for a minute at first.
    for held in [
        failure(A::generate_jwt(&client, None, None)),
        failure(A::get_token(&provider, 0, None)),
        failure(get::<A>(&client, AUDIT_LOG)),
        failure(A::authorize(&client, Basic, boomi.base_url(), None)),
        failure(A::generate_jwt(&crate::support::client::<A>(of(&boomi), [wrong()]), None, None)),
    ] {
        held.assert_unsent(Held, &[]);
        assert!((30_000..=60_000).contains(&held.retry_after_ms), "{held:?}");
    }
    assert_eq!(boomi.log().len(), 1);
    let held = of_kind(&told, SignInHeld);
    assert!(!held.is_empty() && held.iter().all(|event| event["waits"] == json!(false)), "{held:?}");

    // A reset lets one through; its rejection shuts the guard for good.
    A::reset_guard(&client);
    failure(A::generate_jwt(&client, None, None)).assert(CredentialsRejected, &[]);
    let shut = failure(A::generate_jwt(&client, None, None));
    shut.assert_unsent(Held, &["reset of the guard"]);
    assert!(shut.retry_after_ms == -1 && !shut.retryable, "{shut:?}");
    assert_eq!(boomi.log().len(), 2);

    // Other credentials are not held, and neither is the user locked.
    A::generate_jwt(&regular::<A>(&boomi), None, None).unwrap();
    A::reset_guard(&client);
    boomi.set_password(REGULAR.name, "wrong");
    A::generate_jwt(&client, None, None).unwrap();
}

fn a_state_directory_that_is_not_usable_fails_no_call<A: Api>() {
    let boomi = Emulator::start();
    let (told, tell) = events();
    let nowhere = Setting::StateDir("/proc/no/such/directory".into());
    let client = client::<A>(of(&boomi), [by_password(REGULAR), nowhere, tell]);
    A::generate_jwt(&client, None, None).unwrap();
    let unavailable = of_kind(&told, StateUnavailable);
    assert!(!unavailable.is_empty());
    assert_eq!(unavailable[0]["path"].as_str().map(|path| path.starts_with("/proc/no")), Some(true));
}
