"""The fast drain, the simple drain and aiokafka's own unpacking give the same records; no broker needed.

Covers plain batches, compression, a seek into the middle of a batch, offsets removed by compaction (also at the end),
control batches, aborted transactions, tombstones, a bound on records, a bad checksum in the middle of a fetch.
"""

import contextlib
import gc
import logging
import struct
import weakref
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.consumer.fetcher import READ_COMMITTED, READ_UNCOMMITTED, FetchResult, PartitionRecords
from aiokafka.errors import CorruptRecordException
from aiokafka.record import MemoryRecords
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.util import calc_crc32c

from streams.transport import unpacking
from streams.transport.drain import Drain, Fetched, drain_fast, drain_simple, release
from streams.transport.thread import BatchThread
from streams.transport.unpacking import Kept
from streams.transport.watchdog import Counters

TP = TopicPartition("t", 3)
LOG_APPEND, CONTROL, ABORT, COMMIT = 0x08, 0x20, b"\0\0\0\0", b"\0\0\0\1"
LZ4, ZSTD = 3, 4
Row = tuple[int, int, bytes | None, bytes | None]


def build(offsets: Any, *, codec: int = 0, producer: int = -1, control: bytes | None = None, last: int | None = None,
          appended: int = 0, corrupt: bool = False) -> bytes:
    """The bytes of one Kafka batch; `last`: the last offset before compaction; `appended`: the broker's stamp."""
    builder = DefaultRecordBatchBuilder(magic=2, compression_type=codec, is_transactional=int(producer >= 0),
                                        producer_id=producer, producer_epoch=0, base_sequence=0, batch_size=10**7)
    for offset in offsets:
        key = control or (None if offset % 5 == 4 else b"k%d" % offset)
        value = None if offset % 7 == 6 else b"v%d" % offset * 3
        builder.append(offset - offsets[0], 1_700_000_000_000 + offset, key, value, [])
    raw = bytearray(builder.build())
    struct.pack_into(">q", raw, 0, offsets[0])
    if control:
        struct.pack_into(">h", raw, 21, struct.unpack_from(">h", raw, 21)[0] | CONTROL)
    if last is not None:
        struct.pack_into(">i", raw, 23, last - offsets[0])
    if appended:
        struct.pack_into(">h", raw, 21, struct.unpack_from(">h", raw, 21)[0] | LOG_APPEND)
        struct.pack_into(">q", raw, 35, appended)
    struct.pack_into(">I", raw, 17, calc_crc32c(bytes(raw[21:])) ^ corrupt)
    return bytes(raw)


LOGS: dict[str, tuple[bytes, list[tuple[int, int]] | None]] = {
    "plain": (build(range(10)) + build(range(10, 25)), None),
    "zstd and lz4": (build(range(10), codec=ZSTD) + build(range(10, 25), codec=LZ4), None),
    "stamped by the broker": (build(range(10), appended=1_800_000_000_000)
                              + build([10, 13], codec=ZSTD, appended=1_800_000_000_007)
                              + build(range(14, 17)), None),
    "holes": (build([0, 3, 4, 9], last=11) + build([12, 14]), None),
    "control batches": (build(range(5), producer=7) + build([5], producer=7, control=COMMIT)
                        + build(range(6, 9)), None),
    "aborted": (build(range(5), producer=7) + build(range(5, 8)) + build([8], producer=7, control=ABORT)
                + build(range(9, 12), producer=7), [(7, 0)]),
    "removed tail": (build(range(5)) + build([5, 6], last=9), None),
    "only control": (build([0], producer=7, control=COMMIT), None),
}


def fetch(raw: bytes, position: int, isolation: int, aborted: Any = None,
          kind: type[MemoryRecords] = MemoryRecords) -> tuple[Any, Any]:
    state = SimpleNamespace(paused=False, position=position)
    state.consumed_to = lambda offset: setattr(state, "position", offset)
    assignment = SimpleNamespace(active=True, state_value=lambda tp: state)
    records = PartitionRecords(TP, kind(raw), aborted, position, None, None, True, isolation)
    return FetchResult(TP, assignment=assignment, partition_records=records, backoff=0), state


def stock(raw: bytes, position: int, isolation: int, aborted: Any) -> tuple[list[Row], int]:
    result, state = fetch(raw, position, isolation, aborted)
    return [(r.offset, r.timestamp, r.key, r.value) for r in result.getall()], state.position


def ours(take: Drain, log: tuple[bytes, Any], position: int, isolation: int, max_records: int | None,
         kind: type[MemoryRecords] = MemoryRecords) -> tuple[list[Row], int]:
    result, state = fetch(log[0], position, isolation, log[1], kind)
    rows: list[Row] = []
    for _ in range(100):
        before = state.position
        batch = take(result, max_records) if result.has_more() else None
        if batch is None:
            return rows, state.position
        assert (batch.topic, batch.partition) == TP
        assert (batch.first, batch.next_offset) == (before, state.position)
        rows += zip(batch.offsets, batch.timestamps, batch.keys, batch.values, strict=True)
    raise AssertionError("the drain does not end")


@pytest.mark.parametrize("isolation", [READ_UNCOMMITTED, READ_COMMITTED])
@pytest.mark.parametrize("position", [0, 2, 7])
@pytest.mark.parametrize("max_records", [None, 1, 4])
@pytest.mark.parametrize("take", [drain_fast, drain_simple])
@pytest.mark.parametrize("name", LOGS)
def test_both_drains_equal_the_unpacking_of_aiokafka(name: str, take: Drain, position: int, isolation: int,
                                                     max_records: int | None) -> None:
    raw, aborted = LOGS[name]
    assert ours(take, LOGS[name], position, isolation, max_records) == stock(raw, position, isolation, aborted)


