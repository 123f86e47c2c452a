"""How cost grows with open cases, partitions and workers: a steady load on a state, then kill -9 of one worker."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path
from random import Random

from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from benchmarks import log
from benchmarks.events import BEGINNING, PAC, SEED, Step, encode, open_dossiers
from benchmarks.running import ROOT, BenchError, Running
from schemas.catalogue import load_feeds
from schemas.feed import Feed
from schemas.reference import Reference, load_reference

Fresh = Callable[[str], AbstractContextManager[tuple[str, Path]]]
"""A fresh broker for a name: its address, and a folder."""

STATE_TOPIC = "bench.state.scale"
A_SECOND = 200
BURST = 500
LOAD_SECONDS = 12
PATIENCE_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Shape:
    """What is measured: open cases, partitions of each topic, workers."""

    cases: int
    partitions: int
    workers: int

    def __str__(self) -> str:
        return f"{self.cases:,} cases, {self.partitions} partitions, {self.workers} workers"


@dataclass(frozen=True, slots=True)
class Scaled:
    """What one shape took.

    Attributes:
        cpu: seconds of all workers per second, under the load.
        written: bytes of snapshots per second, as stored in values.
        state: bytes of all snapshots, blocks included.
        rss_mb: resident memory of all workers together.
        recovery: seconds from kill -9 of one worker until the pages show what was sent since.

    There is one only if the pages gave every event sent once, before the kill, after it, and a while later.
    """

    shape: Shape
    cpu: float
    written: float
    state: float
    rss_mb: float
    recovery: float


Found = dict[str, list[Scaled | tuple[Shape, str]]]
"""By what is varied; where a shape did not come to its end, what was seen."""


class Clock:
    """Says what each part of a shape took: where the minutes of a whole run go."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say, self._since = say, time.monotonic()

    def lap(self, what: str) -> None:
        """The part up to here is done."""
        before, self._since = self._since, time.monotonic()
        self._say(f"  {self._since - before:5.1f} s until {what}")


class Bed:
    """A broker with so many open cases stored, and a way to send events about them."""

    def __init__(self, broker: str, folder: Path, shape: Shape, reference: Reference, feed: Feed) -> None:
        self.broker, self.folder, self.shape, self.feed = broker, folder, shape, feed
        log.make_topics(broker, [STATE_TOPIC], shape.partitions)
        self.cases: list[bytes] = []
        asyncio.run(log.write(broker, self._opened(reference)))
        self.producer = KafkaProducer(bootstrap_servers=broker, linger_ms=5)
        self.random, self.numbers, self.sent = Random(SEED), count(), shape.cases

    def _opened(self, reference: Reference) -> Iterator[log.Placed]:
        for record in open_dossiers(reference, {self.feed.name: self.feed}, self.shape.cases):
            self.cases.append(record.key)
            yield log.Placed(self.feed.topic, self._place(record.key), record.key, record.value)

    def _place(self, key: bytes) -> int:
        return log.partition_of(key, self.shape.partitions)

    def send(self, number: int) -> None:
        """Events of cases drawn at random, later than all before."""
        for _ in range(number):
            key, place = self.random.choice(self.cases), next(self.numbers)
            at = BEGINNING + (self.shape.cases + place) * 1000
            step = Step(at, self.feed.name, "assigned", PAC, "commune", {"dossier_id": key.decode()})
            self.producer.send(self.feed.topic, encode(step, self.feed, f"scale-{place:09d}"), key=key,
                               partition=self._place(key))
        self.producer.flush()
        self.sent += number

    def load(self, seconds: float) -> None:
        """A steady load for so long."""
        end, step = time.monotonic() + seconds, 0.1
        while time.monotonic() < end:
            due = time.monotonic() + step
            self.send(int(A_SECOND * step))
            time.sleep(max(0.0, due - time.monotonic()))

    def ends(self) -> dict[TopicPartition, int]:
        """Where the state topic ends."""
        reader = KafkaConsumer(bootstrap_servers=self.broker)
        try:
            found = reader.end_offsets([TopicPartition(STATE_TOPIC, each) for each in range(self.shape.partitions)])
            return dict(found)
        finally:
            reader.close()

    def written(self, since: dict[TopicPartition, int], until: dict[TopicPartition, int]) -> int:
        """Bytes of the snapshots between."""
        reader = KafkaConsumer(bootstrap_servers=self.broker, enable_auto_commit=False, auto_offset_reset="earliest")
        total = 0
        try:
            reader.assign(list(since))
            for place, offset in since.items():
                reader.seek(place, offset)
            while any(reader.position(place) < end for place, end in until.items()):
                for place, records in reader.poll(200).items():
                    total += sum(len(each.value or b"") for each in records if each.offset < until[place])
        finally:
            reader.close()
        return total

    def worker(self) -> Running:
        """Another worker of the group."""
        return Running(self.broker, self.folder, group="bench-scale", state_topic=STATE_TOPIC,
                       settings={"IOC_PARTITIONS": str(self.shape.partitions)})

    def shown(self, workers: list[Running]) -> tuple[float, float]:
        """(records counted, cases open), on all pages."""
        pages = [worker.page() for worker in workers]
        return (sum(page.total("ioc_feed_records", fate="accepted") for page in pages),
                sum(page.total("ioc_dossier_open") for page in pages))

    def is_shown(self, workers: list[Running]) -> bool:
        """Whether every event sent counts, once."""
        return self.shown(workers) == (self.sent, self.shape.cases)

    def until_shown(self, workers: list[Running], pause: float) -> None:
        """Waits for that."""
        workers[0].until(lambda: self.is_shown(workers), PATIENCE_SECONDS, pause)


