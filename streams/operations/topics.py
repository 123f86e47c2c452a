"""`ioc topics`: makes the topics of every feed and the state topic, and checks those that exist.

It never changes a topic that is there: a difference is said in one sentence, with the command that mends it.
"""

import argparse
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient, NewTopic
from kafka.errors import KafkaError, TopicAlreadyExistsError

from schemas.catalogue import load_feeds
from schemas.feed import Feed
from streams.publisher import BOOTSTRAP_MS, OVERHEAD, PublishError, connect, largest_record
from streams.settings import Settings

DEAD_BYTES: Final = 4_194_304
STATE_BYTES: Final = 17_000_000


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic as it shall be."""

    name: str
    partitions: int
    replication: int
    config: Mapping[str, str]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb has no arguments: everything it needs is a setting."""
    parser.epilog = "Uses IOC_BROKERS, IOC_PARTITIONS, IOC_REPLICATION, IOC_STATE_TOPIC, IOC_MAX_EVENT_BYTES."


def run(settings: Settings, _args: argparse.Namespace) -> int:
    """Make what is missing, check what is there; 1 if something there differs."""
    wanted = plan(settings, load_feeds(settings.feeds))
    admin = connect(KafkaAdminClient, settings.brokers, bootstrap_timeout_ms=BOOTSTRAP_MS)
    try:
        return provision(admin, wanted)
    except KafkaError as error:
        raise PublishError(f"the broker at {settings.brokers} refuses: {error}") from error
    finally:
        admin.close()


def plan(settings: Settings, feeds: Iterable[Feed]) -> list[Topic]:
    """Every topic there shall be: two a feed, and the state topic."""
    shape = (settings.partitions, settings.replication)
    safe = {"min.insync.replicas": "2"} if settings.replication >= 3 else {}
    event_bytes = largest_record(settings.max_event_bytes)
    dead_bytes = max(DEAD_BYTES, event_bytes + OVERHEAD)
    topics: list[Topic] = []
    for feed in feeds:
        topics += (Topic(feed.topic, *shape, {**kept_for_ever(event_bytes), **safe}),
                   Topic(feed.dead_letter_topic, *shape, {**kept_for_ever(dead_bytes), **safe}))
    state_bytes = max(STATE_BYTES, settings.snapshot_limit_bytes + 1_000_000)
    return [*topics, Topic(settings.state_topic, *shape, {**compacted(state_bytes), **safe})]


def kept_for_ever(largest: int) -> dict[str, str]:
    """Config of a topic that keeps everything, stamped by the broker."""
    return {"cleanup.policy": "delete", "message.timestamp.type": "LogAppendTime", "retention.ms": "-1",
            "retention.bytes": "-1", "max.message.bytes": str(largest)}


def compacted(largest: int) -> dict[str, str]:
    """Config of the state topic: small segments, cleaned early, so that a start reads little.

    Its stamps tell workers the broker's time.
    """
    return {"cleanup.policy": "compact", "message.timestamp.type": "LogAppendTime", "segment.bytes": "33554432",
            "segment.ms": "600000", "min.cleanable.dirty.ratio": "0.1", "max.message.bytes": str(largest)}


def provision(admin: Any, wanted: Iterable[Topic], say: Callable[[str], None] = print) -> int:
    """Make the missing, compare the rest; 1 if something differs."""
    wanted = list(wanted)
    there = {topic["name"]: len(topic["partitions"]) for topic in admin.describe_topics()}
    missing = [topic for topic in wanted if topic.name not in there]
    made = create(admin, missing) if missing else []
    for topic in made:
        say(f"{topic.name}: made, {topic.partitions} partitions, {topic.replication} copies")
    raced = [topic for topic in missing if topic not in made]  # somebody else was faster: look at theirs
    there |= {topic["name"]: len(topic["partitions"]) for topic in
              (admin.describe_topics([topic.name for topic in raced]) if raced else ())}
    faults = list(differences(admin, [topic for topic in wanted if topic not in made], there, say))
    for fault in faults:
        say(fault)
    return 1 if faults else 0


def create(admin: Any, topics: list[Topic]) -> list[Topic]:
    """Make topics and wait until each has its leaders; those that somebody else made meanwhile are left out."""
    made = []
    for topic in topics:
        try:
            new = NewTopic(topic.name, topic.partitions, topic.replication, topic_configs=dict(topic.config))
            admin.create_topics([new])
        except TopicAlreadyExistsError:
            continue
        made.append(topic)
    admin.wait_for_topics([topic.name for topic in topics], timeout_ms=30_000)
    return made


def differences(admin: Any, topics: list[Topic], there: Mapping[str, int], say: Callable[[str], None]) -> Iterator[str]:
    """What an existing topic has that it should not have, a sentence each."""
    if not topics:
        return
    resources = [ConfigResource(ConfigResourceType.TOPIC, topic.name) for topic in topics]
    found = admin.describe_configs(resources, config_filter="all")["topic"]
    for topic in topics:
        config = {name: entry["value"] for name, entry in found[topic.name].items()}
        faults = list(compare(topic, there[topic.name], config))
        yield from faults
        if not faults:
            say(f"{topic.name}: there, {there[topic.name]} partitions")


def compare(topic: Topic, partitions: int, config: Mapping[str, str]) -> Iterator[str]:
    """The differences of one topic; a larger message size than needed is none."""
    if partitions != topic.partitions:
        yield (f"{topic.name} has {partitions} partitions instead of {topic.partitions}: set "
               f"IOC_PARTITIONS={partitions} or make the topic anew; the number of a living topic must not change, "
               f"entities would move")
    for name, value in topic.config.items():
        has = config.get(name)
        if has == value or (name == "max.message.bytes" and has is not None and int(has) >= int(value)):
            continue
        yield (f"{topic.name} has {name}={has} instead of {value}: kafka-configs.sh --alter --topic {topic.name} "
               f"--add-config {name}={value}")
