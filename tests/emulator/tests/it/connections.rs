//! TLS as it should be and as it should not, connections, and the log that tells them apart.

use boomi_emulator::users::*;
use boomi_emulator::{BadTls, Delay, Emulator, InFlight, Options, Outage, OutageKind, Scripted};

use crate::common::{Client, Wire, basic, start_http, until, with_password, with_token};

const RECORD: &str = "/api/rest/v1/account123/AuditLog/documentId-321";

#[test]
fn tls_connection_succeeds_only_if_the_client_trusts_the_ca() {
    let (boomi, other) = (Emulator::start(), Emulator::start());
    assert!(boomi.base_url().starts_with("https://localhost:"));
    assert_eq!(Client::of(&boomi).get("/", &[]).status, 404);
    let by_address = boomi.base_url().replace("localhost", "127.0.0.1");
    assert_eq!(Client::new(&by_address, boomi.ca_pem()).get("/", &[]).status, 404);
    assert!(Client::new(boomi.base_url(), other.ca_pem()).try_get("/", &[]).is_err());
}

#[test]
fn bad_certificates_are_bad_each_in_its_way() {
    let boomi = Emulator::start();
    let errors = BadTls::ALL.map(|kind| {
        let client = Client::new(boomi.bad_tls(kind), boomi.ca_pem());
        client.try_get("/", &[]).err().expect("a refusal by the client").to_string()
    });
    assert!(errors[0].contains("expired"), "{errors:?}");
    assert!(errors[1].contains("example.org"), "{errors:?}");
    assert!(errors[2].contains("UnknownIssuer"), "{errors:?}");
    assert!(boomi.log().is_empty(), "no request came through");
}

#[test]
fn without_tls_it_is_plain_http() {
    let boomi = Emulator::start_with(Options { http: true, bad_tls: false, ..Options::default() }).unwrap();
    assert!(boomi.base_url().starts_with("http://127.0.0.1:"));
    assert_eq!(Client::of(&boomi).get(RECORD, &[("Authorization", &with_token(REGULAR))]).status, 200);
}

#[test]
fn a_taken_port_and_bad_options_are_errors() {
    let boomi = Emulator::start();
    let port = boomi.base_url().rsplit(':').next().unwrap().parse().unwrap();
    assert!(Emulator::start_with(Options { port, ..Options::default() }).is_err());
    let mut options = Options::default();
    options.users[0].otp_secret = Some("not base32!".into());
    assert_eq!(Emulator::start_with(options).unwrap_err().kind(), std::io::ErrorKind::InvalidInput);
}

#[test]
fn a_dropped_emulator_is_gone_even_for_open_connections() {
    fn shared_by_threads<T: Send + Sync>(_: &T) {}
    let boomi = Emulator::start();
    shared_by_threads(&boomi);
    let client = Client::of(&boomi);
    assert_eq!(client.get("/", &[]).status, 404);
    drop(boomi);
    assert!(client.try_get("/", &[]).is_err());
}

#[test]
fn the_log_tells_connections_apart() {
    let boomi = Emulator::start();
    let client = Client::of(&boomi);
    for _ in 0..2 {
        client.get(RECORD, &[]);
        // A body that no route reads costs the connection nothing.
        client.post("/nothing", &[], &"x".repeat(100_000));
    }
    Client::of(&boomi).get(RECORD, &[]);
    let numbers: Vec<u64> = boomi.log().iter().map(|entry| entry.connection).collect();
    assert_eq!(numbers[..4], [numbers[0]; 4]);
    assert_ne!(numbers[4], numbers[0]);
}

#[test]
fn the_log_says_what_came_and_no_secret() {
    let boomi = Emulator::start();
    let client = Client::of(&boomi);
    client.get(
        "/auth/jwt/generate/account123?x=%20",
        &[
            ("Authorization", &with_password(TWOFA)),
            ("X-Boomi-OTP", "123456"),
            ("User-Agent", "test/1"),
            ("Accept", "text/plain"),
        ],
    );
    client.get(RECORD, &[("Authorization", &with_token(REGULAR))]);
    client.get(RECORD, &[("Authorization", &with_token(REGULAR))]);
    client.post("/graphql", &[("Authorization", "Bearer secret.of.mine"), ("Content-Type", "application/json")], "{}");
    let log = boomi.log();
    let first = &log[0];
    assert_eq!((first.method.as_str(), first.status), ("GET", 401));
    assert_eq!(first.path, "/auth/jwt/generate/account123?x=%20");
    assert_eq!(first.scheme.as_deref(), Some("Basic"));
    assert_eq!(first.user.as_deref(), Some(TWOFA.name));
    assert!(first.otp && !log[1].otp);
    assert_eq!(first.user_agent.as_deref(), Some("test/1"));
    assert_eq!(first.accept.as_deref(), Some("text/plain"));
    assert_eq!(first.host.as_deref(), boomi.base_url().strip_prefix("https://"));
    for name in ["authorization", "x-boomi-otp", "host"] {
        assert!(first.headers.iter().any(|header| header == name), "{name}");
    }
    assert_eq!(log[1].user.as_deref(), Some("BOOMI_TOKEN.user@example.com"));
    assert_eq!(log[1].authorization_id, log[2].authorization_id);
    assert_ne!(log[1].authorization_id, log[0].authorization_id);
    assert_eq!((log[3].scheme.as_deref(), log[3].user.as_deref()), (Some("Bearer"), None));
    assert_eq!(log[3].content_type.as_deref(), Some("application/json"));
    let text = serde_json::to_string(&log).unwrap();
    for secret in [TWOFA.password, REGULAR.token, "123456", "secret.of.mine", &basic(TWOFA.name, TWOFA.password)[6..]] {
        assert!(!text.contains(secret), "{secret}");
    }
    boomi.clear_log();
    assert!(boomi.log().is_empty());
}

