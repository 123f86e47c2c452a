"""Moments of the recount: text to whole milliseconds, local days, and which panes a window takes."""

import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from math import gcd
from typing import Final

from schemas.windows import Day, Month, Rolling, Window, Year

HOME: Final = 25_200_000
"""Local time is +07:00."""

HOUR: Final = 3_600_000
DAY: Final = 86_400_000
EPOCH: Final = date(1970, 1, 1)

_TIME = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:Z|([+-])([01]\d|2[0-3]):([0-5]\d))\Z", re.ASCII)


@lru_cache(maxsize=200_000)
def parse_time(text: str) -> int | None:
    """Milliseconds of an RFC 3339 time with offset, finer digits cut off; None if it is no real time."""
    found = _TIME.match(text)
    if found is None:
        return None
    try:
        year, month, day, hour, minute, second = (int(part) for part in found.groups()[:6])
        moment = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None
    fraction, sign, hours, minutes = found.groups()[6:]
    offset = (int(hours) * 60 + int(minutes)) * 60_000 if sign else 0
    whole = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1) * 1000
    return whole + int((fraction or "0").ljust(3, "0")[:3]) - (-offset if sign == "-" else offset)


def moment_of(value: object) -> int | None:
    """The moment a value names, whatever form it has: milliseconds as a number or as digits, or text of RFC 3339."""
    if type(value) is int:
        return value
    if not isinstance(value, str):
        return None
    return int(value) if value.isascii() and value.isdecimal() else parse_time(value)


def local_day(moment: int) -> date:
    """The date in Lào Cai."""
    return EPOCH + timedelta(days=(moment + HOME) // DAY)


def midnight(day: date) -> int:
    """The moment at which a date begins in Lào Cai."""
    return (day - EPOCH).days * DAY - HOME


def millis(span: timedelta) -> int:
    """A span in whole milliseconds."""
    return round(span / timedelta(milliseconds=1))


def first_moment(window: Window, present: int) -> int:
    """The first moment of the window that is open at the present."""
    match window:
        case Rolling(length=length, step=step):
            end_of_step = ((present + HOME) // millis(step) + 1) * millis(step) - HOME
            return end_of_step - millis(length)
        case Day(starts=starts):
            today = midnight(local_day(present)) + starts.hour * HOUR + starts.minute * 60_000
            return today if today <= present else today - DAY
        case Month():
            return midnight(local_day(present).replace(day=1))
        case Year():
            return midnight(local_day(present).replace(month=1, day=1))
    raise TypeError(f"{window!r} is no window")


def own_pane(window: Window) -> int:
    """The pane of one window, in milliseconds."""
    match window:
        case Rolling(step=step):
            return millis(step)
        case Day():
            return HOUR
    return DAY


def pane_length(windows: tuple[Window, ...]) -> int:
    """The pane of a KPI over these windows."""
    return gcd(*(own_pane(window) for window in windows))


def pane_at(moment: int, pane: int) -> int:
    """The number of the pane that contains a moment."""
    return (moment + HOME) // pane


def spread(value: int, since: int, until: int, pane: int) -> list[tuple[int, int]]:
    """The share of each pane of [since, until) in a value: (number of the pane, share), whole and complete."""
    shares, given = [], 0
    for number in range(pane_at(since, pane), pane_at(until - 1, pane) + 1):
        border = min((number + 1) * pane - HOME, until)
        together = value * (border - since) // (until - since)
        shares.append((number, together - given))
        given = together
    return shares
