//! The shortest program: who and where come from the environment (BOOMI_ACCOUNT_ID, BOOMI_USERNAME, BOOMI_API_TOKEN).

fn main() -> boomi_auth::Result<()> {
    let client = boomi_auth::Client::from_env()?;
    println!("{}", client.get("/api/rest/v1/{accountId}/AuditLog/documentId-321").send()?.check()?.text()?);
    let jwt: boomi_auth::Token = client.token()?; // cached
    assert!(jwt.expires_at() > jwt.issued_at());
    Ok(())
}
