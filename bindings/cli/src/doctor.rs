//! Why it does not work: what a person would look at, in that order, each good, bad or unknown.

use std::ffi::OsStr;
use std::net::ToSocketAddrs as _;
use std::sync::mpsc;
use std::time::{Duration, SystemTime};

use boomi_auth::{AuthScheme, BASE_URL_US, Client, ErrorKind, Response};
use serde::Serialize;
use serde_json::Value;

use crate::failure::{Failure, HELD, NETWORK, Result, USAGE, check_interrupt};
use crate::settings::table::{SETTINGS, Setting};
use crate::settings::{self, Settings};
use crate::{guard, interrupt, output};

/// Names of other tools for what is a setting here, and its name.
const LOOK_ALIKES: [(&str, &str); 13] = [
    ("BOOMI_USER", "BOOMI_USERNAME"),
    ("BOOMI_CLIENT_ID", "BOOMI_USERNAME"),
    ("BOOMI_SECRET", "BOOMI_API_TOKEN"),
    ("BOOMI_CLIENT_SECRET", "BOOMI_API_TOKEN"),
    ("BOOMI_TOKEN", "BOOMI_API_TOKEN"),
    ("BOOMI_ACCOUNT", "BOOMI_ACCOUNT_ID"),
    ("BOOMI_ACCT", "BOOMI_ACCOUNT_ID"),
    ("BOOMI_BASE_URL", "BOOMI_API_URL"),
    ("BOOMI_BASE_URI", "BOOMI_API_URL"),
    ("BOOMI_API_BASE_URL", "BOOMI_API_URL"),
    ("BOOMI_PLATFORM_URL", "BOOMI_API_URL"),
    ("BOOMI_OTP", "BOOMI_OTP_SECRET"),
    ("BOOMI_VERIFY_SSL", "BOOMI_CA_FILE"),
];
/// How far this machine's clock may be off, in seconds, before people should know. The library goes by the server's.
const CLOCK_OFF: u64 = 60;
const LONGEST_LOOK_UP: Duration = Duration::from_secs(5);

const GOOD: &str = "good";
const BAD: &str = "bad";
const UNKNOWN: &str = "unknown";

#[derive(Serialize)]
struct Check {
    topic: &'static str,
    state: &'static str,
    what: String,
    /// What to do about it.
    advice: String,
}

/// What was found so far.
#[derive(Default)]
struct Findings {
    checks: Vec<Check>,
    /// The exit status of the first that is bad.
    status: u8,
}

impl Findings {
    fn good(&mut self, topic: &'static str, what: impl Into<String>) {
        self.checks.push(Check { topic, state: GOOD, what: what.into(), advice: String::new() });
    }

    fn unknown(&mut self, topic: &'static str, what: impl Into<String>, advice: impl Into<String>) {
        self.checks.push(Check { topic, state: UNKNOWN, what: what.into(), advice: advice.into() });
    }

    fn bad(&mut self, topic: &'static str, status: u8, what: impl Into<String>, advice: impl Into<String>) {
        self.checks.push(Check { topic, state: BAD, what: what.into(), advice: advice.into() });
        self.status = if self.status == 0 { status } else { self.status };
    }

    /// The library's messages say what to do themselves.
    fn failed(&mut self, topic: &'static str, error: impl Into<Failure>) {
        let Failure { status, message } = error.into();
        self.bad(topic, status, message.unwrap_or_default(), "");
    }
}

/// Looks at everything, prints what was found, and ends with the status of the first thing that is bad.
pub(crate) fn run(settings: &mut Settings, sign_in: bool, as_json: bool) -> Result<()> {
    let mut findings = Findings::default();
    settings.ask_keychain();
    interrupt::listen();
    look_at_settings(settings, &mut findings);
    look_for_look_alikes(settings, &mut findings);
    match settings.builder().max_retries(0).build() {
        Ok(client) => look_at_connection(&client, settings, sign_in, &mut findings),
        Err(error) => {
            findings.failed("settings", error);
            for topic in ["name", "proxy", "tls", "clock", "guard", "sign-in"] {
                findings.unknown(topic, "not tried", "correct the setting first");
            }
        }
    }
    check_interrupt()?;
    report(&findings, as_json)
}

/// The report when the settings cannot even be read.
pub(crate) fn without_settings(failure: &Failure, as_json: bool) -> Result<()> {
    let mut findings = Findings::default();
    findings.bad("settings", failure.status, failure.message.clone().unwrap_or_default(), "");
    report(&findings, as_json)
}

fn report(findings: &Findings, as_json: bool) -> Result<()> {
    output::print(&if as_json { to_json(findings) } else { to_text(findings) })?;
    match findings.status {
        0 => Ok(()),
        status => Err(Failure { status, message: None }),
    }
}

