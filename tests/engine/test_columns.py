"""A batch folded column by column gives the state, the fates and the dead letters of the same records one by one."""

import json
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.aggregates import Max, Share, Sum
from schemas.conditions import Has, Is
from schemas.feed import Feed
from schemas.reader import OFF, Readers
from schemas.reference import Reference
from schemas.reference.rows import FOREVER
from schemas.reference.tables import Table
from streams.engine import columns, fold
from streams.engine.batch import Batch
from streams.engine.columns import Together, is_plain
from streams.engine.plan import Plan
from streams.engine.readings import readings
from streams.engine.state import State
from tests.bare import CLICKS, LEVELS, POURS, TAPS
from tests.engine.test_properties import content
from tests.engine.toys import reference

START = 1_767_600_000_000
MINUTE = 60_000
Record = tuple[int, bytes | None, bytes | None]
"""Append stamp, key, value."""


def tap(at: object, **fields: Any) -> bytes:
    """A record."""
    body = {**TAPS.example, "happened": str(at), **fields}
    return json.dumps({name: value for name, value in body.items() if value is not None}).encode()


ordinary = st.builds(
    lambda at, lag, station, kind, paid, amount, litres: (START + (at + lag) * 1000, None, tap(
        START + at * 1000, station=station, kind=kind, paid=paid, amount=amount, litres=litres)),
    st.integers(0, 3000), st.integers(-100, 100), st.sampled_from(["LC-R-0042", "LC-R-0001"]),
    st.sampled_from(["view", "click"]), st.booleans(), st.none() | st.integers(0, 9), st.sampled_from([None, 0.5, 3.0]),
)  # fmt: skip
odd = st.sampled_from([
    None, b"", b"{", b"[]", b"{}", tap("1e3"), tap(""), tap("12a"), tap("\u0661"), tap("+1"), tap("1_0"),
    tap(START, station="nobody"), tap(START, service="nobody"), tap(START, amount=101), tap(START, litres=99.0),
    tap(START, colour="red"), tap(START, kind="hover"), tap(START - 600 * MINUTE), tap(START + 600 * MINUTE),
    tap(0), tap(START, amount=100, station="nobody"), b" " * 300_000,
]).map(lambda value: (START, None, value))  # fmt: skip


def pour(at: int, **fields: Any) -> bytes:
    """A record of the feed with a key."""
    return json.dumps({**POURS.example, "happened": at, **fields}).encode()


keyed = st.builds(
    lambda at, lag, service, station, litres, more: (START + (at + lag) * 1000, service.encode(), pour(
        START + at * 1000, service=service, station=station, litres=litres, **more)),
    st.integers(0, 3000), st.integers(-100, 100), st.sampled_from(["dan-cu", "ho-tich"]),
    st.sampled_from(["LC-R-0042", "LC-R-0001"]), st.sampled_from([0, 0.5, 3, -2.0006]),
    st.sampled_from([{}, {}, {"grams": 7}, {"grams": -1}]),
)  # fmt: skip
odd_keyed = st.sampled_from([
    (None, pour(START)), (b"ho-tich", pour(START)), (b"dan-cu", pour(START, litres=1e307)), (b"dan-cu", b"{"),
    (b"dan-cu", pour(START, station="nobody")), (b"nobody", pour(START, service="nobody")), (b"dan-cu", None),
    (b"dan-cu", pour(START, litres=float("inf"))), (b"dan-cu", pour(START - 600 * MINUTE)),
]).map(lambda record: (START, *record))  # fmt: skip


def logs(usual: st.SearchStrategy[Record], unusual: st.SearchStrategy[Record]) -> st.SearchStrategy[list[Record]]:
    """Mostly ordinary records, often nothing else, in the order of their arrival."""
    either = st.booleans().flatmap(
        lambda is_calm: st.lists(usual if is_calm else st.one_of(usual, usual, usual, unusual), max_size=40))
    return either.map(lambda rows: sorted(rows, key=lambda row: row[0]))


