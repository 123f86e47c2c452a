"""A packed Kafka batch whose records may be far larger than what a worker may hold, unpacked in pieces.

A few hundred kilobytes may be gigabytes unpacked, and aiokafka unpacks a batch whole, in two copies, and copies each
value once more. Here a batch that may unpack to more than ROOM is read as a stream: records of usual size are given to
aiokafka some at a time, as batches that are not packed; of a larger one only length and digest are kept.
"""

import hashlib
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any, Final, NamedTuple, cast

import cramjam
import lz4.frame
import zstandard
from aiokafka.errors import CorruptRecordException
from aiokafka.record import MemoryRecords
from aiokafka.record.default_records import DefaultRecordBatch

from streams.engine.outsized import Outsized

ROOM: Final = 16 << 20
"""Bytes. Above every IOC_MAX_EVENT_BYTES and every record that the dead letters keep: nothing good is larger."""

PORTION: Final = 4 << 20
"""Bytes of records that are handed over together: some batches wait before the fold."""

STEP: Final = 1 << 20
HEAD: Final = 61
"""Bytes of a batch before its records."""

LENGTH_AT, ATTRIBUTES_AT, COUNT_AT = 8, 22, 57
"""Where in the head the length begins, the lower byte of the attributes stands, and the number of records begins."""

BEFORE_LENGTH: Final = 12
CODEC: Final = 0x07
GZIP, SNAPPY, LZ4, ZSTD = 1, 2, 3, 4

XERIAL: Final = b"\x82SNAPPY\0"
XERIAL_HEAD: Final = 16
LZ4_MAGIC: Final = b"\x04\x22\x4d\x18"
LZ4_HEAD: Final = 7
ZSTD_BLOCK: Final = 128 << 10
MOST: Final = {GZIP: 1032, SNAPPY: 22, LZ4: 255, ZSTD: ZSTD_BLOCK}
"""How many bytes one packed byte can become at most."""

BEGIN: Final = 64
"""Bytes of a key that are shown where it is wrong."""

SKIPPED: Final = 0x184D2A5
"""The upper 28 bits of what begins a frame of zstd that holds nothing."""


class Kept(MemoryRecords):  # type: ignore[misc]  # aiokafka's class is read as untyped
    """What was fetched of a partition; aiokafka's own tells nobody the bytes of a batch.

    `rest`: the batch that is being read in pieces.
    """

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self._data, self._at = memoryview(data), 0
        self.rest: Rest | None = None

    def packed(self, stored: Any) -> memoryview:
        """The bytes of a batch that was just read; asked for batches in their order."""
        while True:
            (first, length) = struct.unpack_from(">qi", self._data, self._at)
            since, self._at = self._at, self._at + BEFORE_LENGTH + length
            if first == stored.base_offset:
                return self._data[since:self._at]


