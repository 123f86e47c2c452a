"""/metrics, /healthz and /readyz from a thread of their own, so that a busy loop can still be asked how it fares."""

import json
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import Any

from streams.listening import Listener
from streams.worker.exposition import CONTENT_TYPE
from streams.worker.health import Verdict

JSON = "application/json; charset=utf-8"
TEXT = "text/plain; charset=utf-8"


class Server(Listener):
    """Answers from when it is made until `close`."""

    def __init__(self, host: str, port: int, *, metrics: Callable[[], bytes], live: Callable[[], Verdict],
                 ready: Callable[[], Verdict]) -> None:
        self.metrics = metrics
        self.live = live
        self.ready = ready
        self.rendering = threading.Lock()
        super().__init__("METRICS", host, port, Handler)
        threading.Thread(target=self.serve_forever, name="metrics", daemon=True).start()

    def close(self) -> None:
        """Answers no more."""
        self.shutdown()
        self.server_close()


class Handler(BaseHTTPRequestHandler):
    """Three addresses, GET only."""

    server: Server
    timeout = 10
    server_version = "ioc"
    sys_version = ""

    def do_GET(self) -> None:
        """Answers one request."""
        match self.path.partition("?")[0]:
            case "/metrics":
                with self.server.rendering:
                    page = self.server.metrics()
                self._answer(HTTPStatus.OK, CONTENT_TYPE, page)
            case "/healthz":
                self._verdict("live", self.server.live())
            case "/readyz":
                self._verdict("ready", self.server.ready())
            case _:
                self._answer(HTTPStatus.NOT_FOUND, TEXT, b"There are /metrics, /healthz and /readyz.\n")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the name http.server gives
        """Nothing: a scrape every few seconds is no news."""

    def _verdict(self, word: str, verdict: Verdict) -> None:
        body = json.dumps({word: verdict.good, "reasons": verdict.reasons}, ensure_ascii=False).encode() + b"\n"
        self._answer(HTTPStatus.OK if verdict.good else HTTPStatus.SERVICE_UNAVAILABLE, JSON, body)

    def _answer(self, status: HTTPStatus, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
