"""The fate of each record, by docs/numbers.md sections 1 and 2."""

import json
from pathlib import Path
from typing import Any

import pytest

from streams import recount
from streams.recount.validity import Record
from tests.recount.toys import (
    CALLS,
    CASES,
    DAY,
    HOUR,
    MAX_BYTES,
    MINUTE,
    RIVER,
    SOURCES,
    STATIONS,
    at,
    event,
    fates,
    log,
    new_replay,
    numbers,
)

NOON = at("2026-03-04 12:00")
GOOD = {"station_id": STATIONS[0], "quality": "ok"}


def reading(when: int = NOON, **more: Any) -> bytes:
    own = {name: more.pop(name) for name in ("rain_mm", "level_m", "period_s", "quality") if name in more}
    return event(RIVER, when, GOOD | own, **more)


def broken(old: str, new: str) -> bytes:
    return reading(level_m=5.5).replace(old.encode(), new.encode())


def whole(**more: Any) -> bytes:
    return json.dumps({**json.loads(reading()), **more}).encode()


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (b"x" * (MAX_BYTES + 1), "too_large"),
        (None, "not_json"),
        (b"", "not_json"),
        (b"{", "not_json"),
        (b"\xef\xbb\xbf{}", "not_json"),
        (b'{"a":"\xff"}', "not_json"),
        (b'{"a":"\\ud800"}', "not_json"),
        (b"[" * 100_000 + b"]" * 100_000, "too_large"),
        (broken("5.5", "NaN"), "not_finite"),
        (broken("5.5", "1e999"), "not_finite"),
        (broken("5.5", "-Infinity"), "not_finite"),
        (broken("5.5", "9" * 4000), "not_finite"),
        (broken("5.5", "9" * 5000), "not_json"),
        (b"[]", "not_cloudevent"),
        (b"null", "not_cloudevent"),
        (reading(specversion="0.3"), "not_cloudevent"),
        (reading(id=None), "not_cloudevent"),
        (reading(id="x y"), "not_cloudevent"),
        (reading(id="x\n"), "not_cloudevent"),
        (reading(time="2026-02-30T08:00:00Z"), "not_cloudevent"),
        (reading(time="2026-03-04T08:00:00"), "not_cloudevent"),
        (reading(time="2026-03-04T08:00:60Z"), "not_cloudevent"),
        (whole(data=[]), "not_cloudevent"),
        (reading(type="vn.laocai.river.flown.v1"), "unknown_type"),
        (reading(type=5), "not_cloudevent"),
        (reading(dataschema="urn:ioc:river:2"), "unknown_schema"),
        (reading(agency=None), "schema_violation"),
        (reading(extra=1), "schema_violation"),
        (reading(level_m="5"), "schema_violation"),
        (reading(level_m=True), "schema_violation"),
        (reading(rain_mm=-1), "schema_violation"),
        (reading(period_s=600.0), "schema_violation"),
        (reading(quality="fine"), "schema_violation"),
        (reading(source="//example.org/x"), "unknown_source"),
        (reading(source=SOURCES["cases"]), "unknown_source"),
        (reading(adminunit="99999"), "unknown_commune"),
        (reading(adminunit="01"), "out_of_province"),
        (reading(adminunit="080", adminversion="2025"), "unknown_commune"),
        (event(RIVER, NOON, GOOD | {"station_id": "nowhere"}), "unknown_entity"),
        (reading(NOON + 300_001), "future_time"),
    ],
)
def test_a_bad_record_is_rejected_for_its_reason(value: bytes | None, reason: str) -> None:
    key = STATIONS[0].encode() if value is None or b"nowhere" not in value else b"nowhere"

    replay = new_replay(RIVER).read([Record(0, NOON, key, value)])

    assert fates(replay) == [f"rejected {reason}"]


def test_five_minutes_ahead_is_not_yet_the_future() -> None:
    assert fates(new_replay(RIVER).read(log(RIVER, (NOON, reading(NOON + 300_000))))) == ["accepted"]


@pytest.mark.parametrize("key", [None, b"", b"\xff", b"LC-X"])
def test_a_wrong_key_is_rejected(key: bytes | None) -> None:
    assert fates(new_replay(RIVER).read([Record(0, NOON, key, reading())])) == ["rejected wrong_key"]


