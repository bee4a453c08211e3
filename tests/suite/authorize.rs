//! Headers for other HTTP libraries: to whom they are given, which they are, and what their answer teaches.

use std::sync::{Arc, Mutex};

use boomi_auth::AuthScheme::{self, Auto, Basic, Jwt, None as NoScheme};
use boomi_auth::CredentialKind::{ApiToken, Password};
use boomi_auth::ErrorKind::{Canceled, Config, InvalidArgument};
use boomi_emulator::Emulator;
use boomi_emulator::users::{REGULAR, TWOFA, TWOFA_SECRET};

use crate::api::{Api, Authorization, Given, Setting};
use crate::run_twice;
use crate::support::{assert_invalid, at, by_password, by_token, client, failure, of, regular};

run_twice!(
    basic_is_one_header_and_with_a_code_two,
    a_jwt_is_made_once_and_kept,
    the_path_chooses_the_scheme,
    without_a_scheme_there_is_no_header,
    no_header_is_given_for_another_origin,
    a_verdict_makes_credentials_be_asked_for_again,
    what_is_withdrawn_counts_as_nothing,
    a_code_that_was_sent_is_not_given_again,
    what_fails_gives_no_header,
);

/// The headers of a request that is then answered well.
fn headers<A: Api>(client: &A::Client, scheme: AuthScheme, url: &str) -> Vec<(String, String)> {
    match A::authorize(client, scheme, url, None) {
        Ok(mut authorization) => {
            assert!(!authorization.observe(200, b"").unwrap());
            authorization.headers()
        }
        Err(failure) => panic!("{failure:?}"),
    }
}

fn names(headers: &[(String, String)]) -> Vec<&str> {
    headers.iter().map(|(name, _)| name.as_str()).collect()
}

fn basic_is_one_header_and_with_a_code_two<A: Api>() {
    // Before its first code a client asks for the server's time, so there is one.
    let boomi = Emulator::start();
    let url = &format!("{}/api/rest/v1/account123/AuditLog/documentId-321", boomi.base_url());
    let us = || of(&boomi);
    let token = headers::<A>(&client::<A>(us(), [by_token(REGULAR)]), Basic, url);
    let value = A::auth_header(ApiToken, REGULAR.name, REGULAR.token).unwrap();
    assert_eq!(token, [("authorization".to_owned(), value)]);

    let otp = || Setting::OtpSecret(TWOFA_SECRET.into());
    let with_code = headers::<A>(&client::<A>(us(), [by_password(TWOFA), otp()]), Basic, url);
    assert_eq!(names(&with_code), ["authorization", "x-boomi-otp"]);
    assert_eq!(with_code[0].1, A::auth_header(Password, TWOFA.name, TWOFA.password).unwrap());
    assert!(with_code[1].1.len() == 6 && with_code[1].1.bytes().all(|digit| digit.is_ascii_digit()));

    // A token needs no code, and so gets none.
    assert_eq!(names(&headers::<A>(&client::<A>(us(), [by_token(TWOFA), otp()]), Basic, url)), ["authorization"]);

    let typed = client::<A>(us(), [by_password(TWOFA)]);
    let mut call = A::call();
    A::set_otp(&mut call, "287082").unwrap();
    let mut authorization = A::authorize(&typed, Basic, url, Some(&call)).ok().unwrap();
    assert_eq!(authorization.headers()[1], ("x-boomi-otp".into(), "287082".into()));
    authorization.observe(200, b"").unwrap();
}

fn a_jwt_is_made_once_and_kept<A: Api>() {
    let boomi = Emulator::start();
    let client = regular::<A>(&boomi);
    let url = format!("{}/graphql", boomi.base_url());
    let [first, second] = [(); 2].map(|()| headers::<A>(&client, Jwt, &url));
    assert_eq!(first, second);
    assert_eq!(names(&first), ["authorization"]);
    assert!(first[0].1.starts_with("Bearer eyJ"));
    let log = boomi.log();
    assert_eq!(log.len(), 1, "{log:?}");
    assert_eq!(log[0].path, "/auth/jwt/generate/account123");
}

