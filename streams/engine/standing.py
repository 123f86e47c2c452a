"""KPIs over entities as they stand, kept up to date entity by entity: a view is derived from a lane, never stored.

What an entity gives to the KPIs changes when an event changes the entity, or when the present passes a moment at which
one of its answers turns (a deadline, the age at which it is unknown or forgotten). Those moments wait in a heap, so a
second costs what has changed in it, not the number of open cases.
"""

from collections.abc import Iterable, Iterator
from heapq import heapify, heappop, heappush

from schemas.aggregates import Aggregate
from streams.engine import memory as memories
from streams.engine.giving import Giving, Part
from streams.engine.plan import FOREVER, NO_UNIT, Plan, Standing
from streams.engine.progress import Told
from streams.engine.state import Lane, State

TOGETHER = 10_000
"""Entities of a large state that are taken into a view before it is told that it gets on."""


class Given:
    """What some entities give alike: of a million cases most give the same as many others.

    Attributes:
        holders: how many entities give it; `counted`: how many of them are in the totals.
    """

    __slots__ = ("counted", "holders", "parts")

    def __init__(self, parts: tuple[Part, ...]) -> None:
        self.parts = parts
        self.holders = self.counted = 0


class View:
    """The standing KPIs of one lane at one present."""

    def __init__(self, plan: Plan, lane: Lane) -> None:
        self._plan, self._giving = plan, Giving(plan)
        self.changed: set[str] = set(lane.entities)
        self._given: dict[str, Given] = {}
        self.alike: dict[tuple[Part, ...], Given] = {}
        self._turns: list[tuple[int, str]] = []
        self._next: dict[str, int] = {}
        self._numbers = tuple(map(Number, plan.standing))

    def read(self, lane: Lane, present: int) -> Iterator[tuple[Standing, str, list[int]]]:
        """(KPI, joined labels, state of the aggregate) for every number there is at the present."""
        turns = self._turns
        while turns and turns[0][0] <= present:
            moment, entity = heappop(turns)
            if self._next.get(entity) == moment:
                self.changed.add(entity)
        self._renew(lane, self.changed, present)
        self.changed.clear()
        for number in self._numbers:
            for labels in number.members:
                yield number.entry, labels, number.total(labels)

    def begin(self, lane: Lane, present: int, told: Told) -> None:
        """Lets all entities give what they give, and tells of each so many; the first `read` has little left to do."""
        self.changed.clear()
        names = list(lane.entities)  # in this order they lie side by side in memory
        for first in range(0, len(names), TOGETHER):
            self._renew(lane, names[first : first + TOGETHER], present)
            told("entities", min(first + TOGETHER, len(names)), len(names))

    def _renew(self, lane: Lane, changed: Iterable[str], present: int) -> None:
        """Let the changed entities give what they give now, and the totals follow once for all that give alike."""
        plan, entities, given, alike, following = self._plan, lane.entities, self._given, self.alike, self._next
        parts_of, next_turn = self._giving.parts, self._giving.next_turn
        touched: set[Given] = set()
        turns: list[tuple[int, str]] = []
        for entity in changed:
            before = given.pop(entity, None)
            if before is not None:
                before.holders -= 1
                touched.add(before)
            following.pop(entity, None)
            memory = entities.get(entity)
            if memory is None or memories.forgotten(plan, memory, present):
                continue
            row = {**NO_UNIT, **memory.values, plan.key: entity}
            parts = parts_of(memory, row, present)
            now = alike.get(parts)
            if now is None:
                now = alike[parts] = Given(parts)
            now.holders += 1
            touched.add(now)
            given[entity] = now
            moment = next_turn(memory, row, present)
            if moment < FOREVER:
                following[entity] = moment
                turns.append((moment, entity))
        self._wait(turns)
        self._count(touched)

    def _wait(self, turns: list[tuple[int, str]]) -> None:
        if len(turns) > len(self._turns):
            self._turns += turns
            heapify(self._turns)
        else:
            for turn in turns:
                heappush(self._turns, turn)

    def _count(self, touched: Iterable[Given]) -> None:
        for given in touched:
            more = given.holders - given.counted
            if more:
                given.counted = given.holders
                for number, labels, measures in given.parts:
                    self._numbers[number].take(labels, measures, more)
            if not given.holders:
                del self.alike[given.parts]


def prepare(plan: Plan, state: State, told: Told) -> None:
    """Builds the views of a state that was loaded: with many entities the longest part of taking it over."""
    for lane in state.lanes.values():
        if plan.standing and lane.view is None and lane.present is not None:
            lane.view = View(plan, lane)
            lane.view.begin(lane, lane.present, told)


class Number:
    """One KPI of a view.

    Attributes:
        members: by joined labels, how many entities have them.
        totals: the states by joined labels; of an aggregate that only grows, none where something was taken out.
        values: of an aggregate that only grows: by joined labels, how many entities give which measures.
    """

    __slots__ = ("entry", "members", "shrinks", "totals", "values")

    def __init__(self, entry: Standing) -> None:
        self.entry = entry
        self.shrinks = type(entry.aggregate).merge is Aggregate.merge
        self.members: dict[str, int] = {}
        self.totals: dict[str, list[int]] = {}
        self.values: dict[str, dict[tuple[int, ...], int]] = {}

    def take(self, labels: str, measures: tuple[int, ...] | None, more: int) -> None:
        """So many entities more, or fewer, have these labels and measures."""
        left = self.members[labels] = self.members.get(labels, 0) + more
        if not left:
            for kept in (self.members, self.totals, self.values):
                kept.pop(labels, None)
        elif measures is not None and self.shrinks:
            total, gave = self.total(labels), self.entry.aggregate.zero()
            self.entry.add(gave, *measures)
            total[:] = [had + more * one for had, one in zip(total, gave, strict=True)]
        elif measures is not None:
            self._keep(labels, measures, more)

    def _keep(self, labels: str, measures: tuple[int, ...], more: int) -> None:
        values = self.values.setdefault(labels, {})
        values[measures] = values.get(measures, 0) + more
        if not values[measures]:
            del values[measures]
        total = self.totals.get(labels) if more > 0 else self.totals.pop(labels, None)
        if more > 0 and total is not None:
            for _ in range(more):
                self.entry.add(total, *measures)

    def total(self, labels: str) -> list[int]:
        """The state over all members of one combination of labels."""
        total = self.totals.get(labels)
        if total is None:
            total = self.totals[labels] = self.entry.aggregate.zero()
            for measures, times in self.values.get(labels, {}).items():
                for _ in range(times):
                    self.entry.add(total, *measures)
        return total
