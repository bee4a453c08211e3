"""A server that speaks HTTP/2, and says what it is told to."""

from __future__ import annotations

import asyncio
import socket
from base64 import urlsafe_b64encode
from collections.abc import Awaitable, Callable
from pathlib import Path
from threading import Event, Thread
from typing import Any

import trustme
from hypercorn.asyncio import serve
from hypercorn.config import Config


class Multiplexed:
    """``answers`` has status and Location of the next ones, by path; others are 200."""

    def __init__(self, directory: Path) -> None:
        authority = trustme.CA()
        self.ca_file = directory / "multiplexed.pem"
        authority.cert_pem.write_to_path(str(self.ca_file))
        both = directory / "multiplexed-server.pem"
        authority.issue_cert("localhost", "127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(both))
        listening = socket.create_server(("127.0.0.1", 0))
        port = listening.getsockname()[1]
        self.url, self.other_url = f"https://localhost:{port}", f"https://127.0.0.1:{port}"
        self.answers: dict[str, list[tuple[int, str]]] = {}
        self.arrived: list[tuple[str, str, set[str]]] = []
        """Path, version of HTTP, and the headers' names."""
        config = Config()
        config.bind, config.certfile, config.keyfile = [f"fd://{listening.detach()}"], str(both), str(both)
        config.graceful_timeout, config.errorlog = 0, None
        self._running = Event()
        Thread(target=lambda: asyncio.run(self._serve(config)), daemon=True).start()
        self._running.wait()

    async def _serve(self, config: Config) -> None:
        self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        app: Any = self._answer
        self._running.set()
        await serve(app, config, shutdown_trigger=self._end.wait)

    async def _answer(
        self,
        scope: dict[str, Any],
        receive: Callable[[], Awaitable[dict[str, Any]]],
        send: Callable[[dict[str, object]], Awaitable[None]],
    ) -> None:
        if scope["type"] != "http":
            return
        path = scope["path"]
        self.arrived.append((path, scope["http_version"], {name.decode() for name, _ in scope["headers"]}))
        while (await receive()).get("more_body"):
            pass
        status, location = (self.answers.get(path) or [(200, "")]).pop(0)
        headers = [(b"location", location.encode())] if location else []
        await send({"type": "http.response.start", "status": status, "headers": headers})
        # What may be a JWT is another one each time.
        payload = urlsafe_b64encode(b'{"n":%d}' % len(self.arrived)).rstrip(b"=")
        await send({"type": "http.response.body", "body": b"e30.%s.e30" % payload if "jwt" in path else b"{}"})

    def close(self) -> None:
        # Its thread may go on for the half minute that asyncio gives a client to end TLS.
        self._loop.call_soon_threadsafe(self._end.set)
