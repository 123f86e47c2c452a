"""The hot loop, and the only place where a fate is decided: docs/numbers.md, section 2, question by question.

A record is folded whole or not at all; no await, no clock, no file, and nothing raised for a record's fault.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

from schemas.decode import Event
from schemas.errors import Fate, Reason, Rejection
from schemas.feed import Check
from streams.engine import memory as memories
from streams.engine import quality
from streams.engine.batch import Batch
from streams.engine.panes import Share, add, shares
from streams.engine.plan import NO_UNIT, SEPARATOR, Plan
from streams.engine.state import Lane, Memory, State
from streams.engine.watermark import follow


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


def fold(plan: Plan, state: State, batch: Batch) -> Folded:
    """Take the records of a batch that the state does not contain, and move its next offset behind the batch.

    The caller has made sure that the batch does not begin beyond `state.next_offset` (a hole).
    """
    folded = Folded()
    fence = state.next_offset
    for offset, append, key, value in zip(batch.offsets, batch.timestamps, batch.keys, batch.values, strict=True):
        if offset < fence:
            folded.skipped += 1
            continue
        _judge(plan, state, folded, offset, append, key, value)
    state.next_offset = max(fence, batch.next_offset)
    state.version += 1
    return folded


def _judge(
    plan: Plan, state: State, folded: Folded, offset: int, append: int, key: bytes | None, value: bytes | None
) -> None:
    """Give one record its fate."""
    folded.read += 1
    event = plan.decoder.decode(value)
    if isinstance(event, Rejection):
        source, provenance = plan.decoder.label(value)
        _refuse(plan, state, folded, DeadLetter(offset, append, key, value, Fate.REJECTED, *event, source, provenance))
        return
    rejection = _misplaced(plan, event, append, key)
    if rejection is None:
        assert value is not None
        again = state.duplicates.ask(f"{event.provenance}\0{event.source}\0{event.id}", value, append)
        if again:
            _count(plan, state, folded, event.source, event.provenance, Fate.DUPLICATE, append)
            return
        if again is False:
            rejection = Rejection(Reason.ID_CONFLICT, "/id", f"{event.id!r} was sent with another body")
    if rejection is not None:
        _refuse(
            plan,
            state,
            folded,
            DeadLetter(offset, append, key, value, Fate.REJECTED, *rejection, event.source, event.provenance),
        )
        return
    try:
        taken, flags = _take(plan, _lane(plan, state, event.provenance), event, append)
    except Exception as error:  # noqa: BLE001  # a fault of ours must neither lose the record nor stop its neighbours
        state.duplicates.undo()
        _refuse(
            plan,
            state,
            folded,
            DeadLetter(
                offset,
                append,
                key,
                value,
                Fate.REJECTED,
                Reason.INTERNAL_ERROR,
                "",
                f"{type(error).__name__}: {error}",
                event.source,
                event.provenance,
            ),
        )
        return
    if not taken:
        lane = state.lanes[event.provenance]
        detail = f"moment {_moment(plan, event)} ms, watermark {lane.watermark} ms"
        _refuse(
            plan,
            state,
            folded,
            DeadLetter(
                offset, append, key, value, Fate.LATE, Reason.LATE, "/time", detail, event.source, event.provenance
            ),
        )
        return
    _count(plan, state, folded, event.source, event.provenance, Fate.ACCEPTED, append, event, flags)
    folded.delays.append(append - event.time)


def _misplaced(plan: Plan, event: Event, append: int, key: bytes | None) -> Rejection | None:
    """Faults that need the record around the event: its key and its arrival."""
    expected = event.row[plan.key]
    if key != expected.encode():
        shown = "none" if key is None else repr(key[:64].decode(errors="replace"))
        return Rejection(Reason.WRONG_KEY, f"/data/{plan.key}", f"the record's key is {shown}, not {expected!r}")
    if event.time > append + plan.future_ms:
        return Rejection(Reason.FUTURE_TIME, "/time", f"{event.time - append} ms later than its arrival")
    return None


def _lane(plan: Plan, state: State, provenance: str) -> Lane:
    lane = state.lanes.get(provenance)
    if lane is None:
        lane = state.lanes[provenance] = Lane(plan)
    return lane


def _take(plan: Plan, lane: Lane, event: Event, append: int) -> tuple[bool, tuple[str, ...]]:
    """Fold an event, whole or, if it raises, not at all; False if it is late. Tells its flags."""
    if plan.feed.entity is not None:
        return _take_of_entity(plan, lane, event, append)
    moment = _moment(plan, event)
    if lane.watermark is not None and moment < lane.oldest:
        return False, ()
    found = shares(plan, event.action, {**NO_UNIT, **event.row}, event.row, moment)
    follow(plan, lane, event.time, append)
    add(lane, found, moment, event.time)
    return True, event.flags


def _take_of_entity(plan: Plan, lane: Lane, event: Event, append: int) -> tuple[bool, tuple[str, ...]]:
    name = event.row[plan.key]
    before = memories.find(plan, lane, name)
    memory = Memory() if before is None else before.copy() if plan.risky else before
    doubts = [check for check in plan.checks if check.doubts(event.row, memory.values)] if plan.checks else []
    flags = (*event.flags, *[check.name for check in doubts])
    events = _released(memory, event, doubts)
    if not events:
        if memory.waiting is not None:
            lane.entities[name] = memory
        follow(plan, lane, event.time, append)
        return True, flags
    taken = [(each, *_laid(plan, memory, each)) for each in events]
    _, moment, news, more, _ = taken[-1]
    if not (news or before is None) and lane.watermark is not None and moment < lane.oldest:
        return False, ()
    follow(plan, lane, event.time, append)
    for each, at, _, _, found in taken:
        add(lane, found, at, each.time)
        memory.seen = max(memory.seen, each.time)
    lane.entities[name] = memory
    if lane.view is not None:
        lane.view.changed.add(name)
    return True, (*flags, *more)


def _laid(plan: Plan, memory: Memory, event: Event) -> tuple[int, bool, tuple[str, ...], list[Share]]:
    """Lay an event over memory: its moment, whether it was news, flags that follow, and what it gives to the KPIs."""
    news, flags = memories.remember(plan, memory, event)
    moment = _moment(plan, event)
    row = {**NO_UNIT, **memory.values, **event.row} if plan.by_action[event.action] else event.row
    return moment, news, flags, shares(plan, event.action, row, event.row, moment)


def _released(memory: Memory, event: Event, doubts: list[Check]) -> list[Event]:
    """The events that may be taken now: none if a check holds this one or lets it wait, two if it confirms another."""
    if any(check.effect == "hold" for check in doubts):
        return []
    waiting = memory.waiting
    confirm = next((check for check in doubts if check.effect == "confirm"), None)
    if confirm is None:
        memory.waiting = None
        return [event]
    if waiting is None or waiting[0] != confirm.name or confirm.doubts(event.row, waiting[1]):
        memory.waiting = [confirm.name, event.row, event.action, event.time]
        return []
    memory.waiting = None
    return [Event("", "", "", waiting[2], waiting[3], waiting[1], ()), event]


def _moment(plan: Plan, event: Event) -> int:
    """The moment of a row: its time, or the beginning of the period it covers."""
    covers = plan.covers
    if covers is None or (seconds := event.row.get(covers)) is None:
        return event.time
    return event.time - int(seconds) * 1000


def _refuse(plan: Plan, state: State, folded: Folded, letter: DeadLetter) -> None:
    folded.dead_letters.append(letter)
    folded.reasons[letter.source, letter.reason] += 1
    lane = _count(plan, state, folded, letter.source, letter.provenance, letter.fate, letter.append_ms)
    if letter.reason is Reason.FUTURE_TIME:
        quality.fault(lane, letter.source)


def _count(
    plan: Plan,
    state: State,
    folded: Folded,
    source: str,
    provenance: str,
    fate: Fate,
    append: int,
    event: Event | None = None,
    flags: tuple[str, ...] = (),
) -> Lane:
    """Note a fate in the state and in what is told of the batch."""
    folded.fates[source, fate] += 1
    for flag in flags:
        folded.flags[source, flag] += 1
    lane = _lane(plan, state, provenance)
    key = f"{source}{SEPARATOR}{fate}"
    lane.fates[key] = lane.fates.get(key, 0) + 1
    if append > lane.heard:
        lane.heard = append
    quality.note(plan, lane, source, fate, append, event, bool(flags))
    return lane
