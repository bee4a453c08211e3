//! Settings: what is refused, what sticks, what is missing, and what is shown of them.

use boomi_auth::CredentialKind::{ApiToken, Password};
use boomi_auth::{CaMode, ErrorKind};
use boomi_emulator::Emulator;
use boomi_emulator::users::{REGULAR, TWOFA, TWOFA_SECRET};

use crate::api::{Api, Setting};
use crate::run_twice;
use crate::support::{AUDIT_LOG, assert_invalid, at, by_password, by_token, client, failure, get, of};

run_twice!(
    each_bad_setting_is_refused_by_name,
    the_first_bad_setting_is_the_error_of_the_client,
    sign_in_without_credentials_says_what_to_set_and_where,
    without_an_account_id_a_call_says_where_boomi_shows_it,
    a_description_shows_the_settings_and_no_secret,
    the_user_agent_stands_before_ours,
    a_bundle_that_is_not_the_servers_is_named_when_tls_fails,
);

const GARBAGE: &[u8] = b"-----BEGIN CERTIFICATE-----\nnot base64 !\n-----END CERTIFICATE-----\n";
const NO_CERTIFICATE: &[u8] = b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";

fn each_bad_setting_is_refused_by_name<A: Api>() {
    let url = |url: &str| Setting::BaseUrl(url.into());
    let bad = [
        (Setting::Credentials(Password, "", "s"), "user name"),
        (Setting::Credentials(Password, "a:b", "s"), "user name"),
        (Setting::Credentials(Password, "user@example.com", "a\nb"), "password"),
        (Setting::Credentials(ApiToken, "user@example.com", ""), "API token"),
        (Setting::CredentialProcess(String::new(), None), "credential process is empty"),
        (Setting::CredentialProcess("a\nb".into(), None), "credential process has a control character"),
        (Setting::CredentialProcess("a".into(), Some("")), "user name is empty"),
        (Setting::CredentialProcess("a".into(), Some("a:b")), "user name has a colon"),
        (Setting::Keychain("", None), "keychain entry is empty"),
        (Setting::Keychain("a\tb", None), "keychain entry has a control character"),
        (Setting::Keychain("a", Some("BOOMI_TOKEN.")), "user name is only the prefix"),
        (Setting::AccountId(String::new()), "account id is empty"),
        (Setting::AccountId("a\tb".into()), "account id has a control character"),
        (Setting::AccountId("..".into()), "account id is a relative"),
        (url(""), "base URL is empty"),
        (url("api.boomi.com"), "begin with https://"),
        (url("http://api.boomi.com"), "use https (\"https://api.boomi.com\")"),
        (url("http://localhost.example.com"), "use https"),
        (url("https://api.boomi.com/api/rest/v1/account123"), "use \"https://api.boomi.com\""),
        (url("https://user:secret@api.boomi.com"), "user information"),
        (url("https://api.boomi.com\r\nX-Evil: 1"), "control character"),
        (Setting::OtpSecret("JBSWY3D1".into()), "base32"),
        (Setting::OtpSecret(String::new()), "empty"),
        (Setting::ConnectTimeoutMs(0), "connect timeout is zero"),
        (Setting::TimeoutMs(0), "the timeout is zero"),
        (Setting::CaPem(Vec::new(), CaMode::Only), "CA bundle has no certificate"),
        (Setting::CaPem(NO_CERTIFICATE.into(), CaMode::Add), "CA bundle has no certificate"),
        (Setting::CaPem(GARBAGE.into(), CaMode::Only), "it is not PEM"),
        (Setting::CaPem(b"rubbish".into(), CaMode::Only), "CA bundle has no certificate"),
        (Setting::Proxy("socks4://127.0.0.1:1".into()), "proxy"),
        (Setting::Proxy("http://".into()), "proxy"),
        (Setting::UserAgent("a\r\nX-Evil: 1".into()), "user agent"),
        (Setting::UserAgent("mein-Gerät/1".into()), "user agent"),
        (Setting::MaxResponseBytes(0), "0 bytes"),
        (Setting::MaxSignInsInFlight(0), "0 sign-ins in flight: 1 to 5"),
        (Setting::MaxSignInsInFlight(6), "6 sign-ins in flight: 1 to 5"),
        (Setting::StateDir(String::new()), "state directory is empty"),
    ];
    for (setting, named) in bad {
        assert_invalid(A::client(vec![setting]), named);
    }
}

