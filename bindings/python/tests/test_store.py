"""A fleet: processes that nothing but a store joins, and a store that is away."""

from __future__ import annotations

import multiprocessing
import traceback
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from boomi_auth import Client, ConfigurationError
from boomi_auth.pytest_plugin import BoomiEmulator
from programs import workers
from programs.child import settings
from store_server import PASSWORD, Store, free_port

RECORD = "/api/rest/v1/{accountId}/AuditLog/documentId-321"


def exchanges(emulator: BoomiEmulator) -> int:
    return sum(entry["path"].startswith("/auth/jwt/") for entry in emulator.log())


def test_processes_send_a_wrong_password_twice_at_most(boomi_emulator: BoomiEmulator, store: Store) -> None:
    made_of = settings(boomi_emulator, store=store.url)
    context: Any = multiprocessing.get_context("spawn")
    # Each alone would send it once or twice.
    together = context.Barrier(4)
    children = [context.Process(target=workers.sign_in_wrongly, args=(made_of, together)) for _ in range(4)]
    for child in children:
        child.start()
    for child in children:
        child.join(60)
    assert [child.exitcode for child in children] == [0] * 4
    assert 1 <= boomi_emulator.users()[boomi_emulator.user.name]["total_rejections"] <= 2


def test_one_process_asks_for_a_token_and_the_other_has_it(boomi_emulator: BoomiEmulator, store: Store) -> None:
    made_of = settings(boomi_emulator, store=store.url)
    context = multiprocessing.get_context("spawn")
    tokens = []
    for _ in range(2):
        with ProcessPoolExecutor(1, mp_context=context) as process:
            tokens.append(process.submit(workers.jwt_of_the_fleet, made_of).result())
    assert tokens[0] == tokens[1]
    assert exchanges(boomi_emulator) == 1


def test_the_environment_names_it(boomi_env: BoomiEmulator, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOOMI_STORE", f"{store.url}?prefix=mine:")
    with Client.from_env() as client:
        assert workers.connected(client).describe()["store"] == {
            "url": store.place.replace("boomi-auth:", "mine:"),
            "problem": None,
            "connecting": False,
        }
        assert client.get(RECORD).ok
    with Client.from_env(store=f"redis://127.0.0.1:{free_port()}") as client:
        assert store.place not in str(client.describe())


@pytest.mark.parametrize(
    "url", ["redis://u:{}@host:port", "http://u:{}@host", "redis://u:{}@a,b", "redis://host?password={}"]
)
def test_a_url_that_cannot_be_read_is_a_wrong_setting_and_not_quoted(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigurationError, match="the store's URL") as caught:
        Client(store=url.format(PASSWORD))
    monkeypatch.setenv("BOOMI_STORE", url.format(PASSWORD))
    with pytest.raises(ConfigurationError, match="BOOMI_STORE: the store's URL") as by_variable:
        Client.from_env()
    for raised in (caught.value, by_variable.value):
        assert PASSWORD not in "".join(traceback.format_exception_only(raised))
    with pytest.raises(TypeError, match="^store: "):
        Client(store=5)  # type: ignore[arg-type]


def test_a_store_that_is_away_is_told_once_and_hinders_nobody(boomi_emulator: BoomiEmulator, tmp_path: Path) -> None:
    events: list[dict[str, Any]] = []
    url = f"redis://:{PASSWORD}@127.0.0.1:{free_port()}"
    with boomi_emulator.client(store=url, state_dir=tmp_path, on_event=events.append) as client:
        for _ in range(5):
            assert client.get(RECORD).ok
            assert client.token().jwt
        about, guard = client.describe(), client.describe_guard()
    told = [event for event in events if event["event"] == "state_unavailable"]
    assert len(told) == 1 and "connection refused" in str(told)
    assert "connection refused" in about["store"]["problem"] and "connection refused" in guard["problem"]
    assert guard["memory"] == str(tmp_path)
    assert PASSWORD not in f"{events} {about} {guard}"


def test_nothing_that_is_said_of_a_client_has_the_password(boomi_emulator: BoomiEmulator, store: Store) -> None:
    events: list[dict[str, Any]] = []
    with boomi_emulator.client(store=store.url, on_event=events.append) as client:
        assert workers.connected(client).get(RECORD).ok
        said = f"{client!r} {client} {client.describe()} {client.describe_guard()} {client.auth()!r} {events}"
    assert f"'{store.place}'" in said and PASSWORD not in said
