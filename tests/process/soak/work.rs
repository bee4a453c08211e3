//! The requests of a soak, each of which knows its own answer, and what came of them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};

use boomi_auth::{AuthScheme, Call, Client, Error, ErrorKind, Response};
use boomi_emulator::Effect;
use serde_json::{Value, json};

/// The default of the client.
const MOST_TRIES: u32 = 5;
const BODY_OF_SIZED: usize = 64;

/// Hands out requests; no two are the same.
#[derive(Default)]
pub struct Work {
    count: AtomicUsize,
    of_bearers: bool,
}

impl Work {
    /// All of it with JWTs.
    pub fn of_bearers() -> Work {
        Work { of_bearers: true, ..Work::default() }
    }

    pub fn next(&self) -> Request {
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        let kind = [Kind::Sized, Kind::Echo, Kind::Create, Kind::Bulk, Kind::Create][number % 5];
        // The fifth of five kinds is the third once more, with the other scheme.
        let is_bearers = self.of_bearers || matches!(number % 5, 0 | 4);
        Request { kind, number, is_bearers, key: format!("key-{number}-") }
    }

    /// How many there were.
    pub fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    /// A GET for a body of a size of its own.
    Sized,
    /// A GET for what is not there, which the answer names.
    Echo,
    /// A POST that reads, and names what was asked for.
    Bulk,
    /// A POST that creates, and answers with the name.
    Create,
}

#[derive(Debug)]
pub struct Request {
    kind: Kind,
    number: usize,
    /// Signed in by JWT, which opens Deployment alone; otherwise Basic.
    is_bearers: bool,
    key: String,
}

impl Request {
    fn creates(&self) -> bool {
        self.kind == Kind::Create
    }

    fn size(&self) -> usize {
        // Of threads that run at the same time, no two ask for the same.
        BODY_OF_SIZED + self.number % 10_000
    }

    pub fn send(&self, client: &Client, call: Option<&Call>) -> Result<Response, Error> {
        let key = &self.key;
        let (scheme, object) = match (self.is_bearers, self.kind) {
            (true, _) => (AuthScheme::Jwt, "Deployment"),
            (false, Kind::Echo) => (AuthScheme::Basic, "AuditLog"),
            (false, _) => (AuthScheme::Basic, "Folder"),
        };
        let (method, path, body) = match self.kind {
            Kind::Sized => ("GET", format!("Deployment/sized-{}", self.size()), None),
            Kind::Echo => ("GET", format!("{object}/{key}"), None),
            Kind::Bulk => {
                ("POST", format!("{object}/bulk"), Some(json!({ "type": "GET", "request": [{ "id": key }] })))
            }
            Kind::Create => ("POST", object.into(), Some(json!({ "name": key }))),
        };
        let request = client.request(method, &format!("/api/rest/v1/{{accountId}}/{path}")).auth(scheme);
        let request = request.header("X-Test-Key", key);
        let request = match body {
            Some(body) => request.body(body.to_string()),
            None => request,
        };
        match call {
            Some(call) => request.call(call).send(),
            None => request.send(),
        }
    }

    /// Whether this is Boomi's answer to this request and no other.
    fn is_answered_by(&self, answer: &Response) -> bool {
        let json = || serde_json::from_slice::<Value>(answer.body()).unwrap_or_default();
        match self.kind {
            Kind::Sized => {
                answer.status() == 200 && answer.body().len() == self.size() && json()["@type"] == "Deployment"
            }
            Kind::Echo => answer.status() == 404 && answer.message().is_some_and(|text| text.contains(&self.key)),
            Kind::Bulk => answer.status() == 200 && json()["response"][0]["id"] == *self.key,
            Kind::Create => answer.status() == 200 && json()["name"] == *self.key,
        }
    }
}

/// What somebody else answered in Boomi's place: nothing was done.
fn is_not_boomis(answer: &Response) -> bool {
    match answer.status() {
        302 => true,
        200 => answer.body().is_empty() || answer.body().starts_with(b"<!DOCTYPE html>"),
        _ => false,
    }
}

/// How often a creating request took effect.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Effects {
    Never,
    Once,
    OnceAtMost,
}

