//! The documented program, whose settings all come from its environment.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use boomi_emulator::users::{ACCOUNT, REGULAR};

use crate::example::example_program;

/// How the program ended, and all it said.
pub struct Said {
    pub well: bool,
    pub text: String,
}

impl Said {
    #[track_caller]
    pub fn succeeds(&self) {
        assert!(self.well && self.text.contains("documentId-321"), "{}", self.text);
    }

    #[track_caller]
    pub fn fails(&self, words: &[&str]) {
        assert!(!self.well, "{}", self.text);
        for word in words {
            assert!(self.text.contains(word), "{word} is not in {}", self.text);
        }
    }
}

/// Runs the program against `base_url`, with these variables and the user's.
pub fn usage(base_url: &str, variables: &[(&str, &str)]) -> Said {
    usage_with(base_url, |command| {
        command.envs(variables.iter().copied());
    })
}

pub fn usage_with(base_url: &str, configure: impl FnOnce(&mut Command)) -> Said {
    let mut command = Command::new(program());
    command.env_clear().env("BOOMI_API_URL", base_url).env("BOOMI_ACCOUNT_ID", ACCOUNT);
    command.env("BOOMI_USERNAME", REGULAR.name).env("BOOMI_API_TOKEN", REGULAR.token);
    configure(&mut command);
    let output = command.output().unwrap();
    let text = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
    assert!(!text.contains(REGULAR.token), "{text}");
    Said { well: output.status.success(), text }
}

pub fn program() -> &'static PathBuf {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| example_program("usage"))
}
