"""One engine up a ladder of rates: how long a view takes until it is visible, and what an event costs."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.paced.engines import Engine
from benchmarks.paced.plan import Load
from benchmarks.paced.sender import Sender
from benchmarks.paced.timeline import percentile, waits
from benchmarks.running import BenchError

DRAIN_SECONDS = 30
START_SECONDS = 120
"""So much more for the first step, which comes while the engine starts."""
KEPT_UP_SECONDS = 3.0
"""An engine that is so far behind at the end of a step does not keep up; each shows once a second."""
POLL_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Climbed:
    """What one step of one engine gave; seconds from the planned moment of a view until it is there.

    `p50` and `p99` are until a reader of Kafka finds it, `looked50` and `looked99` until somebody sees it who looks
    once a second. `cpu_us` and `cores` are of the
    whole process until the last event was visible. `behind` is by how much the producer was late at its worst.
    """

    a_second: int
    p50: float
    p99: float
    looked50: float
    looked99: float
    cpu_us: float
    cores: float
    behind: float
    kept_up: bool
    is_exact: bool

    @property
    def is_good(self) -> bool:
        """Whether its latencies say anything."""
        return self.kept_up and self.is_exact


def climb(engine: Engine, broker: str, loads: Sequence[Load], say: Callable[[str], None]) -> list[Climbed]:
    """All steps in turn; the first warms up and is not told. It ends at a step after which not all became visible."""
    found: list[Climbed] = []
    engine.start()
    try:
        for number, load in enumerate(loads):
            step = _step(engine, broker, load)
            say(f"paced, {engine.name}, {load.step.a_second:,}/s: p50 {step.p50:.2f} s, p99 {step.p99:.2f} s, "
                f"{step.cpu_us:.1f} µs/event, producer late by at most {step.behind * 1000:.0f} ms, "
                f"{'kept up' if step.kept_up else 'did NOT keep up'}, {'exact' if step.is_exact else 'WRONG'}")
            if number:
                found.append(step)
            if engine.durable.latest != load.total:
                break
    finally:
        engine.close()
    return found


def _step(engine: Engine, broker: str, load: Load) -> Climbed:
    with Sender(broker, engine.topic, load) as sender:
        cpu = engine.cpu()
        behind = sender.finish()
        patience = DRAIN_SECONDS if load.before else START_SECONDS
        until(lambda: engine.seen.latest >= load.total <= engine.durable.latest or not engine.is_running(), patience)
        if not engine.is_running():
            raise BenchError(f"{engine.name} has ended by itself")
        cpu, seconds = engine.cpu() - cpu, time.monotonic() - sender.begun
        due = load.due(sender.begun)
        found = sorted(waits(due, load.before, engine.durable))
        looked = sorted(waits(due, load.before, engine.looked()))
    last = engine.durable.reached(load.total, sender.begun)
    return Climbed(
        load.step.a_second, percentile(found, 0.5), percentile(found, 0.99), percentile(looked, 0.5),
        percentile(looked, 0.99), cpu / load.step.events * 1e6, cpu / seconds, behind,
        last is not None and last - due[-1] <= KEPT_UP_SECONDS,
        engine.seen.latest == load.total and engine.counts() == load.truth,
    )  # fmt: skip


def until(condition: Callable[[], object], seconds: float) -> bool:
    """Waits for a condition, not for ever; whether it came."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(POLL_SECONDS)
    return True
