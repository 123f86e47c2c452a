"""Things events are about, remembered between events: stations, services, dossiers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal

from schemas.conditions import Working
from schemas.text import Text


@dataclass(frozen=True)
class ServiceLevel:
    """A service clock of reference/service_levels.csv, chosen by what is remembered of the case.

    Attributes:
        by: the field whose value chooses the row.
        hazard: the field whose category tells whether the row for hazards applies.
    """

    name: str
    by: str
    hazard: str | None = None


@dataclass(frozen=True)
class Entity:
    """A thing with a present state.

    Attributes:
        id: the field that identifies it; also the Kafka key.
        remembers: fields of which the value of the newest event that carried them is kept; an older event only fills
            blanks.
        last: told fields, each the time of the newest event with one of these actions.
    """

    id: str
    remembers: tuple[str, ...]
    last: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Case:
    """An entity with a beginning and an end.

    It is open from the earliest event of `opens` until a newer event of `closes`; a newer event of `reopens` opens it
    again. Told fields: `opened_at` (the earliest opening), `closed_at`, `reopened_at` (the newest of each), `state`
    (the newest action of `states`), the times in `first` and `last`, and the `deadlines`, counted from `opened_at`.

    Attributes:
        kept: how long it is remembered after its last event once it is not open.
    """

    id: str
    opens: tuple[str, ...]
    closes: tuple[str, ...]
    remembers: tuple[str, ...]
    reopens: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    first: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    last: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    deadlines: Mapping[str, Working | timedelta | ServiceLevel] = field(default_factory=dict)
    kept: timedelta = timedelta(days=30)


@dataclass(frozen=True)
class Now:
    """Every entity as last seen, while that is known; of a case feed, every case remembered."""


@dataclass(frozen=True)
class Open:
    """Every case that is open."""


@dataclass(frozen=True, slots=True)
class Check:
    """A doubt about an event of an entity; the event is accepted and flagged with the function's name.

    `doubts(row, before)` sees the row of the event and what is remembered of its entity (times in milliseconds).

    Attributes:
        effect: `flag` marks it; `hold` keeps it out of memory and KPIs; `confirm` keeps it out until the next event of
            the entity, doubted as well, does not doubt it: then both are taken.
    """

    doubts: Callable[[Any, Mapping[str, Any]], bool]
    title: Text
    effect: Literal["flag", "hold", "confirm"] = "flag"

    @property
    def name(self) -> str:
        """The flag."""
        return self.doubts.__name__
