//! Every family of Boomi's APIs, through the library and through its example, with each sign-in that the family takes.

use boomi_auth::{AuthScheme, CaMode, Client, ClientBuilder, Credentials, ErrorKind, Response};
use boomi_emulator::users::{
    ACCOUNT, BOUND, EVENT_STREAMS_TOKEN, FOREIGN_ACCOUNT, HUB_TOKEN, HUB_USER, REGULAR, REPOSITORY, SSO_ADMIN,
    SUB_ACCOUNT, TWOFA, TWOFA_SECRET, UNIVERSE,
};
use boomi_emulator::{AsyncOptions, DownloadOptions, Emulator, LogEntry};

use crate::common::{
    AUDIT_LOG, DEPLOYMENT, GRAPHQL_QUERY, assert_says, builder, by_password, by_token, client, to_the_middle_of_a_step,
};
use crate::example::{Environment, example_output};

const MODELS: &str = "/mdm/api/rest/v1/{accountId}/models";
const ORGANIZATIONS: &str = "/apim/api/rest/v1/{accountId}/organizations";
const PROCESSES: &str = "/api/rest/v1/{accountId}/Process/query";

/// Clients of one kind of sign-in each: their names, and the scheme they use.
fn every_sign_in(boomi: &Emulator) -> Vec<(&'static str, Client)> {
    to_the_middle_of_a_step(boomi);
    let with_code = builder(boomi).credentials(by_password(TWOFA)).otp_secret(TWOFA_SECRET).build().unwrap();
    vec![
        ("password", client(boomi, by_password(REGULAR))),
        ("token", client(boomi, by_token(REGULAR))),
        ("single sign-on administrator", client(boomi, by_password(SSO_ADMIN))),
        ("two factors", with_code),
        ("two factors, token", client(boomi, by_token(TWOFA))),
    ]
}

fn of<'a>(log: &'a [LogEntry], prefix: &'a str) -> impl Iterator<Item = &'a LogEntry> {
    log.iter().filter(move |entry| entry.path.starts_with(prefix))
}

#[track_caller]
fn ok(answer: boomi_auth::Result<Response>) -> String {
    answer.and_then(Response::check).unwrap().text().unwrap().to_owned()
}

#[test]
fn platform_rest_with_every_sign_in() {
    let boomi = Emulator::start();
    for (name, client) in every_sign_in(&boomi) {
        assert!(ok(client.get(AUDIT_LOG).send()).contains("AuditLog"), "{name}");
    }
    let log = boomi.log();
    assert!(of(&log, "/api/rest/").all(|entry| entry.scheme.as_deref() == Some("Basic")), "{log:?}");
}

#[test]
fn partner_rest_for_another_account_with_every_sign_in() {
    let boomi = Emulator::start();
    let path = "/partner/api/rest/v1/{accountId}/AuditLog/documentId-321";
    for (name, client) in every_sign_in(&boomi) {
        let record = ok(client.get(path).query("overrideAccount", SUB_ACCOUNT).send());
        assert!(record.contains(SUB_ACCOUNT), "{name}: {record}");
    }
    let deployment = "/partner/api/rest/v1/{accountId}/Deployment/documentId-321";
    let client = client(&boomi, by_token(REGULAR));
    let with_jwt = client.get(deployment).auth(AuthScheme::Jwt).query("overrideAccount", SUB_ACCOUNT);
    assert!(ok(with_jwt.send()).contains(SUB_ACCOUNT));
    let foreign = client.get(path).query("overrideAccount", FOREIGN_ACCOUNT).send().unwrap().error().unwrap();
    assert_eq!(foreign.kind(), ErrorKind::PermissionDenied);
    let log = boomi.log();
    assert!(of(&log, "/partner/").all(|entry| entry.path.starts_with("/partner/api/rest/v1/account123/")), "{log:?}");
}

#[test]
fn partner_queries_keep_the_account_from_page_to_page() {
    let boomi = Emulator::start();
    boomi.set_query(250, 100);
    let client = client(&boomi, by_token(REGULAR));
    let query = client.post("/partner/api/rest/v1/{accountId}/Process/query").query("overrideAccount", SUB_ACCOUNT);
    let pages: Vec<_> = query.body("{}").pages().unwrap().map(|page| page.unwrap()).collect();
    assert_eq!(pages.len(), 3);
    let log = boomi.log();
    let asked: Vec<_> = of(&log, "/partner/").map(|entry| entry.path.as_str()).collect();
    let more = "/partner/api/rest/v1/account123/Process/queryMore?overrideAccount=subaccount456";
    assert_eq!(asked[1..], [more, more]);
}

