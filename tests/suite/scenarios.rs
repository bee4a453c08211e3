//! The scenarios that need no clock, through each way into the library, against the emulator. All of them are played on
//! the fake clock too, by `src/tests/scenarios.rs`.

#[path = "../scenarios/play.rs"]
mod play;

use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use boomi_auth::{AuthScheme, CredentialKind};
use boomi_emulator::users::{Known, REGULAR, TWOFA, TWOFA_SECRET};
use boomi_emulator::{Emulator, JwtOptions, LogEntry, Options, Outage, OutageKind, Scripted};

use crate::api::{self, Api, Authorization as _, Given, Header, Setting, Token as _};
use crate::run_twice;
use crate::support::of;
use play::format::{self, Act, Counts, Kind, Scenario, Scheme, text_of};
use play::{ACCOUNT, Came, Failure, GRAPHQL_QUERY, JWT_PATH, Settings, Stage, body_of, path_of, play_all};

run_twice!(every_scenario_without_a_clock);

fn every_scenario_without_a_clock<A: Api>() {
    play_all(|scenario| !scenario.clock, Emulated::<A>::new);
}

/// A Boomi of its own for a scenario.
struct Emulated<A> {
    boomi: Emulator,
    user: Known,
    otp: bool,
    lifetime_s: i64,
    /// What the callback gives, if there is one.
    callback: Option<Arc<Mutex<String>>>,
    way: std::marker::PhantomData<A>,
}

type CameOf<A> = Came<<A as Api>::Token>;

impl<A: Api> Emulated<A> {
    fn new(scenario: &Scenario) -> Self {
        let (given, jwt) = (&scenario.given, &scenario.given.jwt);
        let options = JwtOptions {
            lifetime_s: jwt.lifetime_s.into(),
            iat: jwt.iat,
            same_for_s: jwt.same_for_s.into(),
            age_s: jwt.age_s.into(),
            milliseconds: jwt.milliseconds,
            exp: jwt.exp,
        };
        let options = Options { jwt: options, bad_tls: false, ..Options::unlimited() };
        let boomi = Emulator::start_with(options).expect("the emulator starts");
        boomi.advance_clock(given.server_clock_s);
        Emulated {
            boomi,
            user: if given.otp { TWOFA } else { REGULAR },
            otp: given.otp,
            lifetime_s: jwt.lifetime_s.into(),
            callback: given.callback.then(|| Arc::new(Mutex::new(given.credentials.clone()))),
            way: std::marker::PhantomData,
        }
    }

    fn credentials(&self, settings: &Settings) -> Setting {
        let (user, kind) = (self.user, settings.kind);
        match self.callback.clone() {
            None => {
                let Given { kind, username, secret } = given(user, kind, &settings.credentials);
                Setting::Credentials(kind, username, secret)
            }
            Some(content) => Setting::CredentialsFn(Box::new(move |_| given(user, kind, &content.lock().unwrap()))),
        }
    }

    fn ask(&self, client: &A::Client, act: &Act, token: Option<&A::Token>) -> Result<CameOf<A>, api::Failure> {
        match act {
            Act::Get { account, min_validity_s, timeout_ms } => {
                let provider = A::token_provider(client, account.as_deref())?;
                let token = A::get_token(&provider, *min_validity_s, Some(&call::<A>(*timeout_ms)))?;
                Ok(Came { token: Some(token), ..Came::default() })
            }
            Act::Refresh { account, timeout_ms } => {
                let provider = A::token_provider(client, account.as_deref())?;
                A::refresh(&provider, Some(&call::<A>(*timeout_ms))).map(|()| Came::default())
            }
            Act::Generate { account, timeout_ms } => {
                let token = A::generate_jwt(client, account.as_deref(), Some(&call::<A>(*timeout_ms)))?;
                Ok(Came { token: Some(token), ..Came::default() })
            }
            Act::Invalidate { .. } => {
                let token = token.expect("it names one");
                A::invalidate(&A::token_provider(client, Some(&token.account_id()))?, token);
                Ok(Came::default())
            }
            Act::Send { scheme, path, post, timeout_ms } => {
                let path = path_of(*scheme, path.as_ref());
                let request = request::<A>(&path, body_of(&path, post), auth(*scheme))?;
                A::send(client, &request, Some(&call::<A>(*timeout_ms))).map(answered)
            }
            Act::Use { .. } => {
                let mut request = request::<A>(JWT_PATH, Some(GRAPHQL_QUERY.into()), AuthScheme::None)?;
                let value = token.expect("it names one").header();
                A::set_header(&mut request, Header { secret: true, ..Header::plain("Authorization", &value) })?;
                A::send(client, &request, None).map(answered)
            }
            Act::Authorize { scheme, path, timeout_ms, answer, body } => {
                let url = format!("{}{}", self.boomi.base_url(), path_of(*scheme, path.as_ref()));
                let mut authorization = A::authorize(client, auth(*scheme), &url, Some(&call::<A>(*timeout_ms)))?;
                let observe = |status: u16| authorization.observe(status.into(), text_of(body).as_bytes());
                Ok(Came { again: answer.map(observe).transpose()?, ..Came::default() })
            }
            other => {
                self.set(client, other);
                Ok(Came::default())
            }
        }
    }

