//! The Partner API: a request for another account than the one that signs in.
//!
//! Takes the client's settings from the BOOMI_* variables, and the other account from PARTNER_SUB_ACCOUNT.

use boomi_auth::{Client, Error, Result};

fn main() -> Result<()> {
    let client = Client::from_env()?;
    let sub_account =
        std::env::var("PARTNER_SUB_ACCOUNT").map_err(|_| Error::other("PARTNER_SUB_ACCOUNT is not set"))?;

    // The path has the partner's own account, which also signs in; the query says whose record it is.
    let record = client
        .get("/partner/api/rest/v1/{accountId}/AuditLog/documentId-321")
        .query("overrideAccount", &sub_account)
        .send()?
        .check()?;
    println!("{}", record.text()?);
    Ok(())
}
