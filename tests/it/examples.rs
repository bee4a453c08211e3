//! The Rust examples run as they are, against the emulator and without it.

use boomi_emulator::{Emulator, users};

use crate::example::{Environment, example, example_output};

#[test]
fn the_quickstart_does_the_main_job_and_shows_no_secret() {
    let (output, text) = example_output(&mut example("quickstart"));
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
    let environment = Environment::of(&emulator);
    let mut usage = environment.example("usage");
    usage.env_remove("BOOMI_ACCOUNT_ID");
    let (failed, text) = example_output(&mut usage);
    assert!(!failed.status.success() && text.contains("BOOMI_ACCOUNT_ID"), "{text}");
    let (succeeded, text) = example_output(usage.env("BOOMI_ACCOUNT_ID", users::ACCOUNT));
    assert!(succeeded.status.success() && text.contains("documentId-321"), "{text}");
}

#[test]
fn without_settings_the_shortest_program_says_what_is_missing() {
    let (output, text) = example_output(&mut example("usage"));
    assert!(!output.status.success());
    assert!(text.contains("BOOMI_USERNAME") && text.contains("Boomi Enterprise Platform API Tokens"), "{text}");
}
