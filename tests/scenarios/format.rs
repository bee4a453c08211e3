//! What a scenario file may say. README.md explains each field.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    pub name: String,
    pub why: String,
    /// Whether it needs the fake clock.
    #[serde(default)]
    pub clock: bool,
    #[serde(default)]
    pub given: Given,
    pub steps: Vec<Step>,
    pub expected: Counts<Option<Range>>,
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Given {
    pub credentials: String,
    pub kind: Kind,
    /// Whether they come from a callback, so that `set_credentials` can change them.
    pub callback: bool,
    /// Whether the user has two-factor authentication, and the client its secret.
    pub otp: bool,
    pub timeout_ms: Option<u32>,
    /// How often a request is sent again by itself.
    pub retries: u32,
    pub jwt: Jwt,
    /// By how much the server's clock is ahead.
    pub server_clock_s: i64,
    pub latency_ms: u64,
}

impl Default for Given {
    fn default() -> Self {
        Given {
            credentials: right(),
            kind: Kind::Password,
            callback: false,
            otp: false,
            timeout_ms: None,
            retries: 0,
            jwt: Jwt::default(),
            server_clock_s: 0,
            latency_ms: 0,
        }
    }
}

fn right() -> String {
    "right".into()
}

/// What the server's JWTs are like.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Jwt {
    pub lifetime_s: u32,
    pub iat: bool,
    pub exp: bool,
    pub milliseconds: bool,
    pub same_for_s: u32,
    pub age_s: u32,
}

impl Default for Jwt {
    fn default() -> Self {
        Jwt { lifetime_s: 300, iat: true, exp: true, milliseconds: false, same_for_s: 0, age_s: 0 }
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    #[default]
    Password,
    Token,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scheme {
    Basic,
    Jwt,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outage {
    Refuse,
    Unavailable,
    Hang,
    Swallow,
    Reject,
}

#[derive(Debug, Deserialize)]
#[serde(try_from = "Map<String, Value>")]
pub struct Step {
    /// As it is in the file.
    pub text: String,
    pub act: Act,
    pub how: How,
}

/// What any step may say beside what it does.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct How {
    /// Which client does it; the latest unless told otherwise.
    pub client: Option<usize>,
    /// How often, at once; or
    pub repeat: Option<u32>,
    /// every so often (as far as it is over by then) for so long.
    pub every_s: Option<f64>,
    pub for_s: Option<f64>,
    pub expect: Expect,
}

/// The fields of a step that are not its action's.
const OF_ANY_STEP: [&str; 5] = ["client", "repeat", "every_s", "for_s", "expect"];

impl TryFrom<Map<String, Value>> for Step {
    type Error = String;

    fn try_from(fields: Map<String, Value>) -> Result<Step, String> {
        let text = Value::Object(fields.clone()).to_string();
        let (how, act): (Map<_, _>, Map<_, _>) =
            fields.into_iter().partition(|(name, _)| OF_ANY_STEP.contains(&name.as_str()));
        let bad = |error: serde_json::Error| format!("{text}: {error}");
        let act = serde_json::from_value(Value::Object(act)).map_err(bad)?;
        let how = serde_json::from_value(Value::Object(how)).map_err(bad)?;
        Ok(Step { text, act, how })
    }
}

/// What a step does.
#[derive(Debug, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum Act {
    Get {
        account: Option<String>,
        #[serde(default)]
        min_validity_s: u32,
        timeout_ms: Option<u32>,
    },
    Refresh {
        account: Option<String>,
        timeout_ms: Option<u32>,
    },
    Generate {
        account: Option<String>,
        timeout_ms: Option<u32>,
    },
    Invalidate {
        token: usize,
    },
    Send {
        scheme: Scheme,
        path: Option<String>,
        /// A POST of this, instead of what usually goes to the path.
        post: Option<Value>,
        timeout_ms: Option<u32>,
    },
    /// Shows a token to an API as it is, whatever the client thinks of it.
    Use {
        token: usize,
    },
    Authorize {
        scheme: Scheme,
        path: Option<String>,
        timeout_ms: Option<u32>,
        /// The answer that is observed; none drops the authorization.
        answer: Option<u16>,
        #[serde(default)]
        body: Value,
    },
    ResetGuard {},
    NewClient {
        #[serde(default = "right")]
        credentials: String,
        #[serde(default)]
        kind: Kind,
        timeout_ms: Option<u32>,
    },
    SetCredentials {
        to: String,
    },
    SetPassword {
        to: String,
    },
    Revoke {},
    Answer(Scripted),
    AnswerNormally {},
    Outage {
        /// `null` ends it.
        #[serde(deserialize_with = "Option::deserialize")]
        kind: Option<Outage>,
        /// Until another step ends it unless told.
        lasts_s: Option<f64>,
    },
    Time {
        #[serde(default)]
        awake_s: f64,
        #[serde(default)]
        asleep_s: f64,
        #[serde(default)]
        wall_clock_by_s: i64,
    },
}

/// An answer that is given instead of the real one.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scripted {
    pub path: String,
    pub status: u16,
    #[serde(default)]
    pub body: Value,
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// How often; `null` is for ever.
    #[serde(default = "once")]
    pub times: Option<u32>,
}