/// What came of many requests.
#[derive(Default)]
pub struct Tally {
    effects: HashMap<String, Effects>,
    ends: BTreeMap<String, usize>,
    begun: usize,
    excused: usize,
    retried: usize,
    ids: BTreeSet<String>,
    /// Whether a 401, or a 503 after a few tries, may be the last word.
    may_be_turned_away: bool,
}

impl Tally {
    /// Of requests whose credentials may be wrong, to a server that may be out of order.
    pub fn that_may_be_turned_away() -> Tally {
        Tally { may_be_turned_away: true, ..Tally::default() }
    }

    /// Fails if that is not what may come of this request. `excused` are errors that the test itself brought about.
    #[track_caller]
    pub fn take(&mut self, request: &Request, result: Result<Response, Error>, excused: impl Fn(&Error) -> bool) {
        self.begun += 1;
        let (end, effects) = match &result {
            Ok(answer) if is_not_boomis(answer) => (format!("{} of others", answer.status()), Effects::Never),
            Ok(answer) if request.is_answered_by(answer) => (answer.status().to_string(), Effects::Once),
            Ok(answer) if self.may_be_turned_away && matches!(answer.status(), 401 | 503) => {
                (answer.status().to_string(), Effects::Never)
            }
            // More went wrong in a row than there are tries.
            Ok(answer) if answer.status() == 503 && answer.attempts() == MOST_TRIES => ("503".into(), Effects::Never),
            Ok(answer) => panic!("{request:?} got {} {:?}", answer.status(), String::from_utf8_lossy(answer.body())),
            Err(error) => {
                let is_excused = excused(error);
                self.excused += usize::from(is_excused);
                // What creates is not sent again; everything else is, as often as may be, until time is up.
                // Sign-ins without an answer, one after the other, are the guard's to end.
                let gave_up =
                    error.attempts() == MOST_TRIES || matches!(error.kind(), ErrorKind::Timeout | ErrorKind::Held);
                let in_doubt = request.creates() && error.was_sent();
                assert!(
                    is_excused || gave_up || in_doubt,
                    "{request:?} ended after {} tries: {error:?}",
                    error.attempts()
                );
                let effects = if error.was_sent() { Effects::OnceAtMost } else { Effects::Never };
                (format!("{:?}{}", error.kind(), if error.was_sent() { "" } else { " unsent" }), effects)
            }
        };
        let attempts = result.as_ref().map_or_else(Error::attempts, Response::attempts);
        assert!(attempts <= MOST_TRIES + 1, "{request:?} was tried {attempts} times");
        self.retried += usize::from(attempts > 1);
        *self.ends.entry(end).or_default() += 1;
        if request.creates() {
            assert_eq!(self.effects.insert(request.key.clone(), effects), None);
            if let Ok(answer) = &result
                && effects == Effects::Once
            {
                let body: Value = serde_json::from_slice(answer.body()).unwrap();
                assert!(self.ids.insert(body["id"].to_string()), "two got the same answer: {body}");
            }
        }
    }

    pub fn plus(mut self, other: Tally) -> Tally {
        self.effects.extend(other.effects);
        for (end, count) in other.ends {
            *self.ends.entry(end).or_default() += count;
        }
        self.begun += other.begun;
        self.excused += other.excused;
        self.retried += other.retried;
        for id in other.ids {
            assert!(self.ids.insert(id.clone()), "two got the same answer: {id}");
        }
        self
    }

    pub fn begun(&self) -> usize {
        self.begun
    }

    pub fn excused(&self) -> usize {
        self.excused
    }

    pub fn retried(&self) -> usize {
        self.retried
    }

    /// Fails if anything was done twice, or not done though it was said to be, or done though it was said not to be.
    #[track_caller]
    pub fn assert_effects(&self, effects: &[Effect]) {
        let mut counts: HashMap<&str, usize> = HashMap::new();
        for effect in effects {
            *counts.entry(&effect.key).or_default() += 1;
        }
        for (key, expected) in &self.effects {
            let count = counts.get(&**key).copied().unwrap_or_default();
            let is_right = match expected {
                Effects::Never => count == 0,
                Effects::Once => count == 1,
                Effects::OnceAtMost => count <= 1,
            };
            assert!(is_right, "{key} took effect {count} times, not {expected:?}");
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} requests, {} of them tried again, {} excused: {:?}",
            self.begun, self.retried, self.excused, self.ends
        )
    }
}
