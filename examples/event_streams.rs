//! Event Streams, and every other API with a fixed token: the caller's own header, marked as secret, so that it goes nowhere
//! but to the client's host and stands in no text.
//!
//! Takes EVENT_STREAMS_URL (scheme and host), EVENT_STREAMS_TOPIC (account, environment and topic, with slashes between) and
//! EVENT_STREAMS_TOKEN.

use boomi_auth::{AuthScheme, CaMode, Client, Error, Result};

fn main() -> Result<()> {
    let mut builder = Client::builder().base_url(&variable("EVENT_STREAMS_URL")?);
    if let Some(pem) = std::env::var("BOOMI_CA_FILE").ok().and_then(|path| std::fs::read(path).ok()) {
        builder = builder.ca_pem(&pem, CaMode::Only);
    }
    let client = builder.build()?;
    let answer = client
        .post(&format!("/rest/singlemsg/{}", variable("EVENT_STREAMS_TOPIC")?))
        .auth(AuthScheme::None)
        .secret_header("Authorization", &format!("Bearer {}", variable("EVENT_STREAMS_TOKEN")?))
        .header("Content-Type", "text/plain")
        .body("a message")
        .send()?
        .check()?;
    println!("{} {}", answer.status(), answer.text()?);
    Ok(())
}

fn variable(name: &str) -> Result<String> {
    std::env::var(name).map_err(|_| Error::other(format!("{name} is not set")))
}
