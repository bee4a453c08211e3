"""Keeps requests, which gets its credentials from the client."""

import os

import boomi_auth
import requests

with boomi_auth.Client.from_env() as client, requests.Session() as session:
    session.auth = client.auth()
    # Else Boomi answers in XML.
    session.headers["Accept"] = "application/json"
    about = client.describe()
    url = f"{about['base_url']}/api/rest/v1/{about['account_id']}/AuditLog/documentId-321"
    # requests does not know BOOMI_CA_FILE, and REQUESTS_CA_BUNDLE comes before a session's verify, but not before this.
    answer = session.get(url, verify=os.environ.get("BOOMI_CA_FILE") or True, timeout=30)
    answer.raise_for_status()
    print(answer.json())
