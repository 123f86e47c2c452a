"""The test of the test: whatever is planted, wrong or missing on a page or among the dead letters, is reported."""

import argparse
import hashlib
import itertools
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from schemas.feed import Feed
from streams.recount import command, entities, kpis, lanes, measures, moments
from streams.recount.judge import Difference, Shown, compare, compare_dead, killers, shown_partitions
from streams.recount.lanes import Dead, Replay
from streams.recount.logs import Log
from streams.recount.pages import Page, parse_page
from streams.recount.validity import Examined, Examiner, Record
from streams.recount.worktime import WorkTime
from streams.settings import Settings
from streams.worker.owned import key_of
from tests.recount import toys
from tests.recount.pages import Serve, serve
from tests.recount.toys import CASES, HOUR, MAX_BYTES, MINUTE, RIVER, STATIONS, at, event, log, new_replay, page_of

__all__ = ["serve"]

NOON = at("2026-03-04 12:00")


def river_log() -> list[Record]:
    events = [
        (
            NOON + number * 5 * MINUTE,
            event(
                RIVER,
                NOON + number * 5 * MINUTE,
                {
                    "station_id": STATIONS[number % 2],
                    "quality": "ok",
                    "level_m": 2 + number / 8,
                    "rain_mm": number / 10,
                    "period_s": 600,
                },
            ),
        )
        for number in range(20)
    ]
    return log(RIVER, *events, (NOON + 2 * HOUR, b"{"), (NOON + 2 * HOUR, events[-1][1]))


def case_log() -> list[Record]:
    steps = []
    for number in range(20):
        start = at("2026-03-06 14:00") + number * MINUTE
        steps.append(
            (
                start,
                event(
                    CASES,
                    start,
                    {
                        "dossier_id": str(number),
                        "due_at": f"2026-03-0{6 + number % 5}T17:00:00+07:00",
                        "wait_s": number,
                    },
                    action="received",
                ),
            )
        )
        if number % 3:
            end = at("2026-03-09 08:00") + number * MINUTE
            steps.append((end, event(CASES, end, {"dossier_id": str(number)}, action="resolved")))
    return log(CASES, *sorted(steps))


LOGS: dict[str, tuple[Feed, Callable[[], list[Record]]]] = {"river": (RIVER, river_log), "cases": (CASES, case_log)}


def judged(feed: Feed, records: list[Record], text: str, read_at: int = NOON) -> list[str]:
    """The kinds of differences between a page and the recount of a log."""
    page = Page("127.0.0.1:1", tuple(parse_page(text)), read_at)
    (shown,) = shown_partitions(page, [feed])
    replay = new_replay(feed).read(record for record in records if record.offset < shown.next_offset)
    return [f"{one.kind}: {one.text}" for one in compare(shown, replay)[0]]


@pytest.fixture(params=["river", "cases"])
def told(request: pytest.FixtureRequest) -> tuple[Feed, list[Record]]:
    feed, make = LOGS[request.param]
    return feed, make()


def test_a_true_page_is_equal(told: tuple[Feed, list[Record]]) -> None:
    feed, records = told

    assert judged(feed, records, page_of(new_replay(feed).read(records), len(records))) == []


def test_it_judges_exactly_up_to_the_next_offset(told: tuple[Feed, list[Record]]) -> None:
    feed, records = told

    assert judged(feed, records, page_of(new_replay(feed).read(records[:9]), 9)) == []


def test_every_number_is_compared(told: tuple[Feed, list[Record]]) -> None:
    """Each line of the page is left out, and each number is changed: every time something is reported."""
    feed, records = told
    lines = page_of(new_replay(feed).read(records), len(records)).splitlines()

    for number, line in enumerate(lines):
        if line.startswith(("#", "ioc_next_offset", "process_")):
            continue
        without = "\n".join([*lines[:number], *lines[number + 1 :]])
        series, _, value = line.rpartition(" ")
        changed = "\n".join([*lines[:number], f"{series} {float(value) + 100}", *lines[number + 1 :]])
        assert judged(feed, records, without), line
        assert judged(feed, records, changed), line


def lost(records: list[Record]) -> list[Record]:
    return records[:5] + records[6:]


def doubled(records: list[Record]) -> list[Record]:
    twice = records[5].value or b""
    return [*records[:6], records[5]._replace(value=twice.replace(b'"id": "', b'"id": "again-')), *records[6:]]


