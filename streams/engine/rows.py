"""Conditions and measures of a feed as plain functions of a row, and what is known of a condition beforehand."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from schemas import conditions
from schemas.aggregates import Elapsed
from schemas.calendars import Calendar
from schemas.conditions import All, Before, Condition, Due, Has, Is, Lacks, Past, Row, Working
from schemas.units import Unit

Test = Callable[[Row, int], bool]
Take = Callable[[Row, Row, int], int | None]
"""A measure of a row: (laid row, fields that count as carried, moment) to whole steps, or None if it is not there."""

ANY_WORKING = Working(0)


def test(condition: Condition, calendar: Calendar) -> Test:
    """A condition as a function of row and moment."""
    match condition:
        case Is(field, values):
            return lambda row, at: row.get(field) in values
        case Has(field):
            return lambda row, at: field in row
        case Lacks(field):
            return lambda row, at: field not in row
        case Before(field):
            return lambda row, at: field in row and at <= row[field]
        case Past(field, None):
            return lambda row, at: field in row and at > row[field]
        case Past(field, by) if by is not None:
            span = conditions.millis(by)
            return lambda row, at: (
                field in row and at > row[field] and (conditions.length(by, row[field], at, calendar) or 0) > span
            )
        case Due(field, within):
            ahead = conditions.millis(within)
            return lambda row, at: (
                field in row
                and at <= row[field]
                and _at_most(conditions.length(within, at, row[field], calendar), ahead)
            )
        case All(parts):
            return every([test(part, calendar) for part in parts])
    function: Callable[[Any], bool] = condition  # type: ignore[assignment]  # all else is matched above
    return lambda row, at: bool(function(row))


def every(tests: Sequence[Test]) -> Test:
    """Whether all of them hold."""
    if len(tests) == 2:
        first, second = tests
        return lambda row, at: first(row, at) and second(row, at)
    return lambda row, at: all(holds(row, at) for holds in tests)


def _at_most(length: int | None, ahead: int) -> bool:
    return length is not None and length <= ahead


def field_of(name: str, unit: Unit) -> Take:
    """A field in whole steps."""
    steps = unit.steps
    if steps == 1:

        def whole(row: Row, own: Row, at: int) -> int | None:
            value = own.get(name)
            return value if value is None or type(value) is int else round(value)

        return whole

    def stepped(row: Row, own: Row, at: int) -> int | None:
        return None if (value := own.get(name)) is None else round(value * steps)

    return stepped


def in_steps(column: Iterable[Any], unit: Unit) -> list[int | None]:
    """The same of many rows: the values of a field, None where it is absent, in whole steps."""
    steps = unit.steps
    if steps == 1:
        return [value if value is None or type(value) is int else round(value) for value in column]
    return [None if value is None else round(value * steps) for value in column]


def elapsed(measure: Elapsed, calendar: Calendar) -> Take:
    """Time between two fields of the laid row; nothing if negative."""
    since, until, working = measure.since, measure.until, measure.working

    def stretch(row: Row, own: Row, at: int) -> int | None:
        if since not in row or until not in row or row[until] < row[since]:
            return None
        if not working:
            return int(row[until] - row[since])
        return conditions.length(ANY_WORKING, row[since], row[until], calendar)

    return stretch


def share_of(condition: Condition, holds: Test | None) -> Take:
    """A condition as 0 or 1; nothing if a field it asks for is not there."""
    asked = tuple(asked_for(condition))
    if not asked and holds:
        return lambda row, own, at: int(holds(row, at))

    def taken(row: Row, own: Row, at: int) -> int | None:
        for name in asked:
            if name not in row:
                return None
        return int(holds(row, at)) if holds else 1

    return taken


def asked_for(condition: Condition) -> Iterator[str]:
    """Fields without which a condition cannot be answered."""
    match condition:
        case Is() | Past() | Before() | Due():
            yield condition.field
        case All():
            for part in condition.conditions:
                yield from asked_for(part)


def may_hold(condition: Condition | None, action: str) -> bool:
    """Whether a condition may hold for an event of this action."""
    match condition:
        case Is("action", values):
            return action in values
        case All(parts):
            return all(may_hold(part, action) for part in parts)
    return True


def without(condition: Condition | None, action: str) -> Condition | None:
    """A condition of which it is known that it may hold for this action."""
    match condition:
        case Is("action", _):
            return None
        case All(parts):
            left = [part for part in (without(part, action) for part in parts) if part is not None]
            return All(*left) if len(left) > 1 else left[0] if left else None
    return condition


def leaves(condition: Condition) -> Iterator[Condition]:
    """The questions of time in a condition."""
    if isinstance(condition, All):
        for part in condition.conditions:
            yield from leaves(part)
    elif is_clocked(condition):
        yield condition


def is_clocked(condition: Any) -> bool:
    """Whether the answer may change with time alone."""
    if isinstance(condition, All):
        return any(map(is_clocked, condition.conditions))
    return isinstance(condition, Past | Before | Due)
