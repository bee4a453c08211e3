//! What arrives from outside, fed with whatever: for the fuzzer (`tests/fuzz`), and for a test that repeats what it once found.

use std::ffi::OsString;
use std::time::Duration;

use ureq::http::{HeaderMap, HeaderValue, header};

use crate::client::{error_body, graphql, pages, response_times, xml};
use crate::clock::Moment;
use crate::credentials::document;
use crate::guard::credential::{LoginKind, Millis, Owner};
use crate::guard::history::{LoginDecision, LoginHistory, LoginOutcome, LoginRequest};
use crate::guard::state_dir::file::{self, FileTime};
use crate::jwt::Token;
use crate::origin::Origin;
use crate::otp::OtpSecret;
use crate::transport::proxy::Proxy;
use crate::transport::tls::read_bundle;
use crate::{Client, HeaderOptions, Request};

/// Does something with bytes. Whatever they are, it does not panic, and no secret is told.
pub type Subject = fn(&[u8]);

/// The subjects by name.
pub const SUBJECTS: &[(&str, Subject)] = &[
    ("jwt", jwt),
    ("answer", answer),
    ("otp", otp),
    ("retry_after", retry_after),
    ("headers", headers),
    ("pem", pem),
    ("environment", environment),
    ("state_file", state_file),
    ("url", url),
    ("document", document_of_a_program),
    #[cfg(feature = "redis")]
    ("store", store),
];

const SECRET: &str = "marked-secret";
const NOW: Moment = Moment { steady: Duration::from_secs(1000), wall: Duration::from_secs(1_800_000_000) };

/// The answer to an exchange, with a Date header or without one.
fn jwt(bytes: &[u8]) {
    let (date, body) = bytes.split_first_chunk::<8>().map_or((None, bytes), |(date, body)| (Some(*date), body));
    for date in [None, date.map(u64::from_le_bytes), Some(NOW.wall.as_secs())] {
        match Token::read(body, "account123", date, NOW) {
            Ok(token) => {
                assert!(!token.jwt().is_empty() && token.jwt().bytes().all(|byte| byte.is_ascii_graphic()));
                assert!(token.remaining(NOW) > Duration::ZERO && token.remaining(NOW) <= token.lifetime());
                assert!(token.expires_at() >= token.issued_at());
            }
            Err(error) => assert_line(error.message()),
        }
    }
}

/// The body of an answer: an error of any shape, GraphQL, a page of a query.
fn answer(bytes: &[u8]) {
    let secrets: &[&[u8]] = &[SECRET.as_bytes()];
    let error_body = error_body::read(bytes, secrets);
    if let Some(text) = error_body.message {
        assert_line(&text);
    }
    if let Some((text, _)) = error_body::graphql_errors(bytes, secrets) {
        assert_line(&text);
    }
    let _ = pages::read(bytes);
    let _ = xml::find(bytes, &["/message", "token", "element@attribute"]);
    let _ = xml::root_attribute(bytes, "statusCode");
    let _ = std::str::from_utf8(bytes).map(graphql::only_reads);
}

/// A login history's file.
fn state_file(bytes: &[u8]) {
    let Ok(mut state) = file::parse(bytes) else { return };
    let now = FileTime { boot: "a boot".into(), steady_ms: (1 << 40) + 1_000_000, wall_ms: 1_800_000_000_000 };
    state.bring_to(now.clone());
    use_history(&mut state.history, now.steady_ms);
    assert!(file::parse(state.text().as_bytes()).is_ok());
}

/// A login history in the store, and the store's URL.
#[cfg(feature = "redis")]
fn store(bytes: &[u8]) {
    use crate::store::guard_state::Entry;
    if let Ok(mut entry) = Entry::parse(bytes) {
        let now = 1_800_000_000_000;
        entry.bring_to(now);
        entry.history.expire_by_age(now);
        use_history(&mut entry.history, now);
        assert!(Entry::parse(entry.text().as_bytes()).is_ok());
    }
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Err(error) = crate::store::at(text)
    {
        assert!(!error.message().contains(SECRET));
    }
}

