"""requests, beside the emulator."""

from __future__ import annotations

import copy
import io
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boomi_auth
import pytest
import requests
from boomi_auth._auth import Auth
from boomi_auth.pytest_plugin import BoomiEmulator
from common import GRAPHQL, MUTATION, RECORD, effects, jwts, outlive_jwts, sent
from elsewhere import Elsewhere
from requests.adapters import HTTPAdapter
from urllib3.util import Retry


@pytest.fixture
def session(boomi_emulator: BoomiEmulator) -> Iterator[requests.Session]:
    with boomi_emulator.client() as client, requests.Session() as session:
        session.auth, session.verify = Auth(client), boomi_emulator.ca_file
        yield session


def test_a_record_with_basic(boomi_emulator: BoomiEmulator) -> None:
    with boomi_emulator.client() as client:
        answer = requests.get(
            boomi_emulator.base_url + RECORD,
            auth=client.auth(),
            headers={"Accept": "application/json"},
            verify=boomi_emulator.ca_file,
        )
        assert answer.status_code == 200 and answer.json()["documentId"] == "documentId-321"
    assert sent(boomi_emulator, "/") == [("Basic", 200)]
    assert "Authorization" not in answer.request.headers


def test_graphql_with_one_jwt_for_all(boomi_emulator: BoomiEmulator, session: requests.Session) -> None:
    for _ in range(3):
        assert session.post(boomi_emulator.base_url + GRAPHQL, json={"query": "{ a }"}).status_code == 200
    assert jwts(boomi_emulator) == 1


@pytest.mark.parametrize("kind", ["json", "bytes", "text", "file", "file from its middle"])
def test_a_refused_jwt_is_replaced_and_the_whole_body_sent_once_more(
    boomi_emulator: BoomiEmulator, session: requests.Session, kind: str, tmp_path: Path
) -> None:
    url = boomi_emulator.base_url + GRAPHQL
    assert session.post(url, json=MUTATION).status_code == 200
    outlive_jwts(boomi_emulator)
    text = '{"query": "mutation { again }"}'
    file = io.BytesIO(b"before" + text.encode())
    file.seek(6)
    whole = tmp_path / "body.json"
    whole.write_text(text)
    with whole.open("rb") as opened:
        data: Any = {"bytes": text.encode(), "text": text, "file": opened, "file from its middle": file}.get(kind)
        answer = session.post(url, data=data, json=MUTATION if kind == "json" else None)
    assert answer.status_code == 200 and [first.status_code for first in answer.history] == [401]
    assert [status for _, status in sent(boomi_emulator, GRAPHQL)] == [200, 401, 200]
    assert jwts(boomi_emulator) == 2 and len(effects(boomi_emulator)) == 2


def test_a_body_that_is_gone_is_not_sent_again(boomi_emulator: BoomiEmulator, session: requests.Session) -> None:
    url = boomi_emulator.base_url + GRAPHQL
    session.post(url, json=MUTATION)
    outlive_jwts(boomi_emulator)
    assert session.post(url, data=iter([b'{"query": ', b'"mutation { again }"}'])).status_code == 401
    # But the JWT is known to be refused.
    assert session.post(url, json=MUTATION).status_code == 200
    assert [status for _, status in sent(boomi_emulator, GRAPHQL)] == [200, 401, 200]


def test_refused_twice_is_the_answer(boomi_emulator: BoomiEmulator, session: requests.Session) -> None:
    boomi_emulator.control("faults", {"status": 401, "path_prefix": GRAPHQL, "times": None})
    assert session.post(boomi_emulator.base_url + GRAPHQL, json=MUTATION).status_code == 401
    assert len(sent(boomi_emulator, GRAPHQL)) == 2


