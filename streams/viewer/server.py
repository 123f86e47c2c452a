"""The page, the dashboards, the maps and three questions to Prometheus over HTTP: GET only, nothing is ever written."""

import json
import logging
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from streams.listening import Listener
from streams.viewer.dashboards import find, read_dashboards
from streams.viewer.files import find_file
from streams.viewer.relay import Relay

JSON = "application/json"
LOOPBACK = ("127.0.0.1", "localhost", "::1")

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Content:
    """What is shown: folders of the built page, of the generated dashboards and of the maps, and the source of numbers.

    `scrape_interval` is Prometheus' own, as Grafana's data source has it: no step of a query is shorter.
    """

    page: Path
    dashboards: Path
    maps: Path
    relay: Relay
    scrape_interval: str


class Server(Listener):
    """Answers from `serve_forever` until `shutdown`."""

    request_queue_size = 64

    def __init__(self, host: str, port: int, content: Content) -> None:
        self.content = content
        # a page of a stranger may call us by a name of its own; on the loopback only ours are heard
        self.names = LOOPBACK if host in LOOPBACK else ()
        super().__init__("VIEWER", host, port, Handler)


class Handler(BaseHTTPRequestHandler):
    """One connection of a browser."""

    server: Server
    protocol_version = "HTTP/1.1"
    timeout = 30
    server_version = "ioc"
    sys_version = ""

    def do_GET(self) -> None:
        """Answers one request."""
        asked = urlsplit(self.path)
        path = unquote(asked.path)
        if self.server.names and _name(self.headers.get("Host", "")) not in self.server.names:
            self._error(HTTPStatus.FORBIDDEN, "this page is called by its address on this machine only")
        elif path.startswith("/api/v1/"):
            answer = self.server.content.relay.ask(path, asked.query)
            self._answer(answer.status, JSON, answer.body)
        elif path == "/api/dashboards":
            self._list()
        elif path.startswith("/api/dashboards/"):
            self._dashboard(path.removeprefix("/api/dashboards/"), parse_qs(asked.query))
        elif path == "/healthz":
            self._answer(HTTPStatus.OK, JSON, b'{"live": true}\n')
        elif path == "/" or path.startswith(("/w/", "/d/")):
            self._page()
        elif path.startswith("/maps/"):
            self._file(self.server.content.maps, path.removeprefix("/maps/"))
        else:
            self._file(self.server.content.page, path.removeprefix("/"))

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the name http.server gives
        """Nothing: a wall asks every few seconds."""

    def _page(self) -> None:
        found = find_file(self.server.content.page, "index.html")
        if found is None:
            self._error(HTTPStatus.NOT_FOUND, f"the page is not built: {self.server.content.page}")
            return
        nonce = secrets.token_urlsafe(16)
        body = found[1].read_bytes().replace(b"{{nonce}}", nonce.encode())
        self._answer(HTTPStatus.OK, found[0], body, {"Content-Security-Policy": policy(nonce)})

    def _list(self) -> None:
        said = ("title", "description", "tags")
        found = [{"uid": one.base, "lang": one.lang, "error": one.error, **{key: one.content.get(key) for key in said}}
                 for one in read_dashboards(self.server.content.dashboards)]
        self._json(HTTPStatus.OK, found)

    def _dashboard(self, uid: str, said: Mapping[str, list[str]]) -> None:
        known = read_dashboards(self.server.content.dashboards)
        found = find(known, uid, said.get("lang", [""])[0])
        if found is None:
            self._error(HTTPStatus.NOT_FOUND, f"không có màn hình / no dashboard has the uid “{uid}”")
        elif found.error:
            self._error(HTTPStatus.INTERNAL_SERVER_ERROR, found.error)
        else:
            languages = [one.lang for one in known if one.base == found.base]
            self._json(HTTPStatus.OK, {
                "dashboard": found.content, "base": found.base, "languages": languages, "now": int(time.time() * 1000),
                "scrapeInterval": self.server.content.scrape_interval})

    def _file(self, folder: Path, name: str) -> None:
        found = find_file(folder, name)
        if found is None:
            self._error(HTTPStatus.NOT_FOUND, "not found")
        else:
            self._answer(HTTPStatus.OK, found[0], found[1].read_bytes())

    def _error(self, status: HTTPStatus, reason: str) -> None:
        self._json(status, {"error": reason})

    def _json(self, status: HTTPStatus, value: object) -> None:
        self._answer(status, JSON, json.dumps(value, ensure_ascii=False).encode())

    def _answer(self, status: int, kind: str, body: bytes, more: Mapping[str, str] | None = None) -> None:
        headers = {"Content-Type": kind, "Content-Length": str(len(body)), **HEADERS, **(more or {})}
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def policy(nonce: str) -> str:
    """What the page may do: its own files, and styles that carry this answer's nonce; no script but the built one."""
    return ("default-src 'none'; script-src 'self'; connect-src 'self'; font-src 'self'; img-src 'self' data:; "
            f"style-src 'self' 'nonce-{nonce}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")


HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",
}


def _name(host: str) -> str:
    """The host of a Host header, without its port."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
