"""What the broker holds of the workers' state: snapshots by their heads, and what the group has committed."""

import json
from collections.abc import Iterable, Mapping
from contextlib import closing
from typing import Final

from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient

from streams.publisher import BOOTSTRAP_MS, Record, connect, written
from tools.faults.bed import GROUP, Bed
from tools.faults.watch import Place

STATE: Final = "ioc.state.v1"


def snapshots(bed: Bed) -> list[tuple[Place, int, Record]]:
    """Place, next offset and record of every snapshot that still stands in the state topic, in their order."""
    found = []
    for record in written(bed.broker.address, STATE):
        if record.key is not None and record.value is not None and record.key.count(b"/") == 1:  # no block
            topic, _, number = record.key.decode().rpartition("/")
            head = json.loads(record.value.partition(b"\n")[0])
            found.append(((topic, int(number)), int(head["next_offset"]), record))
    return found


def durable(bed: Bed) -> dict[Place, int]:
    """Up to where each partition is contained in a snapshot."""
    highest: dict[Place, int] = {}
    for place, offset, _ in snapshots(bed):
        highest[place] = max(offset, highest.get(place, 0))
    return highest


def committed(brokers: str, topics: Iterable[str] = ()) -> dict[Place, int]:
    """What the group has committed, of some topics or of all."""
    admin = connect(KafkaAdminClient, brokers, bootstrap_timeout_ms=BOOTSTRAP_MS)
    try:
        found = admin.list_group_offsets([GROUP])[GROUP]
    finally:
        admin.close()
    wanted = set(topics)
    return {(place.topic, place.partition): entry.offset for place, entry in found.items()
            if (not wanted or place.topic in wanted) and entry.offset > 0}


def beyond(bed: Bed) -> list[str]:
    """Where the group has committed what no snapshot contains: it was acknowledged before it was durable."""
    have = durable(bed)
    return [f"{topic}/{number} is committed up to {offset}, the newest snapshot contains {have.get((topic, number), 0)}"
            for (topic, number), offset in committed(bed.broker.address).items()
            if offset > have.get((topic, number), 0)]


def alter(brokers: str, topic: str, settings: Mapping[str, str]) -> None:
    """Changes settings of a topic."""
    with closing(connect(KafkaAdminClient, brokers, bootstrap_timeout_ms=BOOTSTRAP_MS)) as admin:
        admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, configs=dict(settings))])
