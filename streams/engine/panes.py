"""Cells of windows: add a row, read a window, forget what no window can reach."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from operator import sub
from typing import Any

from schemas.conditions import Row
from schemas.windows import HOME, Window
from streams.engine.plan import Group, Plan, Windowed
from streams.engine.state import Lane

Share = tuple[Windowed, str, tuple[int, ...]]
"""What a row gives to one KPI: the KPI, the joined labels, the measures."""


def shares(groups: Iterable[Group], row: Row, own: Row, moment: int) -> list[Share]:
    """What a row gives to KPIs over windows; `own` are the fields the event itself carries. Changes nothing."""
    found: list[Share] = []
    for where, _, labels_of, entries in groups:
        if where is not None and not where(row, moment):
            continue
        labels = labels_of(row)
        for entry in entries:
            if entry.take is None:
                values = tuple([take(row, own, moment) for take in entry.takes])
                if None not in values:
                    found.append((entry, labels, values))  # type: ignore[arg-type]
            elif (value := entry.take(row, own, moment)) is not None:
                found.append((entry, labels, (value,)))
    return found


def add(lane: Lane, found: list[Share], moment: int, time: int) -> None:
    """Count the shares of a row; what no window can reach any more is left out."""
    for entry, labels, values in found:
        cells = lane.cells[entry.index]
        panes = cells.get(labels)
        if panes is None:
            panes = cells[labels] = {}
        reached = lane.firsts[entry.span]
        if entry.spread and time > moment:
            pane, into = divmod(moment + HOME, entry.pane)
            _spread(panes, pane, _parts(values[0], into, time - moment, entry.pane), (reached + HOME) // entry.pane)
            if not panes:
                del cells[labels]
        elif moment >= reached:
            put(entry, panes, (moment + HOME) // entry.pane, moment, values)
        elif not panes:
            del cells[labels]


def put(entry: Windowed, panes: dict[int, Any], pane: int, at: int, values: tuple[int, ...]) -> None:
    """Count a row in a pane; `at` is its moment, `values` its measures."""
    if entry.plain:
        panes[pane] = panes.get(pane, 0) + (values[0] if values else 1)
        return
    state = panes.get(pane)
    if state is None:
        state = panes[pane] = entry.aggregate.zero()
    entry.add(state, at, *values)


@lru_cache(maxsize=1 << 16)
def _parts(value: int, into: int, length: int, pane: int) -> tuple[int, ...]:
    """A sum over a period that begins `into` a pane, pane by pane: differences of the floors of the running total.

    So they add up. Periods of one length that begin on the clock give few different answers, which are remembered.
    """
    totals = [value * passed // length for passed in (*range(pane - into, length, pane), length)]
    return tuple(map(sub, totals, (0, *totals)))


def _spread(panes: dict[int, int], pane: int, parts: tuple[int, ...], reached: int) -> None:
    """Give each pane its part, from the first one on."""
    for number, part in enumerate(parts, pane):
        if number >= reached:
            panes[number] = panes.get(number, 0) + part


def read(entry: Windowed, panes: Mapping[int, Any], window: Window, present: int) -> list[int] | None:
    """The state of a window at the present; None if it holds no row."""
    first, last = (window.first(present) + HOME) // entry.pane, (present + HOME) // entry.pane
    if entry.plain:
        total: int | None = None
        for pane, number in panes.items():
            if first <= pane <= last:
                total = number if total is None else total + number
        return None if total is None else [total]
    merge, whole = entry.aggregate.merge, None
    for pane, state in panes.items():
        if first <= pane <= last:
            if whole is None:
                whole = entry.aggregate.zero()
            merge(whole, state)
    return whole


def forget(plan: Plan, lane: Lane) -> None:
    """Drop panes that no window can reach any more: the watermark and the present never step back."""
    for entry in plan.windowed:
        first = (lane.firsts[entry.span] + HOME) // entry.pane
        cells = lane.cells[entry.index]
        for labels in [labels for labels, panes in cells.items() if min(panes, default=first) < first]:
            kept = {pane: state for pane, state in cells[labels].items() if pane >= first}
            if kept:
                cells[labels] = kept
            else:
                del cells[labels]
