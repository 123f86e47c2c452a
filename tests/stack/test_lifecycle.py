"""The local stack from `make up` to `make down`: real broker and Prometheus, fakes where our programs would run."""

import json
import os
import signal
import socket
import urllib.request
from collections.abc import Callable
from typing import Any

import psutil
import pytest

pytestmark = [pytest.mark.stack, pytest.mark.kafka]

Waiting = Callable[..., Any]


@pytest.fixture(scope="module")
def running(tree: Any) -> Any:
    """The clone, brought up with nothing said."""
    done = tree.make("up")
    assert done.returncode == 0, done.stdout
    assert "✓" in done.stdout
    return tree


def test_up_starts_everything_and_says_where(running: Any) -> None:
    assert set(running.processes()) == {"supervisor", "kafka", "worker-1", "notify", "alertmanager", "prometheus",
                                        "viewer", "simulate"}
    said = running.make("status").stdout
    assert f"http://127.0.0.1:{running.prometheus}" in said
    assert "var/log/worker-1.log" in said
    assert "var/notify/notifications.log" in said


def test_topics_are_provisioned_on_its_own_broker(running: Any) -> None:
    brokers = (running.root / "topics-provisioned").read_text().split()
    assert set(brokers) == {f"127.0.0.1:{running.kafka}"}


def test_a_recorded_name_reaches_prometheus(running: Any, waiting: Waiting) -> None:
    answer = waiting(lambda: running.query("ioc:fake_number"), "the recorded number")
    assert answer[0]["value"][1] == "42"


def test_prometheus_hands_its_alerts_to_alertmanager_and_alertmanager_to_the_receiver(running: Any) -> None:
    with urllib.request.urlopen(f"http://127.0.0.1:{running.prometheus}/api/v1/alertmanagers", timeout=5) as answer:
        found = json.load(answer)["data"]["activeAlertmanagers"]
    assert [one["url"] for one in found] == [f"http://127.0.0.1:{running.alertmanager}/api/v2/alerts"]
    with urllib.request.urlopen(f"http://127.0.0.1:{running.alertmanager}/api/v2/status", timeout=5) as answer:
        routes = json.load(answer)["config"]["original"]
    assert f"http://127.0.0.1:{running.notify}/v1/alertmanager/oncall" in routes
    assert "http://notify" not in routes


def test_everything_listens_on_the_loopback_only(running: Any) -> None:
    sockets = [one for process in running.processes().values() for one in psutil.Process(process.pid).net_connections()]
    listening = {one.laddr for one in sockets if one.status == psutil.CONN_LISTEN}
    assert {address.port for address in listening} > {int(port) for port in running.ports().values()}
    assert {address.ip.removeprefix("::ffff:") for address in listening} == {"127.0.0.1"}


def test_a_second_up_changes_nothing_and_says_so(running: Any) -> None:
    before = running.processes()
    done = running.make("up")
    assert done.returncode == 0
    assert "Nothing to do" in done.stdout
    assert running.processes() == before


def test_another_port_for_a_running_stack_is_refused(running: Any) -> None:
    before = running.processes()
    done = running.make("up", IOC_PROMETHEUS_PORT=running.prometheus + 1)
    assert done.returncode != 0
    assert "make down" in done.stdout
    assert running.processes() == before


def test_workers_are_added_and_taken_away(running: Any, waiting: Waiting) -> None:
    assert running.make("up", WORKERS=2).returncode == 0
    targets = json.loads((running.root / "var/targets/workers.json").read_text())
    assert targets == [{"targets": [f"127.0.0.1:{running.metrics}", f"127.0.0.1:{running.metrics + 1}"]}]
    waiting(lambda: len(running.query("up{job='ioc-worker'} == 1")) == 2, "two workers scraped")
    assert running.make("up", WORKERS=1).returncode == 0
    waiting(lambda: "worker-2" not in running.processes(), "the second worker gone")


def test_other_data_replaces_what_makes_numbers_move(running: Any) -> None:
    before = running.processes()
    assert running.make("up", DATA="rules").returncode == 0
    assert running.make("up", DATA="docs").returncode == 0
    after = running.processes()
    assert set(before) - set(after) == {"simulate"}
    command = (running.root / f"/proc/{after['replay'].pid}/cmdline").read_bytes().split(b"\0")
    assert str(running.root / "docs").encode() in command
    assert (after["kafka"], after["worker-1"]) == (before["kafka"], before["worker-1"])


def test_a_killed_worker_is_restarted_and_counted(running: Any, waiting: Waiting) -> None:
    first = running.processes()["worker-1"]
    os.kill(first.pid, signal.SIGKILL)
    second = waiting(lambda: (now := running.processes().get("worker-1")) != first and now, "another worker")
    assert second.pid != first.pid
    assert running.state()["programs"]["worker-1"]["restarts"] == 1


def test_a_failed_addition_leaves_the_running_stack_as_it_was(running: Any, waiting: Waiting) -> None:
    with socket.create_server(("127.0.0.1", running.metrics + 1)):
        done = running.make("up", WORKERS=2)
    assert done.returncode != 0
    assert f"port {running.metrics + 1}" in done.stdout
    assert "IOC_METRICS_PORT" in done.stdout
    assert "worker-2" not in running.processes()
    assert running.make("status").returncode == 0


def test_remains_of_a_dead_supervisor_are_cleared_by_the_next_up(running: Any) -> None:
    before = running.processes()
    os.kill(before["supervisor"].pid, signal.SIGKILL)
    assert running.make("status").returncode != 0
    done = running.make("up")
    assert done.returncode == 0, done.stdout
    assert not [name for name, process in before.items() if process.is_alive()]
    assert len(running.processes()) == len(before)


def test_down_leaves_nothing_and_keeps_the_data(running: Any) -> None:
    before = running.processes()
    done = running.make("down")
    assert done.returncode == 0, done.stdout
    assert not [name for name, process in before.items() if process.is_alive()]
    assert running.strangers() == []
    assert "Traceback" not in (running.root / "var/log/supervisor.log").read_text()
    assert (running.root / "var/kafka/broker/data/meta.properties").exists()
    assert "Nothing runs" in running.make("down").stdout
