"""The one declaration from which topic, metrics, panels, rules, schema, docs and tests derive."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import Any, Literal, get_args, get_origin, get_type_hints

from schemas import conditions, names
from schemas.aggregates import Elapsed, Mean, Measure, Share
from schemas.coherence import faults
from schemas.conditions import Working
from schemas.entities import Case, Check, Entity
from schemas.errors import DeclarationError
from schemas.event import COMMON, ENVELOPED, IsTime, Time, envelope
from schemas.hints import bare, marks
from schemas.kpi import Kpi
from schemas.labels import Listed
from schemas.reference.rows import Row
from schemas.text import Text
from schemas.units import Plausible, Unit

PLAIN = Unit("")

CLOSED = frozenset({"action", "source", "agency", "commune", "admin_version", "state"})


@dataclass(frozen=True)
class Feed:
    """Everything the house knows about one stream of events.

    Attributes:
        key: the field whose value is the record's key; "" where the key says nothing (without envelope and entity).
        every: how often each source (or each listed entity of it) sends; `Working` counts in working time.
        bare: of records that are the payload alone, without an envelope, the field that is the event's time; then the
            topic is the source, the one action is every event's, and no repeats are recognised.
        lists: lists of reference data that the feed brings along, each with the type of its rows.
        covers: the field with the seconds before `time` that an event speaks of; its moment is their beginning.
        not_built: KPIs the domain asks for that this declaration cannot give, each with the reason.
    """

    name: str
    title: Text
    payload: Any
    actions: tuple[str, ...]
    key: str
    every: timedelta | Working
    kpis: tuple[Kpi, ...]
    example: Mapping[str, Any]
    duty: str
    entity: Entity | Case | None = None
    covers: str | None = None
    checks: tuple[Check, ...] = ()
    bare: str | None = None
    lists: Mapping[str, type[Row]] = field(default_factory=dict)
    version: int = 1
    not_built: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for fault in faults(self):
            raise DeclarationError(f"feed {self.name!r}{fault}")

    @cached_property
    def record(self) -> Any:
        """The type of a whole record."""
        return envelope(self.payload) if self.bare is None else self.payload

    @cached_property
    def common(self) -> Mapping[str, Any]:
        """Types of the fields that every row has beside its payload."""
        return COMMON if self.bare is None else {name: COMMON[name] for name in COMMON if name not in ENVELOPED}

    @cached_property
    def joined(self) -> dict[str, str]:
        """Fields that rows have from reference data, each with the payload's field whose list gives it."""
        return {column: name for name in self.hints if (listed := self.listed(name)) for column in listed.gives}

    @cached_property
    def hints(self) -> dict[str, Any]:
        """The payload's fields and their annotated types."""
        return get_type_hints(self.payload, include_extras=True)

    @cached_property
    def told(self) -> tuple[str, ...]:
        """Fields that memory adds to a row: times of the entity's life, its state, its deadlines."""
        match self.entity:
            case Case() as case:
                state = ("state",) if case.states else ()
                return ("opened_at", "closed_at", "reopened_at", *state, *case.first, *case.last, *case.deadlines)
            case Entity() as entity:
                return tuple(entity.last)
        return ()

    @cached_property
    def fields(self) -> dict[str, Any]:
        """Types of the fields a KPI may name: the payload's, those every row has, joined ones, what memory adds."""
        told = {name: str if name == "state" else Time for name in self.told}
        return {**self.hints, **self.common, **dict.fromkeys(self.joined, str), **told}

    @cached_property
    def times(self) -> tuple[str, ...]:
        """The payload's fields that are moments."""
        return tuple(self.forms)

    @cached_property
    def forms(self) -> dict[str, str]:
        """The form on the wire of each of them."""
        found = {name: next((mark for mark in marks(hint) if isinstance(mark, IsTime)), None)
                 for name, hint in self.hints.items()}
        return {name: mark.form for name, mark in found.items() if mark is not None}

    @cached_property
    def types(self) -> dict[str, str]:
        """The action of each CloudEvents type of the feed; a feed without envelope has no types."""
        if self.bare is not None:
            return {}
        return {names.event_type(self.name, action, self.version): action for action in self.actions}

    @property
    def topic(self) -> str:
        """The Kafka topic."""
        return names.topic(self.name, self.version)

    @property
    def dead_letter_topic(self) -> str:
        """The topic of what was refused or came too late."""
        return names.dead_letter_topic(self.name, self.version)

    def values(self, name: str) -> tuple[Any, ...]:
        """The values a field of a closed type may have; () if they stand in reference data."""
        if name == "action":
            return self.actions
        if name == "state" and isinstance(self.entity, Case):
            return self.entity.states
        if name in self.joined:
            return ()
        kind = bare(self.fields[name])
        return (True, False) if kind is bool else get_args(kind)

    def closed(self, name: str) -> bool:
        """Whether a field may become a label."""
        hint = self.fields[name]
        listed = name in self.joined or self.listed(name) is not None
        return name in CLOSED or get_origin(bare(hint)) is Literal or bare(hint) is bool or listed

    def named(self, kpi: Kpi) -> tuple[str, ...]:
        """Every field a KPI names."""
        parts = [*kpi.by, *conditions.fields(kpi.where)]
        for measure in kpi.aggregate.measures:
            parts += self.measured(measure)
        return tuple(dict.fromkeys(parts))

    @staticmethod
    def measured(measure: Measure) -> tuple[str, ...]:
        """The fields a measure takes; a named function names none."""
        match measure:
            case str():
                return (measure,)
            case Elapsed():
                return (measure.since, measure.until)
        return conditions.fields(measure)

    def by_entity(self, kpi: Kpi) -> bool:
        """Whether the KPI speaks of single entities, so that each is known or unknown."""
        return isinstance(self.entity, Entity) and self.key in kpi.by

    def proof(self, kpi: Kpi) -> tuple[str, ...]:
        """The remembered fields whose age decides whether the KPI of an entity is known; the newest of them counts."""
        if self.entity is None:
            return ()
        remembered = {*self.entity.remembers, *self.told}
        parts = [name for measure in kpi.aggregate.measures for name in self.measured(measure)]
        told = [name for name in parts if name in remembered]
        return tuple(dict.fromkeys(told or [name for name in conditions.fields(kpi.where) if name in remembered]))

    def metric(self, kpi: Kpi) -> str:
        """Name of the exposed metric, e.g. ioc_hydromet_rain_millimeters."""
        return names.metric(self.name, kpi.name, self.unit(kpi).suffix)

    def unit(self, kpi: Kpi) -> Unit:
        """Suffix of the metric and the steps to its unit: stated, or those of the measured field."""
        measures = kpi.aggregate.measures
        found = PLAIN
        if len(measures) == 1:
            match measures[0]:
                case Elapsed(working=working):
                    found = Unit("working_seconds" if working else "seconds", per=1000)
                case str() as name:
                    found = self.unit_of(name)
        if (kpi.aggregate.shape == "ratio" and not isinstance(kpi.aggregate, Mean)) or isinstance(kpi.aggregate, Share):
            return Unit(kpi.unit if kpi.unit is not None else "ratio", found.steps, found.per)
        return found if kpi.unit is None else Unit(kpi.unit, found.steps, found.per)

    def unit_of(self, name: str) -> Unit:
        """The unit of a field; a moment is shown in seconds since the epoch."""
        hint = self.fields[name]
        if any(isinstance(mark, IsTime) for mark in marks(hint)):
            return Unit("timestamp_seconds", per=1000)
        return next((mark for mark in marks(hint) if isinstance(mark, Unit)), PLAIN)

    @property
    def counts_slots(self) -> bool:
        """Whether it is kept in which slots of time each station was heard of; that takes the key of each record."""
        listed = self.listed(self.key)
        return listed is not None and listed.name == "stations" and isinstance(self.every, timedelta)

    def listed(self, name: str) -> Listed | None:
        """The list of reference data in which a field's values stand."""
        return next((mark for mark in marks(self.hints.get(name)) if isinstance(mark, Listed)), None)

    def plausible(self, name: str) -> Plausible | None:
        """The range outside which a field's value is flagged."""
        return next((mark for mark in marks(self.fields[name]) if isinstance(mark, Plausible)), None)

    @property
    def stale_after(self) -> int:
        """Milliseconds, of working time if `every` is, after which an entity is unknown and a source stale: 4 x."""
        return 4 * conditions.millis(self.every)
