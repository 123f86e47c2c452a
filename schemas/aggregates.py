"""The arithmetic of KPIs: stateless; a state is a list of whole numbers, so it is exact in any order and is JSON."""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from schemas.conditions import Condition

State = list[int]
Shape = Literal["sum", "max", "min", "ratio", "buckets"]


@dataclass(frozen=True)
class Elapsed:
    """Time from one time field to another, in milliseconds; with `working`, by the calendar in reference/.

    A negative stretch is no measure: the row is not counted.
    """

    since: str
    until: str
    working: bool = False


Measure = str | Elapsed | Condition


@dataclass(frozen=True)
class Aggregate:
    """Folds whole numbers into a state; states of panes merge here, those of partitions in PromQL, by `shape`."""

    of: Measure | None = None
    shape: ClassVar[Shape] = "sum"

    @property
    def measures(self) -> tuple[Measure, ...]:
        """What of a row the aggregate takes, in the order of `add`'s values."""
        return () if self.of is None else (self.of,)

    def zero(self) -> State:
        """The state of no rows."""
        return [0]

    def add(self, state: State, at: int, *values: int) -> None:
        """Take one row: `at` is its moment in milliseconds, `values` its measures in whole steps."""
        raise NotImplementedError

    def of_all(self, values: Sequence[int]) -> State:
        """The state of rows with these measures, one a row and at least one row: the same as if they were added."""
        raise NotImplementedError

    @property
    def is_of_all(self) -> bool:
        """Whether there is `of_all`, and of this very `add`, not of one that a class in between has replaced.

        Only where there is one measure.
        """
        kinds = type(self).__mro__
        said = [next(place for place, kind in enumerate(kinds) if name in vars(kind)) for name in ("of_all", "add")]
        return kinds[said[0]] is not Aggregate and said[0] <= said[1] and len(self.measures) == 1

    def merge(self, into: State, other: State) -> None:
        """Add the rows of another state."""
        for position, number in enumerate(other):
            into[position] += number

    def read(self, state: State) -> tuple[float, ...]:
        """The numbers to show, in steps of the measured field; empty when there is nothing to say."""
        return tuple(state)


class Count(Aggregate):
    """How many rows."""

    def add(self, state: State, at: int, *values: int) -> None:
        state[0] += 1


@dataclass(frozen=True)
class Sum(Aggregate):
    """The sum of a field; over a feed that covers a period, spread over the panes of that period."""

    def add(self, state: State, at: int, *values: int) -> None:
        state[0] += values[0]

    def of_all(self, values: Sequence[int]) -> State:
        return [sum(values)]


@dataclass(frozen=True)
class Mean(Aggregate):
    """The mean of a field: numerator its sum, denominator the rows."""

    shape: ClassVar[Shape] = "ratio"

    def zero(self) -> State:
        return [0, 0]

    def add(self, state: State, at: int, *values: int) -> None:
        state[0] += values[0]
        state[1] += 1

    def of_all(self, values: Sequence[int]) -> State:
        return [sum(values), len(values)]

    def read(self, state: State) -> tuple[float, ...]:
        return tuple(state) if state[1] else ()


class Share(Mean):
    """Share of the rows for which a condition holds; a row without the condition's field is not counted."""


@dataclass(frozen=True, init=False)
class Ratio(Aggregate):
    """The sum of one field over the sum of another."""

    numerator: str = ""
    denominator: str = ""
    shape: ClassVar[Shape] = "ratio"

    def __init__(self, numerator: str, denominator: str) -> None:
        object.__setattr__(self, "of", None)
        object.__setattr__(self, "numerator", numerator)
        object.__setattr__(self, "denominator", denominator)

    @property
    def measures(self) -> tuple[Measure, ...]:
        return (self.numerator, self.denominator)

    def zero(self) -> State:
        return [0, 0]

    def add(self, state: State, at: int, *values: int) -> None:
        state[0] += values[0]
        state[1] += values[1]

    def read(self, state: State) -> tuple[float, ...]:
        return tuple(state) if state[1] else ()


@dataclass(frozen=True)
class Max(Aggregate):
    """The largest value."""

    shape: ClassVar[Shape] = "max"

    def zero(self) -> State:
        return []

    def add(self, state: State, at: int, *values: int) -> None:
        if not state or values[0] > state[0]:
            state[:] = values

    def of_all(self, values: Sequence[int]) -> State:
        return [max(values)]

    def merge(self, into: State, other: State) -> None:
        into[:] = max(into, other)


@dataclass(frozen=True)
class Min(Aggregate):
    """The smallest value."""

    shape: ClassVar[Shape] = "min"

    def zero(self) -> State:
        return []

    def add(self, state: State, at: int, *values: int) -> None:
        if not state or values[0] < state[0]:
            state[:] = values

    def of_all(self, values: Sequence[int]) -> State:
        return [min(values)]

    def merge(self, into: State, other: State) -> None:
        into[:] = min(into or other, other or into)


class Latest(Max):
    """The newest value of one entity; of two at one moment the larger."""

    def add(self, state: State, at: int, *values: int) -> None:
        self.merge(state, [at, values[0]])

    def read(self, state: State) -> tuple[float, ...]:
        return (state[1],) if state else ()


@dataclass(frozen=True)
class Histogram(Aggregate):
    """Rows by fixed upper bounds (inclusive), in the unit of the metric; state: one number a bucket, then the sum."""

    bounds: tuple[float, ...] = ()
    shape: ClassVar[Shape] = "buckets"

    def zero(self) -> State:
        return [0] * (len(self.bounds) + 2)

    def add(self, state: State, at: int, *values: int) -> None:
        raise NotImplementedError("a histogram is folded with bounds in steps: see `bucketed`")

    def bucketed(self, per: int) -> Callable[..., None]:
        """`add` for values of `per` steps to the unit of the bounds."""
        edges = [round(bound * per) for bound in self.bounds]

        def add(state: State, at: int, *values: int) -> None:
            state[bisect_left(edges, values[0])] += 1
            state[-1] += values[0]

        return add


def adder(aggregate: Aggregate, per: int) -> Callable[..., Any]:
    """How an aggregate takes a row whose measures have `per` steps to the metric's unit."""
    return aggregate.bucketed(per) if isinstance(aggregate, Histogram) else aggregate.add