def plans_of(feed: Feed) -> tuple[Plan, Plan, Plan]:
    """Three plans of a feed: with both readers, with pydantic alone, and one that takes record by record."""
    single = Plan(feed, reference())
    columns._compiled[single] = None
    return Plan(feed, reference()), Plan(feed, reference(), readers=Readers((OFF,))), single


PLANS = plans_of(TAPS)
KEYED = plans_of(POURS)


def batches(log: list[Record], cuts: list[int]) -> list[Batch]:
    """The log in pieces."""
    borders = [0, *sorted(min(cut, len(log)) for cut in cuts), len(log)]
    return [Batch("topic", 0, first, last, list(range(first, last)),
                  *[[row[part] for row in log[first:last]] for part in range(3)])  # type: ignore[arg-type]
            for first, last in pairwise(borders)]  # fmt: skip


def told(plan: Plan, state: State, work: list[Batch]) -> list[object]:
    """All that is told of the batches; delays in no order."""
    found = [fold.fold(plan, state, batch) for batch in work]
    return [(each.read, each.fates, each.reasons, each.flags, sorted(each.delays), each.dead_letters)
            for each in found]  # fmt: skip


def check(plan: Plan, single: Plan, work: list[Batch]) -> None:
    """Two ways, one state, and one story of it."""
    one, other = State("topic", 0), State("topic", 0)
    assert told(plan, one, work) == told(single, other, work)
    assert content(plan, one) == content(single, other)
    assert sorted(readings(plan, one)) == sorted(readings(single, other))


@pytest.mark.parametrize("plan", PLANS[:2], ids=["fast", "pydantic"])
@given(log=logs(ordinary, odd), cuts=st.lists(st.integers(0, 40), max_size=5))
@settings(max_examples=300, deadline=None)
def test_whole_batches_and_single_records_give_the_same(plan: Plan, log: list[Record], cuts: list[int]) -> None:
    check(plan, PLANS[2], batches(log, cuts))


@pytest.mark.parametrize("plan", KEYED[:2], ids=["fast", "pydantic"])
@given(log=logs(keyed, odd_keyed), cuts=st.lists(st.integers(0, 40), max_size=5))
@settings(max_examples=300, deadline=None)
def test_they_do_under_a_key_as_well(plan: Plan, log: list[Record], cuts: list[int]) -> None:
    check(plan, KEYED[2], batches(log, cuts))


