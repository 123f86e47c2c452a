"""Working time of the recount, by hand-made calendars."""

from datetime import date, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import Day, Month, Rolling, Year
from streams.recount.moments import first_moment, midnight, parse_time, spread
from streams.recount.worktime import Hours, WorkTime
from tests.recount.toys import DAY, HOUR, WORKTIME, at

OFFICE = tuple(
    Hours(day, opens * HOUR // 2, closes * HOUR // 2, 0, 1 << 62)
    for day in range(1, 6)
    for opens, closes in ((15, 23), (26, 34))
)
MARCH = WorkTime(frozenset({2026}), frozenset({date(2026, 3, 9)}), frozenset({date(2026, 3, 14)}), OFFICE)


def test_t26_a_report_of_friday_half_past_four_is_due_on_tuesday_half_past_four() -> None:
    """Eight working hours, Monday a holiday: 30 min on Friday, 7 h 30 on Tuesday."""
    assert MARCH.add(at("2026-03-06 16:30"), 8 * HOUR) == at("2026-03-10 16:30")


@pytest.mark.parametrize(
    ("since", "until", "hours"),
    [
        ("2026-03-04 07:30", "2026-03-04 17:00", 8),
        ("2026-03-04 11:30", "2026-03-04 13:00", 0),
        ("2026-03-04 00:00", "2026-03-05 00:00", 8),
        ("2026-03-06 16:30", "2026-03-10 08:30", 1.5),
        ("2026-03-14 00:00", "2026-03-15 00:00", 8),
        ("2026-03-15 00:00", "2026-03-16 00:00", 0),
    ],
)
def test_working_time_stands_still_outside_office_hours(since: str, until: str, hours: float) -> None:
    assert MARCH.between(at(since), at(until)) == hours * HOUR
    assert MARCH.between(at(until), at(since)) == -hours * HOUR


def test_a_deadline_is_the_earliest_moment_and_nothing_added_is_the_moment_itself() -> None:
    assert MARCH.add(at("2026-03-04 07:30"), 4 * HOUR) == at("2026-03-04 11:30")
    assert MARCH.add(at("2026-03-04 20:00"), 1) == at("2026-03-05 07:30") + 1
    assert MARCH.add(at("2026-03-08 20:00"), 0) == at("2026-03-08 20:00")


def test_a_year_without_calendar_has_no_working_time() -> None:
    assert MARCH.between(at("2025-12-31 23:59"), at("2026-01-01 08:00")) is None
    assert MARCH.between(at("2026-12-31 08:00"), at("2027-01-01 00:00")) is None
    assert MARCH.add(at("2026-12-31 16:00"), 2 * HOUR) is None
    assert MARCH.add(at("2025-12-31 16:00"), 2 * HOUR) is None


@given(st.integers(0, 300 * DAY), st.integers(1, 100 * HOUR))
def test_adding_and_measuring_agree(after: int, length: int) -> None:
    since = at("2026-01-01 00:00") + after
    due = WORKTIME.add(since, length)

    assert due is not None
    assert WORKTIME.between(since, due) == length
    assert WORKTIME.between(since, due - 1) == length - 1


@given(st.integers(0, 700 * DAY), st.integers(0, 700 * DAY))
def test_a_stretch_is_what_its_days_are_together(after: int, length: int) -> None:
    """Summed span by span; the calendar of 2025 is missing, which must not shift what is asked of 2026 and 2027."""
    days = WorkTime(frozenset({2024, 2026, 2027}), MARCH.holidays, MARCH.working_days, OFFICE)
    since, until = at("2026-01-01 00:00") + after, min(at("2026-01-01 00:00") + after + length, at("2027-12-31 23:59"))
    spans = [span for day in range(800) for span in days._of(date(2026, 1, 1) + timedelta(days=day))]
    together = sum(max(0, min(end, until) - max(start, since)) for start, end in spans)

    assert days.between(since, max(since, until)) == together


def test_a_hundred_thousand_cases_may_be_overdue_for_a_year(monkeypatch: pytest.MonkeyPatch) -> None:
    """The days of a long stretch are looked at once, not for each case."""
    days = WorkTime(MARCH.years, MARCH.holidays, MARCH.working_days, OFFICE)
    true, asked = WorkTime._of, list[date]()

    def of(self: WorkTime, day: date) -> list[tuple[int, int]]:
        asked.append(day)
        return true(self, day)

    monkeypatch.setattr(WorkTime, "_of", of)
    for minute in range(1000):
        days.between(at("2026-01-05 08:00"), at("2026-12-28 08:00") + minute * 60_000)

    assert len(asked) < 3000


def test_windows_begin_where_the_table_says() -> None:
    ten = timedelta(minutes=10)
    noon = at("2026-03-04 12:03")
    assert first_moment(Rolling(timedelta(hours=1), ten), noon) == at("2026-03-04 11:10")
    assert first_moment(Rolling(timedelta(hours=1), ten), at("2026-03-04 12:10")) == at("2026-03-04 11:20")
    assert first_moment(Rolling(timedelta(days=30), timedelta(days=1)), noon) == at("2026-02-03 00:00")
    assert first_moment(Day(time(19)), noon) == at("2026-03-03 19:00")
    assert first_moment(Day(time(19)), at("2026-03-04 19:00")) == at("2026-03-04 19:00")
    assert first_moment(Day(), at("2026-03-04 00:00")) == at("2026-03-04 00:00")
    assert first_moment(Month(), noon) == at("2026-03-01 00:00")
    assert first_moment(Year(), at("2025-12-31 23:59")) == midnight(date(2025, 1, 1))


def test_a_value_is_spread_in_proportion_and_wholly() -> None:
    """From 18:45 to 19:15 fall 7 steps: 3 before the border, 4 after it."""
    shares = spread(7, at("2026-03-04 18:45"), at("2026-03-04 19:15"), HOUR)

    assert [share for _, share in shares] == [3, 4]


@given(st.integers(-10_000, 10_000), st.integers(0, 10 * HOUR), st.integers(1, 10 * HOUR))
def test_nothing_of_a_spread_value_is_lost(value: int, since: int, length: int) -> None:
    shares = spread(value, since, since + length, HOUR // 6)

    assert sum(share for _, share in shares) == value
    assert len({number for number, _ in shares}) == len(shares)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("1970-01-01T07:00:00+07:00", 0),
        ("1970-01-01T00:00:00.0019Z", 1),
        ("1969-12-31T23:59:59.9Z", -100),
        ("1970-01-01T00:00:00-01:30", 5_400_000),
        ("2026-02-29T00:00:00Z", None),
        ("2024-02-29T00:00:00Z", 1_709_164_800_000),
        ("10000-01-01T00:00:00Z", None),
        ("0000-01-01T00:00:00Z", None),
        ("1970-01-01T00:00:00Z\n", None),
        ("1970-01-01t00:00:00z", None),
        ("1970-01-01T24:00:00Z", None),
        ("١970-01-01T00:00:00Z", None),
    ],
)
def test_a_time_is_cut_to_milliseconds_and_must_be_real(text: str, moment: int | None) -> None:
    assert parse_time(text) == moment
