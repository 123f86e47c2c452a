"""The whole house once: up, numbers in Prometheus, a worker killed, recount equal, down; up again, goes on counting."""

import json
import os
import signal
import subprocess
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tools.jars import ROOT

pytestmark = [
    pytest.mark.stack, pytest.mark.kafka, pytest.mark.timeout(600),
    pytest.mark.skipif(not (ROOT / "streams/__main__.py").exists(), reason="needs the verbs of ioc"),
]

Waiting = Callable[..., Any]


@pytest.fixture(scope="module")
def house(make_tree: Callable[[bool], Any]) -> Any:
    """A clone with the real programs, brought up with the simulated scenario."""
    clone = make_tree(False)
    done = clone.make("up", seconds=300)
    assert done.returncode == 0, done.stdout
    return clone


def recount(house: Any) -> subprocess.CompletedProcess[str]:
    """`ioc recount` on this clone."""
    known = {name: value for name, value in os.environ.items() if not name.startswith("IOC_")}
    return subprocess.run([str(Path(house.environment["IOC_VENV"]) / "bin/python"), "-m", "streams", "recount"],
                          cwd=house.root, env={**known, "IOC_BROKERS": f"127.0.0.1:{house.kafka}"}, text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300,
                          check=False)


def recorded(house: Any) -> list[dict[str, Any]]:
    """The province-wide numbers that are there now."""
    return list(house.query('{__name__=~"ioc:.+"}'))


def accepted(house: Any) -> int:
    """How many events the workers show as accepted."""
    answer = house.query('sum(ioc_feed_records{fate="accepted"})')
    return int(float(answer[0]["value"][1])) if answer else 0


def test_recorded_numbers_appear_in_prometheus(house: Any, waiting: Waiting) -> None:
    waiting(lambda: recorded(house), "a series whose name begins with ioc:", 90)
    waiting(lambda: accepted(house) > 0, "accepted events", 90)


def test_the_recount_agrees(house: Any) -> None:
    done = recount(house)
    assert done.returncode == 0, done.stdout[-3000:]


def test_check_finds_no_fault_in_what_runs(house: Any, waiting: Waiting) -> None:
    health = f"http://127.0.0.1:{house.notify}/healthz"
    waiting(lambda: json.load(urllib.request.urlopen(health, timeout=5))["watchdog"] == "beats", "a beat", 90)
    known = {name: value for name, value in os.environ.items() if not name.startswith("IOC_")}
    done = subprocess.run([str(Path(house.environment["IOC_VENV"]) / "bin/python"), "-m", "streams", "check"],
                          cwd=house.root, env={**known, "IOC_PROMETHEUS_URL": f"http://127.0.0.1:{house.prometheus}"},
                          text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=120, check=False)
    assert done.returncode == 0, done.stdout


def test_alerts_of_a_simulation_reach_their_own_file_and_no_person(house: Any) -> None:
    lines = (house.root / "var/notify/rehearsal.log").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if not line.startswith("MÔ PHỎNG | ")] == []
    assert "MÔ PHỎNG" not in (house.root / "var/notify/notifications.log").read_text(encoding="utf-8")


def test_a_killed_worker_comes_back_and_goes_on(house: Any, waiting: Waiting) -> None:
    before = accepted(house)
    first = house.processes()["worker-1"]
    os.kill(first.pid, signal.SIGKILL)
    waiting(lambda: house.processes().get("worker-1") not in (None, first), "another worker")
    assert house.state()["programs"]["worker-1"]["restarts"] == 1
    waiting(lambda: accepted(house) > before, "more events than before the kill", 120)


def test_a_second_up_changes_nothing(house: Any) -> None:
    before = house.processes()
    done = house.make("up")
    assert "Nothing to do" in done.stdout, done.stdout
    assert house.processes() == before


def test_after_down_and_up_it_goes_on_counting(house: Any, waiting: Waiting) -> None:
    before = accepted(house)
    done = house.make("down")
    assert done.returncode == 0, done.stdout
    assert house.strangers() == []
    done = house.make("up", seconds=300)
    assert done.returncode == 0, done.stdout
    waiting(lambda: accepted(house) > before, "more events than before down", 120)
    agreed = recount(house)
    assert agreed.returncode == 0, agreed.stdout[-3000:]
    assert house.make("down").returncode == 0
    assert house.strangers() == []
