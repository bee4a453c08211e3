"""No traceback shows a secret, not even one with the locals of all frames: those of this package have none."""

from __future__ import annotations

import asyncio
import contextlib
import io
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import boomi_auth
import pytest
import rich.console
import rich.traceback
from boomi_auth import Client, Credentials
from boomi_auth.pytest_plugin import BoomiEmulator
from markers import OTP_USER, USER, found_in, mark, marked_emulator

RECORD = "/api/rest/v1/{accountId}/AuditLog/documentId-321"
NOT_UNICODE = "\udc80"
Do: TypeAlias = Callable[[BoomiEmulator], object]
# Not told to the type checker, which would refuse what follows.
WRONG: Any = Credentials
AUTH_HEADER: Any = boomi_auth.auth_header


pytestmark = pytest.mark.filterwarnings("ignore:.cgitb. is deprecated")


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[BoomiEmulator]:
    with marked_emulator(tmp_path) as made:
        yield made


def shown(error: BaseException) -> str:
    """What the usual ways to show an exception show, with the locals of every frame."""
    console = rich.console.Console(file=io.StringIO(), width=1000)
    made = rich.traceback.Traceback.from_exception(
        type(error), error, error.__traceback__, show_locals=True, locals_max_length=100, locals_max_string=9999
    )
    console.print(made)
    assert isinstance(console.file, io.StringIO)
    texts = [
        console.file.getvalue(),
        repr(error),
        repr(error.args),
        repr(vars(error)),
        *getattr(error, "__notes__", []),
    ]
    texts += traceback.TracebackException.from_exception(error, capture_locals=True).format()
    if sys.version_info < (3, 13):
        import cgitb

        about: Any = (type(error), error, error.__traceback__)
        # It fails itself at a frame of asyncio's, whose local is gone by then.
        with contextlib.suppress(KeyError):
            texts += [cgitb.text(about), cgitb.html(about)]
    inner = error.__cause__ or error.__context__
    return "\n".join(texts) + (shown(inner) if inner else "")


def asyncio_of(emulator: BoomiEmulator, use: Callable[[Client], Any]) -> object:
    async def main() -> object:
        with emulator.client(Credentials.password(USER, mark("wrong"))) as client:
            return await use(client)

    return asyncio.run(main(), debug=True)


def any_client(emulator: BoomiEmulator) -> Any:
    """One that the type checker does not know."""
    return emulator.client()


def shut(rejected: bool = False) -> Credentials:
    Credentials.password(USER, mark("password"))
    raise LookupError("the vault is shut")


REJECTED: dict[str, Do] = {
    "a request": lambda emulator: (
        emulator.client(Credentials.password(USER, mark("wrong"))).get(RECORD, otp="123456").raise_for_status()
    ),
    "a token": lambda emulator: emulator.client(Credentials.api_token(USER, mark("wrong"))).generate_jwt(),
    "a secret header": lambda emulator: (
        emulator.client(Credentials.api_token(USER, mark("wrong")))
        .get(RECORD, secret_headers={"X-Key": mark("header")})
        .raise_for_status()
    ),
    "a header of a JWT": lambda emulator: (
        emulator.client().post("/graphql", secret_headers={"Authorization": mark("jwt")}, auth=None).raise_for_status()
    ),
    "aio.generate_jwt": lambda emulator: asyncio_of(
        emulator, lambda client: client.aio.generate_jwt(otp=mark("x9")[-9:])
    ),
    "aio.token": lambda emulator: asyncio_of(emulator, lambda client: client.aio.token(otp=mark("code") + "!")),
    "aio.get": lambda emulator: asyncio_of(emulator, lambda client: client.aio.get(RECORD, otp=mark("code") + "!")),
    "aio.get headers": lambda emulator: asyncio_of(
        emulator, lambda client: client.aio.get(RECORD, secret_headers={"X-Key": mark("header") + "\n"})
    ),
    "aio.authorize": lambda emulator: asyncio_of(
        emulator, lambda client: client.aio.authorize("https://localhost/", otp=mark("code") + "!")
    ),
    "a proxy": lambda emulator: emulator.client(proxy=f"http://user:{mark('proxy')}@127.0.0.1:1", max_retries=0).get(
        RECORD
    ),
    "a callable": lambda emulator: emulator.client(Credentials.from_callable(shut)).token(),
    "a callable of nonsense": lambda emulator: emulator.client(
        WRONG.from_callable(lambda rejected: mark("password"))
    ).token(),
    "a callable of codes": lambda emulator: emulator.client(
        WRONG.password(OTP_USER, mark("password"), otp=shut)
    ).token(),
    "a callable of bad codes": lambda emulator: emulator.client(
        Credentials.password(OTP_USER, mark("password"), otp=lambda: mark("code") + "!")
    ).token(),
    "a callable of no Unicode": lambda emulator: emulator.client(
        Credentials.password(OTP_USER, mark("password"), otp=lambda: mark("code") + NOT_UNICODE)
    ).token(),
    "a callable of bytes": lambda emulator: emulator.client(
        WRONG.password(OTP_USER, mark("password"), otp=lambda: mark("code").encode())
    ).token(),
    "a program": lambda emulator: emulator.client(Credentials.process('printf "%s" "$MARKED"')).token(),
    "a program of a broken document": lambda emulator: emulator.client(
        Credentials.process('printf \'{"version": 1, "username": "u", "password": "%s\' "$MARKED"')
    ).token(),
    "an unknown option": lambda emulator: any_client(emulator).get(RECORD, otp=mark("code"), verify=False),
}


