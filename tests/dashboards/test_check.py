"""`python -m dashboards.check` names each panel that Prometheus refuses, and nothing else."""

import http.server
import json
import re
import threading
import urllib.parse
from collections.abc import Iterator

import pytest

from dashboards import check
from dashboards.check import Question
from tests.dashboards.every import pages


class Prometheus(http.server.BaseHTTPRequestHandler):
    """Refuses what contains `refused`, has nothing for `nothing`, else answers one series."""

    def do_POST(self) -> None:
        form = urllib.parse.parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        query = form["query"][0]
        wrong_way = ("time" in form) == self.path.endswith("_range")
        refused = wrong_way or re.search(r"refused|[$][a-z_]", query)
        found: list[object] = [] if "nothing" in query else [{}]
        body = (
            {"status": "error", "error": "parse error"} if refused else {"status": "success", "data": {"result": found}}
        )
        self.send_response(400 if refused else 200)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def prometheus() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Prometheus) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def question(expr: str, kind: str = "stat") -> Question:
    return Question("ioc-wall-test", '3 "Mưa"', kind, "A", expr, instant=True)


def test_a_refused_query_names_its_panel(prometheus: str) -> None:
    found = list(check.faults(prometheus, [question("refused"), question("fine"), question("nothing")], empty=False))
    assert found == ['ioc-wall-test, panel 3 "Mưa", query A: parse error']


def test_empty_panels_are_told_when_asked_for(prometheus: str) -> None:
    found = list(check.faults(prometheus, [question("nothing")], empty=True))
    assert found == ['ioc-wall-test, panel 3 "Mưa", query A: no series']


def test_a_prometheus_that_is_gone_is_a_fault() -> None:
    (found,) = check.faults("http://127.0.0.1:1", [question("fine")], empty=False)
    assert "127.0.0.1:1" in found


def test_the_command_asks_everything_and_finds_nothing_wrong(
    prometheus: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check.main(["--prometheus", prometheus]) == 0
    assert capsys.readouterr().out == ""


def test_every_panel_is_asked_with_its_variables_replaced() -> None:
    asked = list(check.questions(pages().values(), "replay"))
    assert len(asked) > 300
    assert not [
        one.expr for one in asked if "$datasource" in one.expr or "$provenance" in one.expr or "$source" in one.expr
    ]
    assert any('provenance="replay"' in one.expr for one in asked)