def scale(bed: Bed, seconds: float, clock: Clock) -> Scaled:
    """Measures one shape."""
    with ExitStack() as stack:
        workers = [stack.enter_context(bed.worker()) for _ in range(bed.shape.workers)]
        bed.until_shown(workers, 0.5)
        clock.lap("they are counted")
        before, since, begun = sum(worker.cpu() for worker in workers), bed.ends(), time.monotonic()
        bed.load(seconds)
        took, until = time.monotonic() - begun, bed.ends()
        cpu = (sum(worker.cpu() for worker in workers) - before) / took
        rss = sum(worker.seen.memory_info().rss for worker in workers) / 1e6
        bed.until_shown(workers, 0.5)
        clock.lap("the load was borne")
        state = sum(worker.page().total("ioc_snapshot_bytes") for worker in workers)
        killed = workers.pop(0)
        killed.process.kill()
        killed.process.wait()
        begun = time.monotonic()
        workers.append(stack.enter_context(bed.worker()))
        bed.send(BURST)
        bed.until_shown(workers, 0.05)
        recovery = time.monotonic() - begun
        clock.lap("the killed one is replaced")
        written = bed.written(since, until) / took
        bed.producer.close()
        bed.until_shown(workers, 0.5)
        return Scaled(bed.shape, cpu, written, state, rss, recovery)


def shapes(*, is_quick: bool) -> dict[str, list[Shape]]:
    """What is varied, and the shapes of it; one shape stands in every table, and is measured once."""
    if is_quick:
        return {"cases": [Shape(2000, 4, 1), Shape(40_000, 4, 1)], "workers": [Shape(2000, 4, 1), Shape(2000, 4, 2)]}
    return {"cases": [Shape(number, 16, 1) for number in (10_000, 100_000, 1_000_000)],
            "partitions": [Shape(100_000, number, 1) for number in (1, 4, 16, 64)],
            "workers": [Shape(100_000, 16, number) for number in (1, 2, 4)]}


def measured(fresh: Fresh, say: Callable[[str], None], *, is_quick: bool) -> Found:
    """Every shape once, on a broker of its own; one that does not come to its end says why."""
    reference = load_reference(ROOT / "reference")
    feed = next(feed for feed in load_feeds() if feed.name == "dossier")
    wanted = shapes(is_quick=is_quick)
    found = {shape: _one(fresh, shape, reference, feed, 5 if is_quick else LOAD_SECONDS, say)
             for shape in dict.fromkeys(chain.from_iterable(wanted.values()))}
    return {name: [found[shape] for shape in each] for name, each in wanted.items()}


def _one(fresh: Fresh, shape: Shape, reference: Reference, feed: Feed, seconds: float,
         say: Callable[[str], None]) -> Scaled | tuple[Shape, str]:
    clock = Clock(say)
    with fresh(f"scale, {shape}") as (broker, folder):
        clock.lap("the broker is there")
        try:
            bed = Bed(broker, folder, shape, reference, feed)
            clock.lap("the cases are stored")
            found = scale(bed, seconds, clock)
        except BenchError as error:
            say(f"{shape}: {error}")
            return shape, str(error).partition(":")[0]
    clock.lap("all is ended")
    say(f"{found}")
    return found
