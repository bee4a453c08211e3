//! The API Management API, which takes Basic.
//!
//! Takes the client's settings from the BOOMI_* variables.

use boomi_auth::{Client, Result};

fn main() -> Result<()> {
    let client = Client::from_env()?;
    let organizations = client.get("/apim/api/rest/v1/{accountId}/organizations").send()?.check()?;
    println!("{}", organizations.text()?);
    Ok(())
}
