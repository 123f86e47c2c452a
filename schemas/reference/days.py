"""The calendar: one file a year, and the office hours."""

from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Final, get_args

from schemas.calendars import Calendar, Office, local_date, local_midnight
from schemas.errors import DeclarationError
from schemas.reference.rows import FOREVER, OfficeHours, Status
from schemas.reference.sheets import fault, lines, one_of

DAY_COLUMNS: Final = ("date", "title_vi", "title_en", "kind", "basis", "status")


def read_calendar(folders: Iterable[Path], hours: Iterable[OfficeHours], *, home: Path) -> Calendar:
    """Holidays and moved working days of the years that have a file, and the office hours."""
    years: set[int] = set()
    days: dict[str, dict[date, str]] = {"holiday": {}, "working": {}}
    for path in sorted(path for folder in folders for path in folder.glob("*.csv")):
        if not path.stem.isdigit():
            raise DeclarationError(f"{path.name} in calendars/ is not named after a year")
        years.add(int(path.stem))
        for origin, cells in lines(path, DAY_COLUMNS, home=home):
            day, kind = _day(origin, cells, year=int(path.stem))
            if any(day in known for known in days.values()):
                raise fault(origin, "date", f"{day} stands twice")
            days[kind][day] = origin
    return Calendar(
        years=frozenset(years),
        holidays=frozenset(days["holiday"]),
        working_days=frozenset(days["working"]),
        office=tuple(_office(row) for row in hours),
    )


def _day(origin: str, cells: Mapping[str, str], *, year: int) -> tuple[date, str]:
    for name in DAY_COLUMNS:
        if not cells[name]:
            raise fault(origin, name, "is empty")
    for name, allowed in (("kind", ("holiday", "working")), ("status", get_args(Status))):
        try:
            one_of(cells[name], allowed)
        except ValueError as error:
            raise fault(origin, name, str(error)) from error
    try:
        day = date.fromisoformat(cells["date"])
    except ValueError:
        raise fault(origin, "date", f"{cells['date']!r} is no date: write 2026-01-31") from None
    if day.year != year:
        raise fault(origin, "date", f"{day} does not lie in {year}")
    return day, cells["kind"]


def _office(row: OfficeHours) -> Office:
    if not 1 <= row.weekday <= 7:
        raise fault(row.origin, "weekday", "must be 1 (Monday) to 7 (Sunday)")
    opens, closes = (_minutes(row.origin, name, getattr(row, name)) for name in ("opens", "closes"))
    if closes <= opens:
        raise fault(row.origin, "closes", "is not after opens")
    since, until = (_whole_day(row.origin, name, getattr(row, name)) for name in ("valid_from", "valid_to"))
    return Office(row.weekday, opens, closes, since, until)


def _minutes(origin: str, name: str, cell: str) -> int:
    hours, _, minutes = cell.partition(":")
    if not (hours.isdecimal() and minutes.isdecimal() and int(hours) * 60 + int(minutes) <= 1440 and int(minutes) < 60):
        raise fault(origin, name, f"{cell!r} is no time of day: write 07:30")
    return int(hours) * 60 + int(minutes)


def _whole_day(origin: str, name: str, at_ms: int) -> date:
    if at_ms == FOREVER:
        return date.max
    day = local_date(at_ms)
    if local_midnight(day) != at_ms:
        raise fault(origin, name, "office hours change at midnight: write a date")
    return day
