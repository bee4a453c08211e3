//! Answers: what each status and each shape of Boomi's errors becomes.

use boomi_auth::ErrorKind::{self, *};
use boomi_auth::{AuthScheme, CredentialKind};
use boomi_emulator::users::REGULAR;
use boomi_emulator::{Emulator, ErrorShape, Scripted};

use crate::api::{Api, Failure, Header, Response, Setting};
use crate::run_twice;
use crate::support::{AUDIT_LOG, by_password, client, failure, get, of, once, regular};

run_twice!(
    each_status_has_its_kind,
    each_error_shape_gives_its_message,
    errors_of_graphql_count_in_a_200,
    redirects_are_answers,
    a_web_page_is_an_answer_to_a_request,
    retry_after_is_told_as_seconds_or_a_date,
    a_larger_answer_than_allowed_is_an_error,
    an_echoed_secret_is_cut_out,
);

/// The failure that a JWT exchange and a checked answer make of the next answer. They must be alike.
fn both_ways<A: Api>(boomi: &Emulator, client: &A::Client, scripted: Scripted) -> Failure {
    boomi.answer_next(scripted.times(2));
    // Some of these are rejections, after which the guard holds back.
    A::reset_guard(client);
    let exchange = failure(A::generate_jwt(client, None, None));
    A::reset_guard(client);
    let response = get::<A>(client, AUDIT_LOG).unwrap();
    assert_eq!(response.status(), exchange.status);
    let checked = response.check().unwrap_err();
    assert_eq!(checked, exchange);
    assert_eq!((response.retry_after_ms(), response.attempts()), (checked.retry_after_ms, 1));
    checked
}

fn each_status_has_its_kind<A: Api>() {
    let boomi = Emulator::start_unlimited();
    let client = once::<A>(&boomi);
    let cases: [(u16, ErrorKind, bool); 11] = [
        (400, HttpStatus, false),
        (401, CredentialsRejected, false),
        (403, PermissionDenied, false),
        (404, HttpStatus, false),
        (408, HttpStatus, true),
        (410, HttpStatus, false),
        (429, RateLimited, true),
        (500, HttpStatus, true),
        (502, HttpStatus, true),
        (503, RateLimited, true),
        (302, HttpStatus, false),
    ];
    for (status, kind, retryable) in cases {
        let failure = both_ways::<A>(&boomi, &client, Scripted::new(status, "text/plain", "").header("X-A", "1"));
        failure.assert(kind, &["localhost", &status.to_string()]);
        assert_eq!((failure.status, failure.retryable), (status.into(), retryable), "{failure:?}");
        assert!(failure.sent && failure.attempts == 1 && failure.retry_after_ms == -1, "{failure:?}");
    }
    for status in [200, 201, 202, 204] {
        boomi.answer_next(Scripted::new(status, "", ""));
        let response = get::<A>(&client, AUDIT_LOG).unwrap();
        response.check().unwrap();
        assert_eq!((response.status(), response.body().len(), response.message()), (status.into(), 0, None));
    }
}

fn each_error_shape_gives_its_message<A: Api>() {
    let boomi = Emulator::start_unlimited();
    let client = once::<A>(&boomi);
    for shape in ErrorShape::ALL.iter().copied() {
        // Two shapes come with 200, where only GraphQL's count: here all are read as what they are, errors.
        let scripted = Scripted::from(shape);
        let scripted = if shape.status() == 200 { scripted.status(400) } else { scripted };
        let kind = match shape {
            ErrorShape::UserMessageLogin => CredentialsRejected,
            ErrorShape::JettyUnauthorizedHtml | ErrorShape::JettyInvalidCredentialsHtml => CredentialsRejected,
            ErrorShape::UserMessageAuth | ErrorShape::OasForbiddenJson | ErrorShape::ControlPlaneJson => {
                PermissionDenied
            }
            ErrorShape::DataHubPrivilegeXml => PermissionDenied,
            ErrorShape::OasUnavailableJson | ErrorShape::RateLimitXml => RateLimited,
            _ => HttpStatus,
        };
        both_ways::<A>(&boomi, &client, scripted.clone()).assert(kind, &[shape.message()]);
        boomi.answer_next(scripted);
        A::reset_guard(&client);
        let response = get::<A>(&client, AUDIT_LOG).unwrap();
        assert_eq!(response.message().as_deref(), Some(shape.message()), "{}", shape.name());
        assert_eq!(response.body(), shape.body().into_bytes(), "{}", shape.name());
    }
}

