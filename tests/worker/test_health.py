"""Alive and ready by progress: each reason is seen to appear, and to be absent before its time."""

import threading
from typing import Any

import pytest

from streams.telemetry import PartitionVitals, Vitals
from streams.worker.health import Guard, answered, live, ready

NOW = 1000.0


def vitals(*, lag: int = 0, moved: float = NOW, **changes: Any) -> Vitals:
    partition = PartitionVitals("feedback", 10, moved, 0.0, log_end=10 + lag)
    made = Vitals(started=0, beat=NOW, assigned=True, partitions={("t", 0): partition})
    for name, value in changes.items():
        setattr(made, name, value)
    return made


def test_a_worker_that_has_read_everything_is_alive_and_ready_however_long_nothing_comes() -> None:
    idle = vitals(moved=NOW - 9000)
    assert live(idle, NOW).good
    assert ready(idle, NOW).good


@pytest.mark.parametrize(("changes", "reason"), [
    ({"beat": NOW - 11}, "the event loop has not answered for 11 s"),
    ({"lag": 5, "moved": NOW - 121}, "t/0 is 5 events behind and stands for 121 s"),
    ({"recovering_since": NOW - 500, "recovery_moved": NOW - 121}, "recovery has stood still for more than 120 s"),
    ({"coordinator_error_since": NOW - 61}, "the group coordinator has answered with errors for more than 60 s"),
    ({"unconfirmed_since": NOW - 121}, "no snapshot was confirmed for more than 120 s"),
    ({"consumer_beat": NOW - 61}, "the consumer's thread has not turned for more than 60 s"),
])
def test_what_only_a_restart_can_help_is_deadly(changes: dict[str, Any], reason: str) -> None:
    sick = vitals(**changes)
    assert reason in live(sick, NOW).reasons
    assert reason in ready(sick, NOW).reasons
    assert live(sick, NOW - 5).good


@pytest.mark.parametrize(("changes", "reason"), [
    ({"assigned": False}, "no partitions are assigned yet"),
    ({"recovering_since": NOW - 1}, "state is being recovered"),
    ({"recovering_since": NOW - 500, "recovery_moved": NOW - 1, "recovering": "t/0 (1 of 6): 5 of 9 blocks"},
     "state is being recovered, t/0 (1 of 6): 5 of 9 blocks"),
    ({"unconfirmed_since": NOW - 11}, "changed state is not confirmed for more than 10 s"),
    ({"broker_silent_since": NOW - 11}, "the broker has not answered for more than 10 s"),
    ({"dead_letters_failing_since": NOW - 1}, "dead letters cannot be written"),
    ({"coordinator_error_since": NOW - 1}, "the group coordinator answers with errors"),
    ({"lag": 60_000}, "60000 events wait to be read, more than 50000"),
])
def test_what_passes_is_not_ready_but_alive(changes: dict[str, Any], reason: str) -> None:
    busy = vitals(**changes)
    assert ready(busy, NOW).reasons == (reason,)
    assert live(busy, NOW).good


def test_a_long_recovery_is_no_standstill_before_its_own_time_is_up() -> None:
    assert live(vitals(lag=5, moved=NOW - 500, recovering_since=NOW - 400, recovery_moved=NOW - 100), NOW).good


def test_the_loop_s_answer_tells_how_late_it_came() -> None:
    made = vitals()
    answered(made, NOW + 1, NOW + 3)
    assert (made.loop_lag, made.beat) == (2, NOW + 3)


def test_the_guard_ends_a_process_whose_loop_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.worker.health.CHECK_SECONDS", 0.01)
    ended = threading.Event()
    made = vitals()
    guard = Guard(made, lambda: NOW + 20, lambda sent: None, lambda reasons: ended.set())
    guard.start()
    assert ended.wait(5)
    guard.stopping.set()
    guard.join(5)


def test_the_guard_lets_a_process_that_slept_as_a_whole_answer_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.worker.health.CHECK_SECONDS", 0.01)
    pings, ended = [], threading.Event()
    made = vitals()

    def ping(sent: float) -> None:
        pings.append(sent)
        if len(pings) % 3 == 0:
            answered(made, sent, sent)
        if len(pings) % 3 == 1:
            made.beat = NOW - 100
        if len(pings) == 30:
            guard.stopping.set()

    guard = Guard(made, lambda: NOW, ping, lambda reasons: ended.set())
    guard.start()
    guard.join(10)
    assert len(pings) == 30
    assert not ended.is_set()
