"""Another origin: a small TLS server of its own, which remembers the headers that arrive."""

from __future__ import annotations

import ssl
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import trustme


class Elsewhere:
    """It answers 200 to everything, unless ``location`` is set: then 302 to there."""

    def __init__(self, directory: Path) -> None:
        authority = trustme.CA()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost").configure_cert(context)
        self.ca_file = directory / "elsewhere.pem"
        authority.cert_pem.write_to_path(str(self.ca_file))
        self.arrived: list[Message] = []
        self.status = 200
        self.location: str | None = None
        arrived, outer = self.arrived, self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                arrived.append(self.headers)
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                self.send_response(302 if outer.location else outer.status)
                if outer.location:
                    self.send_header("Location", outer.location)
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_POST = do_GET

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.url = f"https://localhost:{self._server.server_address[1]}"
        Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
