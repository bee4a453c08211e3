"""What clients ask of a server in an hour, with one call a second: JWTs that live five minutes, and sign-ins with a wrong password.

It counts what the emulator saw, which it finds in the environment (with-emulator.sh), and runs under libfaketime, so that an hour takes
as long as its calls: FAKETIME_TIMESTAMP_FILE says how late it is, and each second is written there.

    counts.py [COMMAND...]      COMMAND makes 60 requests as user WRONG_USER with password WRONG, by OkHttp
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from datetime import datetime, timedelta, timezone

import azure.core.credentials
import azure.core.pipeline.policies
import azure.core.rest
import boomi
import boomi_auth
import google.oauth2.credentials
import pyboomi_platform
import requests
import results
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

HOUR, MINUTE, LIFETIME = 3600, 60, 300
USER, API_TOKEN, WRONG = "user@example.com", "11111111-aaaa-4bbb-8ccc-000000000001", "not-the-password"
URL, CA_FILE, CONTROL = (os.environ[name] for name in ("BOOMI_API_URL", "BOOMI_CA_FILE", "BOOMI_EMULATOR_CONTROL_URL"))
ACCOUNT_ID = "account123"
RECORD = f"{URL}/api/rest/v1/{ACCOUNT_ID}/Environment/documentId-321"


def control(what: str, body: object = None) -> object:
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(f"{CONTROL}/control/{what}", data)) as answer:
        text = answer.read()
    return json.loads(text) if text else None


def reset() -> None:
    control("reset", {})
    # A call a second is no more than Boomi takes, but here the seconds are shorter.
    control("rate-limit", {"requests_per_second": None})


def sign_ins() -> dict[str, object]:
    return next(user for user in control("users") if user["user"] == USER)


class Clock:
    """This process's, late by as many seconds as it is told."""

    def __init__(self) -> None:
        self.seconds = 0
        self.advance(0)

    def advance(self, seconds: int) -> None:
        self.seconds += seconds
        with open(os.environ["FAKETIME_TIMESTAMP_FILE"], "w", encoding="ascii") as file:
            file.write(f"+{self.seconds}")


CLOCK = Clock()


def client(secret: str, timeout: float) -> boomi_auth.Client:
    return boomi_auth.Client(
        boomi_auth.Credentials.api_token(USER, secret), account_id=ACCOUNT_ID, base_url=URL, ca_file=CA_FILE, timeout=timeout
    )


def exchange(session: requests.Session) -> tuple[str, datetime]:
    """What the others are given to ask with."""
    answer = session.get(f"{URL}/auth/jwt/generate/{ACCOUNT_ID}", auth=(f"BOOMI_TOKEN.{USER}", API_TOKEN), verify=CA_FILE)
    answer.raise_for_status()
    return answer.text, datetime.now(timezone.utc) + timedelta(seconds=LIFETIME)


def ours() -> Callable[[], object]:
    return client(API_TOKEN, 5).token


def google_auth() -> Callable[[], object]:
    session = requests.Session()

    def refresh(_request: object, scopes: object) -> tuple[str, datetime]:
        jwt, expiry = exchange(session)
        return jwt, expiry.replace(tzinfo=None)

    credentials = google.oauth2.credentials.Credentials(token=None, refresh_handler=refresh)
    return lambda: credentials.before_request(None, "GET", URL, {})


def azure_core() -> Callable[[], object]:
    session = requests.Session()

    class Asking:
        def get_token(self, *_scopes: str, **_options: object) -> azure.core.credentials.AccessToken:
            jwt, expiry = exchange(session)
            return azure.core.credentials.AccessToken(jwt, int(expiry.timestamp()))

    policy = azure.core.pipeline.policies.BearerTokenCredentialPolicy(Asking(), "scope")
    request = azure.core.rest.HttpRequest("GET", URL)
    asked = azure.core.pipeline.PipelineRequest(request, azure.core.pipeline.PipelineContext(None))
    return lambda: policy.on_request(asked)


def exchanges_of(start: Callable[[], Callable[[], object]]) -> float:
    reset()
    call = start()
    for _ in range(HOUR):
        call()
        CLOCK.advance(1)
    return float(sum(line["path"].startswith("/auth/jwt/") for line in control("log")))


