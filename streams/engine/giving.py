"""What one entity, as it stands, gives to the standing KPIs at a present, and when that may next change by itself."""

from collections.abc import Callable, Iterator

from schemas.aggregates import Count, Histogram, Mean, Ratio, Share, Sum
from schemas.conditions import Before, Condition, Due, Past, Row, millis
from streams.engine.plan import FOREVER, Plan, Standing
from streams.engine.state import Memory

Part = tuple[int, str, tuple[int, ...] | None]
"""(number of the KPI, joined labels, moment and measures); None for these: the labels occur, the entity does not count.

The moment is 0 where the aggregate takes no notice of it: entities that differ in nothing else give the same.
"""

Turn = Callable[[Row, int], int]
"""A moment after the present, not later than the first at which the answer to a question of time turns."""

TIMELESS = (Count, Sum, Mean, Share, Ratio, Histogram)
"""Aggregates that take no notice of the moment of a row."""


class Giving:
    """The standing KPIs of a plan, ready to be asked of many entities."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        kinds = list(dict.fromkeys(entry.kpi.by for entry in plan.standing))
        self._none: list[str | None] = [None] * len(kinds)
        self._entries = tuple((number, entry, kinds.index(entry.kpi.by), type(entry.aggregate) not in TIMELESS)
                              for number, entry in enumerate(plan.standing))
        self._turns = tuple(turn_of(plan, clock) for clock in plan.clocks)
        self._turns_of_closed = tuple(turn_of(plan, clock) for clock in plan.clocks_of_closed)

    def parts(self, memory: Memory, row: Row, present: int) -> tuple[Part, ...]:
        """What the entity of this memory, laid out as a row, gives."""
        plan, is_open, joined = self._plan, memory.is_open, self._none.copy()
        found: list[Part] = []
        for number, entry, kind, is_timed in self._entries:
            if plan.case is None and not _known(plan, entry, memory, row[plan.key], present):
                continue
            values: tuple[int | None, ...] | None = None
            if (is_open or not entry.is_open) and (entry.where is None or entry.where(row, present)):
                values = (_moment(entry, memory) if is_timed else 0, *[take(row, row, present) for take in entry.takes])
                if None in values:
                    values = None
            if values is not None or entry.counts:
                labels = joined[kind]
                if labels is None:
                    labels = joined[kind] = entry.labels(row)
                found.append((number, labels, values))  # type: ignore[arg-type]  # none of them is None
        return tuple(found)

    def next_turn(self, memory: Memory, row: Row, present: int) -> int:
        """A moment after the present before which nothing the entity gives changes without an event."""
        plan, first, turns = self._plan, FOREVER, self._turns
        if plan.case is None:
            first = min(_unknown(plan, memory, row, present), default=FOREVER)
        elif not memory.is_open:
            forgotten = memory.seen + plan.kept_ms + 1
            first, turns = forgotten if forgotten > present else FOREVER, self._turns_of_closed
        for turn in turns:
            moment = turn(row, present)
            if moment < first:
                first = moment
        return first


def _unknown(plan: Plan, memory: Memory, row: Row, present: int) -> Iterator[int]:
    for entry in plan.standing:
        since = as_of(plan, entry.proof, memory)
        if since is not None and (moment := plan.unknown_from(row[plan.key], since)) > present:
            yield moment


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


def turn_of(plan: Plan, condition: Condition) -> Turn:
    """When the answer to a question of time may turn next; what takes the calendar is worked out only when it is near.

    Working time is never longer than the time it takes: a stretch of it has not passed before the stretch has.
    """
    match condition:
        case Past(field, None) | Before(field):

            def passes(row: Row, present: int) -> int:
                moment: int = row.get(field, FOREVER) + 1
                return moment if moment > present else FOREVER

            return passes
        case Past(field, by) if by is not None:
            stretch, span = by, millis(by) + 1

            def passed_by(row: Row, present: int) -> int:
                if field not in row:
                    return FOREVER
                moment: int = row[field] + span
                if moment <= present:
                    moment = plan.later(row[field], stretch, 1)
                return moment if moment > present else FOREVER

            return passed_by
        case Due(field, within):

            def comes(row: Row, present: int) -> int:
                due: int = row.get(field, -1)
                if due < present:
                    return FOREVER
                moment = plan.earlier(due, within)
                return moment if present < moment <= due else due + 1

            return comes
    raise AssertionError(f"{condition} asks nothing of time")