def test_a_refusal_that_graphql_says_with_200(tmp_path: Path) -> None:
    import os

    scenario = tmp_path / "scenario.json"
    scenario.write_text('{"graphql_refusal": "200"}')
    boomi = BoomiEmulator(os.environ["BOOMI_EMULATOR"], "--scenario", str(scenario))
    try:
        with boomi.client() as client:
            client.token()
            outlive_jwts(boomi)
            answer = requests.post(boomi.base_url + GRAPHQL, json=MUTATION, auth=client.auth(), verify=boomi.ca_file)
            assert "errors" not in answer.json() and len(answer.history) == 1
            assert jwts(boomi) == 2 and len(effects(boomi)) == 1
    finally:
        boomi.close()


def test_a_stream_is_left_alone(boomi_emulator: BoomiEmulator, session: requests.Session) -> None:
    url = boomi_emulator.base_url + "/api/rest/v1/account123/Deployment/sized-3000000"
    with session.get(url, stream=True) as answer:
        assert answer.raw.tell() == 0
        assert sum(map(len, answer.iter_content(65536))) == 3_000_000
    with session.post(boomi_emulator.base_url + GRAPHQL, json=MUTATION, stream=True) as answer:
        assert answer.status_code == 200 and answer.raw.read()


def test_another_origin_is_refused_before_anything_is_sent(session: requests.Session, elsewhere: Elsewhere) -> None:
    with pytest.raises(boomi_auth.ConfigurationError, match="not sent elsewhere"):
        session.get(elsewhere.url, verify=str(elsewhere.ca_file))
    assert not elsewhere.arrived


def test_netrc_does_not_override(
    boomi_emulator: BoomiEmulator, session: requests.Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine localhost login admin@example.com password wrong\n")
    monkeypatch.setenv("NETRC", str(netrc))
    assert session.get(boomi_emulator.base_url + RECORD).status_code == 200
    assert requests.get(boomi_emulator.base_url + RECORD, verify=boomi_emulator.ca_file).status_code == 401
    users = boomi_emulator.users()
    assert users["user@example.com"]["accepted"] == users["admin@example.com"]["total_rejections"] == 1


def test_retries_of_requests(boomi_emulator: BoomiEmulator, session: requests.Session) -> None:
    session.mount("https://", HTTPAdapter(max_retries=Retry(3, status_forcelist=[503], backoff_factor=0)))
    boomi_emulator.control("faults", {"status": 503, "path_prefix": "/api/", "times": 2})
    assert session.get(boomi_emulator.base_url + RECORD).status_code == 200
    assert [status for _, status in sent(boomi_emulator, "/api/")] == [503, 503, 200]


def test_a_request_prepared_once_is_signed_each_time(boomi_emulator: BoomiEmulator, session: requests.Session) -> None:
    prepared = session.prepare_request(requests.Request("GET", boomi_emulator.base_url + RECORD))
    for _ in range(2):
        assert session.send(prepared, verify=boomi_emulator.ca_file).status_code == 200
    assert sent(boomi_emulator, "/api/") == [("Basic", 200), (None, 401), ("Basic", 200)]


def test_nothing_of_it_is_copied_or_written_down(boomi_emulator: BoomiEmulator, session: requests.Session) -> None:
    auth: Any = session.auth
    token = boomi_emulator.user.api_token
    assert token not in repr(auth) and boomi_emulator.user.name in repr(auth)
    assert copy.copy(auth) is auth and copy.deepcopy(auth) is auth
    assert not hasattr(auth, "__dict__")
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(auth)
    # An answer, as a process pool returns it, can.
    answer = session.get(boomi_emulator.base_url + RECORD)
    pickled = pickle.dumps(answer)
    assert b"Basic" not in pickled and pickle.loads(pickled).content == answer.content


def test_what_is_no_request_of_theirs(boomi_emulator: BoomiEmulator) -> None:
    with (
        boomi_emulator.client() as client,
        pytest.raises(boomi_auth.ConfigurationError, match="boomi_auth.httpx.BoomiAuth"),
    ):
        Auth(client)(object())
    with boomi_emulator.client() as client, pytest.raises(boomi_auth.ConfigurationError):
        client.auth("digest")  # type: ignore[arg-type]
