"""What must hold of any bytes that come as a record: T21 of the fault matrix, asked of one input at a time.

The first byte of an input chooses the feed, the rest is the record. Knows nothing of atheris, so that a finding can be
repeated, and this be tested, where there is none.
"""

import json
import resource
import time
import traceback
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress
from itertools import combinations
from pathlib import Path
from typing import Any, Final, NamedTuple

from schemas.bare import decoder
from schemas.decode import Decoder, Event
from schemas.errors import Reason, Rejection
from schemas.event import PROVENANCES
from schemas.feed import Feed
from schemas.reader import Parts, Reader, Readers
from schemas.reference import Reference

SLOWEST: Final = 0.005
"""Seconds of CPU that reading a record may take, at the best of `TRIES`; for each `PIECE` of bytes that is begun."""

PIECE: Final = 32_768

TRIES: Final = 3
MOST_MEMORY: Final = 10 << 20
"""Bytes that a process may grow by while it reads a record."""

FORGET_PEAK: Final = Path("/proc/self/clear_refs")


class Finding(NamedTuple):
    """What does not hold: the feed, which check found it, where, and the whole story."""

    feed: str
    check: str
    place: str
    story: str


class Restless(Reader):
    """The reader of the product without its rests: the fast one is asked of every record, and never given up."""

    def _try_it(self, trying: bool) -> None:  # noqa: ARG002  # whatever the product would do now
        super()._try_it(True)

    def _compare(self, value: bytes, parts: Parts) -> Parts:  # noqa: ARG002  # the target compares, and of each record
        return parts

    def whole(self, value: bytes) -> dict[str, Any] | None:
        """Everything the fast reader takes of a record; None if it leaves it to pydantic."""
        try:
            self._parts(value)
            return self._whole(value)
        except Exception:  # noqa: BLE001  # a refusal may have any form
            return None

    def wrap(self, by: Callable[[Any], Any]) -> None:
        """As `Door.wrap`."""
        if self.trying:
            self._parts, self._whole = by(self._parts), by(self._whole)


class Pressed(Readers):
    """Readers that are asked all the time."""

    def reader(self, feed: str, kind: Any, taken: tuple[str, ...], often: Collection[str] = ()) -> Restless:
        """The reader of a feed whose whole event has this type."""
        return Restless(feed, kind, taken, often)