fn once() -> Option<u32> {
    Some(1)
}

/// A body as text: a string as it is, nothing as "", and anything else as JSON.
pub fn text_of(body: &Value) -> String {
    match body {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        json => json.to_string(),
    }
}

/// What must come of a step.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Expect {
    pub error: Option<String>,
    /// `Some(None)`: there is none.
    #[serde(deserialize_with = "if_there")]
    pub retry_after_s: Option<Option<Range>>,
    pub status: Option<u16>,
    pub attempts: Option<u32>,
    pub sent: Option<bool>,
    pub token: Option<usize>,
    pub left_s: Option<Range>,
    pub again: Option<bool>,
    pub waited_s: Option<Range>,
    pub exchanges: Option<Range>,
}

fn if_there<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// What the server counted, or what is expected of it.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Counts<T> {
    /// Sign-ins for a JWT.
    pub exchanges: T,
    /// Requests with Basic, exchanges among them.
    pub sign_ins: T,
    pub accepted: T,
    pub rejected: T,
    pub bearers: T,
    /// Requests without credentials.
    pub probes: T,
    pub codes: T,
    pub repeated_codes: T,
    pub locked: bool,
}

/// From the least to the most, both included.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(from = "RangeJson")]
pub struct Range(pub f64, pub f64);

#[derive(Deserialize)]
#[serde(untagged)]
enum RangeJson {
    Exactly(f64),
    Between([f64; 2]),
    AtMost { at_most: f64 },
}

impl From<RangeJson> for Range {
    fn from(json: RangeJson) -> Self {
        match json {
            RangeJson::Exactly(value) => Range(value, value),
            RangeJson::Between([least, most]) => Range(least, most),
            RangeJson::AtMost { at_most } => Range(0.0, at_most),
        }
    }
}

impl Range {
    pub fn has(self, value: f64) -> bool {
        // Times are told in milliseconds.
        (self.0 - 0.0005..=self.1 + 0.0005).contains(&value)
    }
}

impl std::fmt::Display for Range {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0 == self.1 { write!(f, "{}", self.0) } else { write!(f, "{} to {}", self.0, self.1) }
    }
}

impl Scenario {
    /// Reads a file, whose name without `.json` is `stem`.
    pub fn read(stem: &str, json: &str) -> Result<Scenario, String> {
        let scenario: Scenario = serde_json::from_str(json).map_err(|error| error.to_string())?;
        scenario.check(stem).map(|()| scenario)
    }

    fn check(&self, stem: &str) -> Result<(), String> {
        if self.name != stem {
            return Err(format!("its name is {:?}", self.name));
        }
        if !self.why.ends_with('.') {
            return Err("`why` is no sentence".into());
        }
        if self.steps.is_empty() {
            return Err("it has no step".into());
        }
        if !self.clock && self.given.latency_ms > 0 {
            return Err("latency needs the clock".into());
        }
        for (index, step) in self.steps.iter().enumerate() {
            step.check(self).map_err(|problem| format!("step {}: {problem}", index + 1))?;
        }
        Ok(())
    }
}

impl Step {
    fn check(&self, scenario: &Scenario) -> Result<(), String> {
        let needs_clock = self.how.every_s.is_some()
            || self.how.expect.waited_s.is_some()
            || match &self.act {
                Act::Time { .. } => true,
                Act::Outage { kind, lasts_s } => !matches!(kind, None | Some(Outage::Unavailable)) || lasts_s.is_some(),
                _ => false,
            };
        if needs_clock && !scenario.clock {
            return Err("it needs the clock".into());
        }
        if matches!(self.act, Act::SetCredentials { .. }) && !scenario.given.callback {
            return Err("the credentials come from no callback".into());
        }
        match (self.how.repeat, self.how.every_s, self.how.for_s) {
            (None, None, None) | (Some(1..), None, None) => {}
            (None, Some(every), Some(length)) if every > 0.0 && length > 0.0 => {}
            _ => return Err("either `repeat`, or `every_s` and `for_s`, and more than 0".into()),
        }
        let range_is_empty = |range: &Range| range.0 > range.1;
        let expect = &self.how.expect;
        let ranges = [expect.left_s, expect.waited_s, expect.exchanges, expect.retry_after_s.flatten()];
        if ranges.iter().flatten().any(range_is_empty) {
            return Err("no number is in an expected range".into());
        }
        match &expect.error {
            Some(name) if super::code_of(name).is_none() => Err(format!("there is no {name}")),
            Some(_) if expect.token.is_some() || expect.left_s.is_some() => Err("a token beside an error".into()),
            _ => Ok(()),
        }
    }
}