#[test]
fn the_log_says_when_it_came_and_to_which_account() {
    let boomi = Emulator::start();
    let client = Client::of(&boomi);
    until(&boomi, "time passes", || boomi.at_ms() > 0);
    let before = boomi.at_ms();
    client.get("/auth/jwt/generate/a%2Fb", &[]);
    boomi.advance_clock(-1000);
    for path in [
        RECORD,
        "/partner/api/rest/v1/account123/AuditLog/x?overrideAccount=subaccount456",
        "/mdm/api/rest/v1/account123/x/y",
        "/graphql",
        "/nothing",
    ] {
        client.get(path, &[]);
    }
    let log = boomi.log();
    let accounts: Vec<Option<&str>> = log.iter().map(|entry| entry.account.as_deref()).collect();
    let account = Some("account123");
    assert_eq!(accounts, [Some("a/b"), account, account, account, None, None]);
    assert!(log.iter().all(|entry| entry.time == entry.time_ms.div_euclid(1000)));
    assert!(log.iter().any(|entry| entry.time_ms % 1000 != 0));
    assert!(before <= log[0].at_ms && log[5].at_ms <= boomi.at_ms());
    assert!(log.windows(2).all(|pair| pair[0].at_ms <= pair[1].at_ms));
    let (by_clock, by_watch) = (log[1].time_ms - log[0].time_ms, log[1].at_ms - log[0].at_ms);
    assert!((by_clock + 1_000_000 - by_watch as i64).abs() < 500, "{by_clock} {by_watch}");
}

#[test]
fn requests_in_flight_are_counted_by_kind() {
    let boomi = start_http();
    let client = Client::of(&boomi);
    boomi.set_outage(Some(Outage::new(OutageKind::Hang).on("/auth/")));
    let mut wires = [(); 3].map(|()| Wire::to(&boomi));
    for (n, wire) in wires.iter_mut().enumerate() {
        wire.send("/auth/jwt/generate/account123", "");
        until(&boomi, "it arrives", || boomi.log().len() == n + 1);
    }
    assert_eq!(boomi.in_flight("/auth/"), InFlight { now: 3, most: 3 });
    client.get(RECORD, &[]);
    boomi.set_outage(None);
    assert_eq!(wires.each_mut().map(|wire| wire.read().unwrap()), ["", "", ""]);
    client.get("/auth/jwt/generate/account123", &[]);
    assert_eq!(boomi.log().iter().map(|entry| entry.in_flight).collect::<Vec<_>>(), [1, 2, 3, 1, 1]);
    assert_eq!(boomi.in_flight("/auth/jwt/generate/account123"), InFlight { now: 0, most: 3 });
    assert_eq!(boomi.in_flight("/api/"), InFlight { now: 0, most: 1 });
}

#[test]
fn a_reset_forgets_no_request_that_is_in_flight() {
    let boomi = start_http();
    boomi.set_delays(vec![Delay::new(500, 500)]);
    let mut wires = [(); 2].map(|()| Wire::to(&boomi));
    for wire in &mut wires {
        wire.send(RECORD, "");
    }
    assert_eq!(wires.each_mut().map(Wire::status), [401; 2]);
    assert_eq!(boomi.in_flight("/api/"), InFlight { now: 0, most: 2 });
    wires[0].send(RECORD, "");
    until(&boomi, "it arrives", || boomi.log().len() == 3);
    boomi.reset();
    assert_eq!(boomi.in_flight("/api/"), InFlight { now: 1, most: 1 });
    assert_eq!(wires[0].status(), 401);
    assert_eq!(boomi.in_flight("/api/"), InFlight { now: 0, most: 1 });
}

#[test]
fn a_request_that_breaks_off_was_none() {
    let boomi = start_http();
    boomi.answer_next(Scripted::new(500, "", ""));
    let mut wire = Wire::to(&boomi);
    wire.send_raw("POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhalf");
    until(&boomi, "its head arrives", || boomi.in_flight("/graphql").now == 1);
    drop(wire);
    until(&boomi, "it is given up", || boomi.in_flight("/graphql").now == 0);
    assert!(boomi.log().is_empty());
    assert_eq!(Client::of(&boomi).get(RECORD, &[]).status, 500, "the script is still there");
}
