"""Looks at every page while faults happen: what is shown never steps back, and what the workers met is added up."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from streams.recount.pages import Sample, parse_page
from tools.faults.bed import Bed
from tools.faults.worker import Worker

PERIOD: Final = 1.0
NEXT_OFFSET: Final = "ioc_next_offset"
RECORDS: Final = "ioc_feed_records"
GROWING: Final = (NEXT_OFFSET, RECORDS)
MET: Final = {"ioc_events_read_total": "read", "ioc_holes_total": "holes", "ioc_replayed_records_total": "skipped",
              "ioc_rebalances_total": "rebalances", "ioc_coordinator_errors_total": "coordinator errors",
              "ioc_commit_errors_total": "refused commits", "ioc_corrupt_fetches_total": "corrupt fetches"}
"""Counters of the processes, and what they are called here."""

Key = tuple[str, tuple[tuple[str, str], ...]]
Place = tuple[str, int]


class Watch(threading.Thread):
    """Looks every second until told to stop. `sent` answers how many records there can be at most."""

    def __init__(self, bed: Bed, sent: Callable[[], int]) -> None:
        super().__init__(name="watch", daemon=True)
        self.bed, self.sent = bed, sent
        self.looks = 0
        self.counts: list[tuple[float, int]] = []
        """How many records were shown, and when."""
        self.stopping = threading.Event()
        self.highest: dict[Key, float] = {}
        self.anew: set[Key] = set()
        self.fallen: list[str] = []
        self.met: dict[str, Counter[str]] = {}

    def run(self) -> None:
        """Looks, again and again."""
        while not self.stopping.wait(PERIOD):
            self.look()

    def finish(self) -> None:
        """Looks no more."""
        self.stopping.set()
        self.join(30)

    def look(self) -> None:
        """One look at all pages."""
        now: dict[Key, float] = {}
        for worker in list(self.bed.workers):
            for key, value in self.look_at(worker).items():
                now[key] = max(value, now.get(key, value))
        self.compare(now)
        records = sum(value for key, value in now.items() if key[0] == RECORDS)
        if records > (sent := self.sent()):
            self.fallen.append(f"{time.strftime('%H:%M:%S')} {records:.0f} records are shown, {sent} were sent")
        self.counts.append((time.monotonic(), round(records)))
        self.looks += 1

    def look_at(self, worker: Worker) -> dict[Key, float]:
        """Notes what a worker has met; answers what its page says of partitions."""
        states: dict[Key, float] = {}
        met: Counter[str] = Counter()
        for sample in some(worker, (*GROWING, *MET)):
            if sample.name in MET:
                met[MET[sample.name]] += round(sample.value)
            else:
                states[sample.name, tuple(sorted(sample.labels.items()))] = sample.value
        self.met[worker.name] = self.met.get(worker.name, Counter()) | met
        return states

    def forget(self) -> None:
        """What was shown so far binds nobody any more: a log was made anew."""
        self.highest = {}

    def begin_anew(self, topic: str) -> None:
        """The offsets of a topic begin again, once; what is counted of it does not."""
        self.anew |= {key for key in self.highest if key[0] == NEXT_OFFSET and ("topic", topic) in key[1]}

    def compare(self, now: Mapping[Key, float]) -> None:
        """Notes what is less than it was."""
        for key, value in now.items():
            before = self.highest.get(key, value)
            if value < before and key in self.anew:
                self.anew.discard(key)
                before = value
            if value < before:
                self.fallen.append(f"{time.strftime('%H:%M:%S')} {key[0]} {dict(key[1])} fell from {before} to {value}")
            self.highest[key] = max(value, before)

    def totals(self) -> Counter[str]:
        """What all workers together have met, those that are gone included."""
        return sum(list(self.met.values()), Counter())

    def lanes(self) -> set[tuple[str, str]]:
        """The topics and provenances of which records were counted."""
        labels = [dict(key[1]) for key, value in self.highest.items() if key[0] != NEXT_OFFSET and value]
        return {(one["topic"], one["provenance"]) for one in labels}


def some(worker: Worker, names: Iterable[str]) -> list[Sample]:
    """The samples of these names on a worker's page; none while it does not answer."""
    heads = tuple(names)
    lines = [line for line in worker.ask("/metrics")[1].split("\n") if line.startswith(heads)]
    return [sample for sample in parse_page("\n".join(lines)) if sample.name in heads]


def offsets(worker: Worker) -> dict[Place, int]:
    """The next offset of each partition that a worker shows."""
    return {(sample.labels["topic"], int(sample.labels["partition"])): round(sample.value)
            for sample in some(worker, [NEXT_OFFSET])}


def shown(workers: Iterable[Worker]) -> dict[Place, list[int]]:
    """The next offsets of each partition on all pages: more than one while two workers show it."""
    found: dict[Place, list[int]] = {}
    for worker in workers:
        for place, offset in offsets(worker).items():
            found.setdefault(place, []).append(offset)
    return found


def counted(workers: Iterable[Worker]) -> int:
    """How many records the pages contain, each partition once."""
    return sum(max(offsets) for offsets in shown(workers).values())
