//! `doctor`: each thing that can be wrong, found.

use boomi_emulator::Emulator;
use boomi_emulator::users::REGULAR;
use serde_json::Value;

use crate::shell::{AUDIT_LOG, COMMAND, Ended, Shell, run};

/// What it says of a topic: state, what, advice.
fn checks(ended: &Ended) -> Vec<(String, String, String)> {
    let report: Value = serde_json::from_str(&ended.stdout).unwrap_or_else(|_| panic!("{ended:?}"));
    assert_eq!(report["version"], 1);
    let text = |check: &Value, name: &str| check[name].as_str().unwrap().to_owned();
    let read = |check: &Value| {
        (text(check, "topic"), text(check, "state"), format!("{} | {}", text(check, "what"), text(check, "advice")))
    };
    report["checks"].as_array().unwrap().iter().map(read).collect()
}

#[track_caller]
fn assert_found(ended: &Ended, topic: &str, state: &str, said: &str) {
    let found = checks(ended);
    let is_it = |check: &&(String, String, String)| check.0 == topic && check.1 == state && check.2.contains(said);
    assert!(found.iter().any(|check| is_it(&check)), "{state} {topic} {said}: {found:#?}");
}

#[test]
fn all_is_well_in_this_order() {
    let shell = Shell::new();
    let ended = shell.run(&["doctor", "--json"]);
    assert_eq!(ended.status, 0, "{ended:?}");
    let mut topics: Vec<_> = checks(&ended).into_iter().map(|(topic, ..)| topic).collect();
    topics.dedup();
    assert_eq!(topics, ["settings", "look-alikes", "name", "proxy", "tls", "clock", "guard", "sign-in"]);
    let bad = |(_, state, _): &(String, String, String)| state == "bad";
    assert!(!checks(&ended).iter().any(bad), "{ended:?}");
    assert_found(&ended, "settings", "good", "BOOMI_API_TOKEN is ***, from the environment");
    assert_found(&ended, "tls", "good", "the given CA bundle alone");
    assert_found(&ended, "sign-in", "unknown", "--sign-in");
    assert!(!ended.stdout.contains(REGULAR.token));
    assert!(shell.boomi.log().iter().all(|entry| entry.scheme.is_none()), "nobody signs in unasked");

    let text = shell.run(&["doctor"]).good();
    assert!(text.lines().any(|line| line.starts_with("good    tls          connected")), "{text}");
    let ended = shell.run(&["doctor", "--json", "--sign-in"]);
    assert_found(&ended, "sign-in", "good", "account123");
    assert_eq!(shell.boomi.log().iter().filter(|entry| entry.scheme.is_some()).count(), 1);
}

#[test]
fn names_of_other_tools_are_found() {
    let shell = Shell::new();
    let mut command = shell.program(COMMAND);
    command.env("BOOMI_USER", "BOOMI_TOKEN.user@example.com").env("BOOMI_SECRET", "hunter2").env("BOOMI_ACCOUNT", "a");
    let ended = run(command.args(["doctor", "--json"]));
    assert_eq!(ended.status, 2, "{ended:?}");
    assert_found(&ended, "look-alikes", "bad", "BOOMI_USER is set, which is not read; BOOMI_USERNAME is not set");
    assert_found(&ended, "look-alikes", "bad", "BOOMI_SECRET");
    assert_found(&ended, "look-alikes", "good", "BOOMI_ACCOUNT is another tool's");
    assert_found(&ended, "credentials", "bad", "boomi-auth login");
    assert!(!ended.stdout.contains("hunter2"));

    let ended = shell.run(&["doctor", "--json", "--api-url", "https://api.boomi.com/api/rest/v1/account123"]);
    assert_eq!(ended.status, 2);
    assert_found(&ended, "settings", "bad", "use \"https://api.boomi.com\"");
    assert_found(&ended, "tls", "unknown", "correct the setting first");
    let mut command = shell.program(COMMAND);
    command.env_remove("BOOMI_API_URL").env("BOOMI_BASE_URL", "https://localhost:1/api/rest/v1");
    let ended = run(command.args(["doctor", "--json", "--api-url", &format!("{}/", shell.boomi.base_url())]));
    assert_found(&ended, "look-alikes", "good", "BOOMI_BASE_URL is another tool's");
    assert_found(&shell.run(&["doctor", "--json", "--profile", "amdin"]), "settings", "bad", "no profile \"amdin\"");
    shell.config("no TOML");
    let ended = shell.run(&["doctor", "--json"]);
    assert_eq!(ended.status, 2);
    assert_found(&ended, "settings", "bad", "line 1 is no TOML");
}

