//! Every scenario of `tests/scenarios`, on the fake clock with the scripted server. Those that need no clock are played
//! through Rust and C against the emulator too, by `tests/suite/scenarios.rs`.

#[path = "../../tests/scenarios/play.rs"]
mod play;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use play::format::{Act, Counts, Jwt, Kind, Outage, Scenario, Scheme, Scripted, text_of};
use play::{ACCOUNT, Came, Failure, GRAPHQL_QUERY, JWT_PATH, Settings, Stage, body_of, path_of, play_all, read_all};

use crate::client::{AuthScheme, Call, Client, Response, TokenProvider};
use crate::clock::Clock as _;
use crate::credentials::Credentials;
use crate::error::{Error, Result};
use crate::guard::table::Table;
use crate::jwt::Token;
use crate::origin::BASE_URL_US;
use crate::tests::sim::clock::Sim;
use crate::tests::sim::server::{self, Entry, Issuer, OTP_SECRET, OutageKind, Outcome, PASSWORD, TOKEN};

/// The beginning of a step of one-time codes.
const START: u64 = 1_800_000_000;
const FOR_EVER: Duration = Duration::from_secs(u32::MAX as u64);

#[test]
fn every_scenario_on_the_fake_clock() {
    play_all(|_| true, Simulated::new);
}

#[test]
fn the_files_are_enough_and_each_has_its_own_name() {
    let (scenarios, problems) = read_all();
    assert_eq!(problems, [""; 0]);
    let names: BTreeSet<_> = scenarios.iter().map(|scenario| &scenario.name).collect();
    assert_eq!(names.len(), scenarios.len());
    let clock_free = scenarios.iter().filter(|scenario| !scenario.clock).count();
    assert!(scenarios.len() >= 40 && clock_free >= 20, "{} scenarios, {clock_free} without a clock", scenarios.len());
}