fn look_at_settings(settings: &Settings, findings: &mut Findings) {
    for setting in &SETTINGS {
        if let Some((value, source)) = settings.find(setting.variable) {
            findings.good("settings", format!("{} is {}, from {source}", setting.variable, shown(setting, value)));
        }
    }
    findings.good("settings", settings.of_file());
    if let Err(failure) = settings.check_profile() {
        findings.bad(
            "settings",
            failure.status,
            failure.message.unwrap_or_default(),
            "correct --profile or BOOMI_PROFILE",
        );
    }
    if settings.find("BOOMI_ACCOUNT_ID").is_none() {
        findings.unknown(
            "settings",
            "BOOMI_ACCOUNT_ID is not set",
            "set it for JWTs and paths with {accountId}: Boomi shows it under Settings > User Information > Account \
             Information",
        );
    }
    if let Some(why) = &settings.without_keychain {
        findings.unknown(
            "settings",
            format!("no secret in flags, environment and profile; {why}"),
            "see credentials, below",
        );
    }
}

/// A value as it may be shown: people put secrets into commands and URLs too.
fn shown(setting: &Setting, value: &OsStr) -> String {
    let text = value.to_string_lossy();
    match text.rsplit_once('@') {
        _ if setting.is_secret => "***".into(),
        _ if setting.variable == "BOOMI_CREDENTIAL_PROCESS" => {
            let program = text.split_whitespace().next().unwrap_or_default();
            if program.contains('=') { "***".into() } else { format!("{program} ...") }
        }
        Some((_, host)) if ["BOOMI_API_URL", "BOOMI_STORE"].contains(&setting.variable) => format!("***@{host}"),
        // Not where a store's password goes, but where people put one.
        None if setting.variable == "BOOMI_STORE" => text.split('?').next().unwrap_or_default().to_owned(),
        // Other tools take the name and the secret in one.
        _ if setting.variable == "BOOMI_USERNAME" && text.contains(':') => {
            format!("{}:***", text.split(':').next().unwrap_or_default())
        }
        _ => text.into_owned(),
    }
}

fn look_for_look_alikes(settings: &Settings, findings: &mut Findings) {
    let set: Vec<_> = LOOK_ALIKES.iter().filter(|(other, _)| std::env::var_os(other).is_some()).collect();
    for (other, ours) in &set {
        let is_there = settings.find(ours).is_some()
            || (*ours == "BOOMI_API_TOKEN" && settings.find("BOOMI_API_TOKEN_FILE").is_some());
        if is_there {
            findings.good("look-alikes", format!("{other} is another tool's; {ours} is what counts here"));
        } else {
            let less = if *ours == "BOOMI_API_URL" { ", its scheme and host alone, without a path" } else { "" };
            let advice = format!("if they mean the same, set {ours} to what {other} has{less}");
            let what = format!("{other} is set, which is not read; {ours} is not set");
            findings.bad("look-alikes", USAGE, what, advice);
        }
    }
    if set.is_empty() {
        findings.good("look-alikes", "no variable of another tool is set in place of ours");
    }
}

fn look_at_connection(client: &Client, settings: &Settings, sign_in: bool, findings: &mut Findings) {
    let about: Value = serde_json::from_str(&client.describe()).expect("the library makes JSON");
    let proxy = client.proxy().map(|(proxy, _)| proxy);
    look_up(about["base_url"].as_str().unwrap_or(BASE_URL_US), proxy.is_some(), findings);
    let roots = about["trusted_roots"].as_str().unwrap_or_default();
    for skipped in about["skipped_certificates"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        let advice = "remove it from the CA bundle, or ask its owner for one that can be read";
        findings.unknown("tls", format!("a certificate of the CA bundle is not used, {skipped}"), advice);
    }
    // Without credentials, so that it is no sign-in. Any response will do.
    let response = client.get("/").auth(AuthScheme::None).send();
    check_proxy(proxy.as_deref(), &response, findings);
    match &response {
        Ok(_) => findings.good("tls", format!("connected; trusted: {roots}")),
        Err(error) if error.kind() == ErrorKind::Tls => findings.failed("tls", error.clone()),
        Err(error) => {
            if error.kind() != ErrorKind::Proxy {
                findings.failed("connection", error.clone());
            }
            findings.unknown("tls", format!("not tried; it would trust {roots}"), "there is no connection: see above");
        }
    }
    check_clock(&response, findings);
    if client.credentials().is_none() {
        findings.bad(
            "credentials",
            USAGE,
            "there are none",
            "set BOOMI_USERNAME with BOOMI_API_TOKEN (made under Settings > Account Information and Setup > Boomi \
             Enterprise Platform API Tokens) or BOOMI_PASSWORD, name a BOOMI_CREDENTIAL_PROCESS, or run `boomi-auth \
              login`",
        );
        return;
    }
    look_at_guard(settings, findings);
    if !sign_in {
        findings.unknown("sign-in", "not tried", "with --sign-in it is, once");
    } else if settings.find("BOOMI_ACCOUNT_ID").is_none() {
        findings.unknown("sign-in", "not tried: a JWT is made for an account", "set BOOMI_ACCOUNT_ID");
    } else {
        match client.generate_jwt(None, None) {
            Ok(token) => findings.good("sign-in", format!("accepted, for the account {}", token.account_id())),
            Err(error) => findings.failed("sign-in", error),
        }
    }
}