fn errors_of_graphql_count_in_a_200<A: Api>() {
    let boomi = Emulator::start();
    let client = regular::<A>(&boomi);
    let ask = |body: &str| {
        let mut request = A::request("POST", "/graphql").unwrap();
        A::set_body(&mut request, body.as_bytes());
        A::send(&client, &request, None).unwrap()
    };
    let good = ask(r#"{"query":"{ organizations { id } }"}"#);
    good.check().unwrap();
    assert!(String::from_utf8(good.body()).unwrap().contains("organization-1"));
    // The server's own word for a query that is not there, which shows that the other one arrived.
    ask("{}").check().unwrap_err().assert(HttpStatus, &["The request has no query."]);
    for (shape, kind) in
        [(ErrorShape::GraphqlUnauthorized, CredentialsRejected), (ErrorShape::GraphqlSystemError, HttpStatus)]
    {
        // A refused JWT is replaced, and the request sent once more: the second refusal is the answer.
        let times = if kind == CredentialsRejected { 2 } else { 1 };
        boomi.answer_next(Scripted::from(shape).on("/graphql").times(times));
        let response = ask("{}");
        assert_eq!((response.status(), response.message().as_deref()), (200, Some(shape.message())));
        let failure = response.check().unwrap_err();
        failure.assert(kind, &[shape.message()]);
        assert_eq!(failure.status, 200);
    }
}

fn redirects_are_answers<A: Api>() {
    let (boomi, other) = (Emulator::start(), Emulator::start());
    for status in [301, 302, 303, 307, 308] {
        boomi.answer_next(Scripted::new(status, "", "").header("Location", &format!("{}/graphql", other.base_url())));
        let response = get::<A>(&regular::<A>(&boomi), AUDIT_LOG).unwrap();
        assert_eq!(response.status(), i32::from(status));
        assert!(response.header("location").unwrap().starts_with(other.base_url()));
        response.check().unwrap_err().assert(HttpStatus, &["redirects are not followed"]);
    }
    assert!(other.log().is_empty());
}

fn a_web_page_is_an_answer_to_a_request<A: Api>() {
    let boomi = Emulator::start();
    let page = "<html><title>Corporate sign-in</title></html>";
    boomi.answer_next(Scripted::new(200, "text/html", page));
    let response = get::<A>(&regular::<A>(&boomi), AUDIT_LOG).unwrap();
    response.check().unwrap();
    assert_eq!(String::from_utf8(response.body()).unwrap(), page);
}

fn retry_after_is_told_as_seconds_or_a_date<A: Api>() {
    let boomi = Emulator::start_unlimited();
    let client = once::<A>(&boomi);
    let date = "Sun, 06 Nov 1994 08:49:37 GMT";
    let later = "Sun, 06 Nov 1994 08:49:47 GMT";
    for status in [429, 503] {
        for (headers, wait) in [
            (&[("Retry-After", "2")][..], 2000),
            (&[("Retry-After", later), ("Date", date)], 10_000),
            (&[("Retry-After", "soon")], -1),
        ] {
            let scripted = Scripted::new(status, "text/plain", "");
            let scripted = headers.iter().fold(scripted, |scripted, (name, value)| scripted.header(name, value));
            let failure = both_ways::<A>(&boomi, &client, scripted);
            failure.assert(RateLimited, &[]);
            assert_eq!(failure.retry_after_ms, wait, "{failure:?}");
        }
    }
}

fn a_larger_answer_than_allowed_is_an_error<A: Api>() {
    let boomi = Emulator::start();
    let client = client::<A>(of(&boomi), [by_password(REGULAR), Setting::MaxResponseBytes(100)]);
    let answer = |bytes| boomi.answer_next(Scripted::new(200, "text/plain", &"x".repeat(bytes)));
    answer(100);
    assert_eq!(get::<A>(&client, AUDIT_LOG).unwrap().body().len(), 100);
    answer(101);
    let failure = failure(get::<A>(&client, AUDIT_LOG));
    failure.assert(TooLarge, &["localhost", "100 bytes"]);
    assert!(failure.sent && !failure.retryable, "{failure:?}");
}

fn an_echoed_secret_is_cut_out<A: Api>() {
    let boomi = Emulator::start();
    let header = A::auth_header(CredentialKind::Password, REGULAR.name, REGULAR.password).unwrap();
    let mut request = A::request("GET", AUDIT_LOG).unwrap();
    A::set_auth(&mut request, AuthScheme::Basic);
    A::set_header(&mut request, Header { secret: true, ..Header::plain("X-Key", "marked-secret") }).unwrap();
    for echoed in [header.as_str(), REGULAR.password, "marked-secret"] {
        let body = serde_json::json!({ "message": format!("bad {echoed}.") }).to_string();
        boomi.answer_next(Scripted::new(400, "application/json", &body));
        let response = A::send(&regular::<A>(&boomi), &request, None).unwrap();
        assert_eq!(response.message().as_deref(), Some("bad ***."));
        response.check().unwrap_err().assert(HttpStatus, &["bad ***."]);
    }
}
