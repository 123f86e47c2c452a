"""What is shown, by docs/numbers.md sections 3 to 8; every number here is worked out by hand."""

from typing import Any

import pytest

from streams.recount.lanes import Replay
from tests.recount.toys import (
    CALLS,
    CASES,
    DAY,
    HOUR,
    MINUTE,
    RIVER,
    SOURCES,
    STATIONS,
    at,
    event,
    log,
    new_replay,
    numbers,
)

NOON = at("2026-03-04 12:00")  # a Wednesday
HERE, THERE = STATIONS[0], STATIONS[1]


def read(when: int, station: str = HERE, **data: Any) -> tuple[int, bytes]:
    return when, event(RIVER, when, {"station_id": station, "quality": "ok"} | data)


def river(*readings: tuple[int, bytes]) -> Replay:
    return new_replay(RIVER).read(log(RIVER, *readings))


def step(
    when: int, action: str, case: str = "1", *, came: int | None = None, agency: str = "pac", **data: Any
) -> tuple[int, bytes]:
    body = event(CASES, when, {"dossier_id": case} | data, action=action, agency=agency)
    return (when if came is None else came), body


def cases(*steps: tuple[int, bytes]) -> Replay:
    return new_replay(CASES).read(log(CASES, *steps))


def of(replay: Replay, name: str, present: int | None = None) -> dict[str, float]:
    """The series of one KPI: labels -> number."""
    start = f"{replay.feed.name}_{name}{{"
    return {
        key.removeprefix(start)[:-1]: value for key, value in numbers(replay, present).items() if key.startswith(start)
    }


# windows


def test_rain_is_spread_over_the_panes_of_its_period() -> None:
    """10 mm fell from 18:45 to 19:15; the rain day begins at 19:00, one hour back from 19:15 is 18:20."""
    shown = of(river(read(at("2026-03-04 19:15"), rain_mm=10.1, period_s=1800)), "rain_millimeters")

    # 101 steps: up to 18:50 33, up to 19:00 50: 51 of them belong to the day that began at 19:00
    assert shown == {f"station={HERE},window=1h": 10.1, f"station={HERE},window=day19": 5.1}


def test_a_window_takes_whole_panes_up_to_that_of_the_present() -> None:
    """|11:00..11:10| ... |12:00..12:10|: at 12:05 the hour is 11:10 to 12:10."""
    replay = river(
        read(at("2026-03-04 11:09"), rain_mm=1),
        read(at("2026-03-04 11:10"), rain_mm=2),
        read(at("2026-03-04 12:05"), rain_mm=4),
    )

    assert of(replay, "rain_millimeters")[f"station={HERE},window=1h"] == 6


def test_what_lies_beyond_the_pane_of_the_present_counts_later() -> None:
    ahead = (NOON, event(RIVER, NOON + 4 * MINUTE, {"station_id": HERE, "quality": "ok", "rain_mm": 1.0}))
    behind = (
        at("2026-03-04 11:59"),
        event(RIVER, at("2026-03-04 12:03"), {"station_id": HERE, "quality": "ok", "rain_mm": 1.0}),
    )

    assert of(river(ahead), "rain_millimeters")[f"station={HERE},window=1h"] == 1
    assert f"station={HERE},window=1h" not in of(river(behind), "rain_millimeters")
    assert of(river(behind), "rain_millimeters", NOON)[f"station={HERE},window=1h"] == 1


def test_the_rain_day_ends_at_seven_in_the_evening() -> None:
    replay = river(read(at("2026-03-04 18:00"), rain_mm=3), read(at("2026-03-04 18:58"), rain_mm=1))

    assert of(replay, "rain_millimeters", at("2026-03-04 18:59"))[f"station={HERE},window=day19"] == 4
    assert f"station={HERE},window=day19" not in of(replay, "rain_millimeters", at("2026-03-04 19:00"))


def test_a_dry_gauge_shows_a_true_zero() -> None:
    assert of(river(read(NOON, rain_mm=0, period_s=600)), "rain_millimeters") == {
        f"station={HERE},window=1h": 0,
        f"station={HERE},window=day19": 0,
    }


def test_a_remembered_value_is_never_counted_again() -> None:
    replay = river(read(NOON, rain_mm=1.5), read(NOON + MINUTE, level_m=2.0))

    assert of(replay, "rain_millimeters")[f"station={HERE},window=1h"] == 1.5


def test_a_feeds_own_aggregate_reads_the_rows_of_the_window() -> None:
    replay = river(read(NOON, level_m=2.0), read(NOON + 30 * MINUTE, level_m=3.5))

    assert of(replay, "rise_meters_per_hour") == {f"station={HERE},window=1h": 3.0}
    assert of(river(read(NOON, level_m=2.0)), "rise_meters_per_hour") == {}