#[test]
fn a_file_that_is_not_understood_is_an_error() {
    let good = r#"{"name":"x","why":"A.","given":{"otp":true},"steps":[{"do":"get"}],"expected":{"exchanges":1}}"#;
    let read = |from: &str, to: &str| {
        assert!(good.contains(from));
        Scenario::read("x", &good.replace(from, to)).map(drop)
    };
    assert_eq!(read("x", "x"), Ok(()));
    for (from, to, problem) in [
        (r#""name":"x""#, r#""name":"y""#, "its name is"),
        ("A.", "A", "no sentence"),
        (r#"{"do":"get"}"#, "", "no step"),
        (r#""why""#, r#""because""#, "because"),
        (r#""otp""#, r#""otq""#, "otq"),
        (r#"{"do":"get"}"#, r#"{"do":"guess"}"#, "guess"),
        (r#"{"do":"get"}"#, r#"{"do":"get","twice":true}"#, "twice"),
        (r#"{"do":"get"}"#, r#"{"do":"revoke","token":1}"#, "token"),
        (r#"{"do":"get"}"#, r#"{"do":"get","expect":{"tokem":1}}"#, "tokem"),
        (r#"{"do":"get"}"#, r#"{"do":"get","expect":{"error":"BOOMI_ERR_NONE"}}"#, "BOOMI_ERR_NONE"),
        (r#"{"do":"get"}"#, r#"{"do":"get","expect":{"left_s":[2,1]}}"#, "range"),
        (r#"{"do":"get"}"#, r#"{"do":"get","repeat":0}"#, "repeat"),
        (r#"{"do":"get"}"#, r#"{"do":"get","every_s":1,"for_s":2}"#, "clock"),
        (r#"{"do":"get"}"#, r#"{"do":"time","awake_s":1}"#, "clock"),
        (r#"{"do":"get"}"#, r#"{"do":"outage","kind":"hang"}"#, "clock"),
        (r#"{"do":"get"}"#, r#"{"do":"set_credentials","to":"new"}"#, "callback"),
        (r#""exchanges""#, r#""exchange""#, "exchange"),
    ] {
        let error = read(from, to).expect_err(to);
        assert!(error.contains(problem), "{to}: {error}");
    }
}

/// A scripted Boomi in virtual time.
struct Simulated {
    sim: Arc<Sim>,
    issuer: Arc<Issuer>,
    table: Arc<Table>,
    answers: Arc<Mutex<Vec<Scripted>>>,
    otp: bool,
    /// What the callback gives, if there is one.
    callback: Option<Arc<Mutex<String>>>,
}

impl Simulated {
    fn new(scenario: &Scenario) -> Self {
        let sim = Sim::new(START, 1);
        // Waits end with what is waited for.
        sim.set_slice(Duration::from_secs(3600));
        let issuer = Issuer::new(sim.clone(), 1);
        let given = &scenario.given;
        let latency = Duration::from_millis(given.latency_ms);
        issuer.set_latency(latency, latency);
        issuer.script(|script| {
            script.clock_offset_seconds = given.server_clock_s;
            script.jwt = jwt_script(&given.jwt);
        });
        if given.otp {
            issuer.require_codes(issuer.user_name(), OTP_SECRET);
        }
        let answers = Arc::new(Mutex::new(Vec::new()));
        let scripted = answers.clone();
        issuer.set_answer(move |entry| take_answer(&mut scripted.lock().unwrap(), entry));
        let callback = given.callback.then(|| Arc::new(Mutex::new(given.credentials.clone())));
        Simulated { sim, issuer, table: Arc::new(Table::new()), answers, otp: given.otp, callback }
    }

    fn credentials(&self, settings: &Settings) -> Result<Credentials> {
        let (user, kind) = (self.issuer.user_name().to_owned(), settings.kind);
        match &self.callback {
            None => credentials(&user, kind, &settings.credentials),
            Some(content) => {
                let content = content.clone();
                Ok(Credentials::from_fn(move |_| credentials(&user, kind, &content.lock().unwrap())))
            }
        }
    }

    fn provider(client: &Client, account: &Option<String>) -> TokenProvider {
        client.token_provider(account.as_deref()).expect("a good account")
    }

    fn set_outage(&self, kind: Option<Outage>, lasts_s: Option<f64>) {
        let now = self.issuer.elapsed();
        let length = lasts_s.map_or(FOR_EVER, Duration::from_secs_f64);
        self.issuer.script(|script| script.outages.clear());
        if let Some(kind) = kind {
            self.issuer.add_outage(now, now + length, outage_kind(kind));
        }
    }

    fn set_wall_clock_by(&self, seconds: i64) {
        let by = Duration::from_secs(seconds.unsigned_abs());
        let wall = self.sim.wall();
        self.sim.set_wall(if seconds < 0 { wall - by } else { wall + by });
    }
}

impl Stage for Simulated {
    type Client = Client;
    type Token = Token;

    fn client(&self, settings: &Settings) -> Client {
        server::client(&self.issuer, self.sim.clone(), |config| {
            config.guard_table = Some(self.table.clone());
            config.set_account_id(ACCOUNT).unwrap();
            config.set_credentials(self.credentials(settings)).unwrap();
            if self.otp {
                config.set_otp_secret(OTP_SECRET).unwrap();
            }
            config.set_max_retries(settings.retries).unwrap();
            settings.timeout_ms.into_iter().for_each(|ms| config.set_timeout(millis(ms)).unwrap());
        })
    }

    fn act(&self, client: &Client, act: &Act, token: Option<&Token>) -> Came<Token> {
        match act {
            Act::Get { account, min_validity_s, timeout_ms } => {
                let min_validity = Duration::from_secs((*min_validity_s).into());
                got(Self::provider(client, account).get_with(min_validity, Some(&call(*timeout_ms))))
            }
            Act::Refresh { account, timeout_ms } => {
                done(Self::provider(client, account).refresh(Some(&call(*timeout_ms))))
            }
            Act::Generate { account, timeout_ms } => {
                got(client.generate_jwt(account.as_deref(), Some(&call(*timeout_ms))))
            }
            Act::Invalidate { .. } => {
                let token = token.expect("it names one");
                client.token_provider(token.account_id()).unwrap().invalidate(token);
                Came::default()
            }
            Act::Send { scheme, path, post, timeout_ms } => {
                let path = path_of(*scheme, path.as_ref());
                let request = match body_of(&path, post) {
                    Some(body) => client.post(&path).body(body),
                    None => client.get(&path),
                };
                answered(request.auth(auth(*scheme)).call(&call(*timeout_ms)).send())
            }
            Act::Use { .. } => {
                let header = token.expect("it names one").header();
                let request = client.post(JWT_PATH).body(GRAPHQL_QUERY).auth(AuthScheme::None);
                answered(request.secret_header("Authorization", header).send())
            }
            Act::Authorize { scheme, path, timeout_ms, answer, body } => {
                let url = format!("{BASE_URL_US}{}", path_of(*scheme, path.as_ref()));
                match client.authorize(auth(*scheme), &url, Some(&call(*timeout_ms))) {
                    Ok(mut authorization) => {
                        let observe = |status| authorization.observe(status, text_of(body).as_bytes());
                        Came { again: answer.map(observe), ..Came::default() }
                    }
                    Err(error) => failed(&error),
                }
            }
            other => {
                self.set(client, other);
                Came::default()
            }
        }
    }

    fn jwt(token: &Token) -> String {
        token.jwt().to_owned()
    }

    fn left_s(&self, token: &Token) -> f64 {
        token.expires_at() as f64 - self.sim.wall().as_secs_f64()
    }

    fn elapsed_s(&self) -> f64 {
        self.sim.elapsed().as_secs_f64()
    }

    fn sleep_until_s(&self, elapsed: f64) {
        self.sim.sleep_until(Duration::from_secs_f64(elapsed));
    }

    fn counts(&self) -> Counts<u32> {
        let log = self.issuer.log();
        let user = self.issuer.user_counts(self.issuer.user_name());
        let all = self.issuer.counts();
        let count = |is: fn(&Entry) -> bool| log.iter().filter(|entry| was_sent(entry) && is(entry)).count() as u32;
        Counts {
            exchanges: count(|entry| entry.is_sign_in() && entry.is_exchange()),
            sign_ins: count(Entry::is_sign_in),
            accepted: user.accepted,
            rejected: user.rejected,
            bearers: all.bearers as u32,
            probes: all.probes as u32,
            codes: count(|entry| entry.code.is_some()),
            repeated_codes: user.repeated_codes,
            locked: user.locked,
        }
    }
}

impl Simulated {
    /// What changes the world and asks nothing of it.
    fn set(&self, client: &Client, act: &Act) {
        match act {
            Act::ResetGuard {} => client.reset_guard(),
            Act::SetCredentials { to } => *self.callback.as_ref().unwrap().lock().unwrap() = to.clone(),
            Act::SetPassword { to } => {
                self.issuer.change_password(self.issuer.elapsed(), self.issuer.user_name(), password(to));
            }
            Act::Revoke {} => self.issuer.revoke_all(),
            Act::Answer(scripted) => self.answers.lock().unwrap().push(scripted.clone()),
            Act::AnswerNormally {} => self.answers.lock().unwrap().clear(),
            Act::Outage { kind, lasts_s } => self.set_outage(*kind, *lasts_s),
            Act::Time { awake_s, asleep_s, wall_clock_by_s } => {
                self.set_wall_clock_by(*wall_clock_by_s);
                self.sim.advance(Duration::from_secs_f64(*awake_s));
                self.sim.suspend(Duration::from_secs_f64(*asleep_s));
            }
            other => unreachable!("{other:?}"),
        }
    }
}

fn was_sent(entry: &Entry) -> bool {
    !matches!(entry.outcome, Outcome::Refused | Outcome::Swallowed)
}

fn take_answer(answers: &mut Vec<Scripted>, entry: &Entry) -> Option<server::Answer> {
    let fits = |scripted: &Scripted| entry.path.starts_with(&scripted.path.replace("{accountId}", ACCOUNT));
    let index = answers.iter().position(fits)?;
    let Scripted { status, body, headers, times, .. } = answers[index].clone();
    match times {
        Some(1) => _ = answers.remove(index),
        Some(times) => answers[index].times = Some(times - 1),
        None => {}
    }
    let leak = |name: String| &*name.to_ascii_lowercase().leak();
    Some((status, headers.into_iter().map(|(name, value)| (leak(name), value)).collect(), text_of(&body)))
}

fn jwt_script(jwt: &Jwt) -> server::JwtScript {
    let seconds = |seconds: u32| Duration::from_secs(seconds.into());
    server::JwtScript {
        lifetime: seconds(jwt.lifetime_s),
        iat: jwt.iat,
        exp: jwt.exp,
        milliseconds: jwt.milliseconds,
        same_for: seconds(jwt.same_for_s),
        age: seconds(jwt.age_s),
    }
}

fn outage_kind(kind: Outage) -> OutageKind {
    match kind {
        Outage::Refuse => OutageKind::Refuse,
        Outage::Unavailable => OutageKind::Unavailable(None),
        Outage::Hang => OutageKind::Hang,
        Outage::Swallow => OutageKind::Swallow,
        Outage::Reject => OutageKind::Reject,
    }
}

fn password(word: &str) -> &str {
    if word == "right" { PASSWORD } else { word }
}

fn credentials(user: &str, kind: Kind, word: &str) -> Result<Credentials> {
    match kind {
        Kind::Password => Credentials::password(user, password(word)),
        Kind::Token => Credentials::api_token(user, if word == "right" { TOKEN } else { word }),
    }
}

fn auth(scheme: Scheme) -> AuthScheme {
    match scheme {
        Scheme::Basic => AuthScheme::Basic,
        Scheme::Jwt => AuthScheme::Jwt,
    }
}

fn millis(ms: u32) -> Duration {
    Duration::from_millis(ms.into())
}

fn call(timeout_ms: Option<u32>) -> Call {
    let mut call = Call::new();
    timeout_ms.into_iter().for_each(|ms| call.set_timeout(millis(ms)).unwrap());
    call
}

fn failed(error: &Error) -> Came<Token> {
    let failure = Failure {
        code: error.kind().code(),
        message: error.message().to_owned(),
        retry_after_ms: error.retry_after().map(|after| after.as_millis() as u64),
        sent: error.was_sent(),
    };
    Came { failure: Some(failure), status: error.status(), attempts: Some(error.attempts()), ..Came::default() }
}

fn done(result: Result<()>) -> Came<Token> {
    result.map_or_else(|error| failed(&error), |()| Came::default())
}

fn got(result: Result<Token>) -> Came<Token> {
    result.map_or_else(|error| failed(&error), |token| Came { token: Some(token), ..Came::default() })
}

fn answered(result: Result<Response>) -> Came<Token> {
    match result {
        Ok(response) => {
            let came = response.error().map_or_else(Came::default, |error| failed(&error));
            Came { status: Some(response.status()), attempts: Some(response.attempts()), ..came }
        }
        Err(error) => failed(&error),
    }
}
