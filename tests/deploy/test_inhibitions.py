"""What mutes what, in a real Alertmanager: amtool tests routes, inhibitions only a running one shows."""

import json
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.notify.scene import FLOOD
from tools import alertmanager
from tools.ports import LOOPBACK, free_port
from tools.stack.readiness import answers

pytestmark = pytest.mark.skipif(not alertmanager.program(), reason="Alertmanager comes with make prepare")

IT = {"duty": "it", "severity": "P3"}
SENT: dict[str, dict[str, str]] = {
    "BD3 here": FLOOD | {"provenance": "real"},
    "BD2 here": FLOOD | {"alertname": "RiverAboveBD2", "severity": "P2", "provenance": "real"},
    "BD1 here": FLOOD | {"alertname": "RiverAboveBD1", "severity": "P3", "provenance": "real"},
    "silent twin of BD2 here": FLOOD | {"alertname": "RiverAboveBD2Silent", "severity": "P2", "provenance": "real"},
    "silent twin of BD3 here": FLOOD | {"alertname": "RiverAboveBD3Silent", "provenance": "real"},
    "BD2 elsewhere": FLOOD | {"alertname": "RiverAboveBD2", "station": "LC-L-0002", "provenance": "real"},
    "BD1 elsewhere": FLOOD | {"alertname": "RiverAboveBD1", "station": "LC-L-0002", "provenance": "real"},
    "BD2 simulated": FLOOD | {"alertname": "RiverAboveBD2", "provenance": "simulated"},
    "no worker": {"alertname": "WorkerAbsent", "severity": "P1", "duty": "it"},
    "a stale feed": IT | {"alertname": "FeedStale", "feed": "dossier", "provenance": "real"},
    "a stale critical feed": IT | {"alertname": "FeedStale", "severity": "P2", "feed": "hydromet"},
    "a feed that catches up": IT | {"alertname": "FeedCatchingUp", "severity": "P4", "feed": "feedback"},
    "a number of it": {"alertname": "UrgentFeedbackNotAccepted", "severity": "P2", "feed": "feedback", "kind": "kpi"},
    "a P1 of it": {"alertname": "SomeP1", "severity": "P1", "feed": "feedback", "kind": "kpi"},
    "a number of another feed": {"alertname": "RainExtreme1h", "severity": "P2", "feed": "hydromet", "kind": "kpi"},
    "an alert of a domain": {"alertname": "DossiersOverdue", "severity": "P3", "duty": "pac", "provenance": "real"},
}
MUTED = {"BD2 here", "BD1 here", "silent twin of BD2 here", "BD1 elsewhere", "a stale feed", "a number of it",
         "a feed that catches up"}  # a dead worker catches nothing up


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A running Alertmanager whose receiver is nobody."""
    folder: Path = tmp_path_factory.mktemp("alertmanager")
    address = f"{LOOPBACK}:{free_port()}"
    routes = alertmanager.write_configuration(folder / "routes", "http://127.0.0.1:9")
    with (folder / "log").open("wb") as log, subprocess.Popen(
            alertmanager.command(routes, folder / "data", address), stdout=log, stderr=log) as process:
        try:
            wait_until_ready(f"http://{address}/-/ready", folder / "log")
            yield address
        finally:
            process.kill()


def wait_until_ready(url: str, log: Path) -> None:
    until = time.monotonic() + 20
    while not answers(url):
        assert time.monotonic() < until, log.read_text()
        time.sleep(0.05)


def muted(address: str) -> set[str]:
    """The alerts of SENT that are muted by another one."""
    with urllib.request.urlopen(f"http://{address}/api/v2/alerts", timeout=5) as answer:
        found: list[dict[str, Any]] = json.load(answer)
    names = {json.dumps(labels, sort_keys=True): name for name, labels in SENT.items()}
    inhibited = [one for one in found if one["status"]["inhibitedBy"]]
    return {names[json.dumps(one["labels"], sort_keys=True)] for one in inhibited}


def test_the_higher_level_mutes_the_lower_of_its_station_and_a_dead_worker_what_follows_from_it(
        address: str) -> None:
    body = json.dumps([{"labels": labels} for labels in SENT.values()]).encode()
    request = urllib.request.Request(f"http://{address}/api/v2/alerts", body, {"Content-Type": "application/json"})
    urllib.request.urlopen(request, timeout=5).close()
    assert muted(address) == MUTED
