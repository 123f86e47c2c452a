"""The hot loop, and the only place where a fate is decided: docs/numbers.md, section 2, question by question.

A record is folded whole or not at all; no await, no clock, no file, and nothing raised for a record's fault.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

from schemas.decode import Event
from schemas.errors import Fate, Reason, Rejection
from streams.engine import quality
from streams.engine.batch import Batch
from streams.engine.plan import SEPARATOR, Plan
from streams.engine.state import Lane, State
from streams.engine.taking import moment_of, take


class DeadLetter(NamedTuple):
    """A record set aside: refused, or too late."""

    offset: int
    append_ms: int
    key: bytes | None
    value: bytes | None
    fate: Fate
    reason: Reason
    pointer: str
    detail: str
    source: str
    provenance: str


@dataclass(slots=True)
class Folded:
    """What became of a batch.

    Attributes:
        read: records judged; skipped: records the state contained already.
        fates, reasons, flags: how many, by (source, fate | reason | flag).
        delays: arrival minus event time of the accepted records, milliseconds.
    """

    read: int = 0
    skipped: int = 0
    fates: Counter[tuple[str, str]] = field(default_factory=Counter)
    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)
    flags: Counter[tuple[str, str]] = field(default_factory=Counter)
    delays: list[int] = field(default_factory=list)
    dead_letters: list[DeadLetter] = field(default_factory=list)


class _Tally:
    """What is counted of one batch: fates in the state and in what is told of the batch.

    The place of the newest source is kept at hand: records of one fetch mostly come from the same.
    """

    def __init__(self, plan: Plan, state: State, folded: Folded) -> None:
        self._plan, self._state, self._folded = plan, state, folded
        self._source = self._provenance = ""
        self._accepted = 0
        self._lane: Lane | None = None

    def lane(self, provenance: str) -> Lane:
        """The lane of a provenance, made if it is the first record there."""
        lane = self._state.lanes.get(provenance)
        if lane is None:
            lane = self._state.lanes[provenance] = Lane(self._plan)
        return lane

    def accept(self, lane: Lane, event: Event, append: int, flags: tuple[str, ...]) -> None:
        """Count an accepted record."""
        if event.source != self._source or event.provenance != self._provenance:
            self.settle()
            self._source, self._provenance, self._lane = event.source, event.provenance, lane
        self._accepted += 1
        if append > lane.heard:
            lane.heard = append
        for flag in flags:
            self._folded.flags[event.source, flag] += 1
        quality.note_accepted(self._plan, lane, event, append, flagged=bool(flags))
        self._folded.delays.append(append - event.time)

    def refuse(self, letter: DeadLetter) -> None:
        """Count a record that becomes a dead letter."""
        self._folded.dead_letters.append(letter)
        self._folded.reasons[letter.source, letter.reason] += 1
        lane = self.lane(letter.provenance)
        self.note(lane, letter.source, letter.fate, letter.append_ms)
        if letter.reason is Reason.FUTURE_TIME:
            quality.fault(lane, letter.source)

    def note(self, lane: Lane, source: str, fate: Fate, append: int) -> None:
        """Count a record that changes no number."""
        self._add(lane, source, fate, 1)
        if append > lane.heard:
            lane.heard = append
        quality.note(lane, source, fate, append)

    def settle(self) -> None:
        """Bring the accepted records at hand into the state."""
        if self._accepted and self._lane is not None:
            self._add(self._lane, self._source, Fate.ACCEPTED, self._accepted)
            self._accepted = 0

    def _add(self, lane: Lane, source: str, fate: Fate, number: int) -> None:
        self._folded.fates[source, fate] += number
        key = f"{source}{SEPARATOR}{fate}"
        lane.fates[key] = lane.fates.get(key, 0) + number


def fold(plan: Plan, state: State, batch: Batch) -> Folded:
    """Take the records of a batch that the state does not contain, and move its next offset behind the batch.

    The caller has made sure that the batch does not begin beyond `state.next_offset` (a hole).
    """
    folded = Folded()
    tally = _Tally(plan, state, folded)
    fence = state.next_offset
    for offset, append, key, value in zip(batch.offsets, batch.timestamps, batch.keys, batch.values, strict=True):
        if offset < fence:
            folded.skipped += 1
        else:
            _judge(plan, state, tally, offset, append, key, value)
    tally.settle()
    folded.read = len(batch) - folded.skipped
    state.next_offset = max(fence, batch.next_offset)
    state.version += 1
    return folded


def _judge(
    plan: Plan, state: State, tally: _Tally, offset: int, append: int, key: bytes | None, value: bytes | None
) -> None:
    """Give one record its fate."""
    fault: Rejection | None = None
    event: Event | Rejection
    try:
        event = plan.decoder.decode(value)
        if not isinstance(event, Rejection):
            fault = _misplaced(plan, event, append, key)
    except Exception as error:  # noqa: BLE001  # a fault of ours neither loses the record nor stops its neighbours
        event = _internal(error)
    if isinstance(event, Rejection):
        source, provenance = plan.decoder.label(value)
        tally.refuse(DeadLetter(offset, append, key, value, Fate.REJECTED, *event, source, provenance))
        return
    if fault is None:
        again = state.duplicates.ask(f"{event.provenance}\0{event.source}\0{event.id}", value or b"", append)
        if again:
            tally.note(tally.lane(event.provenance), event.source, Fate.DUPLICATE, append)
            return
        if again is False:
            fault = Rejection(Reason.ID_CONFLICT, "/id", f"{event.id!r} was sent with another body")
    fate = Fate.REJECTED
    if fault is None:
        lane = tally.lane(event.provenance)
        try:
            flags = take(plan, lane, event, append)
        except Exception as error:  # noqa: BLE001  # as above
            state.duplicates.undo()
            fault = _internal(error)
        else:
            if flags is not None:
                tally.accept(lane, event, append, flags)
                return
            fate = Fate.LATE
            detail = f"moment {moment_of(plan, event)} ms, watermark {lane.watermark} ms"
            fault = Rejection(Reason.LATE, "/time", detail)
    tally.refuse(DeadLetter(offset, append, key, value, fate, *fault, event.source, event.provenance))


def _internal(error: Exception) -> Rejection:
    return Rejection(Reason.INTERNAL_ERROR, "", f"{type(error).__name__}: {error}")


def _misplaced(plan: Plan, event: Event, append: int, key: bytes | None) -> Rejection | None:
    """Faults that need the record around the event: its key and its arrival."""
    expected = event.row[plan.key]
    if key != expected.encode():
        shown = "none" if key is None else repr(key[:64].decode(errors="replace"))
        return Rejection(Reason.WRONG_KEY, f"/data/{plan.key}", f"the record's key is {shown}, not {expected!r}")
    if event.time > append + plan.future_ms:
        return Rejection(Reason.FUTURE_TIME, "/time", f"{event.time - append} ms later than its arrival")
    return None
