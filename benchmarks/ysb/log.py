"""The stored log of the Yahoo Streaming Benchmark: generated once, whole and as beginnings for the slow; its truth."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from kafka.admin import KafkaAdminClient

from benchmarks import log
from benchmarks.running import ROOT
from benchmarks.ysb import events
from schemas.catalogue import find_feed
from schemas.feed import Feed
from streams.operations import topics
from streams.settings import Settings

FEEDS = ROOT / "benchmarks/ysb/feeds"
PARTITIONS = 4


@dataclass(frozen=True, slots=True)
class Stored:
    """The log: how many events, how large they are on average, and by length of the beginning what it comes to."""

    events: int
    mean_bytes: float
    truth: Mapping[int, Mapping[str, Any]]


def feed() -> Feed:
    """The declared feed."""
    return find_feed("ysb", str(FEEDS))


def topic_of(number: int, whole: int, of: Feed | None = None) -> str:
    """The topic of a beginning, of the log of this feed or of another; the whole is where our worker reads it."""
    topic = (of or feed()).topic
    return topic if number == whole else f"{topic}.first{number}"


def make_topics(broker: str, state_topics: Iterable[str], others: Iterable[str], of: Feed | None = None) -> None:
    """The topic of this feed or of another, which our worker reads, those of its state, and others set as the first."""
    declared = of or feed()
    wanted: dict[str, topics.Topic] = {}
    for name in state_topics:
        settings = Settings(brokers=broker, state_topic=name, partitions=PARTITIONS)
        wanted |= {topic.name: topic for topic in topics.plan(settings, [declared])}
    for name in others:
        wanted[name] = replace(wanted[declared.topic], name=name)
    admin = KafkaAdminClient(bootstrap_servers=broker)
    try:
        topics.create(admin, list(wanted.values()))
    finally:
        admin.close()


async def store(broker: str, whole: int, beginnings: Iterable[int]) -> Stored:
    """Writes the log and its beginnings in one pass; the records have no key and take the partitions in turn."""
    lengths = sorted({whole, *beginnings})
    seen = Counter[str]()
    truth: dict[int, Mapping[str, int]] = {}
    size = 0

    def placed() -> Iterator[log.Placed]:
        nonlocal size
        for place, value in enumerate(events.records(whole)):
            size += len(value)
            events.recount(value, seen)
            for number in lengths:
                if place < number:
                    yield log.Placed(topic_of(number, whole), place % PARTITIONS, None, value)
            if place + 1 in lengths:
                truth[place + 1] = dict(seen)

    await log.write(broker, placed())
    return Stored(whole, size / whole, truth)
