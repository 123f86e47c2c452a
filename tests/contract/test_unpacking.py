"""A packed batch unpacked in pieces gives what the whole batch gives, and of what is too large length and digest."""

import hashlib
import itertools
import struct
import tracemalloc
from collections.abc import Iterator, Sequence
from typing import Any, Final

import cramjam
import pytest
from aiokafka.consumer.fetcher import READ_UNCOMMITTED, PartitionRecords
from aiokafka.errors import CorruptRecordException
from aiokafka.record import MemoryRecords
from aiokafka.record.default_records import DefaultRecordBatch, DefaultRecordBatchBuilder
from aiokafka.record.util import calc_crc32c

from streams.engine.batch import Batch
from streams.engine.outsized import Outsized
from streams.transport import drain, unpacking
from streams.transport.unpacking import GZIP, HEAD, LZ4, PORTION, ROOM, SNAPPY, ZSTD, Kept, Rest, at_most, records_of

CODECS: Final = {"gzip": GZIP, "snappy": SNAPPY, "lz4": LZ4, "zstd": ZSTD}
LOG_APPEND: Final = 0x08
STAMP: Final = 1_700_000_000_000
FIRST: Final = 40
HUGE: Final = 60 << 20
LEFT: Final = 6 * ROOM
"""Bytes of Python that unpacking may take at a time: pieces, a run of records, and what aiokafka makes of it."""

Row = tuple[bytes | None, bytes | None, list[tuple[str, bytes | None]]]
Found = list[tuple[int, int, bytes | None, bytes | None]]


def packed(rows: Sequence[Row], codec: int, *, appended: int = 0, first: int = FIRST) -> bytes:
    """The bytes of one Kafka batch."""
    builder = DefaultRecordBatchBuilder(magic=2, compression_type=codec, is_transactional=0, producer_id=-1,
                                        producer_epoch=-1, base_sequence=-1, batch_size=1 << 30)
    for place, (key, value, headers) in enumerate(rows):
        builder.append(place, STAMP + place, key, value, headers)
    raw = bytearray(builder.build())
    struct.pack_into(">q", raw, 0, first)
    if appended:
        raw[22] |= LOG_APPEND
        struct.pack_into(">q", raw, 35, appended)
    struct.pack_into(">I", raw, 17, calc_crc32c(bytes(raw[21:])))
    return bytes(raw)


def rows_of(records: Any) -> Found:
    return [(record.offset, record.timestamp, record.key, record.value) for record in records]


def read(raw: bytes) -> Iterator[Any]:
    kept = Kept(raw)
    unpacked = records_of(kept.next_batch(), kept)
    if not isinstance(unpacked, Rest):
        yield from unpacked
        return
    while not unpacked.is_over:
        yield from unpacked.portion()


def small(number: int) -> list[Row]:
    return [(None if place % 5 == 4 else b"k%d" % place, None if place % 7 == 6 else b"v%d" % place * 50,
             [("h", b"x"), ("n", None)][:place % 3]) for place in range(number)]


