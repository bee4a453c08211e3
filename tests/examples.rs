//! The Rust examples run as they are, against the emulator and without it.

use std::path::PathBuf;
use std::process::{Command, Output};

use boomi_emulator::{Emulator, users};

/// An example, in an environment without settings.
fn example(name: &str) -> Command {
    // With one test target asked for, cargo builds no examples.
    let build = ["build", "--quiet", "--locked", "--package", "boomi-auth", "--example", name];
    assert!(Command::new(env!("CARGO")).args(build).status().unwrap().success());
    let here = std::env::current_exe().unwrap();
    let profile: PathBuf = here.ancestors().nth(2).unwrap().into();
    let mut command = Command::new(profile.join("examples").join(name));
    command.env_clear().env("NO_PROXY", "localhost");
    command
}

fn output(command: &mut Command) -> (Output, String) {
    let output = command.output().unwrap();
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output, text)
}

/// A file that is gone after the test.
struct TemporaryFile(PathBuf);

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[test]
fn the_quickstart_does_the_main_job_and_shows_no_secret() {
    let (output, text) = output(&mut example("quickstart"));
    assert!(output.status.success(), "{text}");
    for step in ["documentId-321", "\"@type\":\"Deployment\"", "organizations", "subaccount456", "287082", "expires_at"]
    {
        assert!(text.contains(step), "{step} is not in {text}");
    }
    for secret in [users::REGULAR.token, users::TWOFA.password, users::TWOFA_SECRET, "eyJ"] {
        assert!(!text.contains(secret), "{secret} is in {text}");
    }
}

#[test]
fn the_shortest_program_runs_from_the_environment() {
    let emulator = Emulator::start();
    let ca = TemporaryFile(std::env::temp_dir().join(format!("boomi-auth-usage-{}.pem", std::process::id())));
    std::fs::write(&ca.0, emulator.ca_pem()).unwrap();
    let mut usage = example("usage");
    usage.env("BOOMI_API_URL", emulator.base_url()).env("BOOMI_CA_FILE", &ca.0);
    usage.env("BOOMI_USERNAME", users::REGULAR.name).env("BOOMI_API_TOKEN", users::REGULAR.token);
    let (failed, text) = output(&mut usage);
    assert!(!failed.status.success() && text.contains("BOOMI_ACCOUNT_ID"), "{text}");
    let (succeeded, text) = output(usage.env("BOOMI_ACCOUNT_ID", users::ACCOUNT));
    assert!(succeeded.status.success() && text.contains("documentId-321"), "{text}");
}

#[test]
fn without_settings_the_shortest_program_says_what_is_missing() {
    let (output, text) = output(&mut example("usage"));
    assert!(!output.status.success());
    assert!(text.contains("BOOMI_USERNAME") && text.contains("Boomi Enterprise Platform API Tokens"), "{text}");
}