@pytest.mark.parametrize("do", REJECTED.values(), ids=REJECTED)
def test_a_call_that_fails(do: Do, emulator: BoomiEmulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MARKED", mark("password"))
    with pytest.raises((boomi_auth.BoomiAuthError, TypeError)) as raised:
        do(emulator)
    assert not found_in(shown(raised.value))


def spoilt(name: str) -> Iterator[str]:
    """A secret with what none may have."""
    yield from (mark(name) + bad for bad in (NOT_UNICODE, "\n", "\0"))


TAKERS: dict[str, Callable[[Any, str], object]] = {
    "api_token": lambda client, secret: Credentials.api_token(USER, secret),
    "password": lambda client, secret: Credentials.password(USER, secret),
    "password by name": lambda client, secret: Credentials.password(username=USER, password=secret),
    "too many": lambda client, secret: WRONG.password(USER, "x", secret),
    "misnamed": lambda client, secret: WRONG.password(USER, pasword=secret),
    "otp of password": lambda client, secret: Credentials.password(USER, "x", otp=secret),
    "otp of file": lambda client, secret: Credentials.password_file(USER, "x", otp=secret),
    "otp of callable": lambda client, secret: Credentials.from_callable(shut, otp=secret),
    "otp of process": lambda client, secret: Credentials.process("x", otp=secret),
    "header of password": lambda client, secret: boomi_auth.auth_header(USER, password=secret),
    "header of token": lambda client, secret: boomi_auth.auth_header(USER, api_token=secret),
    "header by position": lambda client, secret: AUTH_HEADER(USER, secret),
    "header of both": lambda client, secret: boomi_auth.auth_header(USER, api_token=secret, password=secret),
    "otp_code": lambda client, secret: boomi_auth.otp_code(secret),
    "otp_code of a uri": lambda client, secret: boomi_auth.otp_code(f"otpauth://totp/x?secret={secret}"),
    "proxy": lambda client, secret: Client(proxy=f"http://user:{secret}@host:port"),
    "base url": lambda client, secret: Client(base_url=f"https://user:{secret}@host"),
    "secret header": lambda client, secret: client.get(RECORD, secret_headers={"X-Key": secret}),
    "header": lambda client, secret: client.get(RECORD, headers={"X-Key": secret}),
    "otp of request": lambda client, secret: client.request("GET", RECORD, otp=secret),
    "otp of query": lambda client, secret: client.query("Process", otp=secret),
    "otp of start": lambda client, secret: client.start("GET", RECORD, otp=secret),
    "otp of wait": lambda client, secret: client.wait("GET", RECORD, otp=secret),
    "otp of token": lambda client, secret: client.token(otp=secret),
    "otp of generate": lambda client, secret: client.generate_jwt(otp=secret),
    "otp of refresh": lambda client, secret: client.token_provider().refresh(otp=secret),
    "otp of get": lambda client, secret: client.token_provider().get(otp=secret),
    "otp of authorize": lambda client, secret: client.authorize("https://localhost/", otp=secret),
    "data": lambda client, secret: client.post(RECORD, data=secret, params={"a": object()}, json=1),
}


@pytest.mark.parametrize("take", TAKERS.values(), ids=TAKERS)
def test_a_bad_argument(take: Callable[[Client, str], object], emulator: BoomiEmulator) -> None:
    with emulator.client() as client:
        for secret in spoilt("argument"):
            with pytest.raises((boomi_auth.ConfigurationError, TypeError)) as raised:
                take(client, secret)
            error = raised.value
            # The frames of the test have it, as the frames of a caller would: only what is below them counts.
            error.__traceback__ = frames_of_ours(error)
            assert not found_in(shown(error)), secret
    assert emulator.log() == []


def frames_of_ours(error: BaseException) -> Any:
    """The traceback from the first frame on that is not this file's."""
    step = error.__traceback__
    while step is not None and step.tb_frame.f_code.co_filename == __file__:
        step = step.tb_next
    return step


def test_what_is_looked_for_would_be_found(emulator: BoomiEmulator) -> None:
    with pytest.raises(ZeroDivisionError) as raised:
        local = mark("password")
        local += str(1 / 0)
    assert len(found_in(shown(raised.value))) == 1