class Large(NamedTuple):
    """A record of which some part is too large to be held."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None


class Rest:
    """What is not read yet of a batch that is unpacked in pieces."""

    def __init__(self, stored: Any, records: Iterator[Any]) -> None:
        self.stored, self._records = stored, records
        self._next = next(records, None)

    @property
    def is_over(self) -> bool:
        """Whether nothing is left."""
        return self._next is None

    def portion(self) -> Iterator[Any]:
        """The next records, of no more than PORTION bytes but for the last of them."""
        held = 0
        while (record := self._next) is not None and held <= PORTION:
            yield record
            held += sum(len(part) for part in (record.key, record.value) if part and not isinstance(part, Outsized))
            self._next = next(self._records, None)


def records_of(stored: Any, kept: Kept) -> Iterable[Any] | Rest:
    """The records of a packed batch whose checksum is right: all as aiokafka reads them, or in pieces.

    Raises:
        CorruptRecordException: while it is read, what is unpacked is no row of records.
    """
    packed, codec = kept.packed(stored), stored.compression_type
    if at_most(codec, packed[HEAD:]) <= ROOM:
        return cast("Iterable[Any]", stored)
    pieces, begin, held = UNPACKERS[codec](packed[HEAD:]), list[bytes](), 0
    for piece in pieces:
        begin.append(piece)
        held += len(piece)
        if held > ROOM:
            return Rest(stored, _in_pieces(stored, packed, _Stream(chain(begin, pieces))))
    return _plain(packed, b"".join(begin), _count(packed))


def at_most(codec: int, packed: memoryview) -> int:
    """No less than how many bytes are in there, looking at as little as possible."""
    if (most := MOST[codec] * len(packed)) <= ROOM:
        return most
    return _of_zstd(packed) if codec == ZSTD else _of_lz4(packed) if codec == LZ4 else most


def _of_zstd(packed: memoryview) -> int:
    """Adds up what the blocks of all frames say; a block holds at most 128 KiB. Ends early beyond ROOM."""
    at, found, end = 0, 0, len(packed)
    while at + 9 <= end:
        magic, size = struct.unpack_from("<II", packed, at)
        if magic >> 4 == SKIPPED:
            at += 8 + size
            continue
        said = packed[at + 4]
        single = said >> 5 & 1
        at += 6 - single + (0, 1, 2, 4)[said & 3] + (single, 2, 4, 8)[said >> 6]
        last = 0
        while not last and at + 3 <= end and found <= ROOM:
            head = packed[at] | packed[at + 1] << 8 | packed[at + 2] << 16
            last, kind, size = head & 1, head >> 1 & 3, head >> 3
            found += ZSTD_BLOCK if kind > 1 else size
            at += 4 if kind == 1 else 3 + size
        if not last:
            return ROOM + 1
        at += (said >> 2 & 1) * 4
    return found


def _of_lz4(packed: memoryview) -> int:
    """Adds up what the blocks of the one frame can hold; what is no such frame may hold anything."""
    if len(packed) < LZ4_HEAD or packed[:4].tobytes() != LZ4_MAGIC:
        return ROOM + 1
    said, room = packed[4], 1 << 8 + 2 * (packed[5] >> 4 & 7)
    at, found = LZ4_HEAD + (said >> 3 & 1) * 8 + (said & 1) * 4, 0
    while at + 4 <= len(packed) and found <= ROOM:
        (size,) = struct.unpack_from("<I", packed, at)
        if not size:
            is_last = at + 4 + (said >> 2 & 1) * 4 == len(packed)
            return found if is_last else ROOM + 1
        size &= 0x7FFFFFFF
        found += min(room, MOST[LZ4] * size)
        at += 4 + size + (said >> 4 & 1) * 4
    return ROOM + 1


def _in_pieces(stored: Any, packed: memoryview, stream: "_Stream") -> Iterator[Any]:
    """Records of usual size as aiokafka reads them, some at a time; of others what can be kept."""
    run, together = bytearray(), 0
    for _ in range(_count(packed)):
        size, said = stream.varint()
        is_large = size > ROOM
        if is_large or len(run) > STEP:
            yield from _plain(packed, run, together)
            run, together = bytearray(), 0
        if is_large:
            yield _large(stored, stream, size)
            continue
        run += said
        run += stream.take(size)
        together += 1
    yield from _plain(packed, run, together)
    if not stream.is_over():
        raise CorruptRecordException("bytes left behind all records of a batch")


def _count(packed: memoryview) -> int:
    return int.from_bytes(packed[COUNT_AT:HEAD])


def _plain(packed: memoryview, records: bytes | bytearray, number: int) -> Iterable[Any]:
    """Some records of a packed batch as one that is not packed."""
    raw = bytearray(packed[:HEAD])
    raw[LENGTH_AT:BEFORE_LENGTH] = (HEAD - BEFORE_LENGTH + len(records)).to_bytes(4)
    raw[ATTRIBUTES_AT] &= ~CODEC
    raw[COUNT_AT:HEAD] = number.to_bytes(4)
    return cast("Iterable[Any]", DefaultRecordBatch(bytes(raw + records)))


def _large(stored: Any, stream: "_Stream", size: int) -> Large:
    """A record of so many bytes: attributes, two deltas, key, value, headers."""
    end = stream.at + size
    stream.take(1)
    stamp, offset = stream.varint()[0], stream.varint()[0]
    key = _held(stream, stream.varint()[0], BEGIN)
    value = _held(stream, stream.varint()[0])
    stream.digest(end - stream.at)  # the headers
    timestamp = stored.max_timestamp if stored.timestamp_type else stored.first_timestamp + stamp
    return Large(stored.base_offset + offset, timestamp, key, value)


def _held(stream: "_Stream", size: int, begin: int = 0) -> bytes | None:
    if size < 0:
        return None
    return stream.take(size) if size <= ROOM else Outsized.of(size, *stream.digest(size, begin))


class _Stream:
    """Bytes that come in pieces, of which as few as possible are held."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._here, self._place = b"", 0
        self.at = 0

    def _more(self) -> bool:
        """Whether there is a next byte."""
        while self._place >= len(self._here):
            piece = next(self._pieces, None)
            if piece is None:
                return False
            self._here, self._place = piece, 0
        return True

    def is_over(self) -> bool:
        """Whether nothing is left."""
        return not self._more()

    def parts(self, size: int) -> Iterator[memoryview]:
        """The next bytes, in parts; raises where there are fewer."""
        while size:
            if size < 0 or not self._more():
                raise CorruptRecordException("a batch unpacks to less than its records")
            part = memoryview(self._here)[self._place:self._place + size]
            self._place += len(part)
            self.at += len(part)
            size -= len(part)
            yield part

    def take(self, size: int) -> bytes:
        """The next bytes."""
        return b"".join(self.parts(size))

    def digest(self, size: int, begin: int = 0) -> tuple[str, bytes]:
        """The SHA-256 of the next bytes, of which only the first are kept."""
        found, kept = hashlib.sha256(), b""
        for part in self.parts(size):
            found.update(part)
            kept += part[:begin - len(kept)]
        return found.hexdigest(), kept

    def varint(self) -> tuple[int, bytes]:
        """The next number in the zigzag form of Kafka, and its bytes."""
        found, said = 0, b""
        while not said or said[-1] & 0x80:
            said += self.take(1)
            found |= (said[-1] & 0x7F) << 7 * (len(said) - 1)
        return found >> 1 ^ -(found & 1), said


