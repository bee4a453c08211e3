//! Real curl, fed from `curl-config`.

use std::os::unix::ffi::OsStrExt as _;
use std::process::Command;

use boomi_emulator::users::{ACCOUNT, REGULAR, TWOFA, TWOFA_SECRET};

use crate::daemon::{Daemon, own_address};
use crate::shell::{COMMAND, Ended, Shell, run, run_with_input};

/// Runs curl with a config from standard input, for a path below the account.
fn curl(shell: &Shell, config: &str, path: &str) -> Ended {
    let url = format!("{}/api/rest/v1/{ACCOUNT}/{path}", shell.boomi.base_url());
    let mut curl = Command::new("curl");
    curl.env_clear().env("PATH", std::env::var_os("PATH").unwrap());
    run_with_input(curl.args(["-sS", "--fail", "-K", "-", &url]), config)
}

fn config(command: &mut Command) -> String {
    run(command).good()
}

#[test]
fn curl_signs_in_with_a_token_a_password_a_code_and_a_jwt() {
    let shell = Shell::new();
    let by_token = config(shell.signed_in(COMMAND).arg("curl-config"));
    assert!(curl(&shell, &by_token, "AuditLog/documentId-321").good().contains("documentId-321"));
    let mut password = shell.program(COMMAND);
    password.env("BOOMI_USERNAME", REGULAR.name).env("BOOMI_PASSWORD", REGULAR.password);
    curl(&shell, &config(password.arg("curl-config")), "AuditLog/documentId-321").good();
    let by_jwt = config(shell.signed_in(COMMAND).args(["curl-config", "--jwt"]));
    curl(&shell, &by_jwt, "Deployment/documentId-321").good();

    let mut twofa = shell.program(COMMAND);
    twofa.env("BOOMI_USERNAME", TWOFA.name).env("BOOMI_PASSWORD", TWOFA.password).env("BOOMI_OTP_SECRET", TWOFA_SECRET);
    // Two in a row: each has a code of its own, and the second waits for it.
    twofa.arg("curl-config");
    for _ in 0..2 {
        curl(&shell, &config(&mut twofa), "AuditLog/documentId-321").good();
    }
    // An API token needs no code.
    let mut token = shell.program(COMMAND);
    token.env("BOOMI_USERNAME", TWOFA.name).env("BOOMI_API_TOKEN", TWOFA.token).env("BOOMI_OTP_SECRET", TWOFA_SECRET);
    assert!(!config(token.arg("curl-config")).contains("OTP"));
    assert!(shell.boomi.log().iter().all(|entry| entry.status == 200));
}

#[test]
fn curl_finds_a_bundle_whatever_its_name() {
    use std::ffi::OsStr;
    let shell = Shell::new();
    let names = [
        &b"a \"quoted\" name#=.pem"[..],
        b"back\\slash\\n.pem",
        b"tab\tline\nend\rfeed\x0b.pem",
        b"latin-\xe9\xff.pem",
    ];
    for name in names {
        let path = shell.home().join(OsStr::from_bytes(name));
        std::fs::copy(shell.home().join("ca.pem"), &path).unwrap();
        let config = shell.signed_in(COMMAND).env("BOOMI_CA_FILE", &path).arg("curl-config").output().unwrap();
        assert!(config.status.success(), "{config:?}");
        let file = shell.home().join("config");
        std::fs::write(&file, config.stdout).unwrap();
        let url = format!("{}/api/rest/v1/{ACCOUNT}/AuditLog/documentId-321", shell.boomi.base_url());
        let mut curl = shell.program("curl");
        run(curl.args(["-sS", "--fail", "-K"]).arg(file).arg(url)).good();
    }
}

#[test]
fn curl_goes_through_the_proxy_with_its_password() {
    let shell = Shell::new();
    let address = own_address();
    let log = shell.home().join("log");
    let settings = shell.write(
        "tinyproxy.conf",
        &format!(
            "Port 3128\nListen {address}\nLogFile \"{}\"\nBasicAuth proxyuser marked-proxy-password\n",
            log.display()
        ),
    );
    let start = |command: &mut Command| {
        command.arg("-d").arg("-c").arg(settings);
    };
    let proxy = Daemon::start("tinyproxy", start, (address, 3128).into());
    let url = format!("http://proxyuser:marked%2Dproxy-password@{address}:3128");
    let mut command = shell.signed_in(COMMAND);
    let by_environment = config(command.env_remove("NO_PROXY").env("HTTPS_PROXY", &url).arg("curl-config"));
    shell.config(&format!("[default]\nproxy = \"{url}\"\n"));
    let by_profile = config(shell.signed_in(COMMAND).arg("curl-config"));
    for config in [by_environment, by_profile] {
        assert!(!config.contains("marked"), "it is in a header of the proxy's");
        curl(&shell, &config, "AuditLog/documentId-321").good();
    }
    // And so does the command itself.
    shell.run(&["request", "GET", crate::shell::AUDIT_LOG]).good();
    let direct = config(shell.signed_in(COMMAND).args(["curl-config", "--proxy", ""]));
    curl(&shell, &direct, "AuditLog/documentId-321").good();
    drop(proxy);
    let log = std::fs::read_to_string(log).unwrap();
    assert_eq!(log.matches("CONNECT localhost").count(), 3, "{log}");
}

/// The bundle is trusted alone, also by a curl that looks into the system's directory by itself.
#[test]
fn curl_trusts_the_bundle_alone() {
    let shell = Shell::new();
    let config = config(shell.signed_in(COMMAND).arg("curl-config"));
    let url = format!("{}/", shell.boomi.base_url());
    let mut curl = shell.program("curl");
    let ended = run_with_input(curl.args(["-sSv", "-K", "-", &url]), &config);
    assert_eq!(ended.status, 0, "{ended:?}");
    assert!(!ended.stderr.contains("/etc/ssl/certs"), "{ended:?}");
}

#[test]
fn curl_takes_the_headers_along_to_no_other_place() {
    let shell = Shell::new();
    let config = config(shell.signed_in(COMMAND).arg("curl-config"));
    let mut redirect = boomi_emulator::Scripted::new(302, "text/plain", "");
    redirect.headers.insert("Location".into(), "https://elsewhere.example/".into());
    shell.boomi.answer_next(redirect);
    let url = format!("{}/api/rest/v1/{ACCOUNT}/AuditLog/documentId-321", shell.boomi.base_url());
    let mut curl = shell.program("curl");
    // 47: too many redirects.
    run_with_input(curl.args(["-sS", "-L", "-K", "-", &url]), &config).failed(47, &["redirects"]);
}
