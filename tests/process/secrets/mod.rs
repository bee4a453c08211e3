//! Marked secrets, sent along every path to servers that send them back, and then searched for in every text.

mod echo;
mod input;
mod remains;

use std::time::Duration;

use boomi_auth::{AuthScheme, Call, Client, ClientBuilder, Credentials, Error, Response};
use echo::{Echo, Shape};

use crate::common::Events;

const PASSWORD: &str = "marked-password";
const TOKEN: &str = "marked-token";
/// Codes of ten digits: six might stand in a port or a time by chance.
const OTP_SECRET: &str = "otpauth://totp/x?secret=MARKEDSECRETABCDEFGHIJKLMNOPQRST&digits=10";
const TYPED_CODE: &str = "markedcode";
const API_KEY: &str = "marked-api-key";
const ALL: [&str; 7] = [PASSWORD, TOKEN, "MARKEDSECRET", TYPED_CODE, API_KEY, "marked-caller-token", echo::JWT];

/// Texts that people may see, and what must not be in them.
#[derive(Default)]
struct Texts(Vec<String>);

impl Texts {
    fn add(&mut self, text: impl Into<String>) {
        self.0.push(text.into());
    }

    fn add_error(&mut self, error: &Error) {
        self.add(format!("{error} {error:?} {error:#?} {}", error.message()));
    }

    fn add_response(&mut self, response: &Response) {
        self.add(format!("{response:?} {:?}", response.message()));
        if let Some(error) = response.error() {
            self.add_error(&error);
        }
    }

    #[track_caller]
    fn search(&self, secrets: &[String]) {
        let secrets = secrets.iter().map(String::as_str).chain(ALL);
        for secret in secrets {
            let found = self.0.iter().find(|text| text.contains(secret));
            assert!(found.is_none(), "{secret:?} is in {found:?}");
        }
    }
}

/// One way to send secrets.
type Send = fn(&Client, &Call) -> Result<Response, Error>;

const PATHS: [(&str, Send); 5] = [
    ("basic", |client, call| {
        client.get("/").auth(AuthScheme::Basic).secret_header("X-Api-Key", API_KEY).call(call).send()
    }),
    ("jwt", |client, call| client.get("/").auth(AuthScheme::Jwt).secret_header("X-Api-Key", API_KEY).call(call).send()),
    ("graphql", |client, call| client.post("/graphql").body("{}").call(call).send()),
    ("caller", |client, call| {
        let request = client.get("/").auth(AuthScheme::None).header("Authorization", "Bearer marked-caller-token");
        request.header("X-Boomi-OTP", TYPED_CODE).call(call).send()
    }),
    ("exchange", |client, call| Err(client.generate_jwt(None, Some(call)).unwrap_err())),
];

fn builders(echo: &Echo) -> Vec<ClientBuilder> {
    // What is echoed is to be read, not waited out.
    let builder = || {
        let builder = Client::builder().base_url(&echo.base_url()).proxy("").account_id("account123");
        builder.max_retries(0).requests_per_second(0)
    };
    let password = Credentials::password("user@example.com", PASSWORD).unwrap();
    #[cfg(all(unix, feature = "credential-process"))]
    let printed = {
        let document = serde_json::json!({ "version": 1, "username": "user@example.com", "password": PASSWORD });
        Credentials::process(&format!("echo '{document}'"), None).unwrap()
    };
    #[cfg(not(all(unix, feature = "credential-process")))]
    let printed = password.clone();
    vec![
        builder().credentials(password.clone()).otp_secret(OTP_SECRET),
        builder().credentials(printed).otp_from_fn(|| Ok(TYPED_CODE.into())),
        builder().credentials(Credentials::from_fn(move |_| Ok(password.clone()))),
        builder().credentials(Credentials::api_token("user@example.com", TOKEN).unwrap()),
    ]
}

/// Sends everything along every path to servers of each shape, and searches all that is said about it.
fn nothing_of_it_is_seen(shapes: impl Fn() -> Vec<Shape>) {
    // Some calls wait for an answer that does not come: all at once.
    std::thread::scope(|scope| {
        for (path, send) in PATHS {
            for shape in shapes() {
                scope.spawn(move || {
                    let echo = Echo::start(path != "exchange", shape);
                    builders(&echo).into_iter().for_each(|builder| sends_unseen(builder, send, &echo));
                    assert!(!echo.seen().is_empty(), "{path}: no secret came");
                });
            }
        }
    });
}

fn sends_unseen(builder: ClientBuilder, send: Send, echo: &Echo) {
    let (mut texts, events) = (Texts::default(), Events::default());
    // Too short for a call to wait for a new code.
    let client = builder.clone().timeout(Duration::from_secs(3)).on_event(events.handler()).build().unwrap();
    let mut with_code = Call::new();
    with_code.set_otp(TYPED_CODE).unwrap();
    for call in [&with_code, &Call::new(), &Call::new()] {
        match send(&client, call) {
            Ok(response) => texts.add_response(&response),
            Err(error) => texts.add_error(&error),
        }
    }
    texts.add(format!("{client:?} {} {builder:?} {with_code:?}", client.describe()));
    events.json().into_iter().for_each(|json| texts.add(json));
    texts.search(&echo.seen());
}

#[test]
fn servers_that_echo_in_bodies() {
    for status in ["200 OK", "400 Bad", "401 No", "403 Forbidden", "503 Busy"] {
        nothing_of_it_is_seen(|| with_status(status));
    }
}

#[test]
fn servers_that_echo_in_headers() {
    nothing_of_it_is_seen(echo::headers);
}

#[test]
fn servers_that_echo_what_is_no_answer() {
    nothing_of_it_is_seen(echo::broken);
}

fn with_status(status: &'static str) -> Vec<Shape> {
    let wrap = |body: Shape| Box::new(move |echo: &str| echo::answer(status, &body(echo))) as Shape;
    echo::bodies().into_iter().map(wrap).collect()
}
