//! Where settings come from, and which one counts.

use boomi_emulator::users::{REGULAR, SSO_ADMIN, TWOFA, TWOFA_SECRET};

use crate::shell::{AUDIT_LOG, COMMAND, Shell, run, run_with_input, set_mode};

#[test]
fn flags_override_environment_which_overrides_the_profile() {
    let shell = Shell::new();
    let name = |command: &mut std::process::Command| run(command).good();
    shell.config("[default]\nusername = \"profile@example.com\"\napi_token = \"t\"\ntimeout = 5\n");
    let mut command = shell.program(COMMAND);
    assert_eq!(name(command.arg("username")), "BOOMI_TOKEN.profile@example.com\n");
    // An empty variable counts as unset.
    assert_eq!(name(command.env("BOOMI_USERNAME", "")), "BOOMI_TOKEN.profile@example.com\n");
    assert_eq!(name(command.env("BOOMI_USERNAME", "environment@example.com")), "BOOMI_TOKEN.environment@example.com\n");
    assert_eq!(name(command.args(["--username", "flag@example.com"])), "BOOMI_TOKEN.flag@example.com\n");
}

#[test]
fn the_secrets_of_two_sources_are_not_mixed() {
    let shell = Shell::new();
    shell.config(&format!("[default]\nusername = \"{}\"\napi_token = \"{}\"\n", REGULAR.name, REGULAR.token));
    // A password of the environment in place of the token of the profile.
    let mut command = shell.program(COMMAND);
    command.env("BOOMI_PASSWORD", REGULAR.password);
    assert_eq!(run(command.arg("username")).good(), "user@example.com\n");
    let token = shell.write_secret("token", SSO_ADMIN.token);
    let arguments = ["username", "--username", SSO_ADMIN.name, "--api-token-file", token.to_str().unwrap()];
    assert_eq!(run(command.args(&arguments[1..])).good(), "BOOMI_TOKEN.admin@example.com\n");
    // The codes of the profile's user do not go with another's password.
    shell.config(&format!("[default]\notp_secret = \"{TWOFA_SECRET}\"\npassword = \"p\"\n"));
    let mut other = shell.program(COMMAND);
    other.env("BOOMI_USERNAME", REGULAR.name).env("BOOMI_PASSWORD", REGULAR.password);
    assert!(!run(other.arg("curl-config")).good().contains("OTP"));
    // Two in one source contradict each other.
    let mut both = shell.signed_in(COMMAND);
    run(both.env("BOOMI_PASSWORD", "p").arg("header")).failed(2, &["BOOMI_API_TOKEN and BOOMI_PASSWORD are both set"]);
}

#[test]
fn a_profile_is_chosen_by_flag_or_variable_and_must_be_there() {
    let shell = Shell::new();
    shell.config(&format!(
        "[default]\nusername = \"{0}\"\napi_token = \"{1}\"\n[admin]\nusername = \"{2}\"\napi_token = \"{3}\"\n",
        REGULAR.name, REGULAR.token, SSO_ADMIN.name, SSO_ADMIN.token
    ));
    let by_flag = run(shell.program(COMMAND).args(["request", "GET", AUDIT_LOG, "--profile", "admin"]));
    assert_eq!(by_flag.status, 0, "{by_flag:?}");
    assert_eq!(shell.boomi.log().pop().unwrap().user.unwrap(), "BOOMI_TOKEN.admin@example.com");
    let mut by_variable = shell.program(COMMAND);
    assert_eq!(
        run(by_variable.env("BOOMI_PROFILE", "admin").arg("username")).good(),
        "BOOMI_TOKEN.admin@example.com\n"
    );
    assert_eq!(run(by_variable.args(["--profile", "default"])).good(), "BOOMI_TOKEN.user@example.com\n");
    run(shell.signed_in(COMMAND).args(["header", "--profile", "amdin"]))
        .failed(2, &["no profile \"amdin\"", "[amdin]"]);
}

#[test]
fn a_profile_says_everything_that_a_variable_does() {
    let shell = Shell::new();
    shell.write_secret("token", REGULAR.token);
    shell.config(&format!(
        "[default]\nusername = \"{}\"\napi_token_file = \"token\"\naccount_id = \"account123\"\napi_url = \"{}\"\n\
         ca_file = \"ca.pem\"\nstate_dir = \"state\"\ntimeout = 20.5\nproxy = \"\"\n",
        REGULAR.name,
        shell.boomi.base_url()
    ));
    let mut command = shell.program(COMMAND);
    for name in ["BOOMI_API_URL", "BOOMI_CA_FILE", "BOOMI_ACCOUNT_ID", "NO_PROXY"] {
        command.env_remove(name);
    }
    let ended = run(command.env("HTTPS_PROXY", "http://localhost:1").args(["request", "GET", AUDIT_LOG]));
    assert_eq!(ended.status, 0, "{ended:?}");
    assert!(shell.home().join("state").is_dir());
}

