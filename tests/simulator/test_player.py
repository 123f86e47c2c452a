"""The player never runs ahead of the clock, never sends twice, and finds its place again."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice, pairwise, takewhile
from typing import Any

import pytest

from schemas.catalogue import find_feed
from schemas.errors import Reason, Rejection
from streams.publisher import Record, Refused, encode
from streams.simulator.player import (
    PAST,
    PLAYED,
    WEEK,
    Pace,
    Planned,
    Player,
    Tally,
    held,
    planned,
    resumed,
    schedule,
    together,
)
from streams.simulator.recordings.recording import Recorded, Recording, recording

NOW = 1_795_000_000_000
HOUR = 3_600_000
DAY = 24 * HOUR


def river(moments: Iterable[int], **about: Any) -> Recording:
    """Readings of a river at these moments."""
    data = {"station_id": "KIKAVU", "level_m": 1.0, "quality": "ok"}
    events = [Recorded(at, f"kikavu-{at}", "observed", "kikavu", data) for at in moments]
    return recording("river.csv", events, feed="hydromet", source="//foreign/kikavu", **about)


LONG = river(range(0, 100 * DAY, DAY))
SHORT = river(range(0, HOUR, 60_000), pause=60_000)


class List:
    """An outlet that remembers; refuses what it is told to."""

    def __init__(self, clock: Any, refuses: str = "") -> None:
        self.clock, self.refuses = clock, refuses
        self.sent: list[tuple[int, int]] = []  # (event time, clock)
        self.unflushed = 0

    def send(self, item: Planned) -> None:
        if item.id == self.refuses:
            raise Refused(Rejection(Reason.SCHEMA_VIOLATION, "/data", "no"))
        self.sent.append((item.at, self.clock.now()))
        self.unflushed += 1

    def flush(self) -> None:
        self.unflushed = 0


def at(*moments: int) -> Iterator[Planned]:
    return iter([Planned(moment, "hydromet", f"e{moment}", dict) for moment in moments])


def test_a_long_recording_is_moved_by_whole_weeks_and_now_lies_inside() -> None:
    plan = schedule(LONG, NOW)
    assert plan.shift % WEEK == 0
    assert LONG.first + plan.shift <= NOW < LONG.last + plan.shift
    past = sum(plan.at(event, 0) <= NOW for event in LONG.events)
    assert PLAYED * 100 <= past < PLAYED * 100 + 8


def test_weekday_and_hour_stay() -> None:
    shift = schedule(LONG, NOW).shift
    before, after = (datetime.fromtimestamp((LONG.first + moved) / 1000, UTC) for moved in (0, shift))
    assert (before.weekday(), before.time()) == (after.weekday(), after.time())


@pytest.mark.parametrize("now", [NOW, NOW + 3 * DAY, NOW + 6 * DAY + 23 * HOUR])
def test_now_lies_inside_a_recording_hardly_longer_than_a_week(now: int) -> None:
    tight = river(range(0, 8 * DAY, HOUR))
    plan = schedule(tight, now)
    assert tight.first + plan.shift <= now < tight.last + plan.shift


def test_a_short_recording_is_repeated_end_to_end_with_the_round_in_the_id() -> None:
    plan = schedule(SHORT, NOW)
    assert plan.period == HOUR
    items = list(islice(planned(SHORT, find_feed("hydromet"), plan), 130))
    assert [after.at - before.at for before, after in pairwise(items)] == [60_000] * 129
    assert len({item.id for item in items}) == 130
    assert items[60].id == f"{items[0].id}.r1"
    past = list(takewhile(lambda item: item.at <= NOW, planned(SHORT, find_feed("hydromet"), plan)))
    assert NOW - past[0].at == PAST + HOUR // 2


def test_no_event_is_stamped_later_than_now(clock: Any) -> None:
    outlet = List(clock)
    Player(outlet, clock).play(at(NOW - 5000, NOW, NOW + 10, NOW + 5010))
    assert all(event <= now for event, now in outlet.sent)
    assert outlet.sent[-1] == (NOW + 5010, NOW + 5010)


def test_the_past_is_played_without_waiting(clock: Any) -> None:
    outlet = List(clock)
    Player(outlet, clock).play(at(NOW - DAY, NOW - HOUR, NOW))
    assert {now for _, now in outlet.sent} == {NOW}


def test_a_speed_stretches_the_past_until_the_clock_is_caught_up() -> None:
    pace = Pace(since=NOW - 10_000, started=NOW, speed=2)
    assert pace.wait(NOW - 10_000, NOW) == 0
    assert pace.wait(NOW - 4000, NOW + 1000) == 2000
    assert pace.wait(NOW + 30_000, NOW + 29_000) == 1000  # caught up: the clock alone
    assert pace.wait(NOW + 30_000, NOW + 31_000) <= 0


def test_everything_is_confirmed_before_a_pause(clock: Any) -> None:
    outlet = List(clock)
    waits = []

    def progress(_: Tally, wait: int) -> None:
        if wait:
            waits.append(outlet.unflushed)

    Player(outlet, clock, progress=progress).play(at(NOW, NOW + 5000))
    assert waits
    assert not any(waits)


def test_stopping_sends_nothing_more(clock: Any) -> None:
    outlet = List(clock)
    Player(outlet, clock, stopping=lambda: clock.now() >= NOW + 2000).play(at(NOW, NOW + 60_000))
    assert outlet.sent == [(NOW, NOW)]


def test_past_only_ends_when_the_clock_is_caught_up(clock: Any) -> None:
    outlet = List(clock)
    Player(outlet, clock, past_only=True).play(at(NOW - 1, NOW, NOW + 1))
    assert len(outlet.sent) == 2


def test_a_refused_event_is_counted_and_its_neighbours_are_played(clock: Any) -> None:
    outlet = List(clock, refuses=f"e{NOW - 1}")
    tally = Player(outlet, clock).play(at(NOW - 2, NOW - 1, NOW))
    assert tally.sent["hydromet"] == 2
    assert list(tally.refused) == ["hydromet: schema_violation /data no"]


def test_several_recordings_are_played_in_the_order_of_time() -> None:
    feed = find_feed("hydromet")
    items = list(islice(together([planned(item, feed, schedule(item, NOW)) for item in (LONG, SHORT)]), 300))
    assert [item.at for item in items] == sorted(item.at for item in items)


def records(items: Iterable[Planned]) -> list[Record]:
    return [Record(0, offset, b"KIKAVU", encode(item.event()), (), NOW) for offset, item in enumerate(items)]


@pytest.mark.parametrize("source", [LONG, SHORT], ids=["long", "short"])
@pytest.mark.parametrize("lost", [(), (0,), (3, 17, 80)], ids=["nothing", "the first", "some in the middle"])
def test_a_restart_plays_exactly_what_is_missing_at_the_same_times(source: Recording, lost: tuple[int, ...]) -> None:
    feed = find_feed("hydromet")
    whole = list(islice(planned(source, feed, schedule(source, NOW)), 150))
    there = held(records(item for number, item in enumerate(whole[:90]) if number not in lost), source.source, "replay")
    plan = resumed(source, there)  # a day later: the schedule is that of the topic, not of the clock
    assert plan is not None
    rest = list(islice(planned(source, feed, plan, there), 60 + len(lost)))
    expected = [item for number, item in enumerate(whole) if number in lost or number >= 90]
    assert [(item.id, item.at) for item in rest] == [(item.id, item.at) for item in expected]
    assert [encode(item.event()) for item in rest] == [encode(item.event()) for item in expected]


def test_an_empty_topic_or_another_source_is_no_place_to_resume() -> None:
    feed = find_feed("hydromet")
    others = records(islice(planned(SHORT, feed, schedule(SHORT, NOW)), 5))
    assert held(others, "//foreign/other", "replay") == {}
    assert held(others, SHORT.source, "simulated") == {}
    assert resumed(SHORT, {}) is None


def test_a_record_that_is_not_ours_is_no_event_of_ours() -> None:
    marks = b'"source":"//foreign/kikavu","provenance":"replay"'
    strange = [Record(0, 0, None, None, (), NOW), Record(0, 1, None, marks, (), NOW)]
    assert held(strange, "//foreign/kikavu", "replay") == {}