def test_thirty_days_are_thirty_local_days_with_today() -> None:
    def resolved(day: str) -> tuple[int, bytes]:
        return step(at(f"{day} 10:00"), "resolved", day, due_at="2026-03-31T00:00:00+07:00")

    replay = cases(resolved("2026-02-02"), resolved("2026-02-03"), resolved("2026-03-04"))

    labels = "agency=pac,basis=extended,window=30d"
    assert of(replay, "on_time_ratio_numerator") == {labels: 2}
    assert of(replay, "on_time_ratio_denominator") == {labels: 2}


def test_a_share_leaves_out_rows_without_the_field() -> None:
    replay = cases(
        step(NOON, "resolved", "1", due_at="2026-03-04T11:59:59.999+07:00"),
        step(NOON, "resolved", "2", due_at="2026-03-04T12:00:00+07:00"),
        step(NOON, "resolved", "3"),
    )

    assert list(of(replay, "on_time_ratio_numerator").values()) == [1]
    assert list(of(replay, "on_time_ratio_denominator").values()) == [2]


def test_a_deadline_of_weeks_ago_is_remembered() -> None:
    replay = cases(step(NOON, "received", due_at="2026-03-10T17:00:00+07:00"), step(NOON + 7 * DAY, "resolved"))

    assert list(of(replay, "on_time_ratio_numerator").values()) == [0]
    assert list(of(replay, "on_time_ratio_denominator").values()) == [1]


def test_an_older_event_only_fills_blanks() -> None:
    """The older event of the two says another deadline; it comes last."""
    replay = cases(
        step(NOON, "noted", due_at="2026-03-10T17:00:00+07:00"),
        step(NOON - HOUR, "received", came=NOON, due_at="2026-03-01T17:00:00+07:00", urgency="urgent"),
    )

    memory = replay.lanes["real"].things["1"].values
    assert memory["due_at"] == at("2026-03-10 17:00")
    assert memory["urgency"] == "urgent"


def test_histograms_are_cumulative_with_inclusive_bounds() -> None:
    replay = cases(*(step(NOON, "noted", str(wait), wait_s=wait) for wait in (5, 6, 10, 11)))

    assert of(replay, "wait_seconds_bucket") == {
        "le=5.0,window=30d": 1,
        "le=10.0,window=30d": 3,
        "le=inf,window=30d": 4,
    }
    assert of(replay, "wait_seconds_sum") == {"window=30d": 32}
    assert of(replay, "wait_seconds_count") == {"window=30d": 4}


def test_the_sum_of_a_mean_has_the_unit_and_its_rows_have_none() -> None:
    replay = cases(step(NOON, "noted", "1", wait_s=5), step(NOON, "noted", "2", wait_s=6))

    assert of(replay, "mean_wait_seconds_numerator") == {"window=30d": 11}
    assert of(replay, "mean_wait_seconds_denominator") == {"window=30d": 2}


def test_a_ratio_without_denominator_is_not_shown() -> None:
    assert of(cases(step(NOON, "noted", pages=0, scans=0)), "scanned_ratio_numerator") == {}
    assert of(cases(step(NOON, "noted", pages=4, scans=3)), "scanned_ratio_numerator") == {"window=30d": 3}


def test_a_named_function_is_asked_of_the_row() -> None:
    replay = cases(step(NOON, "received", "1", wait_s=10), step(NOON, "received", "2"))

    assert (of(replay, "quick_ratio_numerator"), of(replay, "quick_ratio_denominator")) == (
        {"window=30d": 1},
        {"window=30d": 2},
    )


def test_resolution_is_measured_in_working_time() -> None:
    """Friday 16:30 to Monday 08:00: half an hour and half an hour."""
    replay = cases(step(at("2026-03-06 16:30"), "received"), step(at("2026-03-09 08:00"), "resolved"))

    assert of(replay, "resolution_working_seconds_sum") == {"window=month": 3600, "window=year": 3600}
    assert of(replay, "resolution_working_seconds_bucket")["le=3600.0,window=month"] == 1


def test_a_negative_stretch_is_no_measure() -> None:
    replay = cases(step(NOON, "received"), step(NOON - HOUR, "resolved", came=NOON))

    assert of(replay, "resolution_working_seconds_count") == {}


# entities


