"""What is wrong in a declaration: words that do not fit each other, found when it is written."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, get_type_hints

from pydantic import TypeAdapter, ValidationError

from schemas.aggregates import Elapsed, Latest
from schemas.conditions import All, Condition, Is
from schemas.entities import Case, Now, Open, ServiceLevel
from schemas.event import COMMON, Attributes, IsTime
from schemas.hints import bare, marks
from schemas.kpi import Kpi
from schemas.reference.rows import LISTS, Row

if TYPE_CHECKING:
    from schemas.feed import Feed

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


def faults(feed: "Feed") -> Iterator[str]:
    """What is wrong, the most basic first; only the first is reported, later ones may follow from it."""
    if feed.name in RESERVED or not feed.name.replace("_", "").isalnum() or feed.name != feed.name.lower():
        yield f": {feed.name!r} may not be the name of a feed"
    if feed.bare is not None:
        yield from _bare_faults(feed, feed.bare)
    elif reused := (set(Attributes.__annotations__) | set(COMMON) | {"data"}) & feed.hints.keys():
        yield f": {feed.payload.__name__} reuses envelope names {sorted(reused)}"
    is_keyless = feed.key == "" and feed.bare is not None and feed.entity is None
    if feed.key not in feed.hints and not is_keyless:
        yield f": the key {feed.key!r} is no field of {feed.payload.__name__}"
    yield from _joined_faults(feed)
    yield from _entity_faults(feed)
    if feed.covers is not None and feed.covers not in feed.hints:
        yield f": covers {feed.covers!r}, which is no field of {feed.payload.__name__}"
    for kpi in feed.kpis:
        yield from (f", KPI {kpi.name!r}: {fault}" for fault in _kpi_faults(feed, kpi))
    if len({(feed.metric(kpi), *sorted(kpi.labels.items())) for kpi in feed.kpis}) < len(feed.kpis):
        yield " has two KPIs of one name and the same labels"
    yield from _example_faults(feed)


def _bare_faults(feed: "Feed", time: str) -> Iterator[str]:
    if reused := (set(COMMON) - {time}) & feed.hints.keys():
        yield f": {feed.payload.__name__} reuses names of rows {sorted(reused)}"
    if time not in feed.times or time not in feed.payload.__required_keys__:
        yield f": {time!r} is no time that every {feed.payload.__name__} has"
    if len(feed.actions) != 1:
        yield f" has no envelope that could tell its actions {sorted(feed.actions)} apart"


def _joined_faults(feed: "Feed") -> Iterator[str]:
    kinds = {**LISTS, **feed.lists}
    if taken := set(feed.lists) & set(LISTS):
        yield f" brings lists that there are already: {sorted(taken)}"
    columns = [(name, listed.name) for listed in map(feed.listed, feed.hints) if listed for name in listed.gives]
    for name, list_name in columns:
        if name in feed.hints or name in feed.common or [given for given, _ in columns].count(name) > 1:
            yield f": {name!r}, given by the list {list_name!r}, is a field already"
        elif get_type_hints(kinds.get(list_name, Row)).get(name) is not str:
            yield f": {name!r} is no column of text of the list {list_name!r}"


def _entity_faults(feed: "Feed") -> Iterator[str]:
    if feed.checks and feed.entity is None:
        yield " has checks, but remembers no entity"
    if feed.entity is None:
        return
    if feed.key != feed.entity.id:
        yield f" is keyed by {feed.key!r} but remembers by {feed.entity.id!r}"
    known = {*feed.hints, *feed.common, *feed.joined}
    if lost := set(feed.entity.remembers) - known:
        yield f" remembers {sorted(lost)}, which {feed.payload.__name__} has not"
    named = {action for actions in feed.entity.last.values() for action in actions}
    if isinstance(feed.entity, Case):
        case = feed.entity
        named |= {*case.opens, *case.closes, *case.reopens, *case.states}
        named |= {action for actions in case.first.values() for action in actions}
    if wrong := named - set(feed.actions):
        yield f": the entity turns on unknown actions {sorted(wrong)}"
    if isinstance(feed.entity, Case):
        levels = [rule for rule in feed.entity.deadlines.values() if isinstance(rule, ServiceLevel)]
        asked = {name for rule in levels for name in (rule.by, rule.hazard) if name is not None}
        if lost := asked - set(feed.entity.remembers):
            yield f": a service level is chosen by {sorted(lost)}, which is not remembered"


def _kpi_faults(feed: "Feed", kpi: Kpi) -> Iterator[str]:
    if unknown := set(feed.named(kpi)) - feed.fields.keys():
        yield f"{feed.payload.__name__} has no {sorted(unknown)}"
        return
    yield from (f"label {name!r} is an open set" for name in kpi.by if not feed.closed(name))
    spans = {window.label for window in kpi.windows}
    yield from (
        f"alert {alert.name!r} looks at no window of it: {alert.window!r}"
        for alert in kpi.alerts
        if alert.window not in {None, *spans}
    )
    yield from _value_faults(feed, kpi.where)
    for measure in kpi.aggregate.measures:
        if isinstance(measure, str | Elapsed):
            yield from _measure_faults(feed, measure)
        else:
            yield from _value_faults(feed, measure)
    if isinstance(kpi.over, Now | Open):
        yield from _standing_faults(feed, kpi)
    elif isinstance(kpi.aggregate, Latest):
        yield f"the latest value is per entity: over Now(), by {feed.key!r}"
    if feed.by_entity(kpi) and not feed.proof(kpi):
        yield f"is by {feed.key!r}, but nothing it measures is remembered: known or unknown cannot be told"


def _standing_faults(feed: "Feed", kpi: Kpi) -> Iterator[str]:
    if feed.entity is None:
        yield "counts entities, but the feed declares none"
        return
    if isinstance(kpi.over, Open) and not isinstance(feed.entity, Case):
        yield "counts open cases, but the feed declares no case"
    if isinstance(kpi.aggregate, Latest) and feed.key not in kpi.by:
        yield f"the latest value is per entity: over Now(), by {feed.key!r}"
    if lost := set(feed.named(kpi)) - {*feed.entity.remembers, feed.entity.id, *feed.told}:
        yield f"{sorted(lost)} is used but not remembered"


def _value_faults(feed: "Feed", condition: Condition | None) -> Iterator[str]:
    if isinstance(condition, All):
        for part in condition.conditions:
            yield from _value_faults(feed, part)
    if not isinstance(condition, Is) or feed.listed(condition.field) or condition.field in feed.joined:
        return
    if wrong := set(condition.values) - set(feed.values(condition.field)):
        yield f"{condition.field!r} is never {sorted(map(str, wrong))}"


def _example_faults(feed: "Feed") -> Iterator[str]:
    if feed.bare is None and feed.example.get("type") not in feed.types:
        yield f": the example's type is none of {sorted(feed.types)}"
    try:
        TypeAdapter(feed.record).validate_python(feed.example)
    except ValidationError as error:
        first = error.errors()[0]
        yield f": the example is no event: /{'/'.join(map(str, first['loc']))} {first['msg']}"


def _measure_faults(feed: "Feed", measure: str | Elapsed) -> Iterator[str]:
    for name in feed.measured(measure):
        is_moment = any(isinstance(mark, IsTime) for mark in marks(feed.fields[name]))
        if isinstance(measure, Elapsed) and not is_moment:
            yield f"{name!r} is no moment"
        elif not is_moment and bare(feed.fields[name]) not in (int, float, bool):
            yield f"{name!r} is neither a number nor a moment"
