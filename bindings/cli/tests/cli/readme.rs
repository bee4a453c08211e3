//! README's lines for the shell run as they stand, its profile is one, and its JSON is what is printed.

use std::path::Path;

use boomi_emulator::users::REGULAR;

use crate::shell::{COMMAND, Shell, run};

const README: &str = include_str!("../../../../README.md");

/// The fenced blocks of a language.
fn blocks(language: &str) -> Vec<&'static str> {
    let start = format!("\n```{language}\n");
    README.split(start.as_str()).skip(1).map(|rest| rest.split("\n```").next().unwrap()).collect()
}

#[test]
fn the_lines_for_the_shell_run_as_written() {
    let shell = Shell::new();
    let is_ours = |line: &&str| line.starts_with("boomi-auth ") || line.starts_with("curl -K ");
    let lines: Vec<_> = blocks("sh").into_iter().flat_map(str::lines).filter(is_ours).collect();
    assert!(lines.len() >= 3, "{lines:?}");
    let folder = Path::new(COMMAND).parent().unwrap().to_str().unwrap().to_owned();
    let script = format!("set -e\nPATH={folder}:$PATH\n{}\n", lines.join("\n"));
    // The one line of curl's own has the bundle in its config.
    let ended = run(shell.signed_in("bash").args(["-c", &script]));
    assert_eq!(ended.status, 0, "{ended:?}");
    assert_eq!(ended.stdout.matches("documentId-321").count(), 2, "{ended:?}");
}

#[test]
fn the_profile_is_one() {
    let shell = Shell::new();
    let [profile] = blocks("toml")[..] else { panic!("one profile in README") };
    let token = shell.write_secret("token", REGULAR.token);
    shell.config(&profile.replace("/run/secrets/boomi", token.to_str().unwrap()));
    assert_eq!(run(shell.program(COMMAND).arg("username")).good(), "BOOMI_TOKEN.user@example.com\n");
    run(shell.program(COMMAND).args(["jwt"])).good();
}

#[test]
fn the_json_is_what_is_printed() {
    let shell = Shell::new();
    let start = "{\"version\":1,\"scheme\":\"Bearer\",\"token\":\"eyJ";
    assert!(blocks("json").iter().any(|block| block.starts_with(start)), "README");
    assert!(shell.run(&["jwt", "--json"]).good().starts_with(start));
}
