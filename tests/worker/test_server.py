"""Three addresses, answered from a thread; a taken port is one clear error."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from schemas.errors import SettingError
from streams.worker.health import Verdict
from streams.worker.server import Server


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server("127.0.0.1", 0, metrics=lambda: b"ioc_build_info 1\n", live=Verdict,
                  ready=lambda: Verdict(("state is being recovered",)))
    yield made
    made.close()


def ask(server: Server, path: str) -> tuple[int, str, bytes]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{server.server_port}{path}", timeout=5) as answer:
            return answer.status, answer.headers["Content-Type"], answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers["Content-Type"], error.read()


def test_the_page_has_the_content_type_without_which_prometheus_refuses_it(server: Server) -> None:
    assert ask(server, "/metrics") == (200, "text/plain; version=0.0.4; charset=utf-8", b"ioc_build_info 1\n")


def test_health_is_a_status_and_a_body_with_reasons(server: Server) -> None:
    status, kind, body = ask(server, "/healthz")
    assert (status, kind, json.loads(body)) == (200, "application/json; charset=utf-8", {"live": True, "reasons": []})
    status, _, body = ask(server, "/readyz?verbose")
    assert (status, json.loads(body)) == (503, {"ready": False, "reasons": ["state is being recovered"]})


def test_any_other_address_says_which_there_are(server: Server) -> None:
    status, _, body = ask(server, "/")
    assert status == 404
    assert b"/metrics, /healthz and /readyz" in body


def test_a_taken_port_is_a_setting_error_that_names_it(server: Server) -> None:
    with pytest.raises(SettingError, match=f"IOC_METRICS_PORT={server.server_port}: Address already in use"):
        Server("127.0.0.1", server.server_port, metrics=bytes, live=Verdict, ready=Verdict)
