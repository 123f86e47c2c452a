"""A small wall and its numbers: one panel of each kind that matters, a real Prometheus, and the viewer upon them."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from streams.viewer.relay import Relay
from streams.viewer.server import Content, Server
from tools.jars import ROOT
from tools.ports import free_ports

PAGE = ROOT / "viewer/dist"
NUMBERS = {"trial_dossiers": 1234.5, "trial_delay_seconds": 5400.0}
CONFIGURATION = """global: {{scrape_interval: 1s, scrape_timeout: 1s}}
scrape_configs: [{{job_name: trial, static_configs: [{{targets: ["127.0.0.1:{port}"]}}]}}]
"""
LOST = {"vi": "MẤT DỮ LIỆU", "en": "NO DATA"}


def tile(number: int, lang: str, name: str, expr: str, **defaults: object) -> dict[str, Any]:
    """A number of a wall, as `dashboards/` writes it: grey and in words when it is not known."""
    unknown = {"type": "special", "options": {"match": "null+nan", "result": {"text": LOST[lang], "color": "#767676"}}}
    steps = [{"value": None, "color": "semi-dark-blue"}]
    return {
        "id": number, "type": "stat", "title": "", "gridPos": {"x": 6 * (number - 1), "y": 0, "w": 6, "h": 5},
        "targets": [{"refId": "A", "expr": f"({expr}) or on () vector(NaN)", "legendFormat": name, "instant": True}],
        "options": {"colorMode": "background_solid", "graphMode": "none", "textMode": "value_and_name",
                    "reduceOptions": {"calcs": ["lastNotNull"]}, "text": {"titleSize": 32, "valueSize": 60}},
        "fieldConfig": {"defaults": {"mappings": [unknown], "noValue": LOST[lang], **defaults,
                                     "thresholds": {"mode": "absolute", "steps": steps}}, "overrides": []}}


def wall(lang: str, *more: dict[str, Any]) -> dict[str, Any]:
    """The wall in one language."""
    banner = {"id": 9, "type": "text", "title": "", "gridPos": {"x": 0, "y": 5, "w": 24, "h": 4}, "options": {
        "mode": "html", "content": '<div style="font-size: 40px; color: rgb(1, 2, 3)" id="banner">$provenance</div>'}}
    provenance = {"name": "provenance", "type": "custom", "hide": 2, "query": "real,replay,simulated",
                  "current": {"value": "real", "text": "real"}}
    panels = [tile(1, lang, "Hồ sơ" if lang == "vi" else "Dossiers", 'trial_dossiers{provenance="$provenance"}',
                   unit="none", decimals=1),
              tile(2, lang, "Chậm" if lang == "vi" else "Delay", 'trial_delay_seconds{provenance="$provenance"}',
                   unit="s"), banner, *more]
    return {"uid": f"ioc-wall-trial{'' if lang == 'vi' else '-en'}", "title": f"Trial {lang}", "tags": ["ioc", "wall"],
            "timezone": "Asia/Ho_Chi_Minh", "refresh": "5s", "time": {"from": "now-5m", "to": "now"},
            "templating": {"list": [provenance]}, "panels": panels}


def write_walls(folder: Path, *more: dict[str, Any]) -> None:
    """Writes both languages."""
    for lang in ("vi", "en"):
        (folder / lang).mkdir(parents=True, exist_ok=True)
        (folder / lang / "trial.json").write_text(json.dumps(wall(lang, *more)), encoding="utf-8")


def fetch(address: str, headers: dict[str, str] | None = None) -> tuple[int, bytes, dict[str, str]]:
    """Status, body and headers of an answer, whatever it is."""
    try:
        with urllib.request.urlopen(urllib.request.Request(address, headers=headers or {}), timeout=20) as answer:
            return answer.status, answer.read(), dict(answer.headers)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read(), dict(error.headers)


@contextmanager
def serving(content: Content) -> Iterator[str]:
    """The viewer on a free port; answers its address."""
    server = Server("127.0.0.1", 0, content)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def running(folder: Path, prometheus: str) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """The viewer as a process of its own, as `make up` starts it; answers its address and process."""
    (port,) = free_ports(1)
    command = [sys.executable, "-m", "streams", "viewer", "--dashboards", str(folder), "--maps", str(folder / "maps")]
    known = {name: value for name, value in os.environ.items() if not name.startswith("IOC_")}
    settings = {"IOC_VIEWER_PORT": str(port), "IOC_PROMETHEUS_URL": prometheus}
    with subprocess.Popen(command, cwd=ROOT, env={**known, **settings}, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            process.stdout.readline()  # it says where it serves once it does
            yield f"http://127.0.0.1:{port}", process
        finally:
            process.kill()


def content_of(folder: Path, prometheus: str, patience: float = 5.0) -> Content:
    """The built page over the walls of a folder."""
    return Content(PAGE, folder, folder / "maps", Relay(prometheus, patience=patience), "5s")


@dataclass
class Numbers:
    """What the exporter shows; `silent` makes it fail, as a dead worker does."""

    silent: bool = False
    asked: list[str] = field(default_factory=list)


@contextmanager
def exporting(numbers: Numbers) -> Iterator[int]:
    """An exporter of the trial's numbers, real and replayed; answers its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            lines = [f'{name}{{provenance="{whose}"}} {value * factor}\n' for name, value in NUMBERS.items()
                     for whose, factor in (("real", 1), ("replay", 2))]
            body = "".join(lines).encode()
            self.send_response(503 if numbers.silent else 200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the name http.server gives
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def recording(folder: Path, exporter: int) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A real Prometheus that scrapes the exporter every second; answers its address and process."""
    (port,) = free_ports(1)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "prometheus.yml").write_text(CONFIGURATION.format(port=exporter))
    command = [shutil.which("prometheus") or "prometheus", f"--config.file={folder}/prometheus.yml",
               f"--storage.tsdb.path={folder}/data", f"--web.listen-address=127.0.0.1:{port}"]
    with (folder / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        try:
            yield f"http://127.0.0.1:{port}", process
        finally:
            process.send_signal(signal.SIGCONT)
            process.kill()


def wait_for_numbers(prometheus: str, seconds: float = 30) -> None:
    """Waits until Prometheus knows the trial's numbers."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with suppress(OSError):
            if b'"value"' in fetch(f"{prometheus}/api/v1/query?query=trial_dossiers")[1]:
                return
        time.sleep(0.1)
    raise AssertionError("Prometheus never knew the numbers of the trial")
