//! README, CONTRIBUTING and the guides are true: their programs run, and each of their commands is run by some test.

use std::process::Command;

use boomi_emulator::{Emulator, users};

const README: &str = include_str!("../../README.md");
const CONTRIBUTING: &str = include_str!("../../CONTRIBUTING.md");

/// The guides, each with its path.
fn guides() -> Vec<(std::path::PathBuf, String)> {
    let entries = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/docs")).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path()).filter(|path| path.extension().is_some_and(|it| it == "md"));
    paths.map(|path| (path.clone(), std::fs::read_to_string(path).unwrap())).collect()
}

/// The fenced blocks of a language.
fn blocks<'a>(text: &'a str, language: &str) -> Vec<&'a str> {
    let start = format!("\n```{language}\n");
    text.match_indices(&start)
        .map(|(at, _)| {
            let block = &text[at + start.len()..];
            &block[..block.find("\n```").expect("a block that ends")]
        })
        .collect()
}

/// Where each command is run. A new one needs a line here, and a test.
fn runs_in(command: &str) -> Option<&'static str> {
    let run_by = [
        ("make demo", "scripts/run.sh"),
        ("make test", "the caller of this test"),
        ("cargo test ", "scripts/run.sh, all of them"),
        ("target/python/venv/bin/python -m pytest ", "scripts/python.sh, all of them"),
        ("mvn ", "scripts/java.sh, all of them"),
        ("make check", "scripts/run.sh, part by part"),
        ("make header", "scripts/run.sh, as a check"),
        ("make bench", "by hand: it measures"),
        ("target/debug/quickstart-c", "scripts/run.sh"),
        ("tests/emulator/with-emulator.sh ", "scripts/run.sh"),
        ("make install PREFIX=$HOME/.local", "here"),
        ("export ", "here"),
        ("cc app.c ", "here"),
        ("c++ -std=c++11 app.cpp ", "here"),
        ("cargo run --example quickstart", "tests/it/examples.rs"),
        ("cargo install --path tests/emulator", "here, as a build"),
        ("cargo install --path bindings/cli", "bindings/cli, as a build"),
        ("boomi-auth ", "bindings/cli/tests/cli/readme.rs"),
        ("curl -K ", "bindings/cli/tests/cli/readme.rs"),
        ("cargo add --path ../boomi-auth", "here"),
        ("make python", "scripts/python.sh"),
        (". target/python/venv/bin/activate", "scripts/python.sh"),
        ("make demo-python", "scripts/python.sh"),
        ("python -m boomi_auth", "bindings/python/tests/test_doctor.py"),
        ("make java", "scripts/java.sh"),
        ("make demo-java", "scripts/java.sh"),
    ];
    run_by.into_iter().find(|(start, _)| command.starts_with(start)).map(|(_, place)| place)
}

#[test]
fn every_command_is_known_to_a_test() {
    let guides = guides();
    let texts = [README, CONTRIBUTING].into_iter().chain(guides.iter().map(|(_, text)| text.as_str()));
    for command in texts.flat_map(|text| blocks(text, "sh")).flat_map(str::lines) {
        assert!(runs_in(command).is_some(), "no test runs `{command}`");
    }
}

