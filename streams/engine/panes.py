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
    joined: dict[tuple[str, ...], str] = {}
    for where, by, entries in plan.by_action[action]:
        if where is not None and not where(row, moment):
            continue
        labels = joined.get(by)
        if labels is None:
            labels = joined[by] = labels_of(by, row)
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
    if len(by) == 1:
        value = row.get(by[0], "")
        return value if type(value) is str else WORDS[value]
    return SEPARATOR.join([value if type(value := row.get(name, "")) is str else WORDS[value] for name in by])


def add(lane: Lane, found: list[Share], moment: int, time: int) -> None:
    """Count the shares of a row; what no window can reach any more is left out."""
    length = time - moment
    reached: dict[int, tuple[int, list[tuple[int, int]]]] = {}
    for entry, labels, values in found:
        cells = lane.cells[entry.index]
        panes = cells.get(labels)
        if panes is None:
            panes = cells[labels] = {}
        if entry.spread and length > 0:
            parts = reached.get(entry.span)
            if parts is None:
                parts = reached[entry.span] = _parts(entry.pane, moment, time, lane.firsts[entry.span])
            _spread(panes, parts, values[0], length)
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


def _parts(pane: int, moment: int, time: int, reached: int) -> tuple[int, list[tuple[int, int]]]:
    """The panes of [moment, time) that a window still reaches, each with how much of the period has passed at its end.

    Before them stands how much had passed when the first of them began.
    """
    first, last = max((moment + HOME) // pane, (reached + HOME) // pane), (time - 1 + HOME) // pane
    if first > last:
        return 0, []
    parts = [(number, (number + 1) * pane - HOME - moment) for number in range(first, last)]
    return max(first * pane - HOME - moment, 0), [*parts, (last, time - moment)]


def _spread(
    panes: dict[int, list[int]], parts: tuple[int, list[tuple[int, int]]], value: int, length: int
) -> None:
    """Give each pane its part of a sum: differences of the floors of the running total, so that they add up."""
    before, ends = parts
    if not value:  # as most counts of errors
        for pane, _ in ends:
            if pane not in panes:
                panes[pane] = [0]
        return
    given = value * before // length
    for pane, passed in ends:
        total = value * passed // length
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
