"""What our worker has counted, read from its confirmed snapshots in Kafka as its successor would read them."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from benchmarks.ysb import events
from benchmarks.ysb.log import PARTITIONS
from schemas.feed import Feed
from schemas.reference import load_reference
from schemas.windows import HOME
from streams.engine.labels import SEPARATOR
from streams.engine.plan import Plan
from streams.engine.state import Lane
from streams.transport.state_reader import read_state
from streams.worker.owned import Candidates, choose, restore

HORIZON_MS = 3_600_000


def plan_of(declared: Feed, reference: Path) -> Plan:
    """How our worker counts, with which its snapshots are read."""
    return Plan(declared, load_reference(reference, lists=declared.lists))


def lanes(broker: str, state_topic: str, plan: Plan) -> list[Lane]:
    """What the newest snapshots hold, over all partitions.

    Raises:
        SnapshotError: one cannot be read, or lacks blocks.
    """
    kept = asyncio.run(read_state(broker, state_topic, range(PARTITIONS), choose=choose))
    return [lane for number, keys in kept.items() for lane in lanes_in(plan, number, keys)]


def lanes_in(plan: Plan, number: int, kept: Mapping[bytes, Candidates]) -> Iterator[Lane]:
    """What the newest snapshot of one partition holds, with its blocks; `kept`: what its state partition has.

    Raises:
        SnapshotError: as for `lanes`.
    """
    written_last = ""  # of whichever topic of the feed's name
    yield from restore(plan, (plan.feed.topic, number), kept, written_last, HORIZON_MS).state.lanes.values()


def windows_of(plan: Plan, lanes: Iterable[Lane]) -> Counter[str]:
    """Every window of the first KPI, which counts by one label in windows of ten seconds."""
    found = Counter[str]()
    for lane in lanes:
        for labels, panes in lane.cells[0].items():
            for pane, count in panes.items():
                start = pane * plan.windowed[0].pane - HOME
                found[f"{labels.split(SEPARATOR)[0]}:{start // events.WINDOW}"] += count
    return found
