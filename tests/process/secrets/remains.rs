//! What is left of a secret that was cut, changed or printed.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};

use boomi_auth::{AuthScheme, Client, Credentials, Error, EventKind, Secret};

use super::echo::{self, Echo};
use super::{API_KEY, OTP_SECRET, PASSWORD, TOKEN, Texts};
use crate::common::Events;

/// What is said about a password that comes back in `message`.
fn said(password: &str, message: String) -> (String, Error) {
    let body = serde_json::json!({ "message": message }).to_string();
    let echo = Echo::start(false, Box::new(move |_| echo::answer("401 No", &body)));
    let credentials = Credentials::password("user@example.com", password).unwrap();
    let client = Client::builder().base_url(&echo.base_url()).proxy("").credentials(credentials).build().unwrap();
    let response = client.get("/").secret_header("X-Api-Key", "mark").send().unwrap();
    (response.message().unwrap().to_owned(), response.error().unwrap())
}

#[test]
fn a_message_cut_in_the_middle_of_a_secret_shows_none_of_it() {
    // Wherever the cut is, one of these has it in the password.
    for before in (400..600).step_by(5) {
        let (message, error) =
            said("long-password-0123456789", format!("{}long-password-0123456789", "x".repeat(before)));
        assert!(!message.contains("long-p") && !error.message().contains("long-p"), "{before}: {message}");
    }
}

#[test]
fn a_secret_with_blanks_is_found_although_blanks_are_tidied() {
    for password in ["two  blanks", "wide\u{3000}blank", "  at both ends  "] {
        let (message, error) = said(password, format!("no {password} here"));
        let tidied: Vec<_> = password.split_whitespace().collect();
        for text in [message.as_str(), error.message()] {
            assert!(!text.contains(password) && !text.contains(&tidied.join(" ")), "{text}");
        }
    }
}

#[test]
fn a_secret_that_begins_with_another_is_cut_out_whole() {
    // The key "mark" is sent too.
    let (message, error) = said(PASSWORD, format!("no {PASSWORD} here"));
    assert!(!message.contains("password") && !error.message().contains("ed-password"), "{message}");
}

#[test]
fn what_is_not_secret_in_a_message_stays() {
    let (message, _) = said(PASSWORD, "The account is closed.".into());
    assert_eq!(message, "The account is closed.");
}

#[test]
fn a_proxy_that_echoes_is_not_quoted() {
    let shapes = echo::headers().into_iter().chain(echo::broken());
    let refusals =
        shapes.chain([Box::new(|echo: &str| echo::answer("407 Proxy Authentication Required", echo)) as echo::Shape]);
    for shape in refusals {
        let proxy = Echo::start(false, shape);
        let url = format!("http://user:marked-proxy-password@127.0.0.1:{}", proxy.port);
        let builder = Client::builder().proxy(&url).timeout(std::time::Duration::from_secs(3));
        let client = builder.clone().build().unwrap();
        let error = client.get("/").auth(AuthScheme::None).send().unwrap_err();
        let mut texts = Texts::default();
        texts.add_error(&error);
        texts.add(format!("{client:?} {} {builder:?}", client.describe()));
        assert!(proxy.seen().contains(&"marked-proxy-password".to_owned()));
        texts.search(&proxy.seen());
    }
}

#[test]
fn what_holds_a_secret_prints_stars() {
    let echo = Echo::start(true, Box::new(|echo| echo::answer("401 No", echo)));
    let events = Events::default();
    let password = Credentials::password("user@example.com", PASSWORD).unwrap();
    let token = Credentials::api_token("user@example.com", TOKEN).unwrap();
    let mut texts = Texts::default();
    let secret = Secret::new(PASSWORD);
    texts.add(format!("{secret:?} {:#?} {password:?} {token:#?}", Some(&secret)));
    assert_eq!(texts.0[0].matches("***").count(), 4);

    let builder = Client::builder().base_url(&echo.base_url()).proxy("").account_id("account123");
    let builder = builder.credentials(password).otp_secret(OTP_SECRET).on_event(events.handler());
    let client = builder.clone().build().unwrap();
    let jwt = client.token().unwrap();
    let mut request = boomi_auth::Request::new("GET", "/").unwrap();
    request.set_header("X-Api-Key", API_KEY, boomi_auth::HeaderOptions { secret: true, add: false }).unwrap();
    request.set_auth(AuthScheme::Jwt);
    let response = client.send(&request, None).unwrap();
    texts.add(format!("{builder:#?} {client:#?} {jwt:#?} {request:#?} {response:#?} {:#?}", response.error()));
    texts.add(client.describe());
    for kind in [EventKind::TokenIssued, EventKind::TokenRefreshed, EventKind::TokenRefused] {
        assert!(events.names().contains(&kind.name()), "{:?}", events.names());
    }
    texts.0.extend(events.json());
    texts.search(&echo.seen());
}

#[test]
fn a_panic_with_any_of_it_shows_nothing() {
    let echo = Echo::start(true, Box::new(|echo| echo::answer("401 No", echo)));
    let password = Credentials::password("user@example.com", PASSWORD).unwrap();
    let panics: Arc<Mutex<Texts>> = Arc::default();
    let caught = panics.clone();
    // For the whole process, so this keeps what other tests' panics print where they expect it.
    let standard = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        caught.lock().unwrap().add(panic.to_string());
        standard(panic);
    }));
    let client = |hostile: bool| {
        let builder = Client::builder().base_url(&echo.base_url()).proxy("").account_id("account123");
        let builder = builder.credentials(password.clone());
        let builder = builder.on_event(move |event| assert!(!hostile, "{event:?} {}", event.to_json()));
        builder.build().unwrap()
    };
    let good = client(false);
    let code: [(&str, &dyn Fn()); 6] = [
        ("a result", &|| drop(good.get("/").send().unwrap().check().unwrap())),
        ("a token", &|| good.token().map(Err::<(), _>).unwrap().unwrap()),
        ("a response", &|| good.get("/").send().map(Err::<(), _>).unwrap().unwrap()),
        ("credentials", &|| panic!("{password:?}")),
        ("a secret", &|| panic!("{:?}", Secret::new(PASSWORD))),
        ("the caller's own handler", &|| drop(client(true).token())),
    ];
    for (what, code) in code {
        // Its server says 401 to all but the exchange.
        good.reset_guard();
        catch_unwind(AssertUnwindSafe(code)).expect_err(what);
    }
    drop(std::panic::take_hook());
    let panics = panics.lock().unwrap();
    assert!(panics.0.len() >= 6);
    panics.search(&echo.seen());
    good.reset_guard();
    // A panic in a handler leaves the client in order.
    good.token().unwrap();
}
