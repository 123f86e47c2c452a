"""The replay of one partition: each record its fate, each lane what it remembers (docs/numbers.md, sections 1 to 4)."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from schemas.entities import Check
from schemas.errors import Reason
from schemas.feed import Feed
from schemas.kpi import Kpi
from schemas.reference import Reference
from streams.recount.entities import Thing
from streams.recount.measures import Counted, holds, measure, spreads
from streams.recount.moments import first_moment, pane_at, pane_length, spread
from streams.recount.validity import Event, Examined, Examiner, Record
from streams.recount.worktime import WorkTime

ALWAYS = {"commune": "", "admin_version": ""}
"""Fields that a laid row has even where no event named a unit."""

KILLER = str(Reason.PROCESS_KILLER)


class Dead(NamedTuple):
    """A record that must lie among the dead letters, with every reason that would be true."""

    fate: str
    reasons: tuple[str, ...]
    value: bytes | None


class Waiting(NamedTuple):
    """An event that a check lets wait, and the checks that doubted it."""

    event: Event
    doubted: tuple[str, ...]


class Doubts(NamedTuple):
    """What the checks say of an event."""

    names: tuple[str, ...] = ()
    held: bool = False
    confirm: tuple[Check, ...] = ()


class Paned(NamedTuple):
    """A row that counts for a KPI over windows, in its pane."""

    pane: int
    counted: Counted


@dataclass
class Lane:
    """Everything of one provenance in one partition."""

    watermark: int | None = None
    accepted_at: int | None = None  # append stamp of the newest accepted record
    ceiling: int | None = None  # how far the present may have gone on in pauses that are over
    newest: int | None = None  # append stamp of the newest record
    fates: Counter[tuple[str, str]] = field(default_factory=Counter)  # (source, fate)
    hours: defaultdict[str, Counter[tuple[int, str]]] = field(default_factory=lambda: defaultdict(Counter))
    last_event: dict[str, int] = field(default_factory=dict)
    last_arrival: dict[str, int] = field(default_factory=dict)
    reported: defaultdict[str, set[tuple[str, int]]] = field(default_factory=lambda: defaultdict(set))
    things: dict[str, Thing] = field(default_factory=dict)
    waiting: dict[str, Waiting] = field(default_factory=dict)
    rows: defaultdict[tuple[int, tuple[str, ...]], list[Paned]] = field(default_factory=lambda: defaultdict(list))


@dataclass
class Replay:
    """One partition, read record by record in the order of the log.

    Attributes:
        killers: offsets of records that are not read, because a dead letter says that they end whoever does.
    """

    feed: Feed
    reference: Reference
    worktime: WorkTime
    examiner: Examiner
    horizon_ms: int
    killers: frozenset[int] = frozenset()
    lanes: defaultdict[str, Lane] = field(default_factory=lambda: defaultdict(Lane))
    dead: dict[int, Dead] = field(default_factory=dict)
    fates: dict[int, str] = field(default_factory=dict)
    _seen: dict[tuple[str, str, str], tuple[int, bytes]] = field(default_factory=dict)

    def read(self, records: Iterable[Record]) -> "Replay":
        """Read records; answers itself."""
        for record in records:
            self._read(record)
        return self

    def _read(self, record: Record) -> None:
        is_killer = record.offset in self.killers
        examined = self.examiner.unread(KILLER) if is_killer else self.examiner.examine(record)
        lane = self.lanes[examined.lane]
        fate, reasons, flagged = self._judge(record, examined, lane)
        self.fates[record.offset] = fate
        if fate in ("rejected", "late"):
            self.dead[record.offset] = Dead(fate, reasons, record.value)
        self._count(lane, record, examined.source, fate, flagged)
        if fate == "accepted" and examined.event is not None:
            self._accept(lane, record, examined.event, examined.source)

    def _judge(self, record: Record, examined: Examined, lane: Lane) -> tuple[str, tuple[str, ...], bool]:
        """The fate, the true reasons if it is refused, and whether it is flagged."""
        event = examined.event
        if event is None:
            return "rejected", examined.faults, False
        if self.feed.bare is not None:
            return self._place(event, lane)
        value = record.value or b""
        identity = (examined.lane, event.source, event.id)
        before = self._seen.get(identity)
        self._seen[identity] = (record.append, value)
        if before is not None and record.append - before[0] <= self.horizon_ms:
            return ("duplicate", (), False) if before[1] == value else ("rejected", ("id_conflict",), False)
        return self._place(event, lane)

    def _place(self, event: Event, lane: Lane) -> tuple[str, tuple[str, ...], bool]:
        """Late or accepted; an accepted event is taken, held or let wait."""
        kind = self.feed.entity
        if kind is None:
            if self._is_old(event, lane):
                return "late", ("late",), False
            self._count_row(event, lane, dict(event.row))
            return "accepted", (), bool(event.flags)
        name = str(event.row[kind.id])
        before = self._alive(lane, name)
        doubts = self._doubts(event, before)
        flags = {*event.flags, *doubts.names}
        waiting = lane.waiting.get(name)
        agreed = waiting is not None and all(_agree(check, event, waiting) for check in doubts.confirm)
        if doubts.held:
            return "accepted", (), True
        if doubts.confirm and not agreed:
            lane.waiting[name] = Waiting(event, tuple(check.name for check in doubts.confirm))
            return "accepted", (), True
        tried = before.copy() if before else Thing()
        if not tried.take(kind, event.row) and self._is_old(event, lane):
            return "late", ("late",), False
        lane.waiting.pop(name, None)
        if doubts.confirm and waiting is not None:
            self._take(waiting.event, lane, name)
        if self._take(event, lane, name):
            flags.add("closed_before_opened")
        return "accepted", (), bool(flags)

    def _alive(self, lane: Lane, name: str) -> Thing | None:
        """What is remembered of an entity when a record asks."""
        thing, kind = lane.things.get(name), self.feed.entity
        if thing is None or kind is None or thing.is_forgotten(kind, lane.watermark):
            return None
        return thing

    def _doubts(self, event: Event, thing: Thing | None) -> Doubts:
        before = thing.values if thing else {}
        doubting = [check for check in self.feed.checks
                    if check.effect != "confirm" and check.doubts(event.row, before)]
        names = tuple(check.name for check in doubting)
        if any(check.effect == "hold" for check in doubting):
            return Doubts(names, held=True)
        confirm = tuple(check for check in self.feed.checks
                        if check.effect == "confirm" and check.doubts(event.row, before))
        return Doubts((*names, *(check.name for check in confirm)), confirm=confirm)

    def _is_old(self, event: Event, lane: Lane) -> bool:
        """Whether its moment lies before every window at the watermark before it."""
        if lane.watermark is None:
            return False
        return all(event.moment < first_moment(window, lane.watermark)
                   for kpi in self.feed.kpis for window in kpi.windows)

    def _take(self, event: Event, lane: Lane, name: str) -> bool:
        """Fold an event into memory and KPIs; answers whether it put the end before the beginning."""
        kind = self.feed.entity
        if kind is None:
            return False
        thing = self._alive(lane, name) or Thing()
        was = thing.closed_before_opened
        thing.take(kind, event.row)
        lane.things[name] = thing
        told = thing.told(kind, self.reference, self.worktime)
        self._count_row(event, lane, {**ALWAYS, **thing.values, **told, **event.row})
        return thing.closed_before_opened and not was

    def _count_row(self, event: Event, lane: Lane, row: dict[str, Any]) -> None:
        row = {**ALWAYS, **row}
        for position, kpi in enumerate(self.feed.kpis):
            if kpi.windows and holds(kpi.where, row, event.moment, self.worktime):
                self._count_for(position, kpi, event, lane, row)

    def _count_for(self, position: int, kpi: Kpi, event: Event, lane: Lane, row: Mapping[str, Any]) -> None:
        values = [measure(self.feed, what, row, carried=event.row, moment=event.moment, worktime=self.worktime)
                  for what in kpi.aggregate.measures]
        there = tuple(value for value in values if value is not None)
        if len(there) < len(values):
            return
        rows = lane.rows[position, tuple(label_value(row.get(name, "")) for name in kpi.by)]
        pane = pane_length(kpi.windows)
        if spreads(self.feed, kpi.aggregate) and event.moment < event.time:
            for number, share in spread(there[0], event.moment, event.time, pane):
                rows.append(Paned(number, Counted(event.moment, (share,))))
        else:
            rows.append(Paned(pane_at(event.moment, pane), Counted(event.moment, there)))

    @staticmethod
    def _count(lane: Lane, record: Record, source: str, fate: str, flagged: bool) -> None:
        hour = record.append // 3_600_000
        lane.fates[source, fate] += 1
        lane.hours[source][hour, fate] += 1
        lane.hours[source][hour, "flagged"] += flagged
        lane.last_arrival[source] = max(record.append, lane.last_arrival.get(source, record.append))
        lane.newest = record.append if lane.newest is None else max(lane.newest, record.append)

    def _accept(self, lane: Lane, record: Record, event: Event, source: str) -> None:
        if lane.watermark is not None and lane.accepted_at is not None:
            reached = lane.watermark + record.append - lane.accepted_at
            lane.ceiling = reached if lane.ceiling is None else max(lane.ceiling, reached)
        seen = min(event.time, record.append)
        lane.watermark = seen if lane.watermark is None else max(lane.watermark, seen)
        lane.accepted_at = record.append
        lane.last_event[source] = max(event.time, lane.last_event.get(source, event.time))
        if self.feed.entity is not None:
            lane.reported[source].add((str(event.row[self.feed.entity.id]), event.time))


def _agree(check: Check, event: Event, waiting: Waiting) -> bool:
    return check.name in waiting.doubted and not check.doubts(event.row, waiting.event.row)


def label_value(value: Any) -> str:
    """A value as a label."""
    return str(value).lower() if isinstance(value, bool) else str(value)
