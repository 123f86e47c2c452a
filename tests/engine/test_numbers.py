"""What is shown, worked out by hand: windows, memory, cases, checks, the present, known and unknown."""

from collections.abc import Sequence

from schemas.event import millis
from schemas.feed import Feed
from streams.engine.fold import fold
from streams.engine.readings import readings, source_states
from streams.engine.state import State
from streams.engine.watermark import advance
from tests.engine.toys import CASES, STATIONS, Record, batch, fresh, plan_of, record

MINUTE, HOUR = 60_000, 3_600_000


def state_of(feed: Feed, log: Sequence[Record]) -> State:
    """A log folded."""
    state = fresh(feed)
    fold(plan_of(feed.name), state, batch(feed, log))
    return state


def shown(feed: Feed, state: State, name: str, **labels: str) -> dict[str, float]:
    """The values of a metric, by the labels that are not given (topic, partition and provenance left out)."""
    found = {}
    for reading in readings(plan_of(feed.name), state):
        own = dict(reading.labels)
        if reading.name == name and all(own.get(key) == value for key, value in labels.items()):
            rest = [value for key, value in own.items() if key not in {*labels, "topic", "partition", "provenance"}]
            found["|".join(rest)] = reading.value
    return found


def look(number: int, at: str, **data: object) -> Record:
    """A reading of the station."""
    return record(STATIONS, number, "observed", at, **{"station_id": "LC-R-0042", "quality": "ok", **data})  # type: ignore[arg-type]


def step(number: int, action: str, at: str, **data: object) -> Record:
    """A step of case a."""
    return record(CASES, number, action, at, **{"case_id": "a", **data})  # type: ignore[arg-type]


def test_rain_of_the_reading_at_19_belongs_to_the_day_that_ends_then() -> None:
    """18:50      19:00      19:10
    e1   |---- 1.0 ---|
    e2                |---- 2.0 ---|
    """
    state = state_of(
        STATIONS,
        [
            look(1, "2026-01-05T19:00:00+07:00", rain_mm=1.0, period_s=600),
            look(2, "2026-01-05T19:10:00+07:00", rain_mm=2.0, period_s=600),
        ],
    )
    assert shown(STATIONS, state, "ioc_toystation_rain_millimeters") == {"LC-R-0042|1h": 3.0, "LC-R-0042|day19": 2.0}


def test_a_reading_over_two_rain_days_is_split_in_proportion_to_time() -> None:
    """T27:  18:50          19:00          19:10
    |---- 0.5 -----|---- 0.6 -----|      of 1.1 mm: 11 steps, 5 and the rest
    """
    state = state_of(STATIONS, [look(1, "2026-01-05T19:10:00+07:00", rain_mm=1.1, period_s=1200)])
    assert shown(STATIONS, state, "ioc_toystation_rain_millimeters") == {"LC-R-0042|1h": 1.1, "LC-R-0042|day19": 0.6}


def test_a_window_moves_on_by_its_step_and_sums_are_exact() -> None:
    log = [look(n, f"2026-01-05T08:{n:02d}:00+07:00", rain_mm=0.1) for n in range(30)]
    state = state_of(STATIONS, [*log, look(99, "2026-01-05T09:10:00+07:00", rain_mm=0.1)])
    assert shown(STATIONS, state, "ioc_toystation_rain_millimeters", window="1h") == {"LC-R-0042": 1.1}
    assert shown(STATIONS, state, "ioc_toystation_rain_millimeters", window="day19") == {"LC-R-0042": 3.1}


def test_a_held_reading_touches_nothing_and_a_jump_waits_for_the_next_to_agree() -> None:
    log = [
        look(1, "2026-01-05T08:00:00+07:00", level_m=2.0),
        look(2, "2026-01-05T08:10:00+07:00", level_m=9.0),
        look(3, "2026-01-05T08:20:00+07:00", level_m=2.5, quality="bad"),
    ]
    assert shown(STATIONS, state_of(STATIONS, log), "ioc_toystation_level_meters") == {"LC-R-0042": 2.0}
    agreed = [*log, look(4, "2026-01-05T08:30:00+07:00", level_m=9.5)]
    state = state_of(STATIONS, agreed)
    assert shown(STATIONS, state, "ioc_toystation_level_meters") == {"LC-R-0042": 9.5}
    assert shown(STATIONS, state, "ioc_toystation_looks") == {"1h": 3}
    refuted = [*log, look(4, "2026-01-05T08:30:00+07:00", level_m=2.1)]
    state = state_of(STATIONS, refuted)
    assert shown(STATIONS, state, "ioc_toystation_level_meters") == {"LC-R-0042": 2.1}
    assert shown(STATIONS, state, "ioc_toystation_looks") == {"1h": 2}


