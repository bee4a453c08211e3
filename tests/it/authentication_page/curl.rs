//! The page's own command, run by the real curl.

use std::path::Path;
use std::process::Command;

use boomi_emulator::{Emulator, LogEntry};

/// The command, byte for byte.
const COMMAND: &str = r#"curl --user "BOOMI_TOKEN.user@boomi.com:123aab45-67b8-9012-3a45-67c8e9e01e23" --request GET 'https://api.boomi.com/api/rest/v1/account123/AuditLog/documentId-321'"#;

/// Runs it, and returns what the server saw.
pub fn run_the_documented_command(boomi: &Emulator) -> LogEntry {
    let ca = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("curl-ca-{}.pem", std::process::id()));
    std::fs::write(&ca, boomi.ca_pem()).unwrap();
    let port = boomi.base_url().rsplit(':').next().unwrap();
    // Only where the name leads and whom to trust is added.
    let command = format!("{COMMAND} --cacert \"$CA\" --connect-to api.boomi.com:443:127.0.0.1:{port}");
    // Neither a proxy nor settings of whoever runs the test.
    let mut shell = Command::new("sh");
    shell.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("CA", &ca);
    let output = shell.args(["-c", &command]).output().unwrap();
    std::fs::remove_file(&ca).unwrap();
    assert!(output.status.success(), "curl failed: {}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stdout).contains("documentId-321"));
    boomi.log().pop().unwrap()
}