fn the_path_chooses_the_scheme<A: Api>() {
    let boomi = Emulator::start();
    let client = regular::<A>(&boomi);
    let base = boomi.base_url();
    for (path, scheme) in [
        ("/graphql", "Bearer "),
        ("/graphql/", "Bearer "),
        ("/graphql?x=y", "Bearer "),
        ("/api/rest/v1/account123/AuditLog/query", "Basic "),
        ("/graphql/x", "Basic "),
        ("", "Basic "),
        ("?path=/graphql", "Basic "),
    ] {
        let headers = headers::<A>(&client, Auto, &format!("{base}{path}"));
        assert!(headers[0].1.starts_with(scheme), "{path}");
    }
}

fn without_a_scheme_there_is_no_header<A: Api>() {
    let boomi = Emulator::start();
    assert!(headers::<A>(&regular::<A>(&boomi), NoScheme, boomi.base_url()).is_empty());
    assert!(boomi.log().is_empty());
}

/// Every one of these is, to somebody, on another host than api.boomi.com, or might be.
const ELSEWHERE: [&str; 36] = [
    "",
    "/api",
    "api",
    "//api.boomi.com/",
    "//evil.example/",
    "http://api.boomi.com/",
    "http://api.boomi.com:443/",
    "ftp://api.boomi.com/",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "https://api.boomi.com:444/",
    "https://api.boomi.com:80/",
    "https://api.boomi.com:0443x/",
    "https://api.boomi.com:65979/",
    "https://api.boomi.com.evil.example/",
    "https://evil.example/https://api.boomi.com/",
    "https://evil.example/?https://api.boomi.com/",
    "https://evil.example?@api.boomi.com/",
    "https://evil.example#@api.boomi.com/",
    "https://evil.example\\@api.boomi.com/",
    "https://api.boomi.com\\.evil.example/",
    "https://api.boomi.com@evil.example/",
    "https://user:pass@api.boomi.com/",
    "https://@api.boomi.com/",
    "https://api.boomi.com%00.evil.example/",
    "https://api.boomi.com%2f@evil.example/",
    "https://api%2eboomi.com/",
    "https://api.boomi.com./",
    "https://api.boomi.com /",
    " https://api.boomi.com/",
    "https://api.boomi.com/\r\nX-Evil: 1",
    "https:/api.boomi.com/",
    "https:api.boomi.com/",
    "https:\\\\api.boomi.com/",
    "https://api\u{3002}boomi\u{3002}com/",
    "https://\u{430}pi.boomi.com/",
];

fn no_header_is_given_for_another_origin<A: Api>() {
    let asked = Arc::new(Mutex::new(0));
    let count = asked.clone();
    let ask = Setting::CredentialsFn(Box::new(move |_| {
        *count.lock().unwrap() += 1;
        Given { kind: Password, username: REGULAR.name, secret: "marked-secret" }
    }));
    let client = client::<A>(at("https://api.boomi.com"), [ask]);
    for url in ELSEWHERE {
        for scheme in [Basic, Jwt, Auto, NoScheme] {
            assert_invalid(A::authorize(&client, scheme, url, None), "");
        }
    }
    assert_eq!(*asked.lock().unwrap(), 0, "nobody was even asked for a secret");
    for url in ["https://api.boomi.com", "HTTPS://API.boomi.com:443/x", "https://api.boomi.com:/?x=//evil.example"] {
        assert_eq!(headers::<A>(&client, Basic, url).len(), 1, "{url}");
    }
}