@pytest.mark.parametrize("appended", [0, STAMP + 500])
@pytest.mark.parametrize("codec", CODECS.values(), ids=CODECS)
def test_pieces_give_what_the_whole_gives(codec: int, appended: int, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = packed(small(2000), codec, appended=appended)
    whole = rows_of(DefaultRecordBatch(raw))
    assert rows_of(read(raw)) == whole
    for room, step in itertools.product((1 << 30, 50_000, 400), (1 << 20, 1000)):
        monkeypatch.setattr(unpacking, "at_most", lambda codec, data: 1 << 40)
        monkeypatch.setattr(unpacking, "ROOM", room)
        monkeypatch.setattr(unpacking, "STEP", step)
        assert rows_of(read(raw)) == whole


@pytest.mark.parametrize("codec", CODECS.values(), ids=CODECS)
def test_of_what_is_too_large_length_and_digest_are_kept_and_its_neighbours_whole(
        codec: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "ROOM", 1000)
    monkeypatch.setattr(unpacking, "at_most", lambda codec, data: 1 << 40)
    large, key = b"x" * 5000, b"key" * 1000
    head: list[tuple[str, bytes | None]] = [("h", b"y" * 3000)]
    rows: list[Row] = [*small(3), (b"a", large, []), *small(2), (key, b"v", []), (b"a", None, head), (key, large, head),
                       (b"a", b"z" * 990, []), *small(1)]
    found = rows_of(read(packed(rows, codec)))
    assert [one[:2] for one in found] == [(FIRST + place, STAMP + place) for place in range(len(rows))]
    for (expected_key, expected_value, _), (_, _, found_key, found_value) in zip(rows, found, strict=True):
        for expected, one in ((expected_key, found_key), (expected_value, found_value)):
            if expected is not None and len(expected) > 1000:
                assert isinstance(one, Outsized)
                assert (len(one), one.digest) == (len(expected), hashlib.sha256(expected).hexdigest())
            else:
                assert one == expected
    assert found[6][2] is not None
    assert bytes(found[6][2][:64]) == key[:64]


@pytest.mark.parametrize("codec", [GZIP, LZ4, ZSTD], ids=["gzip", "lz4", "zstd"])
def test_a_bomb_is_never_held(codec: int) -> None:
    value = b"{}," * (HUGE // 3)
    raw, digest = packed([*small(3), (b"a", value, []), *small(3)], codec), hashlib.sha256(value).hexdigest()
    length = len(value)
    del value
    tracemalloc.start()
    found = rows_of(read(raw))
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert isinstance(found[3][3], Outsized)
    assert (len(found[3][3]), found[3][3].digest) == (length, digest)
    assert [one[2:] for one in (*found[:3], *found[4:])] == [row[:2] for row in (*small(3), *small(3))]
    assert most < LEFT


def test_what_is_small_for_sure_is_left_to_aiokafka() -> None:
    raw = packed(small(600), ZSTD)
    kept = Kept(raw)
    stored = kept.next_batch()
    assert records_of(stored, kept) is stored


@pytest.mark.parametrize("codec", CODECS.values(), ids=CODECS)
@pytest.mark.parametrize("rows", [small(1), small(3000), [(None, b"\0" * 3_000_000, [])]])
def test_no_batch_unpacks_to_more_than_was_said(rows: list[Row], codec: int) -> None:
    plain, raw = packed(rows, 0), packed(rows, codec)
    assert at_most(codec, memoryview(raw)[HEAD:]) >= len(plain) - HEAD


def test_several_frames_of_zstd_are_all_looked_at() -> None:
    frame = bytes(cramjam.zstd.compress(b"\0" * (10 << 20)))
    skipped = struct.pack("<II", 0x184D2A50, 4) + b"none"
    assert 10 << 20 <= at_most(ZSTD, memoryview(frame)) <= ROOM
    assert at_most(ZSTD, memoryview(frame + skipped + frame)) > ROOM
    assert at_most(ZSTD, memoryview(frame[:-5])) > ROOM


def test_a_large_batch_of_lz4_that_is_no_bomb_is_left_to_aiokafka_and_what_is_odd_is_not() -> None:
    frame = bytes(cramjam.lz4.compress(b"".join(b"%d" % number for number in range(100_000))))
    said = at_most(LZ4, memoryview(frame))
    assert unpacking.MOST[LZ4] * len(frame) > ROOM >= said >= 488_890
    assert at_most(LZ4, memoryview(frame + frame)) > ROOM
    assert at_most(LZ4, memoryview(frame[:-9])) > ROOM


@pytest.mark.parametrize("codec", CODECS.values(), ids=CODECS)
@pytest.mark.parametrize("number", [1, 3])
def test_a_count_that_is_wrong_is_a_corrupt_batch(codec: int, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "ROOM", 10)
    monkeypatch.setattr(unpacking, "at_most", lambda codec, data: 1 << 40)
    raw = bytearray(packed(small(2), codec))
    struct.pack_into(">i", raw, 57, number)
    with pytest.raises(CorruptRecordException):
        list(read(bytes(raw)))


@pytest.mark.parametrize("most", [0, 1 << 40])
def test_each_batch_of_a_fetch_finds_its_bytes(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "at_most", lambda codec, data: most)
    codecs = [0, ZSTD, 0, 0, LZ4, GZIP, 0]
    raw = b"".join(packed(small(4), codec, first=4 * place) for place, codec in enumerate(codecs))

    def drained(records: MemoryRecords) -> tuple[list[int], list[bytes | None]]:
        batch = Batch("t", 0, 0, 0, [], [], [], [])
        fetched = PartitionRecords(("t", 0), records, None, 0, None, None, True, READ_UNCOMMITTED)
        while not drain._read(fetched, batch, None):
            pass
        return batch.offsets, batch.values

    assert drained(Kept(raw)) == drained(MemoryRecords(raw))
    assert drained(Kept(raw))[0] == list(range(28))


def test_what_is_usual_but_much_is_handed_over_in_portions() -> None:
    rows: list[Row] = [(b"k", b"%d" % place + b" " * 250_000, []) for place in range(100)]
    raw = packed(rows, ZSTD, first=0) + packed(small(3), 0, first=100)
    fetched = PartitionRecords(("t", 0), Kept(raw), None, 0, None, None, True, READ_UNCOMMITTED)
    batches: list[Batch] = []
    is_over = False
    while not is_over:
        first = batches[-1].next_offset if batches else 0
        batch = Batch("t", 0, first, first, [], [], [], [])
        is_over = drain._read(fetched, batch, None)
        batches.append(batch)
    assert [value for batch in batches for value in batch.values] == [row[1] for row in (*rows, *small(3))]
    assert [offset for batch in batches for offset in batch.offsets] == list(range(103))
    assert all(sum(len(value or b"") for value in batch.values) < PORTION + 300_000 for batch in batches)
    assert batches[-1].next_offset == 103