def test_every_true_reason_is_named() -> None:
    value = reading(NOON + DAY, source="//example.org/x", level_m="5")

    replay = new_replay(RIVER).read([Record(0, NOON, b"x", value)])

    assert replay.dead[0].reasons == ("schema_violation", "unknown_source", "wrong_key", "future_time")


def test_a_repeat_is_a_duplicate_and_other_bytes_are_a_conflict() -> None:
    first, other = reading(id="one"), reading(id="one", level_m=1)

    replay = new_replay(RIVER).read(log(RIVER, (NOON, first), (NOON, first), (NOON, other), (NOON, first)))

    # the newest earlier record decides: the last one is compared with the conflict
    assert fates(replay) == ["accepted", "duplicate", "rejected id_conflict", "rejected id_conflict"]


def test_the_horizon_is_inclusive_and_counts_from_the_newest_repeat() -> None:
    one = reading(id="one")

    replay = new_replay(RIVER).read(
        log(RIVER, (NOON, one), (NOON + HOUR, one), (NOON + 2 * HOUR, one), (NOON + 3 * HOUR + 1, one))
    )

    assert fates(replay) == ["accepted", "duplicate", "duplicate", "accepted"]


def test_provenances_never_meet() -> None:
    one, two = reading(id="one"), reading(id="one", provenance="replay")

    replay = new_replay(RIVER).read(log(RIVER, (NOON, one), (NOON, two)))

    assert fates(replay) == ["accepted", "accepted"]
    assert set(replay.lanes) == {"real", "replay"}


def test_a_rejected_record_does_not_make_its_id_known() -> None:
    good = reading(id="one")

    assert fates(new_replay(RIVER).read([Record(0, NOON, b"x", good), *log(RIVER, (NOON, good))])) == ["accepted"]


def test_an_event_is_late_when_it_is_old_and_no_news() -> None:
    """The oldest window begins at 19:00 yesterday; the station has told a newer level."""
    border = at("2026-03-03 19:00")
    told = (NOON, reading(level_m=5.0, rain_mm=0))

    def fate(when: int) -> str:
        return fates(new_replay(RIVER).read(log(RIVER, told, (NOON, reading(when, level_m=5.0, rain_mm=0)))))[-1]

    assert fate(border) == "accepted"
    assert fate(border - 1) == "late"


def test_an_old_event_that_is_news_is_not_late() -> None:
    old = reading(NOON - 3 * DAY, rain_mm=1)

    replay = new_replay(RIVER).read(log(RIVER, (NOON, reading(level_m=5.0)), (NOON, old)))

    assert fates(replay) == ["accepted", "accepted"]


def test_a_held_or_waiting_event_is_never_late() -> None:
    old = NOON - 3 * DAY

    replay = new_replay(RIVER).read(
        log(
            RIVER,
            (NOON, reading(level_m=5.0, rain_mm=0)),
            (NOON, reading(old, quality="suspect")),
            (NOON, reading(old, level_m=50.0)),
        )
    )

    assert fates(replay) == ["accepted"] * 3


def test_the_first_record_of_a_lane_is_never_late_and_no_entity_is_no_news() -> None:
    def call(when: int) -> bytes:
        return event(CALLS, when, {"line": "1"})

    replay = new_replay(CALLS).read(
        log(CALLS, (NOON, call(NOON - 9 * DAY)), (NOON, call(NOON)), (NOON, call(NOON - DAY)))
    )

    assert fates(replay) == ["accepted", "accepted", "late"]


def test_a_late_event_leaves_no_trace_but_its_count() -> None:
    told = log(RIVER, (NOON, reading(level_m=5.0, rain_mm=0)))
    late = log(RIVER, (NOON, reading(NOON - 2 * DAY, level_m=7.0, rain_mm=7)))[0]._replace(offset=1)

    with_it, without = new_replay(RIVER).read([*told, late]), new_replay(RIVER).read(told)

    assert numbers(with_it).items() - numbers(without).items() == {
        (f"feed_records{{fate=late,source={SOURCES['river']}}}", 1.0)
    }


