//! The C library's outside: what it exports, what its header says, how it is loaded.

use std::collections::BTreeSet;
use std::process::Command;

use boomi_auth::{BASE_URL_GB, BASE_URL_US, ErrorKind, EventKind, VERSION};

use crate::toolchain::{Library, STRICT, Scratch, compilers, include_flag, root, run, some, stdout};

fn header() -> String {
    std::fs::read_to_string(root().join("include/boomi_auth.h")).unwrap()
}

/// What `#define NAME value` says, for every name that begins with `prefix`.
fn constants(prefix: &str) -> Vec<(String, i64)> {
    let header = header();
    let defines = header.lines().filter_map(|line| line.strip_prefix("#define ")?.split_once(' '));
    let wanted = defines.filter(|(name, _)| name.starts_with(prefix));
    wanted.map(|(name, value)| (name.to_owned(), value.parse().unwrap_or_else(|_| panic!("{name} {value}")))).collect()
}

/// A declaration of the header: the function, and what the comment before it says.
struct Declared {
    name: String,
    text: String,
    comment: String,
}

/// The functions of the header, which all stand inside its one `extern "C"` block.
fn declared() -> Vec<Declared> {
    let header = header();
    let (_, block) = header.split_once("extern \"C\" {\n#endif").expect("an extern \"C\" block");
    let (block, _) = block.split_once("#ifdef __cplusplus").expect("its end");
    let (_, mut rest) = block.split_once('\n').expect("the rest of the #endif line");
    let mut functions = Vec::new();
    while !rest.trim().is_empty() {
        rest = rest.trim_start();
        let comment;
        (comment, rest) = if rest.starts_with("/**") { rest.split_once("*/").expect("its end") } else { ("", rest) };
        let text;
        (text, rest) = rest.split_once(';').expect("a declaration");
        let name = text.split('(').next().and_then(|start| start.rsplit([' ', '*']).next()).unwrap();
        functions.push(Declared { name: name.into(), text: text.trim().into(), comment: comment.into() });
    }
    functions
}

fn names() -> BTreeSet<String> {
    declared().into_iter().map(|function| function.name).collect()
}

#[test]
fn the_library_exports_the_committed_list_and_nothing_else() {
    let symbols =
        stdout(Command::new("nm").args(["-D", "--defined-only", "--format=posix"]).arg(&Library::get().shared));
    let exported: BTreeSet<&str> = symbols.lines().filter_map(|line| line.split(' ').next()).collect();
    let committed = include_str!("../abi/exports.txt");
    assert_eq!(exported.iter().map(|name| format!("{name}\n")).collect::<String>(), committed, "tests/abi/exports.txt");
    assert!(exported.iter().all(|name| name.starts_with("boomi_")), "{exported:?}");
    assert_eq!(names(), exported.into_iter().map(str::to_owned).collect(), "the header and the library");
}

#[test]
fn the_library_has_its_soname_and_stays_loaded() {
    let dynamic = stdout(Command::new("readelf").arg("-dW").arg(&Library::get().shared));
    let mut version = VERSION.split('.');
    let abi = format!("{}.{}", version.next().unwrap(), version.next().unwrap());
    let line =
        |tag: &str| dynamic.lines().find(|line| line.contains(tag)).unwrap_or_else(|| panic!("{tag}: {dynamic}"));
    assert!(line("(SONAME)").ends_with(&format!("[libboomi_auth.so.{abi}]")), "{dynamic}");
    assert!(line("(FLAGS_1)").contains("NODELETE"), "{dynamic}");
    let needed: Vec<_> = dynamic.lines().filter(|line| line.contains("(NEEDED)")).collect();
    let system = ["libc.so", "libgcc_s.so", "libm.so", "libpthread.so", "libdl.so", "librt.so", "ld-linux"];
    assert!(needed.iter().all(|line| system.iter().any(|library| line.contains(library))), "{needed:?}");
}

#[test]
fn repeated_loading_starts_no_thread_and_leaks_nothing() {
    let scratch = Scratch::new("load");
    let program = scratch.join("load");
    let source = root().join("tests/abi/load.c");
    let mut compile = Command::new("cc");
    compile.arg("-std=c11").arg(include_flag()).args(STRICT).arg(source).arg("-o").arg(&program);
    run(compile.args(["-ldl", "-pthread"]));
    let said = stdout(Command::new(program).arg(&Library::get().shared));
    assert_eq!(said, "loaded 200 times\n");
}

