"""A whole batch folded at once, where the order of its records cannot matter: the same numbers as record by record.

It cannot matter for a feed without envelope and entity whose KPIs ask plain questions, as long as no record of the
batch is late, out of the reach of a window or of the future, whichever came first, and all have the key that they
should have. All else is folded record by record.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import compress
from operator import and_
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from schemas.aggregates import Aggregate, Count
from schemas.bare import BareDecoder
from schemas.columns import Column, ColumnReader, Columns
from schemas.conditions import All, Condition, Is
from schemas.decode import Event
from schemas.errors import Rejection
from schemas.feed import Feed
from schemas.hints import bare
from schemas.kpi import Kpi
from schemas.windows import HOME
from streams.engine.batch import Batch
from streams.engine.labels import SEPARATOR, WORDS
from streams.engine.panes import put
from streams.engine.plan import Group, Plan, Windowed
from streams.engine.rows import in_steps, without
from streams.engine.state import Lane
from streams.engine.watermark import follow

Steps = Sequence[int | None]


class Taken(NamedTuple):
    """What was folded, and what was left: the place in the batch, and what the decoder says of the record.

    The records taken arrived between `early` and `late`; `newest` is the newest of their times.
    """

    appends: Sequence[int]
    early: int
    late: int
    times: Sequence[int]
    newest: int
    left: Sequence[tuple[int, Event | Rejection]]


class Together:
    """The KPIs of one feed, compiled for columns; `of` answers that of a plan."""

    def __init__(self, plan: Plan, reader: ColumnReader) -> None:
        self._reader = reader
        feed = plan.feed
        [action] = feed.actions
        self._groups = tuple(
            (group, tuple(_asked(without(group.entries[0].kpi.where, action)))) for group in plan.doings[action].groups
        )
        measures = {str(name) for kpi in feed.kpis for name in kpi.aggregate.measures}
        self._measured = {name: feed.unit_of(name) for name in sorted(measures)}
        self._constant = {"action": action, "source": feed.topic}
        always = (name for name in feed.payload.__required_keys__ if bare(feed.hints[name]) is not bool)
        self._text = frozenset({*always, *feed.joined, *self._constant})

    @staticmethod
    def of(plan: Plan) -> "Together | None":
        """What was compiled for a plan, once; None if its feed cannot be folded so."""
        if plan not in _compiled:
            reader = plan.decoder.columns() if isinstance(plan.decoder, BareDecoder) and is_plain(plan.feed) else None
            _compiled[plan] = None if reader is None else Together(plan, reader)
        return _compiled[plan]

    def take(self, plan: Plan, lane: Lane, batch: Batch) -> Taken | None:
        """Folds the ordinary records of a batch; None, and nothing is changed, where the order may matter."""
        try:
            columns = self._reader.read(batch.values)
            left = [(place, plan.decoder.decode(batch.values[place])) for place in columns.left]
        except Exception:  # noqa: BLE001  # a fault of ours: whose record it is is found one by one
            return None
        if not columns.times:
            return None
        others = [event.time for _, event in left if isinstance(event, Event)]
        appends, early, late = batch.timestamps, min(batch.timestamps), max(batch.timestamps)
        if plan.key and not _have_keys(columns, plan.key, batch.keys):
            return None
        try:
            measured = {name: in_steps(columns.fields[name], unit) for name, unit in self._measured.items()}
        except OverflowError:  # a number beyond all others: whose it is is found one by one
            return None
        if not _is_calm(plan, lane, early, late, min([columns.first, *others]), max([columns.last, *others])):
            return None
        if columns.places is not None:
            appends = [appends[place] for place in columns.places]
            early, late = min(appends), max(appends)
        newest = columns.last
        if newest > early:  # an event never moves the watermark beyond its own arrival
            newest = max(map(min, columns.times, appends))
        follow(plan, lane, newest, late)
        for group, asked in self._groups:
            self._fold(lane, group, asked, columns, measured)
        return Taken(appends, early, late, columns.times, columns.last, left)

    def _fold(
        self, lane: Lane, group: Group, asked: Sequence[Is], columns: Columns, measured: Mapping[str, Steps]
    ) -> None:
        """What the batch gives to KPIs that ask the same and have the same labels."""
        chosen: Column | None = None
        for part in asked:
            holds = list(map(frozenset(part.values).__contains__, self._column(columns, part.field)))
            chosen = holds if chosen is None else list(map(and_, chosen, holds))
        labels = _chosen(self._labels(columns, group.by), chosen)
        times: Column | None = None
        panes: dict[int, Column] = {}
        cells: dict[tuple[int, str], Mapping[tuple[str, int], list[int]]] = {}
        for entry in group.entries:
            pane = (columns.first + HOME) // entry.pane
            if type(entry.aggregate) is Count and pane == (columns.last + HOME) // entry.pane:
                _count_in(lane, entry, labels, pane)
                continue
            if times is None:
                times = _chosen(columns.times, chosen)
            if entry.pane not in panes:
                panes[entry.pane] = [(time + HOME) // entry.pane for time in times]
            names = [str(name) for name in entry.aggregate.measures]
            if type(entry.aggregate) is Count:
                _count(lane, entry, labels, panes[entry.pane])
            elif entry.aggregate.is_of_all:
                kind = (entry.pane, names[0])
                if kind not in cells:
                    cells[kind] = _by_cell(labels, panes[entry.pane], _chosen(measured[names[0]], chosen))
                _merge_in(lane, entry, cells[kind])
            else:
                several = zip(*(_chosen(measured[name], chosen) for name in names), strict=True)
                for label, pane, time, values in zip(labels, panes[entry.pane], times, several, strict=True):
                    if None not in values:
                        put(entry, _panes(lane, entry, label), pane, time, values)

    def _labels(self, columns: Columns, by: tuple[str, ...]) -> Column:
        found = [self._words(columns, name) for name in by]
        if len(found) == 1:
            return found[0]
        return list(map(SEPARATOR.join, zip(*found, strict=True))) if found else [""] * len(columns.times)

    def _words(self, columns: Columns, name: str) -> Column:
        column = self._column(columns, name)
        if name in self._text:
            return column
        return [value if type(value) is str else "" if value is None else WORDS[value] for value in column]

    def _column(self, columns: Columns, name: str) -> Column:
        """A field of every record; None where it is absent."""
        if name in self._constant:
            return [self._constant[name]] * len(columns.times)
        return columns.fields[name]


_compiled: WeakKeyDictionary[Plan, Together | None] = WeakKeyDictionary()


def is_plain(feed: Feed) -> bool:
    """Whether the order of a feed's records matters only where one is late or of the future."""
    return (
        ColumnReader.can_read(feed)
        and feed.entity is None
        and not feed.counts_slots
        and feed.covers is None
        and bool(feed.kpis)
        and all(_is_plain(feed, kpi) for kpi in feed.kpis)
    )


