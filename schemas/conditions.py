"""Questions asked of a row at a moment: an event at its own moment, an entity at the present.

A row maps field names to values; times in it are whole milliseconds since the epoch, as is the moment.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from schemas.calendars import Calendar
from schemas.errors import DeclarationError

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Working:
    """A stretch of working time, counted by the calendar in reference/."""

    hours: float

    @property
    def millis(self) -> int:
        """The stretch in milliseconds of working time."""
        return round(self.hours * 3_600_000)


Stretch = Working | timedelta


@dataclass(frozen=True, slots=True, init=False)
class Is:
    """The field has one of these values."""

    field: str
    values: tuple[str | bool, ...]

    def __init__(self, field: str, *values: str | bool) -> None:
        object.__setattr__(self, "field", field)
        object.__setattr__(self, "values", values)


@dataclass(frozen=True, slots=True)
class Has:
    """The row has the field."""

    field: str


@dataclass(frozen=True, slots=True)
class Lacks:
    """The row has no such field."""

    field: str


@dataclass(frozen=True, slots=True)
class Past:
    """The moment lies beyond the deadline in this field, by more than `by` if given."""

    field: str
    by: Stretch | None = None


@dataclass(frozen=True, slots=True)
class Before:
    """The moment does not lie beyond the deadline in this field."""

    field: str


@dataclass(frozen=True, slots=True)
class Due:
    """The deadline in this field comes within the given time and has not passed."""

    field: str
    within: Stretch


@dataclass(frozen=True, slots=True, init=False)
class All:
    """Every one of these conditions holds."""

    conditions: tuple["Condition", ...]

    def __init__(self, *conditions: "Condition") -> None:
        object.__setattr__(self, "conditions", conditions)


Condition = Is | Has | Lacks | Past | Before | Due | All | Callable[[Any], bool]


def fields(condition: Condition | None) -> tuple[str, ...]:
    """The fields a condition names; a named function names none."""
    match condition:
        case Is() | Has() | Lacks() | Past() | Before() | Due():
            return (condition.field,)
        case All():
            return tuple(name for part in condition.conditions for name in fields(part))
    return ()


def length(stretch: Stretch, since: int, until: int, calendar: Calendar) -> int | None:
    """Milliseconds from one moment to another, on the clock that the stretch counts on.

    None if that is working time and the calendar of a year is not loaded: no deadline is computed by guess.
    """
    if isinstance(stretch, timedelta):
        return until - since
    try:
        return calendar.between(since, until)
    except DeclarationError:
        return None


def millis(stretch: Stretch) -> int:
    """How long a stretch is, in milliseconds on its own clock."""
    return stretch.millis if isinstance(stretch, Working) else round(stretch.total_seconds() * 1000)


def calls(part: object) -> bool:
    """Whether a condition or measure runs a function of the feed's own file."""
    return any(map(calls, part.conditions)) if isinstance(part, All) else callable(part)
