"""What is passed on to Prometheus and what is not; how long, how much, and what is said when no answer comes."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from streams.viewer.relay import LONGEST_QUESTION, Answer, Relay


@dataclass
class Upstream:
    """A fake Prometheus: what it was asked, and what it answers."""

    url: str = ""
    asked: list[str] = field(default_factory=list)
    status: int = 200
    body: bytes = b'{"status": "success"}'
    location: str = ""
    drip: float = 0.0  # seconds between two bytes


@contextmanager
def faking(upstream: Upstream) -> Iterator[Upstream]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            upstream.asked.append(self.path)
            self.send_response(upstream.status)
            self.send_header("Content-Length", str(len(upstream.body)))
            if upstream.location:
                self.send_header("Location", upstream.location)
            self.end_headers()
            if not upstream.drip:
                self.wfile.write(upstream.body)
                return
            for byte in upstream.body:
                self.wfile.write(bytes([byte]))
                time.sleep(upstream.drip)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the name http.server gives
            pass

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            pass

    server = Quiet(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    upstream.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield upstream
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with faking(Upstream()) as running:
        yield running


def reason(answer: Answer) -> str:
    return str(json.loads(answer.body)["error"])


@pytest.mark.parametrize(("path", "parameters"), [
    ("/api/v1/query", "query=up&time=1"),
    ("/api/v1/query_range", "query=up&start=1&end=2&step=1"),
    ("/api/v1/label/commune/values", "match%5B%5D=up&start=1&end=2"),
])
def test_three_questions_are_passed_on_as_they_are(upstream: Upstream, path: str, parameters: str) -> None:
    answer = Relay(upstream.url).ask(path, parameters)
    assert answer == Answer(200, upstream.body)
    assert upstream.asked == [f"{path}?{parameters}"]


@pytest.mark.parametrize("path", [
    "/api/v1/admin/tsdb/delete_series", "/api/v1/series", "/api/v1/labels", "/api/v1/status/config", "/api/v1/query/",
    "/api/v1/label/a/b/values", "/api/v1/label/../values", "/api/v1/query\n", "/api/v1/read", "/-/quit",
])
def test_every_other_question_is_refused_unasked(upstream: Upstream, path: str) -> None:
    assert Relay(upstream.url).ask(path, "").status == 404
    assert upstream.asked == []


def test_unknown_parameters_are_refused_unasked(upstream: Upstream) -> None:
    answer = Relay(upstream.url).ask("/api/v1/query", "query=up&timeout=1h")
    assert answer.status == 400
    assert "timeout" in reason(answer)
    assert upstream.asked == []


def test_too_long_a_question_is_refused_unasked(upstream: Upstream) -> None:
    assert Relay(upstream.url).ask("/api/v1/query", "query=" + "x" * LONGEST_QUESTION).status == 414
    assert upstream.asked == []


def test_what_prometheus_says_of_a_wrong_query_comes_through(upstream: Upstream) -> None:
    upstream.status, upstream.body = 400, b'{"status": "error", "error": "parse error"}'
    assert Relay(upstream.url).ask("/api/v1/query", "query=sum(") == Answer(400, upstream.body)


def test_a_redirection_is_not_followed(upstream: Upstream) -> None:
    with faking(Upstream()) as elsewhere:
        upstream.status, upstream.location, upstream.body = 302, f"{elsewhere.url}/api/v1/query", b""
        assert Relay(upstream.url).ask("/api/v1/query", "query=up").status == 502
        assert elsewhere.asked == []


def test_too_large_an_answer_is_cut_off(upstream: Upstream) -> None:
    upstream.body = b"x" * 2001
    answer = Relay(upstream.url, largest=2000).ask("/api/v1/query", "query=up")
    assert answer.status == 502
    assert "larger than 2000" in reason(answer)


def test_a_prometheus_that_is_gone_is_said_to_be(upstream: Upstream) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    answer = Relay(f"http://127.0.0.1:{port}").ask("/api/v1/query", "query=up")
    assert answer.status == 502
    assert "không trả lời" in reason(answer)


def test_a_prometheus_that_hangs_is_given_up(upstream: Upstream) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:  # takes the connection and never answers
        began = time.monotonic()
        answer = Relay(f"http://127.0.0.1:{deaf.getsockname()[1]}", patience=0.5).ask("/api/v1/query", "query=up")
    assert answer.status == 502
    assert time.monotonic() - began < 2


def test_an_answer_that_drips_is_given_up_as_a_whole(upstream: Upstream) -> None:
    upstream.drip, upstream.body = 0.1, b"x" * 100
    began = time.monotonic()
    assert Relay(upstream.url, patience=0.5).ask("/api/v1/query", "query=up").status == 502
    assert time.monotonic() - began < 2