#[test]
fn what_is_in_the_way_is_named() {
    let shell = Shell::new();
    let ended = shell.run(&["doctor", "--json", "--api-url", "https://nowhere.invalid"]);
    assert_eq!(ended.status, 5);
    assert_found(&ended, "name", "bad", "nowhere.invalid");
    let ended = shell.run(&["doctor", "--json", "--api-url", "https://localhost:1"]);
    assert_eq!(ended.status, 5);
    assert_found(&ended, "connection", "bad", "localhost:1");
    assert_found(&ended, "tls", "unknown", "the given CA bundle alone");
    let ended = shell.run(&["doctor", "--json", "--proxy", "http://localhost:1"]);
    assert_eq!(ended.status, 5);
    assert_found(&ended, "proxy", "bad", "http://localhost:1");
    let other = shell.write("other.pem", Emulator::start().ca_pem());
    let ended = shell.run(&["doctor", "--json", "--ca-file", other.to_str().unwrap()]);
    assert_eq!(ended.status, 5);
    assert_found(&ended, "tls", "bad", "CA");
    let ended = run(shell.signed_in(COMMAND).env("BOOMI_CA_FILE", "nowhere.pem").args(["doctor", "--json"]));
    assert_eq!(ended.status, 2);
    assert_found(&ended, "settings", "bad", "nowhere.pem");
}

#[test]
fn a_clock_that_is_off_is_told() {
    let shell = Shell::new();
    shell.boomi.set_date_offset(Some(-600));
    let ended = shell.run(&["doctor", "--json"]);
    assert_eq!(ended.status, 2);
    assert_found(&ended, "clock", "bad", "ahead of the server's | set it (NTP)");
    shell.boomi.set_date_offset(None);
    assert_found(&shell.run(&["doctor", "--json"]), "clock", "unknown", "no response");
}

#[test]
fn a_hold_and_a_refused_sign_in_have_their_status() {
    let shell = Shell::new();
    let ended = shell.run_with_wrong_token(&["doctor", "--json", "--sign-in"]);
    assert_eq!(ended.status, 3, "{ended:?}");
    assert_found(&ended, "sign-in", "bad", "API token");
    let ended = shell.run_with_wrong_token(&["doctor", "--json"]);
    assert_eq!(ended.status, 4, "{ended:?}");
    assert_found(&ended, "guard", "bad", "guard reset");
    shell.run(&["request", "GET", AUDIT_LOG]).good();
}

#[test]
fn commands_and_urls_may_hold_secrets_and_are_not_shown() {
    let shell = Shell::new();
    let mut command = shell.program(COMMAND);
    command.env("BOOMI_USERNAME", REGULAR.name).env("BOOMI_CREDENTIAL_PROCESS", "TOKEN=hunter2 give hunter2");
    command
        .env("BOOMI_API_URL", "https://user:hunter2@localhost")
        .env("HTTPS_PROXY", "http://user:hunter2@localhost:1");
    let ended = run(command.args(["doctor", "--json"]));
    assert_eq!(ended.status, 2);
    assert!(!ended.stdout.contains("hunter2") && !ended.stderr.contains("hunter2"), "{ended:?}");
    let both = format!("BOOMI_TOKEN.{}:hunter2", REGULAR.name);
    let ended = run(shell.program(COMMAND).env("BOOMI_USERNAME", both).args(["doctor", "--json"]));
    assert!(ended.stdout.contains(":***") && !ended.stdout.contains("hunter2"), "{ended:?}");
    let ended = run(command.env_remove("NO_PROXY").env("BOOMI_API_URL", shell.boomi.base_url()));
    assert!(!ended.stdout.contains("hunter2") && !ended.stderr.contains("hunter2"), "{ended:?}");
}