def test_the_watermark_takes_the_earlier_of_time_and_arrival_of_accepted_records_only() -> None:
    ahead, behind = reading(NOON + MINUTE), reading(NOON - MINUTE)
    refused = reading(NOON + HOUR, source="//example.org/x")

    replay = new_replay(RIVER).read(log(RIVER, (NOON, behind), (NOON, ahead), (NOON + HOUR, refused)))

    assert replay.lanes["real"].watermark == NOON


def test_sources_that_nobody_registered_are_other() -> None:
    replay = new_replay(RIVER).read(
        log(
            RIVER,
            (NOON, reading(source="//example.org/x")),
            (NOON, reading(source=SOURCES["cases"])),
            (NOON, b"{"),
            (NOON, reading(level_m="x", provenance="simulated")),
        )
    )

    assert dict(replay.lanes["real"].fates) == {("other", "rejected"): 2, (SOURCES["cases"], "rejected"): 1}
    assert dict(replay.lanes["simulated"].fates) == {(SOURCES["river"], "rejected"): 1}


def test_flags_lower_the_quality_and_nothing_else() -> None:
    replay = new_replay(RIVER).read(
        log(
            RIVER,
            (NOON, reading()),
            (NOON, reading(rain_mm=301)),
            (NOON, reading(adminunit="02647")),
            (NOON, reading(agency="nobody")),
            (NOON, reading(adminunit="02647", adminversion="2025")),
            (NOON, reading(adminunit="02641", adminversion="2023")),
        )
    )

    shown = numbers(replay)
    assert fates(replay) == ["accepted"] * 6
    assert shown[f"feed_quality_ratio_numerator{{source={SOURCES['river']}}}"] == 2  # two are unflagged
    assert shown[f"feed_quality_ratio_denominator{{source={SOURCES['river']}}}"] == 6


def test_a_unit_without_version_is_read_by_the_time_of_the_event() -> None:
    def place(when: int, unit: str) -> tuple[str, str]:
        replay = new_replay(CALLS).read(log(CALLS, (NOON, event(CALLS, when, {"line": "1"}, adminunit=unit))))
        key = next(name for name in numbers(replay) if name.startswith("calls_by_place"))
        return key.partition("{")[2][:-1], fates(replay)[0]

    assert place(at("2025-07-01 00:00"), "02647") == ("admin_version=2025,commune=02647,window=today", "accepted")
    assert place(at("2025-06-30 23:59"), "02641") == ("admin_version=2023,commune=02641,window=today", "accepted")
    assert place(at("2025-06-30 23:59"), "080") == ("admin_version=2023,window=today", "accepted")


def test_the_corpus_of_poison_raises_nothing() -> None:
    values = [
        b"\0",
        b"1",
        b'"x"',
        b"{}{}",
        b'{"data":' * 900 + b"1" + b"}" * 900,
        json.dumps({"time": 5}).encode(),
        json.dumps({"source": {}, "data": {"station_id": []}, "time": "2026-03-04T08:00:00Z"}).encode(),
        json.dumps({"adminunit": "01", "adminversion": 7, "time": "2026-03-04T08:00:00Z", "provenance": []}).encode(),
    ]

    replay = new_replay(RIVER).read([Record(offset, NOON, b"\xff", value) for offset, value in enumerate(values)])

    assert {fate.split()[0] for fate in fates(replay)} == {"rejected"}


def test_the_recount_knows_neither_engine_nor_decoder() -> None:
    folder = Path(recount.__file__).parent
    code = "".join(path.read_text() for path in folder.glob("*.py"))

    assert not any(
        word in code
        for word in (
            "streams.engine",
            "streams.worker",
            "schemas.decode",
            "pydantic",
            "calendars import",
            "schemas.calendars",
        )
    )


def test_a_case_that_comes_back_after_it_was_forgotten_is_news() -> None:
    def step(when: int, action: str) -> bytes:
        return event(CASES, when, {"dossier_id": "1"}, action=action)

    later = NOON + 40 * DAY
    other = event(CASES, later, {"dossier_id": "2"}, action="received")
    replay = new_replay(CASES).read(
        log(
            CASES,
            (NOON, step(NOON, "received")),
            (NOON, step(NOON, "resolved")),
            (later, other),
            (later, step(NOON - 900 * DAY, "noted")),
        )
    )

    # its moment is older than the year, but its case was forgotten, so it creates one
    assert fates(replay)[-1] == "accepted"
    assert replay.lanes["real"].things["1"].times == {}
