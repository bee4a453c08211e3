//! A DataHub repository, which is on a host of its own: with the platform's JWT, and with the hub token of the repository.
//!
//! Takes the platform's client from the BOOMI_* variables, and the repository from DATAHUB_REPO_URL (scheme and host),
//! DATAHUB_UNIVERSE_ID, DATAHUB_REPOSITORY_ID, DATAHUB_USERNAME and DATAHUB_AUTH_TOKEN.

use boomi_auth::{Client, Credentials, Error, Response, Result};

const QUERY: &str = r#"<RecordQueryRequest limit="10"/>"#;

fn main() -> Result<()> {
    let path = format!("/mdm/universes/{}/records/query", variable("DATAHUB_UNIVERSE_ID")?);

    // With the bearer of the platform's client. The credentials themselves never go to this host.
    let platform = Client::from_env()?;
    let repository = hub().token_provider(&platform.token_provider(None)?).build()?;
    let answer = repository.post(&path).query("repositoryId", &variable("DATAHUB_REPOSITORY_ID")?);
    show(
        "with the JWT",
        answer.header("Content-Type", "application/xml").header("Accept", "application/xml").body(QUERY).send()?,
    )?;

    // With the repository's own token, as a password.
    let (user, token) = (variable("DATAHUB_USERNAME")?, variable("DATAHUB_AUTH_TOKEN")?);
    let repository = hub().credentials(Credentials::password(&user, &token)?).build()?;
    let answer = repository.post(&path).header("Content-Type", "application/xml").header("Accept", "application/xml");
    show("with the hub token", answer.body(QUERY).send()?)
}

fn hub() -> boomi_auth::ClientBuilder {
    let builder = Client::builder();
    let builder = match std::env::var("DATAHUB_REPO_URL") {
        Ok(url) => builder.base_url(&url),
        Err(_) => builder,
    };
    // For a hub whose certificate the system does not know.
    match std::env::var("BOOMI_CA_FILE").ok().and_then(|path| std::fs::read(path).ok()) {
        Some(pem) => builder.ca_pem(&pem, boomi_auth::CaMode::Only),
        None => builder,
    }
}

fn variable(name: &str) -> Result<String> {
    std::env::var(name).map_err(|_| Error::other(format!("{name} is not set")))
}

fn show(how: &str, answer: Response) -> Result<()> {
    println!("{how}: {}", answer.check()?.text()?);
    Ok(())
}
