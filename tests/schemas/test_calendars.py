"""Working time: against a slow oracle, by its laws, and at the office hours of domain.md 9.5."""

from datetime import date, datetime, timedelta, timezone

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from schemas.calendars import HOUR_MS, MINUTE_MS, Calendar, Office, local_date, local_midnight
from schemas.errors import DeclarationError

LOCAL = timezone(timedelta(hours=7))
MONDAY_OFF = date(2026, 4, 27)
SATURDAY_ON = date(2026, 5, 9)
CALENDAR = Calendar(
    years=frozenset({2025, 2026, 2027}),
    holidays=frozenset({MONDAY_OFF, date(2026, 1, 1), date(2026, 4, 30), date(2026, 5, 1)}),
    working_days=frozenset({SATURDAY_ON}),
)


def at(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=LOCAL).timestamp() * 1000)


def open_at(moment: datetime) -> bool:
    """Tell whether the offices are open, written a second time and slowly."""
    day = moment.date()
    works = day == SATURDAY_ON or (day.weekday() < 5 and day not in CALENDAR.holidays)
    return works and ("07:30" <= f"{moment:%H:%M}" < "11:30" or "13:00" <= f"{moment:%H:%M}" < "17:00")


def minutes_stepped(since: datetime, until: datetime) -> int:
    steps = range(int((until - since) / timedelta(minutes=1)))
    return sum(open_at(since + timedelta(minutes=step)) for step in steps)


moments = st.integers(at("2026-01-01T00:00"), at("2026-11-30T00:00"))
amounts = st.integers(1, 200 * HOUR_MS)
SPRING = datetime(2026, 4, 17, tzinfo=LOCAL)
minutes = st.integers(0, 30 * 24 * 60).map(lambda number: SPRING + timedelta(minutes=number))


def test_eight_hours_from_friday_1630_over_a_holiday_monday_end_on_tuesday_1630() -> None:
    # Fri 16:30-17:00 = 0.5 h | Sat, Sun, Mon closed | Tue 07:30-11:30 = 4 h, 13:00-16:30 = 3.5 h
    assert CALENDAR.add(at("2026-04-24T16:30"), 8 * HOUR_MS) == at("2026-04-28T16:30")


def test_a_deadline_that_fits_the_day_ends_at_closing_and_not_next_morning() -> None:
    assert CALENDAR.add(at("2026-04-22T16:00"), HOUR_MS) == at("2026-04-22T17:00")


def test_a_swapped_saturday_counts_as_a_working_day() -> None:
    assert CALENDAR.between(at("2026-05-09T00:00"), at("2026-05-10T00:00")) == 8 * HOUR_MS


def test_a_holiday_counts_nothing() -> None:
    assert CALENDAR.between(at("2026-04-27T00:00"), at("2026-04-28T00:00")) == 0


@pytest.mark.parametrize(
    ("moment", "working"),
    [
        ("2026-04-22T07:29", False),
        ("2026-04-22T07:30", True),
        ("2026-04-22T11:30", False),
        ("2026-04-22T12:59", False),
        ("2026-04-22T13:00", True),
        ("2026-04-22T17:00", False),
        ("2026-04-25T09:00", False),
        ("2026-04-27T09:00", False),
        ("2026-05-09T09:00", True),
    ],
)
def test_a_span_contains_its_beginning_and_not_its_end(moment: str, working: bool) -> None:
    assert CALENDAR.is_working(at(moment)) is working


@given(minutes, minutes)
def test_between_equals_stepping_through_the_minutes(since: datetime, until: datetime) -> None:
    assume(since <= until)
    measured = CALENDAR.between(round(since.timestamp() * 1000), round(until.timestamp() * 1000))
    assert measured == minutes_stepped(since, until) * MINUTE_MS


@given(minutes)
def test_is_working_equals_the_slow_reading(moment: datetime) -> None:
    assert CALENDAR.is_working(round(moment.timestamp() * 1000)) == open_at(moment)


@given(moments, amounts)
def test_between_undoes_add(since: int, working: int) -> None:
    assert CALENDAR.between(since, CALENDAR.add(since, working)) == working


@given(moments, amounts)
def test_add_returns_the_earliest_moment(since: int, working: int) -> None:
    assert CALENDAR.between(since, CALENDAR.add(since, working) - 1) == working - 1


@given(moments, amounts)
def test_add_backwards_returns_the_moment_from_which_no_more_remains(due: int, working: int) -> None:
    soon = CALENDAR.add(due, -working)
    assert CALENDAR.between(soon, due) == working
    assert CALENDAR.between(soon - 1, due) == working + 1


