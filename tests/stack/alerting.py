"""Worker, Prometheus, Alertmanager and receiver as processes of one test, on the files that ship, only faster.

What is shortened is scaled from the real files: every `for`, every interval of a route.
"""

import datetime as dt
import json
import os
import re
import shutil
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from streams.publisher import Publisher
from tools import alertmanager
from tools.broker import Broker
from tools.jars import ROOT
from tools.ports import LOOPBACK, free_ports

FASTER = 20
SOURCE = "//laocai.gov.vn/kttv/thuyvan"
LOCAL = dt.timezone(dt.timedelta(hours=7))


class Chain:
    """The way of an alert; each program can be killed and started again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.metrics, self.prometheus, self.alertmanager, self.notify = free_ports(4)
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.broker = Broker(folder / "kafka").start()
        self.lines_file = folder / "notify/notifications.log"
        self._write_files()
        self.environment = {
            "IOC_BROKERS": self.broker.address, "IOC_PARTITIONS": "1", "IOC_METRICS_PORT": str(self.metrics),
            "IOC_DATA": str(folder / "worker"), "IOC_IDLE_SECONDS": "1", "IOC_IDLE_STEP_SECONDS": "1",
            "IOC_SESSION_SECONDS": "3", "IOC_NOTIFY_PORT": str(self.notify),
            "IOC_NOTIFY_FOLDER": str(folder / "notify"), "IOC_NOTIFY_BEAT_SECONDS": "8",
            "IOC_NOTIFY_CONFIRM_SECONDS": "6", "IOC_NOTIFY_RELEASE_SECONDS": "25"}
        subprocess.run(self._ioc("topics"), cwd=ROOT, env=self._environment(), check=True, timeout=60,
                       stdout=subprocess.DEVNULL)

    def start(self, *names: str) -> None:
        """Starts programs."""
        for name in names:
            with (self.folder / f"{name}.log").open("ab") as log:
                self.running[name] = subprocess.Popen(self._command(name), cwd=ROOT, env=self._environment(),
                                                      stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)

    def kill(self, name: str) -> None:
        """Ends one as a power cut would."""
        self.running[name].kill()
        self.running.pop(name).wait(10)

    def close(self) -> None:
        """Ends everything."""
        for name in [*self.running]:
            self.kill(name)
        self.broker.stop()

    def publish(self, station: str, level: float, *, before: float = 0) -> None:
        """A reading of a river station, measured `before` seconds ago."""
        at = dt.datetime.now(LOCAL) - dt.timedelta(seconds=before)
        with Publisher(self.broker.address, "hydromet") as publisher:
            publisher.publish({
                "specversion": "1.0", "id": str(uuid.uuid4()), "source": SOURCE, "agency": "kttv",
                "time": at.isoformat(timespec="seconds"), "type": "vn.laocai.hydromet.observed.v1",
                "data": {"station_id": station, "level_m": level, "datum": "vn", "quality": "ok"}})

    def query(self, expression: str) -> list[dict[str, Any]]:
        """What Prometheus answers; nothing while it does not."""
        url = f"http://{LOOPBACK}:{self.prometheus}/api/v1/query?{urllib.parse.urlencode({'query': expression})}"
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return list(json.load(answer)["data"]["result"])
        except (OSError, urllib.error.URLError):
            return []

    def lines(self, *words: str) -> list[str]:
        """The receiver's lines that hold all these words."""
        text = self.lines_file.read_text(encoding="utf-8") if self.lines_file.exists() else ""
        return [line for line in text.splitlines() if all(word in line for word in words)]

    def said(self) -> str:
        """Everything that helps to see why a test failed."""
        logs = "\n".join(f"--- {file.name}\n{file.read_text(errors='replace')[-1500:]}"
                         for file in sorted(self.folder.glob("*.log")))
        return "\n".join([*self.lines(), logs])

    def _command(self, name: str) -> list[str]:
        if name == "prometheus":
            return [shutil.which("prometheus") or "prometheus",
                    f"--config.file={self.folder}/deploy/prometheus/prometheus.yml",
                    f"--storage.tsdb.path={self.folder}/tsdb", f"--web.listen-address={LOOPBACK}:{self.prometheus}",
                    "--rules.alert.resend-delay=1s"]
        if name == "alertmanager":
            return alertmanager.command(self.folder / "routes/alertmanager.yml", self.folder / "routes/data",
                                        f"{LOOPBACK}:{self.alertmanager}")
        return self._ioc(name)

    def _ioc(self, verb: str) -> list[str]:
        return [sys.executable, "-m", "streams", verb]

    def _environment(self) -> dict[str, str]:
        said = {name: value for name, value in os.environ.items() if not name.startswith("IOC_")}
        return {**said, **self.environment}

    def _write_files(self) -> None:
        for path in ["deploy/prometheus/prometheus.yml",
                     *(str(file.relative_to(ROOT)) for file in (ROOT / "rules/generated").glob("*.yml"))]:
            copy = self.folder / path
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_text(faster((ROOT / path).read_text(encoding="utf-8")), encoding="utf-8")
        routes = alertmanager.write_configuration(self.folder / "routes", f"http://{LOOPBACK}:{self.notify}")
        routes.write_text(faster(routes.read_text(encoding="utf-8")), encoding="utf-8")
        jobs = {"workers": self.metrics, "prometheus": self.prometheus, "alertmanager": self.alertmanager,
                "notify": self.notify}
        for job, port in jobs.items():
            file = self.folder / f"var/targets/{job}.json"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps([{"targets": [f"{LOOPBACK}:{port}"]}]))


def faster(text: str) -> str:
    """A configuration with every waiting time shortened; one second is the least."""
    words = "for|keep_firing_for|scrape_interval|evaluation_interval|group_wait|group_interval|repeat_interval"
    return re.sub(rf"^( *-? *)({words}): *(\d+)([smh])$", _shortened, text, flags=re.MULTILINE)


def _shortened(found: re.Match[str]) -> str:
    seconds = int(found[3]) * {"s": 1, "m": 60, "h": 3600}[found[4]]
    return f"{found[1]}{found[2]}: {max(1, seconds // FASTER) if seconds else 0}s"


Waiting = Callable[..., Any]