def swapped(records: list[Record]) -> list[Record]:
    """Two events change places: each gets the other's arrival."""
    one, two = records[4], records[5]
    return [
        *records[:4],
        one._replace(key=two.key, value=two.value),
        two._replace(key=one.key, value=one.value),
        *records[6:],
    ]


def exchanged(records: list[Record]) -> list[Record]:
    """Two events change their entities."""
    one, two = records[4], records[5]

    def under(record: Record, other: Record) -> Record:
        assert record.value
        assert record.key
        assert other.key
        return record._replace(
            key=other.key,
            value=record.value.replace(
                json.dumps(record.key.decode()).encode(), json.dumps(other.key.decode()).encode()
            ),
        )

    return [*records[:4], under(one, two), under(two, one), *records[6:]]


@pytest.mark.parametrize("fault", [lost, doubled, exchanged])
def test_a_lost_doubled_or_exchanged_event_is_reported(
    told: tuple[Feed, list[Record]], fault: Callable[[list[Record]], list[Record]]
) -> None:
    feed, records = told
    wrong = page_of(new_replay(feed).read(fault(records)), len(records))

    assert judged(feed, records, wrong)


def test_two_events_in_the_wrong_order_are_reported_where_order_matters() -> None:
    """Resolved and reopened at one moment: the later record decides whether the case is open."""
    records = log(
        CASES,
        *(
            (NOON, event(CASES, NOON, {"dossier_id": str(number)}, action=action))
            for number, action in (
                (1, "received"),
                (2, "received"),
                (1, "noted"),
                (2, "noted"),
                (1, "resolved"),
                (1, "reopened"),
            )
        ),
    )
    wrong = page_of(new_replay(CASES).read(swapped(records)), len(records))

    assert any("ioc_cases_open" in one for one in judged(CASES, records, wrong))


def plant_in_window(patch: pytest.MonkeyPatch) -> None:
    true = moments.first_moment
    patch.setattr(kpis, "first_moment", lambda window, present: true(window, present) + 10 * MINUTE)


def plant_in_aggregate(patch: pytest.MonkeyPatch) -> None:
    true = measures.evaluate
    patch.setattr(kpis, "evaluate", lambda aggregate, rows, per: true(aggregate, rows[1:], per))


