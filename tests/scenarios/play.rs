//! Plays scenarios on whatever stage there is: each step is done, and what came of it compared. See README.md.

// Each of the two stages uses a part.
#![allow(dead_code)]

pub mod format;

use std::fmt::{Debug, Display};
use std::path::{Path, PathBuf};

use serde_json::Value;

use format::{Act, Counts, Expect, Given, Kind, Range, Scenario, Scheme, Step, text_of};

pub const ACCOUNT: &str = "account123";
/// What a request goes to unless told otherwise.
const BASIC_PATH: &str = "/api/rest/v1/{accountId}/AuditLog/documentId-321";
pub const JWT_PATH: &str = "/graphql";
pub const GRAPHQL_QUERY: &str = r#"{"query":"{ organizations { id } }"}"#;

/// The names of the errors, in the order of their codes, which begin with 1.
const ERRORS: [&str; 16] = [
    "BOOMI_ERR_INVALID_ARGUMENT",
    "BOOMI_ERR_CONFIG",
    "BOOMI_ERR_CREDENTIALS_REJECTED",
    "BOOMI_ERR_PERMISSION_DENIED",
    "BOOMI_ERR_HELD",
    "BOOMI_ERR_OTP",
    "BOOMI_ERR_RATE_LIMITED",
    "BOOMI_ERR_HTTP_STATUS",
    "BOOMI_ERR_CONNECT",
    "BOOMI_ERR_PROXY",
    "BOOMI_ERR_TLS",
    "BOOMI_ERR_TIMEOUT",
    "BOOMI_ERR_PROTOCOL",
    "BOOMI_ERR_TOO_LARGE",
    "BOOMI_ERR_CANCELED",
    "BOOMI_ERR_INTERNAL",
];

fn code_of(name: &str) -> Option<i32> {
    ERRORS.iter().position(|other| *other == name).map(|index| index as i32 + 1)
}

/// A client's settings.
#[derive(Clone)]
pub struct Settings {
    pub credentials: String,
    pub kind: Kind,
    pub timeout_ms: Option<u32>,
    pub retries: u32,
}

/// What came of a step.
pub struct Came<T> {
    pub failure: Option<Failure>,
    pub status: Option<u16>,
    pub attempts: Option<u32>,
    pub token: Option<T>,
    pub again: Option<bool>,
}

pub struct Failure {
    pub code: i32,
    pub message: String,
    pub retry_after_ms: Option<u64>,
    pub sent: bool,
}

impl<T> Default for Came<T> {
    fn default() -> Self {
        Came { failure: None, status: None, attempts: None, token: None, again: None }
    }
}

/// A client, a server and their clock.
pub trait Stage {
    type Client;
    type Token;

    fn client(&self, settings: &Settings) -> Self::Client;
    /// Does what an [`Act`] says; `token` is the one that it names.
    fn act(&self, client: &Self::Client, act: &Act, token: Option<&Self::Token>) -> Came<Self::Token>;
    fn jwt(token: &Self::Token) -> String;
    /// How long it lives yet by the wall clock.
    fn left_s(&self, token: &Self::Token) -> f64;
    /// Since the start.
    fn elapsed_s(&self) -> f64;
    fn sleep_until_s(&self, elapsed: f64);
    fn counts(&self) -> Counts<u32>;
}

/// The path of a request.
pub fn path_of(scheme: Scheme, path: Option<&String>) -> String {
    let usual = if scheme == Scheme::Jwt { JWT_PATH } else { BASIC_PATH };
    path.map_or(usual.to_owned(), String::clone)
}

/// What is posted to a path; `None` for a GET.
pub fn body_of(path: &str, post: &Option<Value>) -> Option<String> {
    let usual = || path.ends_with(JWT_PATH).then(|| GRAPHQL_QUERY.to_owned());
    post.as_ref().map(text_of).or_else(usual)
}

