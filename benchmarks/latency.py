"""From the acknowledgement of a publish to /metrics, under a steady load: what an official waits for a number."""

import threading
import time
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from random import Random
from statistics import median, quantiles

from kafka import KafkaProducer

from benchmarks import events, log
from benchmarks.running import ROOT, BenchError, Page, Running
from schemas.catalogue import load_feeds
from schemas.reference import Reference, load_reference

POLL_SECONDS = 0.02
PACE_STEP_SECONDS = 0.01
MARKERS_A_SECOND = 4
MARKER = "probe"


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds from before the publish until a page showed it; `page_ms` is how long a page took, median."""

    samples: int
    pace: float
    p50: float
    p99: float
    largest: float
    page_ms: float


class Load(threading.Thread):
    """Publishes records at a steady pace."""

    def __init__(self, producer: KafkaProducer, found: list[events.Record], a_second: int) -> None:
        super().__init__(name="load", daemon=True)
        self.producer, self.found, self.a_second = producer, found, a_second
        self.topics = log.topics_of_feeds()
        self.stopping = threading.Event()
        self.sent = 0

    def run(self) -> None:
        """Sends what is due, a few at a time."""
        begun = time.monotonic()
        while not self.stopping.wait(PACE_STEP_SECONDS):
            due = min(len(self.found), int((time.monotonic() - begun) * self.a_second))
            for record in self.found[self.sent:due]:
                self.producer.send(self.topics[record.feed], record.value, key=record.key)
            self.sent = due


class Probe(threading.Thread):
    """Publishes markers now and then: events of a dossier of its own, whose place the broker tells."""

    def __init__(self, producer: KafkaProducer, reference: Reference, seconds: float) -> None:
        super().__init__(name="probe", daemon=True)
        self.producer, self.seconds = producer, seconds
        self.world = events.World(reference, int(time.time() * 1000))
        self.feeds = {feed.name: feed for feed in load_feeds()}
        self.waiting: dict[tuple[str, int, int], float] = {}
        self.lock = threading.Lock()
        self.is_done = False

    def run(self) -> None:
        """One after the other, at irregular intervals."""
        random, write, end = Random(events.SEED), events.writer(self.feeds), time.monotonic() + self.seconds
        while time.monotonic() < end:
            time.sleep(random.uniform(0.2, 1.8) / MARKERS_A_SECOND)
            step = next(events.dossier(self.world, random, int(time.time() * 1000)))
            record = write(step._replace(data={**step.data, "dossier_id": f"{MARKER}-{random.randrange(16**8):08x}"}))
            sent = time.monotonic()
            place = self.producer.send(self.feeds["dossier"].topic, record.value, key=record.key).get(timeout=10)
            with self.lock:
                self.waiting[place.topic, place.partition, place.offset] = sent
        self.is_done = True

    def seen(self, page: Page, now: float) -> list[float]:
        """Latencies of the markers that a page shows for the first time."""
        shown = {(labels["topic"], int(labels["partition"])): value
                 for labels, value in page.samples("ioc_next_offset")}
        with self.lock:
            there = [place for place in self.waiting if shown.get(place[:2], 0) > place[2]]
            return [now - self.waiting.pop(place) for place in there]


def latency(broker: str, folder: Path, *, a_second: int, seconds: float) -> Latency:
    """Runs one worker under load and asks its page all the time."""
    reference, feeds = load_reference(ROOT / "reference"), {feed.name: feed for feed in load_feeds()}
    log.make_topics(broker, ["bench.state.latency"])
    number = int(a_second * seconds)
    begun = int(time.time() * 1000) - 12 * events.HOUR  # so many events happen in less than that
    found = list(islice(events.records(reference, feeds, since=begun - begun % events.MINUTE), number))
    producer = KafkaProducer(bootstrap_servers=broker, linger_ms=5)
    try:
        with Running(broker, folder, group="bench-latency", state_topic="bench.state.latency") as worker:
            worker.until(worker.has_begun, 60, 0.05)
            return _measured(worker, Load(producer, found, a_second), Probe(producer, reference, seconds), seconds)
    finally:
        producer.close()


def _measured(worker: Running, load: Load, probe: Probe, seconds: float) -> Latency:
    load.start()
    time.sleep(2)
    probe.start()
    found: list[float] = []
    pages: list[float] = []
    end = time.monotonic() + seconds + 30
    while not probe.is_done or probe.waiting:
        asked = time.monotonic()
        if asked > end:
            raise BenchError(f"{len(probe.waiting)} markers were never shown")
        page = worker.page()
        now = time.monotonic()
        pages.append(now - asked)
        found += probe.seen(page, now)
        time.sleep(POLL_SECONDS)
    load.stopping.set()
    load.join()
    pace = min(load.a_second, load.sent / seconds)
    return Latency(len(found), pace, median(found), quantiles(found, n=100)[98], max(found), median(pages) * 1000)