def plant_in_spread(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(lanes, "spreads", lambda feed, aggregate: False)


def plant_in_working_time(patch: pytest.MonkeyPatch) -> None:
    true = WorkTime.between
    patch.setattr(WorkTime, "between", lambda self, since, until: (true(self, since, until) or 0) + 1)


def plant_in_deadlines(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(WorkTime, "add", lambda self, since, length: since + length)


def plant_in_watermark(patch: pytest.MonkeyPatch) -> None:
    true = lanes.Replay._accept

    def accept(self: Replay, lane: Any, record: Record, *rest: Any) -> None:
        true(self, lane, record, *rest)
        lane.watermark = lane.watermark and lane.watermark - 1

    patch.setattr(lanes.Replay, "_accept", accept)


def plant_in_memory(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(entities.Thing, "is_open", property(lambda self: "opened_at" in self.times))


def plant_in_duplicates(patch: pytest.MonkeyPatch) -> None:
    true = lanes.Replay.read
    patch.setattr(lanes.Replay, "read", lambda self, records: true(replace(self, horizon_ms=-1), records))


@pytest.mark.parametrize(
    ("name", "plant"),
    [
        ("river", plant_in_window),
        ("river", plant_in_aggregate),
        ("river", plant_in_spread),
        ("river", plant_in_watermark),
        ("river", plant_in_duplicates),
        ("cases", plant_in_working_time),
        ("cases", plant_in_deadlines),
        ("cases", plant_in_watermark),
        ("cases", plant_in_memory),
        ("cases", plant_in_aggregate),
    ],
)
def test_a_planted_fault_is_reported(name: str, plant: Callable[[pytest.MonkeyPatch], None]) -> None:
    feed, make = LOGS[name]
    records = make()
    with pytest.MonkeyPatch.context() as patch:
        plant(patch)
        wrong = page_of(new_replay(feed).read(records), len(records))

    assert judged(feed, records, wrong)


def test_the_present_may_go_on_with_the_clock_but_not_further_and_never_back() -> None:
    records = river_log()
    replay = new_replay(RIVER).read(records)
    mark, came = replay.lanes["real"].watermark, replay.lanes["real"].accepted_at
    assert mark is not None
    assert came is not None

    def kinds(present: int, read_at: int) -> list[str]:
        return judged(RIVER, records, page_of(replay, len(records), {"real": present}), read_at)

    assert kinds(mark + 60_000, came + 60_000) == []
    assert any("present" in one for one in kinds(mark + 62_000, came + 60_000))
    assert any("present" in one for one in kinds(mark - 1, came + 60_000))


def test_a_present_reached_in_an_earlier_pause_still_stands() -> None:
    """|12:00 first| an hour without records |13:00 an old event|: the present had come to 13:00."""
    late = event(RIVER, NOON - MINUTE, {"station_id": STATIONS[1], "quality": "ok", "level_m": 1.0})
    records = log(RIVER, (NOON, event(RIVER, NOON, {"station_id": STATIONS[0], "quality": "ok"})), (NOON + HOUR, late))
    replay = new_replay(RIVER).read(records)

    text = page_of(replay, 2, {"real": NOON + HOUR})

    assert judged(RIVER, records, text, NOON + HOUR) == []


def test_no_number_that_is_none_passes() -> None:
    records = river_log()
    text = page_of(new_replay(RIVER).read(records), len(records))
    line = next(line for line in text.splitlines() if line.startswith("ioc_river_level_meters"))

    for wrong in ("NaN", "+Inf", "2.0000001"):
        assert judged(RIVER, records, text.replace(line, f"{line.rpartition(' ')[0]} {wrong}"))


# dead letters


def letters(replay: Replay, **over: bytes | None) -> list[Record]:
    """The dead letters a worker would write for this replay."""
    headers = [
        {
            "ioc-origin": f"{replay.feed.topic}/0/{offset}".encode(),
            "ioc-fate": dead.fate.encode(),
            "ioc-reason": dead.reasons[0].encode(),
        }
        for offset, dead in replay.dead.items()
    ]
    return [
        Record(
            number,
            NOON,
            None,
            over.get("value", dead.value),
            tuple(
                (
                    one
                    | {
                        name.replace("_", "-"): value
                        for name, value in over.items()
                        if name != "value" and value is not None
                    }
                ).items()
            ),
        )
        for number, (one, dead) in enumerate(zip(headers, replay.dead.values(), strict=True))
    ]


def dead_differences(replay: Replay, found: list[Record], next_offset: int = 22) -> list[str]:
    judged_there = {
        (replay.feed.topic, 0): (
            next_offset,
            {offset: dead for offset, dead in replay.dead.items() if offset < next_offset},
        )
    }
    return [one.text for one in compare_dead(found, judged_there, replay.feed.topic)]


def test_dead_letters_may_repeat_and_those_beyond_the_page_are_not_asked() -> None:
    replay = new_replay(RIVER).read(river_log())

    assert dead_differences(replay, letters(replay) * 2) == []
    assert dead_differences(replay, letters(replay), 20) == []
    assert dead_differences(replay, letters(replay, ioc_replayed=b"1", ioc_fate=b"x") + letters(replay)) == []


@pytest.mark.parametrize(
    "over",
    [
        {"ioc_reason": b"wrong_key"},
        {"ioc_reason": b"internal_error"},
        {"ioc_fate": b"late"},
        {"value": b"}"},
        {"value": None},
        {"ioc_origin": b"ioc.river.v1/0/3"},
        {"ioc_origin": b"nonsense"},
    ],
)
def test_a_wrong_dead_letter_is_reported(over: dict[str, bytes | None]) -> None:
    replay = new_replay(RIVER).read(river_log())

    assert dead_differences(replay, letters(replay, **over))


def test_of_a_record_that_is_too_large_its_digest_suffices_and_a_tombstone_is_empty() -> None:
    large = b"x" * (MAX_BYTES + 1)
    replay = new_replay(RIVER).read([Record(0, NOON, None, large), Record(1, NOON, None, None)])
    headers = [tuple((name, value) for name, value in letter.headers) for letter in letters(replay)]
    digest = (("ioc-sha256", hashlib.sha256(large).hexdigest().encode()), ("ioc-length", b"%d" % len(large)))
    good = [
        Record(0, NOON, None, large[:10], (*headers[0], *digest)),
        Record(1, NOON, None, b"", (*headers[1], ("ioc-tombstone", b"1"))),
    ]

    assert dead_differences(replay, good) == []
    assert len(dead_differences(replay, [good[0]._replace(headers=headers[0]), good[1]])) == 1
    assert len(dead_differences(replay, [good[0], good[1]._replace(value=b"x")])) == 1


def test_a_record_whose_letter_says_that_it_kills_is_counted_by_its_letter_and_never_read(
        monkeypatch: pytest.MonkeyPatch) -> None:
    records = river_log()
    killer = next(record for record in records if record.value and record.offset > 2)
    said = {"ioc-origin": f"{RIVER.topic}/0/{killer.offset}", "ioc-fate": "rejected", "ioc-reason": "process_killer"}
    told = Record(0, NOON, None, killer.value, tuple((name, value.encode()) for name, value in said.items()))
    fatal = killers([told, told._replace(headers=(*told.headers, ("ioc-replayed", b"x"))), told._replace(headers=())])
    assert fatal == {(RIVER.topic, 0, killer.offset)}

    def examine(self: Examiner, record: Record) -> Examined:
        assert record != killer, "it would end the recount"
        return real(self, record)

    real = Examiner.examine
    monkeypatch.setattr(Examiner, "examine", examine)
    replay = replace(new_replay(RIVER), killers=frozenset({killer.offset})).read(records)

    assert replay.dead[killer.offset] == Dead("rejected", ("process_killer",), killer.value)
    assert dead_differences(replay, letters(replay)) == []
    assert dead_differences(replay, [one for one in letters(replay) if one.value != killer.value])
    assert killers(letters(replay)) == fatal


def test_the_verdict_on_a_feed_leaves_a_killer_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[frozenset[int]] = []

    def compared(shown: Shown, replay: Replay) -> tuple[list[Difference], int]:
        read.append(replay.killers)
        return [], 0

    monkeypatch.setattr(command, "compare", compared)
    shown = [Shown("w", (RIVER.topic, number), 0, NOON) for number in (0, 1)]
    events = {one.place: Log(0, 0) for one in shown}
    command._judge_partitions(new_replay(RIVER), shown, events, {(RIVER.topic, 1, 7)}, command.Verdict("river"))
    assert read == [frozenset(), frozenset({7})]


def test_a_missing_dead_letter_is_reported() -> None:
    replay = new_replay(RIVER).read(river_log())

    assert dead_differences(replay, [])


# the page and the command


def test_label_values_may_hold_anything() -> None:
    (sample,) = parse_page('# TYPE x gauge\nx{a="q\\"\\\\,}\\n{",b=""} 1.5e3 1700000000000\n')

    assert sample == ("x", {"a": 'q"\\,}\n{', "b": ""}, 1500.0)


class FakeLogs:
    """Logs without a broker."""

    def __init__(self, logs: dict[tuple[str, int], Log], stamp: int | None = None) -> None:
        self.logs, self.stamp = logs, stamp

    def __call__(self, _: str) -> "FakeLogs":
        return self

    def partitions(self, topics: list[str]) -> list[tuple[str, int]]:
        return [place for place in self.logs if place[0] in topics]

    def read(self, limits: dict[tuple[str, int], int | None]) -> dict[tuple[str, int], Log]:
        return {place: self.logs[place] for place in limits}

    def newest(self, topic: str, keys: dict[int, set[bytes]]) -> dict[bytes, int]:
        return dict.fromkeys(keys.get(0, ()), self.stamp) if self.stamp is not None else {}

    def close(self) -> None:
        """Nothing to leave."""


def run(monkeypatch: pytest.MonkeyPatch, targets: Path, *, first: int = 0, more: int = 0, as_json: bool = False,
        stamp: int | None = None) -> int:
    records = river_log()
    empty = new_replay(RIVER)
    dead = letters(new_replay(RIVER).read(records))
    logs = {(RIVER.topic, 0): Log(first, len(records), records), (RIVER.dead_letter_topic, 0): Log(0, len(dead), dead)}
    logs |= {(RIVER.topic, number): Log(0, 1, []) for number in range(1, more + 1)}
    monkeypatch.setattr(command, "Logs", FakeLogs(logs, stamp))
    monkeypatch.setattr(command, "load_feeds", lambda _: (RIVER,))
    monkeypatch.setattr(
        command, "load_house", lambda settings, _: command.House(settings, empty.reference, empty.worktime)
    )
    monkeypatch.setattr(command.House, "replay", lambda self, feed: new_replay(feed))
    return command.run(Settings.model_construct(), argparse.Namespace(targets=targets, brokers=None, json=as_json))


def true_page() -> str:
    records = river_log()
    return page_of(new_replay(RIVER).read(records), len(records))


@pytest.fixture(autouse=True)
def same_ids(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every log of a test has the same events."""
    true = toys.log

    def fresh(*args: Any) -> list[Record]:
        toys._ids = itertools.count()
        return true(*args)

    monkeypatch.setitem(globals(), "log", fresh)
    toys._ids = itertools.count()


def test_an_equal_stack_answers_0(
    monkeypatch: pytest.MonkeyPatch, serve: Serve, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, serve(true_page())) == command.EQUAL
    assert "KHỚP / EQUAL" in capsys.readouterr().out


def test_a_different_stack_answers_1_and_says_where(
    monkeypatch: pytest.MonkeyPatch, serve: Serve, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = "\n".join(line for line in true_page().splitlines() if not line.startswith("ioc_river_lowest"))

    assert run(monkeypatch, serve(wrong)) == command.DIFFERENT
    said = capsys.readouterr().out
    assert "LỆCH / DIFFERENT" in said
    assert "ioc_river_lowest_meters" in said


def test_a_present_is_bounded_by_the_brokers_clock_not_by_ours(monkeypatch: pytest.MonkeyPatch, serve: Serve) -> None:
    """The page is read long after the newest snapshot was stamped, or a machine's clock is slow: the stamp decides."""
    records = river_log()
    replay = new_replay(RIVER).read(records)
    mark, came = replay.lanes["real"].watermark, replay.lanes["real"].accepted_at
    assert mark is not None
    assert came is not None
    targets = serve(page_of(replay, len(records), {"real": mark + 60_000}))

    assert run(monkeypatch, targets, stamp=came + 60_000) == command.EQUAL
    assert run(monkeypatch, targets, stamp=came + 50_000) == command.DIFFERENT
    assert run(monkeypatch, targets) == command.EQUAL
    monkeypatch.setattr("time.time", lambda: came / 1000)
    assert run(monkeypatch, targets) == command.DIFFERENT
    assert run(monkeypatch, targets, stamp=came + 60_000) == command.EQUAL


def test_it_looks_for_snapshots_where_the_worker_writes_them() -> None:
    shown = Shown("127.0.0.1:1", ("ioc.river.v1", 3), 0, NOON)

    assert command._key(shown) == key_of(shown.place)


def test_a_log_that_begins_late_is_not_judged(
    monkeypatch: pytest.MonkeyPatch, serve: Serve, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, serve(true_page()), first=3, as_json=True) == command.NOT_JUDGED
    assert json.loads(capsys.readouterr().out)["code"] == command.NOT_JUDGED


def test_a_partition_that_nobody_shows_is_not_judged(monkeypatch: pytest.MonkeyPatch, serve: Serve) -> None:
    assert run(monkeypatch, serve(true_page()), more=1) == command.NOT_JUDGED


def test_an_empty_page_or_a_silent_worker_is_not_judged(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, serve: Serve
) -> None:
    assert run(monkeypatch, serve("up 1\n")) == command.NOT_JUDGED
    targets = tmp_path / "silent.json"
    targets.write_text('[{"targets": ["127.0.0.1:9"]}]')
    assert run(monkeypatch, targets) == command.NOT_JUDGED


def test_a_next_offset_beyond_the_log_is_reported(monkeypatch: pytest.MonkeyPatch, serve: Serve) -> None:
    text = true_page().replace(
        'ioc_next_offset{topic="ioc.river.v1",partition="0"} 22',
        'ioc_next_offset{topic="ioc.river.v1",partition="0"} 23',
    )

    assert run(monkeypatch, serve(text)) == command.DIFFERENT


def test_what_cannot_be_read_is_not_judged(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, tmp_path / "none.json") == command.NOT_JUDGED
    assert "IOC_TARGETS" in capsys.readouterr().err
