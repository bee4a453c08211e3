//! The main job, as in examples/c/quickstart.c: sign in to Boomi in every way it knows, get a JWT, and fetch records.
//!
//! `cargo run --example quickstart` runs it against the emulator, unless BOOMI_USERNAME is set: then against the platform
//! that the BOOMI_* variables name. Which others it reads stands in the C program.

use boomi_auth::{
    AuthScheme, Client, CredentialKind, Credentials, Response, Result, auth_header, auth_username, otp_code,
};
use boomi_emulator::{Emulator, users};

/// Where to, and who as.
struct Setup {
    client: Client,
    two_factor: Option<Client>,
    sub_account: Option<String>,
    record: String,
    /// Stops when dropped.
    _emulator: Option<Emulator>,
}

fn main() -> Result<()> {
    println!("boomi-auth {}\n", boomi_auth::VERSION);
    // No I/O: the values that any HTTP client can use.
    for (step, kind) in [("password", CredentialKind::Password), ("API token", CredentialKind::ApiToken)] {
        let header = auth_header(kind, "user@example.com", "my secret")?;
        show(
            &format!("Basic header, {step}"),
            &format!("{header:?}  (user {})", auth_username(kind, "user@example.com")?),
        );
    }
    // The secret and time of RFC 6238's own example. A real code would not be shown.
    let code = otp_code("GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ", 59)?;
    show("one-time code (RFC 6238, at 59 s)", code.expose());

    let setup = if std::env::var_os("BOOMI_USERNAME").is_some() { from_env()? } else { with_emulator()? };
    let client = &setup.client;
    let token = client.generate_jwt(None, None)?;
    show("JWT", &format!("{token:?}"));
    // Without a scheme of its own, a request to /graphql would be given the client's JWT by itself.
    let graphql = client
        .post("/graphql")
        .auth(AuthScheme::None)
        .secret_header("Authorization", token.header())
        .body(r#"{"query":"{ organizations { name } }"}"#);
    show_answer("GraphQL, with the JWT", graphql.send()?)?;

    let record = &setup.record;
    let audit_log = format!("/api/rest/v1/{{accountId}}/AuditLog/{record}");
    show_answer("AuditLog, with the API token", client.get(&audit_log).send()?)?;
    let deployment = format!("/api/rest/v1/{{accountId}}/Deployment/{record}");
    show_answer("Deployment, with the API token", client.get(&deployment).send()?)?;
    match &setup.two_factor {
        Some(two_factor) => show_answer("AuditLog, with X-Boomi-OTP", two_factor.get(&audit_log).send()?)?,
        None => show("AuditLog, with X-Boomi-OTP", "(QUICKSTART_2FA_USERNAME is not set)"),
    }
    match &setup.sub_account {
        Some(sub_account) => {
            let partner = client.get(&format!("/partner{audit_log}")).query("overrideAccount", sub_account);
            show_answer("AuditLog, Partner API", partner.send()?)
        }
        None => {
            show("AuditLog, Partner API", "(QUICKSTART_SUB_ACCOUNT is not set)");
            Ok(())
        }
    }
}

fn from_env() -> Result<Setup> {
    let variable = |name: &str| std::env::var(name).ok();
    let two_factor = variable("QUICKSTART_2FA_USERNAME").map(|username| {
        let password = variable("QUICKSTART_2FA_PASSWORD").unwrap_or_default();
        let secret = variable("QUICKSTART_2FA_OTP_SECRET").unwrap_or_default();
        let credentials = Credentials::password(&username, &password)?;
        // What is set stays; the environment fills the rest.
        Client::builder().credentials(credentials).otp_secret(&secret).load_env().build()
    });
    Ok(Setup {
        client: Client::from_env()?,
        two_factor: two_factor.transpose()?,
        sub_account: variable("QUICKSTART_SUB_ACCOUNT"),
        record: variable("QUICKSTART_RECORD").unwrap_or_else(|| "documentId-321".into()),
        _emulator: None,
    })
}

fn with_emulator() -> Result<Setup> {
    let emulator = Emulator::start();
    let builder = || {
        Client::builder()
            .base_url(emulator.base_url())
            .ca_pem(emulator.ca_pem().as_bytes(), boomi_auth::CaMode::Only)
            .account_id(users::ACCOUNT)
            .proxy("")
    };
    let (user, two_factor) = (users::REGULAR, users::TWOFA);
    Ok(Setup {
        client: builder().credentials(Credentials::api_token(user.name, user.token)?).build()?,
        two_factor: Some(
            builder()
                .credentials(Credentials::password(two_factor.name, two_factor.password)?)
                .otp_secret(users::TWOFA_SECRET)
                .build()?,
        ),
        sub_account: Some(users::SUB_ACCOUNT.into()),
        record: boomi_emulator::RECORD_ID.into(),
        _emulator: Some(emulator),
    })
}

fn show(step: &str, text: &str) {
    println!("{step:<34} {text}");
}

fn show_answer(step: &str, answer: Response) -> Result<()> {
    show(step, answer.check()?.text()?);
    Ok(())
}
