"""Fetches a record and the rows of a query, and gets a JWT. Who signs in, and where, comes from the environment."""

import boomi_auth

with boomi_auth.Client.from_env() as client:
    record = client.get("/api/rest/v1/{accountId}/AuditLog/documentId-321").raise_for_status().json()
    print(f"a record: {record['userId']}, {record['action']}, {record['date']}")
    print(f"a query: {len(list(client.query('Process')))} processes, over all pages")
    token = client.token()
    print(f"a JWT: for {token.account_id}, good for {token.expires_at - token.issued_at} s, and renewed when it is due")