def _gzip(packed: memoryview) -> Iterator[bytes]:
    rest = bytes(packed)
    while rest:
        unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS)
        while rest and not unpacker.eof:
            yield unpacker.decompress(rest, STEP)
            rest = unpacker.unconsumed_tail
        rest = unpacker.unused_data


def _lz4(packed: memoryview) -> Iterator[bytes]:
    rest = bytes(packed)
    while rest:
        unpacker = lz4.frame.LZ4FrameDecompressor()
        yield unpacker.decompress(rest, STEP)
        while not unpacker.eof and not unpacker.needs_input:
            yield unpacker.decompress(b"", STEP)
        rest = unpacker.unused_data or b""


def _zstd(packed: memoryview) -> Iterator[bytes]:
    with zstandard.ZstdDecompressor().stream_reader(packed, read_across_frames=True) as reader:
        yield from iter(lambda: reader.read(STEP), b"")


def _snappy(packed: memoryview) -> Iterator[bytes]:
    """Blocks behind their lengths, as Java and aiokafka write them, or one alone."""
    if bytes(packed[:len(XERIAL)]) != XERIAL:
        yield bytes(cramjam.snappy.decompress_raw(packed))
        return
    at = XERIAL_HEAD
    while at < len(packed):
        since, at = at + 4, at + 4 + int.from_bytes(packed[at:at + 4])
        yield bytes(cramjam.snappy.decompress_raw(packed[since:at]))


UNPACKERS: Final[dict[int, Callable[[memoryview], Iterator[bytes]]]] = {
    GZIP: _gzip, SNAPPY: _snappy, LZ4: _lz4, ZSTD: _zstd}
