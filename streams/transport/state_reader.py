"""Reads the compacted state topic from its start to its present end; raises, never guesses. Not what a state means."""

import asyncio
import logging
import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple, TypeVar

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import CorruptRecordException, KafkaError
from kafka.admin import KafkaAdminClient

from schemas.errors import CompatibilityError, SnapshotError
from streams.transport.patience import while_it_gets_on

READ_SECONDS = 20.0
READS = 3
"""Of the whole topic, when checksums are wrong: bytes may be hurt on their way, and are good on the disk."""

POLL_MILLISECONDS = 200
FETCH_BYTES = 8 << 20

log = logging.getLogger(__name__)


class StateRecord(NamedTuple):
    """One record of the state topic; `value` None is a tombstone."""

    partition: int
    offset: int
    key: bytes
    value: bytes | None


Kept = TypeVar("Kept")
Choose = Callable[[Kept | None, StateRecord], Kept | None]


async def read_state(brokers: str, topic: str, partitions: Iterable[int], *,
                     choose: Choose[Kept], seconds: float = READ_SECONDS,
                     got_on: Callable[[], None] = lambda: None) -> dict[int, dict[bytes, Kept]]:
    """For each partition and key what `choose` made of its records, from the log's start to the end noted now.

    `choose` is called in the order of offsets with what is kept of the key so far (None at first) and the next record,
    and answers what is kept from now on; None drops the key. What it raises ends the reading. `got_on` is called
    whenever more of it has been read.

    Raises:
        SnapshotError: the broker gives nothing more of it for `seconds`, the position is not where it was put, or a
            record has no key.
    """
    wanted = sorted(set(partitions))
    if not wanted:
        return {}

    async def read(more: Callable[[], None]) -> dict[int, dict[bytes, Kept]]:
        def both() -> None:
            more()
            got_on()

        return await _read_whole(brokers, topic, wanted, choose, int(seconds * 1000), both)

    try:
        return await while_it_gets_on(read, seconds)
    except TimeoutError as error:
        raise SnapshotError(f"nothing more of the state topic {topic} was read for {seconds:.0f} s; see the broker"
                            ) from error
    except KafkaError as error:
        raise SnapshotError(f"the state topic {topic} cannot be read: {error!r}") from error


async def _read_whole(brokers: str, topic: str, partitions: Iterable[int], choose: Choose[Kept],
                      patience_ms: int, got_on: Callable[[], None]) -> dict[int, dict[bytes, Kept]]:
    """Reads with a reader of its own, and anew with another when a checksum is wrong: this one has moved past it."""
    for attempts in reversed(range(READS)):
        kept: dict[int, dict[bytes, Kept]] = {partition: {} for partition in partitions}
        reader = AIOKafkaConsumer(bootstrap_servers=brokers, enable_auto_commit=False, auto_offset_reset="none",
                                  isolation_level="read_committed", max_partition_fetch_bytes=FETCH_BYTES,
                                  fetch_max_wait_ms=POLL_MILLISECONDS, request_timeout_ms=patience_ms)
        try:
            await reader.start()
            await _read(reader, [TopicPartition(topic, partition) for partition in kept], kept, choose, got_on)
        except CorruptRecordException as error:
            if not attempts:
                raise
            log.warning("the state topic %s is read anew: %r", topic, error)
        else:
            return kept
        finally:
            await reader.stop()
    raise AssertionError("the last attempt answers or raises")


async def bounds(brokers: str, partitions: Iterable[tuple[str, int]]) -> dict[tuple[str, int], tuple[int, int]]:
    """Where each log starts and ends, asked over a connection of its own: no fetch that waits stands before it.

    Raises:
        KafkaError, TimeoutError: the broker does not answer.
    """
    wanted = [TopicPartition(*partition) for partition in partitions]
    reader = AIOKafkaConsumer(bootstrap_servers=brokers, enable_auto_commit=False, auto_offset_reset="none")
    try:
        async with asyncio.timeout(READ_SECONDS):
            await reader.start()
            first, last = await asyncio.gather(reader.beginning_offsets(wanted), reader.end_offsets(wanted))
    finally:
        await reader.stop()
    return {(tp.topic, tp.partition): (first[tp], last[tp]) for tp in wanted}


async def _read(reader: AIOKafkaConsumer, partitions: list[TopicPartition], kept: Mapping[int, dict[bytes, Kept]],
                choose: Choose[Kept], got_on: Callable[[], None]) -> None:
    reader.assign(partitions)
    ends = await reader.end_offsets(partitions)
    await _seek_to_start(reader, partitions)
    positions: list[int] = []
    while True:
        before, positions = positions, [await reader.position(tp) for tp in partitions]
        if all(position >= ends[tp] for tp, position in zip(partitions, positions, strict=True)):
            return  # by position, not by record count: compaction and control records leave offsets without records
        if positions != before:
            got_on()
        for tp, records in (await reader.getmany(timeout_ms=POLL_MILLISECONDS)).items():
            for record in records:
                _keep(kept[tp.partition], StateRecord(tp.partition, record.offset, record.key, record.value), choose)


async def _seek_to_start(reader: AIOKafkaConsumer, partitions: list[TopicPartition]) -> None:
    """Puts the reader at the start of each log by an explicit offset.

    aiokafka's seek_to_beginning() right after assign() races with its own reset and may end up at the end: an empty
    state that looks like none.
    """
    for tp, first in (await reader.beginning_offsets(partitions)).items():
        reader.seek(tp, first)
        position = await reader.position(tp)
        if position != first:
            raise SnapshotError(f"the reader of {tp.topic}/{tp.partition} stands at {position} instead of {first}")


def _keep(keys: dict[bytes, Kept], record: StateRecord, choose: Choose[Kept]) -> None:
    if record.key is None:
        raise SnapshotError(f"the record at offset {record.offset} of state partition {record.partition} has no key")
    chosen = choose(keys.get(record.key), record)
    if chosen is None:
        keys.pop(record.key, None)
    else:
        keys[record.key] = chosen


def topic_ids(brokers: str, topics: Iterable[str]) -> dict[str, str]:
    """The id of each topic, which changes when a topic is made anew under its old name. Blocks: call it in a thread.

    Raises:
        CompatibilityError: a topic does not exist, or the broker tells no ids.
        KafkaError: of kafka-python: the broker does not answer.
    """
    wanted = sorted(set(topics))
    admin = KafkaAdminClient(bootstrap_servers=brokers)
    try:
        found = {topic["name"]: topic for topic in admin.describe_topics(wanted)}
    finally:
        admin.close()
    return {name: _topic_id(name, found.get(name, {}).get("topic_id")) for name in wanted}


def _topic_id(name: str, identity: object) -> str:
    if not identity or uuid.UUID(str(identity)).int == 0:
        raise CompatibilityError(f"the broker knows no topic {name} with an id; make it with `ioc topics` "
                                 f"(Kafka 2.8 or later)")
    return str(identity)
