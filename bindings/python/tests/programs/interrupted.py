"""Makes the call that it is told to, again and again, and tells when Ctrl-C came out of it.

Arguments: the call's name, the client's settings, and what is known of the test besides. On ``go`` it makes the call, on ``check``
an easy one with the same client.
"""

from __future__ import annotations

import contextlib
import json
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from boomi_auth import BoomiAuthError, Client, Credentials
from boomi_auth.pytest_plugin import BoomiEmulator

RECORD = "/api/rest/v1/{accountId}/AuditLog/documentId-321"
LARGE = "/api/rest/v1/{accountId}/Deployment/sized-3000000"
USER = BoomiEmulator.user
TWO_FACTOR = BoomiEmulator.two_factor_user
NAME, SETTINGS, ABOUT = (json.loads(argument) for argument in sys.argv[1:])


def say(*words: object) -> None:
    print(*words, flush=True)


def tell_event(event: dict[str, Any]) -> None:
    if NAME in ("retry", "a one-time code") and event["event"] in ("otp_awaited", "request_retried"):
        say("event")


def ask_a_slow_vault(rejected: bool) -> Credentials:
    say("asked")
    if ABOUT.get("healed"):
        return Credentials.api_token(USER.name, USER.api_token)
    if NAME == "a callback that computes":
        while True:
            pass
    time.sleep(60)
    raise AssertionError("nobody interrupted")


def slow_handler(event: dict[str, Any]) -> None:
    if event["event"] == "request_retried":
        say("event")
        time.sleep(60)


def credentials() -> Credentials:
    if "callback" in NAME:
        return Credentials.from_callable(ask_a_slow_vault)
    if NAME == "a program":
        # It leaves by itself when its file is there: then it has credentials.
        return Credentials.process(ABOUT["program"])
    if NAME == "a one-time code":
        return Credentials.password(TWO_FACTOR.name, TWO_FACTOR.password, otp=TWO_FACTOR.otp_secret)
    return Credentials.api_token(USER.name, USER.api_token)


CLIENT = Client(credentials(), on_event=slow_handler if NAME == "an event's handler" else tell_event, **SETTINGS)


def beside(work: Callable[[], object]) -> Callable[[], None]:
    """The same; the first time, another thread begins it, and this one goes on when it is told to."""
    other = threading.Thread(target=quietly, args=(work,), daemon=True)

    def after_the_other() -> None:
        if not other.ident:
            other.start()
            sys.stdin.readline()
        work()

    return after_the_other


def quietly(work: Callable[[], object]) -> None:
    with contextlib.suppress(BoomiAuthError):
        work()


def read_pieces() -> None:
    with CLIENT.get(LARGE, stream=True) as answer:
        for number, _ in enumerate(answer.iter_bytes()):
            if number == 0:
                say("piece")


def in_turn() -> None:
    while True:
        CLIENT.get(RECORD)
        say("sent")


CALLS: dict[str, Callable[[], object]] = {
    "a stream": read_pieces,
    "the pace": in_turn,
    "another's token": beside(CLIENT.token),
    "another's sign-in": beside(lambda: CLIENT.get(RECORD)),
    "a one-time code": lambda: [CLIENT.generate_jwt() for _ in range(3)],
    "a job": lambda: CLIENT.wait("GET", "/api/rest/v1/{accountId}/async/ListQueues/atom-1"),
    "a body": lambda: CLIENT.get(LARGE),
}


def main() -> None:
    call = CALLS.get(NAME, lambda: CLIENT.get(RECORD))
    say("ready")
    for line in sys.stdin:
        if line == "check\n":
            ABOUT["healed"] = True
            answer = CLIENT.get(RECORD, auth=None) if NAME == "a one-time code" else CLIENT.get(RECORD)
            say("status", answer.status_code)
            continue
        try:
            say("go")
            call()
            say("returned")
        except KeyboardInterrupt:
            say("interrupted", time.monotonic())


main()
