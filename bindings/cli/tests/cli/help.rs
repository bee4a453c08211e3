//! What is said of the command itself. Snapshots: `SNAPSHOTS=write cargo test -p boomi-auth-cli` writes them anew.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::shell::{COMMAND, Shell, run};

/// Compares with what is committed.
#[track_caller]
fn assert_snapshot(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/snapshots").join(name);
    if std::env::var_os("SNAPSHOTS").is_some_and(|mode| mode == "write") {
        std::fs::write(&path, text).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(text == kept, "{} is not what is said now: if this is better, write it anew\n{text}", path.display());
}

#[test]
fn help_is_as_it_was() {
    let shell = Shell::new();
    let commands = "header username otp jwt curl-config request graphql doctor guard login logout completions man";
    assert_snapshot("help.txt", &shell.run(&["--help"]).good());
    let mut of_commands = String::new();
    for command in commands.split(' ') {
        let help = shell.run(&[command, "--help"]).good();
        // The settings are the same for each.
        let own = help.split("\nSettings:").next().unwrap();
        of_commands += &format!("== {command}\n{}\n", own.trim_end());
    }
    for command in ["status", "reset"] {
        let help = shell.run(&["guard", command, "--help"]).good();
        of_commands += &format!("== guard {command}\n{}\n", help.split("\nSettings:").next().unwrap().trim_end());
    }
    assert_snapshot("commands.txt", &of_commands);
}

#[test]
fn without_a_command_there_is_help_and_status_2() {
    let shell = Shell::new();
    let ended = shell.run(&[]);
    assert_eq!(ended.status, 2);
    assert!(ended.stderr.contains("Usage: boomi-auth"), "{ended:?}");
    for wrong in [
        &["hedaer"][..],
        &["request", "GET"],
        &["jwt", "--api-token", "x"],
        &["header", "--password-stdin", "--api-token-stdin"],
    ] {
        assert_eq!(shell.run(wrong).status, 2, "{wrong:?}");
    }
    assert_eq!(shell.run(&["--version"]).good(), format!("boomi-auth {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn the_manual_is_one_that_man_reads() {
    let shell = Shell::new();
    let page = shell.run(&["man"]).good();
    let mut check = Command::new("mandoc");
    check.args(["-Tlint", "-Werror"]).stdin(Stdio::piped());
    let ended = crate::shell::run_with_input(&mut check, &page);
    assert_eq!(ended.status, 0, "{}", ended.stdout);
    for section in ["SETTINGS", "BOOMI-AUTH CURL-CONFIG", "BOOMI-AUTH GUARD RESET", "Exit status"] {
        assert!(page.contains(section), "{section}");
    }
}

#[test]
fn each_shell_takes_its_completions() {
    let shell = Shell::new();
    for kind in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = shell.run(&["completions", kind]).good();
        assert!(script.contains("curl-config"), "{kind}");
        let path = shell.write(kind, &script);
        if kind == "bash" {
            let asked = format!(
                "source '{}'; COMP_WORDS=(boomi-auth cur); COMP_CWORD=1; set -- $(complete -p boomi-auth)\n\
                 while [ \"$1\" != -F ]; do shift; done; $2 boomi-auth cur boomi-auth; echo \"${{COMPREPLY[@]}}\"",
                path.display()
            );
            assert_eq!(run(Command::new("bash").args(["-c", &asked])).good(), "curl-config\n");
        }
    }
}

/// An error of a run that has no settings to read.
#[test]
fn the_command_itself_needs_no_settings() {
    let shell = Shell::new();
    shell.config("this is no TOML");
    for arguments in [&["man"][..], &["completions", "bash"], &["--help"], &["--version"]] {
        run(shell.program(COMMAND).args(arguments)).good();
    }
    run(shell.program(COMMAND).arg("header")).failed(2, &["config.toml: line 1 is no TOML"]);
}