/// In a thread, which may be left behind: nothing else bounds a look-up.
fn look_up(base_url: &str, by_proxy: bool, findings: &mut Findings) {
    let (scheme, authority) = base_url.split_once("://").unwrap_or(("https", base_url));
    if by_proxy {
        return findings.good("name", format!("{authority} is looked up by the proxy"));
    }
    let port = if scheme == "https" { 443 } else { 80 };
    let has_port = authority.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    let with_port = if has_port { authority.to_owned() } else { format!("{authority}:{port}") };
    let (send, receive) = mpsc::channel();
    std::thread::spawn(move || send.send(with_port.to_socket_addrs().map(|found| found.collect::<Vec<_>>())));
    let advice =
        "check the name in BOOMI_API_URL, and this machine's name servers; behind a corporate proxy, set HTTPS_PROXY";
    match receive.recv_timeout(LONGEST_LOOK_UP) {
        Ok(Ok(found)) if !found.is_empty() => {
            let found: Vec<_> = found.iter().map(|address| address.ip().to_string()).collect();
            findings.good("name", format!("{authority} is {}", found.join(", ")));
        }
        Ok(Ok(_)) => findings.bad("name", NETWORK, format!("{authority} has no address"), advice),
        Ok(Err(error)) => findings.bad("name", NETWORK, format!("{authority} is not found: {error}"), advice),
        Err(_) => findings.bad("name", NETWORK, format!("no answer about {authority} within 5 s"), advice),
    }
}

fn check_proxy(proxy: Option<&str>, response: &boomi_auth::Result<Response>, findings: &mut Findings) {
    match (proxy, response) {
        (_, Err(error)) if error.kind() == ErrorKind::Proxy => findings.failed("proxy", error.clone()),
        (None, _) => findings.good("proxy", "none"),
        (Some(proxy), Ok(_)) => findings.good("proxy", proxy),
        (Some(proxy), Err(error)) if error.kind() == ErrorKind::Tls => findings.good("proxy", proxy),
        (Some(proxy), Err(_)) => findings.unknown("proxy", proxy, "see the connection, below"),
    }
}

#[expect(clippy::disallowed_methods, reason = "it is this machine's clock that is looked at")]
fn check_clock(response: &boomi_auth::Result<Response>, findings: &mut Findings) {
    let date = response.as_ref().ok().and_then(|response| httpdate::parse_http_date(response.header("date")?).ok());
    let Some(date) = date else {
        return findings.unknown("clock", "no response had a date", "compare `date -u` with another machine's");
    };
    let now = SystemTime::now();
    let (off, which) = match now.duration_since(date) {
        Ok(ahead) => (ahead, "ahead of"),
        Err(behind) => (behind.duration(), "behind"),
    };
    let what = format!("{} s {which} the server's", off.as_secs());
    if off.as_secs() < CLOCK_OFF {
        findings.good("clock", what);
    } else {
        let advice = "set it (NTP): one-time codes and JWTs go by the server's clock here, but certificates and other \
         tools do not";
        findings.bad("clock", USAGE, what, advice);
    }
}

/// What a client knows of the guard that was just made, as every other command's: the time that a store takes to
/// connect counts.
fn ask_guard(settings: &Settings) -> Result<(Value, Client)> {
    let client = settings.builder().build()?;
    settings::await_store(&client)?;
    Ok((serde_json::from_str(&client.describe_guard()?).expect("the library makes JSON"), client))
}

fn look_at_guard(settings: &Settings, findings: &mut Findings) {
    let (about, client) = match ask_guard(settings) {
        Ok(asked) => asked,
        Err(failure) => return findings.failed("credentials", failure),
    };
    match guard::store(&client) {
        None => {}
        Some((store, None)) => findings.good("store", store),
        Some((store, Some(problem))) => {
            let advice = "until it works this machine remembers by itself, and does not know of the others";
            findings.bad("store", NETWORK, format!("{store}: {problem}"), advice);
        }
    }
    if let Some(problem) = guard::forgetful(&about) {
        return findings.bad("guard", USAGE, guard::describe(&about), problem);
    }
    match guard::held(&about) {
        None => findings.good("guard", guard::describe(&about)),
        Some(why) => findings.bad("guard", HELD, guard::describe(&about), why),
    }
}

fn to_text(findings: &Findings) -> String {
    let lines = findings.checks.iter().map(|check| {
        let line = format!("{:<8}{:<13}{}", check.state, check.topic, check.what);
        if check.advice.is_empty() { line } else { format!("{line}\n{:21}{}", "", check.advice) }
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn to_json(findings: &Findings) -> String {
    #[derive(Serialize)]
    struct Report<'a> {
        version: u32,
        checks: &'a [Check],
    }
    serde_json::to_string(&Report { version: 1, checks: &findings.checks }).expect("texts")
}
