"""The stored log: the events once on the broker, in the topics of the feeds, their beginnings again for the slow."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, NamedTuple

from aiokafka import AIOKafkaProducer
from kafka.admin import KafkaAdminClient
from kafka.partitioner import murmur2

from benchmarks.events import Record
from schemas.catalogue import load_feeds
from streams.operations import topics
from streams.settings import Settings

ROOM = 900_000
CODEC = "zstd"


def settings_for(broker: str, state_topic: str = "ioc.state.v1", partitions: int = 6) -> Settings:
    """The settings of a worker that matter for topics."""
    return Settings(brokers=broker, state_topic=state_topic, partitions=partitions)


def make_topics(broker: str, state_topics: Iterable[str], partitions: int = 6) -> None:
    """Every topic of the feeds, and state topics, one for each run."""
    wanted: dict[str, topics.Topic] = {}
    for name in state_topics:
        wanted |= {topic.name: topic for topic in topics.plan(settings_for(broker, name, partitions), load_feeds())}
    _create(broker, list(wanted.values()))


def make_prefix_topics(broker: str, number: int) -> dict[str, str]:
    """The topics of a prefix of so many events, set as those of the feeds; answers feed to topic."""
    by_name = {topic.name: topic for topic in topics.plan(settings_for(broker), load_feeds())}
    names = {feed.name: f"{prefix_of(number)}{feed.name}" for feed in load_feeds()}
    _create(broker, [replace(by_name[feed.topic], name=names[feed.name]) for feed in load_feeds()])
    return names


def prefix_of(number: int) -> str:
    """What stands before the feed in the name of such a topic."""
    return f"bench.first{number}."


def _create(broker: str, wanted: list[topics.Topic]) -> None:
    admin = KafkaAdminClient(bootstrap_servers=broker)
    try:
        topics.create(admin, wanted)
    finally:
        admin.close()


def topics_of_feeds() -> dict[str, str]:
    """Feed to its topic."""
    return {feed.name: feed.topic for feed in load_feeds()}


@lru_cache(maxsize=1 << 16)
def partition_of(key: bytes, partitions: int) -> int:
    """Where the usual partitioner of Kafka puts a key."""
    return int((murmur2(key) & 0x7FFFFFFF) % partitions)


class Placed(NamedTuple):
    """A record and where it goes."""

    topic: str
    partition: int
    key: bytes | None
    value: bytes


async def store(broker: str, records: Sequence[Record], topic_of: dict[str, str], partitions: int) -> Counter[str]:
    """Writes records of feeds, each where its key puts it; answers how many of each feed."""
    await write(broker, (Placed(topic_of[record.feed], partition_of(record.key, partitions), record.key, record.value)
                         for record in records))
    return Counter(record.feed for record in records)


async def write(broker: str, records: Iterable[Placed]) -> None:
    """Writes records in full batches, in the order of each partition."""
    producer = AIOKafkaProducer(bootstrap_servers=broker, compression_type=CODEC, max_batch_size=ROOM,
                                max_request_size=4 * ROOM, enable_idempotence=True)
    await producer.start()
    open_batches: dict[tuple[str, int], Any] = {}
    try:
        for record in records:
            place = record.topic, record.partition
            batch = open_batches.setdefault(place, None) or producer.create_batch()
            open_batches[place] = batch
            if batch.append(timestamp=None, key=record.key, value=record.value) is None:
                await _send(producer, batch, place)
                batch = open_batches[place] = producer.create_batch()
                batch.append(timestamp=None, key=record.key, value=record.value)
        for place, batch in open_batches.items():
            await _send(producer, batch, place)
    finally:
        await producer.stop()


async def _send(producer: Any, batch: Any, place: tuple[str, int]) -> None:
    batch.close()
    await (await producer.send_batch(batch, place[0], partition=place[1]))
