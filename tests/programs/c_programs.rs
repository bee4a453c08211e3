//! C programs that know the library by its header alone: compiled strictly and run against the emulator. Thoroughly:
//! by each compiler in each standard, linked both ways, and under valgrind. Or, where `bindings/cross/library.sh` asks
//! for it, compiled for another platform.

use std::path::{Path, PathBuf};
use std::process::Command;

use boomi_emulator::users::{ACCOUNT, REGULAR};
use boomi_emulator::{Emulator, Options, Scripted};

use crate::toolchain::{
    Elsewhere, Library, STRICT, Scratch, compilers, has, include_flag, is_thorough, native_libraries, root, run, some,
    stdout,
};

/// c2x is what compilers of today call C23.
const STANDARDS: [&str; 4] = ["c99", "c11", "c17", "c2x"];
/// No leak and no error; what is still reachable at the end is the language's own.
const VALGRIND: [&str; 6] = [
    "--error-exitcode=99",
    "--leak-check=full",
    "--errors-for-leak-kinds=definite,indirect",
    "--track-origins=no",
    "-q",
    "--num-callers=30",
];

/// One program, and what it needs beside the library.
struct Program {
    name: &'static str,
    /// What it prints last.
    says: &'static str,
    /// Arguments for the compiler.
    with: &'static [&'static str],
    linked: &'static [Linked],
    /// More arguments for valgrind.
    valgrind: &'static [&'static str],
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Linked {
    Shared,
    Statically,
}

const BOTH: &[Linked] = &[Linked::Shared, Linked::Statically];

impl Program {
    const fn new(name: &'static str, says: &'static str) -> Self {
        Program { name, says, with: &[], linked: BOTH, valgrind: &[] }
    }

    /// In one way to compile and link it, or thoroughly in each, and once under valgrind.
    fn check(&self) {
        let scratch = &Scratch::new(self.name);
        if let Some(elsewhere) = Elsewhere::get() {
            return self.check_elsewhere(scratch, &elsewhere);
        }
        for compiler in compilers(&["cc", "clang"]) {
            for standard in some(&STANDARDS) {
                // How it is linked has nothing to do with the standard: one of them is enough for the second way.
                let ways = if standard == "c11" { self.linked } else { &self.linked[..1] };
                for linked in ways.iter().copied() {
                    let program = self.compile(scratch, compiler, standard, linked);
                    self.run(scratch, &mut Command::new(program));
                }
            }
        }
        if !is_thorough() {
            return;
        }
        assert!(
            has("valgrind"),
            "valgrind is not installed, and without it nobody looks for leaks: `make setup` installs it"
        );
        let program = self.compile(scratch, "cc", "c11", self.linked[0]);
        let mut valgrind = Command::new("valgrind");
        valgrind.args(VALGRIND).arg(format!("--suppressions={}", sources().join("valgrind.supp").display()));
        self.run(scratch, valgrind.args(self.valgrind).arg(program));
    }

    /// Compiled for another platform, and run by what runs its programs.
    fn check_elsewhere(&self, scratch: &Scratch, elsewhere: &Elsewhere) {
        for linked in self.linked {
            let program = scratch.join(format!("{linked:?}.exe"));
            let mut command = Command::new(&elsewhere.compiler[0]);
            command.args(&elsewhere.compiler[1..]).arg("-std=c11").args(STRICT).args(["-g", "-pthread"]);
            command.arg(include_flag()).arg(self.source()).arg("-o").arg(&program);
            command.args(match linked {
                Linked::Shared => &elsewhere.shared,
                Linked::Statically => &elsewhere.statically,
            });
            run(command.args(self.with));
            let mut command = match elsewhere.runner.split_first() {
                Some((runner, arguments)) => {
                    let mut command = Command::new(runner);
                    command.args(arguments).arg(program);
                    command
                }
                None => Command::new(program),
            };
            self.run(scratch, &mut command);
        }
    }

    /// One of the tests' own programs, or an example.
    fn source(&self) -> PathBuf {
        let file = format!("{}.c", self.name);
        let own = sources().join(&file);
        if own.exists() { own } else { root().join("examples/c").join(file) }
    }

    fn compile(&self, scratch: &Scratch, compiler: &str, standard: &str, linked: Linked) -> PathBuf {
        let program = scratch.join(format!("{compiler}-{standard}-{linked:?}"));
        let mut command = Command::new(compiler);
        command.arg(format!("-std={standard}")).args(STRICT).args(["-g", "-pthread"]).arg(include_flag());
        command.arg(self.source()).arg("-o").arg(&program);
        let library = Library::get();
        match linked {
            Linked::Shared => {
                let directory = library.directory();
                command.arg("-L").arg(&directory).arg("-lboomi_auth").arg(format!("-Wl,-rpath,{}", directory.display()))
            }
            Linked::Statically => command.arg(&library.archive).args(native_libraries()),
        };
        run(command.args(self.with));
        program
    }

    /// Runs it against an emulator of its own, with nothing in its environment but what says where that is.
    #[track_caller]
    fn run(&self, scratch: &Scratch, command: &mut Command) {
        let is_slow = command.get_program() == "valgrind";
        // The documented program has the default 5 s to connect, which a TLS handshake under valgrind may outlast on a
        // busy machine. The others allow more.
        let http = is_slow && self.name == "usage";
        let boomi = Emulator::start_with(Options { http, ..Options::unlimited() }).unwrap();
        let ca = scratch.join("ca.pem");
        std::fs::write(&ca, boomi.ca_pem()).unwrap();
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
        if self.name != "bad_input" {
            command.env("BOOMI_API_URL", boomi.base_url()).env("BOOMI_CA_FILE", &ca).env("BOOMI_ACCOUNT_ID", ACCOUNT);
            command.env("BOOMI_USERNAME", REGULAR.name).env("BOOMI_API_TOKEN", REGULAR.token);
        }
        if self.name == "wiped" && !is_slow {
            command.env("BOOMI_TEST_LOOK_EVERYWHERE", "1");
        }
        let output = run(command);
        let (said, warned) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8_lossy(&output.stderr));
        let said = said.replace("\r\n", "\n");
        assert!(said.ends_with(&format!("{}\n", self.says)), "{command:?}: {said}\n{warned}");
    }
}

