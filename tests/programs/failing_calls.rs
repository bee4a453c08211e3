//! System calls that fail, each once: what the library's functions make of it. `strace` makes them fail.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};

use boomi_emulator::users::REGULAR;
use boomi_emulator::{Emulator, Options};

use crate::toolchain::{Library, STRICT, Scratch, has, include_flag, root, run};

/// The calls that may fail, and how. The memory's are not among them: without memory a program of Rust's ends.
const FAILURES: &[(&str, &str)] = &[
    ("read", "EIO"),
    ("write", "ENOSPC"),
    ("recvfrom", "ECONNRESET"),
    ("sendto", "EPIPE"),
    ("socket", "EMFILE"),
    ("connect", "ECONNREFUSED"),
    ("poll", "ENOMEM"),
    ("ppoll", "EINTR"),
    ("setsockopt", "ENOPROTOOPT"),
    ("getsockopt", "ENOBUFS"),
    ("fcntl", "EAGAIN"),
    ("ioctl", "ENOTTY"),
    ("openat", "EMFILE"),
    ("fstat", "EIO"),
    ("newfstatat", "EIO"),
    ("statx", "EIO"),
    ("lseek", "EIO"),
    ("mkdir", "EACCES"),
    ("rename", "EACCES"),
    ("unlink", "EACCES"),
    ("getrandom", "EAGAIN"),
    ("clone3", "EAGAIN"),
    ("clone", "EAGAIN"),
];

struct Failing {
    program: std::path::PathBuf,
    scratch: Scratch,
}

impl Failing {
    fn compile() -> Self {
        let scratch = Scratch::new("failing");
        let program = scratch.join("program");
        let directory = Library::get().directory();
        let mut command = Command::new("cc");
        command.arg("-std=c11").args(STRICT).args(["-g", "-pthread"]).arg(include_flag());
        command.arg(root().join("tests/c/failing.c")).arg("-o").arg(&program);
        run(command.arg("-L").arg(&directory).arg("-lboomi_auth").arg(format!("-Wl,-rpath,{}", directory.display())));
        Failing { program, scratch }
    }

    /// Under strace, with an emulator and a state directory of its own.
    fn run(&self, boomi: &Emulator, arguments: &[&str], log: &Path) -> Output {
        let ca = self.scratch.join("ca.pem");
        std::fs::write(&ca, boomi.ca_pem()).unwrap();
        let state = self.scratch.join("state");
        let _ = std::fs::remove_dir_all(&state);
        let mut command = Command::new("strace");
        command.arg("-f").arg("-o").arg(log).args(arguments).arg(&self.program);
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("BOOMI_API_URL", boomi.base_url()).env("BOOMI_CA_FILE", &ca).env("BOOMI_STATE_DIR", &state);
        command.env("BOOMI_USERNAME", REGULAR.name).env("BOOMI_API_TOKEN", REGULAR.token);
        command.output().expect("strace: `make setup` installs it")
    }
}

/// How often the first thread makes each call before the first marker, and between the two.
fn counts(log: &str) -> BTreeMap<&'static str, (usize, usize)> {
    let mut counts = BTreeMap::new();
    let main = log.split_whitespace().next().unwrap();
    let mut markers = 0;
    for line in log.lines().filter(|line| line.starts_with(main)) {
        let call = line.split_whitespace().nth(1).unwrap_or_default();
        markers += usize::from(call.starts_with("getppid("));
        let known = FAILURES.iter().find(|(name, _)| call.starts_with(&format!("{name}(")));
        let Some((name, _)) = known else { continue };
        let (before, between) = counts.entry(*name).or_insert((0, 0));
        match markers {
            0 => *before += 1,
            1 => *between += 1,
            _ => {}
        }
    }
    assert_eq!(markers, 2, "{log}");
    counts
}

#[test]
#[ignore = "a minute: make test-all runs it"]
fn whichever_system_call_fails_the_caller_is_told_or_served() {
    assert!(has("strace"), "strace is not installed: `make setup` installs it");
    let failing = Failing::compile();
    let boomi = Emulator::start_with(Options::unlimited()).unwrap();
    let log = failing.scratch.join("calls");
    let good = failing.run(&boomi, &[], &log);
    assert!(String::from_utf8_lossy(&good.stdout).ends_with("8 worked, 0 failed\n"), "{good:?}");
    let (mut runs, mut told) = (0, 0);
    for (name, (before, between)) in counts(&std::fs::read_to_string(&log).unwrap()) {
        let failure = FAILURES.iter().find(|(known, _)| *known == name).unwrap().1;
        for which in 1..=between {
            let inject = format!("inject={name}:error={failure}:when={}", before + which);
            let ended = failing.run(&boomi, &["-e", &format!("trace={name}"), "-e", &inject], Path::new("/dev/null"));
            let said = String::from_utf8_lossy(&ended.stdout).into_owned();
            assert!(ended.status.success() && said.starts_with("survived: "), "{inject}: {ended:?}");
            runs += 1;
            told += usize::from(!said.ends_with(" 0 failed\n"));
        }
    }
    println!("{runs} system calls failed; {told} times a function said so");
    assert!(told > 10 && runs > 50, "{runs} failures, of which {told} were told");
}
