//! Tests that need a process of their own: for its memory, its environment, or its C library.
#![allow(dead_code, reason = "no test file needs all of it")]

use std::process::Command;

/// Runs `test` in a new process, which has these variables and no others. `variables` is asked in this process only.
///
/// The new process runs the same test of the same binary, and comes here again.
pub fn alone<F: FnOnce()>(variables: impl FnOnce() -> Vec<(&'static str, String)>, test: F) {
    alone_by(&[], variables, test);
}

/// As [`alone`], with a program and its arguments that starts the new process.
pub fn alone_by<F: FnOnce()>(starter: &[&str], variables: impl FnOnce() -> Vec<(&'static str, String)>, test: F) {
    const MARK: &str = "BOOMI_TEST_ALONE";
    if std::env::var_os(MARK).is_some() {
        return test();
    }
    // The closure's type is named after the test that it stands in.
    let name = std::any::type_name::<F>().trim_end_matches("::{{closure}}");
    let (_, name) = name.split_once("::").unwrap();
    let own = std::env::current_exe().unwrap();
    let mut words = starter.iter().map(std::ffi::OsStr::new).chain([own.as_os_str()]);
    let mut command = Command::new(words.next().expect("the test itself"));
    command
        .args(words)
        .args(["--exact", name, "--nocapture", "--test-threads=1"])
        .env_clear()
        .envs(variables())
        .env(MARK, "1");
    let output = command.output().unwrap();
    let text = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
    assert!(output.status.success() && text.contains("1 passed"), "{command:?}: {text}");
    print!("{text}");
}

/// The most memory that this process ever had, in bytes.
pub fn most_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

/// What a test process has without any of the library's doing, generously.
pub const TEST_PROCESS: u64 = 48 * MIB;
pub const MIB: u64 = 1024 * 1024;
