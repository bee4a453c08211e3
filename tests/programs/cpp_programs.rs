//! C++ programs against the wrapper: compiled strictly, and run against the emulator. Thoroughly: by each compiler in
//! every standard since C++11, and under valgrind. And programs that must not compile.

use std::path::{Path, PathBuf};
use std::process::Command;

use boomi_emulator::users::{ACCOUNT, REGULAR, SUB_ACCOUNT, TWOFA, TWOFA_SECRET};
use boomi_emulator::{Emulator, Options};

use crate::toolchain::{
    Library, STRICT, Scratch, compilers, has, include_flag, is_thorough, native_libraries, root, run, some,
};

const STANDARDS: [&str; 4] = ["c++11", "c++14", "c++17", "c++20"];
const VALGRIND: [&str; 5] =
    ["--error-exitcode=99", "--leak-check=full", "--errors-for-leak-kinds=definite,indirect", "-q", "--num-callers=30"];

/// Compiles a program and runs it: with one compiler in one standard, or thoroughly with each, also linked statically,
/// and under valgrind.
#[track_caller]
fn check(source: &str, says: &str) {
    let name = Path::new(source).file_stem().unwrap().to_str().unwrap();
    let is_documented = matches!(name, "usage" | "quickstart");
    let scratch = &Scratch::new(&format!("cpp-{name}"));
    let library = Library::get();
    let directory = library.directory();
    let shared = ["-L", directory.to_str().unwrap(), "-lboomi_auth", &format!("-Wl,-rpath,{}", directory.display())];
    for compiler in compilers(&["g++", "clang++"]) {
        for standard in some(&STANDARDS) {
            let program = compile(scratch, compiler, standard, source, &shared);
            start(scratch, &mut Command::new(&program), says, is_documented);
            if is_thorough() && (compiler, standard) == ("g++", "c++11") {
                assert!(
                    has("valgrind"),
                    "valgrind is not installed, and without it nobody looks for leaks: `make setup` installs it"
                );
                let suppressions = root().join("tests/c/valgrind.supp");
                let mut valgrind = Command::new("valgrind");
                valgrind.args(VALGRIND).arg(format!("--suppressions={}", suppressions.display()));
                start(scratch, valgrind.arg(program), says, is_documented);
            }
        }
    }
    if !is_thorough() {
        return;
    }
    let archive = [&[library.archive.to_str().unwrap()], &native_libraries()[..]].concat();
    start(scratch, &mut Command::new(compile(scratch, "g++", "c++17", source, &archive)), says, is_documented);
}

fn compile(scratch: &Scratch, compiler: &str, standard: &str, source: &str, library: &[&str]) -> PathBuf {
    let program = scratch.join(format!("{compiler}-{standard}-{}", library.len()));
    let mut command = Command::new(compiler);
    command.arg(format!("-std={standard}")).args(STRICT).args(["-g", "-pthread"]).arg(include_flag());
    command.arg(root().join(source)).arg("-o").arg(&program);
    // Documented programs stand on their own.
    if source.starts_with("tests/") && !source.ends_with("/usage.cpp") {
        command.arg(root().join("tests/cpp/second_unit.cpp"));
    }
    run(command.args(library));
    program
}

/// Runs it against an emulator of its own, with nothing in its environment but what says where that is.
#[track_caller]
fn start(scratch: &Scratch, command: &mut Command, says: &str, is_documented: bool) {
    // A TLS handshake under valgrind may outlast the default 5 s to connect on a busy machine. The programs of the
    // tests allow more; those of the documentation do not.
    let http = command.get_program() == "valgrind" && is_documented;
    let boomi = Emulator::start_with(Options { http, ..Options::unlimited() }).unwrap();
    let ca = scratch.join("ca.pem");
    std::fs::write(&ca, boomi.ca_pem()).unwrap();
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.env("BOOMI_API_URL", boomi.base_url()).env("BOOMI_CA_FILE", &ca).env("BOOMI_ACCOUNT_ID", ACCOUNT);
    command.env("BOOMI_USERNAME", REGULAR.name).env("BOOMI_API_TOKEN", REGULAR.token);
    command.env("QUICKSTART_2FA_USERNAME", TWOFA.name).env("QUICKSTART_2FA_PASSWORD", TWOFA.password);
    command.env("QUICKSTART_2FA_OTP_SECRET", TWOFA_SECRET).env("QUICKSTART_SUB_ACCOUNT", SUB_ACCOUNT);
    let output = run(command);
    let (said, warned) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8_lossy(&output.stderr));
    assert!(said.contains(says), "{command:?}: {said}\n{warned}");
}

#[test]
fn the_documented_program_works_as_written() {
    check("tests/cpp/usage.cpp", r#""type":"USER","userId":"user@example.com"}"#);
}

#[test]
fn every_class_does_its_part_of_the_main_job() {
    check("tests/cpp/sign_in.cpp", "signed in");
}

#[test]
fn callbacks_give_throw_and_are_destroyed_once() {
    check("tests/cpp/callbacks.cpp", "callbacks hold");
}

#[test]
fn objects_can_be_moved_and_outlive_each_other() {
    check("tests/cpp/ownership.cpp", "ownership holds");
}

#[test]
fn the_quickstart_shows_what_the_c_program_shows() {
    check("examples/cpp/quickstart.cpp", r#""accountId":"subaccount456""#);
}

/// It must compile alone, as the first thing in a file, with more warnings than a user is likely to have.
#[test]
fn the_header_stands_alone() {
    for compiler in compilers(&["g++", "clang++"]) {
        for standard in some(&STANDARDS) {
            let mut command = Command::new(compiler);
            command.arg(format!("-std={standard}")).args(STRICT).args(["-Wshadow", "-Wconversion", "-Wold-style-cast"]);
            command.args(["-Wnon-virtual-dtor", "-Woverloaded-virtual", "-fsyntax-only", "-x", "c++"]);
            run(command.arg(root().join("tests/cpp/alone.cpp")).arg(include_flag()));
        }
    }
}

/// Each program compiles without its marked line, and not with it, for the reason that it names.
#[test]
fn misuse_does_not_compile() {
    const MARK: &str = "// must not compile: ";
    let scratch = Scratch::new("cpp-refused");
    let mut files: Vec<_> =
        std::fs::read_dir(root().join("tests/cpp/refused")).unwrap().map(|f| f.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 5, "{files:?}");
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let (bad, good): (Vec<_>, Vec<_>) = text.lines().partition(|line| line.contains(MARK));
        assert_eq!(bad.len(), 1, "{}", file.display());
        let reason = bad[0].split_once(MARK).unwrap().1;
        let allowed = scratch.join("allowed.cpp");
        std::fs::write(&allowed, good.join("\n") + "\n").unwrap();
        for compiler in compilers(&["g++", "clang++"]) {
            let command = |file: &Path| {
                let mut command = Command::new(compiler);
                command.args(["-std=c++11", "-fsyntax-only"]).args(STRICT).arg(include_flag()).arg(file);
                command
            };
            run(&mut command(&allowed));
            let output = command(&file).env("LC_ALL", "C").output().unwrap();
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(!output.status.success(), "{} compiles with {compiler}", file.display());
            assert!(said.contains(reason), "{}, {compiler}: {said}", file.display());
        }
    }
}
