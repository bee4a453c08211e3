"""The parent's side of a program of this directory: lines go in, lines come out."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from boomi_auth.pytest_plugin import BoomiEmulator

HERE = Path(__file__).parent


def settings(emulator: BoomiEmulator, **more: Any) -> dict[str, Any]:
    """What a program's client is made of."""
    about = {
        "account_id": emulator.account_id,
        "base_url": emulator.base_url,
        "ca_file": emulator.ca_file,
        "proxy": "",
        "requests_per_second": 0,
    }
    return about | more


def until(condition: Callable[[], bool]) -> None:
    """Waits for what another process does."""
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that in 30 s"
        time.sleep(0.005)


def in_flight(emulator: BoomiEmulator) -> int:
    """How many requests to the API the emulator works on."""
    now: int = emulator.control("in_flight").get("api", {"now": 0})["now"]
    return now


class Child:
    """A running program. As a context manager it is killed at the end, if it runs yet."""

    def __init__(self, name: str, *arguments: Any, env: dict[str, str] | None = None) -> None:
        command = [sys.executable, str(HERE / f"{name}.py"), *(json.dumps(argument) for argument in arguments)]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, **(env or {})}
        )

    def tell(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def hear(self, word: str) -> str:
        """The next line, which begins with this word; returns the rest of it."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline().rstrip("\n")
        first, _, rest = line.partition(" ")
        assert first == word, f"{word!r} was expected, and {line!r} came; {self.process.poll()}"
        return rest

    def signal(self, number: int = signal.SIGINT) -> None:
        self.process.send_signal(number)

    def end(self) -> int:
        """Closes what it reads, and returns its status."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        return self.process.wait(timeout=60)

    def __enter__(self) -> Child:
        return self

    def __exit__(self, *_: object) -> None:
        with self.process as process:
            process.kill()
