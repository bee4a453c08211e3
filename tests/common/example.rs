//! Runs the Rust examples.
#![allow(dead_code, reason = "no test file needs all of it")]

use std::path::PathBuf;
use std::process::{Command, Output};

use boomi_emulator::Emulator;
use boomi_emulator::users::{ACCOUNT, REGULAR};

/// The program of an example.
pub fn example_program(name: &str) -> PathBuf {
    let here = std::env::current_exe().unwrap();
    let mut above = here.ancestors().skip(2);
    let (profile, target) = (above.next().unwrap(), above.next().unwrap());
    // With one test target asked for, cargo builds no examples; with the features of `make test` there is nothing
    // to build. What measures coverage has a directory of its own for what it builds.
    let mut build = vec!["build", "--quiet", "--locked", "--workspace", "--example", name];
    build.extend(cfg!(feature = "capi").then_some("--features=boomi-auth/capi"));
    let mut cargo = Command::new(env!("CARGO"));
    assert!(cargo.args(build).arg("--target-dir").arg(target).status().unwrap().success());
    profile.join("examples").join(name)
}

/// An example, in an environment without settings.
pub fn example(name: &str) -> Command {
    let mut command = Command::new(example_program(name));
    command.env_clear().env("NO_PROXY", "localhost,127.0.0.1");
    command
}

/// What it prints, all together.
pub fn example_output(command: &mut Command) -> (Output, String) {
    let output = command.output().unwrap();
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output, text)
}

/// The settings for an emulator, as a person would export them.
pub struct Environment<'a> {
    boomi: &'a Emulator,
    ca: PathBuf,
}

impl<'a> Environment<'a> {
    pub fn of(boomi: &'a Emulator) -> Self {
        let port = boomi.base_url().rsplit(':').next().unwrap();
        let ca = std::env::temp_dir().join(format!("boomi-auth-{}-{port}.pem", std::process::id()));
        std::fs::write(&ca, boomi.ca_pem()).unwrap();
        Environment { boomi, ca }
    }

    pub fn example(&self, name: &str) -> Command {
        let mut command = example(name);
        command.env("BOOMI_API_URL", self.boomi.base_url()).env("BOOMI_CA_FILE", &self.ca);
        command.env("BOOMI_USERNAME", REGULAR.name).env("BOOMI_API_TOKEN", REGULAR.token);
        command.env("BOOMI_ACCOUNT_ID", ACCOUNT);
        command
    }
}

impl Drop for Environment<'_> {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.ca);
    }
}
