"""Spreading a sum over panes, against its definition in docs/numbers.md; and labels that are no texts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.windows import HOME
from streams.engine.labels import SEPARATOR, labeller
from streams.engine.panes import add
from streams.engine.state import Lane
from tests.engine.toys import STATIONS, plan_of

PLAN = plan_of(STATIONS.name)
RAIN = next(entry for entry in PLAN.windowed if entry.kpi.name == "rain")
START = 1_767_574_800_000 // RAIN.pane * RAIN.pane


def spread(value: int, moment: int, time: int, reached: int) -> dict[int, int]:
    """The parts by definition: each pane from the pane of the first moment that a window reaches."""
    length, found = time - moment, {}
    for pane in range((moment + HOME) // RAIN.pane, (time - 1 + HOME) // RAIN.pane + 1):
        begins, ends = (max(moment, min(time, number * RAIN.pane - HOME)) for number in (pane, pane + 1))
        part = value * (ends - moment) // length - value * (begins - moment) // length
        if pane >= (reached + HOME) // RAIN.pane:
            found[pane] = part
    return found


def added(value: int, moment: int, time: int, reached: int, times: int = 1) -> dict[int, int]:
    lane = Lane(PLAN)
    lane.firsts[RAIN.span] = reached
    for _ in range(times):
        add(lane, [(RAIN, "a", (value,))], moment, time)
    return lane.cells[RAIN.index].get("a", {})


@given(st.integers(0, 10**7) | st.just(0), st.integers(-RAIN.pane, RAIN.pane), st.integers(1, 6 * RAIN.pane),
       st.integers(-2 * RAIN.pane, 8 * RAIN.pane))  # fmt: skip
def test_a_sum_is_spread_as_it_is_defined(value: int, moment: int, length: int, reached: int) -> None:
    moment, reached = START + moment, START + reached
    assert added(value, moment, moment + length, reached) == spread(value, moment, moment + length, reached)


@given(st.integers(0, 1000), st.integers(1, 4 * RAIN.pane))
def test_the_parts_add_up_and_a_second_row_adds_to_the_first(value: int, length: int) -> None:
    once, twice = (added(value, START + 7, START + 7 + length, 0, times) for times in (1, 2))
    assert sum(once.values()) == value
    assert twice == {pane: 2 * part for pane, part in once.items()}


def test_nought_is_a_number_and_what_no_window_reaches_leaves_nothing() -> None:
    assert list(added(0, START, START + RAIN.pane, 0).values()) == [0]
    lane = Lane(PLAN)
    lane.firsts[RAIN.span] = START + 2 * RAIN.pane
    add(lane, [(RAIN, "a", (5,))], START, START + RAIN.pane)
    assert lane.cells[RAIN.index] == {}


@pytest.mark.parametrize(("by", "expected"), [
    ((), ""), (("a",), "x"), (("b",), "true"), (("c",), "false"), (("d",), ""),
    (("a", "b"), SEPARATOR.join(("x", "true"))), (("c", "a"), SEPARATOR.join(("false", "x"))),
    (("a", "b", "d", "c"), SEPARATOR.join(("x", "true", "", "false"))),
])  # fmt: skip
def test_labels_are_words(by: tuple[str, ...], expected: str) -> None:
    assert labeller(by)({"a": "x", "b": True, "c": False}) == expected
