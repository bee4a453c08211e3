//! `request` and `graphql`: what goes out, what comes back, and where to.

use std::io::Read as _;
use std::process::Stdio;

use boomi_emulator::users::REGULAR;
use boomi_emulator::{Scripted, WireFault};

use crate::shell::{AUDIT_LOG, COMMAND, Shell, run, run_on_terminal, run_with_input, set_mode};

const DEPLOYMENT: &str = "/api/rest/v1/{accountId}/Deployment";

#[test]
fn body_is_printed_unchanged_and_headers_with_include() {
    let shell = Shell::new();
    let body = shell.run(&["request", "GET", AUDIT_LOG]).good();
    assert!(body.starts_with("{\"@type\":\"AuditLog\"") && !body.ends_with('\n'), "{body}");
    let with_head = shell.run(&["request", "GET", AUDIT_LOG, "--include"]).good();
    let (head, rest) = with_head.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200\r\n") && head.contains("\r\ncontent-type: application/json"), "{head}");
    assert_eq!(rest, body);
    let by_jwt = shell.run(&["request", "get", &format!("{DEPLOYMENT}/documentId-321"), "--jwt"]);
    assert_eq!(by_jwt.status, 0, "{by_jwt:?}");
    assert_eq!(shell.boomi.log().last().unwrap().scheme.as_deref(), Some("Bearer"));
}

