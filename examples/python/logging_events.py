"""What the client does, as records of logging: sign-ins, tokens, repeats, and what the guard holds back. Never a secret."""

import logging

import boomi_auth

logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")

with boomi_auth.Client.from_env(on_event=boomi_auth.log_event) as client:
    client.token()
    answer = client.get("/api/rest/v1/{accountId}/AuditLog/documentId-321")
    logging.getLogger("app").info("answered %d after %d tries", answer.status_code, answer.attempts)