def test_overdue_grows_with_the_present_although_nothing_comes() -> None:
    replay = cases(
        step(NOON, "received", "1", due_at="2026-03-04T17:00:00+07:00"),
        step(NOON, "received", "2", due_at="2026-03-12T17:00:00+07:00"),
        step(NOON, "received", "3"),
    )

    def at_present(present: int) -> tuple[float, ...]:
        return tuple(of(replay, name, present)["agency=pac"] for name in ("open", "overdue", "due_soon"))

    assert at_present(NOON) == (3, 0, 1)
    assert at_present(at("2026-03-04 17:00")) == (3, 0, 1)
    assert at_present(at("2026-03-04 17:00") + 1) == (3, 1, 0)
    assert at_present(at("2026-03-09 17:00")) == (3, 1, 1)  # 24 working hours: Tuesday, Wednesday, Thursday
    assert at_present(at("2026-03-20 08:00")) == (3, 2, 0)
    assert of(replay, "lateness_ratio_denominator", NOON) == {"agency=pac": 2}
    assert of(replay, "long_overdue", at("2026-03-05 17:00")) == {"": 0}
    assert of(replay, "long_overdue", at("2026-03-06 07:30") + 1) == {"": 1}


def test_an_agency_whose_cases_are_closed_shows_none_until_they_are_forgotten() -> None:
    replay = cases(step(NOON, "received"), step(NOON, "resolved"), step(NOON, "received", "2", agency="sxd"))

    assert of(replay, "open", NOON + 30 * DAY) == {"agency=pac": 0, "agency=sxd": 1}
    assert of(replay, "open", NOON + 30 * DAY + 1) == {"agency=sxd": 1}
    assert of(replay, "forgotten_soon", NOON + 30 * DAY + 1) == {"state=received": 1}


def test_a_case_is_open_again_after_a_newer_reopening_only() -> None:
    received, resolved = step(NOON, "received"), step(NOON + HOUR, "resolved")

    def opened(when: int) -> float:
        return of(cases(received, resolved, step(when, "reopened", came=NOON + 3 * HOUR)), "open")["agency=pac"]

    assert opened(NOON + 2 * HOUR) == 1
    assert opened(NOON + HOUR) == 1  # ties: the later record
    assert opened(NOON + HOUR - 1) == 0


def test_a_case_that_only_ended_is_not_open() -> None:
    assert of(cases(step(NOON, "resolved")), "open") == {"agency=pac": 0}


def test_deadlines_by_default_follow_the_value_in_memory() -> None:
    """Urgent 4 working hours, else 8: from 12:00 that is 17:00 today and 12 h later with the night between."""
    replay = cases(
        step(NOON, "received", "1", urgency="urgent"),
        step(NOON, "received", "2"),
        step(NOON, "received", "3", urgency="complex"),
        step(NOON, "received", "4", urgency="urgent", category="landslide"),
        step(NOON, "received", "5", category="landslide"),
    )
    things = replay.lanes["real"].things

    def due(name: str) -> Any:
        return things[name].told(CASES.entity, replay.reference, replay.worktime)["accept_by"]  # type: ignore[arg-type]

    assert due("1") == at("2026-03-04 17:00")
    assert due("2") == due("3") == due("5") == at("2026-03-05 11:30")
    assert due("4") == at("2026-03-04 16:00")  # urgent and a hazard: the clock that never stops
    assert of(replay, "unanswered", at("2026-03-05 11:30")) == {"": 0}
    assert of(replay, "unanswered", at("2026-03-05 11:30") + 1) == {"": 5}


def test_closed_before_opened_flags_once() -> None:
    replay = cases(
        step(NOON - HOUR, "resolved", came=NOON),
        step(NOON, "received"),
        step(NOON - 2 * HOUR, "noted", came=NOON),
        step(NOON + 1, "resolved"),
    )

    key = f"{{source={SOURCES['cases']}}}"
    shown = numbers(replay)
    assert (shown[f"feed_quality_ratio_numerator{key}"], shown[f"feed_quality_ratio_denominator{key}"]) == (3, 4)


def test_a_label_that_is_not_told_is_empty_and_no_total_lacks_its_row() -> None:
    replay = new_replay(CALLS).read(
        log(
            CALLS, (NOON, event(CALLS, NOON, {"line": "1"})), (NOON, event(CALLS, NOON, {"line": "1", "caller": "sxd"}))
        )
    )

    assert of(replay, "calls") == {"window=5m": 1, "caller=sxd,window=5m": 1}
    assert of(cases(step(NOON, "noted")), "forgotten_soon") == {"": 1}


# known and unknown, checks


