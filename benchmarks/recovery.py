"""A state with many open dossiers: how long a new worker takes until it shows them, and with how much memory."""

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks import log
from benchmarks.events import open_dossiers
from benchmarks.running import ROOT, Running
from schemas.catalogue import load_feeds
from schemas.reference import load_reference

STATE_TOPIC = "bench.state.recovery"
POLL_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Recovery:
    """One start, in seconds, timed from outside.

    Attributes:
        to_shown: from the start of the process until a page with the state is there.
        recovery: of it, from the assignment of the partitions until their state is shown.
        told: what the worker itself calls its recovery.
        peak_mb: largest resident memory.
    """

    to_shown: float
    recovery: float
    told: float
    peak_mb: float


@dataclass(frozen=True, slots=True)
class Recovered:
    """All starts, and the snapshots they read."""

    dossiers: int
    is_exact: bool
    snapshot_bytes: tuple[int, ...]
    starts: tuple[Recovery, ...]


def recovery(broker: str, folder: Path, *, dossiers: int, rounds: int) -> Recovered:
    """Builds the state with one worker, then starts others on it."""
    reference, feeds = load_reference(ROOT / "reference"), {feed.name: feed for feed in load_feeds()}
    log.make_topics(broker, [STATE_TOPIC])
    found = list(open_dossiers(reference, feeds, dossiers))
    asyncio.run(log.store(broker, found, log.topics_of_feeds(), log.settings_for(broker).partitions))
    sizes = _built(broker, folder, dossiers)
    starts, exact = [], True
    for _ in range(rounds):
        start, is_exact = _started(broker, folder, dossiers)
        starts.append(start)
        exact = exact and is_exact
    return Recovered(dossiers, exact, sizes, tuple(starts))


def _running(broker: str, folder: Path) -> Running:
    return Running(broker, folder, group="bench-recovery", state_topic=STATE_TOPIC)


def _built(broker: str, folder: Path, dossiers: int) -> tuple[int, ...]:
    """The sizes of the snapshots of the partitions that hold dossiers."""
    with _running(broker, folder) as worker:
        worker.until(lambda: worker.page().total("ioc_dossier_open") >= dossiers, 180, 1)
        topic = log.topics_of_feeds()["dossier"]
        return tuple(int(value) for labels, value in worker.page().samples("ioc_snapshot_bytes")
                     if labels["topic"] == topic)


def _started(broker: str, folder: Path, dossiers: int) -> tuple[Recovery, bool]:
    with _running(broker, folder) as worker:
        worker.until(worker.is_recovering, 120, POLL_SECONDS)
        began = time.monotonic()
        worker.until(worker.has_begun, 120, POLL_SECONDS)
        recovered = time.monotonic()
        page = worker.page()
        to_shown = time.monotonic() - worker.started
        exact = page.total("ioc_dossier_open") == page.total("ioc_feed_records", feed="dossier") == dossiers
        told = page.largest("ioc_recovery_seconds")
        return Recovery(to_shown, recovered - began, told, worker.peak_mb()), exact
