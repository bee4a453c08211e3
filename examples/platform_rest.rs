//! The Platform REST API: a query, page by page, and work that the server does in its own time.
//!
//! Takes the client's settings from the BOOMI_* variables.

use boomi_auth::{Client, Result};

fn main() -> Result<()> {
    let client = Client::from_env()?;

    // Boomi answers with a hundred results at a time, and a token for the next hundred.
    let query = client.post("/api/rest/v1/{accountId}/Process/query").body(r#"{"QueryFilter":{}}"#);
    for (number, page) in query.pages()?.enumerate() {
        println!("page {}: {} bytes", number + 1, page?.body().len());
    }

    // Some objects are asked for and fetched later. This asks until the result is there, or the call's time is over.
    let counters = client.get("/api/rest/v1/{accountId}/async/AtomCounters/atom-1").wait()?.check()?;
    println!("counters: {}", counters.text()?);

    // A download's URL stands in an answer. Credentials go there only if it is on the client's own host.
    let log =
        client.post("/api/rest/v1/{accountId}/ProcessLog").body(r#"{"executionId":"execution-1","logLevel":"INFO"}"#);
    println!("log: {} bytes", log.wait()?.check()?.body().len());
    Ok(())
}
