"""Working time, counted day by day from the rows of office_hours.csv and calendars/<year>.csv."""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

from schemas.reference import Reference
from streams.recount.moments import DAY, local_day, midnight


class Hours(NamedTuple):
    """One span of office hours: ISO weekday, milliseconds after midnight, and the moments of its validity."""

    weekday: int
    opens: int
    closes: int
    since: int
    until: int


@dataclass(frozen=True)
class WorkTime:
    """Office hours less holidays, plus swapped working days, which have the hours of a Monday."""

    years: frozenset[int]
    holidays: frozenset[date]
    working_days: frozenset[date]
    hours: tuple[Hours, ...]
    _spans: dict[int, list[tuple[int, int]]] = field(default_factory=dict)
    _totals: list[int] = field(default_factory=lambda: [0])

    def between(self, since: int, until: int) -> int | None:
        """Working milliseconds from one moment to another, negative backwards; None in a year that is not loaded."""
        if until < since:
            forward = self.between(until, since)
            return None if forward is None else -forward
        if not self._loaded(since, until):
            return None
        return self._worked(until) - self._worked(since)

    def add(self, since: int, length: int) -> int | None:
        """The earliest moment by which so much working time has passed; None in a year that is not loaded."""
        if not self._loaded(since, since):
            return None
        if length == 0:
            return since
        for start, end in self._from(since):
            if end <= since:
                continue
            begin = max(start, since)
            if length <= end - begin:
                return begin + length
            length -= end - begin
        return None

    def _loaded(self, since: int, until: int) -> bool:
        try:
            years = range(local_day(since).year, local_day(until).year + 1)
        except OverflowError:
            return False
        return all(year in self.years for year in years)

    def _from(self, since: int) -> Iterator[tuple[int, int]]:
        """The spans of the day of a moment and of every day after it, to the end of the years loaded."""
        day = local_day(since)
        while day.year in self.years:
            yield from self._of(day)
            day += timedelta(days=1)

    def _worked(self, moment: int) -> int:
        """Working milliseconds from the first year loaded to a moment."""
        day = local_day(moment)
        today = sum(max(0, min(end, moment) - start) for start, end in self._of(day))
        return self._before(day) + today

    def _before(self, day: date) -> int:
        """Working milliseconds of all days before this one; kept, since thousands of cases ask for the same days."""
        first = date(min(self.years), 1, 1).toordinal()
        number = day.toordinal() - first
        while len(self._totals) <= number:
            last = date.fromordinal(first + len(self._totals) - 1)
            self._totals.append(self._totals[-1] + sum(end - start for start, end in self._of(last)))
        return self._totals[number]

    def _of(self, day: date) -> list[tuple[int, int]]:
        number = day.toordinal()
        if number not in self._spans:
            start = midnight(day)
            weekday = 1 if day in self.working_days else day.isoweekday()
            self._spans[number] = [] if day in self.holidays else sorted(
                (start + span.opens, start + span.closes) for span in self.hours
                if span.weekday == weekday and span.since <= start < span.until)
        return self._spans[number]


def load_worktime(reference: Reference, folders: Iterable[Path]) -> WorkTime:
    """Working time by the office hours of the reference data and the calendars in these folders."""
    years: set[int] = set()
    days: dict[str, set[date]] = {"holiday": set(), "working": set()}
    for path in sorted(path for folder in folders for path in (folder / "calendars").glob("*.csv")):
        years.add(int(path.stem))
        with path.open(encoding="utf-8-sig", newline="") as file:
            for row in csv.DictReader(file):
                days[row["kind"].strip()].add(date.fromisoformat(row["date"].strip()))
    hours = tuple(Hours(row.weekday, _clock(row.opens), _clock(row.closes), row.valid_from, row.valid_to)
                  for row in reference.office_hours.rows)
    return WorkTime(frozenset(years), frozenset(days["holiday"]), frozenset(days["working"]), hours)


def _clock(text: str) -> int:
    hours, minutes = text.split(":")
    return min((int(hours) * 60 + int(minutes)) * 60_000, DAY)
