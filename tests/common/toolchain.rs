//! The library as C programs get it, and what compiles and runs such programs.
#![allow(dead_code, reason = "no test file needs all of it")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

pub const STRICT: [&str; 4] = ["-Wall", "-Wextra", "-pedantic-errors", "-Werror"];

/// Whether each compiler, standard and way to link is tried, and valgrind, as `make test-all` asks for.
pub fn is_thorough() -> bool {
    std::env::var_os("BOOMI_TEST_ALL").is_some()
}

/// The first of them, or all in a thorough run.
pub fn some<T: Clone>(all: &[T]) -> Vec<T> {
    all[..if is_thorough() { all.len() } else { 1 }].to_vec()
}

pub struct Library {
    pub shared: PathBuf,
    pub archive: PathBuf,
}

/// Another platform, as `bindings/cross/library.sh` says in variables: how programs for it are compiled, linked and run
/// here.
pub struct Elsewhere {
    /// Arguments are separated by blanks, here and below.
    pub compiler: Vec<String>,
    /// What runs its programs; nothing where this machine does.
    pub runner: Vec<String>,
    pub shared: Vec<String>,
    pub statically: Vec<String>,
}

impl Elsewhere {
    pub fn get() -> Option<Elsewhere> {
        let words = |name: &str| {
            let value = std::env::var(name).unwrap_or_default();
            value.split_whitespace().map(str::to_owned).collect::<Vec<_>>()
        };
        let compiler = words("BOOMI_CROSS_CC");
        (!compiler.is_empty()).then(|| Elsewhere {
            compiler,
            runner: words("BOOMI_CROSS_RUN"),
            shared: words("BOOMI_CROSS_SHARED"),
            statically: words("BOOMI_CROSS_STATIC"),
        })
    }
}

impl Library {
    /// Builds the C library, unless it is there, with the cargo and into the target directory of this test.
    ///
    /// `cargo test` does not build it by itself: nothing that is tested depends on it.
    pub fn get() -> &'static Library {
        static LIBRARY: OnceLock<Library> = OnceLock::new();
        LIBRARY.get_or_init(|| {
            let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("tmp is in the target directory");
            let mut cargo = Command::new(env!("CARGO"));
            cargo.args([
                "build",
                "--offline",
                "--quiet",
                "--message-format=json",
                "-p",
                "boomi-auth-c",
                "--target-dir",
            ]);
            cargo.arg(target).args(if cfg!(debug_assertions) { None } else { Some("--release") });
            // What cargo tells a test about itself would tell build scripts that their surroundings changed.
            let told =
                |name: &str| ["CARGO_PKG_", "CARGO_MANIFEST_", "OUT_DIR"].iter().any(|start| name.starts_with(start));
            for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_str().is_some_and(told)) {
                cargo.env_remove(name);
            }
            // Cargo says where it put the files, so nothing about profiles and targets need be guessed.
            let output = run(cargo.current_dir(root()));
            let text = String::from_utf8(output.stdout).expect("JSON");
            let files: Vec<PathBuf> = text.lines().flat_map(artifacts).collect();
            let file = |extension: &str| {
                let found = files.iter().find(|file| file.extension().is_some_and(|found| found == extension));
                found.unwrap_or_else(|| panic!("no .{extension} in {files:?}")).clone()
            };
            Library { shared: file("so"), archive: file("a") }
        })
    }

    /// Where the shared library is, with the name that its SONAME promises.
    pub fn directory(&self) -> PathBuf {
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("lib");
        std::fs::create_dir_all(&directory).expect("a directory to write to");
        let mine = directory.join(format!("{}-{:?}", std::process::id(), std::thread::current().id()));
        for name in ["libboomi_auth.so", "libboomi_auth.so.0.1"] {
            // Renamed into place, because tests come here at once.
            std::os::unix::fs::symlink(&self.shared, &mine).expect("a link to the library");
            std::fs::rename(&mine, directory.join(name)).expect("a link with its name");
        }
        directory
    }
}

/// The files of our library in one of cargo's messages.
fn artifacts(line: &str) -> Vec<PathBuf> {
    let message: serde_json::Value = serde_json::from_str(line).expect("cargo's messages are JSON");
    let is_ours = message["reason"] == "compiler-artifact"
        && message["target"]["name"] == "boomi_auth"
        && message["target"]["kind"].as_array().is_some_and(|kinds| kinds.contains(&"cdylib".into()));
    let files = message["filenames"].as_array().filter(|_| is_ours);
    files.into_iter().flatten().filter_map(|file| file.as_str().map(PathBuf::from)).collect()
}

/// What the static library needs from the system. `tests/install.sh` asks rustc whether it is that.
pub fn native_libraries() -> Vec<&'static str> {
    let file = include_str!("../../bindings/c/boomi_auth.pc.in");
    let line = file.lines().find_map(|line| line.strip_prefix("Libs.private: "));
    line.expect("what it needs").split(' ').collect()
}

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub fn include_flag() -> String {
    format!("-I{}", root().join("include").display())
}

/// A directory of one test's own, gone when this is dropped.
pub struct Scratch(PathBuf);

impl Scratch {
    pub fn new(name: &str) -> Self {
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
        std::fs::create_dir_all(&directory).expect("a directory to write to");
        Scratch(directory)
    }

    pub fn join(&self, name: impl AsRef<Path>) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Those of `names` that this machine has: the first must be one, and is enough unless each is wanted.
pub fn compilers<'a>(names: &[&'a str]) -> Vec<&'a str> {
    let found: Vec<_> = names.iter().copied().filter(|name| has(name)).collect();
    assert_eq!(
        found.first(),
        names.first(),
        "{} is needed to compile the programs of these tests: `make setup` installs it",
        names[0]
    );
    some(&found)
}

/// Whether a command is there.
pub fn has(command: &str) -> bool {
    Command::new(command).arg("--version").output().is_ok_and(|output| output.status.success())
}

/// Runs a command, and fails with all it said if it fails.
#[track_caller]
pub fn run(command: &mut Command) -> Output {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let (said, warned) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?}: {}\n{said}\n{warned}", output.status);
    output
}

/// What a command prints.
#[track_caller]
pub fn stdout(command: &mut Command) -> String {
    String::from_utf8(run(command).stdout).expect("UTF-8")
}
