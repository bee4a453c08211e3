"""The client's own methods, beside the emulator."""

from __future__ import annotations

import boomi_auth
from boomi_auth.pytest_plugin import BoomiEmulator

RECORD = "/api/rest/v1/{accountId}/AuditLog/documentId-321"


def test_a_record_is_fetched(boomi_emulator: BoomiEmulator) -> None:
    with boomi_emulator.client() as client:
        answer = client.get(RECORD).raise_for_status()
        assert answer.status_code == 200 and answer.ok
        assert answer.json()["documentId"] == "documentId-321"


def test_the_environment_gives_a_client(boomi_emulator: BoomiEmulator, monkeypatch) -> None:
    for name, value in boomi_emulator.env.items():
        monkeypatch.setenv(name, value)
    with boomi_auth.Client.from_env() as client:
        assert client.token().account_id == "account123"