/// The C and C++ sections as a reader follows them: install into a home, save the programs, compile them, run them.
#[test]
fn the_c_and_cpp_programs_compile_link_and_run_as_written() {
    let home = std::env::temp_dir().join(format!("boomi-auth-readme-{}", std::process::id()));
    std::fs::create_dir_all(&home).unwrap();
    let [program] = blocks(README, "c")[..] else { panic!("one C program in README") };
    std::fs::write(home.join("app.c"), program).unwrap();
    let [program] = blocks(README, "cpp")[..] else { panic!("one C++ program in README") };
    std::fs::write(home.join("app.cpp"), program).unwrap();
    let mut guide_programs = Vec::new();
    for (path, text) in guides() {
        for (language, compiler) in [("c", "cc"), ("cpp", "c++ -std=c++11")] {
            for program in blocks(&text, language) {
                let name = format!("{}-{}", path.file_stem().unwrap().display(), guide_programs.len());
                std::fs::write(home.join(format!("{name}.{language}")), program).unwrap();
                guide_programs.push((name, language, compiler));
            }
        }
    }
    assert!(guide_programs.len() >= 4, "{guide_programs:?}");
    let emulator = Emulator::start();
    std::fs::write(home.join("ca.pem"), emulator.ca_pem()).unwrap();

    // The artefacts of this build do for the test; a user's are optimised.
    let commands: Vec<_> = blocks(README, "sh").into_iter().flat_map(str::lines).collect();
    let mut script = String::from("set -e\n");
    for command in &commands {
        if command.starts_with("make install") {
            script += &format!("(cd '{}' && {command} PROFILE=dev >/dev/null)\n", env!("CARGO_MANIFEST_DIR"));
        } else if ["export ", "cc ", "c++ "].iter().any(|start| command.starts_with(start)) {
            script += &format!("{command}\n");
        }
    }
    script += "export BOOMI_USERNAME=$USER_NAME BOOMI_API_TOKEN=$USER_TOKEN\n./app\n./app-static\n./app-cpp\n";
    for (name, language, compiler) in guide_programs {
        let flags = "-Wall -Wextra -Werror $(pkg-config --cflags --libs boomi_auth) -Wl,-rpath,$HOME/.local/lib";
        script += &format!("{compiler} {name}.{language} -o {name} {flags}\n./{name} >/dev/null\n");
    }
    // The home moves; where cargo and its toolchains live must not.
    let user_home = std::env::var("HOME").unwrap_or_default();
    let variable = |name: &str, below: &str| std::env::var(name).unwrap_or_else(|_| format!("{user_home}/{below}"));
    let output = Command::new("sh")
        .args(["-c", &script])
        .current_dir(&home)
        .env("CARGO_HOME", variable("CARGO_HOME", ".cargo"))
        .env("RUSTUP_HOME", variable("RUSTUP_HOME", ".rustup"))
        .env("HOME", &home)
        .env("NO_PROXY", "localhost")
        .env("BOOMI_API_URL", emulator.base_url())
        .env("BOOMI_CA_FILE", home.join("ca.pem"))
        .env("BOOMI_ACCOUNT_ID", users::ACCOUNT)
        .env("APP_USER", users::TWOFA.name)
        .env("APP_PASSWORD", users::TWOFA.password)
        .env("APP_OTP_SECRET", users::TWOFA_SECRET)
        .env("USER_NAME", users::REGULAR.name)
        .env("USER_TOKEN", users::REGULAR.token)
        .output()
        .unwrap();
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    std::fs::remove_dir_all(&home).unwrap();
    assert!(output.status.success(), "{text}");
    assert_eq!(text.matches("documentId-321").count(), 3, "{text}");
}

