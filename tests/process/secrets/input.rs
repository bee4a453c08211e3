//! Secrets in arguments that are refused: the refusal names the field and shows nothing of it.

use boomi_auth::{
    Call, Client, CredentialKind, Credentials, Error, ErrorKind, HeaderOptions, Request, auth_header, otp_code,
};

use super::Texts;

/// Refused whatever it is for: it has control characters.
const BAD: &str = "marked-secret\r\nX: y";

fn refused(result: Result<Client, Error>) -> Error {
    result.unwrap_err()
}

#[test]
fn refused_arguments_are_not_shown() {
    let mut call = Call::new();
    let mut request = Request::new("GET", "/").unwrap();
    let builder = Client::builder;
    let errors = [
        Credentials::password("user", BAD).unwrap_err(),
        Credentials::api_token("user", BAD).unwrap_err(),
        Credentials::password("user:marked-secret", "x").unwrap_err(),
        Credentials::process("echo marked-secret\n", None).unwrap_err(),
        Credentials::process("echo marked-secret", Some("a:b")).unwrap_err(),
        auth_header(CredentialKind::Password, "user", BAD).unwrap_err(),
        auth_header(CredentialKind::ApiToken, "user:marked-secret", "x").unwrap_err(),
        otp_code("marked-secret-1", 0).unwrap_err(),
        otp_code("otpauth://totp/x?secret=marked-secret-1", 0).unwrap_err(),
        otp_code("otpauth://hotp/x?secret=marked-secret", 0).unwrap_err(),
        call.set_otp(BAD).unwrap_err(),
        call.set_otp("marked-secret").unwrap_err(),
        request.set_header("X-A", BAD, HeaderOptions { secret: true, add: false }).unwrap_err(),
        request.set_header("Authorization", BAD, HeaderOptions::default()).unwrap_err(),
        refused(builder().otp_secret("marked-secret-1").build()),
        refused(builder().proxy("http://user:marked-secret@").build()),
        refused(builder().proxy("http://user:marked-secret@host:x").build()),
        refused(builder().proxy("socks4://user:marked-secret@host:1").build()),
        refused(builder().proxy("user:marked-secret%zz@host name").build()),
        refused(builder().base_url("https://user:marked-secret@api.boomi.com").build()),
        refused(builder().base_url("https://api.boomi.com?token=marked-secret").build()),
        refused(builder().ca_pem(b"-----BEGIN PRIVATE KEY-----\nmarked-secret\n", boomi_auth::CaMode::Only).build()),
    ];
    let mut texts = Texts::default();
    for error in &errors {
        assert!(matches!(error.kind(), ErrorKind::InvalidArgument), "{error:?}");
        texts.add_error(error);
    }
    texts.add(format!("{call:?} {request:?}"));
    texts.search(&["marked-secret".into()]);
}

#[test]
fn a_secret_file_that_is_refused_is_named_and_not_shown() {
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("marked-{}", std::process::id()));
    for content in [&b"marked-secret\nand more"[..], b"marked-secret\xff", b"marked-secret\0"] {
        std::fs::write(&path, content).unwrap();
        let credentials = Credentials::file(CredentialKind::Password, "user", &path).unwrap();
        let client = Client::builder().credentials(credentials).account_id("a").proxy("").build().unwrap();
        let error = client.generate_jwt(None, None).unwrap_err();
        assert!(error.message().contains(path.to_str().unwrap()), "{error}");
        let mut texts = Texts::default();
        texts.add_error(&error);
        texts.add(format!("{client:?}"));
        texts.search(&["marked-secret".into()]);
    }
    std::fs::remove_file(path).unwrap();
}

#[cfg(all(unix, feature = "credential-process"))]
#[test]
fn what_a_program_prints_and_its_command_are_not_shown() {
    for command in [
        "echo marked-secret",
        "echo '{\"version\":1,\"username\":\"u\",\"password\":\"marked-secret\\n\"}'",
        "echo '{\"version\":1,\"username\":\"marked-secret:\",\"password\":\"x\"}'",
        "echo '{\"version\":1,\"username\":\"marked-secret\",\"password\":[\"marked-secret\"]}'",
        "echo marked-secret; exit 1",
    ] {
        let credentials = Credentials::process(command, None).unwrap();
        let builder = Client::builder().credentials(credentials.clone()).account_id("a").proxy("");
        let client = builder.clone().build().unwrap();
        let mut texts = Texts::default();
        texts.add_error(&client.generate_jwt(None, None).unwrap_err());
        texts.add_error(&client.describe_guard().unwrap_err());
        texts.add_error(&client.auth_header().unwrap_err());
        texts.add(format!("{client:?} {builder:?} {credentials:?}"));
        texts.search(&["marked-secret".into()]);
    }
}
