"""A page served over HTTP, and the file that names it."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

Serve = Callable[[str], Path]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """A function that serves a page and answers the file_sd file that names it."""
    servers = []

    def start(text: str) -> Path:
        class Answer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the library's
                """Say nothing."""

        server = HTTPServer(("127.0.0.1", 0), Answer)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        targets = tmp_path / "workers.json"
        targets.write_text(json.dumps([{"targets": [f"127.0.0.1:{server.server_port}"]}]))
        return targets

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()