fn a_verdict_makes_credentials_be_asked_for_again<A: Api>() {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = asked.clone();
    let ask = Setting::CredentialsFn(Box::new(move |rejected| {
        log.lock().unwrap().push(rejected);
        Given { kind: Password, username: REGULAR.name, secret: if rejected { "second" } else { "first" } }
    }));
    let told = Arc::new(Mutex::new(Vec::<String>::new()));
    let events = told.clone();
    let tell = Setting::OnEvent(Box::new(move |_, json| events.lock().unwrap().push(json.to_owned())));
    // The guard knows a user by origin and name, in the whole process: this one has nobody else's rejections.
    let boomi = Emulator::start();
    let (client, url) = (client::<A>(of(&boomi), [ask, tell]), format!("{}/x", boomi.base_url()));
    let authorize = || A::authorize(&client, Basic, &url, None).ok().unwrap();
    let value = |secret| A::auth_header(Password, REGULAR.name, secret).unwrap();

    // Neither a good answer nor one that says nothing of who was asking teaches anything.
    for status in [200, 404, 403, 500] {
        let mut authorization = authorize();
        assert_eq!(authorization.headers()[0].1, value("first"));
        assert!(!authorization.observe(status, b"").unwrap());
    }
    assert_eq!(*asked.lock().unwrap(), [false]);

    // Only the first verdict counts.
    let mut settled = authorize();
    settled.observe(200, b"").unwrap();
    settled.observe(401, b"").unwrap();
    authorize().observe(200, b"").unwrap();
    assert_eq!(*asked.lock().unwrap(), [false]);

    authorize().observe(401, b"").unwrap();
    let mut second = authorize();
    assert_eq!(second.headers()[0].1, value("second"));
    second.observe(200, b"").unwrap();
    assert_eq!(*asked.lock().unwrap(), [false, true]);
    let rejected: Vec<_> = told.lock().unwrap().iter().filter(|json| json.contains("rejected\"")).cloned().collect();
    assert_eq!(rejected.len(), 1, "{rejected:?}");
    assert!(rejected[0].contains("401") && !rejected[0].contains("first"), "{rejected:?}");

    // DataHub says who is refused in the body of a 403.
    let body = br#"<UserMessage id="error.user.login"><Data>Invalid login</Data></UserMessage>"#;
    authorize().observe(403, body).unwrap();
    // The callback gives the same again, which the guard holds.
    A::reset_guard(&client);
    authorize().observe(200, b"").unwrap();
    assert_eq!(*asked.lock().unwrap(), [false, true, true]);
}

fn what_is_withdrawn_counts_as_nothing<A: Api>() {
    let boomi = Emulator::start();
    let (client, url) = (client::<A>(of(&boomi), [by_password(REGULAR)]), format!("{}/x", boomi.base_url()));
    let authorize = || A::authorize(&client, Basic, &url, None).ok().unwrap();
    // Five without an answer are the end; these are ten.
    for _ in 0..10 {
        let mut authorization = authorize();
        authorization.withdraw();
        authorization.withdraw();
    }
    let known = A::describe_guard(&client).unwrap();
    assert!(known.contains(r#""unanswered":0"#) && known.contains(r#""in_flight":0"#), "{known}");

    // What an answer taught stays.
    let mut rejected = authorize();
    rejected.observe(401, b"").unwrap();
    rejected.withdraw();
    assert!(A::describe_guard(&client).unwrap().contains(r#""rejections":1"#));
}

fn a_code_that_was_sent_is_not_given_again<A: Api>() {
    let settings = [by_password(TWOFA), Setting::OtpSecret(TWOFA_SECRET.into()), Setting::TimeoutMs(1000)];
    let boomi = Emulator::start();
    boomi.advance_clock((10 - boomi.now()).rem_euclid(30));
    let (client, url) = (client::<A>(of(&boomi), settings), format!("{}/x", boomi.base_url()));
    A::authorize(&client, Basic, &url, None).ok().unwrap().observe(200, b"").unwrap();
    failure(A::authorize(&client, Basic, &url, None)).assert_unsent(boomi_auth::ErrorKind::Otp, &["was sent before"]);
}

fn what_fails_gives_no_header<A: Api>() {
    let url = "https://api.boomi.com/graphql";
    let without = client::<A>(at("https://api.boomi.com"), []);
    failure(A::authorize(&without, Basic, url, None)).assert_unsent(Config, &["BOOMI_API_TOKEN"]);
    let no_account = vec![Setting::Proxy(String::new()), by_password(REGULAR)];
    let no_account = client::<A>(no_account, []);
    failure(A::authorize(&no_account, Jwt, url, None)).assert_unsent(Config, &["BOOMI_ACCOUNT_ID"]);
    let call = A::call();
    A::cancel_call(&call);
    failure(A::authorize(&no_account, Basic, url, Some(&call))).assert_unsent(Canceled, &[]);
    let mut call = A::call();
    assert_invalid(A::set_otp(&mut call, ""), "one-time code");
    failure(A::authorize(&no_account, Basic, url, Some(&call))).assert_unsent(InvalidArgument, &["one-time code"]);

    let boomi = Emulator::start();
    boomi.set_password(REGULAR.name, "another");
    let rejected = client::<A>(of(&boomi), [by_password(REGULAR)]);
    let failure = failure(A::authorize(&rejected, Jwt, &format!("{}/graphql", boomi.base_url()), None));
    failure.assert(boomi_auth::ErrorKind::CredentialsRejected, &["localhost"]);
    assert_eq!(failure.status, 401);
}
