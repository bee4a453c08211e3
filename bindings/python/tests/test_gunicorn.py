"""A pre-fork server, gunicorn, whose workers use a client that was made before they were forked."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import ProxyHandler, build_opener

import pytest
from boomi_auth.pytest_plugin import BoomiEmulator
from programs.child import until


class Server:
    """gunicorn, and what it wrote."""

    def __init__(self, emulator: BoomiEmulator, *arguments: str) -> None:
        command = [
            sys.executable,
            "-m",
            "gunicorn",
            "--preload",
            "--bind",
            "127.0.0.1:0",
            *arguments,
            "programs.wsgi_app:app",
        ]
        env = {**os.environ, **emulator.env}
        self.process = subprocess.Popen(
            command, cwd=Path(__file__).parent, env=env, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
        )
        self.lines: list[str] = []
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.lines.append(line)
            if listening := re.search(r"Listening at: (http://\S+)", line):
                self.url = listening[1]
                break
        self.reader = threading.Thread(target=self.lines.extend, args=(self.process.stderr,), daemon=True)
        self.reader.start()

    def get(self, who: str) -> dict[str, Any]:
        with build_opener(ProxyHandler({})).open(f"{self.url}/{who}", timeout=60) as answer:
            about: dict[str, Any] = json.loads(answer.read())
        return about

    def end(self) -> int:
        """Asks it to end gracefully."""
        self.process.terminate()
        status = self.process.wait(60)
        self.reader.join(60)
        return status


@contextmanager
def serving(emulator: BoomiEmulator, *arguments: str) -> Iterator[Server]:
    server = Server(emulator, *arguments)
    with server.process:
        try:
            yield server
        finally:
            server.process.kill()


@pytest.mark.parametrize("kind", [["--workers=3"], ["--workers=2", "--worker-class=gthread", "--threads=4"]])
def test_workers_use_the_client_of_their_parent(boomi_emulator: BoomiEmulator, kind: list[str]) -> None:
    workers = int(kind[0][-1])
    with serving(boomi_emulator, *kind) as server:
        answers: list[dict[str, Any]] = []
        deadline = time.monotonic() + 60
        number = 0
        # Which worker takes a connection is for the kernel to say.
        while len({answer["pid"] for answer in answers}) < workers or len(answers) < 60:
            assert time.monotonic() < deadline, "a worker never answered"
            with ThreadPoolExecutor(12) as pool:
                answers += pool.map(server.get, [f"client{number + n}" for n in range(12)])
            number += 12
        assert all(answer["good"] and answer["loaded_in"] == server.process.pid for answer in answers)
        assert server.process.pid not in {answer["pid"] for answer in answers}

        # One that is at work when it is told to end does its work first.
        boomi_emulator.control("outage", {"kind": "hang", "path_prefix": "/api/"})
        before = len(boomi_emulator.log())
        with ThreadPoolExecutor(1) as pool:
            last = pool.submit(server.get, "last")
            until(lambda: len(boomi_emulator.log()) > before)
            server.process.terminate()
            until(lambda: any("Handling signal: term" in line for line in server.lines))
            boomi_emulator.control("outage", {"kind": None})
            assert last.result()["good"]
        assert server.end() == 0, server.lines
        assert not any("Traceback" in line or "Error" in line for line in server.lines), server.lines
