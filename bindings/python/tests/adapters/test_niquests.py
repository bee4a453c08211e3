"""niquests, beside the emulator, and its multiplexed sessions beside a server that speaks HTTP/2."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterator
from typing import Any

import boomi_auth
import niquests
import pytest
from boomi_auth._auth import Auth
from boomi_auth.pytest_plugin import BoomiEmulator
from common import GRAPHQL, MUTATION, RECORD, effects, jwts, outlive_jwts, sent
from elsewhere import Elsewhere
from multiplexed import Multiplexed


@pytest.fixture
def session(boomi_emulator: BoomiEmulator) -> Iterator[niquests.Session]:
    with boomi_emulator.client() as client, niquests.Session() as session:
        session.auth, session.verify = Auth(client), boomi_emulator.ca_file
        yield session


def test_a_record_with_basic(boomi_emulator: BoomiEmulator) -> None:
    with boomi_emulator.client() as client:
        url = boomi_emulator.base_url + RECORD
        assert niquests.get(url, auth=client.auth(), verify=boomi_emulator.ca_file).status_code == 200
    assert sent(boomi_emulator, "/") == [("Basic", 200)]


@pytest.mark.parametrize("kind", ["json", "bytes", "file"])
def test_a_refused_jwt_is_replaced_and_the_whole_body_sent_once_more(
    boomi_emulator: BoomiEmulator, session: niquests.Session, kind: str
) -> None:
    url = boomi_emulator.base_url + GRAPHQL
    assert session.post(url, json=MUTATION).status_code == 200
    outlive_jwts(boomi_emulator)
    text = b'{"query": "mutation { again }"}'
    data: Any = {"bytes": text, "file": io.BytesIO(text)}.get(kind)
    answer = session.post(url, data=data, json=MUTATION if data is None else None)
    assert answer.status_code == 200 and [first.status_code for first in answer.history] == [401]
    assert [status for _, status in sent(boomi_emulator, GRAPHQL)] == [200, 401, 200]
    assert jwts(boomi_emulator) == 2 and len(effects(boomi_emulator)) == 2


def test_a_body_that_is_gone_is_not_sent_again(boomi_emulator: BoomiEmulator, session: niquests.Session) -> None:
    url = boomi_emulator.base_url + GRAPHQL
    session.post(url, json=MUTATION)
    outlive_jwts(boomi_emulator)
    assert session.post(url, data=iter([b'{"query": ', b'"mutation { again }"}'])).status_code == 401
    assert [status for _, status in sent(boomi_emulator, GRAPHQL)] == [200, 401]


def test_a_stream_is_left_alone(boomi_emulator: BoomiEmulator, session: niquests.Session) -> None:
    url = boomi_emulator.base_url + "/api/rest/v1/account123/Deployment/sized-3000000"
    with session.get(url, stream=True) as answer:
        assert sum(map(len, answer.iter_content(65536))) == 3_000_000


def test_another_origin_is_refused_before_anything_is_sent(session: niquests.Session, elsewhere: Elsewhere) -> None:
    with pytest.raises(boomi_auth.ConfigurationError, match="not sent elsewhere"):
        session.get(elsewhere.url, verify=str(elsewhere.ca_file))
    assert not elsewhere.arrived


@pytest.mark.parametrize("stream", [False, True])
def test_a_session_of_asyncio_takes_a_jwt_that_is_at_hand(boomi_emulator: BoomiEmulator, stream: bool) -> None:
    url = boomi_emulator.base_url + GRAPHQL

    async def main(client: boomi_auth.Client) -> list[int]:
        asession: Any
        async with niquests.AsyncSession() as asession:
            asession.verify = boomi_emulator.ca_file

            async def post() -> int:
                answer = await asession.post(url, json=MUTATION, auth=Auth(client), stream=stream)
                return answer.status_code  # type: ignore[no-any-return]

            with pytest.raises(boomi_auth.ConfigurationError, match=r"await client.aio.token\(\)"):
                await post()
            await client.aio.token()
            statuses = [await post()]
            outlive_jwts(boomi_emulator)
            # To replace it would block the loop.
            statuses.append(await post())
            with pytest.raises(boomi_auth.ConfigurationError):
                await post()
            await client.aio.token()
            return [*statuses, await post()]

    with boomi_emulator.client() as client:
        assert asyncio.run(main(client)) == [200, 401, 200]
    assert jwts(boomi_emulator) == 2


def test_a_multiplexed_redirect_takes_nothing_along(boomi_emulator: BoomiEmulator, multiplexed: Multiplexed) -> None:
    multiplexed.answers["/from"] = [(302, multiplexed.other_url + "/to")]
    user = boomi_emulator.two_factor_user
    credentials = boomi_auth.Credentials.password(user.name, user.password, otp=user.otp_secret)
    there: Any = {"base_url": multiplexed.url, "ca_file": str(multiplexed.ca_file)}
    with boomi_emulator.client(credentials, **there) as client, niquests.Session(multiplexed=True) as session:
        session.verify = str(multiplexed.ca_file)
        answer = session.get(multiplexed.url + "/from", auth=Auth(client), headers={"X-Mine": "secret"})
        assert answer.lazy and answer.status_code == 200
    arrived = {path: names for path, version, names in multiplexed.arrived if version == "2"}
    assert {"authorization", "x-boomi-otp", "x-mine"} <= arrived["/from"]
    assert arrived["/to"] <= {"host", "user-agent", "accept", "accept-encoding"}


def test_a_multiplexed_refusal_is_the_answer_and_the_next_jwt_another(
    boomi_emulator: BoomiEmulator, multiplexed: Multiplexed
) -> None:
    multiplexed.answers[GRAPHQL] = [(401, "")]
    there: Any = {"base_url": multiplexed.url, "ca_file": str(multiplexed.ca_file)}
    with boomi_emulator.client(**there) as client, niquests.Session(multiplexed=True) as session:
        session.verify = str(multiplexed.ca_file)
        for expected in (401, 200):
            answer = session.post(multiplexed.url + GRAPHQL, json=MUTATION, auth=Auth(client))
            assert answer.status_code == expected
    # A server of an earlier test may have had this port and no responses: then the guard sends a probe first.
    paths = [path for path, _, names in multiplexed.arrived if "authorization" in names]
    assert paths.count(GRAPHQL) == 2 and sum(path.startswith("/auth/jwt/") for path in paths) == 2
