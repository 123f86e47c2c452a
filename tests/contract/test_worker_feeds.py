"""All feeds of the house through one worker: what it shows outlives kill -9 to the last series."""

import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from schemas.catalogue import load_feeds
from tests.worker.probe import ROOT
from tests.worker.scene import until
from tools.broker import Broker
from tools.ports import free_port

pytestmark = pytest.mark.kafka

Series = dict[tuple[str, tuple[tuple[str, str], ...]], float]


class House:
    """One worker of all feeds on a broker of its own."""

    def __init__(self, broker: Broker, folder: Path) -> None:
        self.port = free_port()
        self.environment = {**os.environ, "IOC_BROKERS": broker.address, "IOC_DATA": str(folder), "IOC_PARTITIONS": "2",
                            "IOC_METRICS_PORT": str(self.port), "IOC_IDLE_SECONDS": "3600",
                            "IOC_SESSION_SECONDS": "6"}
        self.log = folder / "worker.log"
        self.running: subprocess.Popen[bytes] | None = None

    def ioc(self, *words: str) -> None:
        """Runs one verb to its end."""
        done = subprocess.run([sys.executable, "-m", "streams", *words], cwd=ROOT, env=self.environment,
                              capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    def start(self) -> None:
        """Starts the worker and waits until it is ready."""
        with self.log.open("ab") as log:
            self.running = subprocess.Popen([sys.executable, "-m", "streams", "worker"], cwd=ROOT, env=self.environment,
                                            stdout=log, stderr=log)
        until(lambda: self.ask("/readyz"), 40, self.log.read_text)

    def kill(self) -> None:
        """Ends it as a power cut would."""
        if self.running is not None:
            self.running.send_signal(signal.SIGKILL)
            self.running.wait()

    def ask(self, path: str) -> str:
        """An answer with status 200, else nothing."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                return str(answer.read().decode())
        except OSError:
            return ""

    def state(self) -> Series:
        """Everything shown that comes from the snapshots."""
        return {(sample.name, tuple(sorted(sample.labels.items()))): sample.value
                for family in text_string_to_metric_families(self.ask("/metrics")) for sample in family.samples
                if "provenance" in sample.labels and "partition" in sample.labels}

    def behind(self) -> float:
        """How far the shown states are behind the ends of the logs; inf while unknown."""
        lags = [sample.value for family in text_string_to_metric_families(self.ask("/metrics"))
                for sample in family.samples if sample.name == "ioc_consumer_lag_events"]
        return sum(lags) if lags else float("inf")


@pytest.fixture
def house(own_broker: Broker, tmp_path: Path) -> Iterator[House]:
    made = House(own_broker, tmp_path)
    yield made
    made.kill()


def test_every_feed_is_shown_and_every_series_outlives_a_kill(house: House) -> None:
    house.ioc("topics")
    house.ioc("simulate", "--past-only")
    house.start()
    until(lambda: house.behind() == 0, 60, house.log.read_text)
    before = until(lambda: settled(house), 30, lambda: "numbers that still change")
    shown = {name for name, _ in before}
    for feed in load_feeds():
        assert any(feed.metric(kpi) in name for kpi in feed.kpis for name in shown), feed.name
    house.kill()
    house.start()
    after = until(lambda: settled(house), 30, lambda: "numbers that still change")
    assert {key: (before.get(key), after.get(key)) for key in before | after if before.get(key) != after.get(key)} == {}


def settled(house: House) -> Series | None:
    """What is shown, once two looks a snapshot apart agree."""
    first = house.state()
    try:
        until(lambda: house.state() != first, 1.5, lambda: "")
    except AssertionError:
        return first or None
    return None
