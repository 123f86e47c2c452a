"""`ioc check` names every fault of a running stack; here the stack is a page that answers as Prometheus does."""

import argparse
import json
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from streams.operations import check
from streams.settings import Settings
from tools.jars import ROOT

RULES = "groups:\n- name: ioc_one\n  rules:\n  - record: ioc:one\n    expr: sum(ioc_one)\n"
PAGE = "# HELP ioc_one One thing.\n# TYPE ioc_one gauge\nioc_one 1\n"
JOBS = ("ioc-worker", "prometheus", "alertmanager", "ioc-notify")

pytestmark = pytest.mark.skipif(not shutil.which("promtool") or not shutil.which("amtool"),
                                reason="promtool and amtool come with make prepare")


class Stack(ThreadingHTTPServer):
    """What Prometheus, the worker and the receiver answer, path by path."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.answers: dict[str, str] = {"/metrics": PAGE, "/healthz": '{"watchdog": "beats"}'}
        self.tell("alertmanagers", {"activeAlertmanagers": [{"url": "http://127.0.0.1:9093/api/v2/alerts"}]})
        self.tell("rules", {"groups": [{"name": "ioc_one", "rules": [{"name": "ioc:one", "health": "ok"}]}]})
        self.targets = [{"scrapePool": job, "scrapeUrl": f"{self.url}/metrics", "health": "up", "lastError": ""}
                        for job in JOBS]
        self.tell("targets?state=active", {"activeTargets": self.targets})
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def tell(self, what: str, data: Any) -> None:
        """Lets the page answer with data."""
        self.answers[f"/api/v1/{what}"] = json.dumps({"status": "success", "data": data})


class Answer(BaseHTTPRequestHandler):
    server: Stack

    def do_GET(self) -> None:
        found = self.server.answers.get(self.path)
        self.send_response(404 if found is None else 200)
        self.end_headers()
        self.wfile.write((found or "").encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def stack() -> Iterator[Stack]:
    made = Stack()
    yield made
    made.shutdown()
    made.server_close()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A tree with the real deploy folder and one rule."""
    shutil.copytree(ROOT / "deploy", tmp_path / "deploy")
    (tmp_path / "rules/generated").mkdir(parents=True)
    (tmp_path / "rules/generated/one.yml").write_text(RULES)
    return tmp_path


def ran(stack: Stack, root: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    code = check.run(Settings(prometheus_url=stack.url), argparse.Namespace(root=root))
    return code, capsys.readouterr().out


def test_a_healthy_stack_has_no_faults(stack: Stack, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = ran(stack, root, capsys)
    assert (code, said.count("✓"), said.count("✗")) == (0, 8, 0), said
    assert said.endswith("Không có lỗi / no faults\n")


@pytest.mark.parametrize(("spoil", "fault"), [
    (lambda s, r: (r / "rules/generated/one.yml").write_text(RULES.replace("sum(", "sum((")),
     "unclosed left parenthesis"),
    (lambda s, r: (r / "rules/generated/one.yml").write_text(RULES.replace("ioc_one\n", "ioc_two\n", 1)),
     "group ioc_two is not loaded: restart Prometheus"),
    (lambda s, r: (r / "deploy/alertmanager/alertmanager.yml").write_text("route: {receiver: nobody}\n"), "nobody"),
    (lambda s, r: (r / "deploy/prometheus/prometheus.yml").write_text("scrape: []\n"), "scrape"),
    (lambda s, r: s.targets[0].update(health="down", lastError="connection refused"), "connection refused"),
    (lambda s, r: s.targets.pop(), "ioc-notify: no target"),
    (lambda s, r: s.tell("rules", {"groups": [{"name": "ioc_one", "rules": [
        {"name": "ioc:one", "health": "err", "lastError": "many-to-many"}]}]}), "ioc_one/ioc:one: many-to-many"),
    (lambda s, r: s.tell("alertmanagers", {"activeAlertmanagers": []}), "to no Alertmanager"),
    (lambda s, r: s.answers.update({"/healthz": '{"watchdog": "lost"}'}), "says of the Watchdog: lost"),
    (lambda s, r: s.answers.update({"/metrics": PAGE.replace("ioc_one", "ioc_one_total")}), "_total"),
    (lambda s, r: ((r / "dashboards").mkdir(), (r / "dashboards/__init__.py").touch(),
                   (r / "dashboards/check.py").write_text("raise SystemExit('panel 3 has no answer')\n")),
     "panel 3 has no answer")])
def test_a_fault_is_named_and_counts(stack: Stack, root: Path, capsys: pytest.CaptureFixture[str], spoil: Any,
                                     fault: str) -> None:
    spoil(stack, root)
    stack.tell("targets?state=active", {"activeTargets": stack.targets})
    code, said = ran(stack, root, capsys)
    assert code == 1
    assert fault in said


def test_the_stated_exception_from_base_units_is_none_of_the_faults(stack: Stack, root: Path,
                                                                    capsys: pytest.CaptureFixture[str]) -> None:
    stack.answers["/metrics"] = PAGE.replace("ioc_one", "ioc_rain_millimeters")
    assert ran(stack, root, capsys)[0] == 0


def test_a_stack_that_is_not_there_is_one_clear_fault_a_question(root: Path,
                                                                 capsys: pytest.CaptureFixture[str]) -> None:
    code = check.run(Settings(prometheus_url="http://127.0.0.1:9"), argparse.Namespace(root=root))
    said = capsys.readouterr().out
    assert code == 1
    assert "is the stack up? see IOC_PROMETHEUS_URL" in said
    assert "Traceback" not in said


def test_a_missing_tool_is_a_fault_with_its_remedy(stack: Stack, root: Path, capsys: pytest.CaptureFixture[str],
                                                   monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    code, said = ran(stack, root, capsys)
    assert code == 1
    assert "amtool is missing; run: apt-get install prometheus prometheus-alertmanager" in said
