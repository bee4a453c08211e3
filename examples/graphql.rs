//! GraphQL, which takes a JWT: the client makes one, keeps it, and renews it before it dies.
//!
//! Takes the client's settings from the BOOMI_* variables.

use boomi_auth::{Client, Result};

fn main() -> Result<()> {
    let client = Client::from_env()?;
    for _ in 0..2 {
        // `check` also finds the errors that GraphQL reports with status 200. A query may be sent again after a failure; a
        // mutation is not.
        let answer = client.post("/graphql").body(r#"{"query":"{ organizations { id name } }"}"#).send()?.check()?;
        println!("{}", answer.text()?);
    }
    Ok(())
}
