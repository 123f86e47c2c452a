"""The hot loop, and the only place where a fate is decided: docs/numbers.md, section 2, question by question.

A record is folded whole or not at all; no await, no clock, no file, and nothing raised for a record's fault.
"""

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field
from operator import sub
from typing import NamedTuple

from schemas.decode import REAL, Event
from schemas.errors import Fate, Reason, Rejection
from streams.engine import quality
from streams.engine.batch import Batch
from streams.engine.columns import Taken, Together
from streams.engine.duplicates import Duplicates
from streams.engine.labels import SEPARATOR
from streams.engine.plan import Plan
from streams.engine.state import Lane, State
from streams.engine.taking import moment_of, take

TOGETHER = 128
"""Records that are decoded before the first of them is judged, and judged before the first of them is taken."""

Verdict = Rejection | bool | None
"""Why a record is refused before it is taken; True: it is a repeat; None: it is to be taken."""


class Part(NamedTuple):
    """Some records of a batch and what they say, side by side."""

    offsets: list[int]
    appends: list[int]
    keys: list[bytes | None]
    values: list[bytes | None]
    events: list[Event | Rejection]

    def behind(self, number: int) -> "Part":
        """All but so many of the first."""
        return Part(*(column[number:] for column in self))  # type: ignore[arg-type]  # five lists in, five lists out


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

    Accepted records of one source in one clock hour are gathered and brought into the state together: records of one
    fetch mostly come from the same.
    """

    def __init__(self, plan: Plan, state: State, folded: Folded) -> None:
        self._plan, self._state, self._folded = plan, state, folded
        self._source = self._provenance = ""
        self._since = self._until = 0  # the clock hour
        self._times: list[int] = []
        self._appends: list[int] = []
        self._flagged = 0
        self._seen: list[tuple[str, int]] = []
        self._lane: Lane | None = None

    def lane(self, provenance: str) -> Lane:
        """The lane of a provenance, made if it is the first record there."""
        lane = self._state.lanes.get(provenance)
        if lane is None:
            lane = self._state.lanes[provenance] = Lane(self._plan)
        return lane

    def accept(self, lane: Lane, event: Event, append: int, flags: tuple[str, ...]) -> None:
        """Count an accepted record."""
        if (
            not self._since <= append < self._until
            or event.source != self._source
            or event.provenance != self._provenance
        ):
            self.settle()
            self._source, self._provenance, self._lane = event.source, event.provenance, lane
            self._since = append // quality.HOUR * quality.HOUR
            self._until = self._since + quality.HOUR
        self._times.append(event.time)
        self._appends.append(append)
        if flags:
            self._flagged += 1
            for flag in flags:
                self._folded.flags[event.source, flag] += 1
        if self._plan.counts_slots:
            self._seen.append((event.row[self._plan.key], event.time))

    def accept_together(self, lane: Lane, source: str, taken: Taken) -> None:
        """Count accepted records of one source, none of them flagged."""
        self._add(lane, source, Fate.ACCEPTED, len(taken.times), taken.late)
        quality.note_accepted_together(lane, source, taken.appends, (taken.early, taken.late), taken.newest)
        self._folded.delays += map(sub, taken.appends, taken.times)

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
        self.settle()  # the newest record of a source tells whether its clock is wrong
        self._add(lane, source, fate, 1, append)
        quality.note(lane, source, fate, append)

    def settle(self) -> None:
        """Bring the accepted records at hand into the state."""
        times, appends = self._times, self._appends
        if times and self._lane is not None:
            append = max(appends)
            self._add(self._lane, self._source, Fate.ACCEPTED, len(times), append)
            quality.note_accepted(self._lane, self._source, append, len(times), self._flagged, max(times))
            if self._seen:
                quality.note_slots(self._plan, self._lane, self._source, self._seen)
            self._folded.delays += map(sub, appends, times)
            self._times, self._appends, self._seen = [], [], []
        self._flagged = self._until = 0

    def _add(self, lane: Lane, source: str, fate: Fate, number: int, append: int) -> None:
        self._folded.fates[source, fate] += number
        key = f"{source}{SEPARATOR}{fate}"
        lane.fates[key] = lane.fates.get(key, 0) + number
        if append > lane.heard:
            lane.heard = append


def fold(plan: Plan, state: State, batch: Batch) -> Folded:
    """Take the records of a batch that the state does not contain, and move its next offset behind the batch.

    The caller has made sure that the batch does not begin beyond `state.next_offset` (a hole).
    """
    folded = Folded()
    tally = _Tally(plan, state, folded)
    fence = state.next_offset
    folded.skipped = bisect_left(batch.offsets, fence)
    together = Together.of(plan)
    if together is not None and batch.values and not folded.skipped:
        _fold_together(plan, together, state, tally, batch)
    else:
        _fold_each(plan, state, tally, batch, folded.skipped)
    tally.settle()
    folded.read = len(batch) - folded.skipped
    state.next_offset = max(fence, batch.next_offset)
    state.version += 1
    return folded


def set_aside(plan: Plan, state: State, batch: Batch) -> Folded:
    """Count the records of a batch as such that end whoever reads them, unread, and move on behind them."""
    folded = Folded(read=len(batch))
    tally = _Tally(plan, state, folded)
    source, provenance = plan.decoder.label(None)
    records = zip(batch.offsets, batch.timestamps, batch.keys, batch.values, strict=True)
    for offset, append, key, value in records:
        detail = f"{len(value or b'')} bytes"
        tally.refuse(DeadLetter(offset, append, key, value, Fate.REJECTED, Reason.PROCESS_KILLER, "", detail, source,
                                provenance))
    state.next_offset = batch.next_offset
    state.version += 1
    return folded


def _fold_together(plan: Plan, together: Together, state: State, tally: _Tally, batch: Batch) -> None:
    """The ordinary records of a batch at once, the others one by one; all one by one where their order may matter."""
    lane = tally.lane(REAL)
    taken = together.take(plan, lane, batch)
    if taken is None:
        _fold_each(plan, state, tally, batch, 0)
        return
    tally.accept_together(lane, plan.feed.topic, taken)
    places = [place for place, _ in taken.left]
    columns = ([column[place] for place in places]
               for column in (batch.offsets, batch.timestamps, batch.keys, batch.values))  # fmt: skip
    _fold_part(plan, state, tally, Part(*columns, [event for _, event in taken.left]))  # type: ignore[call-arg, arg-type]


def _fold_each(plan: Plan, state: State, tally: _Tally, batch: Batch, since: int) -> None:
    """The records of a batch one by one, from a place on."""
    decode = plan.decoder.decode
    for first in range(since, len(batch), TOGETHER):
        part = slice(first, first + TOGETHER)
        values = batch.values[part]
        try:
            events = list(map(decode, values))  # one kind of work at a time: it stays in the processor's cache
        except Exception:  # noqa: BLE001  # which of them it was is found one by one
            events = [_decoded(plan, value) for value in values]
        columns = batch.offsets[part], batch.timestamps[part], batch.keys[part]
        _fold_part(plan, state, tally, Part(*columns, values, events))


def _fold_part(plan: Plan, state: State, tally: _Tally, part: Part) -> None:
    """Some records: first the questions that come before an event is taken, then the taking.

    A fault of ours takes the note of its record back, and what was asked after it is asked again.
    """
    while part.offsets:
        state.duplicates.settle()
        verdicts = _verdicts(plan, state.duplicates, part)
        failed = _take_each(plan, tally, part, verdicts)
        if failed is None:
            return
        if plan.recognises_repeats:
            state.duplicates.undo(sum(map(_was_asked, verdicts[failed:])))
        part = part.behind(failed + 1)


def _take_each(plan: Plan, tally: _Tally, part: Part, verdicts: list[Verdict]) -> int | None:
    """Give each record its fate, up to the first that cannot be taken for a fault of ours; answers its place."""
    place, provenance, lane = -1, "", None
    for append, event, verdict in zip(part.appends, part.events, verdicts, strict=True):
        place += 1
        if isinstance(event, Rejection):
            source, provenance = plan.decoder.label(part.values[place])
            _refuse(tally, part, place, event, source, provenance)
            lane = None
            continue
        if event.provenance != provenance or lane is None:
            provenance, lane = event.provenance, tally.lane(event.provenance)
        if verdict is None:
            try:
                flags = take(plan, lane, event, append)
            except Exception as error:  # noqa: BLE001  # it neither loses the record nor stops its neighbours
                _refuse(tally, part, place, _internal(error), event.source, provenance)
                return place
            if flags is not None:
                tally.accept(lane, event, append, flags)
                continue
            detail = f"moment {moment_of(plan, event)} ms, watermark {lane.watermark} ms"
            _refuse(tally, part, place, Rejection(Reason.LATE, "/time", detail), event.source, provenance)
        elif verdict is True:
            tally.note(lane, event.source, Fate.DUPLICATE, append)
        elif verdict:
            _refuse(tally, part, place, verdict, event.source, provenance)
    return None


def _refuse(tally: _Tally, part: Part, place: int, fault: Rejection, source: str, provenance: str) -> None:
    """Make a dead letter of a record."""
    fate = Fate.LATE if fault.reason is Reason.LATE else Fate.REJECTED
    record = part.offsets[place], part.appends[place], part.keys[place], part.values[place]
    tally.refuse(DeadLetter(*record, fate, *fault, source, provenance))


def _decoded(plan: Plan, value: bytes | None) -> Event | Rejection:
    """What a record says; a fault of ours neither loses it nor stops its neighbours."""
    try:
        return plan.decoder.decode(value)
    except Exception as error:  # noqa: BLE001
        return _internal(error)


def _verdicts(plan: Plan, duplicates: Duplicates, part: Part) -> list[Verdict]:
    """What is to be done with each record."""
    found: list[Verdict] = []
    places: list[int] = []
    identities: list[bytes] = []
    source = provenance = begin = ""
    field, future_ms, recognises_repeats = plan.key, plan.future_ms, plan.recognises_repeats
    for append, key, event in zip(part.appends, part.keys, part.events, strict=True):
        verdict: Verdict = None
        if isinstance(event, Rejection):
            verdict = event
        else:
            try:
                if (field and key != event.row[field].encode()) or event.time > append + future_ms:
                    verdict = _misplaced(plan, event, append, key)
                elif recognises_repeats:
                    if event.source is not source or event.provenance is not provenance:
                        source, provenance = event.source, event.provenance
                        begin = f"{provenance}\0{source}\0"
                    identities.append((begin + event.id).encode())
                    places.append(len(found))
            except Exception as error:  # noqa: BLE001  # as above
                verdict = _internal(error)
        found.append(verdict)
    values, appends = part.values, part.appends
    if len(places) < len(found):
        values, appends = [values[place] for place in places], [appends[place] for place in places]
    answers = duplicates.ask(identities, values, appends)  # type: ignore[arg-type]  # these have a value
    for place, answer in zip(places, answers, strict=True):
        if answer is not None:
            found[place] = answer or _conflict(part.events[place])
    return found


def _was_asked(verdict: Verdict) -> bool:
    """Whether it was asked if a record is a repeat, and so its id was noted."""
    return not isinstance(verdict, Rejection) or verdict.reason is Reason.ID_CONFLICT


def _internal(error: Exception) -> Rejection:
    return Rejection(Reason.INTERNAL_ERROR, "", f"{type(error).__name__}: {error}")


def _conflict(event: Event | Rejection) -> Rejection:
    assert isinstance(event, Event)
    return Rejection(Reason.ID_CONFLICT, "/id", f"{event.id!r} was sent with another body")


def _misplaced(plan: Plan, event: Event, append: int, key: bytes | None) -> Rejection:
    """The fault of an event that does not go with the record around it: its key or its arrival."""
    if plan.key and key != (expected := event.row[plan.key]).encode():
        shown = "none" if key is None else repr(key[:64].decode(errors="replace"))
        where = f"{plan.decoder.data}/{plan.key}"
        return Rejection(Reason.WRONG_KEY, where, f"the record's key is {shown}, not {expected!r}")
    return Rejection(Reason.FUTURE_TIME, "/time", f"{event.time - append} ms later than its arrival")