fn the_first_bad_setting_is_the_error_of_the_client<A: Api>() {
    let good_again = || Setting::BaseUrl("https://api.boomi.com".into());
    let settings = vec![Setting::BaseUrl("ftp://x".into()), Setting::TimeoutMs(0), good_again()];
    assert_invalid(A::client(settings), "scheme");
    let settings = vec![Setting::TimeoutMs(0), Setting::BaseUrl("ftp://x".into()), Setting::TimeoutMs(1)];
    assert_invalid(A::client(settings), "the timeout is zero");
}

fn sign_in_without_credentials_says_what_to_set_and_where<A: Api>() {
    let client = client::<A>(at("https://localhost:1"), []);
    let page = "Settings > Account Information and Setup > Boomi Enterprise Platform API Tokens";
    for failure in [failure(A::generate_jwt(&client, None, None)), failure(get::<A>(&client, AUDIT_LOG))] {
        failure.assert_unsent(ErrorKind::Config, &["give the client its credentials", "BOOMI_API_TOKEN", page]);
        assert!(!failure.retryable && failure.attempts == 0, "{failure:?}");
    }
}

fn without_an_account_id_a_call_says_where_boomi_shows_it<A: Api>() {
    let settings = vec![by_password(REGULAR), Setting::BaseUrl("https://localhost:1".into())];
    let client = client::<A>(settings, [Setting::Proxy(String::new())]);
    for failure in [failure(A::generate_jwt(&client, None, None)), failure(get::<A>(&client, AUDIT_LOG))] {
        let page = "Settings > User Information > Account Information";
        failure.assert_unsent(ErrorKind::Config, &["give the account id to the client", "BOOMI_ACCOUNT_ID", page]);
    }
}

fn a_description_shows_the_settings_and_no_secret<A: Api>() {
    let boomi = Emulator::start();
    let client = client::<A>(
        of(&boomi),
        [
            by_token(TWOFA),
            Setting::OtpSecret(TWOFA_SECRET.into()),
            Setting::Proxy("http://me:proxy-password@proxy.example.com:3128".into()),
            Setting::TimeoutMs(1234),
            Setting::ConnectTimeoutMs(321),
            Setting::MaxResponseBytes(4096),
            Setting::RequestsPerSecond(7),
            Setting::MaxRetries(2),
            Setting::UserAgent("my-tool/1.0".into()),
        ],
    );
    let text = A::describe(&client);
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(json["base_url"], boomi.base_url());
    assert_eq!(json["account_id"], "account123");
    assert_eq!(json["credentials"]["username"], format!("BOOMI_TOKEN.{}", TWOFA.name));
    assert_eq!(json["credentials"]["secret"], "***");
    assert_eq!((&json["timeout_ms"], &json["connect_timeout_ms"]), (&1234.into(), &321.into()));
    assert_eq!(json["max_response_bytes"], 4096);
    assert_eq!((&json["requests_per_second"], &json["max_retries"]), (&7.into(), &2.into()));
    for shown in ["my-tool/1.0", "proxy.example.com"] {
        assert!(text.contains(shown), "{text}");
    }
    for hidden in [TWOFA.token, TWOFA_SECRET, "proxy-password"] {
        assert!(!text.contains(hidden), "{text}");
    }
}

fn the_user_agent_stands_before_ours<A: Api>() {
    let boomi = Emulator::start();
    let client = client::<A>(of(&boomi), [by_password(REGULAR), Setting::UserAgent("my-tool/1.0".into())]);
    get::<A>(&client, AUDIT_LOG).unwrap();
    let sent = boomi.log()[0].user_agent.clone().unwrap();
    let version = boomi_auth::VERSION;
    assert!(sent.starts_with("my-tool/1.0 ") && sent.contains(version), "{sent}");
}

fn a_bundle_that_is_not_the_servers_is_named_when_tls_fails<A: Api>() {
    let (boomi, other) = (Emulator::start(), Emulator::start());
    let ca = Setting::CaPem(other.ca_pem().into(), CaMode::Only);
    let client = client::<A>(at(boomi.base_url()), [by_password(REGULAR), ca]);
    failure(A::generate_jwt(&client, None, None)).assert_unsent(ErrorKind::Tls, &["localhost"]);
    assert!(boomi.log().is_empty());
}
