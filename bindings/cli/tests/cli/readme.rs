//! README's lines for the shell run as they stand, and so do those of the guides; its profile is one, and its JSON is
//! what is printed.

use std::path::Path;

use boomi_emulator::users::{REGULAR, TWOFA, TWOFA_SECRET};

use crate::daemon::{Daemon, own_address};
use crate::shell::{COMMAND, Shell, run};

const README: &str = include_str!("../../../../README.md");

/// README's fenced blocks of a language.
fn blocks(language: &str) -> Vec<&'static str> {
    blocks_of(README, language)
}

fn blocks_of<'a>(text: &'a str, language: &str) -> Vec<&'a str> {
    let start = format!("\n```{language}\n");
    text.split(start.as_str()).skip(1).map(|rest| rest.split("\n```").next().unwrap()).collect()
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

/// Each block by itself, with files, a proxy and an authority where the guides have them.
#[test]
fn the_blocks_of_the_guides_run_as_written() {
    let address = own_address();
    let outside = Shell::new();
    let log = outside.home().join("log");
    let settings = format!("Port 3128\nListen {address}\nLogFile \"{}\"\n", log.display());
    let settings = outside.write("tinyproxy.conf", &settings);
    let start = |command: &mut std::process::Command| {
        command.arg("-d").arg("-c").arg(settings);
    };
    let proxy = Daemon::start("tinyproxy", start, (address, 3128).into());
    let folder = Path::new(COMMAND).parent().unwrap().to_str().unwrap().to_owned();
    let guides = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs")).unwrap();
    let mut ran = 0;
    for guide in guides.map(|entry| entry.unwrap().path()) {
        if guide.extension().is_none_or(|it| it != "md") {
            continue;
        }
        let text = std::fs::read_to_string(&guide).unwrap();
        for block in [blocks_of(&text, "sh"), blocks_of(&text, "bash")].concat() {
            if !block.lines().any(|line| line.starts_with("boomi-auth ") || line.starts_with("curl ")) {
                continue;
            }
            let shell = Shell::new();
            let home = shell.home().to_str().unwrap().to_owned();
            shell.write_secret("api-token", REGULAR.token);
            shell.write_secret("password", TWOFA.password);
            shell.write_secret("otp-secret", TWOFA_SECRET);
            let block = block
                .replace("/run/secrets/", &format!("{home}/"))
                .replace("/etc/ssl/corporate-ca.pem", &format!("{home}/ca.pem"))
                .replace("proxy.example.com", &address.to_string());
            let script = format!("set -e\nPATH={folder}:$PATH\n{block}\n");
            // Who is signed in by the block need not be by the shell.
            let mut bash =
                if block.contains("export BOOMI_USERNAME") { shell.program("bash") } else { shell.signed_in("bash") };
            let ended = run(bash.env_remove("NO_PROXY").args(["-c", &script]));
            assert_eq!(ended.status, 0, "{}:\n{block}\n{ended:?}", guide.display());
            ran += 1;
        }
    }
    drop(proxy);
    assert!(std::fs::read_to_string(log).unwrap().contains("CONNECT localhost"));
    assert!(ran >= 9, "{ran} blocks");
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