def test_a_silent_station_is_unknown_and_its_numbers_are_withheld() -> None:
    replay = river(read(NOON, level_m=2.0, rain_mm=1.0), read(NOON, THERE, level_m=7.0))
    before, after = NOON + 40 * MINUTE - 1, NOON + 40 * MINUTE

    assert of(replay, "level_meters", before) == {f"station={HERE}": 2, f"station={THERE}": 7}
    assert of(replay, "highest_meters", before) == {"": 7}
    assert of(replay, "level_meters", after) == of(replay, "highest_meters", after) == {}
    assert of(replay, "rain_millimeters", after) == {}
    assert of(replay, "level_known", after) == {f"station={HERE}": 0, f"station={THERE}": 0}
    assert of(replay, "rain_known", before) == {f"station={HERE}": 1}
    assert of(replay, "level_as_of_timestamp_seconds", after)[f"station={HERE}"] == NOON / 1000


def test_a_held_reading_touches_nothing_but_watermark_and_figures() -> None:
    replay = river(read(NOON, level_m=2.0), read(NOON + MINUTE, level_m=2.5, rain_mm=9.0, quality="suspect"))

    assert of(replay, "level_meters") == {f"station={HERE}": 2}
    assert of(replay, "rain_millimeters") == {}
    assert replay.lanes["real"].watermark == NOON + MINUTE
    assert numbers(replay)[f"feed_quality_ratio_numerator{{source={SOURCES['river']}}}"] == 1


@pytest.mark.parametrize(
    ("levels", "level", "quality"),
    [
        ([2.0, 9.0], 2.0, 1),  # waits
        ([2.0, 9.0, 9.5], 9.5, 1),  # confirmed: both taken
        ([2.0, 9.0, 2.1], 2.1, 2),  # not doubted: the one waiting is dropped
        ([2.0, 9.0, 2.1, 9.5], 2.1, 2),  # so the next waits again
        ([2.0, 9.0, 20.0], 2.0, 1),  # disagrees: waits in its place
        ([2.0, 9.0, 20.0, 21.0], 21.0, 1),
    ],
)
def test_a_jump_waits_until_the_next_reading_agrees(levels: list[float], level: float, quality: int) -> None:
    replay = river(*(read(NOON + number * MINUTE, level_m=value) for number, value in enumerate(levels)))

    assert of(replay, "level_meters") == {f"station={HERE}": level}
    assert numbers(replay)[f"feed_quality_ratio_numerator{{source={SOURCES['river']}}}"] == quality


def test_a_confirmed_event_is_folded_with_its_own_moment() -> None:
    replay = river(
        read(NOON, level_m=2.0),
        read(NOON + 10 * MINUTE, level_m=9.0, rain_mm=1.0),
        read(NOON + 20 * MINUTE, level_m=9.0, rain_mm=2.0),
    )

    assert of(replay, "rain_millimeters", NOON + 61 * MINUTE) == {}  # unknown by then
    assert of(replay, "rain_millimeters")[f"station={HERE},window=1h"] == 3
    assert of(replay, "rise_meters_per_hour") == {f"station={HERE},window=1h": 21}


def test_a_held_reading_does_not_end_a_wait() -> None:
    replay = river(
        read(NOON, level_m=2.0),
        read(NOON + MINUTE, level_m=9.0),
        read(NOON + 2 * MINUTE, quality="suspect"),
        read(NOON + 3 * MINUTE, level_m=9.1),
    )

    assert of(replay, "level_meters") == {f"station={HERE}": 9.1}


# figures of a source


def test_validity_counts_a_day_of_clock_hours_by_arrival() -> None:
    def refused(came: int) -> tuple[int, bytes]:
        return came, event(RIVER, came, {"station_id": HERE, "quality": "bad"})

    replay = river(refused(at("2026-03-03 12:59")), refused(at("2026-03-03 13:00")), read(at("2026-03-04 12:30")))

    key = f"{{source={SOURCES['river']}}}"
    shown = numbers(replay)
    assert (shown[f"feed_validity_ratio_numerator{key}"], shown[f"feed_validity_ratio_denominator{key}"]) == (1, 2)
    assert shown[f"feed_last_arrival_timestamp_seconds{key}"] == at("2026-03-04 12:30") / 1000


def test_completeness_counts_slots_before_that_of_the_present() -> None:
    """Two readings of one slot, one of the slot before, one of the present's own slot, one of two days ago."""
    replay = river(
        read(NOON - 2 * DAY), read(NOON - 19 * MINUTE), read(NOON - 11 * MINUTE), read(NOON - 10 * MINUTE), read(NOON)
    )

    stations = {
        row.station_id
        for row in replay.reference.stations.rows
        if row.source == SOURCES["river"] and row.in_force(NOON)
    }
    key = f"{{source={SOURCES['river']}}}"
    shown = numbers(replay)
    assert shown[f"feed_completeness_ratio_numerator{key}"] == 2
    assert shown[f"feed_completeness_ratio_denominator{key}"] == len(stations) * 144