def _is_plain(feed: Feed, kpi: Kpi) -> bool:
    times = {feed.bare, "time"}
    numbers = {name for name, hint in feed.hints.items() if bare(hint) in {int, float, bool}} - times
    return (
        (type(kpi.aggregate).__module__ == Aggregate.__module__ or kpi.aggregate.is_of_all)
        and all(isinstance(measure, str) and measure in numbers for measure in kpi.aggregate.measures)
        and all(isinstance(part, Is) and part.field not in times for part in _parts(kpi.where))
    )


def _parts(where: Condition | None) -> Iterator[Condition]:
    if isinstance(where, All):
        for part in where.conditions:
            yield from _parts(part)
    elif where is not None:
        yield where


def _asked(where: Condition | None) -> Iterator[Is]:
    return (part for part in _parts(where) if isinstance(part, Is))


def _is_calm(plan: Plan, lane: Lane, early: int, late: int, oldest: int, newest: int) -> bool:
    """Whether every record, wherever it stands, is neither of the future nor out of the reach of any window.

    They arrived between `early` and `late`, and their times lie between `oldest` and `newest`.
    """
    if newest > early + plan.future_ms:
        return False
    watermark = min(newest, late)  # as far as it may come
    if lane.watermark is not None:
        watermark = max(watermark, lane.watermark)
    return all(oldest >= min(window.first(watermark) for window in windows) for _, windows in plan.spans)


def _have_keys(columns: Columns, field: str, keys: Sequence[bytes | None]) -> bool:
    """Whether each record stands under the key that it says."""
    if columns.places is not None:
        keys = [keys[place] for place in columns.places]
    return list(map(str.encode, columns.fields[field])) == keys


def _chosen(column: Column, chosen: Column | None) -> Column:
    return column if chosen is None else list(compress(column, chosen))


def _count(lane: Lane, entry: Windowed, labels: Column, panes: Column) -> None:
    """How many of each."""
    if len(set(panes)) == 1:
        _count_in(lane, entry, labels, panes[0])
    else:
        for (label, pane), number in Counter(zip(labels, panes, strict=True)).items():
            found = _panes(lane, entry, label)
            found[pane] = found.get(pane, 0) + number


def _by_cell(labels: Column, panes: Column, values: Steps) -> Mapping[tuple[str, int], list[int]]:
    """The values there are, by cell."""
    found: defaultdict[tuple[str, int], list[int]] = defaultdict(list)
    for cell, value in zip(zip(labels, panes, strict=True), values, strict=True):
        if value is not None:
            found[cell].append(value)
    return found


def _merge_in(lane: Lane, entry: Windowed, cells: Mapping[tuple[str, int], list[int]]) -> None:
    """What all of a cell come to, in one go."""
    for (label, pane), values in cells.items():
        found, part = _panes(lane, entry, label), entry.aggregate.of_all(values)
        if entry.plain:
            found[pane] = found.get(pane, 0) + part[0]
        elif (state := found.get(pane)) is None:
            found[pane] = part
        else:
            entry.aggregate.merge(state, part)


def _count_in(lane: Lane, entry: Windowed, labels: Column, pane: int) -> None:
    """How many of each in one pane, where the records of a fetch mostly fall: text alone is counted fastest."""
    for label, number in Counter(labels).items():
        found = _panes(lane, entry, label)
        found[pane] = found.get(pane, 0) + number


def _panes(lane: Lane, entry: Windowed, labels: str) -> dict[int, Any]:
    return lane.cells[entry.index].setdefault(labels, {})

