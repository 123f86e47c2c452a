"""Every series that a partition must show at given presents (docs/numbers.md, sections 5, 6 and 8)."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import timedelta
from functools import cached_property
from typing import Any, NamedTuple

from schemas import names
from schemas.aggregates import Count, Sum
from schemas.conditions import Working
from schemas.entities import Case, Entity, Open
from schemas.kpi import Kpi
from streams.recount.entities import Thing
from streams.recount.lanes import ALWAYS, Lane, Replay, label_value
from streams.recount.measures import Counted, Number, evaluate, holds, measure
from streams.recount.moments import DAY, HOUR, first_moment, millis, pane_at, pane_length

Labels = tuple[tuple[str, str], ...]


class Series(NamedTuple):
    """Name and labels; labels in order, without empty ones, `le` as a plain float."""

    name: str
    labels: Labels


class Value(NamedTuple):
    """What a series shows: steps / per; a whole number of steps is compared exactly."""

    steps: float
    per: int = 1


Expected = dict[Series, Value]


def series(name: str, labels: Mapping[str, str]) -> Series:
    """A series; a label without value is no label to Prometheus."""
    plain = {key: repr(float(value)) if key == "le" else value for key, value in labels.items() if value != ""}
    return Series(name, tuple(sorted(plain.items())))


class Shown:
    """Works out what one lane of one partition must show."""

    def __init__(self, replay: Replay, lane: Lane, present: int | None, where: Mapping[str, str]) -> None:
        self.replay, self.feed, self.lane, self.present, self.where = replay, replay.feed, lane, present, where
        self.expected: Expected = {}

    def all(self) -> Expected:
        """Every series of the lane."""
        self._figures()
        if self.lane.watermark is not None:
            self._put("ioc_watermark_timestamp_seconds", {}, self.lane.watermark, 1000)
        if self.present is not None:
            for position, kpi in enumerate(self.feed.kpis):
                self._kpi(position, kpi, self.present)
        return self.expected

    def _put(self, name: str, labels: Mapping[str, str], steps: float, per: int = 1) -> None:
        self.expected[series(name, {**labels, **self.where})] = Value(steps, per)

    def _put_number(self, kpi: Kpi, labels: Mapping[str, str], number: Number) -> None:
        le = {} if number.le is None else {"le": str(number.le)}
        self._put(self.feed.metric(kpi) + number.suffix, {**kpi.labels, **labels, **le}, number.steps, number.per)

    # KPIs

    def _kpi(self, position: int, kpi: Kpi, present: int) -> None:
        if self.feed.by_entity(kpi):
            self._knowledge(kpi, present)
        if kpi.windows:
            self._over_windows(position, kpi, present)
        else:
            self._over_entities(kpi, present)

    def _over_windows(self, position: int, kpi: Kpi, present: int) -> None:
        pane, per = pane_length(kpi.windows), self.feed.unit(kpi).per
        for (owner, values), rows in self.lane.rows.items():
            if owner != position or self._is_withheld(kpi, values, present):
                continue
            labels = {names.label(name): value for name, value in zip(kpi.by, values, strict=True)}
            for window in kpi.windows:
                first, last = pane_at(first_moment(window, present), pane), pane_at(present, pane)
                inside = [row.counted for row in rows if first <= row.pane <= last]
                for number in evaluate(kpi.aggregate, inside, per):
                    self._put_number(kpi, {**labels, "window": window.label}, number)

    def _is_withheld(self, kpi: Kpi, values: tuple[str, ...], present: int) -> bool:
        if not self.feed.by_entity(kpi):
            return False
        name = values[kpi.by.index(self.feed.key)]
        thing = self.lane.things.get(name)
        return thing is None or not self._is_known(kpi, name, thing, present)

    def _over_entities(self, kpi: Kpi, present: int) -> None:
        groups: defaultdict[tuple[str, ...], list[Counted]] = defaultdict(list)
        fills = type(kpi.aggregate) in (Count, Sum)
        for thing, row in self._remembered(kpi, present):
            labels = tuple(label_value(row.get(name, "")) for name in kpi.by)
            if fills:
                groups[labels]  # the combination occurs: at least 0
            if isinstance(kpi.over, Open) and not thing.is_open:
                continue
            if (counted := self._standing(kpi, row, present)) is not None:
                groups[labels].append(counted)
        for values, rows in groups.items():
            labels_by_name = {names.label(name): value for name, value in zip(kpi.by, values, strict=True)}
            per = self.feed.unit(kpi).per
            for number in evaluate(kpi.aggregate, rows, per) or ([Number("", None, 0, per)] if fills else []):
                self._put_number(kpi, labels_by_name, number)

    def _remembered(self, kpi: Kpi, present: int) -> Iterator[tuple[Thing, dict[str, Any]]]:
        """The entities known for the KPI, or the cases not forgotten, each with its row."""
        kind = self.feed.entity
        for name, thing, row in self._rows:
            gone = thing.is_forgotten(kind, present) if isinstance(kind, Case) else not self._is_known(
                kpi, name, thing, present)
            if not gone:
                yield thing, row

    @cached_property
    def _rows(self) -> list[tuple[str, Thing, dict[str, Any]]]:
        """Every entity with its row, which is the same for each KPI."""
        kind = self.feed.entity
        if kind is None:
            return []
        reference, worktime = self.replay.reference, self.replay.worktime
        return [(name, thing, {**ALWAYS, kind.id: name, **thing.values, **thing.told(kind, reference, worktime)})
                for name, thing in self.lane.things.items()]

    def _standing(self, kpi: Kpi, row: Mapping[str, Any], present: int) -> Counted | None:
        worktime = self.replay.worktime
        if not holds(kpi.where, row, present, worktime):
            return None
        values = [measure(self.feed, what, row, carried=row, moment=present, worktime=worktime)
                  for what in kpi.aggregate.measures]
        there = tuple(value for value in values if value is not None)
        return Counted(present, there) if len(there) == len(values) else None

    # Known or unknown

    def _knowledge(self, kpi: Kpi, present: int) -> None:
        for name, thing in self.lane.things.items():
            as_of = self._as_of(kpi, thing)
            if as_of is None:
                continue
            labels = {**kpi.labels, names.label(self.feed.key): name}
            known = self._is_known(kpi, name, thing, present)
            self._put(names.metric(self.feed.name, kpi.name, "known"), labels, int(known))
            self._put(names.metric(self.feed.name, kpi.name, "as_of_timestamp_seconds"), labels, as_of, 1000)

    def _as_of(self, kpi: Kpi, thing: Thing) -> int | None:
        times = []
        for name in self.feed.proof(kpi):
            if name in thing.memory:
                times.append(thing.memory[name][1])
            elif name in thing.times and thing.seen_at is not None:
                times.append(thing.seen_at)
        return max(times, default=None)

    def _is_known(self, kpi: Kpi, name: str, thing: Thing, present: int) -> bool:
        as_of, every = self._as_of(kpi, thing), self.feed.every
        if as_of is None:
            return False
        own = self._own_interval(name)
        if own is not None:
            return present - as_of < 4 * own
        if isinstance(every, timedelta):
            return present - as_of < 4 * millis(every)
        age = self.replay.worktime.between(as_of, present)
        return age is not None and age < 4 * round(every.hours * HOUR)

    # Figures of sources

    def _figures(self) -> None:
        feed = {"feed": self.feed.name}
        for (source, fate), count in self.lane.fates.items():
            self._put("ioc_feed_records", {**feed, "source": source, "fate": fate}, count)
        for source, arrival in self.lane.last_arrival.items():
            labels = {**feed, "source": source}
            self._put("ioc_feed_last_arrival_timestamp_seconds", labels, arrival, 1000)
            if source in self.lane.last_event:
                self._put("ioc_feed_last_event_timestamp_seconds", labels, self.lane.last_event[source], 1000)
            self._quality(source, labels)
            self._completeness(source, labels)

    def _quality(self, source: str, labels: Mapping[str, str]) -> None:
        newest = (self.lane.newest or 0) // HOUR
        sums: defaultdict[str, int] = defaultdict(int)
        for (hour, what), count in self.lane.hours[source].items():
            if newest - 24 < hour <= newest:
                sums[what] += count
        accepted, rejected, flagged = sums["accepted"], sums["rejected"], sums["flagged"]
        self._put_ratio("ioc_feed_validity_ratio", labels, accepted, accepted + rejected)
        self._put_ratio("ioc_feed_quality_ratio", labels, accepted - flagged, accepted)

    def _completeness(self, source: str, labels: Mapping[str, str]) -> None:
        kind, every = self.feed.entity, self.feed.every
        if self.present is None or not isinstance(kind, Entity) or isinstance(every, Working):
            return
        listed = self.feed.listed(kind.id)
        rows = self.replay.reference.tables[listed.name].rows if listed else ()
        expected = {getattr(row, row.KEY[0]) for row in rows
                    if getattr(row, "source", None) == source and row.valid_from <= self.present < row.valid_to}
        lengths = {name: self._own_interval(name) or millis(every)
                   for name in expected | {name for name, _ in self.lane.reported[source]}}
        sent = {(name, time // lengths[name]) for name, time in self.lane.reported[source]}
        got = sum(0 < self.present // lengths[name] - number <= DAY // lengths[name] for name, number in sent)
        self._put_ratio("ioc_feed_completeness_ratio", labels, got, sum(DAY // lengths[name] for name in expected))

    def _own_interval(self, name: str) -> int | None:
        """Milliseconds by the newest row of the entity's list, if that states an interval of its own."""
        listed = self.feed.listed(self.feed.key)
        found = self.replay.reference.tables[listed.name].by_id.get(name, ()) if listed else ()
        seconds = getattr(found[-1], "every_s", None) if found else None
        return seconds * 1000 if seconds else None

    def _put_ratio(self, name: str, labels: Mapping[str, str], numerator: int, denominator: int) -> None:
        if denominator:
            self._put(f"{name}_numerator", labels, numerator)
            self._put(f"{name}_denominator", labels, denominator)


def expect(replay: Replay, presents: Mapping[str, int], where: Mapping[str, str]) -> Expected:
    """Every series of a partition; `presents` by provenance, `where` the labels topic and partition."""
    expected: Expected = {}
    for provenance, lane in replay.lanes.items():
        present = presents.get(provenance, lane.watermark) if lane.watermark is not None else None
        expected |= Shown(replay, lane, present, {**where, "provenance": provenance}).all()
    return expected