@given(moments, amounts, amounts)
def test_add_is_additive(since: int, first: int, second: int) -> None:
    assert CALENDAR.add(CALENDAR.add(since, first), second) == CALENDAR.add(since, first + second)


@given(moments, moments, st.integers(0, 200 * HOUR_MS))
def test_add_is_monotone_in_the_moment(one: int, other: int, working: int) -> None:
    assert CALENDAR.add(min(one, other), working) <= CALENDAR.add(max(one, other), working)


@given(moments, st.integers(0, 200 * HOUR_MS), st.integers(0, 200 * HOUR_MS))
def test_add_is_monotone_in_the_amount(since: int, one: int, other: int) -> None:
    assert CALENDAR.add(since, min(one, other)) <= CALENDAR.add(since, max(one, other))


@given(moments, moments, moments)
def test_between_is_additive_and_antisymmetric(one: int, two: int, three: int) -> None:
    assert CALENDAR.between(one, two) + CALENDAR.between(two, three) == CALENDAR.between(one, three)
    assert CALENDAR.between(one, two) == -CALENDAR.between(two, one)


@given(moments)
def test_add_nothing_stays_where_it_is(moment: int) -> None:
    assert CALENDAR.add(moment, 0) == moment


@given(st.dates(date(1960, 1, 1), date(2090, 1, 1)))
def test_local_midnight_and_local_date_are_inverse(day: date) -> None:
    assert local_date(local_midnight(day)) == day
    assert local_date(local_midnight(day) - 1) == day - timedelta(days=1)


@pytest.mark.parametrize(
    "ask",
    [
        lambda: CALENDAR.add(at("2028-01-03T09:00"), HOUR_MS),
        lambda: CALENDAR.add(at("2027-12-31T16:30"), HOUR_MS),
        lambda: CALENDAR.between(at("2027-06-01T09:00"), at("2028-01-01T00:00")),
        lambda: CALENDAR.is_working(at("2028-02-01T09:00")),
    ],
)
def test_a_year_that_is_not_loaded_is_named_with_the_file_to_add(ask: object) -> None:
    with pytest.raises(DeclarationError, match=r"year 2028: add reference/calendars/2028\.csv"):
        ask()  # type: ignore[operator]


def test_going_back_before_the_first_year_names_the_year_before() -> None:
    with pytest.raises(DeclarationError, match="year 2024"):
        CALENDAR.add(at("2025-01-01T09:00"), -10 * HOUR_MS)


@pytest.mark.parametrize("moment", [-(10**18), 10**18])
def test_a_moment_no_date_can_hold_is_refused_like_any_other(moment: int) -> None:
    assert not CALENDAR.covers(moment)
    with pytest.raises(DeclarationError, match="no working time is known"):
        CALENDAR.is_working(moment)


def test_the_years_loaded_are_covered_to_their_last_millisecond() -> None:
    assert CALENDAR.covers(at("2025-01-01T00:00"))
    assert not CALENDAR.covers(at("2025-01-01T00:00") - 1)
    assert CALENDAR.covers(at("2028-01-01T00:00") - 1)
    assert not CALENDAR.covers(at("2028-01-01T00:00"))


def test_office_hours_may_change_on_a_date() -> None:
    summer = date(2026, 4, 16)
    office = (Office(4, 450, 690, until=summer), Office(4, 420, 660, since=summer))
    calendar = Calendar(years=frozenset({2026}), office=office)
    assert [calendar.is_working(at(f"2026-04-{day}T07:00")) for day in ("09", "16")] == [False, True]


def test_all_day_offices_count_every_hour() -> None:
    calendar = Calendar(years=frozenset({2026}), office=tuple(Office(day, 0, 1440) for day in range(1, 8)))
    assert calendar.add(at("2026-04-24T16:30"), 48 * HOUR_MS) == at("2026-04-26T16:30")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"years": frozenset()}, "no year is loaded"),
        ({"years": frozenset({2024, 2026})}, r"add reference/calendars/2025\.csv"),
        ({"years": frozenset({2026}), "holidays": frozenset({date(2025, 1, 1)})}, "2025-01-01 lies in 2025"),
        (
            {"years": frozenset({2026}), "holidays": frozenset({MONDAY_OFF}), "working_days": frozenset({MONDAY_OFF})},
            "2026-04-27 is both",
        ),
        ({"years": frozenset({2026}), "office": (Office(1, 450, 690), Office(1, 600, 720))}, "overlap or are empty"),
        ({"years": frozenset({2026}), "office": (Office(1, 450, 450),)}, "overlap or are empty"),
    ],
)
def test_a_calendar_that_contradicts_itself_is_refused(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(DeclarationError, match=message):
        Calendar(**arguments)  # type: ignore[arg-type]