fn sources() -> PathBuf {
    root().join("tests/c")
}

#[test]
fn bad_input_is_refused_by_every_function() {
    Program::new("bad_input", "bad input: refused").check();
}

#[test]
fn the_main_job_is_done_in_c() {
    Program::new("sign_in", "signed in").check();
}

#[test]
fn handles_are_freed_in_any_order_and_shared_by_threads() {
    Program::new("lifetimes", "lifetimes hold").check();
}

#[test]
fn providers_share_a_token_and_are_freed_in_any_order() {
    Program::new("providers", "providers hold").check();
}

#[test]
fn callbacks_may_free_what_they_run_in() {
    Program::new("reentrant", "handles survive their callbacks").check();
}

#[test]
fn secrets_are_wiped_before_memory_is_freed() {
    // Only in a static library can a program replace functions by name.
    let with = &["-Wl,--wrap=free,--wrap=realloc"];
    Program { with, linked: &[Linked::Statically], ..Program::new("wiped", "wiped") }.check();
}

#[test]
fn a_name_look_up_that_hangs_holds_no_call() {
    let with = &["-rdynamic", "-ldl"];
    Program { with, ..Program::new("slow_name", "no look-up held a call") }.check();
}

#[test]
fn a_body_is_read_as_a_stream() {
    Program::new("streams", "streams end as they should").check();
}

#[test]
fn another_library_gets_its_headers() {
    Program::new("authorize", "authorized").check();
}

#[test]
fn the_program_with_libcurl_works_as_written() {
    assert!(has("pkg-config"), "pkg-config is not installed: `make setup` installs it");
    let flags = stdout(Command::new("pkg-config").args(["--cflags", "--libs", "libcurl"]));
    let flags: Vec<_> = flags.split_whitespace().collect();
    let scratch = &Scratch::new("with_libcurl");
    for compiler in compilers(&["cc", "clang"]) {
        for standard in some(&STANDARDS) {
            let program = scratch.join(format!("{compiler}-{standard}"));
            let directory = Library::get().directory();
            let mut command = Command::new(compiler);
            command.arg(format!("-std={standard}")).args(STRICT).arg(include_flag());
            command.arg(root().join("examples/c/with_libcurl.c")).arg("-o").arg(&program);
            command.arg("-L").arg(&directory).arg("-lboomi_auth").arg(format!("-Wl,-rpath,{}", directory.display()));
            run(command.args(&flags));
            let boomi = Emulator::start_unlimited();
            let ca = scratch.join("ca.pem");
            std::fs::write(&ca, boomi.ca_pem()).unwrap();
            let mut with_libcurl = Command::new(&program);
            with_libcurl.env_clear().env("NO_PROXY", "*").env("BOOMI_CA_FILE", &ca);
            with_libcurl.env("BOOMI_API_URL", boomi.base_url()).env("BOOMI_ACCOUNT_ID", ACCOUNT);
            with_libcurl.env("BOOMI_USERNAME", REGULAR.name).env("BOOMI_API_TOKEN", REGULAR.token);
            let said = stdout(&mut with_libcurl);
            assert!(said.contains("documentId-321") && !said.contains(REGULAR.token), "{said}");
            let log = boomi.log();
            assert_eq!((log.len(), log[0].status, log[0].scheme.as_deref()), (1, 200, Some("Basic")));

            // A redirect is an answer: neither it nor what comes of a refusal is tried again.
            let elsewhere = Emulator::start();
            let location = format!("{}/stolen", elsewhere.base_url());
            for (status, words) in [(302, "302"), (401, "401")] {
                boomi.clear_log();
                boomi.answer_next(Scripted::new(status, "text/plain", "no").header("Location", &location));
                let output = with_libcurl.output().unwrap();
                let warned = String::from_utf8_lossy(&output.stderr);
                assert!(!output.status.success() && warned.contains(words), "{warned}");
                assert_eq!((boomi.log().len(), elsewhere.log().len()), (1, 0));
            }
        }
    }
}

#[test]
fn the_documented_program_works_as_written() {
    Program::new("usage", r#""type":"USER","userId":"user@example.com"}"#).check();
}

#[test]
fn a_client_works_on_both_sides_of_a_fork() {
    // The child leaves its parent's connections alone, so what it inherited of them is lost there on purpose.
    let valgrind = &["--leak-check=no"];
    Program { valgrind, ..Program::new("fork", "both sides of the fork signed in") }.check();
}

/// A function that a later issue adds is added to this program too.
#[test]
fn no_function_is_left_out_of_the_bad_input() {
    let read = |path: &Path| std::fs::read_to_string(path).unwrap();
    let header = read(&root().join("include/boomi_auth.h"));
    let program = read(&sources().join("bad_input.c"));
    let declared = header.lines().filter(|line| !line.starts_with([' ', '*', '/']) && line.contains('('));
    let names: Vec<_> = declared.filter_map(|line| line.split('(').next()?.rsplit([' ', '*']).next()).collect();
    let functions: Vec<_> = names.into_iter().filter(|name| name.starts_with("boomi_")).collect();
    assert!(functions.len() > 60, "{functions:?}");
    for name in functions {
        assert!(program.contains(&format!("{name}(")) || program.contains(&format!("{{{name},")), "{name}");
    }
}