def spied(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many records each batch has taken column by column."""
    seen: list[int] = []
    take: Callable[..., Any] = Together.take

    def spy(*args: Any) -> Any:
        taken = take(*args)
        seen.append(0 if taken is None else len(taken.times))
        return taken

    monkeypatch.setattr(Together, "take", spy)
    return seen


def test_ordinary_records_are_taken_together_and_the_odd_ones_left(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = spied(monkeypatch)
    values = [tap(START), tap(START + 1), tap(START, station="nobody"), b"{", None, tap(START + 2, amount=101)]

    folded = fold.fold(PLANS[0], State(TAPS.topic, 0), Batch(
        TAPS.topic, 0, 0, 6, list(range(6)), [START + 5] * 6, [None] * 6, values))  # fmt: skip

    assert seen == [2]
    assert {fate: number for (_, fate), number in folded.fates.items()} == {"accepted": 4, "rejected": 2}


@pytest.mark.parametrize("at", [START - 600 * MINUTE, START + 600 * MINUTE])
def test_where_the_order_may_matter_nothing_is_taken_together(monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    seen, values = spied(monkeypatch), list[bytes | None]([tap(START), tap(at)])

    fold.fold(PLANS[0], State(TAPS.topic, 0), Batch(TAPS.topic, 0, 0, 2, [0, 1], [START, START], [None] * 2, values))

    assert seen == [0]


@pytest.mark.parametrize(("key", "litres", "expected"), [
    (b"dan-cu", 0.5, [2]), (b"ho-tich", 0.5, [0]), (None, 0.5, [0]), (b"dan-cu", 1e307, [0])])
def test_records_under_their_keys_are_taken_together(monkeypatch: pytest.MonkeyPatch, key: bytes | None, litres: float,
                                                     expected: list[int]) -> None:
    seen, values = spied(monkeypatch), list[bytes | None]([pour(START), pour(START, litres=litres)])

    fold.fold(KEYED[0], State("topic", 0), Batch("topic", 0, 0, 2, [0, 1], [START, START], [b"dan-cu", key], values))

    assert seen == expected


def test_an_event_moves_the_watermark_no_further_than_its_own_arrival() -> None:
    state, values = State(TAPS.topic, 0), list[bytes | None]([tap(START + 50), tap(START + 20)])

    fold.fold(PLANS[0], state, Batch(TAPS.topic, 0, 0, 2, [0, 1], [START, START + 60], [None] * 2, values))

    assert state.lanes["real"].watermark == START + 20


def test_what_a_list_gives_is_asked_as_it_stood_at_each_event() -> None:
    moved = changed_at_start()
    changed = _with_stations(reference(), moved)
    for times in ([START - 1, START - 1], [START - 1, START], [START, START], [START - 1, START - 1]):
        plan, state = Plan(TAPS, changed), State(TAPS.topic, 0)
        work: list[bytes | None] = [tap(at) for at in times]
        fold.fold(plan, state, Batch(TAPS.topic, 0, 0, 2, [0, 1], [START, START], [None] * 2, work))
        assert counted(state) == {name: number for name in ("old", "new")
                          if (number := sum((at < START) == (name == "old") for at in times))}  # fmt: skip


def test_the_answers_of_a_list_are_forgotten_when_it_changes() -> None:
    moved = changed_at_start()
    plan, state = Plan(TAPS, _with_stations(reference(), moved)), State(TAPS.topic, 0)
    for offset, at in enumerate((START - 2, START, START - 1)):
        fold.fold(plan, state, Batch(TAPS.topic, 0, offset, offset + 1, [offset], [START], [None], [tap(at)]))

    assert counted(state) == {"old": 2, "new": 1}


def changed_at_start() -> list[Any]:
    """A station whose row says another river from START on."""
    row = reference().stations.by_id["LC-R-0042"][0]
    return [replace(row, river="old", valid_to=START), replace(row, river="new", valid_from=START, valid_to=FOREVER)]


def counted(state: State) -> dict[str, int]:
    """Views by river."""
    return {labels: sum(panes.values()) for labels, panes in state.lanes["real"].cells[0].items()}


def _with_stations(whole: Reference, rows: list[Any]) -> Reference:
    table = Table("stations", [*(row for row in whole.stations.rows if row.station_id != "LC-R-0042"), *rows])
    return replace(whole, stations=table, tables={**whole.tables, "stations": table})


class Doubled(Sum):
    """Says of one row what it does not say of all."""

    def add(self, state: list[int], at: int, *values: int) -> None:
        state[0] += 2 * values[0]


def test_only_plain_feeds_are_folded_so() -> None:
    assert is_plain(TAPS)
    assert is_plain(POURS)
    assert not is_plain(replace(POURS, kpis=(replace(POURS.kpis[1], aggregate=Doubled("litres")),)))
    assert not is_plain(replace(POURS, key="station"))  # slots of stations are counted
    assert is_plain(replace(TAPS, kpis=TAPS.kpis[:1]))
    assert not is_plain(CLICKS)  # its listed field may be absent
    assert not is_plain(LEVELS)
    assert not is_plain(replace(TAPS, kpis=()))
    assert not is_plain(replace(TAPS, kpis=(replace(TAPS.kpis[0], where=Has("amount")),)))
    assert not is_plain(replace(TAPS, kpis=(replace(TAPS.kpis[0], aggregate=Max("happened")),)))
    assert not is_plain(replace(TAPS, kpis=(replace(TAPS.kpis[0], aggregate=Share(Is("paid", True))),)))