def test_a_station_unknown_for_four_intervals_is_withheld_and_says_so() -> None:
    state = state_of(
        STATIONS,
        [
            look(1, "2026-01-05T08:00:00+07:00", level_m=2.0, rain_mm=1.0),
            record(
                STATIONS, 2, "observed", "2026-01-05T08:39:59+07:00", station_id="LC-R-0001", quality="ok", level_m=1.0
            ),
        ],
    )
    assert shown(STATIONS, state, "ioc_toystation_level_known") == {"LC-R-0042": 1, "LC-R-0001": 1}
    fold(
        plan_of(STATIONS.name),
        state,
        batch(
            STATIONS,
            [
                record(
                    STATIONS,
                    3,
                    "observed",
                    "2026-01-05T08:40:00+07:00",
                    station_id="LC-R-0001",
                    quality="ok",
                    level_m=1.0,
                )
            ],
            2,
        ),
    )
    assert shown(STATIONS, state, "ioc_toystation_level_known") == {"LC-R-0042": 0, "LC-R-0001": 1}
    assert shown(STATIONS, state, "ioc_toystation_level_meters") == {"LC-R-0001": 1.0}
    assert shown(STATIONS, state, "ioc_toystation_highest_meters") == {"": 1.0}
    assert shown(STATIONS, state, "ioc_toystation_rain_millimeters") == {}
    assert shown(STATIONS, state, "ioc_toystation_level_as_of_timestamp_seconds")["LC-R-0042"] == (
        millis("2026-01-05T08:00:00+07:00") / 1000
    )


def test_overdue_grows_with_the_present_though_no_event_comes() -> None:
    state = state_of(CASES, [step(1, "received", "2026-01-05T08:00:00+07:00", due_at="2026-01-06T17:00:00+07:00")])
    arrived = millis("2026-01-05T08:00:00+07:00")
    office = {"agency": "pac", "commune": "", "admin_version": ""}
    assert shown(CASES, state, "ioc_toycase_overdue", **office) == {"": 0}
    assert shown(CASES, state, "ioc_toycase_due_soon", **office) == {"": 1}
    assert shown(CASES, state, "ioc_toycase_unmoved") == {"": 0}
    due = millis("2026-01-06T17:00:00+07:00")
    for wall, overdue in ((due, 0), (due + 1, 1)):
        assert advance(state, wall, 5000)
        assert shown(CASES, state, "ioc_toycase_overdue", **office) == {"": overdue}
    assert shown(CASES, state, "ioc_toycase_due_soon", **office) == {"": 0}
    assert shown(CASES, state, "ioc_toycase_unmoved") == {"": 1}
    # 16 working hours beyond Tuesday 17:00 end on Thursday 17:00
    advance(state, millis("2026-01-08T17:00:00+07:00"), 5000)
    assert shown(CASES, state, "ioc_toycase_long_overdue") == {"": 0}
    advance(state, millis("2026-01-09T07:30:00.001+07:00"), 5000)
    assert shown(CASES, state, "ioc_toycase_long_overdue") == {"": 1}
    assert not advance(state, arrived, 5000), "the present never steps back"


def test_a_case_extended_is_judged_by_the_newest_deadline_and_closes_once() -> None:
    log = [
        step(1, "received", "2026-01-05T08:00:00+07:00", due_at="2026-01-06T17:00:00+07:00"),
        step(2, "moved", "2026-01-06T16:00:00+07:00", due_at="2026-01-08T17:00:00+07:00"),
        step(3, "closed", "2026-01-07T10:00:00+07:00"),
    ]
    state = state_of(CASES, log)
    assert shown(CASES, state, "ioc_toycase_on_time_ratio_numerator") == {"pac|30d": 1}
    assert shown(CASES, state, "ioc_toycase_on_time_ratio_denominator") == {"pac|30d": 1}
    assert set(shown(CASES, state, "ioc_toycase_open").values()) == {0}
    # Mon 08:00 to Wed 10:00: 7.5 + 8 + 2.5 working hours
    assert shown(CASES, state, "ioc_toycase_taking_working_seconds_sum") == {"30d": 18 * 3600}
    reopened = state_of(CASES, [*log, step(4, "reopened", "2026-01-07T11:00:00+07:00")])
    assert sum(shown(CASES, reopened, "ioc_toycase_open").values()) == 1
    assert shown(CASES, reopened, "ioc_toycase_reopened_ratio_numerator") == {"pac": 1}