#[test]
fn a_jwt_on_a_route_that_takes_it_and_on_one_that_does_not() {
    let boomi = Emulator::start();
    let client = client(&boomi, by_token(REGULAR));
    ok(client.get(DEPLOYMENT).auth(AuthScheme::Jwt).send());
    let answer = client.get(AUDIT_LOG).auth(AuthScheme::Jwt).send().unwrap();
    assert_eq!((answer.status(), answer.attempts()), (401, 2));
    assert_says(&answer.error().unwrap(), &["JWT was refused", "takes Basic only"]);
    // That one does so is no reason to keep the token from the other.
    ok(client.get(DEPLOYMENT).auth(AuthScheme::Jwt).send());
    assert_eq!(of(&boomi.log(), "/auth/").count(), 2);
}

#[test]
fn pages_of_json_and_xml_in_both_schemes() {
    let boomi = Emulator::start();
    boomi.set_query(250, 100);
    let client = client(&boomi, by_token(REGULAR));
    for accept in ["application/json", "application/xml"] {
        for (scheme, path) in
            [(AuthScheme::Basic, PROCESSES), (AuthScheme::Jwt, "/api/rest/v1/{accountId}/Deployment/query")]
        {
            let query = client.post(path).auth(scheme).header("Accept", accept).body(r#"{"QueryFilter":{}}"#);
            let pages: Vec<_> = query.pages().unwrap().map(|page| page.unwrap()).collect();
            let rows: usize = pages.iter().map(|page| rows(page.text().unwrap())).sum();
            assert_eq!((pages.len(), rows), (3, 250), "{accept} {scheme:?}");
        }
    }
    assert!(boomi.effects().is_empty());
}

/// Results on a page.
fn rows(page: &str) -> usize {
    match serde_json::from_str::<serde_json::Value>(page) {
        Ok(page) => page["result"].as_array().map_or(0, Vec::len),
        Err(_) => page.matches("<bns:result").count(),
    }
}

#[test]
fn work_that_takes_its_time_in_both_shapes() {
    let boomi = Emulator::start();
    let client = client(&boomi, by_token(REGULAR));
    for (status, accept) in [(200, "application/json"), (202, "application/xml")] {
        boomi.set_async(AsyncOptions { polls: 1, status });
        for start in [
            client.get("/api/rest/v1/{accountId}/async/AtomCounters/atom-1"),
            client.post("/api/rest/v1/{accountId}/ExecutionRequest").body("{}"),
            client.post("/api/rest/v1/{accountId}/ProcessLog").body("{}"),
        ] {
            let mut job = start.header("Accept", accept).start().unwrap();
            let path = job.path().unwrap_or_default().to_owned();
            let result = job.wait(None).unwrap();
            assert_eq!(result.status(), 200, "{accept} {path}");
            assert!(!result.body().is_empty(), "{accept} {path}");
        }
    }
    assert_eq!(boomi.effects().len(), 2, "{:?}", boomi.effects());
}

#[test]
fn a_download_is_signed_in_like_its_request_and_nowhere_else() {
    let boomi = Emulator::start();
    let client = client(&boomi, by_token(REGULAR));
    let log = || client.post("/api/rest/v1/{accountId}/ProcessLog").body("{}");
    assert_eq!(log().wait().unwrap().body().len(), 1000);

    let other = Emulator::start();
    for url in [
        format!("{}/account/account123/api/download/1", other.base_url()),
        "http://localhost/x".into(),
        "javascript:x".into(),
    ] {
        boomi.set_download(DownloadOptions { url: Some(url), ..DownloadOptions::default() });
        let error = log().wait().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol, "{error}");
        assert_says(&error, &["cannot be asked"]);
    }
    assert!(other.log().is_empty());
}

#[test]
fn api_management_and_datahub_platform_take_basic() {
    // An emulator each: a code is good for one sign-in.
    for path in [ORGANIZATIONS, MODELS] {
        let boomi = Emulator::start();
        for (name, client) in every_sign_in(&boomi) {
            assert!(!ok(client.get(path).send()).is_empty(), "{name} {path}");
        }
    }
    let boomi = Emulator::start();
    let wrong = client(&boomi, Credentials::password(REGULAR.name, "wrong").unwrap());
    let error = wrong.get(MODELS).send().unwrap().error().unwrap();
    // DataHub says 403, and means who you are.
    assert_eq!((error.kind(), error.status()), (ErrorKind::CredentialsRejected, Some(403)));
    let foreign = client(&boomi, by_token(BOUND)).get(ORGANIZATIONS).account_id(SUB_ACCOUNT).send().unwrap();
    assert_eq!(foreign.error().unwrap().kind(), ErrorKind::PermissionDenied);
}

