"""Working time of the province: add it to a moment, measure it between two.

Moments are whole milliseconds since the epoch (UTC); local time is +07:00, without daylight saving. It must not know
where holidays are written: `schemas.reference` reads them.
"""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate
from typing import Final, NamedTuple, TypeAlias

from schemas.errors import DeclarationError

MINUTE_MS: Final = 60_000
HOUR_MS: Final = 3_600_000
DAY_MS: Final = 86_400_000
LOCAL_OFFSET_MS: Final = 7 * HOUR_MS
EPOCH_DAY: Final = date(1970, 1, 1).toordinal()

Spans: TypeAlias = tuple[tuple[int, int], ...]
"""Working spans of one day, milliseconds after local midnight, in order and apart."""


class Office(NamedTuple):
    """One span of office hours of one weekday: minutes after local midnight, valid for the dates [since, until)."""

    weekday: int  # 1 = Monday .. 7 = Sunday
    opens: int
    closes: int
    since: date = date.min
    until: date = date.max


OFFICE_HOURS: Final = tuple(
    Office(weekday, opens, closes) for weekday in range(1, 6) for opens, closes in ((450, 690), (780, 1020))
)
"""Monday to Friday 07:30-11:30 and 13:00-17:00: an assumption, office hours of the province are not verified."""


def local_midnight(day: date) -> int:
    """Return the moment at which `day` begins in Lào Cai."""
    return (day.toordinal() - EPOCH_DAY) * DAY_MS - LOCAL_OFFSET_MS


def local_date(at_ms: int) -> date:
    """Return the date in Lào Cai at a moment."""
    return date.fromordinal((at_ms + LOCAL_OFFSET_MS) // DAY_MS + EPOCH_DAY)


@dataclass(frozen=True, slots=True)
class Calendar:
    """Office hours less public holidays, plus swapped working days, for the years loaded.

    A swapped working day has the hours of the Monday of its week. The clock stands still outside office hours.
    """

    years: frozenset[int]
    holidays: frozenset[date] = frozenset()
    working_days: frozenset[date] = frozenset()
    office: tuple[Office, ...] = OFFICE_HOURS
    _first_day: int = field(init=False, repr=False, compare=False)
    _days: tuple[Spans, ...] = field(init=False, repr=False, compare=False)
    _before: tuple[int, ...] = field(init=False, repr=False, compare=False)  # working ms before each loaded day

    def __post_init__(self) -> None:
        first, last = self._bounds()
        for day in sorted(self.holidays | self.working_days):
            if day.year not in self.years:
                raise DeclarationError(f"calendar: {day} lies in {day.year}, which is not among the years loaded")
        if both := self.holidays & self.working_days:
            raise DeclarationError(f"calendar: {min(both)} is both a holiday and a working day")
        days = tuple(self._spans_of(day) for day in _days_between(first, last))
        lengths = (sum(end - start for start, end in spans) for spans in days)
        object.__setattr__(self, "_first_day", first.toordinal() - EPOCH_DAY)
        object.__setattr__(self, "_days", days)
        object.__setattr__(self, "_before", tuple(accumulate(lengths, initial=0)))

    def covers(self, at_ms: int) -> bool:
        """Tell whether the year of a moment is loaded."""
        return 0 <= (at_ms + LOCAL_OFFSET_MS) // DAY_MS - self._first_day < len(self._days)

    def is_working(self, at_ms: int) -> bool:
        """Tell whether the offices are open at a moment: a span contains its beginning, not its end."""
        day, moment = self._place(at_ms)
        return any(start <= moment < end for start, end in self._days[day])

    def between(self, since_ms: int, until_ms: int) -> int:
        """Return the working milliseconds from one moment to another; negative if the second is the earlier."""
        return self._worked(until_ms) - self._worked(since_ms)

    def add(self, at_ms: int, working_ms: int) -> int:
        """Return the earliest moment at which `working_ms` of working time have passed since `at_ms`.

        A negative amount goes back: `add(due, -n)` is the earliest moment from which no more than `n` remain until
        `due`. Zero returns the moment itself. Raises DeclarationError outside the years loaded.
        """
        worked = self._worked(at_ms)
        if not working_ms:
            return at_ms
        target = worked + working_ms
        day = bisect_left(self._before, target) - 1
        if not 0 <= day < len(self._days):
            raise self._not_loaded(min(self.years) - 1 if day < 0 else max(self.years) + 1)
        rest = target - self._before[day]
        midnight = (self._first_day + day) * DAY_MS - LOCAL_OFFSET_MS
        for start, end in self._days[day]:
            if rest <= end - start:
                return midnight + start + rest
            rest -= end - start
        raise AssertionError("the sums of working time disagree with the days")

    def _worked(self, at_ms: int) -> int:
        """Return the working milliseconds from the beginning of the first year loaded to a moment."""
        day, moment = self._place(at_ms)
        worked = self._before[day]
        for start, end in self._days[day]:
            if moment <= start:
                break
            worked += min(moment, end) - start
        return worked

    def _place(self, at_ms: int) -> tuple[int, int]:
        day, moment = divmod(at_ms + LOCAL_OFFSET_MS, DAY_MS)
        day -= self._first_day
        if 0 <= day < len(self._days):
            return day, moment
        raise self._not_loaded(_local_year(at_ms))

    def _not_loaded(self, year: int) -> DeclarationError:
        loaded = f"{min(self.years)} to {max(self.years)}"
        return DeclarationError(
            f"no working time is known for the year {year}: add reference/calendars/{year}.csv (loaded: {loaded})"
        )

    def _bounds(self) -> tuple[date, date]:
        """Return the first day loaded and the day after the last; the years must follow one another."""
        if not self.years:
            raise DeclarationError("no year is loaded: add reference/calendars/<year>.csv")
        first, last = min(self.years), max(self.years)
        if missing := sorted(set(range(first, last + 1)) - self.years):
            raise DeclarationError(f"the calendar has a gap: add reference/calendars/{missing[0]}.csv")
        return date(first, 1, 1), date(last + 1, 1, 1)

    def _spans_of(self, day: date) -> Spans:
        if day in self.holidays:
            return ()
        weekday = 1 if day in self.working_days else day.isoweekday()
        spans = sorted(
            (span.opens * MINUTE_MS, span.closes * MINUTE_MS)
            for span in self.office
            if span.weekday == weekday and span.since <= day < span.until
        )
        edges = [edge for span in spans for edge in span]
        if edges != sorted(set(edges)):
            raise DeclarationError(f"calendar: the office hours of weekday {weekday} on {day} overlap or are empty")
        return tuple(spans)


def _days_between(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=number) for number in range((last - first).days))


def _local_year(at_ms: int) -> int:
    """Return the local year of any moment, also of one no date can hold."""
    try:
        return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=at_ms + LOCAL_OFFSET_MS)).year
    except OverflowError:
        return 1970 + at_ms // (DAY_MS * 365)
