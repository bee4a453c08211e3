"""What a type checker must refuse: `warn_unused_ignores` makes a line that is accepted an error."""

from __future__ import annotations

from boomi_auth import Call, Client, Credentials, Response, Token, auth_header, auth_username, otp_code


class Inherits(Client):  # type: ignore[misc]
    pass


def of_secrets(client: Client, credentials: Credentials) -> None:
    Credentials.password("user@example.com", "password", "GEZDGNBVGY3TQOJQ")  # type: ignore[call-arg]
    Credentials.password("user@example.com", "password", otp=123456)  # type: ignore[arg-type]
    Credentials.from_callable(lambda: credentials)  # type: ignore[arg-type, misc]
    Credentials.api_token("user@example.com", b"token")  # type: ignore[arg-type]
    auth_header("user@example.com", "token")  # type: ignore[call-arg]
    auth_username("user@example.com", "token")  # type: ignore[arg-type]
    otp_code(b"GEZDGNBVGY3TQOJQ")  # type: ignore[arg-type]


def of_settings(credentials: Credentials) -> None:
    Client(credentials, "account123")  # type: ignore[call-arg]
    Client(credentials, ca_mode="replace")  # type: ignore[arg-type]
    Client(credentials, verify=False)  # type: ignore[call-arg]
    Client("user@example.com", "token")  # type: ignore[call-arg, arg-type]
    Client.from_env(requests_per_second=2.5)  # type: ignore[arg-type]


def of_requests(client: Client, token: Token) -> None:
    client.get("/", {"a": "b"})  # type: ignore[call-arg]
    client.get("/", auth=("user", "password"))  # type: ignore[arg-type]
    client.get("/", auth="bearer")  # type: ignore[arg-type]
    client.get("/", otp=123456)  # type: ignore[arg-type]
    client.get("/", params={"a": {"b": "c"}})  # type: ignore[arg-type]
    client.get("/", headers={"X-Count": 1})  # type: ignore[arg-type]
    client.get("/", allow_redirects=True)  # type: ignore[call-arg]
    client.post("/", data={"a": "b"})  # type: ignore[arg-type]
    client.query("Process", stream=True)  # type: ignore[call-arg]
    client.start("GET", "/", stream=True)  # type: ignore[call-arg]
    client.token("account123", 60, "123456")  # type: ignore[call-arg]
    client.invalidate(token.jwt)  # type: ignore[arg-type]
    token.jwt = "other"  # type: ignore[misc]
    Call(3)  # type: ignore[call-arg]


async def of_asyncio(client: Client) -> Response:
    await client.aio.get("/", verify=False)  # type: ignore[call-arg]
    await client.aio.get("/", auth="bearer")  # type: ignore[arg-type]
    await client.aio.token(stream=True)  # type: ignore[call-arg]
    return client.aio.get("/")  # type: ignore[return-value]