#[test]
fn graphql_takes_the_clients_jwt_by_itself() {
    let boomi = Emulator::start();
    let client = client(&boomi, by_password(REGULAR));
    for _ in 0..3 {
        assert!(ok(client.post("/graphql").body(GRAPHQL_QUERY).send()).contains("organizations"));
    }
    ok(client.post("/graphql").body(r#"{"query":"mutation { a }"}"#).send());
    assert_eq!((of(&boomi.log(), "/auth/").count(), boomi.effects().len()), (1, 1));
}

/// A client of the repository's host.
fn hub(boomi: &Emulator) -> ClientBuilder {
    let url = boomi.hub_url();
    Client::builder().base_url(&url).proxy("").ca_pem(boomi.ca_pem().as_bytes(), CaMode::Only)
}

#[test]
fn datahub_repository_on_another_host_gets_only_the_bearer() {
    let boomi = Emulator::start();
    let platform = client(&boomi, by_token(REGULAR));
    let repository = hub(&boomi).token_provider(&platform.token_provider(None).unwrap()).build().unwrap();
    let path = format!("/mdm/universes/{UNIVERSE}/records/query");
    let query = || {
        let request =
            repository.post(&path).header("Accept", "application/xml").header("Content-Type", "application/xml");
        request.body("<RecordQueryRequest/>")
    };
    ok(query().query("repositoryId", REPOSITORY).send());
    assert_ne!(query().query("repositoryId", "REPOSITORY-1").send().unwrap().status(), 200);
    let log = boomi.log();
    assert!(of(&log, "/mdm/universes/").all(|entry| entry.scheme.as_deref() == Some("Bearer")), "{log:?}");

    // An expired one is replaced, although its refusal is a page of HTML.
    boomi.advance_clock(301);
    let answer = query().query("repositoryId", REPOSITORY).send().unwrap();
    assert_eq!((answer.status(), answer.attempts()), (200, 2));
}

#[test]
fn a_datahub_repository_takes_its_hub_token() {
    let boomi = Emulator::start();
    let path = format!("/mdm/universes/{UNIVERSE}");
    let with = |token| hub(&boomi).credentials(Credentials::password(HUB_USER, token).unwrap()).build().unwrap();
    ok(with(HUB_TOKEN).get(&path).header("Accept", "application/xml").send());
    let error = with("wrong").get(&path).send().unwrap().error().unwrap();
    assert_eq!(error.kind(), ErrorKind::CredentialsRejected);
    assert_says(&error, &["UNAUTHORIZED"]);
}

#[test]
fn event_streams_take_the_callers_own_bearer() {
    let boomi = Emulator::start();
    let client = builder(&boomi).build().unwrap();
    let send = |token: &str| {
        let request = client.post(&format!("/rest/singlemsg/{ACCOUNT}/environment-1/topic-1")).auth(AuthScheme::None);
        request
            .secret_header("Authorization", &format!("Bearer {token}"))
            .header("Content-Type", "text/plain")
            .body("x")
            .send()
    };
    ok(send(EVENT_STREAMS_TOKEN));
    let error = send("marked-secret").unwrap().error().unwrap();
    assert_eq!(error.kind(), ErrorKind::CredentialsRejected);
    assert_says(&error, &["auth scheme is none"]);
    assert!(!error.message().contains("marked-secret"));
}

#[test]
fn every_example_does_what_its_family_is_for() {
    let boomi = Emulator::start();
    let environment = Environment::of(&boomi);
    for (name, variables, shows) in [
        ("platform_rest", vec![], vec!["page 3", "counters", "log: 1000 bytes"]),
        ("partner_api", vec![("PARTNER_SUB_ACCOUNT", SUB_ACCOUNT.to_owned())], vec![SUB_ACCOUNT]),
        ("api_management", vec![], vec!["rganization"]),
        ("graphql", vec![], vec!["organizations"]),
        ("datahub_platform", vec![], vec!["odel"]),
        (
            "datahub_repository",
            vec![
                ("DATAHUB_REPO_URL", boomi.hub_url()),
                ("DATAHUB_UNIVERSE_ID", UNIVERSE.into()),
                ("DATAHUB_REPOSITORY_ID", REPOSITORY.into()),
                ("DATAHUB_USERNAME", HUB_USER.into()),
                ("DATAHUB_AUTH_TOKEN", HUB_TOKEN.into()),
            ],
            vec!["with the JWT: <", "with the hub token: <"],
        ),
        (
            "event_streams",
            vec![
                ("EVENT_STREAMS_URL", boomi.base_url().into()),
                ("EVENT_STREAMS_TOPIC", format!("{ACCOUNT}/environment-1/topic-1")),
                ("EVENT_STREAMS_TOKEN", EVENT_STREAMS_TOKEN.into()),
            ],
            vec!["200"],
        ),
    ] {
        let (output, text) = example_output(environment.example(name).envs(variables));
        assert!(output.status.success(), "{name}: {text}");
        for part in shows {
            assert!(text.contains(part), "{name}: {part:?} is not in {text}");
        }
        for secret in [REGULAR.token, HUB_TOKEN, EVENT_STREAMS_TOKEN, "eyJ"] {
            assert!(!text.contains(secret), "{name} shows a secret: {text}");
        }
    }
}
