"""Makes slow calls with signal handlers of its own, in the main thread or beside it, and tells what comes of them."""

from __future__ import annotations

import json
import signal
import sys
import threading
from types import FrameType

from boomi_auth import Client, Credentials
from boomi_auth.pytest_plugin import BoomiEmulator

RECORD = "/api/rest/v1/{accountId}/AuditLog/documentId-321"
USER = BoomiEmulator.user


class TimeUp(Exception):
    """What a handler raises."""


def main() -> None:
    client = Client(Credentials.api_token(USER.name, USER.api_token), **json.loads(sys.argv[1]))
    count = 0

    def counts(number: int, frame: FrameType | None) -> None:
        nonlocal count
        count += 1
        print("handled", flush=True)

    def raises(number: int, frame: FrameType | None) -> None:
        counts(number, frame)
        raise TimeUp("time is up")

    signal.signal(signal.SIGUSR1, counts)
    signal.signal(signal.SIGALRM, raises)
    for line in sys.stdin:
        count = 0
        came: list[str] = []

        done = threading.Event()

        def call(came: list[str] = came, done: threading.Event = done) -> None:
            try:
                came.append(str(client.get(RECORD).status_code))
            except TimeUp as raised:
                came.append(repr(raised))
            done.set()

        if "beside" in line:
            threading.Thread(target=call).start()
            try:
                done.wait()
            except TimeUp as raised:
                done.wait()
                came.append(repr(raised))
        else:
            call()
        print("outcome", " and ".join(came), "after", count, flush=True)


main()
