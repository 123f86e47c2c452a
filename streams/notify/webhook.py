"""The HTTP side: POST /v1/alertmanager/<channel> from Alertmanager; /healthz and /metrics for those who watch it."""

import json
import logging
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import Any

from pydantic import ValidationError

from streams.listening import Listener
from streams.notify.payload import Channel, Notification
from streams.notify.receiver import Receiver

PREFIX = "/v1/alertmanager/"
BODY_AT_MOST = 2_000_000
JSON = "application/json; charset=utf-8"
TEXT = "text/plain; charset=utf-8"
PAGE = "text/plain; version=0.0.4; charset=utf-8"

log = logging.getLogger(__name__)


class Refusal(Exception):
    """A request that is answered with a status and a sentence; Alertmanager repeats only after 5xx."""

    def __init__(self, status: HTTPStatus, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class Webhook(Listener):
    """Listens from when it is made; answers while `serve_forever` runs."""

    def __init__(self, host: str, port: int, receiver: Receiver) -> None:
        self.receiver = receiver
        super().__init__("NOTIFY", host, port, Handler)


class Handler(BaseHTTPRequestHandler):
    """One request; bodies are bounded and never logged."""

    server: Webhook
    timeout = 10
    server_version = "ioc"
    sys_version = ""

    def do_GET(self) -> None:
        """Answers those who watch."""
        match self.path.partition("?")[0]:
            case "/metrics":
                self._answer(HTTPStatus.OK, PAGE, self.server.receiver.metrics())
            case "/healthz":
                self._say(HTTPStatus.OK, self.server.receiver.health())
            case _:
                self._answer(HTTPStatus.NOT_FOUND, TEXT, b"There are /healthz, /metrics and POST /v1/alertmanager/.\n")

    def do_POST(self) -> None:
        """Takes one delivery."""
        try:
            channel = self._channel()
            sent = self._notification()
        except Refusal as refusal:
            self.server.receiver.telemetry.refused.inc()
            log.warning("refused: %s", refusal)
            self.close_connection = True
            self._say(refusal.status, {"error": str(refusal)})
            return
        try:
            verdict = self.server.receiver.take(channel, sent)
        except OSError as error:
            log.error("cannot be written down: %s", error)
            self._say(HTTPStatus.SERVICE_UNAVAILABLE, {"error": f"cannot be written down: {error.strerror}"})
            return
        self._say(HTTPStatus.OK, {"lines": len(verdict.lines)})

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the name http.server gives
        """Nothing: a beat every half minute is no news."""

    def _channel(self) -> Channel:
        name = self.path.removeprefix(PREFIX)
        if name == self.path or name not in list(Channel):
            raise Refusal(HTTPStatus.NOT_FOUND, f"channels are {', '.join(Channel)} under {PREFIX}")
        return Channel(name)

    def _notification(self) -> Notification:
        # a page in a browser cannot send this type elsewhere without asking first, and it is never allowed to
        if self.headers.get_content_type() != "application/json":
            raise Refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "the body must be application/json")
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()):
            raise Refusal(HTTPStatus.LENGTH_REQUIRED, "Content-Length is missing")
        if int(length) > BODY_AT_MOST:
            raise Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the body is longer than {BODY_AT_MOST} bytes")
        try:
            return Notification.model_validate_json(self.rfile.read(int(length)))
        except ValidationError as error:
            first = error.errors(include_input=False)[0]
            where = "/".join(str(part) for part in first["loc"])
            raise Refusal(HTTPStatus.BAD_REQUEST, f"no notification of version 4: {where} {first['msg']}") from None

    def _say(self, status: HTTPStatus, content: dict[str, Any]) -> None:
        self._answer(status, JSON, json.dumps(content, ensure_ascii=False).encode() + b"\n")

    def _answer(self, status: HTTPStatus, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