/// The standards of `all` that a compiler knows.
fn known(compiler: &str, language: &str, all: &[&'static str]) -> Vec<&'static str> {
    let knows = |standard: &str| {
        let mut command = Command::new(compiler);
        command.args([&format!("-std={standard}"), "-x", language, "-fsyntax-only", "/dev/null"]);
        command.output().is_ok_and(|output| output.status.success())
    };
    all.iter().copied().filter(|standard| knows(standard)).collect()
}

/// Compiles the header alone, and twice in each of two translation units that are linked.
fn header_compiles(compiler: &str, language: &str, standard: &str) {
    let scratch = Scratch::new(&format!("header-{compiler}-{standard}"));
    let flags = [format!("-std={standard}"), include_flag()];
    let compile = || {
        let mut command = Command::new(compiler);
        command.args(&flags).args(STRICT);
        command
    };
    let header = root().join("include/boomi_auth.h");
    run(compile().args(["-x", language, "-fsyntax-only"]).arg("-include").arg(header).arg("/dev/null"));
    let source = root().join("tests/abi/twice.c");
    let (one, two, program) = (scratch.join("1.o"), scratch.join("2.o"), scratch.join("program"));
    run(compile().args(["-DUNIT=1", "-DWITH_MAIN", "-x", language, "-c"]).arg(&source).arg("-o").arg(&one));
    run(compile().args(["-DUNIT=2", "-x", language, "-c"]).arg(&source).arg("-o").arg(&two));
    let directory = Library::get().directory();
    let mut link = Command::new(compiler);
    link.args([&one, &two]).arg("-L").arg(&directory).arg("-lboomi_auth").arg("-o").arg(&program);
    run(link.arg(format!("-Wl,-rpath,{}", directory.display())));
    run(&mut Command::new(program));
}

#[test]
fn the_header_is_good_c_of_every_standard() {
    for compiler in compilers(&["cc", "clang"]) {
        let standards = known(compiler, "c", &["c99", "c11", "c17", "c2x", "gnu2x", "c23"]);
        assert!(standards.starts_with(&["c99", "c11", "c17"]), "{compiler}: {standards:?}");
        some(&standards).into_iter().for_each(|standard| header_compiles(compiler, "c", standard));
    }
}

#[test]
fn the_header_is_good_cpp_of_every_standard() {
    for compiler in compilers(&["g++", "clang++"]) {
        let standards = known(compiler, "c++", &["c++11", "c++14", "c++17", "c++20", "c++23"]);
        assert!(standards.starts_with(&["c++11", "c++14", "c++17"]), "{compiler}: {standards:?}");
        some(&standards).into_iter().for_each(|standard| header_compiles(compiler, "c++", standard));
    }
}

#[test]
fn constants_are_those_of_the_library() {
    // BOOMI_ERR_CREDENTIALS_REJECTED is CredentialsRejected.
    let camel = |name: &str, prefix: &str| {
        let words = name[prefix.len()..].split('_');
        words.map(|word| format!("{}{}", &word[..1], word[1..].to_ascii_lowercase())).collect::<String>()
    };
    let codes = constants("BOOMI_ERR_");
    let of_header: Vec<_> = codes.iter().map(|(name, code)| (camel(name, "BOOMI_ERR_"), *code)).collect();
    let of_library: Vec<_> = ErrorKind::ALL.iter().map(|kind| (format!("{kind:?}"), kind.code().into())).collect();
    assert_eq!(of_header, of_library);

    let events: Vec<_> =
        constants("BOOMI_EVENT_").iter().map(|(name, kind)| (camel(name, "BOOMI_EVENT_"), *kind)).collect();
    let kinds = [
        EventKind::CredentialsLoaded,
        EventKind::SignInRejected,
        EventKind::TokenIssued,
        EventKind::OtpAwaited,
        EventKind::TokenRefreshed,
        EventKind::RefreshFailed,
        EventKind::TokenRefused,
        EventKind::SignInHeld,
        EventKind::StateUnavailable,
        EventKind::RequestRetried,
    ];
    assert_eq!(events, kinds.map(|kind| (format!("{kind:?}"), kind.code().into())));

    let parts: Vec<i64> = VERSION.split('.').map(|part| part.parse().unwrap()).collect();
    let version = (parts[0] << 16) | (parts[1] << 8) | parts[2];
    assert_eq!(constants("BOOMI_VERSION_NUMBER"), [("BOOMI_VERSION_NUMBER".to_owned(), version)]);
    for (name, url) in [("BOOMI_BASE_URL_US", BASE_URL_US), ("BOOMI_BASE_URL_GB", BASE_URL_GB)] {
        assert!(header().contains(&format!("#define {name} \"{url}\"\n")), "{name}");
    }
    let fixed = [
        ("BOOMI_OK", 0),
        ("BOOMI_CREDENTIAL_API_TOKEN", 1),
        ("BOOMI_CREDENTIAL_PASSWORD", 2),
        ("BOOMI_CA_ONLY", 1),
        ("BOOMI_CA_ADD", 2),
        ("BOOMI_AUTH_NONE", 0),
        ("BOOMI_AUTH_BASIC", 1),
        ("BOOMI_AUTH_JWT", 2),
        ("BOOMI_AUTH_AUTO", 3),
        ("BOOMI_HEADER_SECRET", 1),
        ("BOOMI_HEADER_ADD", 2),
    ];
    for (name, value) in fixed {
        assert_eq!(constants(name), [(name.to_owned(), value)]);
    }
}

#[test]
fn each_function_is_documented_and_keeps_the_conventions() {
    for Declared { name, text, comment } in declared() {
        let fails = text.starts_with("boomi_code ") && name != "boomi_error_code";
        assert!(!comment.is_empty(), "{name} has no comment");
        assert_eq!(comment.contains("Errors:"), fails, "{name} says its errors if it has any");
        assert_eq!(text.ends_with("boomi_error **error_out)"), fails, "{text}");
        if text.contains("timeout") {
            assert!(text.contains("timeout_ms") && comment.contains("milliseconds"), "{name} says its unit");
        }
        // Whoever receives something to own is told how to end it.
        let gives = text.contains("**") && text.replace("boomi_error **error_out", "").contains("**");
        let makes = name.ends_with("_new") || name.ends_with("_clone") || gives;
        assert!(!makes || comment.to_ascii_lowercase().contains("freed"), "{name} says how to free what it gives");
    }
}