/// All scenarios, in the order of their names, and what is wrong with files that are none.
pub fn read_all() -> (Vec<Scenario>, Vec<String>) {
    let (mut scenarios, mut problems) = (Vec::new(), Vec::new());
    for path in files() {
        let stem = path.file_stem().unwrap().to_str().expect("a plain name");
        match Scenario::read(stem, &std::fs::read_to_string(&path).expect("a readable file")) {
            Ok(scenario) => scenarios.push(scenario),
            Err(problem) => problems.push(format!("{stem}.json: {problem}")),
        }
    }
    (scenarios, problems)
}

fn files() -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let entries = std::fs::read_dir(directory).expect("the scenarios");
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    files
}

/// Plays all scenarios that `wanted` picks, each on a stage of its own, and fails with all that went wrong.
pub fn play_all<S: Stage>(wanted: impl Fn(&Scenario) -> bool, stage: impl Fn(&Scenario) -> S) {
    let (scenarios, mut problems) = read_all();
    // For work on a few of them.
    let only = std::env::var("SCENARIO").unwrap_or_default();
    for scenario in scenarios.iter().filter(|scenario| wanted(scenario) && scenario.name.contains(&only)) {
        if let Err(problem) = play(scenario, &stage(scenario)) {
            problems.push(format!("{}.json: {problem}", scenario.name));
        }
    }
    assert!(problems.is_empty(), "{} failed:\n{}", problems.len(), problems.join("\n"));
}

fn play<S: Stage>(scenario: &Scenario, stage: &S) -> Result<(), String> {
    let given = &scenario.given;
    let Given { kind, timeout_ms, retries, .. } = *given;
    let first = Settings { credentials: given.credentials.clone(), kind, timeout_ms, retries };
    let mut play = Play { stage, clients: vec![stage.client(&first)], tokens: Vec::new() };
    for (index, step) in scenario.steps.iter().enumerate() {
        play.step(step, given).map_err(|problem| format!("step {}, {problem}\n    {}", index + 1, step.text))?;
    }
    let check = |problem: String| format!("at the end: {problem}");
    compare(&scenario.expected, &stage.counts()).map_err(check)
}

struct Play<'a, S: Stage> {
    stage: &'a S,
    clients: Vec<S::Client>,
    /// Different JWTs, in the order in which they came.
    tokens: Vec<S::Token>,
}

