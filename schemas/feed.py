"""The one declaration from which topic, metrics, panels, rules, schema, docs and tests derive."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import Annotated, Any, Literal, NotRequired, get_args, get_origin, get_type_hints

from pydantic import TypeAdapter, ValidationError

from schemas import conditions, names
from schemas.aggregates import Aggregate, Elapsed, Histogram, Latest, Mean, Measure, Share
from schemas.conditions import All, Condition, Is, Working
from schemas.entities import Case, Entity, Now, Open, ServiceLevel
from schemas.errors import DeclarationError
from schemas.event import Attributes, IsTime, Time, envelope
from schemas.labels import Listed
from schemas.reference.rows import LISTS, Row
from schemas.text import Text
from schemas.units import Plausible, Unit
from schemas.windows import Window, pane_of

PLAIN = Unit("")

COMMON = {"action": str, "time": Time, "source": str, "agency": str, "commune": str, "admin_version": str}
"""Fields that every row has beside its payload; `commune` and `admin_version` are "" where no unit is named."""

ENVELOPED = frozenset({"agency", "commune", "admin_version"})
"""Those of them that only an envelope can tell."""

CLOSED = frozenset({"action", "source", "agency", "commune", "admin_version", "state"})

RESERVED = frozenset(
    {
        "feed",
        "kpi",
        "limit",
        "wall",
        "events",
        "event",
        "processing",
        "watermark",
        "present",
        "consumer",
        "dead",
        "replay",
        "heartbeat",
        "source",
        "partition",
        "snapshot",
        "progress",
        "build",
    }
)


Severity = Literal["P1", "P2", "P3", "P4"]
Wall = Literal["province", "shift", "disaster", "administration", "feedback", "digital", "data"]

TWIN = names.silent("")


@dataclass(frozen=True, slots=True)
class Limit:
    """A dated limit in reference/limits.csv, joined by the KPI's labels."""

    name: str
    level: int = 1


@dataclass(frozen=True, slots=True)
class Alert:
    """Fires when a KPI stays at or above a limit, or below one, for the given time.

    Attributes:
        lasting: for how long before it fires; nothing where life is at stake.
        window: which window of the KPI is judged.
        duty: who is called if not the duty of the feed.
        hazard: whether it calls outside office hours too, whatever its severity.
        wall: the wall that shows more; the feed's own dashboard if None.
    """

    name: str
    severity: Severity
    title: Text
    above: Limit | None = None
    below: Limit | None = None
    lasting: timedelta = timedelta(0)
    window: str | None = None
    duty: str | None = None
    hazard: bool = False
    wall: Wall | None = None

    def __post_init__(self) -> None:
        if (self.above is None) == (self.below is None):
            raise DeclarationError(f"alert {self.name!r} needs exactly one of above, below")
        if not self.name.isalnum() or not self.name[0].isupper() or self.name.endswith(TWIN):
            raise DeclarationError(f"alert {self.name!r}: a name is CamelCase and does not end with {TWIN}")

    @property
    def limit(self) -> Limit:
        """The limit it compares with."""
        limit = self.above or self.below
        assert limit is not None
        return limit


@dataclass(frozen=True, slots=True)
class Target:
    """A dated target in reference/targets.csv."""

    name: str
    better: Literal["higher", "lower"] = "higher"


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