#[test]
fn invalid_or_readable_config_file_is_refused_and_not_quoted() {
    let shell = Shell::new();
    let secret = "[default]\nusername = \"user@example.com\"\napi_token = \"hunter2\"\n";
    let cases = [
        ("[default\napi_token = \"hunter2\"", 0o600, "line 1 is no TOML"),
        ("[default]\napi_token = \"hunter2\" x", 0o600, "line 2 is no TOML"),
        ("[default]\napi_token = hunter2", 0o600, "line 2 is no TOML"),
        ("api_token = \"hunter2\"", 0o600, "below [default]"),
        (
            "[default]\napi-token = \"hunter2\"",
            0o600,
            "[default] has \"api-token\", which is no setting: there are username, api_token,",
        ),
        (
            "[default]\napi_token = \"hunter2\"\napi_token = \"hunter2\"",
            0o600,
            "line 3 is no TOML, or says something twice",
        ),
        ("[default]\napi_token = 2", 0o600, "api_token of [default] is no text"),
        (secret, 0o644, "others can read it, and it holds a secret (mode 644): chmod it to 600"),
        (secret, 0o640, "others can read it"),
        ("[default]\nproxy = \"http://user:hunter2@proxy:1\"", 0o604, "others can read it"),
        ("[default]\nstore = \"rediss://user:hunter2@store:1\"", 0o640, "others can read it"),
        ("[other]\npassword = \"hunter2\"", 0o644, "others can read it"),
        ("[default]\nusername = \"u\"\ncredential_process = \"x\"", 0o620, "others can change it (mode 620)"),
    ];
    for (text, mode, said) in cases {
        set_mode(&shell.config(text), mode);
        let ended = run(shell.program(COMMAND).arg("header")).failed(2, &["config.toml", said]);
        assert!(!ended.stderr.contains("hunter2"), "{ended:?}");
    }
    let path = shell.config("");
    std::fs::remove_file(&path).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
    run(shell.program(COMMAND).arg("header")).failed(2, &["config.toml: it is no regular file"]);
    std::fs::remove_file(&path).unwrap();
    set_mode(&shell.config("[default]\nusername = \"user@example.com\"\n"), 0o644);
    let mut command = shell.program(COMMAND);
    run(command.env("BOOMI_API_TOKEN", "t").arg("header")).good();
}

#[test]
fn secret_is_read_from_stdin_and_never_from_an_argument() {
    let shell = Shell::new();
    let request = ["request", "GET", AUDIT_LOG, "--username"];
    let token = run_with_input(
        shell.program(COMMAND).args(request).args([REGULAR.name, "--api-token-stdin"]),
        &format!("{}\n", REGULAR.token),
    );
    assert_eq!(token.status, 0, "{token:?}");
    let password = run_with_input(
        shell.program(COMMAND).args(request).args([REGULAR.name, "--password-stdin"]),
        &format!("{}\r\n", REGULAR.password),
    );
    assert_eq!(password.status, 0, "{password:?}");
    run(shell.program(COMMAND).args(["header", "--api-token-stdin"])).failed(2, &["standard input", "empty"]);
    let mut proxy = shell.signed_in(COMMAND);
    run(proxy.args(["header", "--proxy", "http://user:hunter2@localhost:1"])).failed(2, &["list of processes"]);
    shell.run(&["header", "--api-token", "x"]).failed(2, &["never an argument", "--api-token-stdin"]);
    let long = "x".repeat(64 * 1024 + 1);
    let mut command = shell.program(COMMAND);
    run_with_input(command.args(["header", "--username", "u", "--password-stdin"]), &long)
        .failed(2, &["longer than 64 KiB"]);
}

#[test]
fn without_a_secret_it_says_where_one_may_come_from() {
    let shell = Shell::new();
    for command in ["header", "username", "jwt", "curl-config"] {
        let said = ["BOOMI_USERNAME", "boomi-auth login", "Settings > Account Information and Setup"];
        run(shell.program(COMMAND).arg(command)).failed(2, &said);
    }
    let mut user_alone = shell.program(COMMAND);
    run(user_alone.env("BOOMI_USERNAME", TWOFA.name).arg("header"))
        .failed(2, &["neither BOOMI_API_TOKEN nor BOOMI_PASSWORD"]);
    let mut no_account = shell.signed_in(COMMAND);
    run(no_account.env_remove("BOOMI_ACCOUNT_ID").arg("jwt")).failed(2, &["User Information"]);
}

#[test]
fn the_guard_remembers_where_the_xdg_directories_say() {
    let shell = Shell::new();
    shell.run(&["request", "GET", AUDIT_LOG]).good();
    assert!(shell.home().join(".local/state/boomi-auth").is_dir());
    let elsewhere = shell.home().join("elsewhere");
    run(shell.signed_in(COMMAND).env("XDG_STATE_HOME", &elsewhere).args(["request", "GET", AUDIT_LOG])).good();
    assert!(elsewhere.join("boomi-auth").is_dir());
}
