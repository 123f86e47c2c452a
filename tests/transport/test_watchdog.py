"""The watch over the consumer's thread: parked errors, a dead coordinator, refused commits, and an end that comes."""

import asyncio
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.consumer.subscription_state import SubscriptionState
from aiokafka.errors import CommitFailedError, GroupAuthorizationFailedError, IllegalStateError
from faust.types import TP

from streams.transport import watchdog
from streams.transport.watchdog import Counters, WatchedThread

ROOT = Path(__file__).parents[2]


class Thread(WatchedThread):
    """Without a thread."""

    def __init__(self, coordinator: Any) -> None:
        self.counters, self.taken = Counters(), {}
        self.crashes: list[BaseException] = []
        self.log = SimpleNamespace(error=lambda *_: None, warning=lambda *_: None)
        self._consumer = SimpleNamespace(_coordinator=coordinator, commit=self.refuse)
        self.refusal: Exception | None = None
        self.sent: dict[Any, Any] = {}

    async def crash(self, exc: BaseException) -> None:
        self.crashes.append(exc)

    def assignment(self) -> set[TP]:
        return {TP("t", 0)}

    async def refuse(self, offsets: dict[Any, Any]) -> None:
        self.sent = offsets
        if self.refusal:
            raise self.refusal


class Coordinator:
    """What the watch looks at."""

    def __init__(self, *, dead: bool = False, closing: bool = False, error: Exception | None = None) -> None:
        self._coordination_task = SimpleNamespace(done=lambda: dead)
        self._closing = SimpleNamespace(done=lambda: closing)
        self.error = error

    def check_errors(self) -> None:
        if self.error:
            raise self.error


def test_a_parked_error_is_taken_and_counted() -> None:
    thread = Thread(Coordinator(error=GroupAuthorizationFailedError("g")))
    asyncio.run(thread.check_coordinator())
    assert (thread.counters.coordinator_errors, thread.crashes) == (1, [])


def test_errors_in_a_row_crash_at_the_sixtieth() -> None:
    thread = Thread(Coordinator(error=GroupAuthorizationFailedError("g")))
    for _ in range(59):
        asyncio.run(thread.check_coordinator())
    assert thread.crashes == []
    asyncio.run(thread.check_coordinator())
    assert len(thread.crashes) == 1


def test_an_error_that_heals_begins_the_row_anew() -> None:
    coordinator = Coordinator(error=GroupAuthorizationFailedError("g"))
    thread = Thread(coordinator)
    for _ in range(59):
        asyncio.run(thread.check_coordinator())
    coordinator.error = None
    asyncio.run(thread.check_coordinator())
    assert (thread.errors_in_a_row, thread.counters.coordinator_errors) == (0, 59)


def test_a_dead_coordination_task_crashes() -> None:
    thread = Thread(Coordinator(dead=True))
    asyncio.run(thread.check_coordinator())
    assert len(thread.crashes) == 1


def test_a_coordination_task_that_ends_with_the_consumer_does_not_crash() -> None:
    thread = Thread(Coordinator(dead=True, closing=True))
    asyncio.run(thread.check_coordinator())
    assert thread.crashes == []


@pytest.mark.parametrize("refusal", [CommitFailedError("gone"), IllegalStateError("not assigned"), TimeoutError()])
def test_a_refused_commit_is_counted_and_never_crashes(refusal: Exception) -> None:
    thread = Thread(Coordinator())
    thread.refusal = refusal
    assert asyncio.run(thread._commit({TP("t", 0): 5})) is False
    assert (thread.counters.commit_errors, thread.crashes, thread.taken) == (1, [], {})


def test_only_partitions_still_ours_are_committed() -> None:
    thread = Thread(Coordinator())
    assert asyncio.run(thread._commit({TP("t", 0): 5, TP("t", 1): 6})) is True
    assert [tuple(tp) for tp in thread.sent] == [("t", 0)]
    assert thread.taken == {("t", 0): 5}


def test_a_worker_without_partitions_is_not_taken_for_one_that_hangs() -> None:
    async def idle(assigned: set[TP], *, seeking: bool = False) -> float:
        subscription = SubscriptionState()
        subscription._last_fetch_ended = -1e6
        thread = Thread(Coordinator())
        thread._consumer = SimpleNamespace(_subscription=subscription, assignment=lambda: assigned)
        thread.seeking = seeking
        thread.stay_in_group()
        return float(subscription.fetcher_idle_time)

    assert asyncio.run(idle({TP("t", 0)})) > 1e5  # one that has partitions must fetch them
    assert asyncio.run(idle({TP("t", 0)}, seeking=True)) < 60  # unless it still takes over their state
    assert asyncio.run(idle(set())) < 60


def test_an_end_that_hangs_is_cut_short() -> None:
    script = "from streams.transport.watchdog import exit_in; import time; exit_in(0.1, 'a test'); time.sleep(20)"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, timeout=15, check=False)
    assert done.returncode == watchdog.EXIT_CODE