#[test]
fn a_body_is_sent_from_a_file_or_from_standard_input() {
    let shell = Shell::new();
    let path = format!("{DEPLOYMENT}/query");
    let query = shell.write("query.json", r#"{"QueryFilter":{}}"#);
    let one = shell.run(&["request", "POST", &path, "--data", query.to_str().unwrap()]).good();
    let mut two = shell.signed_in(COMMAND);
    let two = run_with_input(two.args(["request", "POST", &path, "-d", "-"]), r#"{"QueryFilter":{}}"#).good();
    assert!(one.contains("queryToken") && one == two, "{one}");
    shell.run(&["request", "POST", &path, "-d", "nowhere"]).failed(2, &["cannot read nowhere"]);
    let mut twice = shell.program(COMMAND);
    twice.env("BOOMI_USERNAME", REGULAR.name).args(["request", "POST", &path, "-d", "-", "--api-token-stdin"]);
    run_with_input(&mut twice, "x").failed(2, &["standard input is named twice"]);
}

#[test]
fn headers_are_sent_and_secret_ones_come_from_a_file() {
    let shell = Shell::new();
    let secret = shell.write("headers", "X-Test-Key: marked-header-value\n\nX-Other:b\n");
    let at_secret = format!("@{}", secret.display());
    let path = format!("{DEPLOYMENT}/create-1");
    let sent = shell.run(&["request", "POST", &path, "-H", "Content-Type: application/xml", "-H", &at_secret, "-v"]);
    assert_eq!(sent.status, 0, "{sent:?}");
    assert_eq!(shell.boomi.effects()[0].key, "marked-header-value");
    assert!(!sent.stderr.contains("marked"), "{sent:?}");
    shell.run(&["request", "GET", AUDIT_LOG, "-H", "no colon"]).failed(2, &["Name: value"]);
    shell.run(&["request", "GET", AUDIT_LOG, "-H", "Authorization: Basic x"]).failed(2, &[]);
}

#[test]
fn error_body_goes_to_stdout_and_its_message_to_stderr() {
    let shell = Shell::new();
    let ended = shell.run(&["request", "GET", "/api/rest/v1/{accountId}/AuditLog/nope", "-o", "file"]);
    let ended = ended.failed(6, &["404", "There is no AuditLog with the id nope."]);
    assert_eq!(ended.stdout, r#"{"error":{"message":"There is no AuditLog with the id nope."}}"#);
    assert!(!shell.home().join("file").exists());
    let ended = shell.run_with_wrong_token(&["request", "GET", AUDIT_LOG]).failed(3, &["401", "API token"]);
    assert!(ended.stdout.contains("message"), "{ended:?}");
    for (status, expected) in [(403, 6), (500, 6), (302, 6)] {
        shell.boomi.answer_next(Scripted::new(status, "text/plain", "the body"));
        let ended = shell.run(&["request", "POST", DEPLOYMENT]).failed(expected, &[&status.to_string()]);
        assert_eq!(ended.stdout, "the body");
    }
}

#[test]
fn what_is_wrong_before_or_on_the_way_has_a_status_of_its_own() {
    let shell = Shell::new();
    shell.run(&["request", "GET", "https://elsewhere.example/"]).failed(2, &["https://elsewhere.example"]);
    shell.run(&["request", "GET", AUDIT_LOG, "--api-url", "https://localhost:1"]).failed(5, &["localhost:1"]);
    shell.run(&["request", "GET", AUDIT_LOG, "--api-url", "https://nowhere.invalid"]).failed(5, &["nowhere.invalid"]);
    let other = shell.write("other.pem", boomi_emulator::Emulator::start().ca_pem());
    let other = other.to_str().unwrap();
    shell.run(&["request", "GET", AUDIT_LOG, "--ca-file", other]).failed(5, &["given CA bundle"]);
    shell.run(&["request", "GET", AUDIT_LOG, "--proxy", "http://localhost:1"]).failed(5, &["proxy http://localhost:1"]);
    assert!(shell.boomi.log().is_empty());
    shell.boomi.answer_next(Scripted::from(WireFault::ResetAfter).times(u32::MAX));
    shell.run(&["request", "POST", DEPLOYMENT]).failed(5, &["lost"]);
}

#[test]
fn a_file_is_there_when_it_is_whole() {
    let shell = Shell::new();
    let large = format!("{DEPLOYMENT}/sized-3000000");
    let old = shell.write("file", "old");
    set_mode(&old, 0o600);
    std::os::unix::fs::symlink("file", shell.home().join("link")).unwrap();
    shell.boomi.answer_next(Scripted::from(WireFault::CutBody));
    let ended = shell.run(&["request", "GET", &large, "--output", "link"]).failed(5, &[]);
    assert_eq!(ended.stdout, "");
    assert_eq!(std::fs::read_to_string(&old).unwrap(), "old");

    shell.run(&["request", "GET", &large, "--output", "link"]).good();
    assert!(shell.home().join("link").is_symlink(), "what it means is replaced");
    assert_eq!(old.metadata().unwrap().len(), 3_000_000);
    shell.run(&["request", "GET", &large, "--output", "/dev/null"]).good();
    shell.run(&["request", "GET", &large, "--output", "/dev/full"]).failed(1, &["/dev/full", "No space left"]);
    assert_eq!(std::os::unix::fs::MetadataExt::mode(&old.metadata().unwrap()) & 0o777, 0o600, "as it was");
    std::os::unix::fs::symlink("not yet", shell.home().join("dangling")).unwrap();
    shell.run(&["request", "GET", &large, "--output", "dangling"]).good();
    assert_eq!(shell.home().join("not yet").metadata().unwrap().len(), 3_000_000);
    assert_eq!(shell.run(&["request", "GET", &large, "--output", "-"]).good().len(), 3_000_000);
    // Nothing is sent whose answer can be put nowhere.
    shell.run(&["request", "POST", DEPLOYMENT, "--output", "."]).failed(2, &["directory"]);
    shell.run(&["request", "POST", DEPLOYMENT, "--output", "no/folder"]).failed(1, &["no/folder"]);
    assert!(shell.boomi.effects().is_empty());

    // A disk that takes 500 KB.
    let mut full = shell.signed_in("sh");
    let line = format!("trap '' XFSZ; ulimit -f 1000; exec {COMMAND} request GET '{large}' -o new");
    run(full.args(["-c", &line])).failed(1, &["new", "File too large"]);
    assert!(!shell.home().join("new").exists());
    assert_eq!(shell.leftovers(), [""; 0].map(std::path::PathBuf::from));
}

#[test]
fn whoever_closes_the_pipe_hears_no_complaint() {
    let shell = Shell::new();
    let mut command = shell.signed_in(COMMAND);
    command.args(["request", "GET", &format!("{DEPLOYMENT}/sized-3000000")]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdout.take().unwrap().read_exact(&mut [0; 10]).unwrap();
    let ended = crate::shell::Ended::of(&child.wait_with_output().unwrap());
    assert_eq!((ended.status, ended.stderr.as_str()), (141, ""));
}

#[test]
fn all_pages_come_one_behind_the_other() {
    let shell = Shell::new();
    let query = shell.write("query.json", "{}");
    let path = format!("{DEPLOYMENT}/query");
    let arguments = ["request", "POST", &path, "--all-pages", "-d", query.to_str().unwrap()];
    let pages = shell.run(&arguments).good();
    let pages: Vec<serde_json::Value> = pages.lines().map(|page| serde_json::from_str(page).unwrap()).collect();
    let rows = pages.iter().map(|page| page["result"].as_array().unwrap().len());
    assert_eq!(rows.collect::<Vec<_>>(), [100, 100, 50]);

    // One that is missing: no file.
    shell
        .boomi
        .answer_next(Scripted::new(500, "text/plain", "oops").on("/api/rest/v1/account123/Deployment/queryMore"));
    let with_file = [&arguments[..], &["-o", "pages"]].concat();
    let ended = shell.run(&with_file).failed(6, &["500"]);
    assert_eq!(ended.stdout, "oops");
    assert!(!shell.home().join("pages").exists() && shell.leftovers().is_empty());
    shell.run(&with_file).good();
    assert!(shell.home().join("pages").exists());
    shell.run(&["request", "GET", AUDIT_LOG, "--all-pages"]).failed(2, &["/query"]);
}

#[test]
fn graphql_takes_a_query_or_the_object_that_is_sent() {
    let shell = Shell::new();
    let answer = r#"{"data":{"organizations":[{"id":"organization-1","name":"Example"}]}}"#;
    for text in ["{ organizations { id } }", r#" {"query":"query A { organizations { id } }","variables":{}}"#] {
        let mut command = shell.signed_in(COMMAND);
        assert_eq!(run_with_input(command.args(["graphql", "-"]), text).good(), answer);
    }
    let entry = shell.boomi.log().pop().unwrap();
    assert_eq!((entry.path.as_str(), entry.scheme.as_deref()), ("/graphql", Some("Bearer")));
    shell.boomi.answer_next(
        Scripted::new(200, "application/json", r#"{"errors":[{"message":"no such field"}]}"#).on("/graphql"),
    );
    let query = shell.write("query", "{ nothing }");
    let ended = shell.run(&["graphql", query.to_str().unwrap()]).failed(6, &["no such field"]);
    assert!(ended.stdout.contains("errors"), "{ended:?}");
}

#[test]
fn a_terminal_sees_how_far_a_long_download_is() {
    let shell = Shell::new();
    let get = |size: u32| {
        vec!["request".to_owned(), "GET".into(), format!("{DEPLOYMENT}/sized-{size}"), "-o".into(), "file".into()]
    };
    let run_on = |arguments: &[String]| {
        let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
        run_on_terminal(shell.signed_in("script"), &arguments)
    };
    let long = run_on(&get(30_000_000));
    assert_eq!(long.status, 0, "{long:?}");
    assert!(long.stdout.contains("MiB"), "{long:?}");
    assert_eq!(run_on(&get(1000)).stdout, "", "a short one is there before");
    assert_eq!(shell.run(&["request", "GET", &format!("{DEPLOYMENT}/sized-30000000"), "-o", "file"]).good(), "");
}
