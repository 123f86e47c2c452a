"""aiokafka's fetch buffer -> Batch: the fast way, which makes no ConsumerRecord, and the simple way; equal by test.

Faust's own path makes several objects for each record; here the records of one partition and fetch stay plain lists.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Any

from aiokafka import TopicPartition
from aiokafka.consumer import fetcher
from aiokafka.consumer.fetcher import READ_COMMITTED, FetchResult, PartitionRecords
from aiokafka.errors import CorruptRecordException

from streams.engine.batch import Batch
from streams.transport.unpacking import Kept, Rest, records_of

LOG_APPEND_TIME = 1
"""The type of the timestamps of a Kafka batch whose records all carry the moment at which the broker took it."""

Drain = Callable[[FetchResult, int | None], Batch | None]


def keep_packed() -> None:
    """Lets aiokafka keep the bytes of what it fetches, for the fast drain: it unpacks in pieces what may be huge."""
    fetcher.MemoryRecords = Kept


def release(entry: Any) -> None:
    """Breaks the cycle PartitionRecords -> its generator -> the generator's frame -> PartitionRecords.

    aiokafka breaks it only when the generator is read to its end, which the fast drain never does: the raw bytes of
    each fetch would live until the cyclic collector comes. `entry`: a FetchResult or a FetchError.
    """
    records = getattr(entry, "_partition_records", None)
    if records is not None:
        records._records_iterator = None


class Fetched(OrderedDict[TopicPartition, Any]):
    """The fetcher's buffer, from which also a fetch dropped unread (rebalance, seek) is freed at once."""

    def __delitem__(self, key: TopicPartition) -> None:
        release(self[key])
        super().__delitem__(key)

    def clear(self) -> None:
        """Drops all fetches."""
        for entry in self.values():
            release(entry)
        super().clear()


def drain_simple(fetch: FetchResult, max_records: int | None) -> Batch | None:
    """The next records of a fetch, packed from the ConsumerRecords that aiokafka makes; None when there are none.

    What the batch covers is read from the position before and after: a batch that began at its first record would look
    like a hole wherever compaction or a transaction marker left offsets without records.
    """
    partition = fetch._topic_partition
    if not fetch.check_assignment(partition) or not fetch.has_more():
        return None
    state = fetch._assignment.state_value(partition)
    first = state.position
    records = fetch.getall(max_records)
    batch = _empty(partition, first)
    batch.next_offset = state.position
    batch.offsets = [record.offset for record in records]
    batch.timestamps = [record.timestamp for record in records]
    batch.keys = [record.key for record in records]
    batch.values = [record.value for record in records]
    return batch if records or batch.next_offset != first else None


def drain_fast(fetch: FetchResult, max_records: int | None) -> Batch | None:
    """The next records of a fetch, read without ConsumerRecords; None when there are none.

    Does what PartitionRecords._unpack_records does, but takes whole Kafka batches, so that `max_records` may be
    exceeded by one of them.

    Raises:
        CorruptRecordException: a checksum is wrong; the position stays, and the partition is fetched again.
    """
    release(fetch)
    if not fetch.check_assignment(fetch._topic_partition) or not fetch.has_more():
        return None
    records = fetch._partition_records
    batch = _empty(fetch._topic_partition, records.next_fetch_offset)
    try:
        exhausted = _read(records, batch, max_records)
    except Exception:
        # the iterator over Kafka batches has moved on: kept, it would lose what this call has read
        fetch._partition_records = None
        raise
    records.next_fetch_offset = batch.next_offset
    fetch._update_position()
    if exhausted:
        fetch._partition_records = None
    return batch if batch.next_offset > batch.first else None


def _empty(partition: TopicPartition, first: int) -> Batch:
    return Batch(partition.topic, partition.partition, first, first, [], [], [], [])


def _read(records: PartitionRecords, batch: Batch, max_records: int | None) -> bool:
    """Reads Kafka batches until `max_records` are exceeded; answers whether the fetch is exhausted.

    One that unpacks to very much is read a portion a call.
    """
    kept = records._records if type(records._records) is Kept else None
    if kept and kept.rest:
        return _read_rest(batch, kept, kept.rest)
    while records._records.has_next():
        stored = records._records.next_batch()
        if records._check_crcs and not stored.validate_crc():
            raise CorruptRecordException(f"Invalid CRC - {records._tp}")
        if not _is_aborted(records, stored) and not stored.is_control_batch:
            if kept and stored.compression_type:
                unpacked = records_of(stored, kept)
                if isinstance(unpacked, Rest):
                    kept.rest = unpacked
                    return _read_rest(batch, kept, unpacked)
                _append(batch, stored, unpacked)
            else:
                _append(batch, stored, stored)
        # compaction may have removed the last records, but their offsets are covered all the same
        batch.next_offset = stored.next_offset
        if max_records is not None and len(batch.values) >= max_records:
            break
    return not records._records.has_next()


def _read_rest(batch: Batch, kept: Kept, rest: Rest) -> bool:
    """Reads on in a batch that is unpacked in pieces; answers as `_read`."""
    while not batch.offsets and not rest.is_over:  # what lies before the position gives nothing
        _append(batch, rest.stored, rest.portion())
    if rest.is_over:
        kept.rest, batch.next_offset = None, rest.stored.next_offset
    else:
        batch.next_offset = batch.offsets[-1] + 1
    return kept.rest is None and not kept.has_next()


def _is_aborted(records: PartitionRecords, stored: Any) -> bool:
    if records._isolation_level != READ_COMMITTED or stored.producer_id is None:
        return False
    records._consume_aborted_up_to(stored.base_offset)
    if stored.is_control_batch and records._contains_abort_marker(stored):
        records._aborted_producers.discard(stored.producer_id)
    return bool(stored.is_transactional and stored.producer_id in records._aborted_producers)


def _append(batch: Batch, stored: Any, records: Iterable[Any]) -> None:
    """Takes the records of a stored batch at or above the position, one at a time.

    A list of them all would hold thousands of tracked objects at once and set off the cyclic collector all the time.
    """
    offsets, timestamps, keys, values = (batch.offsets.append, batch.timestamps.append, batch.keys.append,
                                         batch.values.append)
    seen, before, is_one_stamp = batch.next_offset, len(batch.values), stored.timestamp_type == LOG_APPEND_TIME
    for record in records:
        offset = record.offset
        if offset >= seen:
            offsets(offset)
            keys(record.key)
            values(record.value)
            if not is_one_stamp:
                timestamps(record.timestamp)
    if is_one_stamp:
        batch.timestamps += [stored.max_timestamp] * (len(batch.values) - before)
