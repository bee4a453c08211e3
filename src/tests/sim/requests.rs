//! A request on its way: its pace, its tries, its pages and its jobs, by the real code on a simulated clock.

mod creating;
mod jobs;
mod pages;
mod rate_limit;
mod retries;
mod sign_ins;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;

use super::{HOUR, SECOND, World};
use crate::client::request_builder::RequestBuilder;
use crate::client::{AuthScheme, Call, Client, Response};
use crate::clock::Clock as _;
use crate::config::Config;
use crate::error::{ErrorKind, Result};
use crate::tests::sim::clock::Random;
use crate::tests::sim::server::{Answer, Entry, Issuer, Outcome};

/// What reads is a GET of it; a POST to it creates.
const OBJECT: &str = "/api/rest/v1/account123/Process";
/// Takes JWTs.
const BEARER: &str = "/bearer/x";
const SLICE: Duration = Duration::from_millis(50);
/// (Source: Platform OpenAPI, 503.)
const RATE_LIMIT: &str = r#"{"message":"The Boomi server is currently unavailable or your account's rate limits have been exceeded. Retry later."}"#;

fn status(status: u16) -> Answer {
    (status, Vec::new(), String::new())
}

fn answer(status: u16, body: &str) -> Answer {
    (status, Vec::new(), body.into())
}

/// With Retry-After.
fn told(status: u16, seconds: u32) -> Answer {
    (status, vec![("retry-after", seconds.to_string())], String::new())
}

/// What a caller asked for: no exchange, and not for the server's time.
fn is_callers(entry: &Entry) -> bool {
    !entry.is_exchange() && entry.path != "/"
}

/// Answers everything that callers ask for so.
fn answer_all(world: &World, answer: impl Fn(&Entry) -> Answer + Send + Sync + 'static) {
    world.issuer.set_answer(move |entry| is_callers(entry).then(|| answer(entry)));
}

/// Answers with these, one after the other, what callers ask for, and after the last as usual.
fn answer_in_turn(world: &World, answers: impl IntoIterator<Item = Answer>) {
    let answers: Vec<_> = answers.into_iter().collect();
    let left = Mutex::new(answers.into_iter());
    world.issuer.set_answer(move |entry| is_callers(entry).then(|| left.lock().unwrap().next()).flatten());
}

/// The answers to the first so many requests are lost, after the server did what they wanted.
fn lose_first(world: &World, count: u32) {
    let left = Mutex::new(count);
    world.issuer.set_loses(move |entry| {
        let mut left = left.lock().unwrap();
        let loses = is_callers(entry) && *left > 0;
        *left -= u32::from(loses);
        loses
    });
}

fn within(timeout: Duration) -> Call {
    let mut call = Call::new();
    call.set_timeout(timeout).unwrap();
    call
}

/// What callers asked for and the server got.
fn arrived(world: &World) -> Vec<Entry> {
    let arrived = |entry: &Entry| is_callers(entry) && !matches!(entry.outcome, Outcome::Refused | Outcome::Swallowed);
    world.issuer.log().into_iter().filter(arrived).collect()
}

fn exchanges(world: &World) -> usize {
    world.issuer.log().iter().filter(|entry| entry.is_exchange()).count()
}

/// A client whose events are kept.
fn watched(world: &World, configure: impl FnOnce(&mut Config)) -> (Client, Arc<Mutex<Vec<Value>>>) {
    let events = Arc::new(Mutex::new(Vec::new()));
    let kept = events.clone();
    let client = world.client(|config| {
        config.on_event = Some(Arc::new(move |event| {
            kept.lock().unwrap().push(serde_json::from_str(&event.to_json()).unwrap());
        }));
        configure(config);
    });
    (client, events)
}

/// Status and attempts.
fn told_by(response: &Response) -> (u16, u32) {
    (response.status(), response.attempts())
}

fn millis(duration: Duration) -> u64 {
    duration.as_millis() as u64
}