@dataclass(frozen=True)
class Kpi:
    """One number per combination of labels, over the events of a window or over entities as they stand.

    Attributes:
        over: one or several windows, or the entities as they stand.
        by: fields that become labels, all of closed sets.
        where: which rows; all if None.
        unit: suffix of the metric if it is not the measured field's.
        labels: constant labels that tell variants of one name apart.
        basis: law, paper or spec the KPI comes from.
    """

    name: str
    title: Text
    aggregate: Aggregate
    over: Window | tuple[Window, ...] | Now | Open
    by: tuple[str, ...] = ()
    where: Condition | None = None
    unit: str | None = None
    target: Target | None = None
    alerts: tuple[Alert, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    basis: str = ""

    @property
    def windows(self) -> tuple[Window, ...]:
        """The windows of a KPI over events; empty for one over entities."""
        if isinstance(self.over, Now | Open):
            return ()
        return self.over if isinstance(self.over, tuple) else (self.over,)

    @cached_property
    def pane(self) -> int:
        """Milliseconds of the pane from which all windows of the KPI are put together."""
        return pane_of(self.windows)


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
        for fault in self._faults():
            raise DeclarationError(f"feed {self.name!r}{fault}")

    def _faults(self) -> Iterator[str]:
        """What is wrong, the most basic first; only the first is reported, later ones may follow from it."""
        if self.name in RESERVED or not self.name.replace("_", "").isalnum() or self.name != self.name.lower():
            yield f": {self.name!r} may not be the name of a feed"
        if self.bare is not None:
            yield from self._bare_faults(self.bare)
        elif reused := (set(Attributes.__annotations__) | set(COMMON) | {"data"}) & self.hints.keys():
            yield f": {self.payload.__name__} reuses envelope names {sorted(reused)}"
        is_keyless = self.key == "" and self.bare is not None and self.entity is None
        if self.key not in self.hints and not is_keyless:
            yield f": the key {self.key!r} is no field of {self.payload.__name__}"
        yield from self._joined_faults()
        yield from self._entity_faults()
        if self.covers is not None and self.covers not in self.hints:
            yield f": covers {self.covers!r}, which is no field of {self.payload.__name__}"
        for kpi in self.kpis:
            yield from (f", KPI {kpi.name!r}: {fault}" for fault in self._kpi_faults(kpi))
        if len({(self.metric(kpi), *sorted(kpi.labels.items())) for kpi in self.kpis}) < len(self.kpis):
            yield " has two KPIs of one name and the same labels"
        yield from self._example_faults()

    def _bare_faults(self, time: str) -> Iterator[str]:
        if reused := (set(COMMON) - {time}) & self.hints.keys():
            yield f": {self.payload.__name__} reuses names of rows {sorted(reused)}"
        if time not in self.times or time not in self.payload.__required_keys__:
            yield f": {time!r} is no time that every {self.payload.__name__} has"
        if len(self.actions) != 1:
            yield f" has no envelope that could tell its actions {sorted(self.actions)} apart"

    def _joined_faults(self) -> Iterator[str]:
        kinds = {**LISTS, **self.lists}
        if taken := set(self.lists) & set(LISTS):
            yield f" brings lists that there are already: {sorted(taken)}"
        columns = [(name, listed.name) for listed in map(self.listed, self.hints) if listed for name in listed.gives]
        for name, list_name in columns:
            if name in self.hints or name in self.common or [given for given, _ in columns].count(name) > 1:
                yield f": {name!r}, given by the list {list_name!r}, is a field already"
            elif get_type_hints(kinds.get(list_name, Row)).get(name) is not str:
                yield f": {name!r} is no column of text of the list {list_name!r}"

    def _entity_faults(self) -> Iterator[str]:
        if self.checks and self.entity is None:
            yield " has checks, but remembers no entity"
        if self.entity is None:
            return
        if self.key != self.entity.id:
            yield f" is keyed by {self.key!r} but remembers by {self.entity.id!r}"
        known = {*self.hints, *self.common, *self.joined}
        if lost := set(self.entity.remembers) - known:
            yield f" remembers {sorted(lost)}, which {self.payload.__name__} has not"
        named = {action for actions in self.entity.last.values() for action in actions}
        if isinstance(self.entity, Case):
            case = self.entity
            named |= {*case.opens, *case.closes, *case.reopens, *case.states}
            named |= {action for actions in case.first.values() for action in actions}
        if wrong := named - set(self.actions):
            yield f": the entity turns on unknown actions {sorted(wrong)}"
        if isinstance(self.entity, Case):
            levels = [rule for rule in self.entity.deadlines.values() if isinstance(rule, ServiceLevel)]
            asked = {name for rule in levels for name in (rule.by, rule.hazard) if name is not None}
            if lost := asked - set(self.entity.remembers):
                yield f": a service level is chosen by {sorted(lost)}, which is not remembered"

    def _kpi_faults(self, kpi: Kpi) -> Iterator[str]:
        if unknown := set(self.named(kpi)) - self.fields.keys():
            yield f"{self.payload.__name__} has no {sorted(unknown)}"
            return
        yield from (f"label {name!r} is an open set" for name in kpi.by if not self.closed(name))
        spans = {window.label for window in kpi.windows}
        yield from (
            f"alert {alert.name!r} looks at no window of it: {alert.window!r}"
            for alert in kpi.alerts
            if alert.window not in {None, *spans}
        )
        yield from self._value_faults(kpi.where)
        for measure in kpi.aggregate.measures:
            if not isinstance(measure, str | Elapsed):
                yield from self._value_faults(measure)
        if isinstance(kpi.over, Now | Open):
            yield from self._standing_faults(kpi)
        elif isinstance(kpi.aggregate, Latest):
            yield f"the latest value is per entity: over Now(), by {self.key!r}"
        if self.by_entity(kpi) and not self.proof(kpi):
            yield f"is by {self.key!r}, but nothing it measures is remembered: known or unknown cannot be told"

    def _standing_faults(self, kpi: Kpi) -> Iterator[str]:
        if self.entity is None:
            yield "counts entities, but the feed declares none"
            return
        if isinstance(kpi.over, Open) and not isinstance(self.entity, Case):
            yield "counts open cases, but the feed declares no case"
        if isinstance(kpi.aggregate, Latest) and self.key not in kpi.by:
            yield f"the latest value is per entity: over Now(), by {self.key!r}"
        if lost := set(self.named(kpi)) - {*self.entity.remembers, self.entity.id, *self.told}:
            yield f"{sorted(lost)} is used but not remembered"

    def _value_faults(self, condition: Condition | None) -> Iterator[str]:
        if isinstance(condition, All):
            for part in condition.conditions:
                yield from self._value_faults(part)
        if not isinstance(condition, Is) or self.listed(condition.field) or condition.field in self.joined:
            return
        if wrong := set(condition.values) - set(self.values(condition.field)):
            yield f"{condition.field!r} is never {sorted(map(str, wrong))}"

    def _example_faults(self) -> Iterator[str]:
        if self.bare is None and self.example.get("type") not in self.types:
            yield f": the example's type is none of {sorted(self.types)}"
        try:
            TypeAdapter(self.record).validate_python(self.example)
        except ValidationError as error:
            first = error.errors()[0]
            yield f": the example is no event: /{'/'.join(map(str, first['loc']))} {first['msg']}"

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


def marks(hint: Any) -> tuple[Any, ...]:
    """The annotations of a type, those of an outer Annotated last."""
    if get_origin(hint) is NotRequired:
        return marks(get_args(hint)[0])
    if get_origin(hint) is Annotated:
        inner, *own = get_args(hint)
        return (*marks(inner), *own)
    return ()


def bare(hint: Any) -> Any:
    """A type without NotRequired and annotations."""
    while get_origin(hint) in (NotRequired, Annotated):
        hint = get_args(hint)[0]
    return hint


def is_histogram(kpi: Kpi) -> bool:
    """Whether a KPI shows buckets."""
    return isinstance(kpi.aggregate, Histogram)