/// Uses a login history from outside like any other.
fn use_history(history: &mut LoginHistory, now: Millis) {
    let outcomes = [
        LoginOutcome::Accepted,
        LoginOutcome::Rejected,
        LoginOutcome::Unanswered,
        LoginOutcome::Neutral,
        LoginOutcome::NotSent,
        LoginOutcome::Accepted,
    ];
    for (id, outcome) in (1..).zip(outcomes) {
        for kind in [LoginKind::TokenRequest, LoginKind::Basic] {
            let ask = LoginRequest { tag: 1, kind, route: 1, foreign: false, most_in_flight: 3 };
            let decision = history.decide(&ask, now);
            if let LoginDecision::WaitUntil(until, _) | LoginDecision::Held(Some(until), _) = decision {
                assert!(until > now);
            }
            history.take(&ask, id, Owner::default(), now);
            history.settle(id, outcome, now);
        }
        history.begin_probe(now);
        history.end_probe(id % 2 == 0, now);
    }
    let _ = history.is_idle(now / 1000);
}

fn otp(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(secret) = OtpSecret::parse(text) {
        for time in [0, NOW.wall.as_secs(), u64::MAX] {
            let code = secret.code(secret.step(time));
            assert!(
                (6..=10).contains(&code.expose().len()) && code.expose().bytes().all(|digit| digit.is_ascii_digit())
            );
        }
    }
}

/// Retry-After, and Date after a NUL.
fn retry_after(bytes: &[u8]) {
    let mut values = bytes.split(|byte| *byte == 0).map(HeaderValue::from_bytes);
    let mut headers = HeaderMap::new();
    for name in [header::RETRY_AFTER, header::DATE] {
        if let Some(Ok(value)) = values.next() {
            let _ = response_times::date_seconds(&value);
            headers.insert(name, value);
        }
    }
    let _ = response_times::retry_after(&headers, || NOW.wall);
}

/// A caller's header, and a query: names and values by turns, with a NUL between.
fn headers(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let mut request = Request::new("GET", "/api").expect("a good request");
    let mut parts = text.split('\0');
    while let (Some(name), Some(value)) = (parts.next(), parts.next()) {
        for options in [HeaderOptions::default(), HeaderOptions { secret: true, ..HeaderOptions::default() }] {
            if request.set_header(name, value, options).is_ok() {
                assert!(!name.contains(['\r', '\n', ':', ' ']) && !value.contains(['\r', '\n']));
            }
        }
        let _ = request.add_query(name, value);
    }
}

fn pem(bytes: &[u8]) {
    if let Ok(bundle) = read_bundle(bytes) {
        assert!(!bundle.certificates.is_empty());
    }
}

/// Lines of NAME=value. Files are not read, no store is connected to, and what is marked is in variables for secrets alone, in no case of
/// letters elsewhere: the name of a host is told in small ones.
fn environment(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let value = |name: &str| {
        let is_left_out = name.contains("FILE") || name == "BOOMI_STORE";
        let line = text.lines().filter(|_| !is_left_out).find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        let is_for_secrets = name.contains("PASSWORD") || name.contains("TOKEN") || name.contains("SECRET");
        line.filter(|value| is_for_secrets || !value.to_ascii_lowercase().contains(SECRET)).map(OsString::from)
    };
    match Client::builder().proxy("").load_variables(value).build() {
        Ok(client) => assert!(!client.describe().contains(SECRET)),
        Err(error) => assert_line(error.message()),
    }
}

/// A base URL, and after a line's end what is asked there: it is there, whoever reads it.
fn url(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let (base, path) = text.split_once('\n').unwrap_or((text, "/"));
    let _ = Proxy::parse(base, "a test").map(|proxy| assert!(!format!("{proxy:?}").contains(SECRET)));
    if let Ok(origin) = Origin::parse_base(base)
        && let Ok(uri) = origin.resolve(path, Some("account 1/2"))
    {
        assert!(origin.covers(&uri));
        let read_again = Origin::of_authority(origin.is_https(), uri.authority().expect("of an absolute URL").as_str());
        assert!(read_again.is_ok_and(|again| again == origin));
    }
}

/// What a credential program prints.
fn document_of_a_program(bytes: &[u8]) {
    for username in [None, Some("user@example.com")] {
        if let Err(error) = document::read(bytes, username) {
            assert_line(error.message());
        }
    }
}

/// A text for people: one line of a bearable length, without what is secret.
fn assert_line(text: &str) {
    assert!(!text.contains(SECRET) && !text.contains(char::is_control) && text.len() < 4096, "{text:?}");
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the fuzzer found, and what it began with: `tests/fuzz/corpus/SUBJECT`.
    #[test]
    fn the_corpora_are_survived() {
        let corpora = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus");
        for (name, subject) in SUBJECTS {
            let files: Vec<_> = std::fs::read_dir(corpora.join(name)).expect(name).collect();
            assert!(!files.is_empty(), "{name}");
            for file in files {
                subject(&std::fs::read(file.unwrap().path()).unwrap());
            }
        }
    }
}