def exchanges() -> None:
    mine = exchanges_of(ours)
    for name, start in (("google-auth, before_request", google_auth), ("azure-core, on_request", azure_core)):
        results.row("exchanges in an hour", "client.token()", [mine], "exchanges", name, [exchanges_of(start)], most=20)


def our_wrong() -> Callable[[], object]:
    # A call that is held back fails at once, unless it is for less than the timeout: then it would wait, by the kernel's clock, which is
    # another here. With less than a second none does.
    wrong = client(WRONG, 0.9)
    return lambda: wrong.get(f"/api/rest/v1/{ACCOUNT_ID}/Environment/documentId-321")


def with_requests() -> Callable[[], object]:
    session = requests.Session()
    # As its documentation has it.
    session.mount("https://", HTTPAdapter(max_retries=Retry(total=3, backoff_factor=0.1, status_forcelist=[429, 500, 502, 503, 504])))
    return lambda: session.get(RECORD, auth=(f"BOOMI_TOKEN.{USER}", WRONG), verify=CA_FILE)


def with_curl() -> Callable[[], object]:
    config = f'user = "BOOMI_TOKEN.{USER}:{WRONG}"\n'
    command = ["curl", "--silent", "--retry", "3", "--cacert", CA_FILE, "--config", "-", RECORD]
    environment = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}
    return lambda: subprocess.run(command, input=config.encode(), env=environment, stdout=subprocess.DEVNULL, check=True)


def with_boomi() -> Callable[[], object]:
    sdk = boomi.Boomi(
        base_url=f"{URL}/api/rest/v1/{ACCOUNT_ID}", account_id=ACCOUNT_ID, username=f"BOOMI_TOKEN.{USER}", password=WRONG
    )
    return lambda: sdk.environment.get_environment("documentId-321")


def with_pyboomi() -> Callable[[], object]:
    platform = pyboomi_platform.BoomiPlatformClient(
        account_id=ACCOUNT_ID, username=USER, api_token=WRONG, base_url=f"{URL}/api/rest/v1/{ACCOUNT_ID}"
    )
    return lambda: platform.environment.get_environment("documentId-321")


def bad_sign_ins(name: str, start: Callable[[], Callable[[], object]], calls: int) -> tuple[float, int]:
    """How many the server saw, and after which call the user was locked; 0 for never."""
    reset()
    call, locked = start(), 0
    for number in range(1, calls + 1):
        try:
            call()
        except Exception as error:  # noqa: BLE001: each library has its own
            failure = error
        else:
            failure = None
        CLOCK.advance(1)
        if not locked and number < 20 and sign_ins()["locked"]:
            locked = number
    seen = float(sign_ins()["total_rejections"])
    assert seen, f"{name} sent nothing: {failure!r}"
    return seen, locked


def wrong_passwords(command: list[str]) -> None:
    mine, locked = bad_sign_ins("ours", our_wrong, HOUR)
    assert not locked
    others = [
        ("curl --retry 3", with_curl),
        ("requests with Retry(3)", with_requests),
        ("boomi", with_boomi),
        ("pyboomi-platform", with_pyboomi),
    ]
    for name, start in others:
        seen, locked = bad_sign_ins(name, start, MINUTE)
        compare_wrong(mine, name, seen, f"locked by call {locked}" if locked else "")
    if command:
        reset()
        environment = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}
        environment |= {"WRONG_USER": f"BOOMI_TOKEN.{USER}", "WRONG": WRONG, "WRONG_URL": RECORD}
        subprocess.run(command, env=environment, check=True)
        state = sign_ins()
        compare_wrong(mine, "OkHttp", float(state["total_rejections"]), "locked" if state["locked"] else "")


def compare_wrong(mine: float, name: str, seen: float, note: str) -> None:
    """The others forget, so that an hour is sixty minutes of what was seen in one."""
    results.row("bad sign-ins in an hour, wrong password", "client.get(path)", [mine], "sign-ins", name, [seen * 60], most=2, note=note)


os.environ["REQUESTS_CA_BUNDLE"] = CA_FILE
exchanges()
wrong_passwords(sys.argv[1:])
