"""A state in blocks is the same state: whatever is cut off when, and however often it is written and read again."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import SnapshotError
from schemas.feed import Feed
from streams.engine import cutting
from streams.engine.fold import fold
from streams.engine.readings import readings
from streams.engine.sealed import unseal
from streams.engine.snapshot import load, missing, write
from streams.engine.state import State
from tests.engine.test_properties import DAY, START, content, whole
from tests.engine.toys import CASES, Record, batch, fresh, plan_of, record


@pytest.fixture(autouse=True)
def _tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cutting, "ENTITIES", 3)
    monkeypatch.setattr(cutting, "IDS", 4)


def case(number: int, name: int, action: str, day: int, lane: str) -> Record:
    return record(CASES, number, action, START + day * DAY + number, attributes={"provenance": lane} if lane else {},
                  append=START + day * DAY + number, case_id=f"c{name}", channel="online")


logs = st.lists(st.tuples(st.integers(0, 200), st.integers(0, 30), st.sampled_from(CASES.actions), st.integers(0, 400),
                          st.sampled_from(("", "", "replay"))), max_size=80).map(
    lambda rows: sorted((case(*row) for row in rows), key=lambda made: made[0]))


@given(logs, st.lists(st.tuples(st.integers(0, 80), st.booleans()), max_size=20))
def test_whatever_is_written_and_read_again_when_the_state_is_that_of_the_log(
        log: list[Record], stops: list[tuple[int, bool]]) -> None:
    feed: Feed = CASES
    plan, expected = whole(feed, log)
    state, found, again = fresh(feed), dict[str, bytes](), dict(stops)
    for first, last in pairwise([0, *sorted(min(stop, len(log)) for stop in again), len(log)]):
        fold(plan, state, batch(feed, log[first:last], first))
        written = write(plan, state)
        found |= written.made
        for name in written.dropped:
            del found[name]
        assert {name for name, _ in state.blocks.references()} == set(found)
        _in_bounds(state.lanes.values(), len(state.duplicates.fresh))
        _counts_what_lives(state)
        if again.get(last):
            writer, before = f"w{last}", sorted(readings(plan, state))
            state = load(plan, written.head, found)
            state.blocks.writer = writer
            assert sorted(readings(plan, state)) == before
    assert content(plan, state) == content(plan, expected)
    assert sorted(readings(plan, state)) == sorted(readings(plan, expected))


def _in_bounds(lanes: object, ids: int) -> None:
    assert ids <= 2 * cutting.IDS
    for lane in lanes:  # type: ignore[attr-defined]
        assert len(lane.fresh) <= 2 * cutting.ENTITIES + cutting.EMPTIED * cutting.ENTITIES // 2


def _counts_what_lives(state: State) -> None:
    for number, block in state.blocks.listed.items():
        if block.lane is not None:
            found = [state.lanes[block.lane].entities.get(name) for name in block.names]
            assert block.live == sum(memory is not None and memory.home == number for memory in found)


def test_a_case_that_was_forgotten_and_comes_back_counts_no_more_in_the_block_of_its_first_life() -> None:
    plan, state = plan_of(CASES.name), fresh(CASES)
    first = [case(number, number, "received", 0, "") for number in range(20)]
    fold(plan, state, batch(CASES, [first[0], case(30, 0, "closed", 0, ""), *first[1:]]))
    write(plan, state)
    home = state.lanes["real"].entities["c0"].home
    assert home
    fold(plan, state, batch(CASES, [case(31, 20, "received", 400, ""), case(32, 0, "received", 400, "")], 21))
    assert state.lanes["real"].entities["c0"].is_open
    for number in range(33, 53):
        fold(plan, state, batch(CASES, [case(number, number, "received", 400, "")], number - 10))
        write(plan, state)
        _counts_what_lives(state)
    assert state.lanes["real"].entities["c0"].home not in (0, home)


def test_a_second_writes_what_it_touched_and_not_the_number_of_cases() -> None:
    plan, state = plan_of(CASES.name), fresh(CASES)
    fold(plan, state, batch(CASES, [case(number, number, "received", 0, "") for number in range(300)]))
    write(plan, state)
    for number in range(300, 310):
        fold(plan, state, batch(CASES, [case(number, number - 300, "accepted", 0, "")], number))
        written = write(plan, state)
        assert len(written.made) <= 2
    assert len(state.blocks.references()) > 100


def test_a_small_state_is_one_record_that_a_program_without_blocks_reads() -> None:
    plan, state = plan_of(CASES.name), fresh(CASES)
    fold(plan, state, batch(CASES, [case(number, number, "received", 0, "") for number in range(6)]))
    written = write(plan, state)
    assert written.made == {}
    assert unseal(written.head, (2,))[0]["next_offset"] == 6


def test_a_block_that_is_missing_or_another_one_is_never_passed_over() -> None:
    plan, state = plan_of(CASES.name), fresh(CASES)
    fold(plan, state, batch(CASES, [case(number, number, "received", 0, "") for number in range(9)]))
    head, made, _ = write(plan, state)
    name, *_ = made
    for found in ({}, {**made, name: made[name] + b"\0"}, {**made, name: [*made.values()][-1]}):
        assert name in missing(head, found)
        with pytest.raises(SnapshotError, match="missing"):
            load(plan, head, found)
