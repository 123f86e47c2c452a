"""Alive and ready, judged by progress rather than existence. Knows neither Kafka nor Faust."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from streams.telemetry import Vitals

LOOP_SECONDS = 10.0
THREAD_SECONDS = 60.0
PROGRESS_SECONDS = 120.0
COORDINATOR_SECONDS = 60.0
CONFIRM_SECONDS = 10.0
READY_LAG = 50_000
CHECK_SECONDS = 1.0
CHECKS = 5
"""Bad ones in a row that end the process: one that slept as a whole must get to answer first."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Yes, or no with every reason."""

    reasons: tuple[str, ...] = ()

    @property
    def good(self) -> bool:
        """Whether nothing speaks against it."""
        return not self.reasons


def live(vitals: Vitals, now: float) -> Verdict:
    """Whether the process may go on; if not, only a restart helps. `now` is monotonic."""
    return Verdict(tuple(_deadly(vitals, now)))


def ready(vitals: Vitals, now: float) -> Verdict:
    """Whether what the process shows is fresh and what it reads becomes durable. `now` is monotonic."""
    return Verdict((*_deadly(vitals, now), *_unready(vitals, now)))


def _deadly(vitals: Vitals, now: float) -> Iterator[str]:
    if now - vitals.beat > LOOP_SECONDS:
        yield f"the event loop has not answered for {now - vitals.beat:.0f} s"
    if _older(vitals.consumer_beat, now, THREAD_SECONDS):
        yield f"the consumer's thread has not turned for more than {THREAD_SECONDS:.0f} s"
    if vitals.recovering_since is not None:
        if _older(vitals.recovery_moved, now, PROGRESS_SECONDS):
            yield f"recovery has stood still for more than {PROGRESS_SECONDS:.0f} s"
    else:
        for (topic, number), partition in vitals.partitions.items():
            if partition.lag and now - partition.moved > PROGRESS_SECONDS:
                yield f"{topic}/{number} is {partition.lag} events behind and stands for {now - partition.moved:.0f} s"
    if _older(vitals.coordinator_error_since, now, COORDINATOR_SECONDS):
        yield f"the group coordinator has answered with errors for more than {COORDINATOR_SECONDS:.0f} s"
    if _older(vitals.unconfirmed_since, now, PROGRESS_SECONDS):
        yield f"no snapshot was confirmed for more than {PROGRESS_SECONDS:.0f} s"


def _unready(vitals: Vitals, now: float) -> Iterator[str]:
    if not vitals.assigned:
        yield "no partitions are assigned yet"
    if vitals.recovering_since is not None:
        yield f"state is being recovered{f', {vitals.recovering}' if vitals.recovering else ''}"
    if _older(vitals.unconfirmed_since, now, CONFIRM_SECONDS):
        yield f"changed state is not confirmed for more than {CONFIRM_SECONDS:.0f} s"
    if _older(vitals.broker_silent_since, now, CONFIRM_SECONDS):
        yield f"the broker has not answered for more than {CONFIRM_SECONDS:.0f} s"
    if vitals.dead_letters_failing_since is not None:
        yield "dead letters cannot be written"
    if vitals.coordinator_error_since is not None:
        yield "the group coordinator answers with errors"
    behind = sum(partition.lag or 0 for partition in vitals.partitions.values())
    if behind > READY_LAG:
        yield f"{behind} events wait to be read, more than {READY_LAG}"


def _older(since: float | None, now: float, seconds: float) -> bool:
    return since is not None and now - since > seconds


class Guard(threading.Thread):
    """Asks the loop for a sign of life every second, and ends a process that stays without one.

    `ping(sent)` makes the loop note the moment; `end(reasons)` must not return.
    """

    def __init__(self, vitals: Vitals, clock: Callable[[], float], ping: Callable[[float], None],
                 end: Callable[[tuple[str, ...]], None]) -> None:
        super().__init__(name="guard", daemon=True)
        self.vitals = vitals
        self.clock = clock
        self.ping = ping
        self.end = end
        self.stopping = threading.Event()

    def run(self) -> None:
        """Watches until stopped."""
        bad = 0
        while not self.stopping.wait(CHECK_SECONDS):
            try:
                self.ping(self.clock())
            except RuntimeError:  # the loop is closed: the process ends by itself
                return
            verdict = live(self.vitals, self.clock())
            bad = 0 if verdict.good else bad + 1
            if bad >= CHECKS:
                self.end(verdict.reasons)


def answered(vitals: Vitals, sent: float, now: float) -> None:
    """The loop's sign of life: it was asked at `sent`."""
    vitals.loop_lag = now - sent
    vitals.beat = now
