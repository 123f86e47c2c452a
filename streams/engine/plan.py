"""A feed compiled once into plain closures for the hot loop: which KPIs an action touches, how each takes a row."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Any, NamedTuple

from schemas import conditions
from schemas.aggregates import Aggregate, Count, Elapsed, Measure, Sum, adder
from schemas.bare import decoder
from schemas.calendars import Calendar
from schemas.conditions import Condition, Row, Stretch, Working
from schemas.decode import MAX_BYTES
from schemas.entities import Case, Open, ServiceLevel
from schemas.errors import DeclarationError
from schemas.feed import Feed
from schemas.kpi import Kpi
from schemas.reader import Readers
from schemas.reference import Reference
from schemas.reference.rows import ServiceLevel as Level
from schemas.windows import Window
from streams.engine.labels import Labeller, labeller
from streams.engine.lent import calls, lent
from streams.engine.rows import Take, Test, elapsed, field_of, is_clocked, leaves, may_hold, share_of, test, without

ADDRESS = re.compile(r" at 0x[0-9a-f]+")

NO_UNIT = {"commune": "", "admin_version": ""}
"""The labels of what names no administrative unit."""

FOREVER = 1 << 62
"""A moment that never comes."""

KINDS_MOST = 1000
"""Kinds of cases of which it is remembered which service levels fit."""

KEPT_HOURS = 24
"""Hours over which validity, quality and completeness are counted."""

DAY = KEPT_HOURS * 3_600_000


@dataclass(frozen=True, slots=True)
class Windowed:
    """A KPI over windows, compiled; `plain` is one whose state is one number, a sum."""

    index: int
    span: int
    kpi: Kpi
    windows: tuple[Window, ...]
    pane: int
    take: Take | None
    takes: tuple[Take, ...]
    by: tuple[str, ...]
    add: Callable[..., Any]
    aggregate: Aggregate
    plain: bool
    spread: bool
    proof: tuple[str, ...]


class Group(NamedTuple):
    """KPIs over windows that ask the same of a row and have the same labels, so that both are worked out once."""

    where: Test | None
    by: tuple[str, ...]
    labels: Labeller
    entries: tuple[Windowed, ...]


class Doing(NamedTuple):
    """What events of one action do, compiled.

    Attributes:
        groups: the KPIs over windows they may count for.
        lent: what these ask of memory; None: maybe any of it.
        calls: whether these run a function of the feed's own file, which may raise.
        life: the told fields they write, each with whether the earliest (True) or the newest time counts.
        opens, closes, reopens, is_state: what they are to a case.
    """

    groups: tuple[Group, ...]
    lent: tuple[str, ...] | None
    calls: bool
    life: tuple[tuple[str, bool], ...]
    opens: bool
    closes: bool
    reopens: bool
    is_state: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """A KPI over entities as they stand, compiled."""

    kpi: Kpi
    is_open: bool
    where: Test | None
    takes: tuple[Take, ...]
    labels: Labeller
    add: Callable[..., Any]
    aggregate: Aggregate
    proof: tuple[str, ...]
    by_entity: bool
    counts: bool
    clocks: tuple[Condition, ...]
    moment_field: str | None


class Plan:
    """What the engine needs of a feed and of the reference data, in the form in which it is used."""

    def __init__(
        self,
        feed: Feed,
        reference: Reference,
        *,
        horizon_ms: int = 3_600_000,
        future_ms: int = 300_000,
        max_bytes: int = MAX_BYTES,
        readers: Readers | None = None,
    ) -> None:
        self.feed = feed
        self.reference = reference
        self.calendar: Calendar = reference.calendar
        self.horizon_ms, self.future_ms = horizon_ms, future_ms
        self.decoder = decoder(feed, reference, max_bytes=max_bytes, readers=readers or Readers())
        self.recognises_repeats = feed.bare is None
        self.key = feed.key
        self.covers = feed.covers
        self.spans = tuple(dict.fromkeys((kpi.pane, kpi.windows) for kpi in feed.kpis if kpi.windows))
        self.windowed = tuple(
            self._windowed(index, kpi) for index, kpi in enumerate(kpi for kpi in feed.kpis if kpi.windows)
        )
        self.standing = tuple(self._standing(kpi) for kpi in feed.kpis if not kpi.windows)
        self.clocks = self._clocks(self.standing)
        self.clocks_of_closed = self._clocks(entry for entry in self.standing if not entry.is_open)
        self.fingerprints = tuple(fingerprint(entry.kpi) for entry in self.windowed)
        self.case = feed.entity if isinstance(feed.entity, Case) else None
        self.remembers = feed.entity.remembers if feed.entity else ()
        self.proofs = tuple(
            dict.fromkeys(
                (kpi.name, tuple(kpi.labels.items()), feed.proof(kpi)) for kpi in feed.kpis if feed.by_entity(kpi)
            )
        )
        self.told = frozenset(feed.told)
        self.kept_ms = int(self.case.kept.total_seconds() * 1000) if self.case else 0
        self.checks = feed.checks
        listed = feed.listed(feed.key)
        rows = reference.table(listed.name).by_id if listed else {}
        self._own: dict[str, int] = {
            name: own * 1000 for name, found in rows.items() if (own := getattr(found[-1], "every_s", None))
        }
        self._every = conditions.millis(feed.every)
        self.counts_slots = feed.counts_slots
        self.doings = {action: self._doing(action) for action in feed.actions}
        self.deadlines = tuple(
            (name, self._deadline(rule), frozenset(watched(rule)))
            for name, rule in (self.case.deadlines.items() if self.case else ())
        )

    def _doing(self, action: str) -> Doing:
        groups, case = tuple(self._touched(action)), self.case
        kpis = [entry.kpi for group in groups for entry in group.entries]
        asked = lent(kpis, (*self.remembers, *self.told), NO_UNIT)
        turns = (case.opens, case.closes, case.reopens, case.states) if case else ((),) * 4
        part = [action in actions for actions in turns]
        return Doing(groups, asked, any(map(calls, kpis)), self._life(action), *part)

    def interval(self, entity: str) -> int:
        """How often an entity sends, in milliseconds: by its own row of reference data, else as the feed does."""
        return self._own.get(entity, self._every)

    def known(self, entity: str, as_of: int, present: int) -> bool:
        """Whether an entity last told of at `as_of` is known at the present: younger than 4 of its intervals."""
        own = self._own.get(entity)
        if own is not None:
            return present - as_of < 4 * own
        age = conditions.length(self.feed.every, as_of, present, self.calendar)
        return age is not None and age < self.feed.stale_after

    @staticmethod
    def _clocks(entries: Iterable[Standing]) -> tuple[Condition, ...]:
        """The questions of time that these KPIs ask, each once."""
        return tuple(dict.fromkeys(leaf for entry in entries for part in entry.clocks for leaf in leaves(part)))

    def unknown_from(self, entity: str, as_of: int) -> int:
        """The moment from which an entity last told of at `as_of` is unknown."""
        own = self._own.get(entity)
        return as_of + 4 * own if own is not None else self.later(as_of, self.feed.every, 0, times=4)

    def later(self, since: int, stretch: Stretch, more: int, times: int = 1) -> int:
        """The moment when `times` the stretch and `more` milliseconds of its clock have passed."""
        span = times * conditions.millis(stretch) + more
        return self._clock(since, span) if isinstance(stretch, Working) else since + span

    def earlier(self, until: int, stretch: Stretch) -> int:
        """The first moment from which no more than the stretch is left until another."""
        span = conditions.millis(stretch)
        return self._clock(until, -span) if isinstance(stretch, Working) else until - span

    def _clock(self, since: int, span: int) -> int:
        """A moment on the working clock; never, where the calendar of its year is not loaded."""
        try:
            return self.calendar.add(since, span)
        except DeclarationError:
            return FOREVER

    def _touched(self, action: str) -> Iterator[Group]:
        """The KPIs an event of this action may count for, by what they ask and by their labels.

        The question for the action itself is answered here, once, and taken out of what is asked of every row.
        """
        found = [entry for entry in self.windowed if may_hold(entry.kpi.where, action)]
        asked = {entry.index: without(entry.kpi.where, action) for entry in found}
        kinds: list[tuple[Condition | None, tuple[str, ...]]] = []
        for entry in found:
            if (kind := (asked[entry.index], entry.by)) not in kinds:
                kinds.append(kind)
        for where, by in kinds:
            alike = tuple(entry for entry in found if (asked[entry.index], entry.by) == (where, by))
            yield Group(self._test(where), by, labeller(by), alike)

    def _windowed(self, index: int, kpi: Kpi) -> Windowed:
        spread = type(kpi.aggregate) is Sum and self.feed.covers is not None
        takes = self._takes(kpi)
        return Windowed(
            index,
            self.spans.index((kpi.pane, kpi.windows)),
            kpi,
            kpi.windows,
            kpi.pane,
            takes[0] if len(takes) == 1 else None,
            takes,
            kpi.by,
            adder(kpi.aggregate, self.feed.unit(kpi).per),
            kpi.aggregate,
            type(kpi.aggregate) in (Sum, Count),
            spread,
            self.feed.proof(kpi) if self.feed.by_entity(kpi) else (),
        )

    def _standing(self, kpi: Kpi) -> Standing:
        measures = kpi.aggregate.measures
        only = measures[0] if len(measures) == 1 and isinstance(measures[0], str) else None
        asked = [kpi.where, *(measure for measure in measures if not isinstance(measure, str | Elapsed))]
        return Standing(
            kpi,
            isinstance(kpi.over, Open),
            self._test(kpi.where),
            self._takes(kpi),
            labeller(kpi.by),
            adder(kpi.aggregate, self.feed.unit(kpi).per),
            kpi.aggregate,
            self.feed.proof(kpi),
            self.feed.by_entity(kpi),
            kpi.aggregate.shape == "sum",
            tuple(part for part in asked if part is not None and is_clocked(part)),
            only,
        )

    def _takes(self, kpi: Kpi) -> tuple[Take, ...]:
        return tuple(self._take(measure) for measure in kpi.aggregate.measures)

    def _take(self, measure: Measure) -> Take:
        match measure:
            case str():
                return field_of(measure, self.feed.unit_of(measure))
            case Elapsed():
                return elapsed(measure, self.calendar)
        return share_of(measure, self._test(measure))

    def _test(self, condition: Condition | None) -> Test | None:
        return None if condition is None else test(condition, self.calendar)

    def _life(self, action: str) -> tuple[tuple[str, bool], ...]:
        """The told fields an action writes, each with whether the earliest (True) or the newest time counts."""
        case = self.case
        told: list[tuple[str, bool]] = []
        if case:
            told += [("opened_at", True)] * (action in case.opens)
            told += [("closed_at", False)] * (action in case.closes) + [("reopened_at", False)] * (
                action in case.reopens
            )
            told += [(name, True) for name, actions in case.first.items() if action in actions]
        if self.feed.entity:
            told += [(name, False) for name, actions in self.feed.entity.last.items() if action in actions]
        return tuple(told)

    def _deadline(self, rule: Any) -> Callable[[Row, int], int | None]:
        """How a deadline follows from memory and the moment of opening."""
        if isinstance(rule, ServiceLevel):
            return self._by_level(rule)
        return lambda _, opened: _set(self.later(opened, rule, 0))

    def _by_level(self, rule: ServiceLevel) -> Callable[[Row, int], int | None]:
        """A deadline by the service level in force at the opening for what memory says of the case."""
        reference = self.reference

        @lru_cache(maxsize=KINDS_MOST)
        def levels(value: str, hazard: str | None) -> tuple[Level, ...]:
            more = {} if hazard is None else {"hazard": hazard}
            return reference.service_levels_for(rule.name, **{rule.by: value}, **more)

        def deadline(memory: Row, opened: int) -> int | None:
            hazard = None
            if rule.hazard is not None:
                row = reference.categories.get(str(memory.get(rule.hazard, "")), opened)
                hazard = "yes" if row is not None and row.hazard else "no"
            for level in levels(str(memory.get(rule.by, "")), hazard):
                if level.in_force(opened):
                    return _set(self._clock(opened, level.span_ms) if level.clock == "working"
                                else opened + level.span_ms)
            return None

        return deadline


def watched(rule: Any) -> tuple[str, ...]:
    """The fields on which a deadline depends beside the moment of opening."""
    if not isinstance(rule, ServiceLevel):
        return ()
    return (rule.by,) if rule.hazard is None else (rule.by, rule.hazard)


def _set(deadline: int) -> int | None:
    return None if deadline == FOREVER else deadline


def fingerprint(kpi: Kpi) -> str:
    """What a cell was folded by; a changed KPI begins anew instead of adding two meanings.

    A function stands there by its name: its address differs from process to process.
    """
    parts = (kpi.name, kpi.aggregate, kpi.where, kpi.by, kpi.pane, sorted(kpi.labels.items()))
    return sha256(ADDRESS.sub("", repr(parts)).encode()).hexdigest()[:16]
