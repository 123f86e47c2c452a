"""Cells of windows: add a row, read a window, forget what no window can reach."""

from collections.abc import Iterator, Mapping
from typing import Any

from schemas.conditions import Row
from schemas.windows import HOME, Window
from streams.engine.plan import SEPARATOR, Plan, Windowed
from streams.engine.state import Lane

WORDS: Mapping[Any, str] = {True: "true", False: "false"}


Share = tuple[Windowed, str, tuple[int, ...]]
"""What a row gives to one KPI: the KPI, the joined labels, the measures."""


def shares(plan: Plan, action: str, row: Row, own: Row, moment: int) -> list[Share]:
    """What a row gives to the KPIs over windows; `own` are the fields the event itself carries. Changes nothing."""
    found: list[Share] = []
    for where, by, entries in plan.by_action[action]:
        if where is not None and not where(row, moment):
            continue
        labels = labels_of(by, row)
        for entry in entries:
            if entry.take is None:
                values = tuple([take(row, own, moment) for take in entry.takes])
                if None not in values:
                    found.append((entry, labels, values))  # type: ignore[arg-type]
            elif (value := entry.take(row, own, moment)) is not None:
                found.append((entry, labels, (value,)))
    return found


def labels_of(by: tuple[str, ...], row: Row) -> str:
    """The values of the labels, joined; "" for one that is not there, so that no total lacks a row."""
    return SEPARATOR.join([value if type(value := row.get(name, "")) is str else WORDS[value] for name in by])


def add(lane: Lane, found: list[Share], moment: int, time: int) -> None:
    """Count the shares of a row; what no window can reach any more is left out."""
    parts: dict[int, list[tuple[int, int]]] = {}
    for entry, labels, values in found:
        index = entry.index
        cells = lane.cells[index]
        panes = cells.get(labels)
        if panes is None:
            panes = cells[labels] = {}
        if entry.spread and time > moment:
            if entry.pane not in parts:
                parts[entry.pane] = _parts(entry.pane, moment, time)
            _spread(panes, parts[entry.pane], values[0], time - moment, (lane.firsts[entry.span] + HOME) // entry.pane)
            if not panes:
                del cells[labels]
        elif moment >= lane.firsts[entry.span]:
            pane = (moment + HOME) // entry.pane
            state = panes.get(pane)
            if state is None:
                state = panes[pane] = entry.aggregate.zero()
            entry.add(state, moment, *values)
        elif not panes:
            del cells[labels]


def _parts(pane: int, moment: int, time: int) -> list[tuple[int, int]]:
    """The panes of [moment, time), each with how much of the period has passed at its end."""
    first, last = (moment + HOME) // pane, (time - 1 + HOME) // pane
    return [(number, (number + 1) * pane - HOME - moment) for number in range(first, last)] + [(last, time - moment)]


def _spread(panes: dict[int, list[int]], parts: list[tuple[int, int]], value: int, length: int, reached: int) -> None:
    """Give each pane its part of a sum: differences of the floors of the running total, so that they add up."""
    given = 0
    for pane, passed in parts:
        total = value * passed // length
        if pane >= reached:
            state = panes.get(pane)
            if state is None:
                panes[pane] = [total - given]
            else:
                state[0] += total - given
        given = total


def read(entry: Windowed, panes: Mapping[int, list[int]], window: Window, present: int) -> list[int] | None:
    """The state of a window at the present; None if it holds no row."""
    first, last = (window.first(present) + HOME) // entry.pane, (present + HOME) // entry.pane
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


def split(labels: str, by: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Field and value of joined labels."""
    return zip(by, labels.split(SEPARATOR), strict=True) if by else iter(())