def test_a_case_closed_before_it_was_opened_stays_closed_is_flagged_once_and_has_no_duration() -> None:
    log = [
        step(1, "closed", "2026-01-05T08:00:00+07:00"),
        step(2, "received", "2026-01-05T09:00:00+07:00"),
        step(3, "moved", "2026-01-05T09:30:00+07:00"),
    ]
    state = fresh(CASES)
    result = fold(plan_of(CASES.name), state, batch(CASES, log))
    assert [flag for _, flag in result.flags.elements()] == ["closed_before_opened"]
    assert sum(shown(CASES, state, "ioc_toycase_open").values()) == 0
    assert shown(CASES, state, "ioc_toycase_taking_working_seconds_count") == {}


def test_a_closed_case_is_forgotten_thirty_days_after_its_last_event() -> None:
    log = [step(1, "received", "2026-01-05T08:00:00+07:00"), step(2, "closed", "2026-01-05T09:00:00+07:00")]
    state = state_of(CASES, log)
    month = 30 * 24 * HOUR
    advance(state, millis("2026-01-05T09:00:00+07:00") + month, 5000)
    assert shown(CASES, state, "ioc_toycase_reopened_ratio_denominator") == {"pac": 1}
    advance(state, millis("2026-01-05T09:00:00+07:00") + month + 1, 5000)
    assert shown(CASES, state, "ioc_toycase_reopened_ratio_denominator") == {}


def test_a_replayed_number_never_enters_a_real_one() -> None:
    log = [
        step(1, "received", "2026-01-05T08:00:00+07:00"),
        record(CASES, 2, "received", "2026-01-05T08:00:00+07:00", case_id="b", attributes={"provenance": "replay"}),
        record(CASES, 3, "closed", "2026-01-05T08:30:00+07:00", case_id="a", attributes={"provenance": "simulated"}),
    ]
    found = {
        (dict(reading.labels)["provenance"], reading.value)
        for reading in readings(plan_of(CASES.name), state_of(CASES, log))
        if reading.name == "ioc_toycase_open"
    }
    assert found == {("real", 1), ("replay", 1), ("simulated", 0)}


def test_the_present_stands_while_records_come_and_goes_on_when_the_lane_is_idle() -> None:
    state = state_of(CASES, [step(1, "received", "2026-01-05T08:00:00+07:00")])
    at = millis("2026-01-05T08:00:00+07:00")
    assert not advance(state, at + 4999, 5000)
    assert advance(state, at + 5000, 5000)
    assert state.lanes["real"].present == at + 5000
    assert state.lanes["real"].watermark == at


def test_a_source_is_live_delayed_or_stale_by_the_wall_clock_and_its_clock_may_be_wrong() -> None:
    state = state_of(STATIONS, [look(1, "2026-01-05T08:00:00+07:00", level_m=1.0)])
    plan, at = plan_of(STATIONS.name), millis("2026-01-05T08:00:00+07:00")

    def now(wall: int) -> set[str]:
        return {
            dict(reading.labels)["state"]
            for reading in source_states(plan, [state], wall)
            if reading.name == "ioc_feed_state" and reading.value
        }

    assert [now(at + minutes * MINUTE) for minutes in (19, 20, 39, 40)] == [
        {"live"},
        {"delayed"},
        {"delayed"},
        {"stale"},
    ]
    ahead = record(STATIONS, 2, "observed", at + 7 * HOUR, append=at, station_id="LC-R-0042", quality="ok")
    fold(plan, state, batch(STATIONS, [ahead], 1))
    assert now(at) == {"clock_fault"}


def test_the_four_words_of_a_source() -> None:
    """One station of the source reports two of 144 slots, one of four records is refused, one of three is flagged."""
    log = [
        look(1, "2026-01-05T08:00:00+07:00", rain_mm=1.0),
        look(2, "2026-01-05T08:10:00+07:00", rain_mm=99.0),
        record(STATIONS, 3, "observed", "2026-01-05T08:20:00+07:00", key="x", station_id="LC-R-0042", quality="ok"),
    ]
    state = state_of(STATIONS, [*log, look(4, "2026-01-05T08:20:00+07:00", rain_mm=0.0)])
    values = {
        name: next(iter(shown(STATIONS, state, f"ioc_feed_{name}", source="//laocai.gov.vn/kttv/vrain").values()))
        for name in (
            "validity_ratio_numerator",
            "validity_ratio_denominator",
            "quality_ratio_numerator",
            "quality_ratio_denominator",
            "completeness_ratio_numerator",
            "completeness_ratio_denominator",
        )
    }
    stations = sum(
        row.source == "//laocai.gov.vn/kttv/vrain"
        for row in plan_of(STATIONS.name).reference.stations.in_force(millis("2026-01-05T08:20:00+07:00"))
    )
    assert list(values.values()) == [3, 4, 2, 3, 2, stations * 144]