/// The command that gives the credentials, with a password manager that knows one token.
#[test]
#[cfg(feature = "credential-process")]
fn the_credential_program_prints_what_is_read() {
    let dir = std::env::temp_dir().join(format!("boomi-auth-pass-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let user = users::REGULAR;
    let manager = format!("#!/bin/sh\n[ \"$*\" = 'show boomi/api-token' ] && echo {}\n", user.token);
    // Written by another program: this one may be forking, with the file open, when the new one is to be run.
    let write = format!("cat >'{0}/pass' && chmod +x '{0}/pass'", dir.display());
    let mut writer = Command::new("sh").args(["-c", &write]).stdin(std::process::Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(&mut writer.stdin.take().unwrap(), manager.as_bytes()).unwrap();
    assert!(writer.wait().unwrap().success());

    let [settings] = blocks(README, "bash")[..] else { panic!("one example in README") };
    let script = format!("{settings}\nprintf %s \"$BOOMI_CREDENTIAL_PROCESS\"");
    let command = String::from_utf8(Command::new("sh").args(["-c", &script]).output().unwrap().stdout).unwrap();
    let command = format!("PATH='{}':$PATH; {command}", dir.display());
    let credentials = boomi_auth::Credentials::process(&command, Some(user.name)).unwrap();
    let given = boomi_auth::Client::builder().credentials(credentials).build().unwrap().auth_header();
    std::fs::remove_dir_all(&dir).unwrap();
    let expected = boomi_auth::auth_header(boomi_auth::CredentialKind::ApiToken, user.name, user.token).unwrap();
    assert_eq!(given.unwrap().expose(), expected.expose());
}

#[test]
fn a_rust_project_adds_the_crate_as_written() {
    let dir = std::env::temp_dir().join(format!("boomi-auth-add-{}", std::process::id()));
    std::fs::create_dir_all(dir.join("app/src")).unwrap();
    std::fs::write(dir.join("app/src/main.rs"), "fn main() {}\n").unwrap();
    std::fs::write(dir.join("app/Cargo.toml"), "[package]\nname = \"app\"\nedition = \"2024\"\n").unwrap();
    std::os::unix::fs::symlink(env!("CARGO_MANIFEST_DIR"), dir.join("boomi-auth")).unwrap();
    let add = Command::new(env!("CARGO"))
        .args(["add", "--quiet", "--offline", "--path", "../boomi-auth"])
        .current_dir(dir.join("app"))
        .output()
        .unwrap();
    let manifest = std::fs::read_to_string(dir.join("app/Cargo.toml")).unwrap();
    std::fs::remove_dir_all(&dir).unwrap();
    assert!(add.status.success(), "{}", String::from_utf8_lossy(&add.stderr));
    assert!(manifest.contains("boomi-auth = "), "{manifest}");
}

/// The Java programs are pieces of those in `examples/java`, which the tests of the Java package run.
#[test]
fn the_java_programs_are_those_that_are_run() {
    let lines = |text: &str| text.lines().map(str::trim).collect::<Vec<_>>().join("\n");
    let examples = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/java")).unwrap();
    let examples: Vec<_> =
        examples.map(|file| lines(&std::fs::read_to_string(file.unwrap().path()).unwrap())).collect();
    let guides = guides();
    let texts = std::iter::once(README).chain(guides.iter().map(|(_, text)| text.as_str()));
    let pieces: Vec<_> = texts.flat_map(|text| blocks(text, "java")).collect();
    assert!(pieces.len() >= 8);
    for piece in pieces {
        let is_run = examples.iter().any(|example| example.contains(&lines(piece)));
        assert!(is_run, "no file of examples/java has this:\n{piece}");
    }
}

/// Also every section; of the site that is built of them, `make docs` checks the rest.
#[test]
fn what_the_texts_name_is_there() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let texts = [(root.join("README.md"), README.to_owned()), (root.join("CONTRIBUTING.md"), CONTRIBUTING.to_owned())];
    for (path, text) in texts.into_iter().chain(guides()) {
        for (at, _) in text.match_indices("](") {
            let target = &text[at + 2..][..text[at + 2..].find(')').unwrap()];
            // A lambda of C++ is no link.
            if target.starts_with("http") || text[..at].ends_with('[') {
                continue;
            }
            let (file, section) = target.split_once('#').unwrap_or((target, ""));
            let file = if file.is_empty() { path.clone() } else { path.parent().unwrap().join(file) };
            assert!(file.exists(), "{}: {target} is missing", path.display());
            let is_it = |line: &str| {
                let title = line.trim_start_matches('#').trim().to_lowercase().replace(' ', "-").replace(',', "");
                line.starts_with("##") && title == section
            };
            let named = section.is_empty() || std::fs::read_to_string(&file).unwrap().lines().any(is_it);
            assert!(named, "{}: the section of {target} is missing", path.display());
        }
    }
}

/// Every crate that a manifest names has its reason in CONTRIBUTING.
#[test]
fn every_dependency_has_a_reason() {
    let manifests = [
        include_str!("../../Cargo.toml"),
        include_str!("../../bindings/cli/Cargo.toml"),
        include_str!("../../bindings/python/Cargo.toml"),
        include_str!("../../bindings/java/native/Cargo.toml"),
        include_str!("../emulator/Cargo.toml"),
        include_str!("../../bindings/c/Cargo.toml"),
        include_str!("../fuzz/Cargo.toml"),
    ];
    let (_, table) = CONTRIBUTING.split_once("## Dependencies").unwrap();
    let reasons: std::collections::BTreeSet<_> = table
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split_once(" | "))
        .flat_map(|(crates, _)| crates.split('(').next().unwrap().split(','))
        .map(str::trim)
        .filter(|name| *name != "crate")
        .collect();
    let mut named = std::collections::BTreeSet::new();
    for manifest in manifests {
        let mut inside = false;
        for line in manifest.lines() {
            if line.starts_with('[') {
                inside = line.contains("dependencies");
            } else if let (true, Some((name, _))) = (inside && !line.starts_with('#'), line.split_once('=')) {
                named.extend(Some(name.trim()).filter(|name| !name.starts_with("boomi-")));
            }
        }
    }
    assert_eq!(named, reasons, "the crates that a Cargo.toml names, and those with a reason in CONTRIBUTING.md");
}
