"""Cells of windows: add a row, read a window, forget what no window can reach."""

from collections.abc import Iterator, Mapping
from typing import Any

from schemas.conditions import Row
from schemas.windows import HOME, Window
from streams.engine.plan import SEPARATOR, Plan, Windowed
from streams.engine.state import Lane

WORDS: Mapping[Any, str] = {True: "true", False: "false"}


Share = tuple[Windowed, str, list[int]]
"""What a row gives to one KPI: the KPI, the joined labels, the measures."""


def shares(plan: Plan, action: str, row: Row, own: Row, moment: int) -> list[Share]:
    """What a row gives to the KPIs over windows; `own` are the fields the event itself carries. Changes nothing."""
    found: list[Share] = []
    for entry in plan.by_action[action]:
        if entry.where is not None and not entry.where(row, moment):
            continue
        values = [take(row, own, moment) for take in entry.takes]
        if None in values:
            continue
        found.append((entry, labels_of(entry.by, row), values))  # type: ignore[arg-type]
    return found


def add(lane: Lane, found: list[Share], moment: int, time: int) -> None:
    """Count the shares of a row; what no window can reach any more is left out."""
    for entry, labels, values in found:
        if entry.spread and time > moment:
            _spread(entry, lane, labels, values[0], moment, time)
        elif moment >= lane.firsts[entry.index]:
            entry.add(_cell(entry, lane, labels, (moment + HOME) // entry.pane), moment, *values)


def _cell(entry: Windowed, lane: Lane, labels: str, pane: int) -> list[int]:
    """The state of one pane, made if it is the first row there."""
    cells = lane.cells[entry.index]
    panes = cells.get(labels)
    if panes is None:
        panes = cells[labels] = {}
    state = panes.get(pane)
    if state is None:
        state = panes[pane] = entry.aggregate.zero()
    return state


def labels_of(by: tuple[str, ...], row: Row) -> str:
    """The values of the labels, joined; "" for one that is not there, so that no total lacks a row."""
    return SEPARATOR.join([value if type(value := row.get(name, "")) is str else WORDS[value] for name in by])


def _spread(entry: Windowed, lane: Lane, labels: str, value: int, moment: int, time: int) -> None:
    """Give each pane of [moment, time) its part of a sum: floors of the running total, so that the parts add up."""
    length, given = time - moment, 0
    reached = (lane.firsts[entry.index] + HOME) // entry.pane
    for pane in range((moment + HOME) // entry.pane, (time - 1 + HOME) // entry.pane + 1):
        border = min((pane + 1) * entry.pane - HOME, time)
        total = value * (border - moment) // length
        if pane >= reached:
            entry.add(_cell(entry, lane, labels, pane), moment, total - given)
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
        first = (lane.firsts[entry.index] + HOME) // entry.pane
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
