//! A shell of one test's own: an environment that nothing outside shows in, a home, and a Boomi.

use std::ffi::OsStr;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use boomi_emulator::Emulator;
use boomi_emulator::users::{ACCOUNT, REGULAR};

use crate::daemon::Directory;

pub const COMMAND: &str = env!("CARGO_BIN_EXE_boomi-auth");
pub const AUDIT_LOG: &str = "/api/rest/v1/{accountId}/AuditLog/documentId-321";

pub struct Shell {
    pub boomi: Emulator,
    home: Directory,
}

/// What came of a command.
#[derive(Debug)]
pub struct Ended {
    pub status: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Ended {
    pub fn of(output: &Output) -> Self {
        use std::os::unix::process::ExitStatusExt as _;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let status = output.status.code().unwrap_or_else(|| -output.status.signal().unwrap());
        Ended { status, stdout: text(&output.stdout), stderr: text(&output.stderr) }
    }

    /// Its output, if it went well and said nothing else.
    #[track_caller]
    pub fn good(self) -> String {
        assert_eq!((self.status, self.stderr.as_str()), (0, ""), "{self:?}");
        self.stdout
    }

    /// Fails unless it ended with this status and a message with each of `parts`, all on one line.
    #[track_caller]
    pub fn failed(self, status: i32, parts: &[&str]) -> Self {
        assert_eq!(self.status, status, "{self:?}");
        for part in parts {
            assert!(self.stderr.contains(part), "{part:?} is not in {self:?}");
        }
        assert!(self.stderr.is_empty() || self.stderr.ends_with('\n') && self.stderr.lines().count() == 1, "{self:?}");
        self
    }
}

impl Shell {
    pub fn new() -> Self {
        Shell::with(Emulator::start_unlimited())
    }

    pub fn with(boomi: Emulator) -> Self {
        let home = Directory::new("cli");
        home.write("ca.pem", boomi.ca_pem());
        Shell { boomi, home }
    }

    pub fn home(&self) -> &Path {
        self.home.path()
    }

    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.home().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        self.home.write(name, text)
    }

    /// A file that its owner alone can read.
    pub fn write_secret(&self, name: &str, text: &str) -> PathBuf {
        let path = self.write(name, text);
        set_mode(&path, 0o600);
        path
    }

    pub fn config(&self, text: &str) -> PathBuf {
        self.write_secret(".config/boomi-auth/config.toml", text)
    }

    /// A program in this shell, which knows where Boomi is, and not who the user is.
    pub fn program(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env_clear().current_dir(self.home()).stdin(Stdio::null());
        command.env("PATH", std::env::var_os("PATH").unwrap()).env("HOME", self.home()).env("NO_PROXY", "*");
        command.env("BOOMI_API_URL", self.boomi.base_url()).env("BOOMI_CA_FILE", self.home().join("ca.pem"));
        command.env("BOOMI_ACCOUNT_ID", ACCOUNT);
        command
    }

    /// The same for somebody who signs in with an API token.
    pub fn signed_in(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = self.program(program);
        command.env("BOOMI_USERNAME", REGULAR.name).env("BOOMI_API_TOKEN", REGULAR.token);
        command
    }

    /// Runs `boomi-auth` as that user.
    pub fn run(&self, arguments: &[&str]) -> Ended {
        run(self.signed_in(COMMAND).args(arguments))
    }

    /// Runs `boomi-auth` as that user, with a secret that is wrong.
    pub fn run_with_wrong_token(&self, arguments: &[&str]) -> Ended {
        run(self.signed_in(COMMAND).env("BOOMI_API_TOKEN", "wrong").args(arguments))
    }

    /// Every file below the home, with what may be done with it.
    pub fn files(&self) -> Vec<(PathBuf, u32)> {
        fn walk(folder: &Path, found: &mut Vec<(PathBuf, u32)>) {
            use std::os::unix::fs::PermissionsExt as _;
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                let data = path.symlink_metadata().unwrap();
                if data.is_dir() {
                    walk(&path, found);
                } else {
                    found.push((path, data.permissions().mode() & 0o777));
                }
            }
        }
        let mut found = Vec::new();
        walk(self.home(), &mut found);
        found
    }

    /// The names of what is left of unfinished files.
    pub fn leftovers(&self) -> Vec<PathBuf> {
        self.files().into_iter().map(|(path, _)| path).filter(|path| path.to_string_lossy().contains(".part")).collect()
    }
}

pub fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

pub fn run(command: &mut Command) -> Ended {
    Ended::of(&command.output().unwrap())
}

/// Runs a command that reads `input`.
pub fn run_with_input(command: &mut Command, input: &str) -> Ended {
    let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = child.unwrap();
    // Who does not read closes the pipe.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    Ended::of(&child.wait_with_output().unwrap())
}

/// Runs a command on a terminal of its own; what is printed on it is the output, with `\r\n`.
pub fn run_on_terminal(mut command: Command, arguments: &[&str]) -> Ended {
    let words: String = arguments.iter().map(|word| format!(" '{word}'")).collect();
    // One of a usual size.
    let line = format!("stty cols 80 rows 24; exec {COMMAND}{words}");
    run(command.env("TERM", "xterm").args(["-qec", &line, "/dev/null"]))
}

/// Waits until something is so.
#[track_caller]
pub fn wait_until(mut so: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while !so() {
        assert!(Instant::now() < end, "it never came");
        std::thread::sleep(Duration::from_millis(5));
    }
}

pub fn send_signal(child: &Child, signal: &str) {
    let sent = Command::new("kill").args([signal, &child.id().to_string()]).status();
    assert!(sent.unwrap().success());
}
