"""A Valkey or Redis server of one test's own, on loopback."""

from __future__ import annotations

import shutil
import socket
import subprocess
from pathlib import Path

from programs.child import until

PASSWORD = "store-password"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as one:
        port: int = one.getsockname()[1]
        return port


class Store:
    def __init__(self, directory: Path) -> None:
        program = shutil.which("valkey-server") or shutil.which("redis-server")
        assert program, "no redis-server: `make setup` installs it"
        self.port = free_port()
        self.place = f"redis://***@127.0.0.1:{self.port}/0?prefix=boomi-auth:"
        options = f"--port {self.port} --bind 127.0.0.1 --requirepass {PASSWORD} --appendonly no --save"
        # A busy machine is no slow store, and a call waits 40 ms for that. Not everybody may ask for it.
        command = ["nice", "-n", "-19", program, "--dir", str(directory), *options.split(), ""]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until(self._takes_connections)

    def _takes_connections(self) -> bool:
        assert self._process.poll() is None, "the server ended"
        with socket.socket() as one:
            return one.connect_ex(("127.0.0.1", self.port)) == 0

    @property
    def url(self) -> str:
        return f"redis://:{PASSWORD}@127.0.0.1:{self.port}/0"

    def close(self) -> None:
        with self._process as process:
            process.kill()
