"""JWTs, kept and new, and who signs in for them."""

from __future__ import annotations

import time
from pathlib import Path

import boomi_auth
import pytest
from boomi_auth import Credentials
from boomi_auth.pytest_plugin import BoomiEmulator


def test_a_token_is_kept_until_it_is_refused(boomi_emulator: BoomiEmulator) -> None:
    with boomi_emulator.client() as client:
        token = client.token()
        # Also of a piece: rich cuts what is long.
        assert repr(token.jwt) == repr(token.header[:80]) == "'***'"
        assert token.header == f"Bearer {token.jwt}" and token.account_id == "account123"
        assert token.issued_at <= time.time() + 1 < token.expires_at <= token.issued_at + 301
        assert client.token() == client.token(min_validity=60) == token and len({token, client.token()}) == 1
        assert client.generate_jwt() != token
        client.invalidate(token)
        assert client.token().jwt != token.jwt
        provider = client.token_provider()
        assert provider.account_id == "account123" and provider.get().jwt == client.token().jwt
        before = provider.get().jwt
        provider.refresh()
        assert provider.get(30).jwt != before
        provider.invalidate(provider.get())
        assert provider.describe()["refused"] == 2
    assert [line["path"] for line in boomi_emulator.log()] == ["/auth/jwt/generate/account123"] * 4


def test_another_account_has_a_token_of_its_own(boomi_emulator: BoomiEmulator) -> None:
    user = boomi_emulator.user
    with boomi_emulator.client(Credentials.password(user.name, user.password)) as client:
        assert client.token("subaccount456").account_id == "subaccount456"
        assert client.token().account_id == "account123"


def test_a_token_of_one_client_opens_another_host(boomi_emulator: BoomiEmulator) -> None:
    with boomi_emulator.client() as platform:
        provider = platform.token_provider()
        hub = boomi_auth.Client(
            base_url=boomi_emulator.hub_url, ca_file=boomi_emulator.ca_file, proxy="", token_provider=provider
        )
        answer = hub.get("/mdm/universes/universe-1", params={"repositoryId": "repository-1"})
        assert answer.raise_for_status().ok
    assert hub.describe()["token_provider"] == "account123"


@pytest.mark.parametrize("otp", ["secret", "callable"])
def test_a_password_takes_a_code(boomi_emulator: BoomiEmulator, otp: str) -> None:
    user = boomi_emulator.two_factor_user
    assert user.otp_secret is not None
    secret = user.otp_secret
    source = secret if otp == "secret" else lambda: boomi_auth.otp_code(secret)
    with boomi_emulator.client(Credentials.password(user.name, user.password, otp=source)) as client:
        assert client.token().jwt
    assert boomi_emulator.log()[-1]["otp"]


def test_a_typed_code_goes_with_one_call(boomi_emulator: BoomiEmulator) -> None:
    user = boomi_emulator.two_factor_user
    assert user.otp_secret is not None
    with boomi_emulator.client(Credentials.password(user.name, user.password)) as client:
        assert client.generate_jwt(otp=boomi_auth.otp_code(user.otp_secret)).jwt
        with pytest.raises(boomi_auth.ConfigurationError, match="code"):
            client.generate_jwt(otp="12 34")


def test_credentials_come_from_a_file_a_program_or_a_callable(boomi_emulator: BoomiEmulator, tmp_path: Path) -> None:
    user = boomi_emulator.user
    token, password = tmp_path / "token", tmp_path / "password"
    token.write_text(user.api_token + "\n")
    password.write_text(user.password + "\n")
    printed = f'echo \'{{"version": 1, "username": "{user.name}", "api_token": "{user.api_token}"}}\''
    asked: list[bool] = []

    def ask(rejected: bool) -> Credentials:
        asked.append(rejected)
        return Credentials.api_token(user.name, user.api_token if rejected else "wrong")

    for credentials in (
        Credentials.api_token_file(user.name, token),
        Credentials.password_file(user.name, str(password)),
        Credentials.process(printed),
        Credentials.process(printed, user.name),
    ):
        with boomi_emulator.client(credentials) as client:
            assert client.token().jwt
            assert user.api_token not in repr(credentials) and user.api_token not in repr(client)
    with boomi_emulator.client(Credentials.from_callable(ask)) as client:
        with pytest.raises(boomi_auth.CredentialsRejectedError):
            client.token()
        assert client.token().jwt
    assert asked == [False, True]


def test_what_a_callable_raises_is_the_cause(boomi_emulator: BoomiEmulator) -> None:
    def ask(rejected: bool) -> Credentials:
        raise LookupError("the vault is shut")

    with boomi_emulator.client(Credentials.from_callable(ask)) as client:
        with pytest.raises(boomi_auth.ConfigurationError, match="LookupError") as raised:
            client.token()
        assert isinstance(raised.value.__cause__, LookupError)

    def leave(rejected: bool) -> Credentials:
        raise SystemExit(3)

    with boomi_emulator.client(Credentials.from_callable(leave)) as client, pytest.raises(SystemExit):
        client.token()
    nonsense = Credentials.from_callable(lambda rejected: "user")  # type: ignore[arg-type, return-value]
    with boomi_emulator.client(nonsense) as client, pytest.raises(boomi_auth.ConfigurationError) as raised:
        client.token()
    assert "Credentials.api_token" in str(raised.value.__cause__)


def test_headers_and_codes_need_no_client() -> None:
    header = "Basic Qk9PTUlfVE9LRU4udXNlckBleGFtcGxlLmNvbTphcGktdG9r"
    assert boomi_auth.auth_header("user@example.com", api_token="api-tok") == header
    assert boomi_auth.auth_header("user", password="a:b") == "Basic dXNlcjphOmI="
    assert boomi_auth.auth_username("user@example.com") == "BOOMI_TOKEN.user@example.com"
    assert boomi_auth.auth_username("user@example.com", "password") == "user@example.com"
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    assert boomi_auth.otp_code(secret, 59) == boomi_auth.otp_code(secret, 30.5) == "287082"
    with pytest.raises(ValueError, match="one of api_token and password"):
        boomi_auth.auth_header("user")
    with pytest.raises(boomi_auth.ConfigurationError, match="colon"):
        boomi_auth.auth_header("a:b", password="c")
