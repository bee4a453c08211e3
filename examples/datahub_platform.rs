//! The DataHub Platform API, which takes Basic, and says 403 where others say 401.
//!
//! Takes the client's settings from the BOOMI_* variables.

use boomi_auth::{Client, Result};

fn main() -> Result<()> {
    let client = Client::from_env()?;
    let models =
        client.get("/mdm/api/rest/v1/{accountId}/models").header("Accept", "application/xml").send()?.check()?;
    println!("{}", models.text()?);
    Ok(())
}