    /// What changes the world and asks nothing of it.
    fn set(&self, client: &A::Client, act: &Act) {
        match act {
            Act::ResetGuard {} => A::reset_guard(client),
            Act::SetCredentials { to } => *self.callback.as_ref().unwrap().lock().unwrap() = to.clone(),
            Act::SetPassword { to } => {
                let password = if to == "right" { self.user.password } else { to };
                self.boomi.set_password(self.user.name, password);
            }
            // To the server, they have all died.
            Act::Revoke {} => self.boomi.advance_clock(self.lifetime_s + 1),
            Act::Answer(scripted) => self.boomi.answer_next(emulated(scripted)),
            Act::AnswerNormally {} => self.boomi.clear_scripted(),
            // Others need the clock.
            Act::Outage { kind, .. } => self.boomi.set_outage(kind.map(|_| Outage::new(OutageKind::Unavailable))),
            other => unreachable!("{other:?}"),
        }
    }
}

impl<A: Api> Stage for Emulated<A> {
    type Client = A::Client;
    type Token = A::Token;

    fn client(&self, settings: &Settings) -> A::Client {
        let mut all = of(&self.boomi);
        all.push(self.credentials(settings));
        all.extend([Setting::MaxRetries(settings.retries), Setting::RequestsPerSecond(0)]);
        all.extend(settings.timeout_ms.map(Setting::TimeoutMs));
        all.extend(self.otp.then(|| Setting::OtpSecret(TWOFA_SECRET.into())));
        A::client(all).unwrap_or_else(|failure| panic!("{failure:?}"))
    }

    fn act(&self, client: &A::Client, act: &Act, token: Option<&A::Token>) -> CameOf<A> {
        self.ask(client, act, token).unwrap_or_else(failed)
    }

    fn jwt(token: &A::Token) -> String {
        token.jwt()
    }

    #[allow(clippy::disallowed_methods)]
    fn left_s(&self, token: &A::Token) -> f64 {
        token.expires_at() as f64 - SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64()
    }

    fn elapsed_s(&self) -> f64 {
        0.0
    }

    fn sleep_until_s(&self, _: f64) {
        unreachable!("no step here waits");
    }

    fn counts(&self) -> Counts<u32> {
        let log = self.boomi.log();
        let count = |is: fn(&&LogEntry) -> bool| log.iter().filter(is).count() as u32;
        let user = self.boomi.users().into_iter().find(|status| status.user == self.user.name).expect("the user");
        Counts {
            exchanges: count(|entry| is_basic(entry) && entry.path.starts_with("/auth/jwt/generate/")),
            sign_ins: count(|entry| is_basic(entry)),
            accepted: user.accepted,
            rejected: user.total_rejections,
            bearers: count(|entry| entry.scheme.as_deref() == Some("Bearer")),
            probes: count(|entry| entry.scheme.is_none()),
            codes: count(|entry| entry.otp),
            repeated_codes: user.repeated_codes,
            locked: user.locked,
        }
    }
}

fn is_basic(entry: &LogEntry) -> bool {
    entry.scheme.as_deref() == Some("Basic")
}

fn given(user: Known, kind: Kind, word: &str) -> Given {
    let (kind, right) = match kind {
        Kind::Password => (CredentialKind::Password, user.password),
        Kind::Token => (CredentialKind::ApiToken, user.token),
    };
    // A test's few words may stay.
    let secret = if word == "right" { right } else { word.to_owned().leak() };
    Given { kind, username: user.name, secret }
}

fn emulated(scripted: &format::Scripted) -> Scripted {
    let body = text_of(&scripted.body);
    let mut answer = Scripted::new(scripted.status, "", &body).on(&scripted.path.replace("{accountId}", ACCOUNT));
    answer = scripted.headers.iter().fold(answer, |answer, (name, value)| answer.header(name, value));
    answer = match scripted.times {
        Some(times) => answer.times(times),
        None => answer.for_ever(),
    };
    let rejects = scripted.status == 401 || (scripted.status == 403 && body.contains("error.user.login"));
    if rejects { answer.counts() } else { answer }
}

fn auth(scheme: Scheme) -> AuthScheme {
    match scheme {
        Scheme::Basic => AuthScheme::Basic,
        Scheme::Jwt => AuthScheme::Jwt,
    }
}

fn call<A: Api>(timeout_ms: Option<u32>) -> A::Call {
    let mut call = A::call();
    timeout_ms.into_iter().for_each(|ms| A::set_timeout_ms(&mut call, ms).unwrap());
    call
}

fn request<A: Api>(path: &str, body: Option<String>, scheme: AuthScheme) -> Result<A::Request, api::Failure> {
    let mut request = A::request(if body.is_some() { "POST" } else { "GET" }, path)?;
    A::set_auth(&mut request, scheme);
    body.into_iter().for_each(|body| A::set_body(&mut request, body.as_bytes()));
    Ok(request)
}

fn failed<T>(failure: api::Failure) -> Came<T> {
    Came {
        status: u16::try_from(failure.status).ok().filter(|status| *status != 0),
        attempts: u32::try_from(failure.attempts).ok(),
        failure: Some(Failure {
            code: failure.code,
            message: failure.message,
            retry_after_ms: u64::try_from(failure.retry_after_ms).ok(),
            sent: failure.sent,
        }),
        ..Came::default()
    }
}

fn answered<T>(response: impl api::Response) -> Came<T> {
    let came = response.check().map_or_else(failed, |()| Came::default());
    let (status, attempts) = (response.status() as u16, response.attempts() as u32);
    Came { status: Some(status), attempts: Some(attempts), ..came }
}