class Door:
    """The two decoders of a feed, and what must hold of their answers."""

    def __init__(self, feed: Feed, reference: Reference) -> None:
        self.feed = feed
        self.plain = decoder(feed, reference)
        self.quick = decoder(feed, reference, readers=Pressed())
        self._closed = {"action", *(name for name in feed.hints if feed.values(name))}
        self._may = ("commune", *feed.hints)
        self._labels = {*reference.sources.values, "other", feed.topic}

    def marks(self, answer: Event | Rejection | None) -> Iterator[tuple[str, ...]]:
        """What is worth coming to: fields and flags of an event, a reason; what is refused leads to little else."""
        if isinstance(answer, Event):
            yield from ((name,) for name in (*answer.row, *answer.flags))
        elif answer is not None:
            yield (answer.reason,)

    def pairs(self, answer: Event | Rejection | None) -> Iterator[tuple[str, ...]]:
        """What an accepted event says and leaves out, two by two, so that faults of three together are a step away."""
        if isinstance(answer, Event):
            row = answer.row
            said = [f"{name} {row[name]}" if name in self._closed else name for name in row]
            silent = (f"no {name}" for name in self._may if name not in row)
            yield from combinations((answer.provenance, *said, *silent), 2)

    def wrap(self, by: Callable[[Any], Any]) -> None:
        """Replaces the functions that were generated for the fast reader, to have their branches counted."""
        if isinstance(self.quick.reader, Restless):
            self.quick.reader.wrap(by)

    def ask(self, value: bytes) -> tuple[Event | Rejection | None, Finding | None]:
        """What pydantic's decoder answers, and the first thing that does not hold; each may be missing."""
        try:
            memory, began = _Memory(), time.thread_time()
            answer = self.plain.decode(value)
            between = time.thread_time()
            quick = self.quick.decode(value)
            longer = max(between - began, time.thread_time() - between)
            grown = memory.grown()
            label = self.plain.label(value)
        except Exception as error:  # noqa: BLE001  # whatever it is, it must not be raised
            where = traceback.extract_tb(error.__traceback__)[-1]
            return None, self._found("raises", f"{type(error).__name__} in {where.name}", traceback.format_exc())
        return answer, (self._form(answer, label) or self._readers(value, answer, quick) or self._again(value, answer)
                        or self._cost(value, grown, longer))

    def _form(self, answer: Event | Rejection, label: tuple[str, str]) -> Finding | None:
        """An event, or a reason of the closed list with a pointer; a label of a closed set."""
        if not isinstance(answer, Event):
            reason, pointer, detail = answer
            if type(reason) is not Reason or (pointer and not pointer.startswith("/")) or not isinstance(detail, str):
                return self._found("reason", str(reason), f"{answer!r} is no rejection of the closed list")
        if label[0] not in self._labels or label[1] not in PROVENANCES:
            return self._found("label", "", f"{label!r} are no source and provenance of the closed sets")
        return None

    def _readers(self, value: bytes, answer: Event | Rejection, quick: Event | Rejection) -> Finding | None:
        """Both decoders say the same, and the fast reader takes what pydantic does, also where nobody looks."""
        if repr(answer) != repr(quick):
            return self._found("readers", _place(answer) or _place(quick), f"pydantic: {answer!r}\nfast: {quick!r}")
        reader = self.quick.reader
        whole = reader.whole(value) if isinstance(reader, Restless) and reader.trying else None
        if whole is None:
            return None
        try:
            judged: Any = reader.validate(value)
        except ValueError as error:
            judged = error
        if repr(judged) != repr(whole):
            return self._found("readers", "whole", f"pydantic: {judged!r}\nfast: {whole!r}")
        return None

    def _again(self, value: bytes, answer: Event | Rejection) -> Finding | None:
        """Read a second time it is the same; what was accepted is so when it is written anew, with equal meaning."""
        if repr(again := self.quick.decode(value)) != repr(answer):
            return self._found("again", _place(answer), f"first: {answer!r}\nthen: {again!r}")
        if isinstance(answer, Event):
            try:
                written = json.dumps(json.loads(value), ensure_ascii=False, separators=(",", ":")).encode()
            except ValueError as error:
                return self._found("re-encoded", type(error).__name__, f"accepted, and not read by json: {error}")
            if repr(again := self.plain.decode(written)) != repr(answer):
                return self._found("re-encoded", _place(again), f"first: {answer!r}\nthen: {again!r}")
        return None

    def _cost(self, value: bytes, grown: int, longer: float) -> Finding | None:
        if grown > MOST_MEMORY:
            return self._found("memory", "", f"{grown >> 20} MB for {len(value)} bytes")
        allowed = SLOWEST * (1 + len(value) // PIECE)
        if longer <= allowed:
            return None
        for name, one in (("pydantic", self.plain), ("fast", self.quick)):
            if (took := min(seconds_to_read(one, value) for _ in range(TRIES))) > allowed:
                return self._found("slow", name, f"{took * 1000:.1f} ms of CPU for {len(value)} bytes")
        return None

    def _found(self, check: str, place: str, story: str) -> Finding:
        return Finding(self.feed.name, check, place, story)


class Target:
    """The doors of all feeds."""

    def __init__(self, feeds: Iterable[Feed], reference: Reference) -> None:
        self.reference = reference
        self.doors = tuple(Door(feed, reference) for feed in feeds)

    def ask(self, data: bytes) -> tuple[Door, Event | Rejection | None, Finding | None]:
        """The door that an input chooses, its answer, and what does not hold."""
        door = self.doors[data[0] % len(self.doors) if data else 0]
        return door, *door.ask(data[1:])


class _Memory:
    """How much the process grows, at its highest; the highest of before is forgotten where the system lets us."""

    def __init__(self) -> None:
        with suppress(OSError):
            FORGET_PEAK.write_text("5")
        self._before = _peak()

    def grown(self) -> int:
        """Bytes."""
        return _peak() - self._before


def seconds_to_read(one: Decoder, value: bytes) -> float:
    """Seconds of CPU, to read a record once."""
    began = time.thread_time()
    one.decode(value)
    return time.thread_time() - began


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10


def _place(answer: Event | Rejection) -> str:
    """Where the trouble is, so that the same trouble is told once."""
    return "" if isinstance(answer, Event) else f"{answer.reason} at {answer.pointer}"
