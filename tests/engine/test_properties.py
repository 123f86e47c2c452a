"""Whatever the batches, crashes and replays: the same log gives the same state, and the fates add up."""

import json
from itertools import pairwise

import cramjam
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.feed import Feed
from streams.engine.fold import fold
from streams.engine.plan import Plan
from streams.engine.readings import readings
from streams.engine.snapshot import dump, load
from streams.engine.state import State
from streams.engine.watermark import advance
from tests.engine.toys import CASES, STATIONS, Record, batch, fresh, plan_of, record

START = 1_767_578_400_000  # Monday 2026-01-05 09:00 +07:00
MINUTE, DAY = 60_000, 86_400_000


def content(plan: Plan, state: State) -> object:
    """What a snapshot says, without the count of changes, which batches may differ in."""
    raw = bytes(cramjam.zstd.decompress(dump(plan, state)))
    length = int.from_bytes(raw[4:8], "little")
    return {**json.loads(raw[8 : 8 + length]), "version": 0}, sorted(raw[8 + length :])


times = st.integers(-40 * DAY // MINUTE, 3 * DAY // MINUTE).map(lambda minutes: START + minutes * MINUTE)
junk = st.sampled_from([None, b"", b"{", b"[]", b'{"specversion":"1.0"}', b"NaN"]).map(
    lambda value: (START, b"k", value)
)
attributes = st.sampled_from(
    [{}, {"provenance": "replay"}, {"adminunit": "02647", "adminversion": "2025"}, {"agency": "nobody"}]
)
cases = st.builds(
    lambda number, action, case, at, due, extra, lag: record(
        CASES,
        number,
        action,
        at,
        append=at + lag,
        attributes=extra,
        case_id=case,
        channel="online",
        **({} if due is None else {"due_at": f"2026-01-{due:02d}T17:00:00+07:00"}),
    ),
    st.integers(0, 30),
    st.sampled_from(CASES.actions),
    st.sampled_from("abc"),
    times,
    st.none() | st.integers(1, 28),
    attributes,
    st.integers(-400_000, 100_000),
)
looks = st.builds(
    lambda number, station, at, level, rain, period, quality: record(
        STATIONS,
        number,
        "observed",
        at,
        station_id=station,
        quality=quality,
        level_m=level,
        rain_mm=rain,
        period_s=period,
    ),
    st.integers(0, 30),
    st.sampled_from(["LC-R-0042", "LC-R-0001"]),
    st.integers(0, 400).map(lambda minutes: START + minutes * MINUTE),
    st.integers(0, 12),
    st.sampled_from([0.0, 0.1, 7.3, 80.0]),
    st.sampled_from([600, 1200, 3000]),
    st.sampled_from(["ok", "ok", "ok", "bad"]),
)
logs = st.one_of(
    st.tuples(st.just(CASES), st.lists(cases | junk, max_size=40)),
    st.tuples(st.just(STATIONS), st.lists(looks | junk, max_size=40)),
).map(lambda pair: (pair[0], in_append_order(pair[1])))


def in_append_order(records: list[Record]) -> list[Record]:
    """Append stamps never go back within a partition."""
    return sorted(records, key=lambda row: row[0])


def whole(feed: Feed, log: list[Record]) -> tuple[Plan, State]:
    """The log folded in one go."""
    plan, state = plan_of(feed.name), fresh(feed)
    fold(plan, state, batch(feed, log))
    return plan, state


@given(logs, st.lists(st.integers(0, 40), max_size=6))
def test_any_split_into_batches_gives_the_same_state(pair: tuple[Feed, list[Record]], cuts: list[int]) -> None:
    feed, log = pair
    plan, expected = whole(feed, log)
    state, borders = fresh(feed), [0, *sorted(min(cut, len(log)) for cut in cuts), len(log)]
    for first, last in pairwise(borders):
        fold(plan, state, batch(feed, log[first:last], first))
    assert content(plan, state) == content(plan, expected)


@given(logs, st.integers(0, 40), st.integers(0, 40))
def test_any_crash_and_replay_gives_the_same_state(pair: tuple[Feed, list[Record]], crash: int, back: int) -> None:
    feed, log = pair
    plan, expected = whole(feed, log)
    crash = min(crash, len(log))
    before = fresh(feed)
    fold(plan, before, batch(feed, log[:crash]))
    readings(plan, before)
    state = load(plan, dump(plan, before))
    first = max(0, crash - back)
    folded = fold(plan, state, batch(feed, log[first:], first))
    assert folded.skipped == crash - first
    assert content(plan, state) == content(plan, expected)
    assert sorted(readings(plan, state)) == sorted(readings(plan, expected))


@given(logs)
def test_the_four_fates_add_up_to_the_records_read(pair: tuple[Feed, list[Record]]) -> None:
    feed, log = pair
    plan, state = plan_of(feed.name), fresh(feed)
    folded = fold(plan, state, batch(feed, log))
    assert folded.read == len(log) == sum(folded.fates.values())
    kept = sum(count for lane in state.lanes.values() for count in lane.fates.values())
    shown = sum(reading.value for reading in readings(plan, state) if reading.name == "ioc_feed_records")
    assert kept == shown == len(log)
    assert len(folded.dead_letters) == sum(folded.fates[key] for key in folded.fates if key[1] in {"rejected", "late"})


@given(logs, st.lists(st.integers(1, 20 * DAY), max_size=4))
@settings(max_examples=150)
def test_the_view_of_standing_kpis_equals_one_built_anew(pair: tuple[Feed, list[Record]], steps: list[int]) -> None:
    feed, log = pair
    plan, state = plan_of(feed.name), fresh(feed)
    wall = max((row[0] for row in log), default=START)
    for part in range(0, len(log), 7):
        fold(plan, state, batch(feed, log[part : part + 7], part))
        kept = sorted(readings(plan, state))
        assert kept == sorted(readings(plan, anew(plan, state)))
    for step in steps:
        wall += step
        advance(state, wall, 5000)
        assert sorted(readings(plan, state)) == sorted(readings(plan, anew(plan, state)))


def anew(plan: Plan, state: State) -> State:
    """The same state, its views not yet built."""
    return load(plan, dump(plan, state))


@pytest.mark.parametrize("feed", [CASES, STATIONS], ids=lambda feed: feed.name)
def test_an_empty_log_shows_only_where_it_stands(feed: Feed) -> None:
    plan, state = whole(feed, [])
    assert [reading.name for reading in readings(plan, state)] == ["ioc_next_offset"]
