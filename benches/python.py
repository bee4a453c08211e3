"""Measures the Python package beside what a Python user would take: run.sh python. See README.md.

Every round runs each side in turn, and a ratio is the median of the rounds' own ratios, so that what slows one round
slows both sides of its ratio.
"""

from __future__ import annotations

import os
import ssl
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from importlib.metadata import version
from statistics import median
from timeit import Timer

import azure.core.credentials
import azure.core.pipeline.policies
import azure.core.rest
import boomi
import boomi_auth
import google.oauth2.credentials
import httpx
import pyboomi_platform
import requests
import results

USER, API_TOKEN, ACCOUNT_ID = "user@example.com", "11111111-aaaa-4bbb-8ccc-000000000001", "account123"
OBJECT = "documentId-321"

# What runs one side: seconds that one takes, given how often it may be done.
Side = Callable[[int], float]


def alone(statement: str, **names: object) -> Side:
    """The median of what is timed one by one."""
    timer = Timer(statement, globals=names)
    return lambda times: median(timer.repeat(times, 1))


def together(statement: str, **names: object) -> Side:
    """The mean of what takes less than a clock can tell."""
    timer = Timer(statement, globals=names)
    return lambda times: timer.timeit(times * 50) / (times * 50)


def fresh(module: str) -> Side:
    """An import, in a process of its own."""
    code = f"import time; start = time.perf_counter(); import {module}; print(time.perf_counter() - start)"
    return lambda _: float(subprocess.check_output([sys.executable, "-I", "-c", code]))


def get_sides(address: str, ca_file: str) -> dict[str, Side]:
    """An authenticated GET of 1 KiB on a kept connection, read as bytes; and as JSON, which is what the SDKs give."""
    client = boomi_auth.Client(
        boomi_auth.Credentials.api_token(USER, API_TOKEN),
        account_id=ACCOUNT_ID,
        base_url=address,
        ca_file=ca_file,
        requests_per_second=0,
    )
    path = f"/api/rest/v1/{{accountId}}/Environment/{OBJECT}"
    url = address + path.format(accountId=ACCOUNT_ID)

    session = requests.Session()
    session.verify = ca_file
    auth = (f"BOOMI_TOKEN.{USER}", API_TOKEN)
    httpx_client = httpx.Client(auth=auth, verify=ssl.create_default_context(cafile=ca_file))

    # The SDKs have no setting for roots: they leave it to requests and this variable.
    os.environ["REQUESTS_CA_BUNDLE"] = ca_file
    base_url = f"{address}/api/rest/v1/{ACCOUNT_ID}"
    sdk = boomi.Boomi(base_url=base_url, account_id=ACCOUNT_ID, username=auth[0], password=auth[1])
    platform = pyboomi_platform.BoomiPlatformClient(
        account_id=ACCOUNT_ID, username=USER, api_token=API_TOKEN, base_url=base_url
    )
    return {
        "client.get(path).content": alone("client.get(path).content", client=client, path=path),
        "client.get(path).json()": alone("client.get(path).json()", client=client, path=path),
        "requests": alone("session.get(url, auth=auth).content", session=session, url=url, auth=auth),
        "httpx": alone("client.get(url).content", client=httpx_client, url=url),
        "boomi": alone("sdk.environment.get_environment(id)", sdk=sdk, id=OBJECT),
        "pyboomi-platform": alone("platform.environment.get_environment(id)", platform=platform, id=OBJECT),
    }


def token_sides(address: str, ca_file: str) -> dict[str, Side]:
    """A token that is kept and lives, as each library asks for it before every request."""
    client = boomi_auth.Client(
        boomi_auth.Credentials.api_token(USER, API_TOKEN), account_id=ACCOUNT_ID, base_url=address, ca_file=ca_file
    )
    jwt = client.token().jwt

    expiry = datetime.now(timezone.utc).replace(tzinfo=None) + timedelta(hours=1)
    credentials = google.oauth2.credentials.Credentials(token=jwt, expiry=expiry)

    class Kept:
        def get_token(self, *_scopes: str, **_options: object) -> azure.core.credentials.AccessToken:
            return azure.core.credentials.AccessToken(jwt, int(expiry.replace(tzinfo=timezone.utc).timestamp()))

    policy = azure.core.pipeline.policies.BearerTokenCredentialPolicy(Kept(), "scope")
    request = azure.core.rest.HttpRequest("GET", address)
    asked = azure.core.pipeline.PipelineRequest(request, azure.core.pipeline.PipelineContext(None))
    before = "credentials.before_request(None, 'GET', url, {})"
    return {
        "client.token()": together("client.token()", client=client),
        "client.token().header": together("{'Authorization': client.token().header}", client=client),
        "google-auth, before_request": together(before, credentials=credentials, url=address),
        "google-auth, valid and token": together("credentials.valid and credentials.token", credentials=credentials),
        "azure-core, on_request": together("policy.on_request(request)", policy=policy, request=asked),
    }


def measure(sides: dict[str, Side], rounds: int, times: int) -> dict[str, list[float]]:
    """Seconds of each side in each round. The first round warms up, and each begins with another side."""
    names = list(sides)
    taken: dict[str, list[float]] = {name: [] for name in names}
    for turn in range(rounds + 1):
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            seconds = sides[name](times)
            if turn > 0:
                taken[name].append(seconds)
    return taken


def compare(
    work: str, sides: dict[str, Side], limits: list[tuple[str, str, float]], rounds: int, times: int
) -> None:
    """A row for each two; a limit of 0 is none."""
    taken = {name: [value * 1e6 for value in values] for name, values in measure(sides, rounds, times).items()}
    for ours, other, limit in limits:
        results.row(work, ours, taken[ours], "us", other, taken[other], limit)


def main(tls_port: str, _tcp_port: str, ca_file: str, rounds: str = "31", times: str = "100") -> None:
    # The others ask for a proxy at every request.
    for name in [name for name in os.environ if name.upper().endswith("_PROXY")]:
        del os.environ[name]
    results.version("Python", sys.version.split()[0])
    for name in ("requests", "httpx", "boomi", "pyboomi-platform", "google-auth", "azure-core"):
        results.version(name, version(name))
    address, counts = f"https://127.0.0.1:{tls_port}", (int(rounds), int(times))
    of_bytes, of_json = "client.get(path).content", "client.get(path).json()"
    limits = [(of_bytes, "requests", 0.25), (of_bytes, "httpx", 0.35)]
    limits += [(of_json, "boomi", 0.25), (of_json, "pyboomi-platform", 0.25)]
    compare("Python: GET of 1 KiB", get_sides(address, ca_file), limits, *counts)

    google, checked, azure = "google-auth, before_request", "google-auth, valid and token", "azure-core, on_request"
    limits = [("client.token()", other, 0.3) for other in (google, checked, azure)]
    # These two set the header too.
    limits += [("client.token().header", other, 0) for other in (google, azure)]
    compare("Python: kept token", token_sides(address, ca_file), limits, *counts)

    imports = {name: fresh(name) for name in ("boomi_auth", "requests")}
    compare("Python: import", imports, [("boomi_auth", "requests", 0.1)], *counts)


main(*sys.argv[1:])
