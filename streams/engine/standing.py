"""KPIs over entities as they stand, kept up to date entity by entity: a view is derived from a lane, never stored.

What an entity gives to the KPIs changes when an event changes the entity, or when the present passes a moment at which
one of its answers turns (a deadline, the age at which it is unknown or forgotten). Those moments wait in a heap, so a
second costs what has changed in it, not the number of open cases.
"""

from collections.abc import Iterator
from heapq import heappop, heappush
from operator import sub

from schemas.aggregates import Aggregate
from schemas.conditions import Before, Condition, Due, Past, Row
from streams.engine import memory as memories
from streams.engine.plan import FOREVER, NO_UNIT, Plan, Standing
from streams.engine.state import Lane, Memory

Part = tuple[int, str, list[int] | None]
"""(number of the KPI, joined labels, measures); None for measures: the labels occur, the entity does not count."""


class View:
    """The standing KPIs of one lane at one present."""

    def __init__(self, plan: Plan, lane: Lane) -> None:
        self._plan = plan
        self.changed: set[str] = set(lane.entities)
        self._parts: dict[str, list[Part]] = {}
        self._turns: list[tuple[int, str]] = []
        self._next: dict[str, int] = {}
        self._members: list[dict[str, dict[str, list[int] | None]]] = [{} for _ in plan.standing]
        self._totals: list[dict[str, list[int]]] = [{} for _ in plan.standing]

    def read(self, lane: Lane, present: int) -> Iterator[tuple[Standing, str, list[int]]]:
        """(KPI, joined labels, state of the aggregate) for every number there is at the present."""
        turns = self._turns
        while turns and turns[0][0] <= present:
            moment, entity = heappop(turns)
            if self._next.get(entity) == moment:
                self.changed.add(entity)
        for entity in self.changed:
            self._renew(entity, lane.entities.get(entity), present)
        self.changed.clear()
        for number, entry in enumerate(self._plan.standing):
            for labels in self._members[number]:
                yield entry, labels, self._total(number, entry, labels)

    def _renew(self, entity: str, memory: Memory | None, present: int) -> None:
        """Take out what the entity gave and put in what it gives now."""
        for number, labels, values in self._parts.pop(entity, ()):
            members = self._members[number]
            members[labels].pop(entity, None)
            self._take_out(number, labels, values)
            if not members[labels]:
                del members[labels]
                self._totals[number].pop(labels, None)
        self._next.pop(entity, None)
        if memory is None or memories.forgotten(self._plan, memory, present):
            return
        row = {**NO_UNIT, **memory.values, self._plan.key: entity}
        parts = list(shares(self._plan, memory, row, present))
        self._parts[entity] = parts
        for number, labels, values in parts:
            self._members[number].setdefault(labels, {})[entity] = values
            total = self._totals[number].get(labels)
            if total is not None and values is not None:
                self._plan.standing[number].add(total, *values)
        moment = next_turn(self._plan, memory, row, present)
        if moment < FOREVER:
            self._next[entity] = moment
            heappush(self._turns, (moment, entity))

    def _take_out(self, number: int, labels: str, values: list[int] | None) -> None:
        """Take what an entity gave out of a total; what only grows is worked out again when it is asked for."""
        total = self._totals[number].get(labels)
        if total is None or values is None:
            return
        entry = self._plan.standing[number]
        if type(entry.aggregate).merge is not Aggregate.merge:
            del self._totals[number][labels]
            return
        gave = entry.aggregate.zero()
        entry.add(gave, *values)
        total[:] = map(sub, total, gave)

    def _total(self, number: int, entry: Standing, labels: str) -> list[int]:
        """The state over all members of one combination of labels, kept up to date from the first time on."""
        total = self._totals[number].get(labels)
        if total is None:
            total = self._totals[number][labels] = entry.aggregate.zero()
            for values in self._members[number][labels].values():
                if values is not None:
                    entry.add(total, *values)
        return total


def shares(plan: Plan, memory: Memory, row: Row, present: int) -> Iterator[Part]:
    """What an entity gives to the standing KPIs at the present."""
    for number, entry in enumerate(plan.standing):
        if plan.case is None and not _known(plan, entry, memory, row[plan.key], present):
            continue
        labels = entry.labels(row)
        values = _values(entry, memory, row, present)
        if values is not None:
            yield number, labels, [_moment(entry, memory), *values]
        elif entry.counts:
            yield number, labels, None


def _values(entry: Standing, memory: Memory, row: Row, present: int) -> list[int] | None:
    """The measures, or None if the entity is none of the rows or lacks a measure."""
    if entry.is_open and not memory.is_open:
        return None
    if entry.where is not None and not entry.where(row, present):
        return None
    values = [take(row, row, present) for take in entry.takes]
    return None if None in values else values  # type: ignore[return-value]


def _moment(entry: Standing, memory: Memory) -> int:
    """The time at which a value was true: that of its field in memory, else of the newest event."""
    return memory.times.get(entry.moment_field, memory.seen) if entry.moment_field else memory.seen


def as_of(plan: Plan, proof: tuple[str, ...], memory: Memory) -> int | None:
    """The newest time of the remembered fields a KPI measures; a told field is as new as its entity."""
    times = [memory.seen if name in plan.told else memory.times[name] for name in proof if name in memory.times]
    return max(times, default=None)


def _known(plan: Plan, entry: Standing, memory: Memory, entity: str, present: int) -> bool:
    moment = as_of(plan, entry.proof, memory)
    return moment is not None and plan.known(entity, moment, present)


def next_turn(plan: Plan, memory: Memory, row: Row, present: int) -> int:
    """The first moment after the present at which something the entity gives may change without an event."""
    moments = [FOREVER]
    if plan.case is not None and not memory.is_open:
        moments.append(memory.seen + plan.kept_ms + 1)
    if plan.case is None:
        for entry in plan.standing:
            since = as_of(plan, entry.proof, memory)
            if since is not None:
                moments.append(plan.unknown_from(row[plan.key], since))
    for condition in plan.clocks if plan.case is None or memory.is_open else plan.clocks_of_closed:
        moments += _turns(plan, condition, row)
    return min(moment for moment in moments if moment > present)


def _turns(plan: Plan, condition: Condition, row: Row) -> Iterator[int]:
    """When the answer to a question of time turns."""
    match condition:
        case Past(field, None) | Before(field) if field in row:
            yield row[field] + 1
        case Past(field, by) if by is not None and field in row:
            yield plan.later(row[field], by, 1)
        case Due(field, within) if field in row:
            yield plan.earlier(row[field], within)
            yield row[field] + 1
