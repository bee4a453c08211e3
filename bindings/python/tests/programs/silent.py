"""A server that takes what comes and says nothing, or one thing."""

from __future__ import annotations

import socket
import time
from queue import SimpleQueue
from threading import Thread

HALF_AN_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n" + b"x" * 1000


class Silent:
    """Tells of each connection what came first, and when its other side closed it."""

    def __init__(self, answer: bytes = b"") -> None:
        self._answer = answer
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._heard: SimpleQueue[bytes] = SimpleQueue()
        self._closed: SimpleQueue[float] = SimpleQueue()
        Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            try:
                self._heard.put(connection.recv(4096))
                connection.sendall(self._answer)
                while connection.recv(4096):
                    pass
            except OSError:
                pass
            self._closed.put(time.monotonic())

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def heard(self) -> bytes:
        """What the next connection begins with."""
        return self._heard.get(timeout=30)

    def closed(self) -> float:
        """When the next one was closed, by ``time.monotonic()``."""
        return self._closed.get(timeout=30)