impl<S: Stage> Play<'_, S> {
    fn step(&mut self, step: &Step, given: &Given) -> Result<(), String> {
        if let Act::NewClient { credentials, kind, timeout_ms } = &step.act {
            let timeout_ms = timeout_ms.or(given.timeout_ms);
            let retries = given.retries;
            let settings = Settings { credentials: credentials.clone(), kind: *kind, timeout_ms, retries };
            self.clients.push(self.stage.client(&settings));
            return Ok(());
        }
        let (Some(every), Some(length)) = (step.how.every_s, step.how.for_s) else {
            let times = step.how.repeat.unwrap_or(1);
            return (1..=times)
                .try_for_each(|time| self.once(step).map_err(|problem| format!("time {time}: {problem}")));
        };
        let start = self.stage.elapsed_s();
        let passed = |stage: &S| stage.elapsed_s() - start;
        while passed(self.stage) < length {
            let begun = passed(self.stage);
            self.once(step).map_err(|problem| format!("after {begun} s: {problem}"))?;
            let next = ((passed(self.stage) / every).floor() + 1.0) * every;
            self.stage.sleep_until_s(start + next.min(length));
        }
        Ok(())
    }

    fn once(&mut self, step: &Step) -> Result<(), String> {
        let number = step.how.client.unwrap_or(self.clients.len());
        let client = self.clients.get(number.wrapping_sub(1)).ok_or(format!("there is no client {number}"))?;
        let token = match &step.act {
            Act::Invalidate { token } | Act::Use { token } => {
                let found = self.tokens.get(token.wrapping_sub(1));
                Some(found.ok_or(format!("there is no token {token} yet"))?)
            }
            _ => None,
        };
        let begin = self.stage.elapsed_s();
        let came = self.stage.act(client, &step.act, token);
        let waited = self.stage.elapsed_s() - begin;
        self.judge(&step.how.expect, came, waited)
    }

    fn judge(&mut self, expect: &Expect, came: Came<S::Token>, waited: f64) -> Result<(), String> {
        let failure = came.failure.as_ref();
        let told =
            || failure.map_or("success".into(), |failure| format!("{}: {}", name_of(failure.code), failure.message));
        if expect.error.as_deref() != failure.map(|failure| name_of(failure.code)) {
            let wanted = expect.error.as_deref().unwrap_or("success");
            return Err(format!("expected {wanted}, came {}", told()));
        }
        equal("status", expect.status, came.status)?;
        equal("attempts", expect.attempts, came.attempts)?;
        equal("sent", expect.sent, failure.map(|failure| failure.sent))?;
        equal("again", expect.again, came.again)?;
        let seconds = failure.and_then(|failure| failure.retry_after_ms).map(|ms| ms as f64 / 1000.0);
        match (expect.retry_after_s, seconds) {
            (Some(None), Some(seconds)) => {
                return Err(format!("expected no retry_after, came {seconds} s: {}", told()));
            }
            (Some(Some(range)), _) => within("retry_after_s", Some(range), seconds)?,
            _ => {}
        }
        within("waited_s", expect.waited_s, Some(waited))?;
        within("left_s", expect.left_s, came.token.as_ref().map(|token| self.stage.left_s(token)))?;
        let number = came.token.map(|token| self.number_of(token));
        equal("token", expect.token, number)?;
        if expect.exchanges.is_some() {
            within("exchanges", expect.exchanges, Some(self.stage.counts().exchanges))?;
        }
        Ok(())
    }

    /// Different JWTs are numbered as they come.
    fn number_of(&mut self, token: S::Token) -> usize {
        let known = self.tokens.iter().position(|other| S::jwt(other) == S::jwt(&token));
        let index = known.unwrap_or(self.tokens.len());
        match self.tokens.get_mut(index) {
            Some(place) => *place = token,
            None => self.tokens.push(token),
        }
        index + 1
    }
}

fn name_of(code: i32) -> &'static str {
    usize::try_from(code - 1).ok().and_then(|index| ERRORS.get(index)).unwrap_or(&"an unknown error")
}

fn equal<T: PartialEq + Debug>(what: &str, expected: Option<T>, came: Option<T>) -> Result<(), String> {
    match expected {
        Some(expected) if came.as_ref() != Some(&expected) => Err(format!(
            "expected {what} {expected:?}, came {}",
            came.map_or("none".into(), |came| format!("{came:?}"))
        )),
        _ => Ok(()),
    }
}

fn within<T: Into<f64> + Copy + Display>(what: &str, expected: Option<Range>, came: Option<T>) -> Result<(), String> {
    match (expected, came) {
        (Some(range), Some(came)) if !range.has(came.into()) => Err(format!("expected {what} {range}, came {came}")),
        (Some(range), None) => Err(format!("expected {what} {range}, came none")),
        _ => Ok(()),
    }
}

fn compare(expected: &Counts<Option<Range>>, came: &Counts<u32>) -> Result<(), String> {
    within("exchanges", expected.exchanges, Some(came.exchanges))?;
    within("sign_ins", expected.sign_ins, Some(came.sign_ins))?;
    within("accepted", expected.accepted, Some(came.accepted))?;
    within("rejected", expected.rejected, Some(came.rejected))?;
    within("bearers", expected.bearers, Some(came.bearers))?;
    within("probes", expected.probes, Some(came.probes))?;
    within("codes", expected.codes, Some(came.codes))?;
    // No scenario may end otherwise without saying so.
    within("repeated_codes", expected.repeated_codes.or(Some(Range(0.0, 0.0))), Some(came.repeated_codes))?;
    equal("locked", Some(expected.locked), Some(came.locked))
}
