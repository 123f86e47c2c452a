"""Conditions and measures of a row, and what an aggregate makes of many (docs/numbers.md, sections 5 and 6)."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from fractions import Fraction
from typing import Any, NamedTuple

from schemas.aggregates import Aggregate, Count, Elapsed, Histogram, Latest, Max, Mean, Measure, Min, Ratio, Share, Sum
from schemas.conditions import All, Before, Condition, Due, Has, Is, Lacks, Past, Working
from schemas.feed import Feed
from streams.recount.moments import millis
from streams.recount.worktime import WorkTime

Row = Mapping[str, Any]


class Counted(NamedTuple):
    """A row that counts: its moment and its measures in whole steps."""

    moment: int
    values: tuple[int, ...]


class Number(NamedTuple):
    """One number to be shown: the end of the metric's name, a further label `le`, and the value as steps / per."""

    suffix: str
    le: float | None
    steps: float
    per: int


def holds(condition: Condition | None, row: Row, moment: int, worktime: WorkTime) -> bool:
    """Whether a condition is true of a row at a moment."""
    match condition:
        case None:
            return True
        case All(conditions=parts):
            return all(holds(part, row, moment, worktime) for part in parts)
        case Has(field=name):
            return name in row
        case Lacks(field=name):
            return name not in row
        case Is(field=name, values=values):
            return name in row and row[name] in values
        case Past() | Before() | Due():
            return condition.field in row and _in_time(condition, row[condition.field], moment, worktime)
    return bool(condition(row))


def _in_time(condition: Past | Before | Due, deadline: int, moment: int, worktime: WorkTime) -> bool:
    match condition:
        case Before():
            return moment <= deadline
        case Past(by=None):
            return moment > deadline
        case Past(by=by):
            late = _stretch(by, deadline, moment, worktime)
            return moment > deadline and late is not None and late > _length(by)
    left = _stretch(condition.within, moment, deadline, worktime)
    return moment <= deadline and left is not None and left <= _length(condition.within)


def _stretch(clock: Working | timedelta | None, since: int, until: int, worktime: WorkTime) -> int | None:
    return worktime.between(since, until) if isinstance(clock, Working) else until - since


def _length(stretch: Working | timedelta | None) -> int:
    if isinstance(stretch, Working):
        return round(stretch.hours * 3_600_000)
    return millis(stretch) if stretch is not None else 0


def asks_for(condition: Condition) -> list[str]:
    """The fields without which a condition says nothing."""
    match condition:
        case Is() | Past() | Before() | Due():
            return [condition.field]
        case All(conditions=parts):
            return [name for part in parts for name in asks_for(part)]
    return []


def measure(feed: Feed, what: Measure, row: Row, *, carried: Row, moment: int, worktime: WorkTime) -> int | None:
    """A measure of a row in whole steps; None if it is not there. `carried` holds the fields that may be counted."""
    match what:
        case str():
            return in_steps(carried[what], feed.unit_of(what).steps) if what in carried else None
        case Elapsed(since=since, until=until, working=working):
            if since not in row or until not in row:
                return None
            length = worktime.between(row[since], row[until]) if working else row[until] - row[since]
            return None if length is None or length < 0 else length
    if any(name not in row for name in asks_for(what)):
        return None
    return int(holds(what, row, moment, worktime))


def in_steps(value: Any, steps: int) -> int:
    """A value in whole steps, half to even."""
    whole: int = round(value * steps)
    return whole


def is_own(aggregate: Aggregate) -> bool:
    """Whether a feed brought the aggregate with it."""
    return type(aggregate).__module__ != Aggregate.__module__


def spreads(feed: Feed, aggregate: Aggregate) -> bool:
    """Whether rows are spread over the period they speak of."""
    return feed.covers is not None and type(aggregate) is Sum


def evaluate(aggregate: Aggregate, rows: Sequence[Counted], per: int) -> list[Number]:
    """The numbers that rows amount to; none if there is nothing to say."""
    if not rows:
        return []
    if is_own(aggregate):
        return _of_its_own(aggregate, rows, per)
    first = [row.values[0] for row in rows if row.values]
    kind = type(aggregate)
    if kind is Count:
        return [Number("", None, len(rows), per)]
    if kind is Sum:
        return [Number("", None, sum(first), per)]
    if kind in (Max, Min):
        return [Number("", None, max(first) if kind is Max else min(first), per)]
    if kind is Latest:
        return [Number("", None, max((row.moment, row.values[0]) for row in rows)[1], per)]
    if kind in (Mean, Share):
        return _ratio(sum(first), len(rows), per)
    if kind is Ratio:
        return _ratio(sum(first), sum(row.values[1] for row in rows), per)
    if isinstance(aggregate, Histogram):
        return _buckets(aggregate.bounds, first, per)
    raise TypeError(f"no arithmetic is known for {kind.__name__}")


def _ratio(numerator: float, denominator: float, per: int) -> list[Number]:
    """Only the numerator has a unit; nothing without a denominator."""
    if not denominator:
        return []
    return [Number("_numerator", None, numerator, per), Number("_denominator", None, denominator, 1)]


def _buckets(bounds: Sequence[float], values: Sequence[int], per: int) -> list[Number]:
    counts = [Number("_bucket", float(bound), sum(value <= Fraction(str(bound)) * per for value in values), 1)
              for bound in bounds]
    return [*counts, Number("_bucket", float("inf"), len(values), 1), Number("_sum", None, sum(values), per),
            Number("_count", None, len(values), 1)]


def _of_its_own(aggregate: Aggregate, rows: Sequence[Counted], per: int) -> list[Number]:
    state = aggregate.zero()
    for row in rows:
        aggregate.add(state, row.moment, *row.values)
    numbers = aggregate.read(state)
    if aggregate.shape == "ratio":
        return _ratio(numbers[0], numbers[1], per) if numbers else []
    return [Number("", None, number, per) for number in numbers]