@pytest.mark.parametrize("is_doubted", [False, True])
@pytest.mark.parametrize("position", [0, 2, 7])
@pytest.mark.parametrize("max_records", [None, 1, 4])
@pytest.mark.parametrize("name", LOGS)
def test_a_batch_that_is_unpacked_in_pieces_gives_the_same(name: str, max_records: int | None, position: int, *,
                                                           is_doubted: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if is_doubted:
        monkeypatch.setattr(unpacking, "at_most", lambda codec, packed: 1 << 40)
        monkeypatch.setattr(unpacking, "ROOM", 30)
        monkeypatch.setattr(unpacking, "STEP", 20)
        monkeypatch.setattr(unpacking, "PORTION", 25)
    raw, aborted = LOGS[name]
    found = ours(drain_fast, LOGS[name], position, READ_COMMITTED, max_records, Kept)
    assert found == stock(raw, position, READ_COMMITTED, aborted)


def test_a_bad_checksum_keeps_the_position_and_drops_the_fetch() -> None:
    raw = build(range(5)) + build(range(5, 9), corrupt=True) + build(range(9, 12))
    result, state = fetch(raw, 0, READ_UNCOMMITTED)
    with pytest.raises(CorruptRecordException):
        drain_fast(result, None)
    assert state.position == 0
    assert not result.has_more()


@pytest.mark.parametrize("take", [drain_fast, drain_simple])
def test_a_fetch_with_a_bad_checksum_is_made_again_and_its_neighbours_are_taken(take: Drain) -> None:
    good, _ = fetch(build(range(5)), 0, READ_UNCOMMITTED)
    bad, state = fetch(build(range(5)) + build(range(5, 9), corrupt=True), 0, READ_UNCOMMITTED)
    other = TopicPartition("t", 4)
    fetcher = SimpleNamespace(_records=Fetched({other: bad, TP: good}), _notify=lambda _: None,
                              _wait_consume_future=None)
    thread = object.__new__(BatchThread)
    thread.drain, thread.counters = take, Counters()
    thread.log = logging.getLogger("test")
    taken = thread._take(fetcher, None, None)
    assert [batch.values[0] for (batch,) in taken.values()] == [b"v0v0v0"]
    assert (state.position, thread.counters.corrupt_fetches, thread.corrupt) == (0, 1, True)
    assert other not in fetcher._records  # so that aiokafka fetches it again


@pytest.mark.parametrize("take", [drain_fast, drain_simple])
def test_a_fetch_for_another_position_gives_nothing(take: Drain) -> None:
    result, state = fetch(build(range(5)), 0, READ_UNCOMMITTED)
    state.position = 3
    assert take(result, None) is None
    assert not result.has_more()


@pytest.fixture
def no_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def drained(buffer: Fetched, state: Any) -> None:
    while buffer[TP].has_more():
        drain_fast(buffer[TP], 1)
    del buffer[TP]


def simply_drained(buffer: Fetched, state: Any) -> None:
    while buffer[TP].has_more():
        drain_simple(buffer[TP], None)
    del buffer[TP]


def dropped(buffer: Fetched, state: Any) -> None:
    del buffer[TP]


def cleared(buffer: Fetched, state: Any) -> None:
    buffer.clear()


def sought(buffer: Fetched, state: Any) -> None:
    state.position = 3
    drain_fast(buffer[TP], None)
    del buffer[TP]


def paused(buffer: Fetched, state: Any) -> None:
    state.paused = True
    drain_fast(buffer[TP], None)
    del buffer[TP]


def replaced(buffer: Fetched, state: Any) -> None:
    release(buffer[TP])
    buffer[TP] = None


@pytest.mark.usefixtures("no_collector")
@pytest.mark.parametrize("end", [drained, simply_drained, dropped, cleared, sought, paused, replaced])
def test_a_fetch_is_freed_without_the_cyclic_collector(end: Callable[[Fetched, Any], None]) -> None:
    result, state = fetch(build(range(10)) + build(range(10, 25)), 0, READ_UNCOMMITTED)
    alive = weakref.ref(result._partition_records)
    buffer = Fetched({TP: result})
    del result
    end(buffer, state)
    assert alive() is None


@pytest.mark.usefixtures("no_collector")
@pytest.mark.parametrize("end", [drained, dropped, sought])
def test_a_fetch_that_is_unpacked_in_pieces_is_freed_too(end: Callable[[Fetched, Any], None],
                                                         monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "at_most", lambda codec, packed: 1 << 40)
    monkeypatch.setattr(unpacking, "ROOM", 30)
    monkeypatch.setattr(unpacking, "PORTION", 25)
    result, state = fetch(build(range(10), codec=ZSTD), 0, READ_UNCOMMITTED, kind=Kept)
    records = weakref.ref(result._partition_records._records)
    assert drain_fast(result, 1) is not None
    assert result.has_more()
    buffer = Fetched({TP: result})
    del result
    end(buffer, state)
    assert records() is None


@pytest.mark.usefixtures("no_collector")
def test_a_fetch_with_a_bad_checksum_is_freed_without_the_cyclic_collector() -> None:
    result, _ = fetch(build(range(5), corrupt=True), 0, READ_UNCOMMITTED)
    alive = weakref.ref(result._partition_records)
    with contextlib.suppress(CorruptRecordException):  # pytest.raises would keep the traceback, and with it the fetch
        drain_fast(result, None)
    assert alive() is None
